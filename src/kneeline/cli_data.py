"""`kneeline data`: where records are kept, taking them along, backing them up, erasing them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kneeline.model.errors import InputError

if TYPE_CHECKING:
    from kneeline.store import Store

app = typer.Typer(
    help="Your records: where they are, taking them along, backing them up, erasing them.",
    rich_markup_mode=None,
    subcommand_metavar="COMMAND",
)

Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="WHERE",
        envvar="KNEELINE_DATA",
        help="The folder of the records, or postgresql://USER@HOST/DATABASE; the usual place when left out.",
        show_default=False,
    ),
]
_File = Annotated[Path, typer.Argument(metavar="FILE", help="An export, as .zip.")]


@app.callback(invoke_without_command=True)
def _start(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def where(data: Data = None) -> None:
    """Say where the records are, how much there is, and whether they are whole."""
    place = _place(data)
    if isinstance(place, Path) and not _is_kept(place):
        typer.echo(f"Nothing is kept yet. Records would be in {place}.")
        return
    with opened(data) as store:
        store.check()
        typer.echo(f"Records are in {store.name}, and they are whole.")
        for person in store.people():
            sets, logs = store.sets(person.id), store.pose_logs(person.id)
            since = person.since.astimezone().date()
            typer.echo(f"Person {person.id}, since {since}: {len(sets)} sets, {len(logs)} pose logs kept.")
        if isinstance(place, Path):
            files = [file for file in place.rglob("*") if file.is_file()]
            backups = sum(file.parent.name == "backups" for file in files)
            size_mb = sum(file.stat().st_size for file in files) / 1e6
            typer.echo(f"{size_mb:.1f} MB in {len(files)} files, {backups} of them backups.")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, as .zip.")], data: Data = None
) -> None:
    """Write everything that is kept to one file.

    The file can be read by other tools, and taken to another machine with `kneeline data import`. It holds health data.
    """
    from kneeline.files import check_writable

    check_writable(file)
    with opened(data) as store:
        rows = store.export(file, datetime.now(UTC))
    typer.echo(f"{rows} records are in {file}. It holds health data: keep it as you would keep a letter from a clinic.")


@app.command("import")
def import_(
    file: _File,
    data: Data = None,
    as_me: Annotated[bool, typer.Option("--as-me", help="Go on as the person whose machine wrote the export.")] = False,
) -> None:
    """Add what an export holds to the records.

    What is here already stays as it is, so importing twice changes nothing.
    """
    with opened(data, new=True) as store:
        done = store.merge(file, as_me=as_me)
    typer.echo(f"{sum(done.added.values())} records were added, {done.same} were here already.")
    if done.conflicts:
        first = done.conflicts[0]
        typer.echo(
            f"{len(done.conflicts)} are here with other content and were left as they are, "
            f"the first is {first.table} {' '.join(first.key)}."
        )


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy to write, as .db.")], data: Data = None
) -> None:
    """Copy the database while it is in use.

    To go back to the copy, put it in the place that `kneeline data where` names. Pose logs are not in it; an export has
    them too.
    """
    from kneeline.files import check_writable

    check_writable(file)
    if file.exists():
        raise InputError(f"{file} is there already", expected="a new file", try_next="another name")
    with opened(data) as store:
        store.backup(file)
    typer.echo(f"The records as they are now are in {file}.")


@app.command()
def erase(
    data: Data = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take away everything that is kept here, backups too.

    Exports and copies that lie elsewhere stay.
    """
    from kneeline.store import erase as erase_all

    place = _place(data)
    if isinstance(place, Path) and not _is_kept(place):
        typer.echo(f"Nothing is kept in {place}.")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise InputError("Erasing has to be confirmed", try_next="kneeline data erase --yes")
        said = typer.prompt(f"Everything in {_shown(place)} will be gone for good. Type erase to go on", default="no")
        if said.strip() != "erase":
            typer.echo("Nothing was erased.")
            return
    erase_all(place, _files(place))
    typer.echo("Everything was erased.")


@contextmanager
def opened(data: str | None, *, new: bool = False) -> Iterator[Store]:
    """The store, which has to be there already unless a `new` one will do."""
    from kneeline.store import Store

    place = _place(data)
    if isinstance(place, Path) and not new and not _is_kept(place):
        raise InputError(f"Nothing is kept in {place}", try_next="name the folder with --data")
    with Store.open(place, _files(place)) as store:
        yield store


def _place(data: str | None) -> str | Path:
    if data is not None and "://" in data:
        return data
    if data is not None:
        if Path(data).exists() and not Path(data).is_dir():
            raise InputError(f"{data} is no folder", expected="the folder that records are in")
        return Path(data)
    from kneeline.store import default_folder

    return default_folder()


def _files(place: str | Path) -> Path | None:
    """Where files beside a server's database lie; a folder of records has its own."""
    from kneeline.store import default_folder

    return None if isinstance(place, Path) else default_folder() / "server"


def _is_kept(folder: Path) -> bool:
    from kneeline.store.database import FILE

    return (folder / FILE).exists()


def _shown(place: str | Path) -> str:
    return os.fspath(place) if isinstance(place, Path) else "the database on the server"
