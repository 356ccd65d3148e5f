"""The check of bundles: it finds what R4 forbids, says where, and is not upset by anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kneeline.report.fhir.check import MOST, problems


def bundle(*resources: Any) -> dict[str, Any]:
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": resource} for n, resource in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "pain"}}


def test_what_keeps_to_r4_has_no_problems() -> None:
    patient = {"resourceType": "Patient", "gender": "female", "birthDate": "1992", "active": True}
    seen = {**OBSERVATION, "valueQuantity": {"value": 3.5, "unit": "deg"}, "subject": {"reference": "urn:uuid:0"}}
    assert problems(bundle(patient, seen)) == []


@pytest.mark.parametrize(
    ("resource", "where", "what"),
    [
        ({**OBSERVATION, "status": "banana"}, "Observation).status", "codes"),
        ({"resourceType": "Patient", "gender": "f"}, "Patient).gender", "codes"),
        ({**OBSERVATION, "status": 3}, "Observation).status", "is no code"),
        ({"resourceType": "Observation", "status": "final"}, "Observation).code", "missing"),
        ({**OBSERVATION, "code": []}, "Observation).code", "is a list"),
        ({**OBSERVATION, "code": {}}, "Observation).code", "empty"),
        ({**OBSERVATION, "component": {}}, "Observation).component", "is no list"),
        ({**OBSERVATION, "component": []}, "Observation).component", "is empty"),
        ({**OBSERVATION, "component": [{}]}, "component[0]", "empty"),
        ({**OBSERVATION, "component": [{"valueInteger": 1}]}, "component[0].code", "missing"),
        ({**OBSERVATION, "valueInteger": 1, "valueString": "1"}, "value[x]", "more than one"),
        ({**OBSERVATION, "valueDecimal": 1}, "Observation)", "'valueDecimal'"),
        ({**OBSERVATION, "valueInteger": 1.5}, "valueInteger", "is no integer"),
        ({**OBSERVATION, "valueInteger": True}, "valueInteger", "is no integer"),
        ({**OBSERVATION, "valueInteger": 2**31}, "valueInteger", "is no integer"),
        ({**OBSERVATION, "valueBoolean": "yes"}, "valueBoolean", "is no boolean"),
        ({**OBSERVATION, "valueString": ""}, "valueString", "is no string"),
        ({**OBSERVATION, "valueString": " "}, "valueString", "is no string"),
        ({**OBSERVATION, "valueQuantity": {"value": float("nan")}}, "value", "is no decimal"),
        ({**OBSERVATION, "effectiveDateTime": "2026-11-22T08:30:00"}, "effectiveDateTime", "is no dateTime"),
        ({**OBSERVATION, "effectiveDateTime": "2026-13-01"}, "effectiveDateTime", "is no dateTime"),
        ({**OBSERVATION, "id": "with space"}, "id", "is no id"),
        ({**OBSERVATION, "subject": {"reference": "urn:uuid:9"}}, "entry[0].resource", "not in the bundle"),
        ({"resourceType": "Dragon"}, "entry[0].resource", "Dragon"),
        ({"resourceType": "Period"}, "entry[0].resource", "Period"),
        ({}, "entry[0].resource", "no resource"),
        ([], "entry[0].resource", "is a list"),
        ("text", "entry[0].resource", "no resource"),
    ],
)
def test_what_r4_forbids_is_found_where_it_is(resource: Any, where: str, what: str) -> None:
    found = problems(bundle(resource))
    assert any(where in problem.partition(": ")[0] and what in problem for problem in found), found


def test_one_address_stands_for_one_resource() -> None:
    twice = bundle(OBSERVATION, OBSERVATION)
    twice["entry"][1]["fullUrl"] = twice["entry"][0]["fullUrl"]
    assert problems(twice) == ["Bundle.entry[1].fullUrl: urn:uuid:0 is there twice"]


def test_no_more_problems_are_told_than_a_person_reads() -> None:
    assert len(problems(bundle(*[{}] * 100))) == MOST


def test_a_code_of_another_system_is_not_the_code_that_is_required() -> None:
    told = {"resourceType": "Questionnaire", "status": "active", "item": [{"linkId": "a", "type": "group"}]}
    assert problems(bundle(told)) == []
    told["item"] = [{"linkId": "a", "type": "female"}]
    assert len(problems(bundle(told))) == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["resourceType", "entry", "resource", "extension", "url", "reference", "code", "id", "_id"])
        | st.text(max_size=4),
        inner,
        max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(anything, st.sampled_from(["Patient", "Observation", "Bundle", "Questionnaire", "Provenance"]))
def test_nothing_upsets_it(value: Any, kind: str) -> None:
    inner = {**value, "resourceType": kind} if isinstance(value, dict) else value
    for found in (problems(value), problems(bundle(inner)), problems({"resourceType": "Bundle", "entry": value})):
        assert all(isinstance(problem, str) and problem for problem in found)
    assert problems({"resourceType": "Bundle", "entry": value}) != []
