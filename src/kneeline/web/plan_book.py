"""A person's plan as the pages need it: brought up to date, changed by one person at a time, and told in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from kneeline.clinic.course import next_day, today
from kneeline.clinic.ladder import legs, named, rung_of, usable, within
from kneeline.clinic.plan import WEEKDAYS
from kneeline.content.load import Library
from kneeline.content.schema import Exercise, Rung
from kneeline.model.errors import InputError
from kneeline.model.plan import (
    Happened,
    PainSaid,
    Plan,
    PlanVersion,
    Prescription,
    RunDone,
    SessionDone,
    Today,
)
from kneeline.report.plan import rule_line, who
from kneeline.report.story import listed, plain
from kneeline.store import KeptSet
from kneeline.store.kinds import Pain
from kneeline.store.planned import happened, keep_version, plan_versions, up_to_date
from kneeline.web import clock
from kneeline.web.book import Book
from kneeline.web.course import exercise_of

PAUSE: Final = timedelta(hours=2)
"""So long after its last set an unfinished session may go on; until then no rule judges it. House default."""
MORNING: Final = timedelta(days=2)
"""How long a morning is asked about; a later one would say little of that session. House default, as in the rules."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person's plan stands: its versions, oldest first, what happened since, and what today asks for."""

    versions: tuple[PlanVersion, ...]
    happened: tuple[Happened, ...]
    today: Today

    @property
    def plan(self) -> Plan:
        """The plan as it is now."""
        return self.versions[-1].plan

    @property
    def seen(self) -> int:
        """What a form has to send, so that it changes only the plan that was on the screen."""
        return len(self.versions)

    @property
    def sessions(self) -> tuple[SessionDone, ...]:
        """What was trained since the plan began."""
        done = (e for e in self.happened if isinstance(e, SessionDone))
        return tuple(e for e in done if e.at.date() >= self.plan.begun)

    @property
    def changes(self) -> tuple[PlanVersion, ...]:
        """What changed since the last session, oldest first; nothing before the first one."""
        if not self.sessions:
            return ()
        since = self.sessions[-1].at
        return tuple(v for v in self.versions if v.change.at >= since and v.change.what)

    @property
    def morning(self) -> str:
        """What the question about this morning is about: "session", "run", or "" where nothing has to be asked."""
        day = self.today.day
        said = {e.at.date() for e in self.happened if isinstance(e, PainSaid) and e.of == "next_morning"}
        if day in said:
            return ""
        last = self.sessions[-1].at.date() if self.sessions else None
        if "next_morning" in self.today.asks and last is not None and timedelta(0) < day - last <= MORNING:
            return "session"
        ran = any(isinstance(e, RunDone) and day - e.at.date() == timedelta(days=1) for e in self.happened)
        return "run" if ran else ""


def standing(book: Book) -> Standing | None:
    """Where the plan stands now, the rules heard; None where there is none.

    While a session goes on the rules wait: half a session would be judged for a whole one.

    Raises: InputError for a plan that cannot be read.
    """
    now = clock.now().astimezone()
    with book.planning:
        going, person = in_progress(book) is not None, book.person_id
        asked = (person, now.date(), going, book.store.grown(person))
        if book.followed is None or book.followed[0] != asked:
            # Asked before it is read, so that what is added meanwhile, by the rules too, is read the next time.
            book.followed = asked, _standing(book, now, wait=going)
        return book.followed[1]


def _standing(book: Book, now: datetime, *, wait: bool) -> Standing | None:
    store, person, library = book.store, book.person_id, book.library
    if wait:
        versions = plan_versions(store, person, library)
        events = happened(store, person, versions, library) if versions else ()
    else:
        versions, events = up_to_date(store, person, library, now)
    if not versions:
        return None
    return Standing(versions, events, today(versions, events, now.date(), library))


def change(book: Book, seen: int, made: Callable[[PlanVersion, datetime], PlanVersion]) -> bool:
    """Let somebody change the plan they have seen; whether they did: never twice, never one that changed meanwhile.

    Raises: InputError for what cannot be done.
    """
    with book.planning:
        now = standing(book)
        if now is None or now.seen != seen:
            return False
        version = made(now.versions[-1], max(clock.now().astimezone(), now.versions[-1].change.at))
        keep_version(book.store, book.person_id, version, book.library)
    return True


def in_progress(book: Book) -> KeptSet | None:
    """The newest set of a session that may still go on."""
    person, now = book.person_id, clock.now()
    sets = book.store.sets(person, since=now - timedelta(hours=12))
    if not sets:
        return None
    last = sets[-1]
    if now - (last.ended_at or last.at) > PAUSE or (last.ended_at is not None and book.next_turn(last) is None):
        return None
    said = book.store.history(person, Pain, session_id=last.start.session_id)
    return None if any(one.payload.of in ("after", "during") for one in said) else last


# In words


@dataclass(frozen=True, slots=True)
class Shown:
    """One exercise of a plan for a page.

    dose, tempo: in words. next: the rung that may be earned, None at the top. easiest: whether it cannot be eased.
    drawn: whether its exercise's drawing shows it as it is done on its rung, with the same things.
    """

    asked: Prescription
    name: str
    exercise: Exercise
    dose: str
    tempo: str
    rung: Rung
    next: Rung | None
    easiest: bool
    drawn: bool


def shown(p: Prescription, plan: Plan, library: Library) -> Shown:
    """One exercise of a plan, for a page."""
    d, leg = p.dose, legs(p, library)
    parts = [f"{d.sets} {'set' if d.sets == 1 else 'sets'} of {d.reps}", leg, f"{p.band} band" if p.band else ""]
    above = [r for r in usable(library.exercises[p.exercise], plan.equipment) if r.level > p.rung]
    below = [r for r in usable(library.exercises[p.exercise], plan.equipment) if r.level < p.rung]
    rung = rung_of(p, library)
    usual = next((r.needs for r in library.exercises[p.exercise].ladder if r.level == 0), ())
    tempo = listed((f"{plain(d.lift_s)} s up", f"{plain(d.hold_s)} s held", f"{plain(d.lower_s)} s down"))
    return Shown(
        asked=p,
        name=named(p, library),
        exercise=exercise_of(p, library),
        dose=", ".join(part for part in parts if part),
        tempo=f"{tempo}; {plain(d.rest_s)} s of rest",
        rung=rung,
        next=above[0] if above else None,
        easiest=not below and d.reps <= within("reps", 0, library) and d.sets <= within("sets", 0, library),
        drawn=not rung.not_by_camera and (bool(rung.exercise) or set(usual) <= set(rung.needs)),
    )


@dataclass(frozen=True, slots=True)
class Told:
    """One version for a page. rule: when its rule holds, in words, "" where no rule made it."""

    version: PlanVersion
    who: str
    rule: str


def told(version: PlanVersion, library: Library) -> Told:
    """One version, for a page."""
    rule = library.planning.rules.get(version.change.rule or "")
    if version.change.rule and rule is None:
        return Told(version, "a rule that is no more", "")
    return Told(version, who(version, library), rule_line(rule) if rule else "")


@dataclass(frozen=True, slots=True)
class DayMark:
    """One day of the week: its letters, and what it was or is to be."""

    day: date
    name: str
    mark: str
    is_today: bool


def week(now: Standing) -> tuple[DayMark, ...]:
    """This week, Monday first: "done", "next" for days still to come, "" for any other. What was missed has no mark."""
    day = now.today.day
    monday = day - timedelta(days=day.weekday())
    done = {e.at.date() for e in now.sessions}
    coming = {day} if now.today.session else set[date]()
    following = now.today.next_day or next_day(now.plan, done, day)
    while following - monday < timedelta(days=7):
        coming.add(following)
        following = next_day(now.plan, {*done, *coming}, following)
    days = [monday + timedelta(days=n) for n in range(7)]
    return tuple(
        DayMark(one, WEEKDAYS[n], "done" if one in done else "next" if one in coming else "", one == day)
        for n, one in enumerate(days)
    )


def unreadable(book: Book) -> str:
    """Why the plan that is kept cannot be gone on with; "" where it can."""
    try:
        plan_versions(book.store, book.person_id, book.library)
    except InputError as problem:
        return str(problem)
    return ""
