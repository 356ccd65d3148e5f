"""The report as tidy tables, one observation a row, and as JSON with its schema."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from kneeline.report.answer import to_json
from kneeline.report.physio.whole import Report

Cell = str | float | int | date | None
Table = tuple[tuple[str, ...], Sequence[tuple[Cell, ...]]]
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def report_tables(report: Report) -> Mapping[str, Table]:
    """Each table by name, as its header and rows; those that hold nothing are there with their header.

    series: everything over time, with the ends of its error. tests: the newest and the first number of each value.
    findings: probabilities, now and earlier. weeks: dose in seconds under tension, and form. plan: what changed it.
    answers: what was asked for safety. not_assessable: what could not be told, and why.
    """
    points = [
        (s.id, s.title, line.name, s.unit, point.on, point.value, point.low, point.high)
        for s in report.series
        for line in s.lines
        for point in line.points
    ]
    now = [(report.on, leg.side, c.of, c.value, c.low, c.high) for leg in report.legs for c in leg.chances]
    before = [(one.on, one.side, c.of, c.value, c.low, c.high) for one in report.earlier for c in one.chances]
    return {
        "series": (("id", "title", "line", "unit", "on", "value", "low", "high"), points),
        "tests": (
            ("test", "name", "side", "on", "value", "sd", "unit", "detectable", "first_on", "first", "first_sd"),
            [
                (t.test, t.name, t.side, t.on, t.value, t.sd, t.unit, t.detectable, t.first_on, t.first, t.first_sd)
                for t in report.results
            ],
        ),
        "findings": (("on", "side", "part", "probability", "low", "high"), [*before, *now]),
        "weeks": (
            ("ends", "days", "sets", "judged", "good", "by_hand", "asked_s", "received_s"),
            [(w.ends, w.days, w.sets, w.judged, w.good, w.by_hand, w.asked_s, w.received_s) for w in report.weeks],
        ),
        "plan": (
            ("on", "by", "rule", "why", "what"),
            [(v.on, v.by, v.rule, v.why, " · ".join(v.what)) for v in (report.plan.history if report.plan else ())],
        ),
        "answers": (("on", "question", "answer"), [(one.on, one.text, one.answer) for one in report.safety.asked]),
        "not_assessable": (("what", "why"), [(one.what, one.why) for one in report.unseen]),
    }


def csv_text(table: Table) -> str:
    """A table as CSV. Text that a spreadsheet would run as a formula begins with an apostrophe.

    >>> csv_text((("a", "b"), [("=1+1", None)]))
    "a,b\\r\\n'=1+1,\\r\\n"
    """
    written = io.StringIO(newline="")
    rows = csv.writer(written)
    rows.writerow(table[0])
    rows.writerows([[_safe(cell) for cell in row] for row in table[1]])
    return written.getvalue()


def parquet_bytes(table: Table) -> bytes:
    """A table as Parquet, with the types of its columns also where it is empty."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, rows = table
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = [pa.array(column, type=_type(name)) for name, column in zip(names, columns, strict=True)]
    written = io.BytesIO()
    pq.write_table(pa.table(dict(zip(names, arrays, strict=True))), written)
    return written.getvalue()


def _type(name: str) -> Any:
    import pyarrow as pa

    if name in ("on", "first_on", "ends"):
        return pa.date32()
    if name in ("days", "sets", "judged", "good", "by_hand"):
        return pa.int32()
    numbers = ("value", "sd", "low", "high", "detectable", "first", "first_sd", "probability", "asked_s", "received_s")
    return pa.float64() if name in numbers else pa.string()


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def report_json(report: Report) -> str:
    """The report as JSON (`docs/schema/report.schema.json`)."""
    return to_json(msgspec.to_builtins(report))


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the report, made of its types."""
    made = msgspec.json.schema(Report)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A report for a physio", **made}
