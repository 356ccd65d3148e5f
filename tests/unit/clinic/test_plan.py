"""The plan itself: what it begins with, what people may change, how it is kept, and what one day asks for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kneeline.clinic.answers import Answers
from kneeline.clinic.assess import COMBINED, Leg
from kneeline.clinic.course import due, next_day, today
from kneeline.clinic.ladder import coached, described, usable, without_gear
from kneeline.clinic.plan import (
    check_plan,
    choices,
    edit_rule,
    plan_record,
    prescribe,
    read_plan,
    start_plan,
    swap,
    travel,
)
from kneeline.content.load import load
from kneeline.model.errors import InputError
from kneeline.model.finding import LINKS, Finding, Link, Probability
from kneeline.model.plan import PainSaid, PlanVersion, RuleEdit, SessionDone, SetDone
from kneeline.motion import Engine
from kneeline.motion.figure import perform

LIBRARY = load()
AT = datetime(2026, 1, 5, 6)


def leg(focus: Link | None = None, mostly_load: bool = False) -> Leg:
    p = Probability(0.4, 0.3, 0.5)
    finding = Finding(dict.fromkeys(LINKS, p), {}, p, p, focus)
    return Leg("right", True, finding, (focus,) if focus else COMBINED, mostly_load, (), (), None, {})


def start(focus: Link | None = None, mostly_load: bool = False, **answers: object) -> PlanVersion:
    said: Answers = {"side": ("right",), "equipment": ("loop", "band", "ball"), **answers}  # type: ignore[dict-item]
    return start_plan(leg(focus, mostly_load), said, LIBRARY, AT)


def exercises(version: PlanVersion) -> list[tuple[str, int, str]]:
    return [(p.exercise, p.rung, p.band) for p in version.plan.prescriptions]


@pytest.mark.parametrize(
    ("focus", "asked"),
    [
        ("hip", [("banded_single_leg_stand", 0, "light")]),
        ("knee", [("terminal_knee_extension", 0, "light")]),
        ("foot", [("calf_raise_ball_squeeze", 0, "")]),
        (None, [("banded_single_leg_stand", 0, "light"), ("terminal_knee_extension", 0, "light")]),
    ],
)
def test_the_finding_says_what_is_trained(focus: Link | None, asked: list[tuple[str, int, str]]) -> None:
    assert exercises(start(focus)) == asked


@pytest.mark.parametrize(
    ("focus", "asked"),
    [
        ("hip", [("standing_leg_lift", 0, "")]),
        ("knee", [("small_squat", 0, "")]),
        ("foot", [("slow_heel_raise", 0, "")]),
    ],
)
def test_with_nothing_at_home_there_is_an_exercise_that_needs_nothing(
    focus: Link, asked: list[tuple[str, int, str]]
) -> None:
    assert exercises(start(focus, equipment=("none",))) == asked


@pytest.mark.parametrize(("pain", "rung"), [(5.0, 0), (6.0, -1), (7.0, -2), (10.0, -2)])
def test_a_sore_knee_begins_lower(pain: float, rung: int) -> None:
    assert start("hip", pain_worst=pain).plan.prescriptions[0].rung == rung


@pytest.mark.parametrize(("days", "per_week", "weekdays"), [(0.0, 1, 1), (2.0, 2, 2), (3.0, 3, 3), (7.0, 3, 3)])
def test_as_many_days_as_suit_and_never_more_than_three(days: float, per_week: int, weekdays: int) -> None:
    plan = start("hip", days=days).plan
    assert plan.prescriptions[0].dose.per_week == per_week
    assert len(plan.weekdays) == weekdays
    assert AT.weekday() in plan.weekdays, "it can begin today"


@pytest.mark.parametrize(
    ("side", "trained", "first"),
    [("left", "left", "left"), ("right", "right", "right"), ("both_left", "both", "left"), ("both", "both", "right")],
)
def test_the_sore_leg_trains_and_of_two_the_worse_one_begins(side: str, trained: str, first: str) -> None:
    p = start("hip", side=(side,)).plan.prescriptions[0]
    assert (p.side, p.first) == (trained, first)


def test_every_exercise_says_in_one_sentence_why_it_is_there() -> None:
    for focus in (None, *LINKS):
        for p in start(focus).plan.prescriptions:
            assert p.why.count(".") == 1
            assert p.why.endswith(".")


def test_where_it_is_mostly_load_that_is_said() -> None:
    assert start("hip", mostly_load=True).change.why == LIBRARY.planning.notices["load_first"]
    assert start("hip").change.why != LIBRARY.planning.notices["load_first"]


@pytest.mark.parametrize(
    "exercise", [e for e in LIBRARY.exercises.values() if e.kind == "exercise"], ids=lambda e: e.id
)
def test_every_rung_is_coached_by_camera_or_says_why_not(exercise: object) -> None:
    begun = start().plan.prescriptions[0]
    for rung in exercise.ladder:  # type: ignore[attr-defined]
        p = replace(begun, exercise=exercise.id, rung=rung.level)  # type: ignore[attr-defined]
        watched = coached(p, LIBRARY)
        assert (watched is None) == bool(rung.not_by_camera)
        assert watched is None or watched.example, "what is watched has worked examples"
        assert described(p, LIBRARY)


@pytest.mark.parametrize(
    "exercise", [e for e in LIBRARY.exercises.values() if e.kind == "exercise"], ids=lambda e: e.id
)
def test_every_exercise_has_a_rung_that_needs_nothing(exercise: object) -> None:
    assert usable(exercise, ()), "else it could not be begun, or done on the way"  # type: ignore[arg-type]


def test_the_engine_takes_the_dose_that_is_prescribed() -> None:
    p = start("hip").plan.prescriptions[0]
    asked = replace(p, dose=replace(p.dose, reps=5, lower_s=4.0))
    exercise = coached(asked, LIBRARY)
    assert exercise is not None
    done = perform(exercise, exercise.example[0].given, side="right")
    engine = Engine(exercise, LIBRARY, side="right")
    engine.push(done.series)
    engine.finish()
    assert engine.result().summary.prescribed_time_under_tension_s == pytest.approx(5 * (2 + 1 + 4))


def test_a_swap_has_its_reason_and_leaves_the_rest_alone() -> None:
    before = start()
    after = swap(before, "terminal_knee_extension", "small_squat", "The band hurts.", LIBRARY, AT)
    assert [p.exercise for p in after.plan.prescriptions] == ["banded_single_leg_stand", "small_squat"]
    assert after.plan.prescriptions[0] == before.plan.prescriptions[0]
    assert (after.change.by, after.change.why) == ("person", "The band hurts.")
    assert any("small squat" in line.lower() for line in after.change.what)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("small_squat", "low_step_up", "not in the plan"),
        ("terminal_knee_extension", "banded_single_leg_stand", "cannot take"),
        ("terminal_knee_extension", "squat_double", "cannot take"),
        ("terminal_knee_extension", "no such\nthing", "cannot take"),
    ],
)
def test_a_swap_that_cannot_be_says_what_can(old: str, new: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        swap(start(), old, new, "", LIBRARY, AT)
    assert all(LIBRARY.exercises[id].kind == "exercise" for id in choices(start().plan, LIBRARY))


def test_a_physio_may_prescribe_anything_within_the_bounds_and_nothing_else() -> None:
    before = replace(start("hip"), plan=replace(start("hip").plan, refer=True))
    p = before.plan.prescriptions[0]
    after = prescribe(before, (replace(p, dose=replace(p.dose, reps=20, sets=4)),), "", LIBRARY, AT)
    assert after.change.by == "physio"
    assert not after.plan.refer, "a physio has looked"
    for wrong in (
        replace(p, dose=replace(p.dose, reps=21)),
        replace(p, dose=replace(p.dose, sets=0)),
        replace(p, dose=replace(p.dose, lower_s=float("nan"))),
        replace(p, dose=replace(p.dose, lower_s=60.0)),
        replace(p, rung=9),
        replace(p, band="strong"),
        replace(p, exercise="no_such_exercise"),
    ):
        with pytest.raises(InputError):
            prescribe(before, (wrong,), "", LIBRARY, AT)
    for many in (
        (),
        (p, p),
        tuple(replace(p, exercise=id) for id in list(LIBRARY.planning.ladders["hip"].exercises) * 2),
    ):
        with pytest.raises(InputError):
            prescribe(before, many, "", LIBRARY, AT)


@pytest.mark.parametrize(
    "edit",
    [
        RuleEdit("no_rule"),
        RuleEdit("pain_over", limits={"fade": 1.0}),
        RuleEdit("pain_over", limits={"session_pain": float("nan")}),
        RuleEdit("pain_over", limits={"session_pain": float("inf")}),
        RuleEdit("not_better", limits={"days_in": 3.0}),
    ],
)
def test_an_edit_of_a_rule_that_cannot_be_is_refused(edit: RuleEdit) -> None:
    with pytest.raises(InputError):
        edit_rule(start(), edit, "", LIBRARY, AT)


def test_the_last_edit_of_a_rule_holds() -> None:
    first = edit_rule(start(), RuleEdit("pain_over", limits={"session_pain": 4.0}), "", LIBRARY, AT)
    second = edit_rule(first, RuleEdit("pain_over", off=True), "", LIBRARY, AT)
    assert second.plan.edits == (RuleEdit("pain_over", off=True),)


def test_a_plan_comes_back_from_its_record_as_it_was() -> None:
    edited = edit_rule(start(), RuleEdit("pain_over", limits={"session_pain": 4.0}), "Less.", LIBRARY, AT)
    kept = json.loads(json.dumps(plan_record(edited)))
    assert read_plan(kept, AT, "physio", "Less.", None, LIBRARY) == edited


@settings(max_examples=80, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
    )
)
def test_a_record_that_is_no_plan_is_refused_in_one_sentence(nonsense: object) -> None:
    whole = plan_record(start())
    for key in whole["plan"]:
        if key in ("hold_until", "edits", "equipment", "refer", "focus", "weekdays", "links", "probabilities", "mode"):
            continue
        with pytest.raises(InputError):
            read_plan({**whole, "plan": {**whole["plan"], key: nonsense}}, AT, "start", "", None, LIBRARY)
    with pytest.raises(InputError):
        read_plan({"plan": nonsense}, AT, "start", "", None, LIBRARY)


# Days


def done(day: int, version: PlanVersion) -> SessionDone:
    sets = tuple(SetDone(p.exercise, p.side, p.dose.reps, (True,) * p.dose.reps) for p in version.plan.prescriptions)
    return SessionDone(f"s{day}", datetime(2026, 1, day, 18), sets, 2.0, 2.0, 2.0)


def said(day: int, value: float) -> PainSaid:
    return PainSaid(f"m{day}", datetime(2026, 1, day, 7), "next_morning", value)


def test_a_week_of_days() -> None:
    begun = start("hip")
    history = [done(5, begun), said(6, 2), done(7, begun), said(8, 5)]
    kinds = {day: today((begun,), history, date(2026, 1, day), LIBRARY).kind for day in range(5, 12)}
    assert kinds == {5: "done", 6: "rest", 7: "done", 8: "rest", 9: "train", 10: "train", 11: "train"}
    assert today((begun,), history, date(2026, 1, 8), LIBRARY).why == LIBRARY.planning.notices["rest_gate"]
    assert today((begun,), history, date(2026, 1, 10), LIBRARY).why == LIBRARY.planning.notices["other_day"]


def test_the_first_day_and_the_same_again() -> None:
    begun, notices = start("hip"), LIBRARY.planning.notices
    assert today((begun,), [], date(2026, 1, 5), LIBRARY).why == notices["first"]
    again = today((begun,), [done(5, begun), said(6, 2)], date(2026, 1, 7), LIBRARY)
    assert (again.kind, again.why) == ("train", notices["same"])


def test_what_is_left_of_today_is_said() -> None:
    begun = start()
    whole = done(5, begun)
    first = replace(whole, sets=whole.sets[:1])
    left = today((begun,), [first], date(2026, 1, 5), LIBRARY)
    assert (left.kind, [p.exercise for p in left.session]) == ("train", ["terminal_knee_extension"])
    assert today((begun,), [whole], date(2026, 1, 5), LIBRARY).kind == "done"


def test_the_morning_after_is_asked_until_it_is_said() -> None:
    begun = start("hip")
    assert due((begun,), [done(5, begun)]) == ("next_morning",)
    assert due((begun,), [done(5, begun), said(6, 2)]) == ()


def test_the_next_day_is_always_ahead_and_meant_for_it() -> None:
    plan = start("hip").plan
    assert next_day(plan, [], date(2026, 1, 5)) == date(2026, 1, 7)
    assert next_day(plan, [date(2026, 1, 6)], date(2026, 1, 6)) == date(2026, 1, 9), "a day of rest in between"


def test_on_the_way_every_part_has_something_without_gear() -> None:
    for focus in (None, *LINKS):
        away = travel(start(focus), True, LIBRARY, AT)
        for p in away.plan.prescriptions:
            bare = without_gear(p, LIBRARY)
            assert bare is not None
            assert bare.link == p.link
            assert coached(bare, LIBRARY) is not None
            assert not bare.band
    home = travel(travel(start(), True, LIBRARY, AT), False, LIBRARY, AT)
    assert home.plan == start().plan


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekdays": ()},
        {"weekdays": (0, 7)},
        {"probabilities": {"hip": float("nan")}},
        {"probabilities": {"hip": 1.5}},
    ],
)
def test_days_and_probabilities_that_are_none_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        check_plan(replace(start().plan, **wrong), LIBRARY)  # type: ignore[arg-type]


def test_a_plan_for_a_library_that_lost_its_exercise_says_so() -> None:
    plan = start().plan
    with pytest.raises(InputError, match="not known here"):
        check_plan(replace(plan, prescriptions=(replace(plan.prescriptions[0], exercise="gone"),)), LIBRARY)
