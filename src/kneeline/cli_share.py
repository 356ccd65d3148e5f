"""`kneeline share` and `kneeline open`: records handed over as one sealed file, and what somebody sent, opened."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kneeline.cli_data import Data, opened
from kneeline.model.errors import InputError


def share(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, as .age.")],
    movement: Annotated[
        bool, typer.Option("--movement/--no-movement", help="With the movement of the joints, where it was kept.")
    ] = True,
    data: Data = None,
) -> None:
    """Write your records to one sealed file, for your physio.

    The passphrase is shown once and kept nowhere: send the file one way and say the words another, as on the telephone.
    """
    from kneeline.files import check_writable
    from kneeline.store.passphrase import bits
    from kneeline.store.share import share_records

    check_writable(file)
    with opened(data) as store:
        at = datetime.now(UTC)
        passphrase = share_records(store, store.local_person(at).id, file, at, movement=movement)
    typer.echo(f"Your records are in {file}, sealed. Only these words open it:\n\n    {passphrase}\n")
    typer.echo(f"They are shown once (worth {bits():.0f} bits). Tell them to your physio apart from the file.")


def open_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file that was sent, as .age.")], data: Data = None
) -> None:
    """Open what was sent: a patient's records into the caseload, or your physio's answer into your plan.

    The passphrase is asked for, or read from standard input. Without it, or where anything is wrong, nothing changes.
    """
    from kneeline.content.load import load
    from kneeline.store.share import open_share

    if not file.is_file():
        raise InputError(f"there is no file {file}", try_next="check the path")
    typed = typer.prompt("Passphrase", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline(1_000)
    with opened(data, new=True) as store:
        done = open_share(store, file, typed, datetime.now(UTC), load())
    if not done.added:
        typer.echo("This was opened before; there is nothing new in it.")
    elif done.purpose == "records":
        typer.echo(f"{done.added} records of person {done.person_id} were added. kneeline shows them under /caseload.")
    else:
        typer.echo("Your physio changed your plan; it stands from now on. kneeline plan shows it.")
