"""The pages: rendered here, usable without script wherever no camera is needed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast
from uuid import UUID, uuid4

import jinja2
import msgspec
from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from kneeline import __version__
from kneeline.content.schema import Exercise
from kneeline.model.errors import StoreError
from kneeline.model.movement import RepetitionVerdict, SetResult
from kneeline.report.story import SIGN, WORD, amount, count_of, listed, percent, plain, sentence, tell
from kneeline.store import KeptSet
from kneeline.store.kinds import Effort, Note, Pain
from kneeline.web.book import Book, Choice
from kneeline.web.course import Side, Turn

router = APIRouter()

TEMPLATES: Final = Path(__file__).parent / "templates"
TOO_MUCH_PAIN: Final = 5
"""Above this, today is not a day for it: the stop rule of every exercise. House default."""
BANDS: Final = ("lightest", "light", "medium", "strong")
SUPPORTS: Final = ("wall", "chair")
Scale = Annotated[float, Form(ge=0, le=10)]


@router.get("/")
def home(request: Request) -> Response:
    """What to do now."""
    book = _book(request)
    sessions = book.sessions()
    last = next(((s, sets) for s, sets in sessions if book.exercise(sets[-1]) is not None), None)
    open_set = None
    if last is not None:
        newest = last[1][-1]
        today = newest.at.astimezone().date() == datetime.now().astimezone().date()
        if today and newest.ended_at is None and newest.start.settings.get("camera"):
            open_set = newest
    exercise = None if last is None else book.exercise(last[1][-1])
    return _page(
        request,
        "home.html",
        exercise=exercise,
        last=last,
        open_set=open_set,
        prescribed=_prescribed(book),
        title="Today",
    )


@router.get("/exercises")
def exercises(request: Request) -> Response:
    """Everything that can be done here."""
    book = _book(request)
    others = [e for e in book.library.exercises.values() if e.kind == "movement"]
    return _page(request, "exercises.html", prescribed=_prescribed(book), others=others, title="Exercises")


@router.get("/exercises/{exercise_id}")
def exercise(request: Request, exercise_id: str) -> Response:
    """One exercise, whole."""
    known = _exercise(request, exercise_id)
    return _page(request, "exercise.html", exercise=known, dose=_dose_words(known), title=known.name)


@router.get("/start")
def start(request: Request, exercise: str) -> Response:
    """The questions before a session."""
    known = _exercise(request, exercise)
    return _page(
        request,
        "start.html",
        exercise=known,
        session_id=uuid4(),
        bands=BANDS if _with_band(known) else (),
        supports=SUPPORTS,
        title=known.name,
        limit=TOO_MUCH_PAIN,
    )


@router.post("/start")
def begin(
    request: Request,
    exercise: Annotated[str, Form()],
    session: Annotated[UUID, Form()],
    pain: Scale,
    signs: Annotated[Literal["no", "yes"], Form()],
    how: Annotated[Literal["camera", "count"], Form()] = "camera",
    side: Annotated[Side, Form()] = "both",
    band: Annotated[str, Form(max_length=40)] = "",
    support: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Begin a session, unless today is not a day for it."""
    book, known = _book(request), _exercise(request, exercise)
    if signs == "yes" or pain > TOO_MUCH_PAIN:
        return _page(
            request, "not_today.html", exercise=known, signs=signs == "yes", limit=TOO_MUCH_PAIN, title="Not today"
        )
    if known.sides == "one" and side == "both":
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
    first = side if known.sides == "one" else "both"
    camera = how == "camera"
    choice = Choice(
        session, known, first, camera, pain, band if band in BANDS else "", support if support in SUPPORTS else ""
    )
    kept = book.begin(choice)
    return _see(f"/{'live' if camera else 'count'}/{kept.start.id}")


@router.get("/live/{set_id}")
def live(request: Request, set_id: UUID) -> Response:
    """The set in front of the camera."""
    book, kept, known = _set(request, set_id)
    if not kept.start.settings.get("camera"):
        return _see(f"/count/{set_id}")
    if kept.ended_at is not None:
        return _see(f"/sets/{set_id}")
    return _page(
        request,
        "live.html",
        exercise=known,
        kept=kept,
        turn=book.turn(kept),
        setup=_setup(book, kept, known),
        wishes=book.preferences(),
        title=known.name,
    )


@router.get("/count/{set_id}")
def count(request: Request, set_id: UUID) -> Response:
    """The set without a camera: a metronome, and a button for each repetition."""
    book, kept, known = _set(request, set_id)
    if kept.ended_at is not None:
        return _see(f"/sets/{set_id}")
    return _page(
        request,
        "count.html",
        exercise=known,
        kept=kept,
        turn=book.turn(kept),
        setup=_setup(book, kept, known),
        wishes=book.preferences(),
        title=known.name,
    )


@router.post("/count/{set_id}")
def counted(request: Request, set_id: UUID, reps: Annotated[int, Form(ge=0, le=500)]) -> Response:
    """What the person counted."""
    book, kept, _ = _set(request, set_id)
    if kept.ended_at is None:
        book.count_by_hand(kept, reps)
    return _see(f"/sets/{set_id}")


@router.get("/sets/{set_id}")
def one_set(request: Request, set_id: UUID, part: bool = False) -> Response:
    """What happened in a set, and what comes next; part: for the live page, without a page around it."""
    book, kept, known = _set(request, set_id)
    if kept.ended_at is None:
        return _see(f"/{'live' if kept.start.settings.get('camera') else 'count'}/{set_id}")
    result = book.store.result(set_id)
    if result is None:
        raise StoreError("This set was not finished")
    return _page(
        request,
        "after_part.html" if part else "after.html",
        exercise=known,
        kept=kept,
        turn=book.turn(kept),
        next=book.next_turn(kept),
        title="After the set",
        **_happened(book, kept, known, result),
    )


@router.post("/sets/{set_id}/next")
def next_set(request: Request, set_id: UUID) -> Response:
    """Begin the next set of the session, or go to its end; the live page asks for JSON and stays where it is."""
    book, kept, known = _set(request, set_id)
    following = book.go_on(kept)
    if following is None:
        return _see(f"/sessions/{kept.start.session_id}/end")
    if "application/json" in request.headers.get("accept", ""):
        setup = _setup(book, following, known)
        return Response(msgspec.json.encode(setup), media_type="application/json")
    return _see(f"/{'live' if kept.start.settings.get('camera') else 'count'}/{following.start.id}")


@router.get("/sessions")
def sessions(request: Request) -> Response:
    """What was done."""
    book = _book(request)
    rows = [(session, sets, _names(book, sets)) for session, sets in book.sessions()]
    return _page(request, "sessions.html", rows=rows, title="History")


@router.get("/sessions/{session_id}")
def session(request: Request, session_id: UUID) -> Response:
    """One session."""
    book = _book(request)
    found = [sets for one, sets in book.sessions() if one.id == session_id]
    if not found:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    sets = [(kept, book.turn(kept), book.exercise(kept), book.store.result(kept.start.id)) for kept in found[0]]
    said = book.said(session_id)
    return _page(
        request,
        "session.html",
        session_id=session_id,
        at=found[0][0].at,
        names=_names(book, found[0]),
        sets=sets,
        pain=[one for one in said if isinstance(one, Pain)],
        effort=[one for one in said if isinstance(one, Effort)],
        notes=[one for one in said if isinstance(one, Note)],
        title="Session",
    )


@router.get("/sessions/{session_id}/end")
def end(request: Request, session_id: UUID) -> Response:
    """The questions after a session."""
    return _page(request, "end.html", session_id=session_id, title="How was it?")


@router.post("/sessions/{session_id}/end")
def ended(
    request: Request,
    session_id: UUID,
    pain: Annotated[float | None, Form(ge=0, le=10)] = None,
    effort: Annotated[float | None, Form(ge=0, le=10)] = None,
    note: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    """What the person said after a session."""
    _book(request).close(session_id, pain, effort, note)
    return _see(f"/sessions/{session_id}")


@router.get("/settings")
def settings(request: Request, saved: bool = False) -> Response:
    """How the coach speaks, and what is kept."""
    book = _book(request)
    return _page(
        request, "settings.html", wishes=book.preferences(), saved=saved, where=book.store.name, title="Settings"
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
    _book(request).prefer(chosen)
    return _see("/settings?saved=true")


@router.get("/offline")
def offline(request: Request) -> Response:
    """What an installed page shows when kneeline itself does not run."""
    return _page(request, "offline.html", title="kneeline is not running")


def trouble(request: Request, sentence: str, status: int) -> Response:
    """A page that says in one sentence what is wrong."""
    return _page(request, "trouble.html", status=status, sentence=sentence, title="That did not work")


def _book(request: Request) -> Book:
    return cast(Book, request.app.state.book)


def _exercise(request: Request, exercise_id: str) -> Exercise:
    known = _book(request).library.exercises.get(exercise_id)
    if known is None or known.kind == "hold":
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return known


def _set(request: Request, set_id: UUID) -> tuple[Book, KeptSet, Exercise]:
    book = _book(request)
    try:
        kept = book.find(set_id)
    except StoreError:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None
    known = book.exercise(kept)
    if known is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return book, kept, known


def _prescribed(book: Book) -> list[Exercise]:
    return [one for one in book.library.exercises.values() if one.kind == "exercise"]


def _with_band(exercise: Exercise) -> bool:
    return any("band" in thing.lower() for thing in exercise.equipment)


def _setup(book: Book, kept: KeptSet, exercise: Exercise) -> dict[str, Any]:
    """What the page's scripts have to know of a set."""
    turn, wishes, plan = book.turn(kept), book.preferences(), kept.start.planned
    return {
        "set_id": str(kept.start.id),
        "turn": turn_words(turn),
        "reps": int(plan["reps"]),
        "tempo": [float(plan["lift_s"]), float(plan["hold_s"]), float(plan["lower_s"])],
        "outward": exercise.repetition.outward,
        "model": "/model/pose.task",
        "clips": "/static/voice/",
        "voice": wishes.voice,
        "volume": wishes.volume,
    }


def turn_words(turn: Turn) -> str:
    """A turn as a person says it.

    >>> turn_words(Turn(2, 3, "left", 60.0))
    'Set 2 of 3, left leg'
    """
    leg = "" if turn.side == "both" else f", {turn.side} leg"
    return f"Set {turn.number} of {turn.of}{leg}"


def _happened(book: Book, kept: KeptSet, exercise: Exercise, result: SetResult) -> dict[str, Any]:
    story = tell(result, exercise, book.library)
    dose = result.summary.dose_received
    by_hand = not kept.start.settings.get("camera")
    return {
        "result": result,
        "story": story,
        "dose": dose,
        "dose_words": None if dose is None else percent(dose),
        "by_hand": by_hand,
        "signs": [(rep.n, rep.verdict, SIGN[rep.verdict], WORD[rep.verdict]) for rep in result.reps],
        "asked": int(kept.start.planned.get("reps", 0)),
        "verdicts": RepetitionVerdict,
    }


def _names(book: Book, sets: tuple[KeptSet, ...]) -> str:
    known = dict.fromkeys(kept.start.exercise for kept in sets)
    names = [book.library.exercises[id].name if id in book.library.exercises else id for id in known]
    return listed(names)


def _dose_words(exercise: Exercise) -> str:
    dose = exercise.dose
    if dose is None:
        return ""
    each = " on each side" if exercise.sides == "one" else ""
    phases = [(dose.lift, "up"), (dose.hold, "held"), (dose.lower, "down")]
    tempo = listed(f"{amount(number)} {word}" for number, word in phases)
    return f"{plain(dose.sets.value)} sets of {plain(dose.reps.value)}{each}, {tempo}, {amount(dose.rest)} of rest."


def _page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    page = _PAGES.get_template(template).render(path=request.url.path, version=__version__, **values)
    return HTMLResponse(page, status, headers={"cache-control": "no-store"})


def _see(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def _when(at: datetime) -> str:
    """A moment in the words and the time zone of the reader."""
    here = at.astimezone()
    days = (datetime.now(UTC).astimezone().date() - here.date()).days
    day = {0: "today", 1: "yesterday"}.get(days, f"{here:%A}, {here.day} {here:%B %Y}")
    return f"{day} at {here:%H:%M}"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Any] = {"when": _when, "cap": sentence, "json": _script_json, "turn": turn_words, "reps": count_of}
    environment.filters.update(filters)
    return environment


def _script_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


_PAGES: Final = _environment()
