"""What the store gives back: frozen values with domain objects inside, and how those stand in a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec import Meta

from kneeline.model.diary import SetEntry
from kneeline.model.errors import StoreError
from kneeline.model.movement import (
    Cue,
    FaultFinding,
    Repetition,
    RepetitionVerdict,
    SetResult,
    SetSummary,
    View,
)
from kneeline.model.quantity import Estimate, Measured, NotAssessable, Verdict
from kneeline.store.kinds import KINDS, Payload, Share
from kneeline.store.rows import CueRow, RecordRow, RepetitionRow, Row, SetEndRow, SetRow, instant

P = TypeVar("P", bound=Payload)
P_co = TypeVar("P_co", bound=Payload, covariant=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose records are kept, and since when."""

    id: UUID
    since: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Sets on one day."""

    id: UUID
    person_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class SetStart:
    """What is known when a set begins.

    kneeline, library: version of the engine and digest of the content. pose_model: None without a camera.
    planned: the dose asked for. settings: what else shapes the set (feedback, band ...). Both are plain JSON values.
    """

    id: UUID
    session_id: UUID
    exercise: str
    side: str
    kneeline: str
    library: str
    pose_model: str | None
    planned: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptSet:
    """A set as it was begun and ended; `ended_at` and `summary` are None while it runs, or where it was broken off."""

    start: SetStart
    person_id: UUID
    at: datetime
    ended_at: datetime | None
    summary: SetSummary | None


@dataclass(frozen=True, slots=True)
class Kept(Generic[P_co]):
    """A dated record and what it hangs on."""

    id: UUID
    person_id: UUID
    at: datetime
    payload: P_co
    session_id: UUID | None
    set_id: UUID | None
    replaces: UUID | None


@dataclass(frozen=True, slots=True)
class PoseLog:
    """Keypoints of a set that the person wanted kept, and the file they are in."""

    id: UUID
    person_id: UUID
    set_id: UUID
    at: datetime
    sha256: str
    size_bytes: int
    path: Path


@dataclass(frozen=True, slots=True)
class Judged:
    """How a repetition went, without its numbers: what was told of it, and fault -> verdict."""

    verdict: RepetitionVerdict
    faults: Mapping[str, Verdict]


def repetition_body(rep: Repetition) -> dict[str, Any]:
    """A repetition as JSON values, its numbers whole (an answer's are rounded)."""
    return {
        "n": rep.n,
        "side": rep.side,
        "start_s": rep.start_s,
        "top_start_s": rep.top_start_s,
        "top_end_s": rep.top_end_s,
        "end_s": rep.end_s,
        "lift_s": _plain(rep.lift_s),
        "hold_s": _plain(rep.hold_s),
        "lower_s": _plain(rep.lower_s),
        "measures": {name: _plain(value) for name, value in rep.measures.items()},
        "faults": [
            {"id": f.id, "verdict": f.verdict.value, "probability": f.probability, "reason": f.reason}
            for f in rep.faults
        ],
        "verdict": rep.verdict.value,
    }


def repetition_from(body: dict[str, Any]) -> Repetition:
    """The repetition that `repetition_body` wrote."""
    return Repetition(
        n=body["n"],
        side=body["side"],
        start_s=float(body["start_s"]),
        top_start_s=float(body["top_start_s"]),
        top_end_s=float(body["top_end_s"]),
        end_s=float(body["end_s"]),
        lift_s=_estimate(body["lift_s"]),
        hold_s=_estimate(body["hold_s"]),
        lower_s=_estimate(body["lower_s"]),
        measures={name: _measured(value) for name, value in body["measures"].items()},
        faults=tuple(
            FaultFinding(f["id"], Verdict(f["verdict"]), f["probability"], f["reason"]) for f in body["faults"]
        ),
        verdict=RepetitionVerdict(body["verdict"]),
    )


def cue_body(cue: Cue) -> dict[str, Any]:
    """A cue as JSON values."""
    return {"t_s": cue.t_s, "id": cue.id, "say": cue.say}


def cue_from(body: dict[str, Any]) -> Cue:
    """The cue that `cue_body` wrote."""
    return Cue(float(body["t_s"]), body["id"], body["say"])


def end_body(result: SetResult) -> dict[str, Any]:
    """What is only known at a set's end; its repetitions and cues have rows of their own."""
    view, summary = result.view, result.summary
    return {
        "view": {
            "facing": view.facing,
            "yaw_deg": _plain(view.yaw_deg),
            "usable": view.usable,
            "reasons": list(view.reasons),
        },
        "set": {
            "count": summary.count,
            "good": summary.good,
            "time_under_tension_s": summary.time_under_tension_s,
            "prescribed_time_under_tension_s": summary.prescribed_time_under_tension_s,
            "dose_received": summary.dose_received,
        },
        **digest_of(result.reps),
        "warnings": list(result.warnings),
    }


def digest_of(reps: Sequence[Repetition]) -> dict[str, Any]:
    """What months of sets are looked through for, so that no repetition has to be read again.

    tempo_s: phase -> mean over the repetitions. faults: id -> [present, judged] repetitions.
    """
    faults: dict[str, list[int]] = {}
    for fault in (fault for rep in reps for fault in rep.faults):
        if fault.verdict is not Verdict.NOT_ASSESSABLE:
            counted = faults.setdefault(fault.id, [0, 0])
            counted[0] += fault.verdict is Verdict.PRESENT
            counted[1] += 1
    phases = ("lift", "hold", "lower") if reps else ()
    tempo = {phase: sum(getattr(rep, f"{phase}_s").value for rep in reps) / len(reps) for phase in phases}
    return {"tempo_s": tempo, "faults": faults}


class _Asked(msgspec.Struct):
    """What a set's plan says of its tempo; the rest of it is passed over."""

    lift_s: float | None = None
    hold_s: float | None = None
    lower_s: float | None = None


class _End(msgspec.Struct):
    """What a set's end says of the set as a whole; the rest of it is passed over."""

    set: SetSummary
    tempo_s: dict[str, float] | None = None
    faults: dict[str, tuple[int, int]] | None = None


class _FaultSeen(msgspec.Struct):
    """What a repetition's fault came to; the rest of it is passed over."""

    id: str
    verdict: Verdict


class _RepetitionSeen(msgspec.Struct):
    """What a repetition came to as a whole; the rest of it is passed over."""

    verdict: RepetitionVerdict
    faults: list[_FaultSeen]


_READ_ASKED, _READ_END = msgspec.json.Decoder(_Asked), msgspec.json.Decoder(_End)
_READ_SEEN, _READ_ANY = msgspec.json.Decoder(_RepetitionSeen), msgspec.json.Decoder(dict[str, Any])


def judged_from(body: str) -> Judged:
    """How a repetition went, of its row's document.

    Raises: StoreError when the row is damaged.
    """
    try:
        seen = _READ_SEEN.decode(body)
    except msgspec.DecodeError as error:
        raise _damaged("repetition") from error
    return Judged(seen.verdict, {fault.id: fault.verdict for fault in seen.faults})


def done_from(row: Sequence[str], reps: Callable[[UUID], Sequence[Repetition]]) -> SetEntry:
    """A finished set of the columns at, exercise, side, planned, its end's body and its id; its time is this machine's.

    reps: asked for where the set was kept before its end said how its repetitions went.

    Raises: StoreError when the row is damaged.
    """
    at, exercise, side, planned, body, id = row
    end, asked = _end(body), _READ_ASKED.decode(planned)
    if end.tempo_s is None or end.faults is None:
        end = msgspec.convert({"set": msgspec.to_builtins(end.set), **digest_of(reps(UUID(id)))}, _End)
    told = {"lift": asked.lift_s, "hold": asked.hold_s, "lower": asked.lower_s}
    return SetEntry(
        at=instant(at).astimezone(),
        exercise=exercise,
        side=side,
        count=end.set.count,
        good=end.set.good,
        tension_s=end.set.time_under_tension_s,
        prescribed_tension_s=end.set.prescribed_time_under_tension_s,
        dose_received=end.set.dose_received,
        tempo_s=end.tempo_s or {},
        asked_s={phase: seconds for phase, seconds in told.items() if seconds is not None},
        faults=end.faults or {},
    )


def _end(body: str) -> _End:
    try:
        return _READ_END.decode(body)
    except msgspec.DecodeError as error:
        raise _damaged("set") from error


def result_from(
    body: dict[str, Any], start: SetStart, reps: tuple[Repetition, ...], cues: tuple[Cue, ...]
) -> SetResult:
    """The result that `end_body` wrote, with the repetitions and cues that were kept as they happened."""
    view = body["view"]
    return SetResult(
        exercise=start.exercise,
        side=start.side,
        view=View(view["facing"], _measured(view["yaw_deg"]), view["usable"], tuple(view["reasons"])),
        reps=reps,
        summary=SetSummary(**body["set"]),
        cues=cues,
        warnings=tuple(body["warnings"]),
    )


class _Begun(msgspec.Struct):
    """What a set's plan and settings say, where they say it; the rest of them is passed over."""

    reps: Annotated[int, Meta(ge=1, le=10_000)] = 1
    lift_s: Annotated[float, Meta(ge=0, le=3_600)] = 0.0
    hold_s: Annotated[float, Meta(ge=0, le=3_600)] = 0.0
    lower_s: Annotated[float, Meta(ge=0, le=3_600)] = 0.0
    set_number: Annotated[int, Meta(ge=1, le=10_000)] = 1
    first_side: Literal["left", "right", "both"] = "both"
    camera: bool = False


class _Received(msgspec.Struct):
    """What a set's summary says of the dose; the rest of it is passed over."""

    dose_received: Share | None


def check_body(row: Row) -> None:
    """Refuse a row of an export whose documents we could not read back.

    Raises: StoreError when one is none of ours.
    """
    match row:
        case SetRow(planned=planned, settings=settings):
            _convert("set", planned | settings, _Begun)
        case SetEndRow(body=body):
            _convert("set", body, _End)
            _convert("set", body["set"], _Received)
            start = SetStart(UUID(int=0), UUID(int=0), "", "both", "", "", None)
            read("set", lambda whole: result_from(whole, start, (), ()), json.dumps(body))
        case RepetitionRow(body=body):
            read("repetition", repetition_from, json.dumps(body))
        case CueRow(body=body):
            read("cue", cue_from, json.dumps(body))
        case RecordRow(kind=kind, version=version, body=body) if kind in KINDS and version <= KINDS[kind].version:
            _convert(kind, body, KINDS[kind])


def _convert(what: str, body: dict[str, Any], kind: type[Any]) -> None:
    try:
        msgspec.convert(body, kind)
    except ValueError as error:
        raise _damaged(what) from error


def _damaged(what: str) -> StoreError:
    """The error for a row that was written by nobody we know."""
    return StoreError(f"A kept {what} cannot be read: it was damaged, or written by another version of kneeline.")


_id = lru_cache(maxsize=1024)(UUID)
"""An id that many rows in a row share, made once."""


def _read_json(text: str, what: str) -> dict[str, Any]:
    """A document of ours; our own reader takes a third of the time of the standard one, and never meets NaN."""
    try:
        found: dict[str, Any] = _READ_ANY.decode(text)
        return found
    except msgspec.DecodeError as error:
        raise _damaged(what) from error


def set_from(row: sa.RowMapping) -> KeptSet:
    """The set of a row of exercise_set, joined with its end (`ended_at`, `body`)."""
    start = SetStart(
        id=UUID(row["id"]),
        session_id=_id(row["session_id"]),
        exercise=row["exercise"],
        side=row["side"],
        kneeline=row["kneeline"],
        library=row["library"],
        pose_model=row["pose_model"],
        planned=_read_json(row["planned"], "set"),
        settings=_read_json(row["settings"], "set"),
    )
    over = row["body"] is not None
    return KeptSet(
        start=start,
        person_id=_id(row["person_id"]),
        at=instant(row["at"]),
        ended_at=instant(row["ended_at"]) if over else None,
        summary=_end(row["body"]).set if over else None,
    )


def kept_from(row: sa.RowMapping | dict[str, Any], kind: type[P]) -> Kept[P]:
    """The dated record of a row.

    Raises: StoreError when a newer version wrote it, or it is damaged.
    """
    if row["version"] > kind.version:
        raise StoreError(f"A kept {kind.kind} was written by a newer kneeline. Try: install the newest version.")
    return Kept(
        id=UUID(row["id"]),
        person_id=_id(row["person_id"]),
        at=instant(row["at"]),
        payload=_payload(row["body"], kind),
        session_id=None if row["session_id"] is None else _id(row["session_id"]),
        set_id=None if row["set_id"] is None else UUID(row["set_id"]),
        replaces=None if row["replaces"] is None else UUID(row["replaces"]),
    )


@cache
def _decoder(kind: type[P]) -> msgspec.json.Decoder[P]:
    return msgspec.json.Decoder(kind)


def _payload(body: str, kind: type[P]) -> P:
    try:
        payload: P = _decoder(kind).decode(body)
        return payload
    except msgspec.DecodeError as error:
        raise _damaged(kind.kind) from error


def read(what: str, make: Callable[[Any], T], body: str) -> T:
    """What `make` makes of the JSON in a row.

    Raises: StoreError when it is not what we write.
    """
    try:
        return make(json.loads(body))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(what) from error


def _plain(value: Measured) -> dict[str, Any]:
    if isinstance(value, NotAssessable):
        return {"not_assessable": value.reason}
    return {"value": value.value, "sd": value.sd, "unit": value.unit}


def _measured(body: dict[str, Any]) -> Measured:
    return NotAssessable(body["not_assessable"]) if "not_assessable" in body else _estimate(body)


def _estimate(body: dict[str, Any]) -> Estimate:
    return msgspec.convert(body, Estimate)
