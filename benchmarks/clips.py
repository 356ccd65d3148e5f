"""Recordings with truth, as the benchmarks need them: keypoints in, what was really done beside them.

Shared recordings lie where KNEELINE_SHARED says, else in `../shared` beside the repository (the README there says what
they are). Keypoints of videos are kept as pose logs in a cache folder, NAME.parquet, because the pose model takes
longer than all the rest; empty the folder when the pose model changes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kneeline.capture.poselog import read_pose_log, write_pose_log
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries

FIT_BODIES = ("f_avg", "m_tall", "f_heavy")
"""Bodies that keypoint errors are calibrated on (calibrate_keypoints.py); all others only report."""
LEFT_OUT = Path(__file__).parent / "results" / "errors_left_out.json"
"""body -> "pose model, signal" -> the error fitted without that body (errors.py writes it, accuracy.py uses it)."""
TRUE_SD_PX = 0.5
"""Error that the projected true joints are said to have; no tracker is better than half a pixel."""

RENDERED = {
    "calf_raise": "calf_raise_ball_squeeze",
    "single_calf_raise": "heel_raise_single",
    "tke": "terminal_knee_extension",
    "hip_abduction": "banded_single_leg_stand",
    "sls": "squat_single_leg",
    "step_down": "step_down",
}
VIEWS = {"other_side": "far side", "other_oblique": "oblique"}
"""Views by another name here: from the far side the working leg is behind the other one."""
REAL = (  # words in the truth's own description -> what it is run as; walking and running are nothing we count
    ("calf raise", "heel_raise_double"),
    ("lunge", "lunge"),
    ("step-up", "step_up"),
    ("hip abduction", "hip_abduction_standing"),
    ("squat", "squat_double"),
)


@dataclass(frozen=True, slots=True)
class TrueRep:
    """One repetition as it really was, in seconds. Real recordings know the peak only, rendered ones the whole top.

    faults: kinds injected by the renderer.
    """

    start_s: float
    top_start_s: float
    top_end_s: float
    end_s: float
    faults: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording with what is known about it.

    exercise: what it is run as; "" where it holds no exercise, so that whatever is counted is wrong.
    side: the trained leg, "" where the truth does not say. bodies: "fit", "report" or "" (a real person).
    seen: keypoints by the pose model. perfect: the projected true joints, None for real recordings.
    """

    name: str
    kind: str
    exercise: str
    view: str
    side: str
    bodies: str
    reps: tuple[TrueRep, ...]
    seen: PoseSeries
    perfect: PoseSeries | None = None
    note: str = field(default="", compare=False)


def shared_folder() -> Path:
    """Folder with the shared recordings; exits with a sentence when there is none."""
    folder = Path(os.environ.get("KNEELINE_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not (folder / "recordings").is_dir():
        raise SystemExit(f"No recordings: set KNEELINE_SHARED to a folder with recordings/ (looked in {folder}).")
    return folder


def default_cache() -> Path:
    """Where pose logs of videos are kept unless told otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kneeline-benchmarks"


def real_clips(shared: Path, cache: Path, make: bool) -> Iterator[Clip]:
    """Pose logs of real videos, and real videos."""
    for path in sorted((shared / "recordings" / "poselogs").glob("*.json")):
        yield _real(path.stem, _json(path), read_pose_log(path.with_suffix(".parquet"))[0])
    for path in sorted((shared / "recordings" / "real").glob("*/truth.json")):
        videos = sorted(p for p in path.parent.iterdir() if p.suffix in (".mp4", ".gif"))
        for video in videos:
            name = path.parent.name + (f"-{video.stem}" if len(videos) > 1 else "")
            series = log_of(video, name, cache, make)
            if series is not None:
                yield _real(name, _json(path), series, video.stem)


def rendered_clips(folder: Path, cache: Path, make: bool) -> Iterator[Clip]:
    """Rendered people with exact truth: NAME.mp4 beside NAME.json."""
    for path in sorted(folder.glob("*.json")):
        video = path.with_suffix(".mp4")
        series = log_of(video, path.stem, cache, make) if video.exists() else None
        if series is None:
            continue
        data = _json(path)
        exercise = RENDERED[data["exercise"]]
        yield Clip(
            name=path.stem,
            kind="rendered",
            exercise=exercise,
            view=VIEWS.get(data["view"], data["view"]),
            side="both" if exercise == "calf_raise_ball_squeeze" else {"L": "left", "R": "right"}[data["lead_side"]],
            bodies="fit" if data["body"] in FIT_BODIES else "report",
            reps=tuple(
                TrueRep(r["start"], r["hold_start"], r["hold_end"], r["end"], frozenset(r["faults"]))
                for r in data["reps"]
            ),
            seen=series,
            perfect=_perfect(data, series),
        )


def log_of(video: Path, name: str, cache: Path, make: bool) -> PoseSeries | None:
    """Keypoints of a video from the cache, made with the real pose model when they are not there and `make` says so."""
    log = cache / f"{name}.parquet"
    if not log.exists():
        if not make:
            return None
        from kneeline.capture.follow import read_video  # large, and not needed when every log is there
        from kneeline.capture.pose_model import open_pose_model

        model = open_pose_model()
        cache.mkdir(parents=True, exist_ok=True)
        series, about = read_video(video, model)
        write_pose_log(log, series, about, model.version)
    return read_pose_log(log)[0]


def _real(name: str, data: dict[str, Any], series: PoseSeries, video: str = "") -> Clip:
    described = data["exercise"]
    view = data.get("views", {}).get(video) or data["view"]
    return Clip(
        name=name,
        kind="real",
        exercise=next((exercise for word, exercise in REAL if word in described), ""),
        view=view.split(" ")[0].split(",")[0],
        side="",
        bodies="",
        reps=tuple(_real_rep(rep, data, series) for rep in data["reps"] if "end_s" in rep or "end" in rep),
        seen=series,
        note=data.get("note", ""),
    )


def _real_rep(rep: dict[str, Any], data: dict[str, Any], series: PoseSeries) -> TrueRep:
    if "end_s" in rep:
        start, peak, end = rep["start_s"], rep["peak_s"], rep["end_s"]
    elif len(series) == data["frames"]:  # one row per picture: its own time, which GIFs and phones do not space evenly
        start, peak, end = (float(series.t_s[rep[key]]) for key in ("start", "peak", "end"))
    else:
        start, peak, end = (rep[key] / data["fps"] for key in ("start", "peak", "end"))
    return TrueRep(start, peak, peak, end)


def _perfect(data: dict[str, Any], series: PoseSeries) -> PoseSeries:
    """The projected true joints as if a pose model had found them: what an error-free 2-D tracker would give."""
    joints, skin = data["truth"]["joints2d"], data["truth"]["coco2d"]
    points = {name: skin[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")}
    for side, letter in (("left", "L"), ("right", "R")):
        points[f"{side}_foot_index"] = joints[f"toe_tip_{letter}"]
        for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel"):
            points[f"{side}_{part}"] = joints[f"{part}_{letter}"]
    n = min(len(series), data["frames"])
    xy = np.full((n, len(KEYPOINTS), 2), np.nan)
    for name, place in points.items():
        xy[:, INDEX[name]] = np.array(place)[:n]
    there = np.isfinite(xy[..., 0])
    return PoseSeries(
        series.t_s[:n],
        xy,
        np.where(there, TRUE_SD_PX, np.nan),
        np.where(there, 1.0, np.nan),
        np.ones(n, dtype=np.int64),
    )


def _json(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data
