"""Pose logs: keypoints of one person as a Parquet table, one row per picture.

Columns: `t_s` and, per keypoint, `<name>_x`, `<name>_y` (pixels, y down) and `<name>_confidence` (0..1), null where the
keypoint is absent; a confidence that is null, or has no column, was not said. `people` (optional), null where nobody
counted. File metadata: width_px, height_px, model, model_version, source, warnings (a JSON list of sentences); what is
damaged there is passed over, since no number rests on it but the size of the picture, which may be unknown.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kneeline.capture.calibration import calibration_for
from kneeline.capture.series import checked_series, recording
from kneeline.files import whole_file
from kneeline.model.errors import InputError
from kneeline.model.pose import KEYPOINTS, Array, PoseSeries, Recording

_MOST_ROWS = 400_000
_MOST_PEOPLE = 1_000_000
_MOST_WARNINGS, _LONGEST_WARNING = 50, 500


def write_pose_log(path: str | Path, series: PoseSeries, about: Recording, model_version: str = "") -> None:
    """Write the log whole or not at all: a failure leaves what was at `path` before.

    Raises: InputError when the folder is missing or may not be written, or the disk is full.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    meta = {
        "width_px": str(about.width_px),
        "height_px": str(about.height_px),
        "model": about.pose_model,
        "model_version": model_version,
        "source": about.source,
        "warnings": json.dumps(about.warnings),
    }
    rows = _table(pa, series).replace_schema_metadata(meta)
    with whole_file(Path(path)) as scratch, scratch.open("wb") as out:  # Arrow opens no name that is not UTF-8
        pq.write_table(rows, out, compression="zstd")


def _table(pa: Any, series: PoseSeries) -> Any:
    absent: npt.NDArray[np.bool_] = np.isnan(series.xy).any(axis=-1)  # type: ignore[assignment]
    columns: dict[str, Any] = {"t_s": pa.array(series.t_s)}
    for i, name in enumerate(KEYPOINTS):
        for suffix, values in (
            ("x", series.xy[:, i, 0]),
            ("y", series.xy[:, i, 1]),
            ("confidence", series.confidence[:, i]),
        ):
            columns[f"{name}_{suffix}"] = pa.array(values, mask=absent[:, i] | ~np.isfinite(values))
    columns["people"] = pa.array(series.people, mask=series.people < 0)
    return pa.table(columns)


def read_pose_log(path: str | Path) -> tuple[PoseSeries, Recording]:
    """Frames and what is known about them; sd_px follows from the confidence by the model's calibration.

    Keypoints that the log has no column for are absent throughout. Rows whose time is absent or does not rise are left
    out, coordinates that are no number or absurdly large count as absent; both are said in the warnings.

    Raises: InputError when the file is missing, is no Parquet table, lacks `t_s` or every keypoint, has no rows, or has
    more than two million.
    """
    path = Path(path)
    with _opened(path) as file:
        return _read(path, file)


def _read(path: Path, file: Any) -> tuple[PoseSeries, Recording]:
    names, meta = _about(path, file)
    known = [name for name in KEYPOINTS if {f"{name}_x", f"{name}_y"} <= names]
    if "t_s" not in names or not known:
        lacking = "the column t_s" if "t_s" not in names else "every keypoint column"
        raise InputError(
            f"{path.name} is not a pose log: it lacks {lacking}",
            expected="columns t_s, <keypoint>_x, <keypoint>_y, <keypoint>_confidence",
            try_next="make one with: kneeline pose VIDEO --log FILE",
        )
    if file.metadata.num_rows > _MOST_ROWS:
        raise InputError(
            f"{path.name} has {file.metadata.num_rows} rows",
            expected=f"at most {_MOST_ROWS} pictures, about 3.7 hours at 30 a second",
            try_next="cut it into sets",
        )
    raw = _read_columns(path, file, known, names)
    model = meta.get("model", "unknown")
    width, height = (_whole_number(meta.get(key, "")) for key in ("width_px", "height_px"))
    series, said = checked_series(
        *raw, calibration_for(model), (width, height) if width and height else None, path.name
    )
    kept = _sentences(meta.get("warnings", ""))
    source = meta.get("source") or path.name
    return series, recording(
        series, source=source, width_px=width, height_px=height, pose_model=model, warnings=kept + said
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.is_dir():
        raise InputError(f"{path} is a folder", expected="one pose log (Parquet)", try_next="name a file in it")
    try:
        stream = path.open("rb")  # not by Arrow, which takes no name that is not UTF-8
    except FileNotFoundError:
        raise InputError(f"there is no file {path}", try_next="check the path") from None
    except PermissionError as error:
        raise InputError(f"{path.name} may not be read", try_next="check the file's permissions") from error
    with stream:
        try:
            file = pq.ParquetFile(stream, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"{path.name} is not a Parquet file, or is cut off",
                expected="a pose log",
                try_next="make one with: kneeline pose VIDEO --log FILE",
            ) from error
        yield file


def _about(path: Path, file: Any) -> tuple[set[str], dict[str, str]]:
    """Names of the columns, and the file's metadata as text."""
    import pyarrow as pa

    try:
        schema = file.schema_arrow
        names = set(schema.names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{path.name} has columns whose names or types cannot be read", expected="a pose log"
        ) from error
    return names, {k.decode(errors="replace"): v.decode(errors="replace") for k, v in (schema.metadata or {}).items()}


def _read_columns(path: Path, file: Any, known: list[str], names: set[str]) -> tuple[Array, Array, Array, Any]:
    """t_s (n,), xy (n, 33, 2), confidence (n, 33), people (n,); absent keypoints NaN, absent counts -1."""
    import pyarrow as pa

    n = file.metadata.num_rows
    xy = np.full((n, len(KEYPOINTS), 2), np.nan)
    confidence = np.full((n, len(KEYPOINTS)), np.nan)

    def column(name: str) -> Array:
        found = file.read(columns=[name], use_threads=False).column(0)
        values = np.concatenate([np.empty(0), *(_floats(pa, chunk) for chunk in found.chunks)])
        del found
        if len(values) != n:
            raise ValueError(f"{len(values)} values in {n} rows")
        pa.default_memory_pool().release_unused()  # else the pool keeps a copy of every column
        return values

    try:
        t_s = column("t_s")
        for name in known:
            i = KEYPOINTS.index(name)
            xy[:, i, 0], xy[:, i, 1] = column(f"{name}_x"), column(f"{name}_y")
            confidence[:, i] = column(f"{name}_confidence") if f"{name}_confidence" in names else np.nan
        people = column("people") if "people" in names else np.full(n, -1.0)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{path.name} holds columns that are no numbers, or is damaged", expected="a pose log of numbers"
        ) from error
    counted = (people >= 0) & (people <= _MOST_PEOPLE)  # neither NaN nor what no count can be
    return t_s, xy, confidence, np.where(counted, people, -1.0).astype(np.int64)


def _floats(pa: Any, column: Any) -> Array:
    """An Arrow array as floats, null as NaN; by its buffers, since to_numpy loads pandas where that is installed."""
    if column.type != pa.float64():
        column = column.cast(pa.float64())
    valid, data = column.buffers()
    rows = slice(column.offset, column.offset + len(column))
    values = np.frombuffer(data, dtype=np.float64)[rows].copy() if data is not None else np.full(len(column), np.nan)
    if valid is not None:
        bits = np.unpackbits(np.frombuffer(valid, dtype=np.uint8), bitorder="little")[rows]
        values[bits == 0] = np.nan
    return values


def _whole_number(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else 0


def _sentences(text: str) -> tuple[str, ...]:
    """The sentences in a JSON list, the first fifty, each cut where it is longer than any of ours."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    said = [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
    return tuple(sentence[:_LONGEST_WARNING] for sentence in said[:_MOST_WARNINGS])
