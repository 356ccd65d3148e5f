"""Text from outside, made safe to show."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def printable(text: str, *, lines: bool = False) -> str:
    r"""The text without what a terminal would obey or an encoder refuse.

    Control characters (C0, C1 and delete) become "?"; what was no UTF-8 in a file name, and any other lone surrogate,
    becomes U+FFFD. lines: keep newline and tab, for text of our own.

    >>> printable("clip\x1b[2J\n.mp4")
    'clip?[2J?.mp4'
    >>> printable("bad\udcff.gif") == "bad\ufffd.gif"
    True
    """
    return _SURROGATE.sub("\ufffd", (_CONTROL_IN_LINES if lines else _CONTROL).sub("?", text))
