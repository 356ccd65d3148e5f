from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from hand_made import Made

from kneeline.report.series import SIGNALS, write_series


def test_every_signal_has_its_columns_and_nulls_where_it_was_not_seen(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    write_series(path, made.trace, made.result, made.library.digest)
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


def test_a_name_that_ends_with_csv_becomes_csv(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "s.CSV"
    write_series(path, made.trace, made.result, made.library.digest)
    rows = list(csv.DictReader(path.open()))
    assert len(rows) == len(made.trace.t_s)
    assert rows[15]["body_rise_frac"] == ""
    assert float(rows[40]["t_s"]) == made.trace.t_s[40]
