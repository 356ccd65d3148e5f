"""`kneeline fhir`: one person's records as FHIR R4 and back, whether a bundle keeps to R4, and our definitions."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from kneeline.cli_data import Data, opened
from kneeline.model.errors import InputError

app = typer.Typer(
    help="Records as FHIR R4: written for a clinic's systems, read back, checked.",
    rich_markup_mode=None,
    subcommand_metavar="COMMAND",
)

_File = Annotated[Path, typer.Argument(metavar="FILE", help="A FHIR bundle, as .json.")]


@app.callback(invoke_without_command=True)
def _start(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle to write, as .json.")],
    data: Data = None,
    person: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose records, where there are several people.")
    ] = None,
    pdf: Annotated[Path | None, typer.Option(metavar="FILE", help="A printed report that goes along, as .pdf.")] = None,
) -> None:
    """Write everything that is kept of one person as a FHIR R4 bundle.

    A server takes it in as one transaction, and kneeline reads it back. Pose logs are not in it. It holds health data.
    """
    from kneeline.content.load import load
    from kneeline.files import check_writable
    from kneeline.report.fhir import bundle_of
    from kneeline.store.rows import utc_text

    check_writable(file, inputs=[] if pdf is None else [pdf])
    report = None if pdf is None else _pdf(pdf)
    at = datetime.now(UTC)
    with opened(data) as store, tempfile.TemporaryDirectory() as folder:
        known = [str(one.id) for one in store.people()]
        chosen = known if person is None else [one for one in known if one == person]
        if len(chosen) != 1:
            raise InputError(
                f"There are records of {len(known)} people here" if person is None else f"There is no person {person}",
                expected="--person with one of " + ", ".join(known[:5]),
                try_next="kneeline data where",
            )
        archive = Path(folder) / "rows.zip"
        store.export(archive, at, UUID(chosen[0]))
        rows = _rows(archive)
    bundle = bundle_of(rows, load(), utc_text(at), report)
    _write(file, bundle)
    typer.echo(f"{len(bundle['entry'])} resources are in {file}. It holds health data: keep it as you would a letter.")


@app.command("import")
def import_(
    file: _File,
    data: Data = None,
    as_me: Annotated[bool, typer.Option("--as-me", help="Go on as the person whose records these are.")] = False,
) -> None:
    """Add the records of a bundle that kneeline wrote.

    What is here already stays as it is, so importing twice changes nothing. What others wrote can only be checked.
    """
    from kneeline.report.fhir import read_bundle

    rows = read_bundle(_bundle(file))
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / file.name
        _write_archive(archive, rows, str(rows["person"][0]["id"]) if as_me else None)
        with opened(data, new=True) as store:
            done = store.merge(archive, as_me=as_me)
    typer.echo(f"{sum(done.added.values())} records were added, {done.same} were here already.")
    if done.conflicts:
        typer.echo(f"{len(done.conflicts)} are here with other content and were left as they are.")


@app.command()
def check(file: _File) -> None:
    """Check whether a bundle keeps to FHIR R4: elements, types, required codes, references.

    The invariants of R4 are not checked here, nor codes of value sets that are not short lists.
    """
    from kneeline.report.fhir import problems

    found = problems(_bundle(file))
    for problem in found:
        typer.echo(problem)
    if found:
        raise InputError(f"{file.name} does not keep to FHIR R4", try_next="see the lines above")
    typer.echo(f"{file.name} keeps to FHIR R4, as far as kneeline looks.")


@app.command("definitions")
def definitions_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle to write, as .json.")],
) -> None:
    """Write what others need to read our bundles: extensions, code systems, questions, exercises.

    It holds nothing about any person.
    """
    from kneeline.content.load import load
    from kneeline.report.fhir.published import definitions_bundle

    _write(file, definitions_bundle(load()))


def _write(file: Path, bundle: dict[str, Any]) -> None:
    from kneeline.files import whole_file

    with whole_file(file) as scratch:
        scratch.write_text(
            json.dumps(bundle, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n", encoding="utf-8"
        )


def _bundle(file: Path) -> object:
    """The JSON of a file; whatever is refused about it names the file."""
    from kneeline.report.fhir.bundle import LARGEST_BYTES, parse

    if not file.is_file():
        raise InputError(f"There is no file {file.name}", expected="a FHIR bundle, as .json")
    with file.open("rb") as opened_file:
        return parse(opened_file.read(LARGEST_BYTES + 1))


def _pdf(file: Path) -> bytes:
    content = file.read_bytes() if file.is_file() else b""
    if not content.startswith(b"%PDF-"):
        raise InputError(f"{file.name} is no PDF, or is not there", expected="a printed report, as .pdf")
    return content


def _rows(archive: Path) -> dict[str, list[dict[str, Any]]]:
    from kneeline.report.fhir.records import TABLES

    with zipfile.ZipFile(archive) as opened_archive:
        return {
            table: [json.loads(line) for line in opened_archive.read(f"{table}.jsonl").splitlines()] for table in TABLES
        }


def _write_archive(path: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]], local: str | None) -> None:
    """An export of exactly these rows, so that they are added by the one way in which records are."""
    import msgspec

    from kneeline import __version__
    from kneeline.store.archive import FORMAT, File, Manifest
    from kneeline.store.tables import REVISION, SHARED

    files: dict[str, File] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in SHARED:
            lines = "".join(json.dumps(row) + "\n" for row in rows.get(table.name, ())).encode()
            name = f"{table.name}.jsonl"
            archive.writestr(name, lines)
            files[name] = File(hashlib.sha256(lines).hexdigest(), len(lines))
        manifest = Manifest(FORMAT, REVISION, __version__, None, local, files)
        archive.writestr("manifest.json", msgspec.json.encode(manifest))
