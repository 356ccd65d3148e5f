"""How well the camera's turn is told from keypoints alone, on rendered people whose camera is known.

python benchmarks/view.py --rendered DIR [--rendered DIR ...] --cache DIR [--save FILE]
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np

from clips import FIT_BODIES, default_cache, log_of, shared_folder
from kneeline.model.pose import INDEX, PoseSeries
from kneeline.motion import view
from kneeline.motion.geometry import Geometry
from tables import console, header, save, show


def _roll_deg(standing: PoseSeries) -> float:
    """Tilt of the line from between the ankles to between the shoulders; the cameras here stand level."""
    feet = standing.xy[:, [INDEX["left_ankle"], INDEX["right_ankle"]]].mean(axis=1)
    top = standing.xy[:, [INDEX["left_shoulder"], INDEX["right_shoulder"]]].mean(axis=1)
    x, y = np.nanmedian(top - feet, axis=0)
    return math.degrees(math.atan2(x, -y))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rendered", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    errors: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for folder in [shared_folder() / "recordings" / "rendered", *options.rendered]:
        for truth_file in sorted(folder.glob("*.json")):
            truth = json.loads(truth_file.read_text())
            video = truth_file.with_suffix(".mp4")
            series = log_of(video, truth_file.stem, options.cache, make=True) if video.exists() else None
            if series is None:
                continue
            before = series[series.t_s < truth["reps"][0]["start"]]
            estimate = view.ViewEstimate()
            for t_s, across, forward in zip(before.t_s, *view.cues(Geometry(before)), strict=True):
                estimate.add(float(t_s), float(across), float(forward))
            error = math.remainder(estimate.yaw_deg - truth["camera"]["yaw"], 360.0)
            found = (error, estimate.yaw_sd_deg, _roll_deg(before))
            bodies = "fit" if truth["body"] in FIT_BODIES else "report"
            errors.setdefault((truth["view"].replace("other_", ""), bodies), []).append(found)
            errors.setdefault(("all", bodies), []).append(found)
    to = console()
    header(to, "turn of the camera, from the standing frames before the first repetition")
    rows = []
    for (name, bodies), group in sorted(errors.items()):
        e, said, roll = np.array(group).T
        z, inside = e / said, 100 * (np.abs(e) <= 1.96 * said).mean()
        numbers = f"{e.mean():+.1f}", f"{e.std():.1f}", f"{np.abs(e).max():.0f}", f"{np.sqrt((said**2).mean()):.1f}"
        numbers = (*numbers, f"{inside:.0f} %", f"{np.sqrt((z**2).mean()):.2f}", f"{np.sqrt(np.nanmean(roll**2)):.1f}")
        rows.append([name, bodies, len(e), *numbers])
    heads = ["view", "bodies", "clips", "mean", "sd", "worst", "sd said", "in 95 %", "z", "roll error"]
    show(
        to,
        "Yaw error; roll from the standing body (ankles to shoulders against vertical): degrees",
        heads,
        rows,
        left=2,
    )
    save(to, options.save)


if __name__ == "__main__":
    main()
