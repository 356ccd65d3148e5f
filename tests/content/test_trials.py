"""Every worked example of every movement test, performed by the figure; and what the files promise a person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from test_library import FORBIDDEN, school_grade

from kneeline.content.load import DATA, Library, load, load_test
from kneeline.content.schema import Number
from kneeline.content.trial_check import check_tests
from kneeline.content.trial_schema import MovementTest, TrialExample
from kneeline.model.errors import ContentError, InputError
from kneeline.model.quantity import Estimate
from kneeline.motion.figure import perform
from kneeline.motion.trial import Trial

LIBRARY = load()
TESTS = list(LIBRARY.tests.values())
CASES = [pytest.param(test, example, id=f"{test.id}: {example.name}") for test in TESTS for example in test.example]


def number(value: float, unit: str) -> Number:
    return Number(value=value, unit=unit, basis="house")


def with_test(test: MovementTest) -> Library:
    return replace(LIBRARY, tests={test.id: test})


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


def test_every_file_is_in_the_library_and_an_unknown_id_is_answered_with_the_closest() -> None:
    assert {path.stem for path in DATA.glob("tests/*.toml")} == set(LIBRARY.tests)
    with pytest.raises(InputError, match="lateral_step_down"):
        load_test("lateral_stepdown")


def test_every_measured_indicator_of_a_finding_has_a_test() -> None:
    informed = {value.indicator for test in TESTS for value in (*test.value, *test.difference)} - {""}
    asked = {indicator.id for indicator in LIBRARY.clinic.indicators.values() if indicator.question}
    assert informed == set(LIBRARY.clinic.indicators) - asked


@pytest.mark.parametrize("test", TESTS, ids=lambda t: t.id)
def test_a_test_is_whole(test: MovementTest) -> None:
    assert test.steps
    assert test.stop
    assert test.evidence or test.kind == "gait"
    assert test.example or test.kind in ("gait", "photo")
    for value in test.value:
        assert value.weight
        assert value.norm or value.no_norm
        sourced = [norm for norm in value.norm if norm.usual.basis == "sourced"]
        assert all(norm.usual.evidence for norm in sourced)


@pytest.mark.parametrize("test", TESTS, ids=lambda t: t.id)
def test_a_twelve_year_old_can_read_it_and_nothing_in_it_feeds_fear(test: MovementTest) -> None:
    texts = [test.name, test.summary, *test.setup, *test.steps, *test.stop, *test.equipment, test.no_self]
    texts += [test.camera.place, test.camera.turn, *(own.how for own in test.by_yourself)]
    texts += [text for value in test.value for text in (value.meaning, value.weight, value.no_norm)]
    texts += [text for item in test.item for text in (item.name, item.ask)] + [claim.says for claim in test.evidence]
    texts = [text for text in texts if text]
    assert school_grade(texts) <= 7.0
    assert not [text for text in texts if FORBIDDEN.search(text)]


@pytest.mark.parametrize(
    ("test_id", "change", "says"),
    [
        ("single_leg_squat", {"exercise": "no_such"}, "exercise"),
        ("single_leg_squat", {"exercise": ""}, "belongs to the kinds"),
        ("single_leg_squat", {"exercise": "single_leg_stand"}, "is not of the kind"),
        ("single_leg_squat", {"least": number(0, "reps")}, "least"),
        ("single_leg_squat", {"no_self": ""}, "no_self"),
        ("lateral_step_down", {"item": ()}, "score"),
        ("stand_30s", {"kind": "gait", "exercise": ""}, "statistic"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(test_id: str, change: dict[str, object], says: str) -> None:
    with pytest.raises(ContentError, match=says) as refused:
        check_tests(with_test(msgspec.structs.replace(LIBRARY.tests[test_id], **change)))
    assert refused.value.file == f"tests/{test_id}.toml"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"unit": "frac"}, "unit"),
        ({"measure": "heel_rise_peak_frac"}, "measure"),
        ({"measure": ""}, "does not fit the statistic"),
        ({"indicator": "no_such"}, "indicator"),
        ({"indicator": "knee_to_wall", "unit": "frac"}, "unit"),
        ({"shared": None}, "shared"),
        ({"shared": number(1.5, "share")}, "shared"),
        ({"norm": (), "no_norm": ""}, "no_norm"),
        ({"enough": number(1.0, "s")}, "unit"),
        ({"statistic": "time"}, "statistic"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(change: dict[str, object], says: str) -> None:
    squat = LIBRARY.tests["single_leg_squat"]
    broken = msgspec.structs.replace(squat.value[0], **change)
    with pytest.raises(ContentError, match=says):
        check_tests(with_test(msgspec.structs.replace(squat, value=(broken, *squat.value[1:]))))


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    text = (DATA / "tests" / "knee_to_wall.toml").read_text(encoding="utf-8")
    own = text.replace('id = "knee_to_wall"', 'id = "mine"\ncolour = "red"', 1)
    (tmp_path / "tests" / "mine.toml").write_text(own, encoding="utf-8")
    with pytest.raises(ContentError, match="colour"):
        load(tmp_path)
    (tmp_path / "tests" / "mine.toml").write_text(own.replace('colour = "red"\n', ""), encoding="utf-8")
    assert "mine" in load(tmp_path).tests
