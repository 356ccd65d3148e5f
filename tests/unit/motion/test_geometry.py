"""Segments, angles and their errors, with answers known by hand."""

import numpy as np
import pytest

from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries
from kneeline.motion.geometry import Geometry
from kneeline.motion.signals import SIGNALS, Bearings, signal, signal_sd


def series(points: dict[str, tuple[float, float]], sd_px: float = 2.0, n: int = 1) -> PoseSeries:
    """n equal frames with the given keypoints; the others stand at a harmless place."""
    xy = np.full((n, len(KEYPOINTS), 2), 50.0)
    xy[..., 1] = np.linspace(10, 400, len(KEYPOINTS))
    for name, place in points.items():
        xy[:, INDEX[name]] = place
    sd = np.full((n, len(KEYPOINTS)), sd_px)
    return PoseSeries(np.arange(n) / 30, xy, sd, sd * 0 + 1, np.full(n, -1))


FRONT = {"left_hip": (120.0, 100.0), "left_knee": (120.0, 200.0), "left_ankle": (120.0, 300.0)}
FRONT |= {"right_hip": (80.0, 100.0), "right_knee": (80.0, 200.0), "right_ankle": (80.0, 300.0)}
FRONT |= {"left_shoulder": (130.0, 0.0), "right_shoulder": (70.0, 0.0)}


def bearings(stance: str = "left", towards: int = 1, forwards: int = 1) -> Bearings:
    return Bearings(towards, forwards, stance, 100.0, 200.0)


def value(name: str, points: dict[str, tuple[float, float]], b: Bearings, side: str = "") -> float:
    return float(signal(name, Geometry(series(points)), b, side)[0])


def test_a_straight_leg_is_zero_everywhere() -> None:
    for name, side in (("knee_flexion", "left"), ("fppa", "left"), ("hip_abduction", "right"), ("pelvic_drop", "")):
        assert value(name, FRONT, bearings(), side) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("towards", [1, -1])
def test_knee_inward_is_positive_on_both_legs_from_front_and_behind(side: str, towards: int) -> None:
    points = dict(FRONT)
    x, y = points[f"{side}_knee"]
    points[f"{side}_knee"] = (100.0 + 0.5 * (x - 100.0), y)  # half-way to the midline
    if towards < 0:  # seen from behind the picture is mirrored
        points = {name: (200.0 - px, py) for name, (px, py) in points.items()}
    assert value("fppa", points, bearings(side, towards), side) == pytest.approx(2 * np.degrees(np.arctan(0.1)))


@pytest.mark.parametrize("forwards", [1, -1])
def test_knee_flexion_is_positive_whichever_way_the_person_faces(forwards: int) -> None:
    points = dict(FRONT, left_ankle=(120.0 - forwards * 100.0, 200.0))  # shank straight backwards
    assert value("knee_flexion", points, bearings(forwards=forwards), "left") == pytest.approx(90.0)


@pytest.mark.parametrize(("stance", "lower"), [("left", "right"), ("right", "left")])
def test_pelvic_drop_is_positive_when_the_free_side_is_lower(stance: str, lower: str) -> None:
    points = dict(FRONT)
    x, y = points[f"{lower}_hip"]
    points[f"{lower}_hip"] = (x, y + 40.0 * np.tan(np.radians(9.0)))
    assert value("pelvic_drop", points, bearings(stance)) == pytest.approx(9.0)


@pytest.mark.parametrize("towards", [1, -1])
def test_trunk_lean_is_positive_towards_the_standing_leg(towards: int) -> None:
    shift = 100.0 * np.tan(np.radians(10.0)) * towards  # the left leg stands at image right from the front
    points = dict(FRONT, left_shoulder=(130.0 + shift, 0.0), right_shoulder=(70.0 + shift, 0.0))
    assert value("trunk_lean", points, bearings("left", towards)) == pytest.approx(10.0)
    assert value("trunk_lean", points, bearings("right", towards)) == pytest.approx(-10.0)


def test_a_missing_keypoint_spoils_only_what_needs_it() -> None:
    frames = series(FRONT)
    frames.xy[:, INDEX["left_ankle"]] = np.nan
    g = Geometry(frames)
    assert np.isnan(signal("fppa", g, bearings(), "left")[0])
    assert not np.isnan(signal("fppa", g, bearings(), "right")[0])
    assert not np.isnan(signal("pelvic_drop", g, bearings())[0])


def test_first_order_error_agrees_with_monte_carlo() -> None:
    """Bent knee, 100 px segments, 3 px independent noise on each keypoint: the shared knee counts twice."""
    points = dict(FRONT, left_ankle=(60.0, 280.0))
    n = 20000
    frames = series(points, sd_px=3.0, n=n)
    truth = Geometry(frames)
    noisy = PoseSeries(
        frames.t_s,
        frames.xy + np.random.default_rng(7).normal(0, 3.0, frames.xy.shape),
        frames.sd_px,
        frames.confidence,
        frames.people,
    )
    g = Geometry(noisy)
    assert g.bend[:, 0].std() == pytest.approx(truth.bend_sd[0, 0], rel=0.03)
    pelvis_noise = signal("pelvic_drop", g, bearings()).std()
    assert pelvis_noise == pytest.approx(signal_sd("pelvic_drop", truth, bearings())[0], rel=0.05)


def test_frames_do_not_depend_on_their_neighbours() -> None:
    frames = series(FRONT, n=9)
    frames.xy[:] += np.random.default_rng(1).normal(0, 5, frames.xy.shape)
    whole, part = Geometry(frames), Geometry(frames[slice(4, 5)])
    for name in ("segment", "tilt", "tilt_sd", "bend", "bend_sd"):
        assert np.array_equal(getattr(whole, name)[4:5], getattr(part, name))


def test_every_signal_is_in_the_library_and_the_other_way_round() -> None:
    from kneeline.content.load import load

    assert set(load().signals) == set(SIGNALS)
