from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hand_made import BY_FOOT, SIDE_VIEW, Made
from makers import strict

from kneeline.model.movement import SetSummary, View
from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.report.answer import answer, to_json, write_json

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "schema" / "set.schema.json").read_text())
valid = jsonschema.Draft202012Validator(strict(SCHEMA)).validate


def the_answer(made: Made) -> dict[str, Any]:
    return answer(made.result, made.recording, made.library)


def test_the_schema_itself_is_sound() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_an_answer_keeps_the_contract(made: Made) -> None:
    content = the_answer(made)
    valid(content)
    assert list(content) == SCHEMA["required"]
    assert content["reps"][0]["lift_s"] == {"value": 1.9, "sd": 0.06, "unit": "s"}
    assert content["reps"][0]["measures"]["knee_flexion_change_deg"] == {"not_assessable": SIDE_VIEW}
    assert content["reps"][0]["faults"][3] == {
        "id": "arch_rolls_in",
        "verdict": "not_assessable",
        "probability": None,
        "reason": BY_FOOT,
    }
    assert [rep["verdict"] for rep in content["reps"]] == ["good"] * 3 + ["try_again"] * 2
    assert content["set"]["dose_received"] == 0.247


def test_an_answer_without_repetitions_or_prescription_keeps_the_contract(made: Made) -> None:
    none = replace(
        made.result,
        reps=(),
        cues=(),
        view=View("unclear", NotAssessable("Nobody was found."), False, ("Nobody was found.",)),
        summary=SetSummary(0, 0, 0.0, None, None),
    )
    content = answer(none, made.recording, made.library)
    valid(content)
    assert content["set"]["prescribed_time_under_tension_s"] is None
    assert content["view"]["yaw_deg"] == {"not_assessable": "Nobody was found."}


def test_warnings_of_the_recording_come_first_and_once(made: Made) -> None:
    twice = replace(made.recording, warnings=("Cut off.", made.result.warnings[0]))
    content = answer(made.result, twice, made.library)
    assert content["warnings"] == ["Cut off.", made.result.warnings[0]]


@pytest.mark.parametrize(
    "broken",
    [
        {"schema_version": 2},
        {"side": "none"},
        {"view": {"facing": "front", "yaw_deg": None, "usable": True, "reasons": []}},
        {"set": {"count": 1, "good": 1, "time_under_tension_s": 1.0}},
        {"extra": 1},
    ],
)
def test_the_schema_refuses_what_is_not_in_the_contract(made: Made, broken: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        valid({**the_answer(made), **broken})


def test_the_published_schema_leaves_room_for_keys_that_are_added(made: Made) -> None:
    content = the_answer(made)
    content["extra"] = content["reps"][0]["extra"] = content["set"]["extra"] = 1
    jsonschema.Draft202012Validator(SCHEMA).validate(content)


def test_a_movement_may_have_begun_before_the_first_picture(made: Made) -> None:
    early = replace(made.result.reps[0], start_s=-0.3)
    valid(answer(replace(made.result, reps=(early,)), made.recording, made.library))


def test_the_schema_refuses_a_verdict_without_a_probability_and_a_refusal_without_a_reason(made: Made) -> None:
    for fault in ({"verdict": "absent", "probability": None}, {"verdict": "not_assessable", "reason": ""}):
        content = the_answer(made)
        content["reps"][0]["faults"][0] |= fault
        with pytest.raises(jsonschema.ValidationError):
            valid(content)


def test_nan_never_reaches_a_file(made: Made, tmp_path: Path) -> None:
    bad = replace(made.recording, fps_median=float("nan"))
    with pytest.raises(ValueError, match="finite"):
        answer(made.result, bad, made.library)
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"value": float("inf")})
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_the_answer_in_readable_letters(made: Made, tmp_path: Path) -> None:
    named = replace(made.recording, source="Übung.mp4")
    content = answer(named and made.result, named, made.library)
    write_json(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == content
    assert "Übung.mp4" in text
    assert text == to_json(content)


def test_tiny_rounding_does_not_change_an_estimate(made: Made) -> None:
    rep = replace(made.result.reps[0], lift_s=Estimate(1.23456789, 0.0, "s"))
    content = answer(replace(made.result, reps=(rep,)), made.recording, made.library)
    assert content["reps"][0]["lift_s"]["value"] == pytest.approx(1.23456789, abs=1e-6)
