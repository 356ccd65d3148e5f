"""Scores of published questionnaires, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.clinic.scores import score
from kneeline.content.load import load
from kneeline.model.errors import InputError
from kneeline.model.quantity import Estimate, NotAssessable

AKPS = load().clinic.questionnaires["akps"]
KOOS_PF = load().clinic.questionnaires["koos_pf"]


def value(measured: object) -> float:
    assert isinstance(measured, Estimate)
    return measured.value


def test_the_best_answers_of_the_kujala_score_add_up_to_100_and_the_worst_to_0() -> None:
    assert len(AKPS.item) == 13
    assert sum(max(item.points) for item in AKPS.item) == 100
    assert value(score(AKPS, {item.id: item.points[0] for item in AKPS.item})) == 100
    assert value(score(AKPS, {item.id: item.points[-1] for item in AKPS.item})) == 0


def test_the_kujala_points_are_the_published_ones() -> None:
    """Web copies are known to be wrong for the limp and for squats."""
    points = {item.id: item.points for item in AKPS.item}
    assert points["limp"] == (5, 3, 0)
    assert points["squatting"] == (5, 4, 3, 2, 0)
    assert points["jumping"] == (10, 7, 2, 0)


def test_a_kujala_score_by_hand() -> None:
    second = {item.id: item.points[1] for item in AKPS.item}
    assert value(score(AKPS, second)) == 3 + 3 + 3 + 8 + 4 + 8 + 7 + 8 + 8 + 8 + 6 + 3 + 3


def test_koos_pf_by_hand() -> None:
    assert len(KOOS_PF.item) == 11
    none = {item.id: 0 for item in KOOS_PF.item}
    assert value(score(KOOS_PF, none)) == 100
    assert value(score(KOOS_PF, dict.fromkeys(none, 4))) == 0
    assert value(score(KOOS_PF, none | {"pf1": 4, "pf2": 2, "pf3": 1})) == pytest.approx(100 - 100 * 7 / 44)


def test_koos_pf_takes_the_mean_of_what_is_answered_from_half_of_it_on() -> None:
    assert value(score(KOOS_PF, {f"pf{i}": 2 for i in range(1, 7)})) == 50
    assert isinstance(score(KOOS_PF, {f"pf{i}": 2 for i in range(1, 6)}), NotAssessable)


def test_a_kujala_score_with_an_item_left_out_is_no_score() -> None:
    told = {item.id: item.points[0] for item in AKPS.item if item.id != "limp"}
    missing = score(AKPS, told)
    assert isinstance(missing, NotAssessable)
    assert "12 of 13" in missing.reason
    assert isinstance(score(AKPS, {}), NotAssessable)


@pytest.mark.parametrize("points", [{"limp": 4}, {"limp": True}, {"lump": 5}, {"limp": 5.5}, {"limp": "5"}])
def test_points_that_are_not_offered_are_refused(points: dict[str, int]) -> None:
    with pytest.raises(InputError):
        score(AKPS, points)


@given(st.fixed_dictionaries({item.id: st.sampled_from(item.points) for item in AKPS.item}))
def test_every_score_lies_between_0_and_100(points: dict[str, int]) -> None:
    assert 0 <= value(score(AKPS, points)) <= 100


def test_their_wording_is_not_in_here() -> None:
    for questionnaire in (AKPS, KOOS_PF):
        assert questionnaire.licence
        assert max(len(item.label.split()) for item in questionnaire.item) <= 4
