"""The curve that phases are timed on: a leg that goes out is measured from the pelvis where its tilt can be told."""

import numpy as np
import pytest

from kneeline.content.load import load_exercise
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries
from kneeline.motion.checks import PELVIS_SHARE, counting_curve, timing_curve
from kneeline.motion.geometry import Geometry
from kneeline.motion.signals import Bearings

BANDED = load_exercise("banded_single_leg_stand")
BEARINGS = Bearings(towards=1, forwards=1, stance="left", shank_px=200.0, hip_height_px=400.0)
N = 30


def standing(drop_px: np.ndarray) -> np.ndarray:
    """Keypoints of somebody seen from the front on the left leg, whose right side sinks by drop_px."""
    xy = np.full((N, len(KEYPOINTS), 2), np.nan)
    places = {"shoulder": (60, 100), "hip": (40, 400), "knee": (40, 600), "ankle": (40, 800)}
    for part, (apart, down) in places.items():
        xy[:, INDEX[f"left_{part}"]] = (500 + apart, down)
        xy[:, INDEX[f"right_{part}"]] = (500 - apart, down)
    for part in ("hip", "knee", "ankle"):
        xy[:, INDEX[f"right_{part}"], 1] += drop_px
    return xy


def geometry(xy: np.ndarray) -> Geometry:
    sure = np.where(np.isnan(xy[..., 0]), np.nan, 1.0)
    return Geometry(PoseSeries(np.arange(N) / 30, xy, sure, sure, np.ones(N, dtype=np.int64)))


def test_a_leg_is_measured_from_a_pelvis_that_drops() -> None:
    drop_px = np.linspace(0, 12, N)
    g = geometry(standing(drop_px))
    own = counting_curve(g, BANDED.repetition, BEARINGS, "right")
    curve = timing_curve(g, BANDED, BEARINGS, "right")
    (told,) = (o for o in BANDED.observation if o.signal == "pelvic_drop")
    assert np.ptp(own) == pytest.approx(0, abs=1e-9)  # the leg itself does not move against the vertical
    drop_deg = np.degrees(np.arctan2(drop_px[-1], 80))
    expected = PELVIS_SHARE * told.weights["pelvic_drop"] * drop_deg  # trunk and shoulders stay as they were
    assert curve[-1] - curve[0] == pytest.approx(expected, abs=0.05)


def test_shoulders_out_of_the_picture_leave_the_leg_alone() -> None:
    xy = standing(np.linspace(0, 12, N))
    xy[:10, INDEX["left_shoulder"]] = np.nan
    g = geometry(xy)
    own = counting_curve(g, BANDED.repetition, BEARINGS, "right")
    assert timing_curve(g, BANDED, BEARINGS, "right") == pytest.approx(own)
