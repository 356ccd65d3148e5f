"""The page's chapters on the turn of the camera, on real people with markers, and on Sports2D."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from beside_sports2d import PHONE_FPS, Beside
from kneeline.content.load import Library
from marker_data import Camera
from mocap import DISTANCES_M, OFFS, Known, Row, Square
from page_words import MODEL, percent, shown, table
from seen import Turned


def signals_by_turn(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows of the marker data by signal: against the points' own angles, without noise, the turn told."""
    found: dict[str, list[Row]] = defaultdict(list)
    for r in rows:
        if (r.truth, r.noise, r.turn) == ("points", "none", "told"):
            found[_signal(r)].append(r)
    return found


def _signal(row: Row) -> str:
    return row.signal.removesuffix("_deg").removesuffix("_left").removesuffix("_right")


def _named(column: str, library: Library) -> str:
    """A column of the series as a person calls it.

    >>> from kneeline.content.load import load
    >>> _named("knee_flexion_left_deg", load())
    'Knee bend, left'
    """
    stem = column.removesuffix("_deg")
    side = next((s for s in ("left", "right") if stem.endswith("_" + s)), "")
    title = library.signals[stem.removesuffix("_" + side) if side else stem].title
    return f"{title}, {side}" if side else title


def turns(mocap: Sequence[Row], turned: Sequence[Turned], library: Library) -> str:
    """Error against the turn of the camera: of real people's markers, then of rendered people."""
    parts = []
    for signal, rows in signals_by_turn(mocap).items():
        title = library.signals[signal].title
        square, further = (_worst(rows, off) for off in OFFS[:2])
        more = "refused" if math.isnan(further) else f"{further:.0f}°"
        parts.append(
            f"### {title}\n\nThe worst leg of the worst movement: {square:.0f}° square to the view, {more} when the "
            f"camera is {OFFS[1]}° off.\n\n![{title}: error by the turn of the camera](seen/turn_{signal}.svg)\n"
        )
    classes = sorted({(t.from_deg, t.to_deg) for t in turned})
    lines = []
    for signal in dict.fromkeys(t.signal for t in turned):
        mine = {(t.from_deg, t.to_deg): t for t in turned if (t.model, t.signal) == (MODEL, signal)}
        cells = (_turned(mine[edges]) if edges in mine else "–" for edges in classes)
        lines.append([library.signals[signal].title, *cells])
    chapters = "\n".join(parts)
    return f"""## Error against the turn of the camera

A flat picture foreshortens what turns away from it, however good the keypoints. Markers of real people were filmed
by cameras that do not exist, without any error of a pose model: what is left is the turn alone. The worse leg is
drawn. The deeper the bend, the more a turn costs: a squat loses more than walking does.

{chapters}
### On rendered people

The same with the pose model, over moments of all recordings: mean absolute error, and in brackets how many of the
95 % intervals held the truth.

{table(["signal", *(f"{a:g} to {b:g}° off" for a, b in classes)], lines)}"""


def _worst(rows: Sequence[Row], off: float) -> float:
    return max((r.mae for r in rows if r.off_deg == off and not math.isnan(r.mae)), default=math.nan)


def _turned(one: Turned) -> str:
    if one.refused >= 0.95:
        return "refused"
    some = f"; {percent(one.refused)} refused" if one.refused > 0.05 else ""
    return f"{shown(one.mae, one.unit)} ({percent(one.covered)}{some})"


def markers(rows: Sequence[Row], known: Sequence[Known], square: Sequence[Square], library: Library) -> str:
    """Real people: points from markers against expert joint angles."""
    angles = ["movement", "angle"]
    truth = [
        [k.trial, _named(k.signal, library), f"{k.low:.0f} to {k.high:.0f}°".replace("-", "−")]
        + ["–" if math.isnan(v) else f"{v:.1f}°" for v in (k.experts_apart, k.points_off)]
        for k in known
    ]
    straight = [
        [_named(name, library), *(f"{s.mae:.1f}°" for s in square if s.signal == name)]
        for name in dict.fromkeys(s.signal for s in square)
    ]
    mine = [r for r in rows if (r.truth, r.noise, r.turn) == ("expert", "none", "told")]
    by_turn = []
    for trial, column in dict.fromkeys((r.trial, r.signal) for r in mine):
        found = {r.off_deg: r.mae for r in mine if (r.trial, r.signal) == (trial, column)}
        cells = ("refused" if math.isnan(found[off]) else f"{found[off]:.1f}°" for off in OFFS)
        by_turn.append([trial, _named(column, library), *cells])
    off = [f"{off}° off" for off in OFFS]
    return f"""## Real people with markers

Laboratory markers with joint angles that an expert solved from them. The truth is itself soft: two solutions of the
same markers are apart, and the angle between three points is another thing than a joint angle of a fitted skeleton.

{table([*angles, "moved over", "two experts apart", "points from the expert"], truth, left=2)}

Squats, square to the body: mean absolute difference of what kneeline says from the expert.

{table(["angle", "no perspective", *(f"from {d:g} m" for d in DISTANCES_M)], straight)}

The same by the turn of a camera {Camera().distance_m:g} m away:

{table([*angles, *off], by_turn, left=2)}

With the pose model's noise added and the turn estimated: how many of the 95 % intervals held the points' own angle,
from the worst movement to the best. Where this is far below 95 %, the ± is too narrow for that turn.

{table(["signal", *off], _covered(rows, library))}

More of it: `benchmarks/results/mocap.txt`, from `benchmarks/mocap.py`."""


def _covered(rows: Sequence[Row], library: Library) -> Iterable[list[str]]:
    mine = [r for r in rows if (r.truth, r.noise, r.turn) == ("points", "pose model", "estimated")]
    for signal in dict.fromkeys(_signal(r) for r in mine):
        cells = []
        for off in OFFS:
            group = [r for r in mine if _signal(r) == signal and r.off_deg == off]
            shares = [r.covered for r in group if not math.isnan(r.covered)]
            cells.append(f"{100 * min(shares):.0f} to {100 * max(shares):.0f} %" if shares else "refused")
        yield [library.signals[signal].title, *cells]


def sports2d(rows: Sequence[Beside]) -> str:
    """Both programs on the same keypoints."""

    def between(low: float, high: float) -> str:
        return "–" if math.isnan(low) else f"{low:.1f} to {high:.1f}".replace("-", "−")

    lines = []
    for r in rows:
        ranges = ((r.ours_low, r.ours_high), (r.theirs_low, r.theirs_high), (r.true_low, r.true_high))
        lines.append([r.recording, r.angle, *(between(low, high) for low, high in ranges)])
    return f"""## Beside Sports2D

The same keypoints given to [Sports2D](https://github.com/davidpagnon/Sports2D) and to kneeline in one run, both
with their defaults: the range over the recording, and what is known of the truth. Where Sports2D is told that it
sees a front, it mirrors one side's points before it takes the line between the hips, so that a large drop reads as
almost none. Its clock takes a rounded frame rate: in a recording of {PHONE_FPS:g} pictures a second, time runs
away.

{table(["recording", "what", "kneeline", "Sports2D", "truth"], lines, left=2)}

From `benchmarks/beside_sports2d.py`."""
