"""Numbers that carry their error, and the answers that a threshold can give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value with the standard deviation of its error, in the same unit.

    >>> Estimate(12.0, 2.0, "deg")
    Estimate(value=12.0, sd=2.0, unit='deg')
    """

    value: float
    sd: float
    unit: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and math.isfinite(self.sd) and self.sd >= 0):
            raise ValueError(f"an Estimate needs a finite value and a finite sd >= 0, got {self.value} and {self.sd}")

    def probability_above(self, threshold: float) -> float:
        """Probability that the true value lies above `threshold`, for a normal error.

        >>> round(Estimate(10.0, 2.0, "deg").probability_above(8.0), 3)
        0.841
        """
        if self.sd == 0:
            return float(self.value > threshold)
        return 0.5 * math.erfc((threshold - self.value) / (self.sd * math.sqrt(2.0)))

    def interval(self, z: float = 1.96) -> tuple[float, float]:
        """Lower and upper end of the central interval, 95 % by default.

        >>> Estimate(10.0, 1.0, "deg").interval()
        (8.04, 11.96)
        """
        return self.value - z * self.sd, self.value + z * self.sd


@dataclass(frozen=True, slots=True)
class NotAssessable:
    """The answer "this cannot be judged here", with the reason a person can read."""

    reason: str


Measured = Estimate | NotAssessable


class Verdict(StrEnum):
    """What a threshold says."""

    PRESENT = "present"
    ABSENT = "absent"
    NOT_ASSESSABLE = "not_assessable"
