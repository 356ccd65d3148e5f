"""Load, running and progress as shipped: readable at twelve, no words that feed fear, each number with its basis."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest
from reading import FORBIDDEN, school_grade, sentences

from kneeline.content.load import load
from kneeline.content.schema import Number

SHEETS = load().sheets
SHEET = SHEETS.load
TEXTS = {
    "leave_out": [text for one in SHEET.leave_out.values() for text in (f"{one.what}.", one.why, one.instead)],
    "activities": [f"{one.name}. {one.says}" for one in SHEET.activity.values()],
    "running": [re.sub(r"\{\w+(:\w+)?\}", "3", text) for text in SHEETS.running.says.values()],
}


def numbers(item: object) -> Iterator[Number]:
    if isinstance(item, Number):
        yield item
    elif isinstance(item, msgspec.Struct):
        for name in item.__struct_fields__:
            yield from numbers(getattr(item, name))
    elif isinstance(item, tuple | list):
        for part in item:
            yield from numbers(part)
    elif isinstance(item, dict):
        yield from numbers(tuple(item.values()))


@pytest.mark.parametrize("what", TEXTS)
def test_a_twelve_year_old_can_read_it(what: str) -> None:
    assert school_grade(TEXTS[what]) <= 7.0
    assert [s for text in TEXTS[what] for s in sentences(text) if len(s.split()) > 25] == []


@pytest.mark.parametrize("what", TEXTS)
def test_no_word_that_feeds_fear_and_no_pressure(what: str) -> None:
    assert [text for text in TEXTS[what] if FORBIDDEN.search(text) or re.search(r"MPa|stress", text)] == []


def test_a_sourced_number_names_its_source_and_the_others_are_house() -> None:
    found = [number for sheet in (SHEET, SHEETS.running, SHEETS.progress) for number in numbers(sheet)]
    assert len(found) > 80
    assert all(number.basis == "house" or number.evidence for number in found)
    assert {number.basis for number in found} == {"house", "sourced"}


def test_what_was_only_remembered_is_house() -> None:
    assert SHEET.model["a"].basis == "house"
    assert SHEET.model["b"].basis == "sourced"
