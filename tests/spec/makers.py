"""Recordings made on the spot, and what a command said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from kneeline.capture.poselog import write_pose_log
from kneeline.capture.series import recording
from kneeline.content.load import load_exercise
from kneeline.content.schema import Given
from kneeline.model.pose import PoseSeries
from kneeline.motion.figure import perform

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Ran:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line on stderr; fails when there are more."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


Run = Callable[..., Ran]


def strict(schema: Any) -> Any:
    """The published schema without room for further keys: what we write today has no others."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "required" in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def write_video(
    path: Path, pictures: Iterable[Picture], fps: float = 30.0, times_s: Iterable[float] | None = None
) -> Path:
    """An H.264 file of the pictures, at a steady rate or at given times."""
    stamps = iter(times_s) if times_s is not None else None
    with av.open(str(path), "w") as file:
        stream = None
        for i, picture in enumerate(pictures):
            if stream is None:
                stream = file.add_stream("libx264", options={"preset": "ultrafast"})
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.time_base = stream.time_base = Fraction(1, 90_000)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            t_s = i / fps if stamps is None else next(stamps)
            frame.pts, frame.time_base = round(t_s * 90_000), Fraction(1, 90_000)
            file.mux(stream.encode(frame))
        if stream is not None:
            file.mux(stream.encode(None))
    return path


def read_video(path: Path, every: int = 1) -> Iterator[Picture]:
    """Every so-manieth picture of a file, as RGB."""
    with av.open(str(path)) as file:
        for i, frame in enumerate(file.decode(video=0)):
            if i % every == 0:
                yield frame.to_ndarray(format="rgb24")


def drawn(
    exercise_id: str, reps: int = 3, lift_s: float = 2.0, hold_s: float = 1.0, lower_s: float = 3.0, view: str = "front"
) -> PoseSeries:
    """Keypoints of the reference motion, done so many times."""
    given = Given(reps=reps, lift_s=lift_s, hold_s=hold_s, lower_s=lower_s, view=view, noise_px=1.0)  # type: ignore[arg-type]
    return perform(load_exercise(exercise_id), given).series


def write_log(path: Path, series: PoseSeries) -> Path:
    """A pose log of the keypoints."""
    about = recording(series, source=path.stem, width_px=720, height_px=960, pose_model="blazepose-full")
    write_pose_log(path, series, about)
    return path
