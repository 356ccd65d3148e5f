"""Six weeks, lived sixteen times: what a physio would want of the plan is written in each course, and it does that.

Each course in courses/ says what somebody does and feels, and every change of the plan expected of it, in order.
"""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from makers import Run

from kneeline.clinic.simulate import Course, live, read_course, told
from kneeline.content.load import load
from kneeline.model.plan import SessionDone
from kneeline.report.plan import diary

LIBRARY = load()
FOLDER = Path(__file__).parent / "courses"
FILES = sorted(FOLDER.glob("*.toml"))
MANUAL = Path(__file__).resolve().parents[2] / "docs" / "six-weeks.md"


def course(path: Path) -> Course:
    return read_course(tomllib.loads(path.read_text(encoding="utf-8")), path.name)


def named(start: str) -> Course:
    return course(next(path for path in FILES if path.stem.partition("_")[2] == start))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_plan_changes_when_and_as_a_physio_would_want(path: Path) -> None:
    lived = course(path)
    assert told(live(lived, LIBRARY)) == tuple((one.day, one.by) for one in lived.expect)


def test_there_are_at_least_twelve_of_six_weeks() -> None:
    assert len(FILES) >= 12
    assert all(course(path).days >= 42 for path in FILES)


def test_every_rule_fires_in_some_course_or_in_a_test_of_its_own() -> None:
    fired = {by for path in FILES for _, by in told(live(course(path), LIBRARY))}
    elsewhere = {"flare_up_said", "morning_twice", "form_lost", "little_better", "too_little_still", "worse"}
    assert set(LIBRARY.planning.rules) - fired == elsewhere, "tests/unit/clinic/test_plan_rules.py tries these"


def test_while_a_physio_is_waited_for_nothing_gets_harder() -> None:
    lived = live(named("worse_at_two_weeks"), LIBRARY)
    after = [v.plan.prescriptions for one in lived for v in one.versions if v.plan.refer]
    assert len(after) > 1
    assert len(set(after)) == 1


def test_one_side_only_trains_that_side_only() -> None:
    lived = live(named("one_side"), LIBRARY)
    assert {one.side for day in lived if day.session for one in day.session.sets} == {"left"}


def test_on_the_way_nothing_is_needed_and_at_home_all_is_as_before() -> None:
    lived = live(named("travel"), LIBRARY)
    before, away, after = lived[11], lived[16], lived[23]
    assert (before.today.kind, away.today.kind, after.today.kind) == ("train", "travel", "train")
    assert [p.band for p in away.today.session] == [""]
    assert after.today.session == before.today.session


def test_missed_days_are_not_held_against_anybody() -> None:
    lived = live(named("missed_weeks"), LIBRARY)
    back = next(day for day in lived if day.number > 31 and day.session)
    assert back.today.why == LIBRARY.planning.rules["long_break"].say
    said = " ".join(day.today.why for day in lived)
    assert not any(word in said.lower() for word in ("missed", "failed", "should have", "again you"))


def test_a_bad_phase_makes_sessions_short_and_a_sore_morning_a_rest() -> None:
    lived = live(named("flare_up"), LIBRARY)
    assert lived[15].today.why == LIBRARY.planning.notices["rest_gate"]
    eased = [day.today for day in lived if day.today.kind == "ease"]
    assert eased
    assert all(p.dose.sets <= 2 for one in eased for p in one.session)


def test_the_switch_moves_the_probabilities_and_leaves_the_likelier_part_in() -> None:
    lived = live(named("switch_of_focus"), LIBRARY)
    before, after = (
        next(v for d in lived for v in d.versions if v.change.rule == rule) for rule in ("teach", "not_better")
    )
    assert before.plan.links == ("hip", "knee")
    assert after.plan.links == ("foot", "hip")
    assert after.plan.probabilities["hip"] < before.plan.probabilities["hip"]
    assert after.plan.probabilities["foot"] == before.plan.probabilities["foot"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_day_has_a_session_after_a_session(path: Path) -> None:
    if course(path).stretch[0].trains == "every_day":
        pytest.skip("this one trains every day, whatever the plan says")
    days = [day.number for day in live(course(path), LIBRARY) if isinstance(day.session, SessionDone)]
    assert all(later - earlier >= 2 for earlier, later in pairwise(days))


def test_the_diary_in_the_manual_is_fresh(run: Run, tmp_path: Path) -> None:
    ran = run("simulate", *FILES, "--markdown", tmp_path / "page.md")
    assert ran.code == 0, ran.err
    again = "run: kneeline simulate tests/spec/courses/*.toml --markdown docs/six-weeks.md"
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == MANUAL.read_text(encoding="utf-8"), again


def test_the_diary_tells_every_change_and_why() -> None:
    one = named("steady")
    lived = live(one, LIBRARY)
    text = "\n".join(diary(one, lived, LIBRARY))
    for day in lived:
        for version in day.versions:
            assert version.change.why in text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "`name`"),
        ("name = 1", "Expected `str`"),
        ("days = 0", "course"),
        ("= nonsense", "no TOML"),
        (b"\xff\xfe\x00", "no TOML"),
        ("stretch = 3", "course"),
        ('unknown = "x"', "unknown"),
    ],
    ids=["empty", "wrong kind", "no days", "no TOML", "no text", "no table", "unknown key"],
)
def test_a_file_that_is_no_course_is_answered_in_one_sentence(
    run: Run, tmp_path: Path, content: str | bytes, says: str
) -> None:
    path = tmp_path / "course.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    ran = run("simulate", path)
    assert ran.code == 2
    assert ran.out == ""
    assert says in ran.sentence


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("days = 100000", "370"),
        ("stretch = [{ first = 5, last = 2 }]", "from day 5 to day 2"),
        ("stretch = [{ first = 1, last = 9 }, { first = 9, last = 12 }]", "same day"),
        ("stretch = [{ first = 1, last = 9, during = 11 }]", "10"),
        ("stretch = [{ first = 1, last = 9, during = nan }]", "course"),
        ('said = [{ day = 2, swap = ["small_squat", "low_step_up"] }]', "not in the plan"),
        ('said = [{ day = 2, swap = ["banded_single_leg_stand", "squat_double"] }]', "cannot take its place"),
        ('said = [{ day = 2, physio = { rule = "no_such_rule" } }]', "no rule"),
        ('said = [{ day = 2, physio = { rule = "pain_over", limits = { fade = 3 } } }]', "fade"),
        ('said = [{ day = 2, physio = { rule = "pain_over", limits = { session_pain = inf } } }]', "limit"),
    ],
)
def test_what_cannot_be_is_answered_in_one_sentence(run: Run, tmp_path: Path, change: str, says: str) -> None:
    path = tmp_path / "course.toml"
    start = 'start = { focus = "hip", equipment = ["loop"] }'
    path.write_text(f'name = "A"\nstory = "B"\nbegins = 2026-01-05\n{start}\n{change}\n')
    ran = run("simulate", path)
    assert ran.code == 2, ran.out
    assert says in ran.sentence
