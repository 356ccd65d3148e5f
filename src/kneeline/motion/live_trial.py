"""A movement test live: attended to like a set, but never corrected; only what its protocol says aloud is said.

A test that has a clock or counts until somebody tires cannot be interrupted: after a break it starts again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from kneeline.content.load import Library
from kneeline.content.trial_schema import MovementTest
from kneeline.model.coaching import Screen
from kneeline.model.movement import Event, Paused, Phase, PhaseStarted, Repetition, RepetitionDone, Resumed
from kneeline.model.pose import INDEX, PoseFrame
from kneeline.model.quantity import NotAssessable
from kneeline.model.trial import TrialResult
from kneeline.motion.attend import COUNTDOWN_S, Attend
from kneeline.motion.engine import GAP_S
from kneeline.motion.framing import Framing
from kneeline.motion.live import voice_lines
from kneeline.motion.trial import LONGEST_S, Trial
from kneeline.motion.trial_values import counts

IDLE_S: Final = 10.0
"""Who has done enough repetitions and stands still for this long is done. House default."""
AFTER_S: Final = 1.0
"""How much of the rest after the last movement is looked at: hindsight measures with it. House default."""
OVERTIME_S: Final = 20.0
"""Who still stands on one leg this long after the time is over did not hear it. House default."""
GAIT_S: Final = 30.0
"""How long somebody who walks or runs is looked at: what the protocols say. House default."""
STOPPED: Final = "you stopped because it hurt"
_HIPS: Final = [INDEX["left_hip"], INDEX["right_hip"]]


class LiveTrial(Attend):
    """Attends to one go at a movement test, `test` of `library`.

    side: the leg that is tested, "both" where none is asked for. A photo is no live test: see `taps.read_taps`.
    """

    def __init__(self, test: MovementTest, library: Library, side: str = "both", pose_model: str = "") -> None:
        self.test, self.side = test, side
        self._library, self._pose_model = library, pose_model
        exercise = library.exercises.get(test.exercise)
        self._told = side if exercise is not None and exercise.sides == "one" else None
        self._within_s = test.ends.within.value if test.ends is not None and test.ends.within is not None else math.nan
        signal = "" if exercise is None else exercise.repetition.signal
        leg = side if side in ("left", "right") else None
        framing = Framing(test.camera, f"turn_test_{test.id}", library, leg, signal, strict=True)
        super().__init__(framing, voice_lines(library), Screen(-math.inf, "framing", 0, 0, _target(test)))
        self._anew()

    def result(self, said: Mapping[str, str] | None = None) -> TrialResult:
        """What this go says of the leg; nothing, where it was stopped because it hurt. said: as for `Trial.result`."""
        told = replace(self._trial.result(said), side=self.side)
        if not self.stopped:
            return told
        unseen = {
            value.id: replace(value, result=NotAssessable(STOPPED), each=(), detectable=None, more=None)
            for value in told.values.values()
        }
        return replace(told, values=unseen, items=())

    # what is watched

    def _anew(self) -> None:
        self._trial = Trial(self.test, self._library, self._told, self._pose_model)
        self._began_s = self._now_s
        self._done, self._early = 0, False
        self._first_s = math.nan
        self._still_s = -math.inf
        self._time_told = False
        self._seen_s = self._now_s
        self._show(count=0)

    def _feed(self, frame: PoseFrame) -> tuple[Event, ...]:
        events = self._trial.push(frame)
        if self.test.kind == "gait":
            events = self._in_sight(frame)
        for event in events:
            if isinstance(event, PhaseStarted):
                self._note(event)
        if self.screen.state == "set":
            self._clock()
        elif self.screen.state == "countdown":
            self._early |= any(isinstance(event, RepetitionDone) for event in events)
        return events

    def _note(self, began: PhaseStarted) -> None:
        """Since when the person stands still, or on one leg."""
        self._still_s = began.t_s if began.phase is Phase.REST else math.inf
        if self.test.kind == "hold" and began.phase is not Phase.REST and math.isnan(self._first_s):
            self._start_clock(began.t_s)

    def _in_sight(self, frame: PoseFrame) -> tuple[Event, ...]:
        """Whether somebody who walks or runs is there; for all others the engine says so."""
        away = self.screen.state == "paused"
        if np.isfinite(frame.xy[_HIPS]).all():
            self._seen_s = frame.t_s
            return (Resumed(frame.t_s),) if away else ()
        if not away and frame.t_s - self._seen_s > GAP_S:
            return (Paused(frame.t_s, "I cannot see you"),)
        return ()

    def _moved_early(self) -> bool:
        return self._early or bool(self._trial.holds)

    def _stands_ready(self) -> bool:
        return self.test.kind == "gait" or super()._stands_ready()  # nobody stands still on a treadmill

    def _progress(self) -> float | None:
        if self.test.kind == "gait":
            return 0.0 if self._seen_s == self._now_s else None
        return self._trial.progress

    def _hear(self, event: Event, among: tuple[Event, ...]) -> None:
        if isinstance(event, RepetitionDone) and counts(event.repetition, self.test):
            self._count(event.repetition)

    def _count(self, repetition: Repetition) -> None:
        if not self._done and not math.isnan(self._within_s):
            self._start_clock(repetition.start_s)
        if repetition.end_s > self._first_s + self._within_s:
            return
        self._done += 1
        self._show(count=self._done)
        self._tone("seen")
        self._count_aloud(self._done)

    # the clock

    def _start_clock(self, t_s: float) -> None:
        self._first_s = t_s
        if self.screen.state == "set":
            self._show(phase=Phase.LIFT, phase_lasts_s=self._within_s - (self._now_s - t_s))

    def _clock(self) -> None:
        """Show the seconds, and say it when the time is over."""
        if self.test.kind == "gait":
            self._show(count=int(min(max(self._now_s - self._began_s - COUNTDOWN_S, 0.0), GAIT_S)))
        elif self.test.kind == "hold":
            self._seconds_held()
        if not self._time_told and self._now_s >= self._first_s + self._within_s:
            self._time_told = True
            self._tone("end")
            self._say("test_foot_down" if self.test.kind == "hold" else "test_time", "setup")

    def _seconds_held(self) -> None:
        holds, still = self._trial.holds, self._still_s <= self._now_s
        if holds:
            held_s = holds[0][1] - holds[0][0]
        elif still:
            if not math.isnan(self._first_s):  # the foot was down again too soon for it to count
                self._first_s = math.nan
                self._show(phase=Phase.REST, phase_lasts_s=0.0)
            held_s = 0.0
        else:
            held_s = self._now_s - self._first_s
        self._show(count=int(min(held_s, self._within_s)) if math.isfinite(held_s) else 0)

    def _complete(self) -> bool:
        now_s, rests = self._now_s, self._now_s - self._still_s
        if now_s - self._began_s > LONGEST_S - AFTER_S:
            return True
        if self.test.kind == "gait":
            return now_s >= self._began_s + COUNTDOWN_S + GAIT_S
        over_s = self._first_s + self._within_s
        if self.test.kind == "hold":
            return now_s >= over_s + AFTER_S and (rests >= AFTER_S or now_s >= over_s + OVERTIME_S)
        if not math.isnan(self._within_s):
            return now_s >= over_s + AFTER_S
        ends = self.test.ends
        idle_s = ends.pause.value + AFTER_S if ends is not None and ends.pause is not None else IDLE_S
        all_s = AFTER_S if self._done >= self.test.most.value else idle_s
        return self._done >= self.test.least.value and rests >= all_s

    # between

    def _resume(self, line: str) -> None:
        ends = self.test.ends
        if self._paused_by == "hand" and ends is not None and ends.pause is not None:
            if self._now_s - self._since_s > ends.pause.value:  # such a pause ends the count
                self._end(self._last_words(complete=True), "end")
                return
        elif ends is not None or self.test.kind == "gait":
            self._paused_by = ""
            self._anew()
            self._enter("framing")
            self._say("test_again", "pause")
            return
        super()._resume(line)

    def _last_words(self, *, complete: bool) -> str:
        return "test_over" if complete else "test_ended"

    def _close(self) -> None:
        self._trial.finish()


def _target(test: MovementTest) -> int:
    """What stands after "of" beside the count: seconds or repetitions, 0 where nobody knows how many there will be."""
    if test.kind == "gait":
        return round(GAIT_S)
    if test.kind == "hold":
        return round(test.ends.within.value) if test.ends is not None and test.ends.within is not None else 0
    return round(test.most.value) if test.ends is None else 0
