"""Where to stand, drawn to scale: the phone on its stand, the person of the reference motion, and how far apart."""

from __future__ import annotations

from html import escape
from typing import Final

from kneeline.content.schema import Exercise, Side
from kneeline.report.drawing import PX_PER_M, View, person
from kneeline.report.story import amount

LINE: Final = "#7a8588"
LIGHT: Final = "#4f93bd"
PHONE_M: Final = (0.09, 0.2)
BELOW_M: Final = 0.46
ABOVE_M: Final = 0.05
BESIDE_M: Final = 0.35
TEXT_PX: Final = 66


def where_to_stand(exercise: Exercise, side: Side = "right") -> str:
    """An SVG of camera and person seen from beside, in true proportion.

    side: the working leg; a camera that has to see it from the side is drawn on that side.

    >>> from kneeline.content.load import load_exercise
    >>> "2.5 m" in where_to_stand(load_exercise("terminal_knee_extension"))
    True
    """
    distance, height = exercise.camera.distance, exercise.camera.height
    facing = exercise.camera.views[0]
    view: View = {"front": "left", "back": "right", "side": "front"}[facing]  # type: ignore[assignment]
    # The camera stands at image left, but a left leg seen by a person who faces us is at image right.
    flip = -1 if facing == "side" and side == "left" else 1
    body, (x, y, width, _) = person(exercise, 0.0, view, side)
    camera_x, lens_y = -flip * distance.value * PX_PER_M, -height.value * PX_PER_M
    ends = sorted((camera_x - flip * BESIDE_M * PX_PER_M, x if flip < 0 else x + width))
    top = y - ABOVE_M * PX_PER_M
    box = (ends[0], top, ends[1] - ends[0], BELOW_M * PX_PER_M - top)
    parts = [
        _path(f"M{camera_x:.0f},{lens_y:.0f} L0,{y:.0f} L0,0Z", f'fill="{LIGHT}" opacity="0.16"'),
        _line(f"M{box[0]:.0f},0 H{box[0] + box[2]:.0f}", 4),
        *_phone(camera_x, lens_y),
        *body,
        *_span((camera_x, 0.2 * PX_PER_M), (0.0, 0.2 * PX_PER_M), amount(distance)),
        _words(camera_x + flip * 0.1 * PX_PER_M, lens_y / 2.6, amount(height), "start" if flip > 0 else "end"),
    ]
    frame = " ".join(f"{edge:.0f}" for edge in box)
    said = f"{exercise.camera.place} {amount(distance)} away, {amount(height)} high."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kneeline-place" role="img" viewBox="{frame}"'
        f' aria-label="{escape(said)}">{"".join(parts)}</svg>'
    )


def _phone(x: float, y: float) -> list[str]:
    """A phone at the height of its lens, on a stand."""
    width, tall = (edge * PX_PER_M for edge in PHONE_M)
    foot = 0.2 * PX_PER_M
    return [
        _line(f"M{x:.0f},{y:.0f} V{-0.25 * foot:.0f} M{x - foot:.0f},0 L{x:.0f},{-foot:.0f} L{x + foot:.0f},0", 10),
        f'<rect x="{x - width / 2:.0f}" y="{y - tall / 2:.0f}" width="{width:.0f}" height="{tall:.0f}" rx="10"'
        f' fill="{LIGHT}" stroke="{LINE}" stroke-width="6"/>',
    ]


def _span(start: tuple[float, float], end: tuple[float, float], says: str) -> list[str]:
    """How far it is from one point to another on the same height."""
    (x0, y), (x1, _) = sorted((start, end))
    tick = 0.05 * PX_PER_M
    ends = "".join(f"M{x:.0f},{y - tick:.0f} V{y + tick:.0f} " for x in (x0, x1))
    return [_line(f"M{x0:.0f},{y:.0f} H{x1:.0f} {ends}", 5), _words((x0 + x1) / 2, y + 0.19 * PX_PER_M, says, "middle")]


def _line(path: str, width_px: float) -> str:
    return _path(path, f'fill="none" stroke="{LINE}" stroke-width="{width_px:g}" stroke-linecap="round"')


def _path(path: str, look: str) -> str:
    return f'<path {look} d="{path}"/>'


def _words(x: float, y: float, says: str, anchor: str) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{TEXT_PX}" font-family="system-ui, sans-serif" fill="{LINE}"'
        f' text-anchor="{anchor}">{escape(says)}</text>'
    )
