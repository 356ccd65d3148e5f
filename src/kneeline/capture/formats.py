"""Motion files of other tools: TRC, C3D, OpenPose JSON, movement's NetCDF and tidy CSV; and one door for all logs."""

from __future__ import annotations

import importlib
import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from kneeline.capture.points import Plane, flat_points, solid_points
from kneeline.capture.poselog import read_pose_log
from kneeline.model.errors import InputError
from kneeline.model.pose import KEYPOINTS, Array, PoseSeries, Recording

Log = tuple[PoseSeries, Recording]

TIDY_COLUMNS = ("recording", "pose_model", "t_s", "keypoint", "x_px", "y_px", "confidence")
"""Columns of keypoints as a tidy table: one row per keypoint and picture."""

_TIDY = f"a CSV file with the columns {', '.join(TIDY_COLUMNS)}"
_MOST_TIDY_ROWS = 4_000_000  # 33 keypoints of an hour at 30 pictures a second
_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "meters": 1000.0, "metres": 1000.0, "millimeters": 1.0, "in": 25.4}
_TALL = {"m": (0.25, 2.5), "cm": (25.0, 250.0), "mm": (250.0, 2500.0)}  # a leg alone, and a person who reaches up
_PIXEL_SCALE = 20.0  # no person is 20 m tall: a "metric" file beyond this holds pixels
_LIMBS = ("RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist")
_LEGS = ("RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle")
_FACE = ("REye", "LEye", "REar", "LEar")
_FEET = ("LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel")
_PAIRS = ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")
_COCO = ("Nose", "LEye", "REye", "LEar", "REar", *(f"{side}{part}" for part in _PAIRS for side in "LR"))
_HALPE = ("Head", "Neck", "Hip", "LBigToe", "RBigToe", "LSmallToe", "RSmallToe", "LHeel", "RHeel")
_OPENPOSE: dict[int, tuple[str, ...]] = {  # by the number of points per person
    25: ("Nose", "Neck", *_LIMBS, "Hip", *_LEGS, *_FACE, *_FEET),
    18: ("Nose", "Neck", *_LIMBS, *_LEGS, *_FACE),
    17: _COCO,
    26: (*_COCO, *_HALPE),
}


def open_log(path: str | Path, *, plane: Plane = "sagittal", fps: float | None = None) -> Log:
    """A recording without pictures from any file kneeline can read; told by content first, then by name.

    plane: the plane that 3-D points are projected on. fps: pictures per second, where the file has no times.

    Raises: InputError when the file is missing or of no kind that is known, or as its reader does.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"there is no file {path}", try_next="check the path")
    if path.is_dir() or path.suffix.lower() == ".json":
        return read_openpose(path, fps=fps)
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise InputError(f"{path.name} may not be read", try_next="check the file's permissions") from error
    if head[:4] == b"PAR1" or path.suffix.lower() in (".parquet", ".pq"):
        return read_pose_log(path)
    if path.suffix.lower() == ".trc" or head.startswith(b"PathFileType"):
        return read_trc(path, plane=plane)
    if path.suffix.lower() == ".c3d" or head[1:2] == b"\x50":
        return read_c3d(path, plane=plane)
    if head[:4] == b"\x89HDF" or head[:3] == b"CDF":
        return read_movement(path, plane=plane, fps=fps)
    if path.suffix.lower() == ".csv":
        return read_tidy(path)
    raise InputError(
        f"{path.name} is no log that kneeline can read",
        expected="a pose log (Parquet), TRC, C3D, movement's NetCDF, tidy CSV, or a folder of OpenPose JSON",
        try_next="give a video to `kneeline pose` to make a pose log",
    )


def read_trc(path: str | Path, *, plane: Plane = "sagittal") -> Log:
    """Points of a TRC file, in metres, millimetres or pixels (Sports2D writes pixels and calls them metres).

    Pixels are told by "_px" in the name, or by sizes that no body has; they are used as they are, y down. A point that
    is blank or exactly zero is absent.

    Raises: InputError when the header or the rows cannot be read.
    """
    path = Path(path)
    lines = _text(path).splitlines()
    names, header, unit = _trc_header(path, lines)
    rows = [r for r in (_trc_row(line, 2 + 3 * len(names)) for line in lines[header + 1 :]) if r is not None]
    if not rows:
        raise InputError(f"{path.name} has no rows of numbers", expected="a TRC file with one row per frame")
    table = np.array(rows)
    xyz = table[:, 2:].reshape(len(table), len(names), 3)
    xyz[(xyz == 0).all(axis=2)] = np.nan
    flat = bool(np.nan_to_num(np.abs(xyz[..., 2])).max(initial=0.0) == 0.0)
    tall = float(np.nanmax(np.abs(xyz), initial=0.0)) * _MM.get(unit, 1000.0) / 1000.0
    if "_px" in path.stem or unit == "px" or (flat and tall > _PIXEL_SCALE):
        unsaid = np.full(xyz.shape[:2], np.nan)
        return flat_points(table[:, 1], names, xyz[..., :2], unsaid, model="unknown (TRC in pixels)", source=path.name)
    return solid_points(table[:, 1], names, xyz * _MM.get(unit, 1000.0), plane=plane, source=path.name)


def _trc_header(path: Path, lines: list[str]) -> tuple[list[str], int, str]:
    """Point names, the number of the line they stand on, and the unit; tabs, commas and padding are all in use."""
    for i, line in enumerate(lines[:10]):
        cells = [cell.strip() for cell in re.split(r"[\t,;]", line)]
        if cells[0].lower().startswith("frame") and len(cells) > 2 and cells[1].lower().startswith("time"):
            names = [cell for cell in cells[2:] if cell]
            above = dict(zip(*(re.split(r"[\t,;]+", row.strip()) for row in lines[max(0, i - 2) : i]), strict=False))
            return names, i, str(above.get("Units", "m")).strip().lower()
    raise InputError(
        f"{path.name} has no line that names its points",
        expected="a TRC file: a line Frame#, Time and the point names",
        try_next="export it again",
    )


def _trc_row(line: str, width: int) -> list[float] | None:
    """The numbers of one row, blanks as NaN; None for a line that is no row of data."""
    cells = re.split(r"[\t,;]", line.rstrip("\r\n"))
    if not re.fullmatch(r"\s*\d+(\.0*)?\s*", cells[0]):
        return None
    cells = (cells + [""] * width)[:width]
    try:
        return [float(cell) if cell.strip() else np.nan for cell in cells]
    except ValueError:
        return None


def read_c3d(path: str | Path, *, plane: Plane = "sagittal") -> Log:
    """Markers of a C3D file (extra `formats`); the frame rate gives the times.

    Raises: InputError when ezc3d is not installed or the file cannot be read.
    """
    path = Path(path)
    ezc3d = needed("ezc3d", "reading C3D files")
    try:
        file = ezc3d.c3d(str(path))
        point = file["parameters"]["POINT"]
        names, rate = list(point["LABELS"]["value"]), float(point["RATE"]["value"][0])
        xyz = np.moveaxis(np.asarray(file["data"]["points"][:3], dtype=np.float64), 0, -1)  # (m, n, 3)
    except Exception as error:  # ezc3d raises whatever its C++ threw
        raise InputError(f"{path.name} cannot be read as C3D", expected="a C3D file with points") from error
    xyz = np.swapaxes(xyz, 0, 1)[:, : len(names)].copy()
    if rate <= 0 or xyz.size == 0:
        raise InputError(f"{path.name} holds no points over time", expected="a C3D file with markers")
    xyz[(xyz == 0).all(axis=2)] = np.nan
    units = (point.get("UNITS", {}).get("value") or ["mm"])[0].strip().lower()
    return solid_points(np.arange(len(xyz)) / rate, names, xyz * _MM.get(units, 1.0), plane=plane, source=path.name)


def read_openpose(path: str | Path, *, fps: float | None = None) -> Log:
    """A folder of OpenPose JSON files, one per picture (BODY_25, COCO-18, COCO-17 or Halpe26), or a single one.

    The files hold no times: they follow from the frame numbers in the names and `fps`, 30 unless given (said in the
    warnings). The largest person of the first picture that has one is followed, by nearness.

    Raises: InputError when there is no such file or none can be read.
    """
    path = Path(path)
    files = sorted(path.glob("*.json"), key=_frame_number) if path.is_dir() else [path]
    frames = [_openpose_people(file) for file in files]
    size = next((len(p) for people in frames for p in people), 0)
    if size not in _OPENPOSE:
        raise InputError(
            f"{path.name} holds no OpenPose keypoints",
            expected='JSON files with "people" and "pose_keypoints_2d" (BODY_25, COCO or Halpe26)',
            try_next="give the folder that OpenPose wrote with --write_json",
        )
    rate = fps or 30.0
    numbers = np.array([_frame_number(file)[0] for file in files], dtype=np.float64)
    points = _follow_points(frames, size)
    points[(points[..., :2] == 0).all(axis=-1)] = np.nan
    said = () if fps else ("OpenPose files hold no times: 30 pictures per second were assumed.",)
    series, about = flat_points(
        (numbers - numbers[0]) / rate,
        list(_OPENPOSE[size]),
        points[..., :2],
        points[..., 2],
        model=f"openpose-{size}",
        source=path.name,
        warnings=said,
    )
    return series, about


def _frame_number(file: Path) -> tuple[int, str]:
    """Number of the frame in a name such as clip_000000000012_keypoints.json, then the name."""
    found = re.findall(r"\d+", file.stem.removesuffix("_keypoints"))
    return (int(found[-1]) if found else 0), file.name


def _openpose_people(file: Path) -> list[Array]:
    """Every person in one file as (m, 3): x, y, confidence."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        people = [np.array(p["pose_keypoints_2d"], dtype=np.float64).reshape(-1, 3) for p in data["people"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise InputError(
            f"{file.name} cannot be read as OpenPose JSON", expected='"people" with "pose_keypoints_2d"'
        ) from error
    return people


def _follow_points(frames: list[list[Array]], size: int) -> Array:
    """(n, m, 3) of one person: the largest at first, then whoever is nearest to where that person was."""
    out = np.full((len(frames), size, 3), np.nan)
    last: Array | None = None
    for i, people in enumerate(frames):
        there = [p for p in people if len(p) == size and (p[:, 2] > 0).any()]
        if not there:
            continue
        if last is None:
            best = max(there, key=lambda p: float(np.ptp(p[p[:, 2] > 0, 1])))
        else:
            here = last
            best = min(there, key=lambda p: float(np.hypot(*(np.median(p[p[:, 2] > 0, :2], axis=0) - here))))
        out[i], last = best, np.median(best[best[:, 2] > 0, :2], axis=0)
    return out


def read_movement(path: str | Path, *, plane: Plane = "sagittal", fps: float | None = None) -> Log:
    """A poses dataset of the movement package (NetCDF; extra `formats`); of several individuals the one seen most.

    Raises: InputError when xarray is not installed, the file cannot be read, or is no poses dataset.
    """
    path = Path(path)
    xarray = needed("xarray", "reading NetCDF files")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = xarray.load_dataset(path)
    except Exception as error:  # xarray's engines raise what they like
        raise InputError(f"{path.name} cannot be read as NetCDF", expected="a file written by movement") from error
    dims = data["position"].dims if "position" in data else ()
    names_dim = next((str(d) for d in ("keypoints", "keypoint") if d in dims), "")
    if not names_dim or "time" not in dims or "space" not in dims:
        raise InputError(f"{path.name} is no poses dataset", expected='a variable "position" (time, space, keypoints)')
    if people_dim := next((d for d in ("individuals", "individual") if d in dims), None):
        seen = data["position"].count([d for d in dims if d != people_dim])
        data = data.isel({people_dim: int(np.argmax(seen.values))})
    position = data["position"].transpose("time", names_dim, "space")
    names = [str(name) for name in position[names_dim].values]
    xyz = np.asarray(position.values, dtype=np.float64)
    t_s = np.asarray(position["time"].values, dtype=np.float64)
    if data.attrs.get("time_unit", "seconds") == "frames":
        t_s = t_s / (fps or float(data.attrs.get("fps") or 30.0))
    if xyz.shape[2] == 3:
        unit = str(data["position"].attrs.get("units") or data.attrs.get("space_unit") or "").strip().lower()
        factor, said = (_MM[unit], ()) if unit in _MM else _guessed_unit(path, xyz)
        return solid_points(t_s, names, xyz * factor, plane=plane, source=path.name, warnings=said)
    sure = np.full(xyz.shape[:2], np.nan)
    if "confidence" in data:
        sure = np.asarray(data["confidence"].transpose("time", names_dim).values, dtype=np.float64)
    model = str(data.attrs.get("source_software") or "unknown")
    return flat_points(t_s, names, xyz, sure, model=model, source=path.name)


def _guessed_unit(path: Path, xyz: Array) -> tuple[float, tuple[str, ...]]:
    """Millimetres in one unit of points (n, m, 3), told by how large the person would be, with a sentence that says so.

    Raises: InputError when no person is as large in any unit.
    """
    spread = np.nanmax(xyz, axis=1, initial=-np.inf) - np.nanmin(xyz, axis=1, initial=np.inf)
    spread = spread[np.isfinite(spread).all(axis=1)]
    tall = float(np.median(spread.max(axis=1))) if len(spread) else 0.0
    for unit, (low, high) in _TALL.items():
        if low <= tall < high:
            return _MM[unit], (f"The file names no unit of length; the size of the person says {unit}.",)
    raise InputError(
        f"{path.name} names no unit of length, and a person {tall:g} units tall is none in m, cm or mm",
        expected='"position" with the attribute units: m, cm or mm',
        try_next="set it and save the file again",
    )


def read_tidy(path: str | Path) -> Log:
    """Keypoints of one recording as a tidy table (CSV): the columns of `TIDY_COLUMNS`, in any order.

    recording, pose_model and confidence may be left out. Rows of one time are one picture, in the order in which the
    times first stand in the file; of two rows for the same keypoint the later one counts.

    Raises: InputError when columns are missing, hold no numbers, or the rows are of several recordings.
    """
    import pyarrow as pa
    import pyarrow.csv as pacsv

    path = Path(path)
    numbers = ("t_s", "x_px", "y_px", "confidence")
    types = {name: pa.float64() if name in numbers else pa.string() for name in TIDY_COLUMNS}
    convert = pacsv.ConvertOptions(column_types=types, strings_can_be_null=True)
    try:
        with path.open("rb") as file:
            table = pacsv.read_csv(file, read_options=pacsv.ReadOptions(use_threads=False), convert_options=convert)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read as a table of keypoints", expected=_TIDY) from error
    if lacking := [name for name in ("t_s", "keypoint", "x_px", "y_px") if name not in table.column_names]:
        raise InputError(f"{path.name} lacks the column {lacking[0]}", expected=_TIDY)
    if not 0 < len(table) <= _MOST_TIDY_ROWS:
        held = f"{len(table)} rows" if len(table) else "no rows"
        raise InputError(f"{path.name} has {held}", expected=f"{_TIDY}, at most {_MOST_TIDY_ROWS} rows")
    about = {}
    for name in ("recording", "pose_model"):
        found = [v for v in table[name].unique().to_pylist() if v] if name in table.column_names else []
        if len(found) > 1:
            raise InputError(f"{path.name} holds {len(found)} values of {name}", try_next="keep the rows of one")
        about[name] = found[0] if found else ""
    t_s, points, names = _pivoted(table, path)
    model = about["pose_model"] or "unknown"
    return flat_points(t_s, names, points[..., :2], points[..., 2], model=model, source=about["recording"] or path.name)


def _pivoted(table: Any, path: Path) -> tuple[Array, Array, list[str]]:
    """Times (n,), x, y and confidence of every keypoint (n, m, 3), and the m names."""

    def column(name: str) -> Array:
        if name not in table.column_names:
            return np.full(len(table), np.nan)
        return np.array([np.nan if v is None else v for v in table[name].to_pylist()], dtype=np.float64)

    known = {name: i for i, name in enumerate(KEYPOINTS)}
    at = np.array([known.get(str(name), -1) for name in table["keypoint"].to_pylist()])
    t_s = column("t_s")
    mine = (at >= 0) & np.isfinite(t_s)
    if not mine.any():
        raise InputError(
            f"{path.name} holds no keypoint that kneeline knows at any time", expected="names such as left_knee"
        )
    times, first, row = np.unique(t_s[mine], return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    points = np.full((len(times), len(KEYPOINTS), 3), np.nan)
    points[order[row], at[mine]] = np.stack([column(name)[mine] for name in ("x_px", "y_px", "confidence")], axis=1)
    return times[np.argsort(first)], points, list(KEYPOINTS)


def needed(module: str, what: str) -> Any:
    """A package of the extra `formats`, for `what` is to be done with it.

    Raises: InputError when it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(f"{what} needs the package {module}", try_next='pip install "kneeline[formats]"') from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path.name} cannot be read", try_next="check the path and its permissions") from error
