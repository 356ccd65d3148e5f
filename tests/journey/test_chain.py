"""The chain in a real browser: by keyboard, by dragging, without a script, with less motion; sheets on paper."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from journeys import Site, Watched

from kneeline.clinic.chain import following
from kneeline.content.load import load
from kneeline.store import kinds

CHAIN = load().chain
PRESCRIBED = [one.id for one in load().exercises.values() if one.kind == "exercise"]
PATIENCE_MS = 10_000


@pytest.fixture
def chain(launch: Callable[..., Any], open_page: Callable[..., Watched]) -> Callable[..., Any]:
    def start(path: str = "/chain", **options: Any) -> Any:
        page = open_page(launch(), **options).page
        page.set_default_timeout(PATIENCE_MS)
        page.goto(path)
        if options.get("java_script_enabled", True) and path.startswith("/chain"):
            page.locator("#chain[data-ready]").wait_for()
        return page

    return start


def shape(page: Any, moves: str) -> str:
    return str(page.locator(f'path[data-moves="{moves}"]').last.get_attribute("d"))


def value(page: Any, part: str) -> float:
    return float(page.locator(f"#move-{part}").input_value())


def test_a_part_is_moved_by_keyboard_and_what_follows_is_read_out(chain: Callable[..., Any]) -> None:
    page = chain()
    straight = shape(page, "tibia"), shape(page, "patella")
    page.locator("#move-foot").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert value(page, "foot") == 10
    known = following(CHAIN, "foot")["shin"]
    expected = [round(10 * one) for one in (known.usual, known.low, known.high)]
    said = page.locator("#now-shin").inner_text()
    assert [int(n) for n in re.findall(r"\d+", said)] == expected
    assert page.locator("#move-shin").get_attribute("aria-valuetext") == f"follows: {said}"
    page.locator("#told", has_text="You moved one part: the foot rolls in by 10°").wait_for(state="attached")
    assert "In this model" in page.locator("#told").inner_text()
    assert shape(page, "tibia") != straight[0]
    assert float(page.locator("#band-shin").get_attribute("width")) > 10
    page.keyboard.press("Home")
    assert value(page, "foot") == CHAIN.part["foot"].least.value
    page.get_by_role("button", name="Straight").click()
    wait_for_value(page, "foot", 0)
    assert (shape(page, "tibia"), shape(page, "patella")) == straight


def test_moving_another_part_lets_the_first_one_follow(chain: Callable[..., Any]) -> None:
    page = chain()
    for part, times in (("foot", 10), ("pelvis", 8)):
        page.locator(f"#move-{part}").focus()
        for _ in range(times):
            page.keyboard.press("ArrowRight")
    assert value(page, "pelvis") == pytest.approx(4, abs=1)
    assert abs(value(page, "foot")) < 1
    assert page.locator("#now-foot").inner_text().startswith("about")


def wait_for_value(page: Any, part: str, wanted: float) -> None:
    until = time.monotonic() + PATIENCE_MS / 1000
    while value(page, part) != wanted:
        assert time.monotonic() < until, f"{part} stayed at {value(page, part)}"
        page.wait_for_timeout(50)


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_part_is_dragged_towards_the_other_leg(chain: Callable[..., Any], side: str) -> None:
    page = chain(f"/chain?side={side}")
    ring = page.locator('g[data-part="knee"] .ring')
    ring.scroll_into_view_if_needed()
    box = ring.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + (20 if side == "right" else -20), y, steps=4)
    page.mouse.up()
    assert value(page, "knee") > 4
    before = value(page, "knee")
    page.mouse.move(x + 60, y)
    assert value(page, "knee") == before, "let go is let go"


def test_an_exercise_lights_its_muscles(chain: Callable[..., Any]) -> None:
    page = chain(java_script_enabled=False)

    def lit(link: str) -> float:
        found = page.locator(f'.muscle[data-link="{link}"]').first
        return float(found.evaluate("one => getComputedStyle(one).fillOpacity"))

    assert lit("hip") < 0.5
    page.locator('input[name="lit"][value="hip"]').check(force=True)
    page.wait_for_timeout(400)
    assert lit("hip") > 0.8
    assert lit("foot") < 0.5


def test_without_a_script_there_is_a_drawing_and_the_same_facts(chain: Callable[..., Any]) -> None:
    page = chain(java_script_enabled=False)
    assert page.locator("#leg").is_visible()
    assert not page.locator("#move-foot").is_visible()
    assert not page.get_by_role("button").count()
    assert page.get_by_text("Measured on eight legs of dead bodies").is_visible()


def test_who_wants_less_motion_gets_none(chain: Callable[..., Any]) -> None:
    page = chain(reduced_motion="reduce")
    page.evaluate("""() => { window.seen = new Set(); const s = document.getElementById('move-foot');
        new MutationObserver(() => window.seen.add(s.value)).observe(document.getElementById('now-foot'),
        {childList: true, characterData: true, subtree: true}); }""")
    page.get_by_role("button", name="From the foot").click()
    wait_for_value(page, "foot", 8)
    assert page.evaluate("[...window.seen]") == ["8"]


def test_one_s_own_value_stands_on_its_scale(chain: Callable[..., Any], site: Site) -> None:
    at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    measures = {"fppa_at_45_deg": {"value": 12.0, "sd": 3.0, "unit": "deg"}}
    result = kinds.TestResult(test="single_leg_squat", side="left", measures=measures, kneeline="0", library="0")
    site.store.record(site.store.local_person(at).id, result, id=uuid4(), at=at)
    page = chain()
    assert page.locator(".own").count() == 1
    assert page.get_by_text("Yours: 12 ± 3°").is_visible()


@pytest.mark.parametrize("path", ["/chain", "/library", "/library/claims/hip_strength", "/library/links/knee"])
def test_a_phone_shows_it_without_sideways_scrolling(chain: Callable[..., Any], path: str) -> None:
    page = chain(path, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("exercise", PRESCRIBED)
def test_a_sheet_is_one_page_of_paper(chain: Callable[..., Any], exercise: str) -> None:
    page = chain(f"/exercises/{exercise}/sheet")
    assert page.get_by_role("button", name="Print this sheet").is_visible()
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


def test_on_a_phone_the_drawing_stays_in_view_while_a_part_is_moved(
    chain: Callable[..., Any],
) -> None:
    page = chain(viewport={"width": 390, "height": 844})
    for part, edge in (("foot", "end"), ("pelvis", "end"), ("foot", "start"), ("pelvis", "start")):
        page.locator(f"#move-{part}").evaluate("(one, edge) => one.scrollIntoView({block: edge})", edge)
        page.wait_for_timeout(100)
        drawn, slider = (page.locator(one).bounding_box() for one in (".picture", f"#move-{part}"))
        assert drawn["y"] >= -1, "its top is not scrolled away"
        assert drawn["y"] + drawn["height"] <= slider["y"], "nor does it lie over what is moved"
