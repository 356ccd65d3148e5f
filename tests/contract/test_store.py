"""One store on two databases: what is kept comes back as it was, sent again changes nothing, mistakes are refused."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from store_makers import AT, EXERCISE, begun, done, lived_in, measured_set

from kneeline.model.errors import StoreError
from kneeline.model.quantity import Verdict
from kneeline.store import SetStart, Store
from kneeline.store.kinds import (
    KINDS,
    Answer,
    Effort,
    Finding,
    Note,
    Pain,
    Payload,
    PlanVersion,
    Profile,
    Retraction,
    Run,
    Setting,
)
from kneeline.store.kinds import (
    TestResult as MovementTestResult,  # pytest would take it for tests
)
from kneeline.store.tables import METADATA

Place = tuple[str | Path, Path]


def test_a_set_comes_back_as_the_engine_told_it(store: Store) -> None:
    person = store.local_person(AT).id
    set_id = done(store, person)
    result = measured_set()
    assert len(result.reps) == 3
    assert result.cues
    assert store.result(set_id) == result
    (found,) = store.sets(person)
    assert found == store.set(set_id)
    assert (found.start.exercise, found.start.planned, found.start.settings) == (EXERCISE, {"reps": 3}, {"band": 1})
    assert (found.at, found.ended_at) == (AT, AT + timedelta(minutes=1))
    assert found.summary == result.summary


def test_a_set_that_was_broken_off_keeps_its_repetitions(new_place: Callable[[], Place], opened: Any) -> None:
    place = new_place()
    store = opened(place)
    set_id = begun(store, store.local_person(AT).id)
    rep = measured_set().reps[0]
    store.add_repetition(set_id, rep, AT)
    store.close()
    again = opened(place)
    assert again.repetitions(set_id) == (rep,)
    assert again.result(set_id) is None
    assert again.set(set_id).ended_at is None
    assert again.add_repetition(set_id, measured_set().reps[1], AT)


def test_sending_again_changes_nothing_and_other_content_is_refused(store: Store) -> None:
    person = store.local_person(AT).id
    set_id, result = done(store, person), measured_set()
    later = AT + timedelta(hours=1)
    assert not store.add_person(person, later)
    assert not store.add_repetition(set_id, result.reps[0], later)
    assert not store.add_cue(set_id, 1, result.cues[0], later)
    assert not store.finish_set(set_id, result, later)
    assert not store.start_set(store.set(set_id).start, later)
    note_id = uuid4()
    assert store.record(person, Note(text="one"), id=note_id, at=AT)
    assert not store.record(person, Note(text="one"), id=note_id, at=later)
    assert store.set(set_id).at == AT
    for other in (
        lambda: store.add_repetition(set_id, replace(result.reps[0], side="left"), AT),
        lambda: store.finish_set(set_id, replace(result, warnings=("other",)), AT),
        lambda: store.start_set(replace(store.set(set_id).start, exercise="squat_double"), AT),
        lambda: store.record(person, Note(text="two"), id=note_id, at=AT),
    ):
        with pytest.raises(StoreError, match="kept before, with other content"):
            other()
    assert store.result(set_id) == result


def test_nothing_hangs_on_what_is_not_there(store: Store) -> None:
    person, other = store.local_person(AT).id, uuid4()
    store.add_person(other, AT)
    result = measured_set()
    start = SetStart(uuid4(), uuid4(), EXERCISE, "both", "0.1.0", "d", None)
    for lost in (
        lambda: store.start_session(uuid4(), uuid4(), AT),
        lambda: store.start_set(start, AT),
        lambda: store.add_repetition(uuid4(), result.reps[0], AT),
        lambda: store.finish_set(uuid4(), result, AT),
        lambda: store.record(uuid4(), Note(text="x"), id=uuid4(), at=AT),
        lambda: store.record(other, Note(text="x"), id=uuid4(), at=AT, set_id=begun(store, person)),
        lambda: store.set(uuid4()),
        lambda: store.become(uuid4()),
        lambda: store.keep_pose_log(uuid4(), uuid4(), b"", AT),
    ):
        with pytest.raises(StoreError):
            lost()
    assert store.history(other, Note) == ()


def test_a_set_that_is_over_takes_nothing_more(store: Store) -> None:
    set_id = done(store, store.local_person(AT).id)
    with pytest.raises(StoreError, match="over"):
        store.add_repetition(set_id, replace(measured_set().reps[0], n=4), AT)
    assert len(store.repetitions(set_id)) == 3


@pytest.mark.parametrize(
    "payload",
    [
        Profile(name="Ada", born=1990, sex="female"),
        Setting(name="voice", value="calm"),
        Pain(value=3.5, of="stairs", side="left"),
        Effort(value=10),
        Note(text="knee \x00 ok \U0001f3c3 \u2028"),
        Answer(question="stairs_down", question_version=2, value=["a", "b"]),
        Answer(question="goal", question_version=1, value=None),
        MovementTestResult(
            test="step_down", side="left", kneeline="0.1.0", library="d", measures={"fppa_peak_deg": {"value": 1.5}}
        ),
        Finding(
            side="left", focus=None, probabilities={"hip": 0.4}, reasons=["near"], kneeline="0", library="d",
            detail={"n": 2**70, "deep": [[{"a": None}]]},
        ),
        PlanVersion(plan={"days": [1, 3]}, by="rule", rule="two_for_two", why="twice well done", library="d"),
        Run(distance_m=5000.0, duration_s=1500.5, pain=1),
    ],
    ids=lambda payload: payload.kind,
)  # fmt: skip
def test_a_record_of_every_kind_comes_back_as_it_was(store: Store, payload: Payload) -> None:
    person, id = store.local_person(AT).id, uuid4()
    assert store.record(person, payload, id=id, at=AT)
    (found,) = store.history(person, type(payload))
    assert (found.payload, found.id, found.at, found.person_id) == (payload, id, AT, person)


def test_history_is_in_time_order_and_between_two_moments(store: Store) -> None:
    person = store.local_person(AT).id
    times = [AT + timedelta(microseconds=step) for step in (0, 1, 1_000_000, 999_999, 60_000_000)]
    for i, at in enumerate(times):
        store.record(person, Pain(value=i), id=uuid4(), at=at.astimezone(timezone(timedelta(hours=i - 3))))
    assert [one.payload.value for one in store.history(person, Pain)] == [0, 1, 3, 2, 4]
    assert [one.payload.value for one in store.history(person, Pain, since=times[1], until=times[2])] == [1, 3]
    latest = store.latest(person, Pain)
    assert latest is not None
    assert latest.payload.value == 4
    assert store.latest(person, Effort) is None
    assert store.history(uuid4(), Pain) == ()


def test_a_mistake_is_put_right_and_still_there_for_who_asks(store: Store) -> None:
    person, other = store.local_person(AT).id, uuid4()
    store.add_person(other, AT)
    wrong, right, gone = uuid4(), uuid4(), uuid4()
    store.record(person, Pain(value=9), id=wrong, at=AT)
    store.record(person, Pain(value=1), id=right, at=AT, replaces=wrong)
    store.record(person, Pain(value=5), id=gone, at=AT)
    store.record(person, Retraction(), id=uuid4(), at=AT, replaces=gone)
    store.record(other, Retraction(), id=uuid4(), at=AT, replaces=right)
    assert [one.id for one in store.history(person, Pain)] == [right]
    assert {one.id for one in store.history(person, Pain, replaced=True)} == {wrong, right, gone}


def test_the_newest_choice_holds(store: Store) -> None:
    person = store.local_person(AT).id
    for minutes, value in ((1, True), (3, False), (2, True)):
        store.record(person, Setting(name="voice", value=value), id=uuid4(), at=AT + timedelta(minutes=minutes))
    store.record(person, Setting(name="coach_me", value="less"), id=uuid4(), at=AT)
    assert store.settings(person) == {"voice": False, "coach_me": "less"}


def test_a_machine_is_one_persons_and_others_may_be_kept_on_it(store: Store) -> None:
    me = store.local_person(AT)
    assert store.local_person(AT + timedelta(days=1)) == me
    other = uuid4()
    assert store.add_person(other, AT - timedelta(days=9))
    assert [person.id for person in store.people()] == [other, me.id]
    assert store.local_person(AT) == me
    store.become(other)
    assert store.local_person(AT).id == other


class Stranger(Payload, frozen=True):
    kind: ClassVar[str] = "stranger"


class Liar(Payload, frozen=True):
    kind: ClassVar[str] = "note"
    text: str = "x"


@pytest.mark.parametrize(
    "payload",
    [
        Stranger(),
        Liar(),
        Pain(value=10.5),
        Pain(value=math.nan),
        Pain(value="3"),  # type: ignore[arg-type]
        Pain(value=3, of="On The Stairs"),
        Note(text="x" * 10_001),
        Note(text="\ud800"),
        Run(distance_m=math.inf),
        Run(distance_m=-1.0),
        Answer(question="q", question_version=0, value=1),
        Finding(side="left", focus=None, probabilities={"hip": 1.5}, reasons=[], kneeline="", library=""),
        PlanVersion(plan={"a": math.nan}, by="start", why="", library=""),
        PlanVersion(plan={"a": {1, 2}}, by="nobody", why="", library=""),  # type: ignore[arg-type]
        PlanVersion(plan={"a": "x" * 1_000_001}, by="start", why="", library=""),
        PlanVersion(plan={"a": object()}, by="start", why="", library=""),
    ],
    ids=range(16),
)
def test_what_no_record_can_say_is_refused_before_anything_is_kept(store: Store, payload: Payload) -> None:
    person = store.local_person(AT).id
    with pytest.raises((ValueError, TypeError)):
        store.record(person, payload, id=uuid4(), at=AT)
    assert all(store.history(person, kind) == () for kind in KINDS.values())


def test_a_time_needs_its_zone(store: Store) -> None:
    with pytest.raises(ValueError, match="time zone"):
        store.local_person(datetime(2026, 1, 1))


@pytest.mark.parametrize("exercise", ["", "Squat", "a b", "x" * 200, "a\x00b", "a\n"])
def test_an_exercise_has_an_id(store: Store, exercise: str) -> None:
    session = uuid4()
    store.start_session(session, store.local_person(AT).id, AT)
    with pytest.raises(ValueError, match="exercise"):
        store.start_set(SetStart(uuid4(), session, exercise, "left", "0", "d", None), AT)
    with pytest.raises(ValueError, match="side"):
        store.start_set(SetStart(uuid4(), session, EXERCISE, "middle", "0", "d", None), AT)


def test_a_repetition_with_a_number_that_is_none_is_refused(store: Store) -> None:
    set_id, rep = begun(store, store.local_person(AT).id), measured_set().reps[0]
    for bad in (replace(rep, start_s=math.nan), replace(rep, n=0), replace(rep, n=2**63), replace(rep, end_s=math.inf)):
        with pytest.raises(ValueError):  # noqa: PT011  each says another field
            store.add_repetition(set_id, bad, AT)
    assert store.repetitions(set_id) == ()


def test_pose_logs_are_kept_only_for_who_asked(store: Store) -> None:
    person = store.local_person(AT).id
    set_id, id = begun(store, person), uuid4()
    with pytest.raises(StoreError, match="not asked"):
        store.keep_pose_log(id, set_id, b"PAR1", AT)
    assert store.pose_logs(person) == ()
    store.record(person, Setting(name="keep_pose_logs", value=True), id=uuid4(), at=AT)
    assert store.keep_pose_log(id, set_id, b"PAR1", AT)
    assert not store.keep_pose_log(id, set_id, b"PAR1", AT + timedelta(days=1))
    with pytest.raises(StoreError, match="other content"):
        store.keep_pose_log(id, set_id, b"PAR2", AT)
    (log,) = store.pose_logs(person, set_id)
    assert (log.id, log.size_bytes, log.path.read_bytes()) == (id, 4, b"PAR1")
    assert log.path.stat().st_mode & 0o777 == 0o600
    log.path.unlink()
    assert store.pose_logs(person) == ()


def test_many_sets_at_once_lose_nothing(store: Store) -> None:
    """Each thread keeps a set of its own, as a server for several people does."""
    person, result = store.local_person(AT).id, measured_set()
    sets = [begun(store, person) for _ in range(4)]
    errors: list[BaseException] = []

    def keep(set_id: Any) -> None:
        try:
            for n in range(1, 26):
                store.add_repetition(set_id, replace(result.reps[0], n=n), AT)
                store.repetitions(set_id)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=keep, args=(set_id,)) for set_id in sets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [[rep.n for rep in store.repetitions(set_id)] for set_id in sets] == [list(range(1, 26))] * 4


def test_a_pose_log_that_a_torn_process_left_is_written_anew(store: Store) -> None:
    person, id = store.local_person(AT).id, uuid4()
    set_id = begun(store, person)
    store.record(person, Setting(name="keep_pose_logs", value=True), id=uuid4(), at=AT)
    (store._database.files_folder("poses") / f"{id}.parquet").write_bytes(b"half")
    assert store.keep_pose_log(id, set_id, b"PAR1 whole", AT)
    assert store.pose_logs(person)[0].path.read_bytes() == b"PAR1 whole"


def test_a_new_place_may_be_opened_by_several_at_once(new_place: Callable[[], Place], opened: Any) -> None:
    place = new_place()
    people: list[Any] = []
    start = threading.Barrier(4)

    def open_() -> None:
        start.wait()
        store = opened(place)
        people.append(store.local_person(AT))

    threads = [threading.Thread(target=open_) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(people) == 4
    assert len(set(people)) == 1


def test_two_stores_on_one_database_agree(new_place: Callable[[], Place], opened: Any) -> None:
    place = new_place()
    one, two = opened(place), opened(place)
    assert one.local_person(AT) == two.local_person(AT)
    done(one, one.local_person(AT).id)
    assert len(two.sets(two.local_person(AT).id)) == 1
    assert len(two.people()) == 1


def test_the_migrations_make_the_schema(store: Store) -> None:
    with store._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_every_row_names_its_person(store: Store) -> None:
    person = lived_in(store)
    with store._database.reading() as connection:
        for table in METADATA.sorted_tables:
            if "person_id" in table.c:
                assert set(connection.execute(sa.select(table.c.person_id)).scalars()) == {str(person)}, table.name
            else:
                assert table.name in ("person", "machine")


def test_times_come_back_in_utc(store: Store) -> None:
    at = datetime(2026, 11, 22, 23, 30, tzinfo=timezone(timedelta(hours=-8)))
    assert store.local_person(at).since == datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


def test_a_record_of_a_newer_version_is_not_read_as_ours(store: Store) -> None:
    person = store.local_person(AT).id
    store.record(person, Note(text="x"), id=uuid4(), at=AT)
    with store._database.writing() as connection:
        connection.execute(sa.update(METADATA.tables["record"]).values(version=99))
    with pytest.raises(StoreError, match="newer"):
        store.history(person, Note)


def test_a_damaged_row_is_said_to_be_damaged(store: Store) -> None:
    person = store.local_person(AT).id
    set_id = done(store, person)
    for body in ("{}", "[]", "null", "no JSON", '{"n":1}'):
        with store._database.writing() as connection:
            for name in ("repetition", "set_end", "cue"):
                connection.execute(sa.update(METADATA.tables[name]).values(body=body))
        for look in (store.repetitions, store.cues, store.result, store.set):
            with pytest.raises(StoreError, match="cannot be read"):
                look(set_id)


def test_finished_sets_are_told_as_a_whole_each(store: Store) -> None:
    person = store.local_person(AT).id
    begun(store, person, AT - timedelta(days=1))
    later = done(store, person, AT + timedelta(days=2))
    done(store, person)
    other = uuid4()
    store.add_person(other, AT)
    assert store.sets_done(other) == ()
    assert [one.at for one in store.sets(person, unended=True)] == [AT - timedelta(days=1)]
    first, second = store.sets_done(person)
    assert (first.at, second.at) == (AT, AT + timedelta(days=2))
    assert store.sets_done(person, since=AT + timedelta(days=1)) == (second,)
    result = measured_set()
    assert (second.exercise, second.count, second.good) == (EXERCISE, result.summary.count, result.summary.good)
    assert second.tempo_s["lower"] == pytest.approx(sum(rep.lower_s.value for rep in result.reps) / 3)
    told = [(f.id, f.verdict) for rep in store.repetitions(later) for f in rep.faults]
    for fault, (present, judged) in second.faults.items():
        assert present == told.count((fault, Verdict.PRESENT))
        assert judged == present + told.count((fault, Verdict.ABSENT))
    assert any(present for present, _ in second.faults.values())
    assert second.asked_s == {}


def test_a_set_kept_before_its_end_said_how_its_repetitions_went_is_told_alike(
    new_place: Callable[[], Place], opened: Any
) -> None:
    store = opened(new_place())
    person = store.local_person(AT).id
    set_id = done(store, person)
    told = store.sets_done(person)
    with store._database.writing() as connection:
        body = connection.execute(sa.text("SELECT body FROM set_end")).scalar_one()
        old = {key: value for key, value in json.loads(body).items() if key not in ("tempo_s", "faults")}
        connection.execute(sa.text("UPDATE set_end SET body = :body"), {"body": json.dumps(old)})
    assert store.sets_done(person) == told
    assert store.result(set_id) == measured_set()
    with store._database.writing() as connection:
        connection.execute(sa.text("UPDATE set_end SET body = '{\"set\": 3}'"))
    with pytest.raises(StoreError, match="cannot be read"):
        store.sets_done(person)


def test_how_repetitions_went_is_read_for_many_sets_at_once(new_place: Callable[[], Place], opened: Any) -> None:
    store = opened(new_place())
    person = store.local_person(AT).id
    done(store, person, AT - timedelta(days=1))
    first, second = done(store, person), done(store, person, AT + timedelta(days=2))
    begun(store, person, AT + timedelta(days=3))
    other = uuid4()
    store.add_person(other, AT)
    assert store.judged(other, AT) == {}
    found = store.judged(person, AT)
    assert set(found) == {first, second}
    for set_id, judged in found.items():
        reps = store.repetitions(set_id)
        assert [one.verdict for one in judged] == [rep.verdict for rep in reps]
        assert [one.faults for one in judged] == [{f.id: f.verdict for f in rep.faults} for rep in reps]
    with store._database.writing() as connection:
        connection.execute(sa.text('UPDATE repetition SET body = \'{"verdict": "lovely"}\''))
    with pytest.raises(StoreError, match="cannot be read"):
        store.judged(person, AT)


def test_the_latest_is_the_newest_that_still_stands(store: Store) -> None:
    person = store.local_person(AT).id
    assert store.latest(person, Pain) is None
    ids = [uuid4() for _ in range(3)]
    for days, id in zip((2, 1, 3), ids, strict=True):
        store.record(person, Pain(value=days), id=id, at=AT + timedelta(days=days))
    store.record(person, Retraction(), id=uuid4(), at=AT + timedelta(days=4), replaces=ids[2])
    latest = store.latest(person, Pain)
    assert latest is not None
    assert latest.payload.value == 2
    assert latest == store.history(person, Pain)[-1]


def test_what_was_said_of_a_session_is_found_by_it(store: Store) -> None:
    person = store.local_person(AT).id
    session = store.set(begun(store, person)).start.session_id
    store.record(person, Pain(value=2), id=uuid4(), at=AT, session_id=session)
    store.record(person, Pain(value=5), id=uuid4(), at=AT)
    assert [one.payload.value for one in store.history(person, Pain, session_id=session)] == [2]
    assert len(store.history(person, Pain)) == 2
