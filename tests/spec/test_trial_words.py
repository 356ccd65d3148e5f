"""The words of the movement tests' pages: easy to read, nothing that feeds fear, every number with its ground.

Grounds are told as in `test_words`. Besides, numbers in a test's own words (its name, steps, stop rules, meaning)
need none of their own: the pages say that they are house defaults, and the library's tests look at them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from fastapi.testclient import TestClient
from reading import FORBIDDEN, school_grade
from test_live_trial import GIVEN, SAID, frames_of, live, run
from test_words import sentences, without_ground

from kneeline.content.load import load
from kneeline.store import Store
from kneeline.web import trial_book
from kneeline.web.app import create_app
from kneeline.web.book import Book

LIBRARY = load()
MOST_GRADE = 7.0
"""School grade; a reading age of twelve."""
ALONE = {"heel_raise_count": "12", "stand_30s": "21", "knee_to_wall": "36", "treadmill_side": "168"}


def words_of(content: object) -> Iterator[str]:
    """Every text of a test."""
    if isinstance(content, str):
        yield repr(content)[1:-1].rstrip(".").lower()
    elif isinstance(content, dict | list | tuple):
        for one in content.values() if isinstance(content, dict) else content:
            yield from words_of(one)


OWN_WORDS = {words for test in LIBRARY.tests.values() for words in words_of(msgspec.to_builtins(test)) if " " in words}
"""Texts that stand in the library as they are shown."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as store:
        yield store


@pytest.fixture
def client(store: Store) -> TestClient:
    return TestClient(create_app(store, LIBRARY), base_url="http://localhost", headers={"origin": "http://localhost"})


def problems(client: TestClient, path: str) -> list[str]:
    """What is wrong with the words and numbers of a page."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    found = [f"{path}: {word}" for word in FORBIDDEN.findall(re.sub(r"<[^>]+>", " ", answer.text))]
    numbers = [one for one in without_ground(answer.text) if not any(words in one.lower() for words in OWN_WORDS)]
    found += [f"{path}: {number}" for number in numbers]
    read = sentences(answer.text)
    if (grade := school_grade(read)) > MOST_GRADE:
        found.append(f"{path}: school grade {grade:.1f}")
    return found


@pytest.mark.parametrize("test_id", LIBRARY.tests)
def test_before_a_test(client: TestClient, test_id: str) -> None:
    test = LIBRARY.tests[test_id]
    paths = [f"/tests/{test_id}", f"/tests/{test_id}?side=left"]
    paths += [f"/tests/{test_id}/alone"] * bool(test.by_yourself) + [f"/tests/{test_id}/photo"] * (test.kind == "photo")
    assert [problem for path in paths for problem in problems(client, path)] == []


def test_the_list_of_tests_and_what_was_done_alone(client: TestClient) -> None:
    found = problems(client, "/tests")
    for test_id, value in ALONE.items():
        side = "both" if test_id.startswith("treadmill") else "left"
        told = client.post(f"/tests/{test_id}/alone", data={"side": side, "value": value})
        found += problems(client, told.url.path)
    assert found + problems(client, "/tests") == []


@pytest.mark.parametrize("test_id", GIVEN)
@pytest.mark.parametrize("how", ["done", "stopped", "wrong view"])
def test_after_a_test(client: TestClient, store: Store, test_id: str, how: str) -> None:
    trial, frames = live(test_id), frames_of(test_id)
    if how == "done":
        run(trial, frames)
    else:
        run(trial, frames[:400] if how == "stopped" else frames[:20])
        trial.command("stop" if how == "stopped" else "finish", frames[400].t_s + 1)
    id = uuid4()
    said = SAID.get(test_id, {}) if how == "done" else {}
    trial_book.keep(Book(store, LIBRARY), trial.result(said), id=id, said=said)
    assert problems(client, f"/trials/{id}") == []
