"""Processor time and memory of kneeline beside its peers, on one file of keypoints, in one run.

    python benchmarks/speed.py [--peers pyomeca,sports2d] [--cache DIR] [--rounds 7] [--save FILE]

The file is `mocap/pose2sim_balancing/cam02_x18_px.trc` of the shared folder: 1,800 frames, 22 keypoints in pixels.
Every measurement is a fresh process with one thread; times are processor time, which a busy machine disturbs least.
kneeline goes from keypoints to angles, phases and repetitions (engine and refine); pyomeca interpolates, filters and
gives two knee angles; Sports2D gives 26 angles, outliers removed and filtered. Peers get a virtual environment each in
the cache folder, made when it is not there (Sports2D: 1.7 GB).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import tables
from clips import default_cache, shared_folder

FRAMES = 1800
EXERCISES = ("banded_single_leg_stand", "squat_double")
PEERS = {
    # name -> what pip installs, the script in tools/peers, its arguments after the file, processor time in its output
    "pyomeca": (("pyomeca", "xarray==2023.6", "numpy<2"), "bench_pyomeca.py", ("7",), r"cpu=([\d.]+) ms"),
    "sports2d": (("sports2d",), "time_kin_s2d.py", ("60", "3"), r"cpu s ([\d.]+)"),
}
COMMAND = (
    "import atexit, sys; atexit.register(lambda: sys.stderr.write(open('/proc/self/status').read()));"
    "from kneeline.cli import main; sys.exit(main())"
)
GOALS = {"cpu": "60", "push": "100", "import": "300", "rss": "150"}


def measured(trc: Path, exercise_id: str, rounds: int) -> dict[str, float]:
    """Processor milliseconds of each step, medians over rounds, and microseconds of each push in live use."""
    from kneeline.capture.formats import read_trc
    from kneeline.content.load import load, load_exercise
    from kneeline.motion import Engine, refine

    library = load()
    exercise = load_exercise(exercise_id, library)
    steps: dict[str, list[float]] = {"read": [], "engine": [], "refine": [], "sum": []}
    for _ in range(rounds):
        clock = [time.process_time()]
        series, _ = read_trc(trc)
        clock.append(time.process_time())
        engine = Engine(exercise, library)
        engine.push(series)
        engine.finish()
        result = engine.result()
        clock.append(time.process_time())
        refine(result, series, exercise, library)
        clock.append(time.process_time())
        for name, a, b in (("read", 0, 1), ("engine", 1, 2), ("refine", 2, 3), ("sum", 1, 3)):
            steps[name].append(1000 * (clock[b] - clock[a]))
    pushes = []
    for _ in range(3):
        engine, spent = Engine(exercise, library), []
        for frame in series:
            start = time.thread_time_ns()
            engine.push(frame)
            spent.append((time.thread_time_ns() - start) / 1000)
        pushes.append(sorted(spent))
    best = [median(values) for values in zip(*pushes, strict=True)]
    found = {name: median(values) for name, values in steps.items()}
    share = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    quantiles = {name: best[min(int(q * len(best)), len(best) - 1)] for name, q in share.items()}
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    found["memory"] = int(peak[1]) / 1024 if peak else float("nan")
    return found | quantiles | {"max": best[-1], "mean": sum(best) / len(best), "frames": len(series)}


def in_fresh_process(trc: Path, exercise_id: str, rounds: int) -> dict[str, float]:
    here = [sys.executable, str(Path(__file__).resolve()), "--one", exercise_id, "--rounds", str(rounds), str(trc)]
    answer: dict[str, float] = json.loads(_run(here))
    return answer


def import_ms(code: str, rounds: int) -> tuple[float, float]:
    """Milliseconds (wall, processor) that code takes in a fresh process, beyond starting Python; medians."""
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = zip(*(_timed_process([sys.executable, "-c", c])[:2] for c in ("pass", code)), strict=True)
        walls.append(1000 * (wall[1] - wall[0]))
        cpus.append(1000 * (cpu[1] - cpu[0]))
    return max(median(walls), 0.0), max(median(cpus), 0.0)


def replay(log: Path, exercise_id: str, rounds: int, *more: str) -> tuple[float, float, float]:
    """`kneeline replay` as its user starts it: wall and processor milliseconds (medians), peak memory in MB."""
    command = [sys.executable, "-c", COMMAND, "replay", str(log), "--exercise", exercise_id, *more]
    runs = [_timed_process(command) for _ in range(rounds)]
    return 1000 * median(r[0] for r in runs), 1000 * median(r[1] for r in runs), max(r[2] for r in runs)


def _timed_process(command: list[str]) -> tuple[float, float, float]:
    """Wall and processor seconds of one process, and the peak memory in MB that it says it had."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=_one_thread(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read().decode() if process.stderr else ""
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:6])} ... ended with {process.returncode}: {said[-500:]}")
    # Not used.ru_maxrss: Linux counts what the starting process held at the fork towards its child.
    peak = re.search(r"VmHWM:\s+(\d+) kB", said)
    return wall, used.ru_utime + used.ru_stime, int(peak[1]) / 1024 if peak else float("nan")


def peer_ms(name: str, trc: Path, tools: Path, cache: Path) -> tuple[float, float]:
    """Median processor milliseconds and peak memory in MB of one peer's own timing script."""
    packages, script, arguments, pattern = PEERS[name]
    python = _peer_python(name, packages, cache)
    text = _run([str(python), str(tools / script), str(trc), *arguments])
    times = [float(x) * (1 if "ms" in pattern else 1000) for x in re.findall(pattern, text)]
    memory = [float(x) for x in re.findall(r"maxRSS(?: MB)? (\d+)", text)]
    if not times:
        raise SystemExit(f"{script} printed no time: {text[-500:]}")
    return median(times), max(memory, default=float("nan"))


def _peer_python(name: str, packages: tuple[str, ...], cache: Path) -> Path:
    """Python of the peer's own environment, made when it is not there."""
    python = cache / name / "bin" / "python"
    if not python.exists():
        print(f"Installing {', '.join(packages)} into {cache / name} ...", file=sys.stderr)
        cache.mkdir(parents=True, exist_ok=True)
        if uv := shutil.which("uv"):
            _run([uv, "venv", "--quiet", "--python", sys.executable, str(cache / name)])
            _run([uv, "pip", "install", "--quiet", "--python", str(python), *packages])
        else:
            _run([sys.executable, "-m", "venv", str(cache / name)])
            _run([str(python), "-m", "pip", "install", "--quiet", *packages])
    return python


def _run(command: list[str]) -> str:
    done = subprocess.run(command, env=_one_thread(), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ... ended with {done.returncode}: {done.stderr[-800:]}")
    return done.stdout


def _one_thread() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}


def pose_log_of(trc: Path, folder: Path) -> Path:
    """The same keypoints as a pose log, which `kneeline replay` reads."""
    from kneeline.capture.formats import read_trc
    from kneeline.capture.poselog import write_pose_log

    log = folder / "frames.parquet"
    write_pose_log(log, *read_trc(trc))
    return log


def print_tables(given: argparse.Namespace, trc: Path, tools: Path) -> None:
    console = tables.console()
    tables.header(console, f"{FRAMES} frames of keypoints, one thread, processor time unless told otherwise")
    first = {e: in_fresh_process(trc, e, given.rounds) for e in EXERCISES}
    names = [n for n in given.peers.split(",") if n]
    peers = {name: peer_ms(name, trc, tools, given.cache) for name in names}
    again = {e: in_fresh_process(trc, e, given.rounds) for e in EXERCISES}
    steps: list[tuple[object, ...]] = []
    for when, runs in (("before the peers", first), ("after the peers", again)):
        for exercise_id, run in runs.items():
            cells = [f"{run[k]:.1f}" for k in ("engine", "refine", "sum", "read")]
            frame = 1000 * run["sum"] / run["frames"]
            steps.append(
                (f"kneeline, {exercise_id}, {when}", *cells, f"{frame:.0f}", f"{run['memory']:.0f}", GOALS["cpu"])
            )
    for name, (spent, memory) in peers.items():
        steps.append((name, "-", "-", f"{spent:.1f}", "-", f"{1000 * spent / FRAMES:.0f}", f"{memory:.0f}", "-"))
    heads = ("keypoints to angles, phases, repetitions", "engine", "refine", "sum ms", "reading the file ms")
    tables.show(console, "From keypoints, whole file at once", (*heads, "us a frame", "peak MB", "goal, sum ms"), steps)
    for name in set(PEERS) - set(names):
        console.print(f"Not run: {name} ({', '.join(PEERS[name][0])}); add --peers {name}.", markup=False)
    live = [
        (e, *(f"{run[k]:.0f}" for k in ("p50", "p90", "p99", "max", "mean")), GOALS["push"]) for e, run in again.items()
    ]
    heads_live = ("live, frame by frame", "p50 us", "p90 us", "p99 us", "max us", "mean us", "goal us")
    tables.show(console, "Live path: one push", heads_live, live)
    start_table(console, trc, given.rounds)
    tables.save(console, given.save)


def start_table(console: Any, trc: Path, rounds: int) -> None:
    """Imports and whole commands, each in fresh processes."""
    rows: list[tuple[object, ...]] = []
    for what, code, goal in (
        ("import kneeline", "import kneeline", GOALS["import"]),
        ("import kneeline.motion (the engine)", "import kneeline.motion", "-"),
        (
            "the same, and load the library",
            "import kneeline.motion; from kneeline.content.load import load; load()",
            "-",
        ),
    ):
        wall, cpu = import_ms(code, rounds)
        rows.append((what, f"{wall:.0f}", f"{cpu:.0f}", "-", f"{goal} ms" if goal != "-" else "-"))
    with tempfile.TemporaryDirectory() as folder:
        log = pose_log_of(trc, Path(folder))
        series = str(Path(folder) / "series.parquet")
        for what, more in (("", ()), (" --series", ("--series", series))):
            wall, cpu, memory = replay(log, "squat_double", rounds, *more)
            rows.append((f"kneeline replay{what}", f"{wall:.0f}", f"{cpu:.0f}", f"{memory:.0f}", f"{GOALS['rss']} MB"))
    heads = ("fresh process", "wall ms", "processor ms", "peak MB", "goal")
    tables.show(console, "Starting up, and the command (imports: beyond starting Python)", heads, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("trc", nargs="?", type=Path, help="another file of keypoints in pixels (TRC)")
    parser.add_argument("--peers", default="", help=f"comma-separated, of {', '.join(PEERS)}")
    parser.add_argument("--cache", type=Path, default=default_cache() / "peers", help="the peers' environments")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--save", type=Path, help="also write the tables to this text file")
    parser.add_argument("--one", metavar="EXERCISE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if unknown := set(filter(None, given.peers.split(","))) - set(PEERS):
        parser.error(f"unknown peer {', '.join(sorted(unknown))}; known: {', '.join(PEERS)}")
    if given.one:
        print(json.dumps(measured(given.trc, given.one, given.rounds)))
        return
    shared = shared_folder()
    trc = given.trc or shared / "mocap" / "pose2sim_balancing" / "cam02_x18_px.trc"
    print_tables(given, trc, shared / "tools" / "peers")


if __name__ == "__main__":
    main()
