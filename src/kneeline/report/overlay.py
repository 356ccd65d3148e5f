"""The recording with what was measured drawn into it: skeleton, count, phase, tempo, verdict, and the working joint."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from kneeline.content.load import Library
from kneeline.content.schema import Exercise
from kneeline.files import whole_file
from kneeline.model.errors import InputError
from kneeline.model.movement import Phase, Repetition, RepetitionVerdict, SetResult, SignalTrace
from kneeline.model.pose import INDEX, PoseSeries
from kneeline.motion.signals import column_name
from kneeline.report.story import phase_order, prescribed, signal_name, signal_of, with_error

Picture = npt.NDArray[np.uint8]
Sprite = tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]  # colour already times alpha, and 255 minus alpha
Colour = tuple[int, int, int]

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Endings that an overlay may have, with their container."""

_TICKS = 90_000  # per second: the clock of MPEG, fine enough for every camera's own times
_UNSURE = 0.05  # of the person's height: a keypoint with a larger error is drawn faded
_SAME_S = 1e-3
_PANEL = (14.0, 10.5)  # right and lower end of count, phase and bar, in letter units; no other label enters it
_WHITE, _DARK, _GREY = (255, 255, 255), (14, 18, 20), (176, 184, 186)
_LEFT, _RIGHT, _MIDDLE = (255, 190, 92), (98, 200, 255), (236, 240, 240)
_TONE: dict[RepetitionVerdict, Colour] = {
    RepetitionVerdict.GOOD: (64, 190, 120),
    RepetitionVerdict.TRY_AGAIN: (245, 150, 60),
    RepetitionVerdict.NOT_SEEN: _GREY,
}
_BONES: tuple[tuple[int, int, Colour], ...] = tuple(
    (INDEX[f"{side}_{a}"], INDEX[f"{side}_{b}"], colour)
    for side, colour in (("left", _LEFT), ("right", _RIGHT))
    for a, b in (
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("shoulder", "hip"),
        ("hip", "knee"),
        ("knee", "ankle"),
        ("ankle", "heel"),
        ("heel", "foot_index"),
        ("ankle", "foot_index"),
    )
) + tuple((INDEX[f"left_{part}"], INDEX[f"right_{part}"], _MIDDLE) for part in ("shoulder", "hip"))
_JOINTS = tuple(sorted({end for a, b, _ in _BONES for end in (a, b)}))


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn: keypoints, signals and set, by which library, and how wide the picture of the keypoints is."""

    series: PoseSeries
    trace: SignalTrace
    result: SetResult
    exercise: Exercise
    library: Library
    width_px: int


def check_format(path: Path) -> None:
    """Refuse a name that no video can have.

    Raises: InputError when the ending is not one of FORMATS.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            f"an overlay cannot be written as {path.name}",
            expected=f"a name that ends with {', '.join(FORMATS)}",
            try_next=path.with_suffix(".mp4").name,
        )


def write_overlay(
    path: Path,
    frames: Iterable[tuple[float, Picture]],
    drawn: Drawn,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Write the frames with the drawing, as H.264 with each frame's own presentation time, whole or not at all.

    frames: (t_s, rgb) with rgb (height, width, 3) uint8, a second decoding of the same recording; an odd last row or
    column is left out, because H.264 needs even sizes. on_progress: called with t_s after every frame.

    Raises: InputError when the ending is unknown or the disk refuses the file.
    """
    check_format(path)
    pen: _Pen | None = None
    with whole_file(path) as scratch, _Writer(scratch, FORMATS[path.suffix.lower()]) as out:
        for t_s, rgb in frames:
            height, width = (side // 2 * 2 for side in rgb.shape[:2])
            picture = np.ascontiguousarray(rgb[:height, :width])
            if not picture.flags.writeable:
                picture = picture.copy()
            pen = pen or _Pen(drawn, width, height)
            pen.draw(picture, t_s)
            out.write(picture, t_s)
            if on_progress is not None:
                on_progress(t_s)


class _Writer:
    """H.264 in a container, frame by frame; finished on leaving the `with`, or only given back after an error."""

    def __init__(self, path: Path, container: str) -> None:
        self._file = av.open(str(path), "w", format=container, options={"movflags": "+faststart"})
        self._stream: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            with contextlib.suppress(OSError):  # a full disk also refuses the end of the file
                self._file.close()
            return
        if self._stream is not None:
            self._file.mux(self._stream.encode(None))
        self._file.close()

    def write(self, rgb: Picture, t_s: float) -> None:
        """Append one picture, shown from t_s on."""
        if self._stream is None:
            self._stream = self._open(rgb.shape[1], rgb.shape[0])
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        frame.pts, frame.time_base = round(t_s * _TICKS), Fraction(1, _TICKS)
        self._file.mux(self._stream.encode(frame))

    def _open(self, width: int, height: int) -> Any:
        stream = self._file.add_stream("libx264", options={"preset": "veryfast", "crf": "21"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, _TICKS)
        context = stream.codec_context
        context.color_range, context.colorspace = 1, 1
        context.color_primaries, context.color_trc = 1, 1
        return stream


class _Pen:
    """Draws one moment of a set into its picture."""

    def __init__(self, drawn: Drawn, width: int, height: int) -> None:
        self._m = drawn
        self._size = (width, height)
        self._scale = width / (drawn.width_px // 2 * 2 or width)
        self._unit = max(8, round(min(width, height) / 24))
        self._line = max(1, round(min(width, height) / 200))
        self._signal = _working_signal(drawn)
        self._name = signal_name(signal_of(self._signal[0])[0], drawn.library)
        self._to_the_right = self._more_room_right()
        self._phase_since = _phase_starts(drawn.trace)
        self._asked = {
            Phase(phase): number.value
            for phase in phase_order(drawn.exercise)
            if (number := prescribed(drawn.exercise, phase)) is not None
        }

    def draw(self, rgb: Picture, t_s: float) -> None:
        """Draw into the picture itself."""
        row = self._row(t_s)
        if row is not None:
            self._skeleton(rgb, self._m.series.xy[row] * self._scale, self._m.series.sd_px[row] * self._scale)
            self._reading(rgb, row)
        self._panel(rgb, t_s, row)

    def _row(self, t_s: float) -> int | None:
        times = self._m.trace.t_s
        row = int(np.searchsorted(times, t_s - _SAME_S))
        return row if row < len(times) and abs(times[row] - t_s) <= _SAME_S else None

    def _skeleton(self, rgb: Picture, xy: npt.NDArray[np.float64], sd: npt.NDArray[np.float64]) -> None:
        there = np.isfinite(xy[:, 0] + xy[:, 1])
        if not there.any():
            return
        unsure = sd > _UNSURE * max(float(np.ptp(xy[there, 1])), 1.0)
        points = [
            (round(x * 8), round(y * 8)) if ok else None
            for (x, y), ok in zip(_clipped(xy), there.tolist(), strict=True)
        ]
        faint = [bone for bone in _BONES if unsure[bone[0]] or unsure[bone[1]]]
        if faint:
            under = rgb.copy()
            self._bones(rgb, points, faint)
            cv2.addWeighted(rgb, 0.35, under, 0.65, 0, dst=rgb)
        self._bones(rgb, points, [bone for bone in _BONES if bone not in faint])
        radius = round(8 * self._line * 1.5)
        for joint in _JOINTS:
            if (point := points[joint]) is not None and not unsure[joint]:
                cv2.circle(rgb, point, radius, _DARK, -1, cv2.LINE_AA, 3)
                cv2.circle(rgb, point, round(radius * 0.65), _WHITE, -1, cv2.LINE_AA, 3)

    def _bones(
        self, rgb: Picture, points: list[tuple[int, int] | None], bones: Iterable[tuple[int, int, Colour]]
    ) -> None:
        lines = [(points[a], points[b], colour) for a, b, colour in bones]
        for dark in (True, False):
            for a, b, colour in lines:
                if a is not None and b is not None:
                    width = self._line * 2 + 2 if dark else self._line * 2 - 1
                    cv2.line(rgb, a, b, _DARK if dark else colour, width, cv2.LINE_AA, 3)

    def _reading(self, rgb: Picture, row: int) -> None:
        """The signal's value with its error beside the joint, or that there is none."""
        column, joints = self._signal
        value = _reading_words(column, float(self._m.trace.values[column][row]), float(self._m.trace.sds[column][row]))
        away = round(1.5 * self._unit)
        x, y = self._m.series.xy[row, list(joints)].mean(axis=0) * self._scale
        label = _pill(f"{self._name}: {value}", self._unit)
        if not np.isfinite(x + y):
            _blend(rgb, label, self._unit, self._size[1] - self._unit - label[0].shape[0])
            return
        room = (self._size[0] - x if self._to_the_right else x) - away
        if label[0].shape[1] > room:
            label = _pill(value, self._unit)
        high, wide = label[0].shape[:2]
        left, top = round(x + away if self._to_the_right else x - away - wide), round(y - high / 2)
        panel_wide, panel_high = _PANEL
        if left < panel_wide * self._unit:
            top = max(top, round(panel_high * self._unit))
        _blend(rgb, label, left, top)

    def _more_room_right(self) -> bool:
        """Whether the joint has more picture on its right, over the whole recording, so that the label never jumps."""
        x = self._m.series.xy[:, list(self._signal[1]), 0] * self._scale
        return not np.isfinite(x).any() or bool(np.nanmedian(x) <= self._size[0] / 2)

    def _panel(self, rgb: Picture, t_s: float, row: int | None) -> None:
        """Count and verdict of the last repetition, and the phase with how much of its time has passed."""
        u = self._unit
        done = [rep for rep in self._m.result.reps if rep.end_s <= t_s + _SAME_S]
        last: Repetition | None = done[-1] if done else None
        phase = Phase.REST if row is None else Phase(self._m.trace.phase[row])
        elapsed = 0.0 if row is None else t_s - self._phase_since[row]
        _blend(rgb, _count_sprite(len(done), last.verdict if last else None, u), u, u)
        asked = self._asked.get(phase)
        words = "person not found" if row is not None and self._nobody(row) else phase.value
        if phase is not Phase.REST:
            words += f"  {elapsed:.1f} s" if asked is None else f"  {elapsed:.1f} / {asked:g} s"
        _blend(rgb, _pill(words, u), u, u + 6 * u)
        if asked is not None:
            self._bar(rgb, elapsed / asked)

    def _nobody(self, row: int) -> bool:
        return not bool(np.isfinite(self._m.series.xy[row]).any())

    def _bar(self, rgb: Picture, share: float) -> None:
        u = self._unit
        left, top, width, high = u, round(9.5 * u), 9 * u, max(4, u // 2)
        cv2.rectangle(rgb, (left, top), (left + width, top + high), _DARK, -1)
        filled = left + round(width * min(1.0, max(0.0, share)))
        cv2.rectangle(
            rgb, (left, top), (filled, top + high), _TONE[RepetitionVerdict.GOOD] if share >= 1 else _WHITE, -1
        )


def _working_signal(m: Drawn) -> tuple[str, tuple[int, ...]]:
    """Signal to write beside the body, and the keypoints it belongs to.

    A squat is counted on how far the hips sink, but what a person knows is the bend of the knee, where it was seen; of
    two working knees the one that was seen better.
    """
    column = m.trace.signal
    if phase_order(m.exercise)[0] == "lower":
        sides = ("left", "right") if m.result.side == "both" else (m.result.side,)
        knees = [knee for side in sides if (knee := column_name("knee_flexion", side)) in m.trace.values]
        seen = [knee for knee in knees if np.isfinite(m.trace.values[knee]).any()]
        column = min(seen, key=lambda knee: float(np.nanmedian(m.trace.sds[knee])), default=column)
    signal, side, _ = signal_of(column)
    part = _PLACES.get(signal, "hip")
    return column, tuple(INDEX[f"{leg}_{part}"] for leg in ([side] if side else ["left", "right"]))


_PLACES = {"knee_flexion": "knee", "fppa": "knee", "heel_rise": "heel", "ankle_gap": "ankle", "ankle_drift": "ankle"}


def _reading_words(column: str, value: float, sd: float) -> str:
    """The value with its error, or that there is none.

    >>> _reading_words("knee_flexion_left_deg", 31.2, 3.0), _reading_words("body_rise_frac", float("nan"), 0.1)
    ('31 ± 3°', 'no reading')
    """
    return with_error(value, sd, signal_of(column)[2]) if np.isfinite(value) and np.isfinite(sd) else "no reading"


def _phase_starts(trace: SignalTrace) -> npt.NDArray[np.float64]:
    """When the phase of each frame began, in seconds."""
    starts = np.empty(len(trace.t_s))
    for i, t_s in enumerate(trace.t_s):
        same = i > 0 and trace.phase[i] == trace.phase[i - 1] and trace.rep[i] == trace.rep[i - 1]
        starts[i] = starts[i - 1] if same else t_s
    return starts


def _clipped(xy: npt.NDArray[np.float64]) -> Iterator[tuple[float, float]]:
    """Points inside what OpenCV can draw; a wild keypoint far outside the picture stays outside."""
    for x, y in np.clip(np.nan_to_num(xy), -30_000, 30_000):
        yield float(x), float(y)


def _blend(rgb: Picture, sprite: Sprite, x: int, y: int) -> None:
    """Lay a sprite over the picture with its corner at (x, y), moved inside where it would stick out."""
    colour, rest = sprite
    high, wide = min(colour.shape[0], rgb.shape[0]), min(colour.shape[1], rgb.shape[1])
    x, y = max(0, min(x, rgb.shape[1] - wide)), max(0, min(y, rgb.shape[0] - high))
    region = rgb[y : y + high, x : x + wide]
    region[:] = (colour[:high, :wide] + region * rest[:high, :wide]) // 255


def _sprite(image: Image.Image) -> Sprite:
    pixels = np.asarray(image, dtype=np.uint16)
    alpha = pixels[..., 3:]
    return pixels[..., :3] * alpha, 255 - alpha


@lru_cache(maxsize=32)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size_px)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow without FreeType has no scalable font
    return font


@lru_cache(maxsize=64)
def _pill(text: str, unit: int) -> Sprite:
    """Words on a dark rounded label."""
    font = _font(round(1.3 * unit))
    wide = round(font.getlength(text)) + round(1.2 * unit)
    high = round(2.1 * unit)
    image = Image.new("RGBA", (wide, high), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, wide - 1, high - 1), radius=round(0.6 * unit), fill=(*_DARK, 190))
    draw.text((wide / 2, high / 2), text, font=font, fill=(*_WHITE, 255), anchor="mm")
    return _sprite(image)


@lru_cache(maxsize=16)
def _count_sprite(count: int, verdict: RepetitionVerdict | None, unit: int) -> Sprite:
    """The number of repetitions, large, with the verdict on the last one as shape and colour."""
    font = _font(5 * unit)
    number = round(font.getlength(str(count)))
    wide = number + round((2 if verdict is None else 6) * unit)
    high = round(5.6 * unit)
    image = Image.new("RGBA", (wide, high), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, wide - 1, high - 1), radius=unit, fill=(*_DARK, 190))
    draw.text((unit + number / 2, high / 2), str(count), font=font, fill=(*_WHITE, 255), anchor="mm")
    if verdict is not None:
        marker = _marker(verdict, 3 * unit)
        image.alpha_composite(marker, (number + 2 * unit, (high - marker.height) // 2))
    return _sprite(image)


def _marker(verdict: RepetitionVerdict, size: int) -> Image.Image:
    """Disc with a tick, triangle with a bar, or ring with a question mark."""
    s = 4 * size  # drawn large and shrunk, because Pillow's shapes have hard edges
    big = Image.new("RGBA", (s, s), (0, 0, 0, 0))
    draw = ImageDraw.Draw(big)
    tone = (*_TONE[verdict], 255)
    pen = max(1, round(s * 0.11))
    if verdict is RepetitionVerdict.GOOD:
        draw.ellipse((0, 0, s - 1, s - 1), fill=tone)
        draw.line(
            [(s * 0.27, s * 0.52), (s * 0.44, s * 0.68), (s * 0.74, s * 0.34)], fill=_DARK, width=pen, joint="curve"
        )
    elif verdict is RepetitionVerdict.TRY_AGAIN:
        draw.polygon([(s * 0.5, s * 0.04), (s * 0.99, s * 0.93), (s * 0.01, s * 0.93)], fill=tone)
        draw.line([(s * 0.5, s * 0.38), (s * 0.5, s * 0.65)], fill=_DARK, width=pen)
        draw.ellipse((s * 0.44, s * 0.73, s * 0.56, s * 0.85), fill=_DARK)
    else:
        draw.ellipse((pen, pen, s - pen, s - pen), outline=tone, width=pen)
        draw.text((s / 2, s / 2), "?", font=_font(round(s * 0.6)), fill=tone, anchor="mm")
    return big.resize((size, size), Image.Resampling.LANCZOS)
