"""The rules of a plan: what holds for any history whatever, and each rule at its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kneeline.clinic.course import follow, today
from kneeline.clinic.ladder import step_up
from kneeline.clinic.plan import check_plan, edit_rule, start_plan
from kneeline.clinic.rules import COMPUTED, History
from kneeline.clinic.simulate import Course, Lived, Said, Start, Stretch, live, made_up_answers, made_up_leg, told
from kneeline.content.load import load
from kneeline.content.plan_schema import SIGNALS
from kneeline.model.finding import LINKS
from kneeline.model.plan import (
    BANDS,
    Happened,
    PainSaid,
    PlanVersion,
    Prescription,
    Retested,
    RuleEdit,
    SessionDone,
    SetDone,
)

LIBRARY = load()
MONDAY = date(2026, 1, 5)
NEEDS = ("ball", "band", "loop", "step", "chair")
LIMIT = LIBRARY.planning.rules["pain_over"].when[0].above

pains = st.sampled_from([0.0, 1.0, 2.0, 3.0, 5.0, 5.5, 7.0, 10.0])
starts = st.builds(
    Start,
    side=st.sampled_from(["left", "right", "both_left", "both"]),
    focus=st.sampled_from([None, "foot", "hip", "knee"]),
    probabilities=st.fixed_dictionaries({link: st.sampled_from([0.0, 0.2, 0.6, 1.0]) for link in LINKS}),
    equipment=st.lists(st.sampled_from(NEEDS), unique=True).map(tuple),
    days=st.sampled_from([0.0, 1.0, 2.0, 3.0, 7.0]),
    pain_worst=pains,
)


@st.composite
def stretches(draw: st.DrawFn) -> tuple[Stretch, ...]:
    found, first = [], 1
    while first <= 30:
        last = first + draw(st.integers(2, 9))
        found.append(
            Stretch(
                first=first,
                last=last,
                trains=draw(st.sampled_from(["as_planned", "as_planned", "every_day", "never"])),
                before=draw(pains),
                during=draw(pains),
                after=draw(pains),
                morning=draw(pains),
                morning_told=draw(st.sampled_from([True, True, False])),
                good=draw(st.sampled_from([1.0, 0.9, 0.9, 0.7, 0.5, 0.0])),
                off_line=draw(st.sampled_from([0.0, 0.0, 0.0, 0.4])),
                fades=draw(st.sampled_from([False, False, True])),
                spare=draw(st.sampled_from([2, 4, 0, -3])),
                left_out=draw(st.sampled_from([0, 0, 0, 1])),
                seen=draw(st.sampled_from([True, True, False])),
            )
        )
        first = last + 1
    return tuple(found)


changes = st.sampled_from(["much_worse", "bit_worse", "same", "bit_better", "better"])
sayings = st.builds(
    Said,
    day=st.integers(2, 30),
    stairs=st.none() | pains,
    now=st.none() | pains,
    run_km=st.none() | st.sampled_from([3.0, 10.0, 30.0]),
    change=st.none() | changes,
    travels=st.none() | st.booleans(),
    bad_phase=st.sampled_from([False, False, True]),
)
courses = st.builds(
    Course,
    name=st.just("any"),
    story=st.just("any"),
    begins=st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    days=st.just(30),
    start=starts,
    stretch=stretches(),
    said=st.lists(sayings, max_size=6).map(tuple),
)
anything = settings(max_examples=60, deadline=None)


def versions_of(lived: Sequence[Lived]) -> list[PlanVersion]:
    return [version for one in lived for version in one.versions]


def events_of(lived: Sequence[Lived]) -> list[Happened]:
    return [event for one in lived for event in (*one.said, *([one.session] if one.session else []))]


def harder(before: Prescription, after: Prescription) -> bool:
    """More load in any of the ways that a plan has: a higher rung, a stronger band on it, more repetitions."""
    stronger = after.rung == before.rung and BANDS.index(after.band) > BANDS.index(before.band)
    more = after.dose.repetitions > before.dose.repetitions or after.dose.per_week > before.dose.per_week
    return after.rung > before.rung or stronger or more


@anything
@given(courses)
def test_pain_above_the_limit_never_leads_to_more_load(course: Course) -> None:
    lived = live(course, LIBRARY)
    events = sorted(events_of(lived), key=lambda event: event.at)
    assert LIMIT is not None
    for older, newer in pairwise(versions_of(lived)):
        sessions = [e for e in events if isinstance(e, SessionDone) and e.at <= newer.change.at]
        mornings = [e for e in events if isinstance(e, PainSaid) and e.of == "next_morning" and e.at <= newer.change.at]
        pain = [v for v in (sessions[-1].pain_during, sessions[-1].pain_after) if v is not None] if sessions else []
        pain += [mornings[-1].value] if mornings and mornings[-1].at > sessions[-1].at else []
        if max(pain, default=0.0) > LIMIT.value:
            was = {p.exercise: p for p in older.plan.prescriptions}
            assert not any(harder(was[p.exercise], p) for p in newer.plan.prescriptions if p.exercise in was)


@anything
@given(courses)
def test_no_rule_fires_twice_for_one_event(course: Course) -> None:
    used = [(v.change.rule, id) for v in versions_of(live(course, LIBRARY)) if v.change.rule for id in v.change.because]
    assert len(used) == len(set(used))


@anything
@given(courses)
def test_a_plan_is_always_within_the_content_and_its_bounds(course: Course) -> None:
    for version in versions_of(live(course, LIBRARY)):
        check_plan(version.plan, LIBRARY)
        assert all(0 <= p <= 1 for p in version.plan.probabilities.values())


@anything
@given(courses)
def test_the_same_history_gives_the_same_plan(course: Course) -> None:
    assert live(course, LIBRARY) == live(course, LIBRARY)


@anything
@given(courses, st.integers(1, 29))
def test_what_comes_later_never_changes_what_was_decided(course: Course, days: int) -> None:
    whole = live(course, LIBRARY)
    assert live(msgspec.structs.replace(course, days=days), LIBRARY) == whole[:days]


@settings(max_examples=30, deadline=None)
@given(courses, st.randoms())
def test_looked_at_daily_or_once_and_in_any_order_it_is_the_same(course: Course, random: object) -> None:
    said = tuple(msgspec.structs.replace(one, bad_phase=False, travels=None) for one in course.said)
    lived = live(msgspec.structs.replace(course, said=said), LIBRARY)
    daily, events = versions_of(lived), events_of(lived)
    random.shuffle(events)  # type: ignore[attr-defined]
    once = follow(daily[:1], events, lived[-1].today.day, LIBRARY)
    assert list(once) == daily[1:]
    assert follow(daily, events, lived[-1].today.day, LIBRARY) == ()


@anything
@given(courses)
def test_every_day_has_its_reason_and_a_session_to_do_or_a_rest(course: Course) -> None:
    for one in live(course, LIBRARY):
        assert one.today.why
        assert bool(one.today.session) == (one.today.kind in ("train", "ease", "travel"))
        assert "{" not in one.today.why
        if one.today.kind == "rest":
            assert one.today.next_day is not None
            assert one.today.next_day > one.today.day


def test_every_signal_that_is_listed_is_computed() -> None:
    assert set(COMPUTED) == set(SIGNALS)


# One rule each, at its limit


def begun(focus: str | None = "hip", **more: object) -> PlanVersion:
    start = Start(focus=focus, **{"equipment": ("loop", "band"), **more})  # type: ignore[arg-type]
    return start_plan(made_up_leg(start), made_up_answers(start), LIBRARY, datetime(2026, 1, 5, 6))


def session(day: int, plan: PlanVersion, pain: float = 2.0, good: float = 1.0, spare: int = 0) -> SessionDone:
    sets = []
    for p in plan.plan.prescriptions:
        reps = p.dose.reps + spare
        marks = tuple(n < round(good * reps) for n in range(reps))
        sets += [SetDone(p.exercise, p.side, p.dose.reps, tuple(reversed(marks)))] * p.dose.sets
    at = datetime(2026, 1, 5, 18) + timedelta(days=day - 1)
    return SessionDone(f"s{day}", at, tuple(sets), 2.0, pain, pain)


def morning(day: int, value: float) -> PainSaid:
    return PainSaid(f"m{day}", datetime(2026, 1, 5, 7) + timedelta(days=day - 1), "next_morning", value)


def rules_of(start: PlanVersion, *events: Happened, until: int = 6) -> list[str | None]:
    return [v.change.rule for v in follow([start], events, MONDAY + timedelta(days=until - 1), LIBRARY)]


@pytest.mark.parametrize(("pain", "fires"), [(5.0, []), (5.1, ["pain_over"])])
def test_pain_at_the_limit_is_allowed_and_above_it_is_not(pain: float, fires: list[str]) -> None:
    start = begun()
    assert rules_of(start, session(1, start, pain)) == fires


@pytest.mark.parametrize(("value", "fires"), [(3.9, []), (4.0, ["morning_worse"]), (7.0, ["flare_up_morning"])])
def test_the_morning_after_is_a_gate(value: float, fires: list[str]) -> None:
    start = begun()
    assert rules_of(start, session(1, start), morning(2, value)) == fires


def test_two_bad_mornings_go_back_a_step() -> None:
    start = begun()
    events = (session(1, start), morning(2, 4), session(3, start), morning(4, 4))
    versions = follow([start], events, MONDAY + timedelta(days=5), LIBRARY)
    assert [v.change.rule for v in versions] == ["morning_worse", "morning_twice"]
    assert versions[-1].plan.prescriptions[0].rung == -1


def test_a_bad_day_that_is_said_is_a_bad_phase_and_two_calm_mornings_end_it_also_without_a_session() -> None:
    start = begun()
    said = PainSaid("now", datetime(2026, 1, 6, 12), "now", 7.0)
    assert rules_of(start, session(1, start), said, morning(3, 3), morning(4, 3)) == ["flare_up_said", "settled"]
    assert rules_of(start, session(1, start), said, morning(3, 3), morning(4, 4)) == ["flare_up_said"]


@pytest.mark.parametrize(("good", "fires"), [(0.5, ["form_lost"]), (0.75, [])])
def test_form_comes_before_load(good: float, fires: list[str]) -> None:
    start = begun()
    assert rules_of(start, session(1, start, good=good)) == fires


@pytest.mark.parametrize("missing", ["morning", "spare", "form", "pain", "set"])
def test_a_step_up_needs_all_of_it_twice(missing: str) -> None:
    start = begun()
    first = session(1, start, spare=2)
    second = {
        "morning": session(3, start, spare=2),
        "spare": session(3, start, spare=1),
        "form": session(3, start, spare=2, good=0.75),
        "pain": session(3, start, spare=2, pain=3),
        "set": replace(session(3, start, spare=2), sets=session(3, start, spare=2).sets[1:]),
    }[missing]
    whole = (first, morning(2, 2), session(3, start, spare=2), morning(4, 2))
    assert rules_of(start, *whole) == ["two_for_two"]
    last = () if missing == "morning" else (morning(4, 2),)
    assert rules_of(start, first, morning(2, 2), second, *last) == []


def test_a_day_of_two_sessions_with_an_exercise_each_counts_for_both() -> None:
    start, events = begun(None), list[Happened]()
    for day in (1, 3):
        whole = session(day, start, spare=2)
        for n, p in enumerate(start.plan.prescriptions):
            sets = tuple(one for one in whole.sets if one.exercise == p.exercise)
            events.append(replace(whole, id=f"{day} {n}", at=whole.at + timedelta(minutes=20 * n), sets=sets))
        events.append(morning(day + 1, 2))
    (version,) = follow([start], events, MONDAY + timedelta(days=5), LIBRARY)
    assert version.change.rule == "two_for_two"
    assert [p.rung for p in version.plan.prescriptions] == [1, 1]


def test_what_nobody_knows_is_no_yes() -> None:
    start = begun()
    unsaid = [replace(session(day, start, spare=2), pain_during=None, pain_after=None) for day in (1, 3)]
    assert rules_of(start, unsaid[0], morning(2, 2), unsaid[1], morning(4, 2)) == []


@pytest.mark.parametrize(
    ("day", "steps", "fires"),
    [
        (17, -1, "worse"),
        (30, -2, "worse"),
        (30, 2, "better"),
        (30, 0, "too_little_done"),
        (30, 1, "too_little_done"),
        (43, 1, "too_little_still"),
        (43, 0, "no_gain"),
    ],
)
def test_a_re_test_is_answered_by_its_day_and_its_steps(day: int, steps: int, fires: str) -> None:
    start = begun()
    again = Retested("r", datetime(2026, 1, 5, 12) + timedelta(days=day - 1), steps)
    found = rules_of(start, again, until=day)
    assert fires in found
    assert {"worse", "better", "too_little_done", "too_little_still", "no_gain", "not_better"} & {*found} == {fires}


def test_only_a_little_better_after_six_weeks_changes_the_focus_when_enough_was_done() -> None:
    start = begun()
    trained = [session(day, start) for day in range(1, 40, 3)]
    again = Retested("r", datetime(2026, 2, 15, 12), 1, {"foot": 0.8, "hip": 0.5, "knee": 0.1})
    versions = follow([start], [*trained, again], date(2026, 2, 15), LIBRARY)
    last = next(v for v in versions if v.change.rule == "little_better")
    assert last.plan.links == ("foot",), "a new finding counts, not the one of the beginning"
    assert last.plan.focus == "foot"
    assert last.plan.probabilities["hip"] < 0.5


def test_a_rule_that_a_physio_switched_off_is_silent_for_this_person() -> None:
    start = begun()
    off = edit_rule(start, RuleEdit("pain_over", off=True), "", LIBRARY, start.change.at)
    assert off.change.by == "physio"
    assert [v.change.rule for v in follow([start, off], [session(1, start, 6)], MONDAY, LIBRARY)] == []
    assert rules_of(start, session(1, start, 6)) == ["pain_over"]


def test_a_session_without_sets_eases_everything_when_it_hurt() -> None:
    start = begun(None)
    hurt = replace(session(1, start, 6), sets=())
    (version,) = follow([start], [hurt], MONDAY, LIBRARY)
    assert all(
        p.dose.reps < q.dose.reps for p, q in zip(version.plan.prescriptions, start.plan.prescriptions, strict=True)
    )


def test_what_was_taken_away_comes_back_before_anything_new() -> None:
    p = begun().plan.prescriptions[0]
    less = replace(p, dose=replace(p.dose, reps=7, sets=2, lower_s=5.0))
    steps = [less]
    while (up := step_up(steps[-1], ("loop",), LIBRARY)) is not None:
        steps.append(up)
    assert steps[1].dose.reps == 12
    assert [(s.rung, s.band) for s in steps[:4]] == [(0, "light")] * 4
    assert [s.dose.sets for s in steps[:3]] == [2, 2, 3]
    assert [(s.rung, s.band) for s in steps[4:8]] == [(1, "medium"), (1, "strong"), (2, "medium"), (3, "light")]
    assert steps[-1].dose.sets == 4, "the top of the ladder: one set more, and then no further"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e9])
def test_absurd_pain_breaks_nothing_and_never_makes_it_harder(value: float) -> None:
    start = begun()
    events = [
        session(1, start, value, spare=2),
        morning(2, value),
        session(3, start, value, spare=2),
        morning(4, value),
    ]
    for version in follow([start], events, MONDAY + timedelta(days=6), LIBRARY):
        check_plan(version.plan, LIBRARY)
    if value != -1.0:
        final = [start, *follow([start], events, MONDAY + timedelta(days=6), LIBRARY)][-1]
        assert not harder(start.plan.prescriptions[0], final.plan.prescriptions[0])


def test_nothing_at_all_happens_for_a_year() -> None:
    start = begun()
    versions = follow([start], [], date(2027, 1, 5), LIBRARY)
    assert [v.change.rule for v in versions].count("long_break") == 1
    day = today((start, *versions), [], date(2027, 1, 6), LIBRARY)
    assert day.kind in ("train", "rest")


def test_signals_of_a_history_without_events_are_unknown_and_not_zero() -> None:
    start = begun()
    event = PainSaid("x", datetime(2026, 1, 5, 12), "stairs", 3.0)
    history = History((start,), (event,), LIBRARY)
    known = {
        name for name, signal in COMPUTED.items() if signal(history, event, start.plan.prescriptions[0]) is not None
    }
    assert known == {"days_in", "days_away", "sessions_over"}


def test_the_courses_do_something() -> None:
    course = Course(
        name="x", story="x", begins=MONDAY, days=30, start=Start(equipment=("loop",), focus="hip"),
        stretch=(Stretch(first=1, last=30, spare=2),),
    )  # fmt: skip
    assert sum(rule == "two_for_two" for _, rule in told(live(course, LIBRARY))) >= 3
