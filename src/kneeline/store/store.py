"""The store: what happened, kept for each person as it happens, and nowhere else than where its owner wants it.

Longer than most: one class, a method for each way in or out, so that nobody has to look for records anywhere else.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Callable, Collection
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
import sqlalchemy as sa

from kneeline.model.diary import SetEntry
from kneeline.model.errors import StoreError
from kneeline.model.movement import Cue, Repetition, SetResult
from kneeline.store import kept
from kneeline.store.archive import Archive, Imported, write_archive
from kneeline.store.database import BACKUPS, NEAR, POSES, Database, remove_file
from kneeline.store.kept import Judged, Kept, KeptSet, Person, PoseLog, Session, SetStart
from kneeline.store.kinds import KINDS, Payload, Setting
from kneeline.store.poses import pose_path, remove_all_but, remove_folder, write_pose_log
from kneeline.store.rows import (
    CueRow,
    PersonRow,
    PoseLogRow,
    RecordRow,
    RepetitionRow,
    Row,
    SessionRow,
    SetEndRow,
    SetRow,
    insert,
    instant,
    utc_text,
)
from kneeline.store.tables import (
    CUE,
    EXERCISE_SET,
    MACHINE,
    PERSON,
    POSE_LOG,
    RECORD,
    REPETITION,
    SESSION,
    SET_END,
    SHARED,
)

KEEP_POSE_LOGS = "keep_pose_logs"
"""Name of the setting without which no pose log is kept."""

P = TypeVar("P", bound=Payload)
_Columns = sa.RowMapping


def default_folder() -> Path:
    """Where records are kept when nobody says otherwise: the system's place for a program's data of this user."""
    import platformdirs

    return platformdirs.user_data_path("kneeline", appauthor=False)


class Store:
    """Records of people, in a folder of their own or on a PostgreSQL server.

    What a call has returned from is durable. Rows are only added: the same id again with the same content changes
    nothing and keeps the first time (so a line that broke may send again), with other content it is refused. Times are
    passed in, with their time zone. Every verb raises `StoreError` when the database cannot do it, and `ValueError`
    for values that nothing of its kind can have. One store may be used from several threads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, where: str | Path, files: Path | None = None) -> Store:
        """The store in a folder, which is made when it is not there, or at "postgresql://USER@HOST/DATABASE".

        An older one is backed up and moved to the newest schema. files: where pose logs and backups of a server's
        database lie.

        Raises: StoreError when it cannot be opened, is damaged, or comes from a newer version.
        """
        return cls(Database(where, files))

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back what is held open; nothing waits to be written."""
        self._database.close()

    @property
    def name(self) -> str:
        """The database's file or address, without a password."""
        return self._database.name

    def check(self) -> None:
        """Read everything.

        Raises: StoreError when it is damaged.
        """
        self._database.check()

    # People

    def add_person(self, id: UUID, at: datetime) -> bool:
        """Keep records for one more person; whether they are new here."""
        return self._keep(PersonRow(id=str(id), at=utc_text(at)))

    def people(self) -> tuple[Person, ...]:
        """Everybody whose records are kept, longest first."""
        rows = self._rows(sa.select(PERSON).order_by(PERSON.c.at, PERSON.c.id))
        return tuple(Person(UUID(row["id"]), instant(row["at"])) for row in rows)

    def local_person(self, at: datetime) -> Person:
        """Whose machine this is; somebody new, since `at`, where nobody is yet."""
        query = sa.select(PERSON).join(MACHINE, MACHINE.c.local_person_id == PERSON.c.id)
        found = self._rows(query)
        if not found:
            with self._database.writing(alone=True) as connection:
                if connection.execute(query).first() is None:
                    row = PersonRow(id=str(uuid4()), at=utc_text(at))
                    insert(connection, row)
                    _settle(connection, row.id)
            found = self._rows(query)
        return Person(UUID(found[0]["id"]), instant(found[0]["at"]))

    def become(self, person_id: UUID) -> None:
        """Make this the machine of a person whose records are here."""
        with self._database.writing(alone=True) as connection:
            if connection.execute(sa.select(PERSON).where(PERSON.c.id == str(person_id))).first() is None:
                raise StoreError("There is no such person here. Try: import their records first.")
            _settle(connection, str(person_id))

    # Sets, as they happen

    def start_session(self, id: UUID, person_id: UUID, at: datetime) -> bool:
        """Begin a session; whether it is new."""
        return self._keep(SessionRow(id=str(id), person_id=str(person_id), at=utc_text(at)))

    def start_set(self, start: SetStart, at: datetime) -> bool:
        """Begin a set of a session; whether it is new."""
        with self._database.writing() as connection:
            person_id = _owner(connection, SESSION, start.session_id, "session")
            row = SetRow(
                id=str(start.id),
                person_id=person_id,
                session_id=str(start.session_id),
                at=utc_text(at),
                exercise=start.exercise,
                side=start.side,  # type: ignore[arg-type]  # any text comes in, the row's check lets three through
                kneeline=start.kneeline,
                library=start.library,
                pose_model=start.pose_model,
                planned=dict(start.planned),
                settings=dict(start.settings),
            )
            return insert(connection, row)

    def add_repetition(self, set_id: UUID, rep: Repetition, at: datetime) -> bool:
        """Keep a repetition of a running set, by its number; whether it is new."""
        body = kept.repetition_body(rep)
        return self._keep_in_set(
            set_id,
            lambda owner: RepetitionRow(set_id=str(set_id), n=rep.n, person_id=owner, at=utc_text(at), body=body),
        )

    def add_cue(self, set_id: UUID, n: int, cue: Cue, at: datetime) -> bool:
        """Keep the n-th thing said in a running set, from 1; whether it is new."""
        body = kept.cue_body(cue)
        return self._keep_in_set(
            set_id, lambda owner: CueRow(set_id=str(set_id), n=n, person_id=owner, at=utc_text(at), body=body)
        )

    def finish_set(self, set_id: UUID, result: SetResult, at: datetime) -> bool:
        """End a set with what is only known then (view, summary, warnings); whether that is new."""
        body = kept.end_body(result)
        return self._keep_in_set(
            set_id, lambda owner: SetEndRow(set_id=str(set_id), person_id=owner, at=utc_text(at), body=body)
        )

    # Sets, looked up

    def sessions(self, person_id: UUID) -> tuple[Session, ...]:
        """Every session of a person, oldest first."""
        query = sa.select(SESSION).where(SESSION.c.person_id == str(person_id)).order_by(SESSION.c.at, SESSION.c.id)
        return tuple(Session(UUID(row["id"]), person_id, instant(row["at"])) for row in self._rows(query))

    def sets(
        self,
        person_id: UUID,
        *,
        session_id: UUID | None = None,
        exercise: str | None = None,
        since: datetime | None = None,
        unended: bool = False,
    ) -> tuple[KeptSet, ...]:
        """The sets of a person, oldest first; one that was broken off, or still runs, has no end.

        unended: only those.
        """
        s = EXERCISE_SET.c
        wanted = [s.person_id == str(person_id)]
        wanted += [s.session_id == str(session_id)] if session_id is not None else []
        wanted += [s.exercise == exercise] if exercise is not None else []
        wanted += [s.at >= utc_text(since)] if since is not None else []
        wanted += [SET_END.c.set_id.is_(None)] if unended else []
        return self._sets(*wanted)

    def sets_done(self, person_id: UUID, *, since: datetime | None = None) -> tuple[SetEntry, ...]:
        """The finished sets of a person as a whole each, oldest first: what months are looked through for."""
        s = EXERCISE_SET.c
        query = (
            sa.select(s.at, s.exercise, s.side, s.planned, SET_END.c.body, s.id)
            .join(SET_END, SET_END.c.set_id == s.id)
            .where(s.person_id == str(person_id))
            .order_by(s.at, s.id)
        )
        if since is not None:
            query = query.where(s.at >= utc_text(since))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(kept.done_from(row, self.repetitions) for row in rows)

    def set(self, set_id: UUID) -> KeptSet:
        """One set.

        Raises: StoreError when there is none of that id.
        """
        found = self._sets(EXERCISE_SET.c.id == str(set_id))
        if not found:
            raise StoreError("There is no such set.")
        return found[0]

    def repetitions(self, set_id: UUID) -> tuple[Repetition, ...]:
        """The repetitions of a set that were kept, in order."""
        query = sa.select(REPETITION.c.body).where(REPETITION.c.set_id == str(set_id)).order_by(REPETITION.c.n)
        return tuple(kept.read("repetition", kept.repetition_from, row["body"]) for row in self._rows(query))

    def judged(self, person_id: UUID, since: datetime) -> dict[UUID, list[Judged]]:
        """How the repetitions of a person's sets that began from `since` on went, in order, by the id of the set."""
        s, r = EXERCISE_SET.c, REPETITION.c
        query = (
            sa.select(r.set_id, r.body)
            .join(EXERCISE_SET, s.id == r.set_id)
            .where(s.person_id == str(person_id), s.at >= utc_text(since))
            .order_by(r.set_id, r.n)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {
            UUID(id): [kept.judged_from(body) for _, body in of_set]
            for id, of_set in itertools.groupby(rows, key=itemgetter(0))
        }

    def cues(self, set_id: UUID) -> tuple[Cue, ...]:
        """What was said in a set, in order."""
        query = sa.select(CUE.c.body).where(CUE.c.set_id == str(set_id)).order_by(CUE.c.n)
        return tuple(kept.read("cue", kept.cue_from, row["body"]) for row in self._rows(query))

    def result(self, set_id: UUID) -> SetResult | None:
        """A finished set as the engine told it, None where it was not finished."""
        found = self.set(set_id)
        end = self._rows(sa.select(SET_END.c.body).where(SET_END.c.set_id == str(set_id)))
        if not end:
            return None
        reps, cues = self.repetitions(set_id), self.cues(set_id)
        return kept.read("set", lambda body: kept.result_from(body, found.start, reps, cues), end[0]["body"])

    # Dated records: pain, answers, findings, plans ...

    def record(
        self,
        person_id: UUID,
        payload: Payload,
        *,
        id: UUID,
        at: datetime,
        session_id: UUID | None = None,
        set_id: UUID | None = None,
        replaces: UUID | None = None,
    ) -> bool:
        """Keep what a person or a rule said, and what it hangs on; whether it is new.

        replaces: a record that this one puts right; both stay, `history` gives the later one.

        Raises: ValueError when the payload breaks its own struct, or is of a kind that nobody declared.
        """
        if KINDS.get(payload.kind) is not type(payload):
            raise ValueError(f"{payload.kind!r} is not a kind of record; there are {', '.join(KINDS)}")
        row = RecordRow(
            id=str(id),
            person_id=str(person_id),
            kind=payload.kind,
            version=payload.version,
            at=utc_text(at),
            session_id=None if session_id is None else str(session_id),
            set_id=None if set_id is None else str(set_id),
            replaces=None if replaces is None else str(replaces),
            body=msgspec.to_builtins(msgspec.convert(msgspec.to_builtins(payload), type(payload), strict=True)),
        )
        return self._keep(row)

    def history(
        self,
        person_id: UUID,
        kind: type[P],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        session_id: UUID | None = None,
        set_id: UUID | None = None,
        replaced: bool = False,
    ) -> tuple[Kept[P], ...]:
        """The records of one kind, oldest first, from `since` to before `until`; replaced ones only when asked for."""
        query = self._records(
            person_id, kind, since=since, until=until, session_id=session_id, set_id=set_id, replaced=replaced
        )
        return tuple(kept.kept_from(row, kind) for row in self._rows(query.order_by(RECORD.c.at, RECORD.c.id)))

    def latest(self, person_id: UUID, kind: type[P]) -> Kept[P] | None:
        """The newest record of one kind; None where there is none."""
        query = self._records(person_id, kind).order_by(RECORD.c.at.desc(), RECORD.c.id.desc()).limit(1)
        return next((kept.kept_from(row, kind) for row in self._rows(query)), None)

    def _records(
        self,
        person_id: UUID,
        kind: type[Payload],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        session_id: UUID | None = None,
        set_id: UUID | None = None,
        replaced: bool = False,
    ) -> sa.Select[Any]:
        r, later = RECORD.c, RECORD.alias()
        query = sa.select(RECORD).where(r.person_id == str(person_id), r.kind == kind.kind)
        if since is not None:
            query = query.where(r.at >= utc_text(since))
        if until is not None:
            query = query.where(r.at < utc_text(until))
        if session_id is not None:
            query = query.where(r.session_id == str(session_id))
        if set_id is not None:
            query = query.where(r.set_id == str(set_id))
        if not replaced:
            query = query.where(~sa.exists().where(later.c.replaces == r.id, later.c.person_id == r.person_id))
        return query

    def grown(self, person_id: UUID) -> int:
        """How many records and ended sets a person has; rows are only added, so the same number is the same records."""
        ended = sa.select(sa.func.count()).where(SET_END.c.person_id == str(person_id)).scalar_subquery()
        said = sa.select(sa.func.count()).where(RECORD.c.person_id == str(person_id)).scalar_subquery()
        return int(self._rows(sa.select((ended + said).label("rows")))[0]["rows"])

    def settings(self, person_id: UUID) -> dict[str, bool | int | float | str]:
        """Every choice of a person by its name, as it stands now."""
        return {one.payload.name: one.payload.value for one in self.history(person_id, Setting)}

    # Pose logs

    def keep_pose_log(self, id: UUID, set_id: UUID, content: bytes, at: datetime) -> bool:
        """Keep the pose log (Parquet) of a set, if its person wants that; whether it is new.

        Raises: StoreError when the person has not set `keep_pose_logs`.
        """
        with self._database.reading() as connection:
            owner = _owner(connection, EXERCISE_SET, set_id, "set")
        if self.settings(UUID(owner)).get(KEEP_POSE_LOGS) is not True:
            raise StoreError("This person has not asked for pose logs to be kept.")
        row = PoseLogRow(
            id=str(id),
            person_id=owner,
            set_id=str(set_id),
            at=utc_text(at),
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
        )
        if self._rows(sa.select(POSE_LOG.c.id).where(POSE_LOG.c.id == row.id)):
            return self._keep(row)
        write_pose_log(self._poses(), row.id, [content])
        try:
            return self._keep(row)
        except BaseException:
            pose_path(self._poses(), row.id).unlink(missing_ok=True)
            raise

    def pose_logs(self, person_id: UUID, set_id: UUID | None = None) -> tuple[PoseLog, ...]:
        """The pose logs of a person, or of one set, whose files are there, oldest first."""
        query = sa.select(POSE_LOG).where(POSE_LOG.c.person_id == str(person_id))
        if set_id is not None:
            query = query.where(POSE_LOG.c.set_id == str(set_id))
        rows = self._rows(query.order_by(POSE_LOG.c.at, POSE_LOG.c.id))
        folder = self._poses() if rows else Path()
        logs = (
            PoseLog(
                id=UUID(row["id"]),
                person_id=person_id,
                set_id=UUID(row["set_id"]),
                at=instant(row["at"]),
                sha256=row["sha256"],
                size_bytes=row["size_bytes"],
                path=pose_path(folder, row["id"]),
            )
            for row in rows
        )
        return tuple(log for log in logs if log.path.is_file())

    # Taking it along, putting it away

    def export(
        self,
        path: Path,
        at: datetime,
        person_id: UUID | None = None,
        *,
        kinds: Collection[str] | None = None,
        movement: bool = True,
    ) -> int:
        """Write everything, or everything of one person, to one file; the number of rows.

        kinds: only people, and the records of these kinds. movement: with the files of the pose logs.

        Raises: InputError when the file cannot be written.
        """
        only = None if person_id is None else str(person_id)
        poses = None if self._database.folder is None or not movement else self._database.folder / POSES
        with self._database.reading() as connection:
            return write_archive(path, connection, at=utc_text(at), person_id=only, kinds=kinds, poses=poses)

    def merge(self, path: Path, *, as_me: bool = False, only: UUID | None = None) -> Imported:
        """Add what an export holds and is not here yet; merging it again changes nothing.

        A machine on which nobody has told or done anything yet becomes that of the person whose machine wrote the
        export; as_me: any machine.
        only: of this person, whom somebody else sent; an export that holds anybody else, or differs, is refused.

        Raises: InputError when the file is none of ours, is damaged, or is from another version; nothing changes then.
        """
        written: list[Path] = []
        try:
            sent = None if only is None else str(only)
            with Archive(path, sent) as archive, self._database.writing(alone=True) as connection:
                unused = _unused(connection)
                done, logs = archive.merge(connection)
                self._take_pose_logs(archive, connection, logs, written)
                local = archive.manifest.local_person_id
                if local is not None and (as_me or unused):
                    _settle(connection, local)
                return done
        except BaseException:
            for file in written:
                file.unlink(missing_ok=True)
            raise

    def backup(self, path: Path) -> None:
        """Copy the database's file to `path`, while it is in use; of a server's database its own tools do that.

        Raises: StoreError when it cannot be written, or is there already.
        """
        if not self._database.is_file:
            raise StoreError("Records are on a server. Try: pg_dump, or export them.")
        self._database.backup(path)

    def erase_person(self, person_id: UUID) -> None:
        """Take away everything of one person, and every backup, since it may hold them; exports lie elsewhere.

        Raises: StoreError when another program holds the database open, so that traces may be left.
        """
        with self._database.writing() as connection:
            connection.execute(sa.delete(MACHINE).where(MACHINE.c.local_person_id == str(person_id)))
            for table in reversed(SHARED):
                owner = table.c.id if table is PERSON else table.c.person_id
                connection.execute(sa.delete(table).where(owner == str(person_id)))
            left = set(connection.execute(sa.select(POSE_LOG.c.id)).scalars())
        folder = self._database.folder
        if folder is not None:
            remove_all_but(folder / POSES, left)
            remove_all_but(folder / BACKUPS, set())
        self._database.scrub()

    # How

    def _rows(self, query: sa.Select[Any]) -> list[_Columns]:
        with self._database.reading() as connection:
            return list(connection.execute(query).mappings())

    def _keep(self, row: Row) -> bool:
        with self._database.writing() as connection:
            return insert(connection, row)

    def _keep_in_set(self, set_id: UUID, make: Callable[[str], Row]) -> bool:
        with self._database.writing() as connection:
            row = make(_owner(connection, EXERCISE_SET, set_id, "set"))
            over = sa.select(SET_END.c.set_id).where(SET_END.c.set_id == str(set_id))
            ended = not isinstance(row, SetEndRow) and connection.execute(over).first() is not None
            new = insert(connection, row)
            if new and ended:
                raise StoreError("This set is over; nothing can be added to it.")
            return new

    def _poses(self) -> Path:
        return self._database.files_folder(POSES)

    def _sets(self, *wanted: sa.ColumnElement[bool]) -> tuple[KeptSet, ...]:
        end = (SET_END.c.at.label("ended_at"), SET_END.c.body)
        query = sa.select(EXERCISE_SET, *end).outerjoin(SET_END, SET_END.c.set_id == EXERCISE_SET.c.id)
        rows = self._rows(query.where(*wanted).order_by(EXERCISE_SET.c.at, EXERCISE_SET.c.id))
        return tuple(kept.set_from(row) for row in rows)

    def _take_pose_logs(self, archive: Archive, connection: sa.Connection, ids: list[str], written: list[Path]) -> None:
        for id in ids:
            sha256 = connection.execute(sa.select(POSE_LOG.c.sha256).where(POSE_LOG.c.id == id)).scalar_one()
            parts = archive.pose_log(id, sha256)
            if parts is not None and not pose_path(self._poses(), id).is_file():  # it may have travelled without once
                written.append(pose_path(self._poses(), id))
                write_pose_log(self._poses(), id, parts)


def erase(where: str | Path, files: Path | None = None) -> None:
    """Take away everything: database, log, pose logs, backups, trusted devices; also where the database is damaged.

    Raises: StoreError when another program has the records open; nothing is gone then. Also when the system does not
    let a file go, which it names.
    """
    if isinstance(where, str) and "://" in where:
        Database(where, files).drop()
        folder = files
    else:
        folder = Path(where)
        remove_file(folder)
    if folder is not None:
        for name in (POSES, BACKUPS, NEAR):
            remove_folder(folder / name)
        with contextlib.suppress(OSError):  # somebody's own files may lie there too
            folder.rmdir()


def _owner(connection: sa.Connection, table: sa.Table, id: UUID, what: str) -> str:
    found: str | None = connection.execute(sa.select(table.c.person_id).where(table.c.id == str(id))).scalar()
    if found is None:
        raise StoreError(f"There is no such {what}.")
    return found


def _unused(connection: sa.Connection) -> bool:
    """Whether nobody has told or done anything here; looking at a page, or choosing a voice, is neither."""
    mine = connection.execute(sa.select(MACHINE.c.local_person_id)).scalar()
    kept = (
        sa.select(SESSION.c.id).where(SESSION.c.person_id == mine),
        sa.select(RECORD.c.id).where(RECORD.c.person_id == mine, RECORD.c.kind != Setting.kind),
    )
    return not any(connection.execute(query.limit(1)).first() for query in kept)


def _settle(connection: sa.Connection, person_id: str) -> None:
    connection.execute(sa.delete(MACHINE))
    connection.execute(sa.insert(MACHINE).values(id=1, local_person_id=person_id))
