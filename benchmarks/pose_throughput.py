"""Pictures per second of the whole path (decode, detect, follow, keypoints) against the bare landmark model.

    python benchmarks/pose_throughput.py VIDEO [--rounds 3] [--model full] [--lengths 1,4]

The bare model is `invoke()` on one fixed crop, as often as the video has pictures, measured before and after each round
of the whole path in the same process, so that a busy machine disturbs both alike. The first seconds (loading) are left
out of neither. Memory is the peak of a fresh process that reads the video end to end once, then several times in a row.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from kneeline.capture.blazepose import BlazePose
from kneeline.capture.follow import pose_video
from kneeline.capture.pose_model import model_path
from kneeline.capture.video import open_video


def bare_s(model: BlazePose, pictures: int) -> float:
    net = model._landmarks._net
    start = time.perf_counter()
    for _ in range(pictures):
        net.invoke()
    return time.perf_counter() - start


def whole_s(model: BlazePose, path: Path) -> tuple[float, int]:
    start = time.perf_counter()
    with open_video(path) as video:
        n = sum(1 for _ in pose_video(video, model))
    return time.perf_counter() - start, n


def peak_mb(path: Path, times: int) -> float:
    """Peak resident memory of a fresh process that reads the video `times` times."""
    code = (
        "import resource, sys; from pathlib import Path; sys.path.insert(0, sys.argv[3]);"
        "import pose_throughput as b; m = b.BlazePose(b.model_path('full'));"
        "[b.whole_s(m, Path(sys.argv[1])) for _ in range(int(sys.argv[2]))];"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    here = str(Path(__file__).parent)
    args = [sys.executable, "-c", code, str(path), str(times), here]
    return float(subprocess.run(args, check=True, capture_output=True, text=True).stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", choices=("full", "heavy"), default="full")
    parser.add_argument("--lengths", default="1,4", help="how often the video is read for the memory table")
    given = parser.parse_args()
    model = BlazePose(model_path(given.model), given.model)
    _, n = whole_s(model, given.video)  # warm up, and count
    ratios = []
    print("round   bare ms   whole ms   whole/bare speed")
    for i in range(given.rounds):
        before = bare_s(model, n // 2)
        whole, _ = whole_s(model, given.video)
        bare = before + bare_s(model, n - n // 2)
        ratios.append(bare / whole)
        print(f"{i + 1:5d}   {1000 * bare / n:7.2f}   {1000 * whole / n:8.2f}   {ratios[-1]:16.3f}")
    print(f"median  {np.median(ratios):.3f} of the bare model's speed, {n} pictures")
    for times in (int(t) for t in given.lengths.split(",") if t):
        print(f"peak memory, video read {times} times: {peak_mb(given.video, times):.0f} MB")
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
