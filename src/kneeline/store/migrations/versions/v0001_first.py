"""The first schema: people, sessions, sets with their repetitions and cues, dated records, pose logs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "person",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_table(
        "machine",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("local_person_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["local_person_id"], ["person.id"], name="fk_machine_local_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_machine"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_session_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("id", "person_id", name="uq_session_id_person_id"),
    )
    op.create_index("ix_session_person_id_at", "session", ["person_id", "at"])
    op.create_table(
        "exercise_set",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("exercise", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("kneeline", sa.Text(), nullable=False),
        sa.Column("library", sa.Text(), nullable=False),
        sa.Column("pose_model", sa.Text(), nullable=True),
        sa.Column("planned", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_exercise_set_person_id"),
        sa.ForeignKeyConstraint(
            ["session_id", "person_id"],
            ["session.id", "session.person_id"],
            name="fk_exercise_set_session_id_person_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_exercise_set"),
        sa.UniqueConstraint("id", "person_id", name="uq_exercise_set_id_person_id"),
    )
    op.create_index("ix_exercise_set_person_id_at", "exercise_set", ["person_id", "at"])
    op.create_index("ix_exercise_set_session_id", "exercise_set", ["session_id"])
    op.create_table(
        "cue",
        sa.Column("set_id", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_cue_person_id"),
        sa.ForeignKeyConstraint(
            ["set_id", "person_id"], ["exercise_set.id", "exercise_set.person_id"], name="fk_cue_set_id_person_id"
        ),
        sa.PrimaryKeyConstraint("set_id", "n", name="pk_cue"),
    )
    op.create_table(
        "pose_log",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("set_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_pose_log_person_id"),
        sa.ForeignKeyConstraint(
            ["set_id", "person_id"], ["exercise_set.id", "exercise_set.person_id"], name="fk_pose_log_set_id_person_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_pose_log"),
    )
    op.create_index("ix_pose_log_set_id", "pose_log", ["set_id"])
    op.create_table(
        "record",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("set_id", sa.Text(), nullable=True),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_record_person_id"),
        sa.ForeignKeyConstraint(
            ["session_id", "person_id"], ["session.id", "session.person_id"], name="fk_record_session_id_person_id"
        ),
        sa.ForeignKeyConstraint(
            ["set_id", "person_id"], ["exercise_set.id", "exercise_set.person_id"], name="fk_record_set_id_person_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_record"),
    )
    op.create_index("ix_record_person_id_kind_at", "record", ["person_id", "kind", "at"])
    op.create_index("ix_record_replaces", "record", ["replaces"])
    op.create_table(
        "repetition",
        sa.Column("set_id", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_repetition_person_id"),
        sa.ForeignKeyConstraint(
            ["set_id", "person_id"],
            ["exercise_set.id", "exercise_set.person_id"],
            name="fk_repetition_set_id_person_id",
        ),
        sa.PrimaryKeyConstraint("set_id", "n", name="pk_repetition"),
    )
    op.create_table(
        "set_end",
        sa.Column("set_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_set_end_person_id"),
        sa.ForeignKeyConstraint(
            ["set_id", "person_id"], ["exercise_set.id", "exercise_set.person_id"], name="fk_set_end_set_id_person_id"
        ),
        sa.PrimaryKeyConstraint("set_id", name="pk_set_end"),
    )
