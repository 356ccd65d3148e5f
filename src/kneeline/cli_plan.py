"""`kneeline plan` and `kneeline simulate`: what is prescribed and why, and the rules run over a made-up course."""

from __future__ import annotations

import os
import sys
import tomllib
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kneeline.model.errors import InputError

if TYPE_CHECKING:
    from kneeline.content.load import Library
    from kneeline.model.plan import Happened, PlanVersion, Today

_STDOUT = Path("-")
_LARGEST = 1_000_000
"""Bytes that a course may have. House default."""

_Answers = Annotated[
    Path | None,
    typer.Argument(metavar="[ANSWERS]", help="A file of answers as `assess` reads it; else the plan that is kept."),
]
_Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON; - for standard output.")]
_Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", envvar="KNEELINE_DATA", help="Where the coach keeps records.")
]


def plan(
    answers: _Answers = None,
    start: Annotated[bool, typer.Option("--start", help="Begin a plan from the answers that are kept.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="Print the rules that it answers to instead.")] = False,
    calendar: Annotated[
        Path | None, typer.Option("--calendar", metavar="FILE", help="Write its days for a calendar, as .ics.")
    ] = None,
    at: Annotated[str, typer.Option("--at", metavar="HH:MM", help="When a session begins, in the calendar.")] = "18:00",
    remind: Annotated[
        int | None, typer.Option("--remind", metavar="MIN", min=0, max=1440, help="Minutes before it to be reminded.")
    ] = None,
    json: _Json = None,
    data: _Data = None,
) -> None:
    """Show the plan: what to do today, each exercise with its reason, and why it last changed.

    With a file of answers: the plan that they would begin with; nothing is kept.
    """
    from kneeline.content.load import load
    from kneeline.files import check_writable

    library = load()
    if rules:
        typer.echo("\n".join(_rules(library)))
        return
    for path in (json, calendar):
        if path is not None and (path != _STDOUT or path is calendar):
            check_writable(path, inputs=[answers] if answers else [])
    begins = _time(at)
    now = datetime.now().astimezone()
    versions, happened = _from_answers(answers, library, now) if answers else _kept(data, start, library, now)
    _show(versions, happened, now, library, json)
    if calendar is not None:
        from kneeline.files import whole_file
        from kneeline.report.calendar import calendar_text

        with whole_file(calendar) as part:
            part.write_text(calendar_text(versions[-1], library, begins, remind), encoding="utf-8", newline="")


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no time of day", expected="hours and minutes, such as 18:00") from error


def _rules(library: Library) -> list[str]:
    from kneeline.report.plan import rule_line

    lines = []
    for rule in library.planning.rules.values():
        lines += [f"{rule.name} ({rule.id}): {rule_line(rule)}", f"  {rule.say}"]
    return lines


def _from_answers(path: Path, library: Library, now: datetime) -> tuple[tuple[PlanVersion, ...], tuple[Happened, ...]]:
    from kneeline.cli_clinic import read_person
    from kneeline.clinic.assess import assess
    from kneeline.clinic.plan import start_plan

    said, results = read_person(path, (), library)
    found = assess(said, results, library.clinic)
    if not found.legs:
        raise _nothing_found(found.outcome)
    return (start_plan(found.legs[0], said, library, now),), ()


def _nothing_found(outcome: str) -> InputError:
    why = {
        "stop": "A red flag comes before any plan",
        "ask": "Answers are missing, so there is no plan yet",
        "elsewhere": "The answers fit another problem better, so there is no plan",
    }
    return InputError(why[outcome], try_next="kneeline assess, or the questions in the coach")


def _kept(
    data: Path | None, start: bool, library: Library, now: datetime
) -> tuple[tuple[PlanVersion, ...], tuple[Happened, ...]]:
    """The kept plan, brought up to date; begun first where that is asked for."""
    from kneeline.store import Store, default_folder
    from kneeline.store.database import FILE
    from kneeline.store.planned import keep_version, up_to_date

    folder = data or Path(os.environ.get("KNEELINE_DATA") or default_folder())
    if not (folder / FILE).exists():
        raise InputError(f"Nothing is kept in {folder}", try_next="kneeline, then the questions there")
    with Store.open(folder) as store:
        person = store.local_person(now).id
        if start:
            from kneeline.clinic.plan import start_plan
            from kneeline.web.case import read_case

            case = read_case(store, library, person)
            found = case.assess()
            if not found.legs:
                raise _nothing_found(found.outcome)
            keep_version(store, person, start_plan(found.legs[0], case.current, library, now), library)
        versions, happened = up_to_date(store, person, library, now)
    if not versions:
        raise InputError("There is no plan yet", try_next="kneeline plan --start")
    return versions, happened


def _show(
    versions: tuple[PlanVersion, ...],
    happened: tuple[Happened, ...],
    now: datetime,
    library: Library,
    json: Path | None,
) -> None:
    from kneeline.clinic.course import today
    from kneeline.report.answer import to_json, write_json
    from kneeline.report.plan import plan_lines

    asked = today(versions, happened, now.date(), library)
    if json != _STDOUT:
        typer.echo("\n".join(plan_lines(versions[-1], asked, library)))
    if json is not None:
        content = _answer(versions, asked, library)
        if json == _STDOUT:
            sys.stdout.write(to_json(content))
        else:
            write_json(json, content)


def _answer(versions: tuple[PlanVersion, ...], asked: Today, library: Library) -> dict[str, Any]:
    import msgspec

    from kneeline import __version__

    return {
        "schema_version": 1,
        "kneeline": __version__,
        "library": library.digest,
        "today": msgspec.to_builtins(asked),
        "plan": msgspec.to_builtins(versions[-1].plan),
        "changes": [msgspec.to_builtins(version.change) for version in versions],
    }


def simulate(
    courses: Annotated[list[Path], typer.Argument(metavar="COURSE", help="Made-up courses, as .toml.")],
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write the diaries as a page instead.")
    ] = None,
) -> None:
    """Run the rules over a made-up course, and print it as a diary.

    What somebody does and feels on each day goes in; what the plan makes of it, day by day and with its reason, comes
    out. Changes that the course expects and that do not come are named at its end.
    """
    from kneeline.clinic.simulate import live, read_course, told
    from kneeline.content.load import load
    from kneeline.files import check_writable, whole_file
    from kneeline.report.plan import diary, diary_page

    library = load()
    if markdown is not None:
        check_writable(markdown, inputs=courses)
    known = [read_course(_read(path), path.name) for path in courses]
    lived = [live(course, library) for course in known]
    if markdown is not None:
        with whole_file(markdown) as part:
            part.write_text(diary_page(known, lived, library), encoding="utf-8")
        return
    for course, days in zip(known, lived, strict=True):
        typer.echo("\n".join(diary(course, days, library)))
        came, wanted = told(days), tuple((one.day, one.by) for one in course.expect)
        for what, some, others in (("Expected and not there", wanted, came), ("There and not expected", came, wanted)):
            if wanted and (left := [f"day {day} {by}" for day, by in some if (day, by) not in others]):
                typer.echo(f"{what}: {', '.join(left)}")


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file() or path.stat().st_size > _LARGEST:
        raise InputError(f"{path.name} is not there, or far too large", expected="a course, as .toml")
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path.name} is no TOML: {error}", expected="a course, as .toml") from error
