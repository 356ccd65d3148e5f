"""`kneeline plan`: what it shows from a file of answers and from what is kept, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from makers import Run

from kneeline.content.load import load

USUAL = Path(__file__).parent / "vignettes" / "usual.toml"


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.toml"
    path.write_text("[answers]\n" + USUAL.read_text(encoding="utf-8"), encoding="utf-8")
    return path


def test_a_file_of_answers_gives_the_plan_that_it_would_begin_with(run: Run, answers: Path) -> None:
    ran = run("plan", answers)
    assert ran.code == 0, ran.err
    assert "Why: " in ran.out
    assert "Today: " in ran.out


def test_the_same_for_scripts(run: Run, answers: Path) -> None:
    content = json.loads(run("plan", answers, "--json", "-").out)
    assert content["schema_version"] == 1
    assert 1 <= len(content["plan"]["prescriptions"]) <= 3
    assert content["today"]["kind"] == "train"
    assert content["changes"][0]["by"] == "start"


def test_a_red_flag_comes_before_any_plan(run: Run, answers: Path) -> None:
    text = answers.read_text(encoding="utf-8")
    answers.write_text(
        text.replace('today = ["none"]', 'today = ["stuck"]').replace('today = "none"', 'today = "stuck"')
    )
    ran = run("plan", answers)
    assert ran.code == 2
    assert "red flag" in ran.sentence


def test_the_rules_can_be_read(run: Run) -> None:
    out = run("plan", "--rules").out
    for rule in load().planning.rules.values():
        assert rule.say in out
        assert rule.id in out
    assert "house default" in out
    assert "[S76]" in out


def test_its_days_go_into_a_calendar(run: Run, answers: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.ics"
    assert run("plan", answers, "--calendar", out, "--at", "07:15", "--remind", "10").code == 0
    assert out.read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")
    assert b"T071500" in out.read_bytes()


@pytest.mark.parametrize("at", ["25:00", "noon", "", "7"])
def test_a_time_that_is_none_is_refused(run: Run, answers: Path, at: str) -> None:
    ran = run("plan", answers, "--at", at)
    assert ran.code == 2
    assert "time of day" in ran.sentence


def test_where_nothing_is_kept_it_says_what_to_do(run: Run, tmp_path: Path) -> None:
    ran = run("plan", "--data", tmp_path / "none")
    assert ran.code == 2
    assert "Nothing is kept" in ran.sentence


def test_a_plan_is_begun_from_the_answers_that_are_kept(run: Run, tmp_path: Path) -> None:
    import tomllib
    from datetime import UTC, datetime, timedelta
    from uuid import uuid4

    from kneeline.store import Store
    from kneeline.store.kinds import Answer

    begun = datetime.now(UTC) - timedelta(hours=1)
    with Store.open(tmp_path) as store:
        person = store.local_person(begun).id
    assert run("plan", "--data", tmp_path).sentence.endswith("kneeline plan --start.")
    assert run("plan", "--data", tmp_path, "--start").code == 2
    with Store.open(tmp_path) as store:
        for key, value in tomllib.loads(USUAL.read_text(encoding="utf-8")).items():
            store.record(person, Answer(question=key, question_version=1, value=value), id=uuid4(), at=begun)
    started = run("plan", "--data", tmp_path, "--start")
    assert started.code == 0, started.err
    again = run("plan", "--data", tmp_path)
    assert again.out == started.out
