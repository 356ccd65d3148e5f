"""What travels through the live socket: small binary frames in, JSON out.

A frame is 416 bytes, little-endian: version 1, people (255: nobody looked), width_px, height_px, 0, seq, t_s (seconds
of the page's own clock at which the picture was taken), then x_px, y_px, confidence of the 33 keypoints as float32; NaN
for what was not found. Pictures themselves never travel.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta

from kneeline.capture.calibration import Calibration
from kneeline.model.coaching import Counted, Instruction, Reading, Say, Screen, Tone
from kneeline.model.pose import KEYPOINTS, PoseFrame

HEADER: Final = struct.Struct("<BBHHHId")
_POINTS: Final = struct.Struct(f"<{3 * len(KEYPOINTS)}f")
FRAME_BYTES: Final = HEADER.size + _POINTS.size
VERSION: Final = 1
LONGEST_S: Final = 1e7
_NOBODY_LOOKED: Final = 255
_MOST_PEOPLE: Final = 20
_LARGEST_PX: Final = 8192
_FARTHEST: Final = 8
"""Keypoints are guessed outside the picture too, but never further than so many pictures away."""


class RefusedError(Exception):
    """A message that is not one of ours; says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One message: where in the row it stands, the frame, and the size of the picture it was found in."""

    seq: int
    frame: PoseFrame
    picture_px: tuple[int, int]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word from the page: a button, or that time has passed."""

    do: Literal["tick", "pause", "resume", "start", "finish", "stop", "more", "less"]
    t_s: Annotated[float, Meta(ge=0, le=LONGEST_S)]


def read_picture(message: bytes, calibration: Calibration) -> Picture:
    """The frame that a binary message says, with the errors that `calibration` gives its keypoints.

    Raises: RefusedError when the message cannot have come from our page.
    """
    if len(message) != FRAME_BYTES:
        raise RefusedError(f"a frame has {FRAME_BYTES} bytes, not {len(message)}")
    version, people, width, height, zero, seq, t_s = HEADER.unpack_from(message)
    if version != VERSION or zero != 0:
        raise RefusedError(f"frames of version {VERSION} are understood here; load the page anew")
    if not (0 < width <= _LARGEST_PX and 0 < height <= _LARGEST_PX):
        raise RefusedError(f"a picture of {width} x {height} pixels cannot be")
    if not 0 <= t_s <= LONGEST_S:
        raise RefusedError("the time of a frame is not a time")
    if people > _MOST_PEOPLE and people != _NOBODY_LOOKED:
        raise RefusedError(f"{people} people cannot be in a picture")
    values = _POINTS.unpack_from(message, HEADER.size)
    whole = math.isfinite(sum(values))
    x, y, sure = values[0::3], values[1::3], values[2::3]
    if whole:
        inside = _checked(x, y, sure, width, height)
    else:
        inside = _checked(_found(x), _found(y), _found(sure), width, height)
    points = np.array(values).reshape(-1, 3)
    xy, confidence = points[:, :2], points[:, 2]
    if whole and inside:
        sd_px = calibration.sd_px_of_one(x, y, confidence)
    elif all(map(math.isnan, x)):  # what every picture without a person says
        xy[:], sd_px = math.nan, np.full(len(KEYPOINTS), math.nan)
    else:
        absent = np.isnan(xy)
        xy[absent[:, 0] | absent[:, 1]] = math.nan
        sd_px = calibration.sd_px(xy, confidence, (width, height))
    frame = PoseFrame(t_s, xy, sd_px, confidence, -1 if people == _NOBODY_LOOKED else people)
    return Picture(seq, frame, (width, height))


def _found(column: Sequence[float]) -> Sequence[float]:
    """What is there of a column; one place in the picture where nothing is."""
    return [one for one in column if not math.isnan(one)] or [0.0]


def _checked(x: Sequence[float], y: Sequence[float], sure: Sequence[float], width: int, height: int) -> bool:
    """Whether all keypoints lie inside the picture.

    Raises: RefusedError when one is where none can be.
    """
    left, right, top, bottom = min(x), max(x), min(y), max(y)
    farthest_px = _FARTHEST * max(width, height)
    if min(left, top) < -farthest_px or max(right, bottom) > farthest_px:
        raise RefusedError("a keypoint is nowhere near the picture")
    if min(sure) < 0 or max(sure) > 1:
        raise RefusedError("a confidence lies outside 0 to 1")
    return left >= 0 and right <= width and top >= 0 and bottom <= height


def read_order(message: str) -> Order:
    """The word that a text message says.

    >>> read_order('{"do": "stop", "t_s": 3.5}')
    Order(do='stop', t_s=3.5)

    Raises: RefusedError when it is none of ours.
    """
    try:
        return _ORDERS.decode(message)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise RefusedError("a word was not understood") from error


def write_instructions(instructions: Iterable[Instruction]) -> str:
    """What the page is told to do, as one JSON list; empty when there is nothing.

    A counted repetition is told once it is on disk, as `saved`.

    >>> write_instructions([Reading(0.5, None)])
    '[{"reading":{"t_s":0.5,"progress":null}}]'
    """
    told = [{_NAMES[type(one)]: one} for one in instructions if not isinstance(one, Counted)]
    return msgspec.json.encode(told).decode() if told else ""


def write_word(**word: object) -> str:
    """One further word to the page, as the same kind of list.

    >>> write_word(saved=3)
    '[{"saved":3}]'
    """
    return msgspec.json.encode([word]).decode()


_ORDERS: Final = msgspec.json.Decoder(Order)
_NAMES: Final[dict[type, str]] = {Say: "say", Tone: "tone", Screen: "screen", Reading: "reading"}
