"""`kneeline log`, `progress` and `load`: what happened today, whether it is working, and what presses the kneecap."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import typer

from kneeline.model.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from kneeline.store import Store
    from kneeline.store.kinds import Payload

app = typer.Typer(
    help="Write down what happened: pain, a run, stairs, a note.",
    rich_markup_mode=None,
    subcommand_metavar="COMMAND",
    no_args_is_help=False,
)

_STDOUT = Path("-")
_LONGEST_NOTE = 10_000


class Of(StrEnum):
    """What a pain belongs to."""

    NOW = "now"
    STAIRS = "stairs"
    WORST = "worst"
    USUAL = "usual"
    SQUAT = "squat"
    BEFORE = "before"
    AFTER = "after"
    HOUR_AFTER = "hour_after"
    NEXT_MORNING = "next_morning"


class Knee(StrEnum):
    """Which knee."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


_Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", envvar="KNEELINE_DATA", help="Where the coach keeps records.")
]
_At = Annotated[
    str | None,
    typer.Option("--at", metavar="WHEN", help="When it was, as 2026-11-20 or 2026-11-20T18:30; now when left out."),
]
_Pain = Annotated[float | None, typer.Option("--pain", metavar="0-10", help="Pain in the run.", show_default=False)]


@app.callback(invoke_without_command=True)
def _start(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def pain(
    value: Annotated[float, typer.Argument(metavar="0-10", help="How much, from 0 to 10.")],
    of: Annotated[
        Of, typer.Option("--of", help="What it belongs to; before and hour_after are those of a run.")
    ] = Of.NOW,
    side: Annotated[Knee | None, typer.Option(help="Which knee.", show_default=False)] = None,
    at: _At = None,
    data: _Data = None,
) -> None:
    """Write down pain."""
    from kneeline.store.kinds import Pain

    said = Pain(value=_within("the pain", value, 10), of=of.value, side=side.value if side else None)
    _keep(data, said, _when(at))
    typer.echo(f"Pain {value:g} of 10 ({of.value.replace('_', ' ')}) is written down.")


@app.command()
def run(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A watch's file: .fit, .gpx or .tcx.")] = None,
    km: Annotated[float | None, typer.Option(metavar="N", help="How far.", show_default=False)] = None,
    minutes: Annotated[float | None, typer.Option(metavar="N", help="How long.", show_default=False)] = None,
    cadence: Annotated[
        float | None, typer.Option(metavar="N", help="Steps of both feet in a minute.", show_default=False)
    ] = None,
    pain: _Pain = None,
    at: _At = None,
    data: _Data = None,
) -> None:
    """Write down a run, from a watch's file or as you say.

    Of a file only the start, distance, time and steps are kept, never where it went.
    """
    from kneeline.store.kinds import Run

    typed = (km, minutes, cadence, at)
    if file is None and km is None and minutes is None:
        raise InputError("Nothing is said of the run", expected="a file of a watch, or --km and --minutes")
    if file is not None and any(value is not None for value in typed):
        raise InputError("The file says that already", expected="either a file, or --km, --minutes, --cadence and --at")
    hurt = None if pain is None else _within("the pain", pain, 10)
    if file is None:
        kept = Run(
            distance_m=None if km is None else 1000 * _within("--km", km, 500),
            duration_s=None if minutes is None else 60 * _within("--minutes", minutes, 2880),
            cadence_per_min=None if cadence is None else _within("--cadence", cadence, 300),
            pain=hurt,
        )
        _keep(data, kept, _when(at))
    else:
        from kneeline.capture.runs import read_run

        found = read_run(file)
        one = found.run
        kept = Run(
            distance_m=one.distance_m,
            duration_s=one.duration_s,
            cadence_per_min=one.cadence_per_min,
            pain=hurt,
            source=found.source,
        )
        # The same file twice is the same run: its id comes from what a watch never writes twice.
        name = f"run {one.at.isoformat()} {one.distance_m} {one.duration_s}"
        if not _keep(data, kept, one.at, name):
            typer.echo("This run was written down before.")
            return
    how_far = f"{kept.distance_m / 1000:.1f} km" if kept.distance_m else ""
    how_long = f"{kept.duration_s / 60:.0f} minutes" if kept.duration_s else ""
    typer.echo(f"The run is written down: {', '.join(filter(None, (how_far, how_long)))}.")


@app.command()
def stairs(
    floors: Annotated[float, typer.Argument(metavar="FLOORS", help="Floors of a day, each up and down again.")],
    at: _At = None,
    data: _Data = None,
) -> None:
    """Write down the stairs of a day."""
    from kneeline.store.kinds import Stairs

    _keep(data, Stairs(floors=_within("the floors", floors, 500)), _when(at))
    typer.echo(f"{floors:g} floors are written down.")


@app.command()
def note(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Words of your own.")], at: _At = None, data: _Data = None
) -> None:
    """Write down a note."""
    from kneeline.store.kinds import Note

    words = text.strip()
    if not words or len(words) > _LONGEST_NOTE:
        raise InputError("The note is empty or too long", expected=f"1 to {_LONGEST_NOTE} characters")
    _keep(data, Note(text=words), _when(at))
    typer.echo("The note is written down.")


def progress(
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON; - for standard output.")
    ] = None,
    data: _Data = None,
) -> None:
    """Show whether it is working.

    Pain on stairs first, then dose, tempo, faults, load, runs and tests over time. "Better" and "worse" are said only
    of changes beyond error. Ends with what the next run may be, and what to leave out for now.
    """
    from kneeline.clinic.progress import progress as progress_of
    from kneeline.content.load import load as load_library
    from kneeline.files import check_writable
    from kneeline.report.answer import to_json, write_json
    from kneeline.report.progress import print_progress, progress_answer
    from kneeline.store.diary import read_diary

    if json is not None and json != _STDOUT:
        check_writable(json)
    library, now = load_library(), datetime.now().astimezone()
    with _opened(data, new=False) as store:
        found = progress_of(read_diary(store, store.local_person(now).id), now.date(), library)
    if json != _STDOUT:
        print_progress(_console(), found)
    if json is not None:
        answer = progress_answer(found, now.date(), library)
        if json == _STDOUT:
            sys.stdout.write(to_json(answer))
        else:
            write_json(json, answer)


def load() -> None:
    """Show how hard activities press the kneecap, by knee bend.

    In times walking, each as the range between two models of the joint.
    """
    from kneeline.clinic.load import crossing_deg, curves
    from kneeline.content.load import load as load_library
    from kneeline.report.progress import load_rows, table

    sheet = load_library().sheets.load
    console = _console()
    console.print(table(*load_rows(curves(sheet, all_of_them=True))))
    crossing = crossing_deg("leg_press", "knee_extension", sheet)
    if crossing is not None:
        console.print(f"Leg press and knee extension press alike at {crossing:.0f} degrees of bend.", highlight=False)


def _keep(data: Path | None, payload: Payload, at: datetime, name: str = "") -> bool:
    """Keep a record of this machine's person; whether it is new. name: the same one is the same record."""
    with _opened(data, new=True) as store:
        person = store.local_person(datetime.now(UTC)).id
        id: UUID = uuid5(NAMESPACE_URL, f"{person} {name}") if name else uuid4()
        return store.record(person, payload, id=id, at=at)


@contextmanager
def _opened(data: Path | None, *, new: bool) -> Iterator[Store]:
    from kneeline.store import Store, default_folder
    from kneeline.store.database import FILE

    folder = data or default_folder()
    if not new and not (folder / FILE).exists():
        raise InputError(
            f"Nothing is kept in {os.fspath(folder)}",
            try_next="kneeline log pain 3 --of stairs, or name another --data",
        )
    with Store.open(folder) as store:
        yield store


def _when(text: str | None) -> datetime:
    now = datetime.now().astimezone()
    if text is None:
        return now
    try:
        said = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"{text!r} is no time", expected="such as 2026-11-20 or 2026-11-20T18:30") from error
    if said.year < 1990 or said > now:
        raise InputError(f"{text!r} is not in the past", expected="when it happened")
    return said


def _within(what: str, value: float, most: float) -> float:
    """The number; NaN fails too."""
    if not 0 <= value <= most:
        raise InputError(
            f"{what.removeprefix('--').capitalize()} is {value:g}", expected=f"a number from 0 to {most:g}"
        )
    return value


def _console() -> Console:
    from rich.console import Console

    console = Console()
    console.width = console.width or 80  # some terminals say at first that they have no columns
    return console
