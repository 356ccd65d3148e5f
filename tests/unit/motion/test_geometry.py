"""Segments, angles and their errors, with answers known by hand."""

import numpy as np
import pytest

from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries
from kneeline.motion.geometry import Geometry, glance
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


def foot(forwards: int, toe_up_deg: float = 0.0) -> dict[str, tuple[float, float]]:
    """The left foot below its ankle, toes ahead, raised by an angle."""
    up = np.radians(toe_up_deg)
    heel = (120.0 - forwards * 10.0, 310.0)
    return {"left_heel": heel, "left_foot_index": (heel[0] + forwards * 40 * np.cos(up), heel[1] - 40 * np.sin(up))}


@pytest.mark.parametrize("forwards", [1, -1])
@pytest.mark.parametrize("bend", [-40.0, 0.0, 25.0])
def test_ankle_bend_is_positive_for_shin_forward_and_for_toes_up(forwards: int, bend: float) -> None:
    b = bearings(forwards=forwards)
    tilted = (120.0 + forwards * 100 * np.sin(np.radians(bend)), 300 - 100 * np.cos(np.radians(bend)))
    shin_forward = FRONT | foot(forwards) | {"left_knee": tilted}
    assert value("ankle_dorsiflexion", shin_forward, b, "left") == pytest.approx(bend)
    assert value("shin_tilt", shin_forward, b, "left") == pytest.approx(bend)
    toes_up = FRONT | foot(forwards, toe_up_deg=bend)
    assert value("ankle_dorsiflexion", toes_up, b, "left") == pytest.approx(bend)
    assert value("shin_tilt", toes_up, b, "left") == pytest.approx(0.0)


@pytest.mark.parametrize("forwards", [1, -1])
def test_the_left_foot_ahead_is_positive_whichever_way_the_person_faces(forwards: int) -> None:
    points = dict(FRONT, left_ankle=(100.0 + forwards * 30, 300.0), right_ankle=(100.0 - forwards * 30, 300.0))
    assert value("left_foot_ahead", points, bearings(forwards=forwards)) == pytest.approx(0.6)


def test_the_ankles_first_order_error_agrees_with_monte_carlo() -> None:
    frames = series(FRONT | foot(1), sd_px=2.0, n=20000)
    noise = np.random.default_rng(9).normal(0, 2.0, frames.xy.shape)
    noisy = PoseSeries(frames.t_s, frames.xy + noise, frames.sd_px, frames.confidence, frames.people)
    for name in ("ankle_dorsiflexion", "shin_tilt"):
        found = signal(name, Geometry(noisy), bearings(), "left").std()
        assert found == pytest.approx(signal_sd(name, Geometry(frames), bearings(), "left")[0], rel=0.05), name


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


def ragged() -> PoseSeries:
    """Ten frames of points anywhere, some absent, one frame empty, one with a keypoint whose error is unknown."""
    rng = np.random.default_rng(5)
    xy = rng.uniform(-50, 700, (10, len(KEYPOINTS), 2))
    xy[3], xy[4, INDEX["left_ankle"]], xy[5, INDEX["nose"], 0] = np.nan, np.nan, np.inf
    sd = np.where(np.isfinite(xy).all(axis=-1), 2.0, np.nan)
    sd[6, INDEX["right_hip"]] = np.nan
    return PoseSeries(np.arange(10) / 30, xy, sd, sd, np.full(10, -1))


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("b", [bearings("left"), bearings("right", -1, -1)])
def test_a_signal_of_one_frame_is_that_of_many(name: str, b: Bearings) -> None:
    frames = ragged()
    for side in ("left", "right") if SIGNALS[name].sided else ("",):
        many = SIGNALS[name].of(Geometry(frames), b, side)
        alone = [SIGNALS[name].of(glance(frame), b, side) for frame in frames]
        among = [SIGNALS[name].of(one, b, side) for one in Geometry(frames).glances()]
        np.testing.assert_array_equal(alone, among)
        np.testing.assert_allclose(alone, many, rtol=1e-12, atol=1e-10)


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
