"""The view from keypoints alone, on a figure whose turn is known."""

import numpy as np
import pytest

from kneeline.content.load import load
from kneeline.content.schema import Given
from kneeline.motion import view
from kneeline.motion.figure import perform
from kneeline.motion.geometry import Geometry


def seen_from(view_name: str, yaw_deg: float) -> view.ViewEstimate:
    given = Given(reps=1, lift_s=1, hold_s=1, lower_s=1, view=view_name, yaw_deg=yaw_deg, noise_px=1.0)
    frames = perform(load().exercises["calf_raise_ball_squeeze"], given).series
    g = Geometry(frames)
    estimate = view.ViewEstimate()
    for t, a, f in zip(frames.t_s, *view.cues(g), strict=True):
        estimate.add(float(t), float(a), float(f))
    return estimate


@pytest.mark.parametrize(
    ("name", "centre", "facing"),
    [("front", 0, "front"), ("back", 180, "back"), ("left", -90, "left"), ("right", 90, "right")],
)
@pytest.mark.parametrize("turn", [-15.0, 0.0, 15.0])
def test_the_turn_is_found(name: str, centre: float, facing: str, turn: float) -> None:
    found = seen_from(name, turn).yaw_deg
    away = (found - centre + 180) % 360 - 180
    assert abs(away) == pytest.approx(abs(turn), abs=12)
    assert view.facing_of(found) == facing


def test_half_way_is_unclear() -> None:
    assert view.facing_of(seen_from("front", 45.0).yaw_deg) == "unclear"


def test_a_frozen_view_does_not_move() -> None:
    estimate = seen_from("front", 0.0)
    before, estimate.frozen = estimate.yaw_deg, True
    estimate.add(99.0, -1.0, 0.0)
    assert estimate.yaw_deg == before


def test_nobody_seen_is_not_a_front_view() -> None:
    estimate = view.ViewEstimate()
    estimate.add(0.0, np.nan, np.nan)
    exercise = load().exercises["terminal_knee_extension"]
    judged = view.judge_view(estimate, "knee_flexion", load(), exercise.camera)
    assert not judged.usable
    assert judged.facing == "unclear"


def test_the_wrong_view_says_how_to_turn() -> None:
    exercise = load().exercises["terminal_knee_extension"]
    judged = view.judge_view(seen_from("front", 0.0), "knee_flexion", load(), exercise.camera)
    assert not judged.usable
    assert exercise.camera.turn in judged.reasons


def test_without_feet_a_side_view_is_not_called_a_front_view() -> None:
    """Keypoint sets of 17 have no heels and toes."""
    estimate = view.ViewEstimate()
    for k in range(30):
        estimate.add(k / 30, 0.1, np.nan)
    assert np.isnan(estimate.yaw_deg)
    fppa = load().signals["fppa"]
    assert "too little" in view.refusal(fppa, estimate.yaw_deg)
    assert view.refusal(load().signals["hip_drop"], estimate.yaw_deg) == ""


def test_without_feet_wide_shoulders_tell_front_from_back_with_a_larger_error() -> None:
    estimate = view.ViewEstimate()
    estimate.add(0.0, -0.95, np.nan)
    assert estimate.yaw_deg == 180.0
    assert estimate.yaw_sd_deg > 2 * seen_from("front", 0.0).yaw_sd_deg
