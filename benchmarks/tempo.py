"""Counts and phase times of real people from a phone, against markers that saw the same squats.

    python benchmarks/tempo.py [--people N] [--save FILE]

`mocap/mvespa` in the shared folder holds the end of a barbell as a phone's pose model tracked it (pixels, 30 a second)
and as optical markers did (mm, 100 a second), in back squats, three in each recording. Before them every recording
holds a movement that was made to bring both clocks together: it is no repetition. Both methods get the same phone
track and know nothing else: kneeline's tracker and fit (one repetition by itself, and with the tempo of its set), a
plain counter: 10 % of the range crossed there and back, a squat if half is passed, its turn the farthest sample.
The truth is read from the markers with no model: a squat begins and ends where it passes 10 % of its own depth, and
turns half-way between the first and the last moment at 98 %. No number was fitted on these people.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import tables
from clips import shared_folder
from kneeline.content.schema import Number, Repetition
from kneeline.motion.reps import Phases, Tracker, fit_phases
from kneeline.motion.tempo import share_tempo

Array = npt.NDArray[np.float64]

PHONE_HZ, MARKERS_HZ = 30.0, 100.0
LOW, TURN = 0.1, 0.98
MINIMUM_JERK_AT_LOW = 0.2466
"""Share of its time at which a minimum-jerk movement has gone a tenth of its way."""
SMALLEST_SHARE = 0.6
"""A squat goes at least this share of the deepest. The movement for the clocks goes about half as far."""


@dataclass(frozen=True, slots=True)
class Squat:
    """When one squat begins, turns and ends, in seconds of its own clock; sd of both durations where there is one."""

    times_s: tuple[float, float, float]
    sd_s: tuple[float, float] = (np.nan, np.nan)


@dataclass(frozen=True, slots=True)
class Recording:
    """The same squats by phone (px) and by markers (mm), as depth. phone: NaN where the bar was not found."""

    name: str
    phone: Array
    markers: Array


def recordings(folder: Path, people: int) -> list[Recording]:
    found = []
    for path in sorted(folder.glob("back_squat_*.npz"))[: 2 * people]:
        with np.load(path, allow_pickle=False) as data:
            phone = data["phone_xy_px_30fps"].astype(np.float64)
            markers = data["optical_xyz_mm_100hz"][:, 2].astype(np.float64)
        found.append(Recording(path.stem, np.where((phone == 0).all(axis=1), np.nan, phone[:, 1]), markers))
    return found


def rule_for(depth: Array) -> Repetition:
    """A rule as an exercise's file has it; a bar alone has no body to take its size from, so its own range does."""

    def number(value: float, unit: str) -> Number:
        return Number(value=value, unit=unit, basis="house")

    far = float(np.nanquantile(depth, 0.99) - np.nanmedian(depth))
    return Repetition(
        signal="hip_drop",
        toward="up",
        outward="lower",
        smallest=number(SMALLEST_SHARE * far, "px"),
        largest=number(3 * far, "px"),
        shortest=number(0.7, "s"),
        longest=number(20, "s"),
        planted="none",
    )


def tracked(depth: Array) -> list[Phases]:
    """What kneeline counts on a phone track and how it times each squat by itself."""
    t_s, rule = np.arange(len(depth)) / PHONE_HZ, rule_for(depth)
    tracker, found = Tracker(rule), []
    for t, value in zip(t_s.tolist(), depth.tolist(), strict=True):
        seen = None if np.isnan(value) else tracker.step(t, value)
        if seen is None or seen.too:
            continue
        near = (t_s > seen.start_s - 1.0) & (t_s < seen.end_s + 1.0)
        phases = fit_phases(t_s[near], depth[near], (seen.start_s, seen.end_s))
        if phases is not None and phases.end_s - phases.start_s >= rule.shortest.value:
            found.append(phases)
    return found


def squat_of(p: Phases) -> Squat:
    """The squat from 10 % to 10 % of its depth, as a fitted repetition has it."""
    low = MINIMUM_JERK_AT_LOW
    begins, ends = p.start_s + low * p.out.value, p.end_s - low * p.back.value
    weights = np.array([[low - 1, 0.5 - low, 0.5, 0], [0, -0.5, low - 0.5, 1 - low]])
    sd = np.sqrt(np.einsum("di,ij,dj->d", weights, p.spread, weights))
    return Squat((begins, (p.top_start_s + p.top_end_s) / 2, ends), (float(sd[0]), float(sd[1])))


def plain(depth: Array) -> list[Squat]:
    """Lifts by crossing 10 % of the range, those that pass half of it; turning at their farthest sample."""
    t_s = np.flatnonzero(~np.isnan(depth)) / PHONE_HZ
    depth = depth[~np.isnan(depth)]
    rest = float(np.median(depth))
    share = (depth - rest) / (float(depth.max()) - rest)
    away = np.diff((share > LOW).astype(int))
    ends = np.flatnonzero(away == -1)
    squats = []
    for a in np.flatnonzero(away == 1):
        b = next((int(e) for e in ends if e > a), None)
        if b is not None and share[a : b + 2].max() > 0.5:
            squats.append(Squat((float(t_s[a]), float(t_s[a + int(share[a : b + 2].argmax())]), float(t_s[b + 1]))))
    return squats


def truth(depth: Array) -> list[Squat]:
    """The last three squats that the markers saw, each from 10 % to 10 % of its own depth."""
    rest, far = float(np.median(depth)), float(depth.max())
    under = np.concatenate([[False], depth > rest + SMALLEST_SHARE * (far - rest), [False]])
    runs = np.flatnonzero(np.diff(under.astype(int))).reshape(-1, 2)[-3:]
    squats = []
    for a, b in runs:
        deepest = float(depth[a:b].max())
        low = depth <= rest + LOW * (deepest - rest)
        begin, end = int(np.flatnonzero(low[:a])[-1]), b + int(np.flatnonzero(low[b:])[0])
        turn = begin + np.flatnonzero(depth[begin:end] >= rest + TURN * (deepest - rest))
        squats.append(Squat((begin / MARKERS_HZ, float(turn[0] + turn[-1]) / 2 / MARKERS_HZ, end / MARKERS_HZ)))
    return squats


def later_s(recording: Recording) -> float:
    """How many seconds later the phone's clock shows the same moment, by where the tracks resemble each other most."""
    t_s = np.arange(0, len(recording.phone) / PHONE_HZ, 1 / MARKERS_HZ)
    seen = ~np.isnan(recording.phone)
    phone = np.interp(t_s, np.flatnonzero(seen) / PHONE_HZ, recording.phone[seen])
    tracks = [(track - np.median(track)) / track.std() for track in (phone, recording.markers)]
    return float(np.argmax(np.correlate(tracks[0], tracks[1], "full")) - (len(tracks[1]) - 1)) / MARKERS_HZ


def pairs(true: Sequence[Squat], found: Sequence[Squat], shift_s: float) -> list[tuple[Squat, Squat]]:
    """Each true squat with the one that was found over its turn, where there is one."""
    beside = []
    for squat in true:
        turn = squat.times_s[1] + shift_s
        over = [f for f in found if f.times_s[0] < turn < f.times_s[2]]
        if over:
            beside.append((squat, over[0]))
    return beside


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=8, help="how many people, in the order of their files")
    parser.add_argument("--save", type=Path, help="also write the tables to this text file")
    given = parser.parse_args()
    folder = shared_folder() / "mocap" / "mvespa"
    known = recordings(folder, given.people)
    if not known:
        raise SystemExit(f"No barbell tracks in {folder}.")
    console = tables.console()
    tables.header(console, f"{len(known)} phone tracks of a barbell end beside optical markers")
    true = [truth(r.markers) for r in known]
    alone = [tracked(r.phone) for r in known]
    found = {
        "kneeline, with its set": [[squat_of(p) for p in share_tempo(one)] for one in alone],
        "kneeline, each by itself": [[squat_of(p) for p in one] for one in alone],
        "plain 10 % crossing": [plain(r.phone) for r in known],
    }
    counts, times = [], []
    for method, squats in found.items():
        both = [pairs(t, f, later_s(r)) for t, f, r in zip(true, squats, known, strict=True)]
        exact = sum(len(t) == len(f) == len(p) for t, f, p in zip(true, squats, both, strict=True))
        counts.append((method, len(known), sum(map(len, true)), sum(map(len, squats)), sum(map(len, both)), exact))
        times.append((method, *errors([pair for one in both for pair in one])))
    heads = ("method", "recordings", "true", "found", "of them true", "recordings exact")
    tables.show(console, "Back squats of real people, from a phone", heads, counts)
    heads = ("method", "n", "down", "up", "whole", "95th of all ways", "ways within their 95 %")
    title = "Down: from 10 % of the depth to the turn; up: from the turn to 10 %. Mean absolute error (bias), ms"
    tables.show(console, title, heads, times)
    lasted = [np.diff([squat.times_s for squat in one], axis=1) for one in true]
    off = np.concatenate([ways - ways.mean(axis=0) for ways in lasted])
    usual = np.concatenate(lasted).mean(axis=0)
    differ = np.sqrt((off**2).sum(axis=0) / (len(off) - len(lasted))) / usual
    rows = [(way, f"{usual[k]:.2f} s", f"{differ[k]:.0%}") for k, way in enumerate(("down", "up"))]
    tables.show(console, "By the markers", ("way", "usual", "differs within a set by"), rows)
    tables.save(console, given.save)


def errors(both: Sequence[tuple[Squat, Squat]]) -> tuple[object, ...]:
    """The cells of one row: how far durations are off in milliseconds."""
    off = 1000 * np.array([np.diff(mine.times_s) - np.diff(true.times_s) for true, mine in both])
    sd = 1000 * np.array([mine.sd_s for _, mine in both])
    held = "-" if np.isnan(sd).any() else tables.share([bool(x) for x in (np.abs(off) < 1.96 * sd).ravel()])
    worst = f"{np.quantile(np.abs(off), 0.95):.0f}"
    return (len(both), *(tables.mae_bias(x) for x in (off[:, 0], off[:, 1], off.sum(axis=1))), worst, held)


if __name__ == "__main__":
    main()
