"""The coach is killed at random moments of running sets: what it acknowledged is there, and the set goes on."""

from __future__ import annotations

import os
import random
import signal
import time
from itertools import pairwise
from pathlib import Path

from coach_client import STILL_S, Coach, Page, begun, id_of, performed

from kneeline.store import Store

KILLS = max(1, int(os.environ.get("KNEELINE_KILLS", "4")))
REPS = 12


def test_kill_9_loses_nothing_that_was_acknowledged_and_the_set_goes_on(tmp_path: Path) -> None:
    """KNEELINE_KILLS says how often; counted, said and acknowledged are held against the database each time."""
    chance, frames = random.Random(20261122), performed(REPS)
    coach, path, acknowledged, in_the_middle = Coach(tmp_path), "", 0, 0
    for _ in range(KILLS):
        coach.start()
        path = path or begun(coach.address)
        page = Page(coach.address, path)
        before = page.until("screen")["count"]
        assert before >= acknowledged, "it counts on from what was acknowledged"
        sent = chance.randint(len(frames) // 8, len(frames))
        page.show(frames[:sent])
        page.heard("reading")  # the set runs; or it was complete, and is over
        time.sleep(chance.uniform(0.0, 1.5))
        over = bool(page.of("over"))
        in_the_middle += not over
        coach.end(signal.SIGKILL)
        page.gone()
        saved, counted = page.of("saved"), [screen["count"] for screen in page.of("screen")]
        assert saved == list(range(before + 1, before + 1 + len(saved))), "each once, in order, none twice"
        acknowledged = max([before, *saved])
        with Store.open(tmp_path) as store:
            store.check()
            numbers = [rep.n for rep in store.repetitions(id_of(path))]
            kept = store.set(id_of(path))
        assert numbers == list(range(1, len(numbers) + 1))
        assert acknowledged <= len(numbers) <= max(counted)
        if over:
            assert kept.summary is not None
            assert kept.summary.count == len(numbers)
        if kept.ended_at is not None:
            path, acknowledged = "", 0
    assert in_the_middle


def test_a_server_that_is_stopped_in_the_middle_goes_on_where_it_was(tmp_path: Path) -> None:
    """The same by SIGTERM, and then to the end: every repetition is there once."""
    coach, frames = Coach(tmp_path), performed(4)
    coach.start()
    try:
        path = begun(coach.address)
        page = Page(coach.address, path)
        page.show([frame for frame in frames if frame.t_s < STILL_S + 16])
        page.until("saved", 2)
        coach.end(signal.SIGTERM)
        assert page.gone()[0] in (1001, 1006, 1012), "closed so that the page comes back by itself"
        coach.start()
        page = Page(coach.address, path)
        assert page.until("screen")["count"] == 2
        page.show(performed(2))
        page.until("saved", 4)
        page.send('{"do":"finish","t_s":1000}')
        assert page.until("over") is True
    finally:
        coach.end()
    with Store.open(tmp_path) as store:
        reps = store.repetitions(id_of(path))
        assert [rep.n for rep in reps] == [1, 2, 3, 4]
        assert all(a.end_s <= b.start_s for a, b in pairwise(reps))
        kept = store.set(id_of(path))
    assert kept.summary is not None
    assert kept.summary.count == 4
