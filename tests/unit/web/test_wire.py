"""What travels through the socket is either exactly one of ours or refused with a reason."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.capture.calibration import calibration_for
from kneeline.model.coaching import Say, Tone
from kneeline.web.wire import FRAME_BYTES, HEADER, RefusedError, read_order, read_picture, write_instructions

CALIBRATION = calibration_for("blazepose-full")


def message(points: np.ndarray | None = None, **header: float) -> bytes:
    fields = {"version": 1, "people": 255, "width": 640, "height": 480, "zero": 0, "seq": 7, "t_s": 1.5} | header
    if points is None:
        points = np.column_stack([np.linspace(200, 400, 33), np.linspace(20, 460, 33), np.full(33, 0.9)])
    return HEADER.pack(*fields.values()) + points.astype("<f4").tobytes()


def test_a_frame_is_read_as_the_page_wrote_it() -> None:
    assert len(message()) == FRAME_BYTES == 416
    picture = read_picture(message(people=2), CALIBRATION)
    assert (picture.seq, picture.picture_px, picture.frame.t_s, picture.frame.people) == (7, (640, 480), 1.5, 2)
    assert picture.frame.xy[0] == pytest.approx([200.0, 20.0])
    assert np.isfinite(picture.frame.sd_px).all()


def test_what_was_not_found_stays_absent_and_nobody_looked_is_not_nobody() -> None:
    points = np.full((33, 3), np.nan)
    picture = read_picture(message(points), CALIBRATION)
    assert np.isnan(picture.frame.xy).all()
    assert np.isnan(picture.frame.sd_px).all()
    assert picture.frame.people == -1
    assert read_picture(message(points, people=0), CALIBRATION).frame.people == 0


def test_half_a_keypoint_is_none() -> None:
    points = np.full((33, 3), 0.5)
    points[4, 1] = np.nan
    assert np.isnan(read_picture(message(points), CALIBRATION).frame.xy[4]).all()


@pytest.mark.parametrize(("x", "y", "absent"), [(320, 240, False), (-3, 240, False), (320, 481, False), (5, 5, True)])
def test_errors_are_those_of_a_file_wherever_the_keypoints_lie(x: float, y: float, absent: bool) -> None:
    points = np.column_stack([np.linspace(200, 400, 33), np.linspace(20, 460, 33), np.linspace(0, 1, 33)])
    points[5, :2], points[6, 0] = (x, y), np.nan if absent else 300
    frame = read_picture(message(points), CALIBRATION).frame
    assert np.isnan(frame.xy[6]).all() == absent
    expected = CALIBRATION.sd_px(frame.xy, frame.confidence, (640, 480))
    np.testing.assert_array_equal(frame.sd_px, expected)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"version": 2}, "version"),
        ({"zero": 1}, "version"),
        ({"width": 0}, "pixels"),
        ({"height": 9000}, "pixels"),
        ({"t_s": math.nan}, "time"),
        ({"t_s": -1.0}, "time"),
        ({"t_s": math.inf}, "time"),
        ({"t_s": 1e9}, "time"),
        ({"people": 90}, "people"),
    ],
)
def test_a_header_that_cannot_be_is_refused(header: dict[str, float], why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        read_picture(message(**header), CALIBRATION)


@pytest.mark.parametrize(
    ("column", "value", "why"), [(0, np.inf, "keypoint"), (1, 1e6, "keypoint"), (2, 1.5, "confidence"), (2, -1, "conf")]
)
def test_a_keypoint_that_cannot_be_is_refused(column: int, value: float, why: str) -> None:
    points = np.full((33, 3), 0.5)
    points[3, column] = value
    with pytest.raises(RefusedError, match=why):
        read_picture(message(points), CALIBRATION)


@given(st.binary(max_size=900))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    try:
        picture = read_picture(data, CALIBRATION)
    except RefusedError:
        return
    assert 0 <= picture.frame.t_s <= 1e7
    assert picture.frame.xy.shape == (33, 2)


@given(st.binary(min_size=396, max_size=396))
def test_any_keypoints_are_bounded_or_refused(data: bytes) -> None:
    try:
        picture = read_picture(HEADER.pack(1, 255, 640, 480, 0, 1, 1.0) + data, CALIBRATION)
    except RefusedError:
        return
    assert not np.isinf(picture.frame.xy).any()
    assert np.nanmax(np.abs(picture.frame.xy), initial=0) <= 8 * 640


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "null", "[]", "[" * 5000, "\ud800"),
        '{"do":"fly","t_s":1}',
        '{"do":"stop"}',
        '{"do":"stop","t_s":"1"}',
        '{"do":"stop","t_s":-1}',
        '{"do":"stop","t_s":1e99}',
        '{"do":"stop","t_s":1,"x":2}',
        '{"do":"stop","t_s":NaN}',
    ],
)
def test_a_word_that_is_none_of_ours_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        read_order(text)


@given(st.text(max_size=200))
def test_any_text_is_a_word_or_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        read_order(text)


def test_instructions_are_one_list_in_order() -> None:
    told = write_instructions([Tone(1.0, "tick"), Say(1.0, "go", "Go.", "setup")])
    tone, say = json.loads(told)
    assert tone == {"tone": {"t_s": 1.0, "name": "tick", "lasts_s": 0.0}}
    assert say == {"say": {"t_s": 1.0, "id": "go", "text": "Go.", "kind": "setup"}}
    assert write_instructions([]) == ""


def test_the_header_is_where_the_page_puts_it() -> None:
    assert [HEADER.size, struct.calcsize("<BBHHH"), struct.calcsize("<BBHHHI")] == [20, 8, 12]
