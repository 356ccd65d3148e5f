"""Is a movement that came and went really a repetition of this exercise? And which leg carried it?

What tells exercises from walking, turning and each other is what stays still: planted feet, the place the body comes
back to, and the joints an exercise leaves alone.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.content.schema import Companion, Exercise
from kneeline.content.schema import Repetition as Rule
from kneeline.model.pose import INDEX
from kneeline.motion.geometry import Geometry, Q, Seen
from kneeline.motion.reps import Phases, smooth
from kneeline.motion.signals import SIGNALS, Bearings, observe, scale_px, signal

Array = npt.NDArray[np.float64]

FOOT_TRAVEL: Final = 0.4
"""A planted foot's keypoint may wander this far, in shank lengths. House default."""
STEP_TRAVEL: Final = 0.25
"""A foot that steps goes at least this far, in shank lengths. House default."""
STEP_BEFORE_S: Final = 0.8
"""A foot may have stepped this long before the hips begin to move. House default."""
STILL_BEFORE_S: Final = 0.15
UNDER_WAY: Final = 0.6
"""A movement whose speed over its first frames (s) is this share of its highest had begun before. House defaults."""
BLURRED: Final = 0.4
"""A movement whose ways are less sure than this share of its length is not believed. House default."""
BODY_TRAVEL: Final = 0.4
"""The hips must come back to within this of where they started sideways, in shank lengths. House default."""
TOGETHER: Final = 0.25
"""Hips and shoulders must each make this share of a body's rise. House default."""
PELVIS_SHARE: Final = 0.3
"""Share of a told hip drop that a leg's angle is put right by; with more its error outweighs its use. House default."""


def stood_ground(g: Geometry, start_s: float, end_s: float, rule: Rule, bearings: Bearings) -> str:
    """Why feet and body tell that a movement was none of this exercise's, or "" when they stood as they should.

    g: frames from before its start to its end. Times in seconds.
    """
    if rule.planted == "none":
        return ""
    if _moved_on(g, start_s, end_s, bearings):
        return "the person moved to another place"
    wandered = _steps(g, start_s, end_s, rule.planted, bearings)
    if math.isnan(wandered):
        return "the feet could not be seen"
    if wandered > FOOT_TRAVEL:
        return "the feet did not stay where they were"
    if rule.planted == "stepping" and _stepped(g, start_s - STEP_BEFORE_S, end_s, bearings) < STEP_TRAVEL:
        return "no foot stepped"
    return ""


def looks_like(g: Geometry, phases: Phases, rule: Rule, bearings: Bearings) -> str:
    """Why a movement is not a repetition by its length and by what else moved with it, or "" when it is one.

    g: frames from before its start to its end.
    """
    lasted = phases.end_s - phases.start_s
    if math.hypot(phases.out.sd, phases.back.sd) > BLURRED * lasted:
        return "it could not be told from the noise"
    if lasted < rule.shortest.value:
        return "it was over too soon to be a repetition"
    if lasted > rule.longest.value:
        return "it took too long to be one repetition"
    if not all(_kept(companion, rule.signal, g, phases, bearings) for companion in rule.companions):
        return "it looks like another movement"
    if rule.signal == "body_rise" and not _rises_together(g, phases):
        return "the body did not rise as a whole"
    return ""


def had_begun(t_s: Array, curve: Array, phases: Phases) -> bool:
    """Whether a movement was under way when its first frame was seen, so that its beginning is not known.

    t_s, curve: (n,) as they were fitted. A body at rest starts slowly; one caught in the middle is already fast.
    """
    if t_s[0] < phases.start_s - STILL_BEFORE_S:
        return False
    calm = smooth(t_s, curve)
    speed = np.gradient(calm, t_s)
    out = (t_s <= phases.top_start_s) & ~np.isnan(speed)
    first = out & (t_s <= t_s[0] + STILL_BEFORE_S)
    return bool(first.any() and speed[first].min() > UNDER_WAY * speed[out].max())


def _kept(rule: Companion, counted: str, g: Geometry, phases: Phases, bearings: Bearings) -> bool:
    """Whether a companion signal kept its bounds; one that was not seen has."""
    excursion = (phases.top - phases.rest) * scale_px(counted, bearings) / scale_px(rule.signal, bearings)
    low, high = (
        default if bound is None else bound.value * (excursion if bound.unit == "of excursion" else 1.0)
        for bound, default in ((rule.at_least, -np.inf), (rule.at_most, np.inf))
    )
    sides = ("left", "right") if SIGNALS[rule.signal].sided else ("",)
    read = _change if rule.of == "change" else _at_top
    values = [read(signal(rule.signal, g, bearings, side), g, phases) for side in sides]
    kept = [low <= value <= high for value in values if value is not None]
    return not kept or (all(kept) if rule.legs == "every" else any(kept))


def _change(value: Array, g: Geometry, phases: Phases) -> float | None:
    """Change of a signal from rest to the top; None where it was not seen."""
    top = _at_top(value, g, phases)
    leaving = max(phases.start_s, float(g.t_s[0])) + 0.1 * (phases.top_start_s - phases.start_s)
    rest = value[(g.t_s >= phases.start_s - 0.4) & (g.t_s <= leaving)]
    rest = rest[~np.isnan(rest)]
    return top - float(np.median(rest)) if len(rest) and top is not None else None


def _at_top(value: Array, g: Geometry, phases: Phases) -> float | None:
    top = value[(g.t_s >= phases.top_start_s - 0.1) & (g.t_s <= phases.top_end_s + 0.1)]
    top = top[~np.isnan(top)]
    return float(np.median(top)) if len(top) else None


def _moved_on(g: Geometry, start_s: float, end_s: float, bearings: Bearings) -> bool:
    across = g.along("hips_at", 0)
    before = across[(g.t_s >= start_s - 0.3) & (g.t_s <= start_s + 0.1)]
    after = across[(g.t_s >= end_s - 0.15) & (g.t_s <= end_s + 0.3)]
    before, after = before[~np.isnan(before)], after[~np.isnan(after)]
    if not len(before) or not len(after):
        return False
    return bool(abs(np.median(after) - np.median(before)) > BODY_TRAVEL * bearings.shank_px)


def _steps(g: Geometry, start_s: float, end_s: float, planted: str, bearings: Bearings) -> float:
    """How far the feet that should stand have wandered, in shank lengths."""
    part = "foot_index" if planted == "both_toes" else "ankle"
    left, right = _feet(g, start_s, end_s, part)
    if planted in ("both_toes", "both_feet"):
        # Names of near and far feet get swapped in side views; their middle and their distance do not.
        apart = np.hypot(*(left - right).T)
        return float(np.fmax(_wander((left + right) / 2), _spread(apart))) / bearings.shank_px
    lower = np.where((left[:, 1] >= right[:, 1])[:, None], left, right)
    return float(np.fmin(np.fmin(_wander(left), _wander(right)), _wander(lower))) / bearings.shank_px


def _stepped(g: Geometry, start_s: float, end_s: float, bearings: Bearings) -> float:
    """How far the foot that moved most went, in shank lengths."""
    left, right = _feet(g, start_s, end_s, "ankle")
    return float(np.fmax(_wander(left), _wander(right))) / bearings.shank_px


def _feet(g: Geometry, start_s: float, end_s: float, part: str) -> tuple[Array, Array]:
    inside = (g.t_s >= start_s) & (g.t_s <= end_s)
    return g.xy[inside, INDEX[f"left_{part}"]], g.xy[inside, INDEX[f"right_{part}"]]


def _wander(place: Array) -> float:
    """Distance from its usual place that a point keeps within nine tenths of the time, in pixels; NaN if never seen."""
    place = place[~np.isnan(place[:, 0])]
    if not len(place):
        return math.nan
    return float(np.quantile(np.hypot(*(place - np.median(place, axis=0)).T), 0.9))


def _spread(distance: Array) -> float:
    distance = distance[~np.isnan(distance)]
    return float(np.quantile(np.abs(distance - np.median(distance)), 0.9)) if len(distance) else math.nan


def _rises_together(g: Geometry, phases: Phases) -> bool:
    rise, *parts = (_change(-g.along(name, 1), g, phases) for name in ("body_at", "hips_at", "shoulders_at"))
    return rise is None or all(part is not None and part >= TOGETHER * rise > 0 for part in parts)


def standing_leg(g: Geometry, start_s: float, end_s: float) -> str:
    """The leg whose foot stayed where it was, so that it carried the repetition; "" when neither was seen."""
    left, right = (_wander(foot) for foot in _feet(g, start_s, end_s, "ankle"))
    if math.isnan(left) and math.isnan(right):
        return ""
    return "right" if math.isnan(left) or right < left else "left"


def front_leg(g: Geometry, start_s: float, end_s: float) -> str:
    """The front leg of a lunge: its shank stands upright at the lowest point while the rear one lies down.

    "" when neither shank was seen there.
    """
    middle = (g.t_s >= start_s + 0.4 * (end_s - start_s)) & (g.t_s <= start_s + 0.6 * (end_s - start_s))
    upright = []
    for side in ("left", "right"):
        shank = g.along(f"shank_{side}", 1)[middle]
        shank = shank[~np.isnan(shank)]
        upright.append(float(np.median(shank)) if len(shank) else -math.inf)
    if upright[0] == upright[1]:
        return ""
    return "left" if upright[0] > upright[1] else "right"


def size_px(g: Geometry, rows: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Shank length and hip height over the ankles in pixels, while the person stands (`rows`); NaN if never seen."""
    if not rows.any():
        rows = np.ones(len(g.t_s), dtype=bool)
    shank = np.fmax(g.length("shank_left"), g.length("shank_right"))[rows]
    height = np.fmax(g.along("leg_left", 1), g.along("leg_right", 1))[rows]
    shank, height = shank[~np.isnan(shank)], height[~np.isnan(height)]
    if not len(shank) or not len(height):
        return float("nan"), float("nan")
    return float(np.median(shank)), float(np.quantile(height, 0.75))


def counting_curve(g: Geometry, rule: Rule, bearings: Bearings, leg: str) -> Array:
    """The signal that repetitions are counted on, oriented with the top high, (n,)."""
    return counted(g, rule, bearings, leg) / scale_px(rule.signal, bearings)


def counted(g: Seen[Q], rule: Rule, bearings: Bearings, leg: str) -> Q:
    """The signal that repetitions are counted on before it is scaled, oriented with the top high."""
    value = SIGNALS[rule.signal].of(g, bearings, leg)
    return value if rule.toward == "up" else -value


def timing_curve(g: Geometry, exercise: Exercise, bearings: Bearings, leg: str) -> Array:
    """The curve that phases are measured on: the counted signal, steadied by what else moves with it.

    A body that goes up or down takes hips, shoulders and head along, and heels where they rise from planted toes. Each
    is weighted by how far it moves over its own jitter, so several noisy witnesses of one time course make a better
    one. A leg that goes out is measured from the pelvis, as far as its tilt can be told, since a pelvis that drops
    first takes the leg inwards. (n,), in the counted signal's unit.
    """
    rule = exercise.repetition
    curve, name = counting_curve(g, rule, bearings, leg), rule.signal
    if name == "hip_abduction":
        return _from_pelvis(curve, g, exercise, bearings)
    if name not in ("body_rise", "hip_drop"):
        return curve
    down = 1.0 if name == "hip_drop" else -1.0
    reference = curve - np.nanmean(curve)
    power = float(np.nansum(reference**2))
    total, weights = np.zeros(len(curve)), 0.0
    parts = ["hips_at", "shoulders_at", "head_at"]
    if name == "body_rise" and rule.planted != "stepping":
        parts.append("heels_at")
    for part in parts:
        place = down * g.along(part, 1)
        if np.isnan(place).mean() > np.isnan(curve).mean():
            continue
        place = place - np.nanmedian(place)
        gain = float(np.nansum(reference * place)) / max(power, 1e-12)
        jitter = float(np.nanstd(place - smooth(g.t_s, place, 0.15)))
        if gain <= 0 or jitter <= 0:
            continue
        weight = gain / jitter**2
        total, weights = total + weight * place, weights + weight * gain
    return total / weights if weights else curve


def _from_pelvis(curve: Array, g: Geometry, exercise: Exercise, bearings: Bearings) -> Array:
    """The angle of a leg with a share of the pelvis' tilt added, where this exercise says how to tell that tilt."""
    told = next((o for o in exercise.observation if o.signal == "pelvic_drop"), None)
    if told is None:
        return curve
    drop = observe(told.weights, g, bearings)
    return curve if np.isnan(drop).mean() > np.isnan(curve).mean() else curve + PELVIS_SHARE * drop
