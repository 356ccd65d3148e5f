"""A made-up course, lived day by day: what somebody does and feels goes in, what the plan makes of it comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from kneeline.clinic.answers import Answers
from kneeline.clinic.assess import COMBINED, Leg
from kneeline.clinic.course import CHANGE, follow, session_of, steps_of, today
from kneeline.clinic.ladder import coached
from kneeline.clinic.plan import bad_phase, edit_rule, start_plan, swap, travel
from kneeline.content.load import Library
from kneeline.model.errors import InputError
from kneeline.model.finding import LINKS, Finding, Link, Probability
from kneeline.model.plan import (
    Happened,
    PainSaid,
    PlanVersion,
    Prescription,
    Retested,
    RuleEdit,
    RunDone,
    SessionDone,
    SetDone,
    Today,
    TrainedSide,
)

LONGEST_DAYS: Final = 370
"""A course of more days than that is a slip of the pen. House default."""

_DayNumber = Annotated[int, Meta(ge=1, le=LONGEST_DAYS)]
_Pain = Annotated[float, Meta(ge=0, le=10)]
_Share = Annotated[float, Meta(ge=0, le=1)]
_Change = Literal["much_worse", "worse", "bit_worse", "same", "bit_better", "better", "much_better"]

_MORNING, _NOON, _EVENING = time(7), time(12), time(18)


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a course begins with: as much of the answers and of the finding as a plan looks at."""

    side: Literal["left", "right", "both_left", "both_right", "both"] = "right"
    focus: Link | None = None
    probabilities: dict[Link, _Share] = {}
    equipment: tuple[str, ...] = ()
    days: Annotated[float, Meta(ge=0, le=7)] = 3.0
    pain_worst: _Pain = 4.0


class Stretch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Days on which sessions go alike: the pain before, at its worst, after and next morning, and how well it is done.

    trains: on the days that the plan asks for, on every day, or never. good, off_line: shares of the repetitions.
    fades: the good ones come first. spare: repetitions beyond what was asked, in the last set. left_out: sets. seen:
    whether a camera judges. morning_told: whether the person says how the morning after is.
    """

    first: _DayNumber
    last: _DayNumber
    trains: Literal["as_planned", "every_day", "never"] = "as_planned"
    before: _Pain = 2.0
    during: _Pain = 2.0
    after: _Pain = 2.0
    morning: _Pain = 2.0
    morning_told: bool = True
    good: _Share = 0.9
    off_line: _Share = 0.0
    fades: bool = False
    spare: Annotated[int, Meta(ge=-20, le=20)] = 0
    left_out: Annotated[int, Meta(ge=0, le=4)] = 0
    seen: bool = True


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What happens, or what somebody says or does, on one day at noon; `swap` names the old and the new exercise."""

    day: _DayNumber
    stairs: _Pain | None = None
    now: _Pain | None = None
    run_km: Annotated[float, Meta(gt=0, le=500)] | None = None
    change: _Change | None = None
    travels: bool | None = None
    bad_phase: bool = False
    swap: tuple[str, str] | None = None
    physio: RuleEdit | None = None
    why: str = ""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change of the plan that a physio would want: on which day, by which rule or whom, and what is then so."""

    day: _DayNumber
    by: str


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A made-up course: what is lived, and every change of the plan that is expected of it, in order."""

    name: str
    story: str
    begins: date
    days: _DayNumber = 43
    start: Start
    stretch: tuple[Stretch, ...] = ()
    said: tuple[Said, ...] = ()
    expect: tuple[Expected, ...] = ()


@dataclass(frozen=True, slots=True)
class Lived:
    """One day of a course: what it asked for, what was done, and the versions of the plan that it led to."""

    number: int
    today: Today
    session: SessionDone | None
    said: tuple[Happened, ...]
    versions: tuple[PlanVersion, ...]


def read_course(table: Mapping[str, Any], name: str) -> Course:
    """A course as it stands in a file, checked.

    Raises `InputError` for unknown keys, values that cannot be, and days that do not fit.
    """
    try:
        course = msgspec.convert(dict(table), Course)
    except msgspec.ValidationError as error:
        raise InputError(f"{name} is no course: {error}", expected="the keys of a course; see the manual") from error
    for stretch in course.stretch:
        if stretch.first > stretch.last:
            raise InputError(f"{name}: a stretch goes from day {stretch.first} to day {stretch.last}")
    taken = [day for one in course.stretch for day in range(one.first, one.last + 1)]
    if len(set(taken)) < len(taken):
        raise InputError(f"{name}: two stretches hold the same day", expected="every day in one stretch at most")
    return course


def live(course: Course, library: Library) -> tuple[Lived, ...]:
    """Every day of a course, in order; the first one's versions begin with the start of the plan.

    Raises `InputError` where somebody does what the plan does not allow.
    """
    first = datetime.combine(course.begins, time(6))
    versions = [start_plan(made_up_leg(course.start), made_up_answers(course.start), library, first)]
    happened: list[Happened] = []
    lived: list[Lived] = []
    morning: float | None = None
    for number in range(1, course.days + 1):
        day = course.begins + timedelta(days=number - 1)
        stretch = next((one for one in course.stretch if one.first <= number <= one.last), None)
        before, so_far = len(versions), len(happened)
        if morning is not None:
            happened.append(PainSaid(f"{day} morning", datetime.combine(day, _MORNING), "next_morning", morning))
        versions += follow(versions, happened, day, library)
        for one in course.said:
            if one.day == number:
                _say(one, day, versions, happened, library)
                versions += follow(versions, happened, day, library)
        said, asked = tuple(happened[so_far:]), today(versions, happened, day, library)
        session = None if stretch is None else _session(stretch, asked, day, versions, library)
        morning = stretch.morning if stretch and stretch.morning_told and session else None
        if session is not None:
            happened.append(session)
            versions += follow(versions, happened, day, library)
        new = versions[before:] if lived else versions
        lived.append(Lived(number, asked, session, said, tuple(new)))
    return tuple(lived)


def made_up_leg(start: Start) -> Leg:
    """The finding that a course begins with; a link that it does not name has a probability of 0.35 (house default)."""

    def known(link: Link) -> Probability:
        p = start.probabilities.get(link, 0.35)
        return Probability(p, p, p)

    nothing = Probability(0.0, 0.0, 0.0)
    finding = Finding({link: known(link) for link in LINKS}, {}, nothing, nothing, start.focus)
    links = (start.focus,) if start.focus else COMBINED
    return Leg("left" if "left" in start.side else "right", True, finding, links, False, (), (), None, {})


def made_up_answers(start: Start) -> Answers:
    """The answers that a course begins with."""
    answers: dict[str, float | tuple[str, ...]] = {"side": (start.side,), "days": start.days}
    return {**answers, "pain_worst": start.pain_worst, "equipment": start.equipment or ("none",)}


def _say(one: Said, day: date, versions: list[PlanVersion], happened: list[Happened], library: Library) -> None:
    """Add what somebody says, and the version that somebody makes."""
    at = datetime.combine(day, _NOON) + timedelta(minutes=len(happened))
    id = f"{day} {len(happened)}"
    if one.stairs is not None:
        happened.append(PainSaid(f"{id} stairs", at, "stairs", one.stairs))
    if one.now is not None:
        happened.append(PainSaid(f"{id} now", at, "now", one.now))
    if one.run_km is not None:
        happened.append(RunDone(f"{id} run", at, one.run_km * 1000))
    if one.change is not None:
        steps = steps_of(CHANGE, one.change, library)
        happened.append(Retested(f"{id} change", at, steps or 0))
    if one.travels is not None:
        versions.append(travel(versions[-1], one.travels, library, at))
    if one.bad_phase:
        versions.append(bad_phase(versions[-1], library, at))
    if one.swap is not None:
        versions.append(swap(versions[-1], *one.swap, one.why, library, at))
    if one.physio is not None:
        versions.append(edit_rule(versions[-1], one.physio, one.why, library, at))


def _session(
    stretch: Stretch, asked: Today, day: date, versions: Sequence[PlanVersion], library: Library
) -> SessionDone | None:
    """The session of one day, as the stretch has it; None on a day without."""
    todo = asked.session
    if stretch.trains == "every_day":
        todo = session_of(versions[-1].plan, library)
    if stretch.trains == "never" or not todo:
        return None
    sets = tuple(one for p in todo for one in _sets(p, stretch, library))
    at = datetime.combine(day, _EVENING)
    return SessionDone(f"{day} session", at, sets, stretch.before, stretch.during, stretch.after)


def _sets(p: Prescription, stretch: Stretch, library: Library) -> list[SetDone]:
    both = p.side == "both" and library.exercises[p.exercise].sides == "one"
    legs: tuple[TrainedSide, ...] = ("left", "right") if both else (p.side,)
    seen = stretch.seen and coached(p, library) is not None
    number = max(0, p.dose.sets - stretch.left_out)
    done = []
    for n in range(number):
        reps = max(0, p.dose.reps + (stretch.spare if n == number - 1 else 0))
        off = round(stretch.off_line * reps) if seen else None
        done += [SetDone(p.exercise, leg, p.dose.reps, _marks(reps, stretch, seen), off) for leg in legs]
    return done


def _marks(reps: int, stretch: Stretch, seen: bool) -> tuple[bool | None, ...]:
    """Which repetitions are good: spread evenly, or the first ones where they fade."""
    if not seen:
        return (None,) * reps
    if stretch.fades:
        return tuple(n < round(stretch.good * reps) for n in range(reps))
    return tuple(int((n + 1) * stretch.good + 1e-9) > int(n * stretch.good + 1e-9) for n in range(reps))


def told(lived: Sequence[Lived]) -> tuple[tuple[int, str], ...]:
    """Every change of a course in order: the day's number, and the rule that made it, or else who did."""
    return tuple((one.number, v.change.rule or v.change.by) for one in lived for v in one.versions)
