"""Steps per minute of somebody who walks or runs, from how the feet part and pass each other.

From the side the ankles part along the picture, from the front or behind one is lifted over the other. Either distance,
taken without its sign, swells once with every step, also where a pose model takes the near leg for the far one:

    |ankle to ankle|   /\\      /\\      /\\        a step = from one peak to the next
                      /  \\    /  \\    /  \\
                     /    \\__/    \\__/    \\
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.model.pose import PoseSeries
from kneeline.model.quantity import Estimate, Measured, NotAssessable
from kneeline.motion.geometry import Geometry
from kneeline.motion.reps import smooth
from kneeline.motion.view import off_plane_deg

Array = npt.NDArray[np.float64]

UNIT: Final = "steps/min"
SIDEWAYS_DEG: Final = 45.0
"""Turn off the side view up to which the feet are seen to part along the picture. House default."""
SMOOTHING_S: Final = 0.08
"""Width of the smoothing before a peak is read off. House default."""
SMALLEST_FRAC: Final = {"sagittal": 0.25, "frontal": 0.06}
"""A step parts the feet by at least this share of the shank, along the picture or in height. House default."""
PROMINENT: Final = 0.4
"""Between two steps the distance falls by at least this share of the usual peak. House default."""
SLOWEST_S, FASTEST_S = 1.2, 0.2
"""One step lasts no longer and no shorter. House defaults: 50 to 300 steps a minute."""
OUT_OF_SIGHT_S: Final = 0.15
"""Feet that were not seen for longer may have made a step; peaks beside such a gap do not count. House default."""
SKIPPED: Final = 1.6
"""An interval this many times the usual one holds a step that was not seen; it is left out. House default."""
UNEVEN: Final = 0.3
"""Spread of the intervals over their mean beyond which it is no gait. House default."""
LEAST_STEPS: Final = 3
"""Fewer intervals tell no cadence. House default."""


def cadence(series: PoseSeries, yaw_deg: float) -> Measured:
    """Steps per minute over the stretch in which steps were seen; how sure follows from how even they were.

    yaw_deg: turn of the person against the camera, 90 = the right side seen (`View.yaw_deg`). For one direction of
    walking at a time; a recording in which the person turns back is cut in two first.
    """
    if math.isnan(yaw_deg):
        return NotAssessable("too little of the person was seen to tell how the camera stands")
    peaks_s = step_times_s(series, yaw_deg)
    intervals = np.diff(peaks_s)
    intervals = intervals[(intervals <= SLOWEST_S) & (intervals >= FASTEST_S)]
    if len(intervals):
        intervals = intervals[intervals < SKIPPED * np.median(intervals)]
    if len(intervals) < LEAST_STEPS:
        return NotAssessable(f"fewer than {LEAST_STEPS + 1} steps in a row were seen")
    mean, spread = float(intervals.mean()), float(intervals.std(ddof=1))
    if spread > UNEVEN * mean:
        return NotAssessable("the feet part and meet too unevenly for walking or running")
    frame_s = float(np.median(np.diff(series.t_s))) / math.sqrt(12.0)
    # Left and right steps differ in any gait: an odd one out moves the mean by half of that.
    sd_s = math.hypot(spread, frame_s) / math.sqrt(len(intervals))
    return Estimate(60.0 / mean, 60.0 / mean**2 * sd_s, UNIT)


def step_times_s(series: PoseSeries, yaw_deg: float) -> Array:
    """Moments at which the feet are furthest apart, one per step, (k,) seconds, finer than the pictures."""
    g = Geometry(series)
    plane = "sagittal" if off_plane_deg(yaw_deg, "sagittal") <= SIDEWAYS_DEG else "frontal"
    shanks = np.fmax(g.length("shank_left"), g.length("shank_right"))
    shanks = shanks[shanks > 0]
    if len(shanks) == 0 or np.isnan(g.along("ankles", 0)).all():
        return np.empty(0)
    shank = float(np.median(shanks))
    signed = smooth(g.t_s, g.along("ankles", 0 if plane == "sagittal" else 1) / shank, SMOOTHING_S)
    # From the front the farther foot stands higher in the picture; what is common to all steps is no lift.
    apart = np.abs(signed if plane == "sagittal" else signed - np.nanmedian(signed))
    seen = np.isfinite(apart)
    if seen.sum() < 3:
        return np.empty(0)
    return _peaks_s(g.t_s[seen], apart[seen], SMALLEST_FRAC[plane])


def _peaks_s(t_s: Array, height: Array, smallest: float) -> Array:
    """Times of the peaks that stand out from the valleys beside them, each from the parabola through its top."""
    high = height[height >= smallest]
    if len(high) == 0:
        return np.empty(0)
    fall = PROMINENT * float(np.percentile(high, 75))
    begins = np.diff(t_s, prepend=-np.inf) > OUT_OF_SIGHT_S
    found: list[int] = []
    top, valley, rising = 0, math.inf, True
    for i in range(1, len(height)):
        if begins[i]:
            top, valley, rising = i, math.inf, True
        elif rising and height[i] > height[top]:
            top = i
        elif rising and height[i] < height[top] - fall:
            # What is highest at the edge of the unseen was perhaps higher in it.
            if height[top] >= smallest and not begins[top]:
                found.append(top)
            rising, valley = False, height[i]
        elif not rising and height[i] < valley:
            valley = height[i]
        elif not rising and height[i] > valley + fall:
            rising, top = True, i
    return np.array([_top_s(t_s, height, i) for i in found])


def _top_s(t_s: Array, height: Array, i: int) -> float:
    """Where the parabola through a peak and the two values beside it is highest."""
    a, b, c = height[i - 1 : i + 2]
    bend = a - 2 * b + c
    shift = 0.5 * (a - c) / bend if bend < 0 else 0.0
    step = t_s[i + 1] - t_s[i] if shift > 0 else t_s[i] - t_s[i - 1]
    return float(t_s[i] + shift * step)
