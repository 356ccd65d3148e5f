"""Whether repetitions fall short of the tempo that was asked for, and in which phase most time is missing.

A fault of tempo is a movement so quick that nothing is trained. Between that and the prescription lies most of what
people do, and most of the dose that they miss: form is good, and the time is short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from kneeline.content.schema import Exercise, FaultRule, PhaseName
from kneeline.model.movement import Repetition
from kneeline.model.quantity import Estimate
from kneeline.motion.coach import SURE

ENOUGH: Final = 0.75
"""Share of the time asked for in a phase from which on it is near enough. House default."""


def phase_time(rep: Repetition, phase: PhaseName) -> Estimate:
    """How long one phase of a repetition took, in seconds."""
    return {"lift": rep.lift_s, "hold": rep.hold_s, "lower": rep.lower_s}[phase]


def short_of(reps: Sequence[Repetition], asked_s: Mapping[PhaseName, float]) -> tuple[PhaseName, Estimate] | None:
    """The phase from which most of the asked time is missing, and how long it lasts on average; None when none is.

    asked_s: seconds by phase. A phase is short only when its mean is surely below `ENOUGH` of what is asked for; the
    repetitions of a set are taken to be off in the same direction, so that more of them do not make it surer.

    >>> short_of([], {"lift": 2.0}) is None
    True
    """
    if not reps:
        return None
    short: list[tuple[float, PhaseName, Estimate]] = []
    for phase, asked in asked_s.items():
        times = [phase_time(rep, phase) for rep in reps]
        mean = Estimate(float(np.mean([t.value for t in times])), float(np.mean([t.sd for t in times])), "s")
        if asked > 0 and 1 - mean.probability_above(ENOUGH * asked) >= SURE:
            short.append((asked - mean.value, phase, mean))
    if not short:
        return None
    _, phase, mean = max(short)
    return phase, mean


def pace_rule(exercise: Exercise, phase: PhaseName) -> FaultRule | None:
    """The exercise's own fault of too little time in this phase, whose cue asks for more; None where it has none."""
    return next((rule for rule in exercise.fault if rule.measure == f"{phase}_s" and rule.below is not None), None)
