"""Movement tests as pages: which there are, how each is done, before the camera or without, and what came out."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Annotated, Any, Final, cast
from uuid import UUID, uuid4

import msgspec
from fastapi import APIRouter, Depends, Form, Request, WebSocket
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kneeline.content.trial_schema import ByYourself, MovementTest, Value
from kneeline.model.errors import InputError
from kneeline.model.finding import LINKS
from kneeline.model.quantity import Estimate
from kneeline.motion.live_trial import LiveTrial
from kneeline.motion.taps import Taps, read_taps
from kneeline.motion.trial import by_yourself
from kneeline.report.place import where_to_stand
from kneeline.report.story import with_error
from kneeline.report.trial import norm_words, sections_of
from kneeline.web import ask, trial_book
from kneeline.web.book import Book
from kneeline.web.pages import TOO_MUCH_PAIN
from kneeline.web.render import book_of, page, see
from kneeline.web.trial_book import Known, Tested, sides_of
from kneeline.web.trial_run import Go, TrialRuns
from kneeline.web.trial_words import (
    case_of,
    cited,
    differences,
    failed,
    informs,
    last_known,
    lines,
    link_of,
    next_best,
    shown,
    was_stopped,
    way,
)

router = APIRouter(dependencies=[Depends(ask.gate)])
sockets = APIRouter()

MOST_TAPS: Final = 10


@router.get("/tests")
def tests(request: Request) -> Response:
    """Every test, by the part of the leg that it tells of, with what is known already."""
    book = book_of(request)
    numbers = trial_book.known(book)
    groups: dict[str, list[tuple[MovementTest, list[tuple[str, Value, Known]]]]] = {link: [] for link in (*LINKS, "")}
    for test in book.library.tests.values():
        groups[link_of(test, book.library)].append((test, last_known(test, numbers)))
    return page(
        request, "tests.html", groups=groups, next=next_best(book, ""), sides_of=sides_of, shown=shown, title="Tests"
    )


@router.get("/tests/{test_id}")
def one_test(request: Request, test_id: str, side: str = "") -> Response:
    """One test, whole."""
    book, test = _test(request, test_id)
    sides = sides_of(test)
    chosen = side if side in sides else sides[0] if len(sides) == 1 else ""
    return page(
        request,
        "test_one.html",
        test=test,
        exercise=book.library.exercises.get(test.exercise),
        sections=sections_of(test, book.library.exercises.get(test.exercise)),
        side=chosen,
        sides=(chosen, *(one for one in sides if one != chosen)) if chosen else sides,
        new_id=uuid4,
        last=last_known(test, trial_book.known(book)),
        informs=informs(test, book.library),
        stands=case_of(book).flags,
        cited=cited(test),
        sources=book.library.sources,
        shown=shown,
        norm_words=norm_words,
        title=test.name,
    )


@router.get("/tests/{test_id}/place.svg")
def place(request: Request, test_id: str, side: str = "") -> Response:
    """Where the camera stands in this test, drawn to scale."""
    book, test = _test(request, test_id)
    exercise = book.library.exercises.get(test.exercise)
    if exercise is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    drawn = where_to_stand(msgspec.structs.replace(exercise, camera=test.camera), "left" if side == "left" else "right")
    return Response(drawn, media_type="image/svg+xml", headers={"cache-control": "max-age=3600"})


@router.get("/live/test/{test_id}/{side}/{go_id}")
def live(request: Request, test_id: str, side: str, go_id: UUID) -> Response:
    """The test in front of the camera."""
    book, test = _test(request, test_id)
    if side not in sides_of(test) or test.kind == "photo":
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if trial_book.find(book, go_id) is not None:
        return see(f"/trials/{go_id}")
    wishes = book.preferences()
    setup: dict[str, Any] = {
        "path": f"/live/test/{test.id}/{side}/{go_id}",
        "after": f"/trials/{go_id}",
        "tempo": [0, 0, 0],
        "outward": "lift",
        "unit": "s" if test.kind in ("hold", "gait") else "",
        "clicks": 0 if test.pace is None else test.pace.clicks.value,
        "model": "/model/pose.task",
        "clips": "/static/voice/",
        "voice": wishes.voice,
        "volume": wishes.volume,
        "lines": {},
    }
    exercise = book.library.exercises.get(test.exercise)
    return page(
        request,
        "test_live.html",
        test=test,
        exercise=exercise,
        side=side,
        setup=setup,
        title=test.name,
    )


@sockets.websocket("/live/test/{test_id}/{side}/{go_id}")
async def live_line(page: WebSocket, test_id: str, side: str, go_id: UUID) -> None:
    """The line of a live test."""
    await _runs(page).serve(page, Go(test_id, side, go_id))


@router.get("/tests/{test_id}/alone")
def alone(request: Request, test_id: str, side: str = "") -> Response:
    """The test without a camera: a watch or a counter, and a number."""
    return _alone(request, test_id, side)


@router.post("/tests/{test_id}/alone")
def done_alone(
    request: Request,
    test_id: str,
    side: Annotated[str, Form(max_length=10)],
    value: Annotated[str, Form(max_length=40)],
) -> Response:
    """What the person counted, timed or measured."""
    book, test = _test(request, test_id)
    if side not in sides_of(test):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
    _by_yourself(test)
    try:
        result = by_yourself(test, _typed(value), side)
    except InputError as problem:
        return _alone(request, test_id, side, str(problem), value)
    go_id = uuid4()
    trial_book.keep(book, result, id=go_id)
    return see(f"/trials/{go_id}")


@router.get("/tests/{test_id}/photo")
def photo(request: Request, test_id: str, side: str = "") -> Response:
    """The photo that is tapped; it stays in the page."""
    return _photo(request, test_id, side)


@router.post("/tests/{test_id}/photo")
async def tapped(request: Request, test_id: str) -> Response:
    """The places that were tapped, and nothing else: a form that holds a file is refused."""
    book, test = _test(request, test_id)
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    form = await request.form()
    side, taps = form.get("side"), form.getlist("taps")
    if test.kind != "photo" or side not in sides_of(test) or not set(form) <= {"side", "taps"}:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
    places = [_places(str(one)) for one in taps]
    result = read_taps(test, [one for one in places if one is not None], str(side))
    if not places or len(places) > MOST_TAPS or None in places:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
    go_id = uuid4()
    trial_book.keep(book, result, id=go_id)
    return see(f"/trials/{go_id}")


@router.get("/trials/{go_id}")
def after(request: Request, go_id: UUID) -> Response:
    """What came out, and what to do now."""
    book = book_of(request)
    tested = _tested(book, go_id)
    test = book.library.tests[tested.result.test]
    waiting = _runs(request).waiting(go_id)
    if not tested.asked and waiting is not None and tested.goes[-1].count:
        return _asking(request, test, tested, waiting)
    stopped = was_stopped(tested)
    return page(
        request,
        "test_after.html",
        test=test,
        tested=tested,
        result=tested.result,
        stopped=stopped,
        limit=TOO_MUCH_PAIN,
        lines=lines(book, test, tested),
        differences=differences(test, tested),
        items=[(item, _item_name(test, item.id)) for item in tested.result.items],
        failed=failed(tested),
        way=way(book, test, tested, stopped=stopped),
        again=f"/tests/{test.id}?side={tested.result.side}",
        title=test.name,
    )


@router.post("/trials/{go_id}")
async def said(request: Request, go_id: UUID) -> Response:
    """What only the person knows of a test that is done."""
    book = book_of(request)
    tested = _tested(book, go_id)
    test = book.library.tests[tested.result.test]
    waiting = _runs(request).waiting(go_id)
    if waiting is None or tested.asked:
        return see(f"/trials/{go_id}")
    form = await request.form()
    answers = {}
    for key in trial_book.asks(test):
        given = [str(one) for one in form.getlist(key)]
        if any(not one for one in given) or not given:
            return _asking(request, test, tested, waiting, "Something is not answered yet.")
        answers[key] = ",".join(given)
    try:
        result = waiting.result(answers)
    except InputError as problem:
        return _asking(request, test, tested, waiting, str(problem))
    trial_book.say(book, tested, result, answers)
    return see(f"/trials/{go_id}")


# Pages that are shown again when something in them was wrong


def _alone(request: Request, test_id: str, side: str, problem: str = "", typed: str = "") -> Response:
    book, test = _test(request, test_id)
    sides = sides_of(test)
    own = _by_yourself(test)
    value = next(value for value in test.value if value.id == own.value)
    within = test.ends.within if test.ends is not None else None
    return page(
        request,
        "test_alone.html",
        HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        test=test,
        exercise=book.library.exercises.get(test.exercise),
        own=own,
        value=value,
        sides=sides,
        side=side if side in sides else "",
        problem=problem,
        typed=typed,
        helper=_helper(test, value),
        within=0 if within is None else within.value,
        clicks=0 if test.pace is None else test.pace.clicks.value,
        volume=book.preferences().volume,
        title=test.name,
    )


def _helper(test: MovementTest, value: Value) -> str:
    """What helps to do it alone: a "watch", a "counter", a "timer" of half a minute, or nothing."""
    if value.unit == "steps/min":
        return "timer"
    return {"s": "watch", "reps": "counter"}.get(value.unit, "")


def _photo(request: Request, test_id: str, side: str) -> Response:
    _, test = _test(request, test_id)
    if test.kind != "photo":
        raise HTTPException(HTTPStatus.NOT_FOUND)
    sides = sides_of(test)
    return page(
        request,
        "test_photo.html",
        test=test,
        sides=sides,
        side=side if side in sides else "",
        rounds=round(test.least.value),
        title=test.name,
    )


def _asking(request: Request, test: MovementTest, tested: Tested, coach: LiveTrial, problem: str = "") -> Response:
    """What only the person knows, asked while the test is fresh."""
    newest = coach.result()
    rated = [
        (value, [with_error(one.value, one.sd, one.unit) if isinstance(one, Estimate) else "" for one in told.each])
        for value in test.value
        if value.said and (told := newest.values[value.id]).each
    ]
    return page(
        request,
        "test_said.html",
        HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        test=test,
        go_id=tested.kept.payload.detail["run"],
        items=[item for item in test.item if item.ask],
        rated=rated,
        side=tested.result.side,
        problem=problem,
        title=test.name,
    )


# What a form or an address says


def _item_name(test: MovementTest, id: str) -> str:
    return next((item.name for item in test.item if item.id == id), id)


def _test(request: Request, test_id: str) -> tuple[Book, MovementTest]:
    book = book_of(request)
    test = book.library.tests.get(test_id)
    if test is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return book, test


def _tested(book: Book, go_id: UUID) -> Tested:
    tested = trial_book.find(book, go_id)
    if tested is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return tested


def _by_yourself(test: MovementTest) -> ByYourself:
    if not test.by_yourself:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return test.by_yourself[0]


def _runs(asked: Request | WebSocket) -> TrialRuns:
    return cast(TrialRuns, asked.app.state.trial_runs)


def _typed(text: str) -> float:
    """A number as people type it. Raises: InputError when it is none.

    >>> _typed(" 12,5 ")
    12.5
    """
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError("That is not a number", expected="a number, such as 12")
    return number


def _places(text: str) -> Taps | None:
    """Three places from six numbers, None where they are none.

    >>> _places("10,200,160,200,110,150")
    (10.0, 200.0, 160.0, 200.0, 110.0, 150.0)
    """
    try:
        x1, y1, x2, y2, x3, y3 = (float(part) for part in text.split(","))
    except ValueError:
        return None
    places = (x1, y1, x2, y2, x3, y3)
    return places if all(0 <= one <= 100_000 for one in places) else None
