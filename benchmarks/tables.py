"""Tables as the benchmarks print them: plain text that reads the same in a terminal and in a README."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from kneeline import __version__

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
