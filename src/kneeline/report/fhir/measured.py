"""What was measured: movement tests, findings, and sessions with their sets and repetitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kneeline.report.fhir.case import Case, observation, pose_model_id, site
from kneeline.report.fhir.codes import (
    Resource,
    absent,
    coding,
    concept,
    filled,
    id_of,
    measured,
    number,
    own,
    part,
    quantity,
    side_of,
    string,
    to,
    when,
)
from kneeline.report.fhir.records import Row, carry

_PHASES = ("lift_s", "hold_s", "lower_s")
_SUMMARY = {
    "count": "reps",
    "good": "reps",
    "time_under_tension_s": "s",
    "prescribed_time_under_tension_s": "s",
    "dose_received": "share",
}


def test_result(case: Case, row: Row) -> Resource:
    """A movement test of one side: each measure with its error, or why it could not be judged."""
    body = row["body"]
    test = case.library.tests.get(body["test"])
    names = {} if test is None else {value.id: value.name for value in test.value}
    parts = [
        part(_named(own("measures", test_measure(body["test"], name), names.get(name, ""))), measured(value))
        for name, value in body["measures"].items()
    ]
    title = body["test"] if test is None else test.name
    code = concept(f"{title}, {body['side']}", own("tests", body["test"], title))
    device = {"device": to(pose_model_id(body["pose_model"]))} if body.get("pose_model") else {}
    empty = {} if parts else absent("unknown", "nothing was measured")
    said = observation(case, row, "exam", code, component=parts, **device, **site(body["side"]), **empty)
    return carry(said, [("record", row)])


def finding(case: Case, row: Row) -> Resource:
    """What to train first on one side: how probable it is that each part asks for training, and why."""
    body = row["body"]
    parts = [
        part(
            concept(f"Probability that the {link} asks for training", own("links", link)),
            {"valueQuantity": quantity(value, "probability")},
        )
        for link, value in body["probabilities"].items()
    ]
    focus = body["focus"]
    value = _named(own("links", focus)) if focus else concept("No part stands out")
    notes = [{"text": string(reason)} for reason in body["reasons"] if string(reason)]
    code = concept("The part to train first", own("kinds", "finding"))
    more = {"valueCodeableConcept": value, "component": parts, "note": notes}
    return carry(observation(case, row, "exam", code, **more, **site(body["side"])), [("record", row)])


def sessions(case: Case) -> Iterator[Resource]:
    """Sessions, their sets and the repetitions of these."""
    sets: dict[str, list[Row]] = {}
    for row in case.of("exercise_set"):
        sets.setdefault(row["session_id"], []).append(row)
    for session in case.of("session"):
        yield _session(case, session, sets.get(session["id"], []))
    for row in case.of("exercise_set"):
        ends, reps = case.of("set_end", row["id"]), case.of("repetition", row["id"])
        yield _set(case, row, ends)
        yield from (_repetition(case, row, rep) for rep in reps)
        yield from (_summary(case, row, end, reps) for end in ends)


def _session(case: Case, row: Row, sets: list[Row]) -> Resource:
    ends = [case.of("set_end", one["id"]) for one in sets]
    names = list(dict.fromkeys(case.exercise_name(one["exercise"]) for one in sets))
    over = bool(sets) and all(ends)
    last = max((end["at"] for told in ends for end in told), default=None)
    procedure = {
        "resourceType": "Procedure",
        "id": row["id"],
        "status": "completed" if over else "unknown",
        "code": concept("Exercise session: " + (", ".join(names) or "no set"), coding("exercise_therapy")),
        "subject": to(case.person),
        "performedPeriod": _period(row["at"], last),
    }
    return carry(filled(procedure), [("session", row)])


def _set(case: Case, row: Row, ends: list[Row]) -> Resource:
    cues = case.of("cue", row["id"])
    name = case.exercise_name(row["exercise"])
    procedure = {
        "resourceType": "Procedure",
        "id": row["id"],
        "partOf": [to(row["session_id"])],
        "status": "completed" if ends else "unknown",
        "code": concept(f"{name}, {row['side']}", own("exercises", row["exercise"], name)),
        "subject": to(case.person),
        "performedPeriod": _period(row["at"], ends[-1]["at"] if ends else None),
        "bodySite": side_of(row["side"]),
        "note": [
            {"time": when(cue["at"]), "text": string(f"Cue: {cue['body']['say']}")}
            for cue in cues
            if string(cue["body"]["say"])
        ],
        "usedReference": [to(pose_model_id(row["pose_model"]))] if row["pose_model"] else [],
    }
    return carry(filled(procedure), [("exercise_set", row), *(("cue", cue) for cue in cues)])


def _period(start: str, end: str | None) -> Resource:
    """From start to end; one that ended before it began, by a clock that was put back, has no end."""
    period = {"start": when(start)}
    return period | {"end": when(end)} if end is not None and end >= start else period


def _repetition_id(row: Row) -> str:
    return id_of("Observation", "repetition", row["set_id"], row["n"])


def _repetition(case: Case, done: Row, row: Row) -> Resource:
    """One repetition: how long each phase took, and every measure, each with its error."""
    body = row["body"]
    parts = [part(_named(own("measures", key)), measured(body[key])) for key in _PHASES]
    parts += [part(_measure(case, name), measured(value)) for name, value in body["measures"].items()]
    faults = [
        {"text": string(f"{case.library.faults.get(fault['id'], fault['id'])}: {fault['verdict'].replace('_', ' ')}")}
        for fault in body["faults"]
    ]
    code = concept(f"Repetition {row['n']}", own("kinds", "repetition"))
    verdict = body["verdict"]
    value = {"valueCodeableConcept": _named(own("verdicts", verdict))}
    said = _of_set(case, done, row["at"], _repetition_id(row), code, value | {"component": parts, "note": faults})
    return carry(said, [("repetition", row)])


def _summary(case: Case, done: Row, row: Row, reps: list[Row]) -> Resource:
    """A set as a whole against what was prescribed."""
    told: Mapping[str, Any] = row["body"].get("set", {})
    parts = [
        part(
            _named(own("measures", f"set.{key}")),
            absent("unknown", "") if value is None else {"valueQuantity": quantity(value, unit)},
        )
        for key, unit in _SUMMARY.items()
        if key in told
        for value in [number(told[key])]
    ]
    notes = [{"text": string(warning)} for warning in row["body"].get("warnings", []) if string(warning)]
    code = concept(f"Set of {case.exercise_name(done['exercise'])}", own("kinds", "set"))
    members = [to(_repetition_id(rep)) for rep in reps]
    more = {"hasMember": members, "component": parts, "note": notes} | ({} if parts else absent("unknown", ""))
    id = id_of("Observation", "set", row["set_id"])
    return carry(_of_set(case, done, row["at"], id, code, more), [("set_end", row)])


def _of_set(case: Case, done: Row, at: str, id: str, code: Resource, more: Mapping[str, Any]) -> Resource:
    return filled(
        {
            "resourceType": "Observation",
            "id": id,
            "partOf": [to(done["id"])],
            "status": "final",
            "category": [{"coding": [coding("activity")]}],
            "code": code,
            "subject": to(case.person),
            "effectiveDateTime": when(at),
            **site(done["side"]),
            **({"device": to(pose_model_id(done["pose_model"]))} if done["pose_model"] else {}),
            **more,
        }
    )


def test_measure(test: str, value: str) -> str:
    """The code of a value of a movement test."""
    return f"{test}.{value}"


def _measure(case: Case, name: str) -> Resource:
    known = case.library.measures.get(name)
    return _named(own("measures", name, known.name if known else ""))


def _named(code: Resource) -> Resource:
    """A concept whose text is that of its code."""
    return concept(code.get("display", code["code"].replace("_", " ")), code)
