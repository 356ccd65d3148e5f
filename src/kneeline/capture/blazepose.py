"""BlazePose on LiteRT: detector -> region -> landmarks -> next region; raw and unsmoothed.

The steps and their constants are those of MediaPipe Tasks (Apache-2.0; pose_detector_graph.cc,
pose_landmarks_detector_graph.cc, release 0.10.31), written anew with numpy and OpenCV; a contract test holds the two
together. MediaPipe itself is not used: its video mode smooths with no way to switch that off, and kneeline filters
on its own terms.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import tempfile
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from kneeline.capture.calibration import Calibration, calibration_for
from kneeline.model.errors import InputError
from kneeline.model.pose import KEYPOINTS, Array, PoseFrame

if TYPE_CHECKING:
    from kneeline.capture.pose_model import Picture

_DETECTOR_PX, _LANDMARK_PX = 224, 256
_MIN_CONFIDENCE = 0.5  # detection, presence and heat-map peak: MediaPipe's default for all three
_NMS_OVERLAP = 0.3
_REGION_SCALE = 1.25
_MAP_PX = 64  # side of the landmark model's heat maps
_KERNEL = 7  # window on the heat map around a landmark; the legacy solution used 9, Tasks uses 7
_MEMORY_S = 2.0
_NEAR_S = 0.1  # two pictures at 20 per second or more
_MAX_STEP_S = 0.25  # beyond this the person may have left the region of the picture before
# A person's place moves by less than 0.04 region sizes from picture to picture in 40 recordings (24-60 per second); a
# leap beyond 0.05 plus 1 per second is somebody else who walked in front.
_LEAP, _LEAP_PER_S = 0.05, 1.0
_ROOM, _ROOM_PER_S = 0.3, 0.3  # where a lost person may turn up again: unlike the last sight by this, growing
_HOME, _BACK_S, _STAND = 0.1, 0.3, 0.03  # how near, how long and how still sideways somebody must stand to be them


@dataclass(frozen=True, slots=True)
class Region:
    """Square in the picture that holds one person: centre and side in pixels, turn in radians (clockwise on screen).

    confidence: the detector's figure, 0..1; 1 for a region that comes from landmarks.
    """

    x_px: float
    y_px: float
    size_px: float
    turn_rad: float
    confidence: float = 1.0

    def unlike(self, other: Region) -> float:
        """How different two regions are in place and size: 0 is the same, 1 is a whole region apart.

        >>> Region(0, 0, 100, 0).unlike(Region(50, 0, 100, 0))
        0.5
        """
        return self.away(other) + abs(math.log(self.size_px / other.size_px))

    def away(self, other: Region) -> float:
        """Distance of the centres over the larger side."""
        size = max(self.size_px, other.size_px)
        return math.hypot(self.x_px - other.x_px, self.y_px - other.y_px) / size


def _region(start: Array, end: Array, confidence: float = 1.0) -> Region:
    """The region around a person from the middle of the hips and a second point that gives size and direction."""
    dx, dy = float(end[0] - start[0]), float(end[1] - start[1])
    turn = math.pi / 2 - math.atan2(-dy, dx)
    turn -= 2 * math.pi * math.floor((turn + math.pi) / (2 * math.pi))
    return Region(float(start[0]), float(start[1]), 2 * _REGION_SCALE * math.hypot(dx, dy), turn, confidence)


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

    with _without_chatter():
        net = Interpreter(model_content=model, num_threads=1)
        net.allocate_tensors()
    return net


@contextlib.contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep LiteRT's "INFO: Created ... delegate" off stderr, which has no switch; anything else still gets there."""
    try:
        stderr = os.dup(2)
    except OSError:  # a process without stderr
        yield
        return
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            kept.seek(0)
            for line in kept:
                if not line.startswith(b"INFO:"):
                    os.write(2, line)


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
        self._boxes, self._logits = (d["index"] for d in self._net.get_output_details())
        self._anchors = _anchors()

    def find(self, rgb: Picture) -> list[Region]:
        """Everybody in the picture, in its pixels, in falling order of confidence."""
        height, width = rgb.shape[:2]
        side = float(max(width, height))
        whole = Region(width / 2, height / 2, side, 0.0)
        crop = _crop(rgb, whole, _DETECTOR_PX, cv2.BORDER_CONSTANT)
        self._net.set_tensor(self._input, (crop.astype(np.float32) * (2 / 255) - 1)[None])
        self._net.invoke()
        logits = self._net.get_tensor(self._logits)[0, :, 0].astype(np.float64)
        confidence = _sigmoid(np.clip(logits, -100, 100))
        (seen,) = np.nonzero(confidence >= _MIN_CONFIDENCE)
        if len(seen) == 0:
            return []
        raw = self._net.get_tensor(self._boxes)[0, seen].astype(np.float64) / _DETECTOR_PX
        points = raw.reshape(len(seen), 6, 2)  # box centre, box size, then four points
        points[:, [0, 2, 3, 4, 5]] += self._anchors[seen, None]
        corner = np.array([whole.x_px, whole.y_px]) - side / 2
        return [
            _region(corner + side * hips, corner + side * top, sure)
            for hips, top, sure in _weighted_nms(points, confidence[seen])
        ]


def _weighted_nms(points: Array, confidence: Array) -> list[tuple[Array, Array, float]]:
    """Merge overlapping detections into their weighted mean; (hip middle, size point, confidence) of each person."""
    low, high = points[:, 0] - points[:, 1] / 2, points[:, 0] + points[:, 1] / 2
    area = np.prod(high - low, axis=1)
    left = np.argsort(-confidence, kind="stable")
    people = []
    while len(left):
        best = left[0]
        overlap = np.minimum(high[left], high[best]) - np.maximum(low[left], low[best])
        shared = np.prod(np.clip(overlap, 0, None), axis=1)
        same = shared / (area[left] + area[best] - shared) > _NMS_OVERLAP
        same[0] = True
        group = left[same]
        mean = np.average(points[group], axis=0, weights=confidence[group])
        people.append((mean[2], mean[3], float(confidence[best])))
        left = left[~same]
    return people


@dataclass(frozen=True, slots=True, eq=False)
class _Raw:
    """What the landmark model says of one crop: presence 0..1, points (39, 5) in its pixels, flat heat map."""

    presence: float
    points: Array
    heat: npt.NDArray[np.float32]

    @property
    def is_person(self) -> bool:
        return self.presence >= _MIN_CONFIDENCE


class _Landmarks:
    """The landmark model: keypoints of the person inside a region."""

    def __init__(self, task: Path) -> None:
        self._net = _interpreter(_read(task, "pose_landmarks_detector.tflite"))
        self._input = self._net.get_input_details()[0]["index"]
        by_shape = {tuple(d["shape"]): d["index"] for d in self._net.get_output_details()}
        self._points, self._flag = by_shape[1, 195], by_shape[1, 1]
        self._heat = by_shape[1, _MAP_PX, _MAP_PX, 39]
        self._maps = np.arange(39)[:, None]
        offsets = np.arange(_KERNEL) - _KERNEL // 2
        self._dy, self._dx = (a.ravel() for a in np.meshgrid(offsets, offsets, indexing="ij"))
        self._moments = np.stack([np.ones(_KERNEL**2), self._dx, self._dy], axis=1).astype(np.float32)

    @staticmethod
    def crop(rgb: Picture, region: Region) -> npt.NDArray[np.float32]:
        """The model's input."""
        picture = _crop(rgb, region, _LANDMARK_PX, cv2.BORDER_REPLICATE)
        return np.multiply(picture, np.float32(1 / 255))[None]

    def run(self, crop: npt.NDArray[np.float32]) -> _Raw:
        """The model's output; nearly all the time goes here, and other threads run meanwhile."""
        self._net.set_tensor(self._input, crop)
        self._net.invoke()
        points, heat = self._net.get_tensor(self._points), self._net.get_tensor(self._heat)
        return _Raw(float(self._net.get_tensor(self._flag)[0, 0]), points.reshape(39, 5), heat.reshape(-1))

    def read(self, raw: _Raw, region: Region) -> tuple[Array, Array]:
        """(39, 2) pixels in the picture and (39,) visibility."""
        points = raw.points.astype(np.float64)
        xy = self._refine(points[:, :2] / _LANDMARK_PX, raw.heat) - 0.5
        c, s = math.cos(region.turn_rad), math.sin(region.turn_rad)
        turned = xy @ np.array([[c, s], [-s, c]])
        return turned * region.size_px + (region.x_px, region.y_px), _sigmoid(points[:, 3])

    def _refine(self, xy: Array, heat: npt.NDArray[np.float32]) -> Array:
        """Move each point to the weighted middle of the heat map around it, where the map is sure enough."""
        at = (xy * _MAP_PX).astype(np.intp)
        col, row = at[:, :1] + self._dx, at[:, 1:] + self._dy
        off_map = (col < 0) | (col >= _MAP_PX) | (row < 0) | (row >= _MAP_PX)
        cell = (np.clip(row, 0, _MAP_PX - 1) * _MAP_PX + np.clip(col, 0, _MAP_PX - 1)) * 39 + self._maps
        weight = heat.take(cell)
        np.exp(np.negative(weight, out=weight), out=weight)
        np.reciprocal(weight + 1, out=weight)
        weight[off_map] = 0.0
        total, dx, dy = (weight @ self._moments).T.astype(np.float64)
        use = ~off_map[:, _KERNEL**2 // 2] & (weight.max(axis=1) >= _MIN_CONFIDENCE)
        total[~use] = 1.0
        peak = (at + np.stack([dx, dy], axis=1) / total[:, None]) / _MAP_PX
        return np.where(use[:, None], peak, xy)


class BlazePose:
    """One person followed through pictures: the region comes from pictures just before, or from the detector.

    The detector looks when nobody is followed, when the person was lost, or when more than 0.25 s passed. Within 2 s of
    the last sight only a detection near in place and size is taken, the nearest; afterwards the largest. When the place
    leaps, somebody walked in front: nobody is reported until somebody has stood in the old place for 0.3 s.

    The region comes from two pictures before where they are at most 0.1 s apart, so that the next crop can be cut while
    the model still computes (`track_all`); otherwise from the picture before.
    """

    def __init__(self, task: Path, kind: str = "full") -> None:
        self._detector, self._landmarks = PersonDetector(task), _Landmarks(task)
        self._calibration: Calibration = calibration_for(f"blazepose-{kind}")
        self._kind = kind
        self._version = f"{hashlib.sha256(task.read_bytes()).hexdigest()[:12]}, litert, unsmoothed"
        self._recent: deque[tuple[float, Region]] = deque(maxlen=2)  # of the last two pictures, if the person was there
        self._last: tuple[float, Region] | None = None  # last sight of the person followed
        self._hidden = False  # somebody else is in front since the last sight
        self._back: tuple[float, Region] | None = (
            None  # since when, and where, somebody stands in the hidden person's place
        )

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
        region = self._expected(t_s)
        return self._settle(rgb, t_s, region, None if region is None else self._run(rgb, region))

    def track_all(self, pictures: Iterable[tuple[float, Picture]]) -> Iterator[PoseFrame]:
        """As `track` on each (t_s, rgb) in turn, one picture late: everything but the model runs beside the model."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="kneeline-pose") as worker:
            running: tuple[tuple[Picture, float, Region], Future[_Raw | None]] | None = None
            for t_s, rgb in pictures:
                if running is not None:
                    before, future = running
                    running = None
                    if region := self._from_before_last(t_s, self._recent):
                        crop = self._landmarks.crop(rgb, region)
                        running = (rgb, t_s, region), worker.submit(self._run_after, future, crop)
                    raw = future.result()
                    if running is not None and (raw is None or not raw.is_person):
                        running[1].result()  # None, but the model must be at rest before others use it
                        running = None
                    yield self._settle(*before, raw)
                    if running is not None:
                        continue
                region = self._expected(t_s)
                if region is None:
                    yield self._settle(rgb, t_s, None, None)
                else:
                    crop = self._landmarks.crop(rgb, region)
                    running = (rgb, t_s, region), worker.submit(self._run_after, None, crop)
            if running is not None:
                yield self._settle(*running[0], running[1].result())

    def _run_after(self, before: Future[_Raw | None] | None, crop: npt.NDArray[np.float32]) -> _Raw | None:
        """The model's output, unless the person was lost in the picture before: then the crop is of the wrong place."""
        raw = None if before is None else before.result()  # done: the worker takes one after the other
        return None if before is not None and (raw is None or not raw.is_person) else self._landmarks.run(crop)

    def detect(self, rgb: Picture, t_s: float) -> PoseFrame:
        """Keypoints of the detector's best person, whatever was seen before (MediaPipe's IMAGE mode)."""
        best = next(iter(self._detector.find(rgb)), None)
        raw = None if best is None else self._run(rgb, best)
        if best is None or raw is None or not raw.is_person:
            return PoseFrame.empty(t_s, people=-1)
        xy, visibility = (points[: len(KEYPOINTS)] for points in self._landmarks.read(raw, best))
        return self._frame(t_s, xy, visibility, rgb)

    def _frame(self, t_s: float, xy: Array, visibility: Array, rgb: Picture) -> PoseFrame:
        """Keypoints with their errors, which outside the picture are as wide as `read_pose_log` makes them."""
        sd_px = self._calibration.sd_px(xy, visibility, (rgb.shape[1], rgb.shape[0]))
        return PoseFrame(t_s, xy, sd_px, visibility, -1)

    def _run(self, rgb: Picture, region: Region) -> _Raw:
        return self._landmarks.run(self._landmarks.crop(rgb, region))

    @staticmethod
    def _from_before_last(t_s: float, recent: Sequence[tuple[float, Region]]) -> Region | None:
        """The region of the last of `recent`, which ends two pictures before the one at t_s, if that is near enough."""
        return recent[-1][1] if recent and t_s - recent[-1][0] <= _NEAR_S else None

    def _expected(self, t_s: float) -> Region | None:
        """Where the person should be, with the picture before already settled."""
        if not self._recent or t_s - self._recent[-1][0] > _MAX_STEP_S:
            return None
        return self._from_before_last(t_s, list(self._recent)[:-1]) or self._recent[-1][1]

    def _settle(self, rgb: Picture, t_s: float, region: Region | None, raw: _Raw | None) -> PoseFrame:
        """Keypoints from what the model said; where that is nobody, the detector looks for the person again."""
        if self._last is not None and t_s - self._last[0] > _MEMORY_S:
            self._hidden = False
        if self._hidden or region is None or raw is None or not raw.is_person:
            self._recent.clear()
            region = self._acquire(rgb, t_s)
            raw = None if region is None else self._run(rgb, region)
            if region is None or raw is None or not raw.is_person:
                self._back = None
                return PoseFrame.empty(t_s, people=-1)
        xy, visibility = self._landmarks.read(raw, region)
        n = len(KEYPOINTS)  # two further points steer the region
        if not self._is_same_person(t_s, _region(xy[n], xy[n + 1])):
            return PoseFrame.empty(t_s, people=-1)
        return self._frame(t_s, xy[:n], visibility[:n], rgb)

    def _is_same_person(self, t_s: float, place: Region) -> bool:
        """Whether the place just found continues the person followed; moves on when it does."""
        if self._last is not None:
            gap_s = t_s - self._last[0]
            if self._hidden:
                if place.away(self._last[1]) > _HOME:
                    self._back = None
                elif self._back is None or abs(place.x_px - self._back[1].x_px) > _STAND * place.size_px:
                    self._back = t_s, place  # passers-by move sideways, exercises hardly
                self._hidden = self._back is None or t_s - self._back[0] < _BACK_S
            elif gap_s <= _MAX_STEP_S and place.away(self._last[1]) > _LEAP + _LEAP_PER_S * gap_s:
                self._hidden, self._back = True, None
            if self._hidden:
                self._recent.clear()
                return False
        self._last = (t_s, place)
        self._recent.append(self._last)
        return True

    def _acquire(self, rgb: Picture, t_s: float) -> Region | None:
        people = self._detector.find(rgb)
        if self._last is not None and t_s - self._last[0] <= _MEMORY_S:
            room = _ROOM + _ROOM_PER_S * (t_s - self._last[0])
            return min((p for p in people if p.unlike(self._last[1]) <= room), key=self._last[1].unlike, default=None)
        return max(people, key=lambda person: person.size_px, default=None)
