"""Signals frame by frame as a table: Parquet, or CSV when the file name asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kneeline import __version__
from kneeline.files import whole_file
from kneeline.model.movement import SetResult, SignalTrace

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


def write_series(path: Path, trace: SignalTrace, result: SetResult, library_digest: str) -> None:
    """Write the table whole or not at all; a name that ends with .csv becomes CSV.

    Raises: InputError when the disk refuses it.
    """
    rows = table(trace, result, library_digest)
    with whole_file(path) as scratch, scratch.open("wb") as out:  # Arrow opens no name that is not UTF-8
        if path.suffix.lower() == ".csv":
            import pyarrow.csv

            pyarrow.csv.write_csv(rows, out)
        else:
            import pyarrow.parquet

            pyarrow.parquet.write_table(rows, out, compression="zstd")


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
