"""Fits how hip drop is told from several signals on some rendered bodies, and reports it, beside other ways, on others.

    python benchmarks/observe.py --rendered DIR ... --cache DIR [--heavy DIR] [--only-cached] [--save FILE]

The line between a pose model's hip keypoints shows a third to half of a real drop and tips by itself when the free leg
lifts. But a pelvis that drops under level shoulders bends the trunk sideways, moves the middle of the hips and swings
the free thigh in; so the changes of four signals against the moment of rest before each repetition are fitted to the
true change: the hip line, the trunk line, the shoulder line and the free thigh. The weights go into the exercises'
files; the error that goes with them is that of bodies left out of the fit, and what straying of real people adds. No
video of a real person comes with the true drop of a repetition; what can be said of real people stands in the last
tables.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from clips import default_cache, log_of, shared_folder
from hip_drops import (
    DROPPED_DEG,
    LEVEL_DEG,
    LIMIT_DEG,
    REST_S,
    TURNS_DEG,
    Rep,
    balanced_rms,
    errors,
    leaners,
    left_out,
    repetitions,
    ridge,
    straying,
    told,
)
from kneeline.model.quantity import Estimate
from kneeline.motion import view
from kneeline.motion.geometry import Geometry
from kneeline.motion.measure import ABSENT, PEAK_SMOOTHING_S, PRESENT
from kneeline.motion.reps import smooth
from kneeline.motion.signals import Bearings, observe
from marker_data import flat, trials
from tables import console, header, save, show

Array = npt.NDArray[np.float64]
WITNESSES = ("pelvic_drop", "trunk_lean", "shoulder_drop", "hip_abduction")
GROUPS = {
    "banded stand": ("banded_single_leg_stand",),
    "squat, step-down": ("squat_single_leg", "step_down"),
}
FACINGS = {"front": "front", "back": "behind"}
TIMES = (0.2, 0.6, 1.0, 1.4, 2.0)
"""How much more or less than `STRAY` is tried."""
ON_ONE_LEG = ("walking", "losing balance")
FURTHER = 1.5
"""How much further than in the fit a signal may move before its weight is not to be trusted. House default."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to tell a drop: columns of one source of keypoints, with weights fitted or as they are."""

    name: str
    columns: tuple[str, ...] = ("pelvic_drop",)
    source: str = "full"
    fitted: bool = True


WAYS = (
    Way("hip line, against rest", fitted=False),
    Way("hip line, against rest, stretched"),
    Way("hip line with free leg and depth", ("pelvic_drop", "hip_abduction", "hip_drop")),
    Way("the same with the camera's turn", ("pelvic_drop", "hip_abduction", "hip_drop", "turned")),
    Way("trunk and height of the free foot", ("trunk_lean", "shoulder_drop", "foot_clearance")),
    Way("turn of the picture around the hips", ("picture",)),
    Way("the model's 3-D hip line, against rest", fitted=False, source="world"),
    Way("the four signals, in the model's 3-D", WITNESSES, "world"),
    Way("heavy model's hip line, against rest", fitted=False, source="heavy"),
    Way("the four signals, heavy model", WITNESSES, "heavy"),
    Way("the four signals (what kneeline does)", WITNESSES),
    Way("the four signals and the picture", (*WITNESSES, "picture")),
    Way("hip line of the true joints, against rest", fitted=False, source="true joints"),
)


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights for one group of exercises from one side.

    left_out_deg: error of fitted bodies when left out of the fit. error_deg: the same with what straying adds.
    within: signal -> furthest change from rest that the weights are to be used with.
    """

    group: str
    facing: str
    weights: dict[str, float]
    within: dict[str, float]
    left_out_deg: float
    error_deg: float


def fit(group: str, facing: str, reps: Sequence[Rep]) -> Fit | None:
    """The four signals' weights on the fitted bodies; None where fewer than two of them have drops."""
    known = [rep for rep in reps if rep.fitted]
    if len({rep.body for rep in known if rep.peak_deg > LIMIT_DEG}) < 2:
        return None
    weights = ridge(known, WITNESSES)
    left_out_deg = balanced_rms(known, left_out(known, known, WITNESSES))
    furthest = {name: max(float(np.nanmax(np.abs(rep.seen["full"][name]))) for rep in known) for name in WITNESSES}
    within = {name: FURTHER * far for name, far in furthest.items()}
    return Fit(group, facing, weights, within, left_out_deg, math.hypot(left_out_deg, straying(weights)))


def score(reps: Sequence[Rep], answers: Array, true: Array) -> list[str]:
    """Repetitions answered, MAE, RMS, drops told and level told by the plain limit."""
    known = np.isfinite(answers)
    if not known.any():
        return ["-"] * 5
    error = (answers - true)[known]
    peak = np.array([rep.peak_deg for rep in reps])
    dropped, level = known & (peak >= DROPPED_DEG), known & (peak <= LEVEL_DEG)
    return [
        str(known.sum()),
        f"{np.abs(error).mean():.1f}",
        f"{math.sqrt((error**2).mean()):.1f}",
        f"{(answers[dropped] > LIMIT_DEG).sum()} of {dropped.sum()}",
        f"{(answers[level] <= LIMIT_DEG).sum()} of {level.sum()}",
    ]


def compare(group: str, facing: str, reps: Sequence[Rep]) -> list[list[str]]:
    """One row for each way, on the report bodies."""
    known, others = [r for r in reps if r.fitted], [r for r in reps if not r.fitted]
    key = [group, FACINGS[facing]]
    true = np.array([rep.peak_deg for rep in others])
    plain = np.array([rep.line_deg for rep in others]), np.array([rep.true_line_deg for rep in others])
    rows = [[*key, "hip line as it is", *score(others, *plain)]]
    for way in WAYS:
        weights = dict.fromkeys(way.columns, 1.0)
        if way.fitted:
            there = [rep for rep in known if rep.shows(way.columns, way.source)]
            if len({rep.body for rep in there if rep.peak_deg > LIMIT_DEG}) < 2:
                rows.append([*key, way.name, *["-"] * 5])
                continue
            weights = ridge(there, way.columns, way.source)
        answers = np.array([told(rep, weights, way.source) for rep in others])
        rows.append([*key, way.name, *score(others, answers, true)])
    return rows


def judged(name: str, reps: Sequence[Rep], made: Fit) -> list[str]:
    """What kneeline says of repetitions: verdicts against the limit, and whether its intervals hold the truth."""
    error = errors(reps, made.weights)
    peak = np.array([rep.peak_deg for rep in reps])
    said = np.array([Estimate(value, made.error_deg, "deg").probability_above(LIMIT_DEG) for value in peak + error])
    present, absent = said >= PRESENT, said <= ABSENT
    dropped, level = peak >= DROPPED_DEG, peak <= LEVEL_DEG
    inside = np.abs(error) <= 1.96 * made.error_deg
    return [
        made.group,
        FACINGS[made.facing],
        name,
        str(len(reps)),
        f"{np.abs(error).mean():.1f}",
        f"{error.mean():+.1f}",
        f"{(dropped & present).sum()}, {(dropped & absent).sum()} of {dropped.sum()}",
        f"{(level & absent).sum()}, {(level & present).sum()} of {level.sum()}",
        f"{100 * inside.mean():.0f} %",
    ]


def judge_all(made: Fit, reps: Sequence[Rep]) -> list[list[str]]:
    """Report bodies: all of them, those who lean more or less, and cameras turned off the front."""
    others = [rep for rep in reps if not rep.fitted]
    sets = {
        "as they are": others,
        "leaning 13 deg over or away": leaners(others),
        "camera 10 to 20 deg off": [rep for rep in others if 10 <= rep.turned_deg <= 20],
    }
    return [judged(name, chosen, made) for name, chosen in sets.items() if chosen]


def turned(made: Fit, reps: Sequence[Rep]) -> list[str]:
    """How much the answer changes when the camera turns, from true joints of all bodies: rms, and most, in degrees."""
    found = [made.group, FACINGS[made.facing]]
    square_on = np.array([told(rep, made.weights, "turned +0") for rep in reps])
    for turn in TURNS_DEG:
        change = np.array([told(rep, made.weights, f"turned {turn:+d}") for rep in reps]) - square_on
        found.append(f"{math.sqrt(np.mean(change**2)):.1f} ({np.abs(change).max():.1f})")
    return found


def allowed(group: str, facing: str, reps: Sequence[Rep]) -> list[list[str]]:
    """What allowing for more or less straying changes: on bodies left out, on report bodies, and on real walkers."""
    known, others = [rep for rep in reps if rep.fitted], [rep for rep in reps if not rep.fitted]
    true = np.array([rep.peak_deg for rep in others])
    rows = []
    for times in TIMES:
        weights = ridge(known, WITNESSES, times=times)
        left_out_deg = balanced_rms(known, left_out(known, known, WITNESSES, times))
        scored = score(others, np.array([told(rep, weights) for rep in others]), true)[1:]
        walking = next(row for row in real_markers({"": weights}) if row[0] == "walking")
        rows.append([group, FACINGS[facing], f"{times:g}", f"{left_out_deg:.1f}", *scored, *walking[3:]])
    return rows


def without_fault(made: Fit, reps: Sequence[Rep]) -> list[list[str]]:
    """Mean absolute error on report bodies' repetitions with a fault, by weights fitted with and without such."""
    known, others = [rep for rep in reps if rep.fitted], [rep for rep in reps if not rep.fitted]
    rows = []
    for fault in sorted({fault for rep in known for fault in rep.faults} - {"hip_drop"}):
        tested = [rep for rep in others if fault in rep.faults]
        if tested:
            blind = ridge([rep for rep in known if fault not in rep.faults], WITNESSES)
            mae = [f"{np.abs(errors(tested, weights)).mean():.1f}" for weights in (made.weights, blind)]
            rows.append([made.group, FACINGS[made.facing], fault, str(len(tested)), *mae])
    return rows


def moved(made: Fit) -> list[str]:
    """What the answer becomes when a part of the body moves without the pelvis, degrees."""
    w = made.weights
    shifts = (
        -10 * w["hip_abduction"],
        5 * (w["trunk_lean"] - w["shoulder_drop"]),
        2 * w["trunk_lean"],
        2 * w["shoulder_drop"],
        straying(w),
    )
    return [made.group, FACINGS[made.facing], *(f"{shift:+.1f}" for shift in shifts)]


def real_markers(ways: Mapping[str, dict[str, float]]) -> list[list[str]]:
    """Markers of real people on one leg at a time, without error: do their trunks follow the pelvis too?"""
    rows = []
    for trial in trials(shared_folder() / "mocap"):
        if trial.name not in ON_ONE_LEG:
            continue
        g = Geometry(flat(trial, "frontal"))
        stands_left = g.along("ankles", 1) > 0  # the left ankle is the lower one
        true = np.where(stands_left, 1.0, -1.0) * trial.expert["pelvic_drop_deg"]
        for name, weights in ways.items():
            left, right = (observe(weights, g, Bearings(1, 1, side, 1.0, 1.0)) for side in ("left", "right"))
            said = np.where(stands_left, left, right)
            both = np.isfinite(said) & np.isfinite(true)
            x, y = true[both] - np.median(true[both]), said[both] - np.median(said[both])
            slope, r = np.polyfit(x, y, 1)[0], np.corrcoef(x, y)[0, 1]
            mae = np.abs(y - x).mean()
            rows.append([trial.name, name, f"{np.ptp(x):.1f}", f"{r:+.2f}", f"{slope:+.2f}", f"{mae:.1f}"])
    return rows


def four_cameras(made: Fit, cache: Path, make: bool) -> list[list[str]]:
    """A real person loses balance on one leg, four cameras: what is told between start and peak, and OpenSim's."""
    folder = shared_folder() / "recordings" / "real" / "pose2sim-single-leg-4cam"
    trial = next(t for t in trials(shared_folder() / "mocap") if t.name == "losing balance")
    said = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    start, peak, rate = said["reps"][0]["start"], said["reps"][0]["peak"], float(said["fps"])
    true = np.interp(np.arange(said["frames"]) / rate, trial.t_s - trial.t_s[0], trial.expert["pelvic_drop_deg"])
    still = slice(start - round(REST_S * rate / 2), start)
    rows = []
    for video in sorted(folder.glob("*.mp4")):
        series = log_of(video, f"{folder.name}-{video.stem}", cache, make)
        if series is None:
            continue
        g = Geometry(series)
        estimate = view.ViewEstimate()
        for t_s, across, forward in zip(g.t_s[:start], *(cue[:start] for cue in view.cues(g)), strict=True):
            estimate.add(float(t_s), float(across), float(forward))
        bearings = Bearings(estimate.towards, 1, "left", 1.0, 1.0)
        changes = {}
        for name in WITNESSES:
            value = smooth(g.t_s, observe({name: 1.0}, g, bearings), PEAK_SMOOTHING_S)
            changes[name] = value[start : peak + 1] - np.nanmedian(value[still])
        facing = view.facing_of(estimate.yaw_deg)
        furthest = {name: float(np.abs(change).max()) for name, change in changes.items()}
        far = [name for name, limit in made.within.items() if furthest[name] > limit]
        answer = (
            "refused: not from the front"
            if facing != "front"
            else f"refused: too far, {', '.join(far)}"
            if far
            else "told"
        )
        line = f"{changes['pelvic_drop'][-1]:+.1f}"
        told_deg = f"{sum(weight * changes[name][-1] for name, weight in made.weights.items()):+.1f}"
        change = f"{true[peak] - float(np.median(true[still])):+.1f}"
        rows.append([video.stem, f"{estimate.yaw_deg:+.0f}", line, told_deg, change, answer])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rendered", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--heavy", type=Path, help="cache of the heavy model's pose logs")
    parser.add_argument("--only-cached", action="store_true", help="leave out what is not in the cache")
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    caches = {"full": options.cache} | ({"heavy": options.heavy} if options.heavy else {})
    make = not options.only_cached
    reps = list(repetitions([shared_folder() / "recordings" / "rendered", *options.rendered], caches, make))
    fits, compared, verdicts, faults, strays, turns = [], [], [], [], [], []
    for facing in FACINGS:
        for group, exercises in GROUPS.items():
            chosen = [rep for rep in reps if rep.facing == facing and rep.exercise in exercises]
            made = fit(group, facing, chosen)
            if made is not None:
                fits.append(made)
                compared += compare(group, facing, chosen)
                verdicts += judge_all(made, chosen)
                faults += without_fault(made, chosen)
                strays += allowed(group, facing, chosen)
                turns.append(turned(made, chosen))
    to = console()
    header(to, "Hip drop told from four signals")
    where = ["exercises", "seen from"]
    show(
        to,
        "Weights fitted on three bodies, with the furthest change they are used with",
        [*where, *(f"{name} (within)" for name in WITNESSES), "left out, deg", "error, deg"],
        [_of_fit(made) for made in fits],
        left=2,
    )
    heads = [*where, "told by", "reps", "MAE deg", "RMS deg", "drops told", "level told"]
    show(to, "Ways to tell it, on bodies not fitted on", heads, compared, left=3)
    heads = [
        *where,
        "people",
        "reps",
        "MAE deg",
        "bias",
        "drops: present, absent",
        "level: absent, present",
        "inside 95 %",
    ]
    show(to, "What kneeline says of bodies not fitted on", heads, verdicts, left=3)
    heads = [*where, "fault", "reps", "MAE deg", "MAE deg, fitted without it"]
    show(to, "Repetitions with another fault, bodies not fitted on", heads, faults, left=3)
    heads = [*where, "free leg in 10", "trunk over 5", "hips sideways 2", "shoulders 2", "all at once, sd"]
    show(
        to, "What the answer becomes, deg, when these move and the pelvis does not", heads, [*map(moved, fits)], left=2
    )
    heads = [*where, *(f"{turn:+d} deg" for turn in TURNS_DEG)]
    show(to, "Camera turned off, by geometry: rms (most) change of the answer, deg", heads, turns, left=2)
    heads = [*where, "times", "left out, deg", "MAE deg", "RMS deg", "drops told", "level told"]
    heads += ["walkers: r", "slope", "MAE deg"]
    show(
        to,
        "Allowing for more or less straying: bodies left out, bodies not fitted on, real walkers",
        heads,
        strays,
        left=2,
    )
    front = [made for made in fits if made.facing == "front"]
    ways = {"hip line": {"pelvic_drop": 1.0}} | {f"as in the {made.group}": made.weights for made in front}
    heads = ["movement", "told by", "range of the expert's drop, deg", "r", "slope", "MAE deg"]
    show(to, "Real people's markers, without error, frame by frame", heads, real_markers(ways), left=2)
    heads = ["camera", "turn told", "hip line", "as in the banded stand", "OpenSim's solution", "kneeline's answer"]
    rows = four_cameras(front[0], options.cache, make) if front else []
    show(to, "A real person loses balance on one leg: drop from start to peak, deg", heads, rows, text=(5,))
    save(to, options.save)


def _of_fit(made: Fit) -> list[str]:
    weights = [f"{made.weights[name]:+.2f} ({made.within[name]:.0f})" for name in WITNESSES]
    return [made.group, FACINGS[made.facing], *weights, f"{made.left_out_deg:.1f}", f"{made.error_deg:.1f}"]


if __name__ == "__main__":
    main()
