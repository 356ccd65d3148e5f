"""The library to read: exercises, tests, parts of the leg, common claims, each with what is for it and against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kneeline.content.chain_schema import CommonClaim
from kneeline.content.load import Library
from kneeline.content.schema import Claim, Exercise, Number, Source
from kneeline.content.trial_schema import MovementTest, Value
from kneeline.model.finding import LINKS
from kneeline.report import drawing
from kneeline.report.story import amount, basis, plain, sentence
from kneeline.web.render import book_of, page

router = APIRouter()

WAY = {"lift": "Up", "hold": "Hold", "lower": "Down"}
"""A phase as a sheet says it."""


@dataclass(frozen=True, slots=True)
class Cited:
    """A source with those of its statements that a page leans on: locator and what it says there."""

    source: Source
    says: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A value of a movement test in words: what it is, from where on a change is real, what is usual, and how sure."""

    name: str
    meaning: str
    weight: str
    real: str
    usual: str


def cited(roots: Iterable[object], library: Library) -> list[Cited]:
    """Every source below `roots`, in the order of first use, with the statements that are leaned on."""
    found: dict[str, dict[str, str]] = {}
    for reference in _references(roots):
        key, _, locator = reference.partition("#")
        found.setdefault(key, {})[locator] = library.sources[key].supports[locator]
    return [Cited(library.sources[key], tuple(says.items())) for key, says in found.items()]


def _references(item: object) -> Iterable[str]:
    if isinstance(item, msgspec.Struct):
        yield from getattr(item, "evidence", ()) if not isinstance(item, Exercise | MovementTest | CommonClaim) else ()
        for name in item.__struct_fields__:
            yield from _references(getattr(item, name))
    elif isinstance(item, dict):
        yield from _references(tuple(item.values()))
    elif not isinstance(item, str) and isinstance(item, Iterable):
        for part in item:
            yield from _references(part)


def sides(claims: Iterable[Claim]) -> list[tuple[str, list[Claim]]]:
    """What is known, sorted: for it, against it, and what cuts both ways; a side with nothing is left out."""
    known = list(claims)
    titles = {"for": "What speaks for it", "against": "What speaks against it", "mixed": "What cuts both ways"}
    return [(title, found) for side, title in titles.items() if (found := [c for c in known if c.stance == side])]


@router.get("/library")
def shelf(request: Request) -> Response:
    """Everything there is to read."""
    library = book_of(request).library
    return page(
        request,
        "library.html",
        library=library,
        prescribed=[one for one in library.exercises.values() if one.kind == "exercise"],
        title="Library",
    )


@router.get("/library/links/{link_id}")
def one_link(request: Request, link_id: str) -> Response:
    """One part of the leg: what it means that it asks for training, what points to it, what trains it."""
    library = book_of(request).library
    link = _of(library.links, link_id)
    pointing = [one for one in library.clinic.indicators.values() if one.link == link_id]
    tests = {key: test for test in library.tests.values() for key in _informed(test)}
    statement = library.clinic.statements["matching"]
    return page(
        request,
        "library_link.html",
        link=link,
        pointing=[(one, tests.get(one.id)) for one in pointing],
        exercises=[one for one in library.exercises.values() if one.link == link_id and one.kind == "exercise"],
        claims=[one for one in library.claims.values() if link_id in one.links],
        matching=statement,
        used=cited([pointing, statement], library),
        title=link.name,
    )


@router.get("/library/claims/{claim_id}")
def one_claim(request: Request, claim_id: str) -> Response:
    """Something that is often said, with what speaks for it and against it."""
    library = book_of(request).library
    claim = _of(library.claims, claim_id)
    return page(
        request,
        "library_claim.html",
        claim=claim,
        sides=sides(claim.evidence),
        references=[reference for one in claim.evidence for reference in one.evidence],
        exercises=[library.exercises[key] for key in claim.exercises],
        links=[library.links[key] for key in claim.links],
        used=cited([claim], library),
        title=claim.claim,
    )


@router.get("/library/tests/{test_id}")
def one_test(request: Request, test_id: str) -> Response:
    """A movement test in short: what it tells, how sure, and what it may weigh."""
    library = book_of(request).library
    test = _of(library.tests, test_id)
    told = {library.clinic.indicators[key].link for key in _informed(test)}
    return page(
        request,
        "library_test.html",
        test=test,
        values=[_known(value) for value in test.value],
        minutes=f"{amount(test.minutes)} ({basis(test.minutes)})",
        links=[library.links[key] for key in LINKS if key in told],
        sides=sides(test.evidence),
        used=cited([test], library),
        title=test.name,
    )


@router.get("/library/evidence")
def evidence(request: Request) -> Response:
    """Every source, what was read of it, and what it says."""
    library = book_of(request).library
    everything = [Cited(source, tuple(source.supports.items())) for source in library.sources.values()]
    return page(request, "library_evidence.html", used=everything, title="Evidence")


@router.get("/exercises/{exercise_id}/sheet")
def sheet(request: Request, exercise_id: str) -> Response:
    """An exercise on one page of paper."""
    library = book_of(request).library
    exercise = _of(library.exercises, exercise_id)
    if exercise.dose is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return page(
        request,
        "library_sheet.html",
        exercise=exercise,
        figures=_figures(exercise),
        dose=_dose(exercise),
        sides=sides(exercise.evidence),
        used=cited([exercise.evidence, exercise.dose], library),
        title=exercise.name,
    )


def exercise_evidence(exercise: Exercise, library: Library) -> dict[str, Any]:
    """What the page of an exercise shows of its evidence."""
    about = [one for one in library.claims.values() if exercise.id in one.exercises]
    return {"sides": sides(exercise.evidence), "claims": about, "used": cited([exercise.evidence], library)}


def _of(known: Any, key: str) -> Any:
    if key not in known:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return known[key]


def _informed(test: MovementTest) -> Iterator[str]:
    """The indicators that a test gives."""
    yield from (value.indicator for value in test.value if value.indicator)
    yield from (difference.indicator for difference in test.difference if difference.indicator)


def _known(value: Value) -> Known:
    real = f"{amount(value.detectable)} ({basis(value.detectable)})" if value.detectable else ""
    usual = [
        f"{_who(norm.sex, norm.from_age, norm.to_age)}{amount(norm.usual)} ({basis(norm.usual)})" for norm in value.norm
    ]
    return Known(sentence(value.name), value.meaning, value.weight, real, "; ".join(usual) or value.no_norm)


def _who(sex: str, from_age: int, to_age: int) -> str:
    """For whom a norm holds, "" for everybody."""
    who = {"female": "women", "male": "men"}.get(sex, "")
    ages = f"{from_age} to {to_age} years" if (from_age, to_age) != (0, 200) else ""
    told = ", ".join(filter(None, (who, ages)))
    return f"{told}: " if told else ""


def _figures(exercise: Exercise) -> list[tuple[str, Markup]]:
    """The movement in pictures, in the order in which it goes, each with its words."""
    dose = exercise.dose
    assert dose is not None
    first, last = ("lift", "lower") if exercise.repetition.outward == "lift" else ("lower", "lift")
    phases = [("Start", 0.0)]
    for phase, at in ((first, 0.5), ("hold", 1.0), (last, 0.5)):
        phases.append((f"{WAY[phase]}: {amount(getattr(dose, phase))}", at))
    return [(words, Markup(drawing.still(exercise, at))) for words, at in phases]


def _dose(exercise: Exercise) -> list[tuple[str, str, str]]:
    """Every number of the dose: what it is, how much, and where it comes from."""
    dose = exercise.dose
    assert dose is not None
    each = " a side" if exercise.sides == "one" else ""
    rows: list[tuple[str, Number, str]] = [
        ("Sets", dose.sets, plain(dose.sets.value)),
        ("Repetitions", dose.reps, plain(dose.reps.value) + each),
        *((word, getattr(dose, phase), amount(getattr(dose, phase))) for phase, word in WAY.items()),
        ("Rest between sets", dose.rest, amount(dose.rest)),
        ("Sessions a week", dose.per_week, plain(dose.per_week.value)),
    ]
    return [(name, words, basis(number)) for name, number, words in rows]
