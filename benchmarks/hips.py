"""Two other ways to see a pelvis tip: the pose model's own 3-D points, and the picture around the hips.

Neither is part of kneeline: `observe.py` prints what they are worth beside what is. The third that comes to mind, the
outline of the person, is not tried: the landmark model's segmentation branch is cut from the bundle that ships
(scripts/build_pose_task.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from kneeline.capture.blazepose import BlazePose, Region, _Raw
from kneeline.capture.pose_model import model_path
from kneeline.capture.video import open_video
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries

Array = npt.NDArray[np.float64]

MM_PER_M = 1000.0
ABOVE, BELOW, BESIDE = 0.2, 0.2, 0.9
"""The band around the hips: shares of the trunk's length above and below them, and of their distance to either side."""
BLUR_PX, GAUSS_PX = 1.0, 5
STEPS = cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 200, 1e-5


def world_log(video: Path, cache: Path, make: bool) -> PoseSeries | None:
    """The pose model's "world" points as seen from the camera without perspective, millimetres instead of pixels.

    Kept in the cache as NAME.world.npz; None when it is not there and may not be made.
    """
    kept = cache / f"{video.stem}.world.npz"
    if not kept.exists():
        if not make:
            return None
        t_s, xyz = _world(video)
        np.savez_compressed(kept, t_s=t_s, xyz=xyz)
    with np.load(kept) as found:
        t_s, xyz = found["t_s"], found["xyz"]
    there = np.isfinite(xyz[..., 0])
    sure, people = np.where(there, 1.0, np.nan), np.ones(len(t_s), dtype=np.int64)
    return PoseSeries(t_s, xyz[..., :2] * MM_PER_M, np.where(there, 1.0, np.nan), sure, people)


def _world(video: Path) -> tuple[Array, Array]:
    """Times (n,) and points (n, 33, 3) in metres, axes of the picture, from the middle of the hips."""
    model = BlazePose(model_path("full"))
    landmarks = model._landmarks
    output = next(d["index"] for d in landmarks._net.get_output_details() if tuple(d["shape"]) == (1, 117))
    read = landmarks.read
    latest: list[Array] = []

    def read_both(raw: _Raw, region: Region) -> tuple[Array, Array]:
        c, s = math.cos(region.turn_rad), math.sin(region.turn_rad)
        points = landmarks._net.get_tensor(output).reshape(39, 3).astype(np.float64)[: len(KEYPOINTS)]
        latest[:] = [points @ np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])]
        return read(raw, region)

    landmarks.read = read_both  # type: ignore[method-assign]
    times, found = [], []
    with open_video(video) as pictures:
        for t_s, rgb in pictures:
            latest.clear()
            model.track(rgb, t_s)
            times.append(t_s)
            found.append(latest[0] if latest else np.full((len(KEYPOINTS), 3), np.nan))
    return np.array(times), np.array(found)


def picture_turns(
    video: Path, series: PoseSeries, spans: Sequence[tuple[float, float]], cache: Path, make: bool
) -> Array:
    """How far the picture around the hips turned between the two moments of each span, degrees clockwise.

    NaN where nothing fits. The band around the hips at the first moment is laid over the second (enhanced correlation,
    shift and turn only). Kept in the cache as NAME.turns.npy.
    """
    kept = cache / f"{video.stem}.turns.npy"
    if kept.exists():
        found: Array = np.load(kept)
        return found
    if not make:
        return np.full(len(spans), np.nan)
    with open_video(video) as pictures:
        grey = [cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (0, 0), BLUR_PX) for _, rgb in pictures]
        scale = pictures.scale
    last = min(len(grey), len(series)) - 1
    turns = []
    for moments in spans:
        a, b = (min(int(np.searchsorted(series.t_s, t_s)), last) for t_s in moments)
        turns.append(_turn(grey[a], grey[b], series.xy[a] / scale, series.xy[b] / scale))
    np.save(kept, np.array(turns))
    return np.array(turns)


def _turn(first: cv2.typing.MatLike, second: cv2.typing.MatLike, xy: Array, later: Array) -> float:
    left, right = INDEX["left_hip"], INDEX["right_hip"]
    shoulders = (xy[INDEX["left_shoulder"]] + xy[INDEX["right_shoulder"]]) / 2
    hips, moved = (xy[left] + xy[right]) / 2, (later[left] + later[right]) / 2
    if not np.isfinite([shoulders, hips, moved]).all():
        return math.nan
    trunk, half = float(np.linalg.norm(hips - shoulders)), BESIDE * abs(float(xy[left, 0] - xy[right, 0]))
    top, bottom = round(hips[1] - ABOVE * trunk), round(hips[1] + BELOW * trunk)
    side, end = round(hips[0] - half), round(hips[0] + half)
    shift = moved - hips
    start = np.array([[1, 0, side + shift[0]], [0, 1, top + shift[1]]], dtype=np.float32)
    try:
        band = first[top:bottom, side:end]
        blank = np.full(second.shape, 255, dtype=np.uint8)  # every pixel counts
        _, matrix = cv2.findTransformECC(band, second, start, cv2.MOTION_EUCLIDEAN, STEPS, blank, GAUSS_PX)
    except cv2.error:  # it says so when nothing fits
        return math.nan
    return math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))
