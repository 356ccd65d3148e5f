"""A plan and what happened, into the store and out of it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from kneeline.clinic.plan import leg_of, start_plan
from kneeline.clinic.simulate import Start, made_up_answers, made_up_leg
from kneeline.content.load import load
from kneeline.model.errors import InputError
from kneeline.model.movement import FaultFinding, Repetition, RepetitionVerdict, SetResult, SetSummary, View
from kneeline.model.plan import PainSaid, PlanVersion, Retested, RunDone, SessionDone
from kneeline.model.quantity import Estimate, NotAssessable, Verdict
from kneeline.store import SetStart, Store
from kneeline.store.kinds import Answer, Finding, Pain, Run
from kneeline.store.kinds import PlanVersion as PlanRecord
from kneeline.store.planned import happened, keep_version, plan_versions, up_to_date

LIBRARY = load()
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
TIME = Estimate(1.0, 0.1, "s")
VIEW = View("front", NotAssessable("not looked at"), True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        yield opened


def begun() -> PlanVersion:
    start = Start(focus="hip", equipment=("loop",))
    return start_plan(made_up_leg(start), made_up_answers(start), LIBRARY, NOW.astimezone())


def rep(n: int, good: bool, off: Verdict) -> Repetition:
    faults = (FaultFinding("pelvis_drops", off, 0.5, ""), FaultFinding("too_small", Verdict.ABSENT, 0.0, ""))
    verdict = RepetitionVerdict.GOOD if good else RepetitionVerdict.TRY_AGAIN
    return Repetition(n, "right", 0.0, 1.0, 2.0, 3.0, TIME, TIME, TIME, {}, faults, verdict)


def a_set(store: Store, person: UUID, session: UUID, at: datetime, reps: list[Repetition], seen: bool = True) -> None:
    start = SetStart(
        uuid4(),
        session,
        "banded_single_leg_stand",
        "right",
        "0.1.0",
        "x",
        "blazepose-full" if seen else None,
        {"reps": 12},
    )
    store.start_set(start, at)
    for one in reps:
        store.add_repetition(start.id, one, at)
    good = sum(one.verdict is RepetitionVerdict.GOOD for one in reps)
    summary = SetSummary(len(reps) or 12, good, 60.0, 72.0, 0.8 if seen else None)
    store.finish_set(start.id, SetResult(start.exercise, "right", VIEW, tuple(reps), summary, (), ()), at)


def session(store: Store, person: UUID, at: datetime, pain: float | None, seen: bool = True) -> None:
    id = uuid4()
    store.start_session(id, person, at)
    reps = [rep(n, n <= 9, Verdict.PRESENT if n > 9 else Verdict.ABSENT) for n in range(1, 13)] if seen else []
    a_set(store, person, id, at, reps, seen)
    store.record(person, Pain(value=2, of="before"), id=uuid4(), at=at, session_id=id)
    if pain is not None:
        store.record(person, Pain(value=pain, of="after"), id=uuid4(), at=at, session_id=id)


def test_where_nothing_is_kept_there_is_no_plan(store: Store) -> None:
    person = store.local_person(NOW).id
    assert plan_versions(store, person, LIBRARY) == ()
    assert up_to_date(store, person, LIBRARY, NOW) == ((), ())


def test_a_version_comes_back_as_it_was_and_is_kept_once(store: Store) -> None:
    person, first = store.local_person(NOW).id, begun()
    for _ in range(2):
        keep_version(store, person, first, LIBRARY)
    assert plan_versions(store, person, LIBRARY) == (first,)


def test_a_new_start_leaves_the_old_plan_behind(store: Store) -> None:
    person, first = store.local_person(NOW).id, begun()
    later = replace(first, change=replace(first.change, at=first.change.at + timedelta(days=50)))
    keep_version(store, person, first, LIBRARY)
    keep_version(store, person, later, LIBRARY)
    assert plan_versions(store, person, LIBRARY) == (later,)


def test_what_was_done_and_said_is_what_the_rules_look_at(store: Store) -> None:
    person, first = store.local_person(NOW).id, begun()
    at = NOW + timedelta(hours=2)
    session(store, person, at, 6.0)
    store.record(person, Pain(value=3, of="stairs"), id=uuid4(), at=at + timedelta(hours=1))
    store.record(person, Run(distance_m=5000.0), id=uuid4(), at=at + timedelta(hours=2))
    store.record(person, Run(duration_s=900.0), id=uuid4(), at=at + timedelta(hours=3))
    change = Answer(question="global_change", question_version=1, value=["bit_better"])
    store.record(person, change, id=uuid4(), at=at + timedelta(hours=4))
    done, stairs, run, again = happened(store, person, (first,), LIBRARY)
    assert isinstance(done, SessionDone)
    (one,) = done.sets
    assert (one.exercise, one.side, one.asked, one.off_line) == ("banded_single_leg_stand", "right", 12, 3)
    assert one.good == (True,) * 9 + (False,) * 3
    assert (done.pain_before, done.pain_during, done.pain_after) == (2.0, None, 6.0)
    assert isinstance(stairs, PainSaid)
    assert isinstance(run, RunDone)
    assert isinstance(again, Retested)
    assert again.change == 1


def found(store: Store, person: UUID, at: datetime, side: str, foot: float) -> None:
    probabilities = {"foot": foot, "knee": 0.4, "hip": 0.3, "several": 0.2, "none": 0.1}
    finding = Finding(side=side, focus=None, probabilities=probabilities, reasons=[], kneeline="0", library="x")  # type: ignore[arg-type]
    store.record(person, finding, id=uuid4(), at=at)


def test_a_re_test_hands_the_newest_finding_of_the_trained_leg_to_the_rules(store: Store) -> None:
    person, first = store.local_person(NOW).id, begun()
    trained = leg_of(first.plan, LIBRARY)
    other = "left" if trained == "right" else "right"
    change = Answer(question="global_change", question_version=1, value=["same"])
    found(store, person, NOW - timedelta(days=1), trained, 0.1)  # what the plan was made from
    store.record(person, change, id=uuid4(), at=NOW + timedelta(days=28))
    found(store, person, NOW + timedelta(days=40), trained, 0.7)
    found(store, person, NOW + timedelta(days=41), other, 0.9)
    store.record(person, change, id=uuid4(), at=NOW + timedelta(days=42))
    without, with_it = happened(store, person, (first,), LIBRARY)
    assert isinstance(without, Retested)
    assert without.probabilities is None
    assert isinstance(with_it, Retested)
    assert with_it.probabilities == {"foot": 0.7, "knee": 0.4, "hip": 0.3}


def test_a_set_that_nobody_saw_is_neither_good_nor_bad(store: Store) -> None:
    person, first = store.local_person(NOW).id, begun()
    session(store, person, NOW + timedelta(hours=2), 1.0, seen=False)
    (done,) = happened(store, person, (first,), LIBRARY)
    assert isinstance(done, SessionDone)
    assert set(done.sets[0].good) == {None}
    assert done.sets[0].off_line is None


def test_bringing_it_up_to_date_keeps_what_the_rules_added_and_adds_nothing_twice(store: Store) -> None:
    person, first = store.local_person(NOW).id, begun()
    keep_version(store, person, first, LIBRARY)
    session(store, person, NOW + timedelta(hours=2), 6.0)
    now = NOW + timedelta(days=8)
    versions, events = up_to_date(store, person, LIBRARY, now)
    assert [v.change.rule for v in versions] == [None, "pain_over", "teach"]
    assert len(events) == 1
    assert up_to_date(store, person, LIBRARY, now)[0] == versions
    assert plan_versions(store, person, LIBRARY) == versions


def test_a_kept_plan_that_cannot_be_read_is_said_in_one_sentence(store: Store) -> None:
    person = store.local_person(NOW).id
    store.record(person, PlanRecord(plan={"plan": 3}, by="start", why="x", library="x"), id=uuid4(), at=NOW)
    with pytest.raises(InputError, match="cannot be read"):
        plan_versions(store, person, LIBRARY)
