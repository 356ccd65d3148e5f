"""The reference motion as a body: keyframed joint angles in, joints in metres or keypoints in a picture out.

The same figure is the demonstration on the screen, the drawing on the printed sheet and the synthetic recording that
the worked examples of the library are run on.

    x forward, y to the person's left, z up; metres; the toes of the working leg stand on z = 0

Segment lengths are shares of stature after Drillis and Contini (1966), as tabulated by Winter, *Biomechanics and Motor
Control of Human Movement*; joint centres of the hips, the face and the hands are house values. Movements between
keyframes follow the minimum-jerk profile of Flash and Hogan (1985).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kneeline.content.schema import Exercise, Given, Side
from kneeline.model.pose import INDEX, KEYPOINTS, Array, PoseSeries

STATURE = 1.70
SHANK = 0.246 * STATURE
THIGH = 0.245 * STATURE
TRUNK = 0.288 * STATURE
UPPER_ARM = 0.186 * STATURE
FOREARM = 0.146 * STATURE
HALF_SHOULDERS = 0.5 * 0.259 * STATURE * 0.85
HALF_HIPS = 0.05 * STATURE
ANKLE_HEIGHT = 0.039 * STATURE
TOE_AHEAD = 0.152 * STATURE * 0.68
HEEL_BEHIND = 0.152 * STATURE * 0.25
TOE_OUT = np.radians(7.0)

WIDTH_PX, HEIGHT_PX = 720, 960
FOCAL_PX = 1130.0
MARGIN_PX = 25.0
DISTANCE_M = 2.5
CAMERA_HEIGHT_M = 0.87
_AZIMUTH_DEG = {"front": 0.0, "left": 90.0, "back": 180.0, "right": 270.0}

STAND_S = 1.0
REST_S = 0.6
NOISE_TAU_S = 0.1

Angles = Mapping[str, float | Array]
_AngleOf = Callable[[str], Array]


@dataclass(frozen=True, slots=True)
class TrueRep:
    """When a performed repetition really happened, in seconds, and with which leg."""

    start_s: float
    top_start_s: float
    top_end_s: float
    end_s: float
    side: Side


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """A synthetic recording with its truth.

    series: keypoints in a picture of 720 x 960 pixels. joints: (n, 33, 3) metres, before camera and noise.
    """

    series: PoseSeries
    reps: tuple[TrueRep, ...]
    side: Side
    joints: Array


def minimum_jerk(x: Array) -> Array:
    """Share of the way travelled after the share `x` of the time, 0 to 1 (Flash and Hogan 1985).

    >>> minimum_jerk(np.array([0.0, 0.5, 1.0]))
    array([0. , 0.5, 1. ])
    """
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def angles_at(exercise: Exercise, progress: float | Array) -> dict[str, float | Array]:
    """Joint angles in degrees of the reference motion at `progress` (0 = rest, 1 = top), each of the same shape."""
    frames = exercise.reference.keyframes
    at = [frame.at for frame in frames]
    return {name: np.interp(progress, at, [f.angles[name] for f in frames]) for name in frames[0].angles}


def pose(angles: Angles, side: Side = "right") -> Array:
    """Joints of the standing body, (..., 33, 3) metres in the order of KEYPOINTS; `side` is the working leg.

    angles: degrees, numbers or arrays of one shape. Per leg (`working_`, `free_`, `both_`): knee_flexion; foot_pitch
    (heel up) and ankle_dorsiflexion, whose sum is the forward tilt of the planted shank; hip_flexion (free thigh
    forward of vertical); hip_abduction (leg outward of vertical); fppa (knee inward). Of the body: pelvic_drop (free
    side lower), trunk_lean (towards the working leg), trunk_pitch (forward). Where no angle is set for the free leg,
    its foot stays on the floor beside the other. "both" works the right leg as `working`.

    >>> standing = pose({"both_knee_flexion": 0.0})
    >>> standing.shape, bool(standing[INDEX["right_knee"], 2] > standing[INDEX["right_ankle"], 2])
    ((33, 3), True)
    """
    working, free = ("left", "right") if side == "left" else ("right", "left")
    given = {name: np.radians(np.asarray(value, dtype=float)) for name, value in angles.items()}
    shape = np.broadcast_shapes(*(value.shape for value in given.values()))

    def angle(name: str) -> Array:
        """The angle in radians; for a leg, what is set for both counts too."""
        leg, _, joint = name.partition("_")
        value = given.get(name, np.zeros(())) + (given.get(f"both_{joint}", 0.0) if leg in ("working", "free") else 0.0)
        return np.asarray(np.broadcast_to(value, shape))

    out = 1.0 if working == "left" else -1.0
    joints = np.full((*shape, len(KEYPOINTS), 3), np.nan)
    hip = _planted_leg(joints, working, out, angle)
    drop = angle("pelvic_drop")
    zero = np.zeros(shape)
    free_hip = hip + 2 * HALF_HIPS * np.stack((zero, -out * np.cos(drop), -np.sin(drop)), -1)
    joints[..., INDEX[f"{free}_hip"], :] = free_hip
    names = {name.partition("_")[0] for name in angles}
    if names & {"free", "both"}:
        _hanging_leg(joints, free, -out, free_hip, angle)
    else:
        _pinned_leg(joints, free, -out)
    _upper_body(joints, (hip + free_hip) / 2, out * angle("trunk_lean"), angle("trunk_pitch"))
    if "free" not in names or "both" in names:
        ankles = joints[..., [INDEX["left_ankle"], INDEX["right_ankle"]], 1]
        joints[..., 1] -= ankles.mean(-1)[..., None]
    return joints


def _tilted(forward: Array, inward: Array, out: float, length: float) -> Array:
    """A segment pointing up: tilted forward in its own plane, and that plane tilted inward; (..., 3) metres."""
    up = length * np.cos(forward)
    return np.stack((length * np.sin(forward), -out * up * np.sin(inward), up * np.cos(inward)), -1)


def _foot(pitch: Array, out: float) -> tuple[Array, Array, Array]:
    """Heel, ankle and toe of a foot, from its toe; heel up by `pitch` radians about the toe, turned out a little."""

    def point(behind: float, above: float) -> Array:
        x = -behind * np.cos(pitch) + above * np.sin(pitch)
        z = behind * np.sin(pitch) + above * np.cos(pitch)
        return np.stack((x * np.cos(TOE_OUT), out * x * np.sin(TOE_OUT), z), -1)

    return point(TOE_AHEAD + HEEL_BEHIND, 0.0), point(TOE_AHEAD, ANKLE_HEIGHT), point(0.0, 0.0)


def _planted_leg(joints: Array, side: str, out: float, angle: _AngleOf) -> Array:
    """Build the working leg up from its toes, which stay where they are; returns the hip, (..., 3)."""
    pitch, knee = angle("working_foot_pitch"), angle("working_knee_flexion")
    shank = pitch + angle("working_ankle_dorsiflexion")
    outward, caving = angle("working_hip_abduction"), angle("working_fppa") / 2
    foot = _foot(pitch, out)
    toe = np.array([TOE_AHEAD, out * (HALF_HIPS + TOE_AHEAD * np.sin(TOE_OUT)), 0.0])
    for name, point in zip(("heel", "ankle", "foot_index"), foot, strict=True):
        joints[..., INDEX[f"{side}_{name}"], :] = toe + point
    joints[..., INDEX[f"{side}_knee"], :] = toe + foot[1] + _tilted(shank, outward + caving, out, SHANK)
    hip = joints[..., INDEX[f"{side}_knee"], :] + _tilted(shank - knee, outward - caving, out, THIGH)
    joints[..., INDEX[f"{side}_hip"], :] = hip
    return hip


def _hanging_leg(joints: Array, side: str, out: float, hip: Array, angle: _AngleOf) -> None:
    """Build the free leg down from its hip; what is set for both legs bends it as it bends the planted one."""
    knee = angle("free_knee_flexion")
    thigh = angle("free_hip_flexion")
    thigh = thigh + angle("both_knee_flexion") - angle("both_foot_pitch") - angle("both_ankle_dorsiflexion")
    shank = knee - thigh
    outward, caving = angle("free_hip_abduction"), angle("free_fppa") / 2
    joints[..., INDEX[f"{side}_knee"], :] = hip - _tilted(-thigh, outward - caving, out, THIGH)
    ankle = joints[..., INDEX[f"{side}_knee"], :] - _tilted(shank, outward + caving, out, SHANK)
    foot = _foot(shank - angle("free_ankle_dorsiflexion"), out)
    for name, point in zip(("heel", "ankle", "foot_index"), foot, strict=True):
        joints[..., INDEX[f"{side}_{name}"], :] = ankle + point - foot[1]


def _pinned_leg(joints: Array, side: str, out: float) -> None:
    """Put the other foot flat on the floor, a hip's width away, and bend its knee as much as the hips ask for."""
    toe = np.array([TOE_AHEAD, out * (HALF_HIPS + TOE_AHEAD * np.sin(TOE_OUT)), 0.0])
    foot = _foot(np.zeros(joints.shape[:-2]), out)
    for name, point in zip(("heel", "ankle", "foot_index"), foot, strict=True):
        joints[..., INDEX[f"{side}_{name}"], :] = toe + point
    hip = joints[..., INDEX[f"{side}_hip"], :]
    way = joints[..., INDEX[f"{side}_ankle"], :] - hip
    distance = np.linalg.norm(way, axis=-1, keepdims=True)
    along = way / distance
    ahead = np.array([1.0, 0.0, 0.0]) - along[..., :1] * along
    ahead /= np.linalg.norm(ahead, axis=-1, keepdims=True)
    # A leg that cannot reach is drawn straight: the knee never bends backwards.
    reach = np.minimum(distance, THIGH + SHANK)
    down = (THIGH**2 - SHANK**2 + reach**2) / (2 * reach)
    joints[..., INDEX[f"{side}_knee"], :] = hip + down * along + np.sqrt(np.maximum(THIGH**2 - down**2, 0)) * ahead


_HEAD_M = {
    "nose": (0.110, 0.0, 0.178),
    "eye_inner": (0.097, 0.018, 0.205),
    "eye": (0.094, 0.032, 0.205),
    "eye_outer": (0.086, 0.045, 0.205),
    "ear": (0.020, 0.072, 0.195),
    "mouth": (0.095, 0.025, 0.140),
}
"""Points of the left half of the face: forward, left and up of the middle of the shoulders."""

_HAND_M = {"pinky": (-0.015, 0.085), "index": (0.02, 0.095), "thumb": (0.035, 0.045)}
"""Points of the hand: forward of the forearm's line, and along it from the wrist."""


def _upper_body(joints: Array, hips: Array, lean: Array, pitch: Array) -> None:
    """Trunk, head and arms above the middle of the hips; the arms swing forward as the trunk tips, to balance it.

    lean: radians, to the person's left. pitch: radians, forward.
    """
    zero = np.zeros_like(lean)
    up = np.stack((np.tan(pitch), np.tan(lean), zero + 1), -1)
    up /= np.linalg.norm(up, axis=-1, keepdims=True)
    left = np.stack((zero, np.cos(lean), -np.sin(lean)), -1)
    shoulders = hips + TRUNK * up
    nod = np.stack((np.cos(pitch / 2), zero, -np.sin(pitch / 2)), -1)
    crown = np.stack((np.sin(pitch / 2), zero, np.cos(pitch / 2)), -1)
    for side, out in (("left", 1.0), ("right", -1.0)):
        for name, (ahead, beside, above) in _HEAD_M.items():
            full = {"nose": "nose", "mouth": f"mouth_{side}"}.get(name, f"{side}_{name}")
            joints[..., INDEX[full], :] = shoulders + ahead * nod + out * beside * left + above * crown
        _arm(joints, side, out, shoulders + out * HALF_SHOULDERS * left, np.clip(1.4 * pitch, 0.0, 1.3))


def _arm(joints: Array, side: str, out: float, shoulder: Array, swing: Array) -> None:
    """One arm hanging a little away from the body, swung forward by `swing` radians."""

    def along(angle: Array, outward: float) -> Array:
        way = np.stack((np.sin(angle), np.full_like(angle, out * outward), -np.cos(angle)), -1)
        return np.asarray(way / np.hypot(1, outward))

    lower = along(swing + 0.3, 0.05)
    across = np.stack((np.cos(swing + 0.3), np.zeros_like(swing), np.sin(swing + 0.3)), -1)
    elbow = shoulder + UPPER_ARM * along(swing, 0.16)
    wrist = elbow + FOREARM * lower
    for name, point in (("shoulder", shoulder), ("elbow", elbow), ("wrist", wrist)):
        joints[..., INDEX[f"{side}_{name}"], :] = point
    for name, (ahead, beyond) in _HAND_M.items():
        joints[..., INDEX[f"{side}_{name}"], :] = wrist + ahead * across + beyond * lower


@dataclass(frozen=True, slots=True)
class Camera:
    """A level pinhole camera: it looks at (x_m, y_m) from `distance_m` away, `height_m` above the toes' floor.

    azimuth_deg: 0 in front of the person, 90 at the person's left, 180 behind.
    """

    azimuth_deg: float = 0.0
    distance_m: float = DISTANCE_M
    height_m: float = CAMERA_HEIGHT_M
    x_m: float = 0.0
    y_m: float = 0.0

    def project(self, joints: Array) -> Array:
        """The joints as this camera sees them, (..., 33, 2) pixels, y down.

        >>> seen = Camera().project(pose({"both_knee_flexion": 0.0}))
        >>> bool(seen[INDEX["left_hip"], 0] > seen[INDEX["right_hip"], 0])
        True
        """
        c, s = np.cos(np.radians(self.azimuth_deg)), np.sin(np.radians(self.azimuth_deg))
        x, y = joints[..., 0] - self.x_m, joints[..., 1] - self.y_m
        scale = FOCAL_PX / (self.distance_m - (x * c + y * s))
        right, down = -x * s + y * c, self.height_m - joints[..., 2]
        return np.stack((WIDTH_PX / 2 + scale * right, HEIGHT_PX / 2 + scale * down), -1)


def placed(joints: Array, view: str = "front", yaw_deg: float = 0.0) -> Camera:
    """The camera on the side `view` of the person, moved and stepped back until all `joints` (n, 33, 3) are in view.

    yaw_deg: how far it is turned further round, towards the person's left.
    """
    low, high = joints.reshape(-1, 3).min(0), joints.reshape(-1, 3).max(0)
    middle = (low + high) / 2
    for distance in np.arange(DISTANCE_M, 6.0, 0.1):
        camera = Camera(
            _AZIMUTH_DEG[view] + yaw_deg, float(distance), float(middle[2]), float(middle[0]), float(middle[1])
        )
        xy = camera.project(joints)
        if (xy > MARGIN_PX).all() and (xy < np.array([WIDTH_PX, HEIGHT_PX]) - MARGIN_PX).all():
            break
    return camera


def perform(exercise: Exercise, given: Given, *, fps: float = 30.0, seed: int = 0, side: Side = "right") -> Performance:
    """The reference motion of `exercise` performed as `given` says, as a recording with its truth.

    One second of standing before and after, 0.6 s of rest between repetitions. `side` is the working leg ("both" where
    both work; the first one where they alternate). What `given` changes grows with the movement, whole at the top.
    """
    side = "both" if exercise.sides == "both" else ("right" if side == "both" else side)
    reps = _timetable(exercise, given, side)
    last = reps[-1].end_s if reps else STAND_S
    t = np.arange(int(np.floor((last + STAND_S) * fps)) + 1) / fps
    joints = np.empty((len(t), len(KEYPOINTS), 3))
    shares = [_share(rep, t) for rep in reps]
    edges = [-np.inf, *((a.end_s + b.start_s) / 2 for a, b in pairwise(reps)), np.inf]
    for number, rep in enumerate(reps, start=1):
        now = (t >= edges[number - 1]) & (t < edges[number])
        altered = not given.only or number in given.only
        share = shares[number - 1][now] * (given.scale if altered else 1.0)
        angles = angles_at(exercise, share)
        for name, extra in given.start.items():
            angles[name] = angles.get(name, 0.0) + extra * (1 - share)
        for name, extra in given.change.items() if altered else ():
            angles[name] = angles.get(name, 0.0) + extra * share
        joints[now] = pose(angles, rep.side)
    if not reps:
        joints[:] = pose(angles_at(exercise, np.zeros(len(t))), side)
    xy = placed(joints, given.view, given.yaw_deg).project(joints) + _noise(given.noise_px, len(t), fps, seed)
    known = np.full(xy.shape[:2], 1.0)
    series = PoseSeries(t, xy, max(given.noise_px, 0.5) * known, 0.99 * known, np.ones(len(t), dtype=np.int64))
    return Performance(series, tuple(reps), side, joints)


def _timetable(exercise: Exercise, given: Given, side: Side) -> list[TrueRep]:
    """When each repetition starts, reaches the top, leaves it and ends."""
    out_s, back_s = given.lift_s, given.lower_s
    if exercise.repetition.outward == "lower":
        out_s, back_s = back_s, out_s
    now, reps = STAND_S, []
    for _ in range(given.reps):
        top, leave = now + out_s, now + out_s + given.hold_s
        reps.append(TrueRep(now, top, leave, leave + back_s, side))
        now = leave + back_s + REST_S
        if exercise.sides == "alternating":
            side = "left" if side == "right" else "right"
    return reps


def _share(rep: TrueRep, t: Array) -> Array:
    """How far the movement has come at each time, 0 at rest to 1 at the top."""
    there = minimum_jerk((t - rep.start_s) / max(rep.top_start_s - rep.start_s, 1e-9))
    back = minimum_jerk((t - rep.top_end_s) / max(rep.end_s - rep.top_end_s, 1e-9))
    return there - back


def _noise(sd_px: float, n: int, fps: float, seed: int) -> Array:
    """Keypoint error that drifts as a pose model's does: Gaussian, correlated over 0.1 s; (n, 33, 2) pixels."""
    fresh = np.random.default_rng(seed).normal(0.0, sd_px, (n, len(KEYPOINTS), 2))
    kept = np.exp(-1.0 / (fps * NOISE_TAU_S))
    for i in range(1, n):
        fresh[i] = kept * fresh[i - 1] + np.sqrt(1 - kept**2) * fresh[i]
    return fresh
