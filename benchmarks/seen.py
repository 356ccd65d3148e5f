"""What the page "What kneeline can see" is made from: a few small tables, written once and read by everybody.

results/seen.csv         every repetition and measure of people with errors fitted without them (rendered, exact truth)
results/seen_turns.csv   signals of the same recordings by the camera's turn off the view they are seen from
results/seen_faults.csv  injected faults, and what was said of them
results/mocap.csv, results/beside_sports2d.csv    as their scripts save them
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from kneeline.content.load import load
from kneeline.motion.view import off_plane_deg

RESULTS = Path(__file__).resolve().parent / "results"
TURNS = (0, 10, 20, 30, 45, 90)
"""Edges of the classes of turn, in degrees off the view that a signal is seen from."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One measure of one true repetition; `benchmarks/accuracy.py` says what each column is."""

    model: str
    recording: str
    body: str
    exercise: str
    view: str
    yaw_deg: float
    measure: str
    unit: str
    valid: str
    truth: float | None
    value: float | None
    sd: float | None
    reason: str

    @property
    def error(self) -> float:
        """Value minus truth; NaN where either is missing."""
        return math.nan if self.value is None or self.truth is None else self.value - self.truth


@dataclass(frozen=True, slots=True)
class Turned:
    """One signal over all moments from cameras of one class of turn; mae and covered are NaN where all was refused."""

    model: str
    signal: str
    unit: str
    from_deg: float
    to_deg: float
    moments: int
    refused: float
    mae: float
    covered: float


@dataclass(frozen=True, slots=True)
class Judged:
    """How often something was said of a fault that was, or was not, there.

    said: present, absent, close (too close to call), blind (not to be seen from there) or missed (not counted).
    """

    fault: str
    exercise: str
    view: str
    injected: int
    said: str
    times: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Errors of many repetitions: mean absolute and mean error, standard deviation, 95 % limits, coverage and z.

    n: those with a value and a truth. within: what 19 of 20 absolute errors do not exceed. low, high: limits of
    agreement, bias +- 1.96 sd. covered: share whose interval holds the truth. z: root mean square of error over sd.
    """

    n: int
    people: int
    recordings: int
    unit: str
    mae: float
    bias: float
    sd: float
    within: float
    covered: float
    z: float

    @property
    def limits(self) -> tuple[float, float]:
        return self.bias - 1.96 * self.sd, self.bias + 1.96 * self.sd


def figures(rows: Iterable[Seen]) -> Figures | None:
    """The figures of what was given and has a truth; None where nothing has."""
    known = [r for r in rows if not math.isnan(r.error)]
    if not known:
        return None
    error = np.array([r.error for r in known])
    sd = np.array([max(r.sd or 0.0, 1e-9) for r in known])
    return Figures(
        n=len(known),
        people=len({r.body for r in known}),
        recordings=len({r.recording for r in known}),
        unit=known[0].unit,
        mae=float(np.abs(error).mean()),
        bias=float(error.mean()),
        sd=float(error.std()),
        within=float(np.quantile(np.abs(error), 0.95)),
        covered=float((np.abs(error) <= 1.96 * sd).mean()),
        z=float(np.sqrt(((error / sd) ** 2).mean())),
    )


def measure(options: argparse.Namespace) -> tuple[list[Seen], list[Turned], list[Judged]]:
    """Everything again, from recordings: the accuracy of every measure, and every fault."""
    from accuracy import everything

    rows, _, _ = everything(options)
    kept = [r for r in rows if r.bodies == "report"]
    names = [field.name for field in fields(Seen)]
    seen = [Seen(**{name: getattr(r, name) for name in names}) for r in kept if r.scope == "rep"]
    by_turn: dict[tuple[str, str, str, float, float], list[Any]] = defaultdict(list)
    for r in kept:
        if r.scope == "frame" and r.plane != "any":
            off = off_plane_deg(r.yaw_deg, r.plane)
            edges = next((a, b) for a, b in pairwise(TURNS) if a <= off <= b)
            by_turn[r.model, r.signal, r.unit, *edges].append(r)
    turned = [_turned(key, mine) for key, mine in sorted(by_turn.items())]
    return seen, turned, _judged(options)


def _turned(key: tuple[str, str, str, float, float], rows: Sequence[Any]) -> Turned:
    given = [r for r in rows if not math.isnan(r.error)]
    mae = float(np.mean([abs(r.error) for r in given])) if given else math.nan
    covered = float(np.mean([r.covered for r in given])) if given else math.nan
    return Turned(*key, len(rows), 1 - len(given) / len(rows), mae, covered)


def _judged(options: argparse.Namespace) -> list[Judged]:
    from clips import rendered_clips, shared_folder
    from faults import assess
    from repetitions import matches, run

    library = load()
    counts: Counter[tuple[str, str, str, int, str]] = Counter()
    for folder in [shared_folder() / "recordings" / "rendered", *options.rendered]:
        for clip in rendered_clips(folder, options.cache, make=not options.only_cached):
            if clip.bodies != "report":
                continue
            exercise = library.exercises[clip.exercise]
            _, refined, _ = run(clip.seen, exercise, library)
            for one in assess(clip, "refined", exercise, refined, matches(clip.reps, refined.reps)):
                said = {"not counted": "missed"}.get(one.said, one.said)
                if said == "not_assessable":
                    said = "blind" if one.probability is None else "close"
                counts[one.fault, clip.exercise, clip.view, int(one.injected), said] += 1
    return [Judged(*key, times) for key, times in sorted(counts.items())]
