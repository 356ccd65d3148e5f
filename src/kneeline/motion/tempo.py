"""The tempo that the repetitions of one set share, so that each is told better than it shows by itself.

One repetition of some thirty noisy pictures tells its lift to a tenth of a second at best. A set tells more: people
keep to a tempo. Each phase is taken to scatter around the set's own usual duration, each repetition's times are the
compromise between what it shows and that scatter, by how sure either is (partial pooling, with the set as its own
background). A phase that clearly differs, one hurried repetition or a missing hold, is left as it was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.motion.reps import Phases, ordered

Array = npt.NDArray[np.float64]

FEWEST: Final = 3
"""Repetitions from which on there is a usual tempo."""
SCATTER: Final = 0.1
"""How much a person's repetitions differ in one set, as a share (standard deviation). House default."""
APART: Final = 2.5
"""A phase further from the usual one, in standard deviations of what is to be expected, is its own. House default."""
COURSE_SHARE: Final = 0.08
"""What a way's duration is off by in every repetition alike, as its share, since nobody moves in exact minimum jerk: no
set averages it out. House default."""
_DURATIONS: Final = np.array([[-1.0, 1.0, 0.0, 0.0], [0.0, -1.0, 1.0, 0.0], [0.0, 0.0, -1.0, 1.0]])


def share_tempo(alone: Sequence[Phases]) -> tuple[Phases, ...]:
    """The same repetitions, each with its times told by itself and by the tempo of the others.

    alone: as `fit_phases` gives them, those of one set. Fewer than three are given back as they are.
    """
    if len(alone) < FEWEST:
        return tuple(alone)
    lasted = np.array([phases.times_s for phases in alone]) @ _DURATIONS.T
    spreads = np.array([phases.spread for phases in alone])
    variance = np.einsum("di,nij,dj->nd", _DURATIONS, spreads, _DURATIONS)
    typical = np.median(lasted, axis=0)
    scatter2 = (SCATTER * np.maximum(typical, 0.25 * (typical[0] + typical[2]))) ** 2
    # Short phases have the smaller errors because they are short; weighed by them the usual one would come out short.
    expected = np.median(variance, axis=0) + scatter2
    usual, usual2 = _usual(lasted, expected)
    off = (lasted - usual) / np.sqrt(variance + scatter2)
    pull = 1.0 / (1.0 + (off / APART) ** 8) / (scatter2 + usual2)
    told = np.linalg.inv(spreads)
    sure = told + np.einsum("nd,di,dj->nij", pull, _DURATIONS, _DURATIONS)
    wanted = np.einsum("nij,nj->ni", told, [p.times_s for p in alone]) + (pull * usual) @ _DURATIONS
    times = np.linalg.solve(sure, wanted[..., None])[..., 0]
    alike = np.repeat(COURSE_SHARE * np.abs(np.diff(times, axis=1)[:, [0, 2]]), 2, axis=1) ** 2 / 2
    spread = np.linalg.inv(sure) + alike[:, :, None] * np.eye(4)
    return tuple(replace(p, times_s=ordered(t), spread=s) for p, t, s in zip(alone, times, spread, strict=True))


def _usual(lasted: Array, expected: Array) -> tuple[Array, Array]:
    """The usual duration of each phase and the variance of its error; what lies far off weighs little.

    lasted: (n, 3) seconds. expected: (3,) variance of one duration around the usual one.
    """
    usual = np.median(lasted, axis=0)
    for _ in range(8):
        weight = 1.0 / (expected * (1.0 + (lasted - usual) ** 2 / (4.0 * expected)) ** 1.5)
        usual = (weight * lasted).sum(axis=0) / weight.sum(axis=0)
    return usual, 1.0 / weight.sum(axis=0)
