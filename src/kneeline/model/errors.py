"""What can go wrong, as a person can act on it.

    KneelineError
    |-- InputError      the input is at fault and the person can act; one sentence, no traceback, exit code 2
    |-- ContentError    a file of the library is wrong: which file, which key, what would be allowed
    `-- StoreError      a record could not be kept or found

Misuse of a function by its caller stays `TypeError` or `ValueError`. "No repetitions", "wrong view" and
"hidden knee" are results, not errors.
"""

from __future__ import annotations


class KneelineError(Exception):
    """Base of every error that kneeline raises on purpose."""


class InputError(KneelineError):
    """The input cannot be used as it is: says what, what was found, what was expected and what to do next.

    >>> str(InputError("clip.mp4 has no video track", expected="a video file", try_next="record it again"))
    'clip.mp4 has no video track. Expected: a video file. Try: record it again.'
    """

    def __init__(self, what: str, *, expected: str = "", try_next: str = "") -> None:
        parts = [what.rstrip(".")]
        if expected:
            parts.append(f"Expected: {expected}".rstrip("."))
        if try_next:
            parts.append(f"Try: {try_next}".rstrip("."))
        super().__init__(". ".join(parts) + ".")


class ContentError(KneelineError):
    """A content file breaks the schema: names the file, the key and what is allowed there."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}")
        self.file, self.key, self.problem = file, key, problem


class StoreError(KneelineError):
    """A record could not be kept or found."""
