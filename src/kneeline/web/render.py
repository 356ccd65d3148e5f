"""How a page is made: templates, the words they share, and the answers they become."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, cast

import jinja2
import msgspec
from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from kneeline import __version__
from kneeline.report.story import amount, basis, count_of, keys_of, sentence
from kneeline.web import clock
from kneeline.web.book import Book
from kneeline.web.course import Turn

TEMPLATES: Final = Path(__file__).parent / "templates"


def book_of(request: Request) -> Book:
    """The book of the application that was asked."""
    return cast(Book, request.app.state.book)


def trouble(request: Request, sentence: str, status: int) -> Response:
    """A page that says in one sentence what is wrong."""
    return page(request, "trouble.html", status=status, sentence=sentence, title="That did not work")


def turn_words(turn: Turn) -> str:
    """A turn as a person says it.

    >>> turn_words(Turn(2, 3, "left", 60.0))
    'Set 2 of 3, left leg'
    """
    leg = "" if turn.side == "both" else f", {turn.side} leg"
    return f"Set {turn.number} of {turn.of}{leg}"


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A template, filled in."""
    filled = _PAGES.get_template(template).render(path=request.url.path, version=__version__, **values)
    return HTMLResponse(filled, status, headers={"cache-control": "no-store"})


def see(path: str) -> Response:
    """On to another page, after a form."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def _when(at: datetime) -> str:
    """A moment in the words and the time zone of the reader."""
    here = at.astimezone()
    days = (clock.today() - here.date()).days
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
    filters: Mapping[str, Any] = {
        "when": _when,
        "cap": sentence,
        "json": _script_json,
        "turn": turn_words,
        "reps": count_of,
        "amount": amount,
    }
    environment.filters.update(filters)
    environment.globals["basis"] = basis
    environment.globals["keys_of"] = keys_of
    return environment


def _script_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


_PAGES: Final = _environment()
