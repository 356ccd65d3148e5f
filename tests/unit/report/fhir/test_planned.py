"""Plans as FHIR: made from the plan that kneeline really makes, and from anything that stands in its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from kneeline.clinic.answers import read_answers
from kneeline.clinic.assess import assess
from kneeline.clinic.plan import plan_record, start_plan
from kneeline.content.load import load
from kneeline.report.fhir import bundle_of, read_bundle

PERSON, FIRST, SECOND = (str(UUID(int=n)) for n in (1, 2, 3))
ANSWERS = {
    "age": 30, "told": "kneecap_pain", "today": ["none"], "calf_and_chest": ["none"], "background": ["none"],
    "injury": "no", "pattern": ["none"], "side": "both_left", "where": ["behind_kneecap"], "feel": ["none"],
    "pain_on": ["stairs_down", "squat"], "pain_worst": 4, "equipment": ["band"], "days": 3,
}  # fmt: skip


def plan(id: str, at: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = {"plan": body, "by": "start", "why": "It stands out.", "library": "d" * 64, "rule": None}
    row = {"id": id, "person_id": PERSON, "kind": "plan", "version": 1, "at": at, "session_id": None, "set_id": None}
    return {**row, "replaces": None, "body": {**said, **more}}


def made(*records: dict[str, Any]) -> list[dict[str, Any]]:
    rows = {"person": [{"id": PERSON, "at": "2026-11-22T08:00:00.000000Z"}], "record": list(records)}
    return [entry["resource"] for entry in bundle_of(rows, load(), "2026-11-22T12:00:00.000000Z")["entry"]]


def of(kind: str, resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in resources if one["resourceType"] == kind]


def real_plan() -> Any:
    library = load()
    answers = read_answers(ANSWERS, library.clinic.questions)
    legs = assess(answers, {"left": {}, "right": {}}, library.clinic).legs
    return start_plan(legs[0], answers, library, datetime(2026, 11, 22, 9, tzinfo=UTC))


def as_kept(version: Any) -> Any:
    return json.loads(json.dumps(plan_record(version), default=str))


def test_every_exercise_of_a_real_plan_becomes_a_request_for_each_side_with_its_dose() -> None:
    version = real_plan()
    body = as_kept(version)
    resources = made(plan(FIRST, "2026-11-22T09:00:00.000000Z", body))
    requests, exercises = of("ServiceRequest", resources), load().exercises
    expected = [
        (p.exercise, side)
        for p in version.plan.prescriptions
        for side in (("both",) if exercises[p.exercise].sides == "both" else ("left", "right"))
    ]
    assert len(expected) >= 2
    assert [(r["code"]["coding"][0]["code"], len(r["bodySite"])) for r in requests] == [
        (exercise, 2 if side == "both" else 1) for exercise, side in expected
    ]
    doses = {p.exercise: (p.dose, p.rung) for p in version.plan.prescriptions}
    for request in requests:
        dose, rung = doses[request["code"]["coding"][0]["code"]]
        told = {p["url"]: next(v for k, v in p.items() if k != "url") for p in request["extension"][0]["extension"]}
        assert (told["sets"], told["repetitions"], told["rung"]) == (dose.sets, dose.reps, rung)
        times = {name: told[name]["value"] for name in ("lift", "hold", "lower", "rest")}
        assert times == {"lift": dose.lift_s, "hold": dose.hold_s, "lower": dose.lower_s, "rest": dose.rest_s}
        assert request["occurrenceTiming"]["repeat"]["frequency"] == dose.per_week
        assert f"of {dose.reps}" in request["patientInstruction"]
    (care,) = of("CarePlan", resources)
    assert care["period"]["start"] == version.plan.begun.isoformat()
    assert [note["text"] for note in care["note"]] == [one.strip() for one in body["what"]]


def test_only_the_newest_version_is_active_and_names_the_one_that_it_replaces() -> None:
    body = as_kept(real_plan())
    resources = made(
        plan(FIRST, "2026-11-22T09:00:00.000000Z", body),
        plan(SECOND, "2026-11-23T09:00:00.000000Z", body, by="physio", why="Less at first."),
    )
    assert [(one["id"], one["status"]) for one in of("CarePlan", resources)] == [(FIRST, "revoked"), (SECOND, "active")]
    assert of("CarePlan", resources)[1]["replaces"] == [{"reference": f"urn:uuid:{FIRST}"}]
    assert {(one["status"], one["intent"]) for one in of("ServiceRequest", resources)} == {
        ("revoked", "proposal"),
        ("active", "order"),
    }
    (why,) = (one for one in of("Provenance", resources) if one.get("reason") == [{"text": "Less at first."}])
    assert why["agent"][0]["who"] == {"display": "physiotherapist"}


@pytest.mark.parametrize(
    "body",
    [{}, {"plan": 3}, {"plan": {"prescriptions": "all"}}, {"prescriptions": [None, {}, {"exercise": " "}]},
     {"prescriptions": [{"exercise": "of my own", "dose": 7, "rung": [], "side": 5, "why": None, "band": {}}]}],
)  # fmt: skip
def test_what_is_no_plan_is_carried_along_all_the_same(body: dict[str, Any]) -> None:
    record = plan(FIRST, "2026-11-22T09:00:00.000000Z", body)
    resources = made(record)
    assert len(of("CarePlan", resources)) == 1
    entries = [{"resource": one, "fullUrl": f"urn:uuid:{one['id']}"} for one in resources]
    assert read_bundle({"resourceType": "Bundle", "type": "collection", "entry": entries})["record"] == [record]
