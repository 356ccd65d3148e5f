"""Measure how far keypoints are off on rendered people with exact truth, and write a model's calibration table.

    python benchmarks/calibrate_keypoints.py CLIPS... [--model full] [--logs DIR] [--write]

CLIPS are folders with NAME.mp4 and NAME.json (truth.joints2d and truth.coco2d per picture). Bodies f_avg, m_tall and
f_heavy are fitted on; every other body only reports, and never enters the table.

Method. Per clip and keypoint the constant offset between landmark and true joint (the median) is taken away: it is a
convention, not noise. What is left, divided by the person's apparent size, is pooled per body part and confidence bin;
sd = sqrt(mean(min(|r|, 3 p68)^2)), p68 being the 68th percentile of |r|. Larger misses (one leg taken for the other)
are no noise: their rate is reported as `gross`. Each bin leans on a house prior worth 200 samples, sd never rises with
confidence (pooled where it would), and ends between 0.2 % and 10 %. `jitter` is the part of the error that changes from
one picture to the next: what a filter can remove. `memory` is the time after which an error is only 1/e alike itself:
as long as a phase, so that averaging one makes it hardly smaller.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kneeline.capture.calibration import PARTS, apparent_size, calibration_for, part_of
from kneeline.capture.follow import read_video
from kneeline.capture.pose_model import open_pose_model
from kneeline.capture.poselog import read_pose_log
from kneeline.model.pose import INDEX, KEYPOINTS

FIT_BODIES = ("f_avg", "m_tall", "f_heavy")
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.995)  # lower edges of the confidence bins
CONFIDENCE = tuple((low + high) / 2 for low, high in zip(EDGES, (*EDGES[1:], 1.0), strict=True))
PRIOR_N, PRIOR = 200, (3.0, 2.5, 2.0, 1.6, 1.3, 1.1, 1.0, 1.0, 1.0)  # times the part's sd over all bins
LEAST, MOST = 0.002, 0.10
FPS = 30  # of every rendered clip
DATA = Path(__file__).resolve().parents[1] / "src" / "kneeline" / "capture" / "data"
Rows = dict[str, list[tuple[Any, Any]]]  # part -> (residual (n, 2) as fraction of size, confidence (n,))


def true_points(clip: dict[str, Any]) -> dict[str, Any]:
    joints, coco = clip["truth"]["joints2d"], clip["truth"]["coco2d"]
    points = {"nose": np.array(coco["nose"])}
    for side, letter in (("left", "L"), ("right", "R")):
        points[f"{side}_ear"] = np.array(coco[f"{side}_ear"])
        points[f"{side}_foot_index"] = np.array(joints[f"toe_tip_{letter}"])
        for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel"):
            points[f"{side}_{part}"] = np.array(joints[f"{part}_{letter}"])
    return points


def series_of(video: Path, model: Literal["full", "heavy"], logs: Path | None) -> tuple[Any, Any]:
    """xy (n, 33, 2) and confidence (n, 33), from a pose log beside the work or from the model itself."""
    log = logs / f"{video.stem}.parquet" if logs else None
    if log and log.exists():
        series, _ = read_pose_log(log)
    else:
        series, _ = read_video(video, open_pose_model(model))
    return series.xy, series.confidence


def residuals(clip: dict[str, Any], xy: Any, confidence: Any) -> Rows:
    size = apparent_size(xy)[:, None]
    rows: Rows = defaultdict(list)
    for name, true in true_points(clip).items():
        n = min(len(true), len(xy))
        r = xy[:n, INDEX[name]] - true[:n]
        there = np.isfinite(r[:, 0])
        if there.any():
            r = (r - np.median(r[there], axis=0)) / size[:n]
            rows[part_of(name)].append((r[there], confidence[:n, INDEX[name]][there]))
    return rows


def robust_sd(r: Any) -> float:
    limit = 3 * np.percentile(np.abs(r), 68)
    return float(np.sqrt((np.minimum(np.abs(r), limit) ** 2).mean()))


def memory_s(clips: list[Any]) -> float:
    """Time after which the autocorrelation of the errors, over all clips, has fallen to 1/e; gross misses clipped."""
    limit = 3 * robust_sd(np.concatenate(clips))
    calm = [np.clip(one, -limit, limit) for one in clips]
    whole = sum(float((one**2).mean()) for one in calm)
    for lag in range(1, min(len(one) for one in calm) // 2):
        if sum(float((one[lag:] * one[:-lag]).mean()) for one in calm) < whole / np.e:
            return lag / FPS
    return float("nan")


def falling(values: list[float], weights: list[float]) -> list[float]:
    """The nearest sequence that never rises (pool adjacent violators on variances)."""
    blocks: list[list[float]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append([value**2, weight, 1])
        while len(blocks) > 1 and blocks[-1][0] > blocks[-2][0]:
            v, w, n = blocks.pop()
            last = blocks[-1]
            last[0], last[1], last[2] = (last[0] * last[1] + v * w) / (last[1] + w), last[1] + w, last[2] + n
    return [float(np.sqrt(v)) for v, _, n in blocks for _ in range(int(n))]


def fit(rows: Rows) -> dict[str, Any]:
    table, gross, count = {}, {}, {}
    for part in PARTS:
        r, c = (np.concatenate(x) for x in zip(*rows[part], strict=True))
        whole = robust_sd(r)
        at = np.digitize(c, EDGES) - 1
        sds, weights = [], []
        for i, factor in enumerate(PRIOR):
            mine = r[at == i]
            seen = robust_sd(mine) if len(mine) else 0.0
            n = len(mine)
            sds.append(float(np.sqrt((n * seen**2 + PRIOR_N * (factor * whole) ** 2) / (n + PRIOR_N))))
            weights.append(float(n + PRIOR_N))
        table[part] = [round(float(np.clip(s, LEAST, MOST)), 5) for s in falling(sds, weights)]
        expected = np.interp(c, CONFIDENCE, table[part])
        gross[part] = round(float((np.abs(r) > 5 * expected[:, None]).any(axis=1).mean()), 4)
        count[part] = len(r)
    return {"sd_frac": table, "gross": gross, "samples": count}


def report(rows: Rows, model: str, title: str) -> None:
    table = calibration_for(f"blazepose-{model}").table
    print(
        f"\n{title}\npart        samples   sd seen %   sd said %   rms z<=5   within 1 sd   gross   jitter %   memory s"
    )
    for part in PARTS:
        if not rows[part]:
            continue
        r, c = (np.concatenate(x) for x in zip(*rows[part], strict=True))
        column = next(i for i, k in enumerate(KEYPOINTS) if part_of(k) == part)
        said = table[(c * 1000).astype(int), column]
        z = np.abs(r) / said[:, None]
        steps = np.concatenate([np.diff(one, axis=0) for one, _ in rows[part]])
        kept = z[(z <= 5).all(axis=1)]
        print(
            f"{part:10s} {len(r):8d}   {100 * robust_sd(r):8.2f}   {100 * np.sqrt((said**2).mean()):8.2f}"
            f"   {np.sqrt((kept**2).mean()):8.2f}   {(z <= 1).mean():11.2f}   {(z > 5).any(axis=1).mean():5.3f}"
            f"   {100 * robust_sd(steps) / np.sqrt(2):8.2f}   {memory_s([one for one, _ in rows[part]]):8.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--model", choices=("full", "heavy"), default="full")
    parser.add_argument("--logs", type=Path, help="folder with pose logs NAME.parquet of this model, to save time")
    parser.add_argument("--write", action="store_true", help="write the table into the package")
    given = parser.parse_args()
    pools: dict[bool, Rows] = {True: defaultdict(list), False: defaultdict(list)}
    names: dict[bool, list[str]] = {True: [], False: []}
    for video in sorted(v for folder in given.clips for v in folder.glob("*.mp4") if v.with_suffix(".json").exists()):
        clip = json.loads(video.with_suffix(".json").read_text(encoding="utf-8"))
        fits = clip["body"] in FIT_BODIES
        for part, found in residuals(clip, *series_of(video, given.model, given.logs)).items():
            pools[fits][part] += found
        names[fits].append(video.stem)
    if given.write:
        about = {
            "model": f"blazepose-{given.model}",
            "made_by": "benchmarks/calibrate_keypoints.py",
            "basis": "rendered people only; each clip's constant offset removed; gross: share of misses beyond 5 sd",
            "fitted_on": names[True],
            "confidence": [round(c, 4) for c in CONFIDENCE],
            "outside_frac": MOST,
        }
        text = json.dumps(about | fit(pools[True]), indent=1)
        (DATA / f"blazepose-{given.model}.calibration.json").write_text(text + "\n", encoding="utf-8")
        calibration_for.cache_clear()
    report(pools[True], given.model, f"fitted on {len(names[True])} clips")
    report(pools[False], given.model, f"kept apart, {len(names[False])} clips: {', '.join(names[False])}")


if __name__ == "__main__":
    main()
