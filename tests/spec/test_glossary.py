"""The glossary holds every public name and every key of the answer, and no name that is gone."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([A-Za-z_]+)`", GLOSSARY))
SCHEMA = json.loads((ROOT / "docs" / "schema" / "set.schema.json").read_text(encoding="utf-8"))
VALUES = {"left", "right", "both"}


def public_names() -> Iterator[str]:
    """Classes and type aliases of kneeline.model, except constants and helpers."""
    for path in sorted((ROOT / "src" / "kneeline" / "model").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.Assign) and isinstance(name := node.targets[0], ast.Name):
                hidden = name.id.isupper() or name.id.startswith("_") or name.id == "Array"
                yield from () if hidden else (name.id,)


def answer_keys(part: Any = SCHEMA) -> Iterator[str]:
    """Every key that an answer can have."""
    if isinstance(part, dict):
        yield from part.get("properties", {}) if isinstance(part.get("type"), str) else ()
        for inner in part.values():
            yield from answer_keys(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from answer_keys(inner)


def test_there_is_something_to_compare() -> None:
    assert {"Estimate", "Repetition", "PoseFrame", "Event"} <= set(public_names())
    assert {"dose_received", "not_assessable", "fps_median", "say"} <= set(answer_keys())


@pytest.mark.parametrize("name", sorted(set(public_names())))
def test_every_public_name_has_its_meaning(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize("key", sorted(set(answer_keys())))
def test_every_key_of_the_answer_has_its_meaning(key: str) -> None:
    assert key in NAMED


def test_no_name_in_the_glossary_is_gone() -> None:
    assert not NAMED - set(public_names()) - set(answer_keys()) - VALUES
