"""Load of the kneecap against what is published, a week's load, jumps, and what to leave out."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.clinic.load import (
    Load,
    crossing_deg,
    curves,
    jump,
    leave_out,
    peak_load,
    relative_load,
    run_load,
    set_load,
    stairs_load,
    weeks,
)
from kneeline.content.load import load
from kneeline.content.load_schema import JointModel, Piece
from kneeline.model.diary import ClimbEntry, Diary, RunEntry, SetEntry
from kneeline.model.errors import ContentError

SHEET = load().sheets.load
TODAY = date(2026, 11, 22)
A, B = SHEET.model.values()
WALKING_BW = 0.9


def at(days_ago: float) -> datetime:
    return datetime(2026, 11, 22, 8, tzinfo=UTC) - timedelta(days=days_ago)


def done(days_ago: float, exercise: str = "squat_double", side: str = "both", tension_s: float = 60.0) -> SetEntry:
    return SetEntry(at(days_ago), exercise, side, 10, 10, tension_s, tension_s, 1.0, {}, {}, {})


@pytest.mark.parametrize(
    ("bend", "arm_a", "arm_b", "force_a", "force_b"),
    [
        (0, 46, 30, 10.0, 17.5),
        (20, 47, 37, 13.8, 18.9),
        (45, 40, 35, 21.8, 26.3),
        (60, 33, 27, 28.4, 38.6),
        (90, 24, 20, 40.5, 63.0),
    ],
)
def test_both_models_give_the_values_worked_out_by_hand(
    bend: float, arm_a: float, arm_b: float, force_a: float, force_b: float
) -> None:
    assert (round(A.lever_arm_at(bend)), round(B.lever_arm_at(bend))) == (arm_a, arm_b)
    assert A.force_per_moment(bend) == pytest.approx(force_a, abs=0.06)
    assert B.force_per_moment(bend) == pytest.approx(force_b, abs=0.06)


def test_the_printed_unit_error_is_not_copied_and_would_not_load(tmp_path: Path) -> None:
    """The papers print 0.046 beside terms in millimetres: -12.7 mm at 60 degrees, which no arm is."""
    printed = Piece(from_deg=0, coefficients=(0.046, *A.lever_arm_mm[0].coefficients[1:]))
    wrong = JointModel(name="as printed", lever_arm_mm=(printed,), wrap_deg=(30.0,), basis="house")
    assert wrong.lever_arm_at(60) == pytest.approx(-12.7, abs=0.1)
    assert min(model.lever_arm_at(bend) for model in (A, B) for bend in range(91)) > 15
    from kneeline.content.load_check import check_sheets

    library = load()
    bad = msgspec.structs.replace(SHEET, model={"a": wrong, "b": B})
    sheets = type(library.sheets)(bad, library.sheets.running, library.sheets.progress)
    with pytest.raises(ContentError, match="units are mixed up"):
        check_sheets(_with(library, sheets))


def _with(library: object, sheets: object) -> object:
    from dataclasses import replace

    return replace(library, sheets=sheets)  # type: ignore[type-var]


def test_lever_arms_lie_near_those_measured_in_living_knees() -> None:
    """45 mm at 10 degrees and 33 mm at 50: each model is off by no more than a quarter, to either side of it."""
    for bend, measured in ((10, 45), (50, 33)):
        for model in (A, B):
            assert model.lever_arm_at(bend) == pytest.approx(measured, rel=0.26)


def test_leg_press_and_knee_extension_cross_near_48_degrees() -> None:
    crossing = crossing_deg("leg_press", "knee_extension", SHEET)
    assert crossing == pytest.approx(48, abs=5)
    for bend in (0, 15, 30):
        press, extension = (relative_load(key, bend, SHEET) for key in ("leg_press", "knee_extension"))
        assert press.high < extension.low
    for bend in (60, 75, 90):
        press, extension = (relative_load(key, bend, SHEET) for key in ("leg_press", "knee_extension"))
        assert press.low > extension.low
        assert press.high > extension.high


def test_a_squat_is_gentle_where_an_extension_is_not_and_the_other_way_round() -> None:
    for bend in (0, 15, 30):
        assert relative_load("squat", bend, SHEET).high < relative_load("knee_extension", bend, SHEET).low
    for bend in (65, 75, 90):
        assert relative_load("squat", bend, SHEET).low > relative_load("knee_extension", bend, SHEET).low
    assert relative_load("squat", 45, SHEET).high < 0.5 * relative_load("squat", 75, SHEET).low
    assert relative_load("terminal_extension", 30, SHEET).high < 1.0


def test_stairs_and_running_keep_their_published_ratios_to_walking() -> None:
    for key, force in (("walking", 0.9), ("stairs_up", 3.2), ("stairs_down", 2.8), ("running", 5.2)):
        found = peak_load(key, SHEET)
        assert found.low <= force / WALKING_BW + 1e-9
        assert found.high >= force / WALKING_BW - 1e-9
        assert math.sqrt(found.first * found.second) == pytest.approx(force / WALKING_BW)
        assert found.high / found.low < 1.4


def test_one_leg_stays_below_the_largest_force_that_is_published() -> None:
    """A decline squat on one leg, 8.2 body weights, was the most of 35 tasks."""
    assert max(relative_load("squat_single_leg", bend, SHEET).high for bend in range(76)) * WALKING_BW < 8.2
    assert relative_load("squat", 45, SHEET).low * WALKING_BW == pytest.approx(1.0, abs=0.1)
    assert relative_load("squat", 45, SHEET).high * WALKING_BW == pytest.approx(1.2, abs=0.1)


@given(st.floats(0, 90), st.floats(0, 90))
def test_a_deeper_squat_is_never_less(one: float, other: float) -> None:
    low, high = sorted((one, other))
    a, b = relative_load("squat", low, SHEET), relative_load("squat", high, SHEET)
    assert 0 <= a.first <= b.first + 1e-9
    assert 0 <= a.second <= b.second + 1e-9


def test_no_load_is_made_up_outside_what_is_known() -> None:
    for bend in (-1, 61, math.nan, math.inf):
        with pytest.raises(ValueError, match="degrees, not"):
            relative_load("step_down", bend, SHEET)
    with pytest.raises(ValueError, match="only the peak"):
        relative_load("running", 20, SHEET)


def test_curves_show_what_is_drawn_and_all_of_it_on_request() -> None:
    drawn = {curve.id: curve for curve in curves(SHEET)}
    assert set(drawn) >= {
        "walking", "stairs_up", "stairs_down", "running", "squat", "step_down", "leg_press", "knee_extension",
        "terminal_extension",
    }  # fmt: skip
    assert "lunge" not in drawn
    assert "lunge" in {curve.id for curve in curves(SHEET, all_of_them=True)}
    assert drawn["squat"].knee_deg == tuple(range(91))
    assert drawn["running"].spread == pytest.approx((4.0 / 0.9, 6.4 / 0.9))


def test_a_minute_of_walking_is_the_unit() -> None:
    walking = SHEET.activity["walking"]
    assert walking.loaded is not None
    run = run_load(RunEntry(at(0), duration_s=60, cadence_per_min=165), SHEET)
    assert run is not None
    seconds = 165 / 2 * 0.25
    assert math.sqrt(run.first * run.second) == pytest.approx(5.2 / 0.9 * seconds / (55 * walking.loaded.value))


def test_a_run_without_cadence_or_time_uses_the_house_values_and_one_without_both_has_no_load() -> None:
    by_time = run_load(RunEntry(at(0), duration_s=6.5 * 60 * 5), SHEET)
    by_distance = run_load(RunEntry(at(0), distance_m=5000), SHEET)
    assert by_time == by_distance
    assert by_time is not None
    assert run_load(RunEntry(at(0), pain=2), SHEET) is None


def test_longer_under_load_is_more_and_an_unknown_exercise_is_said_to_be_unknown() -> None:
    once, twice = (set_load(done(0, tension_s=s), SHEET) for s in (60, 120))
    assert once is not None
    assert twice == once.times(2)
    assert set_load(done(0, "hopping"), SHEET) is None
    (week,) = weeks(Diary(sets=(done(0), done(1, "hopping"), done(2, "hopping"))), TODAY, SHEET, 1)
    assert week.not_counted == ("hopping",)
    assert week.exercise == once


def test_weeks_have_seven_days_and_the_last_ends_today() -> None:
    found = weeks(Diary(runs=(RunEntry(at(0), duration_s=600), RunEntry(at(6), duration_s=600))), TODAY, SHEET, 3)
    assert [week.ends for week in found] == [TODAY - timedelta(days=d) for d in (14, 7, 0)]
    assert [week.told for week in found] == [False, False, True]
    later = weeks(Diary(runs=(RunEntry(at(7), duration_s=600), RunEntry(at(-1), duration_s=600))), TODAY, SHEET, 2)
    assert [week.told for week in later] == [True, False]


def test_one_leg_of_a_one_sided_exercise_counts_half_of_the_week() -> None:
    (both,) = weeks(Diary(sets=(done(0, "step_down", "left"), done(0, "step_down", "right"))), TODAY, SHEET, 1)
    assert both.exercise == set_load(done(0, "step_down"), SHEET)


def usual_weeks(last_minutes: float, count: int = 4) -> Diary:
    runs = [RunEntry(at(7 * week + 2), duration_s=1800) for week in range(count, 0, -1)]
    return Diary(runs=(*runs, RunEntry(at(1), duration_s=60 * last_minutes)))


@pytest.mark.parametrize(("minutes", "verdict"), [(30, "no_jump"), (44, "no_jump"), (46, "jump"), (300, "jump")])
def test_a_jump_is_half_as_much_again_as_ones_own_last_weeks(minutes: float, verdict: str) -> None:
    found = jump(weeks(usual_weeks(minutes), TODAY, SHEET), SHEET)
    assert found.verdict == verdict
    assert found.ratio is not None
    assert found.ratio.middle == pytest.approx(minutes / 30)
    assert (found.mostly == "running") == (verdict == "jump")


def test_a_week_in_which_the_record_began_is_no_week_to_compare_with() -> None:
    runs = tuple(RunEntry(at(days), duration_s=1800) for days in (22, 16, 14, 9, 7, 2, 0))
    found = weeks(Diary(runs=runs), TODAY, SHEET)
    assert [week.whole for week in found if week.told] == [False, True, True, True]
    assert jump(found, SHEET).verdict == "no_jump"
    assert jump(weeks(Diary(runs=runs[1:]), TODAY, SHEET), SHEET).verdict == "too_little"


def test_too_few_weeks_tell_no_jump() -> None:
    assert jump(weeks(usual_weeks(300, 1), TODAY, SHEET), SHEET).verdict == "too_little"
    assert jump(weeks(Diary(), TODAY, SHEET), SHEET).verdict == "too_little"
    untold = Diary(runs=tuple(RunEntry(at(7 * week + 1)) for week in range(5)))
    assert jump(weeks(untold, TODAY, SHEET), SHEET).verdict == "too_little"


def test_stairs_add_up() -> None:
    one, ten = (stairs_load(ClimbEntry(at(0), floors), SHEET) for floors in (1, 10))
    assert ten.first == pytest.approx(10 * one.first)
    (week,) = weeks(Diary(climbs=(ClimbEntry(at(0), 10),)), TODAY, SHEET, 1)
    assert week.total.low == pytest.approx(ten.low)


def test_what_to_leave_out_grows_with_pain_and_nothing_is_said_of_unknown_pain() -> None:
    assert leave_out(None, SHEET) == leave_out(math.nan, SHEET) == leave_out(0, SHEET) == ()
    some, more = (leave_out(pain, SHEET) for pain in (3, 7))
    assert 0 < len(some) < len(more)
    assert all(one.why and one.instead for one in more)


def test_a_load_keeps_the_order_of_the_models() -> None:
    assert (Load(1, 4) + Load(3, 1)).first == 4
    assert Load(1, 4).times(0.5) == Load(0.5, 2)
