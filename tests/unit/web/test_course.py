"""Turns of a session."""

from __future__ import annotations

import pytest

from kneeline.content.load import load, load_exercise
from kneeline.web.course import SWAP_S, turns


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
