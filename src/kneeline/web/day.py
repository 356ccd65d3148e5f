"""The days: what to do now, how the knee is this morning and at any moment, and how it is against the beginning."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Final, cast
from uuid import NAMESPACE_URL, uuid4, uuid5

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from kneeline.clinic.answers import read_answers
from kneeline.clinic.course import CHANGE
from kneeline.model.errors import InputError
from kneeline.model.plan import PainSaid, PlanVersion
from kneeline.store.kinds import Answer, Pain
from kneeline.web import clock
from kneeline.web.book import Book
from kneeline.web.case import informs, keep_findings, read_case
from kneeline.web.plan_book import Standing, in_progress, shown, standing, told, week
from kneeline.web.render import book_of, page, see

router = APIRouter()

Scale = Annotated[float, Form(ge=0, le=10)]
MaybeScale = Annotated[float | None, Form(ge=0, le=10)]
_MOMENTS: Final = ("now", "stairs")


@router.get("/")
def home(request: Request, later: bool = False) -> Response:
    """What to do now: first how the morning is, where that is due, then today's session or why there is none."""
    book = book_of(request)
    book.close_left_open()
    case = read_case(book.store, book.library, book.person_id)
    if case.standing == "stopped":
        return page(request, "home_stop.html", flag=case.flags[0], title="Today")
    if (left := _left_open(book)) is not None:
        return page(request, "home_left.html", kept=left, exercise=book.exercise(left), title="Today")
    try:
        now = standing(book)
    except InputError as problem:
        return page(request, "plan_broken.html", problem=str(problem), case=case, title="Today")
    if now is None:
        return page(request, "home.html", case=case, title="Today", **_by_choice(book))
    if now.morning and not later:
        return page(request, "morning.html", about=now.morning, again=False, title="This morning")
    return page(request, "home_plan.html", now=now, title="Today", **_today(book, now))


@router.get("/morning")
def morning(request: Request) -> Response:
    """How the knee is this morning."""
    book = book_of(request)
    said = _said_this_morning(book)
    if said is not None:
        return page(request, "morning_said.html", said=said, title="This morning")
    return page(request, "morning.html", about="", again=True, title="This morning")


@router.post("/morning")
def this_morning(request: Request, value: Scale) -> Response:
    """Keep how the knee is this morning; the first answer of a day stands, since the plan has answered to it."""
    book = book_of(request)
    with book.planning:
        if _said_this_morning(book) is None:
            name = uuid5(NAMESPACE_URL, f"{book.person_id} next_morning {clock.today()}")
            book.store.record(book.person_id, Pain(value=value, of="next_morning"), id=name, at=clock.now())
    standing(book)
    return see("/")


@router.get("/pain")
def pain(request: Request, saved: bool = False) -> Response:
    """How the knee is at any moment."""
    return page(request, "pain.html", moments=_MOMENTS, saved=saved, title="How is the knee?")


@router.post("/pain")
def said(request: Request, now: MaybeScale = None, stairs: MaybeScale = None) -> Response:
    """Keep how the knee is; the rules answer at once."""
    book = book_of(request)
    for of, value in zip(_MOMENTS, (now, stairs), strict=True):
        if value is not None:
            book.store.record(book.person_id, Pain(value=value, of=of), id=uuid4(), at=clock.now())
    standing(book)
    return see("/")


@router.get("/retest")
def retest(request: Request) -> Response:
    """The re-test: the movement tests again, and one question."""
    book = book_of(request)
    question, now = book.library.clinic.questions[CHANGE], standing(book)
    if now is None:
        return see("/")
    tests = [t for t in book.library.tests.values() if any(informs(t).values())]
    return page(request, "retest.html", question=question, tests=tests, begun=now.plan.begun, title="Is it working?")


@router.post("/retest")
def retested(request: Request, value: Annotated[str, Form(max_length=40)]) -> Response:
    """Keep how the knee is against the beginning, and have the rules answer.

    The same answer again on one day is one answer.
    """
    book = book_of(request)
    question = book.library.clinic.questions[CHANGE]
    with book.planning:
        today = [
            one
            for one in book.store.history(book.person_id, Answer)
            if one.payload.question == CHANGE and one.at.astimezone().date() == clock.today()
        ]
        if not today:
            known = read_case(book.store, book.library, book.person_id)
            if known.standing == "found":  # what the tests say now; the rules weigh it with the answer
                keep_findings(book.store, book.person_id, known.assess().legs, book.library)
            read = read_answers({CHANGE: [value]}, {CHANGE: question})[CHANGE]
            kept = Answer(question=CHANGE, question_version=question.version, value=list(cast(tuple[str, ...], read)))
            book.store.record(book.person_id, kept, id=uuid4(), at=clock.now())
    standing(book)
    return see("/plan?answered=true")


def _left_open(book: Book) -> Any:
    """Today's set that was left in the middle, or the last one of a session that may go on."""
    going = in_progress(book)
    if going is not None:
        return going
    last = next(iter(book.store.sets(book.person_id, unended=True)[-1:]), None)
    return last if last is not None and last.at.astimezone().date() == clock.today() else None


def _said_this_morning(book: Book) -> float | None:
    pains = book.store.history(book.person_id, Pain, since=clock.now() - timedelta(days=1))
    said = [one for one in pains if one.payload.of == "next_morning"]
    return next((one.payload.value for one in said if one.at.astimezone().date() == clock.today()), None)


def _by_choice(book: Book) -> dict[str, Any]:
    """What home shows without a plan: the exercise that was done last, and what else there is."""
    sets = book.store.sets(book.person_id)
    last = next((one for one in reversed(sets) if book.exercise(one) is not None), None)
    exercise = None if last is None else book.exercise(last)
    prescribed = [one for one in book.library.exercises.values() if one.kind == "exercise"]
    return {"exercise": exercise, "last": last, "prescribed": prescribed}


def _today(book: Book, now: Standing) -> dict[str, Any]:
    """What home shows of a plan."""
    library = book.library
    notices = library.planning.notices
    asks = {one: _asked(now, one) for one in now.today.asks if one != "next_morning"}
    sore = now.today.why == notices["rest_gate"]
    return {
        "parts": [shown(p, now.plan, library) for p in now.today.session],
        "changes": [told(version, library) for version in reversed(now.changes)],
        "week": week(now),
        "asks": asks,
        "sore": sore,
        "said": _morning_of(now, now.today.day),
    }


def _asked(now: Standing, asks: str) -> PlanVersion:
    """The version that asks for something, with its reason."""
    return next((v for v in reversed(now.versions) if v.change.asks == asks), now.versions[-1])


def _morning_of(now: Standing, day: date) -> float | None:
    said = [e.value for e in now.happened if isinstance(e, PainSaid) and e.of == "next_morning" and e.at.date() == day]
    return said[-1] if said else None
