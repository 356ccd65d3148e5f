"""What the clinic's tables must keep beyond their schema: references resolve, rules can hold, spreads are spreads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from kneeline.content.clinic_schema import (
    ClinicContent,
    Condition,
    IndicatorEntry,
    Question,
    Questionnaire,
    Rule,
)
from kneeline.content.schema import Number
from kneeline.model.errors import ContentError
from kneeline.model.finding import LINKS

if TYPE_CHECKING:
    from kneeline.content.load import Library

CHOICES = ("one", "many", "places")


def check_clinic(library: Library) -> None:
    """Raise `ContentError` at the first thing in the clinic's tables that does not hold together."""
    clinic = library.clinic
    for file, key, entry in clinic.entries():
        for reference in sorted(set(references(file, key, entry))):
            source, _, locator = reference.partition("#")
            if source not in library.sources or locator not in library.sources[source].supports:
                raise ContentError(file, f"{key}.evidence", f"{reference!r} is not in evidence.toml")
        for condition in conditions(entry):
            check_condition(file, key, condition, clinic.questions)
    for question in clinic.questions.values():
        check_question("questions.toml", question, list(clinic.questions))
    for name in ("red_flags", "lookalikes"):
        for rule in getattr(clinic, name).values():
            _in(f"{name}.toml", f"{rule.id}.route", rule.route, clinic.routes)
    for indicator in clinic.indicators.values():
        _indicator(indicator, clinic)
    for link in clinic.priors.values():
        _in("priors.toml", "table", link.link, LINKS)
        _within("priors.toml", f"{link.link}.probability", link.probability, 0.0, 1.0)
    for shift in clinic.shifts.values():
        _within("shifts.toml", f"{shift.id}.odds", shift.odds, 0.0, 100.0)
    for questionnaire in clinic.questionnaires.values():
        _questionnaire(questionnaire)


def check_question(file: str, question: Question, order: list[str]) -> None:
    """Raise `ContentError` where a question's answers do not fit its kind, or it hangs on one that comes later."""
    key = question.id
    ids = [option.id for option in question.options]
    if (question.kind in CHOICES) != bool(ids) or len(set(ids)) < len(ids):
        raise ContentError(file, f"{key}.options", f"belong to the kinds {', '.join(CHOICES)}, each id once")
    if question.kind not in CHOICES and not _rise(question.least, question.most):
        raise ContentError(file, f"{key}.least", "and most are missing, or do not rise")
    for condition in question.when:
        if order.index(condition.question) >= order.index(key):
            raise ContentError(file, f"{key}.when", f"asks for {condition.question!r}, which comes later")


def _rise(least: float | None, most: float | None) -> bool:
    return least is not None and most is not None and least < most


def check_condition(file: str, key: str, condition: Condition, questions: Mapping[str, Question]) -> None:
    """Raise `ContentError` where a condition asks for what its question cannot answer."""
    _in(file, f"{key}.when", condition.question, questions)
    question = questions[condition.question]
    said = [name for name in condition.__struct_fields__ if name != "question" and getattr(condition, name)]
    if len(said) != 1:
        raise ContentError(file, f"{key}.when", "says exactly one of any_of, none_of, at_least, at_most, less_than")
    chosen = said[0] in ("any_of", "none_of")
    if chosen != (question.kind in CHOICES):
        raise ContentError(file, f"{key}.when", f"{said[0]} does not fit {question.id!r}, of kind {question.kind}")
    for option in (*condition.any_of, *condition.none_of):
        _in(file, f"{key}.when", option, [known.id for known in question.options])
    if condition.less_than:
        _in(file, f"{key}.when", condition.less_than, questions)
        if questions[condition.less_than].kind in CHOICES:
            raise ContentError(file, f"{key}.when", f"{condition.less_than!r} is no number")


def _indicator(indicator: IndicatorEntry, clinic: ClinicContent) -> None:
    file, key = "indicators.toml", indicator.id
    if not indicator.likelihood or indicator.likelihood[-1].when or not indicator.least < indicator.most:
        raise ContentError(file, key, "needs least < most, and a last likelihood without when, which fits everybody")
    if indicator.question:
        _in(file, f"{key}.question", indicator.question, clinic.questions)
        if clinic.questions[indicator.question].kind in CHOICES:
            raise ContentError(file, f"{key}.question", f"{indicator.question!r} is no number")
    _within(file, f"{key}.minutes", indicator.minutes, 0.0, 60.0)
    numbers = [indicator.error]
    for entry in indicator.likelihood:
        numbers += [entry.present.mean, entry.present.sd, entry.absent.mean, entry.absent.sd]
        _within(file, f"{key}.likelihood.trust", entry.trust, 0.0, 1.0)
        if min(entry.present.sd.value, entry.absent.sd.value) <= 0 or indicator.error.value < 0:
            raise ContentError(file, f"{key}.likelihood", "needs standard deviations above 0")
    for number in numbers:
        if number.unit != indicator.unit:
            raise ContentError(file, key, f"has a number in {number.unit!r}; its unit is {indicator.unit!r}")


def _questionnaire(questionnaire: Questionnaire) -> None:
    for item in questionnaire.item:
        if len(item.points) < 2 or list(item.points) != sorted(
            set(item.points), reverse=questionnaire.scoring == "sum"
        ):
            raise ContentError(
                "questionnaires.toml", f"{questionnaire.id}.{item.id}", "needs points in order, best first"
            )
    _within("questionnaires.toml", f"{questionnaire.id}.answered", questionnaire.answered, 0.0, 1.0 + 1e-9)


def references(file: str, key: str, item: object) -> Iterable[str]:
    """Every evidence reference below an entry; refuses a sourced thing without one."""
    if isinstance(item, tuple):
        for part in item:
            yield from references(file, key, part)
    elif isinstance(item, msgspec.Struct):
        evidence: tuple[str, ...] = getattr(item, "evidence", ())
        if getattr(item, "basis", "house") == "sourced" and not evidence:
            raise ContentError(file, f"{key}.evidence", 'is missing; what is sourced names its "key#locator"')
        yield from evidence
        for name in item.__struct_fields__:
            yield from references(file, key, getattr(item, name))


def conditions(item: object) -> Iterable[Condition]:
    """Every condition below an entry; refuses a rule without one."""
    if isinstance(item, Condition):
        yield item
    elif isinstance(item, tuple):
        for part in item:
            yield from conditions(part)
    elif isinstance(item, msgspec.Struct):
        if isinstance(item, Rule) and not item.when:
            raise ContentError("rules", item.id, "needs at least one condition in when")
        for name in item.__struct_fields__:
            yield from conditions(getattr(item, name))


def _within(file: str, key: str, number: Number, above: float, below: float) -> None:
    if not above < number.value < below:
        raise ContentError(file, key, f"is {number.value}; it must lie between {above:g} and {below:g}")


def _in(file: str, key: str, value: str, allowed: Iterable[str]) -> None:
    if value not in allowed:
        raise ContentError(file, key, f"{value!r} is not known; allowed: {', '.join(allowed)}")
