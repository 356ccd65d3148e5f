"""The guide's pages, without a browser: they keep answers, take them up again, and refuse what cannot be."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from reading import FORBIDDEN, school_grade
from test_words import without_ground

from kneeline.content.load import load
from kneeline.store import Store
from kneeline.store.kinds import Answer
from kneeline.web.app import create_app
from kneeline.web.guide import kept_answers

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

PAGES = ("", "/knee", "/you", "/tried", "/options", "/matters", "/fit", "/know", "/list", "/about")
KNEE = {"told": "total", "side": "left", "compartments": ["inner"], "ligaments": "working"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    store = Store.open(tmp_path / "records")
    at = "http://localhost:8000"
    app = create_app(store, load())
    yield TestClient(app, base_url=at, headers={"origin": at}, follow_redirects=False)
    store.close()


def answers(client: TestClient) -> dict[str, object]:
    return dict(kept_answers(client.app.state.book))  # type: ignore[attr-defined]


def words(html: str) -> list[str]:
    """What a person reads between header and end, block by block."""
    main = html.split("<main", 1)[1].split(">", 1)[1].split("</main>", 1)[0]
    main = re.sub(r'<nav.*?</nav>|<svg.*?</svg>|<a class="cite".*?</a>', "", main, flags=re.S)
    blocks = re.split(r"</?(?:p|li|h\d|td|th|label|legend|div|section|dt|dd|span|button)\b[^>]*>", main)
    found = (" ".join(unescape(re.sub(r"<[^>]+>", " ", block)).split()) for block in blocks)
    return [text for text in found if len(text.split()) > 2]


def fill(client: TestClient) -> None:
    client.post("/guide/knee", data=KNEE)
    client.post("/guide/you", data={"age": "61", "goals": ["walk", "kneel"], "smoking": "yes"})
    client.post("/guide/tried", data={"exercise": "none", "injections": ["steroid", "hyaluronan"], "weight": "tried"})
    client.post("/guide/matters", data={"relief": "much", "hard_use": "some", "own_knee": "some"})
    client.post("/guide/know", data={"know_parts": "queue"})


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_empty_and_filled_and_can_be_read_at_twelve(client: TestClient, path: str) -> None:
    for turn in range(2):
        page = client.get(f"/guide{path}")
        assert page.status_code == 200
        text = words(page.text)
        assert not [one for one in text if FORBIDDEN.search(one)]
        if path != "/about":  # names of papers are what they are
            assert school_grade(text) <= 7.0, school_grade(text)
        if not turn:
            fill(client)


def test_answers_lead_on_and_are_found_again(client: TestClient) -> None:
    said = client.post("/guide/knee", data=KNEE)
    assert (said.status_code, said.headers["location"]) == (303, "/guide/you")
    assert answers(client) == {
        "told": ("total",), "side": ("left",), "compartments": ("inner",), "ligaments": ("working",),
    }  # fmt: skip
    page = client.get("/guide/knee").text
    assert len(re.findall(r" checked>", page)) == 4
    assert 'data-side="left"' in page
    assert 'href="/guide/you">Go on' in client.get("/guide").text


def test_what_is_left_out_is_taken_back_and_what_stays_adds_no_record(client: TestClient) -> None:
    book = client.app.state.book  # type: ignore[attr-defined]
    client.post("/guide/knee", data=KNEE)
    before = len(book.store.history(book.person_id, Answer))
    client.post("/guide/knee", data=KNEE)
    assert len(book.store.history(book.person_id, Answer)) == before == 4
    client.post("/guide/knee", data={**KNEE, "ligaments": ""})
    assert "ligaments" not in answers(client)
    assert len(book.store.history(book.person_id, Answer)) == before + 1


def test_answers_to_the_guide_do_not_answer_other_questions(client: TestClient) -> None:
    """Both ask for the age, and both are kept as answers."""
    client.post("/guide/you", data={"age": "61"})
    book = client.app.state.book  # type: ignore[attr-defined]
    assert [one.payload.question for one in book.store.history(book.person_id, Answer)] == ["guide_age"]
    assert client.get("/knee").status_code == 200


@pytest.mark.parametrize(
    ("step", "data", "says"),
    [
        ("knee", {"compartments": ["inner", "unknown"]}, "“I was not told” alone"),
        ("knee", {"compartments": ["moon"]}, "Which parts"),
        ("knee", {"told": ["total", "half"]}, "choose one thing only"),
        ("you", {"age": "nan"}, "18 to 110"),
        ("you", {"age": "1e999"}, "18 to 110"),
        ("you", {"age": "sixty <b>"}, "18 to 110"),
        ("you", {"goals": ["walk", "stairs", "sleep", "work"]}, "3 at most"),
        ("tried", {"injections": ["none", "steroid"]}, "alone"),
    ],
)
def test_an_answer_that_cannot_be_keeps_nothing_and_says_what_to_put_right(
    client: TestClient, step: str, data: dict[str, object], says: str
) -> None:
    page = client.post(f"/guide/{step}", data=data)
    assert page.status_code == 422
    assert says in page.text
    assert "sixty <b>" not in page.text
    assert answers(client) == {}


@pytest.mark.parametrize("path", ["/guide/moon", "/guide/fit/x", "/guide/../secret"])
def test_a_page_that_is_not_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post("/guide/moon", data={}).status_code == 404


def test_fields_that_nobody_asked_for_are_left_alone(client: TestClient) -> None:
    client.post("/guide/you", data={"age": "61", "guide_own": "x", "told": "total", "__proto__": "y"})
    assert answers(client) == {"age": 61.0}
    many = {f"f{i}": "x" for i in range(200)}
    assert client.post("/guide/you", data=many).status_code >= 400


def test_another_site_writes_nothing(client: TestClient) -> None:
    assert client.post("/guide/knee", data=KNEE, headers={"origin": "http://evil.example"}).status_code == 403
    assert answers(client) == {}


def test_an_answer_of_another_version_is_left_out(client: TestClient) -> None:
    from datetime import UTC, datetime
    from uuid import uuid4

    book = client.app.state.book  # type: ignore[attr-defined]
    for value in ("a place that is gone", 7, ["inner", "gone"]):
        old = Answer(question="guide_compartments", question_version=1, value=value)
        book.store.record(book.person_id, old, id=uuid4(), at=datetime.now(UTC))
        assert answers(client) == {}
        assert client.get("/guide/options").status_code == 200


def test_the_choices_show_every_count_as_100_people(client: TestClient) -> None:
    page = client.get("/guide/options").text
    arrays = re.findall(r'<svg class="people".*?</svg>', page, flags=re.S)
    assert len(arrays) == sum(len(outcome.count) for outcome in load().guide.outcomes.values())
    for array in arrays:
        assert array.count("<circle") == 100
        said = re.search(r'aria-label="(\d+) of 100: ', array)
        assert said is not None
        assert len(re.findall(r'class="y', array)) == int(said[1])
    assert page.count("No count that we could check") == 15 - len(arrays)


def test_the_list_can_be_had_as_text_and_takes_own_words_without_their_markup(client: TestClient) -> None:
    fill(client)
    assert client.post("/guide/own", data={"own": "May I <script>ski</script>?"}).status_code == 303
    page = client.get("/guide/list").text
    assert "&lt;script&gt;ski" in page
    assert "<script>ski" not in page
    text = client.get("/guide/list.txt")
    assert text.headers["content-type"].startswith("text/plain")
    assert "May I <script>ski</script>?" in text.text
    assert client.post("/guide/own", data={"own": "x" * 2_001}).status_code == 422


def test_a_second_opinion_names_what_else_to_ask_about(client: TestClient) -> None:
    client.post("/guide/knee", data=KNEE)
    assert "worth asking about too: Osteotomy, Half knee" in client.get("/guide/list").text
    client.post("/guide/knee", data={**KNEE, "compartments": ["inner", "outer", "kneecap"]})
    assert "worth asking about too" not in client.get("/guide/list").text


def test_all_answers_can_be_taken_back(client: TestClient) -> None:
    fill(client)
    client.post("/guide/own", data={"own": "Why?"})
    assert client.post("/guide/anew").status_code == 303
    assert answers(client) == {}
    assert "Why?" not in client.get("/guide/list.txt").text.splitlines()


def test_every_source_that_is_named_stands_on_the_page_of_sources(client: TestClient) -> None:
    fill(client)
    about = set(re.findall(r'<li id="(S\d+)">', client.get("/guide/about").text))
    named = {key for path in PAGES for key in re.findall(r"/guide/about#(S\d+)", client.get(f"/guide{path}").text)}
    assert len(named) > 10
    assert named <= about


@pytest.mark.parametrize("path", [one for one in PAGES if one != "/list"])  # the list asks the surgeon for numbers
def test_every_number_of_a_page_names_its_source(client: TestClient, path: str) -> None:
    fill(client)
    assert without_ground(client.get(f"/guide{path}").text) == []


@pytest.mark.parametrize("sides", [["inner"], ["outer"]])
def test_one_side_and_the_kneecap_is_told_of_the_half_knee_whichever_side_it_is(
    client: TestClient, sides: list[str]
) -> None:
    client.post("/guide/knee", data={"compartments": [*sides, "kneecap"]})
    assert "One side and the kneecap are affected." in client.get("/guide/options").text
