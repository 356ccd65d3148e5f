"""Replay measures keypoints and markers of other tools as it measures its own logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from makers import Run

from kneeline.content.load import load_exercise
from kneeline.content.schema import Given
from kneeline.model.pose import INDEX, KEYPOINTS
from kneeline.motion.figure import Performance, perform

SQUAT = "squat_double"
BODY_25 = (
    "nose",
    "",
    *(f"right_{part}" for part in ("shoulder", "elbow", "wrist")),
    *(f"left_{part}" for part in ("shoulder", "elbow", "wrist")),
    "",
    *(f"right_{part}" for part in ("hip", "knee", "ankle")),
    *(f"left_{part}" for part in ("hip", "knee", "ankle")),
    *("right_eye", "left_eye", "right_ear", "left_ear"),
    *("left_foot_index", "", "left_heel", "right_foot_index", "", "right_heel"),
)
"""Our keypoint at each place of an OpenPose body, "" where there is none."""


def squats(view: str = "right") -> Performance:
    """Three squats, 30 pictures a second."""
    given = Given(reps=3, lift_s=1.5, hold_s=0.5, lower_s=2.0, view=view)  # type: ignore[arg-type]
    return perform(load_exercise(SQUAT), given)


def write_trc(path: Path, t_s: np.ndarray, points: np.ndarray, unit: str) -> Path:
    """The points (n, 33, 3) as a TRC file."""
    head = [
        "PathFileType\t4\t(X/Y/Z)\tsquats.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits",
        f"30\t30\t{len(t_s)}\t{len(KEYPOINTS)}\t{unit}",
        "Frame#\tTime\t" + "\t\t\t".join(KEYPOINTS),
        "\t\t" + "\t".join(f"{axis}{i + 1}" for i in range(len(KEYPOINTS)) for axis in "XYZ"),
    ]
    rows = ["\t".join(map(str, [i + 1, t, *points[i].ravel()])) for i, t in enumerate(t_s)]
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


def metric_trc(folder: Path) -> list[object]:
    done = squats()
    return [write_trc(folder / "squats.trc", done.series.t_s, done.joints, "m")]


def pixel_trc(folder: Path) -> list[object]:
    done = squats()
    flat = np.concatenate([done.series.xy, np.zeros((*done.series.xy.shape[:2], 1))], axis=2)
    return [write_trc(folder / "squats_px.trc", done.series.t_s, flat, "m")]


def openpose(folder: Path) -> list[object]:
    done = squats()
    (folder / "json").mkdir()
    for i, xy in enumerate(done.series.xy):
        body = [[*xy[INDEX[name]], 0.9] if name else [0.0, 0.0, 0.0] for name in BODY_25]
        person = {"pose_keypoints_2d": np.array(body).ravel().tolist()}
        (folder / "json" / f"clip_{i:012d}_keypoints.json").write_text(json.dumps({"people": [person]}))
    return [folder / "json", "--fps", "30"]


def c3d(folder: Path) -> list[object]:
    ezc3d = pytest.importorskip("ezc3d", reason="the extra `formats` is not installed")
    done = squats()
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [30.0]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(KEYPOINTS)
    file["parameters"]["POINT"]["UNITS"]["value"] = ["m"]
    points = np.ones((4, len(KEYPOINTS), len(done.joints)))
    points[:3] = done.joints.transpose(2, 1, 0)
    file["data"]["points"] = points
    file.write(str(folder / "squats.c3d"))
    return [folder / "squats.c3d"]


def movement(folder: Path) -> list[object]:
    xarray = pytest.importorskip("xarray", reason="the extra `formats` is not installed")
    pytest.importorskip("h5py", reason="the extra `formats` is not installed")
    done = squats()
    position = ("time", "keypoints", "space"), done.series.xy
    confidence = ("time", "keypoints"), done.series.confidence
    coords = {"time": np.arange(len(done.series)), "keypoints": list(KEYPOINTS), "space": ["x", "y"]}
    data = xarray.Dataset({"position": position, "confidence": confidence}, coords, {"time_unit": "frames"})
    data.to_netcdf(folder / "squats.nc", engine="h5netcdf")
    return [folder / "squats.nc", "--fps", "30"]


def replayed(run: Run, *words: object) -> dict[str, Any]:
    ran = run("replay", *words, "-e", SQUAT, "--json", "-")
    assert (ran.code, ran.err) == (0, "")
    content: dict[str, Any] = json.loads(ran.out)
    return content


@pytest.mark.parametrize("write", [metric_trc, pixel_trc, openpose, c3d, movement], ids=lambda write: write.__name__)
def test_every_format_that_can_be_read_is_replayed(
    run: Run, tmp_path: Path, write: Callable[[Path], list[object]]
) -> None:
    content = replayed(run, *write(tmp_path))
    assert content["set"]["count"] == 3
    assert content["view"]["facing"] == "right"
    for rep in content["reps"]:
        assert rep["lower_s"]["value"] == pytest.approx(2.0, abs=0.35)
        assert rep["lift_s"]["value"] == pytest.approx(1.5, abs=0.35)
        assert rep["measures"]["peak_knee_flexion_deg"]["value"] == pytest.approx(90, abs=8)


def test_points_in_space_can_be_looked_at_from_the_front(run: Run, tmp_path: Path) -> None:
    content = replayed(run, *metric_trc(tmp_path), "--plane", "frontal")
    assert content["view"]["facing"] == "front"
    assert content["set"]["count"] == 3
    assert all("value" in rep["measures"]["fppa_peak_deg"] for rep in content["reps"])


def test_the_rate_that_is_given_sets_the_times_of_files_without(run: Run, tmp_path: Path) -> None:
    folder, *_ = openpose(tmp_path)
    slow = replayed(run, folder, "--fps", "15")
    assert slow["recording"]["fps_median"] == pytest.approx(15)
    assumed = replayed(run, folder)
    assert assumed["recording"]["fps_median"] == pytest.approx(30)
    assert any("30 pictures per second were assumed" in warning for warning in assumed["warnings"])


@pytest.mark.parametrize("words", [("--plane", "side"), ("--fps", "0"), ("--fps", "many")])
def test_a_plane_or_rate_that_cannot_be_is_refused(run: Run, calf_log: Path, words: tuple[str, str]) -> None:
    ran = run("replay", calf_log, "-e", SQUAT, *words)
    assert ran.code == 2
    assert words[0] in ran.sentence


def test_a_file_of_no_known_kind_says_which_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a letter")
    ran = run("replay", tmp_path / "a.txt", "-e", SQUAT)
    assert ran.code == 2
    for kind in ("Parquet", "TRC", "C3D", "NetCDF", "OpenPose"):
        assert kind in ran.sentence
