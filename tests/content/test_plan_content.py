"""What plans rest on, as it is shipped: plain, sourced or marked as our own, and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest
from reading import FORBIDDEN, school_grade, sentences

from kneeline.content.load import load
from kneeline.content.plan_schema import SIGNALS, PlanRule
from kneeline.content.schema import Number

LIBRARY = load()
PLANNING = LIBRARY.planning


def shown() -> dict[str, list[str]]:
    """Everything that a person is shown, by file."""
    rules = [text for rule in PLANNING.rules.values() for text in (rule.name, rule.say)]
    whys = [text for start in PLANNING.ladders.values() for text in (start.focus, start.combined, start.turn)]
    return {"rules": rules, "ladders": whys, "notices": list(PLANNING.notices.values())}


@pytest.mark.parametrize("file", shown())
def test_a_twelve_year_old_can_read_every_file(file: str) -> None:
    assert school_grade(shown()[file]) <= 7.0


@pytest.mark.parametrize("rule", PLANNING.rules.values(), ids=lambda rule: rule.id)
def test_a_rule_says_why_in_words_of_a_twelve_year_old(rule: PlanRule) -> None:
    assert school_grade([rule.say]) <= 7.0, school_grade([rule.say])
    assert all(len(sentence.split()) <= 25 for sentence in sentences(rule.say))


def test_no_word_that_feeds_fear_and_none_that_scolds() -> None:
    scolding = re.compile(r"\b(should have|failed|lazy|missed|must not|forgot|again you)\b", re.I)
    texts = [text for file in shown().values() for text in file]
    assert [text for text in texts if FORBIDDEN.search(text) or scolding.search(text)] == []
    assert scolding.search("You missed Monday.")


def numbers(item: object) -> Iterator[Number]:
    if isinstance(item, Number):
        yield item
    elif isinstance(item, tuple):
        for part in item:
            yield from numbers(part)
    elif isinstance(item, msgspec.Struct):
        for name in item.__struct_fields__:
            yield from numbers(getattr(item, name))


def test_every_number_is_sourced_or_says_house() -> None:
    found = [n for _, _, entry in PLANNING.entries() for n in numbers(entry)]
    assert len(found) > 60
    assert {n.basis for n in found} == {"sourced", "house"}
    assert all(n.evidence for n in found if n.basis == "sourced")


def test_every_signal_is_looked_at() -> None:
    assert {test.signal for rule in PLANNING.rules.values() for test in rule.when} == set(SIGNALS)


def test_the_rules_that_the_evidence_asks_for_are_there_with_their_limits() -> None:
    def limit(rule: str, signal: str) -> list[float]:
        tests = [t for t in PLANNING.rules[rule].when if t.signal == signal]
        return [n.value for t in tests for n in numbers(t)]

    assert limit("pain_over", "session_pain") == [5.0]
    assert limit("morning_worse", "morning_rise") == [2.0]
    assert limit("off_line", "off_line_share") == [0.3]
    assert limit("form_lost", "good_share") == [0.6]
    two = PLANNING.rules["two_for_two"]
    assert two.times == 2
    assert (limit(two.id, "session_pain"), limit(two.id, "good_share"), limit(two.id, "spare_reps")) == (
        [2.0],
        [0.8],
        [2.0],
    )
    days = {rule.id: limit(rule.id, "days_in") for rule in PLANNING.rules.values() if rule.asks}
    assert days["teach"] == [7.0]
    assert days["check_two_weeks"] == [14.0]
    assert (days["retest_four_weeks"], days["retest_six_weeks"]) == ([28.0], [42.0])


def test_less_is_between_thirty_and_fifty_percent_after_pain() -> None:
    for id in ("pain_over", "morning_worse"):
        amount = PLANNING.rules[id].amount
        assert amount is not None
        assert 0.3 <= amount.value <= 0.5


def test_pain_stands_before_form_and_form_before_progress() -> None:
    order = list(PLANNING.rules)
    assert order.index("pain_over") < order.index("off_line") < order.index("two_for_two")


def test_every_exercise_that_is_prescribed_has_its_place() -> None:
    placed = [id for start in PLANNING.ladders.values() for id in start.exercises]
    assert sorted(placed) == sorted(e.id for e in LIBRARY.exercises.values() if e.kind == "exercise")
