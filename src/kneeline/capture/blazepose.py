"""BlazePose on LiteRT: detector -> region -> landmarks -> next region; raw and unsmoothed.

The steps and their constants are those of MediaPipe Tasks (Apache-2.0; pose_detector_graph.cc,
pose_landmarks_detector_graph.cc, release 0.10.31), written anew with numpy and OpenCV; a contract test holds the two
together. MediaPipe itself is not used: its video mode smooths with no way to switch that off, and kneeline filters
on its own terms.
"""

from __future__ import annotations

import hashlib
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kneeline.capture.calibration import Calibration, calibration_for
from kneeline.model.errors import InputError
from kneeline.model.pose import KEYPOINTS, Array, PoseFrame

if TYPE_CHECKING:
    from kneeline.capture.pose_model import Picture

_DETECTOR_PX, _LANDMARK_PX = 224, 256
_MIN_SCORE = 0.5  # detection, presence and heat-map peak: MediaPipe's default for all three
_NMS_OVERLAP = 0.3
_REGION_SCALE = 1.25
_KERNEL = 7  # heat-map refinement window; the legacy solution used 9, Tasks uses 7
_MEMORY_S = 2.0
_MAX_STEP_S = 0.25  # beyond this the person may have left the region of the picture before


@dataclass(frozen=True, slots=True)
class Region:
    """Square in the picture that holds one person: centre and side in pixels, turn in radians (clockwise on screen).

    score: the detector's figure, 0..1; 1 for a region that comes from landmarks.
    """

    x_px: float
    y_px: float
    size_px: float
    turn_rad: float
    score: float = 1.0

    def unlike(self, other: Region) -> float:
        """How different two regions are in place and size: 0 is the same, 1 is a whole region apart.

        >>> Region(0, 0, 100, 0).unlike(Region(50, 0, 100, 0))
        0.5
        """
        size = max(self.size_px, other.size_px)
        away = math.hypot(self.x_px - other.x_px, self.y_px - other.y_px) / size
        return away + abs(math.log(self.size_px / other.size_px))


def _region(start: Array, end: Array, score: float = 1.0) -> Region:
    """The region around a person from the middle of the hips and a second point that gives size and direction."""
    dx, dy = float(end[0] - start[0]), float(end[1] - start[1])
    turn = math.pi / 2 - math.atan2(-dy, dx)
    turn -= 2 * math.pi * math.floor((turn + math.pi) / (2 * math.pi))
    return Region(float(start[0]), float(start[1]), 2 * _REGION_SCALE * math.hypot(dx, dy), turn, score)


def _crop(rgb: Picture, region: Region, side: int, border: int) -> Picture:
    """The region, turned upright, as a side x side picture."""
    box = ((region.x_px, region.y_px), (region.size_px, region.size_px), math.degrees(region.turn_rad))
    corners = np.array([[0, side], [0, 0], [side, 0], [side, side]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(cv2.boxPoints(box), corners)
    out = cv2.warpPerspective(rgb, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border)
    return out  # type: ignore[return-value]


def _sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def _interpreter(model: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    net = Interpreter(model_content=model, num_threads=1)
    net.allocate_tensors()
    return net


def _read(task: Path, part: str) -> bytes:
    try:
        with zipfile.ZipFile(task) as bundle:
            return bundle.read(part)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{task.name} cannot be read as a pose model bundle",
            expected="a file built by scripts/build_pose_task.py",
            try_next="build or install it again",
        ) from error


def _anchors() -> Array:
    """(2254, 2) centres of the detector's anchors, as fractions of its input; two per cell on 28, 14 and three 7 grids.

    The three coarse layers share one stride, so their six anchors per cell lie together.

    >>> _anchors().shape
    (2254, 2)
    """
    layers = []
    for grid, per_cell in ((28, 2), (14, 2), (7, 6)):
        y, x = np.mgrid[0:grid, 0:grid]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / grid
        layers.append(np.repeat(centres, per_cell, axis=0))
    return np.concatenate(layers)


class PersonDetector:
    """Finds people in a picture; each is a Region, best first. One instance belongs to one thread."""

    def __init__(self, task: Path) -> None:
        self._net = _interpreter(_read(task, "pose_detector.tflite"))
        self._input = self._net.get_input_details()[0]["index"]
        self._boxes, self._scores = (d["index"] for d in self._net.get_output_details())
        self._anchors = _anchors()

    def find(self, rgb: Picture) -> list[Region]:
        """Everybody in the picture, in its pixels, in falling order of score."""
        height, width = rgb.shape[:2]
        side = float(max(width, height))
        whole = Region(width / 2, height / 2, side, 0.0)
        crop = _crop(rgb, whole, _DETECTOR_PX, cv2.BORDER_CONSTANT)
        self._net.set_tensor(self._input, (crop.astype(np.float32) * (2 / 255) - 1)[None])
        self._net.invoke()
        logits = self._net.get_tensor(self._scores)[0, :, 0].astype(np.float64)
        scores = _sigmoid(np.clip(logits, -100, 100))
        (seen,) = np.nonzero(scores >= _MIN_SCORE)
        if len(seen) == 0:
            return []
        raw = self._net.get_tensor(self._boxes)[0, seen].astype(np.float64) / _DETECTOR_PX
        points = raw.reshape(len(seen), 6, 2)  # box centre, box size, then four points
        points[:, [0, 2, 3, 4, 5]] += self._anchors[seen, None]
        corner = np.array([whole.x_px, whole.y_px]) - side / 2
        return [
            _region(corner + side * hips, corner + side * top, score)
            for hips, top, score in _weighted_nms(points, scores[seen])
        ]


def _weighted_nms(points: Array, scores: Array) -> list[tuple[Array, Array, float]]:
    """Merge overlapping detections into their score-weighted mean; (hip middle, size point, score) of each person."""
    low, high = points[:, 0] - points[:, 1] / 2, points[:, 0] + points[:, 1] / 2
    area = np.prod(high - low, axis=1)
    left = np.argsort(-scores, kind="stable")
    people = []
    while len(left):
        best = left[0]
        overlap = np.minimum(high[left], high[best]) - np.maximum(low[left], low[best])
        shared = np.prod(np.clip(overlap, 0, None), axis=1)
        same = shared / (area[left] + area[best] - shared) > _NMS_OVERLAP
        same[0] = True
        group = left[same]
        mean = np.average(points[group], axis=0, weights=scores[group])
        people.append((mean[2], mean[3], float(scores[best])))
        left = left[~same]
    return people


class _Landmarks:
    """The landmark model: keypoints of the person inside a region."""

    def __init__(self, task: Path) -> None:
        self._net = _interpreter(_read(task, "pose_landmarks_detector.tflite"))
        self._input = self._net.get_input_details()[0]["index"]
        by_shape = {tuple(d["shape"]): d["index"] for d in self._net.get_output_details()}
        self._points, self._flag, self._heat = by_shape[1, 195], by_shape[1, 1], by_shape[1, 64, 64, 39]
        self._rows = np.arange(39)
        reach = np.arange(_KERNEL) - _KERNEL // 2
        self._dy, self._dx = (a.ravel() for a in np.meshgrid(reach, reach, indexing="ij"))

    def find(self, rgb: Picture, region: Region) -> tuple[Array, Array, float]:
        """(39, 2) pixels, (39,) visibility, and how sure it is that a person is there (0..1)."""
        crop = _crop(rgb, region, _LANDMARK_PX, cv2.BORDER_REPLICATE)
        self._net.set_tensor(self._input, np.multiply(crop, np.float32(1 / 255))[None])
        self._net.invoke()
        presence = float(self._net.get_tensor(self._flag)[0, 0])
        rows = self._net.get_tensor(self._points).reshape(39, 5).astype(np.float64)
        xy = self._refine(rows[:, :2] / _LANDMARK_PX) - 0.5
        c, s = math.cos(region.turn_rad), math.sin(region.turn_rad)
        turned = xy @ np.array([[c, s], [-s, c]])
        return turned * region.size_px + (region.x_px, region.y_px), _sigmoid(rows[:, 3]), presence

    def _refine(self, xy: Array) -> Array:
        """Move each point to the weighted middle of the heat map around it, where the map is sure enough."""
        heat = self._net.get_tensor(self._heat)[0]
        height, width = heat.shape[:2]
        at = np.trunc(xy * (width, height)).astype(int)
        col, row = at[:, :1] + self._dx, at[:, 1:] + self._dy
        inside = (col >= 0) & (col < width) & (row >= 0) & (row < height)
        patch = heat[np.clip(row, 0, height - 1), np.clip(col, 0, width - 1), self._rows[:, None]].astype(np.float64)
        weight = np.where(inside, _sigmoid(patch), 0.0)
        middle = (at >= 0).all(axis=1) & (at[:, 0] < width) & (at[:, 1] < height)
        use = middle & (weight.max(axis=1) >= _MIN_SCORE)
        total = np.where(use, weight.sum(axis=1), 1.0)
        peak = np.stack([(weight * col).sum(axis=1) / width, (weight * row).sum(axis=1) / height], axis=1)
        return np.where(use[:, None], peak / total[:, None], xy)


class BlazePose:
    """One person followed through pictures: the region comes from the picture before, or from the detector.

    The detector looks when nobody is followed, when the person was lost, or when more than 0.25 s passed. Within 2 s
    of the last sight the detection nearest in place and size is taken, afterwards the largest.
    """

    def __init__(self, task: Path, kind: str = "full") -> None:
        self._detector, self._landmarks = PersonDetector(task), _Landmarks(task)
        self._calibration: Calibration = calibration_for(f"blazepose-{kind}")
        self._kind = kind
        self._version = f"{hashlib.sha256(task.read_bytes()).hexdigest()[:12]}, litert, unsmoothed"
        self._region: Region | None = None  # where the person should be in the next picture
        self._last: Region | None = None
        self._last_s = -math.inf

    @property
    def name(self) -> str:
        """blazepose-full or blazepose-heavy."""
        return f"blazepose-{self._kind}"

    @property
    def version(self) -> str:
        """Start of the bundle's sha256, and the pipeline."""
        return self._version

    def track(self, rgb: Picture, t_s: float) -> PoseFrame:
        """Keypoints of the person followed; empty when nobody is found. people is -1: nobody counted."""
        found = None
        if self._region is not None and t_s - self._last_s <= _MAX_STEP_S:
            found = self._look(rgb, self._region)
        if found is None:
            region = self._acquire(rgb, t_s)
            found = None if region is None else self._look(rgb, region)
        if found is None:
            self._region = None
            return PoseFrame.empty(t_s, people=-1)
        xy, confidence = found
        self._last_s = t_s
        return PoseFrame(t_s, xy, self._calibration.sd_px(xy, confidence), confidence, -1)

    def detect(self, rgb: Picture, t_s: float) -> PoseFrame:
        """Keypoints of the detector's best person, whatever was seen before (MediaPipe's IMAGE mode)."""
        self._region = self._last = None
        best = self._detector.find(rgb)[:1]
        found = self._look(rgb, best[0]) if best else None
        if found is None:
            return PoseFrame.empty(t_s, people=-1)
        return PoseFrame(t_s, found[0], self._calibration.sd_px(*found), found[1], -1)

    def _look(self, rgb: Picture, region: Region) -> tuple[Array, Array] | None:
        """Keypoints (33, 2) and visibility (33,) in the region, which moves on; None when no person is there."""
        xy, visibility, presence = self._landmarks.find(rgb, region)
        if presence < _MIN_SCORE:
            return None
        n = len(KEYPOINTS)  # two further points steer the region
        self._region = self._last = _region(xy[n], xy[n + 1])
        return xy[:n], visibility[:n]

    def _acquire(self, rgb: Picture, t_s: float) -> Region | None:
        people = self._detector.find(rgb)
        if not people:
            return None
        if self._last is not None and t_s - self._last_s <= _MEMORY_S:
            return min(people, key=self._last.unlike)
        return max(people, key=lambda person: person.size_px)
