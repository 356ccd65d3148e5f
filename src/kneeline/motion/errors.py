"""How far a signal may be off: keypoint noise, the pose model's own idea of a body, and the camera's turn.

    variance = (noise * sd of keypoints, first order)^2     what changes from picture to picture
             + change_sd^2 + (share * value)^2              how badly its landmarks follow the joints
             + sd^2, but not for changes                    what stays in a recording: a landmark is not the joint
             + (turn * (yaw_error + yaw_error_bent * bend))^2
    turn^2   = off-plane angle^2 + (its own error)^2 + (how far a leg's plane is from the body's)^2

The second and third line are measured per pose model and signal (benchmarks/errors.py). Keypoint errors, too, last
longer than a phase (benchmarks/calibrate_keypoints.py prints how long), so no average over pictures makes any of this
smaller.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.content.schema import PoseError, Signal
from kneeline.motion.geometry import Geometry
from kneeline.motion.signals import Bearings, signal_sd
from kneeline.motion.view import off_plane_deg

Array = npt.NDArray[np.float64]

EXACT: Final = PoseError()
"""Keypoints that are the joints themselves: markers, drawn figures."""
LEG_TURN_DEG: Final = 4.0
"""A leg seldom bends exactly in the plane that the body faces: standard deviation of the difference. House default."""
OTHER: Final = "other"
"""Entry for pose models that nobody measured here."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What the keypoints come from and where the camera stands.

    pose_model: its name; "" and "marker..." where keypoints are the joints. yaw_deg, yaw_sd_deg: as the view was told.
    """

    pose_model: str
    yaw_deg: float
    yaw_sd_deg: float

    @property
    def exact(self) -> bool:
        """Whether its keypoints are the joints themselves."""
        return not self.pose_model or self.pose_model.startswith("marker")

    def pose_error(self, known: Mapping[str, PoseError]) -> PoseError:
        """The entry of this pose model, by the start of its name.

        >>> Witness("", 0.0, 0.0).pose_error({"other": PoseError(sd=9.0)}).sd
        0.0
        >>> Witness("some-model", 0.0, 0.0).pose_error({"other": PoseError(sd=9.0)}).sd
        9.0
        """
        if self.exact:
            return EXACT
        return next((e for name, e in known.items() if self.pose_model.startswith(name)), known.get(OTHER, EXACT))


def total_sd(
    spec: Signal, g: Geometry, bearings: Bearings, side: str, value: Array, witness: Witness, *, change: bool = False
) -> Array:
    """Standard deviation of a signal's error in every frame, (n,), in its unit; NaN where keypoints are missing.

    value: (n,) the signal. change: it is a difference within the recording, from which what is constant drops out.
    """
    pose = witness.pose_error(spec.pose_error)
    noise = pose.noise * signal_sd(spec.name, g, bearings, side)
    stays = 0.0 if change else pose.sd
    turned = _turn_sd(spec, _bend_deg(spec, g, bearings, side, value), witness)
    return np.asarray(np.sqrt(noise**2 + pose.change_sd**2 + (pose.share * value) ** 2 + stays**2 + turned**2))


def _turn_sd(spec: Signal, bend_deg: Array, witness: Witness) -> Array:
    """What a camera that does not look straight at a signal's plane adds."""
    if spec.yaw_error is None or math.isnan(witness.yaw_deg):
        return np.zeros(len(bend_deg))
    turn = math.hypot(off_plane_deg(witness.yaw_deg, spec.plane), witness.yaw_sd_deg, LEG_TURN_DEG)
    bent = spec.yaw_error_bent.value if spec.yaw_error_bent is not None else 0.0
    return turn * (spec.yaw_error.value + bent * bend_deg)


def _bend_deg(spec: Signal, g: Geometry, bearings: Bearings, side: str, value: Array) -> Array:
    """How far the leg bends out of the plane of a frontal signal; for a sagittal one, the angle that is shortened.

    From the front a bend shows as a leg that is shorter than the standing one.
    """
    if spec.plane == "sagittal":
        return np.abs(value)
    leg = side or (bearings.stance if bearings.stance != "both" else "left")
    tall_px = bearings.hip_height_px if bearings.hip_height_px > 0 else math.nan
    length = g.length(f"leg_{leg}") / tall_px
    # A leg that is not seen whole tells no bend, and must not take the signal's error away.
    return np.asarray(2 * np.degrees(np.arccos(np.clip(np.nan_to_num(length, nan=1.0), -1.0, 1.0))))
