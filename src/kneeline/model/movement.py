"""What was seen in a set: phases, repetitions, faults, cues, and the set as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from kneeline.model.quantity import Estimate, Measured, Verdict


class Phase(StrEnum):
    """Part of a repetition. In a squat the way down is `LOWER` and the way up is `LIFT`; the lowest point is `HOLD`."""

    REST = "rest"
    LIFT = "lift"
    HOLD = "hold"
    LOWER = "lower"


class RepetitionVerdict(StrEnum):
    """What a person is told about one repetition."""

    GOOD = "good"
    TRY_AGAIN = "try_again"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True)
class View:
    """How the camera sees the person, decided once per clip.

    facing: what of the person faces the camera ("left" = the person's left side), or "unclear".
    yaw_deg: turn of the person against the camera, 0 = front, 90 = right side seen, -90 = left side, 180 = back.
    usable: whether this exercise can be judged from here; `reasons` says what to change.
    """

    facing: str
    yaw_deg: Measured
    usable: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultFinding:
    """The answer on one fault in one repetition.

    probability: that the fault is there, given the error of its measure; None where nothing was measured. A call that
    is too close is `NOT_ASSESSABLE` and has its probability.
    """

    id: str
    verdict: Verdict
    probability: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition. Times are seconds of the recording; `top` is the far end of the movement."""

    n: int
    side: str
    start_s: float
    top_start_s: float
    top_end_s: float
    end_s: float
    lift_s: Estimate
    hold_s: Estimate
    lower_s: Estimate
    measures: Mapping[str, Measured] = field(default_factory=dict)
    faults: tuple[FaultFinding, ...] = ()
    verdict: RepetitionVerdict = RepetitionVerdict.NOT_SEEN


@dataclass(frozen=True, slots=True)
class Cue:
    """One thing said: when, the id of the fault that it answers, and the words."""

    t_s: float
    id: str
    say: str


@dataclass(frozen=True, slots=True)
class SetSummary:
    """The set against its prescription.

    time_under_tension_s: lifting, holding and lowering added up over the counted repetitions.
    dose_received: share of the prescribed time under tension that was received, each phase credited up to what was
    prescribed for it (0..1); None for a movement that has no prescription, and where the set could not be seen.
    """

    count: int
    good: int
    time_under_tension_s: float
    prescribed_time_under_tension_s: float | None
    dose_received: float | None


@dataclass(frozen=True, slots=True)
class SetResult:
    """Everything an engine can say about one set."""

    exercise: str
    side: str
    view: View
    reps: tuple[Repetition, ...]
    summary: SetSummary
    cues: tuple[Cue, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SignalTrace:
    """Signals frame by frame, as they go into plots, overlays and `--series`.

    t_s: (n,) seconds. phase: n phases. rep: (n,) repetition number, 0 between repetitions.
    values, sds: signal name (as in `--series`) -> (n,) values and standard deviations, NaN where it cannot be judged.
    signal: name of the trace that repetitions are counted on.
    """

    t_s: npt.NDArray[np.float64]
    phase: tuple[Phase, ...]
    rep: npt.NDArray[np.int64]
    values: Mapping[str, npt.NDArray[np.float64]]
    sds: Mapping[str, npt.NDArray[np.float64]]
    signal: str


# Events of the engine, in the order in which they happen.


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """The movement entered a phase (live view; final times are those of the repetition)."""

    t_s: float
    phase: Phase


@dataclass(frozen=True, slots=True)
class RepetitionDone:
    """A repetition is complete."""

    t_s: float
    repetition: Repetition


@dataclass(frozen=True, slots=True)
class CueGiven:
    """Something to say now."""

    t_s: float
    cue: Cue


@dataclass(frozen=True, slots=True)
class Paused:
    """Counting paused: the person is out of sight or too little of them can be seen."""

    t_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """The person is back; the count goes on."""

    t_s: float


@dataclass(frozen=True, slots=True)
class Discarded:
    """A movement began like a repetition and was not counted, with the reason."""

    t_s: float
    reason: str


Event = PhaseStarted | RepetitionDone | CueGiven | Paused | Resumed | Discarded
