from __future__ import annotations

from dataclasses import replace

import pytest
from hand_made import BY_FOOT, SIDE_VIEW, Made

from kneeline.model.movement import FaultFinding, RepetitionVerdict, SetResult, SetSummary, View
from kneeline.model.quantity import Estimate, NotAssessable, Verdict
from kneeline.report.story import phase_order, signal_name, tell


def with_faults(made: Made, *present: set[str]) -> SetResult:
    """One repetition per set of fault ids."""
    reps = []
    for n, ids in enumerate(present, start=1):
        faults = tuple(FaultFinding(id, Verdict.PRESENT, 0.95, "seen") for id in sorted(ids))
        verdict = RepetitionVerdict.TRY_AGAIN if ids else RepetitionVerdict.GOOD
        reps.append(replace(made.result.reps[0], n=n, faults=faults, measures={}, verdict=verdict))
    good = sum(not ids for ids in present)
    return replace(made.result, reps=tuple(reps), summary=replace(made.result.summary, count=len(reps), good=good))


def test_the_headline_says_how_many_and_how_good(made: Made) -> None:
    story = tell(made.result, made.exercise, made.library)
    assert story.headline == "3 of 5 repetitions were good."
    assert story.detail == "2 to try again."


@pytest.mark.parametrize(
    ("present", "headline"),
    [
        ([set()], "1 repetition, and it was good."),
        ([set(), set()], "2 repetitions, all good."),
        ([set(), {"no_hold"}], "1 of 2 repetitions was good."),
        ([{"no_hold"}], "1 repetition, not good yet."),
        ([{"no_hold"}, {"no_hold"}], "2 repetitions, none of them good yet."),
    ],
)
def test_the_headline_is_good_english(made: Made, present: list[set[str]], headline: str) -> None:
    assert tell(with_faults(made, *present), made.exercise, made.library).headline == headline


def test_what_happens_most_often_is_the_one_thing_to_change(made: Made) -> None:
    result = with_faults(made, {"too_fast_down"}, {"too_fast_down", "ball_lost"}, {"too_fast_down"})
    change = tell(result, made.exercise, made.library).change
    assert change.say == "Float down slowly"
    assert change.why == "Down too fast: in 3 of 3 repetitions."


def test_form_comes_before_tempo_when_both_happen_as_often(made: Made) -> None:
    result = with_faults(made, {"too_fast_down", "ball_lost"})
    assert "ball" in tell(result, made.exercise, made.library).change.say.lower()


def test_good_form_in_half_the_time_is_told_to_take_more(made: Made) -> None:
    good = with_faults(made, *[set()] * 15)
    quick = replace(good, reps=tuple(replace(rep, lower_s=Estimate(1.2, 0.1, "s")) for rep in good.reps))
    change = tell(quick, made.exercise, made.library).change
    assert change.say == "Float down slowly"
    assert change.why == "No fault was seen. Time to lower: 1.2 ± 0.1 s on average, and 3 s asked for (house default)."
    unsure = replace(good, reps=tuple(replace(rep, lower_s=Estimate(2.1, 0.9, "s")) for rep in good.reps))
    assert tell(unsure, made.exercise, made.library).change.say.startswith("Nothing")


def test_a_good_but_short_set_is_told_to_go_on(made: Made) -> None:
    change = tell(with_faults(made, set(), set()), made.exercise, made.library).change
    assert change.say == "Go on to 15 repetitions."
    whole = tell(with_faults(made, *[set()] * 15), made.exercise, made.library).change
    assert whole.say.startswith("Nothing")


def test_nothing_counted_says_why_and_never_good(made: Made) -> None:
    reason = "The camera sees you from the side."
    none = replace(
        made.result,
        reps=(),
        summary=SetSummary(0, 0, 0.0, 90.0, 0.0),
        view=View("left", NotAssessable(reason), False, (reason,)),
    )
    story = tell(none, made.exercise, made.library)
    assert story.headline == "No repetition was counted."
    assert story.why_none == reason
    assert story.change.say == made.exercise.camera.turn
    assert "good" not in story.headline + story.detail + story.why_none


def test_a_set_that_could_not_be_judged_is_not_called_good(made: Made) -> None:
    reps = tuple(replace(rep, verdict=RepetitionVerdict.NOT_SEEN, faults=()) for rep in made.result.reps)
    unseen = replace(made.result, reps=reps, summary=replace(made.result.summary, good=0))
    story = tell(unseen, made.exercise, made.library)
    assert story.headline == "5 repetitions, none of which could be judged."
    assert story.change.say == made.exercise.camera.place


def test_what_was_not_seen_is_grouped_by_reason_and_said_once(made: Made) -> None:
    unseen = tell(made.result, made.exercise, made.library).unseen
    assert [item.reason for item in unseen] == [SIDE_VIEW, BY_FOOT]
    assert unseen[0].what == ("knees bend instead of heels rising",)
    assert unseen[1].self_check


def test_what_was_not_seen_in_some_repetitions_names_them(made: Made) -> None:
    rep = made.result.reps[1]
    hidden = replace(rep, measures={"heel_rise_peak_frac": NotAssessable("The heel was hidden.")}, faults=())
    reps = (*made.result.reps[:1], hidden, *made.result.reps[2:])
    unseen = tell(replace(made.result, reps=reps), made.exercise, made.library).unseen
    assert ("The heel was hidden.", ("heel height (repetition 2)",)) in [(item.reason, item.what) for item in unseen]


def test_close_calls_are_said_once_whatever_their_figures(made: Made) -> None:
    close = (
        FaultFinding("uneven", Verdict.NOT_ASSESSABLE, 0.5, f"too close to call: 0.{n} against 0.1") for n in "123"
    )
    reps = tuple(replace(rep, faults=(next(close),), measures={}) for rep in made.result.reps[:3])
    unseen = tell(replace(made.result, reps=reps), made.exercise, made.library).unseen
    assert [item.reason for item in unseen] == ["Too close to call: the error of the measure reaches across the limit."]


def test_a_close_call_is_told_by_its_probability_and_not_by_its_words(made: Made) -> None:
    faults = (
        FaultFinding("uneven", Verdict.NOT_ASSESSABLE, 0.5, "in other words"),
        FaultFinding("no_hold", Verdict.NOT_ASSESSABLE, None, "too close to call it a movement."),
    )
    rep = replace(made.result.reps[0], faults=faults, measures={})
    unseen = tell(replace(made.result, reps=(rep,)), made.exercise, made.library).unseen
    assert [item.reason for item in unseen] == [
        "Too close to call: the error of the measure reaches across the limit.",
        "Too close to call it a movement.",
    ]


def test_signals_are_named_in_words(made: Made) -> None:
    assert signal_name("fppa", made.library) == "knee inward (FPPA)"
    assert signal_name("of_my_own", made.library) == "of my own"


@pytest.mark.parametrize("held_s", [0.0, 21.0])
def test_a_hold_is_timed_and_its_form_never_praised(made: Made, held_s: float) -> None:
    hold = made.library.exercises["single_leg_stand"]
    change = tell(
        replace(made.result, reps=(), summary=SetSummary(0, 0, held_s, None, None)), hold, made.library
    ).change
    assert "keep doing" not in change.say
    if held_s:
        assert (change.say, change.why) == ("The hold was timed; its form was not judged.", "Held for 21.0 s in all.")
    else:
        assert (change.say, change.why) == (hold.camera.place, "The hold was not seen.")


def test_a_hold_is_not_blamed_for_having_no_repetitions(made: Made) -> None:
    hold = made.library.exercises["single_leg_stand"]
    none = replace(made.result, reps=(), summary=SetSummary(0, 0, 0.0, None, None), warnings=("Held for 21 s in all.",))
    story = tell(none, hold, made.library)
    assert story.headline.startswith("A hold")
    assert story.why_none == "Held for 21 s in all."


def test_the_dose_says_what_was_asked_for_and_that_it_is_a_house_default(made: Made) -> None:
    dose = tell(made.result, made.exercise, made.library).dose
    assert dose.startswith("25 % of one prescribed set")
    assert "2 s lift, 1 s hold, 3 s lower, house default" in dose


def test_a_squat_goes_down_first(made: Made) -> None:
    assert phase_order(made.library.exercises["squat_double"]) == ("lower", "hold", "lift")
    assert phase_order(made.exercise) == ("lift", "hold", "lower")
