"""The report as plain text, to paste into a letter or to read aloud; it says all that the other printers say."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kneeline.report.physio.training import day
from kneeline.report.physio.whole import Leg, Report
from kneeline.report.physio.words import (
    CHANCES,
    TITLE,
    chance,
    history_rows,
    made_line,
    named,
    prescribed_rows,
    tested_table,
    trend_rows,
    week_table,
    who_line,
    why_rows,
)
from kneeline.report.story import sentence

_WIDTH: Final = 96


def report_text(report: Report) -> str:
    """The report in lines of at most 96 characters, where no word is longer."""
    return "\n".join(line.rstrip() for line in _lines(report)).rstrip() + "\n"


def _lines(r: Report) -> Iterator[str]:
    yield f"{TITLE}, {day(r.on)}"
    yield from _wrapped([who_line(r)] if who_line(r) else [], "")
    yield ""
    yield from _wrapped(r.short, "")
    questions = [f"{one.text} ({day(one.on)})" for one in r.questions]
    yield from _section("Questions for my physio", [*questions, *r.discuss])
    yield from _safety(r)
    yield from _section("Finding: which part to train first", [] if r.legs else [_no_finding(r)])
    for leg in r.legs:
        yield from _leg(leg)
    yield from _table("Movement tests against their reference", *tested_table(r.results))
    yield from _table("Is it working?", ("", "", "a change is more than"), trend_rows(r.trends))
    yield from _table("Dose and form, by week", *week_table(r.weeks))
    if r.plan is None:
        yield from _section("Plan", ["There is no plan."])
    else:
        yield from _section("Plan", [f"Since {day(r.plan.begun)}, {r.plan.days}; {r.plan.mode}."])
        yield from _rows(("", "", ""), prescribed_rows(r.plan))
        yield from _wrapped([f"Rule changed: {one}." for one in r.plan.edits])
        yield from _table("What changed it, newest first", ("", "by", ""), history_rows(r.plan))
    yield from _section("What could not be assessed", [f"{one.what}. {one.why}" for one in r.unseen])
    yield from _section("Notes of the person", [f"{one.text} ({day(one.on)})" for one in r.notes])
    said = [f"{one.says} ({', '.join((one.grade, *one.sources))})" for one in r.statements]
    yield from _section("What is known, and how well", said)
    yield from _wrapped([f"[{s.key}] {s.cite}. {s.where} ({s.read} read)." for s in r.sources])
    yield ""
    yield from _wrapped([r.limits, made_line(r)], "")


def _safety(r: Report) -> Iterator[str]:
    told = [f"{flag.name}. {flag.say} {flag.where} {flag.how_soon} ({flag.basis})" for flag in r.safety.standing]
    seen = [f"Looked at by a clinician since: {'; '.join(r.safety.seen)}."] if r.safety.seen else []
    asked = [f"{one.text} {one.answer} ({day(one.on)})" for one in r.safety.asked]
    missing = [f"Not answered: {one}" for one in r.safety.open]
    yield from _section("Safety: what was asked", [r.safety.say, *told, *seen, *asked, *missing])


def _no_finding(r: Report) -> str:
    if not r.earlier:
        return "There is none now."
    last = r.earlier[-1]
    return f"There is none now. The last one, of {day(last.on)}, {last.side} knee: {named(last.focus)}."


def _leg(leg: Leg) -> Iterator[str]:
    yield from _wrapped([f"{sentence(leg.side)} leg{'' if leg.hurts else ', which does not hurt'}. {leg.say}"], "")
    yield from _wrapped((f"{CHANCES[c.of]}: {chance(c)}" for c in leg.chances), "  ")
    yield from _rows(("", "", "usual", ""), why_rows(leg.why))
    yield from _wrapped(leg.turns)


def _section(title: str, items: Sequence[str]) -> Iterator[str]:
    if items or title.startswith("Finding"):
        yield ""
        yield title.upper()
        yield from _wrapped(items)


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield ""
        yield title.upper()
        yield from _rows(head, rows)


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows as sentences, since columns do not survive a letter: the first cell, then each other one with its name."""
    for first, *rest in rows:
        named_cells = [f"{name}: {cell}" if name else cell for name, cell in zip(head[1:], rest, strict=True) if cell]
        yield from _wrapped([f"{first}: {'; '.join(one.rstrip('.') for one in named_cells)}."])


def _wrapped(items: Iterable[str], mark: str = "- ") -> Iterator[str]:
    for item in items:
        yield from textwrap.wrap(item, _WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark))
