"""Angles as OpenSim's coordinates, for a MOT or STO file: its names, its signs, in degrees, no number made up.

Names and signs are those of Rajagopal 2016 and the models after it (LaiUhlrich2022): a bent knee is positive, while
gait2392 and gait2354 count it negative. With x forward, y up and z to the right, the frontal angles turn about +x:

    pelvis_list      right hip lower is positive
    lumbar_bending   trunk against pelvis, to the right is positive:  lean to the right - pelvis_list
    hip_adduction_*  thigh against pelvis, inward is positive:        -(outward from vertical) -+ pelvis_list (r, l)

One view supports few of them: from the side knee and ankle of the near leg, from the front or behind the other three.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from kneeline import __version__
from kneeline.model.movement import SetResult, SignalTrace
from kneeline.model.quantity import Estimate

Array = npt.NDArray[np.float64]

SEEN_SHARE = 0.5
"""A coordinate that could be judged in fewer of the frames is left out. House default."""


def coordinates(trace: SignalTrace, result: SetResult) -> dict[str, Array]:
    """OpenSim's name -> (n,) degrees, NaN where a frame does not show it; only what this view supports at all.

    pelvis_list counts from the person's own rest where the exercise tells the hip drop from several signals at once.
    """
    found: dict[str, Array] = {}
    near = _near(result)
    if near:
        for name, signal in (("knee_angle", "knee_flexion"), ("ankle_angle", "ankle_dorsiflexion")):
            found[f"{name}_{near[0]}"] = _values(trace, f"{signal}_{near}_deg")
    # Drop and lean are told against the standing leg; for both legs as if it were the left one.
    right = -1.0 if result.side == "right" else 1.0
    pelvis_list = right * _values(trace, "pelvic_drop_deg")
    found["pelvis_list"] = pelvis_list
    found["lumbar_bending"] = -right * _values(trace, "trunk_lean_deg") - pelvis_list
    for side, sign in (("right", -1.0), ("left", 1.0)):
        abduction = _values(trace, f"hip_abduction_{side}_deg")
        found[f"hip_adduction_{side[0]}"] = -abduction + sign * pelvis_list
    return {name: values for name, values in found.items() if np.isfinite(values).any()}


def motion(trace: SignalTrace, result: SetResult) -> str:
    """The text of a MOT or STO file: a header, and one row per frame in which every coordinate could be judged.

    OpenSim fits splines through the columns and fails on NaN. So a coordinate that is seen in less than half of the
    frames is left out, and then the frames that lack one of the others. Times need not be even; nothing is filled in.
    """
    found = coordinates(trace, result)
    kept = {name: values for name, values in found.items() if np.isfinite(values).mean() >= SEEN_SHARE}
    columns = np.stack([trace.t_s, *kept.values()], axis=1)
    rows = columns[np.isfinite(columns).all(axis=1)]
    head = [
        "Coordinates",
        "version=1",
        f"nRows={len(rows)}",
        f"nColumns={columns.shape[1]}",
        "inDegrees=yes",
        f"kneeline {__version__}, {result.exercise}; knee_angle: flexion is positive (as in Rajagopal 2016).",
        f"{len(columns) - len(rows)} of {len(columns)} frames left out: a coordinate could not be judged in them.",
        *([] if kept else ["No coordinate of OpenSim could be judged from this view."]),
        "endheader",
        "\t".join(("time", *kept)),
    ]  # no blank line: pyomeca stumbles over it
    return "\n".join(head + ["\t".join(map(repr, row)) for row in rows.tolist()]) + "\n"


def _near(result: SetResult) -> str:
    """The side of the body that is closer to the camera, "" where the view is not known."""
    yaw = result.view.yaw_deg
    if not isinstance(yaw, Estimate):
        return ""
    return "right" if math.sin(math.radians(yaw.value)) > 0 else "left"


def _values(trace: SignalTrace, column: str) -> Array:
    return np.asarray(trace.values.get(column, np.full(len(trace.t_s), np.nan)))
