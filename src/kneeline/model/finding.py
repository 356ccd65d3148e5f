"""What an assessment says: how probable it is that each part of the leg asks for training first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Link = Literal["foot", "knee", "hip"]

LINKS: tuple[Link, ...] = ("foot", "knee", "hip")
"""The parts of the leg that can be trained first, from the ground up."""


@dataclass(frozen=True, slots=True)
class Probability:
    """A probability with the range it takes when what is assumed, not measured, is varied.

    >>> Probability(0.6, 0.5, 0.7).high
    0.7
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.value <= self.high <= 1.0:
            raise ValueError(f"0 <= low <= value <= high <= 1 does not hold for {self.low}, {self.value}, {self.high}")


@dataclass(frozen=True, slots=True)
class Reason:
    """One test's share in a finding.

    odds: by how much its result multiplies the odds that this link asks for training; 1 says nothing.
    counted: False where a better test of the same family was used instead.
    """

    test: str
    link: Link
    odds: float
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """What one leg's answers and tests add up to.

    links: how probable it is that each link asks for training at all; several may.
    alone: how probable that it is that link and no other. several, none: that it is more than one, or none of them
    (then it is mostly load). The values of alone, several and none add up to 1.
    focus: the part to train first, None where no link stands out by more than the error: then hip and knee together.
    at_odds: families of tests that contradict one another, which makes all of it less sure.
    """

    links: Mapping[Link, Probability]
    alone: Mapping[Link, Probability]
    several: Probability
    none: Probability
    focus: Link | None
    reasons: tuple[Reason, ...] = ()
    at_odds: tuple[str, ...] = ()
