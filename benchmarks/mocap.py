"""kneeline's signals on marker data of real people, beside expert joint angles, through cameras at known turns.

    python benchmarks/mocap.py [--seeds 3] [--save FILE]

Markers of real people are filmed by cameras that do not exist: level, 1 m high, 3 m away, turned by 0 to 60 degrees
off the view that a signal is seen from. What comes out is given to the engine as if a pose model had found it, without
error (0.5 px) or with the error of the pose model as calibrated on rendered people (alike in neighbouring frames). Each
signal is then held against two truths: the expert's joint angle, which is another thing than a flat angle between
points, and the same points measured in the body's own planes, which differ by the camera only. Two expert solutions of
the same markers stand beside each other to say how far a truth can be believed.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console

import tables
from clips import shared_folder
from kneeline.content.load import Library, load, load_exercise
from kneeline.model.movement import SetResult, SignalTrace
from kneeline.model.pose import INDEX, PoseSeries
from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.motion import Engine, refine
from kneeline.motion.geometry import Geometry
from kneeline.motion.signals import SIGNALS, Bearings, signal
from marker_data import Array, Camera, Trial, filmed, flat, trials

OFFS = (0, 15, 30, 45, 60)
"""Turns of the camera off the view that a signal is seen from, in degrees."""
SIGNALS_OF = {
    "sit to stand": (
        "knee_flexion",
        "pelvic_drop",
        "trunk_lean",
    ),
    "": ("knee_flexion", "pelvic_drop", "trunk_lean", "fppa", "hip_abduction"),
}
"""What is compared, by trial, the last line for all others; a seated thigh points at the camera: no flat angle."""
DISTANCES_M = (2.0, 3.0, 4.0, 6.0)
EXERCISE = "squat_double"
"""What every trial is run as: signals frame by frame are the same whatever is counted on them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One signal of one trial from one camera against one truth.

    off_deg: the camera's turn off the view that the signal is seen from. noise: what was added to the points. turn:
    told to kneeline, or estimated by it. truth: "expert" or "points". refused: share of the frames without a value.
    mae, bias, worst: degrees, over the frames with a value; NaN where there is none. covered: share of them whose
    interval (value +- 1.96 sd) holds the truth; half: mean half width of it, degrees.
    """

    trial: str
    signal: str
    off_deg: float
    noise: str
    turn: str
    truth: str
    refused: float
    mae: float
    bias: float
    worst: float
    covered: float
    half: float


@dataclass(frozen=True, slots=True)
class Known:
    """How far the truth of one angle is known, in degrees.

    low, high: range of the expert's angle. experts_apart: mean absolute difference of two experts' solutions, NaN where
    there is one only. points_off: of the points' own angle from the expert's.
    """

    trial: str
    signal: str
    low: float
    high: float
    experts_apart: float
    points_off: float


@dataclass(frozen=True, slots=True)
class Square:
    """Mean absolute error in degrees of squats seen square to the body; infinitely far means without perspective."""

    signal: str
    distance_m: float
    mae: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What kneeline said of a camera's turn."""

    trial: str
    yaw_deg: float
    error_deg: float
    sd_deg: float


def traced(series: PoseSeries, library: Library, told_yaw_deg: float | None) -> tuple[SetResult, SignalTrace]:
    """Every signal frame by frame as a file is answered, with the turn as told or as estimated."""
    exercise = load_exercise(EXERCISE, library)
    engine = Engine(exercise, library)
    engine.push(series)
    engine.finish()
    result = engine.result()
    if told_yaw_deg is not None:
        result = replace(result, view=replace(result.view, yaw_deg=Estimate(told_yaw_deg, 0.0, "deg")))
    return refine(result, series, exercise, library)


def true_of_points(trial: Trial, name: str, side: str) -> Array:
    """The signal from the points themselves: the bend of a knee in space, the rest in the body's frontal plane."""
    if name == "knee_flexion":
        hip, knee, ankle = (trial.points[:, INDEX[f"{side}_{joint}"]] for joint in ("hip", "knee", "ankle"))
        thigh, shank = knee - hip, ankle - knee
        cos = (thigh * shank).sum(axis=1) / (np.linalg.norm(thigh, axis=1) * np.linalg.norm(shank, axis=1))
        return np.asarray(np.degrees(np.arccos(np.clip(cos, -1.0, 1.0))))
    return signal(name, Geometry(flat(trial, 0.0)), Bearings(1, 1, "both", 1.0, 1.0), side)


def compare(trial: Trial, library: Library, camera: Camera, seeds: int) -> Iterator[Row | Turn]:
    """Every signal of a trial at every turn, with and without noise, with the turn told and estimated."""
    for name in SIGNALS_OF.get(trial.name, SIGNALS_OF[""]):
        for side in ("left", "right") if SIGNALS[name].sided else ("",):
            for off in OFFS:
                yaw = off if name != "knee_flexion" else (90.0 - off) * (1 if side == "right" else -1)
                for noise, runs in (("none", 1), ("pose model", seeds)):
                    yield from _from_here(trial, library, camera, (name, side, off, yaw), noise, runs)


def _from_here(
    trial: Trial, library: Library, camera: Camera, what: tuple[str, str, float, float], noise: str, runs: int
) -> Iterator[Row | Turn]:
    name, side, off, yaw = what
    column = "_".join(part for part in (name, side, "deg") if part)
    truths = {"points": true_of_points(trial, name, side)}
    if column in trial.expert:
        truths["expert"] = trial.expert[column]
    for turn in ("told", "estimated"):
        values, sds = [], []
        for seed in range(runs):
            generator = None if noise == "none" else np.random.default_rng(seed)
            series = filmed(trial, yaw, camera, generator)
            result, trace = traced(series, library, yaw if turn == "told" else None)
            values.append(trace.values[column])
            sds.append(trace.sds[column])
            if turn == "estimated" and isinstance(result.view.yaw_deg, Estimate):
                said = result.view.yaw_deg
                yield Turn(trial.name, yaw, math.remainder(said.value - yaw, 360.0), said.sd)
        for truth, true in truths.items():
            yield _row((trial.name, column, off, noise, turn, truth), np.array(values), np.array(sds), true)


def _row(key: tuple[str, str, float, str, str, str], values: Array, sds: Array, true: Array) -> Row:
    known = np.isfinite(true)
    error = (values - true)[:, known]
    said = np.isfinite(error)
    if not said.any():
        return Row(*key, 1.0, *(math.nan,) * 5)
    inside = np.abs(error[said]) <= 1.96 * sds[:, known][said]
    return Row(
        *key,
        refused=1.0 - float(said.mean()),
        mae=float(np.abs(error[said]).mean()),
        bias=float(error[said].mean()),
        worst=float(np.abs(error[said]).max()),
        covered=float(inside.mean()),
        half=1.96 * float(sds[:, known][said].mean()),
    )


def repetitions(trial: Trial, library: Library, camera: Camera) -> list[tuple[object, ...]]:
    """The squats as repetitions: how many, and the deepest bend of each right knee against every truth, by turn."""
    exercise, column = load_exercise(EXERCISE, library), "knee_flexion_right_deg"
    truths = (trial.expert[column], trial.second[column], true_of_points(trial, "knee_flexion", "right"))
    rows: list[tuple[object, ...]] = []
    for off in OFFS:
        series = filmed(trial, 90.0 - off, camera)
        engine = Engine(exercise, library)
        engine.push(series)
        engine.finish()
        result = refine(engine.result(), series, exercise, library)[0]
        errors: list[list[float]] = []
        held, refused = 0, ""
        for rep in result.reps:
            peak = rep.measures["peak_knee_flexion_deg"]
            if isinstance(peak, NotAssessable):
                refused = peak.reason
                continue
            during = (trial.t_s >= rep.start_s) & (trial.t_s <= rep.end_s)
            errors.append([peak.value - float(truth[during].max()) for truth in truths])
            held += abs(errors[-1][2]) <= 1.96 * peak.sd
        means = [f"{mean:+.1f}" for mean in np.mean(errors, axis=0)] if errors else ["-"] * len(truths)
        rows.append((off, len(result.reps), *means, f"{held}/{len(errors)}" if errors else "-", refused or "-"))
    return rows


def from_the_right_place(trial: Trial, library: Library) -> Iterator[Square]:
    """Squats square to the body against the expert: without perspective, and from several distances."""
    for column, yaw in (("knee_flexion_right_deg", 90.0), ("knee_flexion_left_deg", -90.0), ("pelvic_drop_deg", 0.0)):
        for distance in (math.inf, *DISTANCES_M):
            far = math.isinf(distance)
            series = flat(trial, yaw) if far else filmed(trial, yaw, Camera(distance_m=distance))
            value = traced(series, library, yaw)[1].values[column]
            yield Square(column, distance, float(np.nanmean(np.abs(value - trial.expert[column]))))


def experts_apart(found: Sequence[Trial]) -> Iterator[Known]:
    """How far two solutions of the same markers are from each other, and how far the points' own angle is."""
    for trial in found:
        for column, expert in trial.expert.items():
            side = next((s for s in ("left", "right") if s in column), "")
            name = column.removesuffix("_deg").removesuffix(f"_{side}") if side else column.removesuffix("_deg")
            own = float(np.nanmean(np.abs(true_of_points(trial, name, side) - expert)))
            second = trial.second.get(column)
            apart = math.nan if second is None else float(np.nanmean(np.abs(expert - second)))
            yield Known(trial.name, column, float(np.nanmin(expert)), float(np.nanmax(expert)), apart, own)


def print_tables(
    found: Sequence[Trial],
    rows: Sequence[Row],
    turns: Sequence[Turn],
    known: Sequence[Known],
    square: Sequence[Square],
    library: Library,
) -> Console:
    """Everything, for a terminal and for results/."""
    to = tables.console()
    tables.header(to, "marker data of real people through cameras that do not exist; nothing was fitted on them")
    heads: tuple[str, ...] = ("trial", "signal", "degrees", "two experts apart", "points from the expert")
    lines: list[tuple[object, ...]] = [
        (k.trial, k.signal, f"{k.low:.0f} to {k.high:.0f}", _one(k.experts_apart), _one(k.points_off)) for k in known
    ]
    tables.show(to, "How far the truth itself is known (mean absolute difference)", heads, lines, left=3)
    heads = ("signal", "no perspective", *(f"from {d:g} m" for d in DISTANCES_M))
    title = "Squats, square to the body, points without noise: mean absolute error against the expert, degrees"
    names = dict.fromkeys(s.signal for s in square)
    tables.show(to, title, heads, [(n, *(_one(s.mae) for s in square if s.signal == n)) for n in names])
    for noise in ("none", "pose model"):
        for truth in ("expert", "points"):
            mine = [r for r in rows if (r.noise, r.truth, r.turn) == (noise, truth, "told")]
            title = f"Mean absolute error, degrees, against the {truth}; noise: {noise}; by turn off its own view"
            tables.show(to, title, ("trial", "signal", *map(str, OFFS)), _by_turn(mine, "mae"), left=2)
    for noise in ("none", "pose model"):
        for turn in ("told", "estimated"):
            mine = [r for r in rows if (r.noise, r.truth, r.turn) == (noise, "points", turn)]
            title = f"Frames whose 95 % interval holds the points' own angle; noise: {noise}; the turn is {turn}"
            tables.show(to, title, ("trial", "signal", *map(str, OFFS)), _by_turn(mine, "covered"), left=2)
    mine = [r for r in rows if (r.noise, r.truth, r.turn) == ("pose model", "expert", "estimated")]
    title = "Frames whose 95 % interval holds the expert's angle; noise: pose model; the turn is estimated"
    tables.show(to, title, ("trial", "signal", *map(str, OFFS)), _by_turn(mine, "covered"), left=2)
    heads = ("turn off the side view", "counted", "from the expert", "second expert", "from the points", "held", "else")
    title = "Squats as repetitions (5 were done): deepest bend of the right knee, mean error in degrees; points held"
    tables.show(to, title, heads, repetitions(found[0], library, Camera()), text=(6,))
    heads = ("trial", "runs", "mean", "sd", "interval holds")
    tables.show(to, "Turn of the camera as estimated, error in degrees", heads, _of_turns(turns))
    return to


def _one(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f}"


def _of_turns(turns: Sequence[Turn]) -> list[tuple[object, ...]]:
    lines: list[tuple[object, ...]] = []
    for name in dict.fromkeys(t.trial for t in turns):
        errors = np.array([t.error_deg for t in turns if t.trial == name])
        sds = np.array([t.sd_deg for t in turns if t.trial == name])
        inside = float((np.abs(errors) <= 1.96 * sds).mean())
        lines.append((name, len(errors), f"{errors.mean():+.1f}", f"{errors.std():.1f}", f"{100 * inside:.0f} %"))
    return lines


def _by_turn(rows: Sequence[Row], what: str) -> list[tuple[object, ...]]:
    """One line per trial and signal, one cell per turn; "refused" where nothing was said."""
    lines: list[tuple[object, ...]] = []
    for trial, name in dict.fromkeys((r.trial, r.signal) for r in rows):
        cells = []
        for off in OFFS:
            (row,) = (r for r in rows if (r.trial, r.signal, r.off_deg) == (trial, name, off))
            value = getattr(row, what)
            shown = f"{100 * value:.0f} %" if what == "covered" else f"{value:.1f}"
            cells.append("refused" if math.isnan(value) else shown)
        lines.append((trial, name, *cells))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many times noise is drawn")
    parser.add_argument("--save", type=Path, help="keep the tables here, and their rows beside them as CSV")
    options = parser.parse_args()
    library, camera = load(), Camera()
    found = list(trials(shared_folder() / "mocap"))
    rows: list[Row] = []
    turns: list[Turn] = []
    for trial in found:
        for one in compare(trial, library, camera, options.seeds):
            rows.append(one) if isinstance(one, Row) else turns.append(one)
    known, square = list(experts_apart(found)), list(from_the_right_place(found[0], library))
    to = print_tables(found, rows, turns, known, square, library)
    if options.save:
        tables.save(to, options.save)
        for name, mine in (("", rows), ("_known", known), ("_square", square)):
            tables.write_rows(options.save.with_name(f"{options.save.stem}{name}.csv"), mine)


if __name__ == "__main__":
    main()
