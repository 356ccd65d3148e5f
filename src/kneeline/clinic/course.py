"""A plan over time: what the rules make of everything that happened, and what one day asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from kneeline.clinic.ladder import easy, without_gear
from kneeline.clinic.plan import WEEKDAYS
from kneeline.clinic.rules import History, decide
from kneeline.content.load import Library
from kneeline.model.plan import (
    Asks,
    DayBegun,
    Happened,
    PainSaid,
    Plan,
    PlanVersion,
    Prescription,
    Retested,
    SessionDone,
    Today,
)

SORE_MORNING: Final = 2.0
"""From this much more pain than before the last session, a day is for rest. House default, as in the rules."""
TOO_SORE: Final = 5.0
"""Above this pain in the morning, a day is for rest (S76, the limit of a session)."""
CHANGE: Final = "global_change"
"""The question that a re-test asks."""

_ORDER: Final = (DayBegun, PainSaid, Retested, SessionDone)


def follow(
    versions: Sequence[PlanVersion], happened: Iterable[Happened], until: date, library: Library
) -> tuple[PlanVersion, ...]:
    """The versions that the rules add to a plan up to and with the day `until`, in order; earlier ones stay.

    versions: all so far, the oldest first. happened: everything so far, in any order. Only what happened from the last
    version on can lead to a new one, so calling it again with what it gave adds nothing: follow first, then let people
    change the plan.
    """
    known = list(versions)
    first, last = known[0].change.at, known[-1].change.at
    stream = sorted((*happened, *_days(first, until)), key=_when)
    heard = max((n for n, event in enumerate(stream) if event.id in known[-1].change.because), default=-1)
    so_far: list[Happened] = []
    for place, event in enumerate(stream):
        so_far.append(event)
        if place > heard and last <= event.at and event.at.date() <= until and not _begins(event, first):
            known += decide(History(tuple(known), so_far, library))
    return tuple(known[len(versions) :])


def _begins(event: Happened, first: datetime) -> bool:
    return isinstance(event, DayBegun) and event.at.date() <= first.date()


def _days(first: datetime, until: date) -> Iterator[DayBegun]:
    """Every day from the first one on, at its midnight."""
    for n in range((until - first.date()).days + 1):
        day = first.date() + timedelta(days=n)
        yield DayBegun(f"day {day}", datetime.combine(day, time(), first.tzinfo))


def _when(event: Happened) -> tuple[datetime, int, str]:
    """Time first; what happens at the very same moment goes by kind and id, so that the order given says nothing."""
    kind = next((n for n, one in enumerate(_ORDER) if isinstance(event, one)), len(_ORDER))
    return event.at, kind, event.id


def today(versions: Sequence[PlanVersion], happened: Iterable[Happened], day: date, library: Library) -> Today:
    """What one day asks for: a session, or a rest with its reason.

    versions: all so far, with those of `follow`. A day that was missed is offered again, and never counted against
    anybody.
    """
    plan, notices = versions[-1].plan, library.planning.notices
    events = sorted((e for e in happened if e.at.date() <= day), key=_when)
    sessions = [e for e in events if isinstance(e, SessionDone) and e.at.date() >= plan.begun]
    days = {e.at.date() for e in sessions}
    asks = due(versions, events)
    following = next_day(plan, days, day)
    rest = Today(day, "rest", "", asks=asks, next_day=following)
    if day in days:
        undone = _left(versions, events, day, library)
        if not undone or plan.mode != "usual":
            return replace(rest, kind="done", why=notices["done"])
        return Today(day, "train", notices["rest_of_it"], undone, asks, following)
    if _sore(events, sessions, day):
        return replace(rest, why=notices["rest_gate"])
    if day - timedelta(days=1) in days and _per_week(plan) <= 3:
        return replace(rest, why=notices["rest_between"])
    planned = day.weekday() in plan.weekdays
    left = _per_week(plan) - len([d for d in days if d.isocalendar()[:2] == day.isocalendar()[:2]])
    missed = _missed(plan, days, day)
    if left <= 0 or not (planned or missed):
        return replace(rest, why=notices["rest_planned"].replace("{day}", WEEKDAYS[following.weekday()]))
    asked = Today(day, "train", notices["train"], session_of(plan, library), asks, following)
    if plan.mode == "flare_up":
        return replace(asked, kind="ease", why=notices["flare_up"])
    if plan.mode == "travel":
        return replace(asked, kind="travel", why=notices["travel"])
    return replace(asked, why=_why(versions, sessions, planned, library))


def _left(
    versions: Sequence[PlanVersion], events: Sequence[Happened], day: date, library: Library
) -> tuple[Prescription, ...]:
    """What of today's session was not done yet: sessions may hold one exercise each."""
    history = History(versions, events, library)
    done = [e for e in events if isinstance(e, SessionDone) and e.at.date() == day]
    return tuple(p for p in versions[-1].plan.prescriptions if not any(history.concerns(one, p) for one in done))


def _why(versions: Sequence[PlanVersion], sessions: Sequence[SessionDone], planned: bool, library: Library) -> str:
    """Why today's session is as it is: what changed since the last one, else that nothing did."""
    notices = library.planning.notices
    if not sessions:
        return versions[-1].change.why if len(versions) > 1 else notices["first"]
    since = [v for v in versions if v.change.at >= sessions[-1].at and v.change.by != "start"]
    harder_or_easier = [v.change.why for v in since if v.change.what]
    if harder_or_easier:
        return harder_or_easier[-1]
    return notices["same"] if planned else notices["other_day"]


def session_of(plan: Plan, library: Library) -> tuple[Prescription, ...]:
    """What a session holds on a day like today: as prescribed, easier in a bad phase, without gear on the way."""
    if plan.mode == "flare_up":
        return tuple(easy(p, plan.equipment, library) for p in plan.prescriptions)
    if plan.mode == "travel":
        found = [without_gear(p, library) for p in plan.prescriptions]
        chosen = [p for p in found if p is not None]
        return tuple(p for n, p in enumerate(chosen) if p.exercise not in {q.exercise for q in chosen[:n]})
    return plan.prescriptions


def due(versions: Sequence[PlanVersion], events: Iterable[Happened]) -> tuple[Asks, ...]:
    """What a person is asked besides the session: a second look, a re-test, a physio, how the morning after was."""
    found: list[Asks] = ["physio"] if versions[-1].plan.refer else []
    known = list(events)
    answers: tuple[tuple[Asks, type[Happened]], ...] = (
        ("retest", Retested),
        ("check", Retested),
        ("teach", SessionDone),
    )
    for asks, answered in answers:
        asked = [v.change.at for v in versions if v.change.asks == asks]
        if asked and not any(isinstance(e, answered) and e.at >= asked[-1] for e in known):
            found.append(asks)
    sessions = [e for e in known if isinstance(e, SessionDone)]
    mornings = [e for e in known if isinstance(e, PainSaid) and e.of == "next_morning"]
    if sessions and not any(e.at > sessions[-1].at for e in mornings):
        found.append("next_morning")
    return tuple(found)


def steps_of(question: str, answer: object, library: Library) -> int | None:
    """The answer to "how is the knee against the beginning" as steps, from 3, much better, to -3; None for any other.

    >>> from kneeline.content.load import load
    >>> steps_of("global_change", ["bit_better"], load()), steps_of("age", 34, load())
    (1, None)
    """
    if question != CHANGE:
        return None
    chosen = answer[0] if isinstance(answer, list | tuple) and answer else answer
    options = [option.id for option in library.clinic.questions[CHANGE].options]
    return len(options) // 2 - options.index(chosen) if isinstance(chosen, str) and chosen in options else None


def next_day(plan: Plan, trained: Iterable[date], after: date) -> date:
    """The next day after `after` that is meant for training."""
    days = {*trained}
    for n in range(1, 15):
        day = after + timedelta(days=n)
        rested = _per_week(plan) > 3 or day - timedelta(days=1) not in days
        if day.weekday() in plan.weekdays and rested:
            return day
    return after + timedelta(days=7)


def _per_week(plan: Plan) -> int:
    return max((p.dose.per_week for p in plan.prescriptions), default=0)


def _missed(plan: Plan, days: set[date], day: date) -> bool:
    """Whether a planned day of this week, from the plan's beginning on, went by without a session since."""
    monday = day - timedelta(days=day.weekday())
    week = (monday + timedelta(days=n) for n in range(day.weekday()))
    planned = [d for d in week if d.weekday() in plan.weekdays and d >= plan.begun]
    return any(not any(d <= done < day for done in days) for d in planned)


def _sore(events: Sequence[Happened], sessions: Sequence[SessionDone], day: date) -> bool:
    """Whether this day's morning said that the last session is not settled."""
    said = [e.value for e in events if isinstance(e, PainSaid) and e.of == "next_morning" and e.at.date() == day]
    before = sessions[-1].pain_before if sessions else None
    if not said:
        return False
    return said[-1] > TOO_SORE or (before is not None and said[-1] - before >= SORE_MORNING)
