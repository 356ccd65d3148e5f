"""Keypoints for other tools: pose log, TRC, movement's NetCDF and tidy CSV, by the ending of the name.

Every format holds the same: kneeline's keypoints in the picture, in pixels, y down, at the pictures' own times. What a
format has no place for is lost on the way back: TRC holds no confidence and no name of the pose model.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from kneeline.capture.formats import TIDY_COLUMNS, needed
from kneeline.capture.poselog import write_pose_log
from kneeline.files import whole_file
from kneeline.model.errors import InputError
from kneeline.model.pose import KEYPOINTS, PoseSeries, Recording

_Write = Callable[[Path, PoseSeries, Recording], None]


def check_kind(path: Path) -> None:
    """Refuse a name whose ending is that of no format we can write, or of one whose package is missing.

    Raises: InputError.
    """
    if path.suffix.lower() not in WRITERS:
        raise InputError(
            f"keypoints cannot be written as {path.name}",
            expected=f"a name that ends with {', '.join(WRITERS)}",
            try_next=path.with_suffix(".trc").name,
        )
    if path.suffix.lower() == ".nc":
        needed("xarray", "writing NetCDF files")
        needed("h5netcdf", "writing NetCDF files")


def write_points(path: str | Path, series: PoseSeries, about: Recording) -> None:
    """Write the keypoints whole or not at all, in the format that the name's ending says.

    Raises: InputError as `check_kind` does, and when the disk refuses the file.
    """
    path = Path(path)
    check_kind(path)
    WRITERS[path.suffix.lower()](path, series, about)


def marker_name(keypoint: str) -> str:
    """Name of a keypoint in a TRC file: that of OpenSim's and Pose2Sim's marker sets, where they have it.

    >>> [marker_name(k) for k in ("left_knee", "right_foot_index", "nose", "left_eye_inner", "mouth_left")]
    ['LKnee', 'RBigToe', 'Nose', 'left_eye_inner', 'mouth_left']
    """
    side, _, part = keypoint.partition("_")
    if keypoint == "nose":
        return "Nose"
    if side not in ("left", "right") or part.startswith("eye_"):
        return keypoint
    return side[0].upper() + {"foot_index": "BigToe"}.get(part, part.capitalize())


def _write_trc(path: Path, series: PoseSeries, about: Recording) -> None:
    """A TRC file in pixels; a keypoint that was not found is three blank fields, as optical systems write it.

    The blank line after the header is what OpenSim writes and what pyomeca counts on. A row never ends with a blank
    field, since OpenSim's reader drops it and then misses a column: NaN stands there, which every reader takes.
    """
    names = _seen(series)
    xy = series.xy[:, [KEYPOINTS.index(name) for name in names]]
    rate, n = _number(about.fps_median), len(series)
    fields = ("DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units")
    first = ("OrigDataRate", "OrigDataStartFrame", "OrigNumFrames")
    head = (
        ("PathFileType", "4", "(X/Y/Z)", path.name),
        (*fields, *first),
        tuple(map(str, (rate, rate, n, len(names), "px", rate, 1, n))),
        ("Frame#", "Time", *(cell for name in names for cell in (marker_name(name), "", ""))),
        ("", "", *(f"{axis}{i}" for i in range(1, len(names) + 1) for axis in "XYZ")),
        (),
    )
    with whole_file(path) as scratch, scratch.open("w", encoding="utf-8", errors="replace", newline="\n") as out:
        out.writelines("\t".join(line) + "\n" for line in head)
        for i, (t_s, points) in enumerate(zip(series.t_s.tolist(), xy.tolist(), strict=True), start=1):
            cells = (f"{x:.4f}\t{y:.4f}\t0.0" if x == x and y == y else "\t\t" for x, y in points)
            row = "\t".join((str(i), repr(t_s), *cells))
            out.write(row + ("NaN\n" if row.endswith("\t") else "\n"))


def _write_netcdf(path: Path, series: PoseSeries, about: Recording) -> None:
    """A poses dataset as the movement package lays it out; its time axis holds the pictures' own times."""
    xarray = needed("xarray", "writing NetCDF files")
    data = xarray.Dataset(
        {
            "position": (("time", "space", "keypoints", "individuals"), np.moveaxis(series.xy, 1, 2)[..., None]),
            "confidence": (("time", "keypoints", "individuals"), series.confidence[..., None]),
        },
        coords={"time": series.t_s, "space": ["x", "y"], "keypoints": list(KEYPOINTS), "individuals": ["person"]},
        attrs={
            "ds_type": "poses",
            "fps": about.fps_median,
            "time_unit": "seconds",
            "source_software": about.pose_model,
            "source_file": about.source,
        },
    )
    data["position"].attrs["units"] = "px"
    with whole_file(path) as scratch:
        data.to_netcdf(scratch, engine="h5netcdf")


def _write_tidy(path: Path, series: PoseSeries, about: Recording) -> None:
    """One row per keypoint and picture, so that files can be put one below the other; absent is an empty field."""
    names = _seen(series)
    at = [KEYPOINTS.index(name) for name in names]
    with whole_file(path) as scratch, scratch.open("w", encoding="utf-8", errors="replace", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(TIDY_COLUMNS)
        for t_s, xy, sure in zip(
            series.t_s.tolist(), series.xy[:, at].tolist(), series.confidence[:, at].tolist(), strict=True
        ):
            for name, (x, y), confidence in zip(names, xy, sure, strict=True):
                here = (x, y, confidence) if x == x and y == y else (np.nan,) * 3
                rows.writerow((about.source, about.pose_model, t_s, name, *("" if v != v else v for v in here)))


def _seen(series: PoseSeries) -> list[str]:
    """Keypoints that were found at least once; all of them when none was."""
    there = np.flatnonzero(np.isfinite(series.xy).all(axis=2).sum(axis=0))
    return [KEYPOINTS[i] for i in there] or list(KEYPOINTS)


def _number(value: float) -> str:
    """A rate without digits that mean nothing.

    >>> _number(30.0), _number(29.970029970029973)
    ('30', '29.97003')
    """
    return f"{value:.7g}"


WRITERS: Final = MappingProxyType[str, _Write](
    {".parquet": write_pose_log, ".trc": _write_trc, ".nc": _write_netcdf, ".csv": _write_tidy}
)
"""What can be written, by the ending of the name."""
