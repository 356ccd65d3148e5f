"""How often the finding is right: people drawn from its own model, and from models that it does not know.

    .venv/bin/python benchmarks/finding.py --save benchmarks/results/finding.txt

A drawn person has, for foot, knee and hip, a truth (it asks for training or not) and results of tests. "Wrong among
named": the part that is named does not ask for training. This tells whether the arithmetic is sound and
what it does when its assumptions are off; it tells nothing about patients, on whom nothing here was tried.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import tables
from kneeline.clinic.assess import indicators
from kneeline.clinic.finding import MOST_TRUST, NAMED, PRIOR_LEVELS, TRUST_LEVELS, Indicator, find, next_test
from kneeline.content.load import load
from kneeline.model.finding import LINKS, Finding, Link
from kneeline.model.quantity import Estimate

Array = npt.NDArray[np.float64]
CLINIC = load().clinic
TESTS = [test for test in indicators(CLINIC, {"sex": ("female",)}) if not CLINIC.indicators[test.id].question]
PRIOR: dict[Link, float] = {link: CLINIC.priors[link].probability.value for link in LINKS}


@dataclass(frozen=True)
class World:
    """How people are made.

    shift: by how many of its standard deviations every result lies nearer to "asks". noise: factor on the true error of
    a measurement, which the finding is not told. within: correlation of the results inside a family; between: of all
    results of a person. trust: factor on the share of tests whose published difference holds.
    """

    name: str
    shift: float = 0.0
    noise: float = 1.0
    within: float = 0.6
    between: float = 0.0
    trust: float = 1.0


WORLDS = (
    World("as the model says"),
    World("norms shifted by half an sd towards asking", shift=0.5),
    World("norms shifted by half an sd the other way", shift=-0.5),
    World("camera twice as noisy as it says", noise=2.0),
    World("all tests of a person correlated (0.4)", between=0.4),
    World("differences hold half as often", trust=0.5),
)


@dataclass(frozen=True)
class Someone:
    """The truth of each link, and what every test would show."""

    asks: tuple[bool, ...]
    results: dict[str, Estimate]


def draw(world: World, rng: np.random.Generator) -> Someone:
    """One person of this world."""
    trust = world.trust * rng.choice([f for f, _ in TRUST_LEVELS], p=[p for _, p in TRUST_LEVELS])
    factor = rng.choice([f for f, _ in PRIOR_LEVELS], p=[p for _, p in PRIOR_LEVELS])
    odds = [factor * PRIOR[link] / (1 - PRIOR[link]) for link in LINKS]
    asks = tuple(bool(rng.random() < o / (1 + o)) for o in odds)
    person = rng.normal()
    families = {test.family: (rng.normal(), rng.random(), rng.random()) for test in TESTS}
    results = {}
    for test in TESTS:
        shared, holds, coin = families[test.family]
        says = asks[LINKS.index(test.link)] if holds < min(test.likelihood.trust * trust, MOST_TRUST) else coin < 0.5
        mean, sd = test.likelihood.present if says else test.likelihood.absent
        towards = math.copysign(1.0, test.likelihood.present[0] - test.likelihood.absent[0])
        own = math.sqrt(1 - world.within - world.between) if world.within + world.between < 1 else 0.0
        z = math.sqrt(world.between) * person + math.sqrt(world.within) * shared + own * rng.normal()
        value = mean + towards * sd * (z + world.shift) + world.noise * test.error * rng.normal()
        results[test.id] = Estimate(float(value), test.error, "")
    return Someone(asks, results)


def calibration(findings: Sequence[Finding], people: Sequence[Someone]) -> tuple[float, float]:
    """Expected calibration error over ten bins of equal width, and Brier score, of all links together."""
    p = np.array([[f.links[link].value for link in LINKS] for f in findings]).ravel()
    true = np.array([someone.asks for someone in people], dtype=float).ravel()
    bins = np.minimum((p * 10).astype(int), 9)
    error = sum(abs(p[bins == b].sum() - true[bins == b].sum()) for b in range(10)) / len(p)
    return float(error), float(((p - true) ** 2).mean())


def part(someone: Someone, share: float, rng: np.random.Generator) -> dict[str, Estimate]:
    """The results of some of the tests, each done with this probability."""
    return {key: value for key, value in someone.results.items() if rng.random() < share}


def worlds(people: int, seed: int) -> list[list[str]]:
    """How sound the probabilities are, with all tests and with some of them."""
    rows = []
    for world, (what, share) in itertools.product(WORLDS, (("all", 1.0), ("half", 0.5))):
        rng = np.random.default_rng(seed)
        crowd = [draw(world, rng) for _ in range(people)]
        findings = [find(TESTS, part(someone, share, rng), PRIOR) for someone in crowd]
        named = [(f.focus, s) for f, s in zip(findings, crowd, strict=True) if f.focus]
        wrong = sum(not s.asks[LINKS.index(focus)] for focus, s in named if focus)
        error, brier = calibration(findings, crowd)
        amiss = f"{wrong / len(named):.0%} of {len(named)}" if named else "none named"
        rows.append([world.name, what, f"{error:.3f}", f"{brier:.3f}", f"{len(named) / people:.0%}", amiss])
    return rows


Order = Callable[[dict[str, Estimate]], Indicator | None]


def adaptive(done: dict[str, Estimate]) -> Indicator | None:
    """The test that changes most per minute."""
    found = next_test(TESTS, done, PRIOR)
    return found[0] if found else None


def fixed(order: Sequence[Indicator]) -> Order:
    """The tests of a battery, one after the other."""
    return lambda done: next((test for test in order if test.id not in done), None)


def walk(order: Order, crowd: Sequence[Someone]) -> tuple[list[float], list[float], float, float]:
    """Brier score and minutes after 0, 1, 2 ... tests, and where the order stops: tests and Brier score, on average."""
    squares: list[list[float]] = []
    spent: list[list[float]] = []
    for someone in crowd:
        done: dict[str, Estimate] = {}
        s, m = [_square(done, someone)], [0.0]
        while (test := order(done)) is not None:
            done = done | {test.id: someone.results[test.id]}
            s.append(_square(done, someone))
            m.append(m[-1] + test.minutes)
        squares.append(s)
        spent.append(m)
    longest = max(map(len, squares))
    mean = [float(np.mean([s[min(k, len(s) - 1)] for s in squares])) for k in range(longest)]
    minutes = [float(np.mean([m[min(k, len(m) - 1)] for m in spent])) for k in range(longest)]
    return mean, minutes, float(np.mean([len(s) - 1 for s in squares])), mean[-1]


def _square(done: dict[str, Estimate], someone: Someone) -> float:
    links = find(TESTS, done, PRIOR).links
    return float(np.mean([(links[link].value - true) ** 2 for link, true in zip(LINKS, someone.asks, strict=True)]))


def batteries(people: int, seed: int) -> list[list[str]]:
    """What the order of the tests is worth: how many each needs until it is as good as the adaptive one."""
    rng = np.random.default_rng(seed + 1)
    crowd = [draw(WORLDS[0], rng) for _ in range(people)]
    shuffled = [TESTS[i] for i in np.random.default_rng(seed).permutation(len(TESTS))]
    telling = sorted(TESTS, key=lambda test: -test.tells())
    families = [test for i, test in enumerate(telling) if test.family not in {t.family for t in telling[:i]}]
    orders: dict[str, Order] = {
        "adaptive, stops by itself": adaptive,
        "fixed battery, in the order of the file": fixed(TESTS),
        "fixed battery, shuffled once": fixed(shuffled),
        "fixed battery, one of each family, most telling first": fixed(families),
    }
    walked = {name: walk(order, crowd) for name, order in orders.items()}
    goal = walked["adaptive, stops by itself"][3]
    rows = []
    for name, (curve, minutes, tests, last) in walked.items():
        at = next((k for k, value in enumerate(curve) if value <= goal), None)
        mean = tests if name.startswith("adaptive") else at
        until = "not reached" if mean is None or at is None else f"{mean:.1f}"
        spent = minutes[-1] if name.startswith("adaptive") else minutes[at] if at is not None else math.nan
        rows.append([name, f"{tests:.1f}", f"{minutes[-1]:.1f}", f"{last:.3f}", until, f"{spent:.1f}"])
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=6000)
    parser.add_argument("--ordered", type=int, default=300, help="people for the order of the tests")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    console = tables.console()
    tables.header(console, "what to train first, for drawn people")
    console.print(
        f"{len(TESTS)} tests; a part is named from {NAMED:g} on; {options.people} people each, nobody real.\n"
    )
    heads = ("people", "tests done", "calibration error", "Brier", "named", "wrong among named")
    tables.show(console, "Probabilities and naming", heads, worlds(options.people, options.seed), left=2)
    heads = ("order", "tests", "minutes", "Brier at its end", "tests until as good", "minutes until as good")
    title = f"Order of the tests, {options.ordered} people as the model says; as good as the adaptive order at its end"
    tables.show(console, title, heads, batteries(options.ordered, options.seed))
    tables.save(console, options.save)


if __name__ == "__main__":
    main()
