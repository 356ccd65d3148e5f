"""What is asked and concluded, as it is shipped: safe, short, plain, sourced or marked as our own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from reading import FORBIDDEN, school_grade, sentences

from kneeline.clinic.answers import read_answers
from kneeline.clinic.assess import assess, indicators
from kneeline.clinic.safety import minutes, path
from kneeline.content.clinic_schema import Condition, Question
from kneeline.content.load import load
from kneeline.content.schema import Number
from kneeline.content.trial_schema import Value
from kneeline.model.quantity import Estimate
from kneeline.report.trial import norm_for

LIBRARY = load()
CLINIC = LIBRARY.clinic
SHOWN = {
    "questions": ("text", "help", "low", "high", "options"),
    "routes": ("name", "where", "how_soon", "until_then"),
    "red_flags": ("name", "say"),
    "lookalikes": ("name", "say"),
    "contradictions": ("say",),
    "shifts": ("say",),
    "indicators": ("name", "meaning", "for_it", "little", "against"),
    "statements": ("says",),
    "purposes": ("name", "is_for", "is_not"),
    "questionnaires": ("licence",),
}
USUAL = tomllib.loads((Path(__file__).parents[1] / "spec" / "vignettes" / "usual.toml").read_text(encoding="utf-8"))


def texts(item: object) -> Iterator[str]:
    if isinstance(item, str):
        yield item
    elif isinstance(item, tuple):
        for part in item:
            yield from texts(part)
    elif isinstance(item, msgspec.Struct):  # an option
        yield str(getattr(item, "text", ""))


def shown() -> Iterator[tuple[str, str, str]]:
    """Everything that a person is shown from these files: file, entry, text."""
    for file, fields in SHOWN.items():
        for key, entry in getattr(CLINIC, file).items():
            for field in fields:
                yield from ((file, key, text) for text in texts(getattr(entry, field)) if text)


ALL = list(shown())


@pytest.mark.parametrize("file", SHOWN)
def test_a_twelve_year_old_can_read_every_file(file: str) -> None:
    """Flesch-Kincaid grade 7 is a reading age of 12."""
    assert school_grade([text for name, _, text in ALL if name == file]) <= 7.0


@pytest.mark.parametrize("entry", sorted({(file, key) for file, key, _ in ALL}), ids="/".join)
def test_a_twelve_year_old_can_read_every_entry(entry: tuple[str, str]) -> None:
    """Whole entries: the formula is made for passages, and means little for a line of five words."""
    whole = [text for file, key, text in ALL if (file, key) == entry]
    if sum(len(text.split()) for text in whole) >= 15:
        assert school_grade(whole) <= 7.0, school_grade(whole)


def test_no_sentence_is_long() -> None:
    assert [s for *_, text in ALL for s in sentences(text) if len(s.split()) > 25] == []


def test_no_word_that_feeds_fear() -> None:
    assert [(key, text) for _, key, text in ALL if FORBIDDEN.search(text)] == []


def test_nothing_reassures() -> None:
    soothing = re.compile(
        r"\b(nothing serious|no need to worry|don't worry|all clear|harmless|you are fine|safe to)\b", re.I
    )
    assert [text for *_, text in ALL if soothing.search(text)] == []
    assert soothing.search("It is harmless.")


def usual(**changes: object) -> list[Question]:
    answers = read_answers({**USUAL, **changes}, CLINIC.questions)
    asked = path(answers, CLINIC)
    assert {q.id for q in asked} == set(answers), "the usual person answers exactly what is asked"
    return asked


def test_the_questions_take_less_than_four_minutes() -> None:
    asked = usual()
    assert len(asked) == 26
    assert minutes(asked) < 4.0


def test_at_a_re_test_the_change_is_asked_and_not_before() -> None:
    answers = read_answers(USUAL, CLINIC.questions)
    assert [q.id for q in path(answers, CLINIC, later=True) if q.id not in answers] == ["global_change"]


def test_a_scale_for_each_activity_and_no_other() -> None:
    scales = {q.id.removeprefix("hard_") for q in CLINIC.questions.values() if q.id.startswith("hard_")}
    assert scales == {o.id for o in CLINIC.questions["activities"].options} - {"none"}


@pytest.mark.parametrize(
    "question", [q for q in CLINIC.questions.values() if q.section == "safety"], ids=lambda q: q.id
)
def test_a_question_on_safety_is_needed_and_has_a_way_to_say_no_and_not_sure(question: Question) -> None:
    assert question.needed
    if question.kind == "many":
        assert {"none", "unsure"} == {option.id for option in question.options if option.alone}


def test_every_answer_on_safety_is_looked_at() -> None:
    used = {
        (condition.question, choice)
        for rules in (CLINIC.red_flags, CLINIC.lookalikes)
        for rule in rules.values()
        for condition in (*rule.when, *rule.unless)
        for choice in (*condition.any_of, *condition.none_of)
    }
    offered = {(q.id, o.id) for q in CLINIC.questions.values() if q.section == "safety" for o in q.options}
    says_nothing = {(q, o) for q, o in offered if o in ("none", "no", "not_seen")}
    assert offered - says_nothing - used == set()


def test_a_red_flag_on_a_branch_asks_for_the_branch_too() -> None:
    """Else it would stay open for people who are never asked."""
    for flag in CLINIC.red_flags.values():
        asked = {condition.question for condition in flag.when}
        for condition in flag.when:
            assert {c.question for c in CLINIC.questions[condition.question].when} <= asked, flag.id


def test_every_route_is_used_and_the_most_urgent_say_now_or_today() -> None:
    assert {r.route for rules in (CLINIC.red_flags, CLINIC.lookalikes) for r in rules.values()} == set(CLINIC.routes)
    for route in CLINIC.routes.values():
        assert route.urgency > 2 or route.how_soon in ("Now.", "Today."), route.id


def test_adults_only_and_the_knee_arthritis_page() -> None:
    assert CLINIC.routes["knee_arthritis"].page == "knee_arthritis"
    assert {f.id for f in CLINIC.red_flags.values() if f.route == "knee_arthritis"} == {
        "new_knee", "told_arthritis", "arthritis_age",
    }  # fmt: skip
    under = CLINIC.red_flags["under_18"].when[0]
    assert under.at_most is not None
    assert under.at_most.value == 17


def test_the_agreed_indicators_are_there() -> None:
    assert {key for key, entry in CLINIC.indicators.items() if not entry.question} == {
        "fppa_at_depth", "pelvic_drop_stance", "step_down_score", "trunk_lean_squat", "heel_raise_count",
        "heel_raise_height_side_difference", "knee_to_wall", "arch_height_ratio", "single_leg_sit_to_stand",
        "squat_pain_depth", "stand_time_30s",
    }  # fmt: skip
    assert {entry.link for entry in CLINIC.indicators.values()} == {"foot", "knee", "hip"}


def test_every_trust_is_our_own_and_shrunk() -> None:
    for indicator in CLINIC.indicators.values():
        for entry in indicator.likelihood:
            assert entry.trust.basis == "house"
            assert entry.trust.value <= 0.85
            assert entry.population
            assert entry.note


def numbers(item: object) -> Iterator[Number]:
    if isinstance(item, Number):
        yield item
    elif isinstance(item, tuple):
        for part in item:
            yield from numbers(part)
    elif isinstance(item, msgspec.Struct):
        for name in item.__struct_fields__:
            yield from numbers(getattr(item, name))


def test_every_bound_of_a_rule_is_sourced_or_says_house() -> None:
    found = [n for _, _, entry in CLINIC.entries() for n in numbers(entry)]
    assert len(found) > 80
    assert {n.basis for n in found} == {"sourced", "house"}
    assert all(n.evidence for n in found if n.basis == "sourced")


def test_a_statement_that_leans_on_a_summary_is_graded_low_at_most() -> None:
    for statement in CLINIC.statements.values():
        read = {LIBRARY.sources[ref.partition("#")[0]].read for ref in statement.evidence}
        assert "summary" not in read or statement.grade not in ("high", "moderate"), statement.id


def test_matching_is_shown_as_low() -> None:
    assert CLINIC.statements["matching"].grade == "low"


def test_no_purpose_claims_to_diagnose_and_the_plain_training_aid_neither_asks_nor_finds() -> None:
    assert set(CLINIC.purposes["training_aid"].parts) == {"measure", "coach"}
    for purpose in CLINIC.purposes.values():
        assert purpose.is_for
        assert purpose.is_not
        assert not re.search(r"diagnos|treat|cure", " ".join(purpose.is_for), re.I)


def test_a_condition_of_every_kind_is_in_use() -> None:
    rules = [*CLINIC.red_flags.values(), *CLINIC.lookalikes.values(), *CLINIC.contradictions.values()]
    conditions = [condition for rule in rules for condition in rule.when]
    for name in Condition.__struct_fields__:
        assert any(getattr(condition, name) for condition in conditions), name


NORMED = [
    (value.indicator, value, sex, age)
    for test in LIBRARY.tests.values()
    for value in test.value
    if value.indicator and any(norm.sex for norm in value.norm)
    for sex in ("female", "male")
    for age in (18, 29, 30, 45, 59, 62, 75, 110)
]


@pytest.mark.parametrize(("indicator", "value", "sex", "age"), NORMED, ids=lambda one: getattr(one, "id", str(one)))
def test_a_finding_compares_with_the_norm_of_age_and_sex_as_the_tests_own_page_does(
    indicator: str, value: Value, sex: str, age: int
) -> None:
    norm = norm_for(value, float(age), sex)
    (used,) = [one for one in indicators(CLINIC, {"age": float(age), "sex": (sex,)}) if one.id == indicator]
    assert norm is not None
    assert used.likelihood.absent[0] == norm.usual.value


def test_somebody_older_who_does_what_is_usual_at_that_age_is_not_told_of_fewer() -> None:
    said = read_answers(USUAL | {"age": 62, "sex": "female", "told": "kneecap_pain"}, CLINIC.questions)
    entry = CLINIC.indicators["heel_raise_count"]
    results = {"heel_raise_count": Estimate(18.0, entry.error.value, entry.unit)}
    (leg,) = assess(said, {"left": results}, CLINIC).legs
    (told,) = [reason for reason in leg.reasons if reason.id == "heel_raise_count"]
    assert told.says != entry.for_it
    assert told.odds < 1
