"""Legs whose names were exchanged, on a standing figure whose left foot is planted."""

import numpy as np
import pytest

from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries
from kneeline.motion.legs import sort_out

PARTS = ("knee", "ankle", "heel", "foot_index")
START_S, END_S = 1.0, 3.0


def standing(n: int = 120) -> PoseSeries:
    """Left leg planted at x = 100, right foot lifted behind at x = 20; shanks 80 px."""
    xy = np.zeros((n, len(KEYPOINTS), 2))
    for side, x in (("left", 100.0), ("right", 20.0)):
        for part, y in zip(PARTS, (220.0, 300.0, 305.0, 305.0), strict=True):
            xy[:, INDEX[f"{side}_{part}"]] = (x, y)
    t_s = np.arange(n) / 30
    return PoseSeries(t_s, xy, np.full((n, 33), 2.0), np.full((n, 33), 0.9), np.full(n, -1))


def exchanged(series: PoseSeries, rows: slice) -> PoseSeries:
    xy = series.xy.copy()
    for part in PARTS:
        left, right = INDEX[f"left_{part}"], INDEX[f"right_{part}"]
        xy[rows, left], xy[rows, right] = series.xy[rows, right], series.xy[rows, left]
    return PoseSeries(series.t_s, xy, series.sd_px, series.confidence, series.people)


def test_a_planted_foot_that_stays_changes_nothing() -> None:
    series = standing()
    assert sort_out(series, "left", START_S, END_S) is series


@pytest.mark.parametrize("side", ["left", "right"])
def test_exchanged_legs_get_their_names_back(side: str) -> None:
    series = standing()
    np.testing.assert_allclose(sort_out(exchanged(series, slice(45, 80)), side, START_S, END_S).xy, series.xy)


def test_outside_the_repetition_nothing_is_touched() -> None:
    wrong = exchanged(standing(), slice(95, 110))
    assert sort_out(wrong, "left", START_S, END_S) is wrong


def test_a_foot_found_in_neither_place_was_not_seen() -> None:
    series = standing()
    series.xy[50, INDEX["left_ankle"]] = (60.0, 300.0)  # half way between the two
    found = sort_out(series, "left", START_S, END_S)
    assert np.isnan(found.xy[50, INDEX["left_ankle"]]).all()
    assert np.isfinite(found.xy[50, INDEX["right_ankle"]]).all()
    assert np.isfinite(found.xy[49]).all()


def test_a_lifting_heel_is_no_exchange() -> None:
    series = standing()
    series.xy[50:70, INDEX["left_ankle"], 1] -= 25.0
    assert sort_out(series, "left", START_S, END_S) is series


def test_a_foot_never_seen_before_is_left_alone() -> None:
    series = standing()
    series.xy[:40, INDEX["left_ankle"]] = np.nan
    assert sort_out(series, "left", START_S, END_S) is series


def test_missing_frames_stay_missing() -> None:
    series = standing()
    series.xy[50] = np.nan
    assert sort_out(series, "left", START_S, END_S) is series


def test_the_hindsight_of_a_whole_recording_is_kept_apart_by_repetition() -> None:
    wrong = exchanged(standing(), slice(45, 80))
    assert sort_out(wrong, "left", 3.2, 3.8) is wrong
