"""Repetitions: when a movement leaves rest, reaches its far end and is back, from one signal in time.

Counting is causal, with hysteresis and a hold state (`Tracker`). Once a repetition is complete its phases are measured
from the samples themselves (`fit_phases`): each way out and back is fitted with the minimum-jerk time course of human
point-to-point movement (Flash and Hogan 1985, J Neurosci 5:1688), so the slow first and last tenths of a movement,
which drown in noise, are placed by the fast middle. The noise is one that lasts: sway and the errors of a pose model
stay from picture to picture. Signals are oriented here so that rest is low and the top is high.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.content.schema import Repetition as Rule
from kneeline.model.quantity import Estimate

Array = npt.NDArray[np.float64]

LEAVE: Final = 0.4
"""Share of the smallest excursion that counts as having left rest. House default."""
HALF_WAY_BACK: Final = 0.35
"""A movement is on its way back below this share of its excursion; turning round above it is a pause. House default."""
BACK_AT_REST: Final = 0.12
"""Share of the excursion below which the movement is back at rest. House default."""
NOISE_FACTOR: Final = 5.0
"""How many standard deviations of its own jitter a signal must leave rest by. House default."""
TURNED: Final = 0.15
STAYS_S: Final = 0.5
"""On the way back, rising again by this share, or not falling for this long, ends a movement short of rest. House."""
STILL_S: Final = 0.12
STILL_AT_TOP: Final = 0.85
"""Live, the top is held once it has not grown for this long, until the signal falls below this share. House."""
SEEN_OF_LENGTH: Final = 0.5
"""Thresholds see at least this share of a movement's whole length. House default."""
SMOOTHING_S: Final = 0.05
"""Time constant of the causal low-pass that counting runs on. House default."""
REST_RISES_S: Final = 2.5
REST_FALLS_S: Final = 0.25
"""How fast the resting level follows the signal away from rest, and further down into it. House defaults."""


class Stage(Enum):
    """Where the tracker is in a repetition."""

    REST = auto()
    OUT = auto()
    BACK = auto()


@dataclass(frozen=True, slots=True)
class Excursion:
    """A movement away from rest and back again. Times in seconds, levels in the signal's own unit.

    too: "" when it has the size and length of a repetition, else what is wrong with it.
    """

    start_s: float
    end_s: float
    rest: float
    top: float
    too: str = ""


class Tracker:
    """Follows one signal and tells when an excursion begins and when it is complete.

    Feed it samples in time order with `step`; samples that could not be seen are simply not fed.
    """

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._smallest = rule.smallest.value
        self.stage = Stage.REST
        self._t_s = self._smooth = self._rest = math.nan
        self._jitter = 0.0
        self._start_s = self._low_s = self._top_s = math.nan
        self._top = self._low = math.nan

    @property
    def moved(self) -> float:
        """How far the signal is from rest now, in its own unit; 0 before the first sample."""
        return 0.0 if math.isnan(self._smooth) else self._smooth - self._rest

    @property
    def reach(self) -> float:
        """The farthest this excursion has been from rest; 0 at rest."""
        return 0.0 if self.stage is Stage.REST else self._top - self._rest

    @property
    def so_far(self) -> Excursion:
        """The excursion that is running, as if it ended now."""
        return Excursion(self._start_s, self._t_s, self._rest, self._top)

    @property
    def far_enough(self) -> bool:
        """Whether this excursion is large enough to be a repetition."""
        return self.reach >= self._smallest

    @property
    def holding(self) -> bool:
        """Whether the signal has stopped at its far end."""
        return self._t_s - self._top_s > STILL_S and not self.falling

    @property
    def falling(self) -> bool:
        """Whether the signal has clearly left its far end."""
        return self.moved < STILL_AT_TOP * self.reach

    def step(self, t_s: float, value: float) -> Excursion | None:
        """Take one sample in; the excursion when this sample completes one, else None."""
        if math.isnan(self._smooth):
            self._t_s, self._smooth, self._rest = t_s, value, value
            return None
        dt = t_s - self._t_s
        self._t_s = t_s
        before = self._smooth
        self._smooth += (value - before) * (1 - math.exp(-dt / SMOOTHING_S))
        if self.stage is Stage.REST:
            self._at_rest(t_s, dt, abs(value - before))
            return None
        return self._away(t_s)

    def _at_rest(self, t_s: float, dt: float, wobble: float) -> None:
        moved = self._smooth - self._rest
        leave = max(LEAVE * self._smallest, min(NOISE_FACTOR * self._jitter, 0.8 * self._smallest))
        if moved > leave:
            self.stage, self._start_s, self._top, self._top_s = Stage.OUT, t_s, self._smooth, t_s
            return
        follow = REST_FALLS_S if moved < 0 else REST_RISES_S
        self._rest += moved * (1 - math.exp(-dt / follow))
        self._jitter += (wobble - self._jitter) * (1 - math.exp(-dt / 1.0))

    def _away(self, t_s: float) -> Excursion | None:
        value, reach = self._smooth, self._top - self._rest
        if self.stage is Stage.OUT:
            if value > self._top + 0.01 * reach:
                self._top_s = t_s
            self._top = max(self._top, value)
            if value < self._rest + HALF_WAY_BACK * reach:
                self.stage, self._low, self._low_s = Stage.BACK, value, t_s
            elif t_s - self._start_s > self._rule.longest.value:
                return self._finish(t_s, value, "long")
            return None
        if value <= self._low:
            self._low, self._low_s = value, t_s
        back = value < self._rest + BACK_AT_REST * reach
        turned = value > self._low + TURNED * reach or t_s - self._low_s > STAYS_S
        if not (back or turned):
            return None
        return self._finish(self._low_s if turned else t_s, 0.5 * (value + self._low) if turned else value, "")

    def _finish(self, end_s: float, level: float, too: str) -> Excursion | None:
        rule, reach, start_s, rest, top = self._rule, self._top - self._rest, self._start_s, self._rest, self._top
        self.stage, self._rest = Stage.REST, level
        self._top = self._low = math.nan
        if reach < self._smallest:
            return None  # sway, not an attempt
        if not too and reach > rule.largest.value:
            too = "large"
        if not too and end_s - start_s < SEEN_OF_LENGTH * rule.shortest.value:
            too = "short"
        return Excursion(start_s, end_s, rest, top, too)


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """Times of a repetition, in seconds, with how sure they are.

    times_s: start, top start, top end, end. spread: (4, 4) covariance of their errors, in s^2.
    rest, top: levels in the signal's unit.
    """

    times_s: tuple[float, float, float, float]
    spread: Array
    rest: float
    top: float

    @property
    def start_s(self) -> float:
        """When the movement leaves rest."""
        return self.times_s[0]

    @property
    def top_start_s(self) -> float:
        """When it reaches its far end."""
        return self.times_s[1]

    @property
    def top_end_s(self) -> float:
        """When it leaves its far end."""
        return self.times_s[2]

    @property
    def end_s(self) -> float:
        """When it is back at rest."""
        return self.times_s[3]

    @property
    def out(self) -> Estimate:
        """Duration of the way to the top."""
        return self._between(0)

    @property
    def hold(self) -> Estimate:
        """Duration of the top."""
        return self._between(1)

    @property
    def back(self) -> Estimate:
        """Duration of the way back."""
        return self._between(2)

    def _between(self, i: int) -> Estimate:
        ends = self.spread[i : i + 2, i : i + 2]
        variance = ends[0, 0] + ends[1, 1] - 2 * ends[0, 1]
        return Estimate(self.times_s[i + 1] - self.times_s[i], math.sqrt(max(variance, 0.0)), "s")


PROFILE_SHARE: Final = 0.1
"""Error of a fitted duration, as its share, because people do not move in exact minimum jerk. House default."""
WINDOW_SD_S: Final = 0.035
"""Width of the zero-phase Gaussian smoothing that a fit starts from. House default."""
NOISE_MEMORY_S: Final = 0.1
"""Sway and the errors of a pose model fade over about this long; between frames they mostly stay. House default."""
TIME_PULL_S: Final = 0.25
LEVEL_PULL: Final = 0.05
"""How far times (s) and levels (share of the reach) may lie from the first guess, as one sd. House defaults."""
ENOUGH: Final = 1e-3
"""A fit that improves by less than this share of its cost has settled."""
STRAY_S: Final = 0.4
STRAY_SHARE: Final = 0.2
"""A fit whose times leave the first guess further (s, share of its length) is not believed. House defaults."""
JITTER_S: Final = 0.08
LEAST_NOISE: Final = 0.01
"""What varies faster (s) is noise; no curve is believed better than this share of its reach. House defaults."""
SOFT_KNEE_DEG: Final = 8.0
"""Knee flexion of relaxed standing. House default."""


def smooth(t_s: Array, values: Array, sd_s: float = WINDOW_SD_S) -> Array:
    """Values smoothed without lag by a Gaussian in true time; missing samples (NaN) are bridged by neighbours only.

    t_s: (n,). values: (n,) or (n, m), each column on its own. Returns the same shape, NaN where no sample lies within
    three widths.

    >>> smooth(np.array([0.0, 0.1]), np.array([1.0, 1.0]))
    array([1., 1.])
    """
    columns = values.reshape(len(values), -1)
    reach = 3.0 * sd_s
    lo = np.searchsorted(t_s, t_s - reach)
    hi = np.searchsorted(t_s, t_s + reach, side="right")
    near = lo[:, None] + np.arange(int((hi - lo).max(initial=1)))
    rows = np.minimum(near, len(t_s) - 1)
    weight = np.exp(-0.5 * ((t_s[rows] - t_s[:, None]) / sd_s) ** 2) * (near < hi[:, None])
    seen = ~np.isnan(columns)
    total = np.einsum("nw,nwm->nm", weight, seen[rows].astype(float))
    summed = np.einsum("nw,nwm->nm", weight, np.where(seen, columns, 0.0)[rows])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 1e-6, summed / total, np.nan).reshape(values.shape)


def posture_bend(rule: Rule, reach: float) -> float:
    """How far the counted signal lags behind the joint that makes it, 0 (in step) to 1.

    Where a single knee lowers the body, the hips sink with the cosine of half its angle: hardly at first, then fast.
    With flexion growing from a soft knee a to b, the share of the way down is (x^2 - a^2) / (b^2 - a^2) to second
    order, and a / b tells its shape. Returns 1 - a/b for a rule whose course is "knee", with b from the depth `reach`
    (share of standing hip height); else 0.
    """
    if rule.course != "knee":
        return 0.0
    return 1.0 - min(SOFT_KNEE_DEG / max(_flexion_deg(reach), SOFT_KNEE_DEG), 1.0)


def _flexion_deg(drop: float) -> float:
    """Knee flexion that lowers the hips by a share of their standing height, for thigh and shank of one length."""
    return 2 * math.degrees(math.acos(min(max(1.0 - drop, -1.0), 1.0)))


def reach_of(phases: Phases, rule: Rule) -> float:
    """How far a repetition went: its excursion, or for a rule whose course is "knee" the knee flexion that made it."""
    excursion = max(phases.top - phases.rest, 1e-6)
    return _flexion_deg(excursion) if rule.course == "knee" else excursion


def fit_phases(t_s: Array, values: Array, seen: tuple[float, float], bend: float = 0.0) -> Phases | None:
    """Phases of one excursion from its samples, or None when too few were seen to tell.

    t_s, values: (n,) samples from before its start to its end or after, oriented with the top high; NaN where missing.
    seen: when it was found to leave rest and to be back, in seconds.
    bend: see `posture_bend`.

    The samples are fitted by least squares with rest, a minimum-jerk way out, a level top, a minimum-jerk way back and
    rest again (Gauss-Newton on four times and three levels, started from where a smoothed curve crosses its levels).
    """
    found = ~np.isnan(values)
    t, y = t_s[found], values[found]
    first_guess = _start(t, smooth(t, y), seen)
    if first_guess is None:
        return None
    near = (t > first_guess[0] - 0.5) & (t < first_guess[3] + 0.5)
    t, y = t[near], y[near]
    if len(t) < 8:
        return None
    guess = np.array(first_guess)
    times, levels, spread = _gauss_newton(t, y, guess[:4], guess[4:], bend)
    if np.abs(times - guess[:4]).max() > max(STRAY_S, STRAY_SHARE * (guess[3] - guess[0])):
        times, levels, spread = guess[:4], guess[4:], np.eye(4) * STRAY_S**2 / 2
    before = max(float(t_s[0]) - times[0], 0.0)  # nothing begins before it could be seen
    times[0] += before
    spread[0, 0] += before**2
    way_out, way_back = PROFILE_SHARE * (times[1] - times[0]), PROFILE_SHARE * (times[3] - times[2])
    spread += np.diag([way_out, way_out, way_back, way_back]) ** 2 / 2
    spread += np.eye(4) * float(np.median(np.diff(t))) ** 2 / 24
    return Phases(ordered(times), spread, float(levels[0]), float(levels[1]))


def ordered(times_s: Array) -> tuple[float, float, float, float]:
    """Four times as a repetition has them: where the two ways meet before either is complete, there is no hold."""
    start, top_start, top_end, end = (float(x) for x in times_s)
    if top_start > top_end:
        top_start = top_end = 0.5 * (top_start + top_end)
    return start, top_start, top_end, end


def _start(
    t_s: Array, curve: Array, seen: tuple[float, float]
) -> tuple[float, float, float, float, float, float, float] | None:
    """First guess: the four times and the levels of rest, top and rest after, from crossings of a smoothed curve."""
    inside = (t_s >= seen[0]) & (t_s <= seen[1])
    if inside.sum() < 4:
        return None
    part = curve[inside]
    high, low = float(part.max()), float(part.min())
    top = float(part[part >= high - 0.1 * (high - low)].mean())
    before = (t_s < seen[0]) & (t_s > seen[0] - 0.6)
    after = (t_s > seen[1]) & (t_s < seen[1] + 0.4)
    rest = min(float(np.median(curve[before])), low + 0.5 * (top - low)) if before.any() else low
    rest_after = float(np.median(curve[after])) if after.sum() >= 3 else float(part[-1])
    peak = int(np.argmax(np.where(inside, curve, -np.inf)))
    out = _crossings(t_s[: peak + 1], (curve[: peak + 1] - rest) / max(top - rest, 1e-9))
    back = _crossings(-t_s[peak:][::-1], (curve[peak:][::-1] - rest_after) / max(top - rest_after, 1e-9))
    if out is None or back is None:
        return None
    return out[0], min(out[1], -back[1]), max(out[1], -back[1]), -back[0], rest, top, rest_after


def _crossings(t_s: Array, share: Array) -> tuple[float, float] | None:
    """Begin and end of a minimum-jerk way that passes a quarter and three quarters where `share` last does."""
    times = []
    for level in (0.25, 0.75):
        below = np.flatnonzero(share < level)
        if not len(below) or below[-1] + 1 >= len(share):
            return None
        i = int(below[-1])
        times.append(float(t_s[i] + (level - share[i]) / (share[i + 1] - share[i]) * (t_s[i + 1] - t_s[i])))
    length = (times[1] - times[0]) / _QUARTER_TO_THREE_QUARTERS
    middle = 0.5 * (times[0] + times[1])
    return middle - 0.5 * length, middle + 0.5 * length


_QUARTER_TO_THREE_QUARTERS: Final = 0.2811
"""Share of a minimum-jerk movement's duration between a quarter and three quarters of its way."""


def _course(x: Array, bend: float) -> tuple[Array, Array]:
    """Share of the way at share x of the time, and its slope: minimum jerk in the joint, bent into the signal."""
    x = np.clip(x, 0.0, 1.0)
    way = x**3 * (10 - 15 * x + 6 * x * x)
    slope = 30 * x * x * (1 - x) ** 2
    if bend:
        k = 1.0 - bend  # flexion at rest over flexion at the top
        flexion = k + bend * way
        way, slope = (flexion**2 - k * k) / (1 - k * k), 2 * flexion * bend * slope / (1 - k * k)
    return way, slope


def _gauss_newton(t: Array, y: Array, times: Array, levels: Array, bend: float) -> tuple[Array, Array, Array]:
    """Least squares over (start, top start, top end, end, rest, top, rest after): times, levels, covariance of times.

    A weak pull towards the first guess keeps a short or ragged repetition from running away with its own noise.
    """
    guess = np.concatenate([times, levels])
    reach = max(float(levels[1] - levels[0]), 1e-9)
    jacobian = np.empty((len(t), 7))
    stays = np.exp(-np.diff(t) / NOISE_MEMORY_S)
    jitter = _fresh(y - smooth(t, y, JITTER_S), stays)
    noise = max(float(np.mean(jitter**2)), (LEAST_NOISE * reach) ** 2)
    pull = noise / np.concatenate([np.full(4, TIME_PULL_S), np.full(3, LEVEL_PULL * reach)]) ** 2
    least = 2.0 * float(np.median(np.diff(t)))
    p, best, best_cost, damping = guess, guess, math.inf, 1e-3
    normal, gradient = np.eye(7), np.zeros(7)
    for _ in range(12):
        residual = _fresh(y - _model(t, p, bend, jacobian), stays)
        cost = float((residual**2).sum() + (pull * (p - guess) ** 2).sum())
        if cost < best_cost:
            settled = best_cost - cost < ENOUGH * cost
            best, best_cost, damping = p, cost, damping * 0.3
            slopes = _fresh(jacobian, stays)
            normal = slopes.T @ slopes + np.diag(pull)
            gradient = slopes.T @ residual - pull * (p - guess)
            if settled:
                break
        else:
            damping *= 10
            if damping > 1e3:
                break
        p = _in_order(best + np.linalg.solve(normal + damping * np.diag(np.diag(normal)), gradient), least)
    variance = best_cost / max(len(t) - 7, 1)
    covariance = np.asarray(variance * np.linalg.inv(normal), dtype=np.float64)
    return best[:4], best[4:], covariance[:4, :4]


def _fresh(values: Array, stays: Array) -> Array:
    """What is new in each sample of an error that fades (first-order autoregressive), at one common variance.

    values: (n,) or (n, m). stays: (n - 1,) share of the error that is left from one sample to the next.
    """
    kept = stays.reshape(-1, *[1] * (values.ndim - 1))
    new = (values[1:] - kept * values[:-1]) / np.sqrt(1 - kept**2)
    return np.concatenate([values[:1], new])


def _in_order(p: Array, least: float) -> Array:
    """The parameters with each way at least `least` seconds long, and the way back not before the way out."""
    out, back = 0.5 * (p[0] + p[1]), 0.5 * (p[2] + p[3])
    half_out, half_back = max(p[1] - p[0], least) / 2, max(p[3] - p[2], least) / 2
    top_start, top_end = out + half_out, back - half_back
    if top_start > top_end:
        top_start = top_end = 0.5 * (top_start + top_end)
    return np.array([out - half_out, top_start, top_end, back + half_back, *p[4:]])


def _model(t: Array, p: Array, bend: float, jacobian: Array) -> Array:
    """The fitted course at times t; fills the (n, 7) jacobian."""
    start, top_start, top_end, end, rest, top, after = p
    out_s, back_s = max(top_start - start, 1e-3), max(end - top_end, 1e-3)
    x, z = (t - start) / out_s, (end - t) / back_s
    going = t < 0.5 * (top_start + top_end)
    way, slope = _course(np.where(going, x, z), bend)
    base = np.where(going, rest, after)
    climb = (top - base) * slope
    jacobian[:] = 0.0
    jacobian[:, 0] = np.where(going, -climb * (1 - np.clip(x, 0, 1)) / out_s, 0.0)
    jacobian[:, 1] = np.where(going, -climb * np.clip(x, 0, 1) / out_s, 0.0)
    jacobian[:, 2] = np.where(going, 0.0, climb * np.clip(z, 0, 1) / back_s)
    jacobian[:, 3] = np.where(going, 0.0, climb * (1 - np.clip(z, 0, 1)) / back_s)
    jacobian[:, 4] = np.where(going, 1 - way, 0.0)
    jacobian[:, 5] = way
    jacobian[:, 6] = np.where(going, 0.0, 1 - way)
    return np.asarray(base + (top - base) * way)
