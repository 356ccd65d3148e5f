"""Whether a bundle keeps to FHIR R4: elements, cardinalities, types, required codes, references.

The tables (`r4.json`) are those of the specification, 4.0.1, made by scripts/fhir_tables.py. The invariants of the
specification, which are written in FHIRPath, are checked by our tests on everything that we write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

MOST: Final = 20
"""Problems that are told; who has more begins with these. House default."""
_DEEPEST: Final = 40

_DATE = r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
_ZONE = r"(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00))"
_TEXT = {
    "id": r"[A-Za-z0-9\-.]{1,64}",
    "code": r"\S+(\s\S+)*",
    "uri": r"\S+",
    "url": r"\S+",
    "canonical": r"\S+",
    "oid": r"urn:oid:[0-2](\.(0|[1-9]\d*))+",
    "uuid": r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "date": _DATE,
    "dateTime": rf"({_DATE}|\d{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T{_TIME}{_ZONE})",
    "instant": rf"\d{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T{_TIME}{_ZONE}",
    "time": _TIME,
    "base64Binary": r"[0-9a-zA-Z+/=\s]+",
    "xhtml": r"<div[\s\S]*</div>",
}
_WORDS: Final = ("string", "markdown")
_WHOLE: Final = {"integer": -(2**31), "unsignedInt": 0, "positiveInt": 1}


@cache
def _r4() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads((Path(__file__).parent / "r4.json").read_text(encoding="utf-8"))
    return table


def problems(bundle: object) -> list[str]:
    """What is wrong with a bundle, each as "where: what"; an empty list where it keeps to R4.

    >>> problems({"resourceType": "Bundle", "type": "box"})
    ['Bundle.type: "box" is not one of the codes that R4 allows']
    """
    found: list[str] = []
    for problem in _bundle(bundle):
        found.append(problem)
        if len(found) == MOST:
            break
    return found


def _bundle(bundle: object) -> Iterator[str]:
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        yield 'Bundle: resourceType is not "Bundle"'
        return
    yield from _object(bundle, "Bundle", "Bundle", 0)
    entries = [entry for entry in _list(bundle.get("entry")) if isinstance(entry, dict)]
    known: dict[str, int] = {}
    for n, entry in enumerate(entries):
        url = entry.get("fullUrl")
        if isinstance(url, str):
            if url in known:
                yield f"Bundle.entry[{n}].fullUrl: {url:.80} is there twice"
            known[url] = n
    for n, entry in enumerate(entries):
        for target in _references(entry.get("resource"), 0):
            if target.startswith("urn:") and target not in known:
                yield f"Bundle.entry[{n}].resource: refers to {target:.80}, which is not in the bundle"


def _references(value: object, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        if isinstance(target := value.get("reference"), str):
            yield target
        for inner in value.values():
            yield from _references(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner, depth + 1)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: object, kind: str, where: str, depth: int) -> Iterator[str]:
    """What is wrong with something of a type that has elements."""
    if not isinstance(value, dict) or not value:
        yield f"{where}: is no {kind}, or an empty one"
        return
    if depth > _DEEPEST:
        yield f"{where}: is nested too deeply"
        return
    elements: Mapping[str, Any] = _r4()["types"][kind]
    seen: dict[str, int] = {}
    for key, given in value.items():
        if key == "resourceType" and "." not in kind:
            continue
        name, told = element_of(kind, key.removeprefix("_"))
        if told is None:
            yield f"{where}: R4 has no element {key!r:.60} in {kind}"
        elif not key.startswith("_"):
            seen[name] = seen.get(name, 0) + 1
            yield from _given(given, elements[name], told, f"{where}.{key}", depth)
    if len(seen) < sum(seen.values()):
        yield from (f"{where}.{name}: is there in more than one type" for name, n in seen.items() if n > 1)
    yield from (f"{where}.{name}: is missing" for name in _needed(kind) if name not in seen)


@cache
def _needed(kind: str) -> tuple[str, ...]:
    return tuple(name for name, element in _r4()["types"][kind].items() if element.get("min"))


@lru_cache(maxsize=10_000)
def element_of(kind: str, key: str) -> tuple[str, str | None]:
    """The element of a type that a key names, with its type; the key of a choice such as value[x] ends in its type.

    >>> element_of("Observation", "valueQuantity")
    ('value[x]', 'Quantity')
    """
    elements: Mapping[str, Any] = _r4()["types"][kind]
    if key in elements:
        types = elements[key]["types"]
        return key, types[0] if types else "Any"
    for name, element in elements.items():
        if name.endswith("[x]") and key.startswith(stem := name[:-3]):
            for kind in element["types"]:
                if key[len(stem) :] == kind[0].upper() + kind[1:]:
                    return name, kind
    return key, None


def _given(given: object, element: Mapping[str, Any], kind: str, where: str, depth: int) -> Iterator[str]:
    if bool(element.get("many")) != isinstance(given, list):
        yield f"{where}: {'is no list' if element.get('many') else 'is a list'}"
        return
    if isinstance(given, list) and not given:
        yield f"{where}: is empty"
    for n, one in enumerate(given if isinstance(given, list) else [given]):
        place = f"{where}[{n}]" if isinstance(given, list) else where
        yield from _value(one, kind, place, depth + 1)
        if "codes" in element and (told := _codes(one)) and not any(_allowed(c, element["codes"]) for c in told):
            yield f'{place}: "{told[0][1]:.60}" is not one of the codes that R4 allows'


def _codes(value: object) -> list[tuple[str, str]]:
    """System and code of a code, a coding or a concept; of a bare code the system is not said."""
    if isinstance(value, str):
        return [("", value)]
    if not isinstance(value, dict):
        return []
    if "coding" in value:
        return [code for one in _list(value["coding"]) for code in _codes(one)]
    return [(str(value.get("system", "")), str(value["code"]))] if "code" in value else []


def _allowed(code: tuple[str, str], codes: str) -> bool:
    table: list[str] = _r4()["codes"][codes]
    return "|".join(code) in table if code[0] else any(entry.endswith(f"|{code[1]}") for entry in table)


def _value(value: object, kind: str, where: str, depth: int) -> Iterator[str]:
    if kind == "Resource":
        of = value.get("resourceType") if isinstance(value, dict) else None
        if of not in _r4()["resources"]:
            yield f"{where}: {str(of)!r:.60} is no resource that kneeline knows"
        else:
            yield from _object(value, str(of), f"{where}({of})", depth)
    elif kind in _r4()["types"]:
        yield from _object(value, kind, where, depth)
    elif not _is(value, kind):
        yield f"{where}: is no {kind}"


def _is(value: object, kind: str) -> bool:
    """Whether a value is of a primitive type."""
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in _WHOLE:
        return isinstance(value, int) and not isinstance(value, bool) and _WHOLE[kind] <= value < 2**31
    if kind == "decimal":
        return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0
    if kind in _WORDS:
        return isinstance(value, str) and 0 < len(value) <= 1024 * 1024 and bool(value.strip())
    return isinstance(value, str) and re.fullmatch(_TEXT.get(kind, r"[\s\S]+"), value) is not None
