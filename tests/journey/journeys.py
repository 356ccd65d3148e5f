"""What the journeys are made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kneeline.store import Store

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "calf_raise.mp4"
EXAMPLE_REPS = 5
STILL_S, AFTER_S = 12.0, 6.0
PATIENCE_MS = 120_000
"""Two cores that others use too are slow; nothing here is timed, but nothing may hang."""


@dataclass
class Site:
    """A running coach: its address, its records, and how it is stopped and started anew."""

    address: str
    store: Store
    restart: Callable[[], None]


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
