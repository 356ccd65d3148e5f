"""Progress in a real browser, and of every page there is: nothing of it lies beside a narrow screen."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from journeys import Site, Watched
from store_makers import done
from test_pages import AXE, serious

from kneeline.clinic.answers import read_answers
from kneeline.clinic.assess import assess
from kneeline.clinic.plan import start_plan
from kneeline.content.load import Library
from kneeline.store import Store, kinds
from kneeline.store.planned import keep_version
from kneeline.web.app import create_app
from kneeline.web.book import Book, Choice

VIGNETTES = Path(__file__).resolve().parents[1] / "spec" / "vignettes"
USUAL: dict[str, Any] = tomllib.loads((VIGNETTES / "usual.toml").read_text(encoding="utf-8"))
NARROW = {"width": 360, "height": 740}
CALF = "calf_raise_ball_squeeze"


def lived(store: Store, library: Library) -> UUID:
    """Two months on record: pain, runs, sets, tests of both legs, a plan; and a set that was begun just now."""
    now = datetime.now(UTC)
    person = store.local_person(now).id
    questions = library.clinic.questions
    said = {key: value for key, value in USUAL.items() if key in questions}
    for key, value in said.items():
        answer = kinds.Answer(question=key, question_version=questions[key].version, value=value)
        store.record(person, answer, id=uuid4(), at=now - timedelta(days=60))
    legs = assess(read_answers(said, questions), {}, library.clinic).legs
    leg = next(leg for leg in legs if leg.hurts)
    keep_version(store, person, start_plan(leg, {}, library, now - timedelta(days=60)), library)
    for days in (60, 30, 1):
        at = now - timedelta(days=days)
        records: list[kinds.Payload] = [
            *(kinds.Pain(value=1 + days / 12, of=of) for of in ("stairs", "worst", "usual")),
            kinds.Run(distance_m=5000.0, duration_s=1800.0, pain=1.0),
            kinds.Stairs(floors=4),
        ]
        for side in ("left", "right"):
            body = {"score": {"value": days / 12, "sd": 0.5, "unit": "points"}}
            records.append(
                kinds.TestResult(test="lateral_step_down", side=side, measures=body, kneeline="0", library="0")  # type: ignore[arg-type]
            )
        for payload in records:
            store.record(person, payload, id=uuid4(), at=at)
        done(store, person, at)
    Book(store, library).begin(Choice(uuid4(), library.exercises[CALF], "both", camera=False, pain=1.0))
    return person


def pages(store: Store, library: Library, person: UUID) -> Iterator[str]:
    """Every page that answers to GET with HTML, its places filled in."""
    app = create_app(store, library)
    client = TestClient(app, base_url="http://localhost", follow_redirects=False, raise_server_exceptions=False)
    kept = store.sets(person)
    places = {
        "exercise_id": CALF, "session_id": kept[0].start.session_id, "test_id": "single_leg_squat", "side": "left",
        "go_id": uuid4(), "question_id": "age", "questionnaire_id": "akps", "link_id": "hip",
        "claim_id": next(iter(library.claims)), "step": "knee", "rule_id": next(iter(library.planning.rules)),
    }  # fmt: skip
    for path, verbs in app.openapi()["paths"].items():
        asked = {"/start": f"?exercise={CALF}", "/plan/swap": f"?exercise={CALF}"}.get(path, "")
        for one in (kept[0], kept[-1]) if "{set_id}" in path else (None,):
            filled = path if one is None else path.replace("{set_id}", str(one.start.id))
            filled = re.sub(r"{(\w+)}", lambda name: str(places.get(name[1], name[0])), filled) + asked
            if "get" in verbs and "{" not in filled:
                answer = client.get(filled)
                assert answer.status_code < 500, filled
                if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
                    yield filled


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_story_is_there_for_everybody(
    launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site, library: Library, scheme: str
) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core: run npm ci")
    lived(site.store, library)
    size = NARROW if scheme == "dark" else {"width": 1280, "height": 800}
    window = open_page(launch(), color_scheme=scheme, viewport=size)
    page = window.page
    page.goto("/progress")
    page.get_by_role("heading", name="Stairs hurt less.").wait_for()
    assert page.get_by_role("link", name="Progress", exact=True).get_attribute("aria-current") == "page"
    shown = page.locator(".headline .chart:visible")
    assert shown.count() == 1
    numbers = page.locator("#pain_worst details")
    assert not numbers.locator("table").is_visible()
    numbers.locator("summary").click()
    assert numbers.locator("tbody tr").count() == 3
    assert serious(window, AXE.read_text(encoding="utf-8")) == []
    page.get_by_role("link", name="Step-down with its score").click()
    assert page.url.endswith("#lateral_step_down-score")
    figures = page.locator("#lateral_step_down-score figure")
    assert figures.count() == 2
    tops = [figures.nth(i).bounding_box()["y"] for i in range(2)]
    assert (tops[0] == tops[1]) == (scheme == "light")
    assert page.get_by_role("button", name="Print this page").is_visible()
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation", name="Pages").is_visible()
    assert page.locator(".headline .wide .chart").is_visible()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="History: every session").click()
    page.get_by_role("heading", name="History").wait_for()


def test_no_page_lies_beside_a_narrow_screen(
    launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site, library: Library
) -> None:
    person = lived(site.store, library)
    found = list(pages(site.store, library, person))
    assert len(found) > 40
    page = open_page(launch(), viewport=NARROW).page
    beside = []
    for path in found:
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            wide = page.evaluate(
                "[...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > 361)"
                ".slice(0, 3).map(one => one.outerHTML.slice(0, 80))"
            )
            beside.append((path, width, wide))
    assert beside == []
