"""Everything that is kept can be taken along, merged and taken away, from either database to either."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_makers import AT, begun, bytes_of, done, lived_in, measured_set

from kneeline.model.errors import InputError, StoreError
from kneeline.store import SetStart, Store, erase
from kneeline.store.kinds import KINDS, Note, Pain, PlanVersion, Setting

Place = tuple[str | Path, Path]
EVERY_KIND = Path(__file__).resolve().parents[1] / "unit" / "store" / "kinds.json"
MARKER = "Quietly-Remarkable-Kneecap"


@pytest.fixture
def other(tmp_path: Path, opened: Any) -> Store:
    """A new store on another machine."""
    return opened((tmp_path / "other", tmp_path / "other"))


def exported(store: Store, path: Path, person: UUID | None = None) -> bytes:
    store.export(path, AT, person)
    return path.read_bytes()


def test_an_export_merged_elsewhere_gives_the_same_export(store: Store, other: Store, tmp_path: Path) -> None:
    person = lived_in(store, MARKER)
    first = exported(store, tmp_path / "first.zip")
    done_ = other.merge(tmp_path / "first.zip")
    assert done_.added == {
        "person": 1, "session": 1, "exercise_set": 1, "set_end": 1, "repetition": 3, "cue": len(measured_set().cues),
        "record": 4, "pose_log": 1,
    }  # fmt: skip
    assert exported(other, tmp_path / "second.zip") == first
    assert other.local_person(AT).id == person
    (log,) = other.pose_logs(person)
    assert MARKER.encode() in log.path.read_bytes()
    again = other.merge(tmp_path / "first.zip")
    assert (sum(again.added.values()), again.same, again.conflicts) == (0, sum(done_.added.values()), ())
    assert exported(other, tmp_path / "third.zip") == first


def test_records_of_every_kind_travel_and_come_out_the_same(store: Store, other: Store, tmp_path: Path) -> None:
    person, examples = store.local_person(AT).id, json.loads(EVERY_KIND.read_text(encoding="utf-8"))
    assert set(examples) == set(KINDS)
    for kind, bodies in examples.items():
        for body in bodies:
            store.record(person, msgspec.convert(body, KINDS[kind]), id=uuid4(), at=AT)
    first = exported(store, tmp_path / "first.zip")
    other.merge(tmp_path / "first.zip")
    assert exported(other, tmp_path / "second.zip") == first
    for payload in KINDS.values():
        assert other.history(person, payload) == store.history(person, payload)


def test_an_export_is_private_and_its_manifest_names_every_file(store: Store, tmp_path: Path) -> None:
    lived_in(store)
    exported(store, tmp_path / "e.zip")
    assert stat.S_IMODE((tmp_path / "e.zip").stat().st_mode) == 0o600
    with zipfile.ZipFile(tmp_path / "e.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert set(manifest["files"]) | {"manifest.json"} == set(archive.namelist())
        (rep, *_) = [json.loads(line) for line in archive.read("repetition.jsonl").splitlines()]
    assert rep["body"]["n"] == 1
    assert manifest["format"] == "kneeline-export"


def test_records_of_two_machines_come_together(store: Store, other: Store, tmp_path: Path) -> None:
    person = lived_in(store)
    exported(store, tmp_path / "a.zip")
    other.merge(tmp_path / "a.zip")
    done(store, person, AT + timedelta(days=1))
    done(other, person, AT + timedelta(days=2))
    exported(store, tmp_path / "a.zip")
    other.merge(tmp_path / "a.zip")
    exported(other, tmp_path / "b.zip")
    store.merge(tmp_path / "b.zip")
    assert len(store.sets(person)) == 3
    assert exported(store, tmp_path / "a.zip") == exported(other, tmp_path / "b.zip")


def test_what_differs_is_reported_and_left_as_it_is(store: Store, other: Store, tmp_path: Path) -> None:
    person, id = lived_in(store), uuid4()
    other.add_person(person, AT)
    other.record(person, Note(text="here"), id=id, at=AT)
    store.record(person, Note(text="there"), id=id, at=AT)
    exported(store, tmp_path / "a.zip")
    found = other.merge(tmp_path / "a.zip")
    assert [(conflict.table, conflict.key) for conflict in found.conflicts] == [("record", (str(id),))]
    assert "here" in [one.payload.text for one in other.history(person, Note)]
    assert "there" not in [one.payload.text for one in other.history(person, Note)]
    assert len(other.sets(person)) == 1


def test_a_machine_stays_its_persons_unless_asked(store: Store, other: Store, tmp_path: Path) -> None:
    patient, physio = lived_in(store), other.local_person(AT).id
    other.record(physio, Note(text="mine"), id=uuid4(), at=AT)
    exported(store, tmp_path / "a.zip")
    assert other.merge(tmp_path / "a.zip").person_id == patient
    assert other.local_person(AT).id == physio
    other.merge(tmp_path / "a.zip", as_me=True)
    assert other.local_person(AT).id == patient


def test_a_machine_that_was_only_looked_at_becomes_that_of_who_moves_in(
    store: Store, other: Store, tmp_path: Path
) -> None:
    patient, nobody = lived_in(store), other.local_person(AT).id
    other.record(nobody, Setting(name="voice", value="off"), id=uuid4(), at=AT)
    exported(store, tmp_path / "a.zip")
    other.merge(tmp_path / "a.zip")
    assert other.local_person(AT).id == patient


def test_one_persons_export_holds_nobody_else(store: Store, other: Store, tmp_path: Path) -> None:
    lived_in(store, MARKER)
    patient = uuid4()
    store.add_person(patient, AT)
    set_id = done(store, patient)
    exported(store, tmp_path / "p.zip", patient)
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        assert not any(MARKER.encode() in archive.read(name) for name in archive.namelist())
    other.merge(tmp_path / "p.zip")
    assert [person.id for person in other.people()] == [patient]
    assert other.result(set_id) == measured_set()
    assert other.local_person(AT).id != patient


def test_kinds_that_are_not_known_yet_are_kept(store: Store, other: Store, tmp_path: Path) -> None:
    lived_in(store)
    exported(store, tmp_path / "a.zip")
    edit(tmp_path / "a.zip", "record.jsonl", lambda text: text.replace('"kind":"pain"', '"kind":"mood"'))
    other.merge(tmp_path / "a.zip")
    exported(other, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert b'"kind":"mood"' in archive.read("record.jsonl")


def edit(path: Path, name: str, change: Callable[[str], str], *, honest: bool = True) -> None:
    """Change a file of an archive; honest: and what the manifest says of it."""
    import hashlib

    with zipfile.ZipFile(path) as archive:
        files = {member: archive.read(member) for member in archive.namelist()}
    files[name] = change(files[name].decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if honest and name != "manifest.json":
        manifest = json.loads(files["manifest.json"])
        manifest["files"][name]["sha256"] = hashlib.sha256(files[name]).hexdigest()
        files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            archive.writestr(member, content)


def first_line(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def edited(text: str) -> str:
        first, _, rest = text.partition("\n")
        row = json.loads(first)
        change(row)
        return json.dumps(row) + "\n" + rest

    return edited


HOSTILE = {
    "manifest of nothing": ("manifest.json", lambda text: "{}"),
    "manifest no JSON": ("manifest.json", lambda text: "\xff"),
    "another format": ("manifest.json", lambda text: text.replace("kneeline-export", "else")),
    "newer": ("manifest.json", lambda text: text.replace('"revision": "0001"', '"revision": "9999"')),
    "revision of a strange type": ("manifest.json", lambda text: text.replace('"revision": "0001"', '"revision": [1]')),
    "local person a path": (
        "manifest.json", lambda text: json.dumps(json.loads(text) | {"local_person_id": "../../x"})),
    "local person not in it": (
        "manifest.json", lambda text: json.dumps(json.loads(text) | {"local_person_id": str(uuid4())})),
    "files missing": ("manifest.json", lambda text: json.dumps(json.loads(text) | {"files": {}})),
    "no JSON": ("person.jsonl", lambda text: "not JSON\n"),
    "half a line": ("record.jsonl", lambda text: text[:-30]),
    "a list": ("person.jsonl", lambda text: "[]\n"),
    "nested without end": ("record.jsonl", lambda text: "[" * 100_000 + "\n"),
    "unknown key": ("session.jsonl", first_line(lambda row: row.update(x=1))),
    "missing key": ("session.jsonl", first_line(lambda row: row.pop("at"))),
    "id is a path": ("pose_log.jsonl", first_line(lambda row: row.update(id="../../../../etc/passwd"))),
    "id in capitals": ("person.jsonl", first_line(lambda row: row.update(id=row["id"].upper()[:-1] + "A"))),
    "time that is none": ("session.jsonl", first_line(lambda row: row.update(at="2026-02-30T00:00:00.000000Z"))),
    "time without a zone": ("session.jsonl", first_line(lambda row: row.update(at="2026-02-03T00:00:00"))),
    "number as text": ("repetition.jsonl", first_line(lambda row: row.update(n="1"))),
    "number too large": ("repetition.jsonl", first_line(lambda row: row.update(n=10**30))),
    "body a list": ("record.jsonl", first_line(lambda row: row.update(body=[]))),
    "NaN": ("record.jsonl", lambda text: text.replace('"body":{', '"body":{"a":NaN,', 1)),
    "1e999": ("record.jsonl", lambda text: text.replace('"body":{', '"body":{"a":1e999,', 1)),
    "a digit too many": ("record.jsonl", lambda text: text.replace('"body":{', '"body":{"a":' + "9" * 5_000 + ",", 1)),
    "half a character": ("record.jsonl", lambda text: text.replace('"body":{', '"body":{"a":"\\ud800",', 1)),
    "no UTF-8": ("record.jsonl", lambda text: text.replace('"body":{', '"body":{"a":"\udcff",', 1)),
    "NUL in a name": ("exercise_set.jsonl", first_line(lambda row: row.update(kneeline="a\x00b"))),
    "body too long": ("record.jsonl", first_line(lambda row: row.update(body={"a": "x" * 1_100_000}))),
    "line too long": ("record.jsonl", lambda text: "x" * 9_000_000),
    "parent missing": ("session.jsonl", lambda text: ""),
    "somebody else's": ("repetition.jsonl", first_line(lambda row: row.update(person_id=str(uuid4())))),
    "set of nobody": ("repetition.jsonl", first_line(lambda row: row.update(set_id=str(uuid4())))),
    "a plan that cannot be": ("exercise_set.jsonl", first_line(lambda row: row["planned"].update(reps="many"))),
    "settings that cannot be": ("exercise_set.jsonl", first_line(lambda row: row["settings"].update(set_number=[]))),
    "a set's end that says nothing": ("set_end.jsonl", first_line(lambda row: row.update(body={}))),
    "a count that is none": ("set_end.jsonl", first_line(lambda row: row["body"]["set"].update(count="3"))),
    "a dose that cannot be": ("set_end.jsonl", first_line(lambda row: row["body"]["set"].update(dose_received=1e308))),
    "a repetition that is none": ("repetition.jsonl", first_line(lambda row: row["body"].update(lift_s={"sd": "1"}))),
    "a cue that is none": ("cue.jsonl", first_line(lambda row: row["body"].pop("say"))),
    "a record against its kind": ("record.jsonl", first_line(lambda row: row["body"].update(value=[]))),
    "pose log of another digest": ("pose_log.jsonl", first_line(lambda row: row.update(sha256="0" * 64))),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_damaged_or_hostile_export_is_refused_and_nothing_changes(store: Store, tmp_path: Path, what: str) -> None:
    source = Store.open(tmp_path / "source")
    lived_in(source, MARKER)
    exported(source, tmp_path / "a.zip")
    source.close()
    edit(tmp_path / "a.zip", *HOSTILE[what])
    mine = lived_in(store)
    before = exported(store, tmp_path / "before.zip")
    with pytest.raises(InputError) as caught:
        store.merge(tmp_path / "a.zip")
    assert len(str(caught.value)) < 700
    assert MARKER not in str(caught.value)
    assert exported(store, tmp_path / "after.zip") == before
    assert len(list((store._database.files_folder("poses")).iterdir())) == len(store.pose_logs(mine)) == 1


def test_a_dishonest_or_torn_export_is_refused(tmp_path: Path, opened: Any) -> None:
    source = opened((tmp_path / "source", tmp_path / "source"))
    lived_in(source, MARKER)
    whole = exported(source, tmp_path / "a.zip")
    target = opened((tmp_path / "target", tmp_path / "target"))
    edit(tmp_path / "a.zip", "record.jsonl", lambda text: text.replace('"value":3', '"value":4'), honest=False)
    with pytest.raises(InputError, match="not what was written"):
        target.merge(tmp_path / "a.zip")
    for size in (0, 10, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        (tmp_path / "cut.zip").write_bytes(whole[:size])
        with pytest.raises(InputError):
            target.merge(tmp_path / "cut.zip")
    for at in range(40, len(whole) - 200, max(1, len(whole) // 60)):
        bent = bytearray(whole)
        bent[at] ^= 0x55
        (tmp_path / "bent.zip").write_bytes(bent)
        try:
            target.merge(tmp_path / "bent.zip")
        except InputError:
            assert target.people() == ()
        else:  # a byte that says nothing of the content, such as a date; what came in is what went out
            exported(target, tmp_path / "out.zip")
            assert (tmp_path / "out.zip").read_bytes() == whole
            target.close()
            erase(tmp_path / "target")
            target = opened((tmp_path / "target", tmp_path / "target"))
    for path in (tmp_path / "nothing.zip", tmp_path):
        with pytest.raises(InputError):
            target.merge(path)


def test_erasing_a_person_leaves_no_trace_of_them(new_place: Callable[[], Place], opened: Any) -> None:
    place = new_place()
    store = opened(place)
    gone = lived_in(store, MARKER)
    stays = uuid4()
    store.add_person(stays, AT)
    kept = done(store, stays)
    (place[1] / "backups").mkdir(mode=0o700)
    (place[1] / "backups" / "before-0002-was-0001.db").write_text(MARKER)
    (place[1] / "poses" / "half-written.part").write_text(MARKER)
    if isinstance(place[0], Path):
        assert MARKER.encode() in bytes_of(place[1])
    store.erase_person(gone)
    assert [person.id for person in store.people()] == [stays]
    assert store.result(kept) == measured_set()
    assert store.history(gone, Note) == ()
    assert MARKER.encode() not in bytes_of(place[1])
    store.close()
    assert MARKER.encode() not in bytes_of(place[1])
    assert str(gone).encode() not in bytes_of(place[1])


def test_erasing_everything_leaves_nothing_behind(new_place: Callable[[], Place], opened: Any, tmp_path: Path) -> None:
    place = new_place()
    store = opened(place)
    lived_in(store, MARKER)
    if isinstance(place[0], Path):
        store.backup(store._database.files_folder("backups") / "one.db")
    store.close()
    erase(*place)
    assert not place[1].exists()
    assert MARKER.encode() not in bytes_of(tmp_path)
    again = opened(place)
    assert again.people() == ()


def test_somebodys_own_files_in_the_folder_stay(tmp_path: Path) -> None:
    with Store.open(tmp_path / "d") as store:
        lived_in(store)
    (tmp_path / "d" / "letter.txt").write_text("mine")
    erase(tmp_path / "d")
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["letter.txt"]
    erase(tmp_path / "d")
    erase(tmp_path / "never")


def test_nothing_is_erased_under_the_feet_of_another(tmp_path: Path) -> None:
    with Store.open(tmp_path / "d") as store:
        person = lived_in(store)
        with pytest.raises(StoreError, match="another program"):
            erase(tmp_path / "d")
        assert len(store.pose_logs(person)) == len(store.sets(person)) == 1
        store.check()
    erase(tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_a_damaged_database_can_still_be_erased(tmp_path: Path) -> None:
    with Store.open(tmp_path / "d") as store:
        lived_in(store, MARKER)
    (tmp_path / "d" / "lan").mkdir()  # the certificate and the trusted devices of the coach
    (tmp_path / "d" / "lan" / "devices.json").write_text(MARKER, encoding="utf-8")
    (tmp_path / "d" / "kneeline.db").write_bytes(b"rubbish" * 1_000)
    erase(tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_what_cannot_be_erased_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path) as store:
        lived_in(store)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(StoreError, match="poses by hand"):
        erase(tmp_path)


def test_an_export_to_where_nothing_can_be_written_is_the_users(store: Store, tmp_path: Path) -> None:
    lived_in(store)
    for path in (tmp_path / "no" / "a.zip", Path("/dev/full")):
        with pytest.raises(InputError):
            store.export(path, AT)
    assert not any(path.suffix == ".part" for path in tmp_path.iterdir())


@cache
def empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        Store.open(name).close()
        return Path(name, "kneeline.db").read_bytes()


def new_store(folder: Path) -> Store:
    """A new store, without the time that it takes to make one."""
    folder.mkdir()
    (folder / "kneeline.db").write_bytes(empty_database())
    return Store.open(folder)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers()
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
PAYLOADS = st.one_of(
    st.builds(Note, text=TEXTS),
    st.builds(Pain, value=st.floats(0, 10) | st.integers(0, 10), of=st.sampled_from(["now", "stairs"])),
    st.builds(PlanVersion, plan=st.dictionaries(TEXTS, JSON), by=st.just("start"), why=TEXTS, library=TEXTS),
    st.builds(Setting, name=st.just("voice"), value=st.booleans() | st.floats(-1e9, 1e9) | TEXTS),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    people=st.lists(TIMES, min_size=1, max_size=3),
    records=st.lists(st.tuples(st.integers(0, 2), TIMES, PAYLOADS), max_size=8),
    sets=st.lists(st.tuples(st.integers(0, 2), TIMES, st.integers(0, 3), st.dictionaries(TEXTS, JSON)), max_size=3),
    logs=st.lists(st.binary(max_size=50), max_size=2),
)
def test_export_then_import_then_export_is_the_same_bytes(people: Any, records: Any, sets: Any, logs: Any) -> None:
    """Whatever was kept: no number, word or moment changes on its way."""
    with tempfile.TemporaryDirectory() as name, new_store(Path(name, "a")) as a, new_store(Path(name, "b")) as b:
        ids = [a.local_person(people[0]).id, *(uuid4() for _ in people[1:])]
        for id, at in zip(ids[1:], people[1:], strict=True):
            a.add_person(id, at)
        for who, at, payload in records:
            a.record(ids[who % len(ids)], payload, id=uuid4(), at=at)
        for id in ids:
            a.record(id, Setting(name="keep_pose_logs", value=True), id=uuid4(), at=datetime(9999, 12, 31, tzinfo=UTC))
        result = measured_set()
        for who, at, count, planned in sets:
            set_id = begun(a, ids[who % len(ids)], at)
            start = replace(a.set(set_id).start, id=uuid4(), planned=planned)
            a.start_set(SetStart(**{name: getattr(start, name) for name in start.__slots__}), at)
            for rep in result.reps[:count]:
                a.add_repetition(start.id, rep, at)
            for log in logs:
                a.keep_pose_log(uuid4(), start.id, log, at)
        first, second = Path(name, "1.zip"), Path(name, "2.zip")
        a.export(first, AT)
        b.merge(first)
        b.export(second, AT)
        with zipfile.ZipFile(first) as one, zipfile.ZipFile(second) as two:
            assert one.namelist() == two.namelist()
            for member in one.namelist():
                assert one.read(member) == two.read(member), member
        assert os.path.getsize(first) == os.path.getsize(second)
        b.check()
