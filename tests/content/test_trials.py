"""Every worked example of every movement test, performed by the figure; and what the files promise a person."""

from __future__ import annotations

import pytest

from kneeline.content.load import load
from kneeline.content.trial_schema import MovementTest, TrialExample
from kneeline.model.quantity import Estimate
from kneeline.motion.figure import perform
from kneeline.motion.trial import Trial

LIBRARY = load()
TESTS = list(LIBRARY.tests.values())
CASES = [pytest.param(test, example, id=f"{test.id}: {example.name}") for test in TESTS for example in test.example]


@pytest.mark.parametrize(("test", "example"), CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_trial_says_what_the_example_expects(test: MovementTest, example: TrialExample, seed: int) -> None:
    exercise = LIBRARY.exercises[test.exercise]
    done = perform(exercise, example.given, seed=seed)
    trial = Trial(test, LIBRARY, side="both" if exercise.sides == "both" else "right")
    trial.push(done.series)
    trial.finish()
    found = trial.result(example.said)
    for id, (wanted, within) in example.expect.value.items():
        told = found.values[id].result
        assert isinstance(told, Estimate), (id, told, found.warnings)
        assert told.value == pytest.approx(wanted, abs=within + 1e-9), (id, told)
        assert told.sd > 0
    for id in example.expect.refused:
        told = found.values[id].result
        assert not isinstance(told, Estimate), (id, told)
        assert told.reason
    said = {item.id: str(item.verdict) for item in found.items}
    for id in example.expect.present:
        assert said[id] == "present", found.items
    for id in example.expect.absent:
        assert said[id] == "absent", found.items
