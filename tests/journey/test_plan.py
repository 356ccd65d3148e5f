"""Six weeks with a plan, in a real browser: made, trained, adapted, tested again, and turned to another part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from journeys import EXAMPLE_REPS, Site, Watched
from test_check import USUAL, answer
from test_pages import AXE, serious

from kneeline.clinic.plan import prescribe
from kneeline.content.load import Library
from kneeline.model.plan import PlanVersion
from kneeline.store.planned import keep_version, plan_versions
from kneeline.web import clock
from kneeline.web.book import Book, Choice
from kneeline.web.plan_book import standing

MONDAY = datetime(2026, 11, 16, 8, tzinfo=UTC)


class Clock:
    """A clock that goes on a little at each look, and can be moved."""

    def __init__(self) -> None:
        self.at = MONDAY

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=10)
        return self.at

    def next_morning(self) -> None:
        self.at = (self.at + timedelta(days=1)).replace(hour=8, minute=0)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(clock, "now", moved)
    return moved


def versions(site: Site, library: Library) -> tuple[PlanVersion, ...]:
    return plan_versions(site.store, site.store.people()[0].id, library)


def tap(page: Any, name: str, value: int) -> None:
    page.locator(f'input[name="{name}"][value="{value}"]').check(force=True)


def train(book: Book) -> None:
    """Today's session, done elsewhere while the browser is closed."""
    now = standing(book)
    assert now is not None
    choice = Choice(uuid4(), None, "left", False, 2.0, plan=now.today.session)
    kept = book.begin(choice)
    following = kept
    while following is not None:
        book.count_by_hand(following, int(following.start.planned["reps"]))
        following = book.go_on(following)  # type: ignore[assignment]
    book.close(choice.session_id, 2.0, None, "", 2.0)


def live_until(site: Site, library: Library, time: Clock, days: int) -> None:
    """Days on which everything goes as planned, up to so many after the plan began."""
    book = Book(site.store, library)
    while time.at < MONDAY + timedelta(days=days):
        now = standing(book)
        assert now is not None
        if now.today.session:
            train(book)
        time.next_morning()


def test_six_weeks_from_the_finding_to_another_part(
    launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site, library: Library, time: Clock
) -> None:
    page = open_page(launch(), viewport={"width": 390, "height": 844}).page
    page.goto("/check/age")
    answer(page, USUAL | {"equipment": ["band", "loop"]})
    page.get_by_role("button", name="Make my plan").click()
    page.get_by_role("heading", name="Two exercises.").wait_for()
    page.get_by_text("Why this one").first.click()
    page.get_by_text("No part stands out, so hip and knee start together").first.wait_for()

    page.goto("/")
    page.get_by_role("link", name="Start", exact=True).click()
    tap(page, "pain", 2)
    page.locator('input[name="signs"][value="no"]').check(force=True)
    page.get_by_role("button", name="Without a camera").click()
    while "/end" not in page.url:
        page.get_by_label("Repetitions done").fill(f"{EXAMPLE_REPS}")
        page.get_by_role("button", name="That was the set").click()
        page.get_by_role("heading", name=f"{EXAMPLE_REPS} repetitions.").wait_for()
        page.locator("#go-on, a:has-text('Finish the session')").first.click()
        page.wait_for_url(lambda url: "/count/" in url or "/end" in url)
    tap(page, "worst", 3)
    tap(page, "pain", 2)
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("link", name="Back to today").click()
    page.get_by_role("heading", name="Done for today.").wait_for()

    time.next_morning()
    page.goto("/")
    page.get_by_role("button", name="6", exact=True).click()
    page.get_by_role("heading", name="Rest today.").wait_for()
    page.get_by_text("What changed since the last session").click()
    page.get_by_text("so the next session is easier").wait_for()
    page.get_by_text("The rule", exact=True).click()
    page.get_by_text("Morning rise at least 2 points").wait_for()
    assert versions(site, library)[-1].change.rule == "morning_worse"

    live_until(site, library, time, 28)
    page.goto("/?later=true")
    page.get_by_role("link", name="Test again").click()
    page.get_by_role("button", name="The same", exact=True).click()
    page.get_by_role("heading", name="the foot first").wait_for()
    page.get_by_text("now another part of the leg has its turn").first.wait_for()
    page.get_by_role("link", name="Every change").click()
    page.get_by_role("heading", name="What changed, and why").wait_for()
    assert versions(site, library)[-1].plan.links[0] == "foot"
    page.goto("/progress")
    page.get_by_role("heading", level=1).wait_for()


def test_a_bad_phase_and_out_of_it(
    launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site, library: Library, time: Clock
) -> None:
    page = open_page(launch()).page
    page.goto("/check/age")
    answer(page, USUAL | {"equipment": ["band", "loop"]})
    page.get_by_role("button", name="Make my plan").click()
    page.goto("/pain")
    tap(page, "now", 8)
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("heading", name="A short, easy session.").wait_for()
    assert versions(site, library)[-1].plan.mode == "flare_up"
    for _ in range(4):
        live_until(site, library, time, (time.at - MONDAY).days + 1)
        page.goto("/")
        if (calm := page.get_by_role("button", name="1", exact=True)).count():
            calm.click()
            page.wait_for_url("**/")
    assert [v.change.rule for v in versions(site, library)][-1] == "settled"
    page.goto("/?later=true")
    page.get_by_role("button", name="I am travelling").click()
    page.get_by_role("button", name="I am back home").click()
    page.get_by_role("button", name="I am travelling").wait_for()
    assert versions(site, library)[-1].plan.mode == "usual"


def test_a_session_of_the_plan_in_front_of_the_camera(
    with_camera: Any, open_page: Callable[..., Watched], site: Site, library: Library
) -> None:
    window = open_page(with_camera)
    page = window.page
    page.goto("/check/age")
    answer(page, USUAL | {"equipment": ["ball", "band"]})
    page.get_by_role("button", name="Make my plan").click()
    page.get_by_role("heading", name="Two exercises.").wait_for()
    (first,) = versions(site, library)
    p = first.plan.prescriptions[-1]
    calf = replace(p, exercise="calf_raise_ball_squeeze", link="foot", side="both", rung=0, band="")
    calf = replace(calf, dose=replace(p.dose, sets=1, reps=EXAMPLE_REPS, lift_s=2.0, hold_s=1.0, lower_s=3.0))
    asked = prescribe(first, (calf, p), "", library, datetime.now().astimezone())
    keep_version(site.store, site.store.people()[0].id, asked, library)
    page.goto("/start")
    tap(page, "pain", 2)
    page.locator('input[name="signs"][value="no"]').check(force=True)
    page.get_by_role("button", name="Start with the camera").click()
    page.get_by_role("button", name="Turn the camera on").click()
    assert window.wait_for("set") == "set"
    window.wait_for("done")
    page.locator("#next").wait_for()
    assert "Terminal knee extension" in page.locator("#next").inner_text()
    page.get_by_role("button", name="Go on now").click()
    page.get_by_role("heading", name="Terminal knee extension").wait_for()
    sets = site.store.sets(site.store.people()[0].id)
    assert [one.start.exercise for one in sets] == ["calf_raise_ball_squeeze", "terminal_knee_extension"]
    assert sets[0].summary is not None
    assert sets[0].summary.count == EXAMPLE_REPS
    assert [one.start.settings["part"] for one in sets] == [0, 1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anybody(
    launch: Callable[..., Any], open_page: Callable[..., Watched], scheme: str
) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core: run npm ci")
    axe = AXE.read_text(encoding="utf-8")
    size = {"width": 390, "height": 844} if scheme == "dark" else {"width": 1280, "height": 800}
    window = open_page(launch(), color_scheme=scheme, viewport=size)
    problems: list[str] = []
    page = window.page
    page.goto("/plan")
    problems += serious(window, axe)
    page.goto("/check/age")
    answer(page, USUAL | {"equipment": ["band", "loop"]})
    page.get_by_role("button", name="Make my plan").click()
    for path in (
        "/", "/plan", "/plan/changes", "/plan/rules", "/plan/physio", "/plan/physio/rule/two_for_two", "/start",
        "/plan/swap?exercise=terminal_knee_extension", "/runs", "/morning", "/pain", "/retest",
    ):  # fmt: skip
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        problems += serious(window, axe)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            problems.append(f"{path} is wider than the screen")
    assert not problems
