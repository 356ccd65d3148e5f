"""The one schema, on SQLite and PostgreSQL alike. Rows are only ever added; nothing but erasing takes one away.

    person -> session -> exercise_set -> repetition, cue, set_end    a set as it happens
    person -> record                     dated documents: pain, answers, plans ...
    exercise_set -> pose_log             keypoints, in a file beside the database
    machine                              whose machine this is; never exported

Every row names its person, and belongs to the same person as what it hangs on. Ids are UUIDs, times are UTC with
microseconds and one width, so that their text sorts as they do; `body`, `planned` and `settings` are JSON with sorted
keys. Text throughout, so that the same row is the same bytes in every database.
"""

from __future__ import annotations

import sqlalchemy as sa

REVISION = "0001"
"""The newest migration; a test holds it to the files in migrations/versions."""

METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _text(name: str, *, null: bool = False, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null, primary_key=key)


def _number(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, primary_key=key, autoincrement=False)


def _belongs(part: str, table: str) -> sa.ForeignKeyConstraint:
    """The row hangs on another, of the same person."""
    return sa.ForeignKeyConstraint([part, "person_id"], [f"{table}.id", f"{table}.person_id"])


def _owner() -> sa.Column[str]:
    return sa.Column("person_id", sa.Text, sa.ForeignKey("person.id"), nullable=False)


PERSON = sa.Table("person", METADATA, _text("id", key=True), _text("at"))

SESSION = sa.Table(
    "session",
    METADATA,
    _text("id", key=True),
    _owner(),
    _text("at"),
    sa.UniqueConstraint("id", "person_id"),
    sa.Index(None, "person_id", "at"),
)

EXERCISE_SET = sa.Table(
    "exercise_set",
    METADATA,
    _text("id", key=True),
    _owner(),
    _text("session_id"),
    _text("at"),
    _text("exercise"),
    _text("side"),
    _text("kneeline"),
    _text("library"),
    _text("pose_model", null=True),
    _text("planned"),
    _text("settings"),
    _belongs("session_id", "session"),
    sa.UniqueConstraint("id", "person_id"),
    sa.Index(None, "person_id", "at"),
    sa.Index(None, "session_id"),
)

SET_END = sa.Table(
    "set_end",
    METADATA,
    _text("set_id", key=True),
    _owner(),
    _text("at"),
    _text("body"),
    _belongs("set_id", "exercise_set"),
)

REPETITION = sa.Table(
    "repetition",
    METADATA,
    _text("set_id", key=True),
    _number("n", key=True),
    _owner(),
    _text("at"),
    _text("body"),
    _belongs("set_id", "exercise_set"),
)

CUE = sa.Table(
    "cue",
    METADATA,
    _text("set_id", key=True),
    _number("n", key=True),
    _owner(),
    _text("at"),
    _text("body"),
    _belongs("set_id", "exercise_set"),
)

RECORD = sa.Table(
    "record",
    METADATA,
    _text("id", key=True),
    _owner(),
    _text("kind"),
    _number("version"),
    _text("at"),
    _text("session_id", null=True),
    _text("set_id", null=True),
    _text("replaces", null=True),
    _text("body"),
    _belongs("session_id", "session"),
    _belongs("set_id", "exercise_set"),
    sa.Index(None, "person_id", "kind", "at"),
    sa.Index(None, "replaces"),
)

POSE_LOG = sa.Table(
    "pose_log",
    METADATA,
    _text("id", key=True),
    _owner(),
    _text("set_id"),
    _text("at"),
    _text("sha256"),
    _number("size_bytes"),
    _belongs("set_id", "exercise_set"),
    sa.Index(None, "set_id"),
)

MACHINE = sa.Table(
    "machine",
    METADATA,
    _number("id", key=True),
    sa.Column("local_person_id", sa.Text, sa.ForeignKey("person.id"), nullable=False),
)

SHARED = (PERSON, SESSION, EXERCISE_SET, SET_END, REPETITION, CUE, RECORD, POSE_LOG)
"""Tables that travel in an export, each after those it hangs on."""
