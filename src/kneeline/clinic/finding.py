"""Which link to train first: exact enumeration over every combination of links, with what is assumed varied too.

A state says for each of foot, knee and hip whether it asks for training (8 states). A test result has a normal density
for people in whom the link does and one for those in whom it does not, widened by the error of the measurement. How
far such published differences carry to one person is itself doubtful: with probability `trust` they hold, else the
result says nothing of the link. Trust and priors are varied over a few levels, whose spread is the finding's interval.
Tests of one family look at the same thing, so only the most telling one of a family counts, chosen by how well it
measures and never by its outcome. A test that was not done is simply not there. Where answers or tests contradict one
another, one more level of trust is tried, at which no result says anything: the finding comes nearer to the prior, and
its range wider.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kneeline.model.finding import LINKS, Finding, Link, Probability, Reason
from kneeline.model.quantity import Estimate

Array = npt.NDArray[np.float64]
Levels = tuple[tuple[float, float], ...]

TRUST_LEVELS: Final = ((0.6, 0.25), (1.0, 0.5), (1.4, 0.25))
"""Factors on a test's trust, and how probable each is. House default."""
DOUBTED_LEVELS: Final = ((0.0, 0.4), (0.6, 0.15), (1.0, 0.3), (1.4, 0.15))
"""The same where answers or tests contradict one another. House default."""
SAYS_SOMETHING: Final = 1.15
"""Odds nearer to 1 than this factor say little. House default."""
CLEARLY: Final = 1.6
"""Tests of a family contradict one another where one speaks for its link and one against it by this. House default."""
PRIOR_LEVELS: Final = ((0.6, 0.25), (1.0, 0.5), (1.6, 0.25))
"""Factors on the prior odds of every link, and how probable each is. House default."""
MOST_TRUST: Final = 0.95
NAMED: Final = 0.9
"""A link is named only when it asks for training with at least this probability. House default."""
LEAD: Final = 0.2
"""And only when, in nearly every scenario, its probability is larger than any other's by this. House default."""
INTERVAL: Final = 0.9
ENOUGH: Final = 0.07
"""A test that is expected to move the probabilities by less in all is not worth doing. House default."""

REPLACES: Final = 1.5
"""A second test of a family is worth doing only when it tells this many times as much. House default."""

_STATES: Final = np.array(list(itertools.product((False, True), repeat=len(LINKS))))
_ALONE: Final = {
    link: int(np.flatnonzero((_STATES.sum(axis=1) == 1) & _STATES[:, i])[0]) for i, link in enumerate(LINKS)
}
_SEVERAL: Final = _STATES.sum(axis=1) > 1
_NONE: Final = _STATES.sum(axis=1) == 0


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How a test's result is spread over people: (mean, sd) where the link asks for training and where it does not.

    trust: probability, 0..1, that this difference holds for the person at hand.
    """

    present: tuple[float, float]
    absent: tuple[float, float]
    trust: float


@dataclass(frozen=True, slots=True)
class Indicator:
    """What a finding needs to know of a movement test or an answer.

    family: tests of one family look at the same thing. minutes: what it costs. error: usual sd of one measurement.
    """

    id: str
    link: Link
    family: str
    likelihood: Likelihood
    minutes: float = 1.0
    error: float = 0.0

    def tells(self, error: float | None = None) -> float:
        """How far apart the two kinds of people lie, in standard deviations, as far as it is to be trusted."""
        sd = self.error if error is None else error
        (a, sa), (b, sb) = self.likelihood.present, self.likelihood.absent
        return self.likelihood.trust * abs(a - b) / math.sqrt((sa**2 + sb**2) / 2 + sd**2)


@dataclass(frozen=True, slots=True)
class Turn:
    """The value of one test, all others as they are, from which on another part would be named, or none any more."""

    test: str
    value: float
    focus: Link | None


def find(
    tests: Iterable[Indicator],
    results: Mapping[str, Estimate],
    prior: Mapping[Link, float],
    *,
    doubted: bool = False,
) -> Finding:
    """The finding of one leg.

    tests: all that is known. results: test id -> its result, with its error; those without a test are ignored, as are
    tests without a result. prior: how often each link asks for training among such people, 0..1.
    doubted: the answers contradict one another, so that everything counts for less.
    """
    done = [test for test in tests if test.id in results]
    counted = _one_of_each_family(done, results)
    reasons = [Reason(t.id, t.link, _odds(t, results[t.id]), t in counted) for t in done]
    reasons.sort(key=lambda reason: (not reason.counted, -abs(math.log(reason.odds))))
    at_odds = _at_odds(done, reasons)
    levels = DOUBTED_LEVELS if doubted or at_odds else TRUST_LEVELS
    states = _posterior([(test, results[test.id]) for test in counted], prior, levels)
    links = {link: _spread(states, _STATES[:, i]) for i, link in enumerate(LINKS)}
    return Finding(
        links=links,
        alone={link: _spread(states, np.arange(len(_STATES)) == row) for link, row in _ALONE.items()},
        several=_spread(states, _SEVERAL),
        none=_spread(states, _NONE),
        focus=_focus(states),
        reasons=tuple(reasons),
        at_odds=at_odds,
    )


def turns(
    tests: Iterable[Indicator],
    results: Mapping[str, Estimate],
    prior: Mapping[Link, float],
    *,
    doubted: bool = False,
) -> tuple[Turn, ...]:
    """What would change our mind: for each counted test the value nearest to its own at which the focus changes.

    A test that could say anything without changing the focus is not in it.
    """
    done = [test for test in tests if test.id in results]
    counted = _one_of_each_family(done, results)
    now = find(done, results, prior, doubted=doubted)
    levels = DOUBTED_LEVELS if doubted or now.at_odds else TRUST_LEVELS
    found = []
    for test in counted:
        others = _posterior([(t, results[t.id]) for t in counted if t is not test], prior, levels)
        turn = _turn(test, results[test.id], others, levels, now.focus)
        found += [turn] if turn else []
    return tuple(found)


def _turn(test: Indicator, result: Estimate, others: Array, levels: Levels, focus: Link | None) -> Turn | None:
    (a, sa), (b, sb) = test.likelihood.present, test.likelihood.absent
    wide = 3 * math.hypot(max(sa, sb), result.sd)
    x = np.linspace(min(a, b) - wide, max(a, b) + wide, 121)
    asks = _STATES[:, LINKS.index(test.link)]
    each = [_densities(test, x, result.sd, trust) for trust, _, _ in _scenarios(levels)]
    present, absent = np.stack([one for one, _ in each]), np.stack([one for _, one in each])
    for i in np.argsort(np.abs(x - result.value)):
        rows = others * np.where(asks, present[:, i, None], absent[:, i, None])
        other = _focus(rows / rows.sum())
        if other != focus:
            return Turn(test.id, float(x[i]), other)
    return None


def next_test(
    tests: Iterable[Indicator], results: Mapping[str, Estimate], prior: Mapping[Link, float]
) -> tuple[Indicator, float] | None:
    """The test that would change the answer most per minute, and by how much it is expected to change it (0..1).

    The change is the total variation of the states' probabilities, averaged over what the test may say given all that
    is known. None when no test left is expected to change it enough.
    """
    tests = list(tests)
    done = [test for test in tests if test.id in results]
    counted = _one_of_each_family(done, results)
    best: tuple[float, Indicator, float] | None = None
    for test in tests:
        if test.id in results:
            continue
        rival = next((c for c in counted if c.family == test.family), None)
        if rival is not None and REPLACES * rival.tells(results[rival.id].sd) >= test.tells():
            continue
        kept = [(c, results[c.id]) for c in counted if c is not rival]
        change = _expected_change(test, kept, [(c, results[c.id]) for c in counted], prior)
        if change >= ENOUGH and (best is None or change / test.minutes > best[0]):
            best = (change / test.minutes, test, change)
    return None if best is None else (best[1], best[2])


def _focus(joint: Array) -> Link | None:
    """The link that asks for training probably enough, and in nearly every scenario clearly more than any other."""
    asks = joint.sum(axis=0) @ _STATES
    first, second = np.argsort(-asks, kind="stable")[:2]
    each = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
    lead = each @ _STATES[:, first].astype(float) - each @ _STATES[:, second].astype(float)
    stands_out = _range(lead, joint.sum(axis=1))[0] > LEAD
    return LINKS[int(first)] if asks[first] >= NAMED and stands_out else None


def _at_odds(done: Sequence[Indicator], reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Families of which one test speaks for its link and another against it, clearly."""
    family = {test.id: test.family for test in done}
    for_it = {family[reason.test] for reason in reasons if reason.odds > CLEARLY}
    against = {family[reason.test] for reason in reasons if reason.odds < 1 / CLEARLY}
    return tuple(sorted(for_it & against))


def _one_of_each_family(done: Sequence[Indicator], results: Mapping[str, Estimate]) -> list[Indicator]:
    """The most telling test of each family, given how well each was measured."""
    best: dict[str, Indicator] = {}
    for test in done:
        rival = best.get(test.family)
        if rival is None or test.tells(results[test.id].sd) > rival.tells(results[rival.id].sd):
            best[test.family] = test
    return [test for test in done if best[test.family] is test]


def _scenarios(levels: Levels) -> list[tuple[float, float, float]]:
    """Factor on trust, factor on the prior odds, and how probable the two are together."""
    return [(trust, odds, p * q) for (trust, p), (odds, q) in itertools.product(levels, PRIOR_LEVELS)]


def _posterior(
    evidence: Sequence[tuple[Indicator, Estimate]], prior: Mapping[Link, float], levels: Levels = TRUST_LEVELS
) -> Array:
    """(scenarios, states) joint probabilities of what is assumed and what is the case; they add up to 1."""
    rows = []
    for trust, odds, probability in _scenarios(levels):
        row = probability * _prior(prior, odds)
        for test, result in evidence:
            present, absent = _densities(test, np.array([result.value]), result.sd, trust)
            row = row * np.where(_STATES[:, LINKS.index(test.link)], present[0], absent[0])
        rows.append(row)
    joint = np.stack(rows)
    total = joint.sum()
    if not total > 0:  # a result so far off that both densities vanish: it says nothing
        return _posterior([], prior, levels)
    return np.asarray(joint / total)


def _prior(prior: Mapping[Link, float], factor: float) -> Array:
    row = np.ones(len(_STATES))
    for i, link in enumerate(LINKS):
        odds = factor * prior[link] / (1 - prior[link])
        p = odds / (1 + odds)
        row *= np.where(_STATES[:, i], p, 1 - p)
    return row


def _densities(test: Indicator, x: Array, error: float, trust_factor: float) -> tuple[Array, Array]:
    """Density of results x where the link asks for training and where it does not."""
    likelihood = test.likelihood
    trust = min(likelihood.trust * trust_factor, MOST_TRUST)
    present, absent = (_normal(x, mean, math.hypot(sd, error)) for mean, sd in (likelihood.present, likelihood.absent))
    either = (present + absent) / 2
    return trust * present + (1 - trust) * either, trust * absent + (1 - trust) * either


def _normal(x: Array, mean: float, sd: float) -> Array:
    return np.asarray(np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi)))


def _odds(test: Indicator, result: Estimate) -> float:
    present, absent = _densities(test, np.array([result.value]), result.sd, 1.0)
    return float(present[0] / absent[0]) if absent[0] > 0 and present[0] > 0 else 1.0


def _spread(joint: Array, where: npt.NDArray[np.bool_]) -> Probability:
    """Probability of some states, with its range over the scenarios."""
    weight = joint.sum(axis=1)
    value = float(joint[:, where].sum())
    each = joint[:, where].sum(axis=1) / np.maximum(weight, 1e-300)
    low, high = _range(each, weight)
    return Probability(min(max(value, 0.0), 1.0), min(low, value), min(max(high, value), 1.0))


def _range(values: Array, weight: Array) -> tuple[float, float]:
    """The middle share `INTERVAL` of weighted values."""
    order = np.argsort(values)
    upto = np.cumsum(weight[order])
    tail = (1 - INTERVAL) / 2
    last = len(order) - 1
    low, high = (min(int(np.searchsorted(upto, share)), last) for share in (tail, 1 - tail))
    return float(values[order[low]]), float(values[order[high]])


def _expected_change(
    test: Indicator,
    kept: Sequence[tuple[Indicator, Estimate]],
    now: Sequence[tuple[Indicator, Estimate]],
    prior: Mapping[Link, float],
) -> float:
    before = _posterior(now, prior).sum(axis=0)
    base = _posterior(kept, prior)
    (a, sa), (b, sb) = test.likelihood.present, test.likelihood.absent
    wide = 4 * math.hypot(max(sa, sb), test.error)
    x = np.linspace(min(a, b) - wide, max(a, b) + wide, 61)
    asks = _STATES[:, LINKS.index(test.link)]
    after = np.zeros((len(x), len(_STATES)))
    for row, (trust, _, _) in zip(base, _scenarios(TRUST_LEVELS), strict=True):
        present, absent = _densities(test, x, test.error, trust)
        after += row * np.where(asks, present[:, None], absent[:, None])
    seen = after.sum(axis=1)
    change = 0.5 * np.abs(after / np.maximum(seen, 1e-300)[:, None] - before).sum(axis=1)
    return float((change * seen).sum() / seen.sum())
