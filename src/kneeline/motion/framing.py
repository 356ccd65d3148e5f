"""Is the person where the camera can judge this exercise? One thing to change at a time, most basic first."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.content.load import Library
from kneeline.content.schema import Camera
from kneeline.model.pose import INDEX, PoseFrame, PoseSeries
from kneeline.motion import view
from kneeline.motion.geometry import Geometry

LOOK_BACK_S: Final = 1.5
"""How much of the past is judged; the same time has to be stood still. House default."""
LOOK_EVERY_S: Final = 0.2
"""It is judged so often; people do not change faster, and it costs as much as ten frames of a set. House default."""
MARGIN: Final = 0.01
"""Head and feet this close to the picture's edge, as a share of it, are cut off. House default."""
SMALLEST: Final = 0.4
"""Head to feet, the person fills at least this share of the picture's height. House default."""
LEGS_SEEN: Final = 0.5
"""Median confidence of the leg's keypoints below which light or clothes are in the way. House default."""
SEEN_SHARE: Final = 0.7
"""Share of the recent frames in which the person has to be found. House default."""
STILL_SHANKS: Final = 0.08
"""Hips and ankles that stay within this, in shank lengths, stand still. House default."""
HAND_UP_S: Final = 0.8
"""A hand above the head for this long is a sign. House default."""

_LEGS = [INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("knee", "ankle", "heel", "foot_index")]
_FEET = [INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("heel", "foot_index")]
_HEAD = [INDEX["nose"], INDEX["left_ear"], INDEX["right_ear"]]
_ENDS = [*_HEAD, *_FEET]
_ARMS = [[INDEX[f"{side}_{part}"] for part in ("wrist", "elbow", "shoulder")] for side in ("left", "right")]


@dataclass(frozen=True, slots=True)
class Advice:
    """The one thing to change before a set can begin; `id` names the sentence, "" when all is well.

    basic: whether nothing can be judged before it is changed.
    """

    id: str
    basic: bool = False


GOOD: Final = Advice("")


class Framing:
    """Watches the last moments of frames.

    camera: where it has to stand. turn: the sentence that says so. side: the leg that is trained, None for both.
    signal: what has to be seen, "" where the view alone decides. strict: a view between two of the wanted will not do.
    """

    def __init__(
        self, camera: Camera, turn: str, library: Library, side: str | None, signal: str = "", *, strict: bool = False
    ) -> None:
        self._camera, self._turn, self._library, self._side = camera, turn, library, side
        self._signal, self._strict = signal, strict
        self._recent: deque[PoseFrame] = deque()
        self._hand_since_s = math.nan
        self._hand_told = False
        self._looked_s, self._alone_s = (math.nan, math.nan), math.nan  # the last two looks; the last at one or nobody
        self._advice, self._advised_s = GOOD, math.nan
        self._stood_still, self._stood_s = False, math.nan

    def add(self, frame: PoseFrame) -> None:
        """Take one frame in."""
        self._recent.append(frame)
        while frame.t_s - self._recent[0].t_s > LOOK_BACK_S:
            self._recent.popleft()
        if frame.people >= 0:
            self._looked_s = self._looked_s[1], frame.t_s
            if frame.people < 2:
                self._alone_s = frame.t_s
        if not _hand_up(frame):
            self._hand_since_s, self._hand_told = math.nan, False
        elif math.isnan(self._hand_since_s):
            self._hand_since_s = frame.t_s

    def hand_raised(self) -> bool:
        """Whether a hand has just been held up long enough; told once for each time it goes up."""
        up = not self._hand_told and self._recent[-1].t_s - self._hand_since_s >= HAND_UP_S
        self._hand_told |= up
        return up

    def crowded(self) -> bool:
        """Whether more than one person was seen all along; frames in which nobody looked say nothing."""
        oldest_s = self._recent[0].t_s
        return self._looked_s[0] >= oldest_s and not self._alone_s >= oldest_s

    def advice(self, picture_px: tuple[int, int]) -> Advice:
        """What to change first, looked at anew some times a second. picture_px: width and height of the picture."""
        t_s = self._recent[-1].t_s
        if not t_s - self._advised_s < LOOK_EVERY_S:
            self._advice, self._advised_s = self._look(picture_px), t_s
        return self._advice

    def _look(self, picture_px: tuple[int, int]) -> Advice:
        found = [frame for frame in self._recent if np.isfinite(frame.xy[_ENDS[0]]).all()]
        if len(found) < max(SEEN_SHARE * len(self._recent), 2):
            return Advice("no_one", basic=True)
        if self.crowded():
            return Advice("someone_else", basic=True)
        series = PoseSeries.of(found)
        placed = _place(series, np.array(picture_px, dtype=float))
        if placed:
            return Advice(placed, basic=True)
        if _median(series.confidence[:, _LEGS]) < LEGS_SEEN:
            return Advice("see_legs")
        return self._view(Geometry(series))

    def still(self) -> bool:
        """Whether the person stood still over the whole look back; looked at anew some times a second."""
        t_s = self._recent[-1].t_s
        if not t_s - self._stood_s < LOOK_EVERY_S:
            self._stood_still, self._stood_s = self._stands_still(), t_s
        return self._stood_still

    def _stands_still(self) -> bool:
        frames = self._recent
        if len(frames) < 4 or frames[-1].t_s - frames[0].t_s < 0.9 * LOOK_BACK_S:
            return False
        g = Geometry(PoseSeries.of(frames))
        shank = np.nanmedian(np.fmax(g.length("shank_left"), g.length("shank_right")))
        points = [INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("hip", "ankle")]
        places = _medians(g.xy[:, points])
        return bool(np.nanmax(np.ptp(places, axis=0)) < STILL_SHANKS * shank) if np.isfinite(places).all() else False

    def _view(self, g: Geometry) -> Advice:
        estimate = view.ViewEstimate()
        for t_s, across, forward in zip(g.t_s.tolist(), *(cue.tolist() for cue in view.cues(g)), strict=True):
            estimate.add(t_s, across, forward)
        facing = view.facing_of(estimate.yaw_deg)
        blind = self._signal and view.refusal(self._library.signals[self._signal], estimate.yaw_deg)
        facings = {"side": ("left", "right")}
        wanted = [name for one in self._camera.views for name in facings.get(one, (one,))]
        if blind or facing not in (wanted if self._strict else (*wanted, "unclear")):
            return Advice(self._turn)
        sideways = facing in ("left", "right")
        if sideways and self._side in ("left", "right") and facing != self._side and "front" not in wanted:
            return Advice("other_leg_nearest")
        return GOOD


def _place(series: PoseSeries, picture_px: npt.NDArray[np.float64]) -> str:
    """Where the person stands wrongly in the picture, or "" when head and feet are well inside it and large enough."""
    ends = series.xy[:, _ENDS] / picture_px
    low, high = _median(np.fmin.reduce(ends, axis=1), axis=0), _median(np.fmax.reduce(ends, axis=1), axis=0)
    if low[1] < MARGIN or high[1] > 1 - MARGIN:
        return "step_back"
    if low[0] < MARGIN or high[0] > 1 - MARGIN:
        return "to_the_middle"
    return "come_closer" if high[1] - low[1] < SMALLEST else ""


def _median(values: npt.NDArray[np.float64], axis: int | None = None) -> npt.NDArray[np.float64]:
    """Median of what is there; numpy's own way around the absent is slow where nothing is."""
    if np.isnan(values).any():
        return np.asarray(np.nanmedian(values, axis=axis))
    return np.asarray(np.median(values, axis=axis))


def _medians(places: npt.NDArray[np.float64], windows: int = 5) -> npt.NDArray[np.float64]:
    """Median place of each point in equal stretches of time, (windows, points, 2): jitter is not movement."""
    return np.stack([np.median(part, axis=0) for part in np.array_split(places, min(windows, len(places)))])


def _hand_up(frame: PoseFrame) -> bool:
    """Whether a wrist is over the head, above its elbow and shoulder."""
    height = frame.xy[:, 1].tolist()  # plain floats: this is asked of every frame
    for wrist, elbow, shoulder in _ARMS:
        if height[wrist] < height[elbow] < height[shoulder]:
            head = [height[part] for part in _HEAD if not math.isnan(height[part])]
            if head and height[wrist] < min(head):
                return True
    return False
