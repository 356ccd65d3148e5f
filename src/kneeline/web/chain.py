"""The chain: a leg that can be moved, what follows in the model, one's own values, and where each exercise acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from kneeline.clinic.chain import following
from kneeline.content.chain_schema import Coupling, Part
from kneeline.content.load import Library
from kneeline.report.leg import leg
from kneeline.report.story import basis, with_error
from kneeline.store.kinds import Finding, TestResult
from kneeline.web.book import Book
from kneeline.web.library import cited
from kneeline.web.render import book_of, page

router = APIRouter()

Leg = Literal["left", "right"]
LABEL = "A leg from the front, with the bones of hip, thigh, kneecap, shin and foot"


@dataclass(frozen=True, slots=True)
class OwnValue:
    """What a movement test said of a part of this leg. value, sd: in the part's unit."""

    value: float
    sd: float
    unit: str
    test: str
    at: datetime

    @property
    def words(self) -> str:
        """The value with its error, as a person reads it."""
        return with_error(self.value, self.sd, self.unit)


@router.get("/chain")
def chain(request: Request, side: Leg | None = None) -> Response:
    """The leg, its parts, and what they do to each other."""
    book = book_of(request)
    results = [one for one in book.store.history(book.person_id, TestResult) if one.payload.side in ("left", "right")]
    seen: Leg = side or ("left" if results and results[-1].payload.side == "left" else "right")
    known = book.library.chain
    return page(
        request,
        "chain.html",
        chain=known,
        drawing=Markup(leg(LABEL, mirrored=seen == "left", handles=_handles(book.library))),
        side=seen,
        own={key: own for key, part in known.part.items() if (own := _own_value(part, seen, book)) is not None},
        focus=_focus(book, seen),
        model=_model(book.library),
        exercises=book.library.exercises,
        tests=book.library.tests,
        used=cited([known], book.library),
        basis_of=_basis,
        title="The chain",
    )


def _own_value(part: Part, side: Leg, book: Book) -> OwnValue | None:
    """The newest value that a test of this leg gave, by the first of the part's tests that has one."""
    kept = [one for one in book.store.history(book.person_id, TestResult) if one.payload.side == side]
    for own in part.own:
        for one in reversed(kept):
            measured = one.payload.measures.get(own.value, {}) if one.payload.test == own.test else {}
            value, sd = measured.get("value"), measured.get("sd")
            if isinstance(value, int | float) and isinstance(sd, int | float) and measured.get("unit") == part.unit:
                test = book.library.tests[own.test].name
                return OwnValue(float(value), float(sd), part.unit, test, one.at)
    return None


def _basis(one: Coupling) -> str:
    """Where the usual value and the range of a coupling come from."""
    usual, between = basis(one.usual), basis(one.low, one.high)
    return f"Both: {usual}." if usual == between else f"Usual value: {usual}; range: {between}."


def _focus(book: Book, side: Leg) -> str:
    """The link that the newest finding of this leg names, "" for none."""
    found = [one.payload for one in book.store.history(book.person_id, Finding) if one.payload.side in (side, "both")]
    return (found[-1].focus or "") if found else ""


def _handles(library: Library) -> dict[str, str]:
    """What can be dragged, each with its word."""
    return {key: key.capitalize() for key, part in library.chain.part.items() if part.by_hand}


def _model(library: Library) -> dict[str, Any]:
    """What the page's script has to know."""
    known = library.chain
    return {
        "part": {
            key: {"says": part.says, "unit": part.unit, "least": part.least.value, "most": part.most.value}
            for key, part in known.part.items()
        },
        "follows": {
            key: {
                to: {"low": one.low, "usual": one.usual, "high": one.high} for to, one in following(known, key).items()
            }
            for key, part in known.part.items()
            if part.by_hand
        },
    }
