from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hand_made import BY_FOOT, SIDE_VIEW, Made
from rich.console import Console

from kneeline.content.schema import Accuracy, AccuracyTable
from kneeline.model.movement import SetSummary
from kneeline.report.pages import print_evidence, print_exercise, print_exercises, print_sources
from kneeline.report.terminal import print_set


class Letters(io.StringIO):
    """A text file in an encoding of its own."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def printed(made: Made, encoding: str = "utf-8", width: int = 80, **changes: object) -> str:
    out = Letters(encoding)
    result = replace(made.result, **changes)  # type: ignore[arg-type]
    print_set(Console(file=out, width=width), result, made.exercise, made.library, made.recording.warnings)
    return out.getvalue()


def test_it_fits_into_80_columns_without_colour(made: Made) -> None:
    text = printed(made)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_verdicts_have_a_sign_and_faults_have_words(made: Made) -> None:
    lines = printed(made).splitlines()
    assert any("✓ good" in line and line.startswith("1 ") for line in lines)
    assert any("▲ try again" in line and "down too fast" in line and line.startswith("4 ") for line in lines)
    assert any("1.9 ± 0.1" in line for line in lines)


def test_what_could_not_be_judged_is_said_once(made: Made) -> None:
    text = " ".join(printed(made).split())
    assert text.count(SIDE_VIEW) == text.count(BY_FOOT) == 1


def test_prescribed_numbers_say_that_they_are_house_defaults(made: Made) -> None:
    assert "house default" in printed(made)


def test_a_terminal_without_such_letters_gets_plain_ones(made: Made) -> None:
    text = printed(made, encoding="ascii")
    text.encode("ascii")
    assert "+ good" in text
    assert "! try again" in text


def test_how_far_measures_were_off_where_the_truth_is_known_is_said_for_that_pose_model_only(made: Made) -> None:
    one = Accuracy(unit="s", mae=0.04, bias=0.01, covered=0.95, repetitions=28, recordings=7, people=6)
    found = {made.exercise.id: {"heel_rise_peak_frac": one, "knee_flexion_change_deg": one}}
    library = replace(made.library, accuracy=AccuracyTable(how="a command", model={"blazepose-full": found}))
    said = {}
    for model in ("blazepose-full float16", "openpose-25"):
        out = io.StringIO()
        print_set(Console(file=out, width=300), made.result, made.exercise, library, (), model)
        said[model] = out.getvalue()
    assert "this was off on average by: heel height 0.04 s. The" in said["blazepose-full float16"]
    assert "How well this is known" not in said["openpose-25"]


def test_no_repetition_says_why(made: Made) -> None:
    text = printed(made, reps=(), warnings=("Nobody was found.",), summary=SetSummary(0, 0, 0.0, 90.0, 0.0))
    assert "No repetition was counted." in text
    assert text.count("Nobody was found.") == 1


@pytest.mark.parametrize("width", [20, 40, 50])
def test_a_narrow_terminal_gets_a_line_for_each_repetition_with_every_number_whole(made: Made, width: int) -> None:
    text = printed(made, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "verdict" not in text
    words = " ".join(text.split())
    assert "1 ✓ good: lift 1.9 ± 0.1 s, hold 1.0 ± 0.1 s, lower 2.8 ± 0.1 s 2 ✓ good" in words
    assert "4 ▲ try again: lift 1.9 ± 0.1 s, hold 1.0 ± 0.1 s, lower 0.4 ± 0.1 s; down too fast" in words
    assert "asked for: lift 2 s, hold 1 s, lower 3 s (house default)" in words
    assert text.count("1.9 ± 0.1 s") == len(made.result.reps)  # not broken between lines


def test_each_leg_is_named_where_legs_take_turns(made: Made) -> None:
    left, right = (replace(made.result.reps[i], side=side) for i, side in ((0, "left"), (1, "right")))
    assert "2 right ✓ good: lift" in printed(made, width=40, reps=(left, right))


@pytest.mark.parametrize("width", [62, 80, 120])
def test_a_table_that_fits_has_every_column_whole(made: Made, width: int) -> None:
    lines = printed(made, width=width).splitlines()
    assert any(" ".join(line.split()) == "# lift s hold s lower s verdict what was seen" for line in lines)
    assert any("1.9 ± 0.1  1.0 ± 0.1  2.8 ± 0.1  ✓ good" in line for line in lines)


def test_nothing_is_printed_that_a_terminal_would_obey(made: Made) -> None:
    text = printed(made, warnings=("evil \x1b]0;owned\x9b2J\udcff",))
    assert "evil ?]0;owned?2J\ufffd" in text
    assert "?" in printed(made, encoding="ascii", warnings=("evil \x1b[2J",))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_every_page_of_the_library_prints_at_any_width(made: Made, width: int) -> None:
    out = Letters("utf-8")
    console = Console(file=out, width=width)
    print_exercises(console, made.library)
    print_sources(console, made.library)
    for exercise in made.library.exercises.values():
        print_exercise(console, exercise, made.library)
        print_evidence(console, exercise.id, made.library)
    for key in made.library.sources:
        print_evidence(console, key, made.library)
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "house default" in text
