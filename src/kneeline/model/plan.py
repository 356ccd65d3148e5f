"""What is prescribed and what happened since: exercises with their dose, versions with their reason, dated events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from kneeline.model.finding import Link

Band = Literal["", "light", "medium", "strong"]
BANDS: tuple[Band, ...] = ("", "light", "medium", "strong")
"""How strong a band is, from none on."""

TrainedSide = Literal["left", "right", "both"]
Mode = Literal["usual", "flare_up", "travel"]
By = Literal["start", "rule", "person", "physio"]
Asks = Literal["", "check", "teach", "retest", "physio", "next_morning"]


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of one exercise, for each leg that trains: sets of repetitions at a tempo, and the days a week.

    >>> Dose(3, 15, 2.0, 1.0, 3.0, 60.0, 3).repetitions
    45
    """

    sets: int
    reps: int
    lift_s: float
    hold_s: float
    lower_s: float
    rest_s: float
    per_week: int

    @property
    def repetitions(self) -> int:
        """Repetitions of one day and leg."""
        return self.sets * self.reps


@dataclass(frozen=True, slots=True)
class Prescription:
    """One exercise of a plan.

    exercise: the one whose ladder it stands on. side: the leg or legs that train; of "both" in an exercise for one leg,
    `first` is the leg that begins. rung: level on the ladder, 0 is the exercise itself. why: one sentence.
    """

    exercise: str
    link: Link
    side: TrainedSide
    first: TrainedSide
    rung: int
    band: Band
    dose: Dose
    why: str


@dataclass(frozen=True, slots=True)
class RuleEdit:
    """What a physio changed of one rule for one person: switched it off, or gave its conditions other limits.

    limits: name of a signal -> limit in that signal's unit.
    """

    rule: str
    off: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one person is to do.

    weekdays: the days meant for it, Monday is 0. links: the parts that are trained, first one first; focus: the one
    that stands out, None for a combined start. probabilities: that each link asks for training, moved by the response.
    equipment: what is at home. hold_until: nothing gets harder before that day. refer: a physio should look first, and
    until one has, nothing gets harder.
    """

    begun: date
    prescriptions: tuple[Prescription, ...]
    weekdays: tuple[int, ...]
    links: tuple[Link, ...]
    focus: Link | None
    probabilities: Mapping[Link, float]
    equipment: tuple[str, ...] = ()
    mode: Mode = "usual"
    hold_until: date | None = None
    refer: bool = False
    edits: tuple[RuleEdit, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Why a version of a plan is as it is.

    by: who or what made it. rule: its id where a rule did. why: a sentence for the person. what: each thing that is
    different now. because: ids of the events that a rule rests on. asks: what the person is asked to do next.
    """

    at: datetime
    by: By
    why: str
    rule: str | None = None
    what: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    asks: Asks = ""


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """A plan from one moment on, with its reason; versions are added and never changed."""

    plan: Plan
    change: Change


@dataclass(frozen=True, slots=True)
class SetDone:
    """One set of one leg, as far as a plan looks at it.

    asked: repetitions that were asked for. good: for each repetition whether it was good, None where it was not seen.
    off_line: repetitions in which the hips dropped or the knee moved inward; None where that could not be seen.
    """

    exercise: str
    side: TrainedSide
    asked: int
    good: tuple[bool | None, ...]
    off_line: int | None = None


@dataclass(frozen=True, slots=True)
class SessionDone:
    """Sets on one day, with the pain before, at its worst in between, and after; None where it was not said."""

    id: str
    at: datetime
    sets: tuple[SetDone, ...]
    pain_before: float | None = None
    pain_during: float | None = None
    pain_after: float | None = None


@dataclass(frozen=True, slots=True)
class PainSaid:
    """Pain from 0 to 10 outside of a session, and what it belongs to: "next_morning", "stairs", "now" ..."""

    id: str
    at: datetime
    of: str
    value: float


@dataclass(frozen=True, slots=True)
class Retested:
    """How the knee is against the beginning: steps from -3, much worse, over 0, the same, to 3, much better.

    probabilities: those of a new finding, where the tests were done again.
    """

    id: str
    at: datetime
    change: int
    probabilities: Mapping[Link, float] | None = None


@dataclass(frozen=True, slots=True)
class RunDone:
    """A run."""

    id: str
    at: datetime
    distance_m: float


@dataclass(frozen=True, slots=True)
class DayBegun:
    """A day on which nothing needs to happen; what a rule says of it is said in the morning."""

    id: str
    at: datetime


Happened = SessionDone | PainSaid | Retested | RunDone | DayBegun
"""Whatever a plan can answer to."""


@dataclass(frozen=True, slots=True)
class Today:
    """What one day asks for.

    kind: "train", "rest", "done" when today's session was done, "ease" for a session in a flare-up, "travel" for one
    on the way. session: what to do, in order, as it is on this day. why: one sentence. asks: what else is due.
    next_day: the next day meant for training.
    """

    day: date
    kind: Literal["train", "rest", "done", "ease", "travel"]
    why: str
    session: tuple[Prescription, ...] = ()
    asks: tuple[Asks, ...] = ()
    next_day: date | None = None
