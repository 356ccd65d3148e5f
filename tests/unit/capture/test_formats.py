from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kneeline.capture.formats import open_log, read_openpose, read_trc
from kneeline.capture.points import match
from kneeline.model.errors import InputError
from kneeline.model.pose import INDEX, PoseSeries

NAMES = ["RHip", "RKnee", "RAnkle", "RBigToe", "RHeel", "LHip", "LKnee", "LAnkle", "LBigToe", "LHeel", "Neck"]
STANDING_M = np.array(  # x forward, y up, z to the right: as OpenSim has it
    [
        (0, 0.9, 0.1),
        (0.05, 0.5, 0.1),
        (0, 0.1, 0.1),
        (0.2, 0.0, 0.1),
        (-0.05, 0.03, 0.1),
        (0, 0.9, -0.1),
        (0.05, 0.5, -0.1),
        (0, 0.1, -0.1),
        (0.2, 0.0, -0.1),
        (-0.05, 0.03, -0.1),
        (0, 1.5, 0),
    ]
)


def trc_text(points: np.ndarray = STANDING_M, unit: str = "m", rows: int = 3, sep: str = "\t") -> str:
    heads = [
        sep.join(["PathFileType", "4", "(X/Y/Z)", "x.trc"]),
        sep.join(["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units"]),
        sep.join(["60", "60", str(rows), str(len(NAMES)), unit]),
        sep.join(["Frame#", "Time", *(f"{n}{sep}{sep}" for n in NAMES)]),
        sep.join(["", "", *(f"{a}{i + 1}" for i in range(len(NAMES)) for a in "XYZ")]),
        "",
    ]
    body = [sep.join([str(i + 1), str(i / 60), *(f"{v:.6f}" for v in points.ravel())]) for i in range(rows)]
    return "\n".join(heads + body) + "\n"


def at(series: PoseSeries, name: str) -> np.ndarray:
    return series.xy[0, INDEX[name]]


def knee_flexion_deg(series: PoseSeries, side: str) -> np.ndarray:
    hip, knee, ankle = (series.xy[:, INDEX[f"{side}_{part}"]] for part in ("hip", "knee", "ankle"))
    u, v = knee - hip, ankle - knee
    return np.degrees(np.abs(np.arctan2(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0], (u * v).sum(axis=1))))


def test_metric_trc_is_seen_from_the_right_in_millimetres(tmp_path: Path) -> None:
    (tmp_path / "a.trc").write_text(trc_text())
    series, about = open_log(tmp_path / "a.trc")
    knee, toe, heel = at(series, "right_knee"), at(series, "right_foot_index"), at(series, "right_heel")
    hip = at(series, "right_hip")
    assert knee - hip == pytest.approx([50, 400], abs=1e-3)  # forward is right, down is down
    assert toe[0] - heel[0] == pytest.approx(250, abs=1e-3)
    assert (series.sd_px[np.isfinite(series.sd_px)] == 2.0).all()
    assert np.isnan(at(series, "nose")).all()
    assert about.fps_median == pytest.approx(60)
    assert "1 px is 1 mm" in about.warnings[0]
    assert (series.xy[np.isfinite(series.xy)] > 0).all()


def test_frontal_plane_puts_the_persons_left_on_the_right(tmp_path: Path) -> None:
    (tmp_path / "a.trc").write_text(trc_text())
    series, _ = open_log(tmp_path / "a.trc", plane="frontal")
    assert at(series, "left_hip") - at(series, "right_hip") == pytest.approx([200, 0], abs=1e-3)


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1000), ("cm", 100)])
def test_units_are_read(tmp_path: Path, unit: str, factor: float) -> None:
    (tmp_path / "a.trc").write_text(trc_text(STANDING_M * factor, unit))
    assert open_log(tmp_path / "a.trc")[0].xy[0, INDEX["right_knee"]] - open_log(tmp_path / "a.trc")[0].xy[
        0, INDEX["right_hip"]
    ] == pytest.approx([50, 400], abs=0.1)


@pytest.mark.parametrize("up", [1, 2])
def test_up_may_be_any_axis(tmp_path: Path, up: int) -> None:
    points = STANDING_M if up == 1 else STANDING_M[:, [0, 2, 1]] * (1, -1, 1)
    (tmp_path / "a.trc").write_text(trc_text(points))
    series, _ = open_log(tmp_path / "a.trc")
    assert at(series, "right_knee") - at(series, "right_hip") == pytest.approx([50, 400], abs=1e-3)


def test_dialects_with_commas_padding_and_blanks(tmp_path: Path) -> None:
    text = trc_text(sep=",").replace("PathFileType,4,", "PathFileType  4\t").replace(",0.050000", ",")
    (tmp_path / "a.trc").write_text(text + "\n\n")
    series, _ = open_log(tmp_path / "a.trc")
    assert len(series) == 3
    assert np.isnan(at(series, "right_knee")).all()
    assert np.isfinite(at(series, "right_hip")).all()


def test_zero_points_are_absent(tmp_path: Path) -> None:
    points = STANDING_M.copy()
    points[1] = 0
    (tmp_path / "a.trc").write_text(trc_text(points))
    assert np.isnan(at(open_log(tmp_path / "a.trc")[0], "right_knee")).all()


def test_pixel_trc_that_says_metres_stays_in_pixels(tmp_path: Path) -> None:
    points = np.column_stack([STANDING_M[:, 0] * 300 + 400, 500 - STANDING_M[:, 1] * 300, np.zeros(len(NAMES))])
    (tmp_path / "walk.trc").write_text(trc_text(points))
    series, about = open_log(tmp_path / "walk.trc")
    assert at(series, "right_hip") == pytest.approx(points[0, :2])
    assert np.isnan(series.confidence).all(), "the file says none"
    assert about.pose_model.startswith("unknown")
    assert (about.width_px, about.height_px) == (460, 500)


def test_trc_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.trc").write_text("hello\nworld\n")
    with pytest.raises(InputError, match="no line that names its points"):
        read_trc(tmp_path / "a.trc")
    (tmp_path / "b.trc").write_text(trc_text(rows=0))
    with pytest.raises(InputError, match="no rows"):
        read_trc(tmp_path / "b.trc")
    (tmp_path / "c.trc").write_text(trc_text().replace("Hip", "Foo").replace("Knee", "Bar").replace("Ankle", "Baz"))
    with pytest.raises(InputError, match="hip, knee or ankle"):
        read_trc(tmp_path / "c.trc")


def test_names_of_many_tools_are_understood() -> None:
    for names in (["LKnee", "RHeel"], ["left_knee", "right heel"], ["LKNE", "RHEE"], ["kneeL", "HeelRight"]):
        assert match(names) == {"left_knee": [0], "right_heel": [1]}, names
    assert match(["r_knee", "r_mknee"]) == {"right_knee": [0, 1]}
    assert match(["RKnee", "r_knee_study", "r_mknee_study"]) == {"right_knee": [0]}
    assert match(["Neck", "Hip", "Head", "LKneeAngles"]) == {}


def openpose_folder(folder: Path, people: int = 1, first: int = 0) -> Path:
    folder.mkdir()
    for i in range(first, first + 4):
        persons = []
        for p in range(people):
            points = np.zeros((25, 3))
            points[:, 0], points[:, 1], points[:, 2] = 100 + 300 * p + i, np.linspace(50, 400 - 100 * p, 25), 0.8
            points[11] = 0
            persons.append({"pose_keypoints_2d": points.ravel().tolist()})
        if i % 2:
            persons.reverse()
        (folder / f"clip_{i:012d}_keypoints.json").write_text(json.dumps({"people": persons}))
    return folder


def test_openpose_folder_follows_one_person_and_says_what_it_assumed(tmp_path: Path) -> None:
    series, about = open_log(openpose_folder(tmp_path / "json", people=2))
    assert series.xy[:, INDEX["nose"], 0].tolist() == [100, 101, 102, 103]
    assert np.isnan(series.xy[:, INDEX["right_ankle"]]).all()
    assert series.confidence[0, INDEX["nose"]] == pytest.approx(0.8)
    assert about.fps_median == pytest.approx(30)
    assert "30 pictures per second were assumed" in about.warnings[0]
    _, timed = read_openpose(tmp_path / "json", fps=60)
    assert timed.fps_median == pytest.approx(60)
    assert timed.warnings == ()


def test_openpose_frame_numbers_give_the_times(tmp_path: Path) -> None:
    folder = openpose_folder(tmp_path / "json", first=8)  # 8, 9, 10, 11: must sort as numbers
    (folder / "clip_000000000009_keypoints.json").unlink()
    series, _ = open_log(folder, fps=10)
    assert series.t_s.tolist() == pytest.approx([0, 0.2, 0.3])


def test_openpose_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no OpenPose keypoints"):
        open_log(tmp_path / "empty")
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be read as OpenPose"):
        open_log(tmp_path / "a.json")


def test_what_is_no_log_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    with pytest.raises(InputError, match="no log that kneeline can read"):
        open_log(tmp_path / "a.mp4")
    with pytest.raises(InputError, match="no file"):
        open_log(tmp_path / "b.trc")


def test_movement_netcdf(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray", reason="the extra `formats` is not installed")
    pytest.importorskip("h5py", reason="the extra `formats` is not installed")
    rng = np.random.default_rng(0)
    position = rng.uniform(0, 500, (5, 2, 3, 2))
    position[2:, :, :, 0] = np.nan  # the first individual leaves
    names = ["left_knee", "left_hip", "left_ankle"]
    data = xarray.Dataset(
        {
            "position": (("time", "space", "keypoints", "individuals"), position),
            "confidence": (("time", "keypoints", "individuals"), np.full((5, 3, 2), 0.7)),
        },
        coords={"time": np.arange(5) / 25, "space": ["x", "y"], "keypoints": names, "individuals": ["a", "b"]},
        attrs={"fps": 25, "time_unit": "seconds", "source_software": "DeepLabCut"},
    )
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    series, about = open_log(tmp_path / "a.nc")
    np.testing.assert_allclose(series.xy[:, INDEX["left_knee"]], position[:, :, 0, 1])
    assert about.pose_model == "DeepLabCut"
    assert about.fps_median == pytest.approx(25)
    data.drop_vars("position").to_netcdf(tmp_path / "b.nc", engine="h5netcdf")
    with pytest.raises(InputError, match="no poses dataset"):
        open_log(tmp_path / "b.nc")


def movement_3d(path: Path, points: np.ndarray, **attrs: str) -> Path:
    """A file of movement with the standing points, three times."""
    xarray = pytest.importorskip("xarray", reason="the extra `formats` is not installed")
    pytest.importorskip("h5py", reason="the extra `formats` is not installed")
    position = xarray.DataArray(
        np.repeat(points.T[None], 3, axis=0), dims=("time", "space", "keypoints"), attrs=attrs
    )  # (time, space, keypoints)
    coords = {"time": np.arange(3) / 60, "space": ["x", "y", "z"], "keypoints": NAMES}
    data = xarray.Dataset({"position": position}, coords=coords, attrs={"time_unit": "seconds"})
    data.to_netcdf(path, engine="h5netcdf")
    return path


@pytest.mark.parametrize(("factor", "attrs", "guessed"), [(1, {}, "m"), (1000, {}, "mm"), (100, {"units": "cm"}, "")])
def test_movement_in_space_is_read_in_its_unit_or_the_one_a_person_fits(
    tmp_path: Path, factor: float, attrs: dict[str, str], guessed: str
) -> None:
    series, about = open_log(movement_3d(tmp_path / "a.nc", STANDING_M * factor, **attrs))
    assert at(series, "right_knee") - at(series, "right_hip") == pytest.approx([50, 400], abs=1e-3)
    assert any(w.endswith(f"says {guessed}.") for w in about.warnings) == bool(guessed)


def test_movement_in_space_without_a_unit_that_fits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no unit of length"):
        open_log(movement_3d(tmp_path / "a.nc", STANDING_M * 7))


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ezc3d", None)
    (tmp_path / "a.c3d").write_bytes(b"\x02\x50" + bytes(600))
    with pytest.raises(InputError, match=r"kneeline\[formats\]"):
        open_log(tmp_path / "a.c3d")


def test_c3d_of_a_real_walk(shared: Path) -> None:
    pytest.importorskip("ezc3d", reason="the extra `formats` is not installed")
    series, about = open_log(shared / "mocap" / "kineticstoolkit" / "walk.c3d")
    assert len(series) == 221
    assert about.fps_median == pytest.approx(100)
    flexion = knee_flexion_deg(series, "left")
    assert 50 < np.nanmax(flexion) < 75
    assert np.nanmedian(series.xy[:, INDEX["left_foot_index"], 0] - series.xy[:, INDEX["left_heel"], 0]) > 100


def test_c3d_that_is_none(tmp_path: Path) -> None:
    pytest.importorskip("ezc3d", reason="the extra `formats` is not installed")
    (tmp_path / "a.c3d").write_bytes(b"\x02\x50" + bytes(600))
    with pytest.raises(InputError, match="cannot be read as C3D"):
        open_log(tmp_path / "a.c3d")


def test_real_squats_agree_with_the_published_knee_angles(shared: Path) -> None:
    """OpenCap subject 4: sagittal projection of the markers against the expert's OpenSim solution."""
    folder = shared / "mocap" / "opencap_subject4"
    series, _ = open_log(folder / "squats1.trc")
    lines = (folder / "squats1_manual_scaling_ik.mot").read_text().splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("time"))
    table = np.array([[float(v) for v in line.split()] for line in lines[head + 1 :]])
    turn = 1.0 if any("inDegrees=yes" in line for line in lines[:head]) else 180 / np.pi
    true = table[:, lines[head].split().index("knee_angle_r")] * turn
    seen = knee_flexion_deg(series, "right")
    assert np.corrcoef(seen, true[: len(seen)])[0, 1] > 0.99
    assert abs(np.nanmedian(seen - true[: len(seen)])) < 8


def test_every_trc_at_hand_can_be_read(shared: Path) -> None:
    files = sorted((shared / "mocap").rglob("*.trc"))
    assert files
    for path in files:
        series, about = open_log(path)
        assert len(series) > 0
        legs = [INDEX[f"{s}_{p}"] for s in ("left", "right") for p in ("hip", "knee", "ankle", "heel", "foot_index")]
        assert np.isfinite(series.xy[:, legs]).mean() > 0.9, path
        assert 300 < about.height_px < 3000, path
