"""Steps per minute, on gaits whose steps are known and on recordings that show none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kneeline.capture.formats import open_log
from kneeline.model.pose import INDEX, KEYPOINTS, PoseFrame, PoseSeries
from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.motion.cadence import cadence, step_times_s
from kneeline.motion.geometry import Geometry
from kneeline.motion.view import ViewEstimate, cues

SIDE, BACK = 90.0, 180.0


def gait(
    steps_per_minute: float, view: float = SIDE, seconds: float = 8.0, fps: float = 30.0, noise_px: float = 1.0
) -> PoseSeries:
    """Somebody who walks across the picture, or away from it, with a shank of 100 px."""
    t_s = np.arange(0, seconds, 1 / fps)
    swing = np.sin(np.pi * steps_per_minute / 60 * t_s)  # two steps a stride
    xy = np.full((len(t_s), len(KEYPOINTS), 2), 300.0)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        ankle = np.full((len(t_s), 2), (300.0 - 20 * sign, 500.0))
        if view == SIDE:
            ankle[:, 0] = 300 + 40 * t_s + 45 * sign * swing
        else:
            ankle[:, 1] -= 25 * np.maximum(sign * swing, 0)
        xy[:, INDEX[f"{side}_ankle"]] = ankle
        xy[:, INDEX[f"{side}_knee"]] = ankle - (0.0, 100.0)
    xy += np.random.default_rng(3).normal(0, noise_px, xy.shape)
    sd = np.ones(xy.shape[:2])
    return PoseSeries(t_s, xy, sd, sd, np.ones(len(t_s), dtype=np.int64))


@pytest.mark.parametrize("view", [SIDE, -SIDE, BACK, 0.0])
@pytest.mark.parametrize("true", [80.0, 112.0, 175.0])
def test_the_cadence_of_a_walk_and_a_run_is_found_from_the_side_and_from_behind(true: float, view: float) -> None:
    found = cadence(gait(true, SIDE if abs(view) == SIDE else BACK), view)
    assert isinstance(found, Estimate)
    assert found.unit == "steps/min"
    assert found.value == pytest.approx(true, abs=1.5)
    assert abs(found.value - true) < 3 * found.sd < 10


def test_steps_are_timed_finer_than_the_pictures() -> None:
    found = step_times_s(gait(100.0, fps=25.0, noise_px=0.0), SIDE)
    wanted = 0.3 + 0.6 * np.arange(len(found))
    assert len(found) >= 12
    np.testing.assert_allclose(found, wanted, atol=0.012)


def test_legs_taken_for_one_another_change_nothing() -> None:
    series = gait(110.0, noise_px=0.0)
    for part in ("ankle", "knee"):
        left, right = INDEX[f"left_{part}"], INDEX[f"right_{part}"]
        series.xy[60:100, [left, right]] = series.xy[60:100, [right, left]]
    found = cadence(series, SIDE)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(110.0, abs=1.0)


def test_a_gap_leaves_a_step_out_and_does_not_slow_the_walk() -> None:
    series = gait(110.0)
    series.xy[60:85] = np.nan
    found = cadence(series, SIDE)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(110.0, abs=2.0)


def standing() -> PoseSeries:
    series = gait(110.0)
    series.xy[:] = series.xy[:1] + np.random.default_rng(1).normal(0, 2.0, series.xy.shape)
    return series


def uneven() -> PoseSeries:
    series = gait(110.0)
    rng = np.random.default_rng(4)
    return PoseSeries(
        np.cumsum(rng.uniform(0.01, 0.06, len(series)) * np.linspace(0.3, 2.5, len(series))),
        series.xy,
        series.sd_px,
        series.confidence,
        series.people,
    )


@pytest.mark.parametrize(
    ("series", "yaw_deg"),
    [
        (standing(), SIDE),
        (gait(110.0, seconds=1.5), SIDE),
        (gait(110.0), float("nan")),
        (uneven(), SIDE),
        (PoseSeries.of([]), SIDE),
        (PoseSeries.of([PoseFrame.empty(0.0), PoseFrame.empty(0.1)]), SIDE),
        (gait(110.0)[slice(0, 1)], BACK),
    ],
    ids=["standing", "too short", "unknown view", "uneven", "empty", "nobody", "one picture"],
)
def test_what_shows_no_gait_has_no_cadence(series: PoseSeries, yaw_deg: float) -> None:
    assert isinstance(cadence(series, yaw_deg), NotAssessable)


def yaw_of(series: PoseSeries) -> float:
    view = ViewEstimate()
    for t_s, across, forward in zip(series.t_s, *cues(Geometry(series)), strict=True):
        view.add(t_s, across, forward)
    return view.yaw_deg


@pytest.mark.parametrize(
    ("name", "low", "high"), [("watcharapol-walk-normal", 85, 125), ("mhuang-treadmill-side", 150, 190)]
)
def test_real_walking_and_running_have_their_usual_cadence(shared: Path, name: str, low: float, high: float) -> None:
    series, _ = open_log(shared / "recordings" / "poselogs" / f"{name}.parquet")
    found = cadence(series, yaw_of(series))
    assert isinstance(found, Estimate)
    assert low < found.value < high


@pytest.mark.parametrize("name", ["pooja-squat-side", "rnhrn-lunge", "vengaza-lunge-front", "kratika-squat-front"])
def test_squats_and_lunges_are_no_gait(shared: Path, name: str) -> None:
    series, _ = open_log(shared / "recordings" / "poselogs" / f"{name}.parquet")
    assert isinstance(cadence(series, yaw_of(series)), NotAssessable)
