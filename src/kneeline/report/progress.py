"""Progress and load as text, as rows of a table and as JSON; the pictures are in `charts`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from kneeline import __version__
from kneeline.clinic.load import Curve, Load
from kneeline.clinic.progress import Change, Point, Progress, Strand
from kneeline.content.load import Library

if TYPE_CHECKING:
    from rich.console import Console

LAST = 8
"""Days or weeks of a line that a table on a terminal shows."""
_BENDS = (0, 15, 30, 45, 60, 75, 90)


def strand_rows(strand: Strand) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of a strand, newest first: a day, and the value of each line with its range."""
    days = sorted({point.on for line in strand.lines for point in line.points}, reverse=True)
    told = [{point.on: point for point in line.points} for line in strand.lines]
    header = ("Day", *(f"{line.name} ({strand.unit})" for line in strand.lines))
    return header, [(day.isoformat(), *(_cell(line.get(day)) for line in told)) for day in days]


def load_rows(curves: Iterable[Curve]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of the load by knee bend, in times walking, each as the range between the two models.

    hardest: of an activity of which only that is published.
    """
    header = ("Times walking", *(f"{bend}°" for bend in _BENDS), "hardest")
    rows = []
    for curve in curves:
        at = dict(zip(curve.knee_deg, curve.load, strict=True)) if len(curve.load) > 1 else {}
        peak = () if at else curve.load
        rows.append((curve.name, *(_range(at.get(bend)) for bend in _BENDS), _range(peak[0] if peak else None)))
    return header, rows


def print_progress(console: Console, found: Progress) -> None:
    """All of it for a terminal: each strand's sentence and its last values, then load and running."""
    for strand in (found.headline, *found.strands):
        console.print(f"\n[bold]{escape(strand.title)}[/bold]", highlight=False)
        console.print(strand.say, highlight=False, markup=False)
        header, rows = strand_rows(strand)
        if rows:
            console.print(table(header, rows[:LAST]))
    console.print("\n[bold]Next run[/bold]", highlight=False)
    for sentence in (_when(found.next_run.not_before, found.next_run.plan), *found.next_run.why):
        console.print(sentence, highlight=False, markup=False)
    if found.leave_out:
        console.print("\n[bold]Leave out for now[/bold]", highlight=False)
    for one in found.leave_out:
        console.print(f"{one.what}. {one.why} {one.instead}", highlight=False, markup=False)


def progress_answer(found: Progress, today: date, library: Library) -> dict[str, Any]:
    """All of it as JSON values; the load by knee bend is not in it, since it is nobody's own."""
    run = found.next_run
    return {
        "schema_version": 1,
        "kneeline": __version__,
        "library": library.digest,
        "today": today.isoformat(),
        "headline": _strand(found.headline),
        "strands": [_strand(strand) for strand in found.strands],
        "jump": {
            "verdict": found.jump.verdict,
            "ratio": None
            if found.jump.ratio is None
            else [round(found.jump.ratio.low, 3), round(found.jump.ratio.high, 3)],
            "mostly": found.jump.mostly,
            "say": found.jump.say,
        },
        "leave_out": [{"what": one.what, "why": one.why, "instead": one.instead} for one in found.leave_out],
        "next_run": {
            "verdict": run.verdict,
            "run_min": run.run_min,
            "walk_min": run.walk_min,
            "rounds": run.rounds,
            "not_before": run.not_before.isoformat(),
            "cadence_per_min": None if run.cadence_per_min is None else list(run.cadence_per_min),
            "why": list(run.why),
        },
    }


def _strand(strand: Strand) -> dict[str, Any]:
    return {
        "id": strand.id,
        "title": strand.title,
        "unit": strand.unit,
        "say": strand.say,
        "lines": [
            {
                "name": line.name,
                "asked": line.asked,
                "change": _change(line.change),
                "points": [_point(point) for point in line.points],
            }
            for line in strand.lines
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    numbers = {"first": change.first, "last": change.last, "detectable": change.detectable}
    return {"verdict": change.verdict, "say": change.say} | {
        name: None if value is None else round(value, 3) for name, value in numbers.items()
    }


def _point(point: Point) -> dict[str, Any]:
    told = {"on": point.on.isoformat(), "value": round(point.value, 3)}
    if point.low is not None and point.high is not None:
        told |= {"low": round(point.low, 3), "high": round(point.high, 3)}
    return told


def _cell(point: Point | None) -> str:
    if point is None:
        return ""
    value = f"{point.value:.1f}".removesuffix(".0")
    if point.low is None or point.high is None:
        return value
    return f"{value} ({point.low:.1f} to {point.high:.1f})"


def _range(load: Load | None) -> str:
    return "" if load is None else f"{load.low:.1f}-{load.high:.1f}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table for a terminal."""
    drawn = Table(box=None, pad_edge=False, header_style="dim")
    for i, name in enumerate(header):
        drawn.add_column(escape(name), justify="right" if i else "left")
    for row in rows:
        drawn.add_row(*map(escape, row))
    return drawn


def _when(not_before: date, plan: str) -> str:
    return f"From {not_before:%A, %-d %B} on: {plan}"
