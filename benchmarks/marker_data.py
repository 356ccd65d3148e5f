"""Recordings of real people with markers: 3-D points, expert joint angles beside them, and a camera to look through.

The folder `mocap` of the shared recordings (its README says where each file is from). Lengths in metres, y up; angles
in degrees with kneeline's signs: flexion positive, hip drop positive when the right side is lower.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kneeline.capture.calibration import calibration_for
from kneeline.capture.points import match
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries

Array = npt.NDArray[np.float64]

TRUE_SD_PX = 0.5
"""Error that points without noise are said to have, in pixels."""
NOISE_S = 0.2
"""How long added noise remembers itself; a pose model's errors of neighbouring pictures are alike."""
KNEE_HALF_M, ANKLE_HALF_M = 0.05, 0.035
"""Half widths of a knee and an ankle: markers lie on the outside, joints in the middle. House defaults."""
TURNS = ("_tx", "_ty", "_tz", "_beta")
"""Columns of a solution that end so are no angles."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One movement of one person.

    points: (n, 33, 3) metres, y up, NaN where there is no twin. expert, second: kneeline's signal column -> (n,)
    degrees by two solutions of the same markers; `second` is empty where there is one only.
    """

    name: str
    t_s: Array
    points: Array
    expert: Mapping[str, Array]
    second: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Camera:
    """A level camera on a circle around the person: how far, how high (m), focal length and picture (px)."""

    distance_m: float = 3.0
    height_m: float = 1.0
    focal_px: float = 1500.0
    width_px: int = 1080
    height_px: int = 1920


def trials(folder: Path) -> Iterator[Trial]:
    """Every trial that has joint angles beside its points."""
    for name in ("squats1", "STS1", "walking1"):
        yield _opencap(folder / "opencap_subject4", name)
    yield _balance(folder / "pose2sim_balancing")
    walk = _walk(folder / "kineticstoolkit" / "walk.c3d")
    if walk is not None:
        yield walk


def read_trc_points(path: Path) -> tuple[Array, list[str], Array]:
    """Times (n,), names and points (n, m, 3) of a metric TRC file in metres; blanks are NaN.

    Raises: ValueError when it has no line of names or no rows.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    head = next((i for i, line in enumerate(lines[:10]) if line.startswith("Frame#")), None)
    if head is None:
        raise ValueError(f"{path.name} has no line that names its points")
    about = dict(zip(lines[head - 2].split("\t"), lines[head - 1].split("\t"), strict=False))
    names = [cell.strip() for cell in lines[head].split("\t")[2:] if cell.strip()]
    width = 2 + 3 * len(names)
    rows = [
        [float(cell) if cell.strip() else np.nan for cell in (line.split("\t") + [""] * width)[:width]]
        for line in lines[head + 2 :]
        if re.match(r"\s*\d", line)
    ]
    if not rows:
        raise ValueError(f"{path.name} has no rows of numbers")
    table = np.array(rows)
    scale = {"m": 1.0, "mm": 0.001}[about.get("Units", "m").strip()]
    return table[:, 1], names, table[:, 2:].reshape(len(table), len(names), 3) * scale


def read_mot(path: Path) -> dict[str, Array]:
    """Columns of a MOT file by name, angles in degrees: the header says whether the file holds degrees or radians.

    Raises: ValueError when the header says neither, or the rows do not fit the names.
    """
    head, found, body = path.read_text(encoding="utf-8", errors="replace").partition("endheader")
    said = re.search(r"^inDegrees\s*=\s*(yes|no)\s*$", head, re.MULTILINE | re.IGNORECASE)
    if not found or said is None:
        raise ValueError(f"{path.name} does not say whether it holds degrees or radians")
    lines = body.strip().splitlines() or [""]
    names = lines[0].split()
    rows = [[float(cell) for cell in line.split()] for line in lines[1:]]
    if not rows or any(len(row) != len(names) for row in rows):
        raise ValueError(f"{path.name} has rows that do not fit its names")
    table = np.array(rows)
    radians = said.group(1).lower() == "no"
    return {
        name: np.degrees(column) if radians and name != "time" and not name.endswith(TURNS) else column
        for name, column in zip(names, table.T, strict=True)
    }


def _opencap(folder: Path, name: str) -> Trial:
    t_s, names, xyz = read_trc_points(folder / f"{name}.trc")
    points = _inside(_keypoints(names, xyz))
    expert = _opensim(read_mot(folder / f"{name}_manual_scaling_ik.mot"), t_s)
    second = _opensim(read_mot(folder / f"{name}_ik.mot"), t_s)
    label = {"squats1": "squat", "STS1": "sit to stand", "walking1": "walking"}[name]
    return Trial(label, t_s, points, expert, second)


def _balance(folder: Path) -> Trial:
    t_s, names, xyz = read_trc_points(folder / "S00_P00_T01_BalancingTrial_0-100_filt_butterworth.trc")
    expert = _opensim(read_mot(folder / "IK_LSTM_df99cfc.mot"), t_s)
    second = _opensim(read_mot(folder / "IK_body25b_f3b0184.mot"), t_s)
    return Trial("losing balance", t_s, _keypoints(names, xyz), expert, second)


def _walk(path: Path) -> Trial | None:
    """Walking with the angles of the Conventional Gait Model; None without the package that reads C3D."""
    try:
        import ezc3d
    except ImportError:
        return None
    file = ezc3d.c3d(str(path))
    labels = list(file["parameters"]["POINT"]["LABELS"]["value"])
    xyz = np.transpose(file["data"]["points"][:3], (2, 1, 0)).astype(float)
    angle = {label: xyz[:, labels.index(label)] for label in ("LKneeAngles", "RKneeAngles", "LPelvisAngles")}
    points = _keypoints(labels, xyz[:, : len(labels)] / 1000.0)
    points = np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)  # z is up in this file
    expert = {
        "knee_flexion_left_deg": angle["LKneeAngles"][:, 0],
        "knee_flexion_right_deg": angle["RKneeAngles"][:, 0],
        "pelvic_drop_deg": angle["LPelvisAngles"][:, 1],
    }
    rate = float(file["parameters"]["POINT"]["RATE"]["value"][0])
    return Trial("walking (gait model)", np.arange(len(points)) / rate, points, expert, {})


def _opensim(columns: Mapping[str, Array], t_s: Array) -> dict[str, Array]:
    """What kneeline has a signal for, at the times of the points."""
    angles = {
        "knee_flexion_left_deg": columns["knee_angle_l"],
        "knee_flexion_right_deg": columns["knee_angle_r"],
        "pelvic_drop_deg": obliquity_deg(*(columns[f"pelvis_{turn}"] for turn in ("tilt", "list", "rotation"))),
    }
    return {name: np.interp(t_s, columns["time"], angle) for name, angle in angles.items()}


def obliquity_deg(tilt: Array, list_: Array, rotation: Array) -> Array:
    """How far the pelvis' right side is lower than its left, from OpenSim's three angles, all in degrees.

    They turn about the room's axes in the order z, x, y, so that list is obliquity only for somebody who faces along x:
    for a person turned by 90 degrees it is their forward tilt.

    >>> float(obliquity_deg(np.array([0.0]), np.array([5.0]), np.array([0.0])).round(6)[0])
    5.0
    >>> float(obliquity_deg(np.array([0.0]), np.array([5.0]), np.array([90.0])).round(6)[0])
    0.0
    """
    z, x, y = (np.radians(angle) for angle in (tilt, list_, rotation))
    rise = np.sin(z) * np.sin(y) - np.cos(z) * np.sin(x) * np.cos(y)  # of the axis to the person's right
    return np.asarray(np.degrees(np.arcsin(-rise)))


def _keypoints(names: list[str], xyz: Array) -> Array:
    points = np.full((len(xyz), len(KEYPOINTS), 3), np.nan)
    for keypoint, at in match(names).items():
        points[:, INDEX[keypoint]] = xyz[:, at].mean(axis=1)
    return points


def _inside(points: Array) -> Array:
    """The points with knees and ankles moved from the skin's outer side to the middle of the joint."""
    moved = points.copy()
    hips = points[:, INDEX["left_hip"]] - points[:, INDEX["right_hip"]]
    for side, inwards in (("left", -1.0), ("right", 1.0)):
        shank = points[:, INDEX[f"{side}_ankle"]] - points[:, INDEX[f"{side}_knee"]]
        shank /= np.linalg.norm(shank, axis=1, keepdims=True)
        axis = hips - (hips * shank).sum(axis=1, keepdims=True) * shank
        axis /= np.linalg.norm(axis, axis=1, keepdims=True)
        for joint, half in (("knee", KNEE_HALF_M), ("ankle", ANKLE_HALF_M)):
            moved[:, INDEX[f"{side}_{joint}"]] += inwards * half * axis
    return moved


def directions(points: Array) -> tuple[Array, Array, Array]:
    """Unit vectors to the person's left, up and forward, of the mean over the recording."""
    hips = np.nanmean(points[:, INDEX["left_hip"]] - points[:, INDEX["right_hip"]], axis=0)
    left = np.array([hips[0], 0.0, hips[2]])
    left /= np.linalg.norm(left)
    up = np.array([0.0, 1.0, 0.0])
    return left, up, np.cross(left, up)


def filmed(trial: Trial, yaw_deg: float, camera: Camera, noise: np.random.Generator | None = None) -> PoseSeries:
    """The trial's points as a camera sees them that stands at this turn (0 = front, 90 = the person's right side).

    noise: where given, a pose model's error as calibrated at high confidence is added, alike in neighbouring frames.
    """
    left, up, forward = directions(trial.points)
    turn = np.radians(yaw_deg)
    out = np.cos(turn) * forward - np.sin(turn) * left  # from the person to the camera
    hips = np.nanmean(trial.points[:, [INDEX["left_hip"], INDEX["right_hip"]]], axis=(0, 1))
    floor = float(np.nanmin(trial.points[..., 1]))
    place = np.array([hips[0], floor + camera.height_m, hips[2]]) + camera.distance_m * out
    seen = trial.points - place
    depth = -(seen @ out)
    xy = np.stack([seen @ np.cross(-out, up), -(seen @ up)], axis=-1) * camera.focal_px / depth[..., None]
    xy += np.array([camera.width_px, camera.height_px]) / 2
    return _series(trial.t_s, xy, noise)


def flat(trial: Trial, yaw_deg: float) -> PoseSeries:
    """The points without perspective, 1 px is 1 mm, seen from the front (0), the person's right (90) or left (-90)."""
    left, up, forward = directions(trial.points)
    across = np.cos(np.radians(yaw_deg)) * left + np.sin(np.radians(yaw_deg)) * forward
    return _series(trial.t_s, np.stack([trial.points @ across, -(trial.points @ up)], axis=-1) * 1000.0, None)


def _series(t_s: Array, xy: Array, noise: np.random.Generator | None) -> PoseSeries:
    there = np.isfinite(xy[..., 0])
    sd = np.where(there, TRUE_SD_PX, np.nan)
    sure = np.where(there, 1.0, np.nan)
    if noise is not None:
        sd = calibration_for("blazepose-full").sd_px(xy, sure)
        keep = np.exp(-np.median(np.diff(t_s)) / NOISE_S)
        error = noise.standard_normal(xy.shape)
        for i in range(1, len(error)):
            error[i] = keep * error[i - 1] + np.sqrt(1 - keep**2) * error[i]
        xy = xy + error * sd[..., None]
    return PoseSeries(t_s, xy, sd, sure, np.ones(len(t_s), dtype=np.int64))
