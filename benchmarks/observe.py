"""Fits how hip drop is told from several signals, on some rendered bodies, and reports it on others.

    python benchmarks/observe.py --rendered DIR [--rendered DIR ...] --cache DIR [--save FILE]

The line between a pose model's hip keypoints shows a third to half of a real drop and tips by itself when the free leg
lifts. But a pelvis that drops under level shoulders bends the trunk sideways, moves the middle of the hips and swings
the free thigh in; so the change of four signals against the moment of rest before each repetition is fitted to the true
change by ridge regression: the hip line, the trunk line, the shoulder line and the free thigh. The weights go into the
exercises' files; the error that goes with them is the root mean square over repetitions of the bodies that were *not*
fitted on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clips import FIT_BODIES, RENDERED, default_cache, log_of, shared_folder
from kneeline.motion.geometry import Geometry
from kneeline.motion.reps import smooth
from kneeline.motion.signals import SIGNALS, Bearings, signal
from tables import console, header, save, show

Array = npt.NDArray[np.float64]
WITNESSES = ("pelvic_drop", "trunk_lean", "shoulder_drop", "hip_abduction")
GROUPS = {
    "banded_single_leg_stand": ("banded_single_leg_stand",),
    "squat_single_leg, step_down": ("squat_single_leg", "step_down"),
}
RIDGE = 0.01
LIMIT_DEG = 5.0
"""A drop beyond this is the fault `pelvis_drops`."""


def repetitions(folders: list[Path], cache: Path) -> list[dict[str, Any]]:
    """Every repetition seen from the front: witnesses and true drop, both against the half second before it."""
    found = []
    for truth_file in sorted(path for folder in folders for path in folder.glob("*.json")):
        truth = json.loads(truth_file.read_text())
        video = truth_file.with_suffix(".mp4")
        if truth.get("view") != "front" or not video.exists():
            continue
        series = log_of(video, truth_file.stem, cache, make=True)
        if series is None:
            continue
        g = Geometry(series)
        stance = {"L": "left", "R": "right"}[truth["lead_side"]]
        free = {"left": "right", "right": "left"}[stance]
        bearings = Bearings(1, 1, stance, 1.0, 1.0)
        columns = [signal(name, g, bearings, free if SIGNALS[name].sided else "") for name in WITNESSES]
        witness = smooth(g.t_s, np.stack(columns, axis=1), 0.06)
        drop = np.interp(g.t_s, truth["truth"]["time"], truth["truth"]["angles"]["pelvic_drop"])
        for rep in truth["reps"]:
            rest = (g.t_s >= rep["start"] - 0.5) & (g.t_s <= rep["start"])
            inside = (g.t_s >= rep["start"]) & (g.t_s <= rep["end"])
            found.append(
                {
                    "exercise": RENDERED[truth["exercise"]],
                    "clip": truth_file.stem,
                    "fit": truth["body"] in FIT_BODIES,
                    "dropped": "hip_drop" in rep["faults"],
                    "witness": witness[inside] - np.median(witness[rest], axis=0),
                    "drop": drop[inside] - np.median(drop[rest]),
                }
            )
    return found


def fit(reps: list[dict[str, Any]]) -> Array:
    """Weights of the witnesses, by ridge regression over all frames."""
    x, y = np.concatenate([r["witness"] for r in reps]), np.concatenate([r["drop"] for r in reps])
    return np.linalg.solve(x.T @ x + RIDGE * len(x) * np.eye(x.shape[1]), x.T @ y)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rendered", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    reps = repetitions([shared_folder() / "recordings" / "rendered", *options.rendered], options.cache)
    to = console()
    header(to, "Hip drop told from four signals, front view")
    rows = []
    for group, exercises in GROUPS.items():
        of_group = [r for r in reps if r["exercise"] in exercises]
        weights = fit([r for r in of_group if r["fit"]])
        to.print(group, {name: round(float(w), 2) for name, w in zip(WITNESSES, weights, strict=True)}, "\n")
        for bodies, fitted in (("fit", True), ("report", False)):
            chosen = [r for r in of_group if r["fit"] is fitted]
            told = np.array([(r["witness"] @ weights).max() for r in chosen])
            true = np.array([r["drop"].max() for r in chosen])
            line = np.array([r["witness"][:, 0].max() for r in chosen])
            dropped = np.array([r["dropped"] for r in chosen])
            rows.append(
                [
                    group,
                    bodies,
                    str(len(chosen)),
                    f"{np.abs(line - true).mean():.1f}",
                    f"{np.abs(told - true).mean():.1f}",
                    f"{np.sqrt(((told - true) ** 2).mean()):.1f}",
                    f"{(told[dropped] > LIMIT_DEG).sum()} of {dropped.sum()}",
                    f"{(told[~dropped] <= LIMIT_DEG).sum()} of {(~dropped).sum()}",
                ]
            )
    columns = ["exercises", "bodies", "reps", "hip line MAE", "MAE deg", "RMS deg", "drops told", "level told"]
    show(to, "Peak of each repetition", columns, rows)
    save(to, options.save)


if __name__ == "__main__":
    main()
