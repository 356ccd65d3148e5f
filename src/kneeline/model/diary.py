"""What happened to a person, day by day, as values: what load, running and progress are worked out from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kneeline.model.quantity import Measured


@dataclass(frozen=True, slots=True)
class PainEntry:
    """Pain from 0 to 10 and what it belongs to, as "stairs", "worst", "before", "hour_after" or "next_morning"."""

    at: datetime
    value: float
    of: str
    side: str | None = None


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run; cadence counts the steps of both feet. None where it was not told."""

    at: datetime
    distance_m: float | None = None
    duration_s: float | None = None
    cadence_per_min: float | None = None
    pain: float | None = None


@dataclass(frozen=True, slots=True)
class ClimbEntry:
    """Stairs of a day, in floors, each of them up and down again."""

    at: datetime
    floors: float


@dataclass(frozen=True, slots=True)
class SetEntry:
    """A finished set without its repetitions.

    tension_s: time under tension; prescribed_tension_s, dose_received: None where nothing was prescribed.
    tempo_s: phase ("lift", "hold", "lower") -> mean over the repetitions; asked_s: the same as prescribed.
    faults: id -> in how many repetitions it was present, and in how many it could be judged at all.
    """

    at: datetime
    exercise: str
    side: str
    count: int
    good: int
    tension_s: float
    prescribed_tension_s: float | None
    dose_received: float | None
    tempo_s: Mapping[str, float]
    asked_s: Mapping[str, float]
    faults: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class RetestEntry:
    """A movement test of one side.

    detectable: value -> smallest difference between two days that is more than error, where it is published or told.
    """

    at: datetime
    test: str
    side: str
    values: Mapping[str, Measured]
    detectable: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ScaleEntry:
    """An answer that is a number, such as how hard the stairs are from 0 to 10."""

    at: datetime
    question: str
    value: float


@dataclass(frozen=True, slots=True)
class RungEntry:
    """A person went to a rung of an exercise's ladder; 0 is the exercise itself, easier is negative."""

    at: datetime
    exercise: str
    level: int


@dataclass(frozen=True, slots=True)
class Diary:
    """Everything that was told or done, each kind oldest first."""

    pains: tuple[PainEntry, ...] = ()
    runs: tuple[RunEntry, ...] = ()
    climbs: tuple[ClimbEntry, ...] = ()
    sets: tuple[SetEntry, ...] = ()
    retests: tuple[RetestEntry, ...] = ()
    scales: tuple[ScaleEntry, ...] = ()
    rungs: tuple[RungEntry, ...] = ()
