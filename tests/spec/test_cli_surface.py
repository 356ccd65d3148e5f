"""What the command line offers, how it refuses, and what it costs to start."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from makers import Run

from kneeline.model.errors import InputError

COMMANDS = (
    "analyze",
    "replay",
    "pose",
    "convert",
    "feet",
    "test",
    "tests",
    "assess",
    "plan",
    "simulate",
    "log",
    "progress",
    "load",
    "report",
    "sheet",
    "exercises",
    "evidence",
    "doctor",
    "data",
    "fhir",
    "share",
    "open",
)
KNEELINE = "import sys; from kneeline.cli import main; sys.exit(main())"


def test_help_shows_what_it_can_do(run: Run) -> None:
    for words in (("--help",), ("-h",)):
        ran = run(*words)
        assert ran.code == 0
        assert all(command in ran.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    ran = run(command, "--help")
    assert ran.code == 0
    assert f"kneeline {command}" in ran.out
    assert "..." not in re.sub(r"[\[{][A-Z]+[\]}]\.\.\.", "", ran.out.split("Options:")[0])


@pytest.mark.parametrize(
    "words",
    [
        ("analyse", "clip.mp4"),
        ("analyze",),
        ("analyze", "clip.mp4"),
        ("analyze", "clip.mp4", "-e", "squat_double", "--bogus"),
        ("replay", "log.parquet", "-e", "squat_double", "--side", "middle"),
        ("replay", "log.parquet", "-e", "squat_double", "--overlay", "o.mp4"),
        ("pose", "clip.mp4"),
        ("pose", "clip.mp4", "--log", "x.parquet", "--model", "huge"),
        ("--nonsense",),
    ],
)
def test_wrong_options_are_the_users_and_one_sentence(run: Run, words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.sentence.startswith("kneeline")
    assert "--help" in ran.sentence


def test_an_unknown_exercise_is_answered_with_the_closest_one(run: Run) -> None:
    for words in (("analyze", "no.mp4", "-e", "squat_duble"), ("exercises", "squat_duble")):
        ran = run(*words)
        assert ran.code == 2
        assert "squat_double" in ran.sentence


def test_exercises_and_evidence_print_what_the_library_knows(run: Run) -> None:
    assert "terminal_knee_extension" in run("exercises").out
    page = run("exercises", "terminal_knee_extension")
    assert page.code == 0
    assert "house default" in page.out
    sources = run("evidence")
    key = sources.out.splitlines()[1].split()[0]
    assert run("evidence", key).code == 0
    assert run("evidence", "terminal_knee_extension").code == 0
    assert run("evidence", "S0").code == 2


def test_the_doctor_finds_this_machine_set_up(run: Run) -> None:
    ran = run("doctor")
    assert ran.code == 0, ran.out
    assert "sha256" in ran.out
    assert "Everything is in place." in ran.out


def test_the_doctor_says_what_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(kind: str) -> Path:
        raise InputError(f'the pose model "{kind}" is not on this machine')

    monkeypatch.setattr("kneeline.capture.pose_model.model_path", absent)
    ran = run("doctor")
    assert ran.code == 1
    assert "not on this machine" in " ".join(ran.out.split())


def test_a_fault_of_ours_says_so_and_shows_its_trace_only_when_asked(
    run: Run, monkeypatch: pytest.MonkeyPatch, calf_log: Path
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by our own hand")

    monkeypatch.setattr("kneeline.report.answer.answer", broken)
    ran = run("replay", calf_log, "-e", "calf_raise_ball_squeeze", "--json", calf_log.with_suffix(".json"))
    assert ran.code == 1
    assert "our fault" in ran.err
    assert "Traceback" not in ran.err
    assert not calf_log.with_suffix(".json").exists()
    asked = run("replay", calf_log, "-e", "calf_raise_ball_squeeze", "--json", "-", "--debug")
    assert "Traceback" in asked.err


@pytest.mark.parametrize("by", [KeyboardInterrupt, ImportError, InputError])
def test_stopping_is_130_also_where_an_import_makes_another_error_of_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, calf_log: Path, by: type[BaseException]
) -> None:
    def stopped(*_: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            if by is KeyboardInterrupt:
                raise
            if by is ImportError:
                raise ImportError("half loaded") from error
            raise InputError("no such package") from None

    monkeypatch.setattr("kneeline.report.answer.answer", stopped)
    ran = run("replay", calf_log, "-e", "calf_raise_ball_squeeze", "--json", "-")
    assert (ran.code, ran.sentence) == (130, "Stopped. No output was left half written.")


def loaded_by(*words: object) -> tuple[set[str], float]:
    """Modules that a command has loaded at its end, and its peak memory in MB (0 where the system does not tell)."""
    # Not getrusage: on Linux its peak is inherited from the process that starts this one.
    code = (
        "import sys, json, re, pathlib; from kneeline.cli import main; main(); "
        "status = pathlib.Path('/proc/self/status'); text = status.read_text() if status.exists() else 'VmHWM: 0 kB'; "
        "peak = int(re.search(r'VmHWM:\\s+(\\d+)', text).group(1)); "
        "print(json.dumps([sorted(sys.modules), peak / 1000]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=True)
    modules, peak_mb = json.loads(done.stderr.splitlines()[-1])
    return set(modules), peak_mb


def test_asking_for_help_loads_nothing_heavy() -> None:
    modules, _ = loaded_by("--help")
    assert not modules & {"numpy", "cv2", "av", "pyarrow", "matplotlib", "ai_edge_litert", "jinja2", "sqlalchemy"}


def test_replay_needs_no_pictures_and_little_memory(calf_log: Path, tmp_path: Path) -> None:
    words = ("replay", calf_log, "-e", "calf_raise_ball_squeeze", "--json", tmp_path / "a.json")
    modules, peak_mb = loaded_by(*words, "--series", tmp_path / "a.parquet")
    assert not modules & {"cv2", "av", "PIL", "matplotlib", "ai_edge_litert", "jinja2"}
    assert peak_mb < 150


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -c '{KNEELINE}' exercises; echo $? >&2"
    done = subprocess.run(["bash", "-c", f"{{ {command}; }} | true"], capture_output=True, text=True, check=False)
    assert done.stderr.strip().splitlines() == ["0"]


def has_open(pid: int, path: Path) -> bool:
    """Whether a process has this file open, as Linux tells it."""
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed again meanwhile
            if handle.resolve() == path.resolve():
                return True
    return False


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells what a process has open")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_no_output_behind(calf_clip: Path, tmp_path: Path, number: signal.Signals) -> None:
    words = ["analyze", calf_clip, "-e", "calf_raise_ball_squeeze", "--json", tmp_path / "a.json"]
    words += ["--overlay", tmp_path / "a.mp4", "--report", tmp_path / "a.html", "--log", tmp_path / "a.parquet"]
    with subprocess.Popen(
        [sys.executable, "-c", KNEELINE, *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs in the background ignores it
    ) as child:
        while not has_open(child.pid, calf_clip):
            assert child.poll() is None
            time.sleep(0.05)
        child.send_signal(number)
        assert child.stderr is not None
        err = child.stderr.read()
        assert child.wait(timeout=20) == 130
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
