"""Safety, questions and the finding as pages: one question a screen, a stop where it is due, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kneeline.clinic.answers import Answer, Answers
from kneeline.clinic.assess import Assessment, Leg
from kneeline.clinic.plan import start_plan
from kneeline.clinic.safety import look_alikes
from kneeline.content.clinic_schema import ClinicContent, Question, Referral
from kneeline.content.load import Library
from kneeline.model.errors import InputError
from kneeline.model.finding import LINKS
from kneeline.model.quantity import Estimate
from kneeline.report.finding import cites, points, turn_words
from kneeline.report.story import keys_of, listed
from kneeline.store.kinds import PlanVersion
from kneeline.web import case as cases
from kneeline.web import clock
from kneeline.web.case import (
    NEVER_CLEARED,
    Case,
    begin_again,
    informs,
    keep_answer,
    keep_findings,
    keep_seen,
    read_case,
)
from kneeline.web.render import book_of, page, see

router = APIRouter()

OLD_AFTER: Final = timedelta(weeks=6)
"""A finding older than this is due to be made anew. House default."""
GUIDES: Final = {"knee_arthritis": "/guide"}
"""Pages of our own that a route can name."""
SECTIONS: Final = {
    "safety": "Safety",
    "you": "You",
    "pain": "The pain",
    "load": "Running",
    "care": "So far",
    "goals": "What you want",
    "later": "Since then",
}
GRADES: Final = {"high": 4, "moderate": 3, "low": 2, "very low": 1}
_TRAINS: Final = ("/start", "/live/", "/count/")
_GOES_ON: Final = ("/next", "/alone")


class HaltError(Exception):
    """Somebody asked for an exercise while a red flag stands."""


def gate(request: Request) -> None:
    """Let nobody on into an exercise or a movement test while a red flag stands.

    Raises: HaltError, which leads to the stop page.
    """
    path = request.url.path
    if (path.startswith(_TRAINS) or path.endswith(_GOES_ON)) and _case(request).flags:
        raise HaltError


@router.get("/knee")
def knee(request: Request) -> Response:
    """Where one stands."""
    book, known = book_of(request), _case(request)
    standing = known.standing
    if standing == "new":
        return page(request, "ask_begin.html", first=known.path[0], title="My knee")
    found = known.assess() if standing == "found" else None
    return page(
        request,
        "knee.html",
        case=known,
        standing=standing,
        rules=_rules(known),
        legs=_painful(found),
        headline=headline,
        old=known.answered is not None and clock.now() - known.answered > OLD_AFTER,
        weeks=OLD_AFTER.days // 7,
        earlier=list(reversed(cases.findings(book.store, book.person_id)))[:6],
        names=name_of,
        title="My knee",
    )


@router.get("/check")
def check(request: Request) -> Response:
    """On to what is due: where it begins, the next question, or what the answers led to."""
    known = _case(request)
    return see("/knee" if known.standing == "new" else _onward(known))


@router.post("/check/again")
def again(request: Request) -> Response:
    """Begin the questions anew; what was answered before stays on record."""
    book = book_of(request)
    begin_again(book.store, book.person_id)
    return see("/check")


@router.get("/check/about")
def about(request: Request) -> Response:
    """What kneeline is, and what it is not."""
    purposes = _clinic(request).purposes.values()
    return page(request, "ask_about.html", purposes=purposes, cites=cites, title="What kneeline is")


@router.get("/check/answers")
def answers(request: Request) -> Response:
    """Every answer of this round, each to be changed."""
    known = _case(request)
    given = [
        (SECTIONS[section], [(q, answer_words(q, known.current.get(q.id))) for q in known.path if q.section == section])
        for section in SECTIONS
    ]
    return page(request, "ask_answers.html", given=given, case=known, title="Your answers")


@router.get("/check/stop")
def stop(request: Request) -> Response:
    """What has to be seen first: where to go, how soon, and why."""
    known = _case(request)
    rules = _rules(known)
    if not rules or (known.current and not known.halted and known.next is not None):
        return see("/check")
    route = known.clinic.routes[rules[0].route]
    urgent = route.page == "" and bool(known.flags)
    return page(
        request,
        "ask_stop.html" if urgent else "ask_elsewhere.html",
        rules=rules,
        route=route,
        guide=GUIDES.get(route.page, ""),
        changes=_questions_behind(rules, known),
        may_go_on=any(rule.route != NEVER_CLEARED for rule in rules),
        more=known.next if urgent else None,
        cites=cites,
        basis=_rule_basis,
        title="See somebody first" if urgent else "Another way first",
    )


@router.post("/check/seen")
def seen(
    request: Request,
    sure: Annotated[Literal["yes"], Form()],
    rule: Annotated[list[str], Form()] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """The person was seen, and told that it is fine to go on with what the page named.

    rule: what it named; anything that another window has raised since still stands.
    """
    book = book_of(request)
    keep_seen(book.store, book.person_id, [one for one in _rules(_case(request)) if one.id in rule])
    return see("/check")


@router.get("/check/{question_id}")
def ask(request: Request, question_id: str) -> Response:
    """One question."""
    return _asked(request, question_id)


@router.post("/check/{question_id}")
def answered(
    request: Request,
    question_id: str,
    value: Annotated[list[str], Form()] = [],  # noqa: B006  # FastAPI copies it
    skip: Annotated[bool, Form()] = False,
) -> Response:
    """Keep one answer, and on to what is due next."""
    book, known = book_of(request), _case(request)
    question = _question(request, question_id)
    try:
        keep_answer(book.store, book.person_id, question, None if skip else _from_form(question, value), known)
    except InputError as error:
        return _asked(request, question_id, _problem(question, value, str(error)), value)
    return see(_onward(_case(request)))


@router.get("/finding")
def finding(request: Request) -> Response:
    """What to train first, why, how sure that is, and what would change it."""
    book, known = book_of(request), _case(request)
    if known.standing != "found":
        return see("/check")
    found = known.assess()
    keep_findings(book.store, book.person_id, found.legs, book.library)
    return page(
        request,
        "finding.html",
        legs=[_leg(leg, known, book.library) for leg in _painful(found)],
        found=found,
        case=known,
        statements=[(s, cites(s.evidence), GRADES.get(s.grade, 0)) for s in found.statements],
        basis=_rule_basis,
        used=_used(found, book.library.clinic),
        sources=book.library.sources,
        planned=book.store.latest(book.person_id, PlanVersion) is not None,
        title="What to train first",
    )


def headline(leg: Leg) -> str:
    """What comes first for a leg, in one line."""
    if leg.finding.focus:
        return f"The part to train first: the {leg.finding.focus}."
    if leg.mostly_load:
        return "How much you do comes first."
    return f"Start with {listed(leg.start)} together."


def name_of(focus: str | None) -> str:
    """What an earlier finding named."""
    return f"the {focus} first" if focus else "no part stood out"


def answer_words(question: Question, answer: Answer | None) -> str:
    """An answer as the person gave it, "" where there is none.

    >>> answer_words(Question(id="age", section="you", kind="number", text="?", unit="years"), 34.0)
    '34 years'
    """
    if answer is None:
        return ""
    if isinstance(answer, tuple):
        texts = {option.id: option.text for option in question.options}
        return "; ".join(texts[pick] for pick in answer)
    return f"{answer:g} {question.unit or 'of 10'}"


def _case(request: Request) -> Case:
    book = book_of(request)
    return read_case(book.store, book.library, book.person_id)


def _clinic(request: Request) -> ClinicContent:
    return book_of(request).library.clinic


def _onward(known: Case) -> str:
    """The page that is due."""
    if known.halted:
        return "/check/stop"
    if (following := known.next) is not None:
        return f"/check/{following.id}"
    return "/check/stop" if _rules(known) else "/finding"


def _rules(known: Case) -> tuple[Referral, ...]:
    """What keeps a person from going on: every red flag that stands, else every other problem that the answers fit."""
    if known.flags:
        return known.flags
    return look_alikes(known.current, known.clinic) if known.standing == "elsewhere" else ()


def _question(request: Request, question_id: str) -> Question:
    question = _clinic(request).questions.get(question_id)
    if question is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return question


def _asked(request: Request, question_id: str, problem: str = "", picked: list[str] | None = None) -> Response:
    question, known = _question(request, question_id), _case(request)
    way = [one.id for one in known.path]
    if question.id not in way:
        return see("/check")
    place = way.index(question.id)
    before: Answer | None = known.current.get(question.id)
    chosen = set(picked) if picked else set(before) if isinstance(before, tuple) else set()
    side = known.current.get("side")
    return page(
        request,
        "ask_question.html",
        HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        question=question,
        place=place + 1,
        of=len(way),
        back=f"/check/{way[place - 1]}" if place else "/knee",
        chosen=chosen,
        number=before if isinstance(before, float) else None,
        steps=_steps(question),
        left=isinstance(side, tuple) and side[0] in ("left", "both_left"),
        problem=problem,
        title=question.text,
    )


def _steps(question: Question) -> tuple[int, ...]:
    """Every number that can be chosen by one tap; none where they are too many."""
    low, high = int(question.least or 0), int(question.most or 0)
    return tuple(range(low, high + 1)) if not question.options and high - low <= 10 else ()


def _from_form(question: Question, value: list[str]) -> object:
    """What a form sends, as an answer."""
    if question.options:
        return value
    if len(value) != 1 or not value[0].strip():
        return None
    try:
        return float(value[0].strip().replace(",", "."))
    except ValueError:
        return value[0]


def _problem(question: Question, value: list[str], error: str) -> str:
    """What to do otherwise, in one sentence."""
    alone = {option.id for option in question.options if option.alone}
    if len(value) > 1 and alone & set(value):
        return "You chose something and also none of it. Choose one or the other."
    if question.most_picks and len(value) > question.most_picks:
        return f"Choose {question.most_picks} at most."
    if not any(one.strip() for one in value):
        return "Choose what fits, to go on." if question.options else "Type a number, to go on."
    if not question.options and question.least is not None and question.most is not None:
        return f"Type a whole number from {question.least:g} to {question.most:g}."
    return error


def _questions_behind(rules: tuple[Referral, ...], known: Case) -> list[tuple[Question, str]]:
    """The questions whose answers led here, each with its answer, so that a slip can be put right."""
    asked = dict.fromkeys(c.question for rule in rules for c in rule.when)
    return [
        (known.clinic.questions[key], answer_words(known.clinic.questions[key], known.said.get(key))) for key in asked
    ]


def _rule_basis(rule: Any) -> str:
    """Where a rule comes from."""
    sources = ", ".join(f"[{key}]" for key in keys_of(rule.evidence))
    if rule.basis == "sourced":
        return sources
    return f"house default, leaning on {sources}" if sources else "house default"


def _painful(found: Assessment | None) -> list[Leg]:
    return [] if found is None else [leg for leg in found.legs if leg.hurts]


def _leg(leg: Leg, known: Case, library: Library) -> dict[str, Any]:
    """What the page needs of one leg."""
    clinic, focus = library.clinic, leg.finding.focus
    plan = start_plan(leg, known.current, library, clock.now()).plan
    values = _values(leg, known.results.get(leg.side, {}), known.current, clinic)
    return {
        "leg": leg,
        "headline": headline(leg),
        "rows": [(link, leg.finding.links[link]) for link in LINKS],
        "points": points(leg, values, known.current, clinic),
        "turns": [turn_words(turn, values[turn.test], focus, clinic) for turn in leg.turns],
        "unseen": [(clinic.indicators[key].name, why) for key, why in leg.unseen.items()],
        "next": _next_test(leg, library),
        "start": [library.exercises[one.exercise] for one in plan.prescriptions],
        "means": [library.links[link] for link in leg.start],
    }


def _values(leg: Leg, measured: Mapping[str, Any], said: Answers, clinic: ClinicContent) -> dict[str, Estimate]:
    """Everything with a number that a leg's finding rests on: tests, and answers with their usual error."""
    values = {key: value for key, value in measured.items() if isinstance(value, Estimate)}
    for entry in clinic.indicators.values():
        answer = said.get(entry.question)
        if leg.hurts and isinstance(answer, float):
            values[entry.id] = Estimate(answer, entry.error.value, entry.unit)
    return values


def _next_test(leg: Leg, library: Library) -> dict[str, Any] | None:
    """The movement test that would tell most now, and what it would tell of."""
    if leg.next_test is None:
        return None
    for test in library.tests.values():
        if leg.next_test in informs(test).values():
            entry = library.clinic.indicators[leg.next_test]
            return {"test": test, "link": entry.link, "of": entry.name}
    return None


def _used(found: Assessment, clinic: ClinicContent) -> list[str]:
    """The sources that the finding's page names, in the order of their numbers."""
    references = [reference for statement in found.statements for reference in statement.evidence]
    references += [reference for shift in found.shifts for reference in shift.evidence]
    for leg in _painful(found):
        for told in leg.reasons:
            for fits in clinic.indicators[told.id].likelihood:
                for spread in (fits.present, fits.absent):
                    references += [*spread.mean.evidence, *spread.sd.evidence]
    return sorted(keys_of(references), key=lambda key: int(key[1:]))
