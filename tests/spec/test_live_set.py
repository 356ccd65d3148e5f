"""The live coach: what a person hears and sees, from walking in to the end of a set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from makers import drawn

from kneeline.content.load import load, load_exercise
from kneeline.content.schema import Given
from kneeline.model.coaching import Counted, Instruction, Reading, Say, Screen, Tone
from kneeline.model.movement import RepetitionVerdict
from kneeline.model.pose import INDEX, PoseFrame
from kneeline.motion.attend import READING_AGAIN_S, READING_EVERY_S, READING_STEP
from kneeline.motion.figure import perform
from kneeline.motion.live import HURT, MOST_COUNTED, LiveSet, Planned, voice_lines
from kneeline.report.story import tell

PICTURE = (720, 960)
CALF = "calf_raise_ball_squeeze"


def coach(exercise: str = CALF, reps: int = 3, **options: object) -> LiveSet:
    """A live set with a tempo of 2 up, 1 hold, 3 down."""
    side = options.pop("side", None)
    return LiveSet(load_exercise(exercise), load(), side, Planned(reps, 2.0, 1.0, 3.0), **options)  # type: ignore[arg-type]


def standing_first(frames: Iterable[PoseFrame], for_s: float = 7.0) -> list[PoseFrame]:
    """The frames, after the first of them held for a while, so that there is time to be set up."""
    rows = list(frames)
    still = [replace(rows[0], t_s=rows[0].t_s - for_s + i / 30) for i in range(int(for_s * 30))]
    return still + rows


def performed(exercise: str = CALF, **given: object) -> list[PoseFrame]:
    """The reference motion from the front, good unless `given` says otherwise."""
    how = {"reps": 3, "lift_s": 2.0, "hold_s": 1.0, "lower_s": 3.0, "view": "front", "noise_px": 1.0} | given
    return list(perform(load_exercise(exercise), Given(**how)).series)  # type: ignore[arg-type]


def run(live: LiveSet, frames: Iterable[PoseFrame]) -> list[Instruction]:
    """Everything the coach said to do."""
    return [said for frame in frames for said in live.push(frame, PICTURE)]


def heard(instructions: Iterable[Instruction]) -> Iterator[str]:
    """Words and tones in order, as an ear without an eye has them."""
    for one in instructions:
        if isinstance(one, Say):
            yield one.id
        elif isinstance(one, Tone):
            yield f"~{one.name}"


def moved(frame: PoseFrame, x_px: float = 0.0, y_px: float = 0.0, scale: float = 1.0, t_s: float = 0.0) -> PoseFrame:
    """The same body somewhere else in the picture."""
    middle = np.array(PICTURE) / 2
    return replace(frame, t_s=frame.t_s + t_s, xy=(frame.xy - middle) * scale + middle + np.array([x_px, y_px]))


def test_a_whole_set_can_be_done_by_ear() -> None:
    said = list(heard(run(coach(), standing_first(performed()))))
    begin = [
        "~seen",
        "i_see_you",
        "stand_still",
        "~tick",
        "count_3",
        "~tick",
        "count_2",
        "~tick",
        "count_1",
        "~go",
        "go",
    ]
    assert said[: len(begin)] == begin
    tempo = ["~rise", "~hold", "~fall", "~good"]
    end = ["three_in_a_row", "~end", "end_of_set"]
    assert said[len(begin) :] == [*tempo, "count_1", *tempo, "count_2", "last_one", *tempo, "count_3", *end]


def test_tones_last_as_long_as_the_phase_should() -> None:
    tones = [one for one in run(coach(), standing_first(performed())) if isinstance(one, Tone)]
    assert {(tone.name, tone.lasts_s) for tone in tones} >= {("rise", 2.0), ("hold", 1.0), ("fall", 3.0)}


def test_what_is_counted_live_is_what_a_file_counts() -> None:
    live = coach(reps=10)
    reps = [one.repetition for one in run(live, standing_first(drawn(CALF, reps=5))) if isinstance(one, Counted)]
    assert [rep.n for rep in reps] == [1, 2, 3, 4, 5] == [rep.n for rep in live.result().reps]


def test_walking_in_never_counts() -> None:
    frames = standing_first(performed(), for_s=9.0)
    walk = 60
    shaky = [moved(f, x_px=-300 * (1 - i / walk), y_px=25 * np.sin(i)) for i, f in enumerate(frames[:walk])]
    said = run(coach(), [*shaky, *frames[walk:]])
    assert sum(isinstance(one, Counted) for one in said) == 3
    first_count = next(i for i, s in enumerate(heard(said)) if s == "~go")
    assert "~good" not in list(heard(said))[:first_count]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda f: moved(f, scale=1.3), "step_back"),
        (lambda f: moved(f, x_px=330), "to_the_middle"),
        (lambda f: moved(f, scale=0.35), "come_closer"),
        (lambda f: replace(f, confidence=f.confidence * 0.3), "see_legs"),
        (lambda f: replace(f, people=2), "someone_else"),
        (lambda f: PoseFrame.empty(f.t_s), "no_one"),
    ],
)
def test_one_thing_to_change_is_said_before_a_set_begins(change: object, line: str) -> None:
    live = coach()
    frames = [change(f) for f in standing_first(performed())[:150]]  # type: ignore[operator]
    said = run(live, frames)
    assert list(heard(said)) == [line]
    assert live.screen.state == "framing"
    assert live.screen.light != "green"
    assert live.screen.caption == load().sayings[line]


def test_a_wrong_view_says_how_to_turn() -> None:
    frames = standing_first(performed("terminal_knee_extension", view="front"))
    live = coach("terminal_knee_extension", side="right")
    assert list(heard(run(live, frames)))[:1] == ["turn_terminal_knee_extension"]
    assert live.screen.count == 0


def test_the_leg_that_works_has_to_be_the_near_one() -> None:
    frames = standing_first(performed("terminal_knee_extension", view="right"))
    assert list(heard(run(coach("terminal_knee_extension", side="left"), frames)))[:1] == ["other_leg_nearest"]
    assert sum(isinstance(o, Counted) for o in run(coach("terminal_knee_extension", side="right"), frames)) == 3


def with_hand_up(frame: PoseFrame) -> PoseFrame:
    xy = frame.xy.copy()
    head = xy[INDEX["nose"], 1]
    xy[INDEX["right_elbow"], 1], xy[INDEX["right_wrist"], 1] = head + 10, head - 60
    return replace(frame, xy=xy)


def test_a_raised_hand_begins_pauses_and_goes_on() -> None:
    frames = standing_first(performed(reps=2), for_s=8.0)
    sway = [moved(f, x_px=20 * np.sin(i / 4)) for i, f in enumerate(frames[:60])]  # does not stand still
    begun = coach()
    assert "~tick" not in list(heard(run(begun, sway)))
    assert "~tick" in list(heard(run(begun, [with_hand_up(f) for f in frames[60:90]])))

    live = coach()
    said = run(live, frames[:240])
    assert live.screen.state == "set"
    held = [with_hand_up(f) for f in frames[240:270]]
    assert list(heard(run(live, held))) == ["~pause", "paused"]
    rest = frames[270:300]
    assert list(heard(run(live, rest))) == []
    again = [replace(with_hand_up(frames[300]), t_s=frames[300].t_s + i / 30) for i in range(30)]
    assert list(heard(run(live, again))) == ["~resume", "going_on"]
    assert not any(isinstance(one, Counted) for one in said)


def test_leaving_the_picture_pauses_and_keeps_the_count() -> None:
    live = coach()
    frames = standing_first(performed())
    cut = int((7.0 + 1.0 + 6.0 + 0.6 + 0.4) * 30)  # one repetition and a bit
    run(live, frames[:cut])
    assert live.screen.count == 1
    t = frames[cut - 1].t_s
    away = list(heard(run(live, [PoseFrame.empty(t + i / 30) for i in range(1, 45)])))
    assert away == ["~pause", "lost"]
    assert live.screen.state == "paused"
    assert live.screen.count == 1
    back = list(heard(run(live, [replace(frames[0], t_s=t + 2 + i / 30) for i in range(30)])))
    assert back == ["~resume", "back_again"]
    later = [replace(f, t_s=f.t_s + t + 12) for f in frames]
    run(live, later)
    assert live.screen.count == 3
    assert live.screen.state == "done"


def test_a_second_person_pauses_and_is_never_merged() -> None:
    live = coach()
    frames = standing_first(performed())
    run(live, frames[:230])
    assert "someone_else" in list(heard(run(live, [replace(f, people=2) for f in frames[230:330]])))
    assert live.screen.state == "paused"
    assert live.screen.count == 0
    assert "going_on" in list(heard(run(live, [replace(f, people=1) for f in frames[330:400]])))


def test_a_stale_number_is_never_shown() -> None:
    live = coach()
    run(live, standing_first(performed())[:270])
    assert live.screen.state == "set"
    now = live.screen.t_s + 60
    said = [one for step in (0.1, 1.0, 2.0, 25.0) for one in live.tick(now + step)]
    assert {one.progress for one in said if isinstance(one, Reading)} == {None}
    assert live.screen.light == "red"
    assert list(heard(said)) == ["~pause", "lost", "lost_long"]


def test_where_the_movement_is_is_told_when_it_shows_and_never_left_for_long() -> None:
    frames = standing_first(performed())
    told = [one for one in run(coach(), frames) if isinstance(one, Reading)]
    times, shares = np.array([one.t_s for one in told]), np.array([one.progress for one in told], dtype=float)
    apart = np.diff(times)
    assert apart.min() >= READING_EVERY_S
    assert apart.max() < READING_AGAIN_S + 0.05
    soon = apart < READING_AGAIN_S
    assert (np.abs(np.diff(shares))[soon] >= READING_STEP).all()
    assert shares.max() > 0.9, "the whole way is told"
    assert 3 * len(told) < (frames[-1].t_s - times[0]) / READING_EVERY_S * 2, "at rest there is little to tell"


def test_a_moment_without_pictures_is_over_when_they_are_back() -> None:
    live = coach()
    frames = standing_first(performed())
    run(live, frames[:240])
    live.tick(frames[239].t_s + 0.8)
    assert (live.screen.state, live.screen.light) == ("set", "red")
    run(live, frames[270:280])
    assert (live.screen.state, live.screen.light) == ("set", "green")


def test_at_most_one_correction_in_two_repetitions_and_fewer_in_later_sets() -> None:
    frames = standing_first(performed(reps=9, lift_s=0.4, hold_s=0.0, lower_s=0.4))

    def cues(**options: object) -> int:
        return sum(isinstance(o, Say) and o.kind == "cue" for o in run(coach(reps=20, **options), frames))

    assert cues() == 5  # of nine repetitions
    assert cues(set_number=3) < cues(set_number=1)
    assert cues(set_number=3, talk=1) == cues(set_number=1)
    assert cues(talk=-1) < cues()


def test_words_about_the_body_on_request() -> None:
    frames = standing_first(performed(reps=4, lift_s=0.4, hold_s=0.0, lower_s=0.4))
    said = [o.id for o in run(coach(reps=9, internal=True), frames) if isinstance(o, Say) and o.kind == "cue"]
    assert said
    assert all(line.endswith("_internal") for line in said)


def test_praise_rests_on_what_was_seen() -> None:
    lines = list(heard(run(coach(reps=9), standing_first(performed(reps=5)))))
    assert lines[lines.index("three_in_a_row") - 1] == "count_3"
    rushed = standing_first(performed(reps=5, lift_s=0.4, hold_s=0.0, lower_s=0.4))
    assert "three_in_a_row" not in list(heard(run(coach(reps=9), rushed)))


def test_a_repetition_with_another_fault_is_not_praised_for_the_one_that_is_gone() -> None:
    parts = [
        performed(reps=1, lift_s=0.4, hold_s=1.0, lower_s=3.0),  # spoken of
        performed(reps=2, lift_s=2.0, hold_s=1.0, lower_s=0.4),  # gone, but for another that it is too soon to speak of
        performed(reps=1),
    ]
    frames: list[PoseFrame] = []
    for part in parts:
        after_s = frames[-1].t_s + 1 / 30 - part[0].t_s if frames else 0.0
        frames += [replace(frame, t_s=frame.t_s + after_s) for frame in part]
    lines = list(heard(run(coach(reps=9, set_number=2), standing_first(frames))))
    lines = lines[lines.index("go") :]
    assert lines[lines.index("count_1") + 1] == f"cue_{CALF}_too_fast_up"
    assert lines.index("fixed") > lines.index("count_4")


def test_good_form_at_half_the_tempo_is_asked_for_more_time_instead_of_praised() -> None:
    quick = standing_first(performed(reps=5, lift_s=1.9, hold_s=1.0, lower_s=1.2))
    said = run(coach(reps=9), quick)
    lines = list(heard(said))
    assert {one.repetition.verdict for one in said if isinstance(one, Counted)} == {RepetitionVerdict.GOOD}
    in_the_set = lines[lines.index("go") :]
    third, fifth = in_the_set.index("count_3"), in_the_set.index("count_5")
    assert in_the_set[third + 1] == f"cue_{CALF}_too_fast_down"
    assert not [line for line in in_the_set[third + 2 : fifth] if line.startswith("cue_")]
    assert not {"three_in_a_row", "fixed"} & set(in_the_set)


def test_a_request_for_more_time_is_a_correction_too() -> None:
    short = performed(reps=3, lift_s=1.9, hold_s=1.0, lower_s=1.2)
    rushed = performed(reps=3, lift_s=0.4, hold_s=0.0, lower_s=0.4)
    later = [replace(frame, t_s=frame.t_s + short[-1].t_s - rushed[0].t_s + 1 / 30) for frame in rushed]
    lines = list(heard(run(coach(reps=9), standing_first([*short, *later]))))
    lines = lines[lines.index("go") :]
    after = lines[lines.index("count_3") + 1 :]
    assert after[0] == f"cue_{CALF}_too_fast_down"
    fourth = after[after.index("count_4") : after.index("count_5")]
    assert not [line for line in fourth if line.startswith("cue_")]
    assert [line for line in after[after.index("count_5") :] if line.startswith("cue_")]


def test_a_set_that_hurt_says_so_for_good_and_asks_for_nothing_more() -> None:
    live = coach()
    run(live, standing_first(performed())[:400])
    assert live.result().warnings == ()
    live.command("stop", 99.0)
    assert live.result().warnings == (HURT,)
    change = tell(live.result(), load_exercise(CALF), load()).change
    assert change.why == HURT
    assert "repetitions" not in change.say


def test_stop_is_one_word_and_final() -> None:
    live = coach()
    run(live, standing_first(performed())[:300])
    (screen,) = [one for one in live.command("stop", 5.0) if isinstance(one, Screen)]
    assert screen.state == "done"
    assert screen.caption == load().sayings["stopped"]
    assert live.command("resume", 6.0) == ()
    assert live.push(replace(performed()[0], t_s=99.0), PICTURE) == ()


def test_a_cut_line_goes_on_where_it_was() -> None:
    live = coach(already=(RepetitionVerdict.GOOD, RepetitionVerdict.TRY_AGAIN))
    said = run(live, standing_first(performed()))
    assert [one.repetition.n for one in said if isinstance(one, Counted)] == [3]
    assert (live.screen.count, live.screen.good, live.screen.state) == (3, 2, "done")


@pytest.mark.parametrize("t_s", [-1e9, 0.0, float("nan"), float("-inf")])
def test_a_clock_that_jumps_back_changes_nothing(t_s: float) -> None:
    live = coach()
    run(live, standing_first(performed())[:270])
    before = live.screen
    assert live.push(replace(performed()[0], t_s=t_s), PICTURE) == ()
    assert live.screen.count == before.count


def test_every_sentence_has_a_voice_line() -> None:
    lines = voice_lines(load())
    assert len([line for line in lines if line.startswith("count_")]) == MOST_COUNTED
    for exercise in load().exercises.values():
        for rule in exercise.fault:
            assert lines[f"cue_{exercise.id}_{rule.id}"] == rule.cue.say
    assert all(text.strip() for text in lines.values())
