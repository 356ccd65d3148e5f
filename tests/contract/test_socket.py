"""The live socket on a real server: hostile messages, slow disks, pages that come and go; others never notice."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from coach_client import CALF, STILL_S, Page, begun, id_of, message, performed, served
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from kneeline.model.errors import StoreError
from kneeline.motion.live import LiveSet
from kneeline.store import Store
from kneeline.web import book, live
from kneeline.web.wire import FRAME_BYTES, HEADER

FRAMES = performed(3)
FINISH = '{"do":"finish","t_s":100000}'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as store:
        yield store


@pytest.fixture
def address(store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    """A server that has nothing to complain of in the end."""
    monkeypatch.setattr(live, "BURST", 1e6)  # half a minute is shown in a second here
    with served(store) as address:
        server = logging.getLogger("uvicorn")  # which hands nothing on to the root
        server.addHandler(caplog.handler)
        yield address
        server.removeHandler(caplog.handler)
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]


@pytest.fixture
def bystander(address: str) -> Iterator[Callable[[], None]]:
    """Another set that runs meanwhile; call it to see that all three repetitions of it are counted and kept."""
    page = Page(address, begun(address))
    middle = next(i for i, frame in enumerate(FRAMES) if frame.t_s > STILL_S + 8)
    page.show(FRAMES[:middle])
    page.until("saved", 1)

    def unharmed() -> None:
        page.show(FRAMES[middle:])
        page.until("saved", 3)

    yield unharmed
    page.close()


# Strange messages


def corrupt(where: int, what: bytes) -> bytes:
    whole = bytearray(message(FRAMES[0], 1))
    return bytes(whole[:where] + what + whole[where + len(what) :])


numbers = st.floats(width=32, allow_nan=True, allow_infinity=True) | st.sampled_from([1e38, -1e38, 65504.0])
frames = st.builds(
    lambda head, points: HEADER.pack(*head) + bytes(points),
    st.tuples(
        st.integers(0, 255),
        st.integers(0, 255),
        st.integers(0, 65535),
        st.integers(0, 65535),
        st.integers(0, 65535),
        st.integers(0, 2**32 - 1),
        st.floats(),
    ),
    st.binary(min_size=FRAME_BYTES - HEADER.size, max_size=FRAME_BYTES - HEADER.size),
)
valid_but_odd = st.builds(
    lambda seq, t_s: message(FRAMES[0], seq, t_s), st.integers(0, 2**32 - 1), st.floats(0, 1e7, allow_nan=False)
)
words = st.builds(
    json.dumps,
    st.dictionaries(st.sampled_from(["do", "t_s", "x"]), st.text(max_size=9) | st.floats() | st.none() | st.booleans()),
)
orders = st.builds(
    lambda do, t_s: json.dumps({"do": do, "t_s": t_s}),
    st.sampled_from(["tick", "pause", "resume", "start", "more", "less", "stop", "finish", "fly"]),
    st.floats(-1, 1e8, allow_nan=False),
)
anything = st.one_of(
    frames,
    valid_but_odd,
    words,
    orders,
    st.binary(max_size=4200),
    st.text(max_size=300),
    st.builds(corrupt, st.integers(0, FRAME_BYTES - 8), st.binary(min_size=1, max_size=8)),
)


def test_whatever_is_sent_is_answered_or_refused_and_others_go_on(address: str, bystander: Callable[[], None]) -> None:
    @effort(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(anything, min_size=1, max_size=6))
    def attack(messages: list[bytes | str]) -> None:
        page = Page(address, begun(address))
        try:
            for one in messages:
                page.send(one)
            page.send(FINISH)
        except ConnectionClosed:
            pass
        assert page.heard("over") or page.of("refused") or page.gone()[0] in (1008, 1009), page.told
        page.close()

    attack()
    bystander()


REFUSED: dict[str, tuple[bytes | str, str]] = {
    "empty": (b"", "416 bytes"),
    "short": (message(FRAMES[0], 1)[:-1], "416 bytes"),
    "long": (message(FRAMES[0], 1) + b"\0", "416 bytes"),
    "version": (corrupt(0, b"\2"), "version"),
    "no size": (corrupt(2, b"\0\0"), "pixels"),
    "time is NaN": (message(FRAMES[0], 1, math.nan), "time"),
    "time is infinite": (message(FRAMES[0], 1, math.inf), "time"),
    "time is negative": (message(FRAMES[0], 1, -0.1), "time"),
    "infinite keypoint": (corrupt(20, b"\0\0\x80\x7f"), "keypoint"),
    "huge keypoint": (corrupt(20, b"\xff\xff\x7f\x7f"), "keypoint"),
    "words": ("hello", "word"),
    "a list": ("[]", "word"),
    "time is a text": ('{"do":"stop","t_s":"1"}', "word"),
    "deep": ("[" * 4000, "word"),
    "much": ('{"do":"stop","t_s":1,"x":2}', "word"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_message_that_is_none_of_ours_is_refused_with_the_reason(address: str, name: str) -> None:
    sent, why = REFUSED[name]
    path = begun(address)
    page = Page(address, path)
    page.until("screen")
    page.send(sent)
    assert why in page.until("refused")
    assert page.gone()[0] == 1008
    again = Page(address, path)
    assert again.until("screen")["state"] == "framing", "the set itself is as it was"
    again.close()


@pytest.mark.parametrize("size", [4097, 1_000_000])
def test_a_huge_message_is_not_even_read(address: str, bystander: Callable[[], None], size: int) -> None:
    page = Page(address, begun(address))
    page.until("screen")
    with contextlib.suppress(ConnectionClosed):
        page.send(b"\1" * size)
    assert page.gone()[0] in (1009, 1006)
    bystander()


def test_frames_sent_again_count_nothing_twice_and_it_is_said(address: str) -> None:
    page = Page(address, begun(address))
    page.show(FRAMES)
    page.until("saved", 3)
    page.seq = 0
    page.show(FRAMES)
    page.send(FINISH)
    page.until("over")
    assert page.of("saved") == [1, 2, 3]
    assert page.of("left_out") == ["Pictures come out of order; late ones are left out."]


def test_a_flood_is_thinned_then_cut_and_a_word_gets_through(
    address: str, bystander: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BURST", 100.0)
    monkeypatch.setattr(live, "MOST_PER_S", 1.0)
    calm, wild = Page(address, begun(address)), Page(address, begun(address))
    calm.show(FRAMES[:150])
    assert calm.until("left_out") == "Pictures come too fast; some are left out."
    calm.send(FINISH)
    assert calm.until("over") is True, "a button is heard also then"
    wild.show(FRAMES)
    assert wild.until("refused") == "too many messages"
    assert wild.gone()[0] == 1008
    monkeypatch.undo()


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost"])
def test_another_site_gets_no_line(address: str, origin: str) -> None:
    path = begun(address)
    with pytest.raises(InvalidHandshake):
        Page(address, path, origin=origin)


def test_unknown_sets_are_refused(address: str) -> None:
    page = Page(address, f"/live/{uuid4()}")
    assert page.until("refused") == "There is no such set."
    assert page.gone()[0] == 1008
    for path in ("/live/x", "/elsewhere", "/"):
        with pytest.raises(InvalidHandshake):
            Page(address, path)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00" * 2000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000,
        b"GET /live/x HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"POST /settings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_no_request_harms_nobody(address: str, bystander: Callable[[], None], rubbish: bytes) -> None:
    port = int(address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        try:
            line.sendall(rubbish)
            line.shutdown(socket.SHUT_WR)
            while line.recv(65536):
                pass
        except OSError:
            pass
    bystander()


# Said first, saved after


def slow_disk(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A disk that keeps nothing before the event is set."""
    free, really = threading.Event(), Store.add_repetition

    def wait(self: Store, *words: Any) -> bool:
        free.wait(60)
        return really(self, *words)

    monkeypatch.setattr(Store, "add_repetition", wait)
    return free


def test_nothing_that_is_said_waits_for_the_disk(address: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    free = slow_disk(monkeypatch)
    path = begun(address)
    page = Page(address, path)
    page.show(FRAMES)
    while page.until("screen")["count"] < 3:
        time.sleep(0.01)
    assert [one["text"] for one in page.of("say") if one["kind"] == "count"] == ["1", "2", "3"]
    assert not page.of("saved"), "nothing is acknowledged that is not there"
    assert not store.repetitions(id_of(path))
    free.set()
    page.until("saved", 3)
    told = [one for one in page.told if "saved" in one or one.get("say", {}).get("kind") == "count"]
    spoken = [one["say"]["text"] if "say" in one else f"saved {one['saved']}" for one in told]
    assert spoken == ["1", "2", "3", "saved 1", "saved 2", "saved 3"]
    page.close()


def test_each_repetition_is_said_before_it_is_acknowledged(address: str) -> None:
    page = Page(address, begun(address))
    page.show(FRAMES)
    page.until("saved", 3)
    for n in (1, 2, 3):
        said = next(i for i, one in enumerate(page.told) if one.get("say", {}).get("id") == f"count_{n}")
        assert said < page.told.index({"saved": n})
    page.close()


def test_what_a_disk_refuses_is_said_and_tried_again(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "TRY_AGAIN_S", 0.01)
    really, left = Store.add_repetition, [3]

    def refuse(self: Store, *words: Any) -> bool:
        if left[0]:
            left[0] -= 1
            raise StoreError("the disk is full. Try: free some space.")
        return really(self, *words)

    monkeypatch.setattr(Store, "add_repetition", refuse)
    path = begun(address)
    page = Page(address, path)
    page.show(FRAMES)
    page.until("saved", 3)
    assert page.of("saved") == [1, 2, 3]
    assert page.of("trouble") == ["the disk is full. Try: free some space."]
    assert len(store.repetitions(id_of(path))) == 3
    page.close()


def test_a_disk_that_goes_on_refusing_never_acknowledges_and_the_page_may_come_back(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "TRY_AGAIN_S", 0.001)
    with monkeypatch.context() as broken:

        def refuse(*_: Any) -> bool:
            raise StoreError("the disk is full.")

        broken.setattr(Store, "add_repetition", refuse)
        path = begun(address)
        page = Page(address, path)
        page.show(FRAMES)
        page.send(FINISH)
        page.gone()
        assert not page.of("saved")
        assert not page.of("over")
    again = Page(address, path)
    assert again.until("over") is True
    assert again.of("saved") == [1, 2, 3]
    assert len(store.repetitions(id_of(path))) == 3


# Coming back


def test_many_windows_at_once_leave_one_and_count_once(address: str, store: Store) -> None:
    path, pages = begun(address), []
    threads = [threading.Thread(target=lambda: pages.append(Page(address, path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while sum(page.closed is None for page in pages) > 1:
        time.sleep(0.01)
    assert sorted(page.closed[0] for page in pages if page.closed) == [4001] * 7
    (page,) = (page for page in pages if page.closed is None)
    page.show(FRAMES)
    page.until("saved", 3)
    page.close()
    assert [rep.n for rep in store.repetitions(id_of(path))] == [1, 2, 3]


def test_a_window_that_does_not_listen_is_left_behind(address: str) -> None:
    path = begun(address)
    deaf = Deaf(address, path)
    for seq, frame in enumerate(FRAMES * 3):
        if not deaf.send(message(frame, seq, seq / 15)):
            break
    page = Page(address, path)
    started = time.monotonic()
    page.until("screen")
    page.send(FINISH)
    assert page.until("over") is True
    assert time.monotonic() - started < 30
    deaf.close()


class Deaf:
    """A page that sends and never reads."""

    def __init__(self, address: str, path: str) -> None:
        self.line = socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])))
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host = address.removeprefix("http://")
        asked = [f"GET {path} HTTP/1.1", f"Host: {host}", f"Origin: {address}", "Upgrade: websocket"]
        asked += ["Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
        self.line.sendall(("\r\n".join(asked) + "\r\n\r\n").encode())
        assert b"101" in self.line.recv(64)
        self.line.settimeout(2)

    def send(self, data: bytes) -> bool:
        head = b"\x82\xfe" + len(data).to_bytes(2, "big") + b"\0\0\0\0"
        try:
            self.line.sendall(head + data)
        except OSError:
            return False
        return True

    def close(self) -> None:
        self.line.close()


def test_a_line_that_breaks_without_a_word_is_taken_up_again(address: str, store: Store) -> None:
    path = begun(address)
    middle = next(i for i, frame in enumerate(FRAMES) if frame.t_s > STILL_S + 8)
    page = Page(address, path)
    page.show(FRAMES[:middle])
    page.until("saved", 1)
    page.line.socket.shutdown(socket.SHUT_RDWR)
    page.gone()
    again = Page(address, path)
    assert again.until("screen")["count"] == 1
    again.show(FRAMES[middle:])
    again.until("saved", 3)
    again.close()
    assert [rep.n for rep in store.repetitions(id_of(path))] == [1, 2, 3]


def test_a_set_that_was_complete_when_it_was_cut_is_ended(address: str, store: Store, tmp_path: Path) -> None:
    """Killed after the last repetition and before the end was on disk."""
    path = begun(address)
    page = Page(address, path)
    page.show(FRAMES)
    page.until("saved", 3)
    (rep, *_), target = store.repetitions(id_of(path)), page.of("screen")[-1]["target"]
    page.close()
    with Store.open(tmp_path / "other") as other, served(other) as elsewhere:
        path = begun(elsewhere)
        for n in range(1, target + 1):
            other.add_repetition(id_of(path), replace(rep, n=n), store.sets(store.people()[0].id)[0].at)
        page = Page(elsewhere, path)
        assert page.until("over") is True
        kept = other.set(id_of(path))
    assert kept.summary is not None
    assert kept.summary.count == target


@pytest.mark.parametrize("reps", [0, 2])
def test_a_set_left_open_is_ended_with_what_was_counted(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch, reps: int
) -> None:
    path = begun(address)
    if reps:
        page = Page(address, path)
        page.show(FRAMES)
        page.until("saved", 2)
        page.close()
    with served(store) as later:  # a server that does not have it in memory
        monkeypatch.setattr(book, "LEFT_OPEN_AFTER", timedelta(0))
        page = Page(later, path)
        assert "left open too long" in page.until("refused")
        kept, counted = store.set(id_of(path)), len(store.repetitions(id_of(path)))
        after = httpx.get(later + path.replace("live", "sets")).text
        assert httpx.get(later + "/").status_code == 200
        assert httpx.get(f"{later}/sessions/{kept.start.session_id}").status_code == 200
    assert kept.summary is not None
    assert kept.summary.count == counted
    assert kept.ended_at is not None
    assert timedelta(0) <= kept.ended_at - kept.at < timedelta(minutes=2), "it ended with its last repetition"
    assert book.LEFT_OPEN in store.result(id_of(path)).warnings  # type: ignore[union-attr]
    assert ("No repetition was counted" in after) == (not reps)


def test_looking_at_the_history_ends_what_was_left_open(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = begun(address)
    monkeypatch.setattr(book, "LEFT_OPEN_AFTER", timedelta(0))
    assert httpx.get(address + "/").status_code == 200
    assert store.set(id_of(path)).ended_at is not None


def test_a_set_in_memory_is_forgotten_after_a_while_and_taken_up_from_disk(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = begun(address)
    page = Page(address, path)
    page.show(FRAMES)
    page.until("saved", 3)  # all that was shown: nothing is on its way to the disk any more
    page.close()
    monkeypatch.setattr(live, "KEPT_FOR_S", 0.0)
    made: list[LiveSet] = []
    really = LiveSet.__init__

    def count(self: LiveSet, *args: Any, **options: Any) -> None:
        made.append(self)
        really(self, *args, **options)

    monkeypatch.setattr(LiveSet, "__init__", count)
    again = Page(address, path)
    assert again.until("screen")["count"] == len(store.repetitions(id_of(path)))
    again.close()
    assert len(made) == 1
    assert made[0].screen.target == 15
    assert store.set(id_of(path)).start.exercise == CALF
