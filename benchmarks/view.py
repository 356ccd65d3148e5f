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
from kneeline.motion import view
from kneeline.motion.geometry import Geometry
from tables import console, header, save, show


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rendered", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    errors: dict[tuple[str, str], list[float]] = {}
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
            bodies = "fit" if truth["body"] in FIT_BODIES else "report"
            errors.setdefault((truth["view"].replace("other_", ""), bodies), []).append(error)
            errors.setdefault(("all", bodies), []).append(error)
    to = console()
    header(to, "turn of the camera, from the standing frames before the first repetition")
    rows = [
        [name, bodies, len(e), f"{np.mean(e):+.1f}", f"{np.std(e):.1f}", f"{np.abs(e).max():.0f}"]
        for (name, bodies), e in sorted(errors.items())
    ]
    show(to, "Yaw error, degrees", ["view", "bodies", "clips", "mean", "sd", "worst"], rows, left=2)
    save(to, options.save)


if __name__ == "__main__":
    main()
