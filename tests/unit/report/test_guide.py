"""The page for the surgeon: everything that was said, the questions in order, narrow, and nobody's markup."""

from __future__ import annotations

from datetime import date

import pytest

from kneeline.clinic.answers import Answer
from kneeline.content.load import load
from kneeline.report.guide import FOOT, TITLE, sheet, sheet_html, sheet_text

GUIDE = load().guide
ON = date(2026, 11, 2)
SAID: dict[str, Answer] = {
    "told": ("total",), "side": ("left",), "compartments": ("inner", "kneecap"), "age": 61.0, "exercise": ("none",),
    "goals": ("walk", "kneel"), "relief": ("some",), "own_knee": ("much",), "know_last": ("all",),
}  # fmt: skip


def test_what_was_said_stands_there_and_the_knowledge_check_does_not() -> None:
    found = sheet(SAID, "", GUIDE, ON)
    assert found.told[0] == ("Knee", "left")
    assert ("Parts affected", "Inner side; Kneecap joint") in found.told
    assert found.me == (("Age", "61"),)
    assert found.tried == (("Exercise", "None"),)
    assert found.goals == ("Walk without pain", "Kneel")
    assert (found.matters[0], found.most) == ("To keep as much of my own knee as I can", 1)
    assert "All of them" not in sheet_text(found)


def test_which_part_is_the_first_question_in_text_and_html() -> None:
    found = sheet(SAID, "", GUIDE, ON)
    asked = [text for part in found.parts for text, _ in part.asks]
    for page in (sheet_text(found), str(sheet_html(found))):
        page = " ".join(page.split())
        places = [page.index(text) for text in asked]
        assert places == sorted(places)
        assert asked[0].startswith("Which parts of my knee")
        assert TITLE in page


def test_without_an_answer_it_is_still_a_list_of_questions() -> None:
    found = sheet({}, "", GUIDE, ON)
    assert (found.told, found.me, found.tried, found.goals, found.matters) == ((), (), (), (), ())
    text = sheet_text(found)
    assert "What I was told" not in text
    assert text.count("[ ]") == sum(len(part.asks) for part in found.parts) >= 15


def test_the_text_is_narrow_dated_and_says_what_it_is() -> None:
    text = sheet_text(sheet(SAID, "word " * 300, GUIDE, ON))
    assert max(map(len, text.splitlines())) <= 78
    assert "02 November 2026" in text
    assert FOOT.split(".")[0] in " ".join(text.split())


@pytest.mark.parametrize("own", ["<script>alert(1)</script>", '"><b>', "{{ 7 * 7 }}", "a\n\n\nb", "\u202eesrever", " "])
def test_own_words_are_words(own: str) -> None:
    html = str(sheet_html(sheet({}, own, GUIDE, ON)))
    assert "<script" not in html
    assert "<b>" not in html
    assert "49" not in html
    assert ("In my own words" in html) == bool(own.strip())
