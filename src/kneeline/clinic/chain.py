"""What the other parts of the leg do when one is moved, in the model that the library writes down."""

from __future__ import annotations

from dataclasses import dataclass

from kneeline.content.chain_schema import Chain


@dataclass(frozen=True, slots=True)
class Following:
    """How far one part follows another: for each unit of that one, in units of its own; low <= usual <= high."""

    low: float
    usual: float
    high: float

    def then(self, low: float, usual: float, high: float) -> Following:
        """The next coupling of the row, after this one; the range is the widest that the two ranges allow.

        >>> Following(0.5, 0.7, 1.0).then(-0.2, 0.5, 1.0)
        Following(low=-0.2, usual=0.35, high=1.0)
        """
        ends = [a * b for a in (self.low, self.high) for b in (low, high)]
        return Following(min(ends), self.usual * usual, max(ends))


def following(chain: Chain, moved: str) -> dict[str, Following]:
    """How every other part follows when `moved` is moved and nothing else, nearest first.

    The parts form a row without circles, which the library's check keeps, so there is one way to each of them.

    >>> from kneeline.content.load import load
    >>> list(following(load().chain, "foot"))
    ['shin', 'knee', 'pelvis', 'kneecap']
    """
    reached = {moved: Following(1.0, 1.0, 1.0)}
    waiting = [moved]
    while waiting:
        here = waiting.pop(0)
        for coupling in chain.coupling:
            if coupling.of == here and coupling.to not in reached:
                low, usual, high = coupling.low.value, coupling.usual.value, coupling.high.value
                reached[coupling.to] = reached[here].then(low, usual, high)
                waiting.append(coupling.to)
    del reached[moved]
    return reached
