"""kneeline and Sports2D on the same keypoints in one run: angles, hip drop and clock, side by side.

    python benchmarks/beside_sports2d.py [--cache DIR] [--make] [--save FILE]

Two recordings of real people. Squats: markers filmed from the person's right by a camera that does not exist, at the
rate of a phone (29.4 pictures a second), with joint angles by an expert beside them. Losing balance on one leg: the
keypoints that OpenPose found in a real video from the front; the true obliquity of the pelvis is from four cameras.
Both programs read the same TRC file of pixels, with their own defaults, and their answers are printed as they are.

Sports2D lives in an environment of its own, since it is large (1.7 GB): `--make` makes it in the cache folder
(`python -m venv DIR/sports2d && DIR/sports2d/bin/pip install sports2d`). Without it this script says so and stops.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

import tables
from clips import default_cache, shared_folder
from kneeline.capture.formats import read_trc
from kneeline.content.load import load, load_exercise
from kneeline.model.movement import SignalTrace
from kneeline.model.pose import INDEX, PoseSeries
from kneeline.model.quantity import Estimate
from kneeline.motion import Engine, refine
from marker_data import Array, Camera, Trial, filmed, read_mot, trials

PHONE_FPS = 29.4
NAMES = {
    "Hip": ("left_hip", "right_hip"),
    "Neck": ("left_shoulder", "right_shoulder"),
    **{
        f"{letter}{theirs}": (f"{side}_{ours}",)
        for letter, side in (("R", "right"), ("L", "left"))
        for theirs, ours in (
            ("Hip", "hip"),
            ("Knee", "knee"),
            ("Ankle", "ankle"),
            ("BigToe", "foot_index"),
            ("Heel", "heel"),
            ("Shoulder", "shoulder"),
            ("Elbow", "elbow"),
            ("Wrist", "wrist"),
        )
    },
}
"""Names of the TRC and the keypoints whose middle they are."""


@dataclass(frozen=True, slots=True)
class Beside:
    """One angle of one recording by both programs. Degrees; low and high are the range over the recording.

    apart: mean absolute difference between the two. true_low ... : from the expert's joint angles, NaN where unknown;
    off_ours, off_theirs: mean absolute difference from it.
    """

    recording: str
    angle: str
    ours_low: float
    ours_high: float
    theirs_low: float
    theirs_high: float
    true_low: float
    true_high: float
    apart: float
    off_ours: float
    off_theirs: float


def sports2d(python: Path, video: Path, trc: Path, side: str, folder: Path) -> dict[str, Array]:
    """Columns of the angles that Sports2D writes for keypoints in pixels, with its defaults, by name."""
    out = folder / f"out_{video.stem}_{side}"
    out.mkdir()
    options = {"--video_input": str(video), "--load_trc_px": str(trc), "--visible_side": side, "--result_dir": str(out)}
    off = ("show_realtime_results", "show_graphs", "save_graphs", "save_vid", "save_img", "to_meters", "make_c3d")
    words = [word for pair in options.items() for word in pair] + [w for o in off for w in (f"--{o}", "False")]
    done = subprocess.run(
        [str(python.parent / "sports2d"), *words],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    files = sorted(out.rglob("*.mot"))
    if done.returncode or not files:
        raise SystemExit(f"Sports2D did not finish on {trc.name}: {(done.stderr or done.stdout)[-600:]}")
    return {name.lower(): column for name, column in read_spaced_mot(files[0]).items()}


def read_spaced_mot(path: Path) -> dict[str, Array]:
    """A MOT file whose names hold blanks, as Sports2D writes them, divided by tabs."""
    text = path.read_text(encoding="utf-8")
    head, _, body = text.partition("endheader\n")
    names, _, rows = body.partition("\n")
    joined = "\t".join(name.strip().replace(" ", "_") for name in names.split("\t"))
    with tempfile.NamedTemporaryFile("w", suffix=".mot", encoding="utf-8") as file:
        file.write(f"{head}endheader\n{joined}\n{rows}")
        file.flush()
        return read_mot(Path(file.name))


def kneeline_on(trc: Path, turn_deg: float, exercise_id: str) -> SignalTrace:
    """Every signal of the same file; the turn of the camera is told, as Sports2D is told the side."""
    series, _ = read_trc(trc)
    library = load()
    exercise = load_exercise(exercise_id, library)
    engine = Engine(exercise, library)
    engine.push(series)
    engine.finish()
    result = engine.result()
    result = replace(result, view=replace(result.view, yaw_deg=Estimate(turn_deg, 0.0, "deg")))
    return refine(result, series, exercise, library)[1]


def write_trc(path: Path, series: PoseSeries) -> None:
    """Keypoints in pixels as Sports2D and Pose2Sim name and lay them out."""
    columns = [series.xy[:, [INDEX[k] for k in parts]].mean(axis=1) for parts in NAMES.values()]
    rate = 1.0 / float(np.median(np.diff(series.t_s)))
    heads = ("DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units")
    values = (f"{rate:.4f}", f"{rate:.4f}", str(len(series)), str(len(NAMES)), "m")
    more = (f"{rate:.4f}", "0", str(len(series)))
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "\t".join((*heads, "OrigDataRate", "OrigDataStartFrame", "OrigNumFrames")),
        "\t".join((*values, *more)),
        "Frame#\tTime\t" + "\t\t\t".join(NAMES) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{i + 1}" for i in range(len(NAMES)) for axis in "XYZ"),
    ]
    for i, t_s in enumerate(series.t_s):
        cells = "\t".join(f"{column[i, 0]:.4f}\t{column[i, 1]:.4f}\t0.0" for column in columns)
        lines.append(f"{i}\t{t_s:.6f}\t{cells}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_video(path: Path, frames: int, fps: float, size: tuple[int, int]) -> None:
    """A grey video: Sports2D takes its clock from one, and the pictures do not matter."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    grey = np.full((size[1], size[0], 3), 128, dtype=np.uint8)
    for _ in range(frames):
        writer.write(grey)
    writer.release()


def at_rate(trial: Trial, fps: float) -> Trial:
    """The trial as a camera of that rate would see it, its angles with it."""
    t_s = np.arange(0.0, trial.t_s[-1], 1.0 / fps)
    flat = trial.points.reshape(len(trial.t_s), -1)
    points = np.stack([np.interp(t_s, trial.t_s, column) for column in flat.T], axis=1)
    expert = {name: np.interp(t_s, trial.t_s, angle) for name, angle in trial.expert.items()}
    return replace(trial, t_s=t_s, points=points.reshape(len(t_s), *trial.points.shape[1:]), expert=expert, second={})


def beside(recording: str, angle: str, ours: Array, theirs: Array, true: Array | None) -> Beside:
    """Both answers frame by frame, as far as both have one."""
    n = min(len(ours), len(theirs))
    ours, theirs = ours[:n], theirs[:n]
    nothing = np.full(n, np.nan)
    truth = nothing if true is None else true[:n]

    def mean(difference: Array) -> float:
        return float(np.nanmean(np.abs(difference))) if np.isfinite(difference).any() else float("nan")

    low, high = (lambda a: float(np.nanmin(a)), lambda a: float(np.nanmax(a)))
    ends = [float("nan")] * 2 if true is None else [low(truth), high(truth)]
    pairs = (low(ours), high(ours), low(theirs), high(theirs), *ends)
    return Beside(recording, angle, *pairs, mean(ours - theirs), mean(ours - truth), mean(theirs - truth))


def squats(python: Path, trial: Trial, folder: Path) -> tuple[list[Beside], list[tuple[object, ...]]]:
    """Side view of squats: knee and trunk; and both clocks against the time that really passed."""
    camera, slower = Camera(), at_rate(trial, PHONE_FPS)
    series = filmed(slower, 90.0, camera)
    trc, video = folder / "squats_px.trc", folder / "squats.mp4"
    write_trc(trc, series)
    write_video(video, len(series), PHONE_FPS, (camera.width_px, camera.height_px))
    theirs = sports2d(python, video, trc, "right", folder)
    ours = kneeline_on(trc, 90.0, "squat_double")
    knee = ours.values["knee_flexion_right_deg"]
    rows = [
        beside(
            "squats, side", "knee flexion, right", knee, theirs["right_knee"], slower.expert["knee_flexion_right_deg"]
        ),
        beside("squats, side", "trunk forward", ours.values["trunk_pitch_deg"], 90.0 - theirs["trunk"], None),
    ]
    passed = [t - t[0] for t in (ours.t_s, theirs["time"], slower.t_s)]
    rows.append(beside("squats, side", "clock, seconds", *passed))
    true_s = float(passed[2][-1])
    clocks = [
        (name, f"{true_s:.3f}", f"{t[-1] - t[0]:.3f}", f"{round(100 * ((t[-1] - t[0]) / true_s - 1), 2) + 0.0:+.2f} %")
        for name, t in (("kneeline", ours.t_s), ("Sports2D", theirs["time"]))
    ]
    return rows, clocks


def balance(python: Path, trial: Trial, shared: Path, folder: Path) -> list[Beside]:
    """Front view of somebody losing balance: hip drop, shoulders and trunk as both programs print them."""
    lines = (shared / "mocap" / "pose2sim_balancing" / "cam02_x18_px.trc").read_text(encoding="utf-8").splitlines()
    trc = folder / "balance_px.trc"
    trc.write_text("\n".join(lines[: 5 + len(trial.t_s)]).replace("\t1800\t", f"\t{len(trial.t_s)}\t") + "\n")
    video = shared / "recordings" / "real" / "pose2sim-single-leg-4cam" / "cam02.mp4"
    ours = kneeline_on(trc, 0.0, "squat_double")
    rows = []
    for side in ("front", "none"):
        theirs = sports2d(python, video, trc, side, folder)
        name = f"balance, front; Sports2D told '{side}'"
        truth = trial.expert["pelvic_drop_deg"]
        rows.append(beside(name, "hip line against level", ours.values["pelvic_drop_deg"], theirs["pelvis"], truth))
        rows.append(beside(name, "shoulder line", ours.values["shoulder_drop_deg"], theirs["shoulders"], None))
        rows.append(beside(name, "trunk sideways", ours.values["trunk_lean_deg"], 90.0 - theirs["trunk"], None))
    return rows


def print_tables(rows: list[Beside], clocks: list[tuple[object, ...]], version: str) -> Console:
    to = tables.console()
    tables.header(to, f"beside Sports2D {version}, on the same keypoints, both with their defaults")
    heads = ("recording", "angle", "kneeline", "Sports2D", "expert", "apart", "kneeline off", "Sports2D off")

    def between(low: float, high: float) -> str:
        return "-" if np.isnan(low) else f"{low:.1f} to {high:.1f}"

    def one(value: float) -> str:
        return "-" if np.isnan(value) else f"{value:.1f}"

    lines = [
        (
            r.recording,
            r.angle,
            between(r.ours_low, r.ours_high),
            between(r.theirs_low, r.theirs_high),
            between(r.true_low, r.true_high),
            *map(one, (r.apart, r.off_ours, r.off_theirs)),
        )
        for r in rows
    ]
    tables.show(to, "Degrees: range over the recording, then mean absolute differences", heads, lines, left=2)
    heads = ("clock", "seconds that passed", "seconds it says", "drift")
    tables.show(to, f"Clock: {PHONE_FPS:g} pictures a second", heads, clocks)
    return to


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=default_cache() / "peers", help="the peers' environments")
    parser.add_argument("--make", action="store_true", help="make Sports2D's environment when it is not there")
    parser.add_argument("--save", type=Path, help="keep the tables here, and the rows beside them as CSV")
    options = parser.parse_args()
    python = options.cache / "sports2d" / "bin" / "python"
    if not python.exists():
        if not options.make:
            print(f"Sports2D is not there (looked for {python}): run this again with --make, which takes 1.7 GB.")
            return
        subprocess.run([sys.executable, "-m", "venv", str(options.cache / "sports2d")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "sports2d"], check=True)
    version = subprocess.run(
        [str(python), "-c", "from importlib.metadata import version; print(version('sports2d'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    shared = shared_folder()
    found = {trial.name: trial for trial in trials(shared / "mocap")}
    with tempfile.TemporaryDirectory() as scratch:
        rows, clocks = squats(python, found["squat"], Path(scratch))
        rows += balance(python, found["losing balance"], shared, Path(scratch))
    to = print_tables(rows, clocks, version)
    if options.save:
        tables.save(to, options.save)
        tables.write_rows(options.save.with_suffix(".csv"), rows)


if __name__ == "__main__":
    main()
