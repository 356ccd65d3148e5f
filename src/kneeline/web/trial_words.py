"""What a result of a movement test says to the person, and what to do after it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import msgspec
from markupsafe import Markup

from kneeline.content.load import Library
from kneeline.content.trial_schema import Difference, MovementTest, Value
from kneeline.model.quantity import Estimate, Measured, NotAssessable
from kneeline.model.trial import TrialResult
from kneeline.motion.live_trial import STOPPED
from kneeline.report.gauge import gauge
from kneeline.report.story import count_of, keys_of, listed, sentence, with_error
from kneeline.report.trial import norm_for, value_lines
from kneeline.web import case as cases
from kneeline.web import trial_book
from kneeline.web.book import Book
from kneeline.web.case import Case, read_case
from kneeline.web.trial_book import OTHER, Known, Tested

BETWEEN_LEGS: Final = 1.96
"""Two legs differ by more than error, at 95 %, from this many standard deviations of their difference on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One value on the page of a result.

    shown: the number with its error, "" where there is none. lines: what belongs to it, as sentences. legs: this leg
    against the other, in words. main: whether it informs a finding.
    """

    name: str
    meaning: str
    shown: str
    lines: tuple[str, ...]
    legs: str
    drawing: Markup | None
    main: bool


@dataclass(frozen=True, slots=True)
class Way:
    """Where to go from a result: the one thing to do now, and why."""

    href: str
    words: str
    why: str


def lines(book: Book, test: MovementTest, tested: Tested) -> list[Line]:
    """Every value of a result, as its page tells it."""
    numbers = trial_book.known(book)
    said = case_of(book).said
    age, sex = said.get("age"), said.get("sex")
    person = (age if isinstance(age, float) else None, sex[0] if isinstance(sex, tuple) else "")
    return [_line(value, tested.result, numbers, person) for value in test.value if value.id in tested.result.values]


def _line(
    value: Value, result: TrialResult, numbers: Mapping[tuple[str, str, str], Known], person: tuple[float | None, str]
) -> Line:
    told = result.values[value.id]
    other = numbers.get((result.test, OTHER.get(result.side, ""), value.id))
    norm = norm_for(value, *person)
    drawing = None
    legs = ""
    if isinstance(told.result, Estimate):
        marks = [(f"{sentence(result.side)} leg" if result.side in OTHER else "You", told.result)]
        if other is not None:
            marks.append((f"{sentence(OTHER[result.side])} leg", other.result))
            legs = _legs_words(result.side, told.result, other.result)
        drawing = gauge(value, norm, marks) if norm is not None else None
    return Line(
        name=sentence(value.name),
        meaning=value.meaning,
        shown=shown(told.result),
        lines=tuple(_plain(one) for one in value_lines(told, value, *person)),
        legs=legs,
        drawing=drawing,
        main=bool(value.indicator),
    )


def _legs_words(side: str, mine: Estimate, other: Estimate) -> str:
    """Two legs against each other, and whether they differ by more than error.

    >>> _legs_words("left", Estimate(12.0, 1.0, "reps"), Estimate(20.0, 1.0, "reps"))
    'Left 12 ± 1, right 20 ± 1 repetitions: they differ by more than the error.'
    """
    apart = abs(mine.value - other.value) > BETWEEN_LEGS * math.hypot(mine.sd, other.sd)
    how = "they differ by more than the error" if apart else "no further apart than the error"
    first, unit = shown(mine), {"reps": " repetitions"}.get(mine.unit, "")
    first = first.removesuffix(unit) if unit else first
    return f"{sentence(side)} {first}, {OTHER[side]} {shown(other)}: {how}."


def shown(result: Measured) -> str:
    """A value as a person reads it, "" where there is none."""
    if not isinstance(result, Estimate):
        return ""
    return _plain(with_error(result.value, result.sd, result.unit))


def _plain(text: str) -> str:
    """A unit as a person says it."""
    return re.sub(r"(?<=\d) reps\b", " repetitions", text)


def differences(test: MovementTest, tested: Tested) -> list[tuple[Difference, str]]:
    """One leg against the other, where both were tested lately."""
    found = []
    for rule in test.difference:
        body = tested.kept.payload.measures.get(rule.id)
        if body is not None and "value" in body:
            found.append((rule, with_error(float(body["value"]), float(body["sd"]), str(body["unit"]))))
    return found


def failed(tested: Tested) -> str:
    """Why the newest go gave no number at all, "" where it gave one."""
    values = tested.goes[-1].values.values()
    reasons = [value.result.reason for value in values if not isinstance(value.result, Estimate)]
    return sentence(reasons[0]).rstrip(".") + "." if len(reasons) == len(tested.goes[-1].values) else ""


def way(book: Book, test: MovementTest, tested: Tested, *, stopped: bool) -> Way:
    """The one thing to do now."""
    side = tested.result.side
    if stopped:
        return Way("/knee", "Leave it for today", "It hurt, so there is no number, and none is needed now.")
    if failed(tested):
        return Way(start(test, side), "Once more", "It cannot be told from this go.")
    if tested.result.how == "camera" and (more := _more(tested.result)):
        return Way(
            start(test, side),
            "Once more",
            f"The error is still large. About {count_of(more)} more would make it small enough.",
        )
    other = OTHER.get(side)
    numbers = trial_book.known(book)
    if other is not None and not any((test.id, other, value.id) in numbers for value in test.value):
        return Way(f"/tests/{test.id}?side={other}", "Now the other leg", "Two legs tell more than one.")
    return next_best(book, test.id) or Way("/knee", "Back to my knee", "")


def was_stopped(tested: Tested) -> bool:
    """Whether the newest go was stopped because it hurt."""
    return all(value.result == NotAssessable(STOPPED) for value in tested.goes[-1].values.values())


def _more(result: TrialResult) -> int:
    """Repetitions that lack until the error of what informs a finding is small enough; 0 where none would help."""
    return max((value.more or 0 for value in result.values.values() if value.indicator), default=0)


def start(test: MovementTest, side: str) -> str:
    """The address of a new go."""
    if test.kind == "photo":
        return f"/tests/{test.id}/photo?side={side}"
    return f"/live/test/{test.id}/{side}/{uuid4()}"


def next_best(book: Book, done: str) -> Way | None:
    """The test that would change the finding most, or the finding; None before the questions are answered."""
    known = case_of(book)
    if known.standing != "found":
        return None
    for leg in known.assess().legs:
        for test in book.library.tests.values():
            if leg.hurts and leg.next_test and leg.next_test in cases.informs(test).values():
                why = f"It would change what to train first the most for its time: {test.name.lower()}, {leg.side} leg."
                return Way(f"/tests/{test.id}?side={leg.side}", "The next test", why)
    return Way("/finding", "See what to train first", "No further test would change this much." if done else "")


# What is known of a test


def case_of(book: Book) -> Case:
    """What the person said and what was measured, so far."""
    return read_case(book.store, book.library, book.person_id)


def link_of(test: MovementTest, library: Library) -> str:
    """The part of the leg that a test tells of, "" for none."""
    named = next((value.indicator for value in test.value if value.indicator), "")
    return library.clinic.indicators[named].link if named in library.clinic.indicators else ""


def informs(test: MovementTest, library: Library) -> str:
    """The parts of the leg that a test tells of, in words."""
    named = [name for name in cases.informs(test).values() if name in library.clinic.indicators]
    return listed(dict.fromkeys(f"the {library.clinic.indicators[name].link}" for name in named)) if named else ""


def cited(test: MovementTest) -> list[str]:
    """Every source that stands behind a test.

    >>> from kneeline.content.load import load_test
    >>> cited(load_test("knee_to_wall"))
    ['S48']
    """
    return keys_of(_references({**msgspec.to_builtins(test), "example": ()}))


def _references(content: object) -> Iterator[str]:
    if isinstance(content, Mapping):
        evidence = content.get("evidence", ())
        yield from (one for one in evidence if isinstance(one, str))
    if isinstance(content, Mapping | list | tuple):
        for one in content.values() if isinstance(content, Mapping) else content:
            yield from _references(one)


def last_known(test: MovementTest, numbers: Mapping[tuple[str, str, str], Known]) -> list[tuple[str, Value, Known]]:
    """What is known of the first value of a test, side by side."""
    sides = ("left", "right", "both")
    main = next((value for value in test.value if value.indicator), test.value[0])
    return [(side, main, numbers[test.id, side, main.id]) for side in sides if (test.id, side, main.id) in numbers]
