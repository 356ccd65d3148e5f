"""`kneeline feet`: whether the feet roll in during heel raises, from a close-up of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kneeline.model.errors import InputError

_Foot = Annotated[
    str | None,
    typer.Option(
        metavar="HX,HY,AX,AY",
        help="Pixels in the first picture: the heel's lower edge, and the leg at the ankle bones, both in the middle.",
        show_default=False,
    ),
]


def feet(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="A close-up of both feet, from behind.")],
    left: _Foot = None,
    right: _Foot = None,
    still: Annotated[
        Path | None,
        typer.Option("--still", metavar="FILE", help="Only write the first picture with its pixels, as .png."),
    ] = None,
) -> None:
    """Look whether the feet roll in when the heels come down.

    Prop the camera low behind you, a step away, so that it sees both feet and half the lower legs; stand still at
    first. Mark heel and ankle of both feet in the first picture; --still shows where its pixels are.
    """
    from kneeline.capture.feet import FootMarks, watch_feet, write_still
    from kneeline.files import check_writable
    from kneeline.report.feet import print_feet

    if still is not None:
        check_writable(still, inputs=[video])
        write_still(video, still)
        return
    if left is None or right is None:
        raise InputError(
            "heel and ankle of both feet are not marked",
            expected="--left HX,HY,AX,AY and --right HX,HY,AX,AY",
            try_next="kneeline feet VIDEO --still first.png, and read the pixels off it",
        )
    (a, b), (c, d) = _places(left, "--left"), _places(right, "--right")
    print_feet(Console(), watch_feet(video, FootMarks(a, b), FootMarks(c, d)))


def _places(text: str, option: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Heel and ankle from four numbers.

    >>> _places("180,300,184,250", "--left")
    ((180.0, 300.0), (184.0, 250.0))
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise InputError(f"{option} is not four numbers", expected="x,y of the heel and of the ankle: 180,300,184,250")
    return (numbers[0], numbers[1]), (numbers[2], numbers[3])
