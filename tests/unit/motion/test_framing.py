"""Who is in the picture, and whether a hand is up, told frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.content.load import load
from kneeline.model.pose import INDEX, PoseFrame
from kneeline.motion.framing import HAND_UP_S, LOOK_BACK_S, Framing

LIBRARY = load()


def framing() -> Framing:
    return Framing(LIBRARY.exercises["squat_double"].camera, "turn", LIBRARY, None)


def frame(t_s: float, people: int = 1, **heights: float) -> PoseFrame:
    blank = PoseFrame.empty(t_s, people)
    for name, y in heights.items():
        blank.xy[INDEX[name]] = (100.0, y)
    return blank


@given(st.lists(st.tuples(st.floats(0.01, 1.0), st.integers(-1, 3)), max_size=40))
def test_a_crowd_is_more_than_one_in_every_look_of_the_last_moments(steps: list[tuple[float, int]]) -> None:
    watched, seen, t_s = framing(), [], 0.0
    for step_s, people in steps:
        t_s += step_s
        watched.add(frame(t_s, people))
        seen.append((t_s, people))
        looks = [n for at_s, n in seen if t_s - at_s <= LOOK_BACK_S and n >= 0]
        assert watched.crowded() == (len(looks) > 1 and min(looks) > 1)


UP = {"nose": 50.0, "left_ear": 52.0, "right_ear": 52.0, "left_wrist": 20.0, "left_elbow": 60.0, "left_shoulder": 90.0}


@pytest.mark.parametrize(
    ("change", "up"),
    [
        ({}, True),
        ({"left_wrist": 51.0}, False),  # beside the head, not over it
        ({"left_elbow": 10.0}, False),
        ({"nose": np.nan, "left_ear": np.nan}, True),  # what is left of the head is enough
        ({"nose": np.nan, "left_ear": np.nan, "right_ear": np.nan}, False),
        ({"left_wrist": np.nan}, False),
        ({"left_wrist": 200.0, "right_wrist": 20.0, "right_elbow": 60.0, "right_shoulder": 90.0}, True),
    ],
)
def test_a_hand_is_up_when_the_wrist_is_over_head_elbow_and_shoulder(change: dict[str, float], up: bool) -> None:
    watched, told = framing(), []
    for k in range(40):
        watched.add(frame(k / 30, **{**UP, **change}))
        told.append(watched.hand_raised())
    assert told.count(True) == up, "once for each time it goes up"
    assert not any(told[: int(HAND_UP_S * 30)])
