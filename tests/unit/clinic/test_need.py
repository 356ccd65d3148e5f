"""Who needs a physio's look, and who does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from kneeline.clinic.ladder import usual_dose
from kneeline.clinic.need import ORDER, needs
from kneeline.clinic.progress import progress
from kneeline.content.load import load
from kneeline.model.diary import Diary, PainEntry
from kneeline.model.plan import Change, Happened, Plan, PlanVersion, Prescription, Retested, SessionDone

LIBRARY = load()
MONDAY = datetime(2026, 10, 5, 9, tzinfo=UTC)
BAND = "banded_single_leg_stand"


def version() -> PlanVersion:
    dose = usual_dose(LIBRARY.exercises[BAND], 3, LIBRARY)
    one = Prescription(BAND, "hip", "left", "left", 0, "light", dose, "first")
    plan = Plan(MONDAY.date(), (one,), (0, 2, 4), ("hip",), "hip", {"foot": 0.2, "knee": 0.3, "hip": 0.7})
    return PlanVersion(plan, Change(MONDAY, "start", "This is the start."))


def day(n: int) -> date:
    return MONDAY.date() + timedelta(days=n)


def pains(*values: float, every: int = 7) -> Diary:
    return Diary(pains=tuple(PainEntry(MONDAY + timedelta(days=n * every), v, "stairs") for n, v in enumerate(values)))


def kinds(
    diary: Diary, versions: list[PlanVersion], events: list[Happened], n: int, flagged: bool = False
) -> list[str]:
    flags = list(LIBRARY.clinic.red_flags.values())[:2] if flagged else []
    found = needs(flags, progress(diary, day(n), LIBRARY), versions, events, day(n))
    assert all(one.say.endswith((".", "?")) for one in found)
    order = [ORDER.index(one.kind) for one in found]
    assert order == sorted(set(order))  # the most pressing first, each kind once
    return [one.kind for one in found]


def trained(n: int) -> SessionDone:
    return SessionDone(f"s{n}", MONDAY + timedelta(days=n), ())


def test_nobody_needs_a_look_for_nothing() -> None:
    assert kinds(Diary(), [], [], 0) == []
    assert kinds(pains(5, 4, 3), [version()], [trained(18)], 20) == []


@pytest.mark.parametrize(("until", "missed"), [(2, False), (4, False), (5, True), (30, True)])
def test_a_week_of_sessions_in_a_row_is_missed_and_less_is_not(until: int, missed: bool) -> None:
    assert ("missed" in kinds(Diary(), [version()], [], until)) is missed


def test_a_session_ends_what_was_missed() -> None:
    assert "missed" in kinds(Diary(), [version()], [trained(2)], 12)
    assert "missed" not in kinds(Diary(), [version()], [trained(2), trained(9)], 12)
    assert "missed" in kinds(Diary(), [version()], [trained(99)], 12)  # what comes later is not known yet


def test_pain_counts_only_beyond_error() -> None:
    assert kinds(pains(2, 2, 7, 7), [], [], 30) == ["pain_worse"]
    assert kinds(pains(2, 2, 3, 3), [], [], 30) == []
    assert kinds(pains(7, 7, 2, 2), [], [], 30) == []


def test_a_rule_that_asks_for_a_physio_stands_until_one_has_looked() -> None:
    first = version()
    asked = PlanVersion(replace(first.plan, refer=True), Change(MONDAY, "rule", "No gain.", "x", asks="physio"))
    assert "asked" in kinds(Diary(), [first, asked], [trained(9)], 10)
    looked = PlanVersion(replace(asked.plan, refer=False), Change(MONDAY, "physio", "Seen."))
    assert "asked" not in kinds(Diary(), [first, asked, looked], [trained(9)], 10)


def test_six_weeks_without_a_gain() -> None:
    stayed = pains(5, 5, 5, 5, 5, 5, 5)
    assert kinds(stayed, [version()], [trained(43)], 44) == ["not_improving"]
    assert kinds(stayed, [version()], [trained(33)], 34) == []
    better: list[Happened] = [Retested("r", MONDAY + timedelta(days=42), 1), trained(43)]
    assert kinds(stayed, [version()], better, 44) == []
    same: list[Happened] = [Retested("r", MONDAY + timedelta(days=42), 0), trained(43)]
    assert kinds(pains(7, 7, 7, 1, 1, 1), [version()], same, 44) == ["not_improving"]
    assert kinds(Diary(), [version()], [trained(43)], 44) == []  # nobody said anything


def test_everything_at_once_begins_with_the_red_flag() -> None:
    found = kinds(pains(2, 2, 2, 2, 7, 7, 7), [version()], [], 50, flagged=True)
    assert found == ["red_flag", "pain_worse", "missed"]
