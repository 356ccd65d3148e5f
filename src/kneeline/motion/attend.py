"""Attending to a person before the camera, whatever is watched: where to stand, the countdown, pauses, and the end.

    framing -> ready -> countdown -> set <-> paused -> done

Time is the frames' own (the page's monotonic clock), so a replayed recording is attended to word for word alike.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from kneeline.model.coaching import Instruction, Reading, Say, SayKind, Screen, State, Tone, ToneName
from kneeline.model.movement import Discarded, Event, Paused, Phase, RepetitionVerdict, Resumed
from kneeline.model.pose import PoseFrame
from kneeline.motion.framing import GOOD, Advice, Framing

Command = Literal["start", "pause", "resume", "finish", "stop", "more", "less"]

COUNTDOWN_S: Final = 3.0
SAY_AGAIN_S: Final = 7.0
"""Standing instructions are repeated after this long. House default."""
STALE_S: Final = 0.7
"""Without a frame for this long there is no reading. House default."""
READING_EVERY_S: Final = 0.08
READING_STEP: Final = 0.02
READING_AGAIN_S: Final = 0.5
"""Where the movement is, is told this often (s), once it has moved by a share that shows, else after a while (s). A bar
needs no more, and telling it costs as much as taking in a frame. House defaults."""
CROWD_S: Final = 1.0
AWAY_S: Final = 20.0
"""Out of sight for this long, the coach offers to finish by hand. House default."""
MOST_COUNTED: Final = 60
"""The coach can count aloud up to here."""


class Attend(ABC):
    """Attends to one person; what is watched between countdown and end is up to the kinds of it.

    framing: judges how the person stands. lines: every sentence, by id. screen: what stands on the screen at first.
    `stopped`: whether it ended because it hurt.
    """

    def __init__(self, framing: Framing, lines: Mapping[str, str], screen: Screen) -> None:
        self._framing, self._lines, self.screen = framing, lines, screen
        self._out: list[Instruction] = []
        self._frame_s = self._now_s = self._since_s = self._crowd_s = self._read_s = math.nan
        self._told_progress: float | None = None
        self._said: dict[str, float] = {}
        self._paused_by = ""
        self._ticks = 0
        self.stopped = False

    # what is watched

    @abstractmethod
    def _anew(self) -> None:
        """Begin to watch afresh."""

    @abstractmethod
    def _feed(self, frame: PoseFrame) -> tuple[Event, ...]:
        """Take one frame in; during the countdown it shows how the person stands at rest."""

    @abstractmethod
    def _moved_early(self) -> bool:
        """Whether something was counted before it should have been."""

    @abstractmethod
    def _progress(self) -> float | None:
        """Where the movement is now, as `Reading` says it."""

    @abstractmethod
    def _hear(self, event: Event, among: tuple[Event, ...]) -> None:
        """Something was seen; what to do because of it."""

    @abstractmethod
    def _complete(self) -> bool:
        """Whether all that was asked for is done."""

    @abstractmethod
    def _last_words(self, *, complete: bool) -> str:
        """The sentence at the end."""

    @abstractmethod
    def _close(self) -> None:
        """No more frames come."""

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
            self._tell(t_s, None)
            self._watch(PoseFrame.empty(t_s, people=-1))
            self._offer_by_hand()
        elif self.screen.state == "countdown":
            self._enter("framing")
        return tuple(self._out)

    def command(self, what: Command, t_s: float) -> tuple[Instruction, ...]:
        """A button was pressed or a word was said. "stop" is for pain and fear, "finish" ends it as it stands."""
        self._out = []
        self._now_s = t_s if math.isnan(self._now_s) else max(t_s, self._now_s)
        state = self.screen.state
        if state == "done":
            return ()
        if what in ("more", "less"):
            self._talk_more(1 if what == "more" else -1)
        elif what == "stop":
            self._end("stopped", "safety")
        elif what == "finish":
            self._end(self._last_words(complete=self._complete()), "end")
        elif what == "start" and state in ("framing", "ready"):
            self._count_down()
        elif what == "pause" and state == "set":
            self._pause("hand", "paused")
        elif what == "pause" and state == "countdown":
            self._enter("ready")
        elif what == "resume" and state == "paused":
            self._resume("going_on")
        return tuple(self._out)

    def _talk_more(self, step: int) -> None:  # noqa: B027  (nothing changes where none but the needed words are said)
        """More words (1) or fewer (-1) are asked for."""

    # before

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
        elif raised or (self._stands_ready() and t_s - self._since_s > 1.5):
            self._count_down()
        elif t_s - self._said.get("stand_still", t_s) > SAY_AGAIN_S:
            self._say("stand_still", "setup")

    def _stands_ready(self) -> bool:
        """Whether the person shows, without a sign, that it may begin."""
        return self._framing.still()

    def _advise(self, line: str) -> None:
        if self._now_s - self._said.get(line, -math.inf) > SAY_AGAIN_S:
            self._say(line, "setup")
        else:
            self._show(caption=self._lines[line])

    def _count_down(self) -> None:
        self._enter("countdown")
        self._show(light="green")
        self._anew()
        self._ticks = 0

    def _counting_down(self, frame: PoseFrame, advice: Advice) -> None:
        if advice.basic:
            self._enter("framing")
            self._say("start_again", "setup")
            return
        self._feed(frame)  # how the person stands at rest; nothing counts yet
        passed = frame.t_s - self._since_s
        while self._ticks < min(int(COUNTDOWN_S), int(passed) + 1):
            self._tone("tick")
            self._say(f"count_{int(COUNTDOWN_S) - self._ticks}", "setup")
            self._ticks += 1
        if passed >= COUNTDOWN_S:
            if self._moved_early():
                self._anew()
            self._enter("set")
            self._tone("go")
            self._say("go", "setup")

    # during

    def _work(self, frame: PoseFrame, raised: bool) -> None:
        self._watch_crowd(frame)
        if raised:
            if self.screen.state == "set":
                self._pause("hand", "paused")
            elif self._paused_by == "hand":
                self._resume("going_on")
        if self.screen.state == "paused" and self._paused_by != "sight":
            frame = PoseFrame.empty(frame.t_s, people=frame.people)
        if self.screen.state in ("set", "paused"):
            self._watch(frame)
        if self.screen.state == "set":
            self._show(light="green")  # a moment without pictures had turned it red
            self._read(frame.t_s)
        elif self.screen.state == "paused":
            self._offer_by_hand()

    def _read(self, t_s: float) -> None:
        since_s = t_s - self._read_s
        if since_s < READING_EVERY_S:
            return
        progress = self._progress()
        if not since_s < READING_AGAIN_S or _shows(progress, self._told_progress):
            self._tell(t_s, progress)

    def _tell(self, t_s: float, progress: float | None) -> None:
        self._read_s, self._told_progress = t_s, progress
        self._out.append(Reading(t_s, progress))

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

    def _watch(self, frame: PoseFrame) -> None:
        events = self._feed(frame)
        for event in events:
            match event:
                case Discarded(reason=reason) if not any(isinstance(other, Paused) for other in events):
                    self._tone("unseen")
                    self._show(caption=f"Not counted: {reason}.", last=RepetitionVerdict.NOT_SEEN)
                case Paused() if self.screen.state == "set":
                    self._pause("sight", "lost")
                case Resumed() if self.screen.state == "paused" and self._paused_by == "sight":
                    self._resume("back_again")
                case _:
                    self._hear(event, events)
        if self.screen.state == "set" and self._complete():
            self._end(self._last_words(complete=True), "end")

    def _count_aloud(self, n: int) -> None:
        if n <= MOST_COUNTED:
            self._say(f"count_{n}", "count")

    # between

    def _pause(self, by: str, line: str) -> None:
        self._paused_by = by
        self._enter("paused")
        self._show(phase=Phase.REST, phase_lasts_s=0.0, light="red" if by == "sight" else "amber")
        self._tell(self._now_s, None)
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
        self.stopped = kind == "safety"
        if self.screen.state in ("set", "paused"):
            self._close()
        self._enter("done")
        self._show(phase=Phase.REST, phase_lasts_s=0.0)
        self._tone("end")
        self._say(line, kind)

    def _enter(self, state: State) -> None:
        self._since_s = self._now_s
        self._show(state=state)

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


def _shows(progress: float | None, told: float | None) -> bool:
    """Whether a reading looks different from the one that was told last."""
    if progress is None or told is None:
        return progress is not told
    return abs(progress - told) >= READING_STEP
