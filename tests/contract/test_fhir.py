"""FHIR R4 as others read it: models, required codes and invariants on everything we write, and the records back."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import fhirpathpy
import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir_rows import ROOT, Rows, docs_maker, parts, rows
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models
from hypothesis import HealthCheck, given, settings

from kneeline.cli import main
from kneeline.content.load import load
from kneeline.model.errors import InputError
from kneeline.report.fhir import bundle_of, problems, read_bundle
from kneeline.report.fhir.bundle import parse
from kneeline.store import Store

DOCS = ROOT / "docs/fhir"
FILES = ("example.json", "definitions.json")
AT = "2026-11-22T12:00:00.000000Z"
INVARIANTS: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("fhir_invariants.json").read_text(encoding="utf-8")
)


def read(name: str) -> dict[str, Any]:
    bundle: dict[str, Any] = json.loads((DOCS / name).read_text(encoding="utf-8"))
    return bundle


def resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"]]


def in_order(found: Any) -> dict[str, list[str]]:
    """Rows as text, since True and 1 are equal to Python and not to us."""
    return {table: sorted(json.dumps(row, sort_keys=True) for row in found[table]) for table in found}


@cache
def invariant(expression: str) -> Callable[..., list[Any]]:
    # fhirpathpy lacks hasValue(); in JSON a primitive that exists has a value, or the check of structure refuses it.
    plain = expression.replace(".hasValue()", ".exists()")
    return fhirpathpy.compile(plain, models["r4"], {"traceFn": lambda *_: None})


def broken(resource: dict[str, Any]) -> tuple[list[str], int]:
    """The invariants of R4 that a resource breaks, and how many were looked at."""
    found, looked = [], 0
    for kind, element in parts(copy.deepcopy(resource), resource["resourceType"]):
        for key, expression in INVARIANTS.get(kind, {}).items():
            context = {"resource": resource, "rootResource": resource, "context": element}
            said = invariant(expression)(ResourceNode.create_node(element, kind), context)
            looked += 1
            if said not in ([True], []):
                found.append(f"{resource['resourceType']}: {kind} {key}: {expression}")
    return found, looked


@pytest.fixture(scope="module")
def example() -> Rows:
    """The records of the person in docs/fhir."""
    return {table: [dict(row) for row in found] for table, found in read_bundle(read("example.json")).items()}


@pytest.mark.parametrize("name", FILES)
def test_every_resource_is_what_the_models_expect(name: str) -> None:
    bundle = read(name)
    for resource in (*resources(bundle), bundle):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


@pytest.mark.parametrize("name", FILES)
def test_every_resource_keeps_to_structure_and_required_codes(name: str) -> None:
    assert problems(read(name)) == []


@pytest.mark.parametrize("name", FILES)
def test_every_resource_keeps_the_invariants(name: str) -> None:
    told = [broken(resource) for resource in resources(read(name))]
    assert [problem for found, _ in told for problem in found] == []
    assert sum(looked for _, looked in told) > 500


@pytest.mark.parametrize(
    ("resource", "rule"),
    [
        ({"resourceType": "Observation", "status": "final", "code": {}, "valueInteger": 1,
          "dataAbsentReason": {"text": "no"}}, "obs-6"),
        ({"resourceType": "Device", "extension": [{"url": "x", "valueInteger": 1,
                                                   "extension": [{"url": "y"}]}]}, "ext-1"),
        ({"resourceType": "Questionnaire", "item": [{"linkId": "a", "type": "group"},
                                                    {"linkId": "a", "type": "group"}]}, "que-2"),
    ],
)  # fmt: skip
def test_a_broken_invariant_is_found(resource: dict[str, Any], rule: str) -> None:
    assert any(f" {rule}: " in problem for problem in broken(resource)[0])


def test_the_published_files_are_fresh() -> None:
    maker = docs_maker()
    for name, content in maker.files(load()).items():
        fresh, kept = maker.masked(maker.text_of(content)), maker.masked((DOCS / name).read_text(encoding="utf-8"))
        assert fresh == kept, f"docs/fhir/{name} is stale: run .venv/bin/python scripts/fhir_docs.py"


def test_the_example_has_every_sort_of_resource_and_record(example: Rows) -> None:
    from kneeline.store.kinds import KINDS

    sorts = {resource["resourceType"] for resource in resources(read("example.json"))}
    assert sorts == {
        "Patient", "Questionnaire", "QuestionnaireResponse", "Observation", "Goal", "CarePlan", "ServiceRequest",
        "PlanDefinition", "ActivityDefinition", "Procedure", "DocumentReference", "Provenance", "Device",
        "CommunicationRequest", "Basic",
    }  # fmt: skip
    missing = set(KINDS) - {row["kind"] for row in example["record"]}
    assert missing == set(), "add one of each to said() in scripts/fhir_docs.py and run it"


def test_people_in_examples_have_no_names(example: Rows) -> None:
    (patient,) = (one for one in resources(read("example.json")) if one["resourceType"] == "Patient")
    assert "name" not in patient
    assert "telecom" not in patient
    assert [row["body"]["name"] for row in example["record"] if row["kind"] == "profile"] == [""]


def test_every_code_of_ours_is_published_with_its_display() -> None:
    known = {
        (system["url"], concept["code"]): concept["display"]
        for system in resources(read("definitions.json"))
        if system["resourceType"] == "CodeSystem"
        for concept in system["concept"]
    }
    codings = [
        element
        for resource in resources(read("example.json"))
        for kind, element in parts(resource, resource["resourceType"])
        if kind == "Coding" and element["system"].startswith("urn:kneeline") and "format" not in element["system"]
    ]
    unknown = {c["code"] for c in codings if (c["system"], c["code"]) not in known}
    assert [c for c in codings if c["code"] not in unknown and c.get("display", known[c["system"], c["code"]]) != known[
        c["system"], c["code"]]] == []  # fmt: skip
    assert unknown == {"knee_to_wall.toe_to_wall_frac"}  # made up, as an id of somebody's own content would be
    assert len(codings) > 100


def test_every_extension_of_ours_is_published() -> None:
    known = {one["url"] for one in resources(read("definitions.json")) if one["resourceType"] == "StructureDefinition"}
    used = {
        element["url"]
        for resource in resources(read("example.json"))
        for kind, element in parts(resource, resource["resourceType"])
        if kind == "Extension" and element["url"].startswith("urn:")
    }
    assert used == known


def test_a_measure_says_its_error_in_hl7s_own_extension(example: Rows) -> None:
    bundle = bundle_of(example, load(), AT)
    (test,) = (r for r in resources(bundle) if r.get("code", {}).get("text") == "Knee to wall, left")
    seen, unseen = sorted(test["component"], key=lambda part: part["code"]["coding"][0]["code"])
    assert seen["valueQuantity"]["value"] == 38.5
    assert {e["url"].rpartition("/")[2]: e[k] for e in seen["valueQuantity"]["extension"] for k in e if k != "url"} == {
        "iso21090-uncertainty": 2.1,
        "iso21090-uncertaintyType": "N",
    }
    assert "valueQuantity" not in unseen
    assert unseen["dataAbsentReason"]["text"] == "the wall cannot be seen"


def test_one_request_for_every_exercise_and_side_with_words_for_those_who_read_no_extensions(example: Rows) -> None:
    requests = [r for r in resources(bundle_of(example, load(), AT)) if r["resourceType"] == "ServiceRequest"]
    active = [r for r in requests if r["status"] == "active"]
    assert [r["code"]["text"] for r in active] == [
        "Terminal knee extension with a band, left leg",
        "Terminal knee extension with a band, right leg",
    ]
    assert all("3 sets of 12; 2 s up, 2 s hold, 2 s down" in r["patientInstruction"] for r in active)
    assert [r["code"]["text"] for r in requests if "Calf" in r["code"]["text"]] == [
        "Calf raise with a ball squeeze, both legs"
    ]


def test_a_record_that_was_put_right_does_not_stand_as_final(example: Rows) -> None:
    efforts = [
        (r["valueQuantity"]["value"], r["status"])
        for r in resources(bundle_of(example, load(), AT))
        if r.get("code", {}).get("text") == "Effort, 0 to 10"
    ]
    assert sorted(efforts) == [(1.0, "entered-in-error"), (6.0, "corrected")]


# Back again


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rows())
def test_any_records_come_back_as_they_were(found: Rows) -> None:
    bundle = bundle_of(found, load(), AT)
    text = json.dumps(bundle, allow_nan=False)
    assert problems(json.loads(text)) == []
    assert in_order(read_bundle(json.loads(text))) == in_order(found)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rows())
def test_any_records_keep_to_models_and_invariants(found: Rows) -> None:
    bundle = json.loads(json.dumps(bundle_of(found, load(), AT)))
    for resource in resources(bundle):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        if resource["resourceType"] not in ("Questionnaire", "ActivityDefinition", "PlanDefinition"):
            assert broken(resource)[0] == []


def test_the_same_records_give_the_same_bundle(example: Rows) -> None:
    assert bundle_of(example, load(), AT) == bundle_of({t: example[t][::-1] for t in example}, load(), AT)


def test_what_a_server_gives_back_is_read_too(example: Rows) -> None:
    """Other addresses, references and metadata, no narrative, whole numbers without a point, another order."""
    bundle = bundle_of(example, load(), AT)
    kinds = {entry["resource"]["id"]: entry["resource"]["resourceType"] for entry in bundle["entry"]}

    def served(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: served(inner) for key, inner in value.items()}
        if isinstance(value, str) and value.startswith("urn:uuid:"):
            return f"{kinds[value[9:]]}/{value[9:]}"
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return [served(one) for one in value] if isinstance(value, list) else value

    entries = [
        {"fullUrl": f"https://example.org/fhir/{kinds[r['id']]}/{r['id']}", "resource": r}
        for r in ({**served(one), "meta": {"versionId": "1"}} for one in reversed(resources(bundle)))
    ]
    back = read_bundle({"resourceType": "Bundle", "type": "searchset", "entry": entries})
    assert in_order(back) == in_order(example)


def everything(folder: Path) -> Any:
    maker = docs_maker()
    with Store.open(folder) as store:
        return in_order(maker.rows_of(store, folder.parent / "rows.zip", store.people()[0].id))


def test_export_import_export_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other, file = tmp_path / "one", tmp_path / "other", tmp_path / "me.json"
    maker = docs_maker()
    with Store.open(one) as store:
        maker.live(store, load())
    assert main(["fhir", "export", str(file), "--data", str(one)]) == 0
    assert main(["fhir", "check", str(file)]) == 0
    assert main(["fhir", "import", str(file), "--data", str(other), "--as-me"]) == 0
    assert everything(other) == everything(one)
    with Store.open(other) as store:
        assert store.local_person(maker.AT).id == maker.PERSON
    assert main(["fhir", "import", str(file), "--data", str(other)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 records were added")
    assert everything(other) == everything(one)


def test_a_printed_report_goes_along(tmp_path: Path, example: Rows) -> None:
    import base64

    documents = [
        r for r in resources(bundle_of(example, load(), AT, b"%PDF-x")) if r["resourceType"] == "DocumentReference"
    ]
    assert [base64.b64decode(d["content"][0]["attachment"]["data"]) for d in documents] == [b"%PDF-x"]
    (tmp_path / "no.pdf").write_bytes(b"MZ")
    assert (
        main(["fhir", "export", str(tmp_path / "x.json"), "--data", str(tmp_path), "--pdf", str(tmp_path / "no.pdf")])
        == 2
    )


# Whatever else comes in


def test_a_bundle_of_two_people_is_a_mistake_of_the_caller(example: Rows) -> None:
    with pytest.raises(ValueError, match="one person"):
        bundle_of({**example, "person": []}, load(), AT)


def hostile(bundle: dict[str, Any]) -> dict[str, Any]:
    """Bundles that must be refused, by what is wrong with them."""

    def changed(edit: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        copied = copy.deepcopy(bundle)
        edit(copied)
        return copied

    def edit_value(b: dict[str, Any]) -> None:
        next(r for r in resources(b) if "valueQuantity" in r)["valueQuantity"]["value"] = 7

    def edit_row(b: dict[str, Any]) -> None:
        part = resources(b)[0]["extension"][0]["extension"][2]
        part["valueString"] = part["valueString"].replace("2026", "2025")

    def of_two(b: dict[str, Any]) -> None:
        b["entry"] += json.loads(
            json.dumps(b["entry"][:1]).replace(bundle["entry"][0]["resource"]["id"], str(UUID(int=5)))
        )

    deep: Any = 1
    for _ in range(100):
        deep = {"extension": [{"url": "x", "extension": [deep]}]} if isinstance(deep, dict) else {"url": "x"}
    return {
        "edited": changed(edit_value),
        "edited record": changed(edit_row),
        "no seal": changed(lambda b: resources(b)[0]["extension"].pop()),
        "missing resource": changed(lambda b: b["entry"].pop(3)),
        "missing repetition": changed(
            lambda b: b["entry"].pop(next(n for n, r in enumerate(resources(b)) if "Repetition" in str(r.get("code"))))
        ),
        "no note of the export": changed(lambda b: b["entry"].pop()),
        "two people": changed(of_two),
        "foreign": {"resourceType": "Bundle", "type": "collection", "entry": [
            {"resource": {"resourceType": "Patient", "gender": "male"}}]},
        "empty": {"resourceType": "Bundle", "type": "collection"},
        "no bundle": {"resourceType": "Patient"},
        "a list": [],
        "entry is text": {"resourceType": "Bundle", "type": "collection", "entry": "x"},
        "strange resource": {"resourceType": "Bundle", "type": "collection", "entry": [
            {"resource": {"resourceType": "X"}}]},
        "deep": {"resourceType": "Bundle", "type": "collection", "entry": [
            {"resource": {"resourceType": "Patient", "extension": [deep]}}]},
    }  # fmt: skip


CASES = (
    "edited", "edited record", "no seal", "missing resource", "missing repetition", "no note of the export",
    "two people", "foreign", "empty", "no bundle", "a list", "entry is text", "strange resource", "deep",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_bundle_is_refused_in_a_sentence_and_changes_nothing(
    case: str, example: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundles = hostile(bundle_of(example, load(), AT))
    assert set(bundles) == set(CASES)
    file, folder = tmp_path / "x.json", tmp_path / "store"
    file.write_text(json.dumps(bundles[case]))
    with Store.open(folder):
        pass
    assert main(["fhir", "import", str(file), "--data", str(folder)]) == 2
    said = capsys.readouterr().err.strip()
    assert said
    assert "\n" not in said
    with Store.open(folder) as store:
        assert store.people() == ()


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}', b"9" * 10_000, b"\x00" * 100, b'"\\ud800"'],
    ids=["empty", "cut off", "no text", "deep", "NaN", "huge number", "zeros", "half a character"],
)  # fmt: skip
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_bundle(parse(data))


def test_a_huge_file_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kneeline.report.fhir.bundle.LARGEST_BYTES", 10)
    with pytest.raises(InputError, match="larger"):
        parse(b'{"a":        1}')


def test_a_truncated_file_is_refused_wherever_it_ends(example: Rows) -> None:
    data = json.dumps(bundle_of(example, load(), AT)).encode()
    for end in range(1, len(data), math.ceil(len(data) / 40)):
        with pytest.raises(InputError):
            read_bundle(parse(data[:end]))


def test_a_row_that_is_none_of_the_stores_is_refused_by_the_store(tmp_path: Path, example: Rows) -> None:
    """Sealed and all: what the store would not take in, it does not take in from here."""
    other = copy.deepcopy(example)
    other["record"][0]["body"]["surprise"] = math.pi
    other["record"][1]["kind"] = "Not A Word"
    file, folder = tmp_path / "x.json", tmp_path / "store"
    file.write_text(json.dumps(bundle_of(other, load(), AT)))
    assert main(["fhir", "import", str(file), "--data", str(folder)]) == 2
    with Store.open(folder) as store:
        assert store.people() == ()


def test_nothing_is_exported_of_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(tmp_path / "store"):
        pass
    assert main(["fhir", "export", str(tmp_path / "x.json"), "--data", str(tmp_path / "store")]) == 2
    assert not (tmp_path / "x.json").exists()
    assert main(["fhir", "check", str(tmp_path / "nothing.json")]) == 2
    assert "no file" in capsys.readouterr().err


def test_of_several_people_one_has_to_be_named(tmp_path: Path) -> None:
    folder, file, someone = tmp_path / "store", tmp_path / "x.json", UUID(int=7)
    maker = docs_maker()
    with Store.open(folder) as store:
        maker.live(store, load())
        store.add_person(someone, maker.AT)
    assert main(["fhir", "export", str(file), "--data", str(folder)]) == 2
    assert main(["fhir", "export", str(file), "--data", str(folder), "--person", str(UUID(int=8))]) == 2
    assert main(["fhir", "export", str(file), "--data", str(folder), "--person", str(someone)]) == 0
    assert read_bundle(json.loads(file.read_text()))["person"][0]["id"] == str(someone)


def test_definitions_can_be_written(tmp_path: Path) -> None:
    assert main(["fhir", "definitions", str(tmp_path / "d.json")]) == 0
    assert problems(json.loads((tmp_path / "d.json").read_text())) == []
