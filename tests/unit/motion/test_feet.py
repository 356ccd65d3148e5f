"""Heel raises of a close-up, from the height of the ankles alone."""

from __future__ import annotations

import numpy as np
import pytest

from kneeline.model.quantity import Estimate, Measured, NotAssessable, Verdict
from kneeline.motion.feet import LIMIT_DEG, FootRoll, raises, roll_in

UP_S, TOP_S, DOWN_S, REST_S = 1.0, 0.5, 1.5, 1.0
FIRST_S = 1.0


def way(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return x**3 * (10 - 15 * x + 6 * x * x)


def heights(t_s: np.ndarray, count: int) -> np.ndarray:
    """So many raises of one marked height, after a second of standing."""
    total = np.zeros_like(t_s)
    for i in range(count):
        start = FIRST_S + i * (UP_S + TOP_S + DOWN_S + REST_S)
        total += way((t_s - start) / UP_S) - way((t_s - start - UP_S - TOP_S) / DOWN_S)
    return total


@pytest.mark.parametrize("fps", [12, 30, 120])
def test_raises_are_found_with_when_the_feet_stand_and_when_they_land(fps: int) -> None:
    t_s = np.arange(0, 18, 1 / fps)
    rise = heights(t_s, 4) + np.random.default_rng(1).normal(0, 0.01, len(t_s))
    found = raises(t_s, rise)
    assert [r.n for r in found] == [1, 2, 3, 4]
    for i, one in enumerate(found):
        start = FIRST_S + i * (UP_S + TOP_S + DOWN_S + REST_S)
        down = start + UP_S + TOP_S
        assert one.start_s == pytest.approx(start, abs=0.1)
        assert one.end_s == pytest.approx(down + DOWN_S, abs=0.1)
        assert one.standing_s == pytest.approx(start - REST_S / 2, abs=0.1)
        first, last = one.landing_s
        assert down + 0.5 * DOWN_S < first <= last < down + DOWN_S


def test_standing_and_small_sway_are_no_raises() -> None:
    t_s = np.arange(0, 10, 1 / 30)
    assert raises(t_s, np.zeros_like(t_s)) == ()
    assert raises(t_s, 0.05 * np.sin(t_s)) == ()


def test_nothing_seen_is_no_raise_and_gaps_do_not_hide_one() -> None:
    t_s = np.arange(0, 6, 1 / 30)
    assert raises(t_s, np.full_like(t_s, np.nan)) == ()
    assert raises(np.empty(0), np.empty(0)) == ()
    rise = heights(t_s, 1)
    rise[::7] = np.nan
    assert len(raises(t_s, rise)) == 1


UNSEEN = NotAssessable("the camera moved")


def roll(deg: float) -> Estimate:
    return Estimate(deg, 1.0, "deg")


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        (roll(LIMIT_DEG + 3), roll(0), Verdict.PRESENT),
        (roll(0), roll(LIMIT_DEG + 3), Verdict.PRESENT),
        (roll(LIMIT_DEG + 3), UNSEEN, Verdict.PRESENT),
        (roll(0), roll(-2), Verdict.ABSENT),
        (roll(0), roll(LIMIT_DEG), Verdict.NOT_ASSESSABLE),
        (roll(0), UNSEEN, Verdict.NOT_ASSESSABLE),
        (UNSEEN, UNSEEN, Verdict.NOT_ASSESSABLE),
    ],
)
def test_one_foot_is_enough_to_roll_in_but_both_must_be_seen_not_to(
    left: Measured, right: Measured, verdict: Verdict
) -> None:
    assert FootRoll(1, 0.0, 3.0, left, right).verdict is verdict


def test_a_drift_that_is_no_number_is_no_roll() -> None:
    with pytest.raises(ValueError, match="finite"):
        roll_in(float("nan"))
