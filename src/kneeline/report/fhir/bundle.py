"""A bundle of one person's records, and the records of a bundle.

Ids are those of the records, or made from them, so that the same records always give the same bundle, and a server that
gets it twice holds everything once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from kneeline.content.load import Library
from kneeline.model.errors import InputError
from kneeline.report.fhir import measured, people, said
from kneeline.report.fhir.case import Case
from kneeline.report.fhir.check import problems
from kneeline.report.fhir.codes import BASE, Resource, is_id, when
from kneeline.report.fhir.definitions import definitions
from kneeline.report.fhir.planned import plans
from kneeline.report.fhir.records import FORMAT, TABLES, Row, Rows, carried

LARGEST_BYTES: Final = 256 << 20
"""Some three years of three sessions a week (benchmarks/fhir.py). House default."""

_ONE_EACH: Final[Mapping[str, Callable[[Case, Row], Resource]]] = {
    "pain": said.pain,
    "effort": said.effort,
    "note": said.note,
    "run": said.run,
    "stairs": said.stairs,
    "test_result": measured.test_result,
    "finding": measured.finding,
    "physio_question": people.question,
}
"""Kinds of records that become one resource each."""
_TOGETHER: Final = ("profile", "answer", "plan")
"""Kinds that are made into resources elsewhere; every kind that is in neither becomes a `Basic`."""


def bundle_of(rows: Rows, library: Library, at: str, pdf: bytes | None = None) -> Resource:
    """The bundle of one person, as a transaction that a server can take in as it is.

    rows: of that person only, by table. at: the moment of the export, as kept times are written. pdf: a printed report.

    Raises: ValueError when the rows are not those of one person; RuntimeError when the bundle would break R4, which
    would be a mistake of ours.
    """
    if len(rows.get("person", ())) != 1:
        raise ValueError(f"a bundle is of one person, got rows of {len(rows.get('person', ()))}")
    case = Case({name: rows.get(name, ()) for name in TABLES}, library, at)
    resources = list(_resources(case, pdf))
    resources.append(people.export_note(case, resources))
    bundle: Resource = {
        "resourceType": "Bundle",
        "id": people.export_id(case.person),
        "meta": {"tag": [{"system": f"{BASE}:CodeSystem:format", "code": FORMAT}]},
        "type": "transaction",
        "timestamp": when(at),
        "entry": [
            {
                "fullUrl": f"urn:uuid:{one['id']}",
                "resource": one,
                "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
            }
            for one in resources
        ],
    }
    if wrong := problems(bundle):
        raise RuntimeError(f"what was written does not keep to FHIR R4: {wrong[0]}")
    return bundle


def _resources(case: Case, pdf: bytes | None) -> Iterator[Resource]:
    yield people.patient(case)
    yield from people.devices(case)
    yield from definitions(case.library)
    yield from said.responses(case)
    yield from said.goal(case)
    for row in case.of("record"):
        make = _ONE_EACH.get(row["kind"])
        if make is not None and row["version"] == 1:
            yield make(case, row)
        elif row["kind"] not in _TOGETHER or row["version"] != 1:
            yield people.other(case, row)
    yield from plans(case)
    yield from measured.sessions(case)
    yield from people.made_by(case)
    if pdf is not None:
        yield people.document(case, pdf)


def parse(data: bytes) -> object:
    """The JSON of a file.

    Raises: InputError when it is too large or none.
    """
    if len(data) > LARGEST_BYTES:
        raise InputError(f"The bundle is larger than {LARGEST_BYTES >> 20} MB", expected="an export of one person")
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refused)
    except (ValueError, RecursionError):
        raise InputError(
            "This is no JSON, or it is cut off or damaged", expected="a FHIR bundle as JSON", try_next="copy it again"
        ) from None


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def read_bundle(bundle: object) -> dict[str, list[Row]]:
    """The rows that a bundle of ours was made of, by table; what others wrote has none.

    Raises: InputError when it is not ours, breaks R4, lacks something, or was edited since.
    """
    wrong = problems(bundle)
    if wrong:
        raise InputError(f"This bundle does not keep to FHIR R4: {wrong[0]}", try_next="kneeline fhir check FILE.json")
    entries: Sequence[Mapping[str, Any]] = bundle.get("entry", []) if isinstance(bundle, dict) else []
    resources = [entry["resource"] for entry in entries if "resource" in entry]
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    for resource in resources:
        for table, row in carried(resource):
            rows[table].append(row)
    if len(rows["person"]) != 1:
        raise InputError(
            "This bundle was not written by kneeline",
            expected="what `kneeline fhir export` wrote, of one person; other bundles can only be checked",
        )
    _is_whole(resources, rows)
    return rows


def _is_whole(resources: Sequence[Mapping[str, Any]], rows: Mapping[str, Sequence[Row]]) -> None:
    """Refuse a bundle that lacks a resource, or holds rows of somebody else."""
    person = rows["person"][0].get("id")
    here = {resource.get("id") for resource in resources}
    notes = [one for one in resources if is_id(person) and one.get("id") == people.export_id(str(person))]
    named = [str(ref.get("reference", "")) for one in notes for ref in one.get("target", [])]
    targets = {name.rpartition(":")[2].rpartition("/")[2] for name in named}
    if not targets or targets - here:
        raise InputError(
            f"This bundle is not whole: {len(targets - here) or 'some'} of its resources are missing",
            expected="an export of kneeline as it was written",
            try_next="export it again",
        )
    if any(row.get("person_id") != person for table in TABLES[1:] for row in rows[table]):
        raise InputError("This bundle holds records of more than one person", expected="those of one person")
