"""Sets and tests in progress: the coach of each, what of it is on disk, and the one page that is connected to it.

What is said never waits for the disk: it goes out at once, and what belongs on record is written behind it, in order,
and acknowledged (`saved`) when the disk has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final, Generic, TypeVar
from uuid import UUID, uuid5

from starlette.websockets import WebSocket, WebSocketDisconnect

from kneeline.capture.calibration import calibration_for
from kneeline.capture.poselog import write_pose_log
from kneeline.capture.series import recording
from kneeline.content.schema import Exercise
from kneeline.model.coaching import Counted, Instruction, Say
from kneeline.model.errors import KneelineError
from kneeline.model.movement import Cue, SetResult
from kneeline.model.pose import PoseFrame, PoseSeries
from kneeline.motion.attend import Attend
from kneeline.motion.live import LiveSet, Planned
from kneeline.motion.summary import summarise
from kneeline.store import KeptSet
from kneeline.web import clock
from kneeline.web.book import POSE_MODEL, Book, Preferences
from kneeline.web.wire import Picture, RefusedError, read_order, read_picture, write_instructions, write_word

REFUSED: Final = 1008
TAKEN_OVER: Final = 4001
KEPT_FOR_S: Final = 600.0
"""How long a set without a page is held in memory; later it is taken up from what is on disk. House default."""
MOST_PER_S: Final = 120.0
BURST: Final = 240.0
"""Messages that one page may send: four times what a camera gives, and so many at once. Further pictures are left out,
and a page that goes on until as many again were too many is closed. House defaults."""
MOST_RUNS: Final = 500
MOST_FRAMES: Final = 54_000
"""Pictures of one set whose keypoints are kept: half an hour of them. House default."""
MOST_TRIES: Final = 30
TRY_AGAIN_S: Final = 2.0
"""How often the disk is asked again for what it refused, and how long after. House defaults."""
_PATIENCE_S: Final = 2.0
"""How long a page that does not listen is waited for."""
_STEP_S: Final = 0.001
Key = TypeVar("Key")


class Run(ABC):
    """Something in progress in front of a camera, with the one page that is connected to it.

    Its time is seconds since it began here: every page that connects, also one that was loaded anew and whose own clock
    starts over, goes on where the one before it was, later by the time in between.

    coach: attends to the person. at_s: the time at which it goes on. keep_frames: whether keypoints are kept.
    """

    def __init__(self, coach: Attend, at_s: float = 0.0, *, keep_frames: bool = False) -> None:
        self.coach = coach
        self.page: WebSocket | None = None
        self.frames: list[PoseFrame] | None = [] if keep_frames else None
        self.picture_px = (0, 0)
        self.over = False
        self._began_s = time.monotonic() - at_s
        self._now_s = 0.0
        self._to_do: deque[Callable[[], str]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._ending = False
        self.touched_s = time.monotonic()

    def later(self, t_s: float, page_began: tuple[float, float] | None) -> tuple[float, tuple[float, float]]:
        """The set's own time of a page's `t_s`, and where that page's clock began (its time, ours)."""
        if page_began is None:
            page_began = t_s, max(time.monotonic() - self._began_s, self._now_s + _STEP_S)
        now_s = t_s - page_began[0] + page_began[1]
        self._now_s = max(self._now_s, now_s)
        self.touched_s = time.monotonic()
        return now_s, page_began

    def obey(self, instructions: Iterable[Instruction]) -> None:
        """Have what belongs there put on disk, in order; nobody waits for it here."""
        for one in instructions:
            if (job := self._keeping(one)) is not None:
                self._to_do.append(job)
        if self.coach.screen.state == "done" and not self._ending:
            self._ending = True
            self._to_do.append(self._finish)
        if self._to_do and (self._writer is None or self._writer.done()):
            self._writer = asyncio.create_task(self._write())

    async def settled(self) -> None:
        """Wait until everything is on disk, or the disk has refused it too often."""
        if self._writer is not None:
            await asyncio.wait([self._writer])

    async def tell(self, words: str) -> None:
        """Say something to the page that is there, if it listens."""
        page = self.page
        if page is None:
            return
        try:
            await asyncio.wait_for(page.send_text(words), _PATIENCE_S)
        except TimeoutError:
            self.page = None
        except (WebSocketDisconnect, RuntimeError):
            pass  # it went away, and finds everything again when it comes back

    async def _write(self) -> None:
        tries = 0
        while self._to_do and tries < MOST_TRIES:
            try:
                words = await asyncio.to_thread(self._to_do[0])
            except KneelineError as problem:
                if tries == 0:
                    await self.tell(write_word(trouble=str(problem)))
                tries += 1
                await asyncio.sleep(TRY_AGAIN_S)
                continue
            tries = 0
            self._to_do.popleft()
            if words:
                await self.tell(words)

    def take_up(self) -> None:
        """Go on with what stood still while nobody was connected."""
        self.obey(())

    @abstractmethod
    def _keeping(self, one: Instruction) -> Callable[[], str] | None:
        """What puts an instruction on disk, where it belongs there; it answers with what to tell the page, or ""."""

    @abstractmethod
    def _finish(self) -> str:
        """Put the end on disk; what to tell the page."""


class SetRun(Run):
    """One set in progress."""

    coach: LiveSet

    def __init__(self, kept: KeptSet, exercise: Exercise, book: Book, wishes: Preferences) -> None:
        already = book.store.repetitions(kept.start.id)
        self.kept, self.exercise, self.book = kept, exercise, book
        plan = kept.start.planned
        coach = LiveSet(
            exercise,
            book.library,
            None if kept.start.side == "both" else kept.start.side,
            Planned(int(plan["reps"]), float(plan["lift_s"]), float(plan["hold_s"]), float(plan["lower_s"])),
            set_number=int(kept.start.settings.get("set_number", 1)),
            talk=wishes.talk,
            internal=wishes.internal,
            already=tuple(rep.verdict for rep in already),
            pose_model=POSE_MODEL,
        )
        super().__init__(coach, already[-1].end_s if already else 0.0, keep_frames=wishes.keep_pose_logs)
        self._cues = len(book.store.cues(kept.start.id))

    def _keeping(self, one: Instruction) -> Callable[[], str] | None:
        if isinstance(one, Counted):
            return partial(self._keep_repetition, one)
        if isinstance(one, Say) and one.kind == "cue":
            self._cues += 1
            return partial(self._keep_cue, self._cues, one)
        return None

    def _keep_repetition(self, one: Counted) -> str:
        self.book.store.add_repetition(self.kept.start.id, one.repetition, clock.now())
        return write_word(saved=one.repetition.n)

    def _keep_cue(self, number: int, one: Say) -> str:
        self.book.store.add_cue(self.kept.start.id, number, Cue(one.t_s, one.id, one.text), clock.now())
        return ""

    def _finish(self) -> str:
        """End the set on disk, with its keypoints where the person keeps them."""
        at, set_id = clock.now(), self.kept.start.id
        self.book.store.finish_set(set_id, self._whole(), at)
        if self.frames:
            series = PoseSeries.of(self.frames)
            width_px, height_px = self.picture_px
            about = recording(series, source=str(set_id), width_px=width_px, height_px=height_px, pose_model=POSE_MODEL)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "log.parquet"
                write_pose_log(path, series, about)
                self.book.store.keep_pose_log(uuid5(set_id, "pose log"), set_id, path.read_bytes(), at)
        self.over = True
        return write_word(over=True)

    def take_up(self) -> None:
        """Go on with what stood still while nobody was connected, and end a set that was complete when it was cut."""
        screen = self.coach.screen
        if screen.state == "framing" and screen.count >= screen.target:
            self.coach.command("finish", self._now_s)
        super().take_up()

    def _whole(self) -> SetResult:
        """The set with what was kept before a cut."""
        seen, set_id = self.coach.result(), self.kept.start.id
        reps, cues = self.book.store.repetitions(set_id), self.book.store.cues(set_id)
        moved_s = sum(rep.lift_s.value + rep.hold_s.value + rep.lower_s.value for rep in seen.reps)
        held_s = seen.summary.time_under_tension_s - moved_s
        return summarise(self.exercise, self.kept.start.side, seen.view, reps, cues, seen.warnings, held_s)


class InProgress(ABC, Generic[Key]):
    """Everything of one kind that is in progress on this server."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._runs: dict[Key, Run] = {}
        self._calibration = calibration_for(POSE_MODEL)
        self._opening = threading.Lock()

    def open(self, key: Key) -> Run:
        """What is in progress under this key, begun or taken up when it is not in memory.

        Raises: RefusedError when there is nothing of the kind or it is over; StoreError when it cannot be read.
        """
        with self._opening:
            self._forget_old()
            if key not in self._runs:
                run = self._begin(key)
                if len(self._runs) >= MOST_RUNS:
                    raise RefusedError("Too many sets are in progress here. Close some pages first.")
                self._runs[key] = run
            return self._runs[key]

    @abstractmethod
    def _begin(self, key: Key) -> Run:
        """Begin it, or take it up; raises as `open` does."""

    async def serve(self, page: WebSocket, key: Key) -> None:
        """Talk with one page until it goes away, the set is over, or it says something that no page of ours says."""
        await page.accept()
        try:
            run = await asyncio.to_thread(self.open, key)
        except (RefusedError, KneelineError) as problem:
            await _refuse(page, str(problem))
            return
        older, run.page = run.page, page
        if older is not None:
            await _close(older, TAKEN_OVER, "This set goes on in another window.")
        try:
            await page.send_text(write_instructions([run.coach.screen]))
            await self._talk(page, run)
        except RefusedError as problem:
            await _refuse(page, str(problem))
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page went away, perhaps while something was being said to it
        finally:
            if run.page is page:
                run.page = None
            if run.over:
                self._runs.pop(key, None)

    async def _talk(self, page: WebSocket, run: Run) -> None:
        began: tuple[float, float] | None = None
        seq = -1
        budget = _Budget(time.monotonic)
        run.take_up()
        while run.coach.screen.state != "done":
            message = await page.receive()
            if message["type"] == "websocket.disconnect" or run.page is not page:
                return
            heard = budget.spend()
            if (data := message.get("bytes")) is not None:
                if not heard:
                    await budget.say_once(page, "Pictures come too fast; some are left out.")
                    continue
                picture = read_picture(data, self._calibration)
                if picture.seq <= seq:  # the line carries messages in order: only a page out of step does this
                    await budget.say_once(page, "Pictures come out of order; late ones are left out.")
                    continue
                seq = picture.seq
                t_s, began = run.later(picture.frame.t_s, began)
                instructions = _see(run, picture, t_s)
            else:
                order = read_order(message.get("text") or "")
                t_s, began = run.later(order.t_s, began)
                instructions = run.coach.tick(t_s) if order.do == "tick" else run.coach.command(order.do, t_s)
            if words := write_instructions(instructions):
                await page.send_text(words)
            run.obey(instructions)
        await run.settled()

    def _forget_old(self) -> None:
        now_s = time.monotonic()
        for key, run in list(self._runs.items()):
            if run.page is None and now_s - run.touched_s > KEPT_FOR_S:
                del self._runs[key]


class Runs(InProgress[UUID]):
    """Every set in progress, by its id."""

    def _begin(self, key: UUID) -> Run:
        kept = self._book.find(key)
        exercise = self._book.exercise(kept)
        if kept.ended_at is not None:
            raise RefusedError("This set is over.")
        if exercise is None or not kept.start.settings.get("camera"):
            raise RefusedError("This set has no camera.")
        if self._book.close_if_left_open(kept):
            raise RefusedError("This set was left open too long ago to go on with. What was counted is kept.")
        return SetRun(kept, exercise, self._book, self._book.preferences())


class _Budget:
    """How much one page may say."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._left, self._at_s = clock, BURST, clock()
        self._said: set[str] = set()

    def spend(self) -> bool:
        """Take in one more message; whether it is within what a page may send.

        Raises: RefusedError when far more came.
        """
        now_s = self._clock()
        self._left = min(self._left + (now_s - self._at_s) * MOST_PER_S, BURST) - 1
        self._at_s = now_s
        if self._left < -BURST:
            raise RefusedError("too many messages")
        return self._left >= 0

    async def say_once(self, page: WebSocket, why: str) -> None:
        """Tell the page, one time, why something it sent is left out."""
        if why not in self._said:
            self._said.add(why)
            await page.send_text(write_word(left_out=why))


def _see(run: Run, picture: Picture, t_s: float) -> tuple[Instruction, ...]:
    frame = picture.frame
    moved = PoseFrame(t_s, frame.xy, frame.sd_px, frame.confidence, frame.people)
    if run.frames is not None and len(run.frames) < MOST_FRAMES and run.coach.screen.state in ("set", "paused"):
        run.frames.append(moved)
        run.picture_px = picture.picture_px
    return run.coach.push(moved, picture.picture_px)


async def _refuse(page: WebSocket, why: str) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it went away
        await page.send_text(write_word(refused=why))
    await _close(page, REFUSED, why)


async def _close(page: WebSocket, code: int, why: str) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):  # it is closed already, or is stuck
        await asyncio.wait_for(page.close(code, why[:120]), _PATIENCE_S)
