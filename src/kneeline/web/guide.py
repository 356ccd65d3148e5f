"""The knee-replacement guide as pages: it asks, shows the choices side by side, and makes a list of questions."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from itertools import groupby
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from kneeline.clinic import guide as thinking
from kneeline.clinic.answers import Answer as Said
from kneeline.clinic.answers import read_answers
from kneeline.clinic.safety import most_urgent_first
from kneeline.content.clinic_check import references
from kneeline.content.guide_schema import GuideContent, GuideQuestion, Step
from kneeline.model.errors import InputError
from kneeline.report.guide import sheet, sheet_html, sheet_text
from kneeline.report.story import keys_of
from kneeline.store.kinds import Answer
from kneeline.web import clock
from kneeline.web.book import Book
from kneeline.web.render import book_of, page, see

router = APIRouter(prefix="/guide")

PREFIX: Final = "guide_"
"""Answers to the guide are kept beside those to other questions, and some of these ask for the same thing."""
OWN: Final = PREFIX + "own"
PAGES: Final = (
    ("knee", "Your knee"),
    ("you", "You"),
    ("tried", "So far"),
    ("options", "The choices"),
    ("matters", "What matters"),
    ("know", "Check"),
    ("list", "Your list"),
)
NEXT: Final[dict[Step, str]] = {
    "knee": "you",
    "you": "tried",
    "tried": "options",
    "matters": "fit",
    "know": "know#answers",
}
HEADS: Final[dict[Step, tuple[str, str]]] = {
    "knee": (
        "What were you told about the knee?",
        "Leave out what you do not know. It goes on your list of questions.",
    ),
    "you": ("A little about you", "It helps the surgeon to answer. It shuts no choice out."),
    "tried": ("What have you really tried?", "It is no exam. It shows what may still be worth a try."),
    "matters": ("How much does each of these matter to you?", "There is no right answer."),
    "know": ("Is it clear so far?", "Five short questions, then the answers with the reasons."),
}
FLAGS: Final = ("infection_ill", "hot_knee", "no_weight", "stuck", "leg_clot", "lung_clot")
"""What must not wait for any guide; what is said of it stands in red_flags.toml."""
MADE_ON: Final = "22 November 2026"
PARTS: Final = (
    ("what", "What is done"),
    ("suits", "Whom it tends to suit"),
    ("gains", "What it can give"),
    ("harms", "What it can harm"),
    ("recovery", "Getting well again"),
    ("lasts", "How long it lasts"),
    ("unknown", "What is not known"),
)


@router.get("")
def start(request: Request) -> Response:
    """What must not wait, what the guide is, and how far one is."""
    answers = kept_answers(book_of(request))
    clinic, guide = book_of(request).library.clinic, _guide(request)
    found = most_urgent_first((clinic.red_flags[key] for key in FLAGS), clinic.routes)
    flags = [(clinic.routes[route], list(same)) for route, same in groupby(found, key=lambda flag: flag.route)]
    done = [step for step in thinking.STEPS if thinking.answered(step, answers, guide)]
    going_on = next((name for name, _ in PAGES if name in thinking.STEPS and name not in done), "list")
    return _page(request, "guide_start.html", flags=flags, done=done, going_on=going_on)


@router.get("/options")
def options(request: Request) -> Response:
    """The choices side by side."""
    guide = _guide(request)
    answers = kept_answers(book_of(request))
    return _page(
        request,
        "guide_options.html",
        choices=thinking.choices(answers, guide),
        parts=PARTS,
        outcomes=[(outcome, thinking.counts(outcome, guide)) for outcome in guide.outcomes.values()],
        answered=thinking.answered("knee", answers, guide),
        guide=guide,
    )


@router.get("/fit")
def fit(request: Request) -> Response:
    """What matters to the person against all choices."""
    answers, guide = kept_answers(book_of(request)), _guide(request)
    return _page(request, "guide_fit.html", rows=thinking.matrix(answers, guide), guide=guide)


@router.get("/list")
def questions(request: Request) -> Response:
    """The page for the surgeon."""
    book, guide = book_of(request), _guide(request)
    answers, own = kept_answers(book), _own(book)
    shown = sheet(answers, own, guide, clock.today())
    second = [guide.options[key].name for key in thinking.other_opinion(answers, guide)]
    return _page(request, "guide_list.html", sheet=sheet_html(shown), own=own, second=second, answers=answers)


@router.get("/list.txt")
def questions_text(request: Request) -> Response:
    """The page for the surgeon as plain text."""
    book = book_of(request)
    shown = sheet(kept_answers(book), _own(book), _guide(request), clock.today())
    return PlainTextResponse(
        sheet_text(shown),
        headers={"cache-control": "no-store", "content-disposition": 'attachment; filename="questions.txt"'},
    )


@router.post("/own")
def own_words(request: Request, own: Annotated[str, Form(max_length=2_000)] = "") -> Response:
    """Keep what the person wants to ask in words of their own."""
    book = book_of(request)
    if own.strip() != _own(book):
        _keep(book, OWN, 1, own.strip() or None)
    return see("/guide/list")


@router.post("/anew")
def anew(request: Request) -> Response:
    """Begin anew: every answer is taken back."""
    book, guide = book_of(request), _guide(request)
    for key in kept_answers(book):
        _keep(book, PREFIX + key, guide.questions[key].version, None)
    if _own(book):
        _keep(book, OWN, 1, None)
    return see("/guide")


@router.get("/about")
def about(request: Request) -> Response:
    """Where everything comes from, and what is not known."""
    guide, sources = _guide(request), book_of(request).library.sources
    used = sorted({ref for entry in guide.entries() for ref in references(*entry)}, key=_number)
    keys = [
        (sources[key], [ref.partition("#")[2] for ref in used if keys_of((ref,)) == [key]]) for key in keys_of(used)
    ]
    return _page(request, "guide_about.html", sources=keys, made_on=MADE_ON)


@router.get("/{step}")
def ask(request: Request, step: str) -> Response:
    """One page of questions."""
    return _form(request, _step(step), kept_answers(book_of(request)))


async def _fields(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=100)


@router.post("/{step}")
def answer(request: Request, step: str, fields: Annotated[FormData, Depends(_fields)]) -> Response:
    """Keep the answers of one page; what was left out is taken back."""
    book, known = book_of(request), _step(step)
    asked = _guide(request).step(known)
    given = {question.id: _given(question, fields) for question in asked}
    answers: dict[str, Said] = {}
    for question in asked:
        try:
            answers |= read_answers({question.id: given[question.id]}, {question.id: question})
        except InputError:
            picks = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
            return _form(request, known, picks, _problem(question), HTTPStatus.UNPROCESSABLE_ENTITY)
    before = kept_answers(book)
    for question in asked:
        if answers.get(question.id) != before.get(question.id):
            _keep(book, PREFIX + question.id, question.version, _value(question, answers.get(question.id)))
    return see(f"/guide/{NEXT[known]}")


def kept_answers(book: Book) -> dict[str, Said]:
    """What the person answered, as it stands now; answers that the guide does not know any more are left out."""
    questions = book.library.guide.questions
    newest = {one.payload.question: one.payload.value for one in book.store.history(book.person_id, Answer)}
    found: dict[str, Said] = {}
    for key in questions:
        try:
            found |= read_answers({key: newest.get(PREFIX + key)}, questions)
        except InputError:
            continue
    return found


def _own(book: Book) -> str:
    said = [one.payload.value for one in book.store.history(book.person_id, Answer) if one.payload.question == OWN]
    return said[-1] if said and isinstance(said[-1], str) else ""


def _given(question: GuideQuestion, fields: FormData) -> object:
    """What a form says to one question, as `read_answers` takes it."""
    values = [value for value in fields.getlist(question.id) if isinstance(value, str) and value.strip()]
    if question.options:
        return values
    if not values:
        return None
    try:
        return float(values[0])
    except ValueError:
        return values[0]


def _problem(question: GuideQuestion) -> str:
    """What to put right in the answer to one question."""
    if question.least is not None:
        return f"{question.text} Please give a number from {question.least:g} to {question.most:g}, or nothing."
    alone = [option.text for option in question.options if option.alone]
    single = question.kind == "one" or question.most_picks == 1
    most = f"{question.most_picks} at most" if question.most_picks else "each once"
    other = "choose one thing only" if single else most
    return f"{question.text} Please {f'leave “{alone[0]}” alone, or leave it out' if alone else other}."


def _value(question: GuideQuestion, said: Said | None) -> float | str | list[str] | None:
    if not isinstance(said, tuple):
        return said
    return said[0] if question.kind == "one" else list(said)


def _keep(book: Book, question: str, version: int, value: float | str | list[str] | None) -> None:
    payload = Answer(question=question, question_version=version, value=value)
    book.store.record(book.person_id, payload, id=uuid4(), at=clock.now())


def _step(name: str) -> Step:
    for step in NEXT:
        if step == name:
            return step
    raise HTTPException(HTTPStatus.NOT_FOUND)


def _form(request: Request, step: Step, picks: Mapping[str, object], problem: str = "", status: int = 200) -> Response:
    """One page of questions, with what is picked; with a problem, nothing was kept."""
    guide, answers = _guide(request), kept_answers(book_of(request))
    return _page(
        request,
        "guide_ask.html",
        status=status,
        step=step,
        questions=guide.step(step),
        picks=picks,
        notes=thinking.notes(step, answers, guide),
        marked=thinking.marked(answers, guide) if step == "know" else (),
        problem=problem,
        head=HEADS[step],
    )


def _page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    return page(request, template, status, pages=PAGES, keys_of=keys_of, title="Knee replacement guide", **values)


def _guide(request: Request) -> GuideContent:
    return book_of(request).library.guide


def _number(reference: str) -> tuple[int, str]:
    return int(reference.partition("#")[0][1:]), reference
