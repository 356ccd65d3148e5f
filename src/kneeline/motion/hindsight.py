"""A second, zero-phase pass over a finished recording: the counted repetitions, measured again with hindsight.

It never counts and never cues. What hindsight adds: the frames after each repetition, the usual size and tempo in the
whole set, and the person's size over all resting frames.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.content.load import Library
from kneeline.content.schema import Exercise
from kneeline.model.movement import Phase, Repetition, SetResult, SignalTrace
from kneeline.model.pose import PoseSeries
from kneeline.model.quantity import Estimate
from kneeline.motion import checks, legs, view
from kneeline.motion.errors import Witness, total_sd
from kneeline.motion.geometry import Geometry
from kneeline.motion.measure import Scene, beyond, judge_repetition, observed_sd
from kneeline.motion.reps import Phases, fit_phases, ordered, posture_bend, reach_of, smooth
from kneeline.motion.signals import SIGNALS, Bearings, column_name, observe, signal
from kneeline.motion.summary import dose_of
from kneeline.motion.tempo import share_tempo

Array = npt.NDArray[np.float64]

AROUND_S: Final = 1.0
"""How much of the rest on either side of a repetition is looked at."""
INSIDE: Final = 0.1
"""Share of a way that thresholds miss at its outer end. House default."""


def refine(
    result: SetResult, series: PoseSeries, exercise: Exercise, library: Library, pose_model: str = ""
) -> tuple[SetResult, SignalTrace]:
    """The same set re-measured, and every signal frame by frame without lag.

    result: what an `Engine` said of `series`. Counts, cues and warnings stay as they are. pose_model: as for `Engine`.
    """
    if exercise.repetition.planted == "stance_foot":
        for rep in result.reps:
            series = legs.sort_out(series, rep.side, rep.start_s, rep.end_s)
    g = Geometry(series)
    resting = _resting(g.t_s, result.reps)
    shank_px, hip_height_px = checks.size_px(g, resting)
    seen_as = result.view.yaw_deg
    yaw, yaw_sd = (seen_as.value, seen_as.sd) if isinstance(seen_as, Estimate) else (math.nan, 0.0)
    towards = 1 if math.isnan(yaw) or math.cos(math.radians(yaw)) >= 0 else -1
    forwards = 1 if math.isnan(yaw) or math.sin(math.radians(yaw)) >= 0 else -1
    bearings = Bearings(towards, forwards, result.side, shank_px, hip_height_px)
    witness = Witness(pose_model, yaw, yaw_sd)
    scene = Scene(exercise, library, bearings, witness, result.side)
    reps = _again(result.reps, g, scene)
    summary = dose_of(exercise.dose, reps) if reps else result.summary
    refined = replace(result, reps=reps, summary=summary)
    return refined, _trace(g, refined, scene, resting)


def _again(reps: tuple[Repetition, ...], g: Geometry, scene: Scene) -> tuple[Repetition, ...]:
    rule = scene.exercise.repetition
    fitted: list[tuple[Repetition, Scene, Geometry, Phases | None]] = []
    for rep in reps:
        own = replace(scene, side=rep.side, bearings=replace(scene.bearings, stance=rep.side))
        leg = {"working": rep.side, "free": own.free, "none": ""}[rule.leg]
        near = _rows(g, rep.start_s - AROUND_S, rep.end_s + AROUND_S)
        curve = checks.timing_curve(near, own.exercise, own.bearings, leg)
        reach = float(np.nanmax(curve) - np.nanmin(curve)) if not np.isnan(curve).all() else 0.0
        seen = (rep.start_s + INSIDE * rep.lift_s.value, rep.end_s - INSIDE * rep.lower_s.value)
        fitted.append((rep, own, near, fit_phases(near.t_s, curve, seen, posture_bend(rule, reach))))
    reaches = [reach_of(phases, rule) for *_, phases in fitted if phases is not None]
    usual = float(np.median(reaches)) if len(reaches) > 1 else None
    shared = iter(share_tempo([phases for *_, phases in fitted if phases is not None]))
    # A repetition that hindsight cannot measure better stays as it was counted.
    return tuple(
        rep if phases is None else judge_repetition(rep.n, own.side, near, _in_view(next(shared), g), own, usual)
        for rep, own, near, phases in fitted
    )


def _in_view(phases: Phases, g: Geometry) -> Phases:
    """The phases with an end that lies within the recording; what is cut off makes the way back less sure."""
    cut_s = phases.end_s - float(g.t_s[-1])
    if cut_s <= 0:
        return phases
    spread = phases.spread.copy()
    spread[3, 3] += cut_s**2
    return replace(phases, times_s=ordered(np.minimum(phases.times_s, g.t_s[-1])), spread=spread)


def _rows(g: Geometry, from_s: float, to_s: float) -> Geometry:
    return g[(g.t_s >= from_s) & (g.t_s <= to_s)]


def _resting(t_s: Array, reps: tuple[Repetition, ...]) -> npt.NDArray[np.bool_]:
    """Frames between and around repetitions; every frame when there are none."""
    if not reps:
        return np.ones(len(t_s), dtype=bool)
    near = (t_s >= reps[0].start_s - AROUND_S) & (t_s <= reps[-1].end_s + AROUND_S)
    for rep in reps:
        near &= ~((t_s > rep.start_s) & (t_s < rep.end_s))
    return near if near.any() else np.ones(len(t_s), dtype=bool)


def _trace(g: Geometry, result: SetResult, scene: Scene, resting: npt.NDArray[np.bool_]) -> SignalTrace:
    """Every signal, smoothed without lag and measured from rest where only its change has a meaning."""
    columns: list[str] = []
    raw: list[Array] = []
    sds: dict[str, Array] = {}
    for name, spec in SIGNALS.items():
        known = scene.library.signals[name]
        refused = bool(view.refusal(known, scene.yaw_deg))
        for side in ("left", "right") if spec.sided else ("",):
            observation = scene.observation(name)
            told = observation is not None and view.facing_of(scene.yaw_deg) in observation.facing
            if observation is not None and told:
                value = observe(observation.weights, g, scene.bearings)
            else:
                value = signal(name, g, scene.bearings, side)
            if (spec.from_rest or told) and not np.isnan(value[resting]).all():
                value = value - np.nanmedian(value[resting])
            blank = np.isnan(value) | refused | (known.plane == "sagittal" and side not in ("", scene.near))
            if observation is not None:
                blank = blank | (not told) | beyond(observation, g, scene.bearings, resting)
                sd = np.full(len(value), observed_sd(observation, scene.yaw_deg))
            else:
                sd = total_sd(known, g, scene.bearings, side, value, scene.witness, change=spec.from_rest)
            columns.append(column_name(name, side))
            raw.append(np.where(blank, np.nan, value))
            sds[columns[-1]] = np.where(blank, np.nan, sd)
    blanks = np.isnan(np.stack(raw, axis=1))
    calm = np.where(blanks, np.nan, smooth(g.t_s, np.stack(raw, axis=1)))
    values = dict(zip(columns, calm.T, strict=True))
    rule = scene.exercise.repetition
    leg = {"working": scene.side, "free": scene.free, "none": ""}[rule.leg] if SIGNALS[rule.signal].sided else ""
    return SignalTrace(g.t_s, *_labels(g.t_s, result, rule.outward), values, sds, column_name(rule.signal, leg))


def _labels(t_s: Array, result: SetResult, outward: str) -> tuple[tuple[Phase, ...], npt.NDArray[np.int64]]:
    phase = np.full(len(t_s), Phase.REST, dtype=object)
    number = np.zeros(len(t_s), dtype=np.int64)
    out, back = (Phase.LIFT, Phase.LOWER) if outward == "lift" else (Phase.LOWER, Phase.LIFT)
    for rep in result.reps:
        number[(t_s >= rep.start_s) & (t_s <= rep.end_s)] = rep.n
        phase[(t_s >= rep.start_s) & (t_s < rep.top_start_s)] = out
        phase[(t_s >= rep.top_start_s) & (t_s <= rep.top_end_s)] = Phase.HOLD
        phase[(t_s > rep.top_end_s) & (t_s <= rep.end_s)] = back
    return tuple(phase), number
