"""A close-up of two feet in a heel raise: when the heels come down, and how far each foot rolls in as they do.

What is read is a change: the foot just before its heel lands against the same foot standing before the raise. The heel
is then near the floor both times, so the picture differs by little but the roll. A foot that stands rolled in from the
start, and stays so, does not change and cannot be told from one that stands straight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.content.schema import Number
from kneeline.content.schema import Repetition as Rule
from kneeline.model.quantity import Estimate, Measured, Verdict
from kneeline.motion.measure import ABSENT, PRESENT
from kneeline.motion.reps import Phases, Tracker, fit_phases

Array = npt.NDArray[np.float64]

DEG_PER_DRIFT: Final = 58.0
"""Roll-in (deg) per drift of the ankle inward (marked heights), by benchmarks/arch.py on rendered feet."""
LIMIT_DEG: Final = 3.0
"""Roll-in against standing beyond which a foot is said to roll in. House default."""
ERROR_DEG: Final = 2.0
"""Standard deviation of a told roll-in. House default, above what benchmarks/arch.py finds on rendered people."""
LANDING: Final = (0.25, 0.05)
"""The last of the way down is read between these shares of the raise. House default."""
STANDING_S: Final = 0.5
"""How long before the first raise the feet are taken to stand, at most. House default."""
RAISE: Final = Rule(
    signal="heel_rise",
    toward="up",
    outward="lift",
    smallest=Number(value=0.2, unit="marked heights", basis="house"),
    largest=Number(value=3.0, unit="marked heights", basis="house"),
    shortest=Number(value=0.7, unit="s", basis="house"),
    longest=Number(value=20.0, unit="s", basis="house"),
    planted="none",
)
"""A heel raise in a close-up; lengths in heights of the ankle mark over the heel mark."""


@dataclass(frozen=True, slots=True)
class Raise:
    """One heel raise: where to read it. Times in seconds.

    standing_s: a moment of standing before it. landing_s: first and last of the time just before the heels land.
    """

    n: int
    start_s: float
    end_s: float
    standing_s: float
    landing_s: tuple[float, float]


@dataclass(frozen=True, slots=True)
class FootRoll:
    """One heel raise in a close-up: how far each foot rolled in before its heel landed, against standing before it."""

    n: int
    start_s: float
    end_s: float
    left: Measured
    right: Measured

    @property
    def verdict(self) -> Verdict:
        """Whether a foot rolled in: present when one did, absent only when neither did.

        >>> FootRoll(1, 0.0, 3.0, Estimate(6.0, 2.0, "deg"), Estimate(0.5, 2.0, "deg")).verdict
        <Verdict.PRESENT: 'present'>
        """
        likely = [
            roll.probability_above(LIMIT_DEG) if isinstance(roll, Estimate) else None
            for roll in (self.left, self.right)
        ]
        if any(p is not None and p >= PRESENT for p in likely):
            return Verdict.PRESENT
        if all(p is not None and p <= ABSENT for p in likely):
            return Verdict.ABSENT
        return Verdict.NOT_ASSESSABLE


def raises(t_s: Array, rise: Array) -> tuple[Raise, ...]:
    """Heel raises in the height of the ankles over the recording, and where each is to be read.

    t_s: (n,). rise: (n,) marked heights, up positive; NaN where it was not seen.
    """
    tracker, found = Tracker(RAISE), []
    seen = ~np.isnan(rise)
    for t, value in zip(t_s[seen], rise[seen], strict=True):
        excursion = tracker.step(float(t), float(value))
        if excursion is not None and not excursion.too:
            phases = fit_phases(t_s, rise, (excursion.start_s, excursion.end_s))
            if phases is not None and phases.end_s - phases.start_s >= RAISE.shortest.value:
                found.append(phases)
    if not found:
        return ()
    begins = max(float(t_s[0]), found[0].start_s - STANDING_S)
    stood = [begins, *(0.5 * (a.end_s + max(b.start_s, a.end_s)) for a, b in pairwise(found))]
    return tuple(Raise(i + 1, p.start_s, p.end_s, stood[i], _landing(t_s, rise, p)) for i, p in enumerate(found))


def own_drift(drift: Array) -> Array:
    """Each ankle's own drift inward, (left, right), from what the picture shows, (left, right), in marked heights.

    A body that leans carries both ankles to one side, inward for one foot and outward for the other, so what the other
    foot goes outward is taken off.

    >>> own_drift(np.array([0.10, -0.10])).tolist(), own_drift(np.array([0.10, 0.02])).tolist()
    ([0.0, -0.1], [0.1, 0.02])
    """
    return np.where(drift > 0, np.maximum(drift + np.minimum(drift[::-1], 0.0), 0.0), drift)


def roll_in(drift: float) -> Estimate:
    """Roll-in of one foot (deg, inward positive) from its own drift inward, in marked heights.

    >>> roll_in(0.125)
    Estimate(value=7.25, sd=2.0, unit='deg')
    """
    return Estimate(DEG_PER_DRIFT * drift, ERROR_DEG, "deg")


def _landing(t_s: Array, rise: Array, p: Phases) -> tuple[float, float]:
    """First and last of the time on the way down that lies between the shares of `LANDING`."""
    share = (rise - p.rest) / max(p.top - p.rest, 1e-9)
    down = (t_s >= p.top_end_s) & (t_s <= p.end_s)
    times: Sequence[float] = [float(t_s[down & (share >= level)].max(initial=p.top_end_s)) for level in LANDING]
    return times[0], times[1]
