"""Answers from outside are checked, and a rule of an unanswered question is neither true nor false."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.clinic.answers import all_hold, applies, holds, read_answers
from kneeline.content.clinic_schema import Condition, Rule
from kneeline.content.load import load
from kneeline.content.schema import Number
from kneeline.model.errors import InputError

QUESTIONS = load().clinic.questions


def number(value: float) -> Number:
    return Number(value=value, unit="points", basis="house")


@pytest.mark.parametrize(
    "raw",
    [
        {"agee": 34},
        {"age": "34"},
        {"age": math.nan},
        {"age": math.inf},
        {"age": -1},
        {"age": 10**400},
        {"age": True},
        {"age": 17.5},
        {"age": [34]},
        {"side": "middle"},
        {"side": ["left", "right"]},
        {"side": 3},
        {"side": {"left": True}},
        {"where": ["behind_kneecap", "behind_kneecap"]},
        {"where": ["behind_kneecap", 7]},
        {"today": ["none", "hot"]},
        {"activities": ["stairs", "sit", "run", "carry"]},
        {"today": "x" * 100_000},
        {7: 7},
    ],
    ids=lambda raw: str(raw)[:40],
)
def test_what_no_question_takes_is_refused_in_a_short_sentence(raw: dict[str, object]) -> None:
    with pytest.raises(InputError) as error:
        read_answers(raw, QUESTIONS)
    assert len(str(error.value)) < 700


def test_nothing_said_is_not_answered() -> None:
    assert read_answers({"age": None, "side": "", "where": [], "today": ()}, QUESTIONS) == {}


def test_the_ends_of_a_scale_are_on_it() -> None:
    assert read_answers({"pain_worst": 0, "pain_usual": 10.0}, QUESTIONS) == {"pain_worst": 0.0, "pain_usual": 10.0}


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(list(QUESTIONS)), st.none() | st.text() | st.integers()))
def test_any_other_text_or_number_is_read_or_refused(raw: dict[str, object]) -> None:
    try:
        answers = read_answers(raw, QUESTIONS)
    except InputError:
        return
    assert set(answers) <= set(QUESTIONS)


def test_each_kind_of_condition() -> None:
    low = Condition(question="pain_worst", at_most=number(2))
    high = Condition(question="pain_worst", at_least=number(2))
    less = Condition(question="pain_worst", less_than="pain_usual")
    without = Condition(question="today", none_of=("hot",))
    for value, is_low, is_high, is_less in (
        (1.0, True, False, True),
        (2.0, True, True, True),
        (5.0, False, True, False),
    ):
        answers = {"pain_worst": value, "pain_usual": 3.0}
        assert (holds(low, answers), holds(high, answers), holds(less, answers)) == (is_low, is_high, is_less)
    assert holds(less, {"pain_worst": 1.0}) is None
    assert holds(without, {"today": ("stuck",)}) is True
    assert holds(without, {"today": ("stuck", "hot")}) is False
    assert holds(without, {}) is None


def test_one_no_decides_and_an_open_one_keeps_it_open() -> None:
    hot, old = Condition(question="today", any_of=("hot",)), Condition(question="age", at_least=number(55))
    assert all_hold([hot, old], {"today": ("none",)}) is False
    assert all_hold([hot, old], {"today": ("hot",)}) is None
    assert all_hold([hot, old], {"today": ("hot",), "age": 60.0}) is True


def test_an_exception_counts_only_once_it_is_answered() -> None:
    rule = Rule(
        id="r",
        name="r",
        when=(Condition(question="age", at_least=number(45)),),
        unless=(Condition(question="told", any_of=("kneecap_pain",)),),
        say="",
        basis="house",
    )
    assert applies(rule, {"age": 50.0}) is True
    assert applies(rule, {"age": 50.0, "told": ("kneecap_pain",)}) is False
