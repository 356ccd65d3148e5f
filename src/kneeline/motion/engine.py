"""The one engine for live camera, file and replay: frames in, events out.

    frame -> seen? -> view, size -> signal -> Tracker -> checks -> phases, measures, faults -> coach -> events

Time is the frame's own. Nothing here looks ahead: a repetition is told when it is complete, from the frames up to then.
Pushing frames one by one or all at once gives the same events. Longer than most, because what one frame changes is one
state: cut in two, either half would have to know the other.
"""

from __future__ import annotations

import math
from collections import Counter
from statistics import median
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.content.load import Library
from kneeline.content.schema import Exercise
from kneeline.model.movement import (
    Cue,
    CueGiven,
    Discarded,
    Event,
    Paused,
    Phase,
    PhaseStarted,
    Repetition,
    RepetitionDone,
    Resumed,
    SetResult,
    View,
)
from kneeline.model.pose import PoseFrame, PoseSeries
from kneeline.motion import checks, legs, view
from kneeline.motion.coach import Coach
from kneeline.motion.errors import Witness
from kneeline.motion.geometry import Geometry, Glance, glance
from kneeline.motion.measure import Scene, judge_repetition
from kneeline.motion.reps import Excursion, Stage, Tracker, fit_phases, posture_bend, reach_of
from kneeline.motion.signals import Bearings, scale_of
from kneeline.motion.summary import summarise

Array = npt.NDArray[np.float64]

GAP_S: Final = 1.0
"""Out of sight for longer than this, the count pauses and a running repetition is dropped. House default."""
UNSIGNED: Final = "foot_clearance"
"""A signal that is the same for either leg, so that which one stands has to be told from the feet."""
UPRIGHT: Final = 0.3
"""Somebody whose hips are not at least this share of a trunk above the ankles lies in the picture. House default."""
STILL: Final = 0.5
"""Hips that stay within this, in shank lengths, hardly moved. House default."""
SIDEWAYS: Final = 0.7
"""Sine of the turn from which a view counts as one from the side. House default."""
GLITCH_TRUNKS: Final = 0.35
GLITCH_TRUNKS_PER_S: Final = 6.0
GLITCH_S: Final = 0.3
"""Hips that jump further between frames are a slip of the pose model, unless they stay there. House defaults."""
SIZE_MEMORY_S: Final = 1.0
"""How fast the person's size is followed while at rest. House default."""
TALLER, LOWER = 3.0, 0.3
"""How much faster than size standing height follows upwards, and how much slower downwards. House defaults."""
SEEN_SHARE: Final = 0.8
"""Seen in less of the frames, the set says so. House default."""
JOINED: Final = 60
"""Frames that came one by one are kept as runs of so many; fewer objects are quicker to look through."""
BEFORE_S: Final = 1.0
"""How much of the rest before a repetition is kept for its measures."""
_TOO: Final = {
    "large": "it was larger than this exercise",
    "short": "it was over too soon to be a repetition",
    "long": "it did not come back to rest",
}


class Engine:
    """Follows one set of one exercise.

    exercise, library: what is performed, and the library it comes from.
    side: "left" or "right" for the trained leg (the standing one in single-leg work); None or "both" to find it out.
    coach: says after a repetition what to say; how often it speaks may be changed while the set runs.
    """

    def __init__(self, exercise: Exercise, library: Library, side: str | None = None, pose_model: str = "") -> None:
        if side not in (None, "left", "right", "both"):
            raise ValueError(f"side must be 'left', 'right', 'both' or None, got {side!r}")
        self._exercise, self._library, self._rule = exercise, library, exercise.repetition
        self._pose_model = pose_model
        self._side = "" if exercise.sides == "one" else "both"
        self._told = side if side in ("left", "right") else ""
        if exercise.sides == "one":
            self._side = self._told
        self._follow({leg: Tracker(self._rule) for leg in self._legs()})
        self._outward = Phase(self._rule.outward)
        self._homeward = Phase.LOWER if self._outward is Phase.LIFT else Phase.LIFT
        self._view = view.ViewEstimate()
        self._look_along()
        self.coach = Coach(exercise)
        self._recent: list[PoseSeries] = []
        self._newest: list[PoseFrame] = []
        self._reps: list[Repetition] = []
        self._cues: list[Cue] = []
        self._discarded: Counter[str] = Counter()
        self._events: list[Event] = []
        self._phase = Phase.REST
        self._paused = False
        self._last_s = self._seen_s = self._glitch_since_s = math.nan
        self._place: tuple[float, float, float] | None = None
        self._shank_px = self._hip_height_px = math.nan
        self._reaches: list[float] = []
        self._excursions: list[float] = []
        self._frames = self._frames_seen = 0
        self._holds: list[tuple[float, float]] = []
        self._other_leg = self._lying = 0
        self._box = (math.inf, -math.inf, math.inf, -math.inf)

    def push(self, frames: PoseFrame | PoseSeries) -> tuple[Event, ...]:
        """Take one frame or a run of frames in; what happened because of them, in order.

        Frames whose time does not move forward are ignored.
        """
        self._events = []
        before = -math.inf if math.isnan(self._last_s) else self._last_s
        if isinstance(frames, PoseFrame):
            if frames.t_s > before:
                self._newest.append(frames)
                self._take(frames.t_s, glance(frames))
                if len(self._newest) >= JOINED:
                    self._join()
        else:
            newest = np.fmax.accumulate(np.concatenate([[before], frames.t_s]))
            series = frames[frames.t_s > newest[:-1]]
            self._join()
            if len(series):
                self._recent.append(series)
            for t_s, frame in zip(series.t_s.tolist(), Geometry(series).glances(), strict=True):
                self._take(t_s, frame)
        return tuple(self._events)

    def finish(self) -> tuple[Event, ...]:
        """The recording is over; a repetition that was running is incomplete and does not count."""
        self._events = []
        running = [tracker for tracker in self._counted if tracker.far_enough]
        if running and self._exercise.kind == "hold":  # what was held until the end was held
            leg = next(leg for leg, tracker in self._trackers.items() if tracker is running[0])
            self._complete(leg, running[0].so_far, self._last_s)
        elif running:
            self._discard(self._last_s, "the recording ended before it was complete")
        self._enter(Phase.REST, self._last_s)
        return tuple(self._events)

    def result(self) -> SetResult:
        """The set as it stands now."""
        seen_as = self.seen_from
        return summarise(
            self._exercise,
            self._side or "both",
            seen_as,
            self._reps,
            self._cues,
            self._warnings(seen_as.reasons),
            self._held_s,
        )

    @property
    def seen_from(self) -> View:
        """How the camera sees the person, as far as this exercise is concerned."""
        return view.judge_view(self._view, self._rule.signal, self._library, self._exercise.camera)

    @property
    def holds(self) -> tuple[tuple[float, float], ...]:
        """Start and end of every hold that counts, in seconds; none for what has repetitions."""
        return tuple(self._holds)

    @property
    def _held_s(self) -> float:
        return sum(end_s - start_s for start_s, end_s in self._holds)

    @property
    def progress(self) -> float | None:
        """How far the movement is, from 0 at rest to 1 at its usual far end; None while too little can be seen.

        Before the first repetition the smallest that counts stands for the usual one.
        """
        if self._paused or math.isnan(self._seen_s) or self._seen_s < self._last_s:
            return None
        usual = median(self._excursions) if self._excursions else self._rule.smallest.value
        return max(tracker.moved for tracker in self._counted) / usual

    # frame by frame

    def _take(self, t_s: float, frame: Glance) -> None:
        self._frames += 1
        values = self._values(frame)
        if self._hidden(t_s, frame, values):
            self._last_s = t_s
            return
        if self._at_rest:
            if not self._view.frozen:
                turned = (self._view.towards, self._view.forwards)
                self._view.add(t_s, *view.cue(frame))
                if turned != (self._view.towards, self._view.forwards):
                    self._forget()
                    self._look_along()
                    values = self._values(frame)
            self._follow_size(t_s, frame)
        self._last_s = t_s
        self._count(t_s, values)

    def _values(self, frame: Glance) -> dict[str, float]:
        """The counted signal of every leg that may be the one and is seen, unscaled, oriented with the top high."""
        values = {}
        for leg in self._trackers:
            value = checks.counted(frame, self._rule, self._unscaled, leg)
            if not math.isnan(value):
                values[leg] = value
        return values

    def _look_along(self) -> None:
        """Take over from the view which way signals point."""
        self._unscaled = Bearings(self._view.towards, self._view.forwards, self._side or "both", 1.0, 1.0)

    def _hidden(self, t_s: float, frame: Glance, values: dict[str, float]) -> bool:
        """Whether this frame shows too little; pauses and resumes the count."""
        x, y, trunk = frame.along("hips_at", 0), frame.along("hips_at", 1), frame.length("trunk")
        missing = math.isnan(x) or math.isnan(trunk) or not values
        if not missing and _height(frame) < UPRIGHT * trunk:
            self._lying += 1
            missing = True
        if not missing:
            missing = self._slipped(t_s, x, y, trunk)
        if missing:
            if math.isnan(self._seen_s):
                self._seen_s = t_s
            if not self._paused and t_s - self._seen_s > GAP_S:
                self._paused = True
                if not self._at_rest:
                    self._discard(t_s, "the person went out of sight")
                self._forget()
                self._enter(Phase.REST, t_s)
                self._events.append(Paused(t_s, "I cannot see you"))
            return True
        if self._paused:
            self._paused = False
            self._events.append(Resumed(t_s))
        self._seen_s = t_s
        self._frames_seen += 1
        left, right, top, bottom = self._box
        if not (left <= x <= right and top <= y <= bottom):
            self._box = (min(left, x), max(right, x), min(top, y), max(bottom, y))
        return False

    def _slipped(self, t_s: float, x: float, y: float, trunk: float) -> bool:
        """Whether the body jumped further than bodies move; a jump that lasts is a new place and starts over."""
        if self._place is not None:
            reach = max(trunk, self._place[2])
            allowed = reach * (GLITCH_TRUNKS + GLITCH_TRUNKS_PER_S * (t_s - self._seen_s))
            if math.hypot(x - self._place[0], y - self._place[1]) > allowed:
                if math.isnan(self._glitch_since_s):
                    self._glitch_since_s = t_s
                if t_s - self._glitch_since_s < GLITCH_S:
                    return True
                self._forget()
        self._place, self._glitch_since_s = (x, y, trunk), math.nan
        return False

    def _follow_size(self, t_s: float, frame: Glance) -> None:
        shank, height = view.larger(frame.length("shank_left"), frame.length("shank_right")), _height(frame)
        if math.isnan(self._shank_px):
            self._shank_px, self._hip_height_px = shank, height
            return
        share = 1 - math.exp(-(t_s - self._last_s) / SIZE_MEMORY_S)
        if not math.isnan(shank):
            self._shank_px += share * (shank - self._shank_px)
        if not math.isnan(height):
            # Standing tall shows at once; a lower reading may be a bend that has not been noticed yet.
            pace = TALLER if height > self._hip_height_px else LOWER
            self._hip_height_px += min(share * pace, 1.0) * (height - self._hip_height_px)

    def _count(self, t_s: float, values: dict[str, float]) -> None:
        scale = scale_of(self._rule.signal, self._shank_px, self._hip_height_px)
        if math.isnan(scale):
            return
        for leg, value in values.items():
            excursion = self._trackers[leg].step(t_s, value / scale) if leg in self._trackers else None
            if excursion is not None:
                self._complete(leg, excursion, t_s)
        self._tell_phase(t_s)

    def _tell_phase(self, t_s: float) -> None:
        leading = self._counted[0]
        for tracker in self._counted:
            if tracker.moved > leading.moved:
                leading = tracker
        if leading.stage is Stage.REST:
            self._enter(Phase.REST, t_s)
        elif leading.far_enough:
            if leading.stage is Stage.BACK or leading.falling:
                self._enter(self._homeward, t_s)
            elif leading.holding:
                self._enter(Phase.HOLD, t_s)
            elif self._phase is Phase.REST:
                self._enter(self._outward, t_s)

    def _enter(self, phase: Phase, t_s: float) -> None:
        if phase is not self._phase:
            self._phase = phase
            self._events.append(PhaseStarted(t_s, phase))

    # repetition by repetition

    def _complete(self, leg: str, seen: Excursion, t_s: float) -> None:
        """A movement came and went: count it with its measures, or say why it is not counted."""
        if not self._is_the_one(leg, seen):
            return
        if seen.too:
            return self._discard(t_s, _TOO[seen.too])
        if view.refusal(self._library.signals[self._rule.signal], self._view.yaw_deg):
            return self._discard(t_s, "this view does not show it")
        window = self._window(seen.start_s - BEFORE_S, t_s)
        g = Geometry(window)
        side = self._working_side(leg, g, seen)
        if not side:
            return self._discard(t_s, "the legs could not be told apart")
        if self._rule.planted == "stance_foot":
            sorted_out = legs.sort_out(window, side, seen.start_s, seen.end_s)
            g = g if sorted_out is window else Geometry(sorted_out)
        bearings = self._bearings(side)
        reason = checks.stood_ground(g, seen.start_s, seen.end_s, self._rule, bearings)
        if reason:
            return self._discard(t_s, reason)
        if self._exercise.kind == "hold":
            self._hold(leg, side, seen, t_s)
            return None
        curve = checks.timing_curve(g, self._exercise, bearings, leg)
        times = (seen.start_s, seen.end_s)
        phases = fit_phases(g.t_s, curve, times, posture_bend(self._rule, seen.top - seen.rest))
        if phases is None:
            return self._discard(t_s, "too few frames of it were seen")
        reason = checks.looks_like(g, phases, self._rule, bearings)
        if not reason and checks.had_begun(g.t_s, curve, phases):
            reason = "it had begun before it could be seen"
        if reason:
            return self._discard(t_s, reason)
        self._reaches.append(reach_of(phases, self._rule))
        self._excursions.append(seen.top - seen.rest)
        usual = float(np.median(self._reaches)) if len(self._reaches) > 1 else None
        repetition = judge_repetition(len(self._reps) + 1, side, g, phases, self._scene(side), usual)
        self._settle(leg, side)
        self._reps.append(repetition)
        self._events.append(RepetitionDone(t_s, repetition))
        cue = self.coach.hear(repetition, t_s)
        if cue is not None:
            self._cues.append(cue)
            self._events.append(CueGiven(t_s, cue))
        return None

    def _hold(self, leg: str, side: str, seen: Excursion, t_s: float) -> None:
        """Add a hold to the time held, or say why it does not count."""
        held_s = seen.end_s - seen.start_s
        if held_s < self._rule.shortest.value:
            self._discard(t_s, "it was over too soon to be a hold")
        else:
            self._settle(leg, side)
            self._holds.append((seen.start_s, seen.end_s))

    def _is_the_one(self, leg: str, seen: Excursion) -> bool:
        """Whether it was this leg's movement where several may be: the near one's from the side, else the larger."""
        if leg not in self._trackers:
            return False  # another leg was settled on by this same frame
        if self._told and self._rule.leg != "none":
            mine = leg == self._counted_leg(self._told)
            self._other_leg += not mine and not seen.too
            return mine
        if len(self._trackers) == 1:
            return True
        if self._rule.leg == "working":
            return leg == self._scene("both").near
        return all(t.reach <= seen.top - seen.rest for name, t in self._trackers.items() if name != leg)

    def _settle(self, leg: str, side: str) -> None:
        """The first counted repetition or hold decides view and side for the rest of the clip."""
        self._view.frozen = True
        if self._exercise.sides == "one" and not self._told:
            self._side = side
            self._follow({leg: self._trackers[leg]})
            self._look_along()

    def _working_side(self, leg: str, g: Geometry, seen: Excursion) -> str:
        if self._exercise.sides == "alternating":
            return checks.front_leg(g, seen.start_s, seen.end_s)
        if self._side:
            return self._side
        if self._rule.leg == "none" or self._rule.signal == UNSIGNED:
            # From the side near and far feet get mixed up; the working leg is asked to be the near one.
            sideways = abs(math.sin(math.radians(self._view.yaw_deg))) > SIDEWAYS
            return self._scene("both").near if sideways else checks.standing_leg(g, seen.start_s, seen.end_s)
        return self._counted_leg(leg)  # the same exchange of legs, read the other way round

    def _legs(self) -> tuple[str, ...]:
        """Legs whose signal is followed; the other one too, since it may be the one that moves."""
        return ("",) if self._rule.leg == "none" else ("left", "right")

    def _counted_leg(self, side: str) -> str:
        """The leg that the repetitions of a trained side are counted on."""
        return side if self._rule.leg == "working" else {"left": "right", "right": "left"}[side]

    # what is remembered

    @property
    def _at_rest(self) -> bool:
        return all(tracker.stage is Stage.REST for tracker in self._counted)

    def _follow(self, trackers: dict[str, Tracker]) -> None:
        """Follow these legs from now on; `_counted` are those of them whose movements may count."""
        self._trackers, self._counted = trackers, list(trackers.values())
        if self._told and self._rule.leg != "none":
            self._counted = [trackers[self._counted_leg(self._told)]]

    def _bearings(self, side: str) -> Bearings:
        return Bearings(self._view.towards, self._view.forwards, side, self._shank_px, self._hip_height_px)

    def _scene(self, side: str) -> Scene:
        witness = Witness(self._pose_model, self._view.yaw_deg, self._view.yaw_sd_deg)
        return Scene(self._exercise, self._library, self._bearings(side), witness, side)

    def _forget(self) -> None:
        """Start counting afresh, as after the person was out of sight."""
        self._follow({leg: Tracker(self._rule) for leg in self._trackers})

    def _discard(self, t_s: float, reason: str) -> None:
        self._discarded[reason] += 1
        self._events.append(Discarded(t_s, reason))

    def _window(self, from_s: float, to_s: float) -> PoseSeries:
        parts = [part for part in self._recent if part.t_s[-1] >= from_s]
        recent = PoseSeries.joined([*parts, PoseSeries.of(self._newest)])
        return recent[(recent.t_s >= from_s) & (recent.t_s <= to_s)]

    def _join(self) -> None:
        """Make one run of the newest frames, and forget those that no repetition can reach back to."""
        if self._newest:
            self._recent.append(PoseSeries.of(self._newest))
            self._newest = []
        oldest = self._last_s - self._rule.longest.value - 2 * BEFORE_S
        self._recent = [part for part in self._recent if not part.t_s[-1] < oldest]

    def _warnings(self, view_reasons: tuple[str, ...]) -> tuple[str, ...]:
        said: list[str] = []
        if self._lying > 0.5 * self._frames:
            return ("The person lies in this picture. Turn the recording upright and try again.",)
        if not self._frames_seen:
            return ("Nobody could be seen well enough in this recording.",)
        if self._frames_seen < SEEN_SHARE * self._frames:
            said.append(f"The person could be seen in {self._frames_seen / self._frames:.0%} of the frames only.")
        if self._exercise.kind == "hold":
            said.append(f"Held for {self._held_s:.1f} s in all; a hold has no repetitions.")
        elif not self._reps:
            said.append("No repetition of this exercise was counted.")
            if self._other_leg:
                said.append(f"The other leg moved {self._other_leg} times: is the trained side really {self._told}?")
            elif not self._discarded and not view_reasons:
                still = math.hypot(self._box[1] - self._box[0], self._box[3] - self._box[2]) < STILL * self._shank_px
                alone = "The person who was followed hardly moved. If somebody else did the exercise, film that one."
                said.append(alone if still else "Nothing in this recording moved like this exercise.")
            said.extend(f"{reason[0].upper()}{reason[1:]}." for reason in (r.rstrip(".") for r in view_reasons))
        if self._exercise.sides == "one" and not self._told and (self._reps or self._holds):
            said.append(f"The trained side was not given; this was taken for it: {self._side}.")
        if self._exercise.sides != "one" and self._told:
            said.append("This exercise works both legs; the side that was given was not used.")
        for reason, times in self._discarded.most_common():
            what = "1 movement" if times == 1 else f"{times} movements"
            said.append(f"{what} not counted: {reason}.")
        return tuple(said)


def _height(frame: Glance) -> float:
    """How far the hips are above the lower ankle, in pixels."""
    return view.larger(frame.along("leg_left", 1), frame.along("leg_right", 1))
