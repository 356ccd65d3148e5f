from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hand_made import Made

from kneeline.model.errors import InputError
from kneeline.model.movement import SetResult, SignalTrace
from kneeline.model.quantity import Estimate
from kneeline.report.opensim import coordinates
from kneeline.report.series import SIGNALS, TIDY_COLUMNS, check_kind, write_series


def test_every_signal_has_its_columns_and_nulls_where_it_was_not_seen(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    write_series(path, made.trace, made.result, made.recording, made.library.digest)
    table = pq.read_table(path)
    wanted = ["t_s", "phase", "rep"] + [column for name in SIGNALS for column in (name, f"{name}_sd")]
    assert table.column_names == [*wanted, "body_rise_frac", "body_rise_frac_sd"]
    assert table.num_rows == len(made.trace.t_s)
    assert table["knee_flexion_left_deg"].null_count == table.num_rows
    assert table["fppa_left_deg"].null_count == table.num_rows
    assert table["body_rise_frac"].null_count == table["body_rise_frac_sd"].null_count == 10
    assert not any(value is not None and np.isnan(value) for value in table["body_rise_frac"].to_pylist())
    assert set(table["phase"].to_pylist()) == {"rest", "lift", "hold", "lower"}
    assert sorted(set(table["rep"].to_pylist())) == [0, 1, 2, 3, 4, 5]
    assert table.schema.metadata[b"library"].decode() == made.library.digest


def written(made: Made, path: Path) -> Path:
    write_series(path, made.trace, made.result, made.recording, made.library.digest)
    return path


def test_csv_is_tidy_one_row_per_signal_and_picture_that_was_judged(made: Made, tmp_path: Path) -> None:
    rows = list(csv.DictReader(written(made, tmp_path / "s.CSV").open()))
    assert tuple(rows[0]) == TIDY_COLUMNS
    judged = {name: np.isfinite(values) for name, values in made.trace.values.items()}
    assert len(rows) == sum(int(seen.sum()) for seen in judged.values())
    mine = [row for row in rows if row["metric"] == "body_rise"]
    seen = judged["body_rise_frac"]
    assert [float(row["t_s"]) for row in mine] == made.trace.t_s[seen].tolist()
    assert [float(row["value"]) for row in mine] == made.trace.values["body_rise_frac"][seen].tolist()
    assert {(row["recording"], row["exercise"], row["side"], row["unit"]) for row in mine} == {
        (made.recording.source, made.result.exercise, "", "frac")
    }
    assert {row["side"] for row in rows if row["metric"] == "knee_flexion"} <= {"left", "right"}


def sidewise(made: Made, yaw_deg: float, side: str = "left", **values: float) -> tuple[SignalTrace, SetResult]:
    """The set as seen from `yaw_deg`, with constant signals; the first three frames show nothing."""
    view = replace(made.result.view, yaw_deg=Estimate(yaw_deg, 6.0, "deg"))
    n = len(made.trace.t_s)
    flat = {name: np.where(np.arange(n) < 3, np.nan, value) for name, value in values.items()}
    return replace(made.trace, values=flat), replace(made.result, view=view, side=side)


@pytest.mark.parametrize(("yaw_deg", "near"), [(88.0, "r"), (-92.0, "l")])
def test_opensim_gets_knee_and_ankle_of_the_near_leg(made: Made, yaw_deg: float, near: str) -> None:
    both = {f"{name}_{side}_deg": 30.0 for name in ("knee_flexion", "ankle_dorsiflexion") for side in ("left", "right")}
    found = coordinates(*sidewise(made, yaw_deg, **both))
    assert set(found) == {f"knee_angle_{near}", f"ankle_angle_{near}"}
    assert np.nanmedian(found[f"knee_angle_{near}"]) == 30.0


@pytest.mark.parametrize("side", ["left", "right"])
def test_opensim_signs_of_the_frontal_angles_turn_about_forward(made: Made, side: str) -> None:
    """A stance with the free side 5 deg lower, a lean of 3 deg over the stance leg, both thighs 10 deg outward."""
    given = {"pelvic_drop_deg": 5.0, "trunk_lean_deg": 3.0}
    thighs = {"hip_abduction_left_deg": 10.0, "hip_abduction_right_deg": 10.0}
    found = {k: float(np.nanmedian(v)) for k, v in coordinates(*sidewise(made, 2.0, side, **given, **thighs)).items()}
    right_down = 5.0 if side == "left" else -5.0
    to_the_right = -3.0 if side == "left" else 3.0
    assert found == {
        "pelvis_list": right_down,
        "lumbar_bending": to_the_right - right_down,
        "hip_adduction_r": -10.0 - right_down,
        "hip_adduction_l": -10.0 + right_down,
    }


def motion_file(text: str) -> tuple[dict[str, str], list[str], np.ndarray]:
    """Header fields, column names and numbers of a MOT file."""
    head, _, body = text.partition("endheader\n")
    names, *rows = body.splitlines()
    fields = dict(line.split("=", 1) for line in head.splitlines() if re.fullmatch(r"\w+=\w+", line))
    return fields, names.split("\t"), np.array([[float(cell) for cell in row.split("\t")] for row in rows])


@pytest.mark.parametrize("ending", [".mot", ".sto"])
def test_a_motion_file_holds_no_nan_and_says_what_it_holds(made: Made, tmp_path: Path, ending: str) -> None:
    trace, result = sidewise(made, 90.0, knee_flexion_right_deg=30.0, ankle_dorsiflexion_right_deg=12.5)
    trace.values["ankle_dorsiflexion_right_deg"][10:] = np.nan  # judged too seldom to be kept
    write_series(tmp_path / f"s{ending}", trace, result, made.recording, "")
    fields, names, rows = motion_file((tmp_path / f"s{ending}").read_text())
    assert names == ["time", "knee_angle_r"]
    assert rows[:, 0].tolist() == trace.t_s[3:].tolist(), "true times, the unseen frames left out"
    assert (rows[:, 1] == 30.0).all()
    assert fields == {"version": "1", "nRows": str(len(rows)), "nColumns": "2", "inDegrees": "yes"}


def test_a_view_that_shows_nothing_of_opensim_gives_times_only(made: Made, tmp_path: Path) -> None:
    trace, result = sidewise(made, 45.0)
    write_series(tmp_path / "s.mot", trace, result, made.recording, "")
    text = (tmp_path / "s.mot").read_text()
    assert "No coordinate of OpenSim could be judged" in text
    assert motion_file(text)[1] == ["time"]


def test_an_ending_that_says_another_kind_of_file_is_refused() -> None:
    for good in ("s", "s.parquet", "s.CSV", "s.mot", "s.sto"):
        check_kind(Path(good))
    for bad in ("s.xlsx", "s.json", "s.mp4"):
        with pytest.raises(InputError, match="cannot be written as"):
            check_kind(Path(bad))
