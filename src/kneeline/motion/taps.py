"""The arch of a foot from places tapped in a photo of its inner side: heel, ball of the big toe, and top of the foot.

              T        height of T over the line from heel to ball
          .-'   \\      -------------------------------------------  = the ratio
    H ------------ B              length of that line

A ratio needs no scale, and a camera that is held askew turns all three places alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from kneeline.content.trial_schema import MovementTest
from kneeline.model.quantity import Estimate, Measured, NotAssessable
from kneeline.model.trial import TrialResult, TrialValue
from kneeline.motion.trial_values import CHANGE, further

Taps = tuple[float, float, float, float, float, float]
"""Pixels, y down: heel x, y; ball of the big toe x, y; top of the foot x, y."""

MIDDLE: Final = (0.35, 0.95)
"""The top of the foot, over the middle of its whole length, lies here on the way from heel to ball. House default."""
POSSIBLE: Final = (0.12, 0.6)
"""No foot is flatter or higher than this against that length. House default."""


def ratio_of(taps: Taps) -> float | str:
    """Height of the top of the foot over the line from heel to ball, as a share of that line; or what is wrong.

    >>> ratio_of((0.0, 100.0, 200.0, 100.0, 100.0, 50.0))
    0.25
    """
    heel, ball, top = (complex(taps[i], taps[i + 1]) for i in (0, 2, 4))
    length = abs(ball - heel)
    if not all(map(math.isfinite, taps)) or length < 1.0:
        return "heel and ball lie on one spot"
    along = (top - heel) * (ball - heel).conjugate() / length**2
    if not MIDDLE[0] <= along.real <= MIDDLE[1]:
        return "the top of the foot does not lie over its middle: heel first, then ball, then the top"
    if not POSSIBLE[0] <= abs(along.imag) <= POSSIBLE[1]:
        return "no foot has such a shape: were heel, ball and top tapped in this order?"
    return abs(along.imag)


def read_taps(test: MovementTest, taps: Sequence[Taps], side: str) -> TrialResult:
    """The arch's ratio from repeated taps: their mean, with the spread of the taps and what every photo adds."""
    (value,) = test.value
    ratios = [ratio_of(one) for one in taps]
    numbers = np.array([ratio for ratio in ratios if isinstance(ratio, float)])
    least, n = round(test.least.value), len(numbers)
    result: Measured
    more: int | None = None
    detectable = None
    if wrong := next((ratio for ratio in ratios if isinstance(ratio, str)), ""):
        result = NotAssessable(wrong)
    elif n < least:
        result, more = (
            NotAssessable(f"tapped {n} times; tap at least {least} times, so that the error shows"),
            least - n,
        )
    else:
        assert value.error is not None, "the library is checked"
        own, stays = float(numbers.var(ddof=1)), value.error.value**2
        result = Estimate(float(numbers.mean()), math.sqrt(stays + own / n), value.unit)
        more = further(n, stays, own, value.enough.value)
        detectable = CHANGE * result.sd
    told = TrialValue(value.id, result, (), detectable, more, value.indicator)
    return TrialResult(test.id, side, "taps", None, n, {value.id: told})
