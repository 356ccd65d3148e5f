"""The guide's thinking: which choices are worth asking about for whom, what to ask, and that it never ranks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.clinic.answers import Answer, read_answers
from kneeline.clinic.guide import (
    STEPS,
    answered,
    asks,
    choices,
    counts,
    marked,
    matrix,
    notes,
    other_opinion,
)
from kneeline.content.load import load
from kneeline.model.errors import InputError

GUIDE = load().guide
ORDER = list(GUIDE.options)


def standings(**answers: object) -> dict[str, str]:
    known = read_answers(answers, GUIDE.questions)
    return {choice.option.id: choice.standing for choice in choices(known, GUIDE)}


@pytest.mark.parametrize(
    ("parts", "osteotomy", "partial", "kneecap"),
    [
        (["inner"], "ask", "ask", "less"),
        (["outer"], "ask", "ask", "less"),
        (["kneecap"], "less", "less", "ask"),
        (["inner", "kneecap"], "ask", "ask", "less"),
        (["inner", "outer"], "less", "less", "less"),
        (["inner", "outer", "kneecap"], "less", "less", "less"),
        (["unknown"], "open", "open", "open"),
        ([], "open", "open", "open"),
    ],
)
def test_which_part_decides_what_to_ask_about(parts: list[str], osteotomy: str, partial: str, kneecap: str) -> None:
    found = standings(compartments=parts, told="total")
    assert found == {
        "no_surgery": "ask", "osteotomy": osteotomy, "partial": partial, "kneecap": kneecap, "total": "ask",
    }  # fmt: skip


def test_a_torn_ligament_or_a_stiff_bend_makes_a_half_knee_rarer_and_says_that_this_is_to_be_checked() -> None:
    for answer in ({"ligaments": "torn"}, {"bent": "fixed"}):
        known = read_answers({"compartments": ["inner"], **answer}, GUIDE.questions)
        partial = next(choice for choice in choices(known, GUIDE) if choice.option.id == "partial")
        assert partial.standing == "less"
        assert [ground.check for ground in partial.less] == [True]
        assert partial.ask, "what speaks for it is still said"


def test_age_weight_and_smoking_shut_nothing_out() -> None:
    """Guidelines exclude nobody on them."""
    young = standings(compartments=["inner"], age=19, smoking="no", weight="not_needed")
    assert young == standings(compartments=["inner"], age=95, smoking="yes", weight="not_yet")


def some_answers() -> st.SearchStrategy[dict[str, Answer]]:
    def one(key: str) -> st.SearchStrategy[object]:
        question = GUIDE.questions[key]
        if not question.options:
            return st.none() | st.integers(int(question.least or 0), int(question.most or 0))
        ids = [option.id for option in question.options if not option.alone]
        if question.kind == "one":
            return st.none() | st.sampled_from([option.id for option in question.options])
        return st.lists(st.sampled_from(ids), unique=True, max_size=question.most_picks or len(ids))

    drawn = st.fixed_dictionaries({key: one(key) for key in GUIDE.questions})
    return drawn.map(lambda raw: read_answers(raw, GUIDE.questions))


@given(some_answers())
def test_whatever_is_answered_all_choices_stand_there_in_the_same_order_with_a_reason(
    answers: dict[str, Answer],
) -> None:
    found = choices(answers, GUIDE)
    assert [choice.option.id for choice in found] == ORDER
    for choice in found:
        reasons = {"ask": choice.ask, "less": choice.less, "open": choice.open}[choice.standing]
        assert reasons or choice.standing == "open"
    assert {"no_surgery", "total"} <= {choice.option.id for choice in found if choice.standing == "ask"}


@given(some_answers())
def test_whatever_is_answered_which_part_is_asked_first_and_every_choice_is_asked_about(
    answers: dict[str, Answer],
) -> None:
    found = asks(answers, GUIDE)
    assert found[0].id == "which_part"
    assert {ask.about for ask in found} - {""} == set(ORDER)
    assert len({ask.text for ask in found}) == len(found) <= 22


def test_what_is_known_is_not_asked_again_and_what_is_not_known_is() -> None:
    known = {"ligaments": ("working",), "bent": ("straight",), "image": ("standing",), "exercise": ("full",)}
    dropped = {ask.id for ask in asks({}, GUIDE)} - {ask.id for ask in asks(known, GUIDE)}
    assert dropped == {"ligaments", "correctable", "standing", "exercise"}
    assert "after_exercise" in {ask.id for ask in asks(known, GUIDE)}
    assert "ligaments" in {ask.id for ask in asks({"ligaments": ("not_told",)}, GUIDE)}


def test_what_matters_most_comes_first_and_what_matters_little_not_at_all() -> None:
    rows = matrix(
        {"relief": ("some",), "no_operation": ("little",), "hard_use": ("much",), "one_time": ("much",)}, GUIDE
    )
    assert [(row.wish.id, row.weight) for row in rows] == [("one_time", 2), ("hard_use", 2), ("relief", 1)]
    assert list(rows[0].fits) == ORDER
    assert rows[1].fits == {}


def test_a_count_stands_for_each_choice_or_says_that_there_is_none() -> None:
    for outcome in GUIDE.outcomes.values():
        found = counts(outcome, GUIDE)
        assert [option.id for option, _ in found] == ORDER
        assert all(place < 0 or outcome.count[place].option == option.id for option, place in found)
    assert {option.id: place for option, place in counts(GUIDE.outcomes["lasting"], GUIDE)}["kneecap"] == -1


def test_the_knowledge_check_says_what_is_right_and_why_only_after_an_answer() -> None:
    assert marked({}, GUIDE) == ()
    found = marked({"know_parts": ("parts",), "know_last": ("all",)}, GUIDE)
    assert [one.is_right for one in found] == [True, False, False, False, False]
    assert [one.chosen for one in found] == ["parts", None, None, "all", None]
    assert all(one.because.say for one in found)


def test_notes_come_with_their_answers() -> None:
    assert notes("knee", {}, GUIDE) == ()
    assert [note.id for note in notes("knee", {"compartments": ("unknown",)}, GUIDE)] == ["not_told"]
    assert [note.id for note in notes("tried", {"injections": ("steroid",), "exercise": ("none",)}, GUIDE)] == [
        "not_full", "steroid",
    ]  # fmt: skip


def test_a_second_opinion_names_other_choices_only_to_who_was_told_a_total_knee() -> None:
    assert other_opinion({"compartments": ("inner",)}, GUIDE) == ()
    assert other_opinion({"told": ("total",), "compartments": ("inner",)}, GUIDE) == ("osteotomy", "partial")
    assert other_opinion({"told": ("total",), "compartments": ("inner", "outer", "kneecap")}, GUIDE) == ()


def test_a_page_counts_as_answered_from_its_first_answer() -> None:
    assert [step for step in STEPS if answered(step, {"age": 60.0, "relief": ("much",)}, GUIDE)] == ["you", "matters"]


@pytest.mark.parametrize("age", [math.nan, math.inf, 17, 111, -1, "sixty", True])
def test_an_age_that_cannot_be_is_refused(age: object) -> None:
    with pytest.raises(InputError, match="18 to 110"):
        read_answers({"age": age}, GUIDE.questions)
