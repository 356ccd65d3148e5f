"""What we write is what the tools of the field read, and their angles of the same points are ours.

Needs the packages themselves (group `interop`; movement and Pose2Sim by hand); where one is absent, a test is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kneeline.capture.export import marker_name, write_points
from kneeline.capture.formats import open_log
from kneeline.capture.points import Plane
from kneeline.capture.poselog import read_pose_log
from kneeline.content.load import load, load_exercise
from kneeline.content.schema import Given
from kneeline.model.movement import Phase, SetResult, SetSummary, SignalTrace, View
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries, Recording
from kneeline.model.quantity import Estimate
from kneeline.motion import Engine, refine
from kneeline.motion.figure import perform
from kneeline.motion.geometry import Geometry
from kneeline.motion.signals import SIGNALS, Bearings, column_name, signal
from kneeline.report.opensim import coordinates
from kneeline.report.series import write_series

WHY = "the package is not installed (group `interop`)"
LOG = Path(__file__).parents[1] / "replay" / "terminal_knee_extension.parquet"
HOLE, LAST_GONE = 7, 9
"""Pictures without a left ankle, and without the last point of the row."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path) -> Iterator[None]:
    """A folder to work in: OpenSim leaves a log where it stands."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)


@pytest.fixture
def points(tmp_path: Path) -> tuple[PoseSeries, Path]:
    """Keypoints with two holes, and the path of their TRC file, without its ending."""
    series, about = read_pose_log(LOG)
    series = series[slice(0, 40)]
    series.xy[HOLE, INDEX["left_ankle"]] = np.nan
    series.xy[LAST_GONE, INDEX["right_foot_index"]] = np.nan
    write_points(tmp_path / "a.trc", series, replace(about, frames=40))
    return series, tmp_path / "a"


@pytest.fixture
def squats(tmp_path: Path) -> tuple[SignalTrace, dict[str, Path]]:
    """Signals of a squat seen from the right, and the files for OpenSim."""
    exercise, library = load_exercise("squat_double"), load()
    done = perform(exercise, Given(reps=2, lift_s=1.0, hold_s=0.3, lower_s=1.0, view="right"))
    engine = Engine(exercise, library)
    engine.push(done.series)
    engine.finish()
    result, trace = refine(engine.result(), done.series, exercise, library)
    about = Recording("squats.mp4", 720, 960, "blazepose-full", len(done.series), 5.0, 30.0)
    files = {kind: tmp_path / f"squats.{kind}" for kind in ("mot", "sto")}
    for path in files.values():
        write_series(path, trace, result, about, library.digest)
    return trace, files


def sagittal(series: PoseSeries) -> dict[str, np.ndarray]:
    """Our left knee and ankle, facing image right, (n,) degrees."""
    g, facing = Geometry(series), Bearings(1, 1, "left", 100.0, 200.0)
    return {name: signal(name, g, facing, "left") for name in ("knee_flexion", "ankle_dorsiflexion")}


def test_opensim_reads_our_trc(points: tuple[PoseSeries, Path]) -> None:
    opensim = pytest.importorskip("opensim", reason=WHY)
    series, path = points
    table = opensim.TimeSeriesTableVec3(f"{path}.trc")
    names = list(table.getColumnLabels())
    assert names == [marker_name(name) for name in KEYPOINTS]
    assert list(table.getIndependentColumn()) == series.t_s.tolist()
    assert table.getTableMetaDataString("Units") == "px"
    read = np.array([[row[i].to_numpy()[:2] for i in range(len(names))] for row in map(table.getRowAtIndex, range(40))])
    np.testing.assert_allclose(read, series.xy, atol=1e-4)
    assert opensim.MarkerData(f"{path}.trc").getNumFrames() == 40


def test_opensim_reads_our_motion_and_splines_it(squats: tuple[SignalTrace, dict[str, Path]]) -> None:
    opensim = pytest.importorskip("opensim", reason=WHY)
    trace, files = squats
    for path in files.values():
        table = opensim.TimeSeriesTable(str(path))
        assert list(table.getColumnLabels()) == ["knee_angle_r", "ankle_angle_r"]
        knee = table.getDependentColumn("knee_angle_r").to_numpy()
        np.testing.assert_allclose(knee, trace.values["knee_flexion_right_deg"], atol=1e-9)
        assert knee.max() > 60, "a bent knee is positive"
        storage = opensim.Storage(str(path))
        assert storage.isInDegrees()
        splines = opensim.GCVSplineSet(5, storage)
        assert splines.getSize() == 2
        assert np.isfinite(splines.get(0).calcValue(opensim.Vector(1, 2.0)))


def test_a_model_of_opensim_has_coordinates_of_these_names_and_senses() -> None:
    """Turning the pelvis and the femur by a joint as our signs say moves the points to the side that we say."""
    opensim = pytest.importorskip("opensim", reason=WHY)
    model = opensim.Model()
    pelvis, femur = (opensim.Body(name, 1.0, opensim.Vec3(0), opensim.Inertia(1)) for name in ("pelvis", "femur_r"))
    about_x = [opensim.Vec3(0), opensim.Vec3(0)]

    def pin(name: str, parent: Any, child: Any) -> Any:
        # A pin turns about z; its frames are turned so that z is the body's forward axis x.
        turned = opensim.Vec3(0, np.pi / 2, 0)
        joint = opensim.PinJoint(name, parent, about_x[0], turned, child, about_x[1], turned)
        joint.updCoordinate().setName(name)
        model.addJoint(joint)
        return joint

    model.addBody(pelvis)
    model.addBody(femur)
    pin("pelvis_list", model.getGround(), pelvis)
    pin("hip_adduction_r", pelvis, femur)
    state = model.initSystem()
    coordinates = model.getCoordinateSet()
    coordinates.get("pelvis_list").setValue(state, np.radians(10))
    model.realizePosition(state)
    right_hip = pelvis.findStationLocationInGround(state, opensim.Vec3(0, 0, 1)).to_numpy()
    assert right_hip[1] < 0, "positive pelvis_list lowers the right side"
    coordinates.get("pelvis_list").setValue(state, 0.0)
    coordinates.get("hip_adduction_r").setValue(state, np.radians(10))
    model.realizePosition(state)
    knee = femur.findStationLocationInGround(state, opensim.Vec3(0, -1, 0)).to_numpy()
    assert knee[2] < 0, "positive hip_adduction_r takes the right knee inward, to the left"


def test_pyomeca_reads_our_trc_and_motion(
    points: tuple[PoseSeries, Path], squats: tuple[SignalTrace, dict[str, Path]]
) -> None:
    pyomeca = pytest.importorskip("pyomeca", reason=WHY)
    series, path = points
    markers = pyomeca.Markers.from_trc(f"{path}.trc", pandas_kwargs={"sep": "\t"})
    np.testing.assert_allclose(markers.time.values, series.t_s)
    assert markers.channel.values.tolist() == [marker_name(name) for name in KEYPOINTS]
    np.testing.assert_allclose(markers.values[:2].transpose(2, 1, 0), series.xy, atol=1e-4)
    trace, files = squats
    angles = pyomeca.Analogs.from_mot(files["mot"], pandas_kwargs={"sep": "\t"})
    np.testing.assert_allclose(angles.sel(channel="knee_angle_r").values, trace.values["knee_flexion_right_deg"])


def test_pyomecas_angles_of_the_same_points_are_ours(points: tuple[PoseSeries, Path]) -> None:
    """Its frames from markers, its Euler angles: the turn of the shank against the thigh about the depth axis."""
    pyomeca = pytest.importorskip("pyomeca", reason=WHY)
    series, path = points
    markers = pyomeca.Markers.from_trc(f"{path}.trc", pandas_kwargs={"sep": "\t"})

    def frame(top: str, low: str) -> Any:
        # Built by hand: Rototrans.from_markers stumbles over xarray's newer broadcasting.
        y = (markers.sel(channel=top) - markers.sel(channel=low)).values[:3]
        y = y / np.linalg.norm(y, axis=0)
        z = np.repeat([[0.0], [0.0], [1.0]], y.shape[1], axis=1)
        turn = np.zeros((4, 4, y.shape[1]))
        turn[:3, 0], turn[:3, 1], turn[:3, 2], turn[3, 3] = np.cross(y, z, axis=0), y, z, 1.0
        return pyomeca.Rototrans(turn, time=markers.time.values)

    thigh, shank = frame("LHip", "LKnee"), frame("LKnee", "LAnkle")
    between = np.einsum("jit,jkt->ikt", thigh.values[:3, :3], shank.values[:3, :3])
    turn = np.zeros((4, 4, len(series)))
    turn[:3, :3], turn[3, 3] = between, 1.0
    euler = pyomeca.Angles.from_rototrans(pyomeca.Rototrans(turn), "zyx")
    theirs = np.degrees(euler.values[0, 0])
    ours = sagittal(series)["knee_flexion"]
    seen = np.isfinite(ours)
    assert not seen[HOLE]
    np.testing.assert_allclose(np.abs(theirs[seen]), np.abs(ours[seen]), atol=1e-3)


def test_kineticstoolkits_angles_of_the_same_points_are_ours(points: tuple[PoseSeries, Path]) -> None:
    ktk = pytest.importorskip("kineticstoolkit", reason=WHY)
    series = points[0]
    series = series[np.isfinite(series.xy).all(axis=(1, 2))]  # its matrices take no holes
    n = len(series)

    def place(name: str) -> np.ndarray:
        xy = series.xy[:, INDEX[name]]
        return np.c_[xy[:, 0], -xy[:, 1], np.zeros(n), np.ones(n)]

    depth = np.c_[np.zeros(n), np.zeros(n), np.ones(n), np.zeros(n)]

    def frame(top: str, low: str) -> np.ndarray:
        made = ktk.geometry.create_transform_series(positions=place(low), y=place(top) - place(low), yz=depth)
        return np.asarray(made)

    shank = ktk.geometry.get_local_coordinates(frame("left_knee", "left_ankle"), frame("left_hip", "left_knee"))
    theirs = ktk.geometry.get_angles(shank, "ZXY", degrees=True)[:, 0]
    np.testing.assert_allclose(-theirs, sagittal(series)["knee_flexion"], atol=1e-6)


def test_movement_takes_our_dataset_for_its_own_and_its_angles_are_ours(points: tuple[PoseSeries, Path]) -> None:
    validators = pytest.importorskip("movement.validators.datasets", reason="movement is not installed (1.1 GB)")
    vector = pytest.importorskip("movement.utils.vector", reason="movement is not installed (1.1 GB)")
    xarray = pytest.importorskip("xarray", reason=WHY)
    series, path = points
    write_points(f"{path}.nc", series, Recording("a.mp4", 640, 480, "blazepose-full", 40, 1.3, 30.0))
    data = xarray.load_dataset(f"{path}.nc", engine="h5netcdf")
    validators.ValidPosesInputs.validate(data)
    own = validators.ValidPosesInputs(
        position_array=data.position.values, confidence_array=data.confidence.values, fps=30.0
    ).to_dataset()
    assert data.position.dims == own.position.dims
    assert data.confidence.dims == own.confidence.dims
    assert set(own.attrs) <= set(data.attrs)
    assert data.time.values.tolist() == series.t_s.tolist()

    def at(name: str) -> Any:
        return data.position.sel(keypoints=name, individuals="person", drop=True)

    thigh, shank = at("left_knee") - at("left_hip"), at("left_ankle") - at("left_knee")
    foot = at("left_foot_index") - at("left_heel")
    ours = sagittal(series)
    knee = np.degrees(vector.compute_signed_angle_2d(thigh, shank).values.ravel())
    ankle = np.degrees(vector.compute_signed_angle_2d(foot, shank).values.ravel()) - 90
    for name, theirs in (("knee_flexion", knee), ("ankle_dorsiflexion", ankle)):
        seen = np.isfinite(ours[name])
        np.testing.assert_allclose(theirs[seen], ours[name][seen], atol=1e-6)


def test_pose2sim_reads_our_trc_and_its_angles_are_ours(points: tuple[PoseSeries, Path]) -> None:
    common = pytest.importorskip("Pose2Sim.common", reason="Pose2Sim is not installed (1.7 GB)")
    series, path = points
    frame, _, t_s, names, _ = common.read_trc(f"{path}.trc")
    assert names == [marker_name(name) for name in KEYPOINTS]
    np.testing.assert_allclose(t_s, series.t_s)
    read = frame.to_numpy().reshape(len(series), -1, 3)[..., :2]
    np.testing.assert_allclose(read, series.xy, atol=1e-4)

    ours = sagittal(series)
    for name, theirs in (("knee_flexion", "left knee"), ("ankle_dorsiflexion", "left ankle")):
        at = [names.index(marker) for marker in common.angle_dict[theirs][0]]
        found = np.array([common.fixed_angles([row[i] for i in at], theirs) for row in read])
        seen = np.isfinite(ours[name])
        assert not seen[HOLE]
        np.testing.assert_allclose(found[seen], ours[name][seen], atol=1e-3)


def test_ezc3ds_markers_come_out_as_the_points_we_measure(shared: Path) -> None:
    ezc3d = pytest.importorskip("ezc3d", reason="the extra `formats` is not installed")
    path = shared / "mocap" / "kineticstoolkit" / "walk.c3d"
    file = ezc3d.c3d(str(path))
    labels = file["parameters"]["POINT"]["LABELS"]["value"]
    knee = file["data"]["points"][:3, labels.index("LFEO")].T
    hip = file["data"]["points"][:3, labels.index("LFEP")].T
    series, _ = open_log(path)
    ours = series.xy[:, INDEX["left_knee"]] - series.xy[:, INDEX["left_hip"]]
    np.testing.assert_allclose(ours[:, 1], (hip - knee)[:, 2], atol=1e-6)


def solution(path: Path) -> dict[str, np.ndarray]:
    """Coordinates of an OpenSim solution, (n,) degrees."""
    head, _, body = path.read_text().partition("endheader\n")
    names, *rows = body.strip().splitlines()
    table = np.array([[float(cell) for cell in row.split()] for row in rows])
    degrees = 1.0 if "inDegrees=yes" in head else 180 / np.pi
    return {name: table[:, i] * degrees for i, name in enumerate(names.split())}


def as_seen(series: PoseSeries, yaw_deg: float) -> dict[str, np.ndarray]:
    """Our coordinates of a series whose view is known, as those of somebody who stands on the left leg."""
    g, facing = Geometry(series), Bearings(1, 1, "left", 400.0, 800.0)
    values = {
        column_name(name, side): signal(name, g, facing, side)
        for name, spec in SIGNALS.items()
        for side in (("left", "right") if spec.sided else ("",))
    }
    n = len(series)
    trace = SignalTrace(series.t_s, (Phase.REST,) * n, np.zeros(n, dtype=np.int64), values, {}, "body_rise_frac")
    view = View("unclear", Estimate(yaw_deg, 6.0, "deg"), usable=True)
    return coordinates(trace, SetResult("", "left", view, (), SetSummary(0, 0, 0.0, None, None), (), ()))


@pytest.mark.parametrize("trial", ["squats1", "walking1"])
@pytest.mark.parametrize(
    ("plane", "yaw_deg", "agree"),
    [
        ("sagittal", 90.0, {"knee_angle_r": 0.99, "ankle_angle_r": 0.95}),
        ("frontal", 0.0, {"pelvis_list": 0.8, "lumbar_bending": 0.6, "hip_adduction_r": 0.8, "hip_adduction_l": 0.8}),
    ],
)
def test_our_signs_are_those_of_an_expert_solution_in_opensim(
    shared: Path, trial: str, plane: Plane, yaw_deg: float, agree: dict[str, float]
) -> None:
    """Markers of a real person, seen from the right and from the front, against LaiUhlrich2022 on the same trial.

    The limits of correlation tell a sign, not an accuracy.
    """
    folder = shared / "mocap" / "opencap_subject4"
    series, _ = open_log(folder / f"{trial}.trc", plane=plane)
    true, ours = solution(folder / f"{trial}_manual_scaling_ik.mot"), as_seen(series, yaw_deg)
    n = min(len(series), len(true["time"]))
    for name, least in agree.items():
        seen = np.isfinite(ours[name][:n])
        assert seen.mean() > 0.5, name
        a, b = ours[name][:n][seen], true[name][:n][seen]
        assert np.corrcoef(a, b)[0, 1] > least, name
        if plane == "sagittal":
            assert abs(np.median(a - b)) < 12, name
