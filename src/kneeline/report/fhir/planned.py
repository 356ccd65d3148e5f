"""The plan: each version as a care plan, with one request for every exercise and side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kneeline import __version__
from kneeline.report.fhir.case import Case, software_id
from kneeline.report.fhir.codes import (
    HL7,
    Resource,
    coding,
    concept,
    filled,
    id_of,
    own,
    side_of,
    string,
    to,
    when,
)
from kneeline.report.fhir.definitions import activity_url, dose, dose_in_words, timing
from kneeline.report.fhir.records import Row, carry
from kneeline.report.fhir.said import goal_id

_INTENT: Final = {"physio": "order", "person": "plan"}
"""By whom -> how binding: what a rule of the software makes is a proposal."""


def plans(case: Case) -> Iterator[Resource]:
    """Every version of the plan, the newest one active, and the exercises of each."""
    rows = case.records("plan")
    standing = case.standing("plan")
    for row in rows:
        status = "revoked"
        if row["id"] in case.replaced:
            status = "entered-in-error"
        elif row is standing[-1]:
            status = "active"
        before = [one for one in standing if one["at"] < row["at"]][-1:]
        requests = list(_requests(case, row, status))
        yield _care_plan(case, row, status, requests, before)
        yield from requests


def _care_plan(case: Case, row: Row, status: str, requests: list[Resource], before: list[Row]) -> Resource:
    body, goal = row["body"], goal_id(case)
    begun = _plan(row).get("begun")
    notes = [f"Made by rule {body['rule']}."] if body.get("rule") else []
    notes += ["A physiotherapist should look first."] if _plan(row).get("refer") is True else []
    notes += [str(one) for one in _list(body["plan"].get("what"))]
    care = filled(
        {
            "resourceType": "CarePlan",
            "id": row["id"],
            "replaces": [to(one["id"]) for one in before],
            "status": status,
            "intent": "plan",
            "category": [{"coding": [coding("physical_activity")]}],
            "title": "Exercise plan",
            "description": string(body["why"]),
            "subject": to(case.person),
            "period": {"start": begun if _is_day(begun) else when(row["at"])},
            "created": when(row["at"]),
            "goal": [to(goal)] if goal else [],
            "activity": [{"reference": to(request["id"])} for request in requests],
            "note": [{"text": text} for note in notes if (text := string(note))],
        }
    )
    return carry(care, [("record", row)])


def _plan(row: Row) -> Mapping[str, Any]:
    """The plan of a record, which stands in it beside what changed and why."""
    record: Mapping[str, Any] = row["body"]["plan"]
    inner = record.get("plan")
    return inner if isinstance(inner, dict) else record


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_day(text: object) -> bool:
    return isinstance(text, str) and len(text) == 10 and text[:4].isdigit() and text[4] == text[7] == "-"


def _requests(case: Case, row: Row, status: str) -> Iterator[Resource]:
    for n, one in enumerate(_list(_plan(row).get("prescriptions"))):
        if isinstance(one, dict) and isinstance(one.get("exercise"), str) and one["exercise"].strip():
            for side in _sides(case, one):
                yield _request(case, row, status, one, side, n)


def _sides(case: Case, one: Mapping[str, Any]) -> tuple[str, ...]:
    """One request for each leg, and one for both where they work together; the leg that begins comes first."""
    side = one.get("side")
    if side in ("left", "right"):
        return (side,)
    known = case.library.exercises.get(one["exercise"])
    if known is not None and known.sides != "both":
        return ("left", "right") if one.get("first") == "left" else ("right", "left")
    return ("both",)


def _request(case: Case, row: Row, status: str, one: Mapping[str, Any], side: str, n: int) -> Resource:
    asked = one.get("dose")
    told: Mapping[str, Any] = asked if isinstance(asked, dict) else {}
    exercise, goal, by = one["exercise"], goal_id(case), row["body"]["by"]
    name = case.exercise_name(exercise)
    legs = {"both": "both legs"}.get(side, f"{side} leg")
    known = case.library.exercises.get(exercise)
    rung = next((rung for rung in (known.ladder if known else ()) if rung.level == one.get("rung")), None)
    words = [f"{name}, {legs}: {dose_in_words(told)}".rstrip(": ") + ".", f"{rung.name}: {rung.how}" if rung else ""]
    pertains = [{"url": f"{HL7}/resource-pertainsToGoal", "valueReference": to(goal)}] if goal else []
    request = filled(
        {
            "resourceType": "ServiceRequest",
            "id": id_of("ServiceRequest", row["id"], n, exercise, side),
            "extension": [*dose(told, one.get("rung"), one.get("band")), *pertains],
            "instantiatesCanonical": [activity_url(exercise)] if known is not None and known.dose else [],
            "basedOn": [to(row["id"])],
            "status": status,
            "intent": _INTENT.get(by, "proposal"),
            "category": [{"coding": [coding("physical_activity")]}],
            "code": concept(f"{name}, {legs}", own("exercises", exercise, name), coding("exercise_therapy")),
            "subject": to(case.person),
            "occurrenceTiming": timing(told.get("per_week")),
            "authoredOn": when(row["at"]),
            "requester": _requester(case, by),
            "performer": [to(case.person)],
            "reasonCode": [concept(why)] if (why := string(one.get("why", ""))) else [],
            "bodySite": side_of(side),
            "patientInstruction": " ".join(word for word in words if word),
        }
    )
    return carry(request, [])


def _requester(case: Case, by: str) -> Resource:
    if by == "person":
        return to(case.person)
    return {"display": "physiotherapist"} if by == "physio" else to(software_id(__version__, case.library.digest))
