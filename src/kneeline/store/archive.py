"""Everything that is kept, as one file: to take to another machine, to read with other tools, to merge back.

    person.jsonl, session.jsonl ...    one line of JSON per row, oldest first
    poses/ID.parquet                   pose logs
    manifest.json                      versions, and the SHA-256 of every file above

The same records give the same bytes. Merging adds what is not there yet, by id, and changes nothing that is.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from kneeline import __version__
from kneeline.files import whole_file
from kneeline.model.errors import InputError, StoreError
from kneeline.store.kept import check_body
from kneeline.store.poses import pose_path
from kneeline.store.rows import ROWS, Id, Row, When, columns_of, line_of, row_from_line
from kneeline.store.tables import MACHINE, PERSON, REVISION, SHARED

FORMAT: Literal["kneeline-export"] = "kneeline-export"
_LONGEST_LINE = 8_000_000
_LARGEST_POSE_LOG = 512 << 20
_LARGEST = 16 << 30
_LARGEST_SHARED = 1 << 30
_BATCH = 200
_EPOCH = (1980, 1, 1, 0, 0, 0)  # else the same records would give other bytes a minute later
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, KeyError, ValueError, OSError)


class File(msgspec.Struct, frozen=True):
    """One file of an archive."""

    sha256: str
    size_bytes: int


class Manifest(msgspec.Struct, frozen=True):
    """What an archive says of itself; `local_person_id` only in one of everything, `at` only where it was asked for."""

    format: Literal["kneeline-export"]
    revision: str
    kneeline: str
    at: When | None
    local_person_id: Id | None
    files: dict[str, File]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A row that is here already and says something else; what is here was left as it is."""

    table: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What merging did: rows added by table, how many were here already, and which of those differ.

    person_id: whose machine wrote the export; None where it is one of a single person.
    """

    added: Mapping[str, int]
    same: int
    conflicts: tuple[Conflict, ...]
    person_id: UUID | None


def write_archive(
    path: Path,
    connection: sa.Connection,
    tables: Sequence[sa.Table] = SHARED,
    *,
    revision: str = REVISION,
    at: str | None = None,
    person_id: str | None = None,
    kinds: Collection[str] | None = None,
    poses: Path | None = None,
) -> int:
    """Write the rows of the tables, of everybody or of one person, with the pose logs in `poses`; the number of rows.

    tables, revision: of the database as it is, which may be older than this program. at: when, None where nobody says.
    kinds: only people, and the records of these kinds.

    Raises: InputError when the file cannot be written; nothing is left half written.
    """
    files: dict[str, File] = {}
    count = 0
    local = None if person_id is not None else connection.execute(sa.select(MACHINE.c.local_person_id)).scalar()
    with whole_file(path) as scratch:
        os.close(os.open(scratch, os.O_CREAT | os.O_WRONLY, 0o600))
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive:
            for table in tables:
                rows = _select(connection, table, person_id, kinds)
                files[f"{table.name}.jsonl"], n = _write(archive, f"{table.name}.jsonl", _lines(table, rows))
                count += n
                if table.name == "pose_log" and poses is not None and kinds is None:
                    for id in connection.execute(_by_person(sa.select(table.c.id), table, person_id)).scalars().all():
                        if (log := pose_path(poses, id)).is_file():
                            files[f"poses/{id}.parquet"], _ = _write(archive, f"poses/{id}.parquet", _chunks(log))
            manifest = Manifest(FORMAT, revision, __version__, at, local, dict(sorted(files.items())))
            archive.writestr(_member("manifest.json"), msgspec.json.format(msgspec.json.encode(manifest)))
    return count


@dataclass
class Archive:
    """An archive opened for merging; a damaged or strange one is refused with `InputError`, whenever that shows.

    only: a person whom somebody else sent; then it may hold nobody else, nothing that differs from what is here, and is
    no machine's.
    """

    path: Path
    only: str | None = None
    manifest: Manifest = field(init=False)
    _zip: zipfile.ZipFile = field(init=False)

    def __enter__(self) -> Archive:
        if not self.path.is_file():
            raise InputError(f"there is no file {self.path}", try_next="check the path")
        try:
            self._zip = zipfile.ZipFile(self.path)
        except _BROKEN as error:
            raise self._refused("is not an export of kneeline, or is cut off") from error
        try:
            self._read_manifest()
        except BaseException:
            self._zip.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _read_manifest(self) -> None:
        try:
            if self._zip.getinfo("manifest.json").file_size > _LARGEST_POSE_LOG:
                raise ValueError("too large")
            text = self._zip.read("manifest.json")
            revision = msgspec.json.decode(text, type=dict[str, Any])["revision"]
        except _BROKEN as error:
            raise self._refused("is not an export of kneeline, or is damaged") from error
        if revision != REVISION:
            raise InputError(
                f"{self.path.name} was written by another version of kneeline",
                expected=f"records of form {REVISION}, not {revision!s:.20}",
                try_next="the newest kneeline",
            )
        try:
            self.manifest = msgspec.json.decode(text, type=Manifest)
        except _BROKEN as error:
            raise self._refused("has a damaged manifest") from error
        largest = _LARGEST if self.only is None else _LARGEST_SHARED
        if sum(info.file_size for info in self._zip.infolist()) > largest:
            raise self._refused(f"holds more than {largest >> 20} MB")
        if self.only is not None and self.manifest.local_person_id is not None:
            raise self._refused("is of a whole machine")

    def merge(self, connection: sa.Connection) -> tuple[Imported, list[str]]:
        """Add the rows that are not there yet, in the open transaction; also the ids of the pose logs that agree."""
        added: dict[str, int] = {}
        same, conflicts, logs = 0, [], []
        for table in SHARED:
            added[table.name] = 0
            for batch in _batches(self.rows(table.name)):
                try:
                    new, equal, other = _merge(connection, table, batch)
                except sa.exc.IntegrityError as error:
                    raise self._refused(f"has rows in {table.name}.jsonl that hang on others which it lacks") from error
                added[table.name] += len(new)
                same += equal
                conflicts += other
                if other and self.only is not None:
                    raise self._refused("says something else than was kept before")
                if table.name == "pose_log":
                    differ = {conflict.key for conflict in other}
                    logs += [row["id"] for row in batch if (row["id"],) not in differ]
        local = self.manifest.local_person_id
        if local is not None and connection.execute(sa.select(PERSON).where(PERSON.c.id == local)).first() is None:
            raise self._refused("lacks the person whose machine wrote it")
        return Imported(added, same, tuple(conflicts), None if local is None else UUID(local)), logs

    def pose_log(self, id: str, sha256: str) -> Iterator[bytes] | None:
        """The bytes of a pose log, checked when the last of them is read; None where its file did not travel."""
        name = f"poses/{id}.parquet"
        if name not in self.manifest.files:
            return None
        if self.manifest.files[name].sha256 != sha256:
            raise self._refused(f"holds another {name} than its records say")
        return self._checked(name, lambda file: iter(lambda: file.read(1 << 20), b""))

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table, each as its columns; refused at the end when the file is not what was written."""
        owner = "id" if table == "person" else "person_id"
        kind: type[Row] = ROWS[table]
        for n, line in enumerate(
            self._checked(f"{table}.jsonl", lambda f: iter(lambda: f.readline(_LONGEST_LINE), b""))
        ):
            try:
                read = row_from_line(line, kind)
                check_body(read)
                row = columns_of(read)
            except (ValueError, StoreError) as error:
                raise self._refused(f"has a line {n + 1} in {table}.jsonl that is no row: {error}"[:300]) from None
            if self.only is not None and row[owner] != self.only:
                raise self._refused("holds records of somebody else")
            yield row

    def _checked(self, name: str, split: Any) -> Iterator[bytes]:
        """The parts of a file in the archive; refused at the end when they are not those that the manifest names."""
        digest = hashlib.sha256()
        try:
            if self._zip.getinfo(name).file_size > (_LARGEST if name.endswith("l") else _LARGEST_POSE_LOG):
                raise ValueError("too large")
            with self._zip.open(name) as file:
                for part in split(file):
                    digest.update(part)
                    yield part
            whole = self.manifest.files[name].sha256 == digest.hexdigest()
        except _BROKEN as error:
            raise self._refused(f"is damaged: {name} cannot be read") from error
        if not whole:
            raise self._refused(f"is damaged: {name} is not what was written")

    def _refused(self, why: str) -> InputError:
        return InputError(f"{self.path.name} {why}; nothing was changed", try_next="export again, or copy it again")


def _select(
    connection: sa.Connection, table: sa.Table, person_id: str | None, kinds: Collection[str] | None
) -> Iterator[sa.RowMapping]:
    first = [table.c.at] if "at" in table.c else []
    query = _by_person(sa.select(table), table, person_id).order_by(*first, *table.primary_key.columns)
    if kinds is not None and table.name != "person":
        query = query.where(table.c.kind.in_(kinds) if table.name == "record" else sa.false())
    yield from connection.execute(query.execution_options(yield_per=1_000)).mappings()


def _by_person(query: sa.Select[Any], table: sa.Table, person_id: str | None) -> sa.Select[Any]:
    if person_id is None:
        return query
    return query.where((table.c.id if table.name == "person" else table.c.person_id) == person_id)


def _lines(table: sa.Table, rows: Iterable[sa.RowMapping]) -> Iterator[bytes]:
    return (line_of(table, row) for row in rows)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(1 << 20), b"")


def _write(archive: zipfile.ZipFile, name: str, parts: Iterable[bytes]) -> tuple[File, int]:
    digest, size, n = hashlib.sha256(), 0, 0
    with archive.open(_member(name), "w", force_zip64=True) as file:
        for part in parts:
            file.write(part)
            digest.update(part)
            size, n = size + len(part), n + 1
    return File(digest.hexdigest(), size), n


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _merge(
    connection: sa.Connection, table: sa.Table, batch: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], int, list[Conflict]]:
    """Rows that were added, how many were there, and those that are there with other content."""
    names = [column.name for column in table.primary_key.columns]
    wanted = sa.tuple_(*table.primary_key.columns).in_([tuple(row[name] for name in names) for row in batch])
    here = {tuple(row[name] for name in names): dict(row) for row in connection.execute(
        sa.select(table).where(wanted)
    ).mappings()}  # fmt: skip
    new, same, conflicts = [], 0, []
    for row in batch:
        key = tuple(row[name] for name in names)
        if key not in here:
            here[key] = row
            new.append(row)
        elif here[key] == row:
            same += 1
        else:
            conflicts.append(Conflict(table.name, tuple(map(str, key))))
    if new:
        connection.execute(sa.insert(table), new)
    return new, same, conflicts
