"""How quickly the coach answers: one page, many at once, and a real browser; wall time beside processor time.

    .venv/bin/python benchmarks/coach.py                  # one page, a hundred, and how many until it breaks
    .venv/bin/python benchmarks/coach.py --browser        # pictures a second, weight of the page, first count

Every page has its own set: a pose log of this repository, thirty pictures a second, after standing still. The server
and the load are one process each, on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from uuid import uuid4

import httpx
import msgspec
import numpy as np
import numpy.typing as npt
import uvloop
from rich.console import Console

import coach_browser
import tables
from kneeline.capture.poselog import read_pose_log
from kneeline.web.wire import FRAME_BYTES, HEADER

LOG = Path(__file__).resolve().parents[1] / "tests" / "replay" / "calf_raise_ball_squeeze.parquet"
EXERCISE = "calf_raise_ball_squeeze"
RUN = "from kneeline.cli import main; main()"
STILL_S, FPS, SPREAD_S = 7.0, 30.0, 5.0
MASKED = b"\x82\xfe" + FRAME_BYTES.to_bytes(2) + bytes(4)
"""What stands before a frame on the socket: one whole binary message of so many bytes, masked with zeros."""
TEXT, PING, PONG = 0x81, b"\x89\x04", b"\x8a\x84" + bytes(4)
"""How a whole text begins, how the server asks whether a page is there, and what the answer begins with."""
GOALS_MS = {1: 20.0, 100: 50.0}
BROKEN_MS = 50.0


@dataclass
class Page:
    """What one page sent and heard. sent, read: the frame's own time and the clock's, in order."""

    sent: list[tuple[float, float]] = field(default_factory=list)
    read: list[tuple[float, float]] = field(default_factory=list)
    spoken: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    counted: int = 0
    saved: int = 0
    left_out: int = 0
    closed: str = ""

    def hear(self, at: float, words: bytes) -> None:
        for one in msgspec.json.decode(words):
            if "left_out" in one:
                self.left_out += 1
            elif "reading" in one:
                self.read.append((one["reading"]["t_s"], at))
            elif "say" in one and one["say"]["kind"] in ("count", "cue"):
                self.spoken.append(one["say"]["t_s"])
                self.counted += one["say"]["kind"] == "count"
            elif "saved" in one:
                self.saved = max(self.saved, one["saved"])

    def delays_ms(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
        """Delay of each answer within the set, and of those that say something; None where frames were lost.

        In a set every few frames have a reading, at the frame's time plus what the page's clock is off, which is the
        same for all: so each reading has to fit a frame. A frame that the server leaves out is told.
        """
        if not self.read or self.left_out:
            return None
        sent, theirs = np.array(self.sent), np.array(self.read)
        off_s = theirs[0, 0] - sent[:, 0]  # whichever frame the first reading was of
        fits = [_gap(sent[:, 0], theirs[:, 0] - off).max() for off in off_s]
        places = theirs[:, 0] - off_s[int(np.argmin(fits))]
        if min(fits) > 1e-4:
            return None
        ours = sent[np.abs(sent[:, 0][:, None] - places).argmin(axis=0)]
        delays = 1000 * (theirs[:, 1] - ours[:, 1])
        return delays, delays[np.isin(theirs[:, 0], self.spoken)]


def _gap(times: npt.NDArray[np.float64], asked: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How far each time asked for is from the nearest of `times`."""
    after = np.clip(np.searchsorted(times, asked), 1, len(times) - 1)
    return np.asarray(np.minimum(np.abs(times[after] - asked), np.abs(times[after - 1] - asked)))


def performance() -> list[bytes]:
    """Messages without header: somebody stands still, then does the exercise."""
    series, about = read_pose_log(LOG)
    points = [np.column_stack([f.xy, f.confidence]).astype("<f4").tobytes() for f in series]
    assert (about.width_px, about.height_px) == (720, 960)
    return [points[0]] * round(STILL_S * FPS) + points


@contextmanager
def coach(folder: Path) -> Iterator[tuple[str, int]]:
    """`kneeline` in a process of its own: its address, and its process id."""
    words = [sys.executable, "-c", RUN, "--no-browser", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://localhost:\d+", process.stdout.readline())
        if found is None:
            raise SystemExit("kneeline did not start")
        try:
            yield found[0], process.pid
        finally:
            process.terminate()


def processor_s(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def begun(client: httpx.Client) -> str:
    form = {"exercise": EXERCISE, "session": str(uuid4()), "pain": 0, "signs": "no", "how": "camera"}
    return str(client.post("/start", data=form).headers["location"])


class Player(asyncio.Protocol):
    """One page on a bare socket: as little work as a page can be, since the load shares the machine with the server.

    Frames are masked with zeros, which is allowed and leaves them as they are; what comes is read when all is over.
    """

    def __init__(self, points: list[bytes], late_s: npt.NDArray[np.float64]) -> None:
        self.points = points
        self.due_s = [seq / FPS + late for seq, late in enumerate(late_s.tolist())]
        self.page, self.open = Page(), asyncio.get_running_loop().create_future()
        self.heard: list[tuple[float, bytes]] = []
        self.line: asyncio.Transport
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.line = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.heard.append((time.perf_counter(), data))
        if (at := data.find(PING)) >= 0:  # no byte of its first is ever in our JSON
            self.line.write(PONG + data[at + 2 : at + 6])
        if not self.open.done():
            self.open.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.page.closed = str(exc or "closed")
            self.over.set_result(None)

    def begin(self) -> None:
        self.start, self.seq = time.perf_counter(), 0
        self.due()

    def due(self) -> None:
        """Send what is due, and come back for the next."""
        while self.seq < len(self.points):
            now = time.perf_counter()
            ahead_s = self.start + self.due_s[self.seq] - now
            if ahead_s > 0:
                asyncio.get_running_loop().call_later(ahead_s, self.due)
                return
            self.send(now, -ahead_s)
        if not self.over.done():
            self.over.set_result(None)

    def send(self, now: float, late_s: float) -> None:
        t_s = self.due_s[self.seq]
        self.page.sent.append((t_s, now))
        self.page.late_s.append(late_s)
        self.line.write(MASKED + HEADER.pack(1, 1, 720, 960, 0, self.seq, t_s) + self.points[self.seq])
        self.seq += 1

    def finished(self) -> Page:
        for at, message in messages(self.heard):
            self.page.hear(at, message)
        return self.page


def messages(heard: list[tuple[float, bytes]]) -> Iterator[tuple[float, bytes]]:
    """Text messages of a WebSocket, with when the last of each came, from what was read off the socket."""
    rest = b""
    for at, data in heard:
        rest += data
        if rest.startswith(b"HTTP/"):
            head, end, after = rest.partition(b"\r\n\r\n")
            assert b" 101 " in head.split(b"\r\n")[0], head
            rest = after if end else rest
        while len(rest) >= 2 and not rest.startswith(b"HTTP/"):
            size, start = rest[1], 2
            if size >= 126:
                wide = 2 if size == 126 else 8
                size, start = int.from_bytes(rest[2 : 2 + wide]), 2 + wide
            if len(rest) < start + size:
                break
            if rest[0] == TEXT:
                yield at, rest[start : start + size]
            rest = rest[start + size :]


async def play(address: str, path: str, points: list[bytes], wait_s: float, seed: int) -> Page:
    """One page from its first frame to its last."""
    await asyncio.sleep(wait_s)
    late_s = np.random.default_rng(seed).uniform(0, 0.004, len(points))
    host, port = address.removeprefix("http://").split(":")
    _, player = await asyncio.get_running_loop().create_connection(lambda: Player(points, late_s), host, int(port))
    key = base64.b64encode(os.urandom(16)).decode()
    words = (
        f"GET {path} HTTP/1.1", f"Host: {host}:{port}", f"Origin: {address}", "Upgrade: websocket",
        "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", "",
    )  # fmt: skip
    player.line.write("\r\n".join(words).encode())
    await asyncio.wait_for(player.open, 120)
    player.begin()
    await player.over
    heard = -1
    while heard < len(player.heard):  # whatever is still to come, comes
        heard = len(player.heard)
        await asyncio.sleep(3.0)
    if not player.page.closed:
        player.over = asyncio.get_running_loop().create_future()
        player.line.close()
    return player.finished()


@dataclass(frozen=True)
class Load:
    """Many pages at once. delays in ms; lost: pages with a frame that went unanswered; shares of one core."""

    pages: int
    frames: int
    lost: int
    counted: int
    saved: int
    p50: float
    p99: float
    most: float
    spoken_p99: float
    late_p99: float
    server_us: float
    server_share: float
    load_share: float
    others_share: float


def under_load(pages: int, points: list[bytes]) -> Load:
    with tempfile.TemporaryDirectory() as folder, coach(Path(folder)) as (address, pid):
        with httpx.Client(base_url=address, headers={"origin": address}, timeout=120) as client:
            paths = [begun(client) for _ in range(pages)]
        waits = np.random.default_rng(pages).uniform(0, SPREAD_S if pages > 1 else 0, pages)

        async def everybody() -> list[Page]:
            return await asyncio.gather(
                *(play(address, path, points, wait, i) for i, (path, wait) in enumerate(zip(paths, waits, strict=True)))
            )

        used, own, all_s, start = processor_s(pid), own_s(), machine_s(), time.perf_counter()
        done = uvloop.run(everybody())
        wall_s = time.perf_counter() - start
        used, own, all_s = processor_s(pid) - used, own_s() - own, machine_s() - all_s
    found = [page.delays_ms() for page in done]
    delays = np.concatenate([one[0] for one in found if one is not None] or [np.array([np.nan])])
    spoken = np.concatenate([one[1] for one in found if one is not None] or [np.array([np.nan])])
    frames = sum(len(page.sent) for page in done)
    return Load(
        pages,
        frames,
        sum(one is None for one in found),
        sum(page.counted for page in done),
        sum(page.saved for page in done),
        float(np.percentile(delays, 50)),
        float(np.percentile(delays, 99)),
        float(delays.max()),
        float(np.percentile(spoken, 99)) if len(spoken) else float("nan"),
        float(1000 * np.percentile([late for page in done for late in page.late_s], 99)),
        1e6 * used / frames,
        used / wall_s,
        own / wall_s,
        max(all_s - used - own, 0.0) / wall_s,
    )


def machine_s() -> float:
    """Processor seconds that everything on this machine has used, the system's own included."""
    words = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    user, nice, system, _idle, _wait, interrupts, soft = (int(word) for word in words[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def own_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def load_table(given: argparse.Namespace, console: Console) -> None:
    points = performance()[: round(given.seconds * FPS)]
    rows: list[tuple[object, ...]] = []
    for pages in given.pages:
        one = under_load(pages, points)
        goal = GOALS_MS.get(pages)
        rows.append(
            (
                f"{one.pages}", f"{one.frames}", one.lost, f"{one.counted}/{one.saved}", f"{one.p50:.1f}",
                f"{one.p99:.1f}", f"{one.most:.0f}", f"{one.spoken_p99:.1f}", "-" if goal is None else f"{goal:.0f}",
                f"{one.late_p99:.1f}", f"{one.server_us:.0f}", f"{100 * one.server_share:.0f}",
                f"{100 * one.load_share:.0f}", f"{100 * one.others_share:.0f}",
            )
        )  # fmt: skip
        print(*rows[-1], file=sys.stderr)
        if pages >= max(GOALS_MS) and (one.p99 > BROKEN_MS or one.lost):
            break
    heads = (
        "pages", "frames", "lost", "said/saved", "p50 ms", "p99 ms", "max ms", "p99 count, cue", "goal p99",
        "load late p99", "server us/frame", "server %", "load %", "others %",
    )  # fmt: skip
    tables.show(console, "Frame to answer, as the page sees it (wall time)", heads, rows)
    console.print(
        "lost: pages of which a frame was left out. said/saved: repetitions told, and acknowledged from\n"
        "the disk. load late: how far behind its own clock the load sent. %: of one core;\n"
        "others: everything else that ran on this machine meanwhile, with the system's own share for server and load.\n"
        f"Beyond a hundred pages, the first row over a p99 of {BROKEN_MS:.0f} ms is the last.\n",
        markup=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[1, 25, 50, 100, 125, 150, 200, 300])
    parser.add_argument("--seconds", type=float, default=34.0, help="how long each page lasts, at most")
    parser.add_argument("--browser", action="store_true", help="measure in Chromium instead")
    parser.add_argument("--save", type=Path, help="also write the tables to this text file")
    given = parser.parse_args()
    console = tables.console()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    tables.header(console, f"the coach; other load on this machine before the run (1, 5, 15 minutes): {load}")
    if given.browser:
        with tempfile.TemporaryDirectory() as folder, coach(Path(folder)) as (address, _):
            coach_browser.measure(address, Path(folder), console)
    else:
        load_table(given, console)
    tables.save(console, given.save)


if __name__ == "__main__":
    main()
