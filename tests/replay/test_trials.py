"""Movement tests: the first worked example of each gives its golden answer, in one piece as in any pieces.

When an answer changes on purpose: `pytest tests/replay --update`, then read the difference in git before committing it.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kneeline.content.load import load
from kneeline.model.pose import PoseSeries
from kneeline.model.trial import TrialResult
from kneeline.motion.figure import perform
from kneeline.motion.trial import Trial
from kneeline.report.trial import trial_answer

GOLDEN = Path(__file__).parent / "trials.json"
TESTS = [test.id for test in load().tests.values() if test.example]
NEAR = {"deg": 0.5, "frac": 0.01, "s": 0.05, "points": 0.1, "reps": 0.0, "times": 0.0}
"""How far a value or its error may move without being a change."""


@cache
def frames_of(test_id: str) -> PoseSeries:
    test = load().tests[test_id]
    return perform(load().exercises[test.exercise], test.example[0].given).series


def told(test_id: str, cuts: list[int] | None = None, *, each: bool = False) -> TrialResult:
    """The trial's result with its frames cut before the frames `cuts`, or frame by frame."""
    library, frames = load(), frames_of(test_id)
    test = library.tests[test_id]
    trial = Trial(test, library, "both" if library.exercises[test.exercise].sides == "both" else "right")
    edges = [0, *sorted(cut for cut in set(cuts or ()) if 0 < cut < len(frames)), len(frames)]
    for piece in frames if each else (frames[a:b] for a, b in pairwise(edges)):
        trial.push(piece)
    trial.finish()
    return trial.result(test.example[0].said)


def content(test_id: str) -> dict[str, Any]:
    answer = trial_answer(told(test_id), load())
    return {key: answer[key] for key in ("test", "side", "count", "values", "items", "indicators", "warnings")}


def near(golden: Any, now: Any) -> bool:
    """Whether two answers are the same, numbers within what their unit allows."""
    if isinstance(golden, dict) and isinstance(now, dict):
        if golden.keys() != now.keys():
            return False
        if {"value", "sd", "unit"} == golden.keys():
            within = NEAR[golden["unit"]]
            return golden["unit"] == now["unit"] and all(abs(golden[k] - now[k]) <= within for k in ("value", "sd"))
        return all(near(golden[key], now[key]) for key in golden)
    if isinstance(golden, list) and isinstance(now, list):
        return len(golden) == len(now) and all(near(a, b) for a, b in zip(golden, now, strict=True))
    if isinstance(golden, float) and isinstance(now, float):
        return abs(golden - now) <= 0.05 * max(abs(golden), 1.0)
    if isinstance(golden, str) and isinstance(now, str) and "±" in golden:
        return golden.split()[-1] == now.split()[-1]
    return bool(golden == now)


def test_every_test_gives_its_golden_answer(update: bool) -> None:
    now = {test_id: content(test_id) for test_id in TESTS}
    if update:
        GOLDEN.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden.keys() == now.keys()
    assert [test_id for test_id in TESTS if not near(golden[test_id], now[test_id])] == []


def test_a_real_change_is_seen() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["single_leg_squat"]
    other = json.loads(json.dumps(golden))
    other["values"]["fppa_at_45_deg"]["result"]["value"] += 1.0
    assert near(golden, golden)
    assert not near(golden, other)
    assert not near(golden, golden | {"count": 4})


@pytest.mark.parametrize("test_id", TESTS)
def test_frame_by_frame_gives_the_result_of_the_whole(test_id: str) -> None:
    assert told(test_id, each=True) == told(test_id)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 1000), min_size=1, max_size=20))
@pytest.mark.parametrize("test_id", ["single_leg_squat", "stand_30s"])
def test_any_pieces_give_the_result_of_the_whole(test_id: str, cuts: list[int]) -> None:
    assert told(test_id, cuts) == told(test_id)
