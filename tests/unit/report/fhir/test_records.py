"""Records inside resources: what a seal notices, and what it lets a server do."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kneeline.model.errors import InputError
from kneeline.report.fhir.records import carried, carry

ROW = {"id": "a", "at": "2026", "body": {"text": "half\u2028way \x7f \u00a0 \U0001f600", "n": 2**70, "x": 1.0}}


def sealed() -> dict[str, Any]:
    of = {
        "resourceType": "Observation",
        "id": "a",
        "subject": {"reference": "urn:uuid:p"},
        "valueQuantity": {"value": 3.0},
    }
    return copy.deepcopy(carry(of, [("record", ROW)]))


def test_a_record_comes_back_as_it_was() -> None:
    assert carried(sealed()) == [("record", ROW)]
    row = sealed()["extension"][0]["extension"][2]["valueString"]
    assert "\u2028" not in row
    assert "\x7f" not in row


def test_a_resource_of_others_carries_nothing() -> None:
    assert carried({"resourceType": "Observation", "extension": [{"url": "http://x"}]}) == []
    assert carried({"resourceType": "Observation"}) == []


def test_a_server_may_write_it_otherwise() -> None:
    resource = sealed()
    resource |= {"meta": {"versionId": "7"}, "text": {"status": "generated"}}
    resource["subject"]["reference"] = "Patient/p"
    resource["valueQuantity"]["value"] = 3
    assert carried(resource) == [("record", ROW)]


@pytest.mark.parametrize("edit", [
    lambda r: r["valueQuantity"].update(value=4.0),
    lambda r: r["subject"].update(reference="Patient/q"),
    lambda r: r.update(status="final"),
    lambda r: r["extension"].pop(),
    lambda r: r["extension"].pop(0),
    lambda r: r["extension"].append(r["extension"][-1]),
    lambda r: r["extension"].append({"url": "http://x"}),
])  # fmt: skip
def test_an_edit_is_noticed(edit: Any) -> None:
    resource = sealed()
    edit(resource)
    with pytest.raises(InputError, match="Observation a is not what kneeline wrote"):
        carried(resource)


@pytest.mark.parametrize(
    ("part", "value", "says"),
    [(0, "2", "another version"), (1, "machine", "cannot be read"), (2, "{", "cannot be read"),
     (2, "[]", "cannot be read"), (2, "[" * 100_000, "cannot be read")],
)  # fmt: skip
def test_a_sealed_record_that_is_none_is_refused(part: int, value: str, says: str) -> None:
    resource = sealed()
    told = resource["extension"][0]["extension"][part]
    told["valueString" if part == 2 else "valueCode"] = value
    again = carry({**resource, "extension": resource["extension"][:-1]}, [])
    with pytest.raises(InputError, match=says):
        carried(again)


def test_a_sealed_record_without_its_parts_is_refused() -> None:
    resource = sealed()
    del resource["extension"][0]["extension"]
    with pytest.raises(InputError, match="cannot be read"):
        carried(carry({**resource, "extension": resource["extension"][:-1]}, []))


def test_a_record_too_long_for_fhir_is_refused_and_not_cut() -> None:
    with pytest.raises(InputError, match="too long"):
        carry({"resourceType": "Basic"}, [("record", {"body": "x" * (1 << 20)})])
