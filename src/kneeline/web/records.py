"""Pages that look back and choose: history, the end of a session, settings, and the person's own data."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import numpy as np
from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from kneeline.capture.poselog import read_pose_log
from kneeline.model.errors import StoreError
from kneeline.report.story import listed
from kneeline.store import KeptSet
from kneeline.store.kinds import Effort, Note, Pain
from kneeline.web.book import BY_HAND, Book
from kneeline.web.plan_book import standing
from kneeline.web.render import book_of, page, see

router = APIRouter()


@router.get("/sessions")
def sessions(request: Request) -> Response:
    """What was done."""
    book = book_of(request)
    rows = [(session, sets, _names(book, sets), sum(map(book.counted, sets))) for session, sets in book.sessions()]
    return page(request, "sessions.html", rows=rows, title="History")


@router.get("/sessions/{session_id}")
def session(request: Request, session_id: UUID) -> Response:
    """One session."""
    book = book_of(request)
    book.close_left_open()
    found = book.store.sets(book.person_id, session_id=session_id)
    if not found:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    sets = [(kept, book.turn(kept), book.counted(kept), book.store.result(kept.start.id)) for kept in found]
    said = book.said(session_id)
    replays = {log.set_id for log in book.store.pose_logs(book.person_id)}
    return page(
        request,
        "session.html",
        session_id=session_id,
        at=found[0].at,
        names=_names(book, found),
        sets=sets,
        by_hand=BY_HAND,
        replays=replays,
        pain=[one for one in said if isinstance(one, Pain)],
        effort=[one for one in said if isinstance(one, Effort)],
        notes=[one for one in said if isinstance(one, Note)],
        title="Session",
    )


@router.get("/sessions/{session_id}/end")
def end(request: Request, session_id: UUID) -> Response:
    """The questions after a session."""
    _known_session(book_of(request), session_id)
    return page(request, "end.html", session_id=session_id, title="How was it?")


@router.post("/sessions/{session_id}/end")
def ended(
    request: Request,
    session_id: UUID,
    pain: Annotated[float | None, Form(ge=0, le=10)] = None,
    effort: Annotated[float | None, Form(ge=0, le=10)] = None,
    note: Annotated[str, Form(max_length=10_000)] = "",
    worst: Annotated[float | None, Form(ge=0, le=10)] = None,
) -> Response:
    """What the person said after a session; the rules of the plan hear it at once."""
    book = book_of(request)
    _known_session(book, session_id)
    book.close(session_id, pain, effort, note, worst)
    standing(book)
    return see(f"/sessions/{session_id}")


@router.get("/settings")
def settings(request: Request, saved: bool = False, added: int | None = None, others: bool = False) -> Response:
    """How the coach speaks, and what is kept. added: records that an import brought; others: of somebody else."""
    book = book_of(request)
    return page(
        request,
        "settings.html",
        wishes=book.preferences(),
        saved=saved,
        added=added,
        others=others,
        where=book.store.name,
        title="Settings",
    )


@router.post("/settings")
def choose(
    request: Request,
    voice: Annotated[Literal["auto", "clips", "off"], Form()],
    volume: Annotated[float, Form(ge=0, le=1)],
    talk: Annotated[int, Form(ge=-1, le=1)],
    internal: Annotated[bool, Form()] = False,
    keep_pose_logs: Annotated[bool, Form()] = False,
) -> Response:
    """Keep the choices."""
    chosen = {"voice": voice, "volume": volume, "talk": talk, "internal": internal, "keep_pose_logs": keep_pose_logs}
    book_of(request).prefer(chosen)
    return see("/settings?saved=true")


@router.get("/sets/{set_id}/replay")
def replay(request: Request, set_id: UUID) -> Response:
    """The movement of a set, drawn from the keypoints that were kept."""
    kept, _ = _kept_log(request, set_id)
    known = book_of(request).exercise(kept)
    name = kept.start.exercise if known is None else known.name
    return page(request, "replay.html", kept=kept, name=name, turn=book_of(request).turn(kept), title="Replay")


@router.get("/sets/{set_id}/keypoints")
def keypoints(request: Request, set_id: UUID) -> Response:
    """The kept keypoints of a set, for its replay.

    Little-endian float32, in rows of t_s and 33 times x_px, y_px, confidence; the first row holds width and height.
    """
    _, path = _kept_log(request, set_id)
    series, about = read_pose_log(path)
    rows = np.full((len(series) + 1, 100), np.nan, dtype="<f4")
    rows[0, :2] = about.width_px, about.height_px
    rows[1:, 0] = series.t_s
    rows[1:, 1:] = np.concatenate([series.xy, series.confidence[..., None]], axis=2).reshape(len(series), -1)
    return Response(rows.tobytes(), media_type="application/octet-stream", headers={"cache-control": "no-store"})


@router.post("/data/export")
def export(request: Request) -> Response:
    """Everything that is kept, as one file."""
    at = datetime.now(UTC)
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / f"kneeline-{at:%Y-%m-%d}.zip"
    try:
        book_of(request).store.export(path, at)
    except BaseException:
        folder.cleanup()
        raise
    gone = BackgroundTask(folder.cleanup)
    return FileResponse(path, filename=path.name, media_type="application/zip", background=gone)


@router.post("/data/import")
def import_(request: Request, file: Annotated[UploadFile, File()], as_me: Annotated[bool, Form()] = False) -> Response:
    """Add what an export holds; as_me: go on as the person whose machine wrote it."""
    store = book_of(request).store
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.zip"
        with path.open("wb") as out:
            shutil.copyfileobj(file.file, out)
        done = store.merge(path, as_me=as_me)
    others = done.person_id is not None and done.person_id != book_of(request).person_id
    return see(f"/settings?saved=true&added={sum(done.added.values())}&others={str(others).lower()}")


@router.post("/data/erase")
def erase(request: Request, sure: Annotated[Literal["erase"], Form()]) -> Response:
    """Take everything away that is kept of anybody here."""
    store = book_of(request).store
    for person in store.people():
        store.erase_person(person.id)
    return see("/")


def _known_session(book: Book, session_id: UUID) -> None:
    if not book.store.sets(book.person_id, session_id=session_id):
        raise HTTPException(HTTPStatus.NOT_FOUND)


def _kept_log(request: Request, set_id: UUID) -> tuple[KeptSet, Path]:
    store = book_of(request).store
    try:
        kept = store.set(set_id)
    except StoreError:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None
    logs = store.pose_logs(kept.person_id, set_id)
    if not logs:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return kept, logs[0].path


def _names(book: Book, sets: tuple[KeptSet, ...]) -> str:
    known = dict.fromkeys(kept.start.exercise for kept in sets)
    names = [book.library.exercises[id].name if id in book.library.exercises else id for id in known]
    return listed(names)
