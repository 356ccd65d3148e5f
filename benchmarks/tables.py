"""Tables as the benchmarks print them: plain text that reads the same in a terminal and in a README."""

from __future__ import annotations

import csv
import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from kneeline import __version__

T = TypeVar("T")

WIDTH = 170
README = Path(__file__).resolve().parent / "README.md"


def console() -> Console:
    """A console as wide as the tables where nobody sees its width."""
    width = None if sys.stdout.isatty() else WIDTH
    return Console(width=width, highlight=False, color_system=None, emoji=False, record=True)


def save(to: Console, path: Path | None, leave_out: Sequence[str] = ()) -> None:
    """Keep what was printed as text, without blanks at line ends; nothing when there is no path.

    Saved into results/, the same goes into the README between the markers with the file's name, without the tables
    whose titles begin with a text in `leave_out`.
    """
    if path is None:
        return
    text = "\n".join(line.rstrip() for line in to.export_text(styles=False).splitlines()).strip() + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if path.resolve().parent == README.parent / "results":
        tables = re.split(r"\n\n(?! )", text.strip())
        kept = "\n\n".join(table for table in tables if not table.startswith(tuple(leave_out)))
        before, after = (f"<!-- {path.name} {end} -->" for end in ("begins", "ends"))
        pattern = re.compile(f"{re.escape(before)}.*{re.escape(after)}", re.DOTALL)
        block = f"{before}\n```text\n{kept}\n```\n{after}"
        readme = README.read_text(encoding="utf-8")
        README.write_text(pattern.sub(lambda _: block, readme), encoding="utf-8")


def header(to: Console, what: str) -> None:
    """What was measured, with what, on which kind of machine; no date and no name, so that runs can be compared."""
    machine = f"{os.cpu_count()} cores, {platform.machine()} {platform.system()}, Python {platform.python_version()}"
    to.print(f"kneeline {__version__}: {what}\n{machine}, numpy {np.__version__}\n")


def show(
    to: Console,
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    left: int = 1,
    text: Sequence[int] = (),
) -> None:
    """One table; the first `left` columns and those in `text` are words, the others numbers. No rows: said so."""
    if not rows:
        to.print(f"{title}: none\n", markup=False)
        return
    table = Table(title=title, box=box.SIMPLE, title_justify="left", pad_edge=False)
    for i, name in enumerate(heads):
        words = i < left or i in text
        table.add_column(name, justify="left" if words else "right", no_wrap=i not in text)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    to.print(table, markup=False)


def mae_bias(errors: npt.NDArray[np.float64]) -> str:
    """Mean absolute error and, in brackets, the mean error.

    >>> mae_bias(np.array([10.0, -30.0, np.nan]))
    '20 (-10)'
    """
    known = errors[~np.isnan(errors)]
    return f"{np.abs(known).mean():.0f} ({known.mean():+.0f})" if len(known) else "-"


def share(hits: Sequence[bool | None]) -> str:
    """How many of them are true, in percent.

    >>> share([True, True, False, True])
    '75 %'
    """
    return f"{100 * sum(map(bool, hits)) / len(hits):.0f} %" if hits else "-"


def false_counts(counts: Sequence[int]) -> str:
    """Repetitions where there are none, and in how many recordings of how many.

    >>> false_counts([0, 3, 0])
    '3 (1/3)'
    """
    return f"{sum(counts)} ({sum(n > 0 for n in counts)}/{len(counts)})" if counts else "-"


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """Rows of one dataclass as CSV, floats to four digits; at least one row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = [field.name for field in fields(rows[0])]
        writer.writerow(names)
        for row in rows:
            cells = (getattr(row, name) for name in names)
            writer.writerow(["" if c is None else f"{c:.4g}" if isinstance(c, float) else c for c in cells])


def read_rows(path: Path, kind: type[T]) -> list[T]:
    """The rows of a CSV file as `kind`, a dataclass; an empty cell is None where that may be.

    Raises: ValueError when the columns are not those of `kind`, or a cell is none of its type.
    """
    hints = get_type_hints(kind)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if list(reader.fieldnames or ()) != list(hints):
            raise ValueError(f"{path.name} has the columns {reader.fieldnames}, not {list(hints)}: measure again")
        return [kind(**{name: _cell(row[name], hint) for name, hint in hints.items()}) for row in reader]


def _cell(text: str, hint: Any) -> Any:
    if isinstance(hint, UnionType):
        return None if text == "" else _cell(text, get_args(hint)[0])
    return hint(text)
