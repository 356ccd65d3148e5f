"""How long the questions take, estimated from what there is to read and to tap; nobody was timed.

    .venv/bin/python benchmarks/ask.py

Each written person of tests/spec/vignettes who reaches a finding goes through the questions that they would be asked.
Reading is counted at a fixed pace over every word of a question and all its answers, and each answer at a fixed time
(both are house defaults in `kneeline.clinic.safety`), so a slow reader is shown beside the usual one.
Pages are taken to load at once.
"""

from __future__ import annotations

import statistics
import tomllib
from pathlib import Path
from typing import Any

from kneeline.clinic import safety
from kneeline.clinic.answers import read_answers
from kneeline.content.load import load

VIGNETTES = Path(__file__).resolve().parents[1] / "tests" / "spec" / "vignettes"
SLOW = 0.6
"""A slow reader's pace against the usual one."""


def told(group: str, usual: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers of everybody in one file who gets a finding."""
    people = tomllib.loads((VIGNETTES / f"{group}.toml").read_text(encoding="utf-8"))["vignette"]
    return [
        {key: value for key, value in (usual | one.get("answers", {})).items() if key not in one.get("without", ())}
        for one in people
        if one["outcome"] == "found" and "only" not in one
    ]


def main() -> None:
    """Print questions and minutes over all of them."""
    clinic = load().clinic
    usual = tomllib.loads((VIGNETTES / "usual.toml").read_text(encoding="utf-8"))
    people = [usual, *(one for group in ("routine", "contradictory", "missing") for one in told(group, usual))]
    asked = [safety.path(read_answers(one, clinic.questions), clinic) for one in people]
    minutes = [safety.minutes(questions) for questions in asked]
    tapping = [len(questions) * safety.SECONDS_PER_ANSWER / 60 for questions in asked]
    slow = [tap + (whole - tap) / SLOW for whole, tap in zip(minutes, tapping, strict=True)]
    counts = [len(questions) for questions in asked]
    print(f"{len(people)} written people who reach a finding; an estimate from words and questions, nobody was timed\n")
    print("                                   median     least      most")
    for name, values in (("questions", counts), ("minutes, usual reader", minutes), ("minutes, slow reader", slow)):
        digits = 0 if values is counts else 2
        cells = (statistics.median(values), min(values), max(values))
        print(f"{name:<30}" + "".join(f"{cell:>10.{digits}f}" for cell in cells))
    usual_pace, slow_pace = safety.WORDS_PER_MINUTE, SLOW * safety.WORDS_PER_MINUTE
    print(f"\nusual reader {usual_pace:.0f} words a minute, slow one {slow_pace:.0f};")
    print(f"{safety.SECONDS_PER_ANSWER} s to decide and tap each answer (house defaults)")


if __name__ == "__main__":
    main()
