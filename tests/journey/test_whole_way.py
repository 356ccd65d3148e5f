"""One person's whole way in one window: safety, questions, a test before the camera, a finding, and the first set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from journeys import Site, Watched, fake_camera, rendered_camera
from test_check import USUAL, answer, records
from test_pages import AXE, serious

from kneeline.store.kinds import Finding
from kneeline.store.kinds import TestResult as Result

SQUAT, BANDED = "sls_f_avg_front", "abd_f_heavy_cave"
BEST = "Knee inward in the squat on one leg"


def test_from_the_first_page_over_a_test_to_the_first_coached_set(
    launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site, shared: Path, tmp_path: Path
) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core: run npm ci")
    axe = AXE.read_text(encoding="utf-8")
    camera = rendered_camera(tmp_path / "camera.mjpeg", SQUAT, shared)
    window = open_page(launch(*fake_camera(camera)))
    page = window.page

    page.goto("/")
    page.get_by_role("link", name="A few questions first").click()
    page.get_by_role("link", name="Begin").click()
    answer(page, USUAL | {"pain_worst": 5, "equipment": ["band", "loop"]})
    page.get_by_role("heading", name="Start with hip and knee together.").wait_for()
    assert BEST not in page.locator("main").inner_text(), "nothing is measured yet"

    page.get_by_role("link", name="Movement tests").click()
    page.get_by_role("link", name="Squat on one leg").click()
    page.get_by_role("link", name="Left leg").click()
    page.get_by_role("button", name="Turn the camera on").click()
    window.wait_for("set")
    window.wait_for("done")
    page.wait_for_url("**/trials/*")
    page.get_by_role("heading", name="Knee inward at 45 degrees of bend").first.wait_for()
    (kept,) = records(site, Result)
    measured = kept.measures["fppa_at_45_deg"]

    page.locator("main").get_by_role("link", name="My knee").click()
    page.get_by_role("link", name="See the finding").click()
    point = page.locator(".point", has=page.get_by_text(BEST))
    assert f"{measured['value']:.0f} ± {measured['sd']:.0f}°" in point.inner_text()
    before, after = records(site, Finding)
    assert before.probabilities["hip"] != after.probabilities["hip"], "the finding uses it"
    assert before.probabilities["foot"] == pytest.approx(after.probabilities["foot"], abs=0.02), "for the hip alone"
    problems = serious(window, axe)

    rendered_camera(camera, BANDED, shared)
    page.get_by_role("link", name="Start: Banded stand on one leg").click()
    for name, value in {"pain": "2", "signs": "no", "side": "left"}.items():
        page.locator(f'input[name="{name}"][value="{value}"]').check(force=True)
    page.get_by_role("button", name="Start with the camera").click()
    page.get_by_role("button", name="Turn the camera on").click()
    window.wait_for("set")
    window.wait_for_count(2)
    page.get_by_role("button", name="Finish set").click()
    page.locator("#next").wait_for()
    problems += serious(window, axe)
    assert not problems
    (first,) = site.store.sets(site.store.people()[0].id)
    result = site.store.result(first.start.id)
    assert (first.start.exercise, first.start.side) == ("banded_single_leg_stand", "left")
    assert result is not None
    assert result.summary.count >= 2
