"""What a report says, as one value: every printer shows the same, and the JSON is its fields.

Words are ready to print and carry their error and their basis; numbers stand beside them for who goes on calculating.
A date is a day in the time zone in which the report was made. "" and () mean that nothing is on record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kneeline.clinic.progress import Strand, Verdict

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Who:
    """The person, as little as they gave. since: how long it has hurt, in their words; first_on: the oldest record."""

    name: str
    age_years: int | None
    sex: str
    knee: str
    since: str
    goal: str
    first_on: date | None


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the person's own, or a question and its answer."""

    on: date
    text: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """A red flag or another problem that the answers fit; basis: its sources, or "house default"."""

    name: str
    say: str
    basis: str
    where: str
    how_soon: str


@dataclass(frozen=True, slots=True)
class Safety:
    """What was asked for safety. open: questions not answered; seen: flags that a clinician looked at since."""

    say: str
    asked: tuple[Said, ...]
    standing: tuple[Flag, ...]
    seen: tuple[str, ...]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chance:
    """A probability, 0 to 1, with the range it takes when what is assumed is varied; None where that was not kept."""

    of: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """One result or answer behind a finding: its value, what is usual and on what grounds, and what it does."""

    name: str
    link: str
    value: str
    usual: str
    usual_basis: str
    asks: str
    asks_basis: str
    weighs: str


@dataclass(frozen=True, slots=True)
class Leg:
    """The finding of one leg. start: the parts to train first. turns: what another result would change."""

    side: str
    hurts: bool
    say: str
    start: tuple[str, ...]
    chances: tuple[Chance, ...]
    why: tuple[Why, ...]
    turns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A finding as it was kept; focus "" where no part stood out."""

    on: date
    side: str
    focus: str
    chances: tuple[Chance, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """The newest number of one value of a movement test, on one side.

    detectable: smallest difference between two days that is more than error, in the unit of the value.
    first, first_on: the earliest number, where there are two. change: what became of it, said beyond error only.
    """

    test: str
    name: str
    side: str
    on: date
    value: float
    sd: float
    unit: str
    shown: str
    reference: str
    detectable: float
    detectable_shown: str
    detectable_basis: str
    first: float | None = None
    first_sd: float | None = None
    first_on: date | None = None
    first_shown: str = ""
    change: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """Whether one line of a series ends elsewhere than it began, by more than error; None where it cannot be said."""

    name: str
    unit: str
    verdict: Verdict
    say: str
    first: float | None
    last: float | None
    detectable: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days up to and with `ends`.

    asked_s, received_s: time under tension that the plan asked for and that was received, None where it cannot be said.
    judged: repetitions of sets that a camera saw; good: of these. by_hand: repetitions that nobody saw.
    """

    ends: date
    days: int
    sets: int
    judged: int
    good: int
    by_hand: int
    asked_s: float | None
    received_s: float | None


@dataclass(frozen=True, slots=True)
class Unseen:
    """What could not be assessed, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Prescribed:
    """One exercise of the plan; basis: where the dose that it began from comes from."""

    exercise: str
    link: str
    dose: str
    basis: str
    why: str


@dataclass(frozen=True, slots=True)
class Version:
    """A change of the plan: who or which rule made it, when that rule holds, why, and what was changed."""

    on: date
    by: str
    rule: str
    why: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanNow:
    """The plan as it stands, its rules where a physio changed them, and all its versions, newest first."""

    begun: date
    mode: str
    days: str
    prescribed: tuple[Prescribed, ...]
    edits: tuple[str, ...]
    history: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Graded:
    """A statement that the report leans on, with its grade and the keys of its sources."""

    says: str
    grade: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A source that the report cites; read: how far it was read when it was entered."""

    key: str
    cite: str
    where: str
    read: str


@dataclass(frozen=True, slots=True)
class Made:
    """By what the report and its numbers were made. measured_by: versions of kneeline that wrote the records."""

    kneeline: str
    library: str
    pose_models: tuple[str, ...]
    measured_by: tuple[str, ...]
    library_changed: bool


@dataclass(frozen=True, slots=True)
class Report:
    """One person's report, up to and with the day `on`.

    outcome: as of an assessment, "new" where nothing was answered yet. short: what a reader should know first.
    questions: the person's own for their physio; discuss: what the record itself gives reason to talk about.
    trends: pain, function and form over time in words; series: all that was recorded over time, as points.
    """

    on: date
    who: Who
    outcome: str
    short: tuple[str, ...]
    questions: tuple[Said, ...]
    discuss: tuple[str, ...]
    safety: Safety
    legs: tuple[Leg, ...]
    earlier: tuple[Earlier, ...]
    results: tuple[Result, ...]
    trends: tuple[Trend, ...]
    series: tuple[Strand, ...]
    weeks: tuple[Week, ...]
    unseen: tuple[Unseen, ...]
    plan: PlanNow | None
    notes: tuple[Said, ...]
    statements: tuple[Graded, ...]
    sources: tuple[Source, ...]
    made: Made
    limits: str
    schema_version: int = field(default=SCHEMA_VERSION)
