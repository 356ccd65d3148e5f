"""Kinds of dated records: each has its name once, and none lets through what it did not declare."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from kneeline.store import kinds
from kneeline.store.kinds import KINDS, Pain, Payload

PUBLISHED = Path(__file__).with_name("kinds.json")
"""Every kind as it was written so far; old records have to stay readable, so what stands here may only grow."""


def test_every_struct_is_a_kind_under_its_own_name() -> None:
    structs = {value for value in vars(kinds).values() if isinstance(value, type) and issubclass(value, Payload)}
    assert structs - {Payload} == set(KINDS.values())
    assert all(name == kind.kind for name, kind in KINDS.items())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_unknown_keys_are_refused(kind: type[Payload]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"no_such_key": 1}, kind, strict=True)


@pytest.mark.parametrize("name", json.loads(PUBLISHED.read_text()))
def test_what_was_written_once_can_be_read_for_ever(name: str) -> None:
    for body in json.loads(PUBLISHED.read_text())[name]:
        assert msgspec.to_builtins(msgspec.convert(body, KINDS[name], strict=True)) == body


def test_every_kind_has_an_example_of_what_was_written() -> None:
    assert set(json.loads(PUBLISHED.read_text())) == set(KINDS)


def test_pain_is_from_0_to_10() -> None:
    for value in (-0.1, 10.1, 11, "3", True, None):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"value": value}, Pain, strict=True)
