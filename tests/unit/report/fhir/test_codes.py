"""Codes and units: none made up, none without its source, every unit of the library known."""

from __future__ import annotations

import re

import pytest

from kneeline.content.load import load
from kneeline.report.fhir.codes import absent, known, measured, number, ours, own, quantity, string, units, when, whole


def test_every_code_of_others_says_where_it_was_looked_up() -> None:
    for name, entry in known().items():
        assert set(entry) == {"system", "code", "display", "source"}, name
        assert all(entry.values()), name
        assert entry["system"].startswith("http://"), name
        assert "kneeline" not in entry["system"], name


def test_every_unit_of_the_library_has_its_ucum_code() -> None:
    library = load()
    used = {signal.unit for signal in library.signals.values()}
    used |= {value.unit for test in library.tests.values() for value in test.value}
    used |= {indicator.unit for indicator in library.clinic.indicators.values()}
    used |= {question.unit for question in library.clinic.questions.values() if question.unit}
    assert used - set(units()) == set()


def test_ucum_codes_are_well_formed() -> None:
    atoms = {"deg", "s", "min", "m", "km", "1", "a", "d"}
    for code, shown in units().values():
        assert shown
        for part in code.split("/"):
            assert part in atoms or re.fullmatch(r"\{[a-z]+\}", part), code


def test_a_strange_unit_has_no_code_but_its_words() -> None:
    assert quantity(1.0, "stones") == {"value": 1.0, "unit": "stones"}
    assert quantity(1.0, "\x00")["unit"] == "?"
    assert quantity(1.0, "")["unit"] == "unknown unit"


def test_an_error_that_is_none_is_not_written() -> None:
    assert "extension" not in quantity(1.0, "deg", float("inf"))
    assert "extension" not in measured({"value": 1.0, "unit": "deg"})["valueQuantity"]
    assert quantity(1.0, "deg", 0.0)["extension"][0]["valueDecimal"] == 0.0


@pytest.mark.parametrize("value", [None, True, "3", float("nan"), float("inf"), 10**400, [1]])
def test_what_is_no_number_is_none(value: object) -> None:
    assert number(value) is None
    assert measured({"value": value, "not_assessable": "hidden"})["dataAbsentReason"]["text"] == "hidden"


@pytest.mark.parametrize("value", [True, 1.0, "1", -1, 2**31, None])
def test_what_is_no_count_is_none(value: object) -> None:
    assert whole(value) is None


def test_text_has_only_plain_spaces_and_nothing_that_a_terminal_obeys() -> None:
    assert string("a\u2028b\u00a0c\td\x1b[2J") == "a b c d?[2J"
    assert string(" \u3000 ") == ""
    assert absent("unknown", "")["dataAbsentReason"] == {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}]
    }


def test_our_own_codes_have_one_meaning() -> None:
    assert own("verdicts", "good") == {
        "system": "urn:kneeline:fhir:CodeSystem:verdicts", "code": "good", "display": ours()["verdicts"]["good"]
    }  # fmt: skip
    assert own("tests", "of my own", "Mine")["code"] == "of_my_own"
    assert own("measures", "")["code"] == "unknown"


def test_a_time_is_in_utc_whatever_its_zone() -> None:
    assert when("2026-11-22T08:30:00.000000+02:00") == "2026-11-22T06:30:00.000Z"
