"""From a video to the keypoints of one person, with a word about everybody else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kneeline.capture.blazepose import PersonDetector
from kneeline.capture.pose_model import PoseModel, StreamingPoseModel, model_path, open_pose_model
from kneeline.capture.series import recording
from kneeline.capture.video import Video, open_video
from kneeline.model.pose import PoseFrame, PoseSeries, Recording

if TYPE_CHECKING:
    from kneeline.capture.pose_model import Picture

_LOOK_EVERY_S = 0.5
Progress = Callable[[float, float | None], None]


def read_video(
    path: str | Path,
    model: PoseModel | None = None,
    on_progress: Progress | None = None,
    on_frame: Callable[[PoseFrame], object] | None = None,
) -> tuple[PoseSeries, Recording]:
    """Keypoints of the person in a video, and what is known about the recording; BlazePose full unless told otherwise.

    on_progress(t_s, duration_s or None) and on_frame(frame) are called after every picture.

    Raises: InputError as `open_video` does.
    """
    model = model or open_pose_model()
    with open_video(path) as video:
        frames = []
        for frame in pose_video(video, model, on_progress):
            frames.append(frame)
            if on_frame is not None:
                on_frame(frame)
        series = PoseSeries.of(frames)
        about = recording(
            series,
            source=video.path.name,
            width_px=video.width_px,
            height_px=video.height_px,
            pose_model=model.name,
            warnings=video.warnings,
        )
    return series, about


def pose_video(video: Video, model: PoseModel, on_progress: Progress | None = None) -> Iterator[PoseFrame]:
    """One PoseFrame per picture of the video, in pixels of the full-size upright picture.

    People are counted about twice a second on the decoding thread; `people` is -1 on the pictures between.
    on_progress(t_s, duration_s or None) is called after every picture.
    """
    detector = PersonDetector(model_path("full"))
    counts: deque[int] = deque()

    def pictures() -> Iterator[tuple[float, Picture]]:
        for t_s, rgb, seen in video.frames(lambda rgb, _: len(detector.find(rgb)), _LOOK_EVERY_S):
            counts.append(-1 if seen is None else int(seen))
            yield t_s, rgb

    frames = (
        model.track_all(pictures())
        if isinstance(model, StreamingPoseModel)
        else (model.track(rgb, t_s) for t_s, rgb in pictures())
    )
    for frame in frames:
        yield replace(frame, xy=frame.xy * video.scale, sd_px=frame.sd_px * video.scale, people=counts.popleft())
        if on_progress is not None:
            on_progress(frame.t_s, video.duration_s_hint)
