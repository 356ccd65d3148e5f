"""The whole way: from the first page through sets in front of a camera to the record of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from journeys import EXAMPLE, EXAMPLE_REPS, Site, Watched

from kneeline.capture.follow import read_video
from kneeline.content.load import load, load_exercise
from kneeline.motion import Engine
from kneeline.web.wire import HEADER

ENOUGH_PER_S = 10.0
CALF = "calf_raise_ball_squeeze"


def test_a_session_from_the_first_page_to_the_record(
    site: Site, with_camera: Any, open_page: Callable[..., Watched]
) -> None:
    window = open_page(with_camera)
    page = window.page
    sent: list[bytes] = []
    page.on("websocket", lambda line: line.on("framesent", lambda data: isinstance(data, bytes) and sent.append(data)))
    page.goto("/")
    page.get_by_role("link", name="Choose an exercise").click()
    page.get_by_role("link", name="Calf raise with a ball squeeze").click()
    page.get_by_role("link", name="Start").click()
    page.locator('input[name="pain"][value="2"]').check(force=True)
    page.locator('input[name="signs"][value="no"]').check(force=True)
    page.get_by_role("button", name="Start with the camera").click()
    page.get_by_role("button", name="Turn the camera on").click()
    assert window.wait_for("set") == "set"
    window.wait_for("done")
    taken_s = [HEADER.unpack_from(data)[-1] for data in sent]
    page.locator("#next").wait_for()
    assert {"go", "count_1", "count_5"} <= {url.rpartition("/")[2].removesuffix(".mp3") for url in window.asked}
    assert "5 repetitions" in page.locator("#after").inner_text()
    page.get_by_role("button", name="Go on now").click()
    window.wait_for("ready", "countdown", "set")
    assert page.locator("#turn").inner_text() == "Set 2 of 2"
    window.wait_for("set")
    page.get_by_role("button", name="Finish set").click()
    page.get_by_role("link", name="Finish the session").click()
    page.locator('input[name="pain"][value="1"]').check(force=True)
    page.locator('input[name="effort"][value="4"]').check(force=True)
    page.get_by_label("Anything to remember?").fill("felt good")
    page.get_by_role("button", name="Keep it").click()
    record = page.locator("main").inner_text()
    assert "felt good" in record
    assert "4 of 10" in record

    (first, second) = site.store.sets(site.store.people()[0].id)
    assert second.ended_at is not None
    live = site.store.result(first.start.id)
    assert live is not None
    series, _ = read_video(EXAMPLE)
    engine = Engine(load_exercise(CALF), load())
    engine.push(series)
    engine.finish()
    of_file = engine.result()
    assert live.summary.count == of_file.summary.count == EXAMPLE_REPS
    # The rushed repetition lasts a third of a second a phase: where few pictures are seen, it cannot be told as rushed.
    if np.quantile(np.diff(taken_s), 0.9) > 1 / ENOUGH_PER_S:
        return
    assert [rep.verdict for rep in live.reps] == [rep.verdict for rep in of_file.reps]
    assert [cue.id.removeprefix(f"cue_{CALF}_") for cue in live.cues] == [cue.id for cue in of_file.cues]
