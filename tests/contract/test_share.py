"""What is handed over arrives whole, from either database to either; what is wrong is refused and nothing changes."""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import resource
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seals import light_seal
from store_makers import AT, begun, done, lived_in

from kneeline.cli import main
from kneeline.clinic.ladder import usual_dose
from kneeline.clinic.plan import prescribe
from kneeline.content.load import load
from kneeline.model.errors import InputError
from kneeline.model.plan import Change, Plan, PlanVersion, Prescription
from kneeline.store import Store, passphrase, share
from kneeline.store.kinds import Note, Pain, PhysioQuestion
from kneeline.store.kinds import PlanVersion as PlanRecord
from kneeline.store.planned import keep_version, plan_versions
from kneeline.store.share import open_share, share_plan, share_records, shared_at

LIBRARY = load()
LATER = AT + timedelta(days=2)
BAND = "banded_single_leg_stand"


@pytest.fixture
def physio(tmp_path: Path, opened: Any) -> Store:
    """The store of a physio, on another machine, with records of their own."""
    store: Store = opened((tmp_path / "physio", tmp_path / "physio"))
    store.record(store.local_person(AT).id, Note(text="my own"), id=uuid4(), at=AT)
    return store


def planned(store: Store, person: UUID) -> PlanVersion:
    """A plan of one exercise, kept."""
    dose = usual_dose(LIBRARY.exercises[BAND], 3, LIBRARY)
    one = Prescription(BAND, "hip", "left", "left", 0, "light", dose, "first")
    plan = Plan(date(2026, 11, 23), (one,), (0, 2, 4), ("hip",), "hip", {"foot": 0.2, "knee": 0.3, "hip": 0.7})
    version = PlanVersion(plan, Change(AT + timedelta(days=1), "start", "This is the start."))
    keep_version(store, person, version, LIBRARY)
    return version


def patient(store: Store) -> UUID:
    """Somebody with a set, a question and a plan."""
    person = store.local_person(AT).id
    done(store, person)
    store.record(person, PhysioQuestion(text="May I run?"), id=uuid4(), at=AT)
    planned(store, person)
    return person


def fewer(store: Store, person: UUID, at: Any = LATER + timedelta(hours=1)) -> PlanVersion:
    """The physio asks for fewer repetitions."""
    now = plan_versions(store, person, LIBRARY)[-1]
    (one,) = now.plan.prescriptions
    less = replace(one, dose=replace(one.dose, reps=one.dose.reps - 2))
    version = prescribe(now, (less,), "Fewer, and slower.", LIBRARY, at)
    keep_version(store, person, version, LIBRARY)
    return version


def contents(store: Store, path: Path, person: UUID | None = None) -> bytes:
    store.export(path, AT, person)
    return path.read_bytes()


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    light_seal(monkeypatch)


@pytest.fixture
def unsealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are what is inside the seal."""
    monkeypatch.setattr(share, "_unseal", lambda path, words: path.read_bytes())


def archived(store: Store, folder: Path, person: UUID) -> Path:
    path = folder / "a.zip"
    store.export(path, AT, person)
    return path


def header(person: UUID, **other: Any) -> bytes:
    said = {"format": "kneeline-share", "version": 1, "purpose": "records", "person_id": str(person)}
    return json.dumps(said | {"at": "2026-11-22T08:30:00.000000Z"} | other).encode()


def refused(store: Store, content: bytes, words: str, tmp_path: Path) -> str:
    """The sentence of a refusal, after which everything is as it was."""
    path, before = tmp_path / "sent.age", contents(store, tmp_path / "before.zip")
    path.write_bytes(content)
    with pytest.raises(InputError) as said:
        open_share(store, path, words, LATER, LIBRARY)
    assert contents(store, tmp_path / "after.zip") == before
    return str(said.value)


def test_records_that_are_shared_arrive_whole_and_apart_from_ones_own(
    store: Store, physio: Store, tmp_path: Path
) -> None:
    person, mine = lived_in(store, "words"), physio.local_person(AT).id
    words = share_records(store, person, tmp_path / "a.age", LATER, movement=True)
    own = contents(physio, tmp_path / "own.zip", mine)
    opened = open_share(physio, tmp_path / "a.age", words, LATER, LIBRARY)
    assert (opened.person_id, opened.purpose, opened.at) == (person, "records", LATER)
    assert contents(physio, tmp_path / "2.zip", person) == contents(store, tmp_path / "1.zip", person)
    assert contents(physio, tmp_path / "own2.zip", mine) == own
    assert physio.local_person(AT).id == mine
    assert shared_at(physio, person) == LATER
    assert physio.pose_logs(person)[0].path.is_file()
    assert open_share(physio, tmp_path / "a.age", words, LATER, LIBRARY).added == 0


@pytest.mark.usefixtures("light")
def test_movement_travels_only_when_it_is_asked_for_and_may_follow_later(
    store: Store, physio: Store, tmp_path: Path
) -> None:
    person = lived_in(store)
    words = share_records(store, person, tmp_path / "a.age", LATER, movement=False)
    open_share(physio, tmp_path / "a.age", words, LATER, LIBRARY)
    assert physio.pose_logs(person) == ()
    words = share_records(store, person, tmp_path / "b.age", LATER, movement=True)
    open_share(physio, tmp_path / "b.age", words, LATER, LIBRARY)
    assert len(physio.pose_logs(person)) == 1


@pytest.mark.usefixtures("light")
def test_a_second_share_adds_what_is_new(store: Store, physio: Store, tmp_path: Path) -> None:
    person = patient(store)
    for n, at in enumerate((LATER, LATER + timedelta(days=1))):
        store.record(person, Pain(value=n, of="stairs"), id=uuid4(), at=at)
        words = share_records(store, person, tmp_path / "a.age", at, movement=True)
        opened = open_share(physio, tmp_path / "a.age", words, at, LIBRARY)
    assert opened.added == 2  # the pain, and that it was shared
    assert [kept.payload.value for kept in physio.history(person, Pain)] == [0, 1]


@pytest.mark.usefixtures("light")
def test_the_physios_version_comes_back_and_nothing_else_changes(store: Store, physio: Store, tmp_path: Path) -> None:
    person = patient(store)
    words = share_records(store, person, tmp_path / "a.age", LATER, movement=True)
    open_share(physio, tmp_path / "a.age", words, LATER, LIBRARY)
    version = fewer(physio, person)
    physio.record(person, Pain(value=9), id=uuid4(), at=LATER)  # which is not the physio's to say
    words = share_plan(physio, person, tmp_path / "b.age", LATER + timedelta(hours=2))
    before = {kept.id for kind in (Pain, Note, PhysioQuestion) for kept in store.history(person, kind)}
    opened = open_share(store, tmp_path / "b.age", words, LATER + timedelta(days=1), LIBRARY)
    assert (opened.purpose, opened.added) == ("plan", 1)
    first, second = plan_versions(store, person, LIBRARY)
    assert (first.change.by, second.change.by, second.change.why) == ("start", "physio", "Fewer, and slower.")
    assert second.plan == version.plan
    assert second.change.at == version.change.at
    assert {kept.id for kind in (Pain, Note, PhysioQuestion) for kept in store.history(person, kind)} == before
    assert open_share(store, tmp_path / "b.age", words, LATER + timedelta(days=1), LIBRARY).added == 0
    # The next share of the patient agrees with what the physio has.
    words = share_records(store, person, tmp_path / "c.age", LATER + timedelta(days=1), movement=True)
    open_share(physio, tmp_path / "c.age", words, LATER + timedelta(days=1), LIBRARY)
    assert plan_versions(physio, person, LIBRARY) == plan_versions(store, person, LIBRARY)


@pytest.mark.usefixtures("light")
@pytest.mark.parametrize("hours", [-30, 200])
def test_an_answer_holds_from_when_it_is_opened_where_the_plan_moved_on_or_the_clock_is_ahead(
    store: Store, physio: Store, tmp_path: Path, hours: int
) -> None:
    person = patient(store)
    words = share_records(store, person, tmp_path / "a.age", LATER, movement=True)
    open_share(physio, tmp_path / "a.age", words, LATER, LIBRARY)
    fewer(physio, person, LATER + timedelta(hours=hours))
    words = share_plan(physio, person, tmp_path / "b.age", LATER)
    now = LATER + timedelta(days=1)
    for _ in range(2):
        open_share(store, tmp_path / "b.age", words, now, LIBRARY)
    found = plan_versions(store, person, LIBRARY)
    assert [one.change.by for one in found] == ["start", "physio"]
    assert found[-1].change.at == now


@pytest.mark.usefixtures("light")
def test_an_answer_is_opened_by_nobody_else_and_not_over_another_plan(
    store: Store, physio: Store, tmp_path: Path, opened: Any
) -> None:
    person = patient(store)
    words = share_records(store, person, tmp_path / "a.age", LATER, movement=True)
    open_share(physio, tmp_path / "a.age", words, LATER, LIBRARY)
    with pytest.raises(InputError, match="no change of yours"):
        share_plan(physio, person, tmp_path / "b.age", LATER)
    fewer(physio, person)
    words = share_plan(physio, person, tmp_path / "b.age", LATER)
    answer = (tmp_path / "b.age").read_bytes()
    stranger = opened((tmp_path / "stranger", tmp_path / "stranger"))
    patient(stranger)
    assert "somebody else" in refused(stranger, answer, words, tmp_path)
    again = planned(store, person)
    plan = replace(again.plan, begun=date(2026, 12, 1))
    start = PlanVersion(plan, Change(LATER + timedelta(days=9), "start", "Anew."))
    keep_version(store, person, start, LIBRARY)
    assert "earlier plan" in refused(store, answer, words, tmp_path)


@pytest.mark.usefixtures("unsealed")
def test_an_answer_brings_in_nothing_but_versions_by_a_physio_within_the_bounds(
    store: Store, physio: Store, tmp_path: Path
) -> None:
    person = patient(store)
    physio.merge(archived(store, tmp_path, person), only=person)
    (start,) = physio.history(person, PlanRecord)
    physio.record(person, msgspec.structs.replace(start.payload, by="rule"), id=uuid4(), at=LATER, replaces=start.id)
    sent = tmp_path / "plan.zip"
    physio.export(sent, LATER, person, kinds=("plan",))
    content = header(person, purpose="plan") + b"\n" + sent.read_bytes()
    (tmp_path / "b.age").write_bytes(content)
    assert open_share(store, tmp_path / "b.age", "", LATER, LIBRARY).added == 0
    assert [one.change.by for one in plan_versions(store, person, LIBRARY)] == ["start"]
    wild = msgspec.to_builtins(start.payload)
    wild["plan"]["plan"]["prescriptions"][0]["dose"]["reps"] = 10**6
    physio.record(person, PlanRecord(**wild | {"by": "physio"}), id=uuid4(), at=LATER)
    physio.export(sent, LATER, person, kinds=("plan",))
    content = header(person, purpose="plan") + b"\n" + sent.read_bytes()
    assert "reps is 1000000" in refused(store, content, "", tmp_path)


def test_a_wrong_passphrase_is_refused(broken: tuple[bytes, str, Store], tmp_path: Path) -> None:
    content, _, physio = broken
    for words in ("x" * 10**6, "\x00\ud800", passphrase.new_passphrase()):
        assert "passphrase does not open" in refused(physio, content, words, tmp_path)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1), st.integers(1, 255), st.booleans())
def test_a_file_cut_off_or_changed_anywhere_is_refused(
    broken: tuple[bytes, str, Store], tmp_path: Path, share_of: float, flip: int, cut: bool
) -> None:
    content, words, physio = broken
    at = min(int(share_of * len(content)), len(content) - 1)
    changed = content[:at] if cut else content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :]
    assert "nothing was changed" in refused(physio, changed, words, tmp_path)


@pytest.fixture
def broken(tmp_path: Path, opened: Any) -> tuple[bytes, str, Store]:
    patients, physio = (opened((tmp_path / name, tmp_path / name)) for name in ("patients", "physios"))
    words = share_records(patients, patient(patients), tmp_path / "a.age", LATER, movement=True)
    return (tmp_path / "a.age").read_bytes(), words, physio


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no share"),
        (b"PK\x03\x04", "no share"),
        (b"age-encryption.org/v2\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n", "no share"),
        (b"age-encryption.org/v1\n-> X25519 AAAAAAAAAAAAAAAAAAAAAA\n", "no share"),
        (b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 21\n", "no share"),  # two GB to try once
        (b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n", "damaged"),
    ],
)
def test_what_is_no_share_is_refused(physio: Store, tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refused(physio, content, "a b c d e f", tmp_path)


@pytest.mark.usefixtures("unsealed")
def test_what_is_inside_is_trusted_no_further_than_it_holds(store: Store, physio: Store, tmp_path: Path) -> None:
    person, mine = patient(store), physio.local_person(AT).id
    archive = contents(store, tmp_path / "a.zip", person)
    everything = contents(store, tmp_path / "b.zip")
    for said, inside, says in (
        (b"{}", archive, "damaged"),
        (b"\xff" * 9, archive, "damaged"),
        (b"[" * 100_000, archive, "damaged"),
        (header(person, version=2, purpose="hologram"), archive, "newer kneeline"),
        (header(person, at="soon"), archive, "damaged"),
        (header(person, at="2026-99-99T08:30:00.000000Z"), archive, "damaged"),
        (header(person), b"", "not an export"),
        (header(person), archive[:-30], "not an export"),
        (header(person), archive[:99], "not an export"),
        (header(person), everything, "whole machine"),
        (header(uuid4()), archive, "somebody else"),
        (header(mine), archive, "your own"),
    ):
        assert says in refused(physio, said + b"\n" + inside, "", tmp_path), (said[:60], says)


@pytest.mark.usefixtures("unsealed")
def test_an_archive_of_another_version_is_refused(store: Store, physio: Store, tmp_path: Path) -> None:
    person = patient(store)
    contents(store, tmp_path / "a.zip", person)
    made = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "a.zip") as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, json.dumps(json.loads(text) | {"revision": "9999"}) if name == "manifest.json" else text)
    assert "another version" in refused(physio, header(person) + b"\n" + made.getvalue(), "", tmp_path)


@pytest.mark.usefixtures("unsealed")
def test_records_that_contradict_what_is_here_are_refused(store: Store, physio: Store, tmp_path: Path) -> None:
    person = patient(store)
    set_id = begun(store, person)
    physio.merge(archived(store, tmp_path, person), only=person)
    made = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "a.zip") as old, zipfile.ZipFile(made, "w") as new:
        files = {name: old.read(name) for name in old.namelist()}
        files["exercise_set.jsonl"] = files["exercise_set.jsonl"].replace(b'"0.1.0"', b'"9.9.9"')
        manifest = json.loads(files["manifest.json"])
        manifest["files"]["exercise_set.jsonl"]["sha256"] = hashlib.sha256(files["exercise_set.jsonl"]).hexdigest()
        files["manifest.json"] = json.dumps(manifest).encode()
        for name, text in files.items():
            new.writestr(name, text)
    assert "something else" in refused(physio, header(person) + b"\n" + made.getvalue(), "", tmp_path)
    assert physio.set(set_id).start.kneeline == "0.1.0"


@pytest.mark.usefixtures("unsealed")
def test_bombs_are_refused_before_they_go_off(physio: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kneeline.store.archive._LARGEST_SHARED", 100 << 20)
    person = uuid4()
    zeros, many = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("record.jsonl", "w") as file:
        for _ in range(110):
            file.write(b"0" * (1 << 20))
    with zipfile.ZipFile(zeros, "a", zipfile.ZIP_DEFLATED) as archive:
        manifest = {"format": "kneeline-export", "revision": "0001", "kneeline": "0", "at": None}
        archive.writestr("manifest.json", json.dumps(manifest | {"local_person_id": None, "files": {}}))
    with zipfile.ZipFile(many, "w") as archive:
        for n in range(20_100):
            archive.writestr(f"{n}", b"")
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for bomb, says in ((zeros, "more than 100 MB"), (many, "damaged")):
        assert says in refused(physio, header(person) + b"\n" + bomb.getvalue(), "", tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 60_000


def test_a_file_larger_than_any_share_is_not_even_read(physio: Store, tmp_path: Path) -> None:
    path = tmp_path / "huge.age"
    with path.open("wb") as file:
        file.truncate(share.LARGEST_BYTES * 4)
    with pytest.raises(InputError, match="larger than any share"):
        open_share(physio, path, "a b c d e f", LATER, LIBRARY)
    with pytest.raises(InputError, match="no file"):
        open_share(physio, tmp_path / "gone.age", "a b c d e f", LATER, LIBRARY)


@pytest.mark.usefixtures("light")
def test_too_much_to_hand_over_is_said_before_it_is_written(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = lived_in(store)
    monkeypatch.setattr(share, "LARGEST_BYTES", 1_000)
    with pytest.raises(InputError, match="leave the movement out"):
        share_records(store, person, tmp_path / "a.age", LATER, movement=True)
    assert not (tmp_path / "a.age").exists()


@pytest.mark.usefixtures("light")
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.builds(Note, text=st.text(st.characters(codec="utf-8"), max_size=200)),
            st.builds(Pain, value=st.floats(0, 10), of=st.sampled_from(["now", "stairs"])),
            st.builds(PhysioQuestion, text=st.text(st.characters(codec="utf-8"), max_size=200)),
        ),
        max_size=12,
    )
)
def test_share_and_open_give_the_same_export_whatever_was_said(tmp_path: Path, said: list[Any]) -> None:
    folder = tmp_path / uuid4().hex
    folder.mkdir()
    with Store.open(folder / "a") as one, Store.open(folder / "b") as other:
        person = one.local_person(AT).id
        for n, payload in enumerate(said):
            one.record(person, payload, id=uuid4(), at=AT + timedelta(minutes=n))
        words = share_records(one, person, folder / "s.age", LATER, movement=True)
        open_share(other, folder / "s.age", words, LATER, LIBRARY)
        first = contents(one, folder / "1.zip", person)
        assert contents(other, folder / "2.zip", person) == first
        other.merge(folder / "1.zip", only=person)
        assert contents(other, folder / "3.zip", person) == first


def test_a_passphrase_is_worth_sixty_bits_and_bears_slips() -> None:
    words = passphrase.word_list()
    assert len(set(words)) == len(words)
    assert len({word[:3] for word in words}) == len(words)
    assert all(word.isascii() and word.islower() and 4 <= len(word) <= 10 for word in words)
    assert passphrase.bits() == pytest.approx(6 * math.log2(len(words)))
    assert passphrase.bits() >= 60
    made = {passphrase.new_passphrase() for _ in range(50)}
    assert len(made) == 50
    for one in made:
        assert passphrase.read_passphrase(one) == one
        assert passphrase.read_passphrase("-".join(word[:3] + "x" for word in one.split()).upper()) == one


def test_words_of_a_passphrase_are_far_apart() -> None:
    words = passphrase.word_list()
    near = [(a, b) for n, a in enumerate(words) for b in words[:n] if abs(len(a) - len(b)) < 3 and _apart(a, b) < 3]
    assert near == []


def _apart(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
    return row[-1]


def test_nothing_of_it_is_logged_or_left_behind(
    store: Store, physio: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    caplog.set_level(0)
    person = patient(store)
    words = share_records(store, person, tmp_path / "a.age", LATER, movement=True)
    open_share(physio, tmp_path / "a.age", words, LATER, LIBRARY)
    assert not list(scratch.iterdir())
    assert words not in caplog.text
    assert b"May I run?" not in (tmp_path / "a.age").read_bytes()


def test_the_commands_hand_over_and_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    light_seal(monkeypatch)
    mine, theirs, file = (str(tmp_path / name) for name in ("mine", "theirs", "a.age"))
    with Store.open(mine) as store:
        person = patient(store)
    assert main(["share", file, "--data", mine]) == 0
    said = capsys.readouterr().out
    words = next(line.strip() for line in said.splitlines() if line.startswith("    "))

    def opens(typed: str, where: str, path: str = file) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = main(["open", path, "--data", where])
        told = capsys.readouterr()
        assert typed.strip() not in told.out + told.err
        return code, told.out + told.err

    assert opens("not these words at all, no\n", theirs)[0] == 2
    code, told = opens(f"{words}\n", theirs)
    assert code == 0
    assert re.fullmatch(rf"\d+ records of person {person} were added. kneeline shows them under /caseload.\n", told)
    assert "nothing new" in opens(f"{words}\n", theirs)[1]
    assert opens(f"{words}\n", mine)[0] == 2
    with Store.open(theirs) as store:
        fewer(store, person, AT + timedelta(days=3))
        answer = tmp_path / "b.age"
        words = share_plan(store, person, answer, LATER)
    assert "it stands from now on" in opens(f"{words}\n", mine, str(answer))[1]
    assert main(["open", str(tmp_path / "gone.age"), "--data", mine]) == 2
    assert main(["share", str(tmp_path / "no" / "a.age"), "--data", mine]) == 2
    assert main(["share", file, "--data", str(tmp_path / "nowhere")]) == 2
