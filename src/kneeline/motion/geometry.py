"""Raw image quantities of each frame, with their first-order error: one matrix product for every segment at once.

A segment is a difference of keypoints (or of midpoints of keypoints), so all of them are one linear map of the keypoints
and their variances the squared map of the keypoints' variances. Angles follow from the segments:

    hip o                      tilt of a segment = angle from straight down, + towards image right
         \\  thigh             bend of a knee   = tilt(shank) - tilt(thigh)
     knee o                   (signed in the image; the sign that means "flexion" or "inward" is fixed per clip,
          | shank              see motion.signals)
    ankle o
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries

Array = npt.NDArray[np.float64]

_SEGMENTS: Final[dict[str, tuple[str, str]]] = {
    "thigh_left": ("left_hip", "left_knee"),
    "thigh_right": ("right_hip", "right_knee"),
    "shank_left": ("left_knee", "left_ankle"),
    "shank_right": ("right_knee", "right_ankle"),
    "foot_left": ("left_heel", "left_foot_index"),
    "foot_right": ("right_heel", "right_foot_index"),
    "trunk": ("shoulders", "hips"),
    "pelvis": ("right_hip", "left_hip"),
    "shoulders": ("right_shoulder", "left_shoulder"),
    "ankles": ("right_ankle", "left_ankle"),
    "leg_left": ("hips", "left_ankle"),
    "leg_right": ("hips", "right_ankle"),
    "instep_left": ("left_ankle", "left_foot_index"),
    "instep_right": ("right_ankle", "right_foot_index"),
    "hips_at": ("picture", "hips"),
    "body_at": ("picture", "upper_body"),
    "head_at": ("picture", "head"),
    "shoulders_at": ("picture", "shoulders"),
}
_MIDPOINTS: Final[dict[str, tuple[str, ...]]] = {
    "shoulders": ("left_shoulder", "right_shoulder"),
    "hips": ("left_hip", "right_hip"),
    "head": ("nose", "left_ear", "right_ear"),
    "upper_body": ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
}
SEGMENTS: Final[tuple[str, ...]] = tuple(_SEGMENTS)
ROW: Final[dict[str, int]] = {name: i for i, name in enumerate(SEGMENTS)}


def _weights(point: str) -> Array:
    row = np.zeros(len(KEYPOINTS))
    if point == "picture":  # the picture's own corner, so that a place is a segment like any other
        return row
    names = _MIDPOINTS.get(point, (point,))
    row[[INDEX[name] for name in names]] = 1 / len(names)
    return row


_MAP: Final[Array] = np.stack([_weights(end) - _weights(start) for start, end in _SEGMENTS.values()])
_MAP_SQUARED: Final[Array] = _MAP**2
_USES: Final[Array] = (_MAP != 0).astype(float)
_THIGHS = [ROW["thigh_left"], ROW["thigh_right"]]
_SHANKS = [ROW["shank_left"], ROW["shank_right"]]
_KNEES = [INDEX["left_knee"], INDEX["right_knee"]]


class Geometry:
    """Segments and angles of n frames.

    t_s: (n,) seconds.
    xy: (n, 33, 2) keypoints in pixels, as given.
    segment: (n, segments, 2) pixels, from the first to the second end, y down; NaN where a keypoint is missing.
    variance: (n, segments) variance per image axis, px^2.
    tilt, tilt_sd: (n, segments) degrees from straight down, + towards image right, in (-180, 180].
    bend, bend_sd: (n, 2) degrees, signed angle from thigh to shank of the left and the right leg.
    """

    __slots__ = ("bend", "bend_sd", "segment", "t_s", "tilt", "tilt_sd", "variance", "xy")

    def __init__(self, series: PoseSeries) -> None:
        missing = np.isnan(series.sd_px) | np.isnan(series.xy[..., 0])
        xy = np.where(missing[..., None], 0.0, series.xy)
        sd2 = np.where(missing, 0.0, series.sd_px) ** 2
        gone = missing.astype(float) @ _USES.T > 0
        self.t_s = series.t_s
        self.xy = series.xy
        self.segment = np.where(gone[..., None], np.nan, _MAP @ xy)
        self.variance = sd2 @ _MAP_SQUARED.T
        x, y = self.segment[..., 0], self.segment[..., 1]
        length2 = np.maximum(x * x + y * y, 1e-9)
        self.tilt = np.degrees(np.arctan2(x, y))
        self.tilt_sd = np.degrees(np.sqrt(self.variance / length2))
        thigh, shank = self.segment[:, _THIGHS], self.segment[:, _SHANKS]
        cross = thigh[..., 1] * shank[..., 0] - thigh[..., 0] * shank[..., 1]
        dot = (thigh * shank).sum(axis=-1)
        self.bend = np.degrees(np.arctan2(cross, dot))
        # The knee belongs to both segments, so its error enters twice, with opposite signs.
        a, b = length2[:, _THIGHS], length2[:, _SHANKS]
        shared = 2 * sd2[:, _KNEES] * dot / (a * b)
        bend_variance = self.variance[:, _THIGHS] / a + self.variance[:, _SHANKS] / b + shared
        self.bend_sd = np.degrees(np.sqrt(np.maximum(bend_variance, 0.0)))

    def __getitem__(self, rows: npt.NDArray[np.bool_]) -> Geometry:
        part = object.__new__(Geometry)
        for name in Geometry.__slots__:
            setattr(part, name, getattr(self, name)[rows])
        return part

    def length(self, segment: str) -> Array:
        """Length of a segment, (n,) pixels."""
        s = self.segment[:, ROW[segment]]
        return np.hypot(s[:, 0], s[:, 1])

    def along(self, segment: str, axis: int) -> Array:
        """Component of a segment along x (0) or y (1, down), (n,) pixels."""
        return self.segment[:, ROW[segment], axis]

    def sd(self, segment: str) -> Array:
        """Standard deviation of each component of a segment, (n,) pixels."""
        return np.sqrt(self.variance[:, ROW[segment]])
