"""A report is made of records: what is not there is said to be so, and nothing is called better within error."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from report_people import ON, STATES, flare_up, library, new, no_camera, six_weeks

from kneeline.model.diary import Diary, RetestEntry, SetEntry
from kneeline.model.plan import RuleEdit
from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.report.physio.build import LONGEST_OWN, MOST_OWN, Records, own_words, write
from kneeline.report.physio.training import day, results, unseen, weeks
from kneeline.report.physio.whole import Said

LIBRARY = library()
AT = datetime(2026, 2, 10, 18)


def goes(*numbers: float | str, sd: float = 1.0) -> Diary:
    values = [Estimate(n, sd, "reps") if isinstance(n, float) else NotAssessable(n) for n in numbers]
    return Diary(
        retests=tuple(
            RetestEntry(AT + timedelta(days=n), "heel_raise", "left", {"count": value}, {})
            for n, value in enumerate(values)
        )
    )


def heel_raise() -> tuple[str, str]:
    """Test and value that tell how many heel raises were done."""
    return next((t.id, v.id) for t in LIBRARY.tests.values() for v in t.value if v.indicator == "heel_raise_count")


def retested(*numbers: float | str, sd: float = 1.0) -> Diary:
    test, value = heel_raise()
    return Diary(
        retests=tuple(
            replace(one, test=test, values={value: next(iter(one.values.values()))})
            for one in goes(*numbers, sd=sd).retests
        )
    )


def a_set(at: datetime, *, dose: float | None = 0.5, count: int = 10, good: int = 7) -> SetEntry:
    return SetEntry(at, "calf_raise_ball_squeeze", "both", count, good, 30.0, 60.0, dose, {}, {}, {})


@pytest.mark.parametrize(("second", "said"), [(21.0, "within error"), (30.0, "better"), (10.0, "worse")])
def test_a_change_is_told_beyond_error_only(second: float, said: str) -> None:
    (found,) = results(retested(20.0, second), LIBRARY, 34, "female")
    assert found.change == said
    assert found.first == 20.0
    assert found.detectable >= 1.96 * 2**0.5 * 0.999


def test_one_go_is_no_change_and_a_large_error_makes_a_large_step() -> None:
    (once,) = results(retested(20.0), LIBRARY, 34, "female")
    assert (once.change, once.first) == ("", None)
    (unsure,) = results(retested(20.0, 30.0, sd=5.0), LIBRARY, 34, "female")
    assert unsure.change == "within error"


def test_a_number_that_could_not_be_had_is_named_and_is_no_result() -> None:
    diary = retested("the camera stood at the side")
    assert results(diary, LIBRARY, 34, "female") == ()


def test_a_test_that_the_library_does_not_know_is_still_told() -> None:
    (found,) = results(goes(20.0), LIBRARY, None, "")
    assert found.test == "heel raise"
    assert found.reference == "This version does not know the test."
    (missing,) = unseen(goes("too dark"), ON, LIBRARY)
    assert missing.why == "Too dark."


def test_a_norm_of_an_age_and_sex_is_for_whom_they_are_known() -> None:
    (known,) = results(retested(20.0), LIBRARY, 34, "female")
    (unknown,) = results(retested(20.0), LIBRARY, None, "")
    assert known.reference.startswith("Usual for women of 30 to 39")
    assert unknown.reference.startswith("Usual: ")


def test_a_week_without_a_set_received_nothing_and_one_that_nobody_saw_is_not_known() -> None:
    plan = six_weeks().versions[:1]
    seen, by_hand = a_set(AT), a_set(AT + timedelta(days=7), dose=None)
    found = weeks(Diary(sets=(seen, by_hand)), plan, date(2026, 2, 24), LIBRARY)
    assert [(w.sets, w.received_s, w.by_hand) for w in found[-3:]] == [(1, 30.0, 0), (1, None, 10), (0, 0.0, 0)]
    assert all(w.asked_s and w.asked_s > 0 for w in found)


def test_without_a_plan_no_dose_was_asked_for() -> None:
    (week,) = weeks(Diary(sets=(a_set(AT),)), (), AT.date(), LIBRARY)
    assert (week.asked_s, week.judged, week.good) == (None, 10, 7)


def test_sets_that_nobody_saw_are_told_and_never_good() -> None:
    report = write(no_camera(), LIBRARY)
    assert all(week.judged == 0 for week in report.weeks)
    assert any("counted by hand" in one.why for one in report.unseen)
    assert any("camera stood at the side" in one.why for one in report.unseen)


def test_the_plan_comes_with_the_rules_that_changed_it() -> None:
    report = write(flare_up(), LIBRARY)
    assert report.plan is not None
    newest = report.plan.history[0]
    assert newest.by == "rule “A bad morning”"
    assert "house default" in newest.rule
    assert report.plan.mode.startswith("in a bad phase")
    assert [v.on for v in report.plan.history] == sorted((v.on for v in report.plan.history), reverse=True)


def test_a_rule_that_a_physio_changed_is_named() -> None:
    records = six_weeks()
    last = records.versions[-1]
    edited = replace(last, plan=replace(last.plan, edits=(RuleEdit("pain_over", off=True),), refer=True))
    report = write(replace(records, versions=(*records.versions, edited)), LIBRARY)
    assert report.plan is not None
    assert "switched off, by a physio" in report.plan.edits[0]
    assert "is it right to go on?" in report.discuss[0]


def test_every_source_that_is_cited_is_listed() -> None:
    for state in STATES.values():
        report = write(state(), LIBRARY)
        keys = {one.key for one in report.sources}
        assert {key for one in report.statements for key in one.sources} <= keys
        assert {key for one in report.results for key in _keys(one.reference)} <= keys


def test_own_words_are_one_line_without_tricks_and_not_endless() -> None:
    assert own_words(" a\n\tb\u202e c\x00 ") == "a b c?"
    assert len(own_words("x" * 100_000)) < LONGEST_OWN + 20
    assert own_words("") == ""


def test_the_newest_questions_come_first_and_not_all_of_a_hundred() -> None:
    asked = tuple(Said(ON, f"question {n}") for n in range(100))
    report = write(replace(new(), questions=asked), LIBRARY)
    assert len(report.questions) == MOST_OWN
    assert report.questions[0].text == "question 99"


def test_age_comes_from_the_answer_and_else_from_the_year_of_birth() -> None:
    assert write(replace(new(), born=1950), LIBRARY).who.age_years == 34
    assert write(Records(ON, born=1980), LIBRARY).who.age_years == 46


def test_a_day_is_written_the_same_everywhere() -> None:
    assert day(date(2026, 11, 3)) == "3 Nov 2026"


def _keys(words: str) -> set[str]:
    return {key for key in LIBRARY.sources if f"[{key}]" in words}
