"""Signals frame by frame as a file: Parquet, tidy CSV, or angles for OpenSim, by the ending of the name."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kneeline import __version__
from kneeline.files import whole_file
from kneeline.model.errors import InputError
from kneeline.model.movement import SetResult, SignalTrace
from kneeline.model.pose import Recording
from kneeline.report import opensim
from kneeline.report.story import signal_of

if TYPE_CHECKING:
    import pyarrow as pa

SIGNALS = (
    "knee_flexion_left_deg",
    "knee_flexion_right_deg",
    "fppa_left_deg",
    "fppa_right_deg",
    "pelvic_drop_deg",
    "trunk_lean_deg",
    "hip_abduction_left_deg",
    "hip_abduction_right_deg",
    "heel_rise_left_frac",
    "heel_rise_right_frac",
)
"""Columns that every table has, whatever the exercise; further signals follow them."""

TIDY_COLUMNS = ("recording", "exercise", "rep", "phase", "t_s", "side", "metric", "value", "sd", "unit")
"""Columns of the tidy table: one row per signal and picture in which it could be judged."""

_ENDINGS = (".parquet", ".csv", ".mot", ".sto")


def check_kind(path: Path) -> None:
    """Refuse a name whose ending says a kind of file that we do not write; one without an ending becomes Parquet.

    Raises: InputError.
    """
    if path.suffix.lower() not in ("", *_ENDINGS):
        raise InputError(
            f"signals cannot be written as {path.name}",
            expected=f"a name that ends with {', '.join(_ENDINGS)}",
            try_next=path.with_suffix(".parquet").name,
        )


def write_series(path: Path, trace: SignalTrace, result: SetResult, about: Recording, library_digest: str) -> None:
    """Write the signals whole or not at all: .csv tidy, .mot and .sto for OpenSim, everything else as Parquet.

    Raises: InputError when the disk refuses it.
    """
    kind = path.suffix.lower()
    with whole_file(path) as scratch:
        if kind == ".csv":
            _write_tidy(scratch, trace, result, about)
        elif kind in (".mot", ".sto"):
            scratch.write_text(opensim.motion(trace, result), encoding="utf-8")
        else:
            _write_parquet(scratch, table(trace, result, library_digest))


def table(trace: SignalTrace, result: SetResult, library_digest: str) -> pa.Table:
    """One row per frame: t_s, phase, rep (0 between repetitions), then value and sd of each signal.

    Units stand in the column names; a value is null where it cannot be judged.
    """
    import pyarrow as pa

    columns: dict[str, Any] = {"t_s": _numbers(trace.t_s), "phase": _words(trace.phase), "rep": _counts(trace.rep)}
    blank = np.full(len(trace.t_s), np.nan)
    further = sorted(set(trace.values) - set(SIGNALS))
    for name in (*SIGNALS, *further):
        for column, values in ((name, trace.values.get(name, blank)), (f"{name}_sd", trace.sds.get(name, blank))):
            columns[column] = _numbers(values)
    about = {"kneeline": __version__, "library": library_digest, "exercise": result.exercise, "side": result.side}
    return pa.table(columns).replace_schema_metadata(about)


def _write_parquet(path: Path, rows: pa.Table) -> None:
    import pyarrow.parquet

    with path.open("wb") as out:  # Arrow opens no name that is not UTF-8
        pyarrow.parquet.write_table(rows, out, compression="zstd")


def _write_tidy(path: Path, trace: SignalTrace, result: SetResult, about: Recording) -> None:
    times, reps = trace.t_s.tolist(), trace.rep.tolist()
    with path.open("w", encoding="utf-8", errors="replace", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(TIDY_COLUMNS)
        for column in (*SIGNALS, *sorted(set(trace.values) - set(SIGNALS))):
            if column not in trace.values:
                continue
            metric, side, unit = signal_of(column)
            seen = np.isfinite(trace.values[column])
            for i in np.flatnonzero(seen).tolist():
                value, sd = float(trace.values[column][i]), float(trace.sds[column][i])
                place = (about.source, result.exercise, reps[i], str(trace.phase[i]), times[i])
                rows.writerow((*place, side, metric, value, "" if np.isnan(sd) else sd, unit))


# Columns are made from their buffers, because pa.array() imports pandas wherever it is installed: 45 MB for nothing.


def _numbers(values: npt.NDArray[np.float64]) -> pa.Array:
    import pyarrow as pa

    seen = np.packbits(np.isfinite(values), bitorder="little")
    data = np.ascontiguousarray(values, dtype=np.float64)
    return pa.Array.from_buffers(pa.float64(), len(data), [pa.py_buffer(seen), pa.py_buffer(data)])


def _counts(values: npt.NDArray[np.int64]) -> pa.Array:
    import pyarrow as pa

    data = np.ascontiguousarray(values, dtype=np.int32)
    return pa.Array.from_buffers(pa.int32(), len(data), [None, pa.py_buffer(data)])


def _words(values: Iterable[str]) -> pa.Array:
    import pyarrow as pa

    encoded = [str(value).encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))
