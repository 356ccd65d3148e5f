"""What is printed of a close-up of the feet."""

from __future__ import annotations

import io

from rich.console import Console

from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.motion.feet import FootRoll
from kneeline.report.feet import print_feet

UNSEEN = NotAssessable("the camera moved")


def printed(*rolls: FootRoll) -> str:
    console = Console(file=io.StringIO(), width=100)
    print_feet(console, rolls)
    return " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def roll(deg: float) -> Estimate:
    return Estimate(deg, 2.0, "deg")


def test_each_raise_has_both_feet_with_their_error_and_what_they_say() -> None:
    text = printed(FootRoll(1, 1.0, 3.0, roll(8), roll(0.4)), FootRoll(2, 4.0, 6.0, roll(0), roll(-1)))
    assert "1 1.0 +8° ± 2 +0° ± 2 rolls in on the way down" in text
    assert "2 4.0 +0° ± 2 -1° ± 2 does not roll in further" in text
    assert "house default" in text
    assert "Only a change shows" in text


def test_what_was_not_read_has_its_reason_once() -> None:
    text = printed(FootRoll(1, 1.0, 3.0, UNSEEN, UNSEEN), FootRoll(2, 4.0, 6.0, UNSEEN, UNSEEN))
    assert "1 1.0 - - cannot be told" in text
    assert text.count("the camera moved") == 1


def test_no_raise_is_said_in_a_sentence() -> None:
    assert printed() == "No heel raise was seen."
