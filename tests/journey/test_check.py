"""A person's way from the first page over safety and questions to a finding and the first set, in a real browser."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from journeys import Site, Watched
from test_pages import AXE, serious

from kneeline.content.load import load
from kneeline.store.kinds import Answer, Finding

CLINIC = load().clinic
VIGNETTES = Path(__file__).resolve().parents[1] / "spec" / "vignettes"
USUAL: dict[str, Any] = tomllib.loads((VIGNETTES / "usual.toml").read_text(encoding="utf-8"))
STOPS = {
    "no weight on the leg": ({"today": ["no_weight"]}, "same_day", "no_weight"),
    "breath": ({"calf_and_chest": ["breath"]}, "emergency", "lung_clot"),
    "pain at night": ({"pattern": ["night"]}, "urgent_gp", "night_pain"),
}


def answer(page: Any, answers: dict[str, Any], until: str = "") -> None:
    """Answer as a person does, by what stands on the screen, up to the question `until` or where it ends."""
    for _ in range(60):
        if "/check/" not in page.url or page.url.endswith(("/check/stop", f"/check/{until}")):
            return
        before = page.url
        question = CLINIC.questions[before.rsplit("/", 1)[1]]
        value = answers.get(question.id)
        picks = value if isinstance(value, list) else [value]
        texts = {option.id: option.text for option in question.options}
        if value is None:
            page.get_by_role("button", name="Skip this one").click()
        elif question.options and question.kind != "one" and picks[0] in ("none", "unsure"):
            for ticked in page.locator("input:checked").all():
                ticked.uncheck()
            page.get_by_role("button", name=texts[picks[0]], exact=True).click()
        elif question.kind == "one":
            page.get_by_role("button", name=texts[picks[0]], exact=True).click()
        elif question.options:
            for option in question.options:
                if not option.alone:
                    page.get_by_label(option.text, exact=True).set_checked(option.id in picks)
            page.get_by_role("button", name="Next").click()
        elif (steps := page.get_by_role("button", name=f"{value}", exact=True)).count():
            steps.click()
        else:
            page.get_by_role("spinbutton").fill(f"{value}")
            page.get_by_role("button", name="Next").click()
        page.wait_for_url(lambda url, before=before: url != before)
    raise AssertionError("the questions have no end")


def records(site: Site, kind: Any) -> list[Any]:
    return [kept.payload for kept in site.store.history(site.store.people()[0].id, kind)]


def test_from_the_first_page_to_the_first_set_without_a_camera(
    launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site
) -> None:
    page = open_page(launch(), viewport={"width": 390, "height": 844}).page
    page.goto("/")
    page.get_by_role("link", name="A few questions first").click()
    page.get_by_role("link", name="Begin").click()
    answer(page, USUAL)
    page.get_by_role("heading", name="Start with hip and knee together.").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits a phone"
    (found,) = records(site, Finding)
    assert (found.side, found.focus, found.detail["start"]) == ("left", None, ["hip", "knee"])
    page.get_by_role("link", name="Start:").click()
    page.locator('input[name="pain"][value="2"]').check(force=True)
    page.locator('input[name="signs"][value="no"]').check(force=True)
    if (side := page.locator('input[name="side"][value="left"]')).count():
        side.check(force=True)
    page.get_by_role("button", name="Without a camera").click()
    page.get_by_role("button", name="That was the set").wait_for()
    assert "/count/" in page.url


@pytest.mark.parametrize("flag", STOPS)
def test_a_red_flag_stops_and_says_where_to_go(
    launch: Callable[..., Any], open_page: Callable[..., Watched], flag: str
) -> None:
    changes, route, rule = STOPS[flag]
    page = open_page(launch(), color_scheme="dark").page
    page.goto("/check/age")
    answer(page, USUAL | changes)
    page.get_by_role("heading", name="Have this looked at first.").wait_for()
    said = page.locator("main").inner_text()
    assert CLINIC.routes[route].where in said
    assert CLINIC.routes[route].how_soon in said
    assert CLINIC.red_flags[rule].say in said
    links = page.evaluate("[...document.querySelectorAll('a')].map((a) => a.pathname)")
    assert set(links) <= {"/knee", "/check/about", *(f"/check/{key}" for key in CLINIC.questions), "/check/stop"}
    page.goto("/start?exercise=calf_raise_ball_squeeze")
    page.wait_for_url("**/check/stop")


def test_seen_and_told_it_is_fine(launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site) -> None:
    page = open_page(launch()).page
    page.goto("/check/age")
    answer(page, USUAL | {"pattern": ["night"]})
    page.get_by_text("I have been seen and told it is fine").first.click()
    page.get_by_role("button", name="I have been seen and told it is fine").click()
    page.wait_for_url("**/check/side")
    assert [one.value for one in records(site, Answer) if one.question == "seen_and_fine"] == [["night_pain"]]
    answer(page, USUAL)
    page.wait_for_url("**/finding")


def test_interrupted_resumed_and_changed(
    launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site
) -> None:
    browser = launch()
    page = open_page(browser).page
    page.goto("/check/age")
    answer(page, USUAL, until="where")
    page.context.close()
    site.restart()
    page = open_page(browser).page
    page.goto("/knee")
    page.get_by_role("link", name="Go on", exact=True).click()
    page.wait_for_url("**/check/where")
    answer(page, USUAL)
    page.wait_for_url("**/finding")
    page.get_by_role("link", name="Your answers").click()
    page.get_by_role("link", name="Which knee hurts?").click()
    page.get_by_role("button", name="Right", exact=True).click()
    page.wait_for_url("**/finding")
    page.get_by_text("Right knee").wait_for()
    assert [one.value for one in records(site, Answer) if one.question == "side"] == [["left"], ["right"]]
    assert [one.side for one in records(site, Finding)] == ["left", "right"]


def test_where_it_hurts_by_tap_by_key_and_without_a_script(
    launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site
) -> None:
    browser = launch()
    page = open_page(browser).page
    page.goto("/check/age")
    answer(page, USUAL, until="where")
    page.locator(".spot.front.behind_kneecap").click()
    assert page.get_by_label("Behind the kneecap", exact=True).is_checked()
    page.locator(".spot.front.outer_side").click()
    page.locator(".spot.front.outer_side").click()
    assert not page.get_by_label("On the outer side", exact=True).is_checked(), "a second tap takes it back"
    page.keyboard.press("2")
    assert page.get_by_label("Round the kneecap", exact=True).is_checked()
    page.keyboard.press("Enter")
    page.wait_for_url("**/check/pain_on")
    bare = open_page(browser, java_script_enabled=False).page
    bare.goto("/check/where")
    bare.locator(".spot.front.above_kneecap").click()
    bare.get_by_role("button", name="Next").click()
    bare.wait_for_url("**/check/pain_on")
    answer(bare, USUAL)
    bare.wait_for_url("**/finding")
    given = [one.value for one in records(site, Answer) if one.question == "where"]
    assert given == [["behind_kneecap", "round_kneecap"], ["behind_kneecap", "round_kneecap", "above_kneecap"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anybody(
    launch: Callable[..., Any], open_page: Callable[..., Watched], scheme: str
) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core: run npm ci")
    axe = AXE.read_text(encoding="utf-8")
    size = {"width": 390, "height": 844} if scheme == "dark" else {"width": 1280, "height": 800}
    window = open_page(launch(), color_scheme=scheme, viewport=size)
    page, problems = window.page, []

    def look(*paths: str) -> None:
        for path in paths:
            page.goto(path)
            page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
            problems.extend(serious(window, axe))
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                problems.append(f"{page.url}: wider than the screen")

    look(
        "/scores",
        "/scores/akps",
        "/",
        "/knee",
        "/check/about",
        "/check/age",
        "/check/told",
        "/check/today",
        "/check/where",
        "/check/pain_worst",
    )
    page.goto("/check/age")
    answer(page, USUAL | {"today": ["no_weight"]})
    look("/check/stop", "/knee", "/")
    page.goto("/check/today")
    answer(page, USUAL | {"where": ["shin_bump"]})
    look("/check/stop", "/knee")
    page.goto("/check/where")
    answer(page, USUAL)
    look("/finding", "/knee", "/check/answers", "/")
    assert not problems
