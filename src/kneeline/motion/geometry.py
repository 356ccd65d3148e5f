"""Raw image quantities of each frame, with their first-order error: one matrix product for every segment at once.

A segment is a difference of keypoints (or of midpoints of keypoints), so all of them are one linear map of the
keypoints, and their variances the squared map of the keypoints' variances. Angles follow from the segments:

    hip o                      tilt of a segment = angle from straight down, + towards image right
         \\  thigh             bend of a knee   = tilt(shank) - tilt(thigh)
     knee o                   (signed in the image; the sign that means "flexion" or "inward" is fixed per clip,
          | shank              see motion.signals)
    ankle o
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from kneeline.model.pose import INDEX, KEYPOINTS, PoseFrame, PoseSeries

Array = npt.NDArray[np.float64]
Q = TypeVar("Q", Array, float)
Q_co = TypeVar("Q_co", Array, float, covariant=True)

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
    "heels_at": ("picture", "heels"),
}
_MIDPOINTS: Final[dict[str, tuple[str, ...]]] = {
    "shoulders": ("left_shoulder", "right_shoulder"),
    "hips": ("left_hip", "right_hip"),
    "head": ("nose", "left_ear", "right_ear"),
    "heels": ("left_heel", "right_heel"),
    "upper_body": ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
}
SEGMENTS: Final[tuple[str, ...]] = tuple(_SEGMENTS)
ROW: Final[dict[str, int]] = {name: i for i, name in enumerate(SEGMENTS)}
_X: Final[dict[str, int]] = {name: 2 * i for name, i in ROW.items()}


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


class Seen(Protocol[Q_co]):
    """What signals are made of: (n,) arrays of many frames (`Geometry`), or floats of one (`Glance`)."""

    def along(self, segment: str, axis: int) -> Q_co:
        """Component of a segment along x (0) or y (1, down), pixels."""

    def length(self, segment: str) -> Q_co:
        """Length of a segment, pixels."""

    def tilt_of(self, segment: str) -> Q_co:
        """Angle of a segment from straight down, + towards image right, degrees in (-180, 180]."""

    def bend_of(self, side: str) -> Q_co:
        """Signed angle from thigh to shank of the leg of a side, degrees."""


class Glance:
    """One frame in plain floats: several times quicker than arrays of length one, which is what a live set is made of.

    segments: x and y of each in turn, pixels, in the order of `SEGMENTS`; NaN where a keypoint is missing.

    >>> level = Glance([3.0, 4.0] * len(SEGMENTS))
    >>> level.length("trunk"), level.along("trunk", 1), level.bend_of("left")
    (5.0, 4.0, 0.0)
    """

    __slots__ = ("_segments",)

    def __init__(self, segments: list[float]) -> None:
        self._segments = segments

    def along(self, segment: str, axis: int) -> float:
        """Component of a segment along x (0) or y (1, down), pixels."""
        return self._segments[_X[segment] + axis]

    def length(self, segment: str) -> float:
        """Length of a segment, pixels."""
        at = _X[segment]
        return math.hypot(self._segments[at], self._segments[at + 1])

    def tilt_of(self, segment: str) -> float:
        """Angle of a segment from straight down, + towards image right, degrees in (-180, 180]."""
        at = _X[segment]
        return math.degrees(math.atan2(self._segments[at], self._segments[at + 1]))

    def bend_of(self, side: str) -> float:
        """Signed angle from thigh to shank of the leg of a side, degrees."""
        thigh, shank = _X[f"thigh_{side}"], _X[f"shank_{side}"]
        x, y = self._segments[thigh : thigh + 2]
        u, v = self._segments[shank : shank + 2]
        return math.degrees(math.atan2(y * u - x * v, x * u + y * v))


class Geometry:
    """Segments and angles of n frames; what is derived is worked out when it is first asked for.

    t_s: (n,) seconds.
    xy: (n, 33, 2) keypoints in pixels; NaN where one is missing or no number.
    segment: (n, segments, 2) pixels, from the first to the second end, y down; NaN where a keypoint is missing.
    """

    def __init__(self, series: PoseSeries) -> None:
        self._series_xy, self._sd_px = series.xy, series.sd_px
        self.t_s = series.t_s
        if np.isfinite(series.xy).all() and np.isfinite(series.sd_px).all():
            self.xy: Array = series.xy
            self.segment: Array = _MAP @ series.xy
            return
        gone = self._missing.astype(float) @ _USES.T > 0
        self.xy = np.where(self._missing[..., None], np.nan, series.xy)
        self.segment = np.where(gone[..., None], np.nan, _MAP @ np.nan_to_num(self.xy))

    def __getitem__(self, rows: npt.NDArray[np.bool_]) -> Geometry:
        part = object.__new__(Geometry)
        part.__dict__.update({name: value[rows] for name, value in self.__dict__.items()})
        return part

    @cached_property
    def _missing(self) -> npt.NDArray[np.bool_]:
        return ~(np.isfinite(self._sd_px) & np.isfinite(self._series_xy).all(axis=-1))

    def glances(self) -> Iterator[Glance]:
        """Each frame by itself."""
        return map(Glance, self.segment.reshape(-1, 2 * len(SEGMENTS)).tolist())

    @cached_property
    def _sd2(self) -> Array:
        return np.where(self._missing, 0.0, self._sd_px) ** 2

    @cached_property
    def variance(self) -> Array:
        """Variance of each segment per image axis, (n, segments) px^2."""
        return self._sd2 @ _MAP_SQUARED.T

    @cached_property
    def _length2(self) -> Array:
        return np.asarray(np.maximum((self.segment**2).sum(axis=-1), 1e-9))

    @cached_property
    def tilt(self) -> Array:
        """Angle of each segment from straight down, + towards image right, (n, segments) degrees in (-180, 180]."""
        return np.degrees(np.arctan2(self.segment[..., 0], self.segment[..., 1]))

    @cached_property
    def tilt_sd(self) -> Array:
        """Standard deviation of `tilt`, (n, segments) degrees."""
        return np.degrees(np.sqrt(self.variance / self._length2))

    @cached_property
    def bend(self) -> Array:
        """Signed angle from thigh to shank of the left and the right leg, (n, 2) degrees."""
        thigh, shank = self.segment[:, _THIGHS], self.segment[:, _SHANKS]
        cross = thigh[..., 1] * shank[..., 0] - thigh[..., 0] * shank[..., 1]
        return np.asarray(np.degrees(np.arctan2(cross, (thigh * shank).sum(axis=-1))))

    @cached_property
    def bend_sd(self) -> Array:
        """Standard deviation of `bend`, (n, 2) degrees.

        The knee belongs to both segments, so its error enters twice, with opposite signs.
        """
        a, b = self._length2[:, _THIGHS], self._length2[:, _SHANKS]
        dot = (self.segment[:, _THIGHS] * self.segment[:, _SHANKS]).sum(axis=-1)
        shared = 2 * self._sd2[:, _KNEES] * dot / (a * b)
        variance = self.variance[:, _THIGHS] / a + self.variance[:, _SHANKS] / b + shared
        return np.asarray(np.degrees(np.sqrt(np.maximum(variance, 0.0))))

    def length(self, segment: str) -> Array:
        """Length of a segment, (n,) pixels."""
        s = self.segment[:, ROW[segment]]
        return np.hypot(s[:, 0], s[:, 1])

    def along(self, segment: str, axis: int) -> Array:
        """Component of a segment along x (0) or y (1, down), (n,) pixels."""
        return self.segment[:, ROW[segment], axis]

    def tilt_of(self, segment: str) -> Array:
        """Angle of a segment from straight down, + towards image right, (n,) degrees in (-180, 180]."""
        return self.tilt[:, ROW[segment]]

    def bend_of(self, side: str) -> Array:
        """Signed angle from thigh to shank of the leg of a side, (n,) degrees."""
        return self.bend[:, 0 if side == "left" else 1]

    def sd(self, segment: str) -> Array:
        """Standard deviation of each component of a segment, (n,) pixels."""
        return np.sqrt(self.variance[:, ROW[segment]])


def glance(frame: PoseFrame) -> Glance:
    """One frame as `Geometry.glances` would have it, to the last bit."""
    found = np.isfinite(frame.xy)
    if found.all() and np.isfinite(frame.sd_px).all():
        return Glance((_MAP @ frame.xy[None]).ravel().tolist())
    return next(Geometry(PoseSeries.of([frame])).glances()) if found.any() else _NOTHING


_NOTHING: Final = Glance([math.nan] * 2 * len(SEGMENTS))
