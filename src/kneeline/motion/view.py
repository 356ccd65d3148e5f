"""Where the camera stands, from the keypoints alone.

A body seen from the front shows its shoulders wide and its feet short; seen from the side, the reverse. Both cues are
signed, so together they give the turn over the full circle:

    yaw = atan2(forward, across)      0 = front, 90 = the person's right side, 180 = back, -90 = left side
    across  = signed shoulder width / trunk length, over its value in a front view
    forward = signed foot length along x / shank length, over its value in a side view
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.content.load import Library
from kneeline.content.schema import Camera, Signal
from kneeline.model.movement import View
from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.motion.geometry import Geometry, Glance

Array = npt.NDArray[np.float64]

SHOULDERS_OVER_TRUNK: Final = 0.75
"""Shoulder width over trunk length in a front view, for BlazePose keypoints. House default."""
FOOT_OVER_SHANK: Final = 0.55
"""Heel-to-toe over shank length in a side view, for BlazePose keypoints. House default."""
ACROSS_SD: Final = 0.096
FORWARD_SD: Final = 0.078
"""Errors of the two cues on rendered fit bodies (benchmarks/view.py), a fifth wider for the next person. House."""
ACROSS_ALONE: Final = 0.85
YAW_SD_ACROSS_DEG: Final = 20.0
"""Without feet the shoulders tell a front or back view from this width on, and how badly. House defaults."""
FACING_DEG: Final = 35.0
"""A view this far off one of the four is still called by its name. House default."""
MEMORY_S: Final = 1.5
"""How long ago a frame still counts while the person has not started yet (they may turn into place). House default."""


class ViewEstimate:
    """Running estimate of the view, forgetting the past until it is frozen by the first repetition."""

    def __init__(self) -> None:
        self._across, self._forward = _Fading(), _Fading()
        self.frozen = False

    def add(self, t_s: float, across: float, forward: float) -> None:
        """Take one frame's cues in; a cue that is NaN, and any after freezing, changes nothing."""
        if not self.frozen:
            self._across.add(t_s, across)
            self._forward.add(t_s, forward)

    @property
    def yaw_deg(self) -> float:
        """Turn of the person against the camera in degrees, (-180, 180]; NaN where too little was seen to tell."""
        across, forward = self._across.mean, self._forward.mean
        if math.isnan(forward):
            return (0.0 if across > 0 else 180.0) if abs(across) >= ACROSS_ALONE else math.nan
        return math.degrees(math.atan2(forward, across))  # NaN when the shoulders were never seen

    @property
    def yaw_sd_deg(self) -> float:
        """Standard deviation of `yaw_deg`'s error, in degrees."""
        across, forward = self._across.mean, self._forward.mean
        if math.isnan(forward):
            return YAW_SD_ACROSS_DEG
        squared = across**2 + forward**2
        sideways = math.hypot(ACROSS_SD * forward, FORWARD_SD * across)
        return min(math.degrees(sideways / squared), YAW_SD_ACROSS_DEG) if squared > 0 else YAW_SD_ACROSS_DEG

    @property
    def towards(self) -> int:
        """1 when the person faces the camera, -1 when their back does."""
        return -1 if self._across.mean < 0 else 1

    @property
    def forwards(self) -> int:
        """1 when the person's forward direction is image right."""
        return -1 if self._forward.mean < 0 else 1


class _Fading:
    """Mean of what was seen lately; NaN before anything was."""

    def __init__(self) -> None:
        self._sum = self._weight = 0.0
        self._t_s = 0.0

    def add(self, t_s: float, value: float) -> None:
        if math.isnan(value):
            return
        keep = math.exp(-(t_s - self._t_s) / MEMORY_S) if self._weight else 0.0
        self._t_s = t_s
        self._sum, self._weight = keep * self._sum + value, keep * self._weight + 1.0

    @property
    def mean(self) -> float:
        return self._sum / self._weight if self._weight else math.nan


def cue(one: Glance) -> tuple[float, float]:
    """The two cues of one frame, across and forward; NaN where the keypoints are missing."""
    trunk, shank = one.length("trunk"), larger(one.length("shank_left"), one.length("shank_right"))
    # A body without a size has no cues.
    across = one.along("shoulders", 0) / trunk / SHOULDERS_OVER_TRUNK if trunk > 0 else math.nan
    left, right = one.along("foot_left", 0), one.along("foot_right", 0)
    # Toes point outwards, which only the mean of both feet takes out; one foot is better than none.
    feet = right if math.isnan(left) else left if math.isnan(right) else (left + right) / 2
    return across, feet / shank / FOOT_OVER_SHANK if shank > 0 else math.nan


def cues(g: Geometry) -> tuple[Array, Array]:
    """The two cues of each frame, (n,) each; NaN where the keypoints are missing."""
    across, forward = np.array([cue(one) for one in g.glances()]).reshape(-1, 2).T
    return across, forward


def larger(a: float, b: float) -> float:
    """The larger of two lengths; the other one where one is missing.

    >>> larger(2.0, math.nan), larger(math.nan, 3.0), larger(2.0, 3.0)
    (2.0, 3.0, 3.0)
    """
    return b if b > a or math.isnan(a) else a


def off_plane_deg(yaw_deg: float, plane: str) -> float:
    """How far the camera is turned off the view a plane is seen in, 0..90 degrees.

    >>> off_plane_deg(170.0, "frontal"), off_plane_deg(-80.0, "sagittal"), off_plane_deg(45.0, "any")
    (10.0, 10.0, 0.0)
    """
    if plane == "any":
        return 0.0
    from_front = abs(math.remainder(yaw_deg, 180.0))
    return from_front if plane == "frontal" else 90.0 - from_front


def refusal(signal: Signal, yaw_deg: float) -> str:
    """Why a signal cannot be judged from this view, or "" when it can."""
    if signal.yaw_limit is None:
        return ""
    wanted = "from the front or behind" if signal.plane == "frontal" else "from the side"
    if math.isnan(yaw_deg):
        return f"{signal.title} is seen {wanted}, and too little was seen to tell how the camera stands"
    off = off_plane_deg(yaw_deg, signal.plane)
    return (
        f"{signal.title} is seen {wanted}; this camera is {off:.0f} degrees off" if off > signal.yaw_limit.value else ""
    )


def facing_of(yaw_deg: float) -> str:
    """What of the person faces the camera: front, left, back, right, or unclear between two of them.

    >>> [facing_of(y) for y in (5.0, 88.0, -178.0, -100.0, 45.0)]
    ['front', 'right', 'back', 'left', 'unclear']
    """
    for name, centre in (("front", 0.0), ("right", 90.0), ("back", 180.0), ("left", -90.0)):
        if abs(math.remainder(yaw_deg - centre, 360.0)) <= FACING_DEG:
            return name
    return "unclear"


def judge_view(estimate: ViewEstimate, signal_id: str, library: Library, camera: Camera) -> View:
    """The clip's view, and whether repetitions that are counted on a signal can be seen from it."""
    yaw = estimate.yaw_deg
    reason = refusal(library.signals[signal_id], yaw)
    reasons = (reason, camera.turn) if reason else ()
    if math.isnan(yaw):
        unknown = NotAssessable("too little of the person was seen to tell how the camera stands")
        return View("unclear", unknown, usable=not reason, reasons=reasons)
    return View(facing_of(yaw), Estimate(yaw, estimate.yaw_sd_deg, "deg"), usable=not reason, reasons=reasons)
