"""The manual's page of movement tests, as Markdown, from the library."""

from __future__ import annotations

import re

from kneeline.content.load import load
from kneeline.content.trial_schema import MovementTest
from kneeline.report.story import plain
from kneeline.report.trial import sections_of


def movement_tests() -> str:
    """A table of all tests, then each whole."""
    library = load()
    rows = [
        f"| [{t.name}](#{t.id}) | `{t.id}` | {plain(t.minutes.value)} | {' or '.join(t.camera.views)} | {informs(t)} |"
        for t in library.tests.values()
    ]
    head = "| test | id | minutes | camera sees | informs |\n| --- | --- | --- | --- | --- |\n"
    parts = [head + "\n".join(rows)]
    for t in library.tests.values():
        sections = sections_of(t, library.exercises.get(t.exercise))
        told = [f"### {title}\n\n{_lines(title, lines)}" for title, lines in sections.items() if lines]
        parts.append("\n\n".join([f"## {t.name} {{#{t.id}}}\n\n{t.summary}\n\n`{t.id}`", *told]))
    return re.sub(r"\[(S\d+)\]", r"[\1](evidence.md#\1)", "\n\n".join(parts)).replace("#S", "#s")


def informs(test: MovementTest) -> str:
    """The links that a test's indicators inform."""
    indicators = load().clinic.indicators
    named = [v.indicator for v in test.value if v.indicator] + [d.indicator for d in test.difference if d.indicator]
    return ", ".join(dict.fromkeys(indicators[name].link for name in named)) or "nothing, shown only"


def _lines(title: str, lines: list[str]) -> str:
    return "\n".join(lines) if title == "Steps" else "\n".join(f"- {line}" for line in lines)
