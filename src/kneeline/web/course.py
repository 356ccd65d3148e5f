"""The course of a session: whose turn it is, which set and which side, and what stands between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from kneeline.content.schema import Exercise

Side = Literal["left", "right", "both"]

SETS_WITHOUT_DOSE: Final = 1
SWAP_S: Final = 15.0
"""Time to change legs within a set. House default."""
REST_S: Final = 60.0
"""Rest where an exercise prescribes none. House default."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One set on one side: the `number`-th of `of`. rest_s: what lies before it, 0 before the first."""

    number: int
    of: int
    side: Side
    rest_s: float


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
        return tuple(Turn(n, sets, "both", rest_s if n > 1 else 0.0) for n in range(1, sets + 1))
    other: Side = "left" if first == "right" else "right"
    return tuple(
        Turn(n, sets, side, SWAP_S if side is other else (rest_s if n > 1 else 0.0))
        for n in range(1, sets + 1)
        for side in (first, other)
    )
