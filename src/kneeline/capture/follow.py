"""From a video to the keypoints of one person, with a word about everybody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from kneeline.capture.blazepose import PersonDetector
from kneeline.capture.pose_model import PoseModel, model_path
from kneeline.capture.video import Video
from kneeline.model.pose import PoseFrame, PoseSeries, Recording

_LOOK_EVERY_S = 0.5
Progress = Callable[[float, float | None], None]


def pose_video(video: Video, model: PoseModel, on_progress: Progress | None = None) -> Iterator[PoseFrame]:
    """One PoseFrame per picture of the video, in pixels of the full-size upright picture.

    People are counted about twice a second on the decoding thread; `people` is -1 on the pictures between.
    on_progress(t_s, duration_s or None) is called after every picture.
    """
    detector = PersonDetector(model_path("full"))
    for t_s, rgb, seen in video.frames(lambda rgb, _: len(detector.find(rgb)), _LOOK_EVERY_S):
        frame = model.track(rgb, t_s)
        people = -1 if seen is None else int(seen)
        if video.scale != 1.0 or people >= 0:
            frame = replace(frame, xy=frame.xy * video.scale, sd_px=frame.sd_px * video.scale, people=people)
        yield frame
        if on_progress is not None:
            on_progress(t_s, video.duration_s_hint)


def recording(
    series: PoseSeries, *, source: str, width_px: int, height_px: int, pose_model: str, warnings: tuple[str, ...] = ()
) -> Recording:
    """What is known about a recording from its frames; sentences about people in view follow the given warnings."""
    steps = np.diff(series.t_s)
    return Recording(
        source,
        width_px,
        height_px,
        pose_model,
        frames=len(series),
        duration_s=float(series.t_s[-1] - series.t_s[0]) if len(series) else 0.0,
        fps_median=float(1.0 / np.median(steps)) if len(steps) else 0.0,
        warnings=warnings,
    )
