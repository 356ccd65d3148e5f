"""Keypoints that are written and read again are the same; what was damaged on the way is refused in a sentence."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kneeline.capture.export import WRITERS, write_points
from kneeline.capture.formats import TIDY_COLUMNS, open_log
from kneeline.capture.poselog import read_pose_log
from kneeline.model.errors import InputError
from kneeline.model.pose import INDEX, PoseFrame, PoseSeries, Recording

LOG = Path(__file__).parents[1] / "replay" / "terminal_knee_extension.parquet"
KINDS = sorted(WRITERS)
LAST = INDEX["right_foot_index"]


def needs(kind: str) -> str:
    """The kind itself, once its packages are there."""
    if kind == ".nc":
        pytest.importorskip("xarray", reason="the extra `formats` is not installed")
        pytest.importorskip("h5netcdf", reason="the extra `formats` is not installed")
    return kind


@pytest.fixture
def walked() -> tuple[PoseSeries, Recording]:
    """A log with uneven times and holes: one picture without anybody, one without the last keypoint."""
    series, about = read_pose_log(LOG)
    series = series[slice(0, 60)]
    series.t_s[30:] += 0.0123
    series.xy[20], series.confidence[20] = np.nan, np.nan
    series.xy[21:24, LAST], series.confidence[21:24, LAST] = np.nan, np.nan
    return series, about


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_numbers_come_back(kind: str, walked: tuple[PoseSeries, Recording], tmp_path: Path) -> None:
    series, about = walked
    path = tmp_path / f"a{needs(kind)}"
    write_points(path, series, about)
    again, read = open_log(path)
    np.testing.assert_allclose(again.t_s, series.t_s - series.t_s[0], atol=1e-12)
    np.testing.assert_allclose(
        again.xy, series.xy, atol=1e-4
    )  # a tenth of a thousandth of a pixel; absent stays absent
    if kind != ".trc":
        np.testing.assert_allclose(again.confidence, series.confidence, atol=1e-12)
        assert read.pose_model == about.pose_model


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_without_anybody_or_of_one_picture_is_written_and_read(kind: str, tmp_path: Path) -> None:
    nobody = PoseSeries.of([PoseFrame.empty(0.0), PoseFrame.empty(0.04)])
    about = Recording("a.mp4", 640, 480, "blazepose-full", 2, 0.04, 25.0)
    write_points(tmp_path / f"a{needs(kind)}", nobody, about)
    again, _ = open_log(tmp_path / f"a{kind}")
    assert len(again) == 2
    assert np.isnan(again.xy).all()
    write_points(tmp_path / f"b{kind}", nobody[slice(0, 1)], about)
    assert len(open_log(tmp_path / f"b{kind}")[0]) == 1


@pytest.mark.parametrize("kind", [".trc", ".csv", ".nc"])
def test_a_file_that_is_cut_off_or_overwritten_is_read_as_far_as_it_goes_or_refused(
    kind: str, walked: tuple[PoseSeries, Recording], tmp_path: Path
) -> None:
    whole = tmp_path / f"a{needs(kind)}"
    write_points(whole, *walked)
    content = whole.read_bytes()
    rng = np.random.default_rng(5)
    for i, cut in enumerate((0, 1, 20, len(content) // 3, len(content) // 2, len(content) - 5)):
        damaged = bytearray(content[:cut])
        for place in rng.integers(0, max(cut, 1), size=min(cut, 20 * (i % 2))):
            damaged[place] = rng.integers(0, 256)
        path = tmp_path / f"cut{i}{kind}"
        path.write_bytes(damaged)
        try:
            series, _ = open_log(path)
        except InputError:
            continue
        assert len(series) > 0
        assert (np.diff(series.t_s) > 0).all()
        assert not np.isinf(series.xy).any()


def table(path: Path, change: Callable[[list[dict[str, str]]], object] = lambda rows: None, **leave_out: bool) -> Path:
    """Two pictures of a left leg as a tidy table, altered."""
    places = {"left_hip": (300.0, 200.0), "left_knee": (310.0, 300.0), "left_ankle": (300.0, 400.0)}
    rows = [
        dict(zip(TIDY_COLUMNS, ("a.mp4", "blazepose-full", f"{t_s}", name, f"{x}", f"{y}", "0.9"), strict=True))
        for t_s in (0.0, 0.04)
        for name, (x, y) in places.items()
    ]
    change(rows)
    with path.open("w", newline="") as file:
        out = csv.DictWriter(file, [c for c in TIDY_COLUMNS if c not in leave_out], extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
    return path


def test_a_tidy_table_needs_neither_order_nor_all_columns_nor_known_keypoints(tmp_path: Path) -> None:
    def shuffled(rows: list[dict[str, str]]) -> None:
        rows[0], rows[2] = rows[2], rows[0]
        rows.append(dict(rows[0], keypoint="tail"))
        rows.append(dict(rows[1], x_px="305.0"))

    path = table(tmp_path / "a.csv", shuffled, recording=True, pose_model=True, confidence=True)
    series, about = open_log(path)
    assert series.t_s.tolist() == [0.0, 0.04]
    assert series.xy[0, INDEX["left_knee"]].tolist() == [305.0, 300.0], "the later row of two counts"
    assert (about.source, about.pose_model) == ("a.csv", "unknown")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: rows.clear(), "no rows"),
        (lambda rows: rows[0].update(x_px="left"), "cannot be read as a table"),
        (lambda rows: rows[0].update(recording="b.mp4"), "2 values of recording"),
        (lambda rows: [row.update(keypoint="paw") for row in rows], "no keypoint"),
        (lambda rows: [row.update(t_s="") for row in rows], "no keypoint that kneeline knows at any time"),
    ],
)
def test_a_tidy_table_that_cannot_be_used_says_why(
    change: Callable[[list[dict[str, str]]], object], says: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says):
        open_log(table(tmp_path / "a.csv", change))


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lacks the column x_px"):
        open_log(table(tmp_path / "a.csv", x_px=True))
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe" + bytes(range(256)) * 4)
    with pytest.raises(InputError, match=r"b\.csv"):
        open_log(tmp_path / "b.csv")
    (tmp_path / "c.csv").write_text("")
    with pytest.raises(InputError, match="cannot be read as a table"):
        open_log(tmp_path / "c.csv")


def test_a_table_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kneeline.capture.formats._MOST_TIDY_ROWS", 5)
    with pytest.raises(InputError, match=r"has 6 rows.*at most 5 rows"):
        open_log(table(tmp_path / "a.csv"))


def test_wild_numbers_in_a_table_are_absent(tmp_path: Path) -> None:
    def wild(rows: list[dict[str, str]]) -> None:
        rows[0].update(x_px="1e300")
        rows[1].update(y_px="inf")
        rows[2].update(confidence="nan")

    series, about = open_log(table(tmp_path / "a.csv", wild))
    assert np.isnan(series.xy[0, INDEX["left_hip"]]).all()
    assert np.isnan(series.xy[0, INDEX["left_knee"]]).all()
    assert any("impossible coordinates" in warning for warning in about.warnings)


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.mp4"])
def test_what_cannot_be_written_is_refused_before_anything_is(
    name: str, walked: tuple[PoseSeries, Recording], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="cannot be written as"):
        write_points(tmp_path / name, *walked)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named(
    walked: tuple[PoseSeries, Recording], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(InputError, match=r"writing NetCDF files needs the package xarray.*kneeline\[formats\]"):
        write_points(tmp_path / "a.nc", *walked)
    assert list(tmp_path.iterdir()) == []


def test_a_trc_row_keeps_every_field_and_the_median_rate_stands_in_its_header(
    walked: tuple[PoseSeries, Recording], tmp_path: Path
) -> None:
    """OpenSim drops a blank last field and then misses a column, so NaN stands there."""
    series, about = walked
    write_points(tmp_path / "a.trc", series, about)
    lines = (tmp_path / "a.trc").read_text().splitlines()
    head = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    assert float(head["DataRate"]) == pytest.approx(about.fps_median, rel=1e-6)
    assert (head["Units"], head["NumFrames"], lines[5]) == ("px", "60", "")
    fields = [line.split("\t") for line in lines[6:]]
    assert {len(row) for row in fields} == {2 + 3 * int(head["NumMarkers"])}
    assert [row[-3:] for row in fields[20:24]] == [["", "", "NaN"]] * 4
    assert all(row[2:5] == ["", "", ""] for row in fields[20:21])
    assert [float(row[1]) for row in fields] == series.t_s.tolist()
