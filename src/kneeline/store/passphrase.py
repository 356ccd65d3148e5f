"""A passphrase that can be read out on the telephone: six words, each known from its first three letters.

The words are at least three letters apart from each other, so that one slip of the ear or of the hand makes no other
word (list and licence: `words.txt`). Nothing here is kept anywhere.
"""

from __future__ import annotations

import math
import re
import secrets
from functools import cache
from pathlib import Path
from typing import Final

WORDS: Final = 6
"""How many words a passphrase has: enough for 60 bits."""
_LONGEST: Final = 1_000


@cache
def word_list() -> tuple[str, ...]:
    """The words that a passphrase is made of."""
    lines = (Path(__file__).parent / "words.txt").read_text(encoding="ascii").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


def bits() -> float:
    """How many yes-or-no guesses a passphrase is worth, since each word is drawn by the system's own random numbers.

    >>> bits() > 60
    True
    """
    return WORDS * math.log2(len(word_list()))


def new_passphrase() -> str:
    """A passphrase nobody has yet."""
    return " ".join(secrets.choice(word_list()) for _ in range(WORDS))


def read_passphrase(typed: str) -> str:
    """A passphrase as it was meant: capitals, hyphens, commas and slips after a word's third letter do no harm.

    Anything else than six such words stays as it was typed.

    >>> read_passphrase(" Acrobat, lemon-JUGLE  oyster picel tulip")
    'acrobat lemon juggle oyster picel tulip'
    >>> read_passphrase("my own Words")
    'my own Words'
    """
    if len(typed) > _LONGEST:
        return ""
    known = {word[:3]: word for word in word_list()}
    words = re.findall(r"[a-z]+", typed.casefold())
    meant = [known.get(word[:3], word) for word in words]
    return " ".join(meant) if len(words) == WORDS else typed.strip().encode("utf-8", "replace").decode()
