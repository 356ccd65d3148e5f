"""What plans rest on is refused where it does not hold together, with the file, the key and what would be allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kneeline.content.load import DATA, load
from kneeline.model.errors import ContentError

RULE = """
[mine]
name = "Mine"
on = "{on}"
when = [{when}]
do = "{do}"
{more}
say = "Less today."
basis = "{basis}"
"""
PAIN = '{ signal = "session_pain", above = { value = 5, unit = "points", basis = "house" } }'
HOUSE = 'basis = "house" }'


def rule(on: str = "session", when: str = PAIN, do: str = "step_back", more: str = "", basis: str = "house") -> str:
    return RULE.format(on=on, when=when, do=do, more=more, basis=basis)


def test_a_rule_of_ones_own_is_added(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(rule())
    assert load(tmp_path).planning.rules["mine"].do == "step_back"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (rule(when=PAIN.replace("session_pain", "mood")), "Invalid enum value 'mood'"),
        (rule(when='{ signal = "session_pain" }'), "exactly one"),
        (rule(when=PAIN.replace("} }", f'}}, below = {{ value = 9, unit = "points", {HOUSE} }}')), "exactly one"),
        (rule(when=PAIN.replace("points", "deg")), "'points'"),
        (rule(when=""), "a condition"),
        (rule(more="times = 0"), "times of 1 or more"),
        (rule(more="modes = []"), "a mode"),
        (rule(do="ease"), "amount"),
        (rule(do="ease", more=f'amount = {{ value = 2, unit = "share", {HOUSE}'), "between 0 and 1"),
        (rule(do="hold"), "hold"),
        (rule(do="ask"), "belongs to ask"),
        (rule(do="jump"), "allowed: ease, step_back"),
        (rule(basis="sourced"), "names its"),
        (rule(basis="sourced", more='evidence = ["S76#nowhere"]'), "nowhere"),
        (rule(on="day"), "which day it is"),
        (rule(when=f'{{ signal = "days_in", reaches = {{ value = 7, unit = "days", {HOUSE} }}'), "reaches belongs"),
        (
            rule(on="run", when=f'{{ signal = "fade", above = {{ value = 1, unit = "share", {HOUSE} }}'),
            "after a session",
        ),
        (rule(more="colour = 3"), "unknown field `colour`"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "rules.toml").write_text(content)
    with pytest.raises(ContentError, match=r"rules\.toml") as caught:
        load(tmp_path)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        (
            "bounds.toml",
            f'[toes]\nleast = {{ value = 1, unit = "x", {HOUSE}\nmost = {{ value = 2, unit = "x", {HOUSE}',
            "toes",
        ),
        ("notices.toml", 'hello = "Hello."', "hello"),
        ("notices.toml", "train = 3", "twice"),
        ("ladders.toml", '[back]\nexercises = []\nfocus = "a"\ncombined = "b"\nturn = "c"', "back"),
    ],
)
def test_other_parts_are_refused_as_well(tmp_path: Path, file: str, content: str, says: str) -> None:
    (tmp_path / file).write_text(content)
    with pytest.raises(ContentError, match=says):
        load(tmp_path)


def test_a_rung_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    shipped = DATA / "exercises" / "small_squat.toml"
    text = shipped.read_text(encoding="utf-8").replace('id = "small_squat"', 'id = "my_squat"', 1)
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "my_squat.toml").write_text(text.replace('"small_single_leg_squat"', '"no_such_squat"'))
    with pytest.raises(ContentError, match="no_such_squat"):
        load(tmp_path)
