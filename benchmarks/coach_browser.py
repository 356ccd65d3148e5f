"""The live page in a real Chromium whose camera shows the example of this repository: part of coach.py."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
from rich.console import Console

import tables

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "calf_raise.mp4"
STILL_S = 8.0
PATIENCE_MS = 180_000
COUNT_FOR_S = 20.0
KINDS = {
    "wasm": "pose runtime (WebAssembly)", "task": "pose model", "js": "scripts", "mjs": "pose runtime (script)",
    "css": "style", "svg": "figures, icons", "png": "figures, icons", "mp3": "voice",
}  # fmt: skip


def measure(address: str, folder: Path, console: Console) -> None:
    """Print pose frames per second, what the page weighs, and how long it takes to the first count."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("No browser: install Debian's chromium.")
    camera, length_s = write_camera(folder / "camera.mjpeg")
    switches = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    switches += [f"--use-file-for-fake-video-capture={camera}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=switches)
        window = browser.new_context(base_url=address, service_workers="block").new_page()
        window.set_default_timeout(PATIENCE_MS)
        _one_set(window, console, length_s)
        browser.close()


def _one_set(window: Any, console: Console, length_s: float) -> None:
    weights: dict[str, dict[str, int]] = {}
    frames: list[float] = []
    window.on("response", lambda response: _weigh(response, weights))
    window.on("websocket", lambda line: line.on("framesent", lambda sent: _frame(sent, frames)))
    form = {"exercise": "calf_raise_ball_squeeze", "session": str(uuid4()), "pain": "0", "signs": "no", "how": "camera"}
    window.goto("/offline")
    origin = {"origin": window.evaluate("location.origin")}
    begun = window.request.post("/start", form=form, headers=origin, max_redirects=0).headers["location"]
    weights.clear()
    start = time.perf_counter()
    window.goto(begun)
    button = window.get_by_role("button", name="Turn the camera on")
    button.wait_for()
    moments = {"page open to its button": time.perf_counter() - start}
    start = time.perf_counter()
    button.click()
    _wait(window, lambda: bool(frames))
    moments["button to the first pose at the server"] = time.perf_counter() - start
    _wait(window, lambda: window.locator("#main").get_attribute("data-state") == "set")
    moments["button to counting (stand still, 3-2-1)"] = time.perf_counter() - start
    _wait(window, lambda: int(window.locator("#count").inner_text()) >= 1)
    moments["button to the first count"] = time.perf_counter() - start
    begin, before = time.perf_counter(), len(frames)
    _wait(window, lambda: time.perf_counter() - begin > COUNT_FOR_S)
    rate = (len(frames) - before) / (time.perf_counter() - begin)
    moments[f"poses a second at the server, over {COUNT_FOR_S:.0f} s"] = rate
    note = f"the camera shows {STILL_S:.0f} s of standing still, then calf raises: {length_s:.0f} s, again and again"
    tables.show(console, f"Time ({note})", ("", "s, or a second"), [(what, f"{s:.1f}") for what, s in moments.items()])
    rows = [(what, len(sizes), f"{sum(sizes.values()) / 1000:.0f}") for what, sizes in sorted(weights.items())]
    everything = [size for sizes in weights.values() for size in sizes.values()]
    rows.append(("all", len(everything), f"{sum(everything) / 1000:.0f}"))
    tables.show(console, "What the live page loads the first time", ("part", "files", "kB"), rows)


def _weigh(response: Any, weights: dict[str, dict[str, int]]) -> None:
    """Take in one file, once however often it is asked for."""
    path = response.url.partition("?")[0]
    kind = KINDS.get(path.rpartition(".")[2], "page")
    weights.setdefault(kind, {})[path] = int(response.headers.get("content-length", 0))


def _frame(sent: Any, frames: list[float]) -> None:
    if isinstance(sent, bytes):
        frames.append(time.perf_counter())


def _wait(window: Any, done: Any) -> None:
    until = time.perf_counter() + PATIENCE_MS / 1000
    while not done():
        if time.perf_counter() > until:
            raise SystemExit(f"the page stayed at {window.locator('#caption').inner_text()!r}")
        window.wait_for_timeout(50)


def write_camera(path: Path) -> tuple[Path, float]:
    """The example as a camera sees it, motion JPEG at thirty a second; its file and its length in seconds."""
    with av.open(str(EXAMPLE)) as clip:
        pictures = [frame.to_ndarray(format="yuvj420p") for frame in clip.decode(video=0)]
        width, height = clip.streams.video[0].width, clip.streams.video[0].height
    shown = [pictures[0]] * int(STILL_S * 30) + pictures
    with av.open(str(path), "w", format="mjpeg") as out:
        stream = out.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        stream.options = {"qmin": "3", "qmax": "3"}
        for i, picture in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(picture, format="yuvj420p")
            frame.pts = i
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path, len(shown) / 30
