"""Codes, units and the small data types of FHIR R4, as plain dictionaries.

No code here is made up: one of another system stands in `codes.toml` with where it was looked up; for everything else
there are code systems of our own, whose codes are the ids of the library.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from kneeline.model.text import printable

Resource = dict[str, Any]

BASE: Final = "urn:kneeline:fhir"
UCUM: Final = "http://unitsofmeasure.org"
HL7: Final = "http://hl7.org/fhir/StructureDefinition"
ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
LONGEST_STRING: Final = 1024 * 1024
"""Characters of a FHIR string; the specification's limit."""
_LARGEST_INTEGER: Final = 2**31 - 1
_ORIGIN: Final = uuid5(NAMESPACE_URL, BASE)


def structure(name: str) -> str:
    """The address of a structure of our own.

    >>> structure("record")
    'urn:kneeline:fhir:StructureDefinition:record'
    """
    return f"{BASE}:StructureDefinition:{name}"


def system(name: str) -> str:
    """The address of a code system of our own."""
    return f"{BASE}:CodeSystem:{name}"


def id_of(*parts: object) -> str:
    """An id that the same parts always give.

    >>> id_of("Device", "0.1.0") == id_of("Device", "0.1.0")
    True
    """
    return str(uuid5(_ORIGIN, " ".join(map(str, parts))))


def to(id: str) -> Resource:
    """A reference to a resource of the same bundle."""
    return {"reference": f"urn:uuid:{id}"}


@cache
def known() -> Mapping[str, Mapping[str, str]]:
    """Codes of other systems by our name for them: system, code, display, source."""
    table = tomllib.loads((Path(__file__).parent / "codes.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: MappingProxyType(entry) for name, entry in table["code"].items()})


@cache
def units() -> Mapping[str, tuple[str, str]]:
    """Unit of kneeline -> its UCUM code and how it is printed."""
    table = tomllib.loads((Path(__file__).parent / "codes.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: (entry["ucum"], entry["print"]) for name, entry in table["unit"].items()})


def coding(name: str) -> Resource:
    """A code of another system, by our name for it."""
    entry = known()[name]
    return {key: entry[key] for key in ("system", "code", "display")}


@cache
def ours() -> Mapping[str, Mapping[str, str]]:
    """Our own code systems as far as they do not come out of the library: system -> code -> what it means."""
    table = tomllib.loads((Path(__file__).parent / "codes.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: MappingProxyType(codes) for name, codes in table["own"].items()})


def own(of: str, code: str, display: str = "") -> Resource:
    """A code of one of our own systems; what no code can hold is put as underscores.

    display: what the library calls it, where it comes out of the library.
    """
    shown = string(display) or ours().get(of, {}).get(code, "")
    return {"system": system(of), "code": re.sub(r"\s+", "_", code) or "unknown"} | (
        {"display": shown} if shown else {}
    )


def concept(text: str, *codings: Resource) -> Resource:
    """A concept, readable without any code."""
    shown = string(text)
    return ({"coding": list(codings)} if codings else {}) | ({"text": shown} if shown else {})


def string(text: object) -> str:
    """Text as FHIR takes it: printable, with plain spaces, not too long; empty where nothing is left.

    >>> string(" to\\u00a0the\\x00 knee ")
    'to the? knee'
    """
    return re.sub(r"[^\S\n]", " ", printable(str(text), lines=True)).strip()[:LONGEST_STRING]


def quantity(value: float, unit: str, sd: float | None = None) -> Resource:
    """A number with its unit, and the standard deviation of its error in the same unit.

    The error is HL7's own extension for it (`iso21090-uncertainty`, with `iso21090-uncertaintyType` N for normal).

    >>> quantity(12.0, "deg")
    {'value': 12.0, 'unit': 'deg', 'system': 'http://unitsofmeasure.org', 'code': 'deg'}
    """
    told = units().get(unit)
    named = {"unit": told[1], "system": UCUM, "code": told[0]} if told else {"unit": string(unit) or "unknown unit"}
    if sd is None or not math.isfinite(sd):
        return {"value": value, **named}
    error = [
        {"url": f"{HL7}/iso21090-uncertainty", "valueDecimal": sd},
        {"url": f"{HL7}/iso21090-uncertaintyType", "valueCode": "N"},
    ]
    return {"extension": error, "value": value, **named}


def measured(body: Mapping[str, Any]) -> Resource:
    """The value of an observation or a part of one: a quantity with its error, or why there is none."""
    value, sd = (number(body.get(key)) for key in ("value", "sd"))
    if value is not None:
        return {"valueQuantity": quantity(value, str(body.get("unit", "")), sd)}
    return absent("unknown", str(body.get("not_assessable", "")))


def absent(code: str, why: str) -> Resource:
    """That there is no value, and why in words."""
    return {"dataAbsentReason": concept(why, {"system": ABSENT, "code": code})}


def part(code: Resource, value: Resource) -> Resource:
    """A component of an observation."""
    return {"code": code, **value}


def number(value: object) -> float | None:
    """A number that FHIR can hold; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -1e15 < value < 1e15 else None


def whole(value: object, least: int = 0) -> int | None:
    """A whole number that FHIR can hold, None for anything else."""
    fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= _LARGEST_INTEGER
    return value if fits and isinstance(value, int) else None


def when(at: str) -> str:
    """A kept time as FHIR writes it, to the millisecond, which every server keeps.

    >>> when("2026-11-22T08:30:00.123456Z")
    '2026-11-22T08:30:00.123Z'
    """
    moment = datetime.fromisoformat(at).astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"


def is_id(text: object) -> bool:
    """Whether a text is the id of a record."""
    try:
        return isinstance(text, str) and str(UUID(text)) == text
    except ValueError:
        return False


def side_of(side: object) -> list[Resource]:
    """The knees that a side means: one, both, or none where it does not say."""
    sides = ("left", "right") if side == "both" else (side,)
    return [concept(f"{one} knee", coding(f"{one}_knee")) for one in sides if one in ("left", "right")]


def filled(resource: Resource) -> Resource:
    """The resource without what is empty, which FHIR does not allow."""
    return {key: value for key, value in resource.items() if value not in (None, "", [], {})}
