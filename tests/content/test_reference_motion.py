"""The reference motion as a body: it stands on the floor, keeps its segments, and bends as it was asked to."""

from __future__ import annotations

import re

import numpy as np
import pytest

from kneeline.content.load import load
from kneeline.content.schema import Exercise, Given
from kneeline.model.pose import INDEX, KEYPOINTS, Array
from kneeline.motion import figure
from kneeline.motion.figure import angles_at, minimum_jerk, perform, placed, pose

EXERCISES = list(load().exercises.values())
PROGRESS = np.linspace(0, 1, 21)
each = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)


def at(joints: Array, name: str) -> Array:
    return joints[..., INDEX[name], :]


def bend_deg(joints: Array, side: str) -> Array:
    thigh = at(joints, f"{side}_hip") - at(joints, f"{side}_knee")
    shank = at(joints, f"{side}_ankle") - at(joints, f"{side}_knee")
    cosine = (thigh * shank).sum(-1) / np.linalg.norm(thigh, axis=-1) / np.linalg.norm(shank, axis=-1)
    return 180 - np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def given(**changes: object) -> Given:
    return Given(**{"reps": 3, "lift_s": 1.0, "hold_s": 0.5, "lower_s": 2.0, "view": "front", **changes})  # type: ignore[arg-type]


@each
def test_the_body_keeps_its_shape_and_stands_on_the_floor(exercise: Exercise) -> None:
    joints = pose(angles_at(exercise, PROGRESS))
    assert np.isfinite(joints).all()
    for side in ("left", "right"):
        shank = np.linalg.norm(at(joints, f"{side}_knee") - at(joints, f"{side}_ankle"), axis=-1)
        thigh = np.linalg.norm(at(joints, f"{side}_knee") - at(joints, f"{side}_hip"), axis=-1)
        np.testing.assert_allclose(shank, figure.SHANK, atol=0.012)
        np.testing.assert_allclose(thigh, figure.THIGH, atol=1e-9)
        assert (at(joints, f"{side}_hip")[:, 2] > at(joints, f"{side}_knee")[:, 2] - 0.01).all(), "hips above knees"
    np.testing.assert_allclose(at(joints, "right_foot_index")[:, 2], 0, atol=1e-12)
    floor = -0.25 if exercise.id in ("step_up", "step_down", "low_step_up") else -0.01
    assert joints[..., 2].min() > floor, "nothing below the floor"
    ahead = (at(joints, "left_shoulder") + at(joints, "right_shoulder"))[:, 0] / 2 - at(joints, "right_foot_index")[
        :, 0
    ]
    assert (ahead > -0.5).all()
    assert (ahead < 0.35).all(), "the body is over its foot"


@each
def test_left_is_the_mirror_of_right(exercise: Exercise) -> None:
    right = pose(angles_at(exercise, PROGRESS), "right")
    left = pose(angles_at(exercise, PROGRESS), "left")
    swapped = [re.sub("left|right", lambda m: "left" if m[0] == "right" else "right", name) for name in KEYPOINTS]
    mirrored = right[:, [INDEX[name] for name in swapped]] * np.array([1, -1, 1])
    np.testing.assert_allclose(left, mirrored, atol=1e-9)


@each
def test_the_knee_bends_as_much_as_was_asked(exercise: Exercise) -> None:
    angles = angles_at(exercise, PROGRESS)
    asked = np.asarray(angles.get("working_knee_flexion", 0.0)) + np.asarray(angles.get("both_knee_flexion", 0.0))
    np.testing.assert_allclose(bend_deg(pose(angles), "right"), asked, atol=0.1)


def test_angles_in_the_picture_have_the_house_signs() -> None:
    base = {"working_knee_flexion": 20.0, "working_ankle_dorsiflexion": 10.0, "free_knee_flexion": 30.0}
    level = pose(base, "right")
    dropped = pose({**base, "pelvic_drop": 8.0}, "right")
    line = at(dropped, "right_hip") - at(dropped, "left_hip")
    assert np.degrees(np.arctan2(line[2], abs(line[1]))) == pytest.approx(8.0, abs=0.01)
    leaning = pose({**base, "trunk_lean": 10.0}, "right")
    assert at(leaning, "right_shoulder")[1] < at(level, "right_shoulder")[1], "towards the standing leg"
    caving = pose({**base, "working_fppa": 20.0}, "right")
    assert at(caving, "right_knee")[1] > at(level, "right_knee")[1], "inward"
    shank, thigh = (
        at(caving, "right_knee") - at(caving, "right_ankle"),
        at(caving, "right_hip") - at(caving, "right_knee"),
    )
    turn = np.degrees(np.arctan2(shank[1], shank[2]) - np.arctan2(thigh[1], thigh[2]))
    assert turn == pytest.approx(20.0, abs=0.01)
    out = pose({**base, "free_hip_abduction": 25.0}, "right")
    thigh = at(out, "left_knee") - at(out, "left_hip")
    assert np.degrees(np.arctan2(thigh[1], -thigh[2])) == pytest.approx(25.0, abs=0.01)


def test_a_heel_raise_lifts_heels_and_body_and_leaves_the_toes() -> None:
    low, high = pose(angles_at(load().exercises["calf_raise_ball_squeeze"], np.array([0.0, 1.0])))
    for side in ("left", "right"):
        assert at(high, f"{side}_heel")[2] - at(low, f"{side}_heel")[2] == pytest.approx(0.127, abs=0.01)
        np.testing.assert_allclose(at(high, f"{side}_foot_index"), at(low, f"{side}_foot_index"), atol=0.008)
    assert (at(high, "nose") - at(low, "nose"))[2] == pytest.approx(0.083, abs=0.02)


def test_minimum_jerk_starts_and_ends_at_rest() -> None:
    x = np.linspace(0, 1, 101)
    way = minimum_jerk(x)
    speed = np.gradient(way, x)
    assert (np.diff(way) > 0).all()
    assert speed[[0, -1]] == pytest.approx([0, 0], abs=0.01)
    assert speed.max() == pytest.approx(1.875, abs=0.01), "peak speed 15/8 of the mean (Flash and Hogan 1985)"


@each
def test_the_truth_is_the_timetable(exercise: Exercise) -> None:
    done = perform(exercise, given(), side="left")
    squat = exercise.repetition.outward == "lower"
    assert len(done.reps) == 3
    for rep in done.reps:
        way_out, way_back = rep.top_start_s - rep.start_s, rep.end_s - rep.top_end_s
        assert (way_out, way_back) == pytest.approx((2.0, 1.0) if squat else (1.0, 2.0))
        assert rep.top_end_s - rep.top_start_s == pytest.approx(0.5)
    sides = [rep.side for rep in done.reps]
    assert (
        sides == {"both": ["both"] * 3, "one": ["left"] * 3, "alternating": ["left", "right", "left"]}[exercise.sides]
    )
    assert done.series.t_s[-1] == pytest.approx(done.reps[-1].end_s + 1.0, abs=1 / 30)


@each
@pytest.mark.parametrize("view", ["front", "left", "back", "right"])
def test_the_whole_body_is_in_the_picture(exercise: Exercise, view: str) -> None:
    xy = perform(exercise, given(view=view)).series.xy
    assert (xy > 0).all()
    assert (xy < [figure.WIDTH_PX, figure.HEIGHT_PX]).all()
    tall = np.ptp(xy[0, :, 1])
    assert 400 < tall < 900
    left_minus_right = (xy[0, INDEX["left_shoulder"]] - xy[0, INDEX["right_shoulder"]])[0]
    forward = (xy[0, INDEX["left_foot_index"]] - xy[0, INDEX["left_heel"]])[0]
    seen = {"front": left_minus_right, "back": -left_minus_right, "left": -forward, "right": forward}[view]
    assert seen > 20, "turned the right way"


def test_the_camera_turns_by_the_yaw() -> None:
    joints = pose({"both_knee_flexion": 0.0})
    widths = []
    for yaw in (0.0, 40.0):
        xy = placed(joints[None], "front", yaw).project(joints)
        widths.append((xy[INDEX["left_hip"]] - xy[INDEX["right_hip"]])[0])
    assert widths[1] / widths[0] == pytest.approx(np.cos(np.radians(40)), abs=0.03)


def test_noise_is_as_large_as_asked_and_correlated_in_time() -> None:
    exercise = load().exercises["squat_double"]
    clean, noisy = (perform(exercise, given(reps=8, noise_px=n), seed=4).series.xy for n in (0.0, 2.0))
    error = noisy - clean
    assert error.std() == pytest.approx(2.0, rel=0.05)
    assert (error[1:] * error[:-1]).mean() / error.var() == pytest.approx(np.exp(-1 / 3), abs=0.03)
    again = perform(exercise, given(reps=8, noise_px=2.0), seed=4).series.xy
    np.testing.assert_array_equal(noisy, again)


def test_change_and_scale_alter_only_the_named_repetitions() -> None:
    exercise = load().exercises["banded_single_leg_stand"]
    plain = perform(exercise, given())
    other = perform(exercise, given(change={"trunk_lean": 12.0}, scale=0.5, only=(2,)))
    differs = np.abs(plain.joints - other.joints).max((1, 2)) > 1e-9
    t, rep = plain.series.t_s, plain.reps[1]
    assert differs[(t > rep.start_s + 0.1) & (t < rep.end_s - 0.1)].all()
    assert not differs[(t < rep.start_s) | (t > rep.end_s)].any()


def test_start_alters_the_rest_and_fades_towards_the_top() -> None:
    exercise = load().exercises["terminal_knee_extension"]
    done = perform(exercise, given(start={"working_knee_flexion": 20.0}), side="right")
    t, rep, bend = done.series.t_s, done.reps[0], bend_deg(done.joints, "right")
    np.testing.assert_allclose(bend[t <= rep.start_s], 50.0, atol=1e-6)
    np.testing.assert_allclose(bend[(t >= rep.top_start_s) & (t <= rep.top_end_s)], 2.0, atol=1e-6)


def test_no_repetitions_is_standing_still() -> None:
    done = perform(load().exercises["squat_double"], given(reps=0))
    assert done.reps == ()
    assert np.ptp(done.joints, axis=0).max() == 0
