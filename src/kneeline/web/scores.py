"""Published questionnaires: their wording stays with its owners, the points chosen there are added up here."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kneeline.clinic.scores import score
from kneeline.content.clinic_schema import Questionnaire
from kneeline.model.errors import InputError
from kneeline.model.quantity import NotAssessable
from kneeline.report.story import basis
from kneeline.store import Kept
from kneeline.store.kinds import Answer
from kneeline.web import clock
from kneeline.web.render import book_of, page, see

router = APIRouter(prefix="/scores")


async def fields(request: Request) -> dict[str, str]:
    """What a form sends, by name; of a name that is there twice the last."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


@router.get("")
def scores(request: Request) -> Response:
    """Every questionnaire: whose it is, and what it came to last."""
    known = book_of(request).library.clinic.questionnaires.values()
    last = {one.id: (found[-1] if (found := _kept(request, one)) else None) for one in known}
    return page(request, "ask_scores.html", known=known, last=last, title="Scores")


@router.get("/{questionnaire_id}")
def give(request: Request, questionnaire_id: str) -> Response:
    """The points of one questionnaire, to be given, and its scores so far."""
    return _given(request, _known(request, questionnaire_id))


@router.post("/{questionnaire_id}")
def given(request: Request, questionnaire_id: str, chosen: Annotated[dict[str, str], Depends(fields)]) -> Response:
    """Keep the score that the points add up to; none where too few are given."""
    book, known = book_of(request), _known(request, questionnaire_id)
    result = score(known, {key: _points(known, key, value) for key, value in chosen.items() if value})
    if isinstance(result, NotAssessable):
        return _given(request, known, result.reason)
    answer = Answer(question=known.id, question_version=1, value=result.value)
    book.store.record(book.person_id, answer, id=uuid4(), at=clock.now())
    return see(f"/scores/{known.id}")


def _given(request: Request, known: Questionnaire, problem: str = "") -> Response:
    so_far = list(reversed(_kept(request, known)))[:12]
    status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
    return page(
        request, "ask_score.html", status, known=known, so_far=so_far, problem=problem, basis=basis, title=known.name
    )


def _points(known: Questionnaire, item: str, value: str) -> int:
    if not value.isascii() or not value.isdecimal() or len(value) > 3:
        raise InputError(
            f"{item} of {known.name} is no number of points", expected="one of the points that are offered"
        )
    return int(value)


def _known(request: Request, questionnaire_id: str) -> Questionnaire:
    known = book_of(request).library.clinic.questionnaires.get(questionnaire_id)
    if known is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return known


def _kept(request: Request, known: Questionnaire) -> list[Kept[Answer]]:
    book = book_of(request)
    return [one for one in book.store.history(book.person_id, Answer) if one.payload.question == known.id]
