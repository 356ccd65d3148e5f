"""The one page that a person takes to the surgeon: what they were told and tried, what matters, and what to ask."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import jinja2
from markupsafe import Markup

from kneeline.clinic.answers import Answers
from kneeline.clinic.guide import asks, matrix
from kneeline.content.guide_schema import Group, GuideContent, Step
from kneeline.report.story import plain

TITLE: Final = "Questions for my surgeon"
FOOT: Final = (
    "Made with kneeline, which asks and does not advise. It is no diagnosis and no medical device; "
    "it was not tested on patients."
)
GROUPS: Final[Mapping[Group, str]] = {
    "first": "First of all",
    "knee": "My knee",
    "choices": "The choices",
    "operation": "The operation",
    "after": "Afterwards",
    "time": "Time",
}
_WIDTH: Final = 78


@dataclass(frozen=True, slots=True)
class Part:
    """Questions of one kind: a heading, and each question with why it is asked."""

    title: str
    asks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on the page. Each of `told`, `me`, `tried` is a short name and what was answered.

    matters: what matters to the person, most first; the first `most` of these were said to matter a lot.
    """

    on: date
    told: tuple[tuple[str, str], ...]
    me: tuple[tuple[str, str], ...]
    tried: tuple[tuple[str, str], ...]
    goals: tuple[str, ...]
    matters: tuple[str, ...]
    most: int
    parts: tuple[Part, ...]
    own: str


def sheet(answers: Answers, own: str, guide: GuideContent, on: date) -> Sheet:
    """The page for these answers.

    own: the person's own words. on: the day that stands on it.

    >>> from kneeline.content.load import load
    >>> sheet({"told": ("total",)}, "", load().guide, date(2026, 11, 22)).told[0]
    ('Told', 'That I need a full knee replacement')
    """
    found = asks(answers, guide)
    parts = (
        Part(title, tuple((ask.text, ask.why) for ask in found if ask.group == group))
        for group, title in GROUPS.items()
    )
    rows = matrix(answers, guide)
    goals = answers.get("goals", ())
    return Sheet(
        on=on,
        told=(*_side(answers, guide), *_answers("knee", answers, guide)),
        me=_answers("you", answers, guide),
        tried=_answers("tried", answers, guide),
        goals=_words("goals", goals, guide) if isinstance(goals, tuple) else (),
        matters=tuple(row.wish.wish for row in rows),
        most=sum(row.weight > 1 for row in rows),
        parts=tuple(part for part in parts if part.asks),
        own=own.strip(),
    )


def _side(answers: Answers, guide: GuideContent) -> Iterable[tuple[str, str]]:
    side = answers.get("side")
    return (("Knee", _words("side", side, guide)[0].lower()),) if isinstance(side, tuple) else ()


def _answers(step: Step, answers: Answers, guide: GuideContent) -> tuple[tuple[str, str], ...]:
    """Short name and answer of what was answered on one page."""
    found = []
    for question in guide.step(step):
        answer = answers.get(question.id)
        if question.short and answer is not None:
            said = _words(question.id, answer, guide) if isinstance(answer, tuple) else (plain(answer),)
            found.append((question.short, "; ".join(said)))
    return tuple(found)


def _words(question: str, chosen: tuple[str, ...], guide: GuideContent) -> tuple[str, ...]:
    return tuple(option.text for option in guide.questions[question].options if option.id in chosen)


def sheet_text(found: Sheet) -> str:
    """The page as plain text, at most 78 characters wide."""
    lines = [TITLE, f"{found.on:%d %B %Y}", ""]
    for title, pairs in (("What I was told", found.told), ("About me", found.me), ("What I have tried", found.tried)):
        if pairs:
            lines += [title, *_wrapped(f"{name}: {said}" for name, said in pairs), ""]
    if found.goals:
        lines += ["What I want to do again", *_wrapped(found.goals), ""]
    if found.matters:
        lines += ["What matters to me, most first", *_wrapped(found.matters), ""]
    for part in found.parts:
        lines += [part.title, *_wrapped((f"{text} ({why})" if why else text for text, why in part.asks), "[ ] "), ""]
    if found.own:
        lines += ["In my own words", *_wrapped(found.own.splitlines(), "  "), ""]
    return "\n".join([*lines, *textwrap.wrap(FOOT, _WIDTH)]) + "\n"


def _wrapped(items: Iterable[str], mark: str = "- ") -> list[str]:
    return [
        line
        for item in items
        for line in textwrap.wrap(item, _WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark))
    ]


def sheet_html(found: Sheet) -> Markup:
    """The page as an `<article>`, without a style of its own."""
    return Markup(_TEMPLATE.render(sheet=found, title=TITLE, foot=FOOT))


_TEMPLATE: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("guide.html.j2")
