"""What goes wrong in front of a camera: nothing counted is lost, and the page says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from journeys import Site, Watched

CALF = "calf_raise_ball_squeeze"


def in_the_set(open_page: Callable[..., Watched], browser: Any, counted: int = 1) -> Watched:
    """A window in the middle of a set, with so many repetitions counted."""
    window = open_page(browser)
    window.start(CALF)
    window.page.get_by_role("button", name="Turn the camera on").click()
    window.wait_for("set")
    window.wait_for_count(counted)
    return window


def counted(window: Watched) -> int:
    return int(window.page.locator("#count").inner_text())


def test_a_camera_that_is_refused_leads_to_the_metronome(
    launch: Callable[..., Any], open_page: Callable[..., Watched]
) -> None:
    window = open_page(launch("--use-fake-device-for-media-stream", "--deny-permission-prompts"))
    window.start(CALF)
    window.page.get_by_role("button", name="Turn the camera on").click()
    window.page.get_by_role("heading", name="The camera is not allowed.").wait_for()
    window.page.get_by_role("link", name="Go on without a camera").click()
    window.page.get_by_role("button", name="One more").click()
    window.page.get_by_role("button", name="That was the set").click()
    window.page.get_by_role("heading", name="1 repetition.").wait_for()


def test_a_camera_that_is_unplugged_keeps_the_count_and_can_come_back(
    with_camera: Any, open_page: Callable[..., Watched]
) -> None:
    window = in_the_set(open_page, with_camera)
    before = counted(window)
    # What a browser does when the plug is pulled: the track stops and says that it ended.
    window.page.evaluate(
        """() => {
          const [track] = document.querySelector("video").srcObject.getTracks();
          track.stop();
          track.dispatchEvent(new Event("ended"));
        }"""
    )
    window.page.get_by_role("heading", name="The camera went away.").wait_for()
    window.wait_for("paused")
    window.page.get_by_role("button", name="Try again").click()
    window.wait_for("set", "done")
    assert counted(window) >= before


def test_a_line_that_is_cut_comes_back_and_the_set_goes_on(
    site: Site, with_camera: Any, open_page: Callable[..., Watched]
) -> None:
    window = in_the_set(open_page, with_camera)
    before = counted(window)
    site.restart()
    window.wait_for("framing", "ready", "countdown")
    window.wait_for_count(before)
    window.wait_for("set")
    window.page.get_by_role("button", name="Finish set").click()
    window.page.get_by_role("heading", name="repetition").first.wait_for()
    (kept,) = site.store.sets(site.store.people()[0].id)
    assert kept.summary is not None
    assert kept.summary.count >= before


def test_a_second_person_in_the_picture_is_told_and_nothing_begins(
    launch: Callable[..., Any], two_people_file: Path, open_page: Callable[..., Watched]
) -> None:
    camera = f"--use-file-for-fake-video-capture={two_people_file}"
    window = open_page(launch("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", camera))
    window.start(CALF)
    window.page.get_by_role("button", name="Turn the camera on").click()
    window.page.get_by_text("Somebody else is in the picture. I will wait.").wait_for()
    assert window.state() == "framing"


def test_stopping_because_it_hurts_goes_nowhere_by_itself(with_camera: Any, open_page: Callable[..., Watched]) -> None:
    window = in_the_set(open_page, with_camera, counted=0)
    window.page.get_by_role("button", name="It hurts: stop").click()
    window.page.get_by_role("heading", name="You stopped. That was right.").wait_for()
    assert window.page.locator("#timer").count() == 0
    window.page.get_by_role("link", name="End the session").click()
    window.page.get_by_role("heading", name="How was it?").wait_for()


def test_a_stop_holds_though_the_line_is_cut(site: Site, with_camera: Any, open_page: Callable[..., Watched]) -> None:
    window = in_the_set(open_page, with_camera, counted=0)

    def stop() -> None:
        window.page.get_by_text("The line to kneeline is cut.").wait_for()
        window.page.get_by_role("button", name="It hurts: stop").click()
        window.page.get_by_text("Stop here. The set ends as soon as").wait_for()

    site.restart(stop)
    window.page.get_by_role("heading", name="You stopped. That was right.").wait_for()
    (kept,) = site.store.sets(site.store.people()[0].id)
    assert kept.ended_at is not None


def test_leaving_and_coming_back_goes_on_with_the_set(with_camera: Any, open_page: Callable[..., Watched]) -> None:
    window = in_the_set(open_page, with_camera)
    before = counted(window)
    window.page.goto("/")
    window.page.get_by_role("link", name="Go on with this set").click()
    window.page.get_by_role("button", name="Turn the camera on").click()
    window.wait_for("set", "paused", "done")
    assert counted(window) >= before


def test_a_page_that_sleeps_shows_no_stale_number_and_wakes(
    with_camera: Any, open_page: Callable[..., Watched]
) -> None:
    window = in_the_set(open_page, with_camera)
    before = counted(window)
    cycle = window.page.context.new_cdp_session(window.page)
    cycle.send("Page.setWebLifecycleState", {"state": "frozen"})
    window.page.wait_for_timeout(4000)
    cycle.send("Page.setWebLifecycleState", {"state": "active"})
    window.wait_for("paused", "set", "done")
    window.wait_for("set", "done")
    assert counted(window) >= before
