"""Every worked example of the library, performed by the figure and judged by the engine."""

from __future__ import annotations

import pytest

from kneeline.content.load import load
from kneeline.content.schema import Example, Exercise
from kneeline.motion import Engine, refine
from kneeline.motion.figure import perform

LIBRARY = load()
CASES = [
    pytest.param(exercise, example, id=f"{exercise.id}: {example.name}")
    for exercise in LIBRARY.exercises.values()
    for example in exercise.example
]


@pytest.mark.parametrize(("exercise", "example"), CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_engine_says_what_the_example_expects(exercise: Exercise, example: Example, seed: int) -> None:
    side = "both" if exercise.sides == "both" else near_leg(example.given.view)
    done = perform(exercise, example.given, seed=seed, side=side)
    running = Engine(exercise, LIBRARY, side=side)
    running.push(done.series)
    running.finish()
    result, _ = refine(running.result(), done.series, exercise, LIBRARY)
    assert len(result.reps) == example.expect.count, result.warnings
    if not example.expect.count:
        assert not result.view.usable or result.warnings, "it says why nothing could be counted"
    if exercise.kind == "hold":
        assert result.summary.time_under_tension_s == pytest.approx(example.expect.held_s, abs=0.3)
        assert any(warning.startswith("Held for") for warning in result.warnings), "a hold is timed, not counted"
    wrong = []
    for number, rep in enumerate(result.reps, start=1):
        if example.given.only and number not in example.given.only:
            continue
        said = {fault.id: str(fault.verdict) for fault in rep.faults}
        for verdict in ("present", "absent", "not_assessable"):
            wrong += [
                f"rep {number}: {fault} is {said.get(fault)}, expected {verdict}"
                + "".join(f" ({f.reason})" for f in rep.faults if f.id == fault)
                for fault in getattr(example.expect, verdict)
                if said.get(fault) != verdict
            ]
    assert not wrong, "\n".join(wrong)


def near_leg(view: str) -> str:
    """The leg that works: the one nearest to the camera, the right one in views from the front and behind."""
    return "left" if view == "left" else "right"
