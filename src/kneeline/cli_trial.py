"""`kneeline test` and `kneeline tests`: a movement test from a video, a log, taps in a photo, or one's own count."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from kneeline.model.errors import InputError

if TYPE_CHECKING:
    from kneeline.content.load import Library
    from kneeline.content.trial_schema import MovementTest
    from kneeline.model.pose import PoseSeries, Recording
    from kneeline.model.trial import TrialResult
    from kneeline.motion.taps import Taps

VIDEOS = (".mp4", ".mov", ".m4v", ".webm", ".avi", ".mkv", ".gif")
_STDOUT = Path("-")

_Path = Annotated[
    Path | None,
    typer.Argument(
        metavar="[VIDEO|LOG|PHOTO]",
        help="A video or a pose log; a photo with --tap; nothing with --value.",
        show_default=False,
    ),
]
_Test = Annotated[str, typer.Option("--test", "-t", metavar="ID", help="Which test; see `kneeline tests`.")]
_Side = Annotated[
    Literal["left", "right"] | None,
    typer.Option(help="The leg that is tested; found out when left out.", show_default=False),
]
_Said = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WHAT=ANSWER",
        help="What only you know: wobbles=no, pain=0,2,4; may be given again.",
        show_default=False,
    ),
]
_Tap = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HX,HY,BX,BY,TX,TY",
        help="Pixels of heel, ball of the big toe and top of the foot in the photo; give it three times.",
        show_default=False,
    ),
]
_Value = Annotated[
    float | None,
    typer.Option(metavar="N", help="What you counted or timed yourself, without a camera.", show_default=False),
]
_Age = Annotated[
    float | None, typer.Option(metavar="YEARS", min=18, max=120, help="For the norm that fits you.", show_default=False)
]
_Sex = Annotated[Literal["female", "male"] | None, typer.Option(help="For the norm that fits you.", show_default=False)]
_Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the answer as JSON; - for standard output.")
]


def do_test(
    test: _Test,
    path: _Path = None,
    side: _Side = None,
    said: _Said = None,
    tap: _Tap = None,
    value: _Value = None,
    age: _Age = None,
    sex: _Sex = None,
    json: _Json = None,
) -> None:
    """Do one movement test.

    Prints each value with its error, the smallest change that is more than error, what is usual, and how much it may
    weigh; or why it cannot be told.
    """
    from kneeline.content.load import load, load_test
    from kneeline.files import check_writable
    from kneeline.report.answer import to_json, write_json
    from kneeline.report.trial import print_trial, trial_answer

    library = load()
    known = load_test(test, library)
    if json is not None and json != _STDOUT:
        check_writable(json, inputs=[path] if path else [])
    answers = _answers(said or ())
    if value is not None:
        result = _by_yourself(known, library, value, side, path)
    elif known.kind == "photo":
        result = _from_photo(known, path, tap or (), side)
    else:
        result = _from_frames(known, library, path, side, answers)
    if json is not None:
        content = trial_answer(result, library, path.name if path else "")
        if json == _STDOUT:
            sys.stdout.write(to_json(content))
        else:
            write_json(json, content)
    if json != _STDOUT:
        print_trial(_console(), result, known, age=age, sex=sex or "")


def list_tests(
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One test, whole.")] = None,
) -> None:
    """List the movement tests, or print one whole."""
    from kneeline.content.load import load, load_test
    from kneeline.report.trial import print_test, print_tests

    library = load()
    if id is None:
        print_tests(_console(), library)
    else:
        print_test(_console(), load_test(id, library), library)


def _by_yourself(
    known: MovementTest, library: Library, value: float, side: str | None, path: Path | None
) -> TrialResult:
    from kneeline.motion.trial import by_yourself

    if path is not None:
        raise InputError("there is a recording and a --value", expected="one of the two")
    exercise = library.exercises.get(known.exercise)
    if side is None and exercise is not None and exercise.sides == "one":
        raise InputError(f"{known.name} does not say with which leg", expected="--side left or --side right")
    return by_yourself(known, value, side or "both")


def _from_photo(known: MovementTest, path: Path | None, taps: Iterable[str], side: str | None) -> TrialResult:
    from kneeline.motion.taps import read_taps

    if side is None:
        raise InputError(f"{known.name} does not say of which foot", expected="--side left or --side right")
    places = [_tapped(text) for text in taps]
    if not places:
        raise InputError("nothing is tapped in the photo", expected="--tap HX,HY,BX,BY,TX,TY, three times")
    if path is not None:
        _inside(path, places)
    return read_taps(known, places, side)


def _from_frames(
    known: MovementTest, library: Library, path: Path | None, side: str | None, said: dict[str, str]
) -> TrialResult:
    from kneeline.motion.trial import Trial
    from kneeline.motion.trial_values import check_said

    if path is None:
        alone = f", or --value N: {known.by_yourself[0].how}" if known.by_yourself else ""
        raise InputError(f"{known.name} needs a recording", expected=f"a video or a pose log{alone}")
    check_said(known, said)  # before the long work
    frames, recording = _frames(path)
    trial = Trial(known, library, side, recording.pose_model)
    trial.push(frames)
    trial.finish()
    result = trial.result(said)
    return replace(result, warnings=tuple(dict.fromkeys((*recording.warnings, *result.warnings))))


def _frames(path: Path) -> tuple[PoseSeries, Recording]:
    """Keypoints of a video, or those of a log."""
    if path.suffix.lower() in VIDEOS:
        from kneeline.capture.follow import read_video
        from kneeline.capture.pose_model import open_pose_model

        if sys.stderr.isatty():
            print("Finding the person ...", file=sys.stderr)
        return read_video(path, open_pose_model("full"))
    from kneeline.capture.formats import open_log

    return open_log(path)


def _answers(said: Iterable[str]) -> dict[str, str]:
    """Answers by what they answer.

    >>> _answers(["pain=0,2,4"])
    {'pain': '0,2,4'}
    """
    found: dict[str, str] = {}
    for one in said:
        key, equals, answer = one.partition("=")
        if not (key and equals and answer):
            raise InputError(f"--said {one!r} is no answer", expected="WHAT=ANSWER, such as wobbles=no")
        if key in found:
            raise InputError(f"{key!r} is answered twice", expected="one answer to each")
        found[key] = answer
    return found


def _tapped(text: str) -> Taps:
    """Three places from six numbers.

    >>> _tapped("10,200,160,200,110,150")
    (10.0, 200.0, 160.0, 200.0, 110.0, 150.0)
    """
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 6 or not all(map(math.isfinite, numbers)):
        raise InputError(
            f"--tap {text!r} is not six numbers", expected="x,y of heel, ball and top: 10,200,160,200,110,150"
        )
    return numbers


def _inside(path: Path, taps: Iterable[Taps]) -> None:
    """Refuse taps beside the photo: they belong to another one."""
    from PIL import Image, UnidentifiedImageError

    if not path.is_file():
        raise InputError(f"there is no file {path.name}", expected="a photo")
    try:
        with Image.open(path) as photo:
            width, height = photo.size
            if photo.getexif().get(0x0112, 1) in (5, 6, 7, 8):  # a photo that lies on its side until it is shown
                width, height = height, width
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise InputError(f"{path.name} cannot be read as a photo", expected="a JPEG or PNG") from error
    for x, y in ((tap[i], tap[i + 1]) for tap in taps for i in (0, 2, 4)):
        if not (0 <= x < width and 0 <= y < height):
            raise InputError(f"the tap {x:g},{y:g} is outside the photo, which has {width} x {height} pixels")


def _console() -> Console:
    console = Console()
    console.width = console.width or 80  # some terminals say at first that they have no columns
    return console
