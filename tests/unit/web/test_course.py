"""Turns of a session."""

from __future__ import annotations

import pytest

from kneeline.content.load import load, load_exercise
from kneeline.model.plan import Dose, Prescription, TrainedSide
from kneeline.web.course import SWAP_S, exercise_of, session_turns, turns


def test_one_sided_work_changes_legs_before_it_rests() -> None:
    exercise = load_exercise("banded_single_leg_stand")
    course = turns(exercise, "left")
    assert exercise.dose is not None
    sets, rest_s = round(exercise.dose.sets.value), exercise.dose.rest.value
    assert [turn.side for turn in course] == ["left", "right"] * sets
    assert [turn.rest_s for turn in course] == [0.0, SWAP_S] + [rest_s, SWAP_S] * (sets - 1)


def test_work_on_both_legs_has_one_turn_a_set() -> None:
    assert [(turn.number, turn.side) for turn in turns(load_exercise("calf_raise_ball_squeeze"), "both")] == [
        (1, "both"),
        (2, "both"),
        (3, "both"),
    ]


@pytest.mark.parametrize(
    "exercise", [one for one in load().exercises.values() if one.kind != "hold"], ids=lambda e: e.id
)
def test_every_exercise_has_a_course(exercise) -> None:  # type: ignore[no-untyped-def]
    course = turns(exercise, "right")
    assert course[0].rest_s == 0
    assert len({(turn.number, turn.side) for turn in course}) == len(course)


def asked(exercise: str, side: TrainedSide, rung: int = 0) -> Prescription:
    return Prescription(exercise, "hip", side, "right", rung, "", Dose(2, 8, 2.0, 1.0, 4.0, 45.0, 3), "")


def test_a_session_of_a_plan_has_its_exercises_in_a_row_on_the_legs_that_each_is_for() -> None:
    session = (
        asked("banded_single_leg_stand", "both"),
        asked("terminal_knee_extension", "left"),
        asked("slow_heel_raise", "both"),
    )
    course = session_turns(session, load())
    assert [(turn.part, turn.number, turn.side) for turn in course] == [
        (0, 1, "right"), (0, 1, "left"), (0, 2, "right"), (0, 2, "left"),
        (1, 1, "left"), (1, 2, "left"), (2, 1, "both"), (2, 2, "both"),
    ]  # fmt: skip
    assert [turn.rest_s for turn in course] == [0, SWAP_S, 45, SWAP_S, 45, 45, 45, 45]


def test_a_rung_that_is_another_exercise_has_its_legs() -> None:
    raised = session_turns((asked("calf_raise_ball_squeeze", "both", 3),), load())
    assert [turn.side for turn in raised] == ["right", "left"] * 2
    squat = session_turns((asked("terminal_knee_extension", "left", 3),), load())
    assert [turn.side for turn in squat] == ["both"] * 2


def test_what_no_camera_follows_has_the_dose_too() -> None:
    lying = exercise_of(asked("banded_single_leg_stand", "left", -2), load())
    assert lying.id == "banded_single_leg_stand"
    assert lying.dose is not None
    assert (lying.dose.sets.value, lying.dose.reps.value, lying.dose.lower.value) == (2, 8, 4.0)
