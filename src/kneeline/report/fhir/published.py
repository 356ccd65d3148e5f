"""What others need to read our bundles: the extensions, code systems and value sets that are our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kneeline import __version__
from kneeline.content.load import Library
from kneeline.report.fhir.codes import HL7, Resource, filled, id_of, ours, string, structure, system
from kneeline.report.fhir.definitions import DOSE, definitions, option_code
from kneeline.report.fhir.measured import test_measure
from kneeline.report.fhir.records import RECORD, SEAL

_OURS: Final = {
    "kinds": ("Kinds of records", True),
    "verdicts": ("What a person is told about a repetition", True),
    "links": ("Parts of the leg that are trained", True),
    "bands": ("How strong a band is", True),
    "pain": ("What a pain belongs to", False),
}
"""Code systems of our own with their titles, and whether all their codes are known."""


def published(library: Library) -> list[Resource]:
    """Every definition: extensions, code systems, value sets, and the library itself."""
    return [*_extensions(), *_code_systems(library), _value_set("bands", "Bands"), *definitions(library)]


def definitions_bundle(library: Library) -> Resource:
    """Everything of `published`, as a transaction that a server can take in."""
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"urn:uuid:{one['id']}",
                "resource": one,
                "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
            }
            for one in published(library)
        ],
    }


def _about(kind: str, url: str, name: str, title: str, text: str) -> Resource:
    return {
        "resourceType": kind,
        "id": id_of(kind, url),
        "url": url,
        "version": __version__,
        "name": name,
        "title": title,
        "status": "active",
        "experimental": False,
        "description": text,
    }


def _code_systems(library: Library) -> Iterator[Resource]:
    measures = {key: measure.name for key, measure in library.measures.items()}
    for test in library.tests.values():
        measures |= {test_measure(test.id, value.id): value.name for value in test.value}
    answers = {
        option_code(asked.id, option.id): option.text
        for asked in library.clinic.questions.values()
        for option in asked.options
    }
    for name, (title, whole) in _OURS.items():
        yield _code_system(name, title, ours()[name], whole=whole)
    yield _code_system("exercises", "Exercises", {key: one.name for key, one in library.exercises.items()})
    yield _code_system("tests", "Movement tests", {key: one.name for key, one in library.tests.items()})
    yield _code_system("measures", "What is measured", {**measures, **ours()["measures"]})
    yield _code_system("answers", "Answers that can be chosen, as QUESTION.OPTION", answers)


def _code_system(name: str, title: str, codes: Mapping[str, str], *, whole: bool = False) -> Resource:
    about = _about("CodeSystem", system(name), f"Kneeline{name.capitalize()}", title, f"{title}; ids of kneeline.")
    return about | {
        "caseSensitive": True,
        "content": "complete" if whole else "fragment",
        "count": len(codes),
        "concept": [{"code": code, "display": string(shown)} for code, shown in codes.items()],
    }


def _value_set(name: str, title: str) -> Resource:
    url = f"urn:kneeline:fhir:ValueSet:{name}"
    about = _about("ValueSet", url, f"Kneeline{title}Set", title, f"All codes of {system(name)}.")
    return about | {"compose": {"include": [{"system": system(name)}]}}


def _extensions() -> Iterator[Resource]:
    dose = {
        "sets": ("positiveInt", "Sets"),
        "repetitions": ("positiveInt", "Repetitions of a set, for each leg"),
        "lift": ("Duration", "Seconds of the way out; in a squat, of the way up"),
        "hold": ("Duration", "Seconds at the far end"),
        "lower": ("Duration", "Seconds of the way back; in a squat, of the way down"),
        "rest": ("Duration", "Seconds between two sets"),
        "rung": ("integer", "Level on the exercise's ladder: 0 is the exercise itself, easier is negative"),
        "band": ("code", "How strong the band is"),
    }
    where = ("ServiceRequest", "ActivityDefinition", "PlanDefinition.action")
    yield _complex("KneelineDose", DOSE, "The dose of an exercise", where, dose)
    record = {
        "format": ("code", "How the record stands here"),
        "table": ("code", "The sort of record"),
        "row": ("string", "The record as kneeline keeps it, as JSON"),
    }
    yield _complex("KneelineRecord", RECORD, "A record that the resource was made of", ("DomainResource",), record)
    text = "SHA-256 of the resource without meta, text and this, to notice that it was edited"
    yield _simple("KneelineSeal", SEAL, text, ("DomainResource",), "string")
    items = ("Questionnaire.item", "Questionnaire.item.item", "QuestionnaireResponse.item",
             "QuestionnaireResponse.item.item")  # fmt: skip
    text = "Which wording of a question it is; the text of a question changes only with this number"
    yield _simple("KneelineWording", structure("wording"), text, items, "positiveInt")


def _extension(name: str, url: str, text: str, where: tuple[str, ...], elements: list[Resource]) -> Resource:
    root = {"id": "Extension", "path": "Extension", "short": text, "definition": f"{text}.", "min": 0, "max": "*"}
    return _about("StructureDefinition", url, name, text, f"{text}.") | {
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": place} for place in where],
        "type": "Extension",
        "baseDefinition": f"{HL7}/Extension",
        "derivation": "constraint",
        "differential": {"element": [root, *elements]},
    }


def _fixed(url: str) -> Resource:
    return {"id": "Extension.url", "path": "Extension.url", "fixedUri": url}


def _simple(name: str, url: str, text: str, where: tuple[str, ...], kind: str) -> Resource:
    value = {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{"code": kind}]}
    none = {"id": "Extension.extension", "path": "Extension.extension", "max": "0"}
    return _extension(name, url, text, where, [none, _fixed(url), value])


def _complex(name: str, url: str, text: str, where: tuple[str, ...], parts: Mapping[str, tuple[str, str]]) -> Resource:
    elements: list[Resource] = []
    for part, (kind, short) in parts.items():
        id, path = f"Extension.extension:{part}", "Extension.extension"
        bound: Any = None
        if part == "band":
            bound = {"strength": "required", "valueSet": "urn:kneeline:fhir:ValueSet:bands"}
        elements += [
            {
                "id": id,
                "path": path,
                "sliceName": part,
                "short": short,
                "definition": f"{short}.",
                "min": 0,
                "max": "1",
            },
            {"id": f"{id}.url", "path": f"{path}.url", "fixedUri": part},
            filled({"id": f"{id}.value[x]", "path": f"{path}.value[x]", "type": [{"code": kind}], "binding": bound}),
        ]
    none = {"id": "Extension.value[x]", "path": "Extension.value[x]", "max": "0"}
    return _extension(name, url, text, where, [*elements, _fixed(url), none])
