"""Statistics over a trial: what repeating takes away of an error, what ends a count, and where there is no value."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.content.load import load
from kneeline.content.schema import Given
from kneeline.model.errors import InputError
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries
from kneeline.model.quantity import Estimate, NotAssessable, Verdict
from kneeline.model.trial import TrialResult, TrialValue
from kneeline.motion.figure import perform
from kneeline.motion.trial import LONGEST_S, Trial, by_yourself, side_difference
from kneeline.motion.trial_values import further, mean_of

LIBRARY = load()


def trial(test_id: str, given: Given, side: str = "right", **said: str) -> TrialResult:
    test = LIBRARY.tests[test_id]
    one = Trial(test, LIBRARY, side)
    one.push(perform(LIBRARY.exercises[test.exercise], given, seed=3, side=side).series)  # type: ignore[arg-type]
    one.finish()
    return one.result(said)


def slow(reps: int, view: str = "front", **more: object) -> Given:
    return Given(reps=reps, lift_s=1.5, hold_s=0.3, lower_s=1.5, view=view, noise_px=1.0, **more)  # type: ignore[arg-type]


def degrees(*values: float, sd: float = 3.0) -> list[Estimate]:
    return [Estimate(value, sd, "deg") for value in values]


@given(
    values=st.lists(st.floats(-40, 40), min_size=1, max_size=12),
    sd=st.floats(0.01, 20),
    shared=st.floats(0, 1),
    error=st.floats(0, 5),
)
def test_no_number_of_repetitions_takes_away_what_they_share(
    values: list[float], sd: float, shared: float, error: float
) -> None:
    mean, stays, own = mean_of(degrees(*values, sd=sd), shared, error)
    assert mean.sd**2 >= stays - 1e-9
    assert stays == pytest.approx(shared * sd**2 + error**2)
    assert mean.value == pytest.approx(np.mean(values), abs=1e-9)
    assert own >= (1 - shared) * sd**2 - 1e-9


def test_repetitions_that_agree_by_luck_are_no_surer_than_their_own_error() -> None:
    alike, _, _ = mean_of(degrees(10, 10, 10), shared=0.0)
    assert alike.sd == pytest.approx(3.0 / math.sqrt(3))
    apart, _, _ = mean_of(degrees(0, 10, 20), shared=0.0)
    assert apart.sd == pytest.approx(10.0 / math.sqrt(3))


@given(n=st.integers(1, 10), stays=st.floats(0, 10), own=st.floats(0, 30), enough=st.floats(0.1, 5))
def test_so_many_more_are_enough_and_one_less_is_not(n: int, stays: float, own: float, enough: float) -> None:
    more = further(n, stays, own, enough)
    if more is None:
        assert stays + own / (n + 10) > enough**2 - 1e-9
    else:
        assert stays + own / (n + more) <= enough**2 + 1e-6
        assert more == 0 or stays + own / (n + more - 1) > enough**2 - 1e-6


def test_a_count_ends_with_the_second_that_goes_wrong_at_a_pause_and_with_the_time() -> None:
    quick = Given(reps=10, lift_s=0.7, hold_s=0.2, lower_s=0.7, view="right", noise_px=1.0, scale=0.4, only=(6, 7))
    assert trial("heel_raise_count", quick).count == 6
    done = perform(LIBRARY.exercises["heel_raise_single"], msgspec.structs.replace(quick, scale=1.0)).series
    rest = done[done.t_s < 1.0]
    one = Trial(LIBRARY.tests["heel_raise_count"], LIBRARY, "right")
    half = done[done.t_s < 7.4]
    pause = PoseSeries.joined([replace(rest, t_s=rest.t_s + half.t_s[-1] + 0.04 + i) for i in range(5)])
    again = replace(done, t_s=done.t_s + pause.t_s[-1] + 0.04)
    for part in (half, pause, again):
        one.push(part)
    one.finish()
    assert 1 < one.result().count < 10


def test_a_beat_that_is_not_kept_is_said() -> None:
    slow_raises = Given(reps=6, lift_s=2.0, hold_s=0.5, lower_s=2.0, view="right", noise_px=1.0)
    assert any("the beat asks for 30" in warning for warning in trial("heel_raise_count", slow_raises).warnings)


def test_pain_lies_between_the_last_calm_repetition_and_the_first_that_hurts() -> None:
    halves = slow(4, "right", scale=0.6, only=(1, 2))
    said = trial("squat_pain_depth", halves, side="both", pain="0,2,3,6").values["pain_free_bend_deg"]
    deep = [one.value for one in said.each if isinstance(one, Estimate)]
    assert isinstance(said.result, Estimate)
    assert max(deep[:2]) < said.result.value < min(deep[2:])
    assert said.result.sd > 6.6, "the error of the method, and the stretch between"
    at_once = trial("squat_pain_depth", halves, side="both", pain="5,5,5,5").values["pain_free_bend_deg"].result
    assert isinstance(at_once, Estimate)
    assert at_once.value == pytest.approx(min(deep))


def test_a_squat_that_stays_shallow_and_calm_says_nothing() -> None:
    said = trial("squat_pain_depth", slow(4, "right", scale=0.6), side="both", pain="0,0,0,0")
    result = said.values["pain_free_bend_deg"].result
    assert isinstance(result, NotAssessable)
    assert "not far" in result.reason


def test_the_score_grows_with_what_is_there_and_a_worse_item_takes_the_place_of_a_milder_one() -> None:
    answers = {"arms_help": "no", "wobbles": "no"}
    scores = []
    for inward in (0, 18, 40):
        found = trial("lateral_step_down", slow(4, change={"working_fppa": float(inward)}), **answers)
        told = found.values["score"].result
        assert isinstance(told, Estimate)
        scores.append(told.value)
    assert scores[0] < scores[1] < scores[2] < 3.1, "two points at most for the knee"


def test_an_item_near_its_limit_is_not_called() -> None:
    items = trial("lateral_step_down", slow(4, change={"working_fppa": 12.0})).items
    knee = next(item for item in items if item.id == "knee_over_toe")
    assert knee.verdict is Verdict.NOT_ASSESSABLE or not 0.4 < (knee.probability or 0) < 0.6
    arms = next(item for item in items if item.id == "arms_help")
    assert arms.probability is None
    assert "hand" in arms.reason


def of_leg(side: str, height: float | None) -> TrialResult:
    result = NotAssessable("hidden") if height is None else Estimate(height, 0.03, "frac")
    return TrialResult("heel_raise_count", side, "camera", None, 5, {"height_frac": TrialValue("height_frac", result)})


def test_the_sides_differ_by_a_share_of_the_higher_one_and_swap_their_sign() -> None:
    (rule,) = LIBRARY.tests["heel_raise_count"].difference
    lower = side_difference(rule, of_leg("left", 0.2), of_leg("right", 0.25)).result
    higher = side_difference(rule, of_leg("right", 0.25), of_leg("left", 0.2)).result
    assert isinstance(lower, Estimate)
    assert isinstance(higher, Estimate)
    assert lower.value == pytest.approx(0.2)
    assert higher.value == -lower.value
    for one, other in ((of_leg("left", 0.2), of_leg("left", 0.2)), (of_leg("left", None), of_leg("right", 0.2))):
        assert isinstance(side_difference(rule, one, other).result, NotAssessable)
    assert side_difference(rule, of_leg("left", 0.0), of_leg("right", 0.0)).result == NotAssessable(
        "one leg has no value"
    )


def test_one_s_own_count_has_the_error_of_its_way() -> None:
    told = by_yourself(LIBRARY.tests["heel_raise_count"], 22, "left")
    assert told.indicators == {"heel_raise_count": Estimate(22, 4.0, "reps")}
    with pytest.raises(InputError):
        by_yourself(LIBRARY.tests["heel_raise_count"], math.nan, "left")


def gait(steps_per_min: float, seconds: float, view: str) -> PoseSeries:
    """A stick that walks on the spot: ankles that swing, the rest standing."""
    t = np.arange(0, seconds, 1 / 30)
    standing = perform(LIBRARY.exercises["squat_double"], slow(0, view)).series
    xy = np.repeat(standing.xy[:1], len(t), axis=0)
    swing = 90 * np.sin(np.pi * steps_per_min / 60 * t)
    for side, sign in (("left", 1), ("right", -1)):
        for part in ("ankle", "heel", "foot_index"):
            xy[:, INDEX[f"{side}_{part}"], 0 if view == "right" else 1] += sign * swing / (1 if view == "right" else 3)
    full = np.ones((len(t), len(KEYPOINTS)))
    return PoseSeries(t, xy, full, 0.99 * full, np.ones(len(t), dtype=np.int64))


@pytest.mark.parametrize(("test_id", "view"), [("treadmill_side", "right"), ("treadmill_behind", "back")])
def test_a_run_has_its_cadence_and_informs_no_finding(test_id: str, view: str) -> None:
    run = Trial(LIBRARY.tests[test_id], LIBRARY)
    for frame in gait(170, 10, view):
        run.push(frame)
    run.finish()
    told = run.result()
    cadence = told.values["cadence_per_min"].result
    assert isinstance(cadence, Estimate), cadence
    assert cadence.value == pytest.approx(170, abs=2)
    assert told.indicators == {}
    if view == "back":
        rocking = told.values["hip_rocking_deg"].result
        assert isinstance(rocking, Estimate)
        assert rocking.sd >= 3.0
        assert told.values["hip_rocking_deg"].more is None, "it never gets sure enough to be judged"


def test_standing_still_has_no_cadence() -> None:
    run = Trial(LIBRARY.tests["treadmill_side"], LIBRARY)
    run.push(perform(LIBRARY.exercises["squat_double"], slow(0, "right")).series)
    assert isinstance(run.result().values["cadence_per_min"].result, NotAssessable)


def test_no_frames_and_a_film_without_end() -> None:
    empty = Trial(LIBRARY.tests["single_leg_squat"], LIBRARY)
    empty.push(PoseSeries.of([]))
    empty.finish()
    assert {value.result for value in empty.result().values.values()} == {NotAssessable("nobody could be seen")}
    long = perform(LIBRARY.exercises["squat_single_leg"], slow(4)).series
    late = replace(long, t_s=long.t_s + LONGEST_S + 60)
    twice = Trial(LIBRARY.tests["single_leg_squat"], LIBRARY, "right")
    twice.push(long)
    twice.push(late)
    twice.finish()
    assert twice.result().count == 4, "what comes after the longest test is not looked at"


def test_a_photo_has_no_frames() -> None:
    with pytest.raises(ValueError, match="photo"):
        Trial(LIBRARY.tests["arch_photo"], LIBRARY)
