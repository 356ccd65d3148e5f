"""Repetitions of one set tell each other's tempo, and a repetition that differs keeps its own."""

import numpy as np
import pytest

from kneeline.motion.reps import Phases
from kneeline.motion.tempo import share_tempo

SD_S = 0.1


def repetition(start_s: float, lift: float, hold: float, lower: float, sd_s: float = SD_S) -> Phases:
    times = np.cumsum([start_s, lift, hold, lower])
    return Phases((times[0], times[1], times[2], times[3]), np.eye(4) * sd_s**2 / 2, rest=0.0, top=1.0)


def steady(n: int, seed: int, sd_s: float = SD_S) -> tuple[list[Phases], np.ndarray]:
    """A set of one tempo, seen with errors; and its true durations, (n, 3)."""
    rng = np.random.default_rng(seed)
    true = np.array([1.0, 0.8, 1.2]) * (1 + 0.05 * rng.standard_normal((n, 3)))
    seen = true + sd_s / np.sqrt(2) * np.diff(rng.standard_normal((n, 4)), axis=1)
    return [repetition(4.0 * i, *seen[i], sd_s) for i in range(n)], true


def durations(reps: list[Phases] | tuple[Phases, ...]) -> np.ndarray:
    return np.diff([r.times_s for r in reps], axis=1)


def test_a_set_of_one_tempo_is_told_better_together_than_alone() -> None:
    alone_off, shared_off, inside = [], [], []
    for seed in range(30):
        alone, true = steady(5, seed)
        shared = share_tempo(alone)
        alone_off.append(np.abs(durations(alone) - true).mean())
        shared_off.append(np.abs(durations(shared) - true).mean())
        told = [(r.out, r.hold, r.back) for r in shared]
        inside += [
            abs(e.value - t) < 1.96 * e.sd
            for rep, row in zip(told, true, strict=True)
            for e, t in zip(rep, row, strict=True)
        ]
    assert np.mean(shared_off) < 0.7 * np.mean(alone_off)
    assert np.mean(inside) > 0.92


@pytest.mark.parametrize("own", [(0.35, 0.8, 0.4), (1.0, 0.0, 1.2), (2.2, 0.8, 1.2)])
def test_a_repetition_that_differs_keeps_its_own_tempo(own: tuple[float, float, float]) -> None:
    alone, _ = steady(4, 1, sd_s=0.06)
    alone.append(repetition(20.0, *own, sd_s=0.06))
    assert durations(share_tempo(alone))[-1] == pytest.approx(own, abs=0.08)


def test_what_is_surely_seen_is_not_moved() -> None:
    alone = [repetition(4.0 * i, lift, 0.8, 1.2, sd_s=0.002) for i, lift in enumerate([0.9, 1.0, 1.1, 1.2])]
    assert durations(share_tempo(alone)) == pytest.approx(durations(alone), abs=0.005)


def test_two_repetitions_have_no_usual_tempo() -> None:
    alone, _ = steady(2, 3)
    assert share_tempo(alone) == tuple(alone)
    assert share_tempo([]) == ()


def test_times_stay_in_order_and_a_set_without_holds_has_none() -> None:
    alone = [repetition(4.0 * i, lift, 0.0, 1.2) for i, lift in enumerate([0.8, 1.0, 1.3, 0.9])]
    for shared in share_tempo(alone):
        assert (np.diff(shared.times_s) >= 0).all()
        assert shared.hold.value < 0.05
