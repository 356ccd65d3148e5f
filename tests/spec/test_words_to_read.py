"""What is there to read says it in plain words, and each of its numbers has its ground."""

from __future__ import annotations

from pathlib import Path

import pytest
from people import Someone
from reading import FORBIDDEN, school_grade
from test_words import sentences, without_ground

from kneeline.content.load import load

LIBRARY = load()
PAGES = (
    "/chain",
    "/library",
    *(f"/library/claims/{key}" for key in LIBRARY.claims),
    *(f"/library/links/{key}" for key in LIBRARY.links),
)
TESTS = tuple(f"/library/tests/{key}" for key in LIBRARY.tests)


@pytest.fixture
def person(tmp_path: Path) -> Someone:
    return Someone(tmp_path / "records", LIBRARY)


@pytest.mark.parametrize("path", PAGES)
def test_every_number_of_a_page_to_read_has_its_ground(person: Someone, path: str) -> None:
    assert without_ground(person.text(path)) == []


@pytest.mark.parametrize("path", [*PAGES, *TESTS])
def test_a_page_to_read_is_plain(person: Someone, path: str) -> None:
    read = sentences(person.text(path))
    assert school_grade(read) <= 7.0, school_grade(read)
    assert not [words for words in read if FORBIDDEN.search(words)]
