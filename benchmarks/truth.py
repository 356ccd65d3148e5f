"""What a rendered person really did, in the engine's words: true signals, measures, and what a camera can show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kneeline.content.schema import Exercise, Measure
from kneeline.content.schema import Signal as SignalContent
from kneeline.motion.signals import SIGNALS

Array = npt.NDArray[np.float64]
LETTER = {"left": "L", "right": "R"}
VALID_DEG = {"sagittal": 20.0, "frontal": 12.0}
"""A camera turned off a measure's plane by no more shows it. Set by geometry, not by what the engine can do: at 20
degrees a knee bent 60 still projects to 57; at 12 a squat to 60 degrees already feigns 12 degrees of FPPA."""
INVALID_DEG = {"sagittal": 40.0, "frontal": 30.0}
"""From here on a measure is not to be given: the same knee projects to 48, and the squat feigns 28 degrees."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One rendered recording's truth. data: the studio's JSON. signals, in_picture: column (`--series`) -> (n,)."""

    data: dict[str, Any]
    t_s: Array
    signals: dict[str, Array]
    in_picture: dict[str, Array]

    @property
    def yaw_deg(self) -> float:
        """Turn of the person against the camera, -180 to 180."""
        return math.remainder(self.data["camera"]["yaw"], 360.0)

    def resting(self) -> npt.NDArray[np.bool_]:
        """Frames outside repetitions, (n,)."""
        return ~np.any([(self.t_s > r["start"]) & (self.t_s < r["end"]) for r in self.data["reps"]], axis=0)


def truth_of(data: dict[str, Any]) -> Truth:
    """True signals of a recording from its skeleton. X is the person's forward, Y left, Z up, in metres."""
    joints = {name: np.array(p) for name, p in data["truth"]["joints3d"].items()}
    angles = {name: np.array(a) for name, a in data["truth"]["angles"].items()}
    image = {name: np.array(a) for name, a in data["truth"]["image_angles"].items()}
    lead = data["lead_side"]
    shank = float(np.mean([np.linalg.norm(joints[f"knee_{s}"] - joints[f"ankle_{s}"], axis=1)[0] for s in "LR"]))
    hips = (joints["hip_L"] + joints["hip_R"]) / 2
    shoulders = (joints["shoulder_L"] + joints["shoulder_R"]) / 2
    height = float(np.max([hips[:, 2] - joints[f"ankle_{s}"][:, 2] for s in "LR"]))
    line = joints["shoulder_L"] - joints["shoulder_R"]
    left_up = np.degrees(np.arctan2(line[:, 2], np.hypot(line[:, 0], line[:, 1])))
    found = {
        "pelvic_drop_deg": angles["pelvic_drop"],
        "shoulder_drop_deg": left_up if lead == "L" else -left_up,
        "trunk_lean_deg": angles["trunk_line_lean_to_lead"],
        "trunk_pitch_deg": angles["trunk_line_lean_forward"],
        "body_rise_frac": (hips + shoulders)[:, 2] / 2 / shank,
        "hip_drop_frac": -hips[:, 2] / height,
        "ankle_gap_frac": np.abs((joints["ankle_L"] - joints["ankle_R"])[:, 1]) / shank,
        "foot_clearance_frac": np.abs((joints["ankle_L"] - joints["ankle_R"])[:, 2]) / shank,
    }
    drawn = {"pelvic_drop_deg": image["pelvis_obliquity_2d_left_up"] * (1 if lead == "L" else -1)}
    for side, letter in LETTER.items():
        thigh = joints[f"knee_{letter}"] - joints[f"hip_{letter}"]
        outward = 1 if side == "left" else -1
        found |= {
            f"knee_flexion_{side}_deg": angles[f"knee_flexion_{letter}"],
            f"fppa_{side}_deg": angles[f"fppa_{letter}"],
            f"hip_abduction_{side}_deg": np.degrees(np.arctan2(outward * thigh[:, 1], -thigh[:, 2])),
            f"heel_rise_{side}_frac": angles[f"heel_height_{letter}"] / shank,
            f"leg_shortening_{side}_frac": -(hips[:, 2] - joints[f"ankle_{letter}"][:, 2]) / height,
        }
        drawn |= {
            f"knee_flexion_{side}_deg": image[f"knee_flexion_2d_{letter}"],
            f"fppa_{side}_deg": image[f"fppa_2d_{letter}"],
        }
    return Truth(data, np.array(data["truth"]["time"]), found, drawn)


def valid_view(plane: str, leg: str, yaw_deg: float) -> str:
    """Whether the true camera shows a signal: "yes", "no", or "between". leg: "" for signals without a side.

    >>> valid_view("frontal", "left", 175.0), valid_view("sagittal", "left", 88.0), valid_view("sagittal", "", -60.0)
    ('yes', 'no', 'between')
    """
    if plane == "any":
        return "yes"
    from_front = abs(math.remainder(yaw_deg, 180.0))
    off = from_front if plane == "frontal" else 90.0 - from_front
    near = "right" if math.sin(math.radians(yaw_deg)) > 0 else "left"
    if off >= INVALID_DEG[plane] or (plane == "sagittal" and leg not in ("", near)):
        return "no"
    return "yes" if off <= VALID_DEG[plane] else "between"


def legs_of(rule: Measure, plane: str, side: str, yaw_deg: float) -> tuple[str, ...]:
    """The legs whose signal a measure reads: for both legs from the side, the near one."""
    if rule.leg == "none":
        return ("",)
    near = "right" if math.sin(math.radians(yaw_deg)) > 0 else "left"
    both = ("left", "right")
    if rule.leg == "each" or side == "both":
        return (near,) if plane == "sagittal" else both
    other = both[1 - both.index(side)]
    return (side,) if rule.leg == "working" else (other,)


def true_measure(
    rule: Measure, content: SignalContent, exercise: Exercise, truth: Truth, rep: dict[str, Any], side: str, drawn: bool
) -> float | None:
    """The measure's own statistic over the true phases; None where the truth does not say. drawn: as in the picture."""
    signals = truth.in_picture if drawn else truth.signals
    legs = legs_of(rule, content.plane, side, truth.yaw_deg)
    columns = [f"{rule.signal}{'_' if leg else ''}{leg}_{content.unit}" for leg in legs]
    if any(column not in signals for column in columns):
        return None
    told = any(o.signal == rule.signal for o in exercise.observation)
    values = [_statistic(rule, exercise, truth, rep, signals[c], legs[i], told) for i, c in enumerate(columns)]
    if any(v is None for v in values):
        return None
    known = [v for v in values if v is not None]
    if rule.statistic == "difference":
        return abs(known[0] - known[1]) if len(known) == 2 else None
    if rule.leg == "each":
        return min(known) if rule.statistic == "min" else max(known)
    return sum(known) / len(known)


def _statistic(
    rule: Measure, exercise: Exercise, truth: Truth, rep: dict[str, Any], value: Array, leg: str, told: bool
) -> float | None:
    t = truth.t_s
    lowering_first = exercise.repetition.outward == "lower"
    spans = {
        "repetition": (rep["start"], rep["end"]),
        "top": (rep["hold_start"], rep["hold_end"]),
        "lower": (rep["start"], rep["hold_start"]) if lowering_first else (rep["hold_end"], rep["end"]),
        "lift": (rep["hold_end"], rep["end"]) if lowering_first else (rep["start"], rep["hold_start"]),
        "rest": (rep["start"] - 0.5, rep["start"]),
    }

    def over(part: str) -> Array:
        a, b = spans[part]
        middle = int(np.argmin(np.abs(t - (a + b) / 2)))
        inside = (t >= a) & (t <= b)
        inside[middle] = True
        return value[inside]

    part = over(rule.over)
    if rule.statistic == "at_knee_flexion_45":
        bent = truth.signals[f"knee_flexion_{leg}_deg"]
        a, b = spans[rule.over]
        deep = np.flatnonzero((t >= a) & (t <= b) & (bent >= 45.0))
        return float(value[deep[0]]) if len(deep) else None
    rest = SIGNALS[rule.signal].from_rest or told or rule.statistic == "change"
    base = float(np.median(over("rest"))) if rest and rule.statistic != "range" else 0.0
    read = {
        "max": np.max,
        "min": np.min,
        "median": np.median,
        "difference": np.median,
        "range": np.ptp,
        "change": lambda _: np.median(over("top")),
    }
    return float(read[rule.statistic](part)) - base
