"""Keypoints in an image: one frame, and many frames in time order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FACE = ("nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer")
_REST = ("left_ear", "right_ear", "mouth_left", "mouth_right")
_SIDED = ("shoulder", "elbow", "wrist", "pinky", "index", "thumb", "hip", "knee", "ankle", "heel", "foot_index")

KEYPOINTS: tuple[str, ...] = _FACE + _REST + tuple(f"{side}_{part}" for part in _SIDED for side in ("left", "right"))
"""Names of the keypoints, in the order of every array here (BlazePose's own 33, which any other model maps into)."""

INDEX: dict[str, int] = {name: i for i, name in enumerate(KEYPOINTS)}
"""Column of each keypoint."""


@dataclass(frozen=True, slots=True, eq=False)
class PoseFrame:
    """Keypoints of one person in one picture.

    t_s: the frame's own presentation time in seconds.
    xy: (33, 2) pixels, x right, y down, in the upright picture; NaN where a keypoint was not found.
    sd_px: (33,) standard deviation of each keypoint's error in pixels, as its pose model was calibrated; NaN with xy.
    confidence: (33,) the pose model's own figure, 0..1; means something else in every model; NaN where it said none.
    people: how many people were seen at this moment, -1 where nobody looked.
    """

    t_s: float
    xy: Array
    sd_px: Array
    confidence: Array
    people: int = -1

    @staticmethod
    def empty(t_s: float, people: int = 0) -> PoseFrame:
        """A moment at which nobody was found.

        >>> bool(np.isnan(PoseFrame.empty(1.0).xy).all())
        True
        """
        blank = np.full(len(KEYPOINTS), np.nan)
        return PoseFrame(t_s, np.full((len(KEYPOINTS), 2), np.nan), blank, blank, people)


@dataclass(frozen=True, slots=True, eq=False)
class PoseSeries:
    """Frames of one person in time order: PoseFrame with a leading axis of n frames.

    t_s: (n,) seconds. xy: (n, 33, 2). sd_px, confidence: (n, 33). people: (n,) int.
    """

    t_s: Array
    xy: Array
    sd_px: Array
    confidence: Array
    people: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.t_s)

    def __iter__(self) -> Iterator[PoseFrame]:
        for i in range(len(self)):
            yield PoseFrame(float(self.t_s[i]), self.xy[i], self.sd_px[i], self.confidence[i], int(self.people[i]))

    def __getitem__(self, rows: slice | npt.NDArray[np.bool_]) -> PoseSeries:
        return PoseSeries(self.t_s[rows], self.xy[rows], self.sd_px[rows], self.confidence[rows], self.people[rows])

    @staticmethod
    def joined(parts: Sequence[PoseSeries]) -> PoseSeries:
        """Several runs of frames as one, in the order given; at least one.

        >>> one = PoseSeries.of([PoseFrame.empty(0.0)])
        >>> len(PoseSeries.joined([one, one]))
        2
        """
        return PoseSeries(
            np.concatenate([p.t_s for p in parts]),
            np.concatenate([p.xy for p in parts]),
            np.concatenate([p.sd_px for p in parts]),
            np.concatenate([p.confidence for p in parts]),
            np.concatenate([p.people for p in parts]),
        )

    @staticmethod
    def of(frames: Iterable[PoseFrame]) -> PoseSeries:
        """The frames as one series.

        >>> len(PoseSeries.of([PoseFrame.empty(0.0), PoseFrame.empty(0.1)]))
        2
        """
        rows = list(frames)
        k = len(KEYPOINTS)
        if not rows:
            return PoseSeries(
                np.empty(0), np.empty((0, k, 2)), np.empty((0, k)), np.empty((0, k)), np.empty(0, dtype=np.int64)
            )
        if len(rows) == 1:  # the live path: views instead of copies
            (f,) = rows
            people = np.array([f.people], dtype=np.int64)
            return PoseSeries(np.array([f.t_s]), f.xy[None], f.sd_px[None], f.confidence[None], people)
        return PoseSeries(
            np.array([f.t_s for f in rows]),
            np.stack([f.xy for f in rows]),
            np.stack([f.sd_px for f in rows]),
            np.stack([f.confidence for f in rows]),
            np.array([f.people for f in rows], dtype=np.int64),
        )


@dataclass(frozen=True, slots=True)
class Recording:
    """What is known about where frames came from.

    warnings: sentences for the person about the recording as a whole (two people in view, frames dropped ...).
    """

    source: str
    width_px: int
    height_px: int
    pose_model: str
    frames: int = 0
    duration_s: float = 0.0
    fps_median: float = 0.0
    warnings: tuple[str, ...] = field(default=())
