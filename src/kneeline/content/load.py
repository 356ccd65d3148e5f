"""The one loader: TOML files in, a checked `Library` out.

    data/signals.toml  measures.toml  evidence.toml  validity.toml   one table per id
    data/accuracy.toml                                               what was measured, written by a command
    data/faults.toml  sayings.toml  notices.toml                     one sentence per id
    data/rules.toml  bounds.toml  ladders.toml                       what plans rest on (`plan_schema`)
    data/questions.toml  red_flags.toml  indicators.toml ...         what an assessment rests on (`clinic_schema`)
    data/guide_questions.toml  guide_options.toml ...                the knee-replacement guide (`guide_schema`)
    data/couplings.toml  links.toml  claims.toml                     what is explained (`chain_schema`)
    data/load.toml  running.toml  progress.toml                      what load and progress rest on (`load_schema`)
    data/exercises/ID.toml                                           one file per exercise or movement
    data/tests/ID.toml                                               one file per movement test

A folder of one's own has the same shape (every file may be absent) and adds to what kneeline brings.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from kneeline.content.chain_check import check_chain
from kneeline.content.chain_schema import Chain, CommonClaim, LinkText
from kneeline.content.check import check
from kneeline.content.clinic_check import check_clinic
from kneeline.content.clinic_schema import TABLES as CLINIC
from kneeline.content.clinic_schema import ClinicContent
from kneeline.content.guide_check import check_guide
from kneeline.content.guide_schema import TABLES as GUIDE
from kneeline.content.guide_schema import GuideContent
from kneeline.content.load_check import check_sheets
from kneeline.content.load_schema import LoadSheet, ProgressSheet, RunningSheet, Sheets
from kneeline.content.plan_check import check_plans
from kneeline.content.plan_schema import TABLES as PLANNING
from kneeline.content.plan_schema import PlanContent
from kneeline.content.schema import AccuracyTable, Exercise, Measure, Signal, Source, Validity
from kneeline.content.trial_check import check_tests
from kneeline.content.trial_schema import MovementTest
from kneeline.model.errors import ContentError, InputError

DATA = Path(__file__).parent / "data"
_GUIDE: Mapping[str, str] = {name: f"guide_{name}" for name in GUIDE}
_TABLES = (
    *("signals", "measures", "faults", "sayings", "notices", "evidence", "validity", "accuracy"),
    *("couplings", "links", "claims"),
    *("load", "running", "progress"),
    *(*CLINIC, *_GUIDE.values(), *PLANNING),
)
_FOLDERS: Mapping[str, type[Exercise] | type[MovementTest]] = {"exercises": Exercise, "tests": MovementTest}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Library:
    """Everything kneeline knows, by id, in the order of the files.

    faults: id -> what the fault means. sayings: id -> what the coach says.
    digest: SHA-256 over the names and bytes of all files, in hexadecimal.
    """

    exercises: Mapping[str, Exercise]
    signals: Mapping[str, Signal]
    measures: Mapping[str, Measure]
    faults: Mapping[str, str]
    sayings: Mapping[str, str]
    sources: Mapping[str, Source]
    validity: Mapping[str, Validity]
    accuracy: AccuracyTable
    clinic: ClinicContent
    guide: GuideContent
    planning: PlanContent
    tests: Mapping[str, MovementTest]
    sheets: Sheets
    chain: Chain
    links: Mapping[str, LinkText]
    claims: Mapping[str, CommonClaim]
    digest: str


def load(folder: Path | None = None) -> Library:
    """The library, with the files of `folder` added when one is given.

    Raises `ContentError` when a file breaks the schema or points at something that is not there, and
    `InputError` when `folder` holds no content.

    >>> "knee_flexion" in load().signals
    True
    """
    return _shipped() if folder is None else _read((DATA, _own(Path(folder))))


def load_exercise(exercise_id: str, library: Library | None = None) -> Exercise:
    """The exercise or movement of that id; an unknown id is answered with close matches and the whole list.

    >>> load_exercise("squat_double").repetition.signal
    'hip_drop'
    """
    return _of_id("exercise", exercise_id, (library or load()).exercises)


def load_test(test_id: str, library: Library | None = None) -> MovementTest:
    """The movement test of that id; an unknown id is answered as by `load_exercise`.

    >>> load_test("lateral_step_down").exercise
    'step_down'
    """
    return _of_id("movement test", test_id, (library or load()).tests)


def _of_id(what: str, wanted: str, known: Mapping[str, T]) -> T:
    if wanted in known:
        return known[wanted]
    close = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    raise InputError(
        f"There is no {what} {wanted!r}",
        expected="one of " + ", ".join(sorted(known)),
        try_next=" or ".join(close) if close else f"kneeline {what.split()[-1]}s",
    )


@cache
def _shipped() -> Library:
    """The library as it came with the package; read once."""
    return _read((DATA,))


def _own(folder: Path) -> Path:
    if not any(any(folder.glob(files)) for files in ("*.toml", *(f"{name}/*.toml" for name in _FOLDERS))):
        raise InputError(
            f"{folder} holds no content",
            expected="exercises/ID.toml or tests/ID.toml files, or " + ", ".join(f"{table}.toml" for table in _TABLES),
        )
    return folder


def _read(folders: tuple[Path, ...]) -> Library:
    """Parse, convert and check the files of all folders as one library."""
    digest = hashlib.sha256()
    tables: dict[str, dict[str, Any]] = {table: {} for table in _TABLES}
    whole: dict[str, dict[str, Any]] = {name: {} for name in _FOLDERS}
    for folder in folders:
        for path in sorted((*folder.glob("*.toml"), *(p for name in _FOLDERS for p in folder.glob(f"{name}/*.toml")))):
            data = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
            parsed = _parse(name, data)
            if path.parent != folder:
                entry = _convert(name, parsed, _FOLDERS[path.parent.name])
                if entry.id != path.stem:
                    raise ContentError(name, "id", f"is {entry.id!r}; it must be the file's name, {path.stem!r}")
                _once(name, entry.id, whole[path.parent.name])
                whole[path.parent.name][entry.id] = entry
            elif path.stem in tables:
                for key, entry in parsed.items():
                    _once(name, key, tables[path.stem])
                    tables[path.stem][key] = entry
            else:
                raise ContentError(name, "file", f"is not one of {', '.join(t + '.toml' for t in tables)}")
    library = Library(
        exercises=MappingProxyType(whole["exercises"]),
        signals=_table("signals.toml", tables["signals"], Signal, "name"),
        measures=_table("measures.toml", tables["measures"], Measure, "id"),
        faults=_sentences("faults.toml", tables["faults"]),
        sayings=_sentences("sayings.toml", tables["sayings"]),
        sources=_table("evidence.toml", tables["evidence"], Source, "key"),
        validity=_table("validity.toml", tables["validity"], Validity, "signal"),
        accuracy=_convert("accuracy.toml", tables["accuracy"], AccuracyTable),
        clinic=ClinicContent(
            **{name: _table(f"{name}.toml", tables[name], kind, id_field) for name, (kind, id_field) in CLINIC.items()}
        ),
        guide=GuideContent(
            **{name: _table(f"{file}.toml", tables[file], GUIDE[name], "id") for name, file in _GUIDE.items()}
        ),
        planning=PlanContent(
            notices=_sentences("notices.toml", tables["notices"]),
            **{name: _table(f"{name}.toml", tables[name], kind, id) for name, (kind, id) in PLANNING.items()},
        ),
        tests=MappingProxyType(whole["tests"]),
        sheets=Sheets(
            load=_convert("load.toml", tables["load"], LoadSheet),
            running=_convert("running.toml", tables["running"], RunningSheet),
            progress=_convert("progress.toml", tables["progress"], ProgressSheet),
        ),
        chain=_convert("couplings.toml", tables["couplings"], Chain),
        links=_table("links.toml", tables["links"], LinkText, "id"),
        claims=_table("claims.toml", tables["claims"], CommonClaim, "id"),
        digest=digest.hexdigest(),
    )
    check(library)
    check_clinic(library)
    check_guide(library)
    check_tests(library)
    check_plans(library)
    check_sheets(library)
    check_chain(library)
    return library


def _parse(name: str, data: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ContentError(name, "encoding", "is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ContentError(name, "TOML", str(error)) from error


def _once(file: str, key: str, seen: Mapping[str, object]) -> None:
    if key in seen:
        raise ContentError(file, key, "is there twice; every id is used once")


def _sentences(file: str, entries: Mapping[str, Any]) -> Mapping[str, str]:
    """The one sentence of every id."""
    for key, sentence in entries.items():
        if not isinstance(sentence, str):
            raise ContentError(file, key, "must be a sentence (a str)")
    return MappingProxyType(dict(entries))


def _table(file: str, entries: Mapping[str, Any], kind: type[T], id_field: str) -> Mapping[str, T]:
    """The entries of one file as `kind`; the table's name is the entry's id."""
    found: dict[str, T] = {}
    for key, entry in entries.items():
        if not isinstance(entry, dict):
            raise ContentError(file, key, f"is not a table; write [{key}] with the keys of a {kind.__name__}")
        if id_field in entry and id_field == "id":
            raise ContentError(file, f"{key}.id", "is the table's name already; leave it out")
        found[key] = _convert(file, {**entry, id_field: key}, kind, key + ".")
    return MappingProxyType(found)


def _convert(file: str, value: object, kind: type[T], prefix: str = "") -> T:
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        problem, _, where = str(error).partition(" - at `$")
        steps = re.findall(r"\.(\w+)|\[(?:\d+|\.\.\.)\]", where)
        key = prefix + (where.rstrip("`").lstrip(".") or "")
        allowed = _allowed(kind, [step for step in steps if step])
        raise ContentError(
            file, key.rstrip(".") or "file", problem + (f"; allowed: {allowed}" if allowed else "")
        ) from error


def _allowed(kind: Any, steps: list[str]) -> str:
    """What the schema allows at a place: the keys of a struct, or the values of a Literal; empty for free values."""
    for step in steps:
        kind = get_type_hints(_inner(kind)).get(step)
    kind = _inner(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return ", ".join(kind.__struct_fields__)
    return ", ".join(map(str, get_args(kind))) if "Literal" in str(get_origin(kind)) else ""


def _inner(kind: Any) -> Any:
    """The type inside `tuple[X, ...]` and `X | None`."""
    while get_origin(kind) is not None and "Literal" not in str(get_origin(kind)):
        kind = next(arg for arg in get_args(kind) if arg not in (type(None), ...))
    return kind
