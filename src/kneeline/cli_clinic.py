"""`kneeline assess`: from answers and test results to a route, or to the part of the leg to train first."""

from __future__ import annotations

import json as jsons
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from kneeline.model.errors import InputError

if TYPE_CHECKING:
    from kneeline.clinic.answers import Answers
    from kneeline.clinic.assess import Assessment, LegSide
    from kneeline.content.load import Library
    from kneeline.model.pose import PoseSeries
    from kneeline.model.quantity import Measured

_STDOUT = Path("-")
_LARGEST = 1_000_000
"""Bytes that a file of answers may have. House default."""

_Answers = Annotated[
    Path, typer.Argument(metavar="ANSWERS", help="A file of answers, as .toml, or a folder of such files.")
]
_Clips = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="CLIPS",
        help="What `kneeline test --json` wrote; or recordings of movement tests named TEST-left or TEST-right.",
        show_default=False,
    ),
]
_Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the answer as JSON; - for standard output.")
]


def assess(answers: _Answers, clips: _Clips = None, json: _Json = None) -> None:
    """Find what to train first.

    Safety comes first: prints where to go and how soon where that is due. Else prints which part of the leg asks for
    training, how sure that is, why, and what would change it. For a folder, every file of answers is one person, and
    a folder of the same name beside it holds that person's clips.
    """
    from kneeline.content.load import load
    from kneeline.files import check_writable
    from kneeline.report.answer import to_json, write_json
    from kneeline.report.assessment import assessment_answer, print_assessment

    library = load()
    people = _people(answers, clips or [])
    if json is not None and json != _STDOUT:
        check_writable(json, inputs=[*people, *(clip for files in people.values() for clip in files)])
    written: list[dict[str, Any]] = []
    for path, files in people.items():
        found = _assessed(path, files, library)
        if json != _STDOUT:
            print_assessment(_console(), found, library.clinic, path.name if answers.is_dir() else "")
        written.append(assessment_answer(found, library, path.name))
    if json is not None:
        content = {"schema_version": 1, "people": written} if answers.is_dir() else written[0]
        if json == _STDOUT:
            sys.stdout.write(to_json(content))
        else:
            write_json(json, content)


def _people(answers: Path, clips: list[Path]) -> dict[Path, list[Path]]:
    """Files of answers, each with its clips."""
    if not answers.is_dir():
        return {answers: [file for clip in clips for file in (_inside(clip) if clip.is_dir() else [clip])]}
    if clips:
        raise InputError(
            "clips belong to one file of answers", expected="a folder of clips beside each file of the folder"
        )
    files = sorted(answers.glob("*.toml"))
    if not files:
        raise InputError(f"{answers.name} holds no answers", expected="files that end in .toml")
    return {file: _inside(file.with_suffix("")) for file in files}


def _inside(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))


def _assessed(path: Path, clips: Iterable[Path], library: Library) -> Assessment:
    from kneeline.clinic.assess import assess as assess_person

    said, results = read_person(path, clips, library)
    return assess_person(said, results, library.clinic)


def read_person(
    path: Path, clips: Iterable[Path], library: Library
) -> tuple[Answers, dict[LegSide, dict[str, Measured]]]:
    """The answers and the test results of one person, from their file and their clips."""
    from kneeline.clinic.answers import read_answers
    from kneeline.clinic.assess import SIDES

    content = _read(path)
    extra = sorted(set(content) - {"schema_version", "answers", *SIDES})
    if extra or not isinstance(content.get("answers"), dict) or content.get("schema_version", 1) != 1:
        wrong = f" {extra[0]!r} is something else" if extra else ""
        raise InputError(
            f"{path.name} is no file of answers.{wrong}", expected="[answers], and [left] or [right] for results"
        )
    try:
        results = {side: _results(content.get(side, {}), side, library) for side in SIDES}
        said = read_answers(content["answers"], library.clinic.questions)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    for clip in clips:
        sides, told = _from_json(clip, library) if clip.suffix == ".json" else _from_clip(clip, library)
        for side in sides:
            twice = sorted(set(told) & set(results[side]))
            if twice:
                raise InputError(f"{clip.name} gives {twice[0]} of the {side} leg, which is there already")
            results[side] |= told
    return said, results


def _read(path: Path) -> dict[str, Any]:
    """A TOML file, whole."""
    if not path.is_file():
        raise InputError(f"There is no file {path.name}", expected="a file of answers, as .toml")
    if path.stat().st_size > _LARGEST:
        raise InputError(f"{path.name} is larger than any file of answers", expected=f"at most {_LARGEST} bytes")
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(
            f"{path.name} is no TOML: {error}", expected='lines such as age = 34 below "[answers]"'
        ) from error


def _results(table: object, side: str, library: Library) -> dict[str, Measured]:
    """Results by indicator: a number, or { value, sd }, or { not_assessable }."""
    from kneeline.model.quantity import Estimate, NotAssessable

    if not isinstance(table, dict):
        raise InputError(f"[{side}] is no table", expected="lines such as heel_raise_count = 18")
    found: dict[str, Measured] = {}
    for key, given in table.items():
        entry = library.clinic.indicators.get(key)
        if entry is None or entry.question:
            tests = [known.id for known in library.clinic.indicators.values() if not known.question]
            raise InputError(f"There is no test result {key!r}", expected="one of " + ", ".join(tests))
        fields: Mapping[str, Any] = given if isinstance(given, dict) else {"value": given}
        if set(fields) == {"not_assessable"}:
            found[key] = NotAssessable(str(fields["not_assessable"]))
            continue
        value, sd = (_number(fields.get("value")), _number(fields.get("sd", entry.error.value)))
        unit = fields.get("unit", entry.unit)
        if not set(fields) <= {"value", "sd", "unit"} or value is None or sd is None or sd < 0:
            raise InputError(f"{key} is no result", expected=f"a number in {entry.unit}, or value and sd")
        found[key] = Estimate(value, sd, str(unit))
    return found


def _number(value: object) -> float | None:
    """A number that a result can have; None for anything else, NaN and infinity among it."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value < 1e9
    return float(value) if fits and isinstance(value, int | float) else None


def _from_json(path: Path, library: Library) -> tuple[tuple[LegSide, ...], dict[str, Measured]]:
    """Results that `kneeline test --json` wrote."""
    if not path.is_file() or path.stat().st_size > _LARGEST:
        raise InputError(
            f"{path.name} is not there, or far too large", expected="a file that `kneeline test --json` wrote"
        )
    try:
        content = jsons.loads(path.read_bytes())
        side, values = content["side"], content["values"].values()
        table = {value["indicator"]: _bare(value["result"]) for value in values if value["indicator"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path.name} is no answer of a movement test", expected="what `kneeline test --json` wrote"
        ) from error
    return _legs(side, path), _results(table, path.name, library)


def _bare(result: dict[str, Any]) -> dict[str, Any]:
    return {key: result[key] for key in ("value", "sd", "unit", "not_assessable") if key in result}


def _from_clip(path: Path, library: Library) -> tuple[tuple[LegSide, ...], dict[str, Measured]]:
    """Results of a movement test from its recording, a video or a pose log."""
    from kneeline.motion.trial import Trial

    test, dash, side = path.name.split(".")[0].rpartition("-")
    if not dash or test not in library.tests or library.tests[test].kind == "photo":
        known = ", ".join(key for key, test in library.tests.items() if test.kind != "photo")
        raise InputError(
            f"{path.name} does not say which movement test it shows",
            expected=f"a name such as TEST-left.mp4; TEST is one of {known}",
        )
    legs = _legs(side, path)
    frames, pose_model = _frames(path)
    trial = Trial(library.tests[test], library, side, pose_model)
    trial.push(frames)
    trial.finish()
    values = trial.result().values.values()
    return legs, {value.indicator: value.result for value in values if value.indicator}


def _frames(path: Path) -> tuple[PoseSeries, str]:
    if path.suffix.lower() in (".mp4", ".mov", ".m4v", ".webm", ".avi", ".mkv", ".gif"):
        from kneeline.capture.follow import read_video
        from kneeline.capture.pose_model import open_pose_model

        frames, recording = read_video(path, open_pose_model("full"))
    else:
        from kneeline.capture.formats import open_log

        frames, recording = open_log(path)
    return frames, recording.pose_model


def _legs(side: object, path: Path) -> tuple[LegSide, ...]:
    """The legs that a result is of; a test of both at once counts for either."""
    known: dict[object, tuple[LegSide, ...]] = {"left": ("left",), "right": ("right",), "both": ("left", "right")}
    if side not in known:
        raise InputError(f"{path.name} does not say which leg", expected="left, right or both")
    return known[side]


def _console() -> Console:
    console = Console()
    console.width = console.width or 80  # some terminals say at first that they have no columns
    return console
