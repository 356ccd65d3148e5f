"""The report as a tagged PDF (PDF/UA-1), set by typst; the same report gives the same bytes."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import typst

from kneeline.report.charts import strand_chart
from kneeline.report.physio.training import day
from kneeline.report.physio.whole import Report
from kneeline.report.physio.words import CHANCES, TITLE, charts, detectable, named, tested, week_table, who_line
from kneeline.report.story import sentence

PAGES: Final = 2
_SIZES: Final = (
    {"size": 9.2, "most": 1000, "whole": True},
    {"size": 8.8, "most": 1000, "whole": True},
    {"size": 9.2, "most": 6, "whole": False},
    {"size": 8.8, "most": 5, "whole": False},
    {"size": 8.4, "most": 4, "whole": False},
    {"size": 8.0, "most": 3, "whole": False},
)
"""Size of letters in points, and how many changes of the plan stand before an appendix, all of them where it is whole:
the first that fits on two pages."""
MISSING: Final = "▯"
"""Stands for a character that no font of ours can draw."""
_SHEET: Final = Path(__file__).with_name("report.typ")
_TONES: Final = {
    "accent": "#225f85", "again": "#a8480f", "good": "#1f6f45", "hold": "#c9992f", "lift": "#4f93bd",
    "ink": "#1d2528", "muted": "#566366", "rule": "#d5d9d4",
}  # fmt: skip
_TONE: Final = re.compile(r"var\(--(\w+)\)")
_LONG: Final = re.compile(r"\S{36}(?=\S)")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d\Z")


def report_pdf(report: Report) -> bytes:
    """The report, printed; two pages, and an appendix where a plan has a long history.

    Raises: RuntimeError when typst cannot set it, which is a fault of ours.
    """
    plan = report.plan
    week_head, week_rows = week_table(report.weeks)
    rules = {sentence(v.by): v.rule for v in (plan.history if plan else ()) if v.rule}
    given = {
        "report": msgspec.to_builtins(report),
        "title": TITLE,
        "day": [report.on.year, report.on.month, report.on.day],
        "on": day(report.on),
        "who": who_line(report),
        "chances": CHANCES,
        "legs": {leg.side: f"{sentence(leg.side)} leg" for leg in report.legs},
        "charts": [
            {
                "title": strand.title,
                "unit": strand.unit,
                "say": strand.say,
                "svg": _coloured(strand_chart(strand, 310, 165)),
            }
            for strand in charts(report)
        ],
        "trends": [
            {"name": t.name, "say": t.say, "detectable": detectable(t), "basis": t.basis if t.detectable else ""}
            for t in report.trends
        ],
        "sides": [s for s in ("left", "right", "both") if any(one.side == s for one in report.results)],
        "tested": [msgspec.to_builtins(one) for one in tested(report.results)],
        "earlier": [{"on": day(e.on), "side": e.side, "said": named(e.focus)} for e in report.earlier],
        "week_head": week_head,
        "weeks": week_rows,
        "begun": day(plan.begun) if plan else "",
        "history": [
            {"on": day(v.on), "by": v.by, "why": v.why, "what": " · ".join(v.what).replace("->", "→")}
            for v in (plan.history if plan else ())
        ],
        "rules": [{"by": by, "rule": rule} for by, rule in rules.items()],
        **_SIZES[0],
    }
    return set_pdf(_SHEET, given, report.on, _SIZES[1:])


def set_pdf(
    sheet: Path, given: dict[str, Any], on: date, smaller: Sequence[dict[str, Any]], pages: int = PAGES
) -> bytes:
    """A sheet of typst filled in with plain values, none of which is ever read as markup.

    smaller: what else to try, one after the other, where the part up to its mark `<ends>` is longer than `pages`.
    Raises: RuntimeError when typst cannot set it, which is a fault of ours.
    """
    drawable = _drawable(given)
    for n, tighter in enumerate(({}, *smaller)):
        inputs = {"given": json.dumps({**drawable, **tighter}, ensure_ascii=False)}
        compiler = typst.Compiler(sheet, font_paths=_fonts(), ignore_system_fonts=True, sys_inputs=inputs)
        if n == len(smaller) or int(compiler.query("<ends>", field="value", one=True)) <= pages:
            break
    at = datetime(on.year, on.month, on.day, tzinfo=UTC)
    made = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=at)
    if not isinstance(made, bytes):
        raise RuntimeError("typst gave no PDF")
    return made


def _coloured(svg: str) -> str:
    """A chart of a page, with the colours of paper in the place of the page's own."""
    drawn = _TONE.sub(lambda found: _TONES.get(found[1], _TONES["ink"]), svg)
    return drawn.replace("<svg ", '<svg font-family="DejaVu Sans" ', 1)


def _drawable(value: Any) -> Any:
    """Plain values with texts that can be set: days in words, endless words broken, no character without a shape."""
    if isinstance(value, dict):
        return {key: one if key == "svg" else _drawable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_drawable(one) for one in value]
    if not isinstance(value, str):
        return value
    if _ISO.match(value):
        return day(date.fromisoformat(value))
    shown = value if value.isascii() else "".join(c if _has_shape(c) else MISSING for c in value)
    return _LONG.sub("\\g<0>\u200b", shown)


def _has_shape(character: str) -> bool:
    # What our own words are made of needs no look into the font, which takes a tenth of a second to open.
    return ord(character) < 0x180 or character in "‐–—‘’“”…−→▯" or _shapes()(character)


@cache
def _shapes() -> Callable[[str], bool]:
    """Whether DejaVu Sans, which fills the gaps, draws a character."""
    from fontTools.ttLib import TTFont

    with TTFont(_typefaces() / "DejaVuSans.ttf", lazy=True) as face:
        known = frozenset(face.getBestCmap())
    return lambda character: ord(character) in known


@cache
def _fonts() -> typst.Fonts:
    """Libertinus Serif, which is inside typst, and the DejaVu typefaces of matplotlib; none of the machine."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[_typefaces()])


def _typefaces() -> Path:
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise RuntimeError("matplotlib is not installed")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
