"""Movement tests in a real browser: before the camera, alone, and in a photo that never leaves the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from journeys import Site, Watched, fake_camera, rendered_camera
from test_pages import AXE, serious

from kneeline.capture.calibration import calibration_for
from kneeline.capture.follow import read_video
from kneeline.content.load import load, load_test
from kneeline.model.pose import PoseFrame, PoseSeries
from kneeline.model.quantity import Estimate
from kneeline.motion.trial import Trial
from kneeline.store.kinds import TestResult as Result
from kneeline.web.wire import FRAME_BYTES, read_picture

SQUAT, WRONG = "sls_f_avg_front", "single_m_avg"
LIBRARY = load()


@pytest.fixture
def with_recording(launch: Callable[..., Any], shared: Path, tmp_path: Path) -> Callable[[str], Any]:
    def start(name: str) -> Any:
        return launch(*fake_camera(rendered_camera(tmp_path / f"{name}.mjpeg", name, shared)))

    return start


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("no axe-core: run npm ci")
    return AXE.read_text(encoding="utf-8")


def results(site: Site) -> list[Result]:
    return [kept.payload for kept in site.store.history(site.store.people()[0].id, Result)]


def trial_of(frames: list[PoseFrame] | PoseSeries) -> Trial:
    trial = Trial(load_test("single_leg_squat"), LIBRARY, "left", "blazepose-full")
    trial.push(frames if isinstance(frames, PoseSeries) else PoseSeries.of(frames))
    trial.finish()
    return trial


def test_a_squat_before_the_camera_is_worth_what_the_file_is_worth(
    site: Site, with_recording: Callable[[str], Any], open_page: Callable[..., Watched], shared: Path, axe: str
) -> None:
    window = open_page(with_recording(SQUAT))
    page = window.page
    sent: list[bytes] = []
    page.on("websocket", lambda line: line.on("framesent", lambda data: sent.extend([data] * isinstance(data, bytes))))
    page.goto("/tests")
    page.get_by_role("link", name="Squat on one leg").click()
    page.get_by_role("link", name="Left leg").click()
    problems = serious(window, axe)
    page.get_by_role("button", name="Turn the camera on").click()
    window.wait_for("set")
    problems += serious(window, axe)
    window.wait_for("done")
    page.wait_for_url("**/trials/*")
    page.get_by_role("heading", name="Knee inward at 45 degrees of bend").first.wait_for()
    problems += serious(window, axe)
    assert not problems
    assert {len(data) for data in sent} == {FRAME_BYTES}
    (kept,) = results(site)
    assert (kept.test, kept.side, kept.detail["how"]) == ("single_leg_squat", "left", "camera")
    calibration = calibration_for("blazepose-full")
    same = trial_of([read_picture(data, calibration).frame for data in sent]).result()
    of_file = trial_of(read_video(shared / "recordings" / "rendered" / f"{SQUAT}.mp4")[0]).result()
    for told in (same, of_file):
        for id, value in told.values.items():
            live = kept.measures[id]
            if isinstance(value.result, Estimate):
                assert live["value"] == pytest.approx(value.result.value, abs=value.result.sd), id
            else:
                assert "not_assessable" in live, id


def test_a_wrong_view_is_refused_with_the_reason(
    site: Site, with_recording: Callable[[str], Any], open_page: Callable[..., Watched], axe: str
) -> None:
    window = open_page(with_recording(WRONG))
    page = window.page
    page.goto("/tests/single_leg_squat?side=left")
    page.get_by_role("link", name="Start: left leg").click()
    page.get_by_role("button", name="Turn the camera on").click()
    page.get_by_text("Turn until the camera looks straight at you.").wait_for()
    assert window.state() == "framing"
    page.get_by_role("button", name="Begin now").click()
    window.wait_for("set")
    page.get_by_role("button", name="Finish test").click()
    page.get_by_role("heading", name="This go gives no number.").wait_for()
    page.get_by_text("The camera sees your left").first.wait_for()
    assert not serious(window, axe)
    assert all("not_assessable" in body for body in results(site)[0].measures.values())


def test_it_hurts_ends_a_test_and_leads_to_rest(
    site: Site, with_camera: Any, open_page: Callable[..., Watched], axe: str
) -> None:
    window = open_page(with_camera)
    page = window.page
    page.goto("/tests/heel_raise_count?side=right")
    page.get_by_role("link", name="Start: right leg").click()
    page.get_by_role("button", name="Turn the camera on").click()
    window.wait_for("framing", "ready", "countdown", "set")
    page.get_by_role("button", name="It hurts: stop").click()
    page.get_by_role("heading", name="You stopped. That was right.").wait_for()
    assert not serious(window, axe)
    assert all(body["not_assessable"] == "you stopped because it hurt" for body in results(site)[0].measures.values())


def test_alone_with_a_watch(
    launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site, axe: str
) -> None:
    window = open_page(launch())
    page = window.page
    page.goto("/tests/stand_30s?side=left")
    page.get_by_role("link", name="Without a camera").click()
    page.get_by_role("button", name="Start the watch").click()
    page.locator("#clock").get_by_text("1.", exact=False).wait_for()
    page.get_by_role("button", name="Stop").click()
    assert 0.5 < float(page.get_by_label("Time on one leg, in seconds").input_value()) < 20
    assert not serious(window, axe)
    page.get_by_label("Time on one leg, in seconds").fill("99")
    page.get_by_role("button", name="That was it").click()
    page.get_by_role("alert").get_by_text("cannot be the result").wait_for()
    assert not serious(window, axe)
    page.get_by_label("Time on one leg, in seconds").fill("21.5")
    page.get_by_role("button", name="That was it").click()
    page.get_by_text("21.5 ± 5.0 s").first.wait_for()
    assert not serious(window, axe)
    assert results(site)[0].measures["time_s"]["value"] == 21.5


def test_alone_without_any_script(launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site) -> None:
    window = open_page(launch(), java_script_enabled=False)
    page = window.page
    page.goto("/tests")
    page.get_by_role("link", name="Heel raises on one leg").click()
    page.get_by_role("link", name="Without a camera").click()
    assert not page.locator("#helper").is_visible()
    page.locator('input[name="side"][value="right"]').check(force=True)
    page.get_by_label("Heel raises, in repetitions").fill("18")
    page.get_by_role("button", name="That was it").click()
    page.get_by_role("heading", name="18 ± 4 repetitions").wait_for()
    assert results(site)[0].side == "right"


def a_photo(path: Path) -> Path:
    """Something of a photo's size, with noise in it, so that it could not be sent in a few bytes."""
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 255, (600, 900, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def test_of_a_photo_only_the_tapped_places_are_sent(
    launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site, tmp_path: Path, axe: str
) -> None:
    window = open_page(launch())
    page = window.page
    sent: list[tuple[str, bytes]] = []
    page.on("request", lambda request: sent.append((request.method, request.post_data_buffer or b"")))
    page.goto("/tests/arch_photo?side=left")
    page.get_by_role("link", name="Start: left foot").click()
    page.locator("#file").set_input_files(a_photo(tmp_path / "foot.png"))
    foot = page.locator("#foot")
    foot.wait_for()
    width = foot.bounding_box()["width"]
    places = [(0.1, 0.6), (0.8, 0.6), (0.5, 0.4)]
    for round in range(3):
        for x, y in places:
            foot.click(position={"x": (x + round / 500) * width, "y": y * width})
    assert not serious(window, axe)
    page.get_by_role("button", name="Take the last one back").click()
    assert page.get_by_role("button", name="That is all").is_disabled()
    foot.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Take the last one back").click()
    foot.click(position={"x": 0.5 * width, "y": 0.4 * width})
    page.get_by_role("button", name="That is all").click()
    page.get_by_role("heading", name="Height of the arch").first.wait_for()
    (form,) = [body for method, body in sent if method == "POST"]
    assert len(form) < 600
    assert {part.split("=")[0] for part in form.decode().split("&")} == {"side", "taps"}
    assert sum(len(body) for _, body in sent) == len(form), "nothing else was sent"
    ratio = results(site)[0].measures["arch_ratio_frac"]["value"]
    assert ratio == pytest.approx(0.2 / 0.7, abs=0.02)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anybody(
    launch: Callable[..., Any], open_page: Callable[..., Watched], axe: str, scheme: str
) -> None:
    size = {"width": 390, "height": 844} if scheme == "dark" else {"width": 1280, "height": 800}
    window = open_page(launch(), color_scheme=scheme, viewport=size)
    problems: list[str] = []
    alone = [f"/tests/{test.id}/alone" for test in LIBRARY.tests.values() if test.by_yourself]
    for path in ("/tests", "/tests/arch_photo/photo", *(f"/tests/{id}" for id in LIBRARY.tests), *alone):
        window.page.goto(path)
        problems += serious(window, axe)
        if window.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"{path} is wider than the window")
    assert not problems
