"""Can a camera tell an arch that rolls in? Close-ups of the feet, and whole bodies, against exact truth.

    python benchmarks/arch.py --feet DIR [--rendered DIR ...] [--cache DIR] [--save FILE]

--feet: close-ups of heel raises as benchmarks/render_feet.py makes them. Marks are the true heel and ankle in the first
picture, each shifted at random as by a finger. Every measure is the change from standing to just before the heel lands.
Each is scaled to degrees on the fit bodies (least squares through zero) and reported on the others. A foot is said to
roll in beyond LIMIT_DEG, the house limit, which is not fitted. In the clips some raises roll in (11 degrees at full
load, some 6 to 7 when the heel is about to land), some do not, and in some the heels part at the top.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from rich.console import Console

from clips import FIT_BODIES, Clip, default_cache, log_of, rendered_clips, shared_folder
from kneeline.capture.feet import FootMarks, SeenRaise, look_at_feet, told
from kneeline.model.errors import InputError
from kneeline.model.pose import INDEX, PoseSeries
from kneeline.model.quantity import Estimate, Verdict
from kneeline.motion.feet import LIMIT_DEG, FootRoll, own_drift
from tables import console, header, save, share, show

Array = npt.NDArray[np.float64]
TAP_SD_PX = (3.0, 6.0)
"""How far marks are off: a finger on a still picture of 640 x 480, and a careless one."""
APART = 0.3
"""Heels this much further apart at the top than standing, in marked heights, have let the ball go. House limit."""
GAP_LIMIT = 0.09
"""The same for whole bodies, in shank lengths: the limit of `ball_lost`."""


@dataclass(frozen=True, slots=True)
class Raised:
    """One heel raise of one close-up: what was seen, and what was true. Arrays are (left, right)."""

    clip: str
    case: str
    bodies: str
    arch: bool
    twist: bool
    true_deg: Array
    told: dict[str, Array]
    apart: float
    answer: FootRoll


def raised(to: Console, folder: Path, tap_sd_px: float, outline: bool) -> Iterator[Raised]:
    """Every raise that was found; what was refused or missed is printed."""
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        truth = data["truth"]
        joints = {name: np.array(places) for name, places in truth["joints2d"].items()}
        hand = np.random.default_rng([data["seed"], 7])
        marks = np.array([[joints[f"{part}_{s}"][0] for part in ("heel", "ankle")] for s in "LR"])
        marks += hand.normal(0, tap_sd_px, marks.shape)
        try:
            seen = look_at_feet(path.with_suffix(".mp4"), *(FootMarks(*map(tuple, foot)) for foot in marks))
        except InputError as error:
            to.print(f"{path.stem}: refused: {error}\n", markup=False)
            continue
        if len(seen) != len(data["reps"]):
            to.print(f"{path.stem}: {len(seen)} raises found of {len(data['reps'])}\n")
        pictures = _pictures(path.with_suffix(".mp4")) if outline else []
        for one in seen:
            rep = min(data["reps"], key=lambda r: abs(r["start"] - one.when.start_s))
            yield Raised(
                path.stem,
                _case(data),
                "fit" if data["body"] in FIT_BODIES else "report",
                "arch_collapse" in rep["faults"],
                "heel_twist" in rep["faults"],
                _change([truth["angles"][f"rearfoot_eversion_{s}"] for s in "LR"], truth["time"], one),
                _methods(one, marks, joints, truth["time"], pictures, data["fps"]),
                one.apart,
                told(one),
            )


def _case(data: dict[str, Any]) -> str:
    kinds = [f for f in data["faults"] if f["kind"] == "arch_collapse"]
    if data["view"] == "front":
        return "from the front, bare"
    if any(f["reps"] == "all" for f in kinds):
        return "rolled in all the time, standing too"
    if any(f["severity"] < 1 for f in kinds):
        return "half as much roll"
    return "bare feet" if data["look"]["shoes"] == "none" else "shoes"


def _change(tracks: Sequence[Sequence[float]], t_s: Sequence[float], one: SeenRaise) -> Array:
    """Change of true tracks from standing to the middle of the landing."""
    landing = np.linspace(*one.when.landing_s, 5)
    return np.array([np.interp(landing, t_s, x).mean() - np.interp(one.when.standing_s, t_s, x) for x in tracks])


def _methods(
    one: SeenRaise, marks: Array, joints: dict[str, Array], t_s: Sequence[float], pictures: list[Any], fps: float
) -> dict[str, Array]:
    """What each method says of both feet; inward positive, each in its own unit."""
    height = float((marks[:, 0, 1] - marks[:, 1, 1]).mean())
    inward = np.sign([marks[1, 1, 0] - marks[0, 1, 0], marks[0, 1, 0] - marks[1, 1, 0]])
    true = _change([joints[f"ankle_{s}"][:, 0] for s in "LR"], t_s, one) * inward / height
    methods = {
        SHIPPED: own_drift(one.drift),
        "ankle drift, true joint": true,
    }
    if pictures:
        standing, landing = (pictures[min(round(t * fps), len(pictures) - 1)] for t in _moments(one))
        lines = np.array([[_outline(picture, *foot) for foot in marks] for picture in (standing, landing)])
        change = (lines[1] - lines[0]) * inward[:, None]
        methods["rear foot's turn, optical flow"] = _turns(standing, landing, marks) * inward
        methods["ankle drift, outline"] = change[:, 0] / height
        methods["heel line against leg line, outline"] = change[:, 1]
    return methods


def _moments(one: SeenRaise) -> tuple[float, float]:
    return one.when.standing_s, float(np.mean(one.when.landing_s))


def _pictures(video: Path) -> list[Any]:
    film, found = cv2.VideoCapture(str(video)), []
    while (read := film.read())[0]:
        found.append(read[1])
    return found


def _turns(standing: Any, landing: Any, marks: Array) -> Array:
    """Turn of the line from heel to ankle of both feet (deg, to the right), by dense optical flow."""
    gray = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in (standing, landing)]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*gray, None)
    turns = []
    for heel, ankle in marks:
        ends = [heel + 0.3 * (ankle - heel), ankle]
        reach = int(0.16 * (heel[1] - ankle[1]))
        after = []
        for x, y in (end.astype(int) for end in ends):
            part = flow[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
            after.append(np.array([x, y]) + np.median(part.reshape(-1, 2), axis=0))
        turns.append(_lean(after[1] - after[0]) - _lean(ends[1].astype(int) - ends[0].astype(int)))
    return np.array(turns)


def _lean(line: Array) -> float:
    return float(np.degrees(np.arctan2(line[0], -line[1])))


def _outline(picture: Any, heel: Array, ankle: Array) -> tuple[float, float]:
    """Middle of the leg where it is thinnest (px), and tilt of heel against leg (deg, to the right), by GrabCut."""
    size = float(heel[1] - ankle[1])
    low, high = np.maximum(ankle - [2 * size, 2.6 * size], 0).astype(int), np.add(heel, [2 * size, size]).astype(int)
    part = np.ascontiguousarray(picture[low[1] : high[1], low[0] : high[0]])
    labels = np.full(part.shape[:2], cv2.GC_PR_BGD, np.uint8)
    up = 2 * ankle - heel
    for colour, width in ((cv2.GC_PR_FGD, 1.1), (cv2.GC_FGD, 0.4)):
        ends = (heel - low - [0, 0.3 * size], up - low)
        cv2.line(labels, *(tuple(int(v) for v in end) for end in ends), int(colour), int(width * size))
    edge = max(int(0.25 * size), 1)
    labels[:, :edge] = labels[:, -edge:] = labels[-edge:] = cv2.GC_BGD
    cv2.grabCut(part, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    rows, middles, widths = [], [], []
    for y in range(int(up[1] - low[1]), int(heel[1] - low[1])):
        share = np.clip((y + low[1] - ankle[1]) / size, -1, 1)
        x = int(ankle[0] + (heel[0] - ankle[0]) * share - low[0])
        if 0 <= y < len(inside) and inside[y, x]:
            out = np.flatnonzero(~inside[y])
            left, right = out[out < x].max(initial=-1), out[out > x].min(initial=inside.shape[1])
            rows.append(y), middles.append((left + right) / 2), widths.append(right - left)
    y, middle, width = np.array(rows, float), np.array(middles), np.array(widths)
    if len(y) < size:
        return np.nan, np.nan
    thin = np.argsort(width)[: max(5, len(y) // 8)]
    neck = np.median(y[thin])
    heel_part, leg_part = y > heel[1] - low[1] - 0.9 * size, y < neck
    if heel_part.sum() < 5 or leg_part.sum() < 5:
        return float(np.median(middle[thin]) + low[0]), np.nan
    tilts = [np.degrees(np.arctan(-np.polyfit(y[s], middle[s], 1)[0])) for s in (heel_part, leg_part)]
    return float(np.median(middle[thin]) + low[0]), float(tilts[1] - tilts[0])


def scaled(reps: Sequence[Raised], method: str) -> float:
    """Degrees per unit of one method, on raises of fit bodies in mixed clips."""
    fitted = [r for r in reps if r.bodies == "fit" and r.case in ("bare feet", "shoes")]
    x, y = np.concatenate([r.told[method] for r in fitted]), np.concatenate([r.true_deg for r in fitted])
    known = np.isfinite(x)
    return float(x[known] @ y[known] / (x[known] @ x[known]))


SHIPPED = "ankle drift, optical flow"


def roll_rows(reps: Sequence[Raised], methods: Sequence[str]) -> list[tuple[object, ...]]:
    """Per method, case and group of bodies: errors in degrees, and what was told by the limit, per foot."""
    rows: list[tuple[object, ...]] = []
    for method in methods:
        factor = scaled(reps, method)
        for case, bodies in dict.fromkeys(sorted((r.case, r.bodies) for r in reps)):
            mine = [r for r in reps if (r.case, r.bodies) == (case, bodies)]
            told = factor * np.concatenate([r.told[method] for r in mine])
            true = np.concatenate([r.true_deg for r in mine])
            arch = np.repeat([r.arch for r in mine], 2)
            known = np.isfinite(told)
            error = (told - true)[known]
            rows.append(
                (
                    method,
                    case,
                    bodies,
                    len({r.clip for r in mine}),
                    f"{np.abs(error).mean():.1f}",
                    f"{np.sqrt((error**2).mean()):.1f}",
                    f"{true[arch].mean():.1f}" if arch.any() else "-",
                    _of(told[known & arch] > LIMIT_DEG),
                    _of(told[known & ~arch] <= LIMIT_DEG),
                    int((~known).sum()),
                )
            )
    return rows


def answer_rows(reps: Sequence[Raised]) -> list[tuple[object, ...]]:
    """What `kneeline feet` says of whole raises, and how often its 95 % interval holds the true roll of a foot."""
    rows: list[tuple[object, ...]] = []
    for case, bodies in dict.fromkeys(sorted((r.case, r.bodies) for r in reps)):
        mine = [r for r in reps if (r.case, r.bodies) == (case, bodies)]
        said = [[r.answer.verdict for r in mine if r.arch is arch] for arch in (True, False)]
        feet = [
            (side, true)
            for r in mine
            for side, true in zip((r.answer.left, r.answer.right), r.true_deg, strict=True)
            if isinstance(side, Estimate)
        ]
        inside = [side.interval()[0] <= true <= side.interval()[1] for side, true in feet]
        cells = [verdicts.count(v) for verdicts in said for v in Verdict]
        rows.append((case, bodies, len({r.clip for r in mine}), *cells, share(inside)))
    return rows


def _of(hits: npt.NDArray[np.bool_]) -> str:
    return f"{hits.sum()}/{len(hits)}" if len(hits) else "-"


def blind_rows(folder: Path, cache: Path) -> list[tuple[object, ...]]:
    """Whether the pose model finds the ankles in close-ups: within half the height of the ankle mark."""
    rows: list[tuple[object, ...]] = []
    for path in sorted(folder.glob("*.json"))[:: max(1, len(list(folder.glob("*.json"))) // 6)]:
        series = log_of(path.with_suffix(".mp4"), f"feet_{path.stem}", cache, make=True)
        if series is None:
            continue
        joints = json.loads(path.read_text(encoding="utf-8"))["truth"]["joints2d"]
        n = min(len(series), len(joints["ankle_L"]))
        near = np.zeros((n, 2), dtype=bool)
        for i, (side, s) in enumerate((("left", "L"), ("right", "R"))):
            ankle, heel = (np.array(joints[f"{part}_{s}"])[:n] for part in ("ankle", "heel"))
            away = np.hypot(*(series.xy[:n, INDEX[f"{side}_ankle"]] - ankle).T)
            near[:, i] = away < 0.5 * np.hypot(*(heel - ankle).T)
        anybody = np.isfinite(series.xy[:n, :, 0]).any(axis=1)
        rows.append((path.stem, n, f"{100 * anybody.mean():.0f} %", f"{100 * near.all(axis=1).mean():.0f} %"))
    return rows


def whole_bodies(clips: Sequence[Clip]) -> list[tuple[object, ...]]:
    """Change of the ankles' gap from rest to the top (shank lengths), by keypoints and by true joints."""
    rows: list[tuple[object, ...]] = []
    for kind, of in (("keypoints", lambda c: c.seen), ("true joints", lambda c: c.perfect)):
        for bodies in ("fit", "report"):
            changes: dict[str, list[float]] = {"arch": [], "twist": [], "neither": []}
            for clip in clips:
                if clip.bodies == bodies and clip.view in ("front", "back"):
                    for rep, change in zip(clip.reps, _gap_changes(clip, of(clip)), strict=True):
                        name = {"arch_collapse": "arch", "heel_twist": "twist"}
                        fault = next((name[f] for f in rep.faults if f in name), "neither")
                        changes[fault].append(change)
            lost, kept = np.array(changes["twist"]), np.array(changes["neither"] + changes["arch"])
            cells = [f"{np.mean(v):+.3f} ({min(v):+.2f} to {max(v):+.2f})" if v else "-" for v in changes.values()]
            rows.append((kind, bodies, *cells, _of(lost > GAP_LIMIT), _of(kept <= GAP_LIMIT)))
    return rows


def _gap_changes(clip: Clip, series: PoseSeries | None) -> list[float]:
    assert series is not None
    t_s, xy = series.t_s, series.xy
    shank = np.nanmedian([np.hypot(*(xy[:, INDEX[f"{s}_ankle"]] - xy[:, INDEX[f"{s}_knee"]]).T) for s in SIDES])
    gap = np.abs(xy[:, INDEX["left_ankle"], 0] - xy[:, INDEX["right_ankle"], 0]) / shank

    def over(first_s: float, last_s: float) -> float:
        return float(np.nanmedian(gap[(t_s >= first_s) & (t_s <= last_s)]))

    return [over(r.top_start_s - 0.1, r.top_end_s + 0.1) - over(r.start_s - 0.35, r.start_s + 0.05) for r in clip.reps]


SIDES = ("left", "right")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feet", type=Path, required=True)
    parser.add_argument("--rendered", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--only-cached", action="store_true", help="of whole bodies, use pose logs that are there")
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    to = console()
    header(to, "Arch that rolls in, and ball that is lost, on rendered people")
    heads = ("by", "case", "bodies", "clips", "MAE deg", "RMS deg", "true roll", "rolls told", "quiet", "unread")
    for tap in TAP_SD_PX:
        reps = list(raised(to, options.feet, tap, outline=tap == TAP_SD_PX[0]))
        methods = tuple(reps[0].told) if tap == TAP_SD_PX[0] else (SHIPPED,)
        show(to, f"Close-up, just before landing, limit {LIMIT_DEG:g} deg, marks {tap:g} px off; feet", heads,
             roll_rows(reps, methods), left=3)  # fmt: skip
        to.print(f"{SHIPPED}: {scaled(reps, SHIPPED):.0f} deg per marked height, from the fit bodies\n")
        verdicts = [f"{kind}:\n{v}" for kind in ("rolls in", "does not") for v in ("present", "absent", "not told")]
        title = f"kneeline feet, raises by what it says of them, marks {tap:g} px off"
        show(to, title, ("case", "bodies", "clips", *verdicts, "in 95 %"), answer_rows(reps), left=2)
        if tap == TAP_SD_PX[0]:
            apart = [_apart_row(reps, bodies) for bodies in ("fit", "report")]
            title = f"Close-up: heels further apart at the top, in marked heights; ball lost beyond {APART:g}"
            show(to, title, ("bodies", *KINDS, "lost told", "quiet"), apart)
    show(to, "The pose model on close-ups", ("clip", "pictures", "finds anybody", "both ankles right"),
         blind_rows(options.feet, options.cache))  # fmt: skip
    folders = [shared_folder() / "recordings" / "rendered", *options.rendered]
    bodies = [c for f in folders for c in rendered_clips(f, options.cache, not options.only_cached)]
    raises = [c for c in bodies if c.exercise == "calf_raise_ball_squeeze"]
    columns = ("by", "bodies", "rolls in", "heels part", "neither", "lost told", "quiet")
    title = f"Whole body: change of the ankles' gap at the top, in shank lengths; ball lost beyond {GAP_LIMIT:g}"
    show(to, title, columns, whole_bodies(raises), left=2)
    save(to, options.save)


KINDS: dict[str, Callable[[Raised], bool]] = {
    "rolls in": lambda r: r.arch,
    "heels part": lambda r: r.twist,
    "neither": lambda r: not (r.arch or r.twist),
}


def _apart_row(reps: Sequence[Raised], bodies: str) -> tuple[object, ...]:
    mine = [r for r in reps if r.bodies == bodies]
    lost, kept = ([r.apart for r in mine if r.twist is twist] for twist in (True, False))
    spreads = (_spread([r.apart for r in mine if pick(r)]) for pick in KINDS.values())
    return bodies, *spreads, _of(np.array(lost) > APART), _of(np.array(kept) <= APART)


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):+.2f} ({min(values):+.2f} to {max(values):+.2f})" if values else "-"


if __name__ == "__main__":
    main()
