"""One go at a movement test: frames in, and what they say of a leg, each value with its error.

    frames -> Engine (the same as for a set) -> repetitions or holds -> refine -> statistics over them -> TrialResult

Live and from a file the same frames go through `Trial.push` and give the same result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from kneeline.content.load import Library
from kneeline.content.trial_schema import Difference, MovementTest, Value
from kneeline.model.errors import InputError
from kneeline.model.movement import Discarded, Event, SetResult, View
from kneeline.model.pose import PoseFrame, PoseSeries
from kneeline.model.quantity import Estimate, Measured, NotAssessable
from kneeline.model.trial import TrialResult, TrialValue
from kneeline.motion import view as views
from kneeline.motion.engine import Engine
from kneeline.motion.errors import Witness
from kneeline.motion.geometry import Geometry
from kneeline.motion.hindsight import refine
from kneeline.motion.trial_values import CHANGE, Told, Watched, check_said, judge_items, mean_told, read, usable

LONGEST_S: Final = 600.0
"""Frames later than this after the first are not looked at: no test lasts as long. House default."""
CROWD: Final = 0.2
"""More than one person at more than this share of the moments at which people were counted: whose is it? House."""
SEEN_SHARE: Final = 0.1
"""Somebody who is there in fewer of the pictures was not filmed. House default."""


class Trial:
    """Follows one trial with one leg.

    side: the leg that is tested; None to find it out. A photo has no frames: see `taps.read_taps`.
    """

    def __init__(self, test: MovementTest, library: Library, side: str | None = None, pose_model: str = "") -> None:
        if test.kind == "photo":
            raise ValueError(f"{test.id} is read from a photo, not from frames")
        self._test, self._library, self._pose_model = test, library, pose_model
        self._told = side if side in ("left", "right") else ""
        self._engine = None
        if test.exercise:
            self._engine = Engine(library.exercises[test.exercise], library, side, pose_model)
        self._parts: list[PoseSeries] = []
        self._cut = False

    def push(self, frames: PoseFrame | PoseSeries) -> tuple[Event, ...]:
        """Take one frame or a run of frames in; what happened because of them, in order."""
        series = PoseSeries.of([frames]) if isinstance(frames, PoseFrame) else frames
        if len(series):
            first_s = float((self._parts[0] if self._parts else series).t_s[0])
            series = series[series.t_s <= first_s + LONGEST_S]
        if not len(series):
            return ()
        self._parts.append(series)
        return self._engine.push(series) if self._engine is not None else ()

    @property
    def holds(self) -> tuple[tuple[float, float], ...]:
        """Start and end of every hold, in seconds."""
        return self._engine.holds if self._engine is not None else ()

    @property
    def progress(self) -> float | None:
        """How far the movement is, as the engine says it; None where there is none to follow."""
        return self._engine.progress if self._engine is not None else None

    def finish(self) -> tuple[Event, ...]:
        """The recording is over; a repetition that was running is incomplete."""
        events = self._engine.finish() if self._engine is not None else ()
        self._cut = any(isinstance(event, Discarded) for event in events)
        return events

    def result(self, said: Mapping[str, str] | None = None) -> TrialResult:
        """What the frames so far say. said: the person's own answers, by item or by what is said of each repetition.

        Raises: InputError when an answer is not what was asked for.
        """
        said = dict(said or {})
        check_said(self._test, said)
        watched = self._watched(said)
        reason = _spoiled(watched)
        values = {}
        items = () if reason else judge_items(watched)
        for value in self._test.value:
            told = Told(NotAssessable(reason)) if reason else read(value, watched, items)
            values[value.id] = _judged(value, told)
        side = self._told or (watched.result.side if watched.result is not None else "both")
        count = len(watched.reps) if not reason else 0
        warnings = (*(watched.result.warnings if watched.result is not None else ()), *_off_the_beat(watched))
        return TrialResult(self._test.id, side, "camera", watched.view, count, values, items, warnings)

    def _watched(self, said: Mapping[str, str]) -> Watched:
        series = PoseSeries.joined(self._parts) if self._parts else PoseSeries.of([])
        if self._engine is None:
            return Watched(self._test, self._library, series, _looked_at(series, self._pose_model, self._library), said)
        exercise = self._library.exercises[self._test.exercise]
        result: SetResult = self._engine.result()
        trace = None
        if len(series):
            result, trace = refine(result, series, exercise, self._library, self._pose_model)
        yaw = result.view.yaw_deg
        turn = (yaw.value, yaw.sd) if isinstance(yaw, Estimate) else (math.nan, 0.0)
        scene = (Witness(self._pose_model, *turn), result.view)
        return Watched(self._test, self._library, series, scene, said, result, trace, self.holds, self._cut)


def _looked_at(series: PoseSeries, pose_model: str, library: Library) -> tuple[Witness, View]:
    """How a gait is seen; its view is told from all frames, since nobody stands still in it."""
    estimate = views.ViewEstimate()
    if len(series):
        for t_s, across, forward in zip(series.t_s, *views.cues(Geometry(series)), strict=True):
            estimate.add(float(t_s), float(across), float(forward))
    yaw = estimate.yaw_deg
    if math.isnan(yaw):
        unknown = NotAssessable("too little of the person was seen to tell how the camera stands")
        return Witness(pose_model, math.nan, 0.0), View("unclear", unknown, usable=False)
    known = Estimate(yaw, estimate.yaw_sd_deg, "deg")
    return Witness(pose_model, yaw, known.sd), View(views.facing_of(yaw), known, usable=True)


def _spoiled(watched: Watched) -> str:
    """Why nothing of a recording can be used, or ""."""
    series, test = watched.series, watched.test
    there = ~np.isnan(series.xy).all(axis=(1, 2))
    if not len(series) or there.mean() < SEEN_SHARE:
        return "nobody could be seen"
    looked = series.people[series.people >= 0]
    if len(looked) and (looked > 1).mean() > CROWD:
        return "more than one person is in the picture; film the test alone"
    facing = watched.view.facing
    plain = "side" if facing in ("left", "right") else facing
    if plain not in test.camera.views:
        where = "from between front and side" if facing == "unclear" else f"your {facing}"
        return f"the camera sees you {where}".replace("you your", "your") + f". {test.camera.turn}"
    return ""


def _off_the_beat(watched: Watched) -> tuple[str, ...]:
    """What to say where the repetitions were slower or faster than the beat."""
    pace, starts = watched.test.pace, [rep.start_s for rep in watched.reps]
    if pace is None or len(starts) < 3:
        return ()
    rate = 60.0 / float(np.median(np.diff(starts)))
    if abs(rate / pace.per_minute.value - 1) <= pace.tolerance.value:
        return ()
    return (
        f"You did {rate:.0f} a minute; the beat asks for {pace.per_minute.value:g}, and the norms were made to it.",
    )


def _judged(value: Value, told: Told) -> TrialValue:
    """A value with the change that it takes to be more than error."""
    detectable = None
    if isinstance(told.result, Estimate):
        detectable = CHANGE * told.result.sd
        if value.detectable is not None:
            detectable = max(detectable, value.detectable.value)
    return TrialValue(value.id, told.result, told.each, detectable, told.more, value.indicator)


def by_yourself(test: MovementTest, number: float, side: str) -> TrialResult:
    """The result of a test that the person counted or timed without a camera.

    Raises: InputError where the test has no such way, or the number cannot be.
    """
    if not test.by_yourself:
        raise InputError(f"{test.name} cannot be done without a camera: {test.no_self}")
    own = test.by_yourself[0]
    value = next(value for value in test.value if value.id == own.value)
    if not 0 <= number <= own.most.value:
        raise InputError(
            f"{number:g} {value.unit} cannot be the result of {test.name}", expected=f"0 to {own.most.value:g}"
        )
    told = Told(
        Estimate(number, own.error.value, value.unit), more=0 if own.error.value <= value.enough.value else None
    )
    return TrialResult(test.id, side, "self", None, 0, {value.id: _judged(value, told)})


def pooled(test: MovementTest, goes: Sequence[TrialResult]) -> TrialResult:
    """Several goes with one leg, oldest first, as one: a mean over all their repetitions, else what the newest says.

    The part of the error that repetitions share does not shrink with further goes either.
    """
    newest = goes[-1]
    if len(goes) == 1:
        return newest
    values = dict(newest.values)
    for value in (value for value in test.value if value.statistic == "mean"):
        each = tuple(one for go in goes for one in usable(go.values[value.id].each, test))
        if len(each) >= test.least.value and isinstance(newest.values[value.id].result, Estimate):
            values[value.id] = _judged(value, mean_told(value, each, each))
    return replace(newest, values=values)


def side_difference(rule: Difference, this: TrialResult, other: TrialResult) -> TrialValue:
    """How much less this leg's value is than the other's, as a share of the larger; below 0 it is more."""
    mine, theirs = (one.values[rule.of].result if rule.of in one.values else None for one in (this, other))
    result: Measured
    detectable = None
    if {this.side, other.side} != {"left", "right"}:
        result = NotAssessable("it takes one trial with the left leg and one with the right")
    elif isinstance(mine, Estimate) and isinstance(theirs, Estimate) and max(mine.value, theirs.value) > 0:
        larger = max(mine.value, theirs.value)
        result = Estimate((theirs.value - mine.value) / larger, rule.error.value, rule.unit)
        detectable = CHANGE * result.sd
    else:
        missing = [one for one in (mine, theirs) if isinstance(one, NotAssessable)]
        result = missing[0] if missing else NotAssessable("one leg has no value")
    return TrialValue(rule.id, result, (), detectable, None, rule.indicator)
