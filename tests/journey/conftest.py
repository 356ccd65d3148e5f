"""A person's way through the app: a real server, a real browser, and a camera that shows a recording."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from journeys import (
    AFTER_S,
    EXAMPLE_REPS,
    PATIENCE_MS,
    STILL_S,
    Site,
    Watched,
    example_pictures,
    fake_camera,
    write_camera,
)

from kneeline.content.load import Library, load
from kneeline.store import Store
from kneeline.web.app import create_app
from kneeline.web.serve import settings

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="no playwright: pip install playwright (no browser of its own)"
)


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        pytest.skip("no browser: install Debian's chromium to run the journeys")
    return found


@pytest.fixture(scope="session")
def camera_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example that ships as a camera sees it: somebody stands still, does five calf raises, stands still."""
    pictures = example_pictures()
    shown = [pictures[0]] * int(STILL_S * 30) + pictures + [pictures[-1]] * int(AFTER_S * 30)
    return write_camera(tmp_path_factory.mktemp("camera") / "one.mjpeg", shown)


@pytest.fixture(scope="session")
def two_people_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The person of the example twice, side by side, standing still."""
    picture = example_pictures()[0]
    middle = picture.shape[1] // 2
    half = picture[:, middle // 2 : middle // 2 + middle]
    return write_camera(tmp_path_factory.mktemp("camera") / "two.mjpeg", [np.hstack([half, half])] * 60)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    with sync_api.sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def launch(playwright: Any, chromium: str) -> Iterator[Callable[..., Any]]:
    """Start a browser with further switches; all are closed at the end."""
    opened = []

    def start(*switches: str) -> Any:
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        browser = playwright.chromium.launch(executable_path=chromium, args=[*root, *switches])
        opened.append(browser)
        return browser

    yield start
    for browser in opened:
        browser.close()


@pytest.fixture(scope="session")
def with_camera(launch: Callable[..., Any], camera_file: Path) -> Any:
    """A browser whose camera shows the example, again and again."""
    return launch(*fake_camera(camera_file))


@pytest.fixture
def open_page(site: Site) -> Iterator[Callable[..., Watched]]:
    """Open a window in a browser; at the end it must have asked nobody else, and complained of nothing."""
    windows: list[tuple[Any, Watched]] = []

    def start(browser: Any, **options: Any) -> Watched:
        options = {"service_workers": "block", "base_url": site.address} | options
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        watched = Watched(context.new_page())
        context.on("request", lambda request: watched.asked.append(request.url))
        watched.page.on("websocket", lambda line: watched.asked.append(line.url))
        watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        watched.page.on("console", lambda said: said.type == "error" and watched.complaints.append(said.text))
        windows.append((context, watched))
        return watched

    yield start
    for context, watched in windows:
        context.close()
        strangers = [url for url in watched.asked if url.split("://", 1)[1].split("/")[0] != site.address[7:]]
        assert not strangers
        assert not [words for words in watched.complaints if "Content Security Policy" in words]


@pytest.fixture(scope="session")
def library() -> Library:
    """The library, with doses as short as the example."""
    known, exercises = load(), {}
    for id, exercise in known.exercises.items():
        if exercise.dose is not None:
            replace = msgspec.structs.replace
            reps, sets = replace(exercise.dose.reps, value=float(EXAMPLE_REPS)), replace(exercise.dose.sets, value=2.0)
            exercise = replace(exercise, dose=replace(exercise.dose, reps=reps, sets=sets))
        exercises[id] = exercise
    return Library(**{name: getattr(known, name) for name in Library.__slots__} | {"exercises": exercises})


@pytest.fixture
def site(tmp_path: Path, library: Library) -> Iterator[Site]:
    import uvicorn

    store = Store.open(tmp_path / "records")
    line = socket.socket()
    line.bind(("127.0.0.1", 0))
    port = line.getsockname()[1]
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start() -> None:
        server = uvicorn.Server(settings(create_app(store, library)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [line.dup()]}, daemon=True)
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.02)

    def stop() -> None:
        server, thread = running.pop()
        server.should_exit = server.force_exit = True
        thread.join(20)

    def restart(meanwhile: Callable[[], None] = lambda: None) -> None:
        stop()
        meanwhile()
        start()

    start()
    yield Site(f"http://localhost:{port}", store, restart)
    stop()
    line.close()
    store.close()
