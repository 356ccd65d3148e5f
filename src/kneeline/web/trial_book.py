"""Results of movement tests in a person's records: kept go by go, added up, and read again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID, uuid4, uuid5

from kneeline import __version__
from kneeline.content.trial_schema import MovementTest
from kneeline.model.movement import View
from kneeline.model.quantity import Estimate, Measured, NotAssessable, Verdict
from kneeline.model.trial import TrialItem, TrialResult, TrialValue
from kneeline.motion.trial import pooled, side_difference
from kneeline.report.answer import measured
from kneeline.report.trial import trial_answer
from kneeline.store import Kept
from kneeline.store.kinds import TestResult
from kneeline.web import clock
from kneeline.web.book import POSE_MODEL, Book

TestSide = Literal["left", "right", "both"]
OTHER: Final[Mapping[str, TestSide]] = {"left": "right", "right": "left"}
TOGETHER: Final = timedelta(hours=1)
"""Goes that lie no further apart than this add up; later ones are another day's. House default."""
MOST_GOES: Final = 10
"""No more goes than this add up. House default."""
COMPARED: Final = timedelta(hours=12)
"""Two legs are compared when they were tested within this time. House default."""


@dataclass(frozen=True, slots=True)
class Known:
    """The newest number of one value of one leg, and when it was measured."""

    result: Estimate
    at: datetime


@dataclass(frozen=True, slots=True)
class Tested:
    """One record of a test, read again.

    result: its goes as one. asked: whether all that only the person knows was said.
    """

    kept: Kept[TestResult]
    result: TrialResult
    goes: tuple[TrialResult, ...]
    asked: bool


def sides_of(test: MovementTest) -> tuple[TestSide, ...]:
    """Whose values these are: of one leg where they inform a finding, which is of one leg, too.

    >>> from kneeline.content.load import load_test
    >>> sides_of(load_test("stand_30s")), sides_of(load_test("treadmill_side"))
    (('left', 'right'), ('both',))
    """
    return ("left", "right") if any(value.indicator for value in test.value) else ("both",)


def asks(test: MovementTest) -> tuple[str, ...]:
    """What only the person knows: items of the score, and what is said of each repetition."""
    return (*(item.id for item in test.item if item.ask), *(value.said for value in test.value if value.said))


def keep(
    book: Book,
    result: TrialResult,
    *,
    id: UUID,
    said: Mapping[str, str] | None = None,
    replaces: Kept[TestResult] | None = None,
) -> bool:
    """Put one go on record, added up with those of the last hour; whether it is new.

    said: what the person said of it. replaces: the record of the same go from before that was said.
    """
    test, now = book.library.tests[result.test], clock.now()
    earlier = _goes(book, result, now, replaces)
    numbers = any(isinstance(value.result, Estimate) for value in result.values.values())
    goes = [*earlier, result] if numbers else [result]
    whole = pooled(test, goes)
    differences = _differences(book, test, whole, now)
    measures = {key: measured(value.result) for key, value in {**whole.values, **differences[0]}.items()}
    run = id if replaces is None else UUID(str(replaces.payload.detail["run"]))
    detail = {
        "run": str(run),
        "how": result.how,
        "goes": [trial_answer(go, book.library) for go in goes],
        "said": dict(said or {}),
    }
    new = book.store.record(
        book.person_id,
        _record(book, result, measures, detail),
        id=id,
        at=now,
        replaces=None if replaces is None else replaces.id,
    )
    if differences[1]:
        other = replace(result, side=OTHER[result.side])
        measures = {key: measured(value.result) for key, value in differences[1].items()}
        about = {"difference_of": str(run), "how": result.how}
        book.store.record(book.person_id, _record(book, other, measures, about), id=uuid5(id, "other leg"), at=now)
    return new


def say(book: Book, tested: Tested, result: TrialResult, said: Mapping[str, str]) -> None:
    """Put a go on record again, now with what the person said of it."""
    keep(book, result, id=uuid4(), said=said, replaces=tested.kept)


def find(book: Book, id: UUID) -> Tested | None:
    """The record of a go as it stands now, None where there is none of this id."""
    for kept in reversed(book.store.history(book.person_id, TestResult)):
        if str(id) in (str(kept.id), str(kept.payload.detail.get("run"))):
            return read(book, kept)
    return None


def read(book: Book, kept: Kept[TestResult]) -> Tested | None:
    """A record read again; None where it is not one of ours, or of a test that the library knows no more."""
    test = book.library.tests.get(kept.payload.test)
    goes = kept.payload.detail.get("goes")
    if test is None or not isinstance(goes, list) or not goes:
        return None
    try:
        results = [_result(go, test) for go in goes]
        said = kept.payload.detail.get("said") or {}
        return Tested(kept, pooled(test, results), tuple(results), set(asks(test)) <= set(said))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def known(book: Book) -> dict[tuple[str, str, str], Known]:
    """The newest number of every value: (test, side, value) -> what it was and when."""
    found: dict[tuple[str, str, str], Known] = {}
    for kept in book.store.history(book.person_id, TestResult):
        for name, body in kept.payload.measures.items():
            value = _measured(body)
            if isinstance(value, Estimate):
                found[kept.payload.test, kept.payload.side, name] = Known(value, kept.at)
    return found


def _record(book: Book, result: TrialResult, measures: dict[str, dict[str, Any]], detail: dict[str, Any]) -> TestResult:
    side: TestSide = "both" if result.side not in OTHER else OTHER[OTHER[result.side]]
    return TestResult(
        test=result.test,
        side=side,
        measures=measures,
        kneeline=__version__,
        library=book.library.digest,
        pose_model=POSE_MODEL if result.how == "camera" else None,
        detail=detail,
    )


def _goes(book: Book, result: TrialResult, now: datetime, instead: Kept[TestResult] | None) -> list[TrialResult]:
    """The goes that this one adds up with, oldest first."""
    if result.how != "camera":
        return []
    for kept in reversed(book.store.history(book.person_id, TestResult, since=now - TOGETHER)):
        one = kept.payload
        same = (one.test, one.side, one.library) == (result.test, result.side, book.library.digest)
        if not same or one.detail.get("how") != "camera" or (tested := read(book, kept)) is None:
            continue
        goes = tested.goes[:-1] if instead is not None and instead.id == kept.id else tested.goes
        seen = [go for go in goes if any(isinstance(value.result, Estimate) for value in go.values.values())]
        return seen[1 - MOST_GOES :]
    return []


def _differences(
    book: Book, test: MovementTest, mine: TrialResult, now: datetime
) -> tuple[dict[str, TrialValue], dict[str, TrialValue]]:
    """This leg against the other, and the other against this one, where both were tested lately."""
    if not test.difference or mine.side not in OTHER:
        return {}, {}
    for kept in reversed(book.store.history(book.person_id, TestResult, since=now - COMPARED)):
        if (kept.payload.test, kept.payload.side) != (test.id, OTHER[mine.side]):
            continue
        other = read(book, kept)
        if other is not None:
            this = {rule.id: side_difference(rule, mine, other.result) for rule in test.difference}
            that = {rule.id: side_difference(rule, other.result, mine) for rule in test.difference}
            return this, {key: value for key, value in that.items() if isinstance(value.result, Estimate)}
    return {}, {}


# Out of the answer that is kept of every go (docs/schema/test.schema.json)


def _result(answer: Mapping[str, Any], test: MovementTest) -> TrialResult:
    indicators = {value.id: value.indicator for value in test.value}
    values = {
        id: TrialValue(
            id,
            _measured(body["result"]),
            tuple(_measured(one) for one in body["each"]),
            None if body["detectable"] is None else float(body["detectable"]),
            body["more"],
            indicators[id],
        )
        for id, body in answer["values"].items()
        if id in indicators
    }
    if not values or (answer["how"] == "camera" and set(values) != set(indicators)):
        raise ValueError("it lacks a value of the test")
    return TrialResult(
        test.id,
        str(answer["side"]),
        answer["how"],
        _view(answer["view"]),
        int(answer["count"]),
        values,
        tuple(_items(answer["items"])),
        tuple(str(one) for one in answer["warnings"]),
    )


def _items(items: Iterable[Mapping[str, Any]]) -> Iterable[TrialItem]:
    for item in items:
        odds = item["probability"]
        yield TrialItem(
            str(item["id"]),
            int(item["points"]),
            Verdict(item["verdict"]),
            None if odds is None else float(odds),
            str(item["reason"]),
        )


def _view(view: Mapping[str, Any] | None) -> View | None:
    return None if view is None else View(view["facing"], _measured(view["yaw_deg"]), usable=True)


def _measured(body: Mapping[str, Any]) -> Measured:
    """A kept measure; what is no number is no measure."""
    if isinstance(reason := body.get("not_assessable"), str):
        return NotAssessable(reason)
    value, sd = (
        float(n) if isinstance(n := body.get(key), int | float) and abs(n) < 1e300 else math.nan
        for key in ("value", "sd")
    )
    if not (math.isfinite(value) and 0 <= sd < math.inf):
        return NotAssessable("what was kept of it cannot be right")
    return Estimate(value, sd, str(body.get("unit", "")))
