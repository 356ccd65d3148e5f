"""An older store is backed up and moved on whole or not at all; one from a newer version is left alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from store_makers import AT, lived_in, measured_set

from kneeline.model.errors import StoreError
from kneeline.store import Store, database, migrate
from kneeline.store.tables import METADATA, REVISION

Place = tuple[str | Path, Path]
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{now}"


def upgrade() -> None:
    with op.batch_alter_table("record") as table:  # which SQLite does by making the table anew
        table.add_column(sa.Column("mood", sa.Text, nullable=True))
        table.alter_column("kind", type_=sa.String(80))
    op.create_table("diary", sa.Column("id", sa.Text, primary_key=True))
    {then}
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the program one schema newer; `then` is the last line of the step."""

    def install(then: str = "pass") -> None:
        scripts = tmp_path / "scripts"
        shutil.rmtree(scripts, ignore_errors=True)
        shutil.copytree(migrate.SCRIPTS, scripts)
        (scripts / "versions" / "v9999_next.py").write_text(NEXT.format(now=REVISION, then=then))
        monkeypatch.setattr(migrate, "SCRIPTS", scripts)
        monkeypatch.setattr(database, "REVISION", "9999")

    return install


def columns(store: Store, table: str) -> set[str]:
    with store._database.reading() as connection:
        return {column["name"] for column in sa.inspect(connection).get_columns(table)}


def test_the_newest_migration_is_the_one_that_the_program_expects() -> None:
    scripts = ScriptDirectory.from_config(migrate._config())
    assert scripts.get_heads() == [REVISION]
    assert REVISION in migrate.known_revisions()


def test_an_older_store_is_backed_up_and_moved_on(
    new_place: Callable[[], Place], opened: Any, next_version: Callable[..., None], kind: str
) -> None:
    place = new_place()
    store = opened(place)
    person = lived_in(store)
    (set_id,) = [one.start.id for one in store.sets(person)]
    store.close()
    next_version()
    newer = opened(place)
    assert "mood" in columns(newer, "record")
    assert newer.result(set_id) == measured_set()
    newer.check()
    (backup,) = (place[1] / "backups").iterdir()
    assert backup.name == f"before-9999-was-{REVISION}.{'db' if kind == 'sqlite' else 'zip'}"
    assert backup.stat().st_mode & 0o777 == 0o600
    newer.close()
    opened(place)
    assert len(list((place[1] / "backups").iterdir())) == 1, "moved once, backed up once"


def test_the_backup_of_a_file_opens_in_the_older_version(
    tmp_path: Path, next_version: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "a") as store:
        person = lived_in(store)
    with monkeypatch.context() as newer:
        next_version()
        Store.open(tmp_path / "a").close()
        newer.undo()
    monkeypatch.undo()
    (backup,) = (tmp_path / "a" / "backups").iterdir()
    (tmp_path / "b").mkdir()
    shutil.copy(backup, tmp_path / "b" / "kneeline.db")
    with Store.open(tmp_path / "b") as store:
        store.check()
        assert [store.result(one.start.id) for one in store.sets(person)] == [measured_set()]


def test_the_backup_of_a_server_can_be_imported_by_the_older_version(
    postgres: Any, tmp_path: Path, next_version: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = (postgres.database(), tmp_path / "files")
    with Store.open(*place) as store:
        person = lived_in(store)
    next_version()
    Store.open(*place).close()
    monkeypatch.undo()
    (backup,) = (tmp_path / "files" / "backups").iterdir()
    with Store.open(tmp_path / "b") as store:
        store.merge(backup)
        assert [store.result(one.start.id) for one in store.sets(person)] == [measured_set()]
        assert store.local_person(AT).id == person
        assert len(store.pose_logs(person)) == 1


def test_a_step_that_fails_changes_nothing(
    new_place: Callable[[], Place],
    opened: Any,
    next_version: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    place = new_place()
    store = opened(place)
    lived_in(store)
    store.export(tmp_path / "before.zip", AT)
    store.close()
    next_version('op.execute("INSERT INTO no_such_table VALUES (1)")')
    for _ in range(2):
        with pytest.raises(StoreError):
            Store.open(*place)
    assert len(list((place[1] / "backups").iterdir())) == 2
    monkeypatch.undo()
    again = opened(place)
    assert "mood" not in columns(again, "record")
    again.check()
    again.export(tmp_path / "after.zip", AT)
    assert (tmp_path / "after.zip").read_bytes() == (tmp_path / "before.zip").read_bytes()


def test_a_newer_store_is_left_alone(new_place: Callable[[], Place], opened: Any) -> None:
    place = new_place()
    store = opened(place)
    lived_in(store)
    with store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    with pytest.raises(StoreError, match="newer kneeline"):
        Store.open(*place)
    assert not (place[1] / "backups").exists()


def test_a_database_of_somebody_else_is_left_alone(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if kind == "sqlite":
        url, place = f"sqlite:///{tmp_path / 'kneeline.db'}", (tmp_path, tmp_path)
    else:
        address = request.getfixturevalue("postgres").database()
        url, place = address.replace("postgresql:", "postgresql+psycopg:"), (address, tmp_path)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE photos (id INTEGER)")
    with pytest.raises(StoreError, match="not kneeline's"):
        Store.open(*place)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["photos"]
    engine.dispose()


def test_the_tables_hold_what_was_announced() -> None:
    assert {table.name for table in METADATA.sorted_tables} == {
        "person", "session", "exercise_set", "set_end", "repetition", "cue", "record", "pose_log", "machine",
    }  # fmt: skip
