"""Is it working: change only beyond error, nothing made up, a year at once."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.clinic.progress import Change, Point, Progress, Strand, compare, progress
from kneeline.content.load import load
from kneeline.model.diary import (
    ClimbEntry,
    Diary,
    PainEntry,
    RetestEntry,
    RunEntry,
    RungEntry,
    ScaleEntry,
    SetEntry,
)
from kneeline.model.quantity import Estimate, NotAssessable

LIBRARY = load()
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def of(diary: Diary, id: str) -> Strand:
    return {strand.id: strand for strand in all_of(progress(diary, TODAY, LIBRARY))}[id]


def all_of(found: Progress) -> tuple[Strand, ...]:
    return (found.headline, *found.strands)


def stairs(*values: tuple[float, float]) -> Diary:
    return Diary(pains=tuple(PainEntry(ago(days), value, "stairs") for days, value in values))


def a_set(days: float, faults: tuple[int, int] = (0, 10), **changes: object) -> SetEntry:
    told: dict[str, object] = {
        "at": ago(days), "exercise": "squat_double", "side": "both", "count": 10, "good": 8, "tension_s": 50.0,
        "prescribed_tension_s": 60.0, "dose_received": 0.8, "tempo_s": {"lower": 2.4}, "asked_s": {"lower": 3.0},
        "faults": {"too_fast_down": faults},
    }  # fmt: skip
    return SetEntry(**{**told, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (((40, 6), (0, 4)), "better"),
        (((40, 4), (0, 6)), "worse"),
        (((40, 6), (0, 4.5)), "no_change"),
        (((40, 6), (38, 2), (1, 3), (0, 1)), "better"),
        (((3, 6), (0, 1)), "too_little"),
        (((0, 6),), "too_little"),
        ((), "too_little"),
    ],
)
def test_pain_on_stairs_is_better_or_worse_only_from_two_points_on(
    values: tuple[tuple[float, float], ...], verdict: str
) -> None:
    headline = progress(stairs(*values), TODAY, LIBRARY).headline
    assert headline.lines[0].change.verdict == verdict
    assert ("better" in headline.say) == (verdict == "better")


def test_of_one_day_the_worst_counts_and_of_another_pain_nothing() -> None:
    diary = stairs((9, 2), (9, 5), (0, 1))
    assert [point.value for point in of(diary, "pain_stairs").lines[0].points] == [5, 1]
    assert "pain_worst" not in {strand.id for strand in all_of(progress(diary, TODAY, LIBRARY))}


def test_what_comes_after_the_day_is_not_looked_at() -> None:
    early, late = stairs((40, 6), (0, 6)), stairs((40, 6), (0, 6), (-3, 0))
    assert progress(early, TODAY, LIBRARY) == progress(late, TODAY, LIBRARY)


def test_an_empty_diary_has_a_headline_that_says_so_and_no_strand() -> None:
    found = progress(Diary(), TODAY, LIBRARY)
    assert found.headline.say == "Nothing is on record yet."
    assert found.strands == ()
    assert found.leave_out == ()
    assert found.next_run.verdict == "start"


def test_dose_is_held_to_what_was_asked_in_the_sets_or_in_the_week() -> None:
    diary = Diary(sets=(a_set(1), a_set(2, dose_received=None), a_set(3, prescribed_tension_s=None)))
    assert of(diary, "dose").lines[0].points[-1].value == pytest.approx(80)
    found = progress(diary, TODAY, LIBRARY, asked_s=lambda day: {"squat_double": 480 / 7})
    dose = next(strand for strand in found.strands if strand.id == "dose")
    assert dose.lines[0].points[-1].value == pytest.approx(10)
    assert "plan" in dose.say
    assert "no camera" in dose.say


def test_a_dose_counts_from_the_day_on_which_the_plan_began_and_only_what_it_asks_for() -> None:
    began = TODAY - timedelta(days=3)
    diary = Diary(sets=(a_set(8), a_set(1), a_set(1, exercise="lunge")))
    found = progress(diary, TODAY, LIBRARY, asked_s=lambda day: {"squat_double": 24.0} if day >= began else {})
    dose = next(strand for strand in found.strands if strand.id == "dose")
    before, after = dose.lines[0].points
    assert before.value == pytest.approx(80)  # no plan yet: of what the set asked for
    assert after.value == pytest.approx(100 * 0.8 * 60 / (4 * 24))
    assert "did not ask for" in dose.say
    found = progress(diary, TODAY, LIBRARY, asked_s=lambda day: {"squat_double": 3.0, "step_down": 3.0})
    dose = next(strand for strand in found.strands if strand.id == "dose")
    assert dose.lines[0].points[-1].value == pytest.approx(50)  # more of one does not make up for another


def test_a_test_counts_as_changed_from_the_published_change_on_and_shares_are_percent() -> None:
    known = next((t.id, v) for t in LIBRARY.tests.values() for v in t.value if v.detectable is not None)
    test, value = known
    assert value.detectable is not None
    small = 0.9 * value.detectable.value
    entries = [RetestEntry(ago(d), test, "left", {value.id: Estimate(10 + x, 0.0, value.unit)}, {})
               for d, x in ((40, 0.0), (0, small))]  # fmt: skip
    (strand,) = progress(Diary(retests=tuple(entries)), TODAY, LIBRARY).strands
    assert strand.lines[0].change.verdict == "no_change"
    share = RetestEntry(ago(0), "arch_photo", "left", {"arch_ratio_frac": Estimate(0.31, 0.01, "frac")}, {})
    (strand,) = progress(Diary(retests=(share,)), TODAY, LIBRARY).strands
    assert strand.unit == "%"
    assert strand.lines[0].points[0].value == pytest.approx(31.0)


def test_tempo_is_a_share_of_what_was_asked_weighted_by_repetitions() -> None:
    diary = Diary(sets=(a_set(1), a_set(1, count=30, tempo_s={"lower": 3.0}), a_set(1, count=0, tempo_s={})))
    lines = {line.name: line for line in of(diary, "tempo").lines}
    assert lines["Down"].points[0].value == pytest.approx((80 * 10 + 100 * 30) / 40)
    assert lines["Up"].points == ()


@pytest.mark.parametrize(
    ("first", "last", "verdict"),
    [
        ((15, 30), (3, 30), "better"),
        ((3, 30), (15, 30), "worse"),
        ((15, 30), (12, 30), "no_change"),
        ((10, 10), (0, 10), "too_little"),
    ],
)
def test_a_fault_changes_only_beyond_the_error_of_its_share(
    first: tuple[int, int], last: tuple[int, int], verdict: str
) -> None:
    diary = Diary(sets=(a_set(30, first), a_set(1, last)))
    lines = of(diary, "faults").lines
    assert [line.change.verdict for line in lines] == [verdict]
    assert all(0 <= (p.low or 0) <= p.value <= (p.high or 0) <= 100 for line in lines for p in line.points)


@pytest.mark.parametrize("faults", [(0, 0), (0, 30)])
def test_a_fault_that_was_never_seen_or_never_judged_is_no_line(faults: tuple[int, int]) -> None:
    found = progress(Diary(sets=(a_set(1, faults),)), TODAY, LIBRARY)
    assert "faults" not in {strand.id for strand in found.strands}


def retest(days: float, side: str, value: float | None, sd: float = 1.0) -> RetestEntry:
    measured = NotAssessable("turned away") if value is None else Estimate(value, sd, "deg")
    return RetestEntry(ago(days), "single_leg_squat", side, {"fppa_at_45_deg": measured}, {"fppa_at_45_deg": 8.9})


def test_a_retest_is_held_to_the_published_change_side_beside_side() -> None:
    diary = Diary(
        retests=(retest(40, "left", 20), retest(40, "right", 20), retest(1, "left", 10), retest(1, "right", 12))
    )
    strand = of(diary, "single_leg_squat.fppa_at_45_deg")
    assert [(line.name, line.change.verdict) for line in strand.lines] == [("Left", "better"), ("Right", "no_change")]


def test_a_retest_with_a_large_error_needs_a_larger_change() -> None:
    diary = Diary(retests=(retest(40, "left", 20, 6.0), retest(1, "left", 8, 6.0)))
    (line,) = of(diary, "single_leg_squat.fppa_at_45_deg").lines
    assert line.change.verdict == "no_change"
    assert line.change.detectable == pytest.approx(1.96 * math.sqrt(72))


def test_a_test_that_could_not_be_judged_or_that_nobody_knows_is_no_change() -> None:
    diary = Diary(retests=(retest(40, "left", None), retest(1, "left", 9)))
    (line,) = of(diary, "single_leg_squat.fppa_at_45_deg").lines
    assert line.change.verdict == "too_little"
    gone = RetestEntry(ago(9), "gone", "left", {"x": Estimate(1, 0, "m")}, {})
    later = RetestEntry(ago(1), "gone", "left", {"x": Estimate(2, 0, "m")}, {})
    assert of(Diary(retests=(gone, later)), "gone.x").lines[0].change.verdict == "changed"


def test_everything_there_is_to_tell_has_its_strand_and_its_sentence() -> None:
    diary = Diary(
        pains=tuple(PainEntry(ago(days), 3, of) for days in (30, 1) for of in ("stairs", "worst", "usual")),
        runs=(RunEntry(ago(2), 5000, 1800),),
        climbs=(ClimbEntry(ago(2), 4),),
        sets=(a_set(20, (5, 10)), a_set(1, (5, 10))),
        retests=(retest(1, "left", 9),),
        scales=(ScaleEntry(ago(9), "hard_stairs", 6), ScaleEntry(ago(9), "age", 34)),
        rungs=(RungEntry(ago(30), "squat_double", -1), RungEntry(ago(1), "squat_double", 0)),
    )
    found = all_of(progress(diary, TODAY, LIBRARY))
    assert [strand.id for strand in found] == [
        "pain_stairs", "pain_worst", "pain_usual", "hard_stairs", "dose", "tempo", "faults", "ladder", "load",
        "running", "single_leg_squat.fppa_at_45_deg",
    ]  # fmt: skip
    assert all(strand.say.endswith((".", "?")) and strand.title for strand in found)


days = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 10)), min_size=1, max_size=40)


@given(days)
def test_no_change_within_error_is_ever_called_one(told: list[tuple[int, int]]) -> None:
    points = [Point(TODAY - timedelta(days=d), float(v)) for d, v in sorted(told, reverse=True)]
    change: Change = compare(points, 2.0, 7, low_is_good=True, unit="of 10")
    if change.verdict in ("better", "worse"):
        assert change.first is not None
        assert change.last is not None
        assert abs(change.first - change.last) >= 2 - 1e-6
        assert (change.last < change.first) == (change.verdict == "better")
