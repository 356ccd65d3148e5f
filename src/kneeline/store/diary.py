"""A person's records as a diary: what load, running and progress are worked out from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from kneeline.model.diary import ClimbEntry, Diary, PainEntry, RetestEntry, RunEntry, RungEntry, ScaleEntry
from kneeline.model.quantity import Estimate, Measured, NotAssessable
from kneeline.store.kept import Kept
from kneeline.store.kinds import Answer, Pain, PlanVersion, Run, Stairs, TestResult
from kneeline.store.store import Store

_PAIN_ASKED = "pain_"
"""Questions of the check on pain begin with this; what follows is what the pain belongs to."""
_MOST = 1e9
"""No test gives a number beyond this; a record that says one is damaged. House default."""


def read_diary(store: Store, person_id: UUID, *, since: datetime | None = None) -> Diary:
    """Everything of a person's records that progress looks at, in the time zone of this machine.

    Pain that was answered in a check counts like pain that was logged.
    """
    answers = store.history(person_id, Answer, since=since)
    pains = [
        PainEntry(one.at.astimezone(), one.payload.value, one.payload.of, one.payload.side)
        for one in store.history(person_id, Pain, since=since)
    ]
    pains += [
        PainEntry(said.at, said.value, said.question.removeprefix(_PAIN_ASKED))
        for said in _scales(answers)
        if said.question.startswith(_PAIN_ASKED) and 0 <= said.value <= 10
    ]
    runs = store.history(person_id, Run, since=since)
    return Diary(
        pains=tuple(sorted(pains, key=lambda pain: pain.at)),
        runs=tuple(sorted((_run(one) for one in runs), key=lambda run: run.at)),
        climbs=tuple(
            ClimbEntry(one.at.astimezone(), one.payload.floors) for one in store.history(person_id, Stairs, since=since)
        ),
        sets=store.sets_done(person_id, since=since),
        retests=tuple(_retest(one) for one in store.history(person_id, TestResult, since=since)),
        scales=tuple(_scales(answers)),
        rungs=tuple(_rungs(store.history(person_id, PlanVersion, since=since))),
    )


def _run(one: Kept[Run]) -> RunEntry:
    run = one.payload
    return RunEntry(one.at.astimezone(), run.distance_m, run.duration_s, run.cadence_per_min, run.pain)


def _scales(answers: Iterable[Kept[Answer]]) -> Iterable[ScaleEntry]:
    for one in answers:
        value = one.payload.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield ScaleEntry(one.at.astimezone(), one.payload.question, float(value))


def _retest(one: Kept[TestResult]) -> RetestEntry:
    """A test as it was kept; a value that nobody can read is one that cannot be assessed."""
    test = one.payload
    told = ((name, body.get("detectable")) for name, body in test.measures.items())
    detectable = {name: float(value) for name, value in told if isinstance(value, int | float) and value > 0}
    values = {name: _measured(body) for name, body in test.measures.items()}
    return RetestEntry(one.at.astimezone(), test.test, test.side, values, detectable)


def _measured(body: dict[str, Any]) -> Measured:
    value, sd = body.get("value"), body.get("sd")
    if isinstance(value, int | float) and isinstance(sd, int | float) and abs(value) <= _MOST and 0 <= sd <= _MOST:
        return Estimate(float(value), float(sd), str(body.get("unit", "")))
    return NotAssessable(str(body.get("not_assessable", "it was kept without a number")))


def _rungs(versions: Iterable[Kept[PlanVersion]]) -> Iterable[RungEntry]:
    """Each step of an exercise to another rung of its ladder, as far as the plans that were kept say one."""
    on: dict[str, int] = {}
    for one in versions:
        plan = one.payload.plan.get("plan")
        prescriptions = plan.get("prescriptions") if isinstance(plan, dict) else None
        for item in prescriptions if isinstance(prescriptions, list) else ():
            exercise, rung = (item.get("exercise"), item.get("rung")) if isinstance(item, dict) else (None, None)
            if isinstance(exercise, str) and isinstance(rung, int) and on.get(exercise) != rung:
                on[exercise] = rung
                yield RungEntry(one.at.astimezone(), exercise, rung)
