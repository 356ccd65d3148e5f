"""How far the values of the movement tests are off on rendered people, whose truth is known.

python benchmarks/trials.py [--rendered DIR ...] [--cache DIR] [--save FILE]

Each clip is one trial. True values are the same statistics over the true repetitions, in the views that a test accepts.
The stand is tried on the banded stand, whose holds are shorter than the test's: only its lasting drop is compared,
with holds from one second on. A count of heel raises ends at the second that goes wrong, which clips hold on purpose:
it comes out lower than all true repetitions. Nothing is fitted here; the share of the error that repetitions have in
common, and how the told height differs from clip to clip, are what the house defaults of the tests' files lean on.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from clips import FIT_BODIES, default_cache, log_of, shared_folder
from kneeline.content.load import Library, load
from kneeline.content.trial_schema import MovementTest, Value
from kneeline.model.pose import PoseSeries
from kneeline.model.quantity import Estimate
from kneeline.motion.trial import Trial
from tables import console, header, save, show
from truth import Truth, true_measure, truth_of

TESTS = {
    "sls": ("single_leg_squat", "single_leg_sit_to_stand"),
    "step_down": ("lateral_step_down",),
    "single_calf_raise": ("heel_raise_count",),
    "hip_abduction": ("stand_30s",),
}
"""What the studio calls a movement -> the tests that it is run as."""
SIDE = {"L": "left", "R": "right"}
POSE_MODEL = "blazepose-full"


@dataclass(frozen=True, slots=True)
class Row:
    """One value of one clip: told and true, and the errors of its repetitions where it is made of them."""

    test: str
    value: str
    bodies: str
    clip: str
    told: Estimate
    true: float
    each: tuple[float, ...] = ()


def short_holds(library: Library) -> Library:
    """The library with stands that count from one second on."""
    stand = library.exercises["single_leg_stand"]
    shortest = msgspec.structs.replace(stand.repetition.shortest, value=1.0)
    rule = msgspec.structs.replace(stand.repetition, shortest=shortest)
    known = {**library.exercises, stand.id: msgspec.structs.replace(stand, repetition=rule)}
    return replace(library, exercises=known)


def rows_of(name: str, data: dict[str, Any], series: PoseSeries, library: Library) -> tuple[list[Row], list[str]]:
    """What the tests say of one clip against its truth; and what they refused, with the reason."""
    truth, side = truth_of(data), SIDE[data["lead_side"]]
    rows: list[Row] = []
    refused: list[str] = []
    for test_id in TESTS[data["exercise"]]:
        test = library.tests[test_id]
        trial = Trial(test, library, side, POSE_MODEL)
        trial.push(series)
        trial.finish()
        found = trial.result({"arms_help": "no", "wobbles": "no"} if test.item else {})
        for value in test.value:
            told = found.values[value.id]
            true, each = _true(value, test, truth, trial, library, side)
            if isinstance(told.result, Estimate) and true is not None:
                # Repetitions of the truth and of the trial are the same ones where their numbers agree.
                pairs = zip(told.each, each, strict=True) if len(told.each) == len(each) else ()
                errors = tuple(one.value - real for one, real in pairs if isinstance(one, Estimate))
                bodies = "fit" if data["body"] in FIT_BODIES else "report"
                rows.append(Row(test_id, value.id, bodies, name, told.result, true, errors))
            elif not isinstance(told.result, Estimate):
                kind = told.result.reason.partition(":")[0].partition(". ")[0].partition("; ")[0]
                refused.append(f"{test_id}: {kind}")
    return rows, list(dict.fromkeys(refused))


def _true(
    value: Value, test: MovementTest, truth: Truth, trial: Trial, library: Library, side: str
) -> tuple[float | None, tuple[float, ...]]:
    reps = truth.data["reps"]
    if value.statistic == "count":
        full = test.id == "heel_raise_count"
        return (float(len(reps)), ()) if full else (None, ())
    if value.statistic == "mean":
        rule = library.measures[value.measure]
        exercise, spec = library.exercises[test.exercise], library.signals[rule.signal]
        each = [true_measure(rule, spec, exercise, truth, rep, side, rule.signal == "fppa") for rep in reps]
        known = tuple(one for one in each if one is not None)
        return (float(np.mean(known)), known) if known and len(known) == len(each) else (None, ())
    if value.statistic == "typical" and trial.holds:
        start_s, end_s = trial.holds[0]
        drop = truth.signals["pelvic_drop_deg"]
        held = (truth.t_s >= start_s) & (truth.t_s <= end_s)
        before = (truth.t_s >= start_s - 1.0) & (truth.t_s < start_s)
        return (float(np.median(drop[held]) - np.median(drop[before])), ()) if before.any() else (None, ())
    return None, ()


def summary(rows: list[Row]) -> Iterator[list[object]]:
    """Per test, value and group of bodies: how far off, and whether the error that was said held."""
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.test, row.value, row.bodies].append(row)
    for (test, value, bodies), some in sorted(groups.items()):
        error = np.array([row.told.value - row.true for row in some])
        sd = np.array([row.told.sd for row in some])
        inside = float((np.abs(error) <= 1.96 * np.maximum(sd, 1e-9)).mean())
        digits = 3 if some[0].told.unit == "frac" else 1
        numbers = (f"{x:+.{digits}f}" for x in (error.mean(), error.std()))
        off = f"{np.abs(error).mean():.{digits}f}"
        yield [test, value, bodies, len(some), off, *numbers, f"{np.median(sd):.{digits}f}", f"{inside:.0%}"]


def shared_share(rows: list[Row]) -> Iterator[list[object]]:
    """The share of one repetition's error (its variance about 0) that all repetitions of a clip have in common."""
    groups: dict[tuple[str, str], list[tuple[float, ...]]] = defaultdict(list)
    for row in rows:
        if row.bodies == "fit" and len(row.each) > 1:
            groups[row.test, row.value].append(row.each)
    for (test, value), clips in sorted(groups.items()):
        within = float(np.mean([np.var(each, ddof=1) for each in clips]))
        whole = float(np.mean([np.mean(np.square(each)) for each in clips]))
        yield [test, value, len(clips), f"{max(1 - within / whole, 0):.2f}"]


def height_shares(rows: list[Row]) -> Iterator[list[object]]:
    """How much of the true height is told, and how much that differs between clips of the same group."""
    for bodies in ("fit", "report"):
        shares = np.array([r.told.value / r.true for r in rows if r.value == "height_frac" and r.bodies == bodies])
        if len(shares) > 1:
            differ = shares.std(ddof=1) / shares.mean() * np.sqrt(2)
            yield [bodies, len(shares), f"{shares.mean():.2f}", f"{shares.std(ddof=1):.2f}", f"{differ:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rendered", type=Path, action="append", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    library = short_holds(load())
    rows: list[Row] = []
    refused: dict[str, int] = defaultdict(int)
    for folder in [shared_folder() / "recordings" / "rendered", *options.rendered]:
        for file in sorted(folder.glob("*.json")):
            data = json.loads(file.read_text(encoding="utf-8"))
            if data["exercise"] not in TESTS:
                continue
            series = log_of(file.with_suffix(".mp4"), file.stem, options.cache, make=False)
            if series is not None:
                found, missing = rows_of(file.stem, data, series, library)
                rows += found
                for reason in missing:
                    refused[reason] += 1
    to = console()
    header(to, "movement tests on rendered people against their truth")
    names = ["test", "value", "bodies", "trials", "off by", "bias", "sd", "said ±", "within 95 %"]
    show(to, "Each value of each trial", names, list(summary(rows)), left=3)
    show(to, "Error in common (fit)", ["test", "value", "clips", "share"], list(shared_share(rows)), left=2)
    names = ["bodies", "clips", "told of true", "sd", "of a side difference"]
    show(to, "Height of the heel raises", names, list(height_shares(rows)), left=1)
    show(to, "Refused, with the reason", ["test and reason", "trials"], [[k, n] for k, n in sorted(refused.items())])
    save(to, options.save)


if __name__ == "__main__":
    main()
