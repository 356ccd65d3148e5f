"""Is this machine set up? Each check says what it looked at and what it found."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

_TASK_SHA256 = "8d269353eafbc3dc46206064fb9d2655fbd40f0569b1f085b41e0d960ccad83f"
"""Of pose_landmarker_full.task; scripts/build_pose_task.py makes exactly this file."""

_DECODERS = ("h264", "hevc", "vp9", "gif")
_ENCODER = "libx264"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be right: what it is, whether it is, and what was found."""

    what: str
    ok: bool
    found: str


def checks() -> Iterator[Check]:
    """Every check, in the order in which a broken one explains those after it; none of them raises."""
    looks: tuple[tuple[str, Callable[[], tuple[bool, str]]], ...] = (
        ("Python", _python),
        ("packages", _packages),
        ("library", _library),
        ("pose model", _pose_model),
        ("video", _video),
        ("self-test", _self_test),
    )
    for what, look in looks:
        try:
            yield Check(what, *look())
        except Exception as error:  # a broken installation breaks in its own ways; each is an answer
            yield Check(what, False, f"{type(error).__name__}: {error}")


def _python() -> tuple[bool, str]:
    return sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _packages() -> tuple[bool, str]:
    wanted = [line for line in metadata.requires("kneeline") or [] if "extra ==" not in line]
    names = [match.group() for line in wanted if (match := re.match(r"[A-Za-z0-9_.-]+", line))]
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return False, f"missing: {', '.join(missing)}; install kneeline again"
    return True, ", ".join(found)


def _library() -> tuple[bool, str]:
    from kneeline.content.load import load

    library = load()
    return True, f"{len(library.exercises)} exercises and movements, digest {library.digest[:12]}"


def _pose_model() -> tuple[bool, str]:
    from kneeline.capture.pose_model import model_path, open_pose_model

    path = model_path("full")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != _TASK_SHA256:
        return False, f"{path.name} has sha256 {digest[:12]}, expected {_TASK_SHA256[:12]}; install kneeline again"
    import numpy as np

    model = open_pose_model("full")
    picture = np.full((240, 320, 3), 128, dtype=np.uint8)
    start = time.perf_counter()
    model.track(picture, 0.0)
    return True, f"{model.name}, sha256 {digest[:12]}, runs ({1000 * (time.perf_counter() - start):.0f} ms)"


def _video() -> tuple[bool, str]:
    import av

    lacking = [name for name in _DECODERS if name not in av.codecs_available]
    if lacking:
        return False, f"PyAV {av.__version__} cannot read {', '.join(lacking)}; install the av package again"
    codec = ".".join(map(str, av.library_versions["libavcodec"]))
    if _ENCODER not in av.codecs_available:
        return False, f"PyAV {av.__version__} has no {_ENCODER}, which --overlay needs; install the av package again"
    return True, f"PyAV {av.__version__}, libavcodec {codec}, reads {', '.join(_DECODERS)}, writes H.264"


def _self_test() -> tuple[bool, str]:
    """Three drawn repetitions have to be counted as three."""
    from kneeline.content.load import load, load_exercise
    from kneeline.content.schema import Given
    from kneeline.motion import Engine
    from kneeline.motion.figure import perform

    given = Given(reps=3, lift_s=1.0, hold_s=0.5, lower_s=1.0, view="front", noise_px=1.0)
    exercise = load_exercise("squat_double")
    engine = Engine(exercise, load())
    performance = perform(exercise, given)
    start = time.perf_counter()
    engine.push(performance.series)
    engine.finish()
    took_ms = 1000 * (time.perf_counter() - start)
    count = engine.result().summary.count
    return count == given.reps, f"{count} of {given.reps} drawn squats counted in {took_ms:.0f} ms"
