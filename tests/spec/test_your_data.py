"""Your records: where they are, taking them along, erasing them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from makers import Run

from kneeline.store import Store
from kneeline.store.kinds import Note

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The records of one person, with one note."""
    with Store.open(tmp_path / "records") as store:
        store.record(store.local_person(AT).id, Note(text="it held"), id=uuid4(), at=AT)
    return tmp_path / "records"


def test_kneeline_data_shows_what_it_can_do(run: Run) -> None:
    for words in (("data",), ("data", "--help")):
        ran = run(*words)
        assert ran.code == 0
        assert all(command in ran.out for command in ("where", "export", "import", "backup", "erase"))


def test_where_names_the_place_and_says_that_it_is_whole(run: Run, folder: Path) -> None:
    ran = run("data", "where", "--data", folder)
    assert ran.code == 0
    assert str(folder / "kneeline.db") in ran.out
    assert "whole" in ran.out
    assert "0 sets" in ran.out


def test_looking_for_records_makes_none(run: Run, tmp_path: Path) -> None:
    assert run("data", "where", "--data", tmp_path / "none").code == 0
    for words in (("export", tmp_path / "a.zip"), ("backup", tmp_path / "a.db")):
        ran = run("data", *words, "--data", tmp_path / "none")
        assert ran.code == 2
        assert "Nothing is kept" in ran.sentence
    assert run("data", "erase", "--yes", "--data", tmp_path / "none").code == 0
    assert list(tmp_path.iterdir()) == []


def test_what_was_exported_can_be_imported_elsewhere_and_twice(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run("data", "export", tmp_path / "me.zip", "--data", folder).code == 0
    first = run("data", "import", tmp_path / "me.zip", "--data", tmp_path / "new")
    assert (first.code, first.out) == (0, "2 records were added, 0 were here already.\n")
    again = run("data", "import", tmp_path / "me.zip", "--data", tmp_path / "new")
    assert again.out == "0 records were added, 2 were here already.\n"
    assert run("data", "export", tmp_path / "again.zip", "--data", tmp_path / "new").code == 0
    with zipfile.ZipFile(tmp_path / "me.zip") as one, zipfile.ZipFile(tmp_path / "again.zip") as two:
        assert one.read("record.jsonl") == two.read("record.jsonl")


def test_the_environment_may_name_the_place(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNEELINE_DATA", str(folder))
    assert str(folder) in run("data", "where").out


def test_a_backup_is_a_database_that_can_be_put_in_its_place(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "kneeline.db"
    assert run("data", "backup", copy, "--data", folder).code == 0
    assert "whole" in run("data", "where", "--data", tmp_path / "copy").out
    ran = run("data", "backup", copy, "--data", folder)
    assert ran.code == 2
    assert "already" in ran.sentence


def test_erasing_has_to_be_confirmed_and_leaves_nothing(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run("data", "erase", "--data", folder)
    assert ran.code == 2
    assert "--yes" in ran.sentence
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "no")
    assert run("data", "erase", "--data", folder).out == "Nothing was erased.\n"
    assert (folder / "kneeline.db").exists()
    assert run("data", "erase", "--yes", "--data", folder).code == 0
    assert not folder.exists()


def test_records_in_use_by_another_program_are_not_erased(run: Run, folder: Path) -> None:
    with Store.open(folder) as store:
        store.people()
        ran = run("data", "erase", "--yes", "--data", folder)
        assert ran.code == 2
        assert "another program" in ran.sentence
        assert len(store.people()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("import", "no.zip"),
        ("import", "letter.txt"),
        ("export", "no/such/folder/a.zip"),
        ("export", "."),
        ("where", "--data", "letter.txt"),
        ("where", "--data", "mysql://x/y"),
        ("where", "--data", "postgresql://nobody@127.0.0.1:1/none"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run: Run, folder: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("KNEELINE_DATA", str(folder))
    Path("letter.txt").write_text("Dear physio")
    ran = run("data", *words)
    assert ran.code == 2
    assert ran.sentence
    assert ran.out == ""


def test_a_damaged_database_is_said_to_be_damaged(run: Run, folder: Path) -> None:
    (folder / "kneeline.db").write_bytes(b"rubbish" * 999)
    ran = run("data", "where", "--data", folder)
    assert ran.code == 2
    assert "damaged" in ran.sentence


def test_commands_without_records_load_no_database() -> None:
    code = "import sys; from kneeline.cli import main; main(['data', '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sqlalchemy", "alembic", "sqlite3"} & set(done.stdout.split())
