"""The command line. Exit codes: 0 answered, 2 the input is at fault (one sentence on stderr), 1 our fault."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from kneeline import (
    __version__,
    cli_clinic,
    cli_data,
    cli_feet,
    cli_fhir,
    cli_log,
    cli_plan,
    cli_report,
    cli_share,
    cli_trial,
)
from kneeline.model.errors import InputError, StoreError
from kneeline.model.text import printable

# Everything heavy is imported by the command that needs it, so that --help is quick and replay stays small.
if TYPE_CHECKING:
    from rich.console import Console

    from kneeline.content.load import Library
    from kneeline.content.schema import Exercise
    from kneeline.model.movement import SetResult, SignalTrace
    from kneeline.model.pose import PoseFrame, PoseSeries, Recording
    from kneeline.motion import Engine

_app = typer.Typer(
    name="kneeline",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_app.add_typer(cli_data.app, name="data")
_app.add_typer(cli_fhir.app, name="fhir")

_STDOUT = Path("-")
_STOPPED = 130


class Side(StrEnum):
    """The leg being trained."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


class Plane(StrEnum):
    """The plane that points in space are projected on."""

    SAGITTAL = "sagittal"
    FRONTAL = "frontal"


class Model(StrEnum):
    """The pose model: full comes with kneeline, heavy is built once by its user."""

    FULL = "full"
    HEAVY = "heavy"


_VideoArg = Annotated[Path, typer.Argument(metavar="VIDEO", help="A video file: MP4, MOV, WebM, AVI or GIF.")]
_Exercise = Annotated[
    str, typer.Option("--exercise", "-e", metavar="ID", help="What the person does; see `kneeline exercises`.")
]
_Side = Annotated[
    Side | None,
    typer.Option(help="The leg being trained (the standing leg); found out when left out.", show_default=False),
]
_Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the answer as JSON; - for standard output.")
]
_Series = Annotated[
    Path | None,
    typer.Option(
        "--series",
        metavar="FILE",
        help="Write the signals frame by frame: .parquet, .csv (tidy), or .mot/.sto (angles for OpenSim).",
    ),
]
_Overlay = Annotated[
    Path | None,
    typer.Option("--overlay", metavar="FILE", help="Write the video with the measurement drawn in, as .mp4."),
]
_Report = Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write a report page, as .html.")]
_Log = Annotated[
    Path | None, typer.Option("--log", metavar="FILE", help="Write the pose log, as .parquet, to `replay` later.")
]
_LogArg = Annotated[
    Path,
    typer.Argument(
        metavar="LOG", help="A pose log (Parquet), TRC, C3D, movement's NetCDF, tidy CSV, or a folder of OpenPose JSON."
    ),
]
_PlaneOption = Annotated[Plane, typer.Option(help="From where points in space are looked at.")]
_Fps = Annotated[
    float | None,
    typer.Option(
        metavar="N", min=0.1, max=10_000, help="Pictures per second, for files without times.", show_default=False
    ),
]
_Model = Annotated[Model, typer.Option(help="Pose model; heavy is slower and has to be built once.")]


@_app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an unexpected error came from.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the coach keeps records; the usual place when left out."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=65535, help="The coach's port; 0 takes any that is free.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the coach in the browser.")] = True,
    lan: Annotated[
        bool, typer.Option("--lan", help="Let paired phones on the local network in; shows the code to scan.")
    ] = False,
) -> None:
    """From a video of an exercise to an honest set: repetitions, tempo, faults, and what could not be seen.

    Without a command, the coach starts on this machine and opens in the browser.
    """
    if version:
        typer.echo(f"kneeline {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        from kneeline.store import default_folder
        from kneeline.web.serve import serve

        folder = data or Path(os.environ.get("KNEELINE_DATA") or default_folder())
        serve(folder, port, browser=browser, say=typer.echo, lan=lan)


@_app.command()
def analyze(
    video: _VideoArg,
    exercise: _Exercise,
    side: _Side = None,
    json: _Json = None,
    overlay: _Overlay = None,
    report: _Report = None,
    series: _Series = None,
    log: _Log = None,
    model: _Model = Model.FULL,
) -> None:
    """Measure one set in a video.

    Prints the repetitions with their tempo and faults, the dose received, one thing to change, and what could not be
    judged and why.
    """
    from kneeline.content.load import load, load_exercise

    library = load()
    known = load_exercise(exercise, library)
    _check_outputs(video, json, overlay=overlay, report=report, series=series, log=log)
    if overlay is not None:
        from kneeline.report.overlay import check_format

        check_format(overlay)
    engine = _engine(known, library, side, f"blazepose-{model.value}")
    frames, recording, version = _pose(video, model, engine.push)
    result, trace = _refined(engine, frames, known, library, recording.pose_model)
    if log is not None:
        from kneeline.capture.poselog import write_pose_log

        write_pose_log(log, frames, recording, version)
    _write_answers(result, trace, recording, known, library, json, series)
    if report is not None:
        from kneeline.report.html import write_html

        write_html(report, result, trace, recording, known, library)
    if overlay is not None:
        _draw(overlay, video, frames, recording, trace, result, known, library)
    if json != _STDOUT:
        _print(result, recording, known, library)


@_app.command()
def replay(
    log: _LogArg,
    exercise: _Exercise,
    side: _Side = None,
    json: _Json = None,
    series: _Series = None,
    plane: _PlaneOption = Plane.SAGITTAL,
    fps: _Fps = None,
) -> None:
    """Measure one set in a pose log.

    The same answer as from the video, without its pictures; also from keypoints and markers of other tools.
    """
    from kneeline.capture.formats import open_log
    from kneeline.content.load import load, load_exercise

    library = load()
    known = load_exercise(exercise, library)
    _check_outputs(log, json, series=series)
    frames, recording = open_log(log, plane=plane.value, fps=fps)
    engine = _engine(known, library, side, recording.pose_model)
    engine.push(frames)
    result, trace = _refined(engine, frames, known, library, recording.pose_model)
    _write_answers(result, trace, recording, known, library, json, series)
    if json != _STDOUT:
        _print(result, recording, known, library)


@_app.command()
def pose(
    video: _VideoArg,
    log: Annotated[Path, typer.Option("--log", metavar="FILE", help="The pose log to write, as .parquet.")],
    model: _Model = Model.FULL,
) -> None:
    """Keep only the keypoints of a video.

    They are written as a pose log, which `replay` reads.
    """
    from kneeline.capture.poselog import write_pose_log

    _check_outputs(video, log=log)
    frames, recording, version = _pose(video, model)
    write_pose_log(log, frames, recording, version)
    _warn(recording)


@_app.command()
def convert(
    log: _LogArg,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write: .trc, .nc (movement), .csv (tidy) or .parquet.")
    ],
    plane: _PlaneOption = Plane.SAGITTAL,
    fps: _Fps = None,
) -> None:
    """Write keypoints as a file of another tool.

    They are kneeline's keypoints in the picture, in pixels, y down; points in space are looked at from one side first.
    """
    from kneeline.capture.export import check_kind, write_points
    from kneeline.capture.formats import open_log

    _check_outputs(log, OUT=out)
    check_kind(out)
    frames, recording = open_log(log, plane=plane.value, fps=fps)
    write_points(out, frames, recording)
    _warn(recording)


_app.command()(cli_feet.feet)
_app.command("test")(cli_trial.do_test)
_app.command("tests")(cli_trial.list_tests)
_app.command()(cli_clinic.assess)
_app.add_typer(cli_log.app, name="log")
_app.command()(cli_log.progress)
_app.command()(cli_log.load)
_app.command()(cli_plan.plan)
_app.command()(cli_plan.simulate)
_app.command()(cli_share.share)
_app.command("open")(cli_share.open_)
_app.command()(cli_report.report)
_app.command()(cli_report.sheet)


@_app.command()
def exercises(
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One exercise, whole.")] = None,
) -> None:
    """List the exercises, or print one whole."""
    from kneeline.content.load import load, load_exercise
    from kneeline.report.pages import print_exercise, print_exercises

    library = load()
    if id is None:
        print_exercises(_console(), library)
    else:
        print_exercise(_console(), load_exercise(id, library), library)


@_app.command()
def evidence(
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A source, or an exercise.")] = None,
) -> None:
    """List the sources, or one with its uses.

    With the id of an exercise: everything that the exercise rests on.
    """
    from kneeline.content.load import load
    from kneeline.report.pages import print_evidence, print_sources

    if id is None:
        print_sources(_console(), load())
    else:
        print_evidence(_console(), id, load())


@_app.command()
def doctor() -> None:
    """Check that this machine is set up.

    The exit code is 1 when something is not.
    """
    from kneeline.doctor import checks

    console = _console()
    failed = 0
    for check in checks():
        failed += not check.ok
        console.print(f"{'ok ' if check.ok else 'NO '} {check.what}: {check.found}", highlight=False, markup=False)
    console.print("Everything is in place." if not failed else f"{failed} of these need attention.", highlight=False)
    if failed:
        raise typer.Exit(1)


def _pose(
    path: Path, kind: Model, on_frame: Callable[[PoseFrame], object] | None = None
) -> tuple[PoseSeries, Recording, str]:
    """Keypoints of a video, what is known of the recording, and the version of the pose model."""
    from kneeline.capture.follow import read_video
    from kneeline.capture.pose_model import open_pose_model

    model = open_pose_model(kind.value)
    with _progress("Finding the person") as tell:
        frames, recording = read_video(path, model, tell, on_frame)
    return frames, recording, model.version


def _engine(exercise: Exercise, library: Library, side: Side | None, pose_model: str) -> Engine:
    from kneeline.motion import Engine

    return Engine(exercise, library, side=side.value if side else None, pose_model=pose_model)


def _refined(
    engine: Engine, frames: PoseSeries, exercise: Exercise, library: Library, pose_model: str
) -> tuple[SetResult, SignalTrace]:
    from kneeline.motion import refine

    engine.finish()
    return refine(engine.result(), frames, exercise, library, pose_model)


def _write_answers(
    result: SetResult,
    trace: SignalTrace,
    recording: Recording,
    exercise: Exercise,
    library: Library,
    json: Path | None,
    series: Path | None,
) -> None:
    from kneeline.report.answer import answer, to_json, write_json

    if json is not None:
        content = answer(result, recording, library)
        if json == _STDOUT:
            sys.stdout.write(to_json(content))
        else:
            write_json(json, content)
    if series is not None:
        from kneeline.report.series import write_series

        write_series(series, trace, result, recording, library.digest)


def _warn(recording: Recording) -> None:
    for warning in recording.warnings:
        _console(stderr=True).print(warning, highlight=False, markup=False, soft_wrap=True)


def _draw(
    out: Path,
    path: Path,
    frames: PoseSeries,
    recording: Recording,
    trace: SignalTrace,
    result: SetResult,
    exercise: Exercise,
    library: Library,
) -> None:
    from kneeline.capture.video import open_video
    from kneeline.report.overlay import Drawn, write_overlay

    drawn = Drawn(frames, trace, result, exercise, library, recording.width_px)
    with open_video(path) as video, _progress("Drawing") as tell:
        write_overlay(out, video, drawn, lambda t_s: tell(t_s, video.duration_s_hint))


def _print(result: SetResult, recording: Recording, exercise: Exercise, library: Library) -> None:
    from kneeline.report.terminal import print_set

    print_set(_console(), result, exercise, library, recording.warnings, recording.pose_model)


def _check_outputs(source: Path, json: Path | None = None, **others: Path | None) -> None:
    """Refuse what cannot be written before the long work starts.

    others: outputs by the name of their option; that of an argument is in capitals.
    """
    from kneeline.files import check_writable

    for name, path in others.items():
        if path == _STDOUT:
            option = name if name.isupper() else f"--{name}"
            raise InputError(
                f"{option} - would write a file called -; only --json goes to standard output",
                expected="the name of a file",
            )
    wanted = [path for path in (json, *others.values()) if path is not None and path != _STDOUT]
    for i, path in enumerate(wanted):
        check_writable(path, inputs=[source], others=wanted[:i])
    if (series := others.get("series")) is not None:
        from kneeline.report.series import check_kind

        check_kind(series)


@contextlib.contextmanager
def _progress(what: str) -> Iterator[Callable[[float, float | None], None]]:
    """A bar on stderr, told the seconds done and of how many, if known; nothing where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield lambda t_s, of_s: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=_console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda t_s, of_s: bar.update(task, completed=t_s, total=of_s)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    class Piped(Console):
        """A console whose reader may leave early, as `head` does."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    console = Piped(stderr=stderr)
    console.width = console.width or 80  # some terminals say at first that they have no columns
    return console


def main(argv: list[str] | None = None) -> int:
    """Run one command; `argv` is what follows the program's name. Returns the exit code.

    >>> main(["--version"])
    kneeline 0.1.0
    0
    """
    args = sys.argv[1:] if argv is None else argv
    debug = "--debug" in args
    args = [arg for arg in args if arg != "--debug"]  # an option of every command, wherever it stands
    with contextlib.suppress(ValueError):  # only the main thread may; elsewhere nobody sends us signals
        signal.signal(signal.SIGTERM, _terminate)
    try:
        code = _app(args=args, prog_name="kneeline", standalone_mode=False)
        if code == _STOPPED:  # Typer makes this of a KeyboardInterrupt, without a word
            raise KeyboardInterrupt
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            sys.stdout = open("/dev/null", "w")  # noqa: SIM115  the interpreter flushes it at its end
        return 0
    except (KeyboardInterrupt, Exception) as error:
        return _explain(error, args, debug)


def _explain(error: BaseException, args: list[str], debug: bool) -> int:
    """A sentence for what ended the command: its user, the input, wrong options, a full disk, or a fault of ours."""
    if _was_stopped(error):
        return _say("Stopped. No output was left half written.", _STOPPED)
    if isinstance(error, (InputError, StoreError)):
        return _say(printable(str(error)), 2)
    if callable(words := getattr(error, "format_message", None)):
        known = {c.name or c.callback.__name__ for c in _app.registered_commands if c.callback}
        command = " ".join(["kneeline", *(arg for arg in args[:1] if arg in known)])
        return _say(printable(f"{command}: {str(words()).strip().rstrip('.')}. Try: {command} --help."), 2)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _say("The disk is full; nothing was left half written. Try: free some space.", 2)
    if debug:
        import traceback

        _say(traceback.format_exc().rstrip(), 1)
    if isinstance(error, MemoryError):
        return _say("There is not enough memory for this recording. Try: cut it into sets, or close other programs.", 2)
    return _say(
        f"This is our fault, not yours: {type(error).__name__}: {error}\n"
        "Please report it where you got kneeline from, with the command and what --debug adds; no video is needed.",
        1,
    )


def _was_stopped(error: BaseException | None) -> bool:
    """Whether the user stopped the program, also where an import made another error of it."""
    while error is not None and not isinstance(error, (KeyboardInterrupt, typer.Abort)):
        error = error.__cause__ or error.__context__
    return error is not None


def _say(sentence: str, code: int) -> int:
    with contextlib.suppress(OSError):
        print(printable(sentence, lines=True), file=sys.stderr)
    return code


def _terminate(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
