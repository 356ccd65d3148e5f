"""The pages: rendered here, usable without script wherever no camera is needed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4

import msgspec
from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kneeline.clinic.course import session_of
from kneeline.content.schema import Exercise
from kneeline.model.errors import StoreError
from kneeline.model.movement import SetResult
from kneeline.model.plan import Prescription
from kneeline.motion.live import HURT
from kneeline.report.story import SIGN, WORD, amount, basis, listed, percent, plain, tell
from kneeline.store import KeptSet
from kneeline.web.book import BY_HAND, Book, Choice
from kneeline.web.course import Side
from kneeline.web.library import exercise_evidence
from kneeline.web.plan_book import Standing, shown, standing
from kneeline.web.render import book_of, page, see, turn_words

router = APIRouter()

TOO_MUCH_PAIN: Final = 5
"""Above this, today is not a day for it: the stop rule of every exercise. House default."""
BETWEEN_SETS: Final = ("swap_sides", "rest", "rest_over", "all_done")
"""What the page itself says; everything else comes through the socket."""
BANDS: Final = ("lightest", "light", "medium", "strong")
SUPPORTS: Final = ("wall", "chair")
Scale = Annotated[float, Form(ge=0, le=10)]


@router.get("/exercises")
def exercises(request: Request) -> Response:
    """Everything that can be done here."""
    book = book_of(request)
    others = [e for e in book.library.exercises.values() if e.kind == "movement"]
    return page(request, "exercises.html", prescribed=_prescribed(book), others=others, title="Exercises")


@router.get("/exercises/{exercise_id}")
def exercise(request: Request, exercise_id: str) -> Response:
    """One exercise, whole."""
    known = _exercise(request, exercise_id)
    evidence = exercise_evidence(known, book_of(request).library)
    return page(request, "exercise.html", exercise=known, dose=_dose_words(known), title=known.name, **evidence)


@router.get("/start")
def start(request: Request, exercise: str = "") -> Response:
    """The questions before a session: of today's plan, of one exercise of it, or of one's own choice."""
    book = book_of(request)
    now = standing(book)
    if asked := _asked(book, now, exercise):
        parts = [shown(p, now.plan, book.library) for p in asked] if now else []
        return page(
            request,
            "plan_start.html",
            parts=parts,
            exercise=exercise,
            by_camera=not all(part.rung.not_by_camera for part in parts),
            stop_rules=dict.fromkeys(rule for part in parts for rule in part.exercise.stop_rules),
            session_id=uuid4(),
            supports=SUPPORTS,
            title="Before you start",
        )
    if not exercise:
        return see("/")
    known = _exercise(request, exercise)
    return page(
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
    session: Annotated[UUID, Form()],
    pain: Scale,
    signs: Annotated[Literal["no", "yes"], Form()],
    exercise: Annotated[str, Form()] = "",
    how: Annotated[Literal["camera", "count"], Form()] = "camera",
    side: Annotated[Side, Form()] = "both",
    band: Annotated[str, Form(max_length=40)] = "",
    support: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Begin a session, unless today is not a day for it."""
    book = book_of(request)
    if signs == "yes" or pain > TOO_MUCH_PAIN:
        book.not_today(session, pain)
        return page(request, "not_today.html", signs=signs == "yes", limit=TOO_MUCH_PAIN, title="Not today")
    asked = _asked(book, standing(book), exercise)
    known = None if asked else _exercise(request, exercise)
    if known is not None and known.sides == "one" and side == "both":
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
    first = side if known is not None and known.sides == "one" else asked[0].first if asked else "both"
    worn, held = band if band in BANDS else "", support if support in SUPPORTS else ""
    kept = book.begin(Choice(session, known, first, how == "camera", pain, worn, held, asked))
    return see(_page_of(kept))


@router.get("/live/{set_id}")
def live(request: Request, set_id: UUID) -> Response:
    """The set in front of the camera."""
    book, kept, known = _set(request, set_id)
    if not kept.start.settings.get("camera"):
        return see(f"/count/{set_id}")
    if kept.ended_at is not None:
        return see(f"/sets/{set_id}")
    return page(
        request,
        "live.html",
        exercise=known,
        kept=kept,
        rung=book.rung(kept),
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
        return see(f"/sets/{set_id}")
    return page(
        request,
        "count.html",
        exercise=known,
        rung=book.rung(kept),
        done=len(book.store.repetitions(set_id)),
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
    return see(f"/sets/{set_id}")


@router.get("/sets/{set_id}")
def one_set(request: Request, set_id: UUID, part: bool = False, stopped: bool = False) -> Response:
    """What happened in a set, and what comes next.

    part: for the live page, without a page around it. stopped: it ended because it hurt, so nothing goes on by itself.
    """
    book, kept, known = _set(request, set_id)
    if kept.ended_at is None:
        return see(_page_of(kept))
    result = book.store.result(set_id)
    if result is None:
        raise StoreError("This set was not finished")
    return page(
        request,
        "after_part.html" if part else "after.html",
        exercise=known,
        kept=kept,
        turn=book.turn(kept),
        next=book.next_turn(kept),
        next_name=book.next_name(kept),
        stopped=stopped or HURT in result.warnings,
        limit=TOO_MUCH_PAIN,
        title="After the set",
        **_happened(book, kept, known, result),
    )


@router.post("/sets/{set_id}/next")
def next_set(request: Request, set_id: UUID) -> Response:
    """Begin the next set of the session, or go to its end; the live page asks for JSON and stays where it is."""
    book, kept, known = _set(request, set_id)
    following = book.go_on(kept)
    if following is None:
        return see(f"/sessions/{kept.start.session_id}/end")
    same = book.turn(following).part == book.turn(kept).part
    if same and "application/json" in request.headers.get("accept", ""):
        setup = _setup(book, following, known)
        return Response(msgspec.json.encode(setup), media_type="application/json")
    return see(_page_of(following))


@router.get("/offline")
def offline(request: Request) -> Response:
    """What an installed page shows when kneeline itself does not run."""
    return page(request, "offline.html", title="kneeline is not running")


def _page_of(kept: KeptSet) -> str:
    """The page that a set is done on."""
    return f"/{'live' if kept.start.settings.get('camera') else 'count'}/{kept.start.id}"


def _asked(book: Book, now: Standing | None, exercise: str) -> tuple[Prescription, ...]:
    """What the plan asks for: a session as it is today, or one exercise of it; nothing for one of one's own choice."""
    if now is None:
        return ()
    session = now.today.session or session_of(now.plan, book.library)
    return tuple(p for p in session if p.exercise == exercise) if exercise else session


def _exercise(request: Request, exercise_id: str) -> Exercise:
    known = book_of(request).library.exercises.get(exercise_id)
    if known is None or known.kind == "hold":
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return known


def _set(request: Request, set_id: UUID) -> tuple[Book, KeptSet, Exercise]:
    book = book_of(request)
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
        "lines": {line: book.library.sayings[line] for line in BETWEEN_SETS},
    }


def _happened(book: Book, kept: KeptSet, exercise: Exercise, result: SetResult) -> dict[str, Any]:
    story = tell(result, exercise, book.library)
    dose = result.summary.dose_received
    return {
        "result": result,
        "story": story,
        "dose": dose,
        "dose_words": None if dose is None else percent(dose),
        "by_hand": BY_HAND in result.warnings,
        "signs": [(rep.n, rep.verdict, SIGN[rep.verdict], WORD[rep.verdict]) for rep in result.reps],
        "asked": int(kept.start.planned.get("reps", 0)),
    }


def _dose_words(exercise: Exercise) -> str:
    dose = exercise.dose
    if dose is None:
        return ""
    each = " on each side" if exercise.sides == "one" else ""
    phases = [(dose.lift, "up"), (dose.hold, "held"), (dose.lower, "down")]
    whose = basis(dose.sets, dose.reps, dose.lift, dose.hold, dose.lower, dose.rest)
    tempo = listed(f"{amount(number)} {word}" for number, word in phases)
    sets, reps = plain(dose.sets.value), plain(dose.reps.value)
    return f"{sets} sets of {reps}{each}, {tempo}, {amount(dose.rest)} of rest ({whose})."
