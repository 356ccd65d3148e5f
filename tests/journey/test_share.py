"""A file between two machines, in a real browser: sealed, read out, opened, answered, and the answer opened."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from journeys import Site, Watched
from store_makers import done
from test_pages import AXE, serious

from kneeline.clinic.ladder import usual_dose
from kneeline.content.load import Library, load
from kneeline.model.plan import Change, Plan, PlanVersion, Prescription
from kneeline.store import Store
from kneeline.store.kinds import Pain, Setting
from kneeline.store.planned import keep_version, plan_versions
from kneeline.web.app import create_app
from kneeline.web.serve import settings

LIBRARY = load()
BAND = "banded_single_leg_stand"
LOG = Path(__file__).resolve().parents[1] / "replay" / "calf_raise_ball_squeeze.parquet"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


@pytest.fixture
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("no axe-core: run npm ci")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture
def clinic(tmp_path: Path, library: Library) -> Iterator[str]:
    """The address of the physio's own kneeline."""
    import uvicorn

    with Store.open(tmp_path / "clinic") as store, socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        server = uvicorn.Server(settings(create_app(store, library)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [line]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://localhost:{line.getsockname()[1]}"
        server.should_exit = server.force_exit = True
        thread.join(20)


def lived(store: Store) -> None:
    """Three weeks of a plan, with pain that grew, a set and its movement."""
    now = datetime.now(UTC)
    person = store.local_person(now).id
    dose = usual_dose(LIBRARY.exercises[BAND], 3, LIBRARY)
    one = Prescription(BAND, "hip", "left", "left", 0, "light", dose, "It is the part that stands out.")
    begun = now - timedelta(days=21)
    plan = Plan(begun.date(), (one,), (0, 2, 4), ("hip",), "hip", {"foot": 0.2, "knee": 0.3, "hip": 0.7})
    keep_version(store, person, PlanVersion(plan, Change(begun, "start", "This is the start.")), LIBRARY)
    for n, value in enumerate((2, 2, 3, 6, 7, 7)):
        store.record(person, Pain(value=value, of="stairs"), id=uuid4(), at=begun + timedelta(days=4 * n))
    store.record(person, Setting(name="keep_pose_logs", value=True), id=uuid4(), at=begun)
    store.keep_pose_log(uuid4(), done(store, person, now - timedelta(hours=1)), LOG.read_bytes(), now)


def make(page: Any, button: str, folder: Path) -> tuple[Path, str]:
    """Press a button that seals something: the file that is saved, and the words that are shown."""
    page.get_by_role("button", name=button).click()
    page.locator(".words li").first.wait_for()
    words = " ".join(page.locator(".words li").all_inner_texts())
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save the file").click()
    path = folder / f"{uuid4()}.age"
    saved.value.save_as(path)
    return path, words


def send(page: Any, file: Path, words: str) -> None:
    page.locator("#file").set_input_files(file)
    page.locator("#passphrase").fill(words)
    page.get_by_role("button", name="Open it").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_records_go_to_the_physio_and_the_plan_comes_back(
    with_camera: Any,
    open_page: Callable[..., Watched],
    site: Site,
    clinic: str,
    axe: str,
    tmp_path: Path,
    scheme: str,
) -> None:
    lived(site.store)
    size = PHONE if scheme == "dark" else DESK
    window = open_page(with_camera, color_scheme=scheme, viewport=size, accept_downloads=True)
    page, problems = window.page, []
    context = with_camera.new_context(color_scheme=scheme, viewport=size, base_url=clinic, accept_downloads=True)
    physio = context.new_page()
    there = Watched(physio)

    def look(at: Watched) -> None:
        assert at.page.evaluate("document.documentElement.scrollWidth") <= size["width"], at.page.url
        problems.extend(serious(at, axe))

    page.goto("/questions")
    page.get_by_label("What do you want to ask?").fill("May I run on the flat?")
    page.get_by_role("button", name="Keep it").click()
    look(window)
    page.goto("/share")
    look(window)
    page.get_by_label("Your name").fill("Anna Keller")
    file, words = make(page, "Make the file", tmp_path)
    look(window)
    assert "Anna" not in page.url
    page.goto("/share")
    assert words.split()[0] not in page.content()

    physio.goto("/caseload")
    look(there)
    send(physio, file, "six words that are not it")
    assert "does not open" in physio.locator("main").inner_text()
    physio.goto("/caseload")
    send(physio, file, words.upper().replace(" ", ", "))
    physio.get_by_role("heading", name="Anna Keller").wait_for()
    look(there)
    assert "May I run on the flat?" in physio.locator(".asked").inner_text()
    assert "worse" in physio.locator(".why-now").inner_text()
    physio.get_by_role("link", name="Replay").click()
    physio.wait_for_function("() => Number(document.getElementById('at').max) > 1")  # the points are there
    physio.get_by_role("button", name="Play").click()
    physio.wait_for_function("() => Number(document.getElementById('at').value) > 0.2")
    look(there)
    physio.get_by_role("link", name="Back to the person").click()
    physio.get_by_role("link", name="Change the plan").click()
    look(there)
    physio.get_by_label("Repetitions").fill("8")
    physio.get_by_label(re.compile("^Why")).fill("Fewer, until the stairs are quiet.")
    physio.get_by_role("button", name="Keep this plan").click()
    look(there)
    answer, others = make(physio, "Send the plan back", tmp_path)
    physio.goto("/caseload")
    look(there)
    assert "1 person needs a look." in physio.locator("h1").inner_text()
    context.close()

    page.goto("/share")
    send(page, answer, others)
    page.get_by_role("heading", name="Your plan has changed.").wait_for()
    assert "Fewer, until the stairs are quiet." in page.locator("main").inner_text()
    look(window)
    page.goto("/contact")
    look(window)
    person = site.store.local_person(datetime.now(UTC)).id
    first, second = plan_versions(site.store, person, LIBRARY)
    assert (first.change.by, second.change.by) == ("start", "physio")
    assert second.plan.prescriptions[0].dose.reps == 8
    assert problems == []


def test_it_works_without_script(
    with_camera: Any, open_page: Callable[..., Watched], site: Site, tmp_path: Path
) -> None:
    lived(site.store)
    window = open_page(with_camera, java_script_enabled=False, accept_downloads=True)
    window.page.goto("/share")
    file, words = make(window.page, "Make the file", tmp_path)
    window.page.goto("/share")
    send(window.page, file, words)
    assert "your own records" in window.page.locator("main").inner_text()
