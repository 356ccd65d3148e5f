"""`kneeline report` and `kneeline sheet`: what a physio would want to read, and an exercise to take along on paper."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneeline.cli_data import Data, opened
from kneeline.model.errors import InputError

if TYPE_CHECKING:
    from kneeline.report.physio.whole import Report

_STDOUT = Path("-")


def report(
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Print it: two pages, tagged.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as one page.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="DIR", help="Write its tables as .csv files.")] = None,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="DIR", help="Write its tables as .parquet files.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON; - for standard output.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Print it here, as when nothing else is asked for.")] = False,
    data: Data = None,
) -> None:
    """Write a report for a physio from everything that is kept: safety, finding, tests, dose, pain, plan, evidence.

    It holds health data: keep it as you would a letter. Records are only read.
    """
    from kneeline.files import check_writable
    from kneeline.report.physio.text import report_text

    for path in (pdf, html, json):
        if path is not None and path != _STDOUT:
            check_writable(path)
    for folder in (csv, parquet):
        if folder is not None and folder.exists() and not folder.is_dir():
            raise InputError(f"{folder.name} is a file", expected="a folder for the tables")
    told = _report(data)
    _write_files(told, pdf, html, json)
    for folder, ending in ((csv, "csv"), (parquet, "parquet")):
        if folder is not None:
            _write_tables(told, folder, ending)
    if text or not any((pdf, html, csv, parquet, json)):
        sys.stdout.write(report_text(told))


def _report(data: str | None) -> Report:
    from kneeline.content.load import load
    from kneeline.web.dossier import report_of

    with opened(data) as store:
        people = store.people()
        if not people:
            raise InputError("Nothing is kept there", try_next="kneeline, then the questions there")
        return report_of(store, load(), store.local_person(datetime.now(UTC)).id, datetime.now(UTC))


def _write_files(told: Report, pdf: Path | None, html: Path | None, json: Path | None) -> None:
    from kneeline.files import whole_file
    from kneeline.report.physio.tables import report_json

    if pdf is not None:
        from kneeline.report.physio.pdf import report_pdf

        printed = report_pdf(told)
        with whole_file(pdf) as scratch:
            scratch.write_bytes(printed)
    if html is not None:
        from kneeline.report.physio.page import report_html

        with whole_file(html) as scratch:
            scratch.write_text(report_html(told), encoding="utf-8")
    if json == _STDOUT:
        sys.stdout.write(report_json(told))
    elif json is not None:
        with whole_file(json) as scratch:
            scratch.write_text(report_json(told), encoding="utf-8")


def _write_tables(told: Report, folder: Path, ending: str) -> None:
    from kneeline.files import whole_file
    from kneeline.report.physio.tables import csv_text, parquet_bytes, report_tables

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{os.fspath(folder)} cannot be made: {error.strerror}", expected="a folder") from error
    for name, table in report_tables(told).items():
        content = csv_text(table).encode() if ending == "csv" else parquet_bytes(table)
        with whole_file(folder / f"{name}.{ending}") as scratch:
            scratch.write_bytes(content)


def sheet(
    exercise: Annotated[str, typer.Argument(metavar="EXERCISE", help="See `kneeline exercises`.")],
    pdf: Annotated[Path, typer.Option("--pdf", metavar="FILE", help="The page to write.")],
) -> None:
    """Print one exercise on one page: the drawn figure, how to do it, how much, when to stop, how sure it is."""
    from kneeline.content.load import load, load_exercise
    from kneeline.files import check_writable, whole_file
    from kneeline.report.physio.sheet import sheet_pdf

    check_writable(pdf)
    library = load()
    printed = sheet_pdf(load_exercise(exercise, library), library, datetime.now().astimezone().date())
    with whole_file(pdf) as scratch:
        scratch.write_bytes(printed)
