"""How far a keypoint may be off, from what its pose model says of it.

A pose model's confidence means something else in every model. A calibration turns it into a standard deviation in
pixels: per body part, a fraction of the person's apparent size against confidence, measured on rendered people with
exact truth (benchmarks/calibrate_keypoints.py writes the tables beside the models). Two things it does not hold: the
constant offset between a landmark and the joint, and gross errors (one leg taken for the other); the tables give the
rate of the latter. Errors of neighbouring pictures are alike, so averaging pictures removes less than 1/sqrt(n).
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kneeline.model.pose import INDEX, KEYPOINTS, Array

PARTS: dict[str, tuple[str, ...]] = {
    "head": ("nose", "eye", "ear", "mouth"),
    "shoulder": ("shoulder",),
    "elbow": ("elbow",),
    "wrist": ("wrist", "pinky", "index", "thumb"),
    "hip": ("hip",),
    "knee": ("knee",),
    "ankle": ("ankle",),
    "heel": ("heel",),
    "toe": ("foot_index",),
}
"""Body parts that are calibrated together, and the words in the names of their keypoints."""

_STEPS = 1000
_FOLDER = Path(__file__).parent / "data"
_MARKER_SD, _TRIANGULATED_SD = 2.0, 15.0
_HOUSE: dict[str, Any] = {  # house default: nobody measured these models here; deliberately wide
    "confidence": [0.0, 0.3, 0.6, 0.9],
    "sd_frac": {part: [0.08, 0.05, 0.03, 0.02] for part in PARTS},
    "outside_frac": 0.1,
}


def part_of(keypoint: str) -> str:
    """Body part of a keypoint.

    >>> part_of("left_foot_index"), part_of("right_index"), part_of("mouth_left")
    ('toe', 'wrist', 'head')
    """
    words = keypoint.removeprefix("left_").removeprefix("right_")
    return next(p for p, names in PARTS.items() if words in names or words.split("_")[0] in names)


_BONES = np.array(
    [
        [INDEX[f"{side}_{part}"] for part in parts for side in ("left", "right")]
        for parts in (("hip", "knee", "shoulder"), ("knee", "ankle", "hip"))
    ]
)
_BONE_ENDS = list(zip(*_BONES.tolist(), strict=True))


def apparent_size(xy: Array) -> Array:
    """(...,) size of a person from keypoints (..., 33, 2), same unit: trunk plus the longer leg along its bones.

    Bending the knees does not change it, turning towards the camera does. Where the trunk or both legs are absent, the
    diagonal of the box around what is there.
    """
    bones = xy[..., _BONES[0], :] - xy[..., _BONES[1], :]
    bones[..., 4, :] = (bones[..., 4, :] + bones[..., 5, :]) / 2  # the trunk, between both sides
    square = bones * bones
    length = np.sqrt(square[..., 0] + square[..., 1])
    legs = length[..., 0:2] + length[..., 2:4]
    size: Array = length[..., 4] + np.fmax(legs[..., 0], legs[..., 1])
    if np.isfinite(size).all():
        return size
    low = np.where(np.isfinite(xy), xy, np.inf).min(axis=-2)
    high = np.where(np.isfinite(xy), xy, -np.inf).max(axis=-2)
    with np.errstate(invalid="ignore"):
        box = np.sqrt(((high - low) ** 2).sum(axis=-1))
    return np.where(np.isfinite(size), size, np.where(np.isfinite(box), box, np.nan))


def _size_of_one(x: Sequence[float], y: Sequence[float]) -> float:
    """`apparent_size` of one person of whom every keypoint was found, to the last bit."""
    across = [x[a] - x[b] for a, b in _BONE_ENDS]
    down = [y[a] - y[b] for a, b in _BONE_ENDS]
    across[4], down[4] = (across[4] + across[5]) / 2, (down[4] + down[5]) / 2
    length = [math.sqrt(dx * dx + dy * dy) for dx, dy in zip(across, down, strict=True)]
    return length[4] + max(length[0] + length[2], length[1] + length[3])


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Turns confidence into the standard deviation of a keypoint's error.

    table: (1001, 33) sd as a fraction of the person's apparent size, by confidence in steps of 0.001.
    outside_frac: least fraction for a keypoint outside the picture, which was guessed, not seen.
    fixed: when not None, every keypoint's sd in the unit of xy, whatever the confidence (markers).
    """

    name: str
    table: Array
    outside_frac: float = 0.1
    fixed: float | None = None

    def sd_px(self, xy: Array, confidence: Array, picture_px: tuple[int, int] | None = None) -> Array:
        """(..., 33) standard deviation along each axis, in the unit of xy; NaN where xy is.

        xy: (..., 33, 2). confidence: (..., 33); NaN, where the model said none, gets its widest row. Where it never
        says any, as files of accepted points do not, all get the surest one.
        picture_px: width and height, if known.

        >>> still = np.array([[x, 3.0 * x] for x in range(33)])
        >>> surer = calibration_for("blazepose-full").sd_px(still, np.full(33, 0.99))
        >>> vague = calibration_for("blazepose-full").sd_px(still, np.full(33, 0.10))
        >>> bool((surer <= vague).all())
        True
        """
        there = np.isfinite(xy[..., 0]) & np.isfinite(xy[..., 1])
        if self.fixed is not None:
            return np.where(there, self.fixed, np.nan)
        # Tables never rise with confidence, so that the first row is the widest; fmax takes the absent there.
        step = np.fmin(np.fmax(confidence, 0.0), 1.0) * _STEPS
        if not np.isfinite(confidence).any():
            step = np.where(np.isnan(confidence), 1.0 * _STEPS, step)
        fraction = self.table[step.astype(np.intp), _COLUMNS]
        if picture_px is not None:
            x, y, (width_px, height_px) = xy[..., 0], xy[..., 1], picture_px
            outside = (x < 0) | (x > width_px) | (y < 0) | (y > height_px)
            fraction = np.where(outside, np.maximum(fraction, self.outside_frac), fraction)
        return np.where(there, fraction * apparent_size(xy)[..., None], np.nan)

    def sd_px_of_one(self, x: Sequence[float], y: Sequence[float], confidence: Array) -> Array:
        """(33,) `sd_px` of one frame, in a third of its time, where every keypoint was found inside the picture.

        confidence: (33,) from 0 to 1, none absent.
        """
        if self.fixed is not None:
            return np.full(len(x), self.fixed)
        return np.asarray(self.table[(confidence * _STEPS).astype(np.intp), _COLUMNS] * _size_of_one(x, y))


_COLUMNS = np.arange(len(KEYPOINTS))


@functools.cache
def calibration_for(model: str) -> Calibration:
    """Calibration of the pose model whose name starts with "blazepose-full" or "blazepose-heavy".

    "marker" means optical markers, 2 units (millimetres); "marker-triangulated" points from several cameras, 15 units.
    Any other name gets 2 % of the person's size where the model is sure, 8 % where not. All three are house defaults.

    >>> calibration_for("some-other-model").name
    'house default'
    """
    if model.startswith("marker"):
        fixed = _TRIANGULATED_SD if model.startswith("marker-triangulated") else _MARKER_SD
        return Calibration("marker (house default)", np.empty((0, len(KEYPOINTS))), fixed=fixed)
    for known in ("blazepose-full", "blazepose-heavy"):
        file = _FOLDER / f"{known}.calibration.json"
        if model.startswith(known) and file.exists():
            return _from_table(known, json.loads(file.read_text(encoding="utf-8")))
    return _from_table("house default", _HOUSE)


def _from_table(name: str, data: dict[str, Any]) -> Calibration:
    steps = np.linspace(0.0, 1.0, _STEPS + 1)
    columns: list[npt.NDArray[np.float64]] = [
        np.interp(steps, data["confidence"], data["sd_frac"][part_of(keypoint)]) for keypoint in KEYPOINTS
    ]
    return Calibration(name, np.stack(columns, axis=1), float(data["outside_frac"]))
