"""Repetitions in which a rendered pelvis drops or stays level, what cameras saw of them, and weights fitted to that.

A quantity that no line of keypoints shows is told by a weighted sum of several signals' changes from rest. Weights are
fitted by ridge regression in which dropped and level repetitions weigh alike (most frames are level, and would teach it
to say nothing). Real people move trunk, shoulders and the free leg without their pelvis, which rendered people do not;
so the penalty on a weight is what such straying would cost (`STRAY`), and the fit is the best for people who stray.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clips import FIT_BODIES, RENDERED, _perfect, log_of
from hips import picture_turns, world_log
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries
from kneeline.motion import checks
from kneeline.motion.geometry import Geometry
from kneeline.motion.measure import PEAK_SMOOTHING_S
from kneeline.motion.reps import smooth
from kneeline.motion.signals import SIGNALS, Bearings, signal
from kneeline.motion.view import facing_of

Array = npt.NDArray[np.float64]

STRAY = {
    "pelvic_drop": 0.5,
    "trunk_lean": 0.5,
    "shoulder_drop": 0.5,
    "hip_abduction": 3.0,
    "turned": 3.0,
    "hip_drop": 0.005,
    "foot_clearance": 0.025,
    "picture": 0.5,
}
"""How far people move each without their pelvis, as one standard deviation in its unit. House defaults."""
STRAY_TRUNK_DEG = 1.0
"""The same for a trunk that leans as one piece, over the standing leg or away from it. House default."""
SIGNALS_SEEN = ("pelvic_drop", "trunk_lean", "shoulder_drop", "hip_abduction", "hip_drop", "foot_clearance")
DROPPED_DEG, LEVEL_DEG = 7.0, 3.0
"""A true drop from the one on is a drop; up to the other it is level; what lies between is neither."""
LIMIT_DEG = 5.0
"""A drop beyond this is the fault `pelvis_drops`."""
LEAST_FRAMES, REST_S = 10, 0.5
TURN_DEG, TURNS_DEG = 20.0, (-20, -10, 0, 10, 20)
PX_PER_M = 500.0


@dataclass(frozen=True, slots=True)
class Rep:
    """One repetition: the true drop and what was seen, both as changes from the half second before it.

    share: (n,) 0 at its start, 1 at its end. true: (n,) degrees. seen: source of keypoints -> column -> (n,).
    line_deg, true_line_deg: peak of the hip line and of the true drop against level, not against rest.
    """

    clip: str
    exercise: str
    body: str
    facing: str
    yaw_deg: float
    faults: frozenset[str]
    share: Array
    true: Array
    seen: dict[str, dict[str, Array]]
    line_deg: float
    true_line_deg: float

    @property
    def fitted(self) -> bool:
        """Whether its body is one that is fitted on."""
        return self.body in FIT_BODIES

    def shows(self, names: Sequence[str], source: str) -> bool:
        """Whether the columns have any reading in this source."""
        there = self.seen.get(source, {})
        return all(name in there and bool(np.isfinite(there[name]).any()) for name in names)

    @property
    def peak_deg(self) -> float:
        """The true drop."""
        return float(self.true.max())

    @property
    def turned_deg(self) -> float:
        """How far the camera is off the front or the back."""
        return abs(math.remainder(self.yaw_deg, 180.0))


def repetitions(folders: Sequence[Path], caches: dict[str, Path], make: bool) -> Iterator[Rep]:
    """Every repetition of single-leg work seen from the front or behind.

    caches: of pose logs; "full" and, where there is one, "heavy".
    """
    for file in sorted(path for folder in folders for path in folder.glob("*.json")):
        data = json.loads(file.read_text(encoding="utf-8"))
        facing = facing_of(math.remainder(data["camera"]["yaw"], 360.0)) if "camera" in data else ""
        video = file.with_suffix(".mp4")
        if data.get("exercise") not in ("hip_abduction", "sls", "step_down") or facing not in ("front", "back"):
            continue
        series = log_of(video, file.stem, caches["full"], make) if video.exists() else None
        if series is not None:
            yield from _of_clip(data, video, series, facing, caches, make)


def _of_clip(
    data: dict[str, Any], video: Path, series: PoseSeries, facing: str, caches: dict[str, Path], make: bool
) -> Iterator[Rep]:
    sources = {"full": series, "true joints": _perfect(data, series)}
    world = world_log(video, caches["full"], make)
    heavy = log_of(video, video.stem, caches["heavy"], make=False) if "heavy" in caches else None
    sources |= {f"turned {turn:+d}": _turned(data, series, turn) for turn in TURNS_DEG}
    sources |= {name: s for name, s in (("world", world), ("heavy", heavy)) if s is not None}
    stance = {"L": "left", "R": "right"}[data["lead_side"]]
    yaw = math.remainder(data["camera"]["yaw"], 360.0)
    columns = {name: _columns(s, stance, 1 if facing == "front" else -1, yaw) for name, s in sources.items()}
    drop = np.interp(series.t_s, data["truth"]["time"], data["truth"]["angles"]["pelvic_drop"])
    spans = [(r["start"] - REST_S / 2, (r["hold_start"] + r["hold_end"]) / 2) for r in data["reps"]]
    turns = picture_turns(video, series, spans, caches["full"], make)
    clockwise = 1 if (stance == "right") == (facing == "front") else -1
    for rep, turn in zip(data["reps"], turns, strict=True):
        rows = _rows(series.t_s, rep["start"], rep["end"])
        rest = _rows(series.t_s, rep["start"] - REST_S, rep["start"])
        if rows.sum() < LEAST_FRAMES or not rest.any() or series.t_s[-1] < rep["end"]:
            continue
        t_s = series.t_s[rows]
        seen = {name: _changes(*columns[name], t_s, rep["start"]) for name in columns}
        seen["full"]["picture"] = np.full(len(t_s), clockwise * turn)
        yield Rep(
            video.stem,
            RENDERED[data["exercise"]],
            data["body"],
            facing,
            yaw,
            frozenset(rep["faults"]),
            (t_s - rep["start"]) / (rep["end"] - rep["start"]),
            drop[rows] - float(np.median(drop[rest])),
            seen,
            float(np.nanmax(columns["full"][1]["pelvic_drop"][rows])),
            float(drop[rows].max()),
        )


def _turned(data: dict[str, Any], series: PoseSeries, yaw_deg: float) -> PoseSeries:
    """The true joints as a far camera sees them that is turned by so much off the front or the back."""
    n, turn = min(len(series), data["frames"]), math.radians(yaw_deg)
    away = 1.0 if math.cos(math.radians(data["camera"]["yaw"])) > 0 else -1.0
    xy = np.full((n, len(KEYPOINTS), 2), np.nan)
    for side, letter in (("left", "L"), ("right", "R")):
        for part in ("shoulder", "hip", "knee", "ankle"):
            forward, left, up = np.array(data["truth"]["joints3d"][f"{part}_{letter}"])[:n].T
            across = away * (left * math.cos(turn) + forward * math.sin(turn))
            xy[:, INDEX[f"{side}_{part}"]] = np.stack([across, -up], axis=1) * PX_PER_M
    there = np.where(np.isfinite(xy[..., 0]), 1.0, np.nan)
    return PoseSeries(series.t_s[:n], xy, there, there, np.ones(n, dtype=np.int64))


def _rows(t_s: Array, start_s: float, end_s: float) -> npt.NDArray[np.bool_]:
    return np.asarray((t_s >= start_s) & (t_s <= end_s))


def _columns(series: PoseSeries, stance: str, towards: int, yaw_deg: float) -> tuple[Array, dict[str, Array]]:
    """Times and smoothed signals of the whole recording."""
    g = Geometry(series)
    bearings = Bearings(towards, 1, stance, *checks.size_px(g, series.t_s <= series.t_s[0] + REST_S))
    free = "right" if stance == "left" else "left"
    raw = [signal(name, g, bearings, free if SIGNALS[name].sided else "") for name in SIGNALS_SEEN]
    calm = smooth(g.t_s, np.stack(raw, axis=1), PEAK_SMOOTHING_S)
    found = dict(zip(SIGNALS_SEEN, calm.T, strict=True))
    # Lifting the free leg tips the hip line by itself; by how much may depend on how the camera is turned.
    found["turned"] = found["hip_abduction"] * math.remainder(yaw_deg, 180.0) / TURN_DEG
    return g.t_s, found


def _changes(at_s: Array, columns: dict[str, Array], t_s: Array, start_s: float) -> dict[str, Array]:
    """Columns at the times `t_s` of another log of the same video, against the median of the rest before."""
    rest = _rows(at_s, start_s - REST_S, start_s)
    return {name: np.interp(t_s, at_s, value) - np.nanmedian(value[rest]) for name, value in columns.items()}


def told(rep: Rep, weights: dict[str, float], source: str = "full") -> float:
    """What the weights say of a repetition: their largest sum over its frames; NaN where it was not seen so."""
    if not rep.shows(tuple(weights), source):
        return math.nan
    columns = rep.seen[source]
    total = sum((weight * columns[name] for name, weight in weights.items()), np.zeros(len(rep.share)))
    return float(np.nanmax(total))


def errors(reps: Sequence[Rep], weights: dict[str, float], source: str = "full") -> Array:
    """Told minus true, (n,) degrees."""
    return np.array([told(rep, weights, source) - rep.peak_deg for rep in reps])


def balanced_rms(reps: Sequence[Rep], error: Array) -> float:
    """Root mean square in which repetitions with and without a drop weigh alike."""
    dropped = np.array([rep.peak_deg > LIMIT_DEG for rep in reps])
    parts = [error[rows & np.isfinite(error)] for rows in (dropped, ~dropped)]
    return math.sqrt(float(np.mean([np.mean(part**2) for part in parts if len(part)])))


def cost(names: Sequence[str]) -> Array:
    """What straying adds to the square of the answer's error: a matrix over the named columns' weights."""
    piece = np.array([{"trunk_lean": 1.0, "shoulder_drop": -1.0}.get(name, 0.0) for name in names])
    return np.asarray(np.diag([STRAY[name] ** 2 for name in names]) + STRAY_TRUNK_DEG**2 * np.outer(piece, piece))


def ridge(reps: Sequence[Rep], names: Sequence[str], source: str = "full", times: float = 1.0) -> dict[str, float]:
    """Weights of the named columns over all frames, dropped and level repetitions weighing alike.

    times: how much further than `STRAY` people are taken to stray.
    """
    square, mixed = times**2 * cost(names), np.zeros(len(names))
    for dropped in (True, False):
        part = [r for r in reps if (r.peak_deg > LIMIT_DEG) is dropped and r.shows(names, source)]
        for rep in part:
            x = np.stack([rep.seen[source][name] for name in names], axis=1)
            rows = np.isfinite(x).all(axis=1)
            each = 2 * len(part) * max(rows.sum(), 1)
            square = square + x[rows].T @ x[rows] / each
            mixed = mixed + x[rows].T @ rep.true[rows] / each
    return dict(zip(names, map(float, np.linalg.solve(square, mixed)), strict=True))


def left_out(reps: Sequence[Rep], tested: Sequence[Rep], names: Sequence[str], times: float = 1.0) -> Array:
    """Errors of `tested`, each told by weights that were fitted on `reps` without its body, (n,) degrees."""
    found = np.full(len(tested), math.nan)
    for body in {rep.body for rep in tested}:
        weights = ridge([rep for rep in reps if rep.body != body], names, times=times)
        rows = [i for i, rep in enumerate(tested) if rep.body == body]
        found[rows] = errors([tested[i] for i in rows], weights)
    return found


def straying(weights: dict[str, float]) -> float:
    """What the straying of people with a level pelvis does to the answer, as one standard deviation in degrees."""
    w = np.array(list(weights.values()))
    return math.sqrt(float(w @ cost(tuple(weights)) @ w))


def leaners(reps: Sequence[Rep]) -> list[Rep]:
    """The repetitions again with the trunk leaning further over the standing leg, and further away from it.

    What is added, and taken away, is what a 13 degree lean of the same body changed in the same exercise and view
    between its leaning and its good repetitions. A compensated drop leans over, an uncompensated one away.
    """
    found = []
    for rep in reps:
        alike = [r for r in reps if (r.body, r.exercise, r.facing) == (rep.body, rep.exercise, rep.facing)]
        leaning = [r for r in alike if "trunk_lean" in r.faults]
        upright = [r for r in alike if r.peak_deg < LEVEL_DEG and "trunk_lean" not in r.faults]
        if not leaning or not upright or "trunk_lean" in rep.faults:
            continue
        for sign in (1.0, -1.0):
            columns = {
                name: value + sign * (_mean(leaning, name, rep.share) - _mean(upright, name, rep.share))
                for name, value in rep.seen["full"].items()
                if name in SIGNALS_SEEN
            }
            found.append(replace(rep, seen={"full": columns}))
    return found


def _mean(reps: Sequence[Rep], name: str, share: Array) -> Array:
    return np.asarray(np.mean([np.interp(share, rep.share, rep.seen["full"][name]) for rep in reps], axis=0))
