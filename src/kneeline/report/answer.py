"""The answer as JSON: the contract that scripts depend on (`docs/schema/set.schema.json`)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kneeline import __version__
from kneeline.files import whole_file
from kneeline.model.movement import FaultFinding, Repetition, SetResult
from kneeline.model.pose import Recording
from kneeline.model.quantity import Estimate, Measured

if TYPE_CHECKING:
    from kneeline.content.load import Library

SCHEMA_VERSION = 1


def answer(result: SetResult, recording: Recording, library: Library) -> dict[str, Any]:
    """The whole answer as plain values; what could not be measured says so, and no number is ever NaN.

    Times are seconds of the recording; an estimate is {"value", "sd", "unit"}, or {"not_assessable": reason}.
    """
    view, summary = result.view, result.summary
    return {
        "schema_version": SCHEMA_VERSION,
        "kneeline": __version__,
        "library": library.digest,
        "recording": {
            "source": recording.source,
            "frames": recording.frames,
            "duration_s": _number(recording.duration_s),
            "fps_median": _number(recording.fps_median),
            "width_px": recording.width_px,
            "height_px": recording.height_px,
            "pose_model": recording.pose_model,
        },
        "exercise": result.exercise,
        "side": result.side,
        "view": {
            "facing": view.facing,
            "yaw_deg": measured(view.yaw_deg),
            "usable": view.usable,
            "reasons": list(view.reasons),
        },
        "reps": [_repetition(rep) for rep in result.reps],
        "set": {
            "count": summary.count,
            "good": summary.good,
            "time_under_tension_s": _number(summary.time_under_tension_s),
            "prescribed_time_under_tension_s": _maybe(summary.prescribed_time_under_tension_s),
            "dose_received": _maybe(summary.dose_received),
        },
        "cues": [{"t_s": _number(cue.t_s), "id": cue.id, "say": cue.say} for cue in result.cues],
        "warnings": list(dict.fromkeys((*recording.warnings, *result.warnings))),
    }


def measured(value: Measured) -> dict[str, Any]:
    """An estimate with its error, or the reason why there is none.

    >>> measured(Estimate(12.0, 2.0, "deg"))
    {'value': 12.0, 'sd': 2.0, 'unit': 'deg'}
    """
    if isinstance(value, Estimate):
        return {"value": _number(value.value), "sd": _number(value.sd), "unit": value.unit}
    return {"not_assessable": value.reason}


def to_json(content: dict[str, Any]) -> str:
    """The answer as JSON text.

    Raises: ValueError when a number is NaN or infinite, which would be a mistake of ours.
    """
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write the answer whole or not at all.

    Raises: InputError when the disk refuses it.
    """
    text = to_json(content)
    with whole_file(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def _repetition(rep: Repetition) -> dict[str, Any]:
    return {
        "n": rep.n,
        "side": rep.side,
        "start_s": _number(rep.start_s),
        "top_start_s": _number(rep.top_start_s),
        "top_end_s": _number(rep.top_end_s),
        "end_s": _number(rep.end_s),
        "lift_s": measured(rep.lift_s),
        "hold_s": measured(rep.hold_s),
        "lower_s": measured(rep.lower_s),
        "measures": {name: measured(value) for name, value in rep.measures.items()},
        "faults": [_fault(fault) for fault in rep.faults],
        "verdict": rep.verdict.value,
    }


def _fault(fault: FaultFinding) -> dict[str, Any]:
    return {
        "id": fault.id,
        "verdict": fault.verdict.value,
        "probability": _maybe(fault.probability),
        "reason": fault.reason,
    }


def _number(value: float) -> float:
    """The value to a millionth, which is finer than anything measured here and keeps files short."""
    if not math.isfinite(value):
        raise ValueError(f"an answer holds finite numbers, got {value}")
    return round(float(value), 6)


def _maybe(value: float | None) -> float | None:
    return None if value is None else _number(value)
