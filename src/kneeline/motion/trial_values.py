"""What is read off a trial: statistics over repetitions, holds and steps, each with its error and what it lacks.

variance of a mean = shared * sd^2 + error^2              what repeating does not take away
                   + max(spread^2, (1 - shared) * sd^2) / n    what it does: people vary, keypoints jitter
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from kneeline.content.load import Library
from kneeline.content.trial_schema import Item, MovementTest, Value
from kneeline.model.errors import InputError
from kneeline.model.movement import Repetition, SetResult, SignalTrace, View
from kneeline.model.pose import PoseSeries
from kneeline.model.quantity import Estimate, Measured, NotAssessable, Verdict
from kneeline.model.trial import TrialItem
from kneeline.motion.cadence import cadence, step_times_s
from kneeline.motion.errors import Witness, total_sd
from kneeline.motion.geometry import Geometry
from kneeline.motion.measure import ABSENT, PRESENT
from kneeline.motion.reps import smooth
from kneeline.motion.signals import Bearings, column_name, signal
from kneeline.motion.view import refusal

CHANGE: Final = 1.96 * math.sqrt(2.0)
"""Two equally sure values differ by more than error, at 95 %, from this many of their standard deviations on."""
MOST_MORE: Final = 10
"""Nobody is asked for more further repetitions than this. House default."""
BEFORE_S: Final = 1.0
"""How long before a hold the person is taken to stand on both feet. House default."""
CUT_S: Final = 0.3
"""A hold that ends this close to the end of the recording was cut off. House default."""


@dataclass(frozen=True, slots=True)
class Watched:
    """All that a trial's values are read from. result, trace: None for a gait, which has no repetitions."""

    test: MovementTest
    library: Library
    series: PoseSeries
    scene: tuple[Witness, View]
    said: Mapping[str, str]
    result: SetResult | None = None
    trace: SignalTrace | None = None
    holds: tuple[tuple[float, float], ...] = ()
    cut: bool = False

    @property
    def view(self) -> View:
        """How the camera sees the person."""
        return self.scene[1]

    @property
    def reps(self) -> tuple[Repetition, ...]:
        """The repetitions that count in this test, up to what ends it."""
        if self.result is None:
            return ()
        return _until_the_end(tuple(rep for rep in self.result.reps if counts(rep, self.test)), self.test)


@dataclass(frozen=True, slots=True)
class Told:
    """One value as it was read; more: as in `TrialValue`."""

    result: Measured
    each: tuple[Measured, ...] = ()
    more: int | None = None


def counts(rep: Repetition, test: MovementTest) -> bool:
    """Whether a repetition goes as far as the test wants it to."""
    if test.counts is None:
        return True
    value = rep.measures.get(test.counts.measure)
    return isinstance(value, Estimate) and value.value >= test.counts.at_least.value


def _until_the_end(reps: tuple[Repetition, ...], test: MovementTest) -> tuple[Repetition, ...]:
    """Those before the time is up, a pause, or the last repetition that may go wrong."""
    ends = test.ends
    if ends is None:
        return reps
    wrong, kept = 0, list[Repetition]()
    for rep in reps:
        if ends.within is not None and rep.end_s > reps[0].start_s + ends.within.value:
            break
        if ends.pause is not None and kept and rep.start_s - kept[-1].end_s > ends.pause.value:
            break
        wrong += any(f.id in ends.faults and f.verdict is Verdict.PRESENT for f in rep.faults)
        if ends.times is not None and wrong >= ends.times.value:
            break
        kept.append(rep)
    return tuple(kept)


def read(value: Value, watched: Watched, items: Sequence[TrialItem]) -> Told:
    """One value of a test from what was watched. items: as `judge_items` gives them."""
    if value.statistic == "score":
        return _score(value, watched, items)
    return _READ[value.statistic](value, watched)


# Over repetitions


def mean_of(seen: Sequence[Estimate], shared: float, error: float = 0.0) -> tuple[Estimate, float, float]:
    """The mean of repetitions; then the part of its variance that stays, and that which each repetition brings.

    shared: share of one repetition's variance that all have in common. error: standard deviation added once.

    >>> mean, _, _ = mean_of([Estimate(9.0, 2.0, "deg"), Estimate(11.0, 2.0, "deg")], shared=0.5)
    >>> mean.value, round(mean.sd, 3)
    (10.0, 1.732)
    """
    values = np.array([one.value for one in seen])
    variance = float(np.mean([one.sd**2 for one in seen]))
    stays = shared * variance + error**2
    spread = float(values.var(ddof=1)) if len(values) > 1 else 0.0
    own = max(spread, (1 - shared) * variance)
    return Estimate(float(values.mean()), math.sqrt(stays + own / len(values)), seen[0].unit), stays, own


def further(n: int, stays: float, own: float, enough: float) -> int | None:
    """How many repetitions more bring the error down to `enough`; None where none would.

    >>> further(3, stays=1.0, own=3.0, enough=1.2), further(3, stays=4.0, own=3.0, enough=1.2)
    (4, None)
    """
    if stays + own / n <= enough**2:
        return 0
    if stays >= enough**2:
        return None
    lacking = math.ceil(own / (enough**2 - stays)) - n
    return lacking if lacking <= MOST_MORE else None


def _mean(value: Value, watched: Watched) -> Told:
    each = tuple(rep.measures[value.measure] for rep in watched.reps)
    seen = usable(each, watched.test)
    least = round(watched.test.least.value)
    if len(each) < least:
        return Told(_too_few(len(each), watched), each, least - len(each))
    if len(seen) < least:
        why = next(one.reason for one in each if isinstance(one, NotAssessable))
        return Told(NotAssessable(f"it could be read in {len(seen)} of at least {least} repetitions: {why}"), each)
    return mean_told(value, seen, each)


def usable(each: Sequence[Measured], test: MovementTest) -> list[Estimate]:
    """What of one go's repetitions a mean is made of: as many as are wanted, where they could be measured."""
    return [one for one in each if isinstance(one, Estimate)][: round(test.most.value)]


def mean_told(value: Value, seen: Sequence[Estimate], each: tuple[Measured, ...]) -> Told:
    """The mean of the repetitions that could be measured."""
    assert value.shared is not None, "the library is checked"
    mean, stays, own = mean_of(seen, value.shared.value, value.error.value if value.error else 0.0)
    return Told(mean, each, further(len(seen), stays, own, value.enough.value))


def _too_few(n: int, watched: Watched) -> NotAssessable:
    least = round(watched.test.least.value)
    cut = "; the recording ends in the middle of one" if watched.cut else ""
    if not n:
        return NotAssessable(f"no repetition was counted{cut}")
    return NotAssessable(f"{n} of at least {least} repetitions were counted{cut}")


def _count(value: Value, watched: Watched) -> Told:
    assert value.error is not None, "the library is checked"
    reps, within = watched.reps, watched.test.ends.within if watched.test.ends is not None else None
    if len(reps) < watched.test.least.value:
        return Told(_too_few(len(reps), watched))
    if within is not None and watched.series.t_s[-1] < reps[0].start_s + within.value:
        return Told(NotAssessable(f"the recording ends before the {within.value:g} seconds are over"))
    ended = watched.result is not None and len(reps) < len(watched.result.reps)
    if watched.cut and not ended and within is None:  # what was going on when the time was over does not count
        return Told(NotAssessable("the recording ends before you stopped; film until you stand still"))
    return _enough(value, float(len(reps)), value.error.value)


def _enough(value: Value, number: float, sd: float) -> Told:
    """A value that no further repetition makes surer."""
    return Told(Estimate(number, sd, value.unit), more=0 if sd <= value.enough.value else None)


def _threshold(value: Value, watched: Watched) -> Told:
    """The measure at which what was said of the repetitions first reaches its level."""
    if value.at is None or value.reach is None or value.error is None:
        raise ValueError(f"{value.id} is no threshold")
    each = tuple(rep.measures[value.measure] for rep in watched.reps)
    if len(each) < watched.test.least.value:
        return Told(_too_few(len(each), watched), each)
    said = said_of_each(watched.said, value.said)
    if len(said) != len(each):
        asked = (
            f"say {value.said} for each of them, 0 to 10" if not said else f"{value.said} was said {len(said)} times"
        )
        return Told(NotAssessable(f"{len(each)} repetitions were counted; {asked}"), each)
    pairs = [(one, felt) for one, felt in zip(each, said, strict=True) if isinstance(one, Estimate)]
    if not pairs:
        return Told(next(one for one in each if isinstance(one, NotAssessable)), each)
    hurt = min((one for one, felt in pairs if felt >= value.at.value), key=lambda e: e.value, default=None)
    calm = [one for one, felt in pairs if felt < value.at.value and (hurt is None or one.value < hurt.value)]
    deepest = max(calm, key=lambda e: e.value, default=None)
    if hurt is None:
        assert deepest is not None, "every pair is one or the other"
        if deepest.value < value.reach.value:
            low = f"it stayed below {value.at.value:g} down to {deepest.value:.0f} {deepest.unit}, which is not far"
            return Told(NotAssessable(f"{low}; go further if it does not hurt"), each)
        return Told(Estimate(deepest.value, math.hypot(deepest.sd, value.error.value), value.unit), each, 0)
    # It lies between the last repetition that did not hurt and the first that did: even odds over that stretch.
    below = deepest.value if deepest is not None else hurt.value
    sd = math.hypot(hurt.sd, value.error.value, (hurt.value - below) / math.sqrt(12.0))
    told = Estimate((hurt.value + below) / 2, sd, value.unit)
    return Told(told, each, 0 if sd <= value.enough.value else None)


def judge_items(watched: Watched) -> tuple[TrialItem, ...]:
    """Every item of a score over the whole trial."""
    return tuple(_item(item, watched) for item in watched.test.item)


def _item(item: Item, watched: Watched) -> TrialItem:
    if item.ask:
        if item.id not in watched.said:
            return TrialItem(item.id, item.points, Verdict.NOT_ASSESSABLE, None, f"nobody said: {item.ask}")
        there = yes(watched.said[item.id])
        verdict = Verdict.PRESENT if there else Verdict.ABSENT
        return TrialItem(item.id, item.points, verdict, float(there), "as you said")
    assert item.above is not None, "the library is checked"
    seen = [m for rep in watched.reps if isinstance(m := rep.measures[item.measure], Estimate)]
    if len(seen) < watched.test.least.value:
        missing = next((m for r in watched.reps if isinstance(m := r.measures[item.measure], NotAssessable)), None)
        reason = missing.reason if missing is not None else _too_few(len(watched.reps), watched).reason
        return TrialItem(item.id, item.points, Verdict.NOT_ASSESSABLE, None, reason)
    mean, _, _ = mean_of(seen, shared=1.0)  # cautious: as if no repetition made another surer
    odds = mean.probability_above(item.above.value)
    verdict = Verdict.NOT_ASSESSABLE
    if odds >= PRESENT or odds <= ABSENT:
        verdict = Verdict.PRESENT if odds >= PRESENT else Verdict.ABSENT
    close = "too close to call: " if verdict is Verdict.NOT_ASSESSABLE else ""
    reason = f"{close}{mean.value:.1f} ± {mean.sd:.1f} {mean.unit} against {item.above.value:g}"
    return TrialItem(item.id, item.points, verdict, odds, reason)


def _score(value: Value, watched: Watched, items: Sequence[TrialItem]) -> Told:
    """The expected score and how far it may be off, given the probability of every item."""
    assert value.error is not None, "the library is checked"
    if unknown := [item for item in items if item.probability is None]:
        return Told(NotAssessable("; ".join(dict.fromkeys(item.reason for item in unknown))))
    instead = {item.id: item.instead_of for item in watched.test.item if item.instead_of}
    expected, variance = 0.0, value.error.value**2
    for base in (item for item in items if item.id not in instead):
        levels = [base, *(item for item in items if instead.get(item.id) == base.id)]
        mean = square = points = 0.0
        for level in levels:  # the later item replaces the earlier one's points, and is only there with it
            assert level.probability is not None
            mean += (level.points - points) * level.probability
            square += (level.points**2 - points**2) * level.probability
            points = level.points
        expected, variance = expected + mean, variance + max(square - mean**2, 0.0)
    return _enough(value, expected, math.sqrt(variance))


# Of a hold


def _time(value: Value, watched: Watched) -> Told:
    assert value.error is not None, "the library is checked"
    if not watched.holds:
        return Told(NotAssessable("the foot was not seen to leave the floor"))
    start_s, end_s = watched.holds[0]
    full = watched.test.ends.within.value if watched.test.ends and watched.test.ends.within else math.inf
    if end_s - start_s < full and watched.series.t_s[-1] - end_s < CUT_S:
        return Told(NotAssessable("the recording ends while you still stand; film until the foot is down again"))
    return _enough(value, min(end_s - start_s, full), value.error.value)


def _touches(value: Value, watched: Watched) -> Told:
    if not watched.holds:
        return Told(NotAssessable("the foot was not seen to leave the floor"))
    full = watched.test.ends.within.value if watched.test.ends and watched.test.ends.within else math.inf
    start_s = watched.holds[0][0]
    if watched.series.t_s[-1] < start_s + full:
        return Told(NotAssessable(f"the recording ends before the {full:g} seconds are over"))
    again = sum(start_s < begun_s <= start_s + full for begun_s, _ in watched.holds)
    return _enough(value, float(again), value.error.value if value.error else 0.0)


def _typical(value: Value, watched: Watched) -> Told:
    """How much higher a signal stands in the hold than just before it."""
    if not watched.holds or watched.trace is None:
        return Told(NotAssessable("the foot was not seen to leave the floor"))
    reason = refusal(watched.library.signals[value.signal], watched.scene[0].yaw_deg)
    if reason:
        return Told(NotAssessable(reason))
    t_s, column = watched.trace.t_s, column_name(value.signal)
    start_s, end_s = watched.holds[0]
    level, sd = watched.trace.values[column], watched.trace.sds[column]
    held = (t_s >= start_s) & (t_s <= end_s) & ~np.isnan(level)
    before = (t_s >= start_s - BEFORE_S) & (t_s < start_s) & ~np.isnan(level)
    if held.sum() < 0.5 * ((t_s >= start_s) & (t_s <= end_s)).sum() or not before.any():
        return Told(NotAssessable("it was not seen for long enough, or not while both feet stood"))
    error = math.hypot(float(np.median(sd[held])), value.error.value if value.error else 0.0)
    return _enough(value, float(np.median(level[held]) - np.median(level[before])), error)


def _sway(value: Value, watched: Watched) -> Told:
    """How far the hips wander sideways while they are held, as a share of the shank; keypoint jitter is in it."""
    if not watched.holds:
        return Told(NotAssessable("the foot was not seen to leave the floor"))
    start_s, end_s = watched.holds[0]
    t_s = watched.series.t_s
    g = Geometry(watched.series[(t_s >= start_s + BEFORE_S) & (t_s <= end_s - BEFORE_S / 2)])
    place = g.along("hips_at", 0)
    shank = float(np.nanmedian(np.fmax(g.length("shank_left"), g.length("shank_right")))) if len(g.t_s) else math.nan
    if np.isfinite(place).sum() < 10 or not shank > 0:
        return Told(NotAssessable("the hips were not seen for long enough"))
    calm = smooth(g.t_s, place) / shank
    return _enough(value, float(np.nanstd(calm)), value.error.value if value.error else 0.0)


# Of a gait


def _cadence(value: Value, watched: Watched) -> Told:
    told = cadence(watched.series, watched.scene[0].yaw_deg)
    if isinstance(told, NotAssessable):
        return Told(told)
    return _enough(value, told.value, math.hypot(told.sd, value.error.value if value.error else 0.0))


def _rocking(value: Value, watched: Watched) -> Told:
    """How far a signal goes up and down within one step, typically."""
    spec, witness = watched.library.signals[value.signal], watched.scene[0]
    if reason := refusal(spec, witness.yaw_deg):
        return Told(NotAssessable(reason))
    steps = step_times_s(watched.series, witness.yaw_deg)
    if len(steps) < 5:
        return Told(NotAssessable("fewer than five steps in a row were seen"))
    g = Geometry(watched.series)
    bearings = Bearings(-1 if math.cos(math.radians(witness.yaw_deg)) < 0 else 1, 1, "left", math.nan, 1.0)
    level = smooth(g.t_s, signal(value.signal, g, bearings))
    inside = [level[(g.t_s >= a) & (g.t_s < b)] for a, b in pairwise(steps)]
    swings = [float(np.ptp(part[~np.isnan(part)])) for part in inside if (~np.isnan(part)).sum() > 3]
    if len(swings) < 4:
        return Told(NotAssessable("the hips were not seen for long enough"))
    noise = float(np.nanmedian(total_sd(spec, g, bearings, "", level, witness, change=True)))
    return _enough(value, float(np.median(swings)), math.hypot(noise, value.error.value if value.error else 0.0))


_READ: Final[Mapping[str, Callable[[Value, Watched], Told]]] = {
    "mean": _mean,
    "count": _count,
    "threshold": _threshold,
    "time": _time,
    "touches": _touches,
    "typical": _typical,
    "sway": _sway,
    "cadence": _cadence,
    "rocking": _rocking,
}


# What the person says


def check_said(test: MovementTest, said: Mapping[str, str]) -> None:
    """Raise `InputError` at an answer that nobody asked for, or that is none."""
    asked = [item.id for item in test.item if item.ask]
    rated = [value.said for value in test.value if value.said]
    for key, answer in said.items():
        if key in asked:
            yes(answer)
        elif key in rated:
            said_of_each(said, key)
        else:
            raise InputError(
                f"{test.id} does not ask for {key!r}", expected=" or ".join((*asked, *rated)) or "no answers"
            )


def yes(answer: str) -> bool:
    """Whether an answer says yes. Raises: InputError when it says neither.

    >>> yes("yes"), yes("No")
    (True, False)
    """
    if answer.lower() not in ("yes", "no"):
        raise InputError(f"{answer!r} is no answer", expected="yes or no")
    return answer.lower() == "yes"


def said_of_each(said: Mapping[str, str], key: str) -> tuple[float, ...]:
    """What was said of each repetition, 0 to 10; empty when nothing was.

    >>> said_of_each({"pain": "0,2,5"}, "pain")
    (0.0, 2.0, 5.0)
    """
    if key not in said:
        return ()
    try:
        numbers = tuple(float(part) for part in said[key].split(","))
    except ValueError:
        numbers = (math.nan,)
    if not all(0 <= number <= 10 for number in numbers):
        raise InputError(f"{key} {said[key]!r} is not one number per repetition", expected=f"0 to 10 each: {key}=0,2,4")
    return numbers
