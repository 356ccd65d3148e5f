"""A set coached live: frames and their times in, instructions for screen, voice and store out.

    framing -> ready -> countdown -> set <-> paused -> done

The engine decides what is a repetition and which cue fits; here is decided when to begin, what to say of it and when to
be quiet. Time is the frames' own (the page's monotonic clock), so a replayed recording is coached word for word alike.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from kneeline.content.load import Library
from kneeline.content.schema import Exercise
from kneeline.model.coaching import Counted, Instruction, Reading, Say, SayKind, Screen, State, Tone, ToneName
from kneeline.model.movement import (
    CueGiven,
    Discarded,
    Paused,
    Phase,
    PhaseStarted,
    Repetition,
    RepetitionDone,
    RepetitionVerdict,
    Resumed,
    SetResult,
)
from kneeline.model.pose import PoseFrame
from kneeline.model.quantity import Verdict
from kneeline.motion.coach import QUIET_REPS
from kneeline.motion.engine import Engine
from kneeline.motion.framing import GOOD, Advice, Framing

Command = Literal["start", "pause", "resume", "finish", "stop", "more", "less"]

COUNTDOWN_S: Final = 3.0
SAY_AGAIN_S: Final = 7.0
"""Standing instructions are repeated after this long. House default."""
STALE_S: Final = 0.7
"""Without a frame for this long there is no reading. House default."""
READING_EVERY_S: Final = 0.08
"""Where the movement is, is told this often: a bar needs no more, and telling it costs as much as a frame."""
CROWD_S: Final = 1.0
AWAY_S: Final = 20.0
"""Out of sight for this long, the coach offers to finish the set by hand. House default."""
FIXED_REPS: Final = 2
"""A fault that was spoken of and stays away for so many repetitions is fixed. House default."""
ROWS: Final = {3: "three_in_a_row", 5: "five_in_a_row", 10: "ten_in_a_row"}
MOST_COUNTED: Final = 60
"""The coach can count aloud up to here."""


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
    return lines


class LiveSet:
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
        self._lines = voice_lines(library)
        self._internal = internal
        self._framing = Framing(exercise, library, side)
        self._engine = self._new_engine()
        self._offset = len(already)
        good = sum(verdict is RepetitionVerdict.GOOD for verdict in already)
        self.screen = Screen(-math.inf, "framing", len(already), good, self._planned.reps)
        self._out: list[Instruction] = []
        self._frame_s = self._now_s = self._since_s = self._crowd_s = self._read_s = math.nan
        self._said: dict[str, float] = {}
        self._paused_by = ""
        self._corrected: deque[tuple[str, int]] = deque(maxlen=1)
        self._row = 0
        self._ticks = 0

    # what goes in

    def push(self, frame: PoseFrame, picture_px: tuple[int, int]) -> tuple[Instruction, ...]:
        """Take one frame in; what to do because of it, in order. Frames that do not move time forward are ignored.

        picture_px: width and height of the picture the keypoints were found in.
        """
        self._out = []
        if self.screen.state == "done" or not frame.t_s > (-math.inf if math.isnan(self._now_s) else self._now_s):
            return ()
        self._now_s = self._frame_s = frame.t_s
        if math.isnan(self._since_s):
            self._since_s = frame.t_s
        self._framing.add(frame)
        raised = self._framing.hand_raised()
        if self.screen.state in ("framing", "ready", "countdown"):
            self._set_up(frame, picture_px, raised)
        else:
            self._work(frame, raised)
        return tuple(self._out)

    def tick(self, t_s: float) -> tuple[Instruction, ...]:
        """Time has passed, perhaps without a frame: what is stale goes away."""
        self._out = []
        if self.screen.state == "done" or not t_s > self._now_s:
            return ()
        self._now_s = t_s
        if t_s - self._frame_s <= STALE_S:
            return ()
        self._show(light="red")
        if self.screen.state in ("set", "paused"):
            self._out.append(Reading(t_s, None))
            self._engine_says(PoseFrame.empty(t_s, people=-1))
            self._offer_by_hand()
        elif self.screen.state == "countdown":
            self._enter("framing")
        return tuple(self._out)

    def command(self, what: Command, t_s: float) -> tuple[Instruction, ...]:
        """A button was pressed or a word was said. "stop" is for pain and fear, "finish" ends the set as it stands."""
        self._out = []
        self._now_s = t_s if math.isnan(self._now_s) else max(t_s, self._now_s)
        state = self.screen.state
        if state == "done":
            return ()
        if what in ("more", "less"):
            self._talk = max(-1, min(self._talk + (1 if what == "more" else -1), 1))
            self._engine.coach.quiet_reps = self._quiet_reps
        elif what == "stop":
            self._end("stopped", "safety")
        elif what == "finish":
            self._end("end_of_set" if self.screen.count >= self._planned.reps else "ended_early", "end")
        elif what == "start" and state in ("framing", "ready"):
            self._count_down()
        elif what == "pause" and state == "set":
            self._pause("hand", "paused")
        elif what == "pause" and state == "countdown":
            self._enter("ready")
        elif what == "resume" and state == "paused":
            self._resume("going_on")
        return tuple(self._out)

    def result(self) -> SetResult:
        """The set as the engine saw it since this coach began; repetitions of before a cut are not in it."""
        return self._engine.result()

    # before the set

    def _set_up(self, frame: PoseFrame, picture_px: tuple[int, int], raised: bool) -> None:
        advice = self._framing.advice(picture_px)
        if self.screen.state == "countdown":
            self._counting_down(frame, advice)
        elif advice is not GOOD:
            if self.screen.state == "ready":
                self._enter("framing")
            self._show(light="red" if advice.basic else "amber")
            if frame.t_s - self._since_s > 1.0:  # nobody is told off while the camera wakes up
                self._advise(advice.id)
        else:
            self._see(frame.t_s, raised)

    def _see(self, t_s: float, raised: bool) -> None:
        if self.screen.state == "framing":
            self._enter("ready")
            self._show(light="green")
            if t_s - self._said.get("i_see_you", -math.inf) > SAY_AGAIN_S:
                self._tone("seen")
                self._say("i_see_you", "setup")
                self._say("stand_still", "setup")
        elif raised or (self._framing.still() and t_s - self._since_s > 1.5):
            self._count_down()
        elif t_s - self._said.get("stand_still", t_s) > SAY_AGAIN_S:
            self._say("stand_still", "setup")

    def _advise(self, line: str) -> None:
        if self._now_s - self._said.get(line, -math.inf) > SAY_AGAIN_S:
            self._say(line, "setup")
        else:
            self._show(caption=self._lines[line])

    def _count_down(self) -> None:
        self._enter("countdown")
        self._show(light="green")
        self._engine = self._new_engine()
        self._ticks = 0

    def _counting_down(self, frame: PoseFrame, advice: Advice) -> None:
        if advice.basic:
            self._enter("framing")
            self._say("start_again", "setup")
            return
        self._engine.push(frame)  # how the person stands at rest; nothing counts yet
        passed = frame.t_s - self._since_s
        while self._ticks < min(int(COUNTDOWN_S), int(passed) + 1):
            self._tone("tick")
            self._say(f"count_{int(COUNTDOWN_S) - self._ticks}", "setup")
            self._ticks += 1
        if passed >= COUNTDOWN_S:
            if self._engine.result().reps:
                self._engine = self._new_engine()
            self._enter("set")
            self._tone("go")
            self._say("go", "setup")

    # during the set

    def _work(self, frame: PoseFrame, raised: bool) -> None:
        self._watch_crowd(frame)
        if raised:
            if self.screen.state == "set":
                self._pause("hand", "paused")
            elif self._paused_by == "hand":
                self._resume("going_on")
        if self.screen.state == "paused" and self._paused_by != "sight":
            frame = PoseFrame.empty(frame.t_s, people=frame.people)
        self._engine_says(frame)
        if self.screen.state == "set":
            self._show(light="green")  # a moment without pictures had turned it red
            self._read(frame.t_s)
        elif self.screen.state == "paused":
            self._offer_by_hand()

    def _read(self, t_s: float) -> None:
        if not t_s - self._read_s < READING_EVERY_S:
            self._read_s = t_s
            self._out.append(Reading(t_s, self._engine.progress))

    def _watch_crowd(self, frame: PoseFrame) -> None:
        if self._framing.crowded():
            if math.isnan(self._crowd_s):
                self._crowd_s = frame.t_s
            if self.screen.state == "set" and frame.t_s - self._crowd_s >= CROWD_S:
                self._pause("crowd", "someone_else")
        else:
            self._crowd_s = math.nan
            if self.screen.state == "paused" and self._paused_by == "crowd":
                self._resume("going_on")

    def _engine_says(self, frame: PoseFrame) -> None:
        events = self._engine.push(frame)
        for event in events:
            match event:
                case PhaseStarted(phase=phase):
                    self._phase(phase)
                case RepetitionDone(repetition=repetition):
                    cued = any(isinstance(other, CueGiven) for other in events)
                    self._count(repetition, cued)
                case CueGiven(cue=cue):
                    self._correct(cue.id)
                case Discarded(reason=reason) if not any(isinstance(other, Paused) for other in events):
                    self._tone("unseen")
                    self._show(caption=f"Not counted: {reason}.", last=RepetitionVerdict.NOT_SEEN)
                case Paused() if self.screen.state == "set":
                    self._pause("sight", "lost")
                case Resumed() if self.screen.state == "paused" and self._paused_by == "sight":
                    self._resume("back_again")
                case _:
                    pass
        if self.screen.state == "set" and self.screen.count >= self._planned.reps:
            self._end("end_of_set", "end")

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
        if n <= MOST_COUNTED:
            self._say(f"count_{n}", "count")
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
            elif repetition.n - since >= FIXED_REPS:
                self._corrected.clear()
                return self._say("fixed", "praise")
        if self._talk >= 0 and self._row in ROWS:
            self._say(ROWS[self._row], "praise")
        return None

    def _correct(self, fault: str) -> None:
        line = f"cue_{self._exercise.id}_{fault}"
        if self._internal and f"{line}_internal" in self._lines:
            line = f"{line}_internal"
        self._corrected.append((fault, self.screen.count))
        self._say(line, "cue")

    @property
    def _quiet_reps(self) -> int:
        """Repetitions from one correction to the next: more with each set, unless more words are asked for."""
        fading = {1: 0, 0: self._set_number - 1, -1: self._set_number + 1}[self._talk]
        return QUIET_REPS + fading

    # between

    def _pause(self, by: str, line: str) -> None:
        self._paused_by = by
        self._enter("paused")
        self._show(phase=Phase.REST, phase_lasts_s=0.0, light="red" if by == "sight" else "amber")
        self._out.append(Reading(self._now_s, None))
        self._tone("pause")
        self._say(line, "pause")

    def _resume(self, line: str) -> None:
        self._paused_by = ""
        self._enter("set")
        self._show(light="green")
        self._tone("resume")
        self._say(line, "pause")

    def _offer_by_hand(self) -> None:
        away = self._now_s - self._since_s
        if self._paused_by == "sight" and away > AWAY_S and self._said.get("lost_long", -math.inf) < self._since_s:
            self._say("lost_long", "pause")

    def _end(self, line: str, kind: SayKind) -> None:
        if self.screen.state in ("set", "paused"):
            self._engine.finish()
        self._enter("done")
        self._show(phase=Phase.REST, phase_lasts_s=0.0)
        self._tone("end")
        self._say(line, kind)

    def _enter(self, state: State) -> None:
        self._since_s = self._now_s
        self._show(state=state)

    def _new_engine(self) -> Engine:
        engine = Engine(self._exercise, self._library, self._side, self._pose_model)
        engine.coach.quiet_reps = self._quiet_reps
        return engine

    def _say(self, line: str, kind: SayKind) -> None:
        self._said[line] = self._now_s
        self._out.append(Say(self._now_s, line, self._lines[line], kind))
        if kind != "count":
            self._show(caption=self._lines[line])

    def _tone(self, name: ToneName, lasts_s: float = 0.0) -> None:
        self._out.append(Tone(self._now_s, name, lasts_s))

    def _show(self, **changes: object) -> None:
        if any(getattr(self.screen, name) != value for name, value in changes.items()):
            self.screen = replace(self.screen, **changes, t_s=self._now_s)  # type: ignore[arg-type]
            self._out = [one for one in self._out if not isinstance(one, Screen)]
            self._out.append(self.screen)
