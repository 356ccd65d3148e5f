"""Made-up people in the states that a report has to be good in; nobody real is in them."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from kneeline.clinic.answers import read_answers
from kneeline.clinic.assess import SIDES, assess
from kneeline.clinic.simulate import Lived, live, read_course
from kneeline.content.load import Library, load
from kneeline.model.diary import Diary, PainEntry, RetestEntry, RunEntry, ScaleEntry, SetEntry
from kneeline.model.plan import RunDone, SetDone
from kneeline.model.quantity import Estimate, Measured, NotAssessable
from kneeline.report.physio.build import Records
from kneeline.report.physio.whole import Chance, Earlier, Said

SPEC = Path(__file__).parents[1] / "spec"
ON = date(2026, 2, 16)
HIP = {
    "fppa_at_depth": 20.0, "pelvic_drop_stance": 8.0, "stand_time_30s": 12.0, "single_leg_sit_to_stand": 18.0,
    "squat_pain_depth": 100.0, "heel_raise_count": 28.0, "knee_to_wall": 43.0,
}  # fmt: skip
FOOT = {"heel_raise_count": 12.0, "knee_to_wall": 36.0}
HOSTILE = (
    "#let x = 1 $ a_b $ <script>alert(1)</script> *bold* @ref \\ `raw` {{7*7}} =cmd|' /C calc'!A0",
    "‮evil reversed‬ שלום עולם, مرحبا بالعالم",
    "emoji 😀🏃‍♀️🦵🏽 and 漢字 and \x00\x1b[2J control",
    "A" * 3000,
    "word " * 900,
)
"""What people can write down: markup of three kinds, other directions and scripts, far too much of it."""


@cache
def library() -> Library:
    return load()


def nothing() -> Records:
    """Somebody who has only just opened it."""
    return Records(ON)


def new() -> Records:
    """Questions answered, and nothing else."""
    return _answered({}, {}, ON)


def stopped() -> Records:
    """A red flag stands."""
    return _answered({"today": ["hot_and_ill"]}, {}, ON)


def six_weeks() -> Records:
    """Six weeks with tests at either end, changes of the plan, and questions for the physio."""
    return replace(
        _course(
            "01_steady", {"right": HIP, "left": HIP | {"fppa_at_depth": 12.0}}, stairs=lambda n: 5.0 - 3.5 * n / 42
        ),
        name="Alex",
        questions=(
            Said(date(2026, 1, 20), "The knee clicks going down stairs, without pain. Should that worry me?"),
            Said(date(2026, 2, 10), "May I run downhill again before the half marathon in April?"),
        ),
        notes=(Said(date(2026, 2, 1), "Slept badly all week."),),
    )


def flare_up() -> Records:
    """A bad morning in the third week, and the way back."""
    stairs = lambda n: 4.0 if n < 14 else 7.0  # noqa: E731
    return _course("02_flare_up", {"left": HIP}, days=18, stairs=stairs)


def no_camera() -> Records:
    """Everything counted by hand; a test that no camera could look at."""
    return _course(
        "15_without_a_camera", {"left": {"fppa_at_depth": None, "heel_raise_count": 17.0}}, stairs=lambda n: 5.0
    )


def two_legs() -> Records:
    """Both knees hurt, and the tests name a part for each."""
    return _answered({"side": "both_left"}, {"left": HIP, "right": FOOT}, ON)


def hostile() -> Records:
    """Words that try to be markup, code, formulas, endless, or other scripts."""
    said = tuple(Said(ON, text) for text in HOSTILE)
    return replace(six_weeks(), name=HOSTILE[0], questions=said, notes=said)


STATES: Mapping[str, Callable[[], Records]] = {
    one.__name__: one for one in (nothing, new, stopped, six_weeks, flare_up, no_camera, two_legs, hostile)
}


def _answered(
    changes: Mapping[str, Any], tested: Mapping[str, Mapping[str, float | None]], on: date, tests: date | None = None
) -> Records:
    clinic = library().clinic
    usual = tomllib.loads((SPEC / "vignettes" / "usual.toml").read_text(encoding="utf-8"))
    said = read_answers({**usual, **changes}, clinic.questions)
    results: dict[Any, dict[str, Measured]] = {side: {} for side in SIDES}
    retests = []
    for side, values in tested.items():
        for key, value in values.items():
            results[side][key] = _measured(key, value)
            retests += _retests(key, side, value, on, tests)
    pains = tuple(PainEntry(_at(tests or on), float(usual[f"pain_{of}"]), of) for of in ("stairs", "worst", "usual"))
    scales = tuple(ScaleEntry(_at(tests or on), key, float(usual[key])) for key in ("hard_stairs", "hard_run"))
    return Records(
        on,
        first_on=tests or on,
        said=said,
        said_on=dict.fromkeys(said, tests or on),
        found=assess(said, results, clinic),
        results=results,
        diary=Diary(pains=pains, scales=scales, retests=tuple(sorted(retests, key=lambda one: one.at))),
        pose_models=("blazepose-full",) if tested else (),
        measured_by=("0.1.0",),
        libraries=(library().digest,),
    )


def _retests(key: str, side: str, value: float | None, on: date, before: date | None) -> Iterable[RetestEntry]:
    """A test lately, and a less good one on an earlier day."""
    test, rule = next(
        (t.id, v.id) for t in library().tests.values() for v in (*t.value, *t.difference) if v.indicator == key
    )
    if before is not None and value is not None:
        yield RetestEntry(_at(before), test, side, {rule: _measured(key, value * 0.8)}, {})
    yield RetestEntry(_at(on), test, side, {rule: _measured(key, value)}, {})


def _measured(key: str, value: float | None) -> Measured:
    entry = library().clinic.indicators[key]
    if value is None:
        return NotAssessable("the camera stood at the side")
    return Estimate(value, entry.error.value, entry.unit)


def _course(
    name: str, tested: Mapping[str, Mapping[str, float | None]], stairs: Callable[[int], float], days: int = 43
) -> Records:
    """One of the courses that the plan's rules are tried on, as a person's records."""
    table = tomllib.loads((SPEC / "courses" / f"{name}.toml").read_text(encoding="utf-8"))
    course = read_course(table, name)
    lived = [one for one in live(course, library()) if one.number <= days]
    on = course.begins + timedelta(days=lived[-1].number - 1)
    records = _answered({"side": course.start.side}, tested, on, course.begins)
    pains = [PainEntry(_at(course.begins + timedelta(days=n)), stairs(n), "stairs") for n in range(0, days, 2)]
    asked = records.diary
    whole = replace(
        asked,
        pains=(*asked.pains, *pains),
        scales=(*asked.scales, ScaleEntry(_at(on), "hard_stairs", 1.0), ScaleEntry(_at(on), "hard_run", 5.0)),
        sets=tuple(entry for one in lived if one.session for done in one.session.sets for entry in [_set(done, one)]),
        runs=tuple(RunEntry(e.at, e.distance_m) for one in lived for e in one.said if isinstance(e, RunDone)),
    )
    assert records.found is not None
    earlier = tuple(
        Earlier(
            course.begins,
            leg.side,
            leg.finding.focus or "",
            tuple(Chance(k, p.value) for k, p in leg.finding.links.items()),
        )
        for leg in records.found.legs
        if leg.hurts
    )
    return replace(records, diary=whole, versions=tuple(v for one in lived for v in one.versions), earlier=earlier)


def _set(done: SetDone, day: Lived) -> SetEntry:
    assert day.session is not None
    exercise = library().exercises[done.exercise]
    seen = [one for one in done.good if one is not None]
    count, good = len(done.good), sum(seen)
    assert exercise.dose is not None
    each_s = exercise.dose.lift.value + exercise.dose.hold.value + exercise.dose.lower.value
    share = 0.75 + 0.2 * math.sin(day.number)
    faults = {rule.id: (count - good if n == 0 else 0, count if n < 3 else 0) for n, rule in enumerate(exercise.fault)}
    return SetEntry(
        day.session.at, done.exercise, done.side, count, good, count * each_s * share, done.asked * each_s,
        share * count / done.asked if seen and done.asked else None, {"lift": 2.0}, {"lift": 2.0},
        faults if seen else {},
    )  # fmt: skip


def _at(day: date) -> datetime:
    return datetime.combine(day, time(18))
