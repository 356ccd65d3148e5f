"""What the sheets of load, running and progress must keep: a bad one is refused with its file, its key and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from kneeline.content.load import load
from kneeline.content.load_check import check_sheets
from kneeline.content.load_schema import Piece, Sheets
from kneeline.content.schema import Number
from kneeline.model.errors import ContentError

LIBRARY = load()
LOAD, RUNNING, PROGRESS = LIBRARY.sheets.load, LIBRARY.sheets.running, LIBRARY.sheets.progress
A, B = LOAD.model.values()
SQUAT, WALKING = LOAD.activity["squat"], LOAD.activity["walking"]


def n(value: float, unit: str, basis: Any = "house") -> Number:
    return Number(value=value, unit=unit, basis=basis)


def activity(key: str, **changes: Any) -> Any:
    return changed(LOAD, activity={**LOAD.activity, key: changed(LOAD.activity[key], **changes)})


def exercise(key: str, **changes: Any) -> Any:
    return changed(LOAD, exercise={**LOAD.exercise, key: changed(LOAD.exercise["squat_double"], **changes)})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: changed(LOAD, model={"a": A}), "two models"),
        (lambda: changed(LOAD, model={"a": A, "b": changed(B, wrap_deg=())}), "either wrap_deg"),
        (lambda: changed(LOAD, model={"a": A, "b": changed(B, fraction_top=(1.0,))}), "either wrap_deg"),
        (lambda: changed(LOAD, model={"a": A, "b": changed(B, wrap_deg=(0.0,))}), "no force"),
        (lambda: changed(LOAD, model={"a": A, "b": changed(B, lever_arm_mm=())}), "rise from 0"),
        (
            lambda: changed(
                LOAD, model={"a": A, "b": changed(B, lever_arm_mm=(Piece(from_deg=0, coefficients=(3.0,)),))}
            ),
            "units are mixed up",
        ),
        (lambda: changed(LOAD, model={"a": A, "b": changed(B, evidence=())}), "evidence: is missing"),
        (lambda: changed(LOAD, model={"a": A, "b": changed(B, evidence=("S999#x",))}), "S999"),
        (lambda: changed(LOAD, squat=LOAD.squat[1:]), "rise from 0"),
        (lambda: changed(LOAD, squat=LOAD.squat[::-1]), "rise from 0"),
        (lambda: changed(LOAD, activity={"walking": WALKING}), "running"),
        (lambda: activity("running", shape="steady"), "exactly moment"),
        (lambda: activity("squat", share=None), "exactly share"),
        (lambda: activity("squat", share=n(0, "share of body weight")), "above 0"),
        (lambda: activity("squat", share=n(50, "%")), "share of body weight"),
        (lambda: activity("squat", to_deg=120), "at most 90"),
        (lambda: activity("walking", force=n(-1, "BW")), "below 0"),
        (lambda: activity("walking", force=n(0.9, "BW", "sourced")), "evidence: is missing"),
        (lambda: exercise("hopping"), "hopping"),
        (lambda: exercise("lunge", activity="hopping"), "hopping"),
        (lambda: exercise("lunge", activity="running"), "worked out"),
        (lambda: exercise("lunge", bend=n(120, "deg")), "bend in its range"),
    ],
)
def test_a_bad_load_sheet_is_refused(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ContentError, match=says):
        check_sheets(replace(LIBRARY, sheets=Sheets(make(), RUNNING, PROGRESS)))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: changed(RUNNING, back_to=9), "back_to"),
        (lambda: changed(RUNNING, step=RUNNING.step[:-1]), "walking in every step"),
        (lambda: changed(RUNNING, step=(*RUNNING.step[-1:], *RUNNING.step)), "walking in every step"),
        (lambda: changed(RUNNING, says={}), "holds exactly"),
        (lambda: changed(RUNNING, says={**RUNNING.says, "rest": "Rest."}), "the places day"),
        (lambda: changed(RUNNING, says={**RUNNING.says, "calm": "{who} ran."}), "the places none"),
        (lambda: changed(RUNNING, rest=n(float("nan"), "days")), "below 0"),
    ],
)
def test_a_bad_running_sheet_is_refused(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ContentError, match=says):
        check_sheets(replace(LIBRARY, sheets=Sheets(LOAD, make(), PROGRESS)))


def test_the_shipped_sheets_hold_together() -> None:
    check_sheets(LIBRARY)
