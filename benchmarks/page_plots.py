"""The plots of the page "What kneeline can see": small SVG files that follow the reader's light or dark setting."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from kneeline.report.story import scale
from mocap import OFFS, Row
from seen import Seen, figures

INK, RULE = "#010101", "#020202"
THEME = (
    "<style>:root{--ink:#333;--rule:#ccc}"
    "@media(prefers-color-scheme:dark){:root{--ink:#ddd;--rule:#555}}"
    "text{font-family:system-ui,sans-serif}</style>"
)
COLOURS = ("#2f81c7", "#d9822b", "#2a9d78", "#b85aa5", "#8a7f1f", "#c9504c", "#6f6fd1")
"""Middling bright, so that they read on white and on black."""
MARKS = "osD^vP*"
STYLE: dict[str, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "kneeline",
    "font.size": 12,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": RULE,
    "legend.frameon": False,
    "legend.fontsize": 11,
}


def bland_altman(path: Path, rows: Sequence[Seen], names: dict[str, str]) -> None:
    """Error against the mean of value and truth, repetition by repetition, with bias and 95 % limits of agreement.

    names: exercise -> what a person calls it; each has its own colour and mark.
    """
    known = [r for r in rows if not math.isnan(r.error)]
    found = figures(known)
    assert found is not None
    factor, sign = scale(found.unit)

    def draw(axes: Axes) -> None:
        for i, exercise in enumerate(dict.fromkeys(r.exercise for r in known)):
            mine = [r for r in known if r.exercise == exercise]
            x = [factor * ((r.value or 0.0) + (r.truth or 0.0)) / 2 for r in mine]
            y = [factor * r.error for r in mine]
            style = {"color": COLOURS[i % len(COLOURS)], "marker": MARKS[i % len(MARKS)]}
            axes.plot(x, y, linestyle="none", markersize=5, alpha=0.85, label=names[exercise], **style)
        axes.axhline(factor * found.bias, color=INK, linewidth=1.2)
        for limit in found.limits:
            axes.axhline(factor * limit, color=INK, linewidth=1, dashes=(5, 4))
        axes.axhline(0, color=RULE, linewidth=1)
        reach = factor * max(1.15 * max(abs(r.error) for r in known), 1.1 * max(map(abs, found.limits)))
        axes.set_ylim(-reach, reach)
        axes.set_xlabel(f"mean of kneeline and truth, {sign}")
        axes.set_ylabel(f"kneeline minus truth, {sign}")

    _save(path, draw)


def against_turn(path: Path, rows: Sequence[Row], limit_deg: float) -> None:
    """Mean absolute error of one signal by the camera's turn, a line for each movement of real people.

    rows: of one signal; where a signal has two sides, the worse one is drawn. limit_deg: from there on it is refused.
    """

    def draw(axes: Axes) -> None:
        top = 0.0
        for i, trial in enumerate(dict.fromkeys(r.trial for r in rows)):
            points = []
            for off in OFFS:
                mine = [r.mae for r in rows if r.trial == trial and r.off_deg == off and not math.isnan(r.mae)]
                if mine:
                    points.append((off, max(mine)))
            if points:
                x, y = zip(*points, strict=True)
                style = {"color": COLOURS[i % len(COLOURS)], "marker": MARKS[i % len(MARKS)]}
                axes.plot(x, y, markersize=6, linewidth=1.8, label=trial, **style)
                top = max(top, *y)
        axes.axvspan(limit_deg, OFFS[-1] + 3, facecolor="none", edgecolor=RULE, hatch="///", linewidth=0)
        axes.text((limit_deg + OFFS[-1]) / 2, 0.9 * (1.1 * top or 1.0), "refused", ha="center")
        axes.set_ylim(0, 1.1 * top or 1.0)
        axes.set_xlim(-2, OFFS[-1] + 3)
        axes.set_xticks(OFFS)
        axes.set_xlabel("turn of the camera off the view that it is seen from, °")
        axes.set_ylabel("mean absolute error, °")

    _save(path, draw)


def coverage(path: Path, lines: Sequence[tuple[str, float, float | None]]) -> None:
    """Share of the 95 % intervals that held the truth, a line for each measure: full (dot), heavy (square)."""

    def draw(axes: Axes) -> None:
        places = np.arange(len(lines))[::-1]
        axes.axvspan(92, 98, color=COLOURS[2], alpha=0.18, linewidth=0)
        full = [100 * covered for _, covered, _ in lines]
        heavy = [(at, 100 * h) for at, (_, _, h) in zip(places, lines, strict=True) if h is not None]
        axes.plot(full, places, "o", color=COLOURS[0], markersize=7, label="pose model full")
        if heavy:
            at, shares = zip(*heavy, strict=True)
            axes.plot(shares, at, "s", color=COLOURS[1], markersize=5, label="pose model heavy")
        axes.set_yticks(places, [name for name, _, _ in lines])
        axes.set_xlim(min(60, *full, *(share for _, share in heavy)) - 2, 101)
        axes.set_xlabel("95 % intervals that held the truth, %")
        axes.grid(axis="y", linewidth=0.6)

    _save(path, draw, height=0.32 * len(lines) + 1.4)


def _save(path: Path, draw: Callable[[Axes], None], height: float = 4.0) -> None:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        draw(axes)
        figure.legend(loc="outside upper center", ncols=2)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>|<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = svg.replace(INK, "var(--ink)").replace(RULE, "var(--rule)")
    svg = re.sub(r"font: ([\d.]+)px '[^']*'", r"font-size: \1px", svg)
    svg = re.sub(r"(<svg [^>]*>)", rf"\1{THEME}", svg, count=1)
    path.write_text(re.sub(r">\s+<", "><", svg).strip() + "\n", encoding="utf-8")
