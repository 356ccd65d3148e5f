"""Answers to questions: read from outside, and what rules say of them; what was not answered is never a no."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping

from kneeline.content.clinic_schema import Condition, Question, Rule
from kneeline.model.errors import InputError

Answer = float | tuple[str, ...]
"""A number, or the ids of what was chosen."""

Answers = Mapping[str, Answer]
"""Question id -> answer; a question that was not answered is not in it."""


def read_answers(raw: Mapping[str, object], questions: Mapping[str, Question]) -> dict[str, Answer]:
    """Answers as they come from a file or a form, checked; None, "" and an empty list mean "not answered".

    Raises `InputError` for an unknown question, an option that is not offered, or a number outside of its bounds.

    >>> from kneeline.content.load import load
    >>> read_answers({"age": 34, "side": "left", "where": []}, load().clinic.questions)
    {'age': 34.0, 'side': ('left',)}
    """
    known: dict[str, Answer] = {}
    for key, value in raw.items():
        if key not in questions:
            close = difflib.get_close_matches(str(key), questions, n=1)
            raise InputError(
                f"There is no question {key!r}",
                expected="one of " + ", ".join(questions),
                try_next=close[0] if close else "",
            )
        if value is None or value == "" or (isinstance(value, list | tuple) and not value):
            continue
        question = questions[key]
        known[key] = _number(question, value) if not question.options else _chosen(question, value)
    return known


def _number(question: Question, value: object) -> float:
    low, high = question.least or 0.0, question.most or 0.0
    whole = question.kind == "number"  # nobody of 17.5 years is over 17 for a rule that says so
    if isinstance(value, bool) or not isinstance(value, int | float) or not _fits(value, low, high, whole=whole):
        what = "a whole number" if whole else "a number"
        raise InputError(f"{question.id} is {_short(value)}", expected=f"{what} from {low:g} to {high:g}")
    return float(value)


def _fits(value: float, low: float, high: float, *, whole: bool) -> bool:
    return low <= value <= high and math.isfinite(value) and not (whole and value % 1)


def _chosen(question: Question, value: object) -> tuple[str, ...]:
    offered = {option.id: option for option in question.options}
    picks = [value] if isinstance(value, str) else value
    if not isinstance(picks, list | tuple) or not all(isinstance(pick, str) and pick in offered for pick in picks):
        raise InputError(f"{question.id} is {_short(value)}", expected=" or ".join(offered))
    if len(set(picks)) < len(picks):
        raise InputError(f"{question.id} names one thing twice", expected="every choice once")
    most = 1 if question.kind == "one" else question.most_picks or len(offered)
    if len(picks) > most:
        raise InputError(f"{question.id} has {len(picks)} choices", expected=f"{most} at most")
    if len(picks) > 1 and (alone := next((pick for pick in picks if offered[pick].alone), None)):
        raise InputError(f"{question.id} says {alone!r} and something else", expected="one or the other")
    return tuple(picks)


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**20 else "a huge number"
    return text if len(text) <= 60 else text[:57] + "..."


def holds(condition: Condition, answers: Answers) -> bool | None:
    """Whether one condition holds; None where the answer that it asks for is not there.

    >>> holds(Condition(question="today", any_of=("hot",)), {}) is None
    True
    >>> holds(Condition(question="today", any_of=("hot",)), {"today": ("none",)})
    False
    """
    answer = answers.get(condition.question)
    if answer is None:
        return None
    if isinstance(answer, tuple):
        if condition.any_of:
            return any(choice in condition.any_of for choice in answer)
        return not any(choice in condition.none_of for choice in answer)
    if condition.at_least is not None:
        return answer >= condition.at_least.value
    if condition.at_most is not None:
        return answer <= condition.at_most.value
    other = answers.get(condition.less_than)
    return None if not isinstance(other, float) else answer < other


def all_hold(conditions: Iterable[Condition], answers: Answers) -> bool | None:
    """Whether all of them hold; None where that still hangs on answers that are not there."""
    found = [holds(condition, answers) for condition in conditions]
    if False in found:
        return False
    return None if None in found else True


def applies(rule: Rule, answers: Answers) -> bool | None:
    """Whether a rule holds: all of `when` and nothing of `unless`, which counts only once it is answered."""
    if any(holds(condition, answers) for condition in rule.unless):
        return False
    return all_hold(rule.when, answers)
