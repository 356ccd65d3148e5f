"""A close-up of the feet on the command line: what has to be marked, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from makers import Run

MARKS = ("--left", "60,200,60,150", "--right", "200,200,200,150")


def test_without_marks_it_says_how_to_get_them(run: Run, grey_clip: Path) -> None:
    ran = run("feet", grey_clip)
    assert ran.code == 2
    assert "--still" in ran.sentence


@pytest.mark.parametrize("mark", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,1,2,3", "inf,1,2,3"])
def test_a_mark_is_four_numbers(run: Run, grey_clip: Path, mark: str) -> None:
    ran = run("feet", grey_clip, "--left", mark, "--right", "200,200,200,150")
    assert ran.code == 2
    assert "--left" in ran.sentence


def test_the_still_shows_the_first_picture_and_spoils_no_video(run: Run, grey_clip: Path, tmp_path: Path) -> None:
    ran = run("feet", grey_clip, "--still", tmp_path / "first.png")
    assert ran.code == 0
    assert (tmp_path / "first.png").read_bytes().startswith(b"\x89PNG")
    assert run("feet", grey_clip, "--still", grey_clip).code == 2


def test_where_no_feet_are_it_refuses_in_a_sentence(run: Run, grey_clip: Path, tmp_path: Path) -> None:
    ran = run("feet", grey_clip, *MARKS)
    assert ran.code == 2
    assert "foot" in ran.sentence
    assert run("feet", tmp_path / "none.mp4", *MARKS).code == 2
    assert "outside the picture" in run("feet", grey_clip, *MARKS[:3], "999,200,999,150").sentence
