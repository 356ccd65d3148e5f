"""Signals: what is followed frame by frame, each one small function of the geometry and the clip's bearings.

Left and right come from one definition: a function is given the side, and every sign follows from the bearings.
Signs are those of the glossary: flexion, inward knee, drop of the unsupported side and lean towards the stance leg are
positive. Lengths are returned in pixels and divided by the person's own scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

from kneeline.motion.geometry import ROW, Geometry, Q, Seen

Array = npt.NDArray[np.float64]


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


class Of(Protocol):
    """A signal in degrees or pixels, unscaled, of many frames or of one."""

    def __call__(self, g: Seen[Q], b: Bearings, side: str, /) -> Q:
        """The signal; `side` is "left" or "right" for a sided one."""


Error = Callable[[Geometry, Bearings, str], Array]


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """How a signal and its error are computed.

    of, error: values and their standard deviations, in degrees or pixels.
    scale: what pixels are divided by; "deg" for angles.
    from_rest: only its change against the person's own resting level has a meaning.
    """

    of: Of
    error: Error
    sided: bool
    scale: Literal["deg", "shank", "hip_height"]
    from_rest: bool = False


def _knee_flexion(g: Seen[Q], b: Bearings, side: str) -> Q:
    return -b.forwards * g.bend_of(side)


def _fppa(g: Seen[Q], b: Bearings, side: str) -> Q:
    return b.lateral(side) * g.bend_of(side)


def _bend_error(g: Geometry, b: Bearings, side: str) -> Array:
    return g.bend_sd[:, 0 if side == "left" else 1]


def _pelvic_drop(g: Seen[Q], b: Bearings, side: str) -> Q:
    return _level(g.tilt_of("pelvis"), b)


def _level(tilt: Q, b: Bearings) -> Q:
    """How far the line from right to left is off level, + when the side of the free leg is lower."""
    # For both legs at once the sign is that of a stance on the left leg.
    left_up = ((tilt - 90.0 if b.towards > 0 else -tilt - 90.0) + 180.0) % 360.0 - 180.0
    return left_up if b.stance != "right" else -left_up


def _shoulder_drop(g: Seen[Q], b: Bearings, side: str) -> Q:
    return _level(g.tilt_of("shoulders"), b)


def _trunk_lean(g: Seen[Q], b: Bearings, side: str) -> Q:
    return -b.lateral("right" if b.stance == "right" else "left") * g.tilt_of("trunk")


def _trunk_pitch(g: Seen[Q], b: Bearings, side: str) -> Q:
    return -b.forwards * g.tilt_of("trunk")


def _hip_abduction(g: Seen[Q], b: Bearings, side: str) -> Q:
    return b.lateral(side) * g.tilt_of(f"thigh_{side}")


def _heel_rise(g: Seen[Q], b: Bearings, side: str) -> Q:
    return g.along(f"foot_{side}", 1)


def _body_rise(g: Seen[Q], b: Bearings, side: str) -> Q:
    return -g.along("body_at", 1)


def _hip_drop(g: Seen[Q], b: Bearings, side: str) -> Q:
    return g.along("hips_at", 1)


def _leg_shortening(g: Seen[Q], b: Bearings, side: str) -> Q:
    return -g.along(f"leg_{side}", 1)


def _ankle_gap(g: Seen[Q], b: Bearings, side: str) -> Q:
    return g.length("ankles")


def _ankle_drift(g: Seen[Q], b: Bearings, side: str) -> Q:
    return b.lateral(side) * g.along(f"instep_{side}", 0)


def _foot_clearance(g: Seen[Q], b: Bearings, side: str) -> Q:
    # Unsigned: near and far feet get mixed up in side views, and a lifted foot is the higher one.
    return abs(g.along("ankles", 1))


def _ankle_dorsiflexion(g: Seen[Q], b: Bearings, side: str) -> Q:
    # A foot at a right angle to the shank is neutral, as a standing person has it; wrapped, since 180 deg is no limit.
    turn = b.forwards * (g.tilt_of(f"foot_{side}") - g.tilt_of(f"shank_{side}")) - 90.0
    return (turn + 180.0) % 360.0 - 180.0


def _ankle_error(g: Geometry, b: Bearings, side: str) -> Array:
    return np.hypot(g.tilt_sd[:, ROW[f"foot_{side}"]], g.tilt_sd[:, ROW[f"shank_{side}"]])


def _shin_tilt(g: Seen[Q], b: Bearings, side: str) -> Q:
    return -b.forwards * g.tilt_of(f"shank_{side}")


def _left_foot_ahead(g: Seen[Q], b: Bearings, side: str) -> Q:
    return b.forwards * g.along("ankles", 0)


def _tilt_of(segment: str) -> Error:
    return lambda g, b, side: g.tilt_sd[:, ROW[segment.format(side)]]


def _place_of(segment: str) -> Error:
    return lambda g, b, side: g.sd(segment.format(side))


SIGNALS: Final[dict[str, SignalSpec]] = {
    "knee_flexion": SignalSpec(_knee_flexion, _bend_error, sided=True, scale="deg"),
    "fppa": SignalSpec(_fppa, _bend_error, sided=True, scale="deg"),
    "pelvic_drop": SignalSpec(_pelvic_drop, _tilt_of("pelvis"), sided=False, scale="deg"),
    "shoulder_drop": SignalSpec(_shoulder_drop, _tilt_of("shoulders"), sided=False, scale="deg"),
    "trunk_lean": SignalSpec(_trunk_lean, _tilt_of("trunk"), sided=False, scale="deg"),
    "trunk_pitch": SignalSpec(_trunk_pitch, _tilt_of("trunk"), sided=False, scale="deg"),
    "hip_abduction": SignalSpec(_hip_abduction, _tilt_of("thigh_{}"), sided=True, scale="deg"),
    "heel_rise": SignalSpec(_heel_rise, _place_of("foot_{}"), sided=True, scale="shank", from_rest=True),
    "body_rise": SignalSpec(_body_rise, _place_of("body_at"), sided=False, scale="shank", from_rest=True),
    "hip_drop": SignalSpec(_hip_drop, _place_of("hips_at"), sided=False, scale="hip_height", from_rest=True),
    "leg_shortening": SignalSpec(_leg_shortening, _place_of("leg_{}"), sided=True, scale="hip_height", from_rest=True),
    "ankle_gap": SignalSpec(_ankle_gap, _place_of("ankles"), sided=False, scale="shank", from_rest=True),
    "ankle_drift": SignalSpec(_ankle_drift, _place_of("instep_{}"), sided=True, scale="shank", from_rest=True),
    "foot_clearance": SignalSpec(_foot_clearance, _place_of("ankles"), sided=False, scale="shank"),
    "ankle_dorsiflexion": SignalSpec(_ankle_dorsiflexion, _ankle_error, sided=True, scale="deg"),
    "shin_tilt": SignalSpec(_shin_tilt, _tilt_of("shank_{}"), sided=True, scale="deg"),
    "left_foot_ahead": SignalSpec(_left_foot_ahead, _place_of("ankles"), sided=False, scale="shank"),
}
"""Every signal the engine knows; `content/data/signals.toml` says from where each can be seen, and how well."""


def scale_px(name: str, bearings: Bearings) -> float:
    """What a signal's pixels are divided by; 1 for angles, NaN for a person without a size."""
    return scale_of(name, bearings.shank_px, bearings.hip_height_px)


def scale_of(name: str, shank_px: float, hip_height_px: float) -> float:
    """What a signal's pixels are divided by, for a person of this size; 1 for angles, NaN where there is no size."""
    kind = SIGNALS[name].scale
    scale = 1.0 if kind == "deg" else shank_px if kind == "shank" else hip_height_px
    return scale if scale > 0 else math.nan


def signal(name: str, g: Geometry, bearings: Bearings, side: str = "") -> Array:
    """One signal, (n,), in degrees or as a fraction of the person's scale; NaN where its keypoints are missing.

    name: a key of `SIGNALS`; side: "left" or "right" for a sided signal. Raises KeyError for an unknown name.
    """
    return SIGNALS[name].of(g, bearings, side) / scale_px(name, bearings)


def signal_sd(name: str, g: Geometry, bearings: Bearings, side: str = "") -> Array:
    """Standard deviation of `signal` from the keypoints' own error, (n,), first order."""
    return SIGNALS[name].error(g, bearings, side) / scale_px(name, bearings)


def observe(weights: Mapping[str, float], g: Geometry, bearings: Bearings) -> Array:
    """A quantity told by several signals at once, (n,); only its change from rest has a meaning.

    weights: signal -> weight. A sided signal is the free leg's.
    """
    free = "right" if bearings.stance == "left" else "left"
    total = np.zeros(len(g.t_s))
    for name, weight in weights.items():
        total = total + weight * signal(name, g, bearings, free if SIGNALS[name].sided else "")
    return total


def column_name(name: str, side: str = "") -> str:
    """Name of a signal in traces and `--series`: signal, side, unit.

    >>> column_name("fppa", "left"), column_name("body_rise")
    ('fppa_left_deg', 'body_rise_frac')
    """
    unit = "deg" if SIGNALS[name].scale == "deg" else "frac"
    return "_".join(part for part in (name, side, unit) if part)
