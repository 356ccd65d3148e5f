"""The drawn figure: whole, inside its frame, and moving at the prescribed tempo."""

from __future__ import annotations

import re
from typing import Literal
from xml.etree import ElementTree

import numpy as np
import pytest

from kneeline.content.load import load, load_exercise
from kneeline.report import drawing
from kneeline.report.place import where_to_stand

EXERCISES = sorted(load().exercises)
SVG = "{http://www.w3.org/2000/svg}"


def points(path: str) -> np.ndarray:
    return np.array(re.findall(r"(-?\d+),(-?\d+)", path), dtype=float)


def paths(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{SVG}path"))


@pytest.mark.parametrize("exercise_id", EXERCISES)
@pytest.mark.parametrize("view", ["front", "back", "left", "right"])
def test_the_figure_stands_inside_its_frame(exercise_id: str, view: drawing.View) -> None:
    svg = drawing.still(load_exercise(exercise_id), 1.0, view)
    x, y, w, h = map(float, ElementTree.fromstring(svg).attrib["viewBox"].split())
    drawn = np.vstack([points(path.attrib["d"]) for path in paths(svg)])
    assert (drawn >= [x - 1, y - 1]).all()
    assert (drawn <= [x + w + 1, y + h + 1]).all()
    assert h > 1.6 * drawing.PX_PER_M * 0.6


@pytest.mark.parametrize("exercise_id", EXERCISES)
def test_every_part_moves_through_paths_of_one_make(exercise_id: str) -> None:
    exercise = load_exercise(exercise_id)
    svg = drawing.moving(exercise)
    moves = list(ElementTree.fromstring(svg).iter(f"{SVG}animate"))
    assert moves
    for move in moves:
        values, times = move.attrib["values"].split(";"), [float(t) for t in move.attrib["keyTimes"].split(";")]
        assert len(values) == len(times)
        assert (times[0], times[-1]) == (0.0, 1.0)
        assert times == sorted(times)
        assert len({re.sub(r"-?\d+", "0", value) for value in values}) == 1
        assert values[0] == values[-1]
    dose = exercise.dose
    if dose:
        lasts = drawing.REST_S + dose.lift.value + dose.hold.value + dose.lower.value
        assert {move.attrib["dur"] for move in moves} == {f"{lasts:g}s"}


def test_the_side_that_is_trained_faces_a_side_camera() -> None:
    exercise = load_exercise("terminal_knee_extension")
    assert drawing.best_view(exercise, "left") == "left"
    assert drawing.best_view(exercise, "right") == "right"
    assert drawing.moving(exercise, side="left") != drawing.moving(exercise, side="right")


@pytest.mark.parametrize(
    "exercise_id", ["calf_raise_ball_squeeze", "banded_single_leg_stand", "terminal_knee_extension"]
)
def test_the_three_exercises_are_drawn_with_what_they_need(exercise_id: str) -> None:
    classes = {path.attrib["class"] for path in paths(drawing.still(load_exercise(exercise_id)))}
    assert classes & {"prop", "prop-line"}


def test_a_step_is_drawn_where_one_is_stood_on() -> None:
    assert "wood" in drawing.still(load_exercise("step_down"))
    assert "wood" not in drawing.still(load_exercise("squat_double"))


def test_a_figure_is_named_for_those_who_cannot_see_it() -> None:
    root = ElementTree.fromstring(drawing.rest_and_top(load_exercise("squat_single_leg")))
    assert root.attrib["role"] == "img"
    assert load_exercise("squat_single_leg").name in root.attrib["aria-label"]


def test_a_band_that_runs_towards_who_looks_shows_its_loop_only() -> None:
    exercise = load_exercise("terminal_knee_extension")
    bands = [path for path in paths(drawing.still(exercise, 1.0, "front")) if "prop" in path.attrib.get("class", "")]
    (band,) = bands
    ends = points(band.attrib["d"])
    assert np.ptp(ends[:, 0]) < 0.2 * drawing.PX_PER_M


@pytest.mark.parametrize("exercise_id", EXERCISES)
@pytest.mark.parametrize("side", ["left", "right"])
def test_camera_and_person_stand_in_true_proportion(exercise_id: str, side: Literal["left", "right"]) -> None:
    exercise = load_exercise(exercise_id)
    root = ElementTree.fromstring(where_to_stand(exercise, side))
    (phone,) = root.iter(f"{SVG}rect")
    x, y, wide, tall = (float(phone.attrib[name]) for name in ("x", "y", "width", "height"))
    assert abs(x + wide / 2) == pytest.approx(exercise.camera.distance.value * drawing.PX_PER_M, abs=1)
    assert -(y + tall / 2) == pytest.approx(exercise.camera.height.value * drawing.PX_PER_M, abs=1)
    seen_from_side = exercise.camera.views[0] == "side"
    assert (x > 0) == (seen_from_side and side == "left")
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    assert left <= x
    assert x + wide <= left + width
    drawn = np.vstack([p for path in root.iter(f"{SVG}path") if len(p := points(path.attrib["d"]))])
    assert (drawn >= [left, top]).all()
    assert (drawn <= [left + width, top + height]).all()
