"""The shape of a movement test: what is done, what is read off it, how sure, what it compares with, what it informs."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from kneeline.content.schema import Camera, Claim, Given, Number

Kind = Literal["repetitions", "hold", "gait", "photo"]
Statistic = Literal[
    "mean", "count", "score", "threshold", "time", "typical", "touches", "sway", "cadence", "rocking", "ratio"
]


class Norm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is usual among people, for those of this age (from..to, in years) and sex; left out: for everybody."""

    usual: Number
    spread: Number | None = None
    sex: Literal["female", "male", ""] = ""
    from_age: int = 0
    to_age: int = 200
    note: str = ""


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One value of a test.

    statistic: "mean" of a measure over repetitions; their "count"; the "score" of all items; the measure at which what
    was said of every repetition first reaches a "threshold". Of a hold: its "time", how often the foot "touches" down,
    how much higher than before it a signal is "typical"ly, and the "sway" of the hips. Of a gait: "cadence", and the
    "rocking" of a signal in each step. The "ratio" of tapped places.
    error: added to what the camera tells, once for the whole trial (people vary between days, a photo is tilted).
    shared: share of one repetition's error (its variance) that all have in common, which no repeating takes away.
    enough: an error (standard deviation) that is small enough. detectable: published smallest change of one person.
    weight: how much it may weigh, in words. no_norm: why there is nothing to compare with.
    said, at, reach: for "threshold", what is said of each repetition, its level, and how far the measure must go at
    least before "it never came to that" is an answer.
    """

    id: str
    name: str
    meaning: str
    unit: str
    statistic: Statistic
    measure: str = ""
    signal: str = ""
    indicator: str = ""
    weight: str
    error: Number | None = None
    shared: Number | None = None
    enough: Number
    detectable: Number | None = None
    norm: tuple[Norm, ...] = ()
    no_norm: str = ""
    said: str = ""
    at: Number | None = None
    reach: Number | None = None


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One item of a score: a measure's mean above a limit, or something that the person says (`ask`).

    instead_of: another item, whose points this one's replace when both are there.
    """

    id: str
    name: str
    points: int
    measure: str = ""
    above: Number | None = None
    ask: str = ""
    instead_of: str = ""


class Ends(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ends the count: so many repetitions with one of these faults, a pause, or the time being up."""

    faults: tuple[str, ...] = ()
    times: Number | None = None
    pause: Number | None = None
    within: Number | None = None


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The beat to keep: repetitions a minute, the clicks a minute of the metronome, and how far off is still kept."""

    per_minute: Number
    clicks: Number
    tolerance: Number


class Bound(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A repetition counts only where this measure reaches this much."""

    measure: str
    at_least: Number


class ByYourself(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same value without a camera: what to do, the error that it then has, and the most that can be."""

    value: str
    how: str
    error: Number
    most: Number


class Difference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value of one leg against the other leg's: how much less this one is, as a share of the larger.

    error: its standard deviation. What a camera gets wrong in both legs alike cancels out: it is not that of the legs.
    """

    id: str
    name: str
    of: str
    meaning: str
    unit: str
    indicator: str = ""
    weight: str
    error: Number
    norm: tuple[Norm, ...] = ()
    no_norm: str = ""


class TrialExpect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a trial must say: values, each within so much; values that it must refuse; how items are judged."""

    value: dict[str, tuple[float, float]] = {}
    refused: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


class TrialExample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A worked example: the movement performed as `given`, what the person said, and what must come out."""

    name: str
    given: Given
    said: dict[str, str] = {}
    expect: TrialExpect


class MovementTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One movement test, whole.

    kind: counted "repetitions" of `exercise`, a "hold", a "gait" (walking or running), or a "photo" that is tapped.
    family: tests of one family look at the same thing and count once. least, most: repetitions that are wanted.
    stop: when to stop at once.
    """

    id: str
    name: str
    kind: Kind
    since: dt.date
    summary: str
    exercise: str = ""
    family: str
    minutes: Number
    camera: Camera
    equipment: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    steps: tuple[str, ...]
    stop: tuple[str, ...]
    least: Number
    most: Number
    counts: Bound | None = None
    ends: Ends | None = None
    pace: Pace | None = None
    value: tuple[Value, ...]
    item: tuple[Item, ...] = ()
    difference: tuple[Difference, ...] = ()
    by_yourself: tuple[ByYourself, ...] = ()
    no_self: str = ""
    evidence: tuple[Claim, ...] = ()
    example: tuple[TrialExample, ...] = ()
