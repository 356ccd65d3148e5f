"""What the journeys are made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from kneeline.store import Store

Picture = npt.NDArray[np.uint8]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "calf_raise.mp4"
EXAMPLE_REPS = 5
STILL_S, AFTER_S = 12.0, 6.0
PATIENCE_MS = 120_000
"""Two cores that others use too are slow; nothing here is timed, but nothing may hang."""


@dataclass
class Site:
    """A running coach: its address, its records, and how it is stopped and, after what is done meanwhile, started."""

    address: str
    store: Store
    restart: Callable[..., None]


@dataclass
class Watched:
    """A browser window, with everything it asked for and complained about."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def state(self) -> str:
        return str(self.page.locator("#main").get_attribute("data-state"))

    def wait_for(self, *states: str) -> str:
        """Wait until the live page is in one of these states."""
        until = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < until:
            if (state := self.state()) in states:
                return state
            self.page.wait_for_timeout(100)
        raise AssertionError(f"the page stayed {self.state()}: {self.page.locator('#caption').inner_text()!r}")

    def wait_for_count(self, at_least: int) -> None:
        until = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < until:
            if (
                self.state() not in ("countdown", "loading")
                and int(self.page.locator("#count").inner_text()) >= at_least
            ):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"counted only {self.page.locator('#count').inner_text()}")

    def start(self, exercise: str, how: str = "Start with the camera", side: str = "") -> None:
        """From the questions before a session to its first page."""
        self.page.goto(f"/start?exercise={exercise}")
        answers = {"pain": "2", "signs": "no"} | ({"side": side} if side else {})
        for name, value in answers.items():
            self.page.locator(f'input[name="{name}"][value="{value}"]').check(force=True)
        self.page.get_by_role("button", name=how).click()


def example_pictures() -> list[Picture]:
    """Every picture of the example that ships, (height, width, 3) RGB."""
    with av.open(str(EXAMPLE)) as clip:
        return [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]


def rendered_camera(path: Path, name: str, shared: Path, before_s: float = 10.0, after_s: float = 16.0) -> Path:
    """A rendered recording as a fake camera shows it, standing still before it and after."""
    with av.open(str(shared / "recordings" / "rendered" / f"{name}.mp4")) as clip:
        pictures = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    return write_camera(path, [pictures[0]] * int(before_s * 30) + pictures + [pictures[-1]] * int(after_s * 30))


def fake_camera(path: Path) -> tuple[str, ...]:
    """A browser's switches that make a file its camera; the file is read anew whenever a page turns the camera on."""
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    return (*fake, f"--use-file-for-fake-video-capture={path}")


def write_camera(path: Path, pictures: list[Picture]) -> Path:
    """Pictures as Chromium's fake camera takes them: motion JPEG, thirty a second, shown again and again."""
    with av.open(str(path), "w", format="mjpeg") as out:
        stream = out.add_stream("mjpeg", rate=30)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuvj420p"
        stream.options = {"qmin": "3", "qmax": "3"}
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = i
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
