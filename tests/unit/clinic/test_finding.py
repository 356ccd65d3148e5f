"""The finding: probabilities that add up, tests that count once, and a focus only where one stands out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.clinic.finding import Indicator, Likelihood, find, next_test, turns
from kneeline.model.finding import LINKS, Probability
from kneeline.model.quantity import Estimate

PRIOR = {"foot": 0.3, "knee": 0.4, "hip": 0.4}
STRONG = Likelihood((10.0, 2.0), (0.0, 2.0), 0.9)
TESTS = [Indicator(f"{link}{i}", link, f"{link} {i}", STRONG, minutes=2.0, error=1.0) for link in LINKS for i in (1, 2)]


def at(value: float, sd: float = 1.0) -> Estimate:
    return Estimate(value, sd, "deg")


def test_without_tests_the_prior_stands() -> None:
    finding = find(TESTS, {}, PRIOR)
    for link in LINKS:
        assert finding.links[link].value == pytest.approx(PRIOR[link], abs=0.03)
    assert finding.focus is None
    assert finding.reasons == ()


@given(st.dictionaries(st.sampled_from([t.id for t in TESTS]), st.floats(-1e4, 1e4), max_size=6))
def test_the_probabilities_add_up(values: dict[str, float]) -> None:
    finding = find(TESTS, {name: at(value) for name, value in values.items()}, PRIOR)
    whole = sum(p.value for p in finding.alone.values()) + finding.several.value + finding.none.value
    assert whole == pytest.approx(1.0)
    for part in (*finding.links.values(), *finding.alone.values(), finding.several, finding.none):
        assert 0.0 <= part.low <= part.value <= part.high <= 1.0


def test_one_link_that_stands_out_is_named() -> None:
    results = {t.id: at(10.0 if t.link == "hip" else 0.0) for t in TESTS}
    finding = find(TESTS, results, PRIOR)
    assert finding.focus == "hip"
    assert finding.alone["hip"].value > 0.5
    assert all(reason.odds > 1 for reason in finding.reasons if reason.link == "hip")
    assert all(reason.odds < 1 for reason in finding.reasons if reason.link != "hip")


def test_two_links_alike_are_not_told_apart() -> None:
    results = {t.id: at(0.0 if t.link == "foot" else 10.0) for t in TESTS}
    finding = find(TESTS, results, PRIOR)
    assert finding.focus is None
    assert finding.several.value > 0.5


def test_tests_of_one_family_count_once() -> None:
    sharp = Indicator("sharp", "hip", "hips", STRONG, error=0.5)
    blunt = Indicator("blunt", "hip", "hips", STRONG, error=6.0)
    one = find([sharp], {"sharp": at(8.0, 0.5)}, PRIOR)
    both = find([sharp, blunt], {"sharp": at(8.0, 0.5), "blunt": at(9.0, 6.0)}, PRIOR)
    assert both.links["hip"] == one.links["hip"]
    assert [(r.test, r.counted) for r in both.reasons] == [("sharp", True), ("blunt", False)]


def test_which_test_of_a_family_counts_does_not_hang_on_its_outcome() -> None:
    sharp = Indicator("sharp", "hip", "hips", STRONG, error=0.5)
    blunt = Indicator("blunt", "hip", "hips", STRONG, error=6.0)
    for value in (-20.0, 0.0, 5.0, 30.0):
        reasons = find([sharp, blunt], {"sharp": at(5.0, 0.5), "blunt": at(value, 6.0)}, PRIOR).reasons
        assert {r.test for r in reasons if r.counted} == {"sharp"}


def test_a_vaguer_measurement_says_less() -> None:
    probabilities = [find(TESTS, {"hip1": at(10.0, sd)}, PRIOR).links["hip"].value for sd in (0.5, 4.0, 40.0)]
    assert probabilities == sorted(probabilities, reverse=True)
    assert probabilities[-1] == pytest.approx(PRIOR["hip"], abs=0.05)


def test_an_absurd_result_says_nothing() -> None:
    assert find(TESTS, {"hip1": at(1e9)}, PRIOR).links == find(TESTS, {}, PRIOR).links


def test_an_unknown_result_is_not_counted() -> None:
    assert find(TESTS, {"never heard of": at(3.0)}, PRIOR) == find(TESTS, {}, PRIOR)


def test_doubt_in_what_is_assumed_widens_the_range() -> None:
    finding = find(TESTS, {"hip1": at(10.0)}, PRIOR)
    assert finding.links["hip"].high - finding.links["hip"].low > 0.02


def test_the_next_test_is_the_one_that_tells_most_per_minute() -> None:
    quick = Indicator("quick", "knee", "a", STRONG, minutes=1.0, error=1.0)
    slow = Indicator("slow", "knee", "b", STRONG, minutes=9.0, error=1.0)
    useless = Indicator("useless", "foot", "c", Likelihood((1.0, 5.0), (0.9, 5.0), 0.2), minutes=0.1)
    found = next_test([slow, useless, quick], {}, PRIOR)
    assert found is not None
    assert found[0] is quick
    assert 0.0 < found[1] < 1.0


def test_testing_stops_when_nothing_would_change() -> None:
    results = {t.id: at(10.0 if t.link == "hip" else 0.0) for t in TESTS}
    assert next_test(TESTS, results, PRIOR) is None
    sharper = Indicator("again", "hip", "hip 1", STRONG, error=1.0)
    assert next_test([*TESTS, sharper], results, PRIOR) is None


def test_a_probability_lies_in_its_range() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        Probability(0.5, 0.6, 0.7)
    with pytest.raises(ValueError, match="does not hold"):
        Probability(math.nan, 0.0, 1.0)


def test_tests_of_a_family_that_contradict_make_it_less_sure() -> None:
    sharp = Indicator("sharp", "hip", "hips", STRONG, error=0.5)
    blunt = Indicator("blunt", "hip", "hips", STRONG, error=1.0)
    agree = find([sharp, blunt], {"sharp": at(10.0, 0.5), "blunt": at(10.0)}, PRIOR)
    clash = find([sharp, blunt], {"sharp": at(10.0, 0.5), "blunt": at(0.0)}, PRIOR)
    assert agree.at_odds == ()
    assert clash.at_odds == ("hips",)
    assert PRIOR["hip"] < clash.links["hip"].value < agree.links["hip"].value
    width = [f.links["hip"].high - f.links["hip"].low for f in (agree, clash)]
    assert width[1] > width[0]


def test_doubted_answers_bring_it_nearer_to_the_prior_and_make_the_range_wider() -> None:
    sure, doubted = (find(TESTS, {"hip1": at(10.0)}, PRIOR, doubted=doubt).links["hip"] for doubt in (False, True))
    assert PRIOR["hip"] < doubted.value < sure.value
    assert doubted.high - doubted.low > sure.high - sure.low


def test_what_would_change_our_mind_does() -> None:
    results = {t.id: at(10.0 if t.link == "hip" else 0.0) for t in TESTS}
    focus = find(TESTS, results, PRIOR).focus
    found = turns(TESTS, results, PRIOR)
    assert focus == "hip"
    for turn in found:
        again = find(TESTS, results | {turn.test: at(turn.value)}, PRIOR)
        assert again.focus == turn.focus != focus
    one = turns(TESTS[:1], {TESTS[0].id: at(10.0)}, PRIOR)
    assert one == ()


def test_a_lone_test_may_turn_the_focus_and_says_where() -> None:
    one, other = TESTS[4:]
    assert one.link == other.link == "hip"
    results = {one.id: at(10.0), other.id: at(10.0), **{t.id: at(0.0) for t in TESTS[:2]}}
    assert find(TESTS, results, PRIOR).focus == "hip"
    turn = next(turn for turn in turns(TESTS, results, PRIOR) if turn.test == one.id)
    assert turn.focus is None
    assert 3.0 < turn.value < 8.0


def test_two_links_that_both_ask_are_not_played_off_against_each_other() -> None:
    results = {t.id: at(-4.0 if t.link == "foot" else 10.0 + (t.link == "knee")) for t in TESTS}
    assert find(TESTS, results, PRIOR).focus is None
