"""Rows as they are written and exported: one strict struct per table, named and ordered as its columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import sqlalchemy as sa
from msgspec import Meta
from sqlalchemy.dialects import postgresql, sqlite

from kneeline.model.errors import StoreError
from kneeline.store import tables

LONGEST_BODY_BYTES = 1_000_000
"""The longest document: a report of a year is some tens of kilobytes."""

Id = Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\Z")]
When = Annotated[str, Meta(pattern="^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}[.][0-9]{6}Z\\Z")]
Word = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,79}\\Z")]
Name = Annotated[str, Meta(pattern="^[^\\x00-\\x1f\\x7f]{0,200}\\Z")]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Body = dict[str, Any]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A row of any table that travels; `at` is when it came to be."""

    at: When


class PersonRow(Row, frozen=True):
    """Somebody whose records are kept."""

    id: Id


class SessionRow(Row, frozen=True):
    """Sets on one day."""

    id: Id
    person_id: Id


class SetRow(Row, frozen=True):
    """A set has begun."""

    id: Id
    person_id: Id
    session_id: Id
    exercise: Word
    side: Literal["left", "right", "both"]
    kneeline: Name
    library: Name
    pose_model: Name | None
    planned: Body
    settings: Body


class SetEndRow(Row, frozen=True):
    """A set is over."""

    set_id: Id
    person_id: Id
    body: Body


class RepetitionRow(Row, frozen=True):
    """A repetition is complete."""

    set_id: Id
    n: Count
    person_id: Id
    body: Body


class CueRow(Row, frozen=True):
    """Something was said."""

    set_id: Id
    n: Count
    person_id: Id
    body: Body


class RecordRow(Row, frozen=True):
    """A dated document of some kind; `replaces` names the one that it puts right."""

    id: Id
    person_id: Id
    kind: Word
    version: Count
    session_id: Id | None
    set_id: Id | None
    replaces: Id | None
    body: Body


class PoseLogRow(Row, frozen=True):
    """Keypoints of a set lie in a file."""

    id: Id
    person_id: Id
    set_id: Id
    sha256: Digest
    size_bytes: Annotated[int, Meta(ge=0, le=1 << 40)]


ROWS: Mapping[str, type[Row]] = {
    "person": PersonRow,
    "session": SessionRow,
    "exercise_set": SetRow,
    "set_end": SetEndRow,
    "repetition": RepetitionRow,
    "cue": CueRow,
    "record": RecordRow,
    "pose_log": PoseLogRow,
}
"""The struct of each table that travels."""

R = TypeVar("R", bound=Row)
_TABLES = {kind: tables.METADATA.tables[name] for name, kind in ROWS.items()}
_JSON = ("body", "planned", "settings")


def table_of(row: Row) -> sa.Table:
    """The table that a row goes into."""
    return _TABLES[type(row)]


def insert(connection: sa.Connection, row: Row) -> bool:
    """Add the row unless it is there; whether it was added.

    Raises: StoreError when it is there with other content.
    """
    table, columns = table_of(row), columns_of(row)
    adding = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    added = adding.values(columns).on_conflict_do_nothing().returning(*table.primary_key.columns)
    if connection.execute(added).first() is not None:
        return True
    key = [column == columns[column.name] for column in table.primary_key.columns]
    here = connection.execute(sa.select(table).where(*key)).mappings().one()
    if {**here, "at": columns["at"]} != columns:
        raise StoreError(f"This {table.name.replace('_', ' ')} was kept before, with other content.")
    return False


def columns_of(row: Row) -> dict[str, Any]:
    """The row as its table holds it, every field checked.

    Raises: ValueError when a field is of another type or out of bounds, holds a number that JSON has not (NaN,
    infinity), text that is no UTF-8, or is too long.
    """
    plain = msgspec.convert(msgspec.structs.asdict(row), type(row), strict=True)
    instant(plain.at)
    return {name: canonical(value) if name in _JSON else value for name, value in msgspec.structs.asdict(plain).items()}


def canonical(value: Body) -> str:
    """JSON with sorted keys and nothing to choose, so that the same content is the same bytes.

    >>> canonical({"b": 1.0, "a": "é"})
    '{"a":"é","b":1.0}'

    Raises: ValueError for what JSON cannot hold.
    """
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        size = len(text.encode("utf-8"))
    except (TypeError, RecursionError, UnicodeEncodeError) as error:
        raise ValueError(f"a document holds something that JSON cannot: {type(error).__name__}") from None
    if size > LONGEST_BODY_BYTES:
        raise ValueError(f"a document of {size} bytes is longer than {LONGEST_BODY_BYTES}")
    return text


def line_of(table: sa.Table, columns: sa.RowMapping) -> bytes:
    """A row of a table as one line of JSON, in the order of the table's columns."""
    fields = {
        column.name: msgspec.Raw(columns[column.name].encode()) if column.name in _JSON else columns[column.name]
        for column in table.columns
    }
    return msgspec.json.encode(fields) + b"\n"


def row_from_line(line: bytes, kind: type[R]) -> R:
    """The row that a line of JSON says.

    Raises: ValueError when it says none.
    """
    try:
        return msgspec.convert(json.loads(line), kind, strict=True)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def utc_text(at: datetime) -> str:
    """A moment as text of one width, in UTC.

    >>> utc_text(datetime(2026, 11, 22, 8, 30, tzinfo=UTC))
    '2026-11-22T08:30:00.000000Z'

    Raises: ValueError for a time without a time zone, which could be any of 25 moments.
    """
    if at.tzinfo is None:
        raise ValueError(f"a time needs its time zone, got {at.isoformat()}")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def instant(text: str) -> datetime:
    """The moment that a text says, in UTC.

    >>> instant("2026-11-22T08:30:00.000000Z").hour
    8

    Raises: ValueError when there is no such moment.
    """
    return datetime.fromisoformat(text)
