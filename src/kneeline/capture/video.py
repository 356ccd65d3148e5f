"""Pictures of a video file, upright, with their own presentation times, decoded beside the caller's work."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import av
import cv2
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from kneeline.model.errors import InputError

if TYPE_CHECKING:
    from kneeline.capture.pose_model import Picture

LONG_SIDE_PX = 1920
"""Longer pictures are scaled down to this: the pose model sees 256 pixels of a person, and memory stays flat."""

_QUEUE = 3  # decoded pictures waiting; more only costs memory
_HARD_TO_TIME_FPS = 4.0
_NOT_VIDEO = frozenset({"tty", "srt", "ass", "webvtt", "lrc", "hls", "concat", "dash", "sdp"})
_ONE_THREAD = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}  # older PyAV has no such choice
Matrix = np.ndarray[Any, np.dtype[np.int64]]
Look = Callable[["Picture", float], Any]


def open_video(path: str | Path) -> Video:
    """The video in the file, opened as far as its first picture; use it in a `with` statement.

    Raises: InputError when the file is missing, empty, no video, only sound, or holds no picture that can be decoded.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"there is no file {path}", try_next="check the path")
    if path.is_dir():
        raise InputError(f"{path} is a folder", expected="one video file", try_next="name a file in it")
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty (0 bytes)", expected="a video file", try_next="copy it again")
    try:
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise InputError(f"{path.name} may not be read", try_next="check the file's permissions") from error
        raise _not_a_video(path) from error
    try:
        return Video(path, container)
    except BaseException:
        container.close()
        raise


def _not_a_video(path: Path) -> InputError:
    return InputError(
        f"{path.name} cannot be read as a video; it may be cut off, or another kind of file",
        expected="an MP4, MOV, WebM, AVI or GIF file",
        try_next="play it in a video player, and export or copy it again",
    )


class Video:
    """Pictures of one video file; iterating once gives (t_s, rgb).

    t_s: seconds since the first picture shown, from the file's own time stamps; always rising.
    rgb: (height, width, 3) uint8, upright, the long side at most 1920 px.
    width_px, height_px: the upright picture at its full size; scale: full size over size of `rgb`.
    duration_s_hint: what the file says of itself, None where it says nothing.
    warnings: sentences about what was wrong with the file, complete after the iteration.
    """

    def __init__(self, path: Path, container: Any) -> None:
        self.path, self._container = path, container
        self._stream = _video_stream(path, container)
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = min(4, os.cpu_count() or 1)  # each holds a picture
        self._to_rgb = VideoReformatter()  # one for all: a frame's own starts threads for every picture
        self.warnings: tuple[str, ...] = ()
        self._dropped = {"time": 0, "broken": 0, "size": 0}
        self._clock = _Clock(self._stream)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pictures = self._decode()
        try:
            first = next(self._pictures)
        except StopIteration:
            raise InputError(
                f"{path.name} holds no picture that can be decoded",
                expected="a video with at least one picture",
                try_next="play it in a video player, and export or copy it again",
            ) from None
        self._first: tuple[float, Any] | None = first  # None once it was given out
        self._matrix = _display_matrix(first[1])  # once: asking a frame for it keeps the frame alive for long
        self.width_px, self.height_px = _upright_size(first[1], self._stream, self._matrix)
        self._shape = _fit(self.width_px, self.height_px)
        self.scale = self.width_px / self._shape[0]
        self.duration_s_hint = self._duration_hint()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; a running iteration must not go on."""
        self._halt()
        self._pictures.close()
        self._container.close()

    def __iter__(self) -> Iterator[tuple[float, Picture]]:
        for t_s, rgb, _ in self.frames():
            yield t_s, rgb

    def frames(self, look: Look | None = None, every_s: float = 0.5) -> Iterator[tuple[float, Picture, Any]]:
        """(t_s, rgb, seen): as iteration, with what `look(rgb, t_s)` said about every `every_s` seconds, else None.

        `look` runs on the decoding thread, so it costs the caller no time.
        """
        if self._first is None or self._thread is not None:
            raise ValueError("a Video can be iterated once")
        waiting: queue.Queue[Any] = queue.Queue(maxsize=_QUEUE)

        def hand_over(item: Any) -> None:
            while not self._stop.is_set():
                with contextlib.suppress(queue.Full):
                    waiting.put(item, timeout=0.1)
                    return

        def work() -> None:
            end: BaseException | None = None
            try:
                for item in self._looked(look, every_s):
                    hand_over(item)
                    if self._stop.is_set():
                        return
            except BaseException as error:  # the caller raises it
                end = error
            hand_over(end)

        self._thread = threading.Thread(target=work, name="kneeline-decode", daemon=True)
        self._thread.start()
        try:
            while (item := waiting.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self._halt()

    def _halt(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _looked(self, look: Look | None, every_s: float) -> Iterator[tuple[float, Picture, Any]]:
        next_look = 0.0
        last = count = 0.0
        pending, self._first = self._first, None
        while pending is not None:
            t_s, frame = pending
            rgb = self._upright(frame)
            if rgb is None:
                self._dropped["size"] += 1
            else:
                seen = None
                if look is not None and t_s >= next_look:
                    seen, next_look = look(rgb, t_s), t_s + every_s
                last, count = t_s, count + 1
                yield t_s, rgb, seen
            pending = next(self._pictures, None)
        self.warnings = self._warnings(last, int(count))

    def _decode(self) -> Generator[tuple[float, Any], None, None]:
        """(t_s, frame) as decoded, with rising times; what cannot be decoded is counted."""
        start = last = None
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                return
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self._dropped["broken"] += 1
                continue
            for frame in frames:
                t_s = self._clock.read(frame)
                if frame.is_corrupt and start is None:
                    self._dropped["broken"] += 1
                    continue
                if last is not None and t_s <= last:
                    self._dropped["time"] += 1
                    continue
                start = t_s if start is None else start
                last = t_s
                yield t_s - start, frame

    def _upright(self, frame: Any) -> Picture | None:
        """The picture as shown: square pixels, turned, at working size; None when its shape changed midway."""
        matrix = self._matrix
        sideways = matrix[0, 0] == 0
        width, height = self._shape[::-1] if sideways else self._shape
        full_width, full_height = _upright_size(frame, self._stream, matrix)
        if abs(full_width / full_height / (self.width_px / self.height_px) - 1) > 0.02:
            return None
        try:
            flat = self._to_rgb.reformat(frame, width=width, height=height, format="rgb24", **_ONE_THREAD)
            rgb: Picture = flat.to_ndarray()  # type: ignore[assignment]
        except (av.FFmpegError, ValueError):
            return None
        if sideways:
            rgb = cv2.transpose(rgb)  # type: ignore[assignment]
        along_x, along_y = matrix[:, 0].sum(), matrix[:, 1].sum()
        if along_x < 0 or along_y < 0:
            code = -1 if along_x < 0 and along_y < 0 else (1 if along_x < 0 else 0)
            rgb = cv2.flip(rgb, code)  # type: ignore[assignment]
        return np.ascontiguousarray(rgb)

    def _duration_hint(self) -> float | None:
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    def _warnings(self, last_s: float, count: int) -> tuple[str, ...]:
        said = []
        if self._dropped["time"]:
            said.append(f"{_pictures(self._dropped['time'])} left out: the time stamp repeats or runs backwards.")
        if self._dropped["broken"]:
            said.append(f"{_pictures(self._dropped['broken'])} left out: damaged.")
        if self._dropped["size"]:
            said.append(f"{_pictures(self._dropped['size'])} left out: another shape than the first.")
        promised = self.duration_s_hint or 0.0
        if count > 1 and promised - last_s > max(1.0, 0.1 * promised):
            said.append(f"The file should last {promised:.1f} s but ends after {last_s:.1f} s; what is there was used.")
        if count == 1:
            said.append("The file holds one picture: nothing that moves can be measured.")
        elif last_s > 0 and (fps := (count - 1) / last_s) < _HARD_TO_TIME_FPS:
            said.append(f"Only {fps:.1f} pictures per second: times are good to {1 / fps:.1f} s at best.")
        return tuple(said)


class _Clock:
    """Presentation times in seconds; where the file has none, they follow from its frame rate."""

    def __init__(self, stream: Any) -> None:
        rate = stream.average_rate or stream.base_rate or Fraction(30)
        self._step = 1.0 / float(rate)
        self._last: float | None = None

    def read(self, frame: Any) -> float:
        if frame.pts is not None and frame.time_base:
            t_s = float(frame.pts * frame.time_base)
        else:
            t_s = 0.0 if self._last is None else self._last + self._step
        self._last = t_s
        return t_s


def _pictures(n: int) -> str:
    return "1 picture" if n == 1 else f"{n} pictures"


def _video_stream(path: Path, container: Any) -> Any:
    names = set(container.format.name.split(","))
    if names & _NOT_VIDEO:
        raise _not_a_video(path)
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:  # the cover of a song is no video
            return stream
    if container.streams.audio:
        raise InputError(
            f"{path.name} holds sound but no pictures", expected="a video file", try_next="choose another file"
        )
    raise _not_a_video(path)


def _display_matrix(frame: Any) -> Matrix:
    """(2, 2) of -1, 0, 1: where the picture's x and y axes (rows) lie on the screen (columns x right, y down).

    From FFmpeg's display matrix (libavutil/display.h): screen = (x, y) @ matrix. Mirrors are kept, since a mirrored
    picture swaps left and right.
    """
    data = next((d for d in frame.side_data if d.type.name == "DISPLAYMATRIX"), None)
    if data is None:
        return np.eye(2, dtype=np.int64)
    values = np.frombuffer(bytes(data), dtype=np.int32)[[0, 1, 3, 4]].reshape(2, 2).astype(np.float64)
    size = np.abs(values).max()
    nearest = np.rint(values / size).astype(np.int64) if size else np.eye(2, dtype=np.int64)
    return nearest if abs(round(float(np.linalg.det(nearest)))) == 1 else np.eye(2, dtype=np.int64)


def _upright_size(frame: Any, stream: Any, matrix: Matrix) -> tuple[int, int]:
    ratio = stream.sample_aspect_ratio
    width, height = frame.width, frame.height
    if ratio and ratio > 0 and ratio != 1:  # pixels that are not square, as DV cameras write them
        width = max(1, round(width * float(ratio)))
    return (height, width) if matrix[0, 0] == 0 else (width, height)


def _fit(width: int, height: int) -> tuple[int, int]:
    """Working size: the same shape with the long side at most LONG_SIDE_PX.

    >>> _fit(3840, 2160), _fit(640, 480)
    ((1920, 1080), (640, 480))
    """
    shrink = min(1.0, LONG_SIDE_PX / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))
