"""What movement tests must keep beyond their schema: references resolve, units agree, every value has its worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kneeline.content.check import BUILT_IN, check_known, check_numbers, check_unique
from kneeline.content.trial_schema import Difference, MovementTest, Value
from kneeline.model.errors import ContentError

if TYPE_CHECKING:
    from kneeline.content.load import Library

KINDS = {
    "repetitions": ("mean", "count", "score", "threshold"),
    "hold": ("time", "typical", "touches", "sway"),
    "gait": ("cadence", "rocking"),
    "photo": ("ratio",),
}
"""Which statistics each kind of test can give."""
UNITS = {"count": "reps", "touches": "times", "time": "s", "score": "points", "cadence": "steps/min"}
NEEDS = {"mean": "measure", "threshold": "measure", "typical": "signal", "rocking": "signal"}


def check_tests(library: Library) -> None:
    """Raise `ContentError` at the first thing in the movement tests that does not hold together."""
    for test in library.tests.values():
        file = f"tests/{test.id}.toml"
        check_numbers(file, test, library)
        _exercise(file, test, library)
        check_unique(file, "value.id", [*(one.id for one in test.value), *(one.id for one in test.difference)])
        check_unique(file, "item.id", [item.id for item in test.item])
        check_unique(file, "example.name", [example.name for example in test.example])
        for value in test.value:
            _value(file, value, test, library)
        for difference in test.difference:
            check_known(file, f"{difference.id}.of", difference.of, [value.id for value in test.value])
            _worth(file, difference, library)
        for one in test.by_yourself:
            check_known(file, "by_yourself.value", one.value, [value.id for value in test.value])
        _items(file, test, library)
        if bool(test.by_yourself) == bool(test.no_self):
            raise ContentError(file, "by_yourself", "or no_self (why there is no way without a camera), one of the two")
        if not 1 <= test.least.value <= test.most.value:
            raise ContentError(file, "least", "and most are numbers of repetitions, 1 <= least <= most")


def _exercise(file: str, test: MovementTest, library: Library) -> None:
    performed = test.kind in ("repetitions", "hold")
    if performed != bool(test.exercise):
        raise ContentError(file, "exercise", "belongs to the kinds repetitions and hold, and to no other")
    if performed:
        check_known(file, "exercise", test.exercise, library.exercises)
        if (library.exercises[test.exercise].kind == "hold") != (test.kind == "hold"):
            raise ContentError(file, "exercise", f"{test.exercise!r} is not of the kind {test.kind!r}")
        if test.ends is not None:
            rules = [rule.id for rule in library.exercises[test.exercise].fault]
            for fault in test.ends.faults:
                check_known(file, "ends.faults", fault, rules)
        if test.counts is not None:
            _measure(file, "counts", test.counts.measure, test.counts.at_least.unit, test, library)


def _measure(file: str, key: str, measure: str, unit: str, test: MovementTest, library: Library) -> None:
    check_known(file, f"{key}.measure", measure, (*BUILT_IN, *library.exercises[test.exercise].measures))
    wanted = BUILT_IN[measure] if measure in BUILT_IN else library.signals[library.measures[measure].signal].unit
    if unit != wanted:
        raise ContentError(file, f"{key}.unit", f"is {unit!r}; {measure} is in {wanted!r}")


def _value(file: str, value: Value, test: MovementTest, library: Library) -> None:
    check_known(file, f"{value.id}.statistic", value.statistic, KINDS[test.kind])
    for name in ("measure", "signal"):
        if (NEEDS.get(value.statistic) == name) != bool(getattr(value, name)):
            raise ContentError(file, f"{value.id}.{name}", f"does not fit the statistic {value.statistic!r}")
    if value.measure:
        _measure(file, value.id, value.measure, value.unit, test, library)
    if value.signal:
        check_known(file, f"{value.id}.signal", value.signal, library.signals)
    wanted = library.signals[value.signal].unit if value.signal else UNITS.get(value.statistic, value.unit)
    usual = [number for norm in value.norm for number in (norm.usual, norm.spread)]
    for unit in (
        value.unit,
        *(n.unit for n in (*usual, value.error, value.enough, value.detectable, value.reach) if n),
    ):
        if unit != wanted:
            raise ContentError(file, f"{value.id}.unit", f"is {unit!r}; it must be {wanted!r}")
    if (value.statistic == "threshold") != (bool(value.said) and value.at is not None and value.reach is not None):
        raise ContentError(file, f"{value.id}.said", "with at and reach belongs to every threshold and nothing else")
    if (value.statistic == "mean") != (value.shared is not None):
        raise ContentError(file, f"{value.id}.shared", "belongs to every mean and nothing else")
    if value.shared is not None and not 0 <= value.shared.value <= 1:
        raise ContentError(file, f"{value.id}.shared", "is a share, 0 to 1")
    if value.statistic in ("score", "ratio", "threshold", "count", "time") and value.error is None:
        raise ContentError(file, f"{value.id}.error", "is missing; say what people and method add to it")
    _worth(file, value, library)


def _worth(file: str, value: Value | Difference, library: Library) -> None:
    """What a value may be compared with, and what it informs."""
    if bool(value.norm) == bool(value.no_norm):
        raise ContentError(file, f"{value.id}.norm", "or no_norm (why there is none), one of the two")
    indicators = library.clinic.indicators
    if value.indicator and indicators:
        check_known(file, f"{value.id}.indicator", value.indicator, indicators)
        if value.unit != indicators[value.indicator].unit:
            unit = indicators[value.indicator].unit
            raise ContentError(file, f"{value.id}.unit", f"is {value.unit!r}; indicators.toml has it in {unit!r}")


def _items(file: str, test: MovementTest, library: Library) -> None:
    if bool(test.item) != any(value.statistic == "score" for value in test.value):
        raise ContentError(file, "item", "belongs to a test with a score and to no other")
    for item in test.item:
        if bool(item.ask) == (bool(item.measure) and item.above is not None):
            raise ContentError(file, f"item {item.id!r}", "needs ask, or measure with above")
        if item.above is not None:
            _measure(file, f"item {item.id!r}", item.measure, item.above.unit, test, library)
        if item.instead_of:
            check_known(file, f"item {item.id!r}.instead_of", item.instead_of, [other.id for other in test.item])
