"""What a movement test says of one leg: each value with its error, what change is real, and whether to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kneeline.model.movement import View
from kneeline.model.quantity import Estimate, Measured, Verdict


@dataclass(frozen=True, slots=True)
class TrialValue:
    """One value of a test.

    result: over all repetitions. each: one per repetition, where it is made of them.
    detectable: smallest difference between two days that is more than error, in the value's unit; None without a value.
    more: repetitions still to do until the error is small enough; 0 when it is, None when no number of them would do.
    indicator: what of a finding it informs, "" for none.
    """

    id: str
    result: Measured
    each: tuple[Measured, ...] = ()
    detectable: float | None = None
    more: int | None = None
    indicator: str = ""


@dataclass(frozen=True, slots=True)
class TrialItem:
    """One item of a scored test: whether it was there over the whole trial, and the points that it then gives."""

    id: str
    points: int
    verdict: Verdict
    probability: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class TrialResult:
    """One go at a movement test with one leg ("both" where they work together).

    how: told by the camera, by the person's own count or watch, or from places tapped in a photo.
    view: None where no camera looked at a person. count: repetitions that were counted.
    """

    test: str
    side: str
    how: Literal["camera", "self", "taps"]
    view: View | None
    count: int
    values: Mapping[str, TrialValue]
    items: tuple[TrialItem, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def indicators(self) -> dict[str, Estimate]:
        """What a finding can use: indicator -> its value with the error; what could not be told is not there."""
        told = ((value.indicator, value.result) for value in self.values.values() if value.indicator)
        return {indicator: result for indicator, result in told if isinstance(result, Estimate)}
