"""A seal that costs nothing: the real one costs seconds, on purpose, and many tests ask for what is inside only."""

from __future__ import annotations

import pyrage
import pytest

_START = b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n"


def light_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put passphrase and content side by side for the length of a test."""
    monkeypatch.setattr(pyrage.passphrase, "encrypt", lambda plain, words: _START + words.encode() + b"\n" + plain)
    monkeypatch.setattr(pyrage.passphrase, "decrypt", _decrypt)


def _decrypt(content: bytes, words: str) -> bytes:
    said, _, plain = content.removeprefix(_START).partition(b"\n")
    if said != words.encode():
        raise pyrage.DecryptError("Decryption failed")
    return plain
