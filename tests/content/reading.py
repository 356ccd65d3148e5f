"""How hard a text is to read, and the words that a person is never shown."""

from __future__ import annotations

import re

FORBIDDEN = re.compile(
    r"\b(weak\w*|damag\w*|mal-?track\w*|worn|wear and tear|valgus|degenerat\w*|abnormal\w*)", re.IGNORECASE
)


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"[.!?:;]+(?:\s|$)", text) if re.search(r"\w", part)]


def syllables(word: str) -> int:
    """Syllables of an English word, by counting vowel groups and dropping silent endings.

    >>> [syllables(w) for w in ("squeeze", "slowly", "exercise", "muscle", "raised")]
    [1, 2, 3, 2, 1]
    """
    word = word.lower()
    silent = bool(re.search(r"[^aeiouyl]e$|[^aeiouytd]ed$|[^aeiouyszxc]es$", word))
    return max(1, len(re.findall(r"[aeiouy]+", word)) - silent)


def school_grade(texts: list[str]) -> float:
    """Flesch-Kincaid grade (Kincaid et al. 1975); reading age is about five years more."""
    parts = [sentence for text in texts for sentence in sentences(text)]
    words = [word for part in parts for word in re.findall(r"[A-Za-z']+", part)]
    return 0.39 * len(words) / len(parts) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
