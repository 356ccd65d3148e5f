"""Make docs/app.png: a question, a finding and a running set as a phone shows them.

    .venv/bin/python scripts/make_app_picture.py

Needs Chromium. The person is the rendered one of examples/; the answers are those of tests/spec/vignettes/usual.toml.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Error, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "journey"))
from journeys import AFTER_S, PATIENCE_MS, STILL_S, Watched, example_pictures, write_camera  # noqa: E402
from test_check import answer  # noqa: E402

PORT = 8797
SIZE = {"width": 390, "height": 844}
GAP = 32
PAPER = (233, 236, 232)
COUNTED = 3


def main() -> None:
    """Start the coach on records of its own, go through it, and put three of its screens side by side."""
    answers = tomllib.loads((ROOT / "tests/spec/vignettes/usual.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        camera = film(Path(folder))
        words = [sys.executable, "-c", "from kneeline.cli import main; main()"]
        words += ["--data", f"{folder}/records", "--port", str(PORT), "--no-browser"]
        with subprocess.Popen(words) as server, sync_playwright() as playwright:
            try:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"),
                    args=[
                        "--no-sandbox",
                        "--use-fake-device-for-media-stream",
                        "--use-fake-ui-for-media-stream",
                        f"--use-file-for-fake-video-capture={camera}",
                    ],
                )
                options = {"viewport": SIZE, "base_url": f"http://localhost:{PORT}", "device_scale_factor": 1.5}
                page = browser.new_page(**options)
                page.set_default_timeout(PATIENCE_MS)
                side_by_side(screens(page, answers)).save(ROOT / "docs" / "app.png", optimize=True)
                browser.close()
            finally:
                server.terminate()


def film(folder: Path) -> Path:
    """The example as a camera sees it: standing still before and after."""
    pictures = example_pictures()
    shown = [pictures[0]] * int(STILL_S * 30) + pictures + [pictures[-1]] * int(AFTER_S * 30)
    return write_camera(folder / "camera.mjpeg", shown)


def screens(page: Any, answers: dict[str, Any]) -> list[bytes]:
    """Where it hurts, what to train first, and a set."""
    shots = []
    for _ in range(60):
        try:
            page.goto("/check/age")
            break
        except Error:  # the server is not up yet
            time.sleep(0.5)
    answer(page, answers, until="where")
    for place in answers["where"]:
        page.locator(f'input[value="{place}"]').check(force=True)
    shots.append(page.screenshot())
    answer(page, answers)
    page.wait_for_url("**/finding**")
    shots.append(page.screenshot())
    page.goto("/start?exercise=calf_raise_ball_squeeze")
    page.locator('input[name="pain"][value="2"]').check(force=True)
    page.locator('input[name="signs"][value="no"]').check(force=True)
    page.get_by_role("button", name="Start with the camera").click()
    page.get_by_role("button", name="Turn the camera on").click()
    live = Watched(page)
    live.wait_for("set")
    live.wait_for_count(COUNTED)
    page.wait_for_timeout(1500)
    shots.append(page.screenshot())
    return shots


def side_by_side(shots: list[bytes]) -> Image.Image:
    """Screens beside each other on one ground, small enough for a README."""
    opened = [Image.open(io.BytesIO(shot)).convert("RGB") for shot in shots]
    width, height = opened[0].size
    whole = Image.new("RGB", (len(opened) * (width + GAP) + GAP, height + 2 * GAP), PAPER)
    for i, screen in enumerate(opened):
        whole.paste(screen, (GAP + i * (width + GAP), GAP))
    return whole.quantize(128).convert("P")


if __name__ == "__main__":
    main()
