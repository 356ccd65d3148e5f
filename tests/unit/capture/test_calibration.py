from __future__ import annotations

import numpy as np
import pytest

from kneeline.capture.calibration import PARTS, apparent_size, calibration_for, part_of
from kneeline.model.pose import INDEX, KEYPOINTS


def person(scale: float = 1.0) -> np.ndarray:
    """A standing figure: shoulders at 0, hips at 50, knees at 90, ankles at 130."""
    xy = np.zeros((33, 2))
    for part, y in (("shoulder", 0), ("hip", 50), ("knee", 90), ("ankle", 130), ("heel", 135), ("foot_index", 135)):
        xy[INDEX[f"left_{part}"]], xy[INDEX[f"right_{part}"]] = (10, y), (-10, y)
    return xy * scale


def test_size_is_trunk_and_longer_leg_and_bends_with_the_knee() -> None:
    assert apparent_size(person()) == pytest.approx(130)
    bent = person()
    bent[INDEX["left_ankle"]] = (50, 90)  # the shank level
    assert apparent_size(bent) == pytest.approx(130)


def test_size_falls_back_to_what_is_there() -> None:
    half = person()
    half[INDEX["left_hip"]] = np.nan
    assert apparent_size(half) == pytest.approx(np.hypot(20, 135))
    assert np.isnan(apparent_size(np.full((33, 2), np.nan)))


def test_many_frames_are_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    xy, confidence = rng.normal(size=(6, 33, 2)) * 100, rng.uniform(size=(6, 33))
    xy[2, 4] = np.nan
    calibration = calibration_for("blazepose-full")
    one_by_one = [calibration.sd_px(a, c) for a, c in zip(xy, confidence, strict=True)]
    np.testing.assert_allclose(calibration.sd_px(xy, confidence), one_by_one)


@pytest.mark.parametrize("model", ["blazepose-full", "something else", "marker"])
def test_one_whole_frame_has_the_same_errors_to_the_last_bit(model: str) -> None:
    rng, calibration = np.random.default_rng(1), calibration_for(model)
    for _ in range(200):
        points = rng.uniform(0, [640, 480, 1], size=(33, 3))
        points[rng.integers(33), 2] = rng.choice([0.0, 1.0, 0.9995])
        xy, confidence = points[:, :2], points[:, 2]
        one = calibration.sd_px_of_one(xy[:, 0].tolist(), xy[:, 1].tolist(), confidence)
        np.testing.assert_array_equal(one, calibration.sd_px(xy, confidence, (640, 480)))


@pytest.mark.parametrize("model", ["blazepose-full", "blazepose-heavy", "anything else"])
def test_sd_grows_with_size_and_never_with_confidence(model: str) -> None:
    calibration = calibration_for(model)
    assert (np.diff(calibration.table, axis=0) <= 1e-12).all()
    assert calibration.table.min() >= 0.002 - 1e-9
    assert calibration.table.max() <= 0.1 + 1e-9
    sure = np.full(33, 0.9)
    np.testing.assert_allclose(calibration.sd_px(person(2), sure), 2 * calibration.sd_px(person(), sure))


def test_sd_is_absent_exactly_where_the_keypoint_is() -> None:
    xy, confidence = person(), np.full(33, 0.9)
    xy[7] = np.nan
    confidence[8] = np.nan
    sd = calibration_for("blazepose-full").sd_px(xy, confidence)
    assert np.isnan(sd[7])
    assert np.isfinite(np.delete(sd, 7)).all()
    assert sd[8] == calibration_for("blazepose-full").sd_px(xy, np.zeros(33))[8], "the widest"


def test_a_keypoint_outside_the_picture_was_guessed() -> None:
    xy, sure = person() + 20, np.full(33, 0.99)
    knee, heel = INDEX["left_knee"], INDEX["left_heel"]
    inside = calibration_for("blazepose-full").sd_px(xy, sure)
    edge = calibration_for("blazepose-full").sd_px(xy, sure, (200, 130))
    assert edge[knee] == inside[knee]
    assert edge[heel] == pytest.approx(0.1 * 130)


def test_names_of_older_logs_find_their_calibration() -> None:
    long = "blazepose-full (no segmentation branch), mediapipe 0.10.31, IMAGE mode, unsmoothed"
    assert calibration_for(long).name == "blazepose-full"


def test_markers_have_a_fixed_error() -> None:
    sd = calibration_for("marker, sagittal plane").sd_px(person(), np.zeros(33))
    assert set(sd) == {2.0}
    assert set(calibration_for("marker-triangulated").sd_px(person(), np.zeros(33))) == {15.0}


def test_every_keypoint_belongs_to_a_part() -> None:
    assert {part_of(keypoint) for keypoint in KEYPOINTS} == set(PARTS)
