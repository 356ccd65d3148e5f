from __future__ import annotations

import pytest

from kneeline.model.text import printable


@pytest.mark.parametrize("code", [0x00, 0x07, 0x09, 0x0A, 0x0D, 0x1B, 0x1F, 0x7F, 0x80, 0x9B, 0x9F])
def test_every_control_character_becomes_a_question_mark(code: int) -> None:
    assert printable(f"a{chr(code)}b") == "a?b"


def test_own_text_keeps_its_lines_and_nothing_else() -> None:
    assert printable("a\n\tb\r\x1bc", lines=True) == "a\n\tb??c"


def test_letters_of_every_language_stay() -> None:
    words = " é ± – “” 膝 ركبة 🦵\xa0"
    assert printable(words) == words


def test_what_no_encoder_takes_becomes_the_sign_for_it() -> None:
    printable("\ud800x\udcff").encode()
    assert printable("\ud800x\udcff") == "\ufffdx\ufffd"
