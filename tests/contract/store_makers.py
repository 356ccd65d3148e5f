"""People, sets and records to try a store with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

from kneeline.content.load import load, load_exercise
from kneeline.content.schema import Given
from kneeline.model.movement import SetResult
from kneeline.motion import Engine
from kneeline.motion.figure import perform
from kneeline.store import SetStart, Store
from kneeline.store.kinds import Note, Pain, PlanVersion, Setting

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
EXERCISE = "calf_raise_ball_squeeze"


@cache
def measured_set() -> SetResult:
    """Three calf raises, drawn and measured; too quick, so that something is said, and with measures of either kind."""
    given = Given(reps=3, lift_s=0.6, hold_s=0.2, lower_s=0.6, view="front", noise_px=1.0)
    exercise = load_exercise(EXERCISE)
    engine = Engine(exercise, load())
    engine.push(perform(exercise, given).series)
    engine.finish()
    return engine.result()


def begun(store: Store, person_id: UUID, at: datetime = AT) -> UUID:
    """A set that has begun in a session of its own."""
    session_id, set_id = uuid4(), uuid4()
    store.start_session(session_id, person_id, at)
    start = SetStart(
        set_id, session_id, EXERCISE, "both", "0.1.0", "d" * 64, "blazepose full", {"reps": 3}, {"band": 1}
    )
    store.start_set(start, at)
    return set_id


def done(store: Store, person_id: UUID, at: datetime = AT) -> UUID:
    """A whole set, kept as it happened."""
    set_id, result = begun(store, person_id, at), measured_set()
    for n, cue in enumerate(result.cues, 1):
        store.add_cue(set_id, n, cue, at + timedelta(seconds=cue.t_s))
    for rep in result.reps:
        store.add_repetition(set_id, rep, at + timedelta(seconds=rep.end_s))
    store.finish_set(set_id, result, at + timedelta(minutes=1))
    return set_id


def lived_in(store: Store, marker: str = "") -> UUID:
    """A person with a set, records of several kinds and a pose log; the marker stands in their words and their log."""
    person = store.local_person(AT).id
    set_id = done(store, person)
    store.record(person, Setting(name="keep_pose_logs", value=True), id=uuid4(), at=AT)
    store.record(person, Pain(value=3, of="stairs"), id=uuid4(), at=AT, set_id=set_id)
    store.record(person, Note(text=f"{marker} Ünïcode \x00 \u2028 ok"), id=uuid4(), at=AT + timedelta(hours=1))
    plan = PlanVersion(plan={"exercises": [EXERCISE], "x": 1.0, "n": 2**70}, by="start", why=marker, library="d" * 64)
    store.record(person, plan, id=uuid4(), at=AT + timedelta(days=1))
    store.keep_pose_log(uuid4(), set_id, b"PAR1" + marker.encode() * 500, AT)
    return person


def bytes_of(folder: Path) -> bytes:
    """Every byte in every file of a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
