"""Ankle bend, shin tilt and the knee-inward angle at 45 degrees of bend, against the truth of rendered people.

python benchmarks/measures.py --rendered DIR [--rendered DIR ...] --cache DIR [--save FILE]
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from clips import FIT_BODIES, default_cache, log_of, shared_folder
from kneeline.content.load import load, load_exercise
from kneeline.model.pose import PoseSeries
from kneeline.model.quantity import Estimate
from kneeline.motion import Engine, refine
from kneeline.motion.geometry import Geometry
from kneeline.motion.signals import Bearings, signal
from tables import console, header, save, show

Found = dict[tuple[str, str, str], list[tuple[float, float]]]
LETTER = {"left": "L", "right": "R"}
ON_THE_TOES = ("calf_raise", "single_calf_raise")
SQUATS = {"sls": "squat_single_leg", "step_down": "step_down"}


def bends(truth: dict[str, Any], series: PoseSeries) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Seen and true ankle bend and shin tilt of the near leg, (n,) degrees each."""
    side = "right" if math.remainder(truth["camera"]["yaw"], 360.0) > 0 else "left"
    joints = {name: np.array(p) for name, p in truth["truth"]["joints2d"].items()}
    ahead = np.mean(joints[f"toe_tip_{LETTER[side]}"][:, 0] - joints[f"heel_{LETTER[side]}"][:, 0])
    shin = np.array(truth["truth"]["joints3d"][f"knee_{LETTER[side]}"])
    shin = shin - np.array(truth["truth"]["joints3d"][f"ankle_{LETTER[side]}"])
    true = {
        "ankle_dorsiflexion": np.array(truth["truth"]["angles"][f"ankle_dorsiflexion_{LETTER[side]}"]),
        "shin_tilt": np.degrees(np.arctan2(shin[:, 0], shin[:, 2])),
    }
    g, facing = Geometry(series), Bearings(1, 1 if ahead > 0 else -1, side, 1.0, 1.0)
    times = np.array(truth["truth"]["time"])
    return {
        name: (signal(name, g, facing, side), np.interp(series.t_s, times, values)) for name, values in true.items()
    }


def at_45(truth: dict[str, Any], series: PoseSeries) -> list[tuple[float, float]]:
    """Seen and true knee-inward angle of each repetition, at 45 degrees of true bend on the way down."""
    exercise, library = load_exercise(SQUATS[truth["exercise"]]), load()
    letter = truth["lead_side"]
    engine = Engine(exercise, library, side="left" if letter == "L" else "right")
    engine.push(series)
    engine.finish()
    result, _ = refine(engine.result(), series, exercise, library)
    t_s, bend, fppa = (
        np.array(a)
        for a in (
            truth["truth"]["time"],
            truth["truth"]["angles"][f"knee_flexion_{letter}"],
            truth["truth"]["image_angles"][f"fppa_2d_{letter}"],
        )
    )
    pairs = []
    for rep in truth["reps"]:
        deep = np.flatnonzero((t_s >= rep["start"]) & (t_s <= rep["hold_end"]) & (bend >= 45))
        same = next((r for r in result.reps if r.start_s < rep["hold_end"] and r.end_s > rep["hold_start"]), None)
        seen = same.measures.get("fppa_at_45_deg") if same else None
        if len(deep) and isinstance(seen, Estimate):
            pairs.append((seen.value, float(fppa[deep[0]])))
    return pairs


def rows_of(found: Found) -> list[list[object]]:
    """One row per measure, kind of clip and group of bodies."""
    rows: list[list[object]] = []
    for (name, kind, bodies), pairs in sorted(found.items()):
        seen, true = np.array(pairs).T
        error = seen - true
        slope = np.polyfit(true, seen, 1)[0] if np.ptp(true) > 3 else math.nan
        numbers = (f"{error.mean():+.1f}", f"{error.std():.1f}", f"{np.abs(error).mean():.1f}", f"{slope:.2f}")
        rows.append([name, kind, bodies, len(pairs), *numbers])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rendered", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    found: Found = {}
    for folder in [shared_folder() / "recordings" / "rendered", *options.rendered]:
        for truth_file in sorted(folder.glob("*.json")):
            truth = json.loads(truth_file.read_text())
            series = log_of(truth_file.with_suffix(".mp4"), truth_file.stem, options.cache, make=False)
            if series is None:
                continue
            bodies = "fit" if truth["body"] in FIT_BODIES else "report"
            if truth["view"] in ("side", "other_side"):
                kind = "heel raise" if truth["exercise"] in ON_THE_TOES else "flat foot"
                for name, (seen, true) in bends(truth, series).items():
                    there = np.isfinite(seen)
                    found.setdefault((name, kind, bodies), []).extend(zip(seen[there], true[there], strict=True))
            elif truth["view"] == "front" and truth["exercise"] in SQUATS:
                pairs = at_45(truth, series)
                if pairs:
                    found.setdefault(("fppa_at_45", truth["exercise"], bodies), []).extend(pairs)
    to = console()
    header(to, "measures of rendered people against their truth, in the views that show them")
    names = ["measure", "clips", "bodies", "frames or repetitions", "bias", "sd", "mean error", "slope"]
    show(to, "Seen minus true, degrees", names, rows_of(found), left=3)
    save(to, options.save)


if __name__ == "__main__":
    main()
