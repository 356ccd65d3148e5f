"""One database behind the store: how it is opened, moved to the newest schema, backed up, and what its errors mean.

SQLite is one file in a folder of the person's own, readable by nobody else. It keeps a write-ahead log, so that readers
never wait for a writer, and calls fsync at every commit (synchronous=FULL): a row that was acknowledged survives a
power cut too, which under NORMAL it would not. A repetition takes seconds and an fsync milliseconds.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from kneeline.model.errors import StoreError
from kneeline.store.tables import MACHINE, METADATA, REVISION

FILE = "kneeline.db"
BACKUPS = "backups"
POSES = "poses"
NEAR = "lan"
"""Where the coach keeps its certificate and the devices it trusts; it goes with the rest."""
_WAIT_MS = 5_000
_LOCK = 0x6B6E6565

_SQLITE_SAYS = {
    "SQLITE_FULL": ("the disk is full", "free some space"),
    "SQLITE_IOERR": ("the disk refused it, or is full", "free some space, or look after the disk"),
    "SQLITE_READONLY": ("it may not be written to", "give yourself the right to write to its folder"),
    "SQLITE_PERM": ("it may not be written to", "give yourself the right to write to its folder"),
    "SQLITE_BUSY": ("another program is writing to it", "close other kneelines, then try again"),
    "SQLITE_LOCKED": ("another program is writing to it", "close other kneelines, then try again"),
    "SQLITE_CORRUPT": ("the file is damaged", "put a backup in its place, or import an export"),
    "SQLITE_NOTADB": (
        "the file is damaged, or is none of kneeline's",
        "put a backup in its place, or import an export",
    ),
    "SQLITE_CONSTRAINT": ("it hangs on something that is not kept here", "keep that first"),
    "SQLITE_CANTOPEN": ("it cannot be opened", "see whether the folder is there and yours, and the disk not full"),
}
_POSTGRES_SAYS = {
    "53": ("the server has no room or no connection left", "ask whoever looks after it"),
    "25": ("the server takes no changes", "ask whoever looks after it"),
    "42": ("the server does not let this user do it, or its tables are not kneeline's", "ask whoever looks after it"),
    "28": ("the server does not let this user in", "look at the address, the user and the password"),
    "3D": ("the server has no such database", "create it, or look at the address"),
    "23": ("it hangs on something that is not kept here", "keep that first"),
    "55": ("another program holds it", "try again in a moment"),
    "40": ("another program wrote at the same moment", "try again"),
    "": ("the server cannot be reached", "see whether it runs, and look at the address"),
}


class Database:
    """An open database at the newest schema, and the folder where files beside it lie."""

    def __init__(self, where: str | Path, files: Path | None = None) -> None:
        self.is_file = not _is_url(where)
        # SQLite makes waiting writers look again and again; here they queue. A server has queues of its own.
        self._turn: AbstractContextManager[object] = threading.Lock() if self.is_file else contextlib.nullcontext()
        self.folder = Path(where) if self.is_file else files
        url = URL.create("sqlite", database=str(Path(where) / FILE)) if self.is_file else _server(str(where))
        self.name = str(Path(where) / FILE) if self.is_file else url.render_as_string(hide_password=True)
        if self.is_file:
            self._prepare_file()
        with _explained(self.name):
            self._engine = _engine(url)
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database throughout."""
        level = {} if self.is_file else {"isolation_level": "REPEATABLE READ"}
        with _explained(self.name), self._engine.execution_options(**level).connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[sa.Connection]:
        """A transaction that is durable when the block has ended without an error, and undone otherwise.

        alone: no other such transaction runs meanwhile; on SQLite none ever does.
        """
        engine = self._engine.execution_options(writes=True)
        with self._turn, _explained(self.name), engine.begin() as connection:
            if alone:
                self._wait_to_be_alone(connection)
            yield connection

    def close(self) -> None:
        """Give back every connection; the last one of a file folds its log into it."""
        self._engine.dispose()

    def files_folder(self, name: str) -> Path:
        """A folder for files beside the database, made when it is not there, for its owner alone.

        Raises: StoreError when there is none and none can be made.
        """
        if self.folder is None:
            raise StoreError("Records are in a server's database and no folder for files was named. Try: name one.")
        with _explained(self.name):
            _own_folder(self.folder)
            _own_folder(self.folder / name)
        return self.folder / name

    def backup(self, path: Path) -> None:
        """Copy a database file, whole and as of one moment, while it is in use; `path` must not be there yet.

        Raises: StoreError when the disk refuses it; nothing is left at `path` then.
        """
        with _explained(self.name):
            _own_file(path, new=True)
            try:
                raw = self._engine.raw_connection()
                try:
                    raw.cursor().execute("VACUUM INTO ?", (str(path),))
                finally:
                    raw.close()
                _flush(path)
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    def check(self) -> None:
        """Read everything that a database file holds.

        Raises: StoreError when it is damaged.
        """
        if not self.is_file:
            return
        with self.reading() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if list(found) != ["ok"] or lost is not None:
            raise StoreError(f"{self.name} is damaged. Try: put a backup in its place, or import an export.")

    def scrub(self) -> None:
        """Give the room of deleted rows back, so that their bytes are gone from the files too.

        Raises: StoreError when another program is at work in them, so that this has to be done again.
        """
        with _explained(self.name):
            engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                if not self.is_file:
                    for table in METADATA.sorted_tables:
                        connection.exec_driver_sql(f'VACUUM FULL "{table.name}"')
                    return
            raw = self._engine.raw_connection()
            try:
                cursor = raw.cursor()
                cursor.execute("VACUUM")
                busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                raw.close()
        if busy:
            raise StoreError(f"{self.name}: another program is reading it. Try: close it, then erase again.")

    def drop(self) -> None:
        """Take every table off a server; the database is closed afterwards."""
        with self.writing() as connection:
            METADATA.drop_all(connection)
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        self.close()

    def _prepare_file(self) -> None:
        path = Path(self.name)
        with _explained(self.name):
            _own_folder(path.parent)
            _own_file(path)

    def _migrate(self) -> None:
        with self.reading() as connection:
            found = _revision(connection)
            strange = found is None and bool(sa.inspect(connection).get_table_names())
        if strange:
            raise StoreError(f"{self.name} holds tables that are not kneeline's. Try: another database.")
        if found == REVISION:
            return
        from kneeline.store.migrate import known_revisions, upgrade

        if found is not None and found not in known_revisions():
            raise StoreError(f"{self.name} was written by a newer kneeline. Try: install the newest version.")
        if found is not None:
            self._back_up_before_migrating(found)
        with _explained(self.name), self._engine.execution_options(writes=True).connect() as connection:
            self._foreign_keys(connection, "OFF")  # a table that is made anew would take along what hangs on it
            try:
                with connection.begin():
                    self._wait_to_be_alone(connection)
                    if _revision(connection) != REVISION:
                        upgrade(connection)
            finally:
                self._foreign_keys(connection, "ON")

    def _wait_to_be_alone(self, connection: sa.Connection) -> None:
        if not self.is_file:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))

    def _back_up_before_migrating(self, found: str) -> None:
        folder = self.files_folder(BACKUPS)
        ending = ".db" if self.is_file else ".zip"
        taken = {path.name for path in folder.iterdir()}
        names = (f"before-{REVISION}-was-{found}{f'-{i}' if i else ''}{ending}" for i in range(len(taken) + 1))
        path = folder / next(name for name in names if name not in taken)
        if self.is_file:
            self.backup(path)
            return
        from kneeline.store.archive import write_archive

        with self.reading() as connection:
            old = sa.MetaData()
            old.reflect(connection, only=lambda name, _: name not in ("alembic_version", MACHINE.name))
            write_archive(path, connection, old.sorted_tables, revision=found, poses=folder.parent / POSES)

    def _foreign_keys(self, connection: sa.Connection, state: str) -> None:
        if self.is_file:
            raw: Any = connection.connection.dbapi_connection
            raw.execute(f"PRAGMA foreign_keys={state}")  # has no effect inside a transaction, so before it begins


def remove_file(folder: Path) -> None:
    """Take a database file away with its log, also one that is damaged or from a newer version.

    Raises: StoreError when another program has it open, or the system refuses; nothing is gone then.
    """
    path = folder / FILE
    with _explained(str(path)):
        if not path.exists():
            return
        with contextlib.closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as alone:
            try:
                # Leaving the write-ahead log needs the file for oneself: refused while anybody else has it open.
                alone.execute("PRAGMA journal_mode=DELETE").fetchone()
                alone.execute("BEGIN EXCLUSIVE")
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorname.split("_")[1] not in ("NOTADB", "CORRUPT"):
                    raise
        for file in sorted(folder.glob(FILE + "*")):
            file.unlink()


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn what a database or the system says into a sentence; every other error passes."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        why, then = _reason(error.orig if isinstance(error, sa.exc.DBAPIError) else error)
        raise StoreError(f"{name}: {why}. Try: {then}.") from error
    except sa.exc.TimeoutError as error:
        raise StoreError(f"{name}: too many ask at once. Try: again in a moment.") from error
    except OSError as error:
        raise StoreError(f"{name}: {error.strerror or error}. Try: another folder, or free some space.") from error


def _reason(error: object) -> tuple[str, str]:
    """Why, and what to try."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorname", "")
        found = next((said for name, said in _SQLITE_SAYS.items() if code.startswith(name)), None)
        return found or (f"the database refused it ({code or error})", "report it, this is our fault")
    state = getattr(error, "sqlstate", None) or ""
    if state[:2] in ("08", "57") or not state:
        return _POSTGRES_SAYS[""]
    return _POSTGRES_SAYS.get(state[:2], (f"the server refused it ({state})", "report it, this is our fault"))


def _is_url(where: str | Path) -> bool:
    return isinstance(where, str) and "://" in where


def _server(where: str) -> URL:
    try:
        url = make_url(where)
    except sa.exc.ArgumentError:
        raise StoreError("The address of the database is none. Expected: postgresql://USER@HOST/DATABASE.") from None
    if url.get_backend_name() != "postgresql":
        raise StoreError(
            f"Records can be kept in a folder or in PostgreSQL, not in {url.get_backend_name()}. "
            "Expected: a folder, or postgresql://USER@HOST/DATABASE."
        )
    return url.set(drivername="postgresql+psycopg")


def _engine(url: URL) -> sa.Engine:
    # hide_parameters: the text of an error may end up in a log, and what is being kept may not.
    if url.get_backend_name() == "postgresql":
        try:
            return sa.create_engine(
                url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": _WAIT_MS // 1000}
            )
        except ImportError:
            raise StoreError("PostgreSQL needs one package more. Try: pip install 'kneeline[postgres]'.") from None
    engine = sa.create_engine(url, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin below, with the lock that they need
        connection.execute(f"PRAGMA busy_timeout={_WAIT_MS}")
        _keep_a_log(connection)
        for setting in (
            "synchronous=FULL",
            "fullfsync=ON",
            "foreign_keys=ON",
            "secure_delete=ON",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {setting}")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        # A transaction that reads first and writes later may find the lock taken and could not wait for it.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; SQLite does not wait by itself while others are at work in a new file."""
    until = time.monotonic() + _WAIT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _revision(connection: sa.Connection) -> str | None:
    """Revision of the schema that a database is at; None for a new one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def _own_folder(path: Path) -> None:
    """Make the folder for its owner alone; one that is there already keeps its rights."""
    path.mkdir(parents=True, mode=0o700, exist_ok=True)


def _own_file(path: Path, *, new: bool = False) -> None:
    """Make the file, or keep the one that is there, for its owner alone.

    One that is there is not opened: closing it again would drop the locks that SQLite holds on it for this process.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600))
    except FileExistsError:
        if new:
            raise
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _flush(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
