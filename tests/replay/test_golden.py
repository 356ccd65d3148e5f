"""Pose logs that travel with the project give the answers that were read and found right.

When an answer changes on purpose: `pytest tests/replay --update`, then read the difference in git before committing it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kneeline.cli import main

SECONDS, DEGREES, SHARE = 0.02, 0.5, 0.01
"""How far a number may move without being a change: less than a frame, less than keypoint noise, one in a hundred."""
NUMBER = re.compile(r"-?\d+(\.\d+)?")
"""Numbers inside sentences repeat what stands as a number elsewhere."""
OF_ITS_TIME = ("kneeline", "library")
"""Keys that change with every release or edit of the library and say nothing about the set."""


SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "set.schema.json"


def replayed(log: Path, folder: Path) -> dict[str, Any]:
    out = folder / "set.json"
    assert main(["replay", str(log), "--exercise", log.stem, "--json", str(out)]) == 0
    content: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return {key: value for key, value in content.items() if key not in OF_ITS_TIME}


def differences(golden: Any, now: Any, where: str = "", tolerance: float = SECONDS) -> Iterator[str]:
    """Every place where two answers differ by more than the tolerance of the unit there."""
    if isinstance(golden, dict) and isinstance(now, dict):
        tolerance = {"deg": DEGREES, "frac": SHARE, "s": SECONDS}.get(str(golden.get("unit")), tolerance)
        for key in sorted(golden.keys() | now.keys()):
            if key not in golden or key not in now:
                yield f"{where}.{key} is only in the {'golden' if key in golden else 'new'} answer"
            else:
                near = {"probability": 0.05, "dose_received": SHARE, "time_under_tension_s": 0.1}.get(key, tolerance)
                yield from differences(golden[key], now[key], f"{where}.{key}", near)
    elif isinstance(golden, list) and isinstance(now, list) and len(golden) == len(now):
        for i, (a, b) in enumerate(zip(golden, now, strict=True)):
            yield from differences(a, b, f"{where}[{i}]", tolerance)
    elif isinstance(golden, float) or isinstance(now, float):
        if not isinstance(now, int | float) or not isinstance(golden, int | float) or abs(golden - now) > tolerance:
            yield f"{where}: {golden} was, {now} is"
    elif isinstance(golden, str) and isinstance(now, str):
        if NUMBER.sub("#", golden) != NUMBER.sub("#", now):
            yield f"{where}: {golden!r} was, {now!r} is"
    elif golden != now:
        yield f"{where}: {golden!r} was, {now!r} is"


def test_a_log_gives_its_golden_answer(replay_log: Path, tmp_path: Path, update: bool) -> None:
    golden = replay_log.with_suffix(".json")
    now = replayed(replay_log, tmp_path)
    if update:
        golden.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    found = list(differences(json.loads(golden.read_text(encoding="utf-8")), now))
    assert not found, "\n".join(found)


def test_a_golden_answer_keeps_the_published_schema(replay_log: Path) -> None:
    golden = json.loads(replay_log.with_suffix(".json").read_text(encoding="utf-8"))
    whole = golden | {"kneeline": "0.1.0", "library": "0" * 64}
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(whole)


@pytest.mark.parametrize(
    ("golden", "now"),
    [
        ({"count": 3}, {"count": 2}),
        ({"value": 1.0, "unit": "s"}, {"value": 1.03, "unit": "s"}),
        ({"value": 10.0, "unit": "deg"}, {"value": 10.6, "unit": "deg"}),
        ({"value": 1.0}, {"not_assessable": "hidden"}),
        ({"probability": 0.5}, {"probability": None}),
        ([1, 2], [1]),
        ({"reason": "seen from the side"}, {"reason": "seen from the front"}),
    ],
)
def test_a_real_change_is_seen(golden: Any, now: Any) -> None:
    assert list(differences(golden, now))
    assert not list(differences(golden, golden))
