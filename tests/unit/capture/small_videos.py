"""Small videos written on the spot."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 96, 64
RED, GREEN, BLUE, GREY = (220, 30, 30), (30, 200, 30), (30, 30, 220), (128, 128, 128)
MakeVideo = Callable[..., Path]


def four_corners(width: int, height: int) -> np.ndarray:
    """Red top left, green top right, blue bottom left, grey bottom right."""
    picture = np.empty((height, width, 3), dtype=np.uint8)
    picture[: height // 2, : width // 2], picture[: height // 2, width // 2 :] = RED, GREEN
    picture[height // 2 :, : width // 2], picture[height // 2 :, width // 2 :] = BLUE, GREY
    return picture


def corner_names(picture: np.ndarray) -> list[str]:
    """Which colour each corner has: top left, top right, bottom left, bottom right."""
    colours = {"red": RED, "green": GREEN, "blue": BLUE, "grey": GREY}
    h, w = picture.shape[:2]
    spots = [picture[y, x].astype(int) for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]
    return [min(colours, key=lambda c: float(np.abs(spot - colours[c]).sum())) for spot in spots]


def write_video(
    path: Path,
    times_s: Sequence[float] = tuple(i / 30 for i in range(15)),
    codec: str = "libx264",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    pix_fmt: str = "yuv420p",
    picture: np.ndarray | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=30, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        rgb = four_corners(*size) if picture is None else picture
        for t_s in times_s:
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = round(t_s * 1000), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def turn(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write a display matrix (a, b, c, d) into an MP4's track header."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    assert data[at] == 0, "expected a version 0 track header"
    a, b, c, d = matrix
    one = 1 << 16
    data[at + 40 : at + 76] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path
