"""The coach: which one thing is said after a repetition, if anything.

Safety comes before alignment, tempo and range. At most one correction in two repetitions.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from kneeline.content.schema import Exercise, FaultRule
from kneeline.model.movement import Cue, Repetition
from kneeline.model.quantity import Verdict

SURE: Final = 0.8
"""Probability a fault must have before it is spoken of. House default."""
QUIET_REPS: Final = 2
"""Repetitions from one correction to the next. House default."""
PRIORITIES: Final = ("safety", "alignment", "tempo", "range")
"""What is said first when several things could be."""


class Coach:
    """Remembers the last repetitions of a set and chooses the cue for the newest.

    quiet_reps: repetitions from one correction to the next, `QUIET_REPS` unless it is set otherwise.
    """

    def __init__(self, exercise: Exercise) -> None:
        self.quiet_reps = QUIET_REPS
        self._rules = sorted(exercise.fault, key=lambda rule: PRIORITIES.index(rule.cue.priority))
        longest = max((rule.persist_of for rule in exercise.fault), default=1)
        self._recent: deque[Repetition] = deque(maxlen=longest)
        self._since_cue = QUIET_REPS

    def hear(self, repetition: Repetition, t_s: float) -> Cue | None:
        """Take a finished repetition in; what to say now, or None to stay quiet."""
        self._recent.append(repetition)
        self._since_cue += 1
        for rule in self._rules:
            if self._since_cue >= self.quiet_reps and self._goes_on(rule):
                self._since_cue = 0
                return Cue(t_s, rule.id, rule.cue.say)
        return None

    def spoke(self) -> None:
        """Somebody else corrected: the quiet between two corrections begins anew."""
        self._since_cue = 0

    def _goes_on(self, rule: FaultRule) -> bool:
        shown = [_shows(repetition, rule.id) for repetition in self._recent][-rule.persist_of :]
        return bool(shown) and shown[-1] and sum(shown) >= rule.persist_reps


def _shows(repetition: Repetition, fault_id: str) -> bool:
    return any(
        fault.id == fault_id and fault.verdict is Verdict.PRESENT and (fault.probability or 0.0) >= SURE
        for fault in repetition.faults
    )
