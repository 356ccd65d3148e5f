"""The reference motion drawn as a person: a still picture for sheets, a moving one for screens, both SVG.

Joints come from `kneeline.motion.figure`; here they get flesh, clothes, a floor and the exercise's ball, band or step.
Widths of the body parts are a drawing's, not a measurement's. Nothing is scripted: the moving picture is SMIL, and who
asks for less motion is shown rest and top side by side instead. Longer than most: much of it is outlines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kneeline.content.schema import Exercise, Side
from kneeline.model.pose import INDEX
from kneeline.motion.figure import angles_at, minimum_jerk, pose

Array = npt.NDArray[np.float64]
View = Literal["front", "back", "left", "right"]
Box = tuple[float, float, float, float]
"""Left edge, upper edge, width and height."""

PX_PER_M: Final = 400.0
MARGIN_M: Final = 0.1
HALF_BODY_M: Final = 0.17
REST_S: Final = 0.9
STEP_M: Final = -0.05
"""A foot that goes this far below the other one's ground means that the other one stands on a step."""
WAY: Final = tuple(float(minimum_jerk(np.array(x))) for x in np.linspace(0, 1, 6))
_FEET = [INDEX[f"{side}_{end}"] for side in ("left", "right") for end in ("heel", "foot_index")]
_AZIMUTH: Final[dict[str, float]] = {"front": 0.0, "left": np.pi / 2, "back": np.pi, "right": 1.5 * np.pi}

COLOURS: Final[dict[str, str]] = {
    "skin": "#c98f6c",
    "skin-far": "#b07a5a",
    "shirt": "#2f7f86",
    "shirt-far": "#27696f",
    "shorts": "#2d3a4f",
    "shorts-far": "#243042",
    "shoe": "#e8e4da",
    "shoe-far": "#cfcabd",
    "hair": "#4a3328",
    "prop": "#e4572e",
    "wood": "#b9a78f",
    "floor": "#8b95a1",
    "shadow": "#8b95a1",
}
"""Fill of each material; pages may override it by class."""

# Half widths in metres from one end of a part to the other, at equal steps: towards its front and its back as seen from
# the side, and towards the outside and the inside as seen from the front.
_THIGH = ((0.088, 0.092, 0.085, 0.070, 0.058), (0.100, 0.090, 0.078, 0.066, 0.056))
_THIGH_ACROSS = ((0.092, 0.090, 0.080, 0.068, 0.057), (0.072, 0.075, 0.070, 0.060, 0.054))
_SHANK = ((0.056, 0.050, 0.045, 0.040, 0.036), (0.052, 0.072, 0.068, 0.048, 0.036))
_SHANK_ACROSS = ((0.054, 0.062, 0.057, 0.043, 0.035), (0.053, 0.060, 0.053, 0.041, 0.035))
_UPPER_ARM = ((0.050, 0.048, 0.044, 0.040, 0.037), (0.050, 0.048, 0.044, 0.040, 0.037))
_FOREARM = ((0.038, 0.041, 0.036, 0.030, 0.026), (0.038, 0.040, 0.035, 0.030, 0.026))
_HAND = (0.027, 0.034, 0.037, 0.033, 0.022)
_FOOT_ACROSS = (0.036, 0.042, 0.046, 0.048, 0.040)
_AT = np.linspace(0.0, 1.0, 5)
SHORTS, SLEEVE = 0.5, 0.5
# The trunk: share of the way from hips to shoulders, then half widths across, and to the front and back from the side.
_TRUNK = np.array(
    [
        (-0.16, 0.120, 0.070, 0.105),
        (0.00, 0.165, 0.100, 0.130),
        (0.22, 0.152, 0.100, 0.105),
        (0.45, 0.136, 0.094, 0.086),
        (0.72, 0.156, 0.112, 0.100),
        (0.92, 0.186, 0.098, 0.106),
        (1.06, 0.120, 0.060, 0.076),
    ]
)
_WAIST = 2


@dataclass(frozen=True, slots=True)
class _Shape:
    """One filled or stroked path. width_px: of the stroke; 0 fills."""

    paint: str
    path: str
    width_px: float = 0.0
    opacity: float = 1.0


def still(exercise: Exercise, progress: float = 1.0, view: View | None = None, side: Side = "right") -> str:
    """An SVG of the reference motion at `progress` (0 = rest, 1 = top).

    view: what of the person faces the picture; what the exercise's camera should see when None. side: the working leg.

    >>> from kneeline.content.load import load_exercise
    >>> still(load_exercise("terminal_knee_extension")).startswith("<svg")
    True
    """
    parts, box = person(exercise, progress, view or best_view(exercise, side), side)
    return _svg(exercise, parts, box, "kneeline-figure")


def person(exercise: Exercise, progress: float, view: View, side: Side) -> tuple[list[str], Box]:
    """The parts of the drawing, to stand in another picture, and the box that the whole movement fills.

    In `PX_PER_M` pixels, y down, the ground under the feet at y = 0.
    """
    (drawn,) = _moments(exercise, (progress,), view, side)
    return [_plain(shape) for shape in drawn.shapes], _box(_moments(exercise, (0.0, 1.0), view, side))


def rest_and_top(exercise: Exercise, view: View | None = None, side: Side = "right") -> str:
    """An SVG with the beginning and the far end of the movement side by side."""
    moments = _moments(exercise, (0.0, 1.0), view or best_view(exercise, side), side)
    box = _box(moments)
    parts = []
    for i, moment in enumerate(moments):
        parts.append(f'<g transform="translate({i * box[2]:.0f} 0)">{"".join(map(_plain, moment.shapes))}</g>')
    return _svg(exercise, parts, (box[0], box[1], 2 * box[2], box[3]), "kneeline-figure kneeline-figure-pair")


def moving(exercise: Exercise, view: View | None = None, side: Side = "right") -> str:
    """An SVG that performs the exercise at its prescribed tempo, without end.

    view: what of the person faces the picture; what the exercise's camera should see when None. side: the working leg.
    """
    dose = exercise.dose
    lift, hold, lower = (dose.lift.value, dose.hold.value, dose.lower.value) if dose else (1.5, 0.5, 1.5)
    out, back = (lift, lower) if exercise.repetition.outward == "lift" else (lower, lift)
    steps = np.linspace(0, 1, len(WAY))
    times = np.concatenate([[0.0], REST_S + steps * out, REST_S + out + hold + steps * back])
    times /= times[-1]
    moments = _moments(exercise, WAY, view or best_view(exercise, side), side)
    order = [0, *range(len(WAY)), *reversed(range(len(WAY)))]
    key_times = ";".join(f"{t:.3f}".rstrip("0").rstrip(".") for t in times)
    lasts = f"{REST_S + out + hold + back:g}s"
    parts = []
    for i, shape in enumerate(moments[0].shapes):
        paths = [moments[k].shapes[i].path for k in order]
        if len(set(paths)) == 1:
            parts.append(_plain(shape))
            continue
        motion = (
            f'<animate attributeName="d" dur="{lasts}" repeatCount="indefinite" keyTimes="{key_times}"'
            f' values="{";".join(paths)}"/>'
        )
        parts.append(_plain(shape).replace("/>", f">{motion}</path>"))
    return _svg(exercise, parts, _box(moments), "kneeline-figure kneeline-figure-moving")


def best_view(exercise: Exercise, side: Side = "right") -> View:
    """What of the person the exercise's camera should see: for a side view, the side of the working leg."""
    facing = exercise.camera.views[0]
    if facing == "side":
        return "left" if side == "left" else "right"
    return facing


# drawing one moment


@dataclass(frozen=True, slots=True)
class _Moment:
    shapes: tuple[_Shape, ...]
    low: Array
    high: Array


class _Body:
    """One posture seen from one side: image coordinates of its joints in pixels, y down."""

    def __init__(self, joints: Array, view: View) -> None:
        azimuth = _AZIMUTH[view]
        c, s = np.cos(azimuth), np.sin(azimuth)
        self._right, self._towards = np.array([-s, c, 0.0]), np.array([c, s, 0.0])
        self.joints = joints
        self.sideways = abs(s) > 0.5
        self.ahead = -s if self.sideways else 0.0
        """1 when the person's front is image right, -1 when it is image left, 0 from the front or behind."""
        self.near = {"left": "left", "right": "right"}.get(view, "")
        self.view = view

    def flat(self, point: Array) -> Array:
        """A point in metres, as pixels."""
        return np.asarray(np.array([point @ self._right, -point[2]]) * PX_PER_M)

    def joint(self, name: str) -> Array:
        return self.flat(self.joints[INDEX[name]])

    def middle(self, *names: str) -> Array:
        return np.asarray(np.mean([self.joint(name) for name in names], axis=0))

    def outward(self, side: str) -> float:
        """1 when the outer side of that limb is image right, else -1."""
        hips = self.joints[[INDEX[f"{side}_hip"], INDEX["left_hip"], INDEX["right_hip"]]] @ self._right
        return 1.0 if hips[0] >= (hips[1] + hips[2]) / 2 else -1.0

    def depth(self, side: str) -> float:
        """How near that leg is to the camera, in metres."""
        return float((self.joints[[INDEX[f"{side}_knee"], INDEX[f"{side}_ankle"]]] @ self._towards).mean())


def _moments(exercise: Exercise, progress: Iterable[float], view: View, side: Side) -> list[_Moment]:
    joints = pose(angles_at(exercise, np.array(list(progress))), side)
    whole = pose(angles_at(exercise, np.array(WAY)), side)
    lowest_m = float(
        whole[:, [INDEX[f"{leg}_{end}"] for leg in ("left", "right") for end in ("heel", "foot_index")], 2].min()
    )
    floor_m = lowest_m if lowest_m < STEP_M else 0.0
    return [_moment(exercise, one, whole[0], view, side, floor_m) for one in joints]


def _moment(exercise: Exercise, joints: Array, resting: Array, view: View, side: Side, floor_m: float) -> _Moment:
    body = _Body(joints, view)
    rest = _Body(resting, view)
    far, near = sorted(("left", "right"), key=lambda leg: (leg == body.near, body.depth(leg)))
    props = exercise.reference.props
    working = "left" if side == "left" else "right"
    shapes: list[_Shape] = list(_ground(rest, floor_m, working))
    fixed = "band_from_ahead" in props and body.sideways
    if fixed:
        shapes += _post(rest, working)
    arms_behind = (far, near) if not body.sideways else (far,)
    for one in arms_behind:
        shapes += _arm(body, one, "-far" if body.sideways else "")
    shapes += _leg(body, far, "-far" if body.sideways else "")
    if "ball_between_ankles" in props and body.sideways:
        shapes += _ball(body)
    shapes += _leg(body, near, "")
    if "ball_between_ankles" in props and not body.sideways:
        shapes += _ball(body)
    if "band_from_ahead" in props:
        shapes += _band_from_ahead(body, rest, working)
    if "band_round_knees" in props:
        shapes += _band_round_knees(body)
    shapes += _trunk(body)
    shapes += _head(body)
    if body.sideways:
        shapes += _arm(body, near, "")
    points = np.array([one.flat(joint) for one in (body, rest) for joint in one.joints])
    if fixed:
        points = np.vstack([points, _anchor(rest, working)])
    top = body.middle("left_ear", "right_ear")[1] - 0.15 * PX_PER_M
    low, high = points.min(axis=0), points.max(axis=0)
    beside = HALF_BODY_M * PX_PER_M
    return _Moment(
        tuple(shapes),
        np.array([low[0] - beside, min(low[1], top)]),
        np.array([high[0] + beside, max(high[1], -floor_m * PX_PER_M)]),
    )


ROUND: Final = 0.9
"""How far a part's end bulges, in half widths."""


def _blob(points: Sequence[Array]) -> str:
    """A smooth closed path through the points (Catmull-Rom as cubic curves)."""
    p = np.array(points)
    before, after = np.roll(p, 1, axis=0), np.roll(p, -1, axis=0)
    out = p + (after - before) / 6
    into = np.roll(p, -1, axis=0) - (np.roll(p, -2, axis=0) - p) / 6
    curves = " ".join(f"C{_xy(out[i])} {_xy(into[i])} {_xy(after[i])}" for i in range(len(p)))
    return f"M{_xy(p[0])} {curves}Z"


def _xy(point: Array) -> str:
    return f"{point[0]:.0f},{point[1]:.0f}"


def _limb(
    start: Array,
    end: Array,
    one: Sequence[float],
    other: Sequence[float],
    towards: float,
    grow: float = 1.0,
    hem: bool = False,
) -> str:
    """A part between two points, rounded at both ends unless it ends in a hem.

    one: its half widths on the side of image x * towards; other: on the far side.
    """
    along = (end - start) / max(float(np.hypot(*(end - start))), 1e-6)
    across = np.array([along[1], -along[0]]) * towards
    a, b = np.array(one) * PX_PER_M * grow, np.array(other) * PX_PER_M * grow
    spine = start + _AT[:, None] * (end - start)
    points = [start - along * ROUND * (a[0] + b[0]) / 2, *(spine + across * a[:, None])]
    points += [end + along * (0.1 if hem else ROUND) * (a[-1] + b[-1]) / 2, *(spine - across * b[:, None])[::-1]]
    return _blob(points)


def _leg(body: _Body, side: str, far: str) -> Iterable[_Shape]:
    hip, knee, ankle = (body.joint(f"{side}_{name}") for name in ("hip", "knee", "ankle"))
    towards = body.ahead or body.outward(side)
    thigh, shank = (_THIGH, _SHANK) if body.sideways else (_THIGH_ACROSS, _SHANK_ACROSS)
    yield _Shape(f"skin{far}", _limb(knee, ankle, *shank, towards))
    yield from _shoe(body, side, far)
    yield _Shape(f"skin{far}", _limb(hip, knee, *thigh, towards))
    one, other = (np.interp(SHORTS * _AT, _AT, widths).tolist() for widths in thigh)
    yield _Shape(f"shorts{far}", _limb(hip, hip + SHORTS * (knee - hip), one, other, towards, 1.1, hem=True))


def _shoe(body: _Body, side: str, far: str) -> Iterable[_Shape]:
    """A foot: sole and instep from the side; from the front or behind, toe and heel, the nearer over the farther."""
    ankle, heel, toe = (body.joint(f"{side}_{name}") for name in ("ankle", "heel", "foot_index"))
    if not body.sideways:
        for end in (toe, heel) if body.view == "back" else (heel, toe):
            yield _Shape(f"shoe{far}", _limb(ankle, end, _FOOT_ACROSS, _FOOT_ACROSS, 1.0))
        return
    ahead = _unit(toe - heel)
    up = np.array([ahead[1], -ahead[0]])
    a, u = ahead * PX_PER_M, (up if up @ (ankle - heel) > 0 else -up) * PX_PER_M
    outline = [
        heel - 0.035 * a - 0.005 * u,
        heel - 0.042 * a + 0.045 * u,
        ankle - 0.045 * a,
        ankle + 0.042 * a,
        toe - 0.055 * a + 0.058 * u,
        toe + 0.045 * a + 0.028 * u,
        toe + 0.05 * a - 0.004 * u,
    ]
    yield _Shape(f"shoe{far}", _blob(outline))


def _arm(body: _Body, side: str, far: str) -> Iterable[_Shape]:
    shoulder, elbow, wrist = (body.joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist"))
    hand = body.middle(f"{side}_index", f"{side}_pinky", f"{side}_thumb")
    towards = body.ahead or body.outward(side)
    shoulder = shoulder + np.array([0.0, 0.035 * PX_PER_M])
    yield _Shape(f"skin{far}", _limb(wrist, wrist + 0.85 * (hand - wrist), _HAND, _HAND, towards))
    yield _Shape(f"skin{far}", _limb(elbow, wrist, *_FOREARM, towards))
    yield _Shape(f"skin{far}", _limb(shoulder, elbow, *_UPPER_ARM, towards))
    sleeve = shoulder + SLEEVE * (elbow - shoulder)
    yield _Shape(f"shirt{far}", _limb(shoulder, sleeve, *_UPPER_ARM, towards, 1.14, hem=True))


def _trunk(body: _Body) -> Iterable[_Shape]:
    hips, shoulders = body.middle("left_hip", "right_hip"), body.middle("left_shoulder", "right_shoulder")
    spine = shoulders - hips
    if body.sideways:
        ahead = _unit(np.array([-spine[1], spine[0]])) * body.ahead
        across = np.array([ahead] * len(_TRUNK))
        one, other = _TRUNK[:, 2], _TRUNK[:, 3]
    else:
        one = other = _TRUNK[:, 1]
        ends = ("left", "right") if body.view == "front" else ("right", "left")  # at image right, at image left
        pelvis, girdle = (
            _unit(body.joint(f"{ends[0]}_{at}") - body.joint(f"{ends[1]}_{at}")) for at in ("hip", "shoulder")
        )
        blend = np.clip(_TRUNK[:, :1], 0, 1)
        across = (1 - blend) * pelvis + blend * girdle
    middle = hips + _TRUNK[:, :1] * spine
    a = middle + across * one[:, None] * PX_PER_M
    b = middle - across * other[:, None] * PX_PER_M
    waist = _WAIST
    yield _Shape("shorts", _blob([*a[: waist + 1], middle[waist], *b[: waist + 1][::-1]]))
    yield _Shape("skin", _limb(shoulders + 0.02 * spine, _throat(body), (0.052,) * 5, (0.052,) * 5, 1.0))
    hem = (middle[waist] + middle[waist - 1]) / 2
    yield _Shape("shirt", _blob([hem, *a[waist:], shoulders + 0.09 * spine, *b[waist:][::-1]]))


def _unit(line: Array) -> Array:
    return np.asarray(line / max(float(np.hypot(*line)), 1e-6))


def _throat(body: _Body) -> Array:
    return body.middle("left_ear", "right_ear") + np.array([-0.01 * body.ahead, 0.07]) * PX_PER_M


def _head(body: _Body) -> Iterable[_Shape]:
    ears, shoulders = body.middle("left_ear", "right_ear"), body.middle("left_shoulder", "right_shoulder")
    up = _unit(ears - shoulders)
    side = np.array([-up[1], up[0]])
    centre = ears + (0.035 * up + 0.022 * body.ahead * side) * PX_PER_M

    def oval(
        at: Array, wide: float, tall: float, start: float = 0.0, end: float = 2 * np.pi, n: int = 10
    ) -> list[Array]:
        turn = np.linspace(start, end, n, endpoint=end - start < 2 * np.pi)
        return [at + (np.sin(w) * wide * side + np.cos(w) * tall * up) * PX_PER_M for w in turn]

    if body.view == "back":
        yield _Shape("hair", _blob(oval(centre, 0.093, 0.122)))
        yield _Shape("hair", _blob(oval(centre + 0.05 * up * PX_PER_M, 0.045, 0.045, n=8)))
        return
    bun = centre + (0.07 * up - 0.105 * body.ahead * side) * PX_PER_M
    yield _Shape("hair", _blob(oval(bun + (0.0 if body.sideways else 0.075) * up * PX_PER_M, 0.045, 0.042, n=8)))
    if body.sideways:
        a = body.ahead
        yield _Shape("hair", _blob(oval(centre - 0.012 * a * side * PX_PER_M + 0.012 * up * PX_PER_M, 0.104, 0.118)))
        face = [
            (0.030, 0.085),
            (0.088, 0.060),
            (0.094, 0.020),
            (0.112, -0.010),
            (0.092, -0.030),
            (0.092, -0.062),
            (0.066, -0.104),
            (0.010, -0.092),
            (-0.018, -0.030),
            (-0.004, 0.040),
        ]
        yield _Shape("skin", _blob([centre + (x * a * side + y * up) * PX_PER_M for x, y in face]))
        yield _Shape("hair", _blob(oval(centre + (0.064 * a * side + 0.012 * up) * PX_PER_M, 0.007, 0.010, n=6)))
        yield _Shape("skin-far", _blob(oval(centre + (-0.016 * a * side - 0.012 * up) * PX_PER_M, 0.014, 0.024, n=6)))
        return
    yield _Shape("hair", _blob(oval(centre + 0.012 * up * PX_PER_M, 0.096, 0.118)))
    face = [
        (-0.072, 0.050),
        (0.0, 0.072),
        (0.072, 0.050),
        (0.080, -0.010),
        (0.066, -0.070),
        (0.030, -0.110),
        (-0.030, -0.110),
        (-0.066, -0.070),
        (-0.080, -0.010),
    ]
    yield _Shape("skin", _blob([centre + (x * side + y * up) * PX_PER_M for x, y in face]))
    for x in (-0.032, 0.032):
        yield _Shape("hair", _blob(oval(centre + (x * side + 0.004 * up) * PX_PER_M, 0.008, 0.010, n=6)))


# what stands around


def _ground(rest: _Body, floor_m: float, working: str) -> Iterable[_Shape]:
    feet = [rest.joint(f"{side}_{name}") for side in ("left", "right") for name in ("heel", "foot_index", "ankle")]
    left, right = min(p[0] for p in feet), max(p[0] for p in feet)
    y = -floor_m * PX_PER_M
    middle, half = (left + right) / 2, (right - left) / 2 + 0.16 * PX_PER_M
    turn = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    shadow = [np.array([middle + half * np.cos(w), y + (0.03 + 0.03 * np.sin(w)) * PX_PER_M]) for w in turn]
    yield _Shape("shadow", _blob(shadow), opacity=0.28)
    if floor_m:
        foot = [rest.joint(f"{working}_{name}")[0] for name in ("heel", "foot_index")]
        x0, x1 = min(foot) - 0.09 * PX_PER_M, max(foot) + 0.07 * PX_PER_M
        yield _Shape("wood", f"M{x0:.0f},2 L{x1:.0f},2 L{x1:.0f},{y + 4:.0f} L{x0:.0f},{y + 4:.0f}Z")


def _anchor(rest: _Body, working: str) -> Array:
    """Where the band is fixed: ahead of the person, at the height of the knee."""
    toe, knee = rest.joint(f"{working}_foot_index"), rest.joint(f"{working}_knee")
    return np.array([toe[0] + 0.62 * PX_PER_M * (rest.ahead), knee[1]])


def _post(rest: _Body, working: str) -> Iterable[_Shape]:
    x, y = _anchor(rest, working)
    yield _Shape("wood", f"M{x:.0f},4 L{x:.0f},{y - 0.3 * PX_PER_M:.0f}", width_px=0.06 * PX_PER_M)


def _band_from_ahead(body: _Body, rest: _Body, working: str) -> Iterable[_Shape]:
    knee = body.joint(f"{working}_knee")
    if not body.sideways:  # the band runs straight to or from whoever looks: only its loop shows
        across = np.array([0.06 * PX_PER_M, 0.0])
        yield _Shape("prop", f"M{_xy(knee - across)} L{_xy(knee + across)}", width_px=0.032 * PX_PER_M)
        return
    anchor = _anchor(rest, working)
    hollow = knee - np.array([0.058 * body.ahead * PX_PER_M, 0.0])
    yield _Shape("prop", f"M{_xy(anchor)} L{_xy(hollow)}", width_px=0.032 * PX_PER_M)


def _band_round_knees(body: _Body) -> Iterable[_Shape]:
    ends = []
    for side in ("left", "right"):
        hip, knee = body.joint(f"{side}_hip"), body.joint(f"{side}_knee")
        at, along = hip + 0.84 * (knee - hip), _unit(knee - hip)
        across = np.array([along[1], -along[0]]) * (body.ahead or body.outward(side))
        ends.append(at + across * 0.062 * PX_PER_M)
        if body.sideways:
            ends.append(at - across * 0.062 * PX_PER_M)
    if body.sideways:
        ends = ends[:2] if body.near == "left" else ends[2:]
    yield _Shape("prop", f"M{_xy(ends[0])} L{_xy(ends[1])}", width_px=0.05 * PX_PER_M)


def _ball(body: _Body) -> Iterable[_Shape]:
    at = body.middle("left_ankle", "right_ankle", "left_heel", "right_heel")
    radius = 0.062 * PX_PER_M
    turn = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    yield _Shape("prop", _blob([at + radius * np.array([np.cos(w), np.sin(w)]) for w in turn]))


# SVG


def _plain(shape: _Shape) -> str:
    colour = COLOURS[shape.paint]
    seen = f' opacity="{shape.opacity:g}"' if shape.opacity < 1 else ""
    if shape.width_px:
        look = f'fill="none" stroke="{colour}" stroke-width="{shape.width_px:.0f}" stroke-linecap="round"'
        return f'<path class="{shape.paint}-line" {look}{seen} d="{shape.path}"/>'
    return f'<path class="{shape.paint}" fill="{colour}"{seen} d="{shape.path}"/>'


def _box(moments: Sequence[_Moment]) -> Box:
    low = np.min([m.low for m in moments], axis=0) - MARGIN_M * PX_PER_M
    high = np.max([m.high for m in moments], axis=0) + MARGIN_M * PX_PER_M
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def _svg(exercise: Exercise, parts: Iterable[str], box: Box, css: str) -> str:
    frame = " ".join(f"{x:.0f}" for x in box)
    title = escape(f"{exercise.name}: {exercise.summary}" if exercise.summary else exercise.name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{css}" role="img" viewBox="{frame}"'
        f' aria-label="{title}">{"".join(parts)}</svg>'
    )
