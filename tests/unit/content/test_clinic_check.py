"""What the clinic's tables must keep: a bad entry is refused with its file, its key and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kneeline.content.load import load
from kneeline.model.errors import ContentError

HOUSE = '{{ value = {}, unit = "{}", basis = "house" }}'
FLAG = 'name = "n"\nsay = "s"\nbasis = "house"\nroute = "gp"\nwhen = [{}]\n'
QUESTION = 'section = "pain"\nkind = "{}"\ntext = "t"\n'


def n(value: float, unit: str = "s") -> str:
    return HOUSE.format(value, unit)


def indicator(
    trust: float = 0.3, sd: float = 1.0, unit: str = "s", when: str = "", least: float = 0.0, more: str = ""
) -> str:
    spread = f"{{ mean = {n(5, unit)}, sd = {n(sd)} }}"
    return f"""[mine]
name = "n"
link = "hip"
family = "f"
unit = "s"
meaning = "m"
minutes = {n(1, "min")}
error = {n(1)}
least = {least}
most = 10.0
for_it = "a"
little = "b"
against = "c"
{more}
[[mine.likelihood]]
population = "p"
present = {spread}
absent = {spread}
trust = {n(trust, "probability")}
{when}
"""


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("red_flags", "[x]\n" + FLAG.format('{ question = "nope", any_of = ["a"] }'), "'nope' is not known"),
        ("red_flags", "[x]\n" + FLAG.format('{ question = "today", any_of = ["cold"] }'), "'cold' is not known"),
        ("red_flags", "[x]\n" + FLAG.format('{ question = "today" }'), "exactly one of"),
        (
            "red_flags",
            "[x]\n" + FLAG.format('{ question = "today", any_of = ["hot"], none_of = ["stuck"] }'),
            "exactly one of",
        ),
        ("red_flags", "[x]\n" + FLAG.format('{ question = "age", any_of = ["old"] }'), "does not fit 'age'"),
        ("red_flags", "[x]\n" + FLAG.format(f'{{ question = "today", at_least = {n(3)} }}'), "does not fit 'today'"),
        ("red_flags", "[x]\n" + FLAG.format('{ question = "age", less_than = "today" }'), "is no number"),
        ("red_flags", "[x]\n" + FLAG.format(""), "at least one condition"),
        (
            "red_flags",
            "[x]\n" + FLAG.format('{ question = "today", any_of = ["hot"] }').replace('"gp"', '"shaman"'),
            "'shaman' is not known",
        ),
        (
            "lookalikes",
            "[x]\n" + FLAG.format('{ question = "today", any_of = ["hot"] }').replace('"house"', '"sourced"'),
            "is missing",
        ),
        (
            "lookalikes",
            "[x]\n" + FLAG.format('{ question = "today", any_of = ["hot"] }') + 'evidence = ["S0#x"]\n',
            "not in evidence.toml",
        ),
        ("questions", "[mine]\n" + QUESTION.format("one"), "options"),
        ("questions", "[mine]\n" + QUESTION.format("scale") + "least = 3\nmost = 3\n", "rise"),
        ("questions", "[mine]\n" + QUESTION.format("number") + "least = 3\n", "rise"),
        (
            "questions",
            "[mine]\n" + QUESTION.format("one") + 'options = [{ id = "a", text = "A" }, { id = "a", text = "B" }]\n',
            "each id once",
        ),
        (
            "questions",
            "[mine]\n"
            + QUESTION.format("number")
            + 'least = 1\nmost = 2\nwhen = [{ question = "mine2", any_of = ["a"] }]\n[mine2]\n'
            + QUESTION.format("one")
            + 'options = [{ id = "a", text = "A" }]\n',
            "comes later",
        ),
        ("indicators", indicator(trust=1.0), "must lie between 0 and 1"),
        ("indicators", indicator(sd=0.0), "above 0"),
        ("indicators", indicator(unit="deg"), "its unit is 's'"),
        ("indicators", indicator(least=10.0), "least < most"),
        ("indicators", indicator(when='when = [{ question = "sex", any_of = ["male"] }]'), "fits everybody"),
        ("indicators", indicator(more='question = "sex"'), "is no number"),
        ("priors", f"[elbow]\nprobability = {n(0.3, 'probability')}\n", "'elbow' is not known"),
        (
            "shifts",
            '[x]\nname = "n"\nsay = "s"\nbasis = "house"\nlinks = ["hip"]\nwhen = [{ question = "today", any_of = '
            f'["hot"] }}]\nodds = {n(0, "factor")}\n',
            "must lie between",
        ),
        (
            "questionnaires",
            '[x]\nname = "n"\nscoring = "sum"\nlicence = "l"\nitem = [{ id = "a", label = "a", points = [0, 5] }]\n'
            f"answered = {n(1, 'share of items')}\n",
            "best first",
        ),
        ("routes", '[x]\nname = "n"\nurgency = "soon"\nwhere = "w"\nhow_soon = "h"\n', "Expected `int`"),
        ("routes", '[x]\nname = "n"\nurgency = 1\nwhere = "w"\nhow_soon = "h"\nfee = 3\n', "fee"),
    ],
)
def test_a_bad_entry_is_refused(tmp_path: Path, file: str, text: str, says: str) -> None:
    (tmp_path / f"{file}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as error:
        load(tmp_path)
    assert says in str(error.value)
    assert str(error.value).startswith((f"{file}.toml", "rules"))


def test_a_red_flag_and_an_indicator_of_one_s_own_are_added(tmp_path: Path) -> None:
    (tmp_path / "red_flags.toml").write_text("[x]\n" + FLAG.format('{ question = "age", at_most = ' + n(20) + " }"))
    (tmp_path / "indicators.toml").write_text(indicator())
    clinic = load(tmp_path).clinic
    assert set(clinic.red_flags) == {*load().clinic.red_flags, "x"}
    assert "mine" in clinic.indicators
