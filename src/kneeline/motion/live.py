"""A set coached live: frames and their times in, instructions for screen, voice and store out.

The engine decides what is a repetition and which cue fits, `Attend` when to begin and when to pause; here is decided
what to say of a repetition and when to be quiet.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from kneeline.content.load import Library
from kneeline.content.schema import Exercise, PhaseName
from kneeline.model.coaching import Counted, Screen, ToneName
from kneeline.model.movement import (
    CueGiven,
    Event,
    Phase,
    PhaseStarted,
    Repetition,
    RepetitionDone,
    RepetitionVerdict,
    SetResult,
)
from kneeline.model.pose import PoseFrame
from kneeline.model.quantity import Verdict
from kneeline.motion.attend import MOST_COUNTED, Attend
from kneeline.motion.coach import QUIET_REPS
from kneeline.motion.engine import Engine
from kneeline.motion.framing import Framing
from kneeline.motion.pacing import pace_rule, short_of

FIXED_REPS: Final = 2
"""A fault that was spoken of and stays away for so many repetitions is fixed. House default."""
HURT: Final = "You stopped because it hurt."
"""What a set that was ended by "stop" says for good."""
ROWS: Final = {3: "three_in_a_row", 5: "five_in_a_row", 10: "ten_in_a_row"}


@dataclass(frozen=True, slots=True)
class Planned:
    """What one set is meant to be: repetitions, and the tempo that tones are played at, in seconds."""

    reps: int
    lift_s: float
    hold_s: float
    lower_s: float

    @staticmethod
    def of(exercise: Exercise) -> Planned:
        """The exercise's own dose; a movement that has none is done ten times at an easy tempo (house default).

        >>> from kneeline.content.load import load_exercise
        >>> Planned.of(load_exercise("terminal_knee_extension")).reps
        15
        """
        dose = exercise.dose
        if dose is None:
            return Planned(10, 2.0, 1.0, 2.0)
        return Planned(round(dose.reps.value), dose.lift.value, dose.hold.value, dose.lower.value)


def voice_lines(library: Library) -> Mapping[str, str]:
    """Every sentence a coach of this library can say, by id: what voices have to be made for."""
    lines = dict(library.sayings)
    lines |= {f"count_{n}": str(n) for n in range(1, MOST_COUNTED + 1)}
    for exercise in library.exercises.values():
        lines[f"place_{exercise.id}"] = exercise.camera.place
        lines[f"turn_{exercise.id}"] = exercise.camera.turn
        for rule in exercise.fault:
            lines[f"cue_{exercise.id}_{rule.id}"] = rule.cue.say
            if rule.cue.internal:
                lines[f"cue_{exercise.id}_{rule.id}_internal"] = rule.cue.internal
    lines |= {f"turn_test_{test.id}": test.camera.turn for test in library.tests.values() if test.kind != "photo"}
    return lines


class LiveSet(Attend):
    """Coaches one set.

    exercise, library: what is done. side: the trained leg, None where both work.
    planned: repetitions and tempo; the exercise's own dose when None.
    set_number: feedback is full in the first set and fades over the later ones.
    talk: -1 less, 0, +1 more words than that. internal: cues about the body instead of the world around it.
    already: repetitions counted before the line was cut; the count goes on from there.
    """

    def __init__(
        self,
        exercise: Exercise,
        library: Library,
        side: str | None = None,
        planned: Planned | None = None,
        *,
        set_number: int = 1,
        talk: int = 0,
        internal: bool = False,
        already: tuple[RepetitionVerdict, ...] = (),
        pose_model: str = "",
    ) -> None:
        self._exercise, self._library, self._side = exercise, library, side
        self._pose_model = pose_model
        self._planned = planned or Planned.of(exercise)
        self._set_number, self._talk = set_number, max(-1, min(talk, 1))
        self._internal = internal
        self._offset = len(already)
        good = sum(verdict is RepetitionVerdict.GOOD for verdict in already)
        screen = Screen(-math.inf, "framing", len(already), good, self._planned.reps)
        framing = Framing(exercise.camera, f"turn_{exercise.id}", library, side, exercise.repetition.signal)
        super().__init__(framing, voice_lines(library), screen)
        self._corrected: deque[tuple[str, int]] = deque(maxlen=1)
        self._row = 0
        self._anew()

    def result(self) -> SetResult:
        """The set as the engine saw it since this coach began; repetitions of before a cut are not in it."""
        seen = self._engine.result()
        return replace(seen, warnings=(*seen.warnings, HURT)) if self.stopped else seen

    def _anew(self) -> None:
        self._engine = Engine(self._exercise, self._library, self._side, self._pose_model)
        self._engine.coach.quiet_reps = self._quiet_reps

    def _feed(self, frame: PoseFrame) -> tuple[Event, ...]:
        return self._engine.push(frame)

    def _moved_early(self) -> bool:
        return bool(self._engine.result().reps)

    def _progress(self) -> float | None:
        return self._engine.progress

    def _complete(self) -> bool:
        return self.screen.count >= self._planned.reps

    def _last_words(self, *, complete: bool) -> str:
        return "end_of_set" if complete else "ended_early"

    def _close(self) -> None:
        self._engine.finish()

    def _talk_more(self, step: int) -> None:
        self._talk = max(-1, min(self._talk + step, 1))
        self._engine.coach.quiet_reps = self._quiet_reps

    def _hear(self, event: Event, among: tuple[Event, ...]) -> None:
        match event:
            case PhaseStarted(phase=phase):
                self._phase(phase)
            case RepetitionDone(repetition=repetition):
                self._count(repetition, any(isinstance(other, CueGiven) for other in among))
            case CueGiven(cue=cue):
                self._correct(cue.id)
            case _:
                pass

    def _phase(self, phase: Phase) -> None:
        planned = self._planned
        lasts = {Phase.LIFT: planned.lift_s, Phase.HOLD: planned.hold_s, Phase.LOWER: planned.lower_s}.get(phase, 0.0)
        if self.screen.state != "set":
            return
        if phase is Phase.LIFT:
            self._tone("rise", lasts)
        elif phase is Phase.HOLD:
            self._tone("hold", lasts)
        elif phase is Phase.LOWER:
            self._tone("fall", lasts)
        self._show(phase=phase, phase_lasts_s=lasts)

    def _count(self, repetition: Repetition, cued: bool) -> None:
        n = self._offset + repetition.n
        repetition = replace(repetition, n=n)
        self._out.append(Counted(self._now_s, repetition))
        good = repetition.verdict is RepetitionVerdict.GOOD
        self._row = self._row + 1 if good else 0
        self._show(count=n, good=self.screen.good + good, last=repetition.verdict)
        tones: Mapping[RepetitionVerdict, ToneName] = {
            RepetitionVerdict.GOOD: "good",
            RepetitionVerdict.TRY_AGAIN: "again",
            RepetitionVerdict.NOT_SEEN: "unseen",
        }
        self._tone(tones[repetition.verdict])
        self._count_aloud(n)
        if cued:
            return
        if n == self._planned.reps - 1:
            self._say("last_one", "count")
        else:
            self._praise(repetition)

    def _praise(self, repetition: Repetition) -> None:
        """Praise that rests on what was seen: a fault that was spoken of and is gone, or good ones in a row."""
        if self._corrected:
            fault, since = self._corrected[0]
            if any(f.id == fault and f.verdict is not Verdict.ABSENT for f in repetition.faults):
                self._corrected[0] = (fault, repetition.n)
            elif repetition.n - since >= FIXED_REPS and repetition.verdict is RepetitionVerdict.GOOD:
                self._corrected.clear()
                return self._say("fixed", "praise")
        if self._row in ROWS and not self._pace() and self._talk >= 0:
            self._say(ROWS[self._row], "praise")
        return None

    def _pace(self) -> bool:
        """Ask for more time where form is good and time is short; whether there was something to ask for."""
        planned = self._planned
        asked: dict[PhaseName, float] = {"lift": planned.lift_s, "hold": planned.hold_s, "lower": planned.lower_s}
        short = short_of(self._engine.result().reps[-min(ROWS) :], asked)
        rule = None if short is None else pace_rule(self._exercise, short[0])
        if rule is None:
            return False
        self._say(self._cue_line(rule.id), "cue")
        self._engine.coach.spoke()
        return True

    def _cue_line(self, fault: str) -> str:
        line = f"cue_{self._exercise.id}_{fault}"
        return f"{line}_internal" if self._internal and f"{line}_internal" in self._lines else line

    def _correct(self, fault: str) -> None:
        self._corrected.append((fault, self.screen.count))
        self._say(self._cue_line(fault), "cue")

    @property
    def _quiet_reps(self) -> int:
        """Repetitions from one correction to the next: more with each set, unless more words are asked for."""
        fading = {1: 0, 0: self._set_number - 1, -1: self._set_number + 1}[self._talk]
        return QUIET_REPS + fading
