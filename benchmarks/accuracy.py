"""How far every measure is from the truth, and whether its interval holds it or it is refused where it should be.

    python benchmarks/accuracy.py [--rendered DIR ...] [--cache DIR] [--cache-heavy DIR] [--only-cached]
                                  [--details] [--csv FILE] [--save FILE]

Rendered people have exact truth. The real engine and `refine` run on the pose model's keypoints of each recording
(`full`, and `heavy` where `--cache-heavy` holds its logs) and on the true joints projected into the picture, which is
the upper bound for any pose model. The trained side is told, as a person would. Keypoint noise and hip drop were fitted
on the bodies f_avg, m_tall and f_heavy ("fit"); every other one only reports. What a pose model adds to the error of a
signal is fitted on all bodies, so each is measured here with the errors fitted without it (errors.py).

**What is claimed, and so what is truth.** Each measure is the same statistic, over the true phases, of the true signal:
knee flexion, pelvic drop and the trunk's leans are joint and segment angles of the skeleton. FPPA is a projection by
definition, onto the frontal plane of the pelvis. Leg out to the side is the thigh against vertical in the person's
frontal plane. Heights and gaps are lengths of the skeleton over the true shank or hip height. `in_picture` is the same
from an error-free 2-D tracker, where the studio gives it.

**What is valid** is decided by the true camera alone, never by the engine's own limits: a sagittal measure is valid
when the camera stands within 20 degrees of the side and the leg is the near one, a frontal one within 12 degrees of
front or back. It is invalid from 40 degrees on (sagittal) or 30 (frontal), and for the far leg. Between the two, it may
be refused or given, and its interval must hold. Where the plane is "any", it is always valid. A repetition can be
measured only where it can be counted, so no measure is more valid than the signal that repetitions are counted on.

**How to read coverage.** 92 to 98 % is the goal; with few repetitions chance alone leaves it, so the goals also print
`z`, the root mean square of error over sd: 1 is honest, above it intervals are too narrow, below it too wide. Errors of
one recording are alike, so repetitions count for less than they are many.

**Rows of `--csv`** (tidy, one per model, recording, repetition and measure; then one per half second and signal):

    model       full, heavy, or true (projected true joints)
    scope       rep or frame
    recording, body, bodies, exercise, view    fit or report; view as rendered (front, side, other_side ...)
    yaw_deg     true turn of the person against the camera: 0 front, 90 right side seen, 180 back, -90 left
    rep         number of the true repetition, from 1; 0 for frames at rest
    t_s         for frames: the moment; for repetitions: its true start
    measure     id of the measure, or column of the signal (`--series` names)
    signal, plane    what it is read from; "tempo" for durations
    unit        deg, frac or s
    valid       yes, no or between (see above)
    truth       true value; empty where the truth does not say
    in_picture  what an error-free 2-D tracker would read; empty where unknown
    value, sd   what kneeline says; empty when refused
    refused     1 or 0; a repetition that was not counted refuses all its measures
    reason      why it was refused
"""

from __future__ import annotations

import argparse
import csv
import functools
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Console

import tables
from clips import LEFT_OUT, Clip, default_cache, rendered_clips, shared_folder
from kneeline.content.load import Library, load
from kneeline.content.schema import Exercise, PoseError
from kneeline.model.movement import Repetition, SetResult, SignalTrace
from kneeline.model.pose import INDEX, PoseSeries
from kneeline.model.quantity import Estimate, Measured
from kneeline.motion import Engine, refine
from kneeline.motion.reps import SOFT_KNEE_DEG
from kneeline.motion.signals import SIGNALS, column_name
from repetitions import matches
from truth import Truth, legs_of, true_measure, truth_of, valid_view

TEMPO = ("lift_s", "hold_s", "lower_s")
EVERY_S = 0.5
FITTED_ONCE = ("pelvic_drop", "tempo")
"""What is told by weights or constants that fit bodies had a part in; all else is held against every body."""
GOALS = {"knee_flexion": 4.0, "fppa": 2.5, "pelvic_drop": 2.0}
"""Goal per signal: mean absolute error in degrees, on report bodies in valid views."""
GOAL_S = 0.06
LONG = ("Measures of", "Signals frame", "In valid", "Valid, yet", "Invalid, yet")
"""Tables that only the results file holds, not the README."""
WORST = ("no", "between", "yes")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; the module's docstring says what each column is."""

    model: str
    scope: str
    recording: str
    body: str
    bodies: str
    exercise: str
    view: str
    yaw_deg: float
    rep: int
    t_s: float
    measure: str
    signal: str
    plane: str
    unit: str
    valid: str
    truth: float | None
    in_picture: float | None
    value: float | None
    sd: float | None
    refused: int
    reason: str

    @property
    def error(self) -> float:
        """Value minus truth; NaN where either is missing."""
        return math.nan if self.value is None or self.truth is None else self.value - self.truth

    @property
    def covered(self) -> bool:
        """Whether the 95 % interval holds the truth."""
        return self.sd is not None and abs(self.error) <= 1.96 * self.sd


def run(
    series: PoseSeries, exercise: Exercise, library: Library, side: str, model: str
) -> tuple[SetResult, SignalTrace]:
    witness = "" if model == "true" else f"blazepose-{model}"
    engine = Engine(exercise, library, side, witness)
    engine.push(series)
    engine.finish()
    return refine(engine.result(), series, exercise, library, witness)


def rows_of(model: str, clip: Clip, series: PoseSeries, truth: Truth, library: Library) -> tuple[list[Row], SetResult]:
    """Every measure of every true repetition and every signal twice a second; and the set."""
    exercise = library.exercises[clip.exercise]
    result, trace = run(series, exercise, library, clip.side, model)
    partner = dict(matches(clip.reps, result.reps))
    rows: list[Row] = []
    for i, rep in enumerate(truth.data["reps"]):
        found = result.reps[partner[i]] if i in partner else None
        rows += _repetition(model, clip, truth, rep, i, found, exercise, library, result)
    rows += _frames(model, clip, truth, trace, exercise, library)
    return rows, result


def _about(model: str, scope: str, clip: Clip, truth: Truth) -> dict[str, Any]:
    body = truth.data["body"]
    about = {"model": model, "scope": scope, "recording": clip.name, "body": body, "bodies": clip.bodies}
    return about | {"exercise": clip.exercise, "view": truth.data["view"], "yaw_deg": round(truth.yaw_deg, 1)}


def _repetition(
    model: str,
    clip: Clip,
    truth: Truth,
    rep: dict[str, Any],
    i: int,
    found: Repetition | None,
    exercise: Exercise,
    library: Library,
    result: SetResult,
) -> Iterable[Row]:
    about = _about(model, "rep", clip, truth) | {"rep": i + 1, "t_s": round(rep["start"], 3)}
    missing = "; ".join(result.view.reasons[:1]) or "the repetition was not counted"
    lift_first = exercise.repetition.outward == "lift"
    times = (rep["hold_start"] - rep["start"], rep["hold_end"] - rep["hold_start"], rep["end"] - rep["hold_end"])
    lasted = dict(zip(TEMPO, times if lift_first else times[::-1], strict=True))
    counted_plane = library.signals[exercise.repetition.signal].plane
    counted_leg = {"working": clip.side, "free": "", "none": ""}[exercise.repetition.leg]
    counted = valid_view(counted_plane, counted_leg, truth.yaw_deg)
    for name in (*TEMPO, *exercise.measures):
        if name in TEMPO:
            signal, plane, unit, true, drawn = "tempo", counted_plane, "s", lasted[name], None
            leg = counted_leg
        else:
            rule = library.measures[name]
            content = library.signals[rule.signal]
            signal, plane, unit = rule.signal, content.plane, content.unit
            true, drawn = (true_measure(rule, content, exercise, truth, rep, clip.side, d) for d in (False, True))
            leg = legs_of(rule, plane, clip.side, truth.yaw_deg)[0]
        yield Row(
            **about,
            measure=name,
            signal=signal,
            plane=plane,
            unit=unit,
            valid=min(counted, valid_view(plane, leg, truth.yaw_deg), key=WORST.index),
            truth=true,
            in_picture=drawn,
            **_said(found.measures.get(name) if found else None, missing),
        )


def _said(answer: Measured | None, missing: str) -> dict[str, Any]:
    if isinstance(answer, Estimate):
        return {"value": answer.value, "sd": answer.sd, "refused": 0, "reason": ""}
    return {"value": None, "sd": None, "refused": 1, "reason": missing if answer is None else answer.reason}


def _frames(
    model: str, clip: Clip, truth: Truth, trace: SignalTrace, exercise: Exercise, library: Library
) -> Iterable[Row]:
    about = _about(model, "frame", clip, truth)
    picked = np.unique(np.searchsorted(trace.t_s, np.arange(EVERY_S, trace.t_s[-1], EVERY_S)))
    resting = truth.resting()
    told = {o.signal for o in exercise.observation}
    for name, spec in SIGNALS.items():
        content = library.signals[name]
        for leg in ("left", "right") if spec.sided else ("",):
            column = column_name(name, leg)
            if column not in truth.signals or column not in trace.values:
                continue
            true, drawn = truth.signals[column], truth.in_picture.get(column)
            if spec.from_rest or name in told:
                true = true - np.median(true[resting])
                drawn = None
            valid = valid_view(content.plane, leg, truth.yaw_deg)
            for k in picked:
                t_s, value, sd = float(trace.t_s[k]), float(trace.values[column][k]), float(trace.sds[column][k])
                gone = math.isnan(value)
                rep = next((r["index"] for r in truth.data["reps"] if r["start"] <= t_s <= r["end"]), 0)
                yield Row(
                    **about,
                    rep=rep,
                    t_s=round(t_s, 3),
                    measure=column,
                    signal=name,
                    plane=content.plane,
                    unit=content.unit,
                    valid=valid,
                    truth=float(np.interp(t_s, truth.t_s, true)),
                    in_picture=None if drawn is None else float(np.interp(t_s, truth.t_s, drawn)),
                    value=None if gone else value,
                    sd=None if gone else sd,
                    refused=int(gone),
                    reason="",
                )


Count = tuple[str, str, bool, int, int]
"""Model, bodies, whether the counted signal is to be seen, true and counted repetitions of one recording."""


def everything(options: argparse.Namespace) -> tuple[list[Row], list[Count], dict[tuple[str, str], float]]:
    """Rows, counts, and the mean distance of the trained leg's keypoints from its joints (model, recording), in px."""
    library = load()
    rows: list[Row] = []
    counts: list[Count] = []
    keypoints: dict[tuple[str, str], float] = {}
    logs = {"full": options.cache, "heavy": options.cache_heavy}
    for folder in [shared_folder() / "recordings" / "rendered", *options.rendered]:
        for model, cache in logs.items():
            if cache is None:
                continue
            for clip in rendered_clips(folder, cache, make=model == "full" and not options.only_cached):
                truth = truth_of(json.loads((folder / f"{clip.name}.json").read_text(encoding="utf-8")))
                assert clip.perfect is not None
                runs = [(model, clip.seen)] + ([("true", clip.perfect)] if model == "full" else [])
                for kind, series in runs:
                    found, result = rows_of(kind, clip, series, truth, without(truth.data["body"], library))
                    rows += found
                    seen = next(r.valid for r in found if r.measure == "lift_s") == "yes"
                    counts.append((kind, clip.bodies, seen, len(clip.reps), len(result.reps)))
                    keypoints[kind, clip.name] = _distance_px(series, clip.perfect, clip.side)
    return rows, counts, keypoints


@functools.cache
def _errors_left_out() -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, dict[str, float]]] = json.loads(LEFT_OUT.read_text(encoding="utf-8"))
    return found


def without(body: str, library: Library) -> Library:
    """The library with the pose models' errors as fitted without this body; one that took no part changes nothing."""
    signals = dict(library.signals)
    for key, error in _errors_left_out().get(body, {}).items():
        model, name = key.split(" ")
        known = signals[name].pose_error | {model: PoseError(**error)}
        signals[name] = msgspec.structs.replace(signals[name], pose_error=known)
    return replace(library, signals=signals)


def _distance_px(seen: PoseSeries, perfect: PoseSeries, side: str) -> float:
    places = [INDEX[f"{'left' if side == 'both' else side}_{part}"] for part in ("hip", "knee", "ankle")]
    apart = seen.xy[: len(perfect), places] - perfect.xy[:, places]
    return float(np.nanmean(np.hypot(apart[..., 0], apart[..., 1])))


# tables


def figures(rows: Sequence[Row]) -> list[str]:
    """n, MAE, bias and sd of the error, coverage and root mean square z of what was given and has a truth."""
    known = [r for r in rows if not math.isnan(r.error)]
    if not known:
        return ["0", *"-----"]
    error = np.array([r.error for r in known])
    places = 1 if known[0].unit == "deg" else 3
    covered = 100 * np.mean([r.covered for r in known])
    z = math.sqrt(np.mean([(r.error / max(r.sd or 0.0, 1e-9)) ** 2 for r in known]))
    spread = [np.abs(error).mean(), error.mean(), error.std()]
    signs = ["", "+", ""]
    return [
        str(len(known)),
        *(f"{v:{s}.{places}f}" for v, s in zip(spread, signs, strict=True)),
        f"{covered:.0f} %",
        f"{z:.2f}",
    ]


def refused(rows: Sequence[Row]) -> str:
    return f"{sum(r.refused for r in rows)}/{len(rows)}" if rows else "-"


def measure_tables(to: Console, rows: Sequence[Row], keypoints: dict[tuple[str, str], float]) -> None:
    """One table per model: what was given and what refused, by measure and exercise, and by measure over all."""
    models = [m for m in ("full", "heavy", "true") if any(r.model == m for r in rows)]
    heads = ["measure", "exercise", "bodies", "n", "MAE", "bias", "sd", "hit%", "z", "between", "refused", "invalid"]
    heads += ["px", "perfect"]
    to.print(
        "In valid views. hit%: truth inside the 95 % interval; between: the same where the view is neither valid nor "
        "invalid;\nrefused, invalid: refused of valid and of invalid ones; px: mean distance of the leg's keypoints "
        "from its joints;\nperfect: MAE on true joints\n"
    )
    index: dict[tuple[str, str, str], list[Row]] = {}
    for r in rows:
        for exercise in (r.exercise, "all"):
            index.setdefault((r.measure, exercise, r.bodies), []).append(r)
    for model in models:
        lines: list[list[str]] = []
        for (measure, exercise, bodies), group in sorted(index.items()):
            mine = [r for r in group if r.model == model]
            if not mine or (exercise == "all" and len({r.exercise for r in mine}) == 1):
                continue
            by = {v: [r for r in mine if r.valid == v] for v in ("yes", "between", "no")}
            best = [r for r in group if r.model == "true" and r.valid == "yes"]
            px = [keypoints[model, name] for name in {r.recording for r in by["yes"]}]
            lines.append(
                [
                    *(measure, exercise, bodies, *figures(by["yes"]), figures(by["between"])[4]),
                    *(refused(by["yes"]), refused(by["no"]), f"{np.mean(px):.1f}" if px else "-", figures(best)[1]),
                ]
            )
        tables.show(to, f"Measures of repetitions, {model}", heads, lines, left=3)


def frame_tables(to: Console, rows: Sequence[Row]) -> None:
    heads = ["signal", "model", "bodies", "n", "MAE", "bias", "sd", "hit%", "z", "between", "hit%", "invalid given"]
    lines = []
    for key in sorted({(r.signal, r.model, r.bodies) for r in rows}):
        mine = [r for r in rows if (r.signal, r.model, r.bodies) == key]
        by = {v: [r for r in mine if r.valid == v] for v in ("yes", "between", "no")}
        given = sum(not r.refused for r in by["no"])
        between = figures(by["between"])
        lines.append([*key, *figures(by["yes"]), between[1], between[4], f"{given}/{len(by['no'])}"])
    tables.show(to, "Signals frame by frame, twice a second", heads, lines, left=3)


def goals(to: Console, rows: Sequence[Row], counts: Sequence[Count]) -> None:
    """The goals beside what was reached, report bodies only."""
    models = [m for m in ("full", "heavy", "true") if any(r.model == m for r in rows)]
    lines: list[list[str]] = []

    def line(what: str, goal: str, reached: dict[str, tuple[str, bool] | None]) -> None:
        cells = ["-" if (r := reached[m]) is None else f"{r[0]} {'met' if r[1] else 'NOT'}" for m in models]
        lines.append([what, goal, *cells])

    kept = [r for r in rows if r.bodies == "report"]
    for signal, goal in (*GOALS.items(), ("tempo", GOAL_S)):
        line(
            f"{signal}, MAE in valid views",
            f"<= {goal:g}",
            {m: _mae([r for r in kept if (r.model, r.signal, r.valid) == (m, signal, "yes")], goal) for m in models},
        )
    measures = list(dict.fromkeys(r.measure for r in kept))
    for name in measures:
        on = kept if any(r.signal in FITTED_ONCE for r in rows if r.measure == name) else rows
        line(f"{name}, in 95 %", "92-98 %", {m: _coverage(on, m, name) for m in models})
    for valid, goal_text in (("no", ">= 95 %"), ("yes", "<= 5 %")):
        what = "invalid" if valid == "no" else "valid"
        line(f"{what} measures refused", goal_text, {m: _refusals(kept, m, valid) for m in models})
    exact = {}
    for m in models:
        mine = [true == n for kind, bodies, seen, true, n in counts if (kind, bodies, seen) == (m, "report", True)]
        exact[m] = (f"{sum(mine)}/{len(mine)}", all(mine)) if mine else None
    line("recordings counted exactly, valid views", "all", exact)
    title = "Goals: report bodies; intervals that are fitted without each body in turn: all bodies"
    tables.show(to, title, ["what", "goal", *models], lines, left=1)


def _mae(rows: Sequence[Row], goal: float) -> tuple[str, bool] | None:
    error = np.array([r.error for r in rows])
    error = error[~np.isnan(error)]
    if not len(error):
        return None
    mae = float(np.abs(error).mean())
    return f"{mae:.3f}" if goal < 1 else f"{mae:.1f}", mae <= goal


def _coverage(rows: Sequence[Row], model: str, measure: str) -> tuple[str, bool] | None:
    mine = [r for r in rows if r.model == model and r.measure == measure and r.valid != "no"]
    hits = float(np.mean([r.covered for r in mine])) if (mine := [r for r in mine if not math.isnan(r.error)]) else 0.0
    n, *_, z = figures(mine)
    return (f"{100 * hits:.0f} % of {n}, z {z}", 0.92 <= hits <= 0.98) if mine else None


def _refusals(rows: Sequence[Row], model: str, valid: str) -> tuple[str, bool] | None:
    mine = [r.refused for r in rows if r.model == model and r.valid == valid and r.measure not in TEMPO]
    if not mine:
        return None
    share = float(np.mean(mine))
    return f"{100 * share:.0f} % of {len(mine)}", share >= 0.95 if valid == "no" else share <= 0.05


def baseline(to: Console, rows: Sequence[Row]) -> None:
    """Knee flexion of single frames as it is, and with each recording's resting frames taken for a soft knee.

    That is the person's own standing as calibration; a knee extension begins bent and has no such moment.
    """
    lines = []
    parts = (("straight, under 15", -math.inf, 15.0), ("bent, over 40", 40.0, math.inf))
    for model, bodies in sorted({(r.model, r.bodies) for r in rows}):
        offsets: dict[str, list[float]] = {}
        mine = [
            r
            for r in rows
            if (r.model, r.bodies, r.signal, r.valid) == (model, bodies, "knee_flexion", "yes")
            and r.exercise != "terminal_knee_extension"
            and r.value is not None
        ]
        for r in mine:
            if r.rep == 0 and r.value is not None:
                offsets.setdefault(r.recording, []).append(r.value - SOFT_KNEE_DEG)
        for name, low, high in parts:
            chosen = [r for r in mine if r.rep and r.truth is not None and low < r.truth < high]
            if chosen:
                error = np.array([r.error for r in chosen])
                own = error - np.array([np.mean(offsets[r.recording]) for r in chosen])
                numbers = f"{np.abs(error).mean():.1f}", f"{np.abs(own).mean():.1f}"
                lines.append([model, bodies, name, str(len(chosen)), *numbers])
    heads = ["model", "bodies", "knee", "frames", "as it is", "own standing"]
    tables.show(to, "Knee flexion, the person's own standing as baseline: MAE, degrees", heads, lines, left=3)


def reasons(to: Console, rows: Sequence[Row]) -> None:
    """Why valid measures were refused, and which invalid ones were given."""
    for valid, gone, title in (("yes", 1, "Valid, yet refused"), ("no", 0, "Invalid, yet given")):
        found = Counter(
            (r.model, r.recording, r.measure, r.reason) for r in rows if r.valid == valid and r.refused == gone
        )
        lines = [[*key, str(n)] for key, n in sorted(found.items()) if key[2] not in TEMPO]
        tables.show(to, title, ["model", "recording", "measure", "reason", "repetitions"], lines, left=4, text=(3,))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rendered", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache(), help="pose logs of the full model")
    parser.add_argument("--cache-heavy", type=Path, help="pose logs of the heavy model, if there are any")
    parser.add_argument("--only-cached", action="store_true")
    parser.add_argument("--details", action="store_true", help="what was refused or given against the truth, and why")
    parser.add_argument("--csv", type=Path, help="every row, tidy")
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    rows, counts, keypoints = everything(options)
    to = tables.console()
    bodies = {k: len({r.recording for r in rows if r.bodies == k}) for k in ("fit", "report")}
    tables.header(to, f"accuracy on {bodies['fit']} recordings of fit bodies and {bodies['report']} of report bodies")
    reps = [r for r in rows if r.scope == "rep"]
    goals(to, reps, counts)
    measure_tables(to, reps, keypoints)
    frame_tables(to, [r for r in rows if r.scope == "frame"])
    baseline(to, [r for r in rows if r.scope == "frame"])
    if options.details:
        reasons(to, reps)
    if options.csv is not None:
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [f.name for f in fields(Row)])
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)
    tables.save(to, options.save, LONG)


if __name__ == "__main__":
    main()
