"""Two feet in a close-up from behind, followed by their picture alone: the pose model finds no foot without a body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from kneeline.capture.video import Video, open_video
from kneeline.files import whole_file
from kneeline.model.errors import InputError
from kneeline.model.quantity import NotAssessable
from kneeline.motion.feet import FootRoll, Raise, own_drift, raises, roll_in

Array = npt.NDArray[np.float64]
Gray = npt.NDArray[np.uint8]
Tell = Callable[[float, float | None], None]

MARK_PX: Final = 48
"""Pictures are scaled until the ankle mark is this far above the heel mark."""
LEAST_MARK_PX: Final = 24
"""Below this height a foot is too small for a roll of some degrees. House default."""
MOST_PICTURES: Final = 20_000
"""More than ten minutes of a set; the paths of points are kept in memory. House default."""
POINTS: Final = 400
FEWEST_POINTS: Final = 5
"""Points looked for around the feet, and how few on a foot are too few to follow it. House defaults."""
LANDING_PICTURES: Final = 3
TOP_SHARE: Final = 0.9
"""Pictures that a landing is read from; share of a raise's height from which it is at the top. House defaults."""
AWAY: Final = 1.3
"""What is this far sideways from both ankles, in marked heights, is not foot. House default."""
CAMERA_STILL: Final = 0.06
"""Movement of the picture around the feet, in marked heights, beyond which the camera moved. House default."""

_FLOW: Final = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)


@dataclass(frozen=True, slots=True)
class FootMarks:
    """Two places on one foot in the first picture, as (x, y) pixels of the full picture, y down.

    heel: the middle of the heel's lower edge. ankle: the middle of the leg at the height of the ankle bones.
    """

    heel: tuple[float, float]
    ankle: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SeenRaise:
    """What the pictures of one heel raise show against standing before it; lengths in marked heights.

    drift: (left, right) ankle inward just before landing. around: how far the rest of the picture moved meanwhile.
    apart: how much further the rear feet are from each other at the top.
    """

    when: Raise
    drift: Array
    around: float
    apart: float


def watch_feet(
    path: Path, left: FootMarks, right: FootMarks, tell: Tell = lambda t_s, of_s: None
) -> tuple[FootRoll, ...]:
    """Every heel raise of a close-up from behind, with the roll-in of both feet; the camera stands still.

    Raises: InputError as `look_at_feet`.
    """
    return tuple(map(told, look_at_feet(path, left, right, tell)))


def told(seen: SeenRaise) -> FootRoll:
    """The roll-in of both feet that a raise's pictures tell, or that they tell none."""
    if seen.around > CAMERA_STILL:
        moved = NotAssessable("the camera moved, or the whole person did")
        return FootRoll(seen.when.n, seen.when.start_s, seen.when.end_s, moved, moved)
    rolls = (roll_in(float(drift)) for drift in own_drift(seen.drift))
    return FootRoll(seen.when.n, seen.when.start_s, seen.when.end_s, *rolls)


def look_at_feet(
    path: Path, left: FootMarks, right: FootMarks, tell: Tell = lambda t_s, of_s: None
) -> tuple[SeenRaise, ...]:
    """Every heel raise of a close-up, as its pictures show it.

    Raises: InputError when the marks cannot be feet, when the feet cannot be followed through the recording, or when it
    is too long.
    """
    with open_video(path) as video:
        crop = _crop(np.array([[left.heel, left.ankle], [right.heel, right.ankle]]), video.width_px, video.height_px)
        t_s, paths = _follow(video, crop, tell)
    places = _rear_feet(paths, crop)
    found = raises(t_s, places[:, :, 1].mean(axis=1))
    with open_video(path) as video:
        looked = _pictures(video, crop, t_s, found)
    return tuple(_seen(raised, *pictures, crop, t_s, places) for raised, pictures in zip(found, looked, strict=True))


@dataclass(frozen=True, slots=True)
class _Crop:
    """The part of the picture around the feet. marks: (foot, heel or ankle, xy) in it, px; mark_px: their height."""

    scale: float
    x: slice
    y: slice
    marks: Array
    mark_px: float

    def of(self, rgb: npt.NDArray[np.uint8], width_px: int) -> Gray:
        """Grey picture of the part; width_px: of the full picture, whose pixels the marks were given in."""
        factor = self.scale * width_px / rgb.shape[1]
        gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        if factor < 1:
            gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        elif factor > 1:
            gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(gray[self.y, self.x])


def _crop(marks: Array, width_px: int, height_px: int) -> _Crop:
    if not np.isfinite(marks).all() or (marks < 0).any() or (marks >= [width_px, height_px]).any():
        raise InputError(
            "a mark lies outside the picture",
            expected=f"places within {width_px} x {height_px} pixels",
            try_next="read the places off the first picture",
        )
    height = float((marks[:, 0, 1] - marks[:, 1, 1]).mean())
    if (marks[:, 0, 1] - marks[:, 1, 1]).min() < LEAST_MARK_PX:
        raise InputError(
            "an ankle mark lies too little above its heel mark",
            expected=f"at least {LEAST_MARK_PX} pixels",
            try_next="film the feet from nearer, and mark the heel's lower edge and the ankle",
        )
    if abs(marks[0, 1, 0] - marks[1, 1, 0]) < 0.5 * height:
        raise InputError("both feet are marked at the same place", expected="one heel and one ankle on each foot")
    scale = MARK_PX / height
    low, high = marks.min((0, 1)) * scale, marks.max((0, 1)) * scale
    x0, y0 = max(int(low[0] - 1.5 * MARK_PX), 0), max(int(low[1] - 4 * MARK_PX), 0)
    return _Crop(
        scale,
        slice(x0, int(high[0] + 1.5 * MARK_PX)),
        slice(y0, int(high[1] + 1.0 * MARK_PX)),
        marks * scale - [x0, y0],
        MARK_PX,
    )


def _follow(video: Video, crop: _Crop, tell: Tell) -> tuple[Array, Array]:
    """Times (n,) and the paths of points seen in every picture, (n, points, xy) px."""
    times: list[float] = []
    paths: list[Any] = []
    before: Gray | None = None
    points: Any = None
    alive = np.zeros(0, dtype=np.bool_)
    for t_s, rgb in video:
        gray = crop.of(rgb, video.width_px)
        if before is None:
            points = cv2.goodFeaturesToTrack(gray, POINTS, 0.01, 4)
            if points is None:  # a picture of one colour
                points = np.empty((0, 1, 2), np.float32)
            alive = np.ones(len(points), dtype=np.bool_)
        elif len(points):
            points, status, _ = cv2.calcOpticalFlowPyrLK(before, gray, points, points.copy(), winSize=(15, 15))
            alive &= status[:, 0] > 0
        if len(times) == MOST_PICTURES:
            raise InputError(
                f"{video.path.name} is too long", expected=f"at most {MOST_PICTURES} pictures", try_next="cut it"
            )
        before = gray
        times.append(t_s)
        paths.append(points[:, 0])
        tell(t_s, video.duration_s_hint)
    return np.array(times), np.array(paths, dtype=np.float64)[:, alive]


def _rear_feet(paths: Array, crop: _Crop) -> Array:
    """How far both rear feet are from their marks, (n, foot, xy) in marked heights, x to the right and y up.

    The points that go up and down together are the legs and what they carry; of those, the ones near a mark are a foot.
    """
    height = -(paths[:, :, 1] - np.median(paths[:, :, 1], axis=0))
    common = np.linalg.svd(height - height.mean(axis=0), full_matrices=False)[2][0] if height.size else np.empty(0)
    share = np.abs(common)
    rising = share >= 0.5 * np.quantile(share, 0.9) if len(share) else np.zeros(0, dtype=np.bool_)
    places = []
    for heel, ankle in crop.marks:
        from_ankle = np.abs(paths[0] - [ankle[0], 0.5 * (ankle[1] + heel[1])]) / crop.mark_px
        near = rising & (from_ankle <= [0.8, 1.5]).all(axis=1)
        if near.sum() < FEWEST_POINTS:
            raise InputError(
                "a foot could not be followed",
                expected="both feet and lower legs in the picture all the time, the camera standing still",
                try_next="begin the recording standing still, in good light, and cut off what comes before and after",
            )
        places.append(np.median(paths[:, near] - paths[0, near], axis=1) * [1, -1] / crop.mark_px)
    return np.stack(places, axis=1)


def _pictures(video: Video, crop: _Crop, t_s: Array, found: tuple[Raise, ...]) -> list[tuple[Gray, list[Gray]]]:
    """For each raise the feet standing, and the feet just before landing."""
    wanted = [(int(np.abs(t_s - r.standing_s).argmin()), _between(t_s, *r.landing_s)) for r in found]
    needed = {i for standing, landing in wanted for i in (standing, *landing)}
    kept = {i: crop.of(rgb, video.width_px) for i, (_, rgb) in enumerate(video) if i in needed}
    return [(kept[standing], [kept[i] for i in landing]) for standing, landing in wanted]


def _between(t_s: Array, first_s: float, last_s: float) -> list[int]:
    """Indices of up to `LANDING_PICTURES` times in an interval, the nearest to its middle where there is none."""
    inside = np.flatnonzero((t_s >= first_s) & (t_s <= last_s))
    if not len(inside):
        inside = np.array([np.abs(t_s - 0.5 * (first_s + last_s)).argmin()])
    return [int(i) for i in inside[np.linspace(0, len(inside) - 1, min(len(inside), LANDING_PICTURES)).astype(int)]]


def _seen(raised: Raise, standing: Gray, landing: list[Gray], crop: _Crop, t_s: Array, places: Array) -> SeenRaise:
    *drift, around = np.median([_shown(standing, picture, crop) for picture in landing], axis=0)
    # The distance between the feet, whichever of them is left in the picture.
    gap = np.abs(places[:, 0, 0] - places[:, 1, 0] + (crop.marks[0, 1, 0] - crop.marks[1, 1, 0]) / crop.mark_px)
    height = places[:, :, 1].mean(axis=1)
    during = (t_s >= raised.start_s) & (t_s <= raised.end_s)
    top = during & (height >= TOP_SHARE * height[during].max())
    before = float(gap[np.abs(t_s - raised.standing_s).argmin()])
    return SeenRaise(raised, np.array(drift), float(around), float(np.median(gap[top])) - before)


def _shown(standing: Gray, landing: Gray, crop: _Crop) -> tuple[float, float, float]:
    """Ankle drift inward of the left and right foot, and how far the rest of the picture moved, in marked heights."""
    none = np.zeros((*standing.shape, 2), dtype=np.float32)
    flow = np.asarray(_FLOW.calc(standing, landing, none), dtype=np.float64) / crop.mark_px
    ankles = crop.marks[:, 1]
    rows, columns = np.mgrid[: flow.shape[0], : flow.shape[1]]
    far = (np.abs(columns[..., None] - ankles[:, 0]) > AWAY * crop.mark_px).all(axis=2)
    outside = flow[far & (rows > ankles[:, 1].min())]
    around = float(np.hypot(*np.median(outside, axis=0))) if len(outside) else 0.0
    inward = np.sign(ankles[1, 0] - ankles[0, 0])
    left, right = (_mean_flow(flow, ankle, 0.16 * crop.mark_px)[0] for ankle in ankles)
    return float(inward * left), float(-inward * right), around


def _mean_flow(flow: Array, place: Array, reach_px: float) -> Array:
    """Median flow (x, y) in a square of half width `reach_px` around a place."""
    x, y = place
    part = flow[max(int(y - reach_px), 0) : int(y + reach_px) + 1, max(int(x - reach_px), 0) : int(x + reach_px) + 1]
    return np.asarray(np.median(part.reshape(-1, 2), axis=0))


def write_still(path: Path, out: Path) -> None:
    """Write the first picture of a video, with lines every 100 pixels of the full picture to read places by.

    Raises: InputError as `open_video`, and when `out` is no .png.
    """
    if out.suffix.lower() != ".png":
        raise InputError(f"{out.name} cannot be written", expected="a file that ends in .png")
    with open_video(path) as video:
        picture = next(iter(video))[1]
        size = (video.width_px, video.height_px)
    drawn = cv2.cvtColor(cv2.resize(picture, size), cv2.COLOR_RGB2BGR)
    for axis, length in enumerate(size):
        for at in range(100, length, 100):
            ends = ((at, 0), (at, size[1])) if axis == 0 else ((0, at), (size[0], at))
            cv2.line(drawn, *ends, (255, 255, 255), 1)
            place = (at + 3, 14) if axis == 0 else (3, at - 4)
            cv2.putText(drawn, str(at), place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 3)
            cv2.putText(drawn, str(at), place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)
    with whole_file(out) as unfinished:
        unfinished.write_bytes(cv2.imencode(".png", drawn)[1].tobytes())
