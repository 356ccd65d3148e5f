"""Hip drop told from several signals: changes from rest, weighed; refused where it was never tried."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from kneeline.content.load import Library, load
from kneeline.content.schema import Observation
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries
from kneeline.model.quantity import Estimate, Measured, NotAssessable
from kneeline.motion.errors import Witness
from kneeline.motion.geometry import Geometry
from kneeline.motion.measure import Scene, beyond, measure_all
from kneeline.motion.reps import Phases, fit_phases
from kneeline.motion.signals import Bearings

Array = npt.NDArray[np.float64]
DROP = "pelvic_drop_peak_deg"
SHOULDERS = ("left_shoulder", "right_shoulder")
START_S, TOP_S, END_S, RATE = 1.0, (2.0, 3.0), 4.0, 30.0
PHASES = Phases((START_S, *TOP_S, END_S), np.eye(4) * 0.01, rest=0.0, top=25.0)


@pytest.fixture(scope="module")
def library() -> Library:
    return load()


def course(n: int = 150) -> Array:
    """0 at rest, 1 at the top, over five seconds at 30 per second."""
    return np.interp(np.arange(n) / RATE, [START_S, TOP_S[0], TOP_S[1], END_S], [0.0, 1.0, 1.0, 0.0])


def phases() -> Phases:
    """The repetition's times."""
    found = fit_phases(np.arange(150) / RATE, 25.0 * course(), (START_S + 0.2, END_S - 0.2))
    assert found is not None
    return found


def stand(
    hips: float = 0.0, lean: float = 0.0, shoulders: float = 0.0, thigh: float = 0.0, tilted: float = 0.0
) -> Array:
    """(150, 33, 2) px of somebody on the left leg, from the front, whose segments turn by so many degrees at the top.

    tilted: how far the hip line is off level all the time, as a person's keypoints may be.
    """
    up = course()
    xy = np.zeros((len(up), len(KEYPOINTS), 2))
    xy[:, :, 0] = 300.0

    def put(middle: Array, half_px: float, turn_deg: Array, left: str, right: str) -> None:
        turn = np.radians(turn_deg)
        arm = np.stack([half_px * np.cos(turn), -half_px * np.sin(turn)], axis=1)  # the free right side sinks
        xy[:, INDEX[left]], xy[:, INDEX[right]] = middle + arm, middle - arm

    middle = np.tile([300.0, 300.0], (len(up), 1))
    put(middle, 20.0, tilted + hips * up, "left_hip", "right_hip")
    over = np.radians(lean * up)
    put(middle + 150.0 * np.stack([np.sin(over), -np.cos(over)], axis=1), 50.0, shoulders * up, *SHOULDERS)
    out = np.radians(thigh * up)
    xy[:, INDEX["right_knee"]] = xy[:, INDEX["right_hip"]] + 100.0 * np.stack([-np.sin(out), np.cos(out)], axis=1)
    xy[:, INDEX["left_knee"]] = xy[:, INDEX["left_hip"]] + [0.0, 100.0]
    for side in ("left", "right"):
        xy[:, INDEX[f"{side}_ankle"]] = xy[:, INDEX[f"{side}_knee"]] + [0.0, 100.0]
    return xy


def geometry(xy: Array) -> Geometry:
    sd = np.ones(xy.shape[:2])
    return Geometry(PoseSeries(np.arange(len(xy)) / RATE, xy, sd, sd, np.ones(len(xy), dtype=np.int64)))


def scene(library: Library, yaw_deg: float = 0.0, side: str = "left") -> Scene:
    towards = 1 if abs(yaw_deg) < 90 else -1
    exercise = library.exercises["banded_single_leg_stand"]
    witness = Witness("blazepose-full", yaw_deg, 0.0)
    return Scene(exercise, library, Bearings(towards, 1, side, 100.0, 200.0), witness, side)


def drop(xy: Array, of: Scene) -> Measured:
    return measure_all(geometry(xy), phases(), of, None)[DROP]


def observation(library: Library) -> Observation:
    (found,) = library.exercises["banded_single_leg_stand"].observation
    return found


def mirrored(xy: Array) -> Array:
    """The other leg's repetition: left and right keypoints swapped, the picture flipped."""
    names = [name.replace("left", "?").replace("right", "left").replace("?", "right") for name in KEYPOINTS]
    swapped = xy[:, [INDEX[name] for name in names]]
    return np.stack([600.0 - swapped[..., 0], swapped[..., 1]], axis=-1)


def test_the_drop_is_the_weighed_sum_of_what_changed_and_a_crooked_rest_does_not_count(library: Library) -> None:
    weights = observation(library).weights
    told = drop(stand(hips=2.0, lean=-2.0, shoulders=-1.0, thigh=20.0, tilted=5.0), scene(library))
    wanted = (
        2.0 * weights["pelvic_drop"]
        - 2.0 * weights["trunk_lean"]
        - 1.0 * weights["shoulder_drop"]
        + 20.0 * weights["hip_abduction"]
    )
    assert isinstance(told, Estimate)
    assert told.value == pytest.approx(wanted, abs=0.3)
    assert told.sd == observation(library).error.value


def test_both_legs_are_told_alike(library: Library) -> None:
    xy = stand(hips=3.0, lean=-3.0, shoulders=-1.0, thigh=15.0)
    left, right = drop(xy, scene(library)), drop(mirrored(xy), scene(library, side="right"))
    assert isinstance(left, Estimate)
    assert isinstance(right, Estimate)
    assert left.value == pytest.approx(right.value, abs=1e-6)


@pytest.mark.parametrize("lean", [-10.0, 10.0])
def test_a_body_that_leans_as_one_piece_drops_nothing_much(library: Library, lean: float) -> None:
    told = drop(stand(lean=lean, shoulders=-lean), scene(library))
    assert isinstance(told, Estimate)
    assert abs(told.value) < 2 * told.sd + 1


def test_a_turned_camera_makes_it_less_sure_and_too_far_off_it_is_refused(library: Library) -> None:
    sds = []
    for yaw_deg in (0.0, -10.0, 20.0):
        told = drop(stand(hips=3.0), scene(library, yaw_deg))
        assert isinstance(told, Estimate)
        sds.append(told.sd)
    assert sds == sorted(sds)
    assert sds[2] == pytest.approx(np.hypot(sds[0], 20.0 * observation(library).turn_error.value))
    assert isinstance(drop(stand(hips=3.0), scene(library, 32.0)), NotAssessable)


@pytest.mark.parametrize("yaw_deg", [180.0, -170.0])
def test_from_behind_it_is_refused(library: Library, yaw_deg: float) -> None:
    told = drop(stand(hips=9.0), scene(library, yaw_deg))
    assert isinstance(told, NotAssessable)
    assert "front only" in told.reason


@pytest.mark.parametrize("far", [{"lean": 40.0}, {"lean": -25.0}, {"shoulders": 40.0}, {"hips": 30.0}, {"thigh": 80.0}])
def test_a_body_that_moves_further_than_was_ever_tried_is_refused(library: Library, far: dict[str, float]) -> None:
    told = drop(stand(**far), scene(library))
    assert isinstance(told, NotAssessable)
    assert told.reason == "the body moved too far for hip drop to be told"


def test_hips_taken_for_each_other_are_refused_and_not_read_as_a_giant_drop(library: Library) -> None:
    xy = stand(hips=3.0)
    at = slice(65, 75)
    left, right = INDEX["left_hip"], INDEX["right_hip"]
    xy[at, left], xy[at, right] = xy[at, right].copy(), xy[at, left].copy()
    assert isinstance(drop(xy, scene(library)), NotAssessable)


def test_a_movement_far_off_outside_the_repetition_does_not_spoil_it(library: Library) -> None:
    xy = stand(hips=3.0)
    xy[145:, INDEX["left_shoulder"]] += 500.0
    assert isinstance(drop(xy, scene(library)), Estimate)


def test_a_shoulder_out_of_sight_or_a_rest_that_was_not_seen_is_said(library: Library) -> None:
    hidden = stand(hips=3.0)
    hidden[:, INDEX["left_shoulder"]] = np.nan
    told = drop(hidden, scene(library))
    assert isinstance(told, NotAssessable)
    assert "out of sight" in told.reason
    late = stand(hips=3.0)
    late[: int((START_S + 0.1) * RATE)] = np.nan
    told = drop(late, scene(library))
    assert isinstance(told, NotAssessable)
    assert "at rest" in told.reason


def test_what_is_beyond_is_told_frame_by_frame(library: Library) -> None:
    g = geometry(stand(lean=40.0))
    still = g.t_s < START_S
    far = beyond(observation(library), g, scene(library).bearings, still)
    assert not far[still].any()
    assert far[int(TOP_S[0] * RATE) : int(TOP_S[1] * RATE)].all()
    assert not beyond(observation(library), g, scene(library).bearings, still & False).any()


def test_markers_show_the_drop_directly(library: Library) -> None:
    xy = stand(hips=9.0, lean=4.0)
    exercise = library.exercises["banded_single_leg_stand"]
    scene = Scene(exercise, library, Bearings(1, 1, "left", 100.0, 200.0), Witness("marker", 0.0, 0.0), "left")
    drop = measure_all(geometry(xy), phases(), scene, None)[DROP]
    assert isinstance(drop, Estimate)
    assert drop.value == pytest.approx(9.0, abs=0.2)
