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
from kneeline.motion.geometry import Geometry

Array = npt.NDArray[np.float64]

SHOULDERS_OVER_TRUNK: Final = 0.75
"""Shoulder width over trunk length in a front view, for BlazePose keypoints. House default."""
FOOT_OVER_SHANK: Final = 0.55
"""Heel-to-toe over shank length in a side view, for BlazePose keypoints. House default."""
YAW_SD_DEG: Final = 8.0
"""Error of a yaw estimate. House default; on 37 rendered clips the error had a standard deviation of 5 degrees."""
MEMORY_S: Final = 1.5
"""How long ago a frame still counts while the person has not started yet (they may turn into place)."""


class ViewEstimate:
    """Running estimate of the view, forgetting the past until it is frozen by the first repetition."""

    def __init__(self) -> None:
        self._across = self._forward = self._weight = 0.0
        self._t_s = math.nan
        self.frozen = False

    def add(self, t_s: float, across: float, forward: float) -> None:
        """Take one frame's cues in; frames without them, and frames after freezing, change nothing."""
        if self.frozen or math.isnan(across):
            return
        keep = math.exp(-(t_s - self._t_s) / MEMORY_S) if self._weight else 0.0
        self._t_s = t_s
        self._across = keep * self._across + across
        self._forward = keep * self._forward + (0.0 if math.isnan(forward) else forward)
        self._weight = keep * self._weight + 1.0

    @property
    def known(self) -> bool:
        """Whether any frame has been seen."""
        return self._weight > 0

    @property
    def yaw_deg(self) -> float:
        """Turn of the person against the camera in degrees, (-180, 180]; 0 where nothing was seen."""
        return math.degrees(math.atan2(self._forward, self._across)) if self._weight else 0.0

    @property
    def towards(self) -> int:
        """1 when the person faces the camera, -1 when their back does."""
        return 1 if self._across >= 0 else -1

    @property
    def forwards(self) -> int:
        """1 when the person's forward direction is image right."""
        return 1 if self._forward >= 0 else -1


def cues(g: Geometry) -> tuple[Array, Array]:
    """The two cues of each frame, (n,) each; NaN where the keypoints are missing."""
    trunk = np.maximum(g.length("trunk"), 1e-6)
    shank = np.maximum(np.fmax(g.length("shank_left"), g.length("shank_right")), 1e-6)
    across = g.along("shoulders", 0) / trunk / SHOULDERS_OVER_TRUNK
    forward = (g.along("foot_left", 0) + g.along("foot_right", 0)) / 2 / shank / FOOT_OVER_SHANK
    return across, forward


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
    off = off_plane_deg(yaw_deg, signal.plane)
    if off <= signal.yaw_limit.value:
        return ""
    wanted = "from the front or behind" if signal.plane == "frontal" else "from the side"
    return f"{signal.name} is seen {wanted}; this camera is {off:.0f} degrees off"


def facing_of(yaw_deg: float) -> str:
    """What of the person faces the camera: front, left, back, right, or unclear between two of them.

    >>> [facing_of(y) for y in (5.0, 88.0, -178.0, -100.0, 45.0)]
    ['front', 'right', 'back', 'left', 'unclear']
    """
    for name, centre in (("front", 0.0), ("right", 90.0), ("back", 180.0), ("left", -90.0)):
        if abs(math.remainder(yaw_deg - centre, 360.0)) <= 35.0:
            return name
    return "unclear"


def judge_view(estimate: ViewEstimate, signal_id: str, library: Library, camera: Camera) -> View:
    """The clip's view, and whether repetitions that are counted on a signal can be seen from it."""
    if not estimate.known:
        nobody = "nobody could be seen well enough to tell the view"
        return View("unclear", NotAssessable(nobody), usable=False, reasons=(nobody,))
    yaw = estimate.yaw_deg
    reason = refusal(library.signals[signal_id], yaw)
    reasons = (reason, camera.turn) if reason else ()
    return View(facing_of(yaw), Estimate(yaw, YAW_SD_DEG, "deg"), usable=not reason, reasons=reasons)
