"""The arch from three tapped places: no scale, no matter how the photo is held, and refused where no foot is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.content.load import load_test
from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.motion.taps import Taps, ratio_of, read_taps

FOOT: Taps = (10.0, 200.0, 160.0, 200.0, 110.0, 150.0)
TEST = load_test("arch_photo")


@given(turn=st.floats(-0.5, 0.5), size=st.floats(0.1, 20), x=st.floats(-1e4, 1e4), mirrored=st.booleans())
def test_turning_scaling_moving_and_mirroring_the_photo_change_nothing(
    turn: float, size: float, x: float, mirrored: bool
) -> None:
    places = [complex(FOOT[i], FOOT[i + 1]) * size * complex(math.cos(turn), math.sin(turn)) + x for i in (0, 2, 4)]
    if mirrored:
        places = [-p.conjugate() for p in places]
    taps = tuple(number for p in places for number in (p.real, p.imag))
    assert ratio_of(taps) == pytest.approx(1 / 3, rel=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "taps",
    [
        (10.0, 200.0, 10.0, 200.0, 110.0, 150.0),
        (160.0, 200.0, 10.0, 200.0, 150.0, 150.0),
        (10.0, 200.0, 160.0, 200.0, 110.0, 199.0),
        (10.0, 200.0, 160.0, 200.0, 110.0, 20.0),
        (10.0, 200.0, 160.0, 200.0, 400.0, 150.0),
        (math.nan, 200.0, 160.0, 200.0, 110.0, 150.0),
        (math.inf, 200.0, 160.0, 200.0, 110.0, 150.0),
    ],
)
def test_what_is_no_foot_has_a_reason(taps: Taps) -> None:
    assert isinstance(ratio_of(taps), str)
    told = read_taps(TEST, [FOOT, FOOT, taps], "left")
    assert isinstance(told.values["arch_ratio_frac"].result, NotAssessable)
    assert told.indicators == {}


def test_the_error_comes_from_the_taps_and_never_falls_below_what_a_photo_adds() -> None:
    steady = read_taps(TEST, [FOOT] * 3, "left").values["arch_ratio_frac"]
    assert isinstance(steady.result, Estimate)
    assert steady.result.sd == pytest.approx(0.015)
    assert steady.more == 0
    rng = np.random.default_rng(2)
    shaky = [tuple(np.add(FOOT, rng.normal(0, 8, 6))) for _ in range(3)]
    loose = read_taps(TEST, shaky, "left").values["arch_ratio_frac"]
    assert isinstance(loose.result, Estimate)
    assert loose.result.sd > steady.result.sd
    assert loose.more is None or loose.more > 0


def test_one_tap_is_not_enough_and_says_how_many_more() -> None:
    once = read_taps(TEST, [FOOT], "right").values["arch_ratio_frac"]
    assert isinstance(once.result, NotAssessable)
    assert once.more == 2
