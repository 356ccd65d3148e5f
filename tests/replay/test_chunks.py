"""Live equals file: a recording pushed in any pieces gives the same events as in one piece, and as frame by frame."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kneeline.capture.poselog import read_pose_log
from kneeline.content.load import load, load_exercise
from kneeline.model.movement import Event, RepetitionDone
from kneeline.model.pose import PoseFrame, PoseSeries
from kneeline.motion import Engine

REAL = {
    "rnhrn-calf-raise": "heel_raise_double",
    "kratika-squat-front": "squat_double",
    "rnhrn-step-up": "step_up",
    "watcharapol-walk-limp": "squat_double",
}
"""Keypoints of real people who walk in, turn and stop half-way, and what each is taken for here."""


@cache
def frames_of(log: Path) -> PoseSeries:
    return read_pose_log(log)[0]


def events_of(log: Path, exercise_id: str, cuts: list[int]) -> list[Event]:
    """Everything that happened, with the recording cut before the frames `cuts`."""
    frames = frames_of(log)
    engine = Engine(load_exercise(exercise_id), load())
    events: list[Event] = []
    edges = [0, *sorted(cut for cut in set(cuts) if 0 < cut < len(frames)), len(frames)]
    for start, end in pairwise(edges):
        events += engine.push(frames[start:end])
    return events + list(engine.finish())


@cache
def events_at_once(log: Path, exercise_id: str) -> list[Event]:
    return events_of(log, exercise_id, [])


CUTS = st.lists(st.integers(1, 2000), min_size=1, max_size=60)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=CUTS)
def test_any_pieces_give_the_events_of_the_whole(replay_log: Path, cuts: list[int]) -> None:
    whole = events_at_once(replay_log, replay_log.stem)
    assert sum(isinstance(event, RepetitionDone) for event in whole) == 4
    assert events_of(replay_log, replay_log.stem, cuts) == whole


def test_frame_by_frame_gives_the_events_of_the_whole(replay_log: Path) -> None:
    engine = Engine(load_exercise(replay_log.stem), load())
    events: list[Event] = []
    frame: PoseFrame
    for frame in frames_of(replay_log):
        events += engine.push(frame)
    assert events + list(engine.finish()) == events_at_once(replay_log, replay_log.stem)


def test_frames_and_runs_in_turn_give_the_events_of_the_whole(replay_log: Path) -> None:
    engine, frames = Engine(load_exercise(replay_log.stem), load()), frames_of(replay_log)
    events: list[Event] = []
    for start in range(0, len(frames), 100):
        for frame in frames[start : start + 70]:
            events += engine.push(frame)
        events += engine.push(frames[start + 70 : start + 70])  # a run of none
        events += engine.push(frames[start + 70 : start + 100])
    assert events + list(engine.finish()) == events_at_once(replay_log, replay_log.stem)


@pytest.mark.parametrize(("name", "exercise_id"), REAL.items())
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=CUTS)
def test_real_recordings_in_pieces(shared: Path, name: str, exercise_id: str, cuts: list[int]) -> None:
    log = shared / "recordings" / "poselogs" / f"{name}.parquet"
    assert events_of(log, exercise_id, cuts) == events_at_once(log, exercise_id)
