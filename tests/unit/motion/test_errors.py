"""The error of a signal, term by term, on a leg whose answer is known by hand."""

import math

import msgspec
import numpy as np
import pytest

from kneeline.content.load import load
from kneeline.content.schema import PoseError, Signal
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries
from kneeline.motion.errors import LEG_TURN_DEG, Witness, total_sd
from kneeline.motion.geometry import Geometry
from kneeline.motion.signals import Bearings, signal_sd

FPPA, KNEE, DEPTH = (load().signals[name] for name in ("fppa", "knee_flexion", "hip_drop"))


def leg(hips_y: float = 100.0, sd_px: float = 2.0) -> Geometry:
    """A left leg that stands 200 px tall when the hips are at 100, seen from the front, two equal frames."""
    xy = np.full((2, len(KEYPOINTS), 2), 50.0)
    for name, place in (("hip", hips_y), ("knee", (hips_y + 300.0) / 2), ("ankle", 300.0)):
        xy[:, INDEX[f"left_{name}"]] = xy[:, INDEX[f"right_{name}"]] = (100.0, place)
    sd = np.full((2, len(KEYPOINTS)), sd_px)
    return Geometry(PoseSeries(np.array([0.0, 0.1]), xy, sd, sd, np.array([1, 1])))


BEARINGS = Bearings(1, 1, "left", 100.0, 200.0)
SQUARE = Witness("", 0.0, 0.0)


def sd(spec: Signal, g: Geometry, witness: Witness, value: float = 0.0, *, change: bool = False) -> float:
    side = "left" if spec is not DEPTH else ""
    return float(total_sd(spec, g, BEARINGS, side, np.full(2, value), witness, change=change)[0])


def known(spec: Signal, **numbers: float) -> Signal:
    return msgspec.structs.replace(spec, pose_error={"some": PoseError(**numbers)})


def leg_turn(signal: Signal, bend_deg: float = 0.0) -> float:
    """What the leg's own turn adds, however the camera stands."""
    assert signal.yaw_error is not None
    assert signal.yaw_error_bent is not None
    return LEG_TURN_DEG * (signal.yaw_error.value + signal.yaw_error_bent.value * bend_deg)


def test_exact_keypoints_square_to_the_camera_have_their_noise_and_the_turn_of_the_leg() -> None:
    noise = float(signal_sd("fppa", leg(), BEARINGS, "left")[0])
    least = math.hypot(noise, leg_turn(FPPA))
    assert sd(FPPA, leg(), SQUARE) == pytest.approx(least)
    assert sd(FPPA, leg(), Witness("marker", 0.0, 0.0)) == pytest.approx(least)
    assert sd(FPPA, leg(), Witness("blazepose-full", 0.0, 0.0)) != pytest.approx(least)


def test_what_stays_in_a_recording_drops_out_of_changes() -> None:
    spec, witness = known(FPPA, noise=0.0, sd=3.0, change_sd=4.0), Witness("some-model", 0.0, 0.0)
    assert sd(spec, leg(), witness) == pytest.approx(math.hypot(5.0, leg_turn(FPPA)))
    assert sd(spec, leg(), witness, change=True) == pytest.approx(math.hypot(4.0, leg_turn(FPPA)))


def test_a_share_grows_with_the_value() -> None:
    spec = known(DEPTH, noise=0.0, share=0.1)
    assert sd(spec, leg(), Witness("some", 0.0, 0.0), 0.3, change=True) == pytest.approx(0.03)


@pytest.mark.parametrize("yaw_deg", [12.0, -12.0, 168.0])
def test_a_turned_camera_widens_a_frontal_signal_the_more_the_leg_is_bent(yaw_deg: float) -> None:
    square, turned = SQUARE, Witness("", yaw_deg, 0.0)
    assert sd(FPPA, leg(), turned) > sd(FPPA, leg(), square)
    bent = leg(hips_y=300.0 - 200.0 * math.cos(math.radians(30.0)))  # 60 degrees in a leg of two equal segments
    assert FPPA.yaw_error is not None
    assert FPPA.yaw_error_bent is not None
    by_deg = FPPA.yaw_error.value + FPPA.yaw_error_bent.value * 60.0
    expected = 12.0 * by_deg
    found = math.sqrt(sd(FPPA, bent, turned) ** 2 - sd(FPPA, bent, square) ** 2)
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_sagittal_signal_is_shortened_in_proportion_to_itself() -> None:
    side_on, turned = Witness("", 90.0, 0.0), Witness("", 70.0, 0.0)
    small, large = (
        math.sqrt(sd(KNEE, leg(), turned, value) ** 2 - sd(KNEE, leg(), side_on, value) ** 2) for value in (10.0, 60.0)
    )
    assert large > small > 0


def test_not_knowing_the_turn_costs_as_much_as_being_turned() -> None:
    assert sd(FPPA, leg(), Witness("", 0.0, 9.0)) == pytest.approx(sd(FPPA, leg(), Witness("", 9.0, 0.0)))


def test_an_unknown_turn_adds_nothing_where_any_view_will_do() -> None:
    assert sd(DEPTH, leg(), Witness("", math.nan, 0.0)) == pytest.approx(sd(DEPTH, leg(), SQUARE))


def test_a_missing_knee_has_no_error() -> None:
    xy = leg().xy.copy()
    xy[:, INDEX["left_knee"]] = np.nan
    two = np.full((2, len(KEYPOINTS)), 2.0)
    g = Geometry(PoseSeries(np.array([0.0, 0.1]), xy, two, two, np.array([1, 1])))
    assert math.isnan(sd(KNEE, g, SQUARE, math.nan))


def test_every_measured_pose_model_is_known_for_every_measure_and_others_are_no_surer() -> None:
    library = load()
    for name in {library.measures[m].signal for e in library.exercises.values() for m in e.measures}:
        spec = library.signals[name]
        if "blazepose-full" not in spec.pose_error:
            continue
        other = spec.pose_error["other"]
        for known_error in spec.pose_error.values():
            assert other.sd >= known_error.sd
            assert other.change_sd >= known_error.change_sd


def test_hips_out_of_sight_do_not_take_away_the_error_of_the_ankles() -> None:
    xy = leg().xy.copy()
    xy[:, [INDEX["left_hip"], INDEX["right_hip"]]] = np.nan
    two = np.full((2, len(KEYPOINTS)), 2.0)
    g = Geometry(PoseSeries(np.array([0.0, 0.1]), xy, two, two, np.array([1, 1])))
    gap = load().signals["ankle_gap"]
    assert np.isfinite(total_sd(gap, g, BEARINGS, "", np.full(2, 0.1), Witness("blazepose-full", 5.0, 4.0))).all()
