"""Four people through the knee-replacement guide, in a real browser: one part, all parts, not told, kneecap only."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from journeys import Site, Watched

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
PAGES = ("", "/knee", "/you", "/tried", "/options", "/matters", "/fit", "/know", "/list", "/about")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
ONE, LESS, OPEN = "Worth asking about", "Comes up less often", "Not clear yet"


@pytest.fixture
def browser(launch: Callable[..., Any]) -> Any:
    return launch()


def tap(page: Any, name: str, *values: str) -> None:
    """Touch answers where a finger would: the boxes lie over the words, unseen."""
    for value in values:
        page.locator(f'input[name="{name}"][value="{value}"]').click()


def walk(page: Any, parts: tuple[str, ...], side: str = "right") -> None:
    """From the first page to what matters, saying which parts were named."""
    page.goto("/guide")
    assert page.get_by_role("heading", name="Some things should not wait").is_visible()
    assert page.get_by_role("link", name="Answer the safety questions").get_attribute("href") == "/check"
    page.get_by_role("link", name="Begin").click()
    tap(page, "told", "total")
    tap(page, "side", side)
    tap(page, "compartments", *parts)
    page.get_by_role("button", name="Keep it and go on").click()
    page.wait_for_url("**/guide/you")
    page.locator('input[name="age"]').fill("58")
    tap(page, "goals", "walk", "stairs")
    page.get_by_role("button", name="Keep it and go on").click()
    page.wait_for_url("**/guide/tried")
    tap(page, "exercise", "alone")
    page.get_by_role("button", name="Keep it and go on").click()
    page.wait_for_url("**/guide/options")


def standing(page: Any) -> dict[str, str]:
    """What the page says of each choice."""
    cards = page.locator(".card")
    return {
        cards.nth(i).locator("h3").inner_text(): cards.nth(i).locator(".standing").inner_text()
        for i in range(cards.count())
    }


def to_the_list(page: Any) -> str:
    """On by the one main action of each page, to the text of the list."""
    page.get_by_role("link", name="what matters to you").click()
    tap(page, "relief", "much")
    tap(page, "own_knee", "some")
    page.get_by_role("button", name="Keep it and go on").click()
    page.wait_for_url("**/guide/fit")
    rows = [" ".join(text.split()) for text in page.locator("tbody th").all_inner_texts()]
    assert rows == ["To have the most relief a year from now matters a lot", "To keep as much of my own knee as I can"]
    page.get_by_role("link", name="Go on", exact=True).click()
    tap(page, "know_parts", "parts")
    tap(page, "know_steroid", "ever")
    page.get_by_role("button", name="Show me").click()
    assert page.get_by_role("heading", name="1 of 5 as it is known today").is_visible()
    page.get_by_role("link", name="To your list").click()
    page.wait_for_url("**/guide/list")
    sheet = page.locator(".sheet").inner_text()
    first = page.locator(".asks li").first.inner_text()
    assert first.startswith("Which parts of my knee are affected")
    return str(sheet)


def test_one_part(browser: Any, open_page: Callable[..., Watched], site: Site) -> None:
    page = open_page(browser, viewport=PHONE, has_touch=True).page
    walk(page, ("inner",), side="left")
    assert list(standing(page).values()) == [ONE, ONE, ONE, LESS, ONE]
    assert "you should be offered a choice of half or total knee" in page.locator(".card").nth(2).inner_text()
    sheet = to_the_list(page)
    assert "Inner side" in sheet
    assert "Would a half knee suit me?" in sheet
    assert page.get_by_text("these are worth asking about too: Osteotomy, Half knee").is_visible()
    site.restart()
    page.goto("/guide")
    page.get_by_role("link", name="Your list").click()
    assert "Inner side" in page.locator(".sheet").inner_text(), "it is taken up again where it was left"


def test_all_parts(browser: Any, open_page: Callable[..., Watched]) -> None:
    page = open_page(browser, viewport=DESK).page
    walk(page, ("inner", "outer", "kneecap"))
    assert list(standing(page).values()) == [ONE, LESS, LESS, LESS, ONE]
    sheet = to_the_list(page)
    assert "Would a half knee suit me? If not, why not?" in sheet, "nothing is hidden from anybody"
    assert page.get_by_role("heading", name="A second opinion").is_visible()


def test_not_told(browser: Any, open_page: Callable[..., Watched]) -> None:
    page = open_page(browser, viewport=PHONE, has_touch=True).page
    page.goto("/guide/knee")
    tap(page, "compartments", "inner", "unknown")
    assert not page.locator('input[value="inner"]').is_checked(), "not told stands alone"
    walk(page, ("unknown",))
    assert list(standing(page).values()) == [ONE, OPEN, OPEN, OPEN, ONE]
    assert "I was not told" in to_the_list(page)


def test_kneecap_only_without_script(browser: Any, open_page: Callable[..., Watched]) -> None:
    page = open_page(browser, viewport=DESK, java_script_enabled=False).page
    walk(page, ("kneecap",))
    assert list(standing(page).values()) == [ONE, LESS, LESS, ONE, ONE]
    assert "Kneecap joint" in to_the_list(page)
    assert not page.get_by_role("button", name="Print it").is_visible()


def test_the_drawn_knee_turns_and_its_parts_are_large_enough_to_touch(
    browser: Any, open_page: Callable[..., Watched]
) -> None:
    page = open_page(browser, viewport=PHONE, has_touch=True).page
    page.goto("/guide/knee")

    def middle(part: str) -> float:
        box = page.locator(f".part.{part}").bounding_box()
        assert min(box["width"], box["height"]) >= 44
        return float(box["x"] + box["width"] / 2)

    assert middle("inner") > middle("kneecap") > middle("outer"), "a right knee from the front"
    tap(page, "side", "left")
    assert middle("inner") < middle("kneecap") < middle("outer")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_three_goals_at_most(browser: Any, open_page: Callable[..., Watched]) -> None:
    page = open_page(browser, viewport=DESK).page
    page.goto("/guide/you")
    tap(page, "goals", "walk", "stairs", "sleep", "work")
    assert page.locator('input[name="goals"]:checked').count() == 3


def test_the_longest_list_is_one_printed_page(browser: Any, open_page: Callable[..., Watched], site: Site) -> None:
    page = open_page(browser, viewport=DESK).page
    walk(page, ("unknown",))
    page.goto("/guide/tried")
    tap(page, "injections", "steroid", "hyaluronan", "other")
    page.get_by_role("button", name="Keep it and go on").click()
    page.wait_for_url("**/guide/options")
    page.goto("/guide/matters")
    for name in ("no_operation", "own_knee", "one_time", "relief", "low_risk", "soon_back", "hard_use"):
        tap(page, name, "much")
    page.get_by_role("button", name="Keep it and go on").click()
    page.wait_for_url("**/guide/fit")
    page.goto("/guide/list")
    page.locator("#own").fill("Who looks after my dog?\nAnd my mother?")
    page.get_by_role("button", name="Put it on the list").click()
    page.wait_for_load_state()
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anybody(browser: Any, open_page: Callable[..., Watched], scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core: run npm ci")
    page = open_page(browser, color_scheme=scheme, viewport=PHONE if scheme == "dark" else DESK).page
    walk(page, ("inner", "kneecap"))
    to_the_list(page)
    problems = []
    for path in PAGES:
        page.goto(f"/guide{path}")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        problems += [
            f"{path}: {one['id']}: {[node['target'] for node in one['nodes']][:3]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than the screen"
    assert not problems
