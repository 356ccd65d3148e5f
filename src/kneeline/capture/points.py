"""Named points of other tools, 2-D or 3-D, as our keypoints."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np

from kneeline.capture.calibration import calibration_for
from kneeline.capture.series import checked_series, recording
from kneeline.model.errors import InputError
from kneeline.model.pose import INDEX, KEYPOINTS, Array, PoseSeries, Recording

Plane = Literal["sagittal", "frontal"]

_MARGIN = 200.0  # free edge around a projected person, in units of the projection
_TURNED = 0.9

# Per body part, the names other tools use, best first; several names in one entry are averaged (a marker on each side
# of a joint). Sides and separators are taken off before. Sources: OpenPose BODY_25 and Halpe26 (Sports2D, Pose2Sim),
# OpenCap's laboratory set and its augmenter ("_study"), Vicon Plug-in Gait and CGM2 (FEP, FEO, TIO: hip, knee, ankle).
_NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "shoulder": (("shoulder",), ("sjc",), ("shoulderstudy",), ("sho",), ("acromion",)),
    "elbow": (("elbow",), ("ejc",), ("elbowlat", "elbowmed"), ("lelbowstudy", "melbowstudy"), ("elb",)),
    "wrist": (("wrist",), ("wjc",), ("wristradius", "wristulna"), ("lwriststudy", "mwriststudy"), ("wra", "wrb")),
    "hip": (("hip",), ("hjc",), ("hjcstudy",), ("fep",)),
    "knee": (("kjc",), ("feo",), ("knee", "mknee"), ("knee",), ("kneestudy", "mkneestudy"), ("kneestudy",), ("kne",)),
    "ankle": (
        ("ajc",),
        ("tio",),
        ("ankle", "mankle"),
        ("ankle",),
        ("anklestudy", "manklestudy"),
        ("ank", "med"),
        ("ank",),
    ),
    "heel": (("heel",), ("calc",), ("calcstudy",), ("hee",)),
    "foot_index": (("bigtoe",), ("footindex",), ("toe",), ("toestudy",)),
    "eye": (("eye",),),
    "ear": (("ear",),),
    "pinky": (("pinky",),),
    "index": (("index",),),
    "thumb": (("thumb",),),
}


def match(names: list[str]) -> dict[str, list[int]]:
    """For each keypoint that has a twin among the names, the places of the names to average.

    A middle point (Neck, Hip, Head) has no twin and is left out.

    >>> match(["RHip", "LKnee", "r_knee_study", "Neck", "left_heel", "S1:LTOE"])
    {'right_hip': [0], 'left_knee': [1], 'right_knee': [2], 'left_heel': [4], 'left_foot_index': [5]}
    """
    plain = {re.sub(r"[^a-z0-9]", "", name.split(":")[-1].lower()): i for i, name in reversed(list(enumerate(names)))}
    found: dict[str, list[int]] = {}
    for part, choices in _NAMES.items():
        for side in ("left", "right"):
            places = _first_complete(plain, side, choices)
            if places:
                found[f"{side}_{part}"] = places
    for keypoint in KEYPOINTS:
        if keypoint not in found and (i := plain.get(keypoint.replace("_", ""))) is not None:
            found[keypoint] = [i]
    return {k: found[k] for k in KEYPOINTS if k in found}


def _first_complete(plain: dict[str, int], side: str, choices: tuple[tuple[str, ...], ...]) -> list[int]:
    for names in choices:
        for pattern in (f"{side}{{}}", f"{side[0]}{{}}", f"{{}}{side}", f"{{}}{side[0]}"):
            places = [plain.get(pattern.format(name)) for name in names]
            if all(i is not None for i in places):
                return [i for i in places if i is not None]
    return []


def flat_points(
    t_s: Array,
    names: list[str],
    xy: Array,
    confidence: Array,
    *,
    model: str,
    source: str,
    warnings: tuple[str, ...] = (),
) -> tuple[PoseSeries, Recording]:
    """Points (n, m, 2) in pixels, y down, as a series; confidence (n, m), NaN where the file says none.

    The size of the picture is not known from points: what is reported is the smallest that holds them.

    Raises: InputError when no name has a twin among our keypoints.
    """
    points, sure = _as_keypoints(names, xy, confidence, source)
    nobody = np.full(len(t_s), -1, dtype=np.int64)
    series, said = checked_series(t_s, points, sure, nobody, calibration_for(model), None, source)
    right, bottom = (float(np.nanmax(series.xy[..., i], initial=1.0)) for i in (0, 1))
    size = (int(np.ceil(right)), int(np.ceil(bottom)))
    return series, recording(
        series, source=source, width_px=size[0], height_px=size[1], pose_model=model, warnings=warnings + said
    )


def solid_points(
    t_s: Array, names: list[str], xyz_mm: Array, *, plane: Plane, source: str, warnings: tuple[str, ...] = ()
) -> tuple[PoseSeries, Recording]:
    """Points (n, m, 3) in millimetres, projected without perspective onto one plane of the body; 1 px is 1 mm.

    "sagittal" is seen from the person's right, "frontal" from the front; both stand on the mean direction of the hips
    over the whole recording. Which axis points up is read off the points themselves (shoulders or hips over ankles).
    sd: markers 2 mm; points triangulated from cameras (they bring a nose) 15 mm. Both are house defaults.

    Raises: InputError when there are no hips and ankles to find the directions by.
    """
    if plane not in ("sagittal", "frontal"):
        raise InputError(f'there is no plane "{plane}"', expected='"sagittal" or "frontal"')
    points, sure = _as_keypoints(names, xyz_mm, np.full(xyz_mm.shape[:2], np.nan), source)
    across, up, turned = _directions(points, source)
    forward = np.cross(across, up)
    rightwards = forward if plane == "sagittal" else across  # from the front the person's left is on the right
    xy = np.stack([points @ rightwards, -(points @ up)], axis=-1)
    low = np.nanmin(xy, axis=(0, 1)) - _MARGIN
    high = np.nanmax(xy, axis=(0, 1)) + _MARGIN
    kind = "marker-triangulated" if "nose" in match(names) else "marker"
    said = (*warnings, f"Seen along one direction ({plane} plane), 1 px is 1 mm.")
    if turned:
        said += ("The person turned during the recording: the chosen plane fits only part of it.",)
    nobody = np.full(len(t_s), -1, dtype=np.int64)
    series, wrong = checked_series(t_s, xy - low, sure, nobody, calibration_for(kind), None, source)
    width, height = (int(np.ceil(d)) for d in high - low)
    model = f"{kind}, {plane} plane"
    return series, recording(
        series, source=source, width_px=width, height_px=height, pose_model=model, warnings=said + wrong
    )


def _as_keypoints(names: list[str], points: Array, confidence: Array, source: str) -> tuple[Array, Array]:
    """(n, 33, 2 or 3) and (n, 33), NaN where there is no twin."""
    places = match(names)
    if not any(name.endswith(("hip", "knee", "ankle")) for name in places):
        raise InputError(
            f"none of the points in {source} is a hip, knee or ankle that kneeline knows",
            expected="names such as RKnee, left_knee, LKNE or r_knee",
            try_next=f"rename the points; the file has {', '.join(names[:6])} ...",
        )
    out = np.full((len(points), len(KEYPOINTS), points.shape[2]), np.nan)
    sure = np.full((len(points), len(KEYPOINTS)), np.nan)
    for keypoint, at in places.items():
        out[:, INDEX[keypoint]] = points[:, at].mean(axis=1)
        sure[:, INDEX[keypoint]] = confidence[:, at].min(axis=1)
    return out, sure


def _directions(points: Array, source: str) -> tuple[Array, Array, bool]:
    """Unit vectors to the person's left and up, and whether the person turned by more than the plane can bear."""

    def middle(part: str) -> Array:
        both: Array = points[:, [INDEX[f"left_{part}"], INDEX[f"right_{part}"]]]
        there = both[np.isfinite(both).all(axis=-1)]
        return there.mean(axis=0) if len(there) else np.full(3, np.nan)

    top = next((m for m in (middle("shoulder"), middle("hip"), middle("knee")) if np.isfinite(m).all()), None)
    low = middle("ankle")
    if top is None or not np.isfinite(low).all():
        raise InputError(f"{source} has no ankles with knees, hips or shoulders over them, so up is not known")
    up = np.zeros(3)
    axis = int(np.argmax(np.abs(top - low)))
    up[axis] = np.sign(top[axis] - low[axis])
    for part in ("hip", "shoulder", "knee", "ankle"):
        line = points[:, INDEX[f"left_{part}"]] - points[:, INDEX[f"right_{part}"]]
        line = line[np.isfinite(line).all(axis=1)]
        line[:, axis] = 0.0
        length = np.linalg.norm(line, axis=1)
        line = line[length > 0] / length[length > 0, None]
        if len(line):
            mean = line.mean(axis=0)
            agreement = float(np.linalg.norm(mean))
            if agreement > 0:
                return mean / agreement, up, agreement < _TURNED
    raise InputError(f"{source} has no pair of left and right points, so the person's front is not known")
