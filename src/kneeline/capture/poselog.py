"""Pose logs: keypoints of one person as a Parquet table, one row per picture."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from kneeline.model.pose import KEYPOINTS, PoseSeries, Recording


def write_pose_log(path: str | Path, series: PoseSeries, about: Recording, model_version: str = "") -> None:
    """Write the log whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    columns: dict[str, Any] = {"t_s": series.t_s}
    for i, name in enumerate(KEYPOINTS):
        columns[f"{name}_x"] = _nullable(pa, series.xy[:, i, 0])
        columns[f"{name}_y"] = _nullable(pa, series.xy[:, i, 1])
        columns[f"{name}_confidence"] = _nullable(pa, series.confidence[:, i])
    columns["people"] = pa.array(series.people, mask=series.people < 0)
    table = pa.table(columns).replace_schema_metadata(
        {
            "width_px": str(about.width_px),
            "height_px": str(about.height_px),
            "model": about.pose_model,
            "model_version": model_version,
            "source": about.source,
            "warnings": json.dumps(about.warnings),
        }
    )
    handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        pq.write_table(table, scratch, compression="zstd")
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def _nullable(pa: Any, values: Any) -> Any:
    return pa.array(values, mask=~np.isfinite(values))
