"""What travels through the live socket: small binary frames in, JSON out.

A frame is 416 bytes, little-endian: version 1, people (255: nobody looked), width_px, height_px, 0, seq, t_s (seconds
of the page's own clock at which the picture was taken), then x_px, y_px, confidence of the 33 keypoints as float32; NaN
for what was not found. Pictures themselves never travel.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta

from kneeline.capture.calibration import Calibration
from kneeline.model.coaching import Counted, Instruction, Reading, Say, Screen, Tone
from kneeline.model.pose import KEYPOINTS, PoseFrame

HEADER: Final = struct.Struct("<BBHHHId")
FRAME_BYTES: Final = HEADER.size + len(KEYPOINTS) * 12
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
    with np.errstate(invalid="ignore"):  # some NaN make a noise when they are widened
        points = np.frombuffer(message, "<f4", offset=HEADER.size).reshape(-1, 3).astype(np.float64)
    xy, confidence = points[:, :2], points[:, 2]
    low, high = np.fmin.reduce(points).tolist(), np.fmax.reduce(points).tolist()  # NaN, where all are absent
    farthest_px = _FARTHEST * max(width, height)
    if any(one < -farthest_px for one in low[:2]) or any(one > farthest_px for one in high[:2]):
        raise RefusedError("a keypoint is nowhere near the picture")
    if low[2] < 0 or high[2] > 1:
        raise RefusedError("a confidence lies outside 0 to 1")
    absent = np.isnan(xy)
    xy[absent[:, 0] | absent[:, 1]] = math.nan
    frame = PoseFrame(
        t_s=t_s,
        xy=xy,
        sd_px=calibration.sd_px(xy, confidence, (width, height)),
        confidence=confidence,
        people=-1 if people == _NOBODY_LOOKED else people,
    )
    return Picture(seq, frame, (width, height))


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
