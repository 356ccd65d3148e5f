"""How right counts, phases, durations and faults are, against the truth of every shared recording.

    python benchmarks/repetitions.py [--rendered DIR ...] [--cache DIR] [--only-cached] [--details] [--save FILE]

Four answers to the same keypoints stand side by side: the engine as it counts live, the same repetitions refined with
hindsight, a naive counter (10 % of the range of the same smoothed signal crossed upwards and downwards, the top from
90 % to 90 %; no hysteresis, no hold state, no check of what moved), and the refined engine on the true joints projected
into the picture, which is what a faultless pose model would allow. Nobody tells the engine the side.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

import tables
from clips import Clip, TrueRep, default_cache, real_clips, rendered_clips, shared_folder
from faults import Assessed, assess, fault_tables
from kneeline.content.load import Library, load
from kneeline.content.schema import Exercise
from kneeline.model.movement import Discarded, Repetition, SetResult
from kneeline.model.pose import PoseSeries
from kneeline.model.quantity import Estimate
from kneeline.motion import Engine, checks, refine
from kneeline.motion.geometry import Geometry
from kneeline.motion.reps import smooth
from kneeline.motion.signals import SIGNALS, Bearings

LOW, HIGH = 0.1, 0.9
FAMILIES = (
    ("heel raise", ("calf_raise_ball_squeeze", "heel_raise_double", "heel_raise_single")),
    ("knee extension", ("terminal_knee_extension",)),
    ("leg to the side", ("banded_single_leg_stand", "hip_abduction_standing")),
    ("squat, step-down", ("squat_double", "squat_single_leg", "step_down")),
    ("lunge", ("lunge",)),
    ("step-up", ("step_up",)),
)
METHODS = ("live", "refined", "naive", "true joints")
BOUNDARIES = ("start", "top start", "top end", "end")
DURATIONS = ("lift", "hold", "lower")
LONG = ("Repetitions in each", "Faults by exercise", "Injected, but", "False counts")
"""Tables that only the results file holds, not the README."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A counted repetition: its four times, and lift, hold and lower with their errors (a bare number has none)."""

    times_s: tuple[float, float, float, float]
    durations_s: tuple[float | Estimate, float | Estimate, float | Estimate]


@dataclass(frozen=True, slots=True)
class Answers:
    """What was counted in one clip, by method, and what the engine said about it."""

    clip: Clip
    timed: dict[str, list[Timed]]
    side: str
    why: str


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of one matched repetition: counted minus true, in milliseconds; NaN where the truth does not say.

    boundaries_ms: start, top start, top end, end, and the middle of the top. durations_ms: lift, hold, lower.
    covered: whether the 95 % interval of each duration holds the truth; None without one.
    """

    clip: Clip
    method: str
    boundaries_ms: tuple[float, ...]
    durations_ms: tuple[float, ...]
    covered: tuple[bool | None, ...]


def family_of(exercise_id: str) -> str:
    return next((name for name, members in FAMILIES if exercise_id in members), exercise_id or "none")


def run(
    series: PoseSeries, exercise: Exercise, library: Library, pose_model: str = "blazepose-full"
) -> tuple[SetResult, SetResult, tuple[str, ...]]:
    """The set as counted live, as refined, and why movements were not counted, in the order of time."""
    engine = Engine(exercise, library, pose_model=pose_model)
    events = (*engine.push(series), *engine.finish())
    result = engine.result()
    return (
        result,
        refine(result, series, exercise, library, pose_model)[0],
        tuple(e.reason for e in events if isinstance(e, Discarded)),
    )


def naive(series: PoseSeries, exercise: Exercise, result: SetResult, side: str) -> list[Timed]:
    """What crossing 10 % of the range counts on the engine's own signal. side: the true one, "" for the engine's."""
    g, rule = Geometry(series), exercise.repetition
    yaw = result.view.yaw_deg.value if isinstance(result.view.yaw_deg, Estimate) else 45.0
    side = side or (result.side if result.side != "both" else "left")
    towards, forwards = (1 if part >= 0 else -1 for part in (np.cos(np.radians(yaw)), np.sin(np.radians(yaw))))
    bearings = Bearings(towards, forwards, side, *checks.size_px(g, np.ones(len(series), dtype=bool)))
    leg = {"working": side, "free": "right" if side == "left" else "left", "none": ""}[rule.leg]
    leg = ("left" if leg == "both" else leg) if SIGNALS[rule.signal].sided else ""
    curve = smooth(g.t_s, checks.counting_curve(g, rule, bearings, leg))
    seen = ~np.isnan(curve)
    if seen.sum() < 2:
        return []
    t_s, curve = g.t_s[seen], curve[seen]
    share = (curve - curve.min()) / max(float(np.ptp(curve)), 1e-9)
    away = np.diff((share > LOW).astype(int))
    starts = np.flatnonzero(away == 1)
    pairs = [(a, ends[0]) for a in starts if len(ends := np.flatnonzero(away == -1)[np.flatnonzero(away == -1) > a])]
    return [_timed_naive(t_s[a : b + 2], share[a : b + 2], exercise) for a, b in pairs]


def _timed_naive(t_s: np.ndarray, share: np.ndarray, exercise: Exercise) -> Timed:
    top = np.flatnonzero(share >= min(HIGH, float(share.max())))
    a, b, c, d = (float(t) for t in (t_s[0], t_s[top[0]], t_s[top[-1]], t_s[-1]))
    out, back = b - a, d - c
    return Timed((a, b, c, d), (out, c - b, back) if exercise.repetition.outward == "lift" else (back, c - b, out))


def timed(reps: Iterable[Repetition]) -> list[Timed]:
    return [Timed((r.start_s, r.top_start_s, r.top_end_s, r.end_s), (r.lift_s, r.hold_s, r.lower_s)) for r in reps]


def matches(truth: Sequence[TrueRep], found: Sequence[Timed | Repetition]) -> list[tuple[int, int]]:
    """Pairs (true, counted), each used once, those that overlap most first; what overlaps nothing has no partner."""
    spans = [f.times_s if isinstance(f, Timed) else (f.start_s, f.end_s) for f in found]
    overlaps = sorted(
        ((min(t.end_s, s[-1]) - max(t.start_s, s[0]), i, j) for i, t in enumerate(truth) for j, s in enumerate(spans)),
        key=lambda entry: (-entry[0], entry[1:]),
    )
    pairs: list[tuple[int, int]] = []
    for overlap, i, j in overlaps:
        if overlap > 0 and all(i != a and j != b for a, b in pairs):
            pairs.append((i, j))
    return sorted(pairs)


def answers(clip: Clip, library: Library) -> tuple[Answers, list[Assessed]]:
    """Every method's answer to one clip, and the fault verdicts where faults were injected."""
    exercise = library.exercises[clip.exercise]
    live, refined, discarded = run(clip.seen, exercise, library)
    found = {
        "live": timed(live.reps),
        "refined": timed(refined.reps),
        "naive": naive(clip.seen, exercise, live, clip.side),
    }
    verdicts: list[Assessed] = []
    sets = {"live": live, "refined": refined}
    if clip.perfect is not None:
        sets["true joints"] = run(clip.perfect, exercise, library, "")[1]
        found["true joints"] = timed(sets["true joints"].reps)
        for method, result in sets.items():
            verdicts += assess(clip, method, exercise, result, matches(clip.reps, result.reps))
    reasons = (*refined.view.reasons, *dict.fromkeys(discarded)) or refined.warnings
    return Answers(clip, found, refined.side, "; ".join(reasons)), verdicts


def errors(answer: Answers, library: Library) -> list[Errors]:
    """Errors of every repetition that has a true partner, by every method."""
    clip, rows = answer.clip, []
    lift_first = library.exercises[clip.exercise].repetition.outward == "lift"
    for method, found in answer.timed.items():
        for i, j in matches(clip.reps, found):
            true, mine = clip.reps[i], found[j]
            a, b, c, d = true.start_s, true.top_start_s, true.top_end_s, true.end_s
            whole = clip.kind == "rendered"
            here = np.array([*mine.times_s, (mine.times_s[1] + mine.times_s[2]) / 2])
            there = np.array([a, b if whole else np.nan, c if whole else np.nan, d, (b + c) / 2])
            lasted = (b - a, c - b, d - c) if lift_first else (d - c, c - b, b - a)
            values = [m.value if isinstance(m, Estimate) else m for m in mine.durations_s]
            covered = [
                (m.interval()[0] <= t <= m.interval()[1]) if isinstance(m, Estimate) and whole else None
                for m, t in zip(mine.durations_s, lasted, strict=True)
            ]
            off = [1000 * (v - t) if whole else np.nan for v, t in zip(values, lasted, strict=True)]
            rows.append(Errors(clip, method, tuple(1000 * (here - there)), tuple(off), tuple(covered)))
    return rows


# tables


def count_tables(console: Console, found: Sequence[Answers]) -> None:
    rows: list[tuple[object, ...]] = []
    wrong: list[tuple[object, ...]] = []
    for a in found:
        counts = [str(len(a.timed[m])) if m in a.timed else "-" for m in ("live", "naive", "true joints")]
        side = "" if a.clip.side in ("", "both") else ("yes" if a.side == a.clip.side else "NO")
        matched = len(matches(a.clip.reps, a.timed["live"]))
        exact = len(a.timed["live"]) == len(a.clip.reps) == matched
        rows.append((a.clip.name, a.clip.exercise, a.clip.view, a.clip.bodies, len(a.clip.reps), *counts, side))
        if not exact:
            missed, extra = len(a.clip.reps) - matched, len(a.timed["live"]) - matched
            wrong.append((a.clip.name, missed, extra, a.why or "nothing was said"))
    heads = ("recording", "run as", "view", "bodies", "true", "counted", "naive", "on true joints", "side right")
    tables.show(console, "Repetitions in each recording", heads, rows, left=4)
    tables.show(
        console, "Counts that are not the truth", ("recording", "missed", "extra", "what was said"), wrong, text=(3,)
    )
    summary: list[tuple[object, ...]] = []
    for name, group in groups([a.clip for a in found]):
        mine = [a for a in found if a.clip in group]
        cells = []
        for method in ("live", "naive", "true joints"):
            off = [len(a.timed[method]) - len(a.clip.reps) for a in mine if method in a.timed]
            good = sum(d == 0 for d in off)
            cells.append(f"{good}/{len(off)} exact, {sum(abs(d) for d in off)} off" if off else "-")
        summary.append((name, len(mine), sum(len(a.clip.reps) for a in mine), *cells))
    columns = ("recordings", "n", "repetitions", "counted", "naive", "on true joints")
    tables.show(console, "Counts", columns, summary)


def groups(clips: Sequence[Clip]) -> list[tuple[str, list[Clip]]]:
    """Real and rendered apart; rendered by whether keypoint errors were fitted on the body."""
    wanted: list[tuple[str, Callable[[Clip], bool]]] = [
        ("real", lambda c: c.kind == "real"),
        ("rendered, report bodies", lambda c: c.bodies == "report"),
        ("rendered, fit bodies", lambda c: c.bodies == "fit"),
        ("rendered, all", lambda c: c.kind == "rendered"),
    ]
    found = [(name, [c for c in clips if test(c)]) for name, test in wanted]
    return [(name, group) for name, group in found if group]


def error_tables(console: Console, rows: Sequence[Errors], library: Library) -> None:
    ends: list[tuple[object, ...]] = []
    lengths: list[tuple[object, ...]] = []
    asked = [r.clip for r in rows if r.clip.bodies and r.clip.view in library.exercises[r.clip.exercise].camera.views]
    there = [(f"{name}, view asked for", group) for name, group in groups(asked) if "bodies" in name]
    for name, group in [*groups([r.clip for r in rows]), *there]:
        held = {c.name for c in group}
        for method in METHODS:
            mine = [r for r in rows if r.method == method and r.clip.name in held]
            if not mine:
                continue
            boundaries, durations = (np.array([getattr(r, k) for r in mine]) for k in ("boundaries_ms", "durations_ms"))
            ends.append((name, method, len(mine), *(tables.mae_bias(boundaries[:, k]) for k in (0, 1, 2, 3, 4))))
            if name != "real":
                cover = [tables.share([r.covered[k] for r in mine if r.covered[k] is not None]) for k in range(3)]
                cells = [tables.mae_bias(durations[:, k]) for k in range(3)]
                lengths.append((name, method, len(mine), *cells, tables.mae_bias(durations.ravel()), *cover))
    heads = ("recordings", "answer", "n", *BOUNDARIES, "middle of top")
    tables.show(console, "Phase boundaries: mean absolute error (bias, + = late), ms", heads, ends, left=2)
    columns = ("recordings", "answer", "n", *DURATIONS, "all three", *(f"{d} in 95 %" for d in DURATIONS))
    title = "Durations: mean absolute error (bias, + = too long), ms; share of truths inside the 95 % interval"
    tables.show(console, title, columns, lengths, left=2)


def duration_table(console: Console, rows: Sequence[Errors]) -> None:
    """Durations by exercise, view and bodies: refined, beside refined on the true joints."""
    cases: dict[tuple[str, str, str], list[Errors]] = defaultdict(list)
    for r in rows:
        if r.clip.kind == "rendered":
            cases[r.clip.exercise, r.clip.view, r.clip.bodies].append(r)
    lines: list[tuple[object, ...]] = []
    for key, mine in sorted(cases.items()):
        by = {m: np.array([r.durations_ms for r in mine if r.method == m]).reshape(-1, 3) for m in METHODS}
        cells = [tables.mae_bias(by["refined"][:, k]) for k in range(3)]
        perfect = [tables.mae_bias(by["true joints"][:, k]) for k in range(3)]
        lines.append((*key, len(by["refined"]), *cells, *perfect))
    heads = ("exercise", "view", "bodies", "n", *DURATIONS, *(f"{d}, true joints" for d in DURATIONS))
    tables.show(
        console, "Durations by exercise and view, refined: mean absolute error (bias), ms", heads, lines, left=3
    )


def negative_tables(console: Console, clips: Sequence[Clip], library: Library) -> None:
    """Every recording as every exercise of another family: nothing may be counted."""
    runs: dict[tuple[str, str], list[int]] = defaultdict(list)
    naively: dict[str, int] = defaultdict(int)
    lines = []
    for clip in clips:
        for exercise in library.exercises.values():
            if exercise.kind == "hold" or family_of(exercise.id) == family_of(clip.exercise):
                continue
            live = run(clip.seen, exercise, library)[0]
            runs[exercise.id, family_of(clip.exercise)].append(len(live.reps))
            naively[exercise.id] += len(naive(clip.seen, exercise, live, clip.side))
            if live.reps:
                lines.append((clip.name, clip.exercise or "walking, running", exercise.id, len(live.reps)))
    done = [*(name for name, _ in FAMILIES), "none"]
    rows = []
    for exercise_id in sorted({key[0] for key in runs}):
        cells = [tables.false_counts(runs.get((exercise_id, family), [])) for family in done]
        every = [n for key, counts in runs.items() if key[0] == exercise_id for n in counts]
        rows.append((exercise_id, *cells, tables.false_counts(every), naively[exercise_id]))
    every = [n for counts in runs.values() for n in counts]
    rows.append(("all", *[""] * len(done), tables.false_counts(every), sum(naively.values())))
    heads = ("run as", *done[:-1], "walking, running", "all", "naive")
    title = "Negatives: false repetitions (recordings with any / recordings run); naive: false repetitions"
    tables.show(console, title, heads, rows)
    tables.show(console, "False counts", ("recording", "performed", "run as", "counted"), lines, left=3)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rendered", nargs="*", type=Path, default=[], help="more folders of NAME.mp4 with NAME.json")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="pose logs of videos are kept here")
    parser.add_argument(
        "--only-cached", action="store_true", help="leave out videos whose pose log is not in the cache"
    )
    parser.add_argument("--details", action="store_true", help="print every miss and false alarm of a fault")
    parser.add_argument("--save", type=Path, help="also write the tables to this text file")
    given = parser.parse_args()
    shared, make = shared_folder(), not given.only_cached
    clips = list(real_clips(shared, given.cache, make))
    for folder in (shared / "recordings" / "rendered", *given.rendered):
        clips += rendered_clips(folder, given.cache, make)
    library, console = load(), tables.console()
    done = [answers(clip, library) for clip in clips if clip.exercise]
    found = [answer for answer, _ in done]
    rows = [row for answer in found for row in errors(answer, library)]
    tables.header(console, f"{len(clips)} recordings, {sum(len(c.reps) for c in clips)} repetitions")
    count_tables(console, found)
    error_tables(console, rows, library)
    duration_table(console, rows)
    fault_tables(console, [v for _, verdicts in done for v in verdicts], given.details)
    negative_tables(console, clips, library)
    tables.save(console, given.save, LONG)


if __name__ == "__main__":
    main()
