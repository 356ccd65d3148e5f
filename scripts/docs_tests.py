"""The manual's page of movement tests, as Markdown, from the library."""

from __future__ import annotations

import re
from collections.abc import Callable

from kneeline.content.load import load
from kneeline.content.schema import Exercise
from kneeline.content.trial_schema import MovementTest, Value
from kneeline.report.story import amount, basis, plain, sentence
from kneeline.report.trial import norm_words, sections_of

VALUES = "What it tells"


def movement_tests(figure: Callable[[Exercise], str]) -> str:
    """A table of all tests, then each whole. figure: how an exercise is drawn."""
    library = load()
    rows = [
        f"| [{t.name}](#{t.id}) | `{t.id}` | {plain(t.minutes.value)} | {' or '.join(t.camera.views)} | {informs(t)} |"
        for t in library.tests.values()
    ]
    head = "| test | id | minutes | camera sees | informs |\n| --- | --- | --- | --- | --- |\n"
    parts = [head + "\n".join(rows)]
    for t in library.tests.values():
        exercise = library.exercises.get(t.exercise)
        drawn = [figure(exercise)] if exercise is not None else []
        sections = sections_of(t, exercise)
        told = [
            f"**{title}**\n\n{values(t) if title == VALUES else _lines(title, lines)}"
            for title, lines in sections.items()
            if lines
        ]
        parts.append("\n\n".join([f"## {t.name} {{#{t.id}}}", t.summary, f"`{t.id}`", *drawn, *told]))
    return re.sub(r"\[S(\d+)\]", r"[S\1](evidence.md#s\1)", "\n\n".join(parts))


def values(test: MovementTest) -> str:
    """What is read off a test, one row per value."""
    head = (
        "| value | what it is | small enough error | real change | usual | what it may weigh |\n" + "| --- " * 6 + "|\n"
    )
    return head + "\n".join(_row(value) for value in test.value)


def _row(value: Value) -> str:
    change = "more than its error"
    if value.detectable is not None:
        change = f"{amount(value.detectable)} or more ({basis(value.detectable)})"
    usual = "<br>".join(map(norm_words, value.norm)) or value.no_norm
    enough = f"{amount(value.enough)} ({basis(value.enough)})"
    name = f"{sentence(value.name)} `{value.id}`"
    return f"| {name} | {value.meaning} | {enough} | {change} | {usual} | {value.weight} |"


def informs(test: MovementTest) -> str:
    """The links that a test's indicators inform."""
    indicators = load().clinic.indicators
    named = [v.indicator for v in test.value if v.indicator] + [d.indicator for d in test.difference if d.indicator]
    return ", ".join(dict.fromkeys(indicators[name].link for name in named)) or "nothing, shown only"


def _lines(title: str, lines: list[str]) -> str:
    return "\n".join(lines) if title == "Steps" else "\n".join(f"- {line}" for line in lines)
