"""Records as a diary: everything that progress looks at, whoever wrote it, and nothing that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from kneeline.model.diary import ClimbEntry, Diary, PainEntry, RunEntry
from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.store import Store
from kneeline.store.diary import read_diary
from kneeline.store.kinds import Answer, Pain, Payload, PlanVersion, Retraction, Run, Stairs
from kneeline.store.kinds import TestResult as MovementTestResult

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def person(store: Store) -> UUID:
    return store.local_person(AT).id


def keep(store: Store, person: UUID, payload: Payload, days: float = 0) -> UUID:
    id = uuid4()
    store.record(person, payload, id=id, at=AT + timedelta(days=days))
    return id


def test_nothing_kept_is_an_empty_diary(store: Store, person: UUID) -> None:
    assert read_diary(store, person) == Diary()


def test_pain_counts_wherever_it_was_said_and_not_what_was_taken_back(store: Store, person: UUID) -> None:
    keep(store, person, Answer(question="pain_stairs", question_version=1, value=6), 1)
    keep(store, person, Answer(question="pain_on", question_version=1, value=["stairs"]), 1)
    keep(store, person, Answer(question="age", question_version=1, value=34), 1.5)
    keep(store, person, Pain(value=4, of="stairs", side="left"))
    wrong = keep(store, person, Pain(value=10, of="worst"))
    store.record(person, Retraction(), id=uuid4(), at=AT, replaces=wrong)
    diary = read_diary(store, person)
    assert [(pain.value, pain.of) for pain in diary.pains] == [(4, "stairs"), (6, "stairs")]
    assert [scale.question for scale in diary.scales] == ["pain_stairs", "age"]


def test_runs_stairs_and_since_when(store: Store, person: UUID) -> None:
    keep(store, person, Run(distance_m=5000, duration_s=1800, cadence_per_min=166, pain=1, source="FIT file"))
    keep(store, person, Stairs(floors=4), 2)
    diary = read_diary(store, person)
    assert diary.runs == (RunEntry(AT, 5000, 1800, 166, 1),)
    assert diary.climbs == (ClimbEntry(AT + timedelta(days=2), 4),)
    assert read_diary(store, person, since=AT + timedelta(days=1)).runs == ()


def test_days_are_those_of_this_machine(store: Store, person: UUID) -> None:
    keep(store, person, Pain(value=1, of="stairs"))
    (pain,) = read_diary(store, person).pains
    assert pain == PainEntry(AT, 1, "stairs")
    assert pain.at.utcoffset() == AT.astimezone().utcoffset()


def test_tests_with_and_without_a_value(store: Store, person: UUID) -> None:
    measures: dict[str, dict[str, Any]] = {
        "fppa_at_45_deg": {"value": 9, "sd": 2.5, "unit": "deg", "detectable": 8.9},
        "pelvic_drop_peak_deg": {"not_assessable": "turned away"},
        "odd": {"value": "nine"},
    }
    told = MovementTestResult(test="single_leg_squat", side="left", measures=measures, kneeline="0", library="d")
    keep(store, person, told)
    (retest,) = read_diary(store, person).retests
    assert retest.values == {
        "fppa_at_45_deg": Estimate(9, 2.5, "deg"),
        "pelvic_drop_peak_deg": NotAssessable("turned away"),
        "odd": NotAssessable("it was kept without a number"),
    }
    assert retest.detectable == {"fppa_at_45_deg": 8.9}


def version(prescriptions: object) -> PlanVersion:
    return PlanVersion(plan={"plan": {"prescriptions": prescriptions}}, by="rule", why="", library="d")


def test_a_rung_is_told_when_it_changes(store: Store, person: UUID) -> None:
    for days, rung in enumerate((-1, -1, 0)):
        keep(store, person, version([{"exercise": "squat_double", "rung": rung}]), days)
    keep(store, person, version("nonsense"), 4)
    keep(store, person, PlanVersion(plan={}, by="start", why="", library="d"), 5)
    rungs = read_diary(store, person).rungs
    assert [(rung.exercise, rung.level, (rung.at - AT).days) for rung in rungs] == [
        ("squat_double", -1, 0),
        ("squat_double", 0, 2),
    ]
