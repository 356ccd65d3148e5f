"""Written people, each with the route and the focus that are expected of the assessment."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kneeline.clinic.answers import Answers, applies, read_answers
from kneeline.clinic.assess import Assessment, LegSide, assess
from kneeline.clinic.safety import next_question
from kneeline.content.clinic_schema import Question, Referral
from kneeline.content.load import load
from kneeline.model.quantity import Estimate, Measured, NotAssessable

CLINIC = load().clinic
FOLDER = Path(__file__).parent / "vignettes"
USUAL: dict[str, Any] = tomllib.loads((FOLDER / "usual.toml").read_text(encoding="utf-8"))
GROUPS = ("red_flags", "lookalikes", "routine", "contradictory", "missing")
VIGNETTES = [
    pytest.param(vignette, id=f"{group}: {vignette['name']}")
    for group in GROUPS
    for vignette in tomllib.loads((FOLDER / f"{group}.toml").read_text(encoding="utf-8"))["vignette"]
]
KEYS = {"name", "answers", "only", "without", "left", "right", "unseen", "outcome", "route", "because", "ask"} | {
    "focus", "start", "mostly_load", "leads", "contradictions", "at_odds",
}  # fmt: skip


def told(vignette: dict[str, Any]) -> Answers:
    raw = vignette["only"] if "only" in vignette else USUAL | vignette.get("answers", {})
    return read_answers({k: v for k, v in raw.items() if k not in vignette.get("without", ())}, CLINIC.questions)


def measured(vignette: dict[str, Any]) -> dict[LegSide, dict[str, Measured]]:
    results: dict[LegSide, dict[str, Measured]] = {}
    for side in ("left", "right"):
        values = {
            key: Estimate(float(value), CLINIC.indicators[key].error.value, CLINIC.indicators[key].unit)
            for key, value in vignette.get(side, {}).items()
        }
        if values:
            results[side] = {**values}
    for key in vignette.get("unseen", ()):
        results.setdefault("left", {})[key] = NotAssessable("the camera stood at the side")
    return results


def run(vignette: dict[str, Any]) -> Assessment:
    return assess(told(vignette), measured(vignette), CLINIC)


@pytest.mark.parametrize("vignette", VIGNETTES)
def test_the_expected_route_and_focus(vignette: dict[str, Any]) -> None:
    assert set(vignette) <= KEYS
    found = run(vignette)
    assert found.outcome == vignette["outcome"], (found.outcome, [rule.id for rule in found.because], found.ask)
    assert (found.route.id if found.route else None) == vignette.get("route")
    because = [rule.id for rule in found.because]
    assert set(vignette.get("because", ())) <= set(because)
    assert list(found.ask[: len(vignette.get("ask", ()))]) == vignette.get("ask", [])
    assert bool(found.legs) == (found.outcome == "found")
    if found.legs:
        leg = found.legs[0]
        assert (leg.finding.focus or "none") == vignette["focus"], leg.finding.links
        assert list(leg.start) == vignette.get("start", [leg.finding.focus] if leg.finding.focus else ["hip", "knee"])
        assert leg.side == vignette.get("leads", leg.side)
        assert leg.mostly_load == vignette.get("mostly_load", False)
        assert [rule.id for rule in found.contradictions] == vignette.get("contradictions", [])
        assert list(leg.finding.at_odds) == vignette.get("at_odds", [])
        assert set(leg.unseen) == set(vignette.get("unseen", ()))


def test_there_are_at_least_sixty_and_every_red_flag_and_look_alike_is_one() -> None:
    assert len(VIGNETTES) >= 60
    expected = {flag for param in VIGNETTES for flag in param.values[0].get("because", ())}  # type: ignore[attr-defined]
    assert set(CLINIC.red_flags) | set(CLINIC.lookalikes) <= expected
    leading = {run(param.values[0]).because[0].id for param in VIGNETTES if param.values[0]["outcome"] == "stop"}  # type: ignore[attr-defined, index]
    assert set(CLINIC.red_flags) <= leading


def answer_to(question: Question) -> st.SearchStrategy[object]:
    """Any answer that this question takes, or none."""
    if not question.options:
        given: st.SearchStrategy[object] = st.integers(int(question.least or 0), int(question.most or 0))
    elif question.kind == "one":
        given = st.sampled_from([option.id for option in question.options])
    else:
        several = [option.id for option in question.options if not option.alone]
        most = question.most_picks or len(several)
        given = st.lists(st.sampled_from(several), min_size=1, max_size=most, unique=True)
        if alone := [option.id for option in question.options if option.alone]:
            given = given | st.sampled_from(alone)
    return st.none() | given


ANY = st.fixed_dictionaries({question.id: answer_to(question) for question in CLINIC.questions.values()})


def with_flag(flag: Referral, rest: dict[str, object]) -> dict[str, object]:
    """The same answers, but the flag holds; where several answers would do it, the first is given."""
    answers = {key: value for key, value in rest.items() if key not in {c.question for c in flag.unless}}
    for condition in flag.when:
        now = answers.get(condition.question)
        if condition.any_of:
            kept = [p for p in now if p not in ("none", "unsure")] if isinstance(now, list) else []
            pick = condition.any_of[0]
            many = CLINIC.questions[condition.question].kind != "one" and pick != "unsure"
            answers[condition.question] = sorted({*kept, pick}) if many else pick
        elif condition.at_least is not None:
            answers[condition.question] = max(float(now) if isinstance(now, int) else 0.0, condition.at_least.value)
        elif condition.at_most is not None:
            answers[condition.question] = min(float(now) if isinstance(now, int) else 99.0, condition.at_most.value)
    return answers


@pytest.mark.parametrize("flag", CLINIC.red_flags.values(), ids=lambda flag: flag.id)
@settings(max_examples=40, deadline=None)
@given(rest=ANY)
def test_a_red_flag_stops_however_the_rest_is_answered(flag: Referral, rest: dict[str, object]) -> None:
    answers = read_answers(with_flag(flag, rest), CLINIC.questions)
    assert applies(flag, answers)
    found = assess(answers, {"left": {"fppa_at_depth": Estimate(20.0, 3.0, "deg")}}, CLINIC)
    assert found.outcome == "stop"
    assert flag in found.because
    assert found.route is not None
    assert found.route.urgency <= CLINIC.routes[flag.route].urgency
    assert found.legs == ()


@settings(max_examples=300, deadline=None)
@given(rest=ANY, gone=st.sampled_from([q.id for q in CLINIC.questions.values() if q.section == "safety"]))
def test_an_unanswered_question_on_safety_never_passes_as_no(rest: dict[str, object], gone: str) -> None:
    answers = read_answers({**rest, gone: None}, CLINIC.questions)
    found = assess(answers, {}, CLINIC)
    if gone == "injury_signs" and answers.get("injury") in (("no",), ("longer_ago",)):
        return  # not asked
    if found.outcome in ("elsewhere", "found"):  # only where no answer to it could have mattered
        question = CLINIC.questions[gone]
        for option in [option.id for option in question.options] or [20]:
            again = read_answers({**rest, gone: option}, CLINIC.questions)
            assert assess(again, {}, CLINIC).outcome != "stop", (gone, option)


@settings(max_examples=100, deadline=None)
@given(rest=ANY)
def test_the_questions_come_to_an_end_and_nothing_needed_is_left(rest: dict[str, object]) -> None:
    answers: dict[str, object] = {}
    skipped: set[str] = set()
    for _ in range(2 * len(CLINIC.questions)):
        question = next_question(read_answers(answers, CLINIC.questions), CLINIC, skipped)
        if question is None:
            break
        given_now = rest[question.id]
        if given_now is None and question.needed:
            if question.id in skipped:  # asked again: now there is an answer
                given_now = [question.options[0].id] if question.options else question.least
            else:
                skipped.add(question.id)
        if given_now is None:
            skipped.add(question.id)
        else:
            answers[question.id] = given_now
    else:
        pytest.fail("it goes on for ever")
    found = assess(read_answers(answers, CLINIC.questions), {}, CLINIC)
    assert found.outcome in ("stop", "elsewhere", "found"), found.ask


def test_after_a_red_flag_only_what_makes_it_more_urgent_is_asked() -> None:
    hot = read_answers({"age": 34, "told": "not_seen", "today": ["hot"]}, CLINIC.questions)
    more = next_question(hot, CLINIC)
    assert more is not None
    assert more.id == "background"
    assert next_question(read_answers({"today": ["shape"]}, CLINIC.questions), CLINIC) is None
