"""Plots of progress and of load as plain SVG: colours are the page's own, nothing is scripted or styled inline.

Each picture has a title and a description of its own for who cannot see it; a table says the same in full. Lines differ
by dash and mark as well as by colour. Drawn here and not by matplotlib, since a page of them has to be there at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from html import escape
from itertools import pairwise
from statistics import fmean

from kneeline.clinic.load import Curve
from kneeline.clinic.progress import Line, Point, Strand

_TONES = ("--accent", "--again", "--good", "--hold")
_DASHES = ("", "7 4", "2 4", "9 3 2 3")
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 14.0, 14.0, 30.0
_MANY = 60
"""More points than this are drawn small, with the mean of each week as the line."""
_TEXT = 13
_HALF_DAY = 24.0
"""Half the width of a day as it is written under a plot, in px."""


def strand_chart(strand: Strand, width_px: int = 560, height_px: int = 230) -> str:
    """A strand as one `<svg>`, as wide as what it stands in; empty where it has no point.

    A pale stripe round the first value of a single line marks the changes that are within error.
    """
    lines = [line for line in strand.lines if line.points]
    if not lines:
        return ""
    first = min(line.points[0].on for line in lines)
    last = max(line.points[-1].on for line in lines)
    low, high = _span(strand, lines)
    frame = _Frame(
        first, last, low, high, width_px, height_px, bars=strand.style == "bars", whole=strand.style == "steps"
    )
    parts = [*frame.grid(), *frame.days([point.on for point in lines[0].points] if frame.slot else ())]
    asked = {line.asked for line in lines if line.asked is not None}
    for value in asked:
        parts += frame.level(value, "asked")
    if len(lines) == 1 and strand.style == "line" and lines[0].change.detectable is not None:
        parts += _within_error(frame, lines[0])
    for i, line in enumerate(lines):
        if strand.style == "bars":
            parts += _bars(frame, line)
        else:
            parts += _line(frame, line, i, steps=strand.style == "steps", named=len(lines) > 1)
    if len(lines) > 1:
        parts += _legend([line.name for line in lines], width_px, height_px)
        height_px += 24 * _rows([line.name for line in lines], width_px)
    return _svg(f"chart-{strand.id}", strand.title, strand.say, width_px, height_px, parts)


def load_chart(curves: Sequence[Curve], width_px: int = 640) -> str:
    """Load over knee bend, one small plot for each activity on one scale, and the published peaks side by side."""
    bands = [curve for curve in curves if len(curve.load) > 1]
    peaks = [curve for curve in curves if len(curve.load) == 1]
    top = max(load.high for curve in curves for load in curve.load)
    top = max([top, *(curve.spread[1] for curve in peaks if curve.spread)])
    top = float(math.ceil(top))
    columns, each_h = (2, 206.0) if width_px >= 420 else (1, 190.0)
    each_w = width_px / columns
    parts: list[str] = []
    for i, curve in enumerate(bands):
        parts += _band(curve, each_w * (i % columns), each_h * (i // columns), each_w, each_h, top)
    places = len(bands)
    if peaks:
        row = places // columns
        parts += _peaks(peaks, each_w * (places % columns), each_h * row, each_w, each_h, top)
        places += 1
    height = each_h * math.ceil(places / columns)
    say = "How hard the kneecap is pressed, in times walking. Bands lie between two models. The table has the numbers."
    return _svg("chart-load-by-bend", "Kneecap load by knee bend", say, width_px, height, parts)


class _Frame:
    """Where days and values lie in a picture."""

    def __init__(
        self,
        first: date,
        last: date,
        low: float,
        high: float,
        width: float,
        height: float,
        *,
        bars: bool,
        whole: bool,
    ) -> None:
        self.first, self.last, self.low, self.high = first, last, low, high
        self.width, self.height, self.whole = width, height, whole
        days = max((last - first).days, 1)
        self.slot = (width - _LEFT - _RIGHT) / (days / 7 + 1) if bars else 0.0
        self.per_day = (width - _LEFT - _RIGHT - self.slot) / days

    def x(self, day: date) -> float:
        return _LEFT + self.slot / 2 + (day - self.first).days * self.per_day

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM)

    def grid(self) -> Iterable[str]:
        for value in _ticks(self.low, self.high):
            if self.whole and value % 1:
                continue
            y = self.y(value)
            yield _segment(_LEFT, y, self.width - _RIGHT, y, "--rule")
            yield _text(_LEFT - 8, y + 4, f"{value:g}", "end")

    def days(self, bars: Sequence[date]) -> Iterable[str]:
        ticks = _bar_ticks(bars, self.width) if bars else _day_ticks(self.first, self.last, self.width)
        for day, anchor in ticks:
            inside = self.x(day) + _HALF_DAY <= self.width or anchor != "middle"
            x, anchor = (self.x(day), anchor) if inside else (self.width - 1, "end")
            yield _text(x, self.height - 8, f"{day.day} {day:%b}", anchor)

    def level(self, value: float, name: str) -> Iterable[str]:
        if self.low <= value <= self.high:
            y = self.y(value)
            yield _segment(_LEFT, y, self.width - _RIGHT, y, "--muted", 'stroke-dasharray="5 4" stroke-width="1.5"')
            yield _text(_LEFT + 4 if self.slot else self.width - _RIGHT, y - 5, name, "start" if self.slot else "end")


def _line(frame: _Frame, line: Line, i: int, *, steps: bool, named: bool) -> Iterable[str]:
    tone, many = _TONES[i % len(_TONES)], len(line.points) > _MANY
    for point in line.points if not many else ():
        if point.low is not None and point.high is not None:
            x = frame.x(point.on)
            yield _segment(x, frame.y(point.low), x, frame.y(point.high), tone, 'stroke-width="1.5" opacity=".5"')
    through = _weekly(line.points) if many else line.points
    if many:
        for point in line.points:
            x, y = frame.x(point.on), frame.y(point.value)
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" {_fill(tone)} opacity=".3"/>'
    places = [(frame.x(point.on), frame.y(point.value)) for point in through]
    if steps:
        places = [places[0], *((x, y) for a, b in pairwise(places) for x, y in ((b[0], a[1]), b))]
        places.append((frame.width - _RIGHT, places[-1][1]))
    dash = f' stroke-dasharray="{_DASHES[i % len(_DASHES)]}"' if i else ""
    yield (
        f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}" fill="none" stroke="var({tone})" '
        f'stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round"{dash}/>'
    )
    for point in () if many else through:
        yield _mark(i, frame.x(point.on), frame.y(point.value), 4.0)
    if not named and not steps:
        end = through[-1]
        yield _mark(i, frame.x(end.on), frame.y(end.value), 5.5)
        yield _text(frame.x(end.on), frame.y(end.value) - 11, f"{end.value:.1f}", "end", "--ink", weight=650)


def _bars(frame: _Frame, line: Line) -> Iterable[str]:
    width = max(2.0, min(34.0, 7 * frame.per_day * 0.68 if frame.last > frame.first else 34.0))
    floor = frame.y(max(frame.low, 0.0))
    for point in line.points:
        x, y = frame.x(point.on), frame.y(min(point.value, frame.high))
        tone = "--accent" if point is line.points[-1] else "--lift"
        yield (
            f'<rect x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(floor - y, 0.5):.1f}" '
            f'rx="{min(4.0, width / 4):.1f}" {_fill(tone)}/>'
        )
        if point.low is not None and point.high is not None:
            yield _segment(x, frame.y(point.low), x, frame.y(point.high), "--ink", 'stroke-width="1.5"')
    end = line.points[-1]
    top = end.high if end.high is not None else end.value
    words = f"{end.value:.0f}"
    inside = frame.x(end.on) + 4.5 * len(words) <= frame.width
    x, anchor = (frame.x(end.on), "middle") if inside else (frame.width - 1, "end")
    yield _text(x, frame.y(min(top, frame.high)) - 5, words, anchor, "--ink", weight=650)


def _within_error(frame: _Frame, line: Line) -> Iterable[str]:
    first, step = line.change.first, line.change.detectable
    if first is None or step is None:
        return
    top, bottom = frame.y(min(first + step, frame.high)), frame.y(max(first - step, frame.low))
    yield (
        f'<rect x="{_LEFT}" y="{top:.1f}" width="{frame.width - _LEFT - _RIGHT:.1f}" height="{bottom - top:.1f}" '
        f'{_fill("--muted")} opacity=".12"/>'
    )
    yield _text(frame.width - _RIGHT - 6, top + 16, "within error of the start", "end")


def _band(curve: Curve, left: float, upper: float, width: float, height: float, top: float) -> Iterable[str]:
    def x(bend: float) -> float:
        return left + 34 + bend / 90 * (width - 34 - 22)

    def y(load: float) -> float:
        return upper + height - 34 - load / top * (height - 34 - 34)

    yield _text(left + 34, upper + 18, curve.name, "start", "--ink", weight=650, size=14)
    for value in _ticks(0, top, 4):
        yield _segment(x(0), y(value), x(90), y(value), "--rule")
        yield _text(x(0) - 7, y(value) + 4, f"{value:g}×", "end")
    yield _segment(x(0), y(1), x(90), y(1), "--muted", 'stroke-dasharray="4 4" stroke-width="1.5"')
    # Where the curve leaves room: over its beginning, under it, or beside its end.
    over, under = curve.load[0].high < 0.5, curve.knee_deg[-1] > 80
    place = (x(0) + 4, y(1) - 5, "start") if over else (x(0) + 4, y(1) + 14, "start") if under else None
    px, py, anchor = place or (x(90), y(1) - 5, "end")
    yield _text(px, py, "walking", anchor)
    for bend in (0, 45, 90):
        yield _text(x(bend), upper + height - 14, f"{bend}° of bend" if bend == 45 else f"{bend}°", "middle")
    ends = [(x(bend), y(load.high)) for bend, load in zip(curve.knee_deg, curve.load, strict=True)]
    ends += [(x(bend), y(load.low)) for bend, load in reversed(list(zip(curve.knee_deg, curve.load, strict=True)))]
    yield f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in ends)}" {_fill("--accent")} opacity=".28"/>'
    middle = " ".join(
        f"{x(bend):.1f},{y(load.middle):.1f}" for bend, load in zip(curve.knee_deg, curve.load, strict=True)
    )
    yield f'<polyline points="{middle}" fill="none" stroke="var(--accent)" stroke-width="2.5" stroke-linecap="round"/>'
    end = curve.load[-1]
    if curve.knee_deg[-1] < 80:
        yield _text(x(curve.knee_deg[-1]) + 8, y(end.middle) - 4, f"{end.low:.1f} to {end.high:.1f}", "start", "--ink")


def _peaks(peaks: Sequence[Curve], left: float, upper: float, width: float, height: float, top: float) -> Iterable[str]:
    """Published peaks: a thick bar between the models, a thin line from person to person."""

    def y(load: float) -> float:
        return upper + height - 34 - load / top * (height - 34 - 34)

    yield _text(left + 34, upper + 18, "At the hardest moment", "start", "--ink", weight=650, size=14)
    right = left + width - 22
    for value in _ticks(0, top, 4):
        yield _segment(left + 34, y(value), right, y(value), "--rule")
        yield _text(left + 27, y(value) + 4, f"{value:g}×", "end")
    each = (right - left - 34) / len(peaks)
    for i, curve in enumerate(sorted(peaks, key=lambda one: one.load[0].middle)):
        x, load = left + 34 + each * (i + 0.5), curve.load[0]
        if curve.spread is not None:
            yield _segment(x, y(max(0.0, curve.spread[0])), x, y(curve.spread[1]), "--muted", 'stroke-width="1.5"')
        yield _segment(x, y(load.low), x, y(load.high), "--accent", 'stroke-width="9" stroke-linecap="round"')
        words = curve.name.split()
        for n, word in enumerate(words):
            yield _text(x, upper + height - 20 + 13 * n, word, "middle", size=12)


def _legend(names: Sequence[str], width: float, height: float) -> Iterable[str]:
    x, row = _LEFT, 0
    for i, name in enumerate(names):
        needed = 40 + 7.2 * len(name)
        if x > _LEFT and x + needed > width:
            x, row = _LEFT, row + 1
        y = height + 12 + 24 * row
        dash = f' stroke-dasharray="{_DASHES[i % len(_DASHES)]}"' if i else ""
        yield _segment(x, y, x + 24, y, _TONES[i % len(_TONES)], f'stroke-width="2.5"{dash}')
        yield _mark(i, x + 12, y, 4.0)
        yield _text(x + 30, y + 4, name, "start", "--ink")
        x += needed


def _rows(names: Sequence[str], width: float) -> int:
    x, rows = _LEFT, 1
    for name in names:
        needed = 40 + 7.2 * len(name)
        if x > _LEFT and x + needed > width:
            x, rows = _LEFT, rows + 1
        x += needed
    return rows


def _span(strand: Strand, lines: Sequence[Line]) -> tuple[float, float]:
    """Ends of the scale: those it has, or with some air round what is shown."""
    if strand.span is not None:
        return strand.span
    points = [point for line in lines for point in line.points]
    values = [v for point in points for v in (point.value, point.low, point.high) if v is not None]
    values += [line.asked for line in lines if line.asked is not None]
    if strand.style == "bars" or strand.unit.startswith("%"):
        values.append(0.0)
    low, high = min(values), max(values)
    air = max(0.12 * (high - low), 1e-3 * abs(high)) or 1.0  # of huge values 1 would be lost in rounding
    return (low if low == 0 else low - air), high + air


def _ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values between the ends.

    >>> _ticks(0, 10)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    return [round(step * i, 9) for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _day_ticks(first: date, last: date, width: float) -> list[tuple[date, str]]:
    """First and last day, and some between where there is room for their words."""
    days = (last - first).days
    if days == 0:
        return [(first, "middle")]
    between = max(1, min(int(width // 110), days))
    inner = [(first + timedelta(days=round(days * i / between)), "middle") for i in range(1, between)]
    return [(first, "start"), *inner, (last, "end")]


def _bar_ticks(days: Sequence[date], width: float) -> list[tuple[date, str]]:
    """Days of bars, counted from the newest, as many as there is room for."""
    step = max(1, math.ceil(len(days) * 80 / width))
    return [(day, "middle") for day in reversed(days[::-1][::step])]


def _weekly(points: Sequence[Point]) -> list[Point]:
    """Means of seven days each, on the last of them."""
    weeks: dict[int, list[Point]] = {}
    for point in points:
        weeks.setdefault((points[-1].on - point.on).days // 7, []).append(point)
    return [Point(weeks[back][-1].on, fmean(p.value for p in weeks[back])) for back in sorted(weeks, reverse=True)]


def _mark(i: int, x: float, y: float, size: float) -> str:
    tone = _fill(_TONES[i % len(_TONES)])
    if i % 3 == 1:
        return f'<rect x="{x - size:.1f}" y="{y - size:.1f}" width="{2 * size:.1f}" height="{2 * size:.1f}" {tone}/>'
    if i % 3 == 2:
        wide, foot = 1.2 * size, y + size
        corners = f"{x:.1f},{y - wide:.1f} {x - wide:.1f},{foot:.1f} {x + wide:.1f},{foot:.1f}"
        return f'<polygon points="{corners}" {tone}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" {tone}/>'


def _segment(x1: float, y1: float, x2: float, y2: float, tone: str, more: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="var({tone})" {more}/>'


def _text(
    x: float, y: float, words: str, anchor: str, tone: str = "--muted", *, weight: int = 400, size: int = _TEXT
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f"{_fill(tone)}>{escape(words)}</text>"
    )


def _fill(tone: str) -> str:
    return f'fill="var({tone})"'


def _svg(id: str, title: str, say: str, width: float, height: float, parts: Iterable[str]) -> str:
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in id)
    return (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-labelledby="{safe}-title {safe}-say"><title id="{safe}-title">{escape(title)}</title>'
        f'<desc id="{safe}-say">{escape(say)}</desc>{"".join(parts)}</svg>'
    )
