"""What was acknowledged is there, whatever happens to the process, the disk or the file; and what happened is said."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import signal
import sqlite3
import subprocess
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from store_makers import AT, begun, lived_in, measured_set

from kneeline.model.errors import StoreError
from kneeline.store import Store
from kneeline.store.kinds import Note

KILLS = {"sqlite": 50, "postgres": 20}
LONGEST_S = 300.0
MARKER = "Quietly-Remarkable-Kneecap"
FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def warm() -> None:
    """Measure the set once here, not in every child."""
    measured_set()


def in_child(work: Callable[..., None], *words: Any) -> tuple[Any, Connection]:
    """Run `work(pipe, *words)` in a process of its own; the process and the pipe's other end."""
    ours, theirs = FORK.Pipe(duplex=False)
    child = FORK.Process(target=work, args=(theirs, *words), daemon=True)
    child.start()
    theirs.close()
    return child, ours


def keep_on(pipe: Connection, place: str | Path, person: UUID) -> None:
    """Keep sets without end, and tell of each repetition and note once it is acknowledged."""
    store = Store.open(place)
    rep = measured_set().reps[0]
    while True:
        set_id = begun(store, person)
        for n in range(1, 8):
            store.add_repetition(set_id, replace(rep, n=n), AT)
            pipe.send(("rep", set_id, n))
        note = uuid4()
        store.record(person, Note(text="ok"), id=note, at=AT, set_id=set_id)
        pipe.send(("note", set_id, note))


def said(pipe: Connection) -> set[tuple[str, UUID, Any]]:
    """Everything that came through the pipe, up to where it was torn."""
    found = set()
    while True:
        try:
            found.add(pipe.recv())
        except (EOFError, OSError):
            return found


def kept(store: Store, person: UUID) -> set[tuple[str, UUID, Any]]:
    sets = [one.start.id for one in store.sets(person)]
    reps = {("rep", set_id, rep.n) for set_id in sets for rep in store.repetitions(set_id)}
    return reps | {("note", one.set_id, one.id) for one in store.history(person, Note) if one.set_id}


def test_a_killed_process_loses_nothing_that_was_acknowledged(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """kill -9 at many random moments of running sets."""
    place = tmp_path / "data" if kind == "sqlite" else request.getfixturevalue("postgres").database()
    with Store.open(place) as store:
        person = store.local_person(AT).id
    chance, told, kills = random.Random(20261122), set(), KILLS[kind]
    start = time.monotonic()
    for _ in range(kills):
        child, pipe = in_child(keep_on, place, person)
        assert pipe.poll(30), "the writer never began"
        time.sleep(chance.uniform(0.0, 0.12))
        os.kill(child.pid, signal.SIGKILL)
        told |= said(pipe)
        child.join()
        assert time.monotonic() - start < LONGEST_S, "far slower than it should be"
    with Store.open(place) as store:
        store.check()
        assert len(told) >= kills
        assert told <= kept(store, person)
        set_id = begun(store, person)
        assert store.add_repetition(set_id, measured_set().reps[0], AT)


def test_every_kill_leaves_a_database_that_opens_and_goes_on(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        person = store.local_person(AT).id
    for _ in range(5):
        child, pipe = in_child(keep_on, tmp_path, person)
        assert pipe.poll(30)
        os.kill(child.pid, signal.SIGKILL)
        told = said(pipe)
        child.join()
        with Store.open(tmp_path) as store:
            store.check()
            assert told <= kept(store, person)


def fill(pipe: Connection, folder: Path, person: UUID, limit_bytes: int | None) -> None:
    """Keep notes until the disk is full; tell of each, and of the error."""
    store = Store.open(folder)
    if limit_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    try:
        for _ in range(10_000):
            note = uuid4()
            store.record(person, Note(text=MARKER * 300), id=note, at=AT)
            pipe.send(note)
    except StoreError as error:
        pipe.send("".join(traceback.format_exception(error)))
    except BaseException as error:
        pipe.send(f"WRONG {type(error)}")


def check_full(folder: Path, limit_bytes: int | None) -> None:
    with Store.open(folder) as store:
        person = store.local_person(AT).id
    child, pipe = in_child(fill, folder, person, limit_bytes)
    told = []
    while True:
        try:
            told.append(pipe.recv())
        except EOFError:
            break
    child.join()
    error = told.pop()
    assert "StoreError" in error
    assert "full" in error.splitlines()[-1] or "larger" in error.splitlines()[-1]
    assert MARKER not in error, "what is kept may end up in no log"
    assert told
    (folder / "ballast").unlink(missing_ok=True)
    with Store.open(folder) as store:
        store.check()
        assert {one.id for one in store.history(person, Note)} == set(told)
        store.record(person, Note(text="and on"), id=uuid4(), at=AT)


def test_a_file_that_may_not_grow_is_said_and_costs_nothing_that_was_kept(tmp_path: Path) -> None:
    check_full(tmp_path / "data", 1_000_000)


def test_a_full_disk_is_said_and_costs_nothing_that_was_kept(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk of two megabytes can only be made by root, where mounting is allowed")
    try:
        (disk / "data").mkdir()
        (disk / "data" / "ballast").write_bytes(b"x" * 400_000)
        check_full(disk / "data", None)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_may_not_be_written_to_is_said(tmp_path: Path) -> None:
    with Store.open(tmp_path / "data") as store:
        person = store.local_person(AT).id

    def work(pipe: Connection) -> None:
        if os.geteuid() == 0:
            os.setuid(65534)
        else:
            (tmp_path / "data").chmod(0o500)
        for place in (tmp_path / "data", tmp_path / "data" / "new", Path("/proc/kneeline"), Path("/dev/null")):
            try:
                Store.open(place).record(person, Note(text="x"), id=uuid4(), at=AT)
                pipe.send("kept")
            except StoreError as error:
                pipe.send(str(error))

    child, pipe = in_child(work)
    sentences = [pipe.recv() for _ in range(4)]
    child.join()
    (tmp_path / "data").chmod(0o700)
    assert all("Try:" in sentence for sentence in sentences), sentences


def test_another_writer_is_waited_for_and_then_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kneeline.store.database._WAIT_MS", 100)
    with Store.open(tmp_path) as store:
        person = lived_in(store)
        with closing(sqlite3.connect(tmp_path / "kneeline.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="another program"):
                store.record(person, Note(text="x"), id=uuid4(), at=AT)
            assert len(store.sets(person)) == 1, "reading goes on meanwhile"
        assert store.record(person, Note(text="x"), id=uuid4(), at=AT)


def open_and_check(folder: Path) -> None:
    with Store.open(folder) as store:
        store.check()


@pytest.mark.parametrize("how", ["rubbish", "text", "torn", "short", "holes"])
def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path, how: str) -> None:
    with Store.open(tmp_path) as store:
        lived_in(store)
    file = tmp_path / "kneeline.db"
    whole = file.read_bytes()
    bent = {
        "rubbish": os.urandom(len(whole)),
        "text": b"Dear physio,\n" * 500,
        "torn": whole[: len(whole) // 2],
        "short": whole[:50],
        "holes": whole[:4096] + bytes(len(whole) - 4096),
    }[how]
    file.write_bytes(bent)
    with pytest.raises(StoreError) as caught:
        open_and_check(tmp_path)
    assert "damaged" in str(caught.value) or "not kneeline's" in str(caught.value)
    assert file.read_bytes()[:100] == bent[:100], "nothing was made worse"


def test_a_place_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (
        tmp_path / "file",
        "mysql://root@localhost/x",
        "sqlite:///x.db",
        "://",
        "postgresql://nobody@127.0.0.1:1/none",
        "postgresql://nobody:secret@no-such-host.invalid/none",
    ):
        with pytest.raises(StoreError) as caught:
            Store.open(place)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "report it" not in str(caught.value)


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Store.open(tmp_path / "a" / "data") as store:
            lived_in(store)
            store.backup(store._database.files_folder("backups") / "x.db")
            folder = tmp_path / "a" / "data"
            modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}
    finally:
        os.umask(before)
    assert {"kneeline.db", "kneeline.db-wal", "poses", "backups"} <= set(modes)
    assert {name: mode for name, mode in modes.items() if mode not in ("0o600", "0o700")} == {}


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    (tmp_path / "kneeline.db").chmod(0o644)
    Store.open(tmp_path).close()
    assert (tmp_path / "kneeline.db").stat().st_mode & 0o777 == 0o600


def test_a_backup_is_whole_while_somebody_writes(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a") as store:
        person = store.local_person(AT).id
        child, pipe = in_child(keep_on, tmp_path / "a", person)
        assert pipe.poll(30)
        told = {pipe.recv() for _ in range(3)}
        (tmp_path / "b").mkdir()
        store.backup(tmp_path / "b" / "kneeline.db")
        child.kill()
        child.join()
        with pytest.raises(StoreError, match="exists"):
            store.backup(tmp_path / "b" / "kneeline.db")
    with Store.open(tmp_path / "b") as copy:
        copy.check()
        assert told <= kept(copy, person)


def test_errors_hold_nothing_of_what_is_kept(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    person, id = store.local_person(AT).id, uuid4()
    store.record(person, Note(text="x"), id=id, at=AT)
    for lost in (
        lambda: store.record(person, Note(text=MARKER), id=id, at=AT),
        lambda: store.record(uuid4(), Note(text=MARKER), id=uuid4(), at=AT),
        lambda: store.record(person, Note(text=MARKER), id=uuid4(), at=AT, set_id=uuid4()),
    ):
        with pytest.raises(StoreError) as caught:
            lost()
        assert MARKER not in "".join(traceback.format_exception(caught.value))
    store.record(person, Note(text=MARKER), id=uuid4(), at=AT)
    store.history(person, Note)
    assert MARKER not in caplog.text


def test_a_servers_connection_that_broke_is_made_anew(
    postgres: Any, opened: Callable[[tuple[str, Path]], Store], tmp_path: Path
) -> None:
    store = opened((postgres.database(), tmp_path))
    person = store.local_person(AT).id
    postgres._ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert store.record(person, Note(text="x"), id=uuid4(), at=AT)
