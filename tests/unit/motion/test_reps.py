"""Counting and timing of one signal, on curves whose truth is known."""

import numpy as np
import pytest

from kneeline.content.schema import Number, Repetition
from kneeline.motion.figure import minimum_jerk
from kneeline.motion.reps import Excursion, Tracker, fit_phases, posture_bend, smooth


def number(value: float, unit: str = "frac") -> Number:
    return Number(value=value, unit=unit, basis="house")


RULE = Repetition(
    signal="body_rise",
    toward="up",
    outward="lift",
    smallest=number(0.1),
    largest=number(2.0),
    shortest=number(0.5, "s"),
    longest=number(10, "s"),
    planted="none",
)


def curve(
    times: list[tuple[float, float, float, float, float]], t_s: np.ndarray, noise: float = 0.0, seed: int = 0
) -> np.ndarray:
    """Minimum-jerk movements (start, top start, top end, end, height) on a resting level of zero."""
    y = np.zeros(len(t_s))
    for start, top_start, top_end, end, height in times:
        up = minimum_jerk(np.clip((t_s - start) / (top_start - start), 0, 1))
        down = minimum_jerk(np.clip((t_s - top_end) / (end - top_end), 0, 1))
        y += height * (up - down)
    return y + np.random.default_rng(seed).normal(0, noise, len(t_s))


def excursions(t_s: np.ndarray, y: np.ndarray) -> list[Excursion]:
    tracker = Tracker(RULE)
    found = (tracker.step(float(t), float(v)) for t, v in zip(t_s, y, strict=True) if not np.isnan(v))
    return [excursion for excursion in found if excursion is not None]


T = np.arange(0, 12, 1 / 30)


@pytest.mark.parametrize("fps", [12.5, 24, 30, 60, 240])
def test_repetitions_are_counted_at_any_frame_rate(fps: float) -> None:
    t = np.arange(0, 12, 1 / fps)
    y = curve([(1, 2, 3, 4.5, 1.0), (5, 6, 6, 7.5, 0.9), (8, 9, 10, 11, 1.1)], t, 0.01)
    assert len(excursions(t, y)) == 3


def test_a_pause_half_way_is_part_of_the_repetition() -> None:
    y = curve([(1, 2, 2.5, 3.5, 1.0)], T)
    y[(T > 3.0) & (T < 5.0)] = np.interp(3.0, T, y)  # stops on the way back for two seconds
    y[T >= 5.0] = np.interp(T[T >= 5.0] - 2.0, T, y)
    assert len(excursions(T, y)) == 1


def test_a_half_way_return_is_not_a_second_repetition() -> None:
    y = np.interp(T, [0, 1, 2, 3, 4, 5, 6, 12], [0, 0, 1, 0.5, 0.9, 0.9, 0, 0])
    assert len(excursions(T, y)) == 1


def test_an_unfinished_movement_does_not_count() -> None:
    y = curve([(1, 2, 3, 4, 1.0), (10, 11, 30, 31, 1.0)], T)
    assert len(excursions(T, y)) == 1


def test_a_recording_that_begins_at_the_top_starts_with_the_next_repetition() -> None:
    y = 1.0 - minimum_jerk(np.clip((T - 0.2) / 1.0, 0, 1)) + curve([(4, 5, 6, 7, 1.0)], T)
    assert len(excursions(T, y)) == 1


def test_sway_is_no_repetition() -> None:
    assert excursions(T, 0.03 * np.sin(2 * np.pi * 0.5 * T)) == []


@pytest.mark.parametrize("drift", [-0.05, 0.05])
def test_a_resting_level_that_drifts_is_followed(drift: float) -> None:
    y = curve([(k, k + 0.8, k + 1.2, k + 2.0, 0.6) for k in (1, 4, 7)], T, 0.005) + drift * T
    assert len(excursions(T, y)) == 3


def test_a_movement_beyond_the_largest_is_named_so() -> None:
    assert [e.too for e in excursions(T, curve([(1, 2, 3, 4, 5.0)], T))] == ["large"]


def test_staying_up_ends_the_excursion_and_becomes_rest() -> None:
    t = np.arange(0, 40, 1 / 30)
    found = excursions(t, curve([(1, 2, 100, 101, 1.0)], t))
    assert [e.too for e in found] == ["long"]


@pytest.mark.parametrize(
    ("lift", "hold", "lower"), [(2.0, 1.0, 3.0), (1.0, 0.5, 1.2), (0.3, 0.4, 0.35), (1.0, 0.0, 1.0), (0.8, 1.2, 0.9)]
)
def test_phases_are_found_on_noisy_samples(lift: float, hold: float, lower: float) -> None:
    """Three per cent noise at 30 frames a second: durations within 60 ms on average, and their errors are honest."""
    start = 1.3
    times = (start, start + lift, start + lift + hold, start + lift + hold + lower, 1.0)
    errors = []
    for seed in range(20):
        y = curve([times], T, 0.03, seed)
        (seen,) = excursions(T, y)
        phases = fit_phases(T, y, (seen.start_s, seen.end_s))
        assert phases is not None
        for estimate, truth in ((phases.out, lift), (phases.hold, hold), (phases.back, lower)):
            errors.append((abs(estimate.value - truth), estimate.sd))
    missed, sd = np.array(errors).T
    assert missed.mean() < 0.06
    assert (missed < 1.96 * sd + 0.02).mean() > 0.9


def test_irregular_times_and_gaps_do_not_shift_the_phases() -> None:
    rng = np.random.default_rng(3)
    t = np.sort(rng.uniform(0, 8, 220))
    y = curve([(1.0, 2.2, 3.0, 4.6, 1.0)], t)
    y[(t > 2.4) & (t < 2.8)] = np.nan  # hidden at the top
    (seen,) = excursions(t, y)
    phases = fit_phases(t, y, (seen.start_s, seen.end_s))
    assert phases is not None
    assert (phases.start_s, phases.end_s) == pytest.approx((1.0, 4.6), abs=0.12)
    assert phases.hold.value == pytest.approx(0.8, abs=0.12)


def test_too_few_samples_give_no_phases() -> None:
    t = np.array([0.0, 1.0, 2.0, 3.0])
    assert fit_phases(t, np.array([0.0, 1.0, 1.0, 0.0]), (0.5, 2.5)) is None


def test_hips_lag_behind_a_knee() -> None:
    rule = Repetition(
        **{name: getattr(RULE, name) for name in RULE.__struct_fields__ if name != "course"}, course="knee"
    )
    assert posture_bend(RULE, 0.2) == 0.0
    assert posture_bend(rule, 0.134) == pytest.approx(1 - 8 / 60, abs=0.01)  # 60 degrees of knee flexion


def test_smoothing_keeps_a_straight_line_and_bridges_one_missing_sample() -> None:
    t = np.linspace(0, 1, 31)
    y = 2 * t
    y[10] = np.nan
    assert smooth(t, y)[5:26] == pytest.approx(2 * t[5:26], abs=0.025)
    assert np.isnan(smooth(t, np.full(31, np.nan))).all()
