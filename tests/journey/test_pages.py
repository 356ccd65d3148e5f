"""Every page: nothing in the way of anybody, nothing asked of anybody else, and it works when the network does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from journeys import Site, Watched

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
CALF, BAND = "calf_raise_ball_squeeze", "banded_single_leg_stand"
PAGES = (
    "/",
    "/exercises",
    f"/exercises/{CALF}",
    f"/start?exercise={BAND}",
    "/knee",
    "/check/where",
    "/check/about",
    "/progress",
    "/sessions",
    "/settings",
    "/chain",
    "/library",
    "/library/claims/inner_thigh",
    "/library/links/hip",
    "/library/tests/stand_30s",
    f"/exercises/{CALF}/sheet",
    "/offline",
    "/no",
)


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("no axe-core: run npm ci")
    return AXE.read_text(encoding="utf-8")


def serious(window: Watched, axe: str) -> list[str]:
    """What axe-core finds serious or worse on the page as it stands."""
    window.page.evaluate(axe)
    found = window.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{window.page.url}: {one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:3]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anybody(
    with_camera: Any, open_page: Callable[..., Watched], axe: str, scheme: str
) -> None:
    size = {"width": 390, "height": 844} if scheme == "dark" else {"width": 1280, "height": 800}
    window = open_page(with_camera, color_scheme=scheme, viewport=size)
    problems: list[str] = []
    for path in PAGES:
        window.page.goto(path)
        problems += serious(window, axe)
    window.start(BAND, "Without a camera", side="left")
    problems += serious(window, axe)
    window.page.get_by_role("button", name="That was the set").click()
    window.page.locator("#next").wait_for()
    problems += serious(window, axe)
    window.page.get_by_role("link", name="Enough for today").click()
    problems += serious(window, axe)
    window.page.get_by_role("button", name="Keep it").click()
    problems += serious(window, axe)
    window.start(CALF)
    problems += serious(window, axe)
    window.page.get_by_role("button", name="Turn the camera on").click()
    window.wait_for("set")
    problems += serious(window, axe)
    window.page.get_by_role("button", name="Finish set").click()
    window.page.locator("#next").wait_for()
    problems += serious(window, axe)
    assert not problems


def test_a_session_by_keyboard_alone(launch: Callable[..., Any], open_page: Callable[..., Watched], site: Site) -> None:
    window = open_page(launch())
    page = window.page

    def reach(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("(document.activeElement.textContent || '').trim()") == name:
                return
        raise AssertionError(f"no way to {name!r} by Tab")

    def into(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name") == name:
                return
        raise AssertionError(f"no way to {name!r} by Tab")

    page.goto(f"/exercises/{BAND}")
    reach("Start")
    page.keyboard.press("Enter")
    page.wait_for_url("**/start?*")
    for name in ("pain", "signs", "side"):
        into(name)
        page.keyboard.press("Space")
    reach("Without a camera")
    page.keyboard.press("Enter")
    page.wait_for_url("**/count/*")
    into("reps")
    page.keyboard.press("ArrowUp")
    reach("That was the set")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="1 repetition.").wait_for()
    (kept,) = site.store.sets(site.store.people()[0].id)
    assert kept.start.side == "left"


def test_the_browser_asks_nobody_else(
    launch: Callable[..., Any], camera_file: Path, open_page: Callable[..., Watched], site: Site, tmp_path: Path
) -> None:
    log = tmp_path / "net.json"
    browser = launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera_file}",
        f"--log-net-log={log}",
        "--net-log-capture-mode=Everything",
    )
    window = open_page(browser)
    sent: list[bytes | str] = []
    window.page.on("websocket", lambda line: line.on("framesent", lambda message: sent.append(message)))
    for path in PAGES:
        window.page.goto(path)
    window.start(CALF)
    window.page.get_by_role("button", name="Turn the camera on").click()
    window.wait_for("set")
    window.page.get_by_role("button", name="Finish set").click()
    window.page.locator("#next").wait_for()
    browser.close()
    # 416 bytes of keypoints and a few words are all that ever leaves the page: there is no room for a picture.
    assert sent
    assert {len(message) for message in sent if isinstance(message, bytes)} == {416}
    assert all(set(json.loads(message)) == {"do", "t_s"} for message in sent if isinstance(message, str))
    asked = asked_for(json.loads(log.read_text(encoding="utf-8")), site.address)
    assert len(asked) > 20
    assert all(url.startswith((site.address, site.address.replace("http", "ws", 1))) for url in asked), asked


def asked_for(log: dict[str, Any], address: str) -> set[str]:
    """Addresses in Chromium's own log that were asked for in the name of our pages.

    A browser also asks its maker for things of its own, whatever page is open; those name no page.
    """
    events = [event.get("params", {}) for event in log["events"]]
    named = ("initiator", "network_isolation_key", "network_anonymization_key", "site_for_cookies", "top_frame_origin")
    return {
        params["url"]
        for params in events
        if "url" in params and any(address in str(params.get(name, "")) for name in named)
    }


def test_an_installed_page_says_that_kneeline_is_not_running(
    launch: Callable[..., Any], open_page: Callable[..., Watched]
) -> None:
    window = open_page(launch(), service_workers="allow")
    window.page.goto("/")
    window.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    window.page.reload()
    window.page.context.set_offline(True)
    window.page.goto("/sessions")
    window.page.get_by_role("heading", name="kneeline is not running.").wait_for()
    assert window.page.evaluate("getComputedStyle(document.body).maxWidth") != "none"
    window.page.context.set_offline(False)
    window.page.get_by_role("link", name="Try again").click()
    window.page.get_by_role("link", name="Choose an exercise").wait_for()


def test_the_scripts_keep_their_types() -> None:
    import subprocess

    npm = shutil.which("npm")
    if npm is None or not (ROOT / "node_modules/typescript").is_dir():
        pytest.skip("no TypeScript: run npm ci")
    ran = subprocess.run([npm, "run", "-s", "types"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout
