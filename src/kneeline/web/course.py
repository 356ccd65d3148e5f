"""The course of a session: whose turn it is, which exercise, set and side, and what stands between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from kneeline.clinic.ladder import coached, rung_of
from kneeline.content.load import Library
from kneeline.content.schema import Exercise, Number
from kneeline.model.plan import Prescription

Side = Literal["left", "right", "both"]

SETS_WITHOUT_DOSE: Final = 1
SWAP_S: Final = 15.0
"""Time to change legs within a set. House default."""
REST_S: Final = 60.0
"""Rest where an exercise prescribes none. House default."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One set on one side: the `number`-th of `of`. rest_s: what lies before it, 0 before the first.

    part: which exercise of the session, from 0.
    """

    number: int
    of: int
    side: Side
    rest_s: float
    part: int = 0


def turns(exercise: Exercise, first: Side) -> tuple[Turn, ...]:
    """Every turn of a session of this exercise, in order; one-sided ones do both legs before they rest.

    >>> from kneeline.content.load import load_exercise
    >>> [(turn.number, turn.side) for turn in turns(load_exercise("banded_single_leg_stand"), "right")][:3]
    [(1, 'right'), (1, 'left'), (2, 'right')]
    """
    dose = exercise.dose
    sets = SETS_WITHOUT_DOSE if dose is None else round(dose.sets.value)
    rest_s = REST_S if dose is None else dose.rest.value
    if exercise.sides != "one":
        return _turns(sets, ("both",), rest_s)
    return _turns(sets, (first, "left" if first == "right" else "right"), rest_s)


def session_turns(session: Sequence[Prescription], library: Library) -> tuple[Turn, ...]:
    """Every turn of a session of a plan, one exercise after the other, on the legs that each is for."""
    course: list[Turn] = []
    for part, p in enumerate(session):
        other: Side = "left" if p.first == "right" else "right"
        legs: tuple[Side, ...] = (p.first, other) if p.side == "both" else (p.side,)
        legs = legs if exercise_of(p, library).sides == "one" else ("both",)
        course += _turns(p.dose.sets, legs, p.dose.rest_s, part)
    return tuple(course)


def _turns(sets: int, legs: Sequence[Side], rest_s: float, part: int = 0) -> tuple[Turn, ...]:
    def before(n: int, leg: int) -> float:
        return SWAP_S if leg else (rest_s if n > 1 or part else 0.0)

    return tuple(Turn(n, sets, side, before(n, leg), part) for n in range(1, sets + 1) for leg, side in enumerate(legs))


def exercise_of(p: Prescription, library: Library) -> Exercise:
    """The exercise that is done for a prescription, with its dose; also where no camera can follow it.

    >>> from kneeline.content.load import load
    >>> from kneeline.model.plan import Dose
    >>> dose = Dose(2, 8, 2.0, 1.0, 4.0, 60.0, 3)
    >>> asked = exercise_of(Prescription("slow_heel_raise", "foot", "both", "left", 0, "", dose, ""), load())
    >>> asked.dose.reps.value, asked.dose.lower.value
    (8, 4.0)
    """
    watched = coached(p, library)
    if watched is not None:
        return watched
    known, d = library.exercises[rung_of(p, library).exercise or p.exercise], p.dose
    return with_dose(known, d.sets, {"reps": d.reps, "lift_s": d.lift_s, "hold_s": d.hold_s, "lower_s": d.lower_s})


def with_dose(exercise: Exercise, sets: int, planned: Mapping[str, Any]) -> Exercise:
    """The exercise with the dose that was asked of it.

    planned: reps, lift_s, hold_s and lower_s, as a set keeps them.
    """
    if exercise.dose is None:
        return exercise

    def number(value: float, unit: str) -> Number:
        return Number(value=float(value), unit=unit, basis="house")

    asked = {name: number(planned[f"{name}_s"], "s") for name in ("lift", "hold", "lower")}
    dose = msgspec.structs.replace(
        exercise.dose, sets=number(sets, "sets"), reps=number(planned["reps"], "reps"), **asked
    )
    return msgspec.structs.replace(exercise, dose=dose)
