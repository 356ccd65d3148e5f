"""A movement test live: set up like a set, never corrected, over by itself, and worth what the same file is worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kneeline.content.load import load, load_test
from kneeline.content.schema import Given
from kneeline.model.coaching import Instruction, Reading, Say, Screen, Tone
from kneeline.model.pose import PoseFrame, PoseSeries
from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.motion.figure import perform
from kneeline.motion.live_trial import GAIT_S, STOPPED, LiveTrial
from kneeline.motion.trial import Trial

PICTURE = (720, 960)
LIBRARY = load()
GIVEN: dict[str, dict[str, object]] = {
    "single_leg_squat": {"reps": 5, "lift_s": 1.5, "hold_s": 0.3, "lower_s": 1.5, "view": "front"},
    "lateral_step_down": {"reps": 5, "lift_s": 1.5, "hold_s": 0.3, "lower_s": 1.5, "view": "front"},
    "heel_raise_count": {"reps": 12, "lift_s": 0.7, "hold_s": 0.2, "lower_s": 0.7, "view": "right"},
    "knee_to_wall": {"reps": 5, "lift_s": 1.0, "hold_s": 0.6, "lower_s": 1.0, "view": "right"},
    "squat_pain_depth": {"reps": 4, "lift_s": 1.5, "hold_s": 0.3, "lower_s": 1.5, "view": "right"},
    "stand_30s": {"reps": 1, "lift_s": 1.0, "hold_s": 31.0, "lower_s": 1.0, "view": "front"},
    "single_leg_sit_to_stand": {
        "reps": 9, "lift_s": 1.6, "hold_s": 0.4, "lower_s": 1.6, "view": "right",
        "change": {"working_knee_flexion": 25, "working_hip_flexion": 20},
    },
}  # fmt: skip
SAID = {"lateral_step_down": {"arms_help": "no", "wobbles": "no"}, "squat_pain_depth": {"pain": "0,0,1,0"}}


def frames_of(test_id: str, still_s: float = 7.0, after_s: float = 14.0, **given: object) -> list[PoseFrame]:
    """The test done by the drawn figure: it stands still, moves, and stands still again."""
    exercise = LIBRARY.exercises[load_test(test_id).exercise]
    rows = list(perform(exercise, Given(**({"noise_px": 1.0} | GIVEN[test_id] | given))).series)  # type: ignore[arg-type]
    before = [replace(rows[0], t_s=rows[0].t_s - still_s + i / 30) for i in range(int(still_s * 30))]
    after = [replace(rows[-1], t_s=rows[-1].t_s + (i + 1) / 30) for i in range(int(after_s * 30))]
    return before + rows + after


def live(test_id: str, side: str = "right") -> LiveTrial:
    return LiveTrial(load_test(test_id), LIBRARY, side)


def run(trial: LiveTrial, frames: Iterable[PoseFrame]) -> list[Instruction]:
    return [said for frame in frames for said in trial.push(frame, PICTURE)]


def words(told: Iterable[Instruction]) -> list[str]:
    return [one.id for one in told if isinstance(one, Say)]


def of_file(test_id: str, frames: Iterable[PoseFrame]) -> Trial:
    test = load_test(test_id)
    trial = Trial(test, LIBRARY, "right" if LIBRARY.exercises[test.exercise].sides == "one" else None)
    trial.push(PoseSeries.of(list(frames)))
    trial.finish()
    return trial


@pytest.mark.parametrize("test_id", GIVEN)
def test_it_ends_by_itself_and_says_what_the_same_file_says(test_id: str) -> None:
    frames, trial, said = frames_of(test_id), live(test_id), SAID.get(test_id, {})
    told = run(trial, frames)
    assert trial.screen.state == "done"
    assert words(told)[-1] == "test_over"
    mine, theirs = trial.result(said), of_file(test_id, frames).result(said)
    assert mine.side == "right"
    assert mine.count == theirs.count
    for id, value in theirs.values.items():
        own = mine.values[id].result
        if isinstance(value.result, Estimate):
            assert isinstance(own, Estimate), (id, own)
            assert own.value == pytest.approx(value.result.value, abs=value.result.sd), id
        else:
            assert isinstance(own, NotAssessable), id


@pytest.mark.parametrize("test_id", GIVEN)
def test_nothing_is_corrected_or_praised(test_id: str) -> None:
    trial = live(test_id)
    caved: dict[str, Any] = (
        {} if test_id in ("stand_30s", "single_leg_sit_to_stand") else {"change": {"trunk_lean": 20}}
    )
    told = run(trial, frames_of(test_id, **caved))
    assert {one.kind for one in told if isinstance(one, Say)} <= {"setup", "count", "end", "pause"}
    assert not {"good", "again", "rise", "fall", "hold"} & {one.name for one in told if isinstance(one, Tone)}


def test_counts_are_told_and_shown() -> None:
    trial = live("single_leg_squat")
    told = run(trial, frames_of("single_leg_squat"))
    counted = [one.text for one in told if isinstance(one, Say) and one.kind == "count"]
    assert counted == ["1", "2", "3", "4", "5"]
    assert (trial.screen.count, trial.screen.target) == (5, 5)


def test_a_stand_shows_its_seconds_and_says_when_the_time_is_over() -> None:
    trial = live("stand_30s")
    told = run(trial, frames_of("stand_30s"))
    seconds = [one.count for one in told if isinstance(one, Screen) and one.state == "set"]
    assert sorted(set(seconds)) == list(range(31))
    assert "test_foot_down" in words(told)


def test_who_does_fewer_and_stands_still_is_done_too() -> None:
    trial = live("single_leg_squat")
    run(trial, frames_of("single_leg_squat", reps=3))
    assert trial.screen.state == "done"
    assert isinstance(trial.result().values["fppa_at_45_deg"].result, Estimate)


@pytest.mark.parametrize(
    ("test_id", "view"), [("single_leg_squat", "right"), ("knee_to_wall", "front"), ("stand_30s", "back")]
)
def test_a_wrong_view_begins_nothing_and_says_how_to_turn(test_id: str, view: str) -> None:
    trial = live(test_id)
    told = run(trial, frames_of(test_id, view=view))
    assert trial.screen.state == "framing"
    assert f"turn_test_{test_id}" in words(told)
    trial.command("start", 1e3)  # "begin now" is a button: the result then says why there is none
    trial.command("finish", 1e3 + 1)
    values = trial.result().values.values()
    assert all(isinstance(value.result, NotAssessable) for value in values)


def test_a_wrong_view_that_was_begun_anyway_is_refused_with_the_reason() -> None:
    trial, frames = live("single_leg_squat"), frames_of("single_leg_squat", view="right")
    run(trial, frames[:30])
    trial.command("start", frames[30].t_s)
    run(trial, frames[31:])
    trial.command("finish", frames[-1].t_s + 1)
    told = trial.result().values["fppa_at_45_deg"].result
    assert isinstance(told, NotAssessable)
    assert "sees your" in told.reason
    assert load_test("single_leg_squat").camera.turn in told.reason


def test_the_tested_leg_has_to_be_the_near_one() -> None:
    trial = live("knee_to_wall", "left")
    assert "other_leg_nearest" in words(run(trial, frames_of("knee_to_wall")))


def hidden(frame: PoseFrame) -> PoseFrame:
    return PoseFrame.empty(frame.t_s, people=0)


def test_leaving_a_test_without_a_clock_pauses_it() -> None:
    trial, frames = live("single_leg_squat"), frames_of("single_leg_squat")
    second = next(i for i, frame in enumerate(frames) if frame.t_s > frames[210].t_s + 9.5)
    gone = [hidden(f) if second <= i < second + 90 else f for i, f in enumerate(frames)]
    told = run(trial, gone)
    assert {"lost", "back_again"} <= set(words(told))
    assert "test_again" not in words(told)


@pytest.mark.parametrize("test_id", ["stand_30s", "heel_raise_count", "single_leg_sit_to_stand"])
def test_leaving_a_test_with_a_clock_begins_it_again(test_id: str) -> None:
    trial, frames = live(test_id), frames_of(test_id)
    gone = [hidden(f) if 400 <= i < 460 else f for i, f in enumerate(frames)]
    told = run(trial, gone)
    begun = next(one.t_s for one in told if isinstance(one, Say) and one.id == "test_again")
    anew = [one for one in told if isinstance(one, Screen) and one.t_s > begun]
    assert anew[0].state == "framing"
    assert all(one.count == 0 for one in anew if one.state in ("framing", "ready") or one is anew[0])


def test_a_second_person_pauses() -> None:
    trial, frames = live("single_leg_squat"), frames_of("single_leg_squat")
    crowd = [replace(f, people=2) if 400 <= i < 480 else replace(f, people=1) for i, f in enumerate(frames)]
    told = run(trial, crowd)
    assert "someone_else" in words(told)


def test_it_hurts_is_final_and_leaves_no_number() -> None:
    trial, frames = live("single_leg_squat"), frames_of("single_leg_squat")
    run(trial, frames[:600])
    (last,) = [one for one in trial.command("stop", frames[600].t_s) if isinstance(one, Say)]
    assert (last.id, last.kind) == ("stopped", "safety")
    assert not run(trial, frames[601:])
    assert {value.result for value in trial.result().values.values()} == {NotAssessable(STOPPED)}


def test_a_run_is_looked_at_for_half_a_minute() -> None:
    trial = live("treadmill_side", "both")
    rows = list(perform(LIBRARY.exercises["squat_double"], Given(**GIVEN["squat_pain_depth"])).series)  # type: ignore[arg-type]
    standing = [replace(rows[0], t_s=i / 30) for i in range(60 * 30)]
    told = run(trial, standing)
    assert trial.screen.state == "done"
    ready = next(one.t_s for one in told if isinstance(one, Screen) and one.state == "set")
    done = next(one.t_s for one in told if isinstance(one, Screen) and one.state == "done")
    assert done - ready == pytest.approx(GAIT_S, abs=0.1)
    assert all(one.progress is not None for one in told if isinstance(one, Reading))
    assert isinstance(trial.result().values["cadence_per_min"].result, NotAssessable), "nobody ran"


def test_frames_without_sense_end_in_a_result_without_numbers() -> None:
    trial = live("single_leg_squat")
    for i in range(200):
        xy = np.full((33, 2), np.nan if i % 2 else 0.0)
        trial.push(PoseFrame(i / 30, xy, np.ones((33, 2)), np.zeros(33), -1), PICTURE)
    trial.command("start", 10.0)
    trial.command("finish", 11.0)
    assert all(isinstance(value.result, NotAssessable) for value in trial.result().values.values())


def test_a_photo_is_no_live_test() -> None:
    with pytest.raises(ValueError, match="photo"):
        live("arch_photo")
