"""A page of the coach without a browser: it sends what a camera sees and listens, on a real socket."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import numpy as np
import uvicorn
from makers import drawn
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from kneeline.content.load import load
from kneeline.model.pose import PoseFrame
from kneeline.store import Store
from kneeline.web.app import create_app
from kneeline.web.serve import settings
from kneeline.web.wire import HEADER

CALF = "calf_raise_ball_squeeze"
STILL_S = 7.0
# Frames of half a minute are sent in a second here, which the server takes for a flood otherwise.
RUN = "from kneeline.web import live; live.BURST = 1e9; from kneeline.cli import main; main()"


def performed(reps: int, exercise: str = CALF) -> list[PoseFrame]:
    """Somebody who stands still for a while and then does it, 15 pictures a second."""
    first, *_ = series = list(drawn(exercise, reps=reps))
    still = [(first, i / 15) for i in range(int(STILL_S * 15))]
    moving = [(frame, STILL_S + frame.t_s) for frame in series[::2]]
    return [PoseFrame(t_s, f.xy, f.sd_px, f.confidence, -1) for f, t_s in still + moving]


def message(frame: PoseFrame, seq: int, t_s: float | None = None) -> bytes:
    points = np.column_stack([frame.xy, frame.confidence]).astype("<f4")
    return HEADER.pack(1, 255, 720, 960, 0, seq, frame.t_s if t_s is None else t_s) + points.tobytes()


class Page:
    """An open line; what is told is gathered as it comes."""

    def __init__(self, address: str, path: str, origin: str | None = None) -> None:
        self._open = ExitStack()
        asked = connect(
            address.replace("http", "ws", 1) + path, origin=origin or address, compression=None, max_queue=None
        )
        self.line = self._open.enter_context(asked)
        self.told: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.seq = 0
        self._news = threading.Condition()
        self._ears = threading.Thread(target=self._listen, daemon=True)
        self._ears.start()

    def show(self, frames: list[PoseFrame]) -> None:
        """Send frames; those that the server does not live to see are lost, as with a camera."""
        try:
            for frame in frames:
                self.send(message(frame, self.seq))
                self.seq += 1
        except ConnectionClosed:
            pass

    def send(self, what: bytes | str) -> None:
        self.line.send(what)

    def of(self, key: str) -> list[Any]:
        with self._news:
            return [one[key] for one in self.told if key in one]

    def heard(self, key: str, value: object = None, patience_s: float = 60.0) -> list[Any]:
        """Wait until something of this kind is told, with this value where one is given, or the line is closed."""

        def there() -> bool:
            return any(key in one and value in (None, one[key]) for one in self.told) or self.closed is not None

        with self._news:
            assert self._news.wait_for(there, patience_s), f"no {key} in {patience_s} s"
        return self.of(key)

    def until(self, key: str, value: object = None, patience_s: float = 60.0) -> Any:
        """The same, where it has to be told."""
        found = self.heard(key, value, patience_s)
        assert found, f"closed before: {self.closed}"
        assert value in (None, *found), f"closed before: {self.closed}"
        return found[-1]

    def gone(self, patience_s: float = 60.0) -> tuple[int, str]:
        """Wait until the line is closed; how."""
        self._ears.join(patience_s)
        assert self.closed is not None, "still open"
        return self.closed

    def close(self) -> None:
        self._open.close()
        self._ears.join(10)

    def _listen(self) -> None:
        try:
            for words in self.line:
                with self._news:
                    self.told += json.loads(words)
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        finally:
            with self._news:
                self.closed = self.line.close_code or 1006, self.line.close_reason or ""
                self._news.notify_all()


def begun(address: str, exercise: str = CALF) -> str:
    """Start a session; the path of its page."""
    form = {"exercise": exercise, "session": str(uuid4()), "pain": 2, "signs": "no", "how": "camera"}
    answer = httpx.post(f"{address}/start", data=form, headers={"origin": address}, timeout=60)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def id_of(path: str) -> UUID:
    return UUID(path.rpartition("/")[2])


class Coach:
    """`kneeline` in a process of its own, that can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        words = [sys.executable, "-c", RUN, "--no-browser", "--port", str(self.port), "--data", str(self.folder)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        found = re.search(r"http://localhost:\d+", told)
        assert found, f"it did not start: {told!r}"
        self.address = found[0]
        for _ in range(600):
            try:
                httpx.get(self.address + "/offline", timeout=60)
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("it never answered")

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


@contextmanager
def served(store: Store) -> Iterator[str]:
    """The coach in a thread of this process, on a real port."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        server = uvicorn.Server(settings(create_app(store, load())))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [line]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield f"http://localhost:{line.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(20)
