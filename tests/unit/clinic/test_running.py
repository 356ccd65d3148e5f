"""The running rules: what each run was, and what the next may be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.clinic.running import NextRun, judge, next_run
from kneeline.content.load import load
from kneeline.model.diary import PainEntry, RunEntry

SHEET = load().sheets.running
START = datetime(2026, 9, 1, 18, tzinfo=UTC)
Log = tuple[list[RunEntry], list[PainEntry]]


def log(*runs: tuple[float, float, float, float] | None, minutes: float = 15, every: int = 2) -> Log:
    """Runs two days apart: pain during, before, an hour after, next morning; None is a run that nothing is told of."""
    done, pains = [], [PainEntry(START - timedelta(hours=11), 1, "next_morning")]
    for n, told in enumerate(runs):
        at = START + timedelta(days=every * n)
        done.append(RunEntry(at, duration_s=60 * minutes, pain=told[0] if told else None))
        if told:
            pains += [
                PainEntry(at - timedelta(minutes=5), told[1], "before"),
                PainEntry(at + timedelta(minutes=70), told[2], "hour_after"),
                PainEntry(at + timedelta(hours=13), told[3], "next_morning"),
            ]
    return done, pains


CALM = (2, 1, 1, 1)


def after(*runs: tuple[float, float, float, float] | None, minutes: float = 15, wait: int = 1) -> NextRun:
    done, pains = log(*runs, minutes=minutes)
    return next_run(done, pains, done[-1].at.date() + timedelta(days=wait), SHEET)


@pytest.mark.parametrize(
    ("told", "verdict", "word"),
    [
        (CALM, "calm", ""),
        ((2.5, 1, 1, 1), "too_much", "2.5 of 10"),
        ((2, 1, 2, 1), "too_much", "60 minutes"),
        ((2, 1, 1, 3), "too_much", "morning"),
        (None, "not_told", ""),
    ],
)
def test_a_run_is_held_to_three_rules(told: tuple[float, float, float, float] | None, verdict: str, word: str) -> None:
    done, pains = log(told)
    judged = judge(done[0], pains, SHEET)
    assert judged.verdict == verdict
    assert word in " ".join(judged.why)
    assert bool(judged.missing) == (told is None)


def test_two_calm_runs_earn_the_next_step_and_one_does_not() -> None:
    assert (after(CALM).run_min, after(CALM).verdict) == (1, "same")
    assert "You have 1" in " ".join(after(CALM).why)
    assert (after(CALM, CALM).run_min, after(CALM, CALM).verdict) == (2, "more")
    assert after(*[CALM] * 10).walk_min == 0


def test_too_much_goes_back_and_rests() -> None:
    found = after(*[CALM] * 6, (4, 1, 1, 1))
    assert (found.run_min, found.verdict) == (3, "less")
    assert found.not_before == START.date() + timedelta(days=14)
    assert "4 of 10" in found.why[0]


def test_what_was_not_told_changes_nothing() -> None:
    found = after(CALM, CALM, None, None, None)
    assert (found.run_min, found.verdict) == (2, "same")
    assert "Not told yet" in found.why[0]


def test_somebody_who_runs_through_goes_on_from_there_and_is_eased_in_minutes_first() -> None:
    assert after(CALM, minutes=40).minutes == 40
    assert after(CALM, CALM, minutes=40).minutes == 44
    assert after((5, 1, 1, 1), minutes=40).minutes == 32
    eased = after((5, 1, 1, 1), (5, 1, 1, 1), (5, 1, 1, 1), minutes=40)
    assert (eased.run_min, eased.walk_min) == (4, 1)


def test_after_a_long_break_one_step_back() -> None:
    assert after(CALM, CALM, wait=14).run_min == 2
    late = after(CALM, CALM, wait=20)
    assert late.run_min == 1
    assert "20 days ago" in late.why[0]


def test_more_steps_a_minute_are_offered_where_there_are_few() -> None:
    done, pains = log(CALM)
    assert next_run(done, pains, date(2026, 9, 2), SHEET, usual=160).cadence_per_min == (168, 176)
    assert next_run(done, pains, date(2026, 9, 2), SHEET, usual=180).cadence_per_min is None
    assert next_run(done, pains, date(2026, 9, 2), SHEET).cadence_per_min is None


told = st.none() | st.tuples(*[st.integers(0, 10)] * 4)


@given(st.lists(told, min_size=1, max_size=12), st.integers(3, 10), st.sampled_from([15.0, 40.0]))
def test_pain_above_the_limit_never_makes_the_next_run_longer(
    runs: list[tuple[float, float, float, float] | None], pain: int, minutes: float
) -> None:
    before = after(*runs, minutes=minutes)
    found = after(*runs, (pain, 1, 1, 1), minutes=minutes)
    assert (found.walk_min == 0, found.run_min) <= (before.walk_min == 0, before.run_min)


@given(st.lists(told, min_size=1, max_size=12))
def test_the_same_log_gives_the_same_run_whatever_comes_later(
    runs: list[tuple[float, float, float, float] | None],
) -> None:
    done, pains = log(*runs)
    today = done[-1].at.date() + timedelta(days=1)
    more = [*done, RunEntry(done[-1].at + timedelta(days=3), duration_s=900, pain=9)]
    assert next_run(done, pains, today, SHEET) == next_run(more, pains, today, SHEET)
