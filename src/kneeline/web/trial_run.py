"""Movement tests in progress before the camera, and those that wait for what only the person knows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kneeline.content.trial_schema import MovementTest
from kneeline.model.coaching import Instruction
from kneeline.motion.live_trial import LiveTrial
from kneeline.web import trial_book
from kneeline.web.book import POSE_MODEL, Book
from kneeline.web.live import InProgress, Run
from kneeline.web.wire import RefusedError, write_word

WAITS_S: Final = 1800.0
"""How long a test that is done is held for what the person says of it. House default."""


@dataclass(frozen=True, slots=True)
class Go:
    """One go at a test, as its page's address says it; a server that was started anew begins it anew."""

    test: str
    side: str
    id: UUID


class TrialRun(Run):
    """One go at a movement test."""

    coach: LiveTrial

    def __init__(self, go: Go, test: MovementTest, book: Book, done: Callable[[TrialRun], None]) -> None:
        super().__init__(LiveTrial(test, book.library, go.side, POSE_MODEL))
        self.go, self._book, self._done = go, book, done

    def _keeping(self, one: Instruction) -> Callable[[], str] | None:
        return None  # a go is kept whole, once it is over

    def _finish(self) -> str:
        trial_book.keep(self._book, self.coach.result(), id=self.go.id)
        self._done(self)
        self.over = True
        return write_word(over=True)


class TrialRuns(InProgress[Go]):
    """Every movement test in progress."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self._waiting: dict[UUID, TrialRun] = {}

    def waiting(self, id: UUID) -> LiveTrial | None:
        """The go that can still be told what only the person knows; None where it is held no more."""
        now_s = time.monotonic()
        for key, old in list(self._waiting.items()):
            if now_s - old.touched_s > WAITS_S:
                self._waiting.pop(key, None)
        run = self._waiting.get(id)
        return None if run is None else run.coach

    def _begin(self, key: Go) -> Run:
        test = self._book.library.tests.get(key.test)
        if test is None or test.kind == "photo" or key.side not in trial_book.sides_of(test):
            raise RefusedError("There is no such test for the camera.")
        if any(known.id == key.id for known in self._runs):
            raise RefusedError("This test was begun for another leg.")
        if trial_book.find(self._book, key.id) is not None:
            raise RefusedError("This test is over.")
        return TrialRun(key, test, self._book, self._hold)

    def _hold(self, run: TrialRun) -> None:
        if trial_book.asks(run.coach.test) and not run.coach.stopped:
            self._waiting[run.go.id] = run
