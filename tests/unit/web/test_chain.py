"""The chain and the library as pages: what is a model and what was measured, both sides of a claim, no word of fear."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from reading import FORBIDDEN

from kneeline.clinic.chain import following
from kneeline.content.load import load
from kneeline.report.leg import leg
from kneeline.store import Store, kinds
from kneeline.web.app import create_app

LIBRARY = load()
PRESCRIBED = [one for one in LIBRARY.exercises.values() if one.kind == "exercise"]
PAGES = (
    "/chain",
    "/chain?side=left",
    "/library",
    *(f"/library/links/{key}" for key in LIBRARY.links),
    *(f"/library/claims/{key}" for key in LIBRARY.claims),
    *(f"/library/tests/{key}" for key in LIBRARY.tests),
    *(f"/exercises/{one.id}" for one in PRESCRIBED),
    *(f"/exercises/{one.id}/sheet" for one in PRESCRIBED),
)
AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "records") as store:
        yield store


@pytest.fixture
def client(store: Store) -> TestClient:
    return TestClient(create_app(store, LIBRARY), base_url="http://localhost")


class Text(HTMLParser):
    """What stands on a page outside of its list of sources, whose words are those of the trade."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.cited = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table" and ("class", "cited") in attrs:
            self.cited += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.cited = 0

    def handle_data(self, data: str) -> None:
        if not self.cited:
            self.words.append(data)


def text(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(" ".join(Text(answer.text).words).split())


def measured(store: Store, test: str, side: Any, at: datetime = AT, **measures: dict[str, Any]) -> None:
    result = kinds.TestResult(test=test, side=side, measures=measures, kneeline="0", library="0")
    store.record(store.local_person(AT).id, result, id=uuid4(), at=at)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_there_feeds_no_fear_and_names_its_sources(client: TestClient, path: str) -> None:
    said = text(client, path)
    assert not FORBIDDEN.search(said), FORBIDDEN.search(said)
    page = client.get(path).text
    assert "<script>" not in page
    assert 'style="' not in page, "the policy lets no style in"
    assert set(re.findall(r'href="#(S\d+)"', page)) <= set(re.findall(r'<th scope="row" id="(S\d+)"', page))


@pytest.mark.parametrize(
    "path",
    ["/library/links/elbow", "/library/claims/../../etc", "/library/claims/%00", "/library/tests/x" + "y" * 5000,
     "/exercises/squat_double/sheet", "/exercises/single_leg_stand/sheet", "/exercises/none/sheet"],
)  # fmt: skip
def test_what_is_not_there_is_said_to_be_missing(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_side_that_nobody_has_is_refused(client: TestClient) -> None:
    assert client.get("/chain?side=middle").status_code == 422


def test_without_a_script_every_coupling_is_in_words(client: TestClient) -> None:
    said = text(client, "/chain")
    for coupling in LIBRARY.chain.coupling:
        assert coupling.note in said
    assert said.count("house default") >= len(LIBRARY.chain.coupling)
    assert "the shin turns in by 6.8° (3.8° to 9.8°)" in said
    for act in LIBRARY.chain.act.values():
        assert act.says in said


def test_nothing_that_needs_a_script_is_shown_without_one(client: TestClient) -> None:
    page = client.get("/chain").text
    for tag in re.findall(r"<[^>]*data-waits[^>]*>", page):
        assert "hidden" in tag
    assert page.index("data-waits") < page.index('type="range"')


def test_the_script_is_given_what_the_couplings_say(client: TestClient) -> None:
    page = client.get("/chain").text
    found = re.search(r'data-chain="([^"]*)"', page)
    assert found
    model = json.loads(unescape(found[1]))
    for moved in ("foot", "shin", "knee", "pelvis"):
        known = following(LIBRARY.chain, moved)
        assert model["follows"][moved] == {
            key: {"low": one.low, "usual": one.usual, "high": one.high} for key, one in known.items()
        }
    assert set(model["part"]) == set(LIBRARY.chain.part)


def test_a_value_of_one_s_own_is_shown_on_its_leg_and_no_other(client: TestClient, store: Store) -> None:
    assert "Yours:" not in text(client, "/chain")
    measured(store, "single_leg_squat", "left", fppa_at_45_deg={"value": 12.0, "sd": 3.0, "unit": "deg"})
    said = text(client, "/chain")
    assert "Left leg · Right leg" in said
    assert "<b>Left leg</b>" in client.get("/chain").text, "the leg that was measured comes first"
    assert "Yours: 12 ± 3°" in said
    assert 'class="own"' in client.get("/chain").text
    assert "Yours:" not in text(client, "/chain?side=right")


def test_the_newest_value_counts(client: TestClient, store: Store) -> None:
    for days, value in ((2, 7.0), (0, 15.0), (1, 9.0)):
        at = AT - timedelta(days=days)
        measured(store, "stand_30s", "right", at, drop_sustained_deg={"value": value, "sd": 2.0, "unit": "deg"})
    assert "Yours: 15 ± 2°" in text(client, "/chain?side=right")


@pytest.mark.parametrize(
    "measure",
    [
        {"not_assessable": "seen from the side"},
        {"value": None, "sd": 1.0, "unit": "deg"},
        {"value": "12", "sd": 1.0, "unit": "deg"},
        {"value": 0.2, "sd": 0.1, "unit": "frac"},
        {},
    ],
)
def test_what_is_no_value_is_never_shown_as_one(client: TestClient, store: Store, measure: dict[str, Any]) -> None:
    measured(store, "single_leg_squat", "left", fppa_at_45_deg=measure)
    assert "Yours:" not in text(client, "/chain?side=left")


def test_a_value_far_off_the_scale_stays_in_the_picture(client: TestClient, store: Store) -> None:
    measured(store, "single_leg_squat", "left", fppa_at_45_deg={"value": 1e6, "sd": 1e9, "unit": "deg"})
    for x in re.findall(r'class="own[^"]*" x="([^"]*)"', client.get("/chain?side=left").text):
        assert 0 <= float(x) <= 100


def test_the_part_to_train_first_stands_where_it_was_found(client: TestClient, store: Store) -> None:
    person = store.local_person(AT).id
    found = kinds.Finding(side="left", focus="hip", probabilities={"hip": 0.7}, reasons=[], kneeline="0", library="0")
    store.record(person, found, id=uuid4(), at=AT)
    assert "as it was found for this leg: hip" in text(client, "/chain?side=left")
    assert "as it was found" not in text(client, "/chain?side=right")


def test_the_kneecap_is_never_told_of_the_person(client: TestClient, store: Store) -> None:
    measured(store, "single_leg_squat", "left", fppa_at_45_deg={"value": 18.0, "sd": 3.0, "unit": "deg"})
    said = text(client, "/chain?side=left")
    assert "kneeline knows nothing about yours" in said
    assert "not of your leg" in said
    assert not re.search(r"your kneecap (is|lies|runs|sits|has)", said, re.I)


def test_a_claim_shows_both_sides_with_their_grades(client: TestClient) -> None:
    for claim in LIBRARY.claims.values():
        said = text(client, f"/library/claims/{claim.id}")
        assert claim.verdict in said
        for one in claim.evidence:
            assert one.says in said
        assert ("We found no study" in said) == bool(claim.none_found)


@pytest.mark.parametrize("exercise", PRESCRIBED, ids=lambda one: one.id)
def test_a_sheet_holds_steps_dose_stops_and_where_its_numbers_come_from(client: TestClient, exercise: Any) -> None:
    said = text(client, f"/exercises/{exercise.id}/sheet")
    for line in (*exercise.setup, *exercise.steps, *exercise.stop_rules, *exercise.contraindications):
        assert line in said
    assert said.count("house default") >= 6
    assert "[S13]" in said
    assert client.get(f"/exercises/{exercise.id}/sheet").text.count("<figure>") == 4


def test_all_sources_can_be_read(client: TestClient) -> None:
    page = client.get("/library/evidence").text
    assert set(re.findall(r'<th scope="row" id="([^"]*)"', page)) == set(LIBRARY.sources)


def test_a_leg_is_drawn_whole_of_curves_that_a_script_can_bend() -> None:
    drawn = leg("A leg", handles={"knee": "Knee"})
    paths = re.findall(r'data-moves="(\w+)"[^>]* d="([^"]*)"', drawn)
    assert {moves for moves, _ in paths} == {
        "skin", "free", "pelvis", "femur", "tibia", "tendon", "groove", "patella", "foot",
    }  # fmt: skip
    for _, path in paths:
        assert re.fullmatch(r"[MCZ\d.,\s-]+", path)
        for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path):
            assert -100 < float(x) < 620
            assert -70 < float(y) < 975
    assert {"foot", "knee", "hip"} == set(re.findall(r'data-link="(\w+)"', drawn))
    assert "scale(-1 1)" in leg("A left leg", mirrored=True)
    assert "scale(-1 1)" not in drawn
