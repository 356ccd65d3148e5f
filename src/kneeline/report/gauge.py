"""A test's value drawn against what is usual: a hill where a spread is known, a line where only the middle is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from markupsafe import Markup

from kneeline.content.trial_schema import Norm, Value
from kneeline.model.quantity import Estimate
from kneeline.report.story import scale, with_error

WIDTH, EDGE, TOP, GROUND, ROW = 360.0, 14.0, 30.0, 96.0, 26.0
AROUND: Final = 2.6
"""So many standard deviations are drawn to either side."""


def gauge(value: Value, norm: Norm, marks: Sequence[tuple[str, Estimate]]) -> Markup:
    """The value of each leg, named, with one standard deviation to either side, over what is usual, as SVG.

    >>> from kneeline.content.load import load_test
    >>> value = load_test("single_leg_squat").value[0]
    >>> "usual" in gauge(value, value.norm[0], [("Left", Estimate(12.0, 3.0, "deg"))])
    True
    """
    usual = norm.usual.value
    spread = norm.spread.value if norm.spread is not None else 0.0
    reach = [(usual, AROUND * spread), *((mark.value, 1.3 * mark.sd) for _, mark in marks)]
    low, high = min(at - far for at, far in reach), max(at + far for at, far in reach)
    low, high = (low, high) if high > low else (low - 1.0, high + 1.0)
    if not spread:  # air on both sides, so that nothing stands at the edge
        low, high = low - 0.15 * (high - low), high + 0.15 * (high - low)
    if value.unit in ("reps", "points", "s") and low < 0 <= min(at for at, _ in reach):
        low = 0.0

    def x(at: float) -> float:
        return EDGE + (WIDTH - 2 * EDGE) * (min(max(at, low), high) - low) / (high - low)

    factor, sign = scale(value.unit)
    bottom = GROUND + ROW * len(marks)
    rows = Markup("").join(_row(x, GROUND + ROW * (i + 1), name, mark) for i, (name, mark) in enumerate(marks))
    said = "; ".join(f"{name}: {with_error(mark.value, mark.sd, mark.unit)}" for name, mark in marks)
    return Markup(
        '<svg class="gauge" viewBox="0 0 360 {height:.0f}" role="img" aria-label="{said}; usual: {usual}">'
        '{hill}<line class="ground" x1="14" x2="346" y1="96" y2="96"/>'
        '<line class="middle" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="96"/>'
        '<text class="usual" x="{at:.1f}" y="20" text-anchor="{anchor}">usual {usual}</text>{rows}</svg>'
    ).format(
        height=bottom + 12,
        said=said,
        hill=_hill(x, low, high, usual, spread),
        at=x(usual),
        top=TOP,
        anchor=_anchor(x(usual)),
        usual=f"{usual * factor:.0f}{'°' if sign == '°' else ' %' if sign == '%' else ''}",
        rows=rows,
    )


def _row(x: Callable[[float], float], y: float, name: str, mark: Estimate) -> Markup:
    at = x(mark.value)
    return Markup(
        '<line class="error" x1="{a:.1f}" x2="{b:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<line class="drop" x1="{at:.1f}" x2="{at:.1f}" y1="96" y2="{y:.1f}"/>'
        '<circle cx="{at:.1f}" cy="{y:.1f}" r="6"/>'
        '<text x="{tx:.1f}" y="{ty:.1f}" text-anchor="{anchor}">{name}</text>'
    ).format(
        a=x(mark.value - mark.sd),
        b=x(mark.value + mark.sd),
        at=at,
        y=y,
        tx=(x(mark.value + mark.sd) + 8) if at < WIDTH - 110 else (x(mark.value - mark.sd) - 8),
        ty=y + 5,
        anchor="start" if at < WIDTH - 110 else "end",
        name=name,
    )


def _hill(x: Callable[[float], float], low: float, high: float, mean: float, sd: float) -> Markup:
    if not sd:
        return Markup("")
    steps = [low + (high - low) * i / 60 for i in range(61)]
    tops = [f"{x(s):.1f} {GROUND - (GROUND - TOP) * math.exp(-0.5 * ((s - mean) / sd) ** 2):.1f}" for s in steps]
    return Markup('<path class="hill" d="M{a:.1f} {g}L{tops}L{b:.1f} {g}Z"/>').format(
        a=x(low), b=x(high), g=GROUND, tops="L".join(tops)
    )


def _anchor(at: float) -> str:
    return "start" if at < 60 else "end" if at > WIDTH - 60 else "middle"
