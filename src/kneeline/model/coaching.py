"""What a live coach tells screen, voice and store to do, moment by moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kneeline.model.movement import Phase, Repetition, RepetitionVerdict

State = Literal["framing", "ready", "countdown", "set", "paused", "done"]
SayKind = Literal["setup", "count", "cue", "praise", "pause", "safety", "end"]
ToneName = Literal["seen", "tick", "go", "rise", "hold", "fall", "good", "again", "unseen", "pause", "resume", "end"]


@dataclass(frozen=True, slots=True)
class Say:
    """One sentence to speak and to caption; `id` is a key of `kneeline.motion.live.voice_lines`."""

    t_s: float
    id: str
    text: str
    kind: SayKind


@dataclass(frozen=True, slots=True)
class Tone:
    """One sound without words; rising, holding and falling ones last as long as that phase should."""

    t_s: float
    name: ToneName
    lasts_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Screen:
    """All that stands on the screen; sent when it changes.

    count, good, target: repetitions. phase_lasts_s: how long the running phase should take, 0 at rest.
    last: the verdict on the newest repetition. caption: what to do or what was said last.
    light: whether the person is seen as this exercise needs it.
    """

    t_s: float
    state: State
    count: int
    good: int
    target: int
    phase: Phase = Phase.REST
    phase_lasts_s: float = 0.0
    last: RepetitionVerdict | None = None
    caption: str = ""
    light: Literal["green", "amber", "red"] = "red"


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the movement is now: 0 at rest, 1 at its usual far end, None when there is no reading."""

    t_s: float
    progress: float | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A repetition is complete and belongs on record."""

    t_s: float
    repetition: Repetition


Instruction = Say | Tone | Screen | Reading | Counted
