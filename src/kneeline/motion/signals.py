"""Signals: what is followed frame by frame, each one small function of the geometry and the clip's bearings.

Left and right come from one definition: a function is given the side, and every sign follows from the bearings.
Signs are those of the glossary: flexion, inward knee, drop of the unsupported side and lean towards the stance leg are
positive. Lengths are returned in pixels and divided by the person's own scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kneeline.motion.geometry import ROW, Geometry

Array = npt.NDArray[np.float64]
Values = tuple[Array, Array]


@dataclass(frozen=True, slots=True)
class Bearings:
    """What is fixed for a clip before any signal has a sign or a size.

    towards: 1 when the person faces the camera, -1 when their back does.
    forwards: 1 when the person's forward direction is image right, -1 when it is image left.
    stance: the side that carries the body ("left", "right"), or "both".
    shank_px, hip_height_px: the person's size while standing: shank length, and hips above ankles.
    """

    towards: int
    forwards: int
    stance: str
    shank_px: float
    hip_height_px: float

    def lateral(self, side: str) -> int:
        """1 when the outer side of that leg is image right, else -1."""
        return self.towards if side == "left" else -self.towards


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """How a signal is computed.

    scale: what its pixels are divided by; "deg" for angles.
    from_rest: only its change against the person's own resting level has a meaning.
    """

    of: Callable[[Geometry, Bearings, str], Values]
    sided: bool
    scale: Literal["deg", "shank", "hip_height"]
    from_rest: bool = False


def _knee_flexion(g: Geometry, b: Bearings, side: str) -> Values:
    column = 0 if side == "left" else 1
    return -b.forwards * g.bend[:, column], g.bend_sd[:, column]


def _fppa(g: Geometry, b: Bearings, side: str) -> Values:
    column = 0 if side == "left" else 1
    return b.lateral(side) * g.bend[:, column], g.bend_sd[:, column]


def _pelvic_drop(g: Geometry, b: Bearings, side: str) -> Values:
    # For both legs at once the sign is that of a stance on the left leg.
    row = ROW["pelvis"]
    left_up = g.tilt[:, row] - 90.0 if b.towards > 0 else -(g.tilt[:, row] + 90.0)
    left_up = (left_up + 180.0) % 360.0 - 180.0
    return (left_up if b.stance != "right" else -left_up), g.tilt_sd[:, row]


def _trunk_lean(g: Geometry, b: Bearings, side: str) -> Values:
    row = ROW["trunk"]
    return -b.lateral("right" if b.stance == "right" else "left") * g.tilt[:, row], g.tilt_sd[:, row]


def _trunk_pitch(g: Geometry, b: Bearings, side: str) -> Values:
    row = ROW["trunk"]
    return -b.forwards * g.tilt[:, row], g.tilt_sd[:, row]


def _hip_abduction(g: Geometry, b: Bearings, side: str) -> Values:
    row = ROW[f"thigh_{side}"]
    return b.lateral(side) * g.tilt[:, row], g.tilt_sd[:, row]


def _heel_rise(g: Geometry, b: Bearings, side: str) -> Values:
    return g.along(f"foot_{side}", 1), g.sd(f"foot_{side}")


def _body_rise(g: Geometry, b: Bearings, side: str) -> Values:
    return -g.along("body_at", 1), g.sd("body_at")


def _hip_drop(g: Geometry, b: Bearings, side: str) -> Values:
    return g.along("hips_at", 1), g.sd("hips_at")


def _leg_shortening(g: Geometry, b: Bearings, side: str) -> Values:
    return -g.along(f"leg_{side}", 1), g.sd(f"leg_{side}")


def _ankle_gap(g: Geometry, b: Bearings, side: str) -> Values:
    return g.length("ankles"), g.sd("ankles")


def _ankle_drift(g: Geometry, b: Bearings, side: str) -> Values:
    return b.lateral(side) * g.along(f"instep_{side}", 0), g.sd(f"instep_{side}")


def _foot_clearance(g: Geometry, b: Bearings, side: str) -> Values:
    left_below_right = g.along("ankles", 1)
    return (left_below_right if b.stance == "left" else -left_below_right), g.sd("ankles")


SIGNALS: Final[dict[str, SignalSpec]] = {
    "knee_flexion": SignalSpec(_knee_flexion, sided=True, scale="deg"),
    "fppa": SignalSpec(_fppa, sided=True, scale="deg"),
    "pelvic_drop": SignalSpec(_pelvic_drop, sided=False, scale="deg"),
    "trunk_lean": SignalSpec(_trunk_lean, sided=False, scale="deg"),
    "trunk_pitch": SignalSpec(_trunk_pitch, sided=False, scale="deg"),
    "hip_abduction": SignalSpec(_hip_abduction, sided=True, scale="deg"),
    "heel_rise": SignalSpec(_heel_rise, sided=True, scale="shank", from_rest=True),
    "body_rise": SignalSpec(_body_rise, sided=False, scale="shank", from_rest=True),
    "hip_drop": SignalSpec(_hip_drop, sided=False, scale="hip_height", from_rest=True),
    "leg_shortening": SignalSpec(_leg_shortening, sided=True, scale="hip_height", from_rest=True),
    "ankle_gap": SignalSpec(_ankle_gap, sided=False, scale="shank", from_rest=True),
    "ankle_drift": SignalSpec(_ankle_drift, sided=True, scale="shank", from_rest=True),
    "foot_clearance": SignalSpec(_foot_clearance, sided=False, scale="shank"),
}
"""Every signal the engine knows; `content/data/signals.toml` says from where each can be seen, and how well."""


def scale_px(name: str, bearings: Bearings) -> float:
    """What a signal's pixels are divided by; 1 for angles."""
    return {"deg": 1.0, "shank": bearings.shank_px, "hip_height": bearings.hip_height_px}[SIGNALS[name].scale]


def signal(name: str, g: Geometry, bearings: Bearings, side: str = "") -> Values:
    """Values and standard deviations of one signal, (n,) each, in degrees or as a fraction of the person's scale.

    name: a key of `SIGNALS`; side: "left" or "right" for a sided signal. Raises KeyError for an unknown name.
    """
    value, sd = SIGNALS[name].of(g, bearings, side)
    scale = scale_px(name, bearings)
    return value / scale, sd / scale


def column_name(name: str, side: str = "") -> str:
    """Name of a signal in traces and `--series`: signal, side, unit.

    >>> column_name("fppa", "left"), column_name("body_rise")
    ('fppa_left_deg', 'body_rise_frac')
    """
    unit = "deg" if SIGNALS[name].scale == "deg" else "frac"
    return "_".join(part for part in (name, side, unit) if part)
