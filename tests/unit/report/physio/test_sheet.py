"""Every exercise that is prescribed has a page of paper."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pypdf
import pytest

from kneeline.cli import main
from kneeline.content.load import load
from kneeline.model.errors import InputError
from kneeline.report.physio.sheet import sheet_pdf

LIBRARY = load()
ON = date(2026, 11, 22)
PRESCRIBED = [one for one in LIBRARY.exercises.values() if one.dose is not None]


@pytest.mark.parametrize("exercise", PRESCRIBED, ids=lambda one: one.id)
def test_a_sheet_is_one_page_with_all_that_is_to_be_done(exercise) -> None:  # type: ignore[no-untyped-def]
    printed = sheet_pdf(exercise, LIBRARY, ON)
    assert printed == sheet_pdf(exercise, LIBRARY, ON)
    read = pypdf.PdfReader(io.BytesIO(printed))
    said = "".join(read.pages[0].extract_text().split())
    assert len(read.pages) == 1
    assert read.metadata is not None
    assert read.metadata.title == exercise.name
    wanted = (*exercise.setup, *exercise.steps, *exercise.stop_rules, *exercise.contraindications)
    assert [words for words in wanted if "".join(words.split()) not in said] == []


def test_a_movement_that_is_only_recognised_has_none() -> None:
    with pytest.raises(InputError, match="not prescribed"):
        sheet_pdf(LIBRARY.exercises["step_down"], LIBRARY, ON)


def test_the_command_writes_it_or_says_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sheet.pdf"
    assert main(["sheet", "calf_raise_ball_squeeze", "--pdf", str(file)]) == 0
    assert file.read_bytes().startswith(b"%PDF-")
    assert main(["sheet", "calf_rise", "--pdf", str(tmp_path / "other.pdf")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "other.pdf").exists()
