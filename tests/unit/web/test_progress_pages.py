"""Progress as a page: the story in order, better only beyond error, and nothing on record can break it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from reading import FORBIDDEN
from store_makers import begun, done

from kneeline.content.load import load
from kneeline.model.movement import SetResult, SetSummary, View
from kneeline.model.plan import Change, Dose, Plan, PlanVersion, Prescription
from kneeline.model.quantity import NotAssessable
from kneeline.store import Store, kinds
from kneeline.web.app import create_app
from kneeline.web.progress import asked_each_day

LIBRARY = load()
CALF = "calf_raise_ball_squeeze"
NOW = datetime.now(UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "records") as store:
        yield store


@pytest.fixture
def client(store: Store) -> TestClient:
    return TestClient(create_app(store, LIBRARY), base_url="http://localhost", follow_redirects=False)


def keep(store: Store, payload: kinds.Payload, days: float) -> None:
    person = store.local_person(NOW).id
    store.record(person, payload, id=uuid4(), at=NOW - timedelta(days=days))


def stairs(store: Store, *values: tuple[float, float]) -> None:
    for days, value in values:
        keep(store, kinds.Pain(value=value, of="stairs"), days)


def was_tested(store: Store, side: Any, days: float, value: object) -> None:
    body = {"score": {"value": value, "sd": 0.5, "unit": "points"}}
    result = kinds.TestResult(test="lateral_step_down", side=side, measures=body, kneeline="0", library="0")
    keep(store, result, days)


def text(client: TestClient) -> str:
    answer = client.get("/progress")
    assert answer.status_code == 200
    return answer.text


def heading(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page)
    assert found is not None
    return str(found[1])


def test_nothing_yet_says_what_will_stand_here_and_where_to_begin(client: TestClient) -> None:
    page = text(client)
    assert "What will stand here" in page
    assert 'href="/knee">A few questions first' in page
    assert "<svg" not in page


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        (6, 2, "Stairs hurt less."),
        (2, 6, "Stairs hurt more."),
        (5, 4, "Stairs: no sure change yet."),
    ],
)
def test_the_headline_says_better_only_beyond_error(
    client: TestClient, store: Store, first: float, last: float, says: str
) -> None:
    stairs(store, (40, first), (0, last))
    assert heading(text(client)) == says


def test_one_day_is_too_early_and_other_pain_leaves_the_headline_open(client: TestClient, store: Store) -> None:
    keep(store, kinds.Pain(value=3, of="worst"), 3)
    assert heading(text(client)) == "How are the stairs?"
    stairs(store, (0, 3))
    assert heading(text(client)) == "Stairs: too early to tell."


def test_every_picture_has_a_name_a_sentence_and_its_numbers(client: TestClient, store: Store) -> None:
    lived(store)
    page = text(client)
    assert page.count("<svg") == len(re.findall(r'role="img" aria-labelledby="[^"]+"', page)) >= 12
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    articles = re.findall(r"<article.*?</article>", page, re.DOTALL)
    assert len(articles) > 8
    for article in articles:
        assert re.search(r"</h3>\s*<p>[A-Z0-9]|<figcaption><b>(Left|Right|Both)[.]</b> \w", article)
        assert "<summary>" in article
        assert re.search(r"<tbody>\s*<tr>", article)
    targets = re.findall(r'href="#([^"]+)"', page)
    assert set(targets) - {"main"} <= set(ids)
    assert len(targets) > len(articles)


def test_the_groups_stand_in_the_order_of_the_story(client: TestClient, store: Store) -> None:
    lived(store)
    found = re.findall(r'<section[^>]*aria-labelledby="([\w-]+)"', text(client))
    assert found[:6] == ["stairs", "group-pain", "group-daily", "group-training", "group-load", "group-tests"]
    assert found[-1] == "better"


def test_both_legs_of_a_test_stand_side_beside_side_on_one_scale_with_the_change_that_counts(
    client: TestClient, store: Store
) -> None:
    for side, first, last in (("left", 5.0, 0.0), ("right", 2.0, 2.0)):
        was_tested(store, side, 40, first)
        was_tested(store, side, 0, last)
    page = text(client)
    (article,) = re.findall(r'<article id="lateral_step_down-score".*?</article>', page, re.DOTALL)
    left, right = re.findall(r"<figure>.*?</figure>", article, re.DOTALL)
    scale = r'text-anchor="end"[^>]*>([\d.]+)</text>'
    assert re.findall(scale, left)[:3] == re.findall(scale, right)[:3]
    assert "A change counts from" in left
    glance = re.search(r'href="#lateral_step_down-score">.*?</a>', page, re.DOTALL)
    assert glance is not None
    assert "left better" in glance[0]
    assert "right no sure change" in glance[0]


@pytest.mark.parametrize("value", ["<script>", None, [], 10**400, -1e300])
def test_a_test_that_was_kept_wrongly_breaks_nothing(client: TestClient, store: Store, value: object) -> None:
    stairs(store, (40, 6), (0, 2))
    was_tested(store, "left", 1, value)
    assert "<script>" not in text(client).split("<main", 1)[1]


def test_words_that_came_from_elsewhere_are_text(client: TestClient, store: Store) -> None:
    body = {"<b>x</b>": {"value": 1.0, "sd": 0.1, "unit": "<i>u</i>"}}
    result = kinds.TestResult(test="gone_by_now", side="left", measures=body, kneeline="0", library="0")
    keep(store, result, 1)
    page = text(client)
    assert "<b>x</b>" not in page
    assert "<i>u</i>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_a_plan_that_nobody_can_read_is_as_none(client: TestClient, store: Store) -> None:
    done(store, store.local_person(NOW).id, NOW - timedelta(days=1))
    keep(store, kinds.PlanVersion(plan={"plan": "?"}, by="start", why="", library="0"), 2)
    assert "of what was asked in the sets you did" in text(client)


def test_what_a_plan_asks_for_is_by_day_leg_and_rung() -> None:
    dose = Dose(3, 10, 1.0, 1.0, 2.0, 60.0, 3)
    on = Prescription("banded_single_leg_stand", "hip", "both", "left", 0, "light", dose, "")
    plan = Plan(begun=NOW.date(), prescriptions=(on,), weekdays=(0, 2, 4), links=("hip",), focus="hip",
                probabilities={}, equipment=())  # fmt: skip
    asked = asked_each_day([PlanVersion(plan, Change(NOW, "start", ""))], LIBRARY)
    assert asked(NOW.date() - timedelta(days=1)) == {}
    assert asked(NOW.date()) == {"banded_single_leg_stand": pytest.approx(2 * 30 * 3 * 4.0 / 7)}


def test_numbers_far_out_of_use_still_make_a_page(client: TestClient, store: Store) -> None:
    keep(store, kinds.Run(distance_m=1e12, duration_s=1e9), 1)
    keep(store, kinds.Run(distance_m=0.0, duration_s=0.0), 30)
    keep(store, kinds.Stairs(floors=1e9), 2)
    assert "nan" not in text(client).lower().replace("nano", "")


def test_the_pages_are_reached_from_each_other_and_the_place_is_marked(client: TestClient, store: Store) -> None:
    stairs(store, (1, 3))
    page = text(client)
    assert 'href="/sessions"' in page.split("<main", 1)[1]
    for path, name in (("/progress", "Progress"), ("/sessions", "Progress"), ("/library", "Library"),
                       ("/exercises", "Library"), ("/chain", "Library"), ("/knee", "My knee"), ("/tests", "My knee"),
                       ("/", "Today"), ("/plan", "Plan"),
                       ("/runs", "Plan"), ("/pain", "Today"), ("/settings", "Settings")):  # fmt: skip
        marked = re.findall(r'aria-current="page">([^<]+)<', client.get(path).text)
        assert marked == [name], path


def test_nothing_on_the_page_feeds_fear(client: TestClient, store: Store) -> None:
    lived(store)
    assert FORBIDDEN.findall(re.sub(r"<[^>]+>", " ", text(client))) == []


def lived(store: Store) -> None:
    """Something of every kind that progress tells of, over two months."""
    person = store.local_person(NOW).id
    for days in (60, 30, 1):
        at = NOW - timedelta(days=days)
        for of in ("stairs", "worst", "usual"):
            keep(store, kinds.Pain(value=min(10.0, 2 + days / 15), of=of), days)
        keep(store, kinds.Answer(question="hard_stairs", question_version=1, value=4), days)
        keep(store, kinds.Run(distance_m=5000.0, duration_s=1800.0, pain=1.0), days)
        keep(store, kinds.Stairs(floors=4), days)
        done(store, person, at)
        was_tested(store, "left", days, 5 - days / 20)
        was_tested(store, "right", days, 2)
        plan = {"plan": {"prescriptions": [{"exercise": CALF, "rung": 0 if days > 1 else 1}]}}
        keep(store, kinds.PlanVersion(plan=plan, by="person", why="", library="0"), days)
    by_hand = begun(store, person, NOW - timedelta(hours=2))
    unseen = View("unclear", NotAssessable("there was no camera"), False, ("there was no camera",))
    result = SetResult(CALF, "both", unseen, (), SetSummary(10, 0, 60.0, None, None), (), ())
    store.finish_set(by_hand, result, NOW - timedelta(hours=1))
