"""Plots of a set as SVG that takes its colours from the page, so that light, dark and print all work."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kneeline.content.schema import PhaseName
from kneeline.model.movement import RepetitionVerdict, SetResult, SignalTrace
from kneeline.model.quantity import Estimate
from kneeline.report.story import scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours that nothing else uses; each is replaced by a CSS variable of the page.
_COLOURS = {
    "ink": "#010101",
    "muted": "#020202",
    "rule": "#030303",
    "lift": "#040404",
    "hold": "#050505",
    "lower": "#060606",
    "good": "#070707",
    "again": "#080808",
    "unseen": "#090909",
    "beyond": "#0a0a0a",
    "asked": "#0b0b0b",
}
_MARK = {RepetitionVerdict.GOOD: "o", RepetitionVerdict.TRY_AGAIN: "^", RepetitionVerdict.NOT_SEEN: "s"}
_TONE = {
    RepetitionVerdict.GOOD: "good",
    RepetitionVerdict.TRY_AGAIN: "again",
    RepetitionVerdict.NOT_SEEN: "unseen",
}
_PX = 1 / 72  # one unit of a matplotlib SVG is 1/72 inch and is shown as one CSS pixel
_NO_READING_S = 0.3  # shorter gaps are not worth a mark

_STYLE: dict[str, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "kneeline",
    "font.family": "sans-serif",
    "font.size": 13,
    "text.color": _COLOURS["ink"],
    "axes.edgecolor": _COLOURS["rule"],
    "axes.labelcolor": _COLOURS["muted"],
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.linewidth": 1,
    "xtick.color": _COLOURS["muted"],
    "ytick.color": _COLOURS["muted"],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.major.pad": 6,
    "grid.color": _COLOURS["rule"],
    "grid.linewidth": 1,
    "hatch.color": _COLOURS["unseen"],
    "hatch.linewidth": 0.6,
    "path.simplify_threshold": 0.4,
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One number per repetition, in the unit shown, against what it is held to.

    values: one per repetition, None where it cannot be judged. flagged: the fault that it speaks for is present.
    limit: (value, side on which it is a fault). asked: what the prescription asks for.
    """

    n: tuple[int, ...]
    values: tuple[Estimate | None, ...]
    flagged: tuple[bool, ...]
    unit: str
    limit: tuple[float, Literal["above", "below"]] | None = None
    asked: float | None = None


def signal_plot(
    trace: SignalTrace,
    result: SetResult,
    order: tuple[PhaseName, PhaseName, PhaseName],
    unit: str,
    width_px: int,
    name: str,
) -> str:
    """SVG of the signal that repetitions are counted on: phases shaded, repetitions numbered, error as a band."""
    factor, sign = scale(unit)
    values, sds = trace.values[trace.signal] * factor, trace.sds[trace.signal] * factor

    def draw(axes: Axes) -> None:
        for rep in result.reps:
            edges = (rep.start_s, rep.top_start_s, rep.top_end_s, rep.end_s)
            for phase, left, right in zip(order, edges[:-1], edges[1:], strict=True):
                axes.axvspan(left, right, color=_COLOURS[phase], alpha=0.28, linewidth=0)
            middle, tone = (rep.start_s + rep.end_s) / 2, _COLOURS[_TONE[rep.verdict]]
            where = axes.get_xaxis_transform()
            hollow = "none" if rep.verdict is RepetitionVerdict.NOT_SEEN else tone
            axes.plot(middle, 1.05, _MARK[rep.verdict], ms=6, color=tone, mfc=hollow, transform=where, clip_on=False)
            axes.text(middle, 1.10, str(rep.n), ha="center", va="bottom", transform=where, fontsize=13)
        for left, right in _gaps(trace.t_s, values):
            axes.axvspan(left, right, facecolor="none", edgecolor=_COLOURS["unseen"], hatch="///", linewidth=0)
        axes.fill_between(trace.t_s, values - sds, values + sds, color=_COLOURS["ink"], alpha=0.14, linewidth=0)
        axes.plot(trace.t_s, values, color=_COLOURS["ink"], linewidth=1.6)
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        axes.margins(x=0)
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}{'' if sign == '°' else ' '}{sign}")
        axes.xaxis.set_major_locator(MaxNLocator(10 if width_px > 600 else 4, integer=True, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g} s")

    return _svg(draw, width_px, 300 if width_px > 600 else 260, name, (58, 12, 44, 30))


def panel_plot(panel: Panel, name: str, width_px: int = 300) -> str:
    """SVG of one number per repetition with its error; what lies beyond the limit is shaded."""
    factor, sign = scale(panel.unit)
    seen = [(n, v, f) for n, v, f in zip(panel.n, panel.values, panel.flagged, strict=True) if v is not None]

    def draw(axes: Axes) -> None:
        low, high = _range(panel, factor)
        if panel.limit is not None:
            edge, at = panel.limit[0] * factor, high if panel.limit[1] == "above" else low
            axes.axhspan(edge, at, color=_COLOURS["beyond"], alpha=0.16, linewidth=0)
            axes.axhline(edge, color=_COLOURS["again"], linewidth=1.2)
        if panel.asked is not None:
            axes.axhline(panel.asked * factor, color=_COLOURS["asked"], linewidth=1.4, dashes=(5, 4))
        for n, value, flagged in seen:
            tone = _COLOURS["again" if flagged else "ink"]
            axes.errorbar(
                n,
                value.value * factor,
                value.sd * factor,
                fmt="^" if flagged else "o",
                ms=6,
                color=tone,
                elinewidth=1.4,
            )
        for n in set(panel.n) - {n for n, _, _ in seen}:
            axes.text(n, 0.04, "?", ha="center", transform=axes.get_xaxis_transform(), color=_COLOURS["unseen"])
        axes.set_ylim(low, high)
        axes.set_xlim(min(panel.n) - 0.6, max(panel.n) + 0.6)
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        axes.set_xticks(_ticks(panel.n))
        axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}{'' if sign == '°' else ' '}{sign}")

    return _svg(draw, width_px, 170, name, (52, 8, 10, 26))


def _range(panel: Panel, factor: float) -> tuple[float, float]:
    """Limits of the y axis that show every value with its error, and every line it is held to, with some air."""
    ends = [e for v in panel.values if v is not None for e in (v.value - v.sd, v.value + v.sd)]
    ends += [panel.limit[0]] if panel.limit else []
    ends += [panel.asked] if panel.asked is not None else []
    if panel.unit == "s":
        ends.append(0.0)
    low, high = min(ends) * factor, max(ends) * factor
    air = 0.15 * (high - low) or 1.0
    return (0.0 if panel.unit == "s" else low - air), high + air


def _ticks(n: Sequence[int]) -> list[int]:
    step = 1 if len(n) <= 8 else (2 if len(n) <= 16 else 5)
    return [i for i in n if (i - n[0]) % step == 0]


def _gaps(t_s: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> Iterator[tuple[float, float]]:
    """Spans without a reading that are long enough to be worth showing."""
    missing = np.concatenate([[False], ~np.isfinite(values), [False]])
    edges = np.flatnonzero(np.diff(missing.astype(np.int8)))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        left, right = float(t_s[first]), float(t_s[min(last, len(t_s) - 1)])
        if right - left >= _NO_READING_S:
            yield left, right


def _svg(
    draw: Callable[[Axes], None], width_px: int, height_px: int, name: str, edges_px: tuple[int, int, int, int]
) -> str:
    """The figure as an `<svg>` element for inside a page: colours as CSS variables, ids of its own, no fixed size.

    edges_px: space left, right, above and below the axes.
    """
    left, right, top, bottom = edges_px
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width_px * _PX, height_px * _PX))
        FigureCanvasSVG(figure)
        size = (1 - (left + right) / width_px, 1 - (top + bottom) / height_px)
        draw(figure.add_axes((left / width_px, bottom / height_px, *size)))
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font: ([\d.]+)px 'sans-serif'", r"font-size: \1px", svg)
    for tone, colour in _COLOURS.items():
        svg = svg.replace(colour, f"var(--{tone})")
    return re.sub(r">\s+<", "><", svg).strip()
