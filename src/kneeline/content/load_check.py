"""What load, running and progress must keep beyond their schema: arms that are arms, loads that can be worked out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from string import Formatter
from typing import TYPE_CHECKING

import msgspec

from kneeline.content.check import check_known, check_numbers
from kneeline.content.load_schema import Activity, JointModel, LoadSheet
from kneeline.content.schema import Number
from kneeline.model.errors import ContentError

if TYPE_CHECKING:
    from kneeline.content.load import Library

DEEPEST_DEG = 90
"""As far as the models of the joint are used."""
ARM_MM = (5.0, 80.0)
"""No lever arm of a knee lies outside this; an equation that leaves it has its units mixed up. House default."""

_NEEDS = {
    "measured": {"force", "spread", "peak_at", "loaded"},
    "squat": {"share"},
    "press": {"moment"},
    "hanging": {"moment"},
    "steady": {"moment"},
}
_UNITS = {"force": "BW", "spread": "BW", "peak_at": "deg", "loaded": "s", "share": "share of body weight"}
_WORDS = {
    "pain": {"pain", "limit"},
    "settle": {"minutes"},
    "earned": {"calm"},
    "wait": {"calm", "have"},
    "not_told": {"missing"},
    "stale": {"days"},
    "rest": {"day"},
    "cadence": {"low", "high"},
    **{key: set[str]() for key in ("first", "morning", "calm", "eased", "slower")},
}


def check_sheets(library: Library) -> None:
    """Raise `ContentError` at the first thing on load, running and progress that does not hold together."""
    sheets = library.sheets
    for file, root in (
        ("load.toml", sheets.load),
        ("running.toml", sheets.running),
        ("progress.toml", sheets.progress),
    ):
        for key, entry in _entries(root, ""):
            check_numbers(file, entry, library, key)
            _evidence(file, key, entry, library)
            for name in entry.__struct_fields__:
                number = getattr(entry, name)
                if isinstance(number, Number) and not 0 <= number.value < 10_000:
                    raise ContentError(file, f"{key}.{name}".lstrip("."), f"is {number.value}; it cannot be below 0")
    _load(sheets.load, library)
    running = sheets.running
    if not 0 <= running.back_to < len(running.step):
        raise ContentError("running.toml", "back_to", f"must be 0 to {len(running.step) - 1}, the place of a step")
    if running.step[-1].walk.value != 0 or any(step.walk.value == 0 for step in running.step[:-1]):
        raise ContentError("running.toml", "step", "has walking in every step but the last")
    if set(running.says) != set(_WORDS):
        raise ContentError("running.toml", "says", f"holds exactly {', '.join(_WORDS)}")
    for key, text in running.says.items():
        if {name for _, name, _, _ in Formatter().parse(text) if name is not None} != _WORDS[key]:
            raise ContentError(
                "running.toml", f"says.{key}", f"has the places {', '.join(sorted(_WORDS[key])) or 'none'}"
            )


def _load(sheet: LoadSheet, library: Library) -> None:
    file = "load.toml"
    if len(sheet.model) != 2:
        raise ContentError(file, "model", "holds two models, so that the band between them can be shown")
    for key, model in sheet.model.items():
        _model(key, model)
    bends = [lever.knee_deg for lever in sheet.squat]
    if len(bends) < 2 or (bends[0], bends[-1]) != (0, DEEPEST_DEG) or any(a >= b for a, b in pairwise(bends)):
        raise ContentError(file, "squat.knee_deg", f"must rise from 0 to {DEEPEST_DEG}")
    for key, activity in sheet.activity.items():
        _activity(key, activity)
    for name in ("walking", "running", "stairs_up", "stairs_down"):
        check_known(file, "activity", name, sheet.activity)
        if sheet.activity[name].shape != "measured":
            raise ContentError(file, f"activity.{name}.shape", "must be measured")
    for key, exercise in sheet.exercise.items():
        check_known(file, "exercise", key, library.exercises)
        check_known(file, f"exercise.{key}.activity", exercise.activity, sheet.activity)
        known = sheet.activity[exercise.activity]
        if known.shape == "measured" or not known.from_deg <= exercise.bend.value <= known.to_deg:
            raise ContentError(file, f"exercise.{key}", "needs an activity that is worked out, and a bend in its range")


def _model(key: str, model: JointModel) -> None:
    where = f"model.{key}"
    starts = [piece.from_deg for piece in model.lever_arm_mm]
    if not starts or starts[0] != 0 or any(a >= b for a, b in pairwise(starts)):
        raise ContentError("load.toml", f"{where}.lever_arm_mm", "has pieces that rise from 0")
    if bool(model.wrap_deg) == bool(model.fraction_top) or bool(model.fraction_top) != bool(model.fraction_bottom):
        raise ContentError("load.toml", where, "has either wrap_deg, or fraction_top with fraction_bottom")
    for bend in range(DEEPEST_DEG + 1):
        arm = model.lever_arm_at(bend)
        if not ARM_MM[0] <= arm <= ARM_MM[1]:
            raise ContentError(
                "load.toml", f"{where}.lever_arm_mm", f"gives {arm:.1f} mm at {bend} degrees; its units are mixed up"
            )
        if model.force_per_moment(bend) <= 0:
            raise ContentError("load.toml", where, f"gives no force at {bend} degrees")


def _activity(key: str, activity: Activity) -> None:
    where, needs = f"activity.{key}", _NEEDS[activity.shape]
    numbers = {name for name in activity.__struct_fields__ if isinstance(getattr(activity, name), Number)}
    if numbers != needs:
        raise ContentError("load.toml", where, f"of shape {activity.shape!r} has exactly {', '.join(sorted(needs))}")
    for name in needs:
        number = getattr(activity, name)
        unit = _UNITS.get(name, "Nm per kg")
        if number.unit != unit or number.value <= 0:
            raise ContentError("load.toml", f"{where}.{name}", f"must be above 0, in {unit!r}")
    if not 0 <= activity.from_deg < activity.to_deg <= DEEPEST_DEG:
        raise ContentError(
            "load.toml", f"{where}.from_deg", f"must be 0 or more, and below to_deg, at most {DEEPEST_DEG}"
        )


def _entries(item: object, key: str) -> Iterator[tuple[str, msgspec.Struct]]:
    """Every struct below, also in tables, with its place; numbers are checked with what holds them."""
    if isinstance(item, msgspec.Struct) and not isinstance(item, Number):
        yield key, item
        for name in item.__struct_fields__:
            yield from _entries(getattr(item, name), f"{key}.{name}".lstrip("."))
    elif isinstance(item, dict):
        for name, part in item.items():
            yield from _entries(part, f"{key}.{name}")
    elif isinstance(item, tuple):
        for i, part in enumerate(item):
            yield from _entries(part, f"{key}[{i}]")


def _evidence(file: str, key: str, entry: msgspec.Struct, library: Library) -> None:
    """Of a whole entry that says its basis itself, as a model of the joint does."""
    references: tuple[str, ...] = getattr(entry, "evidence", ())
    if getattr(entry, "basis", "house") == "sourced" and not references:
        raise ContentError(file, f"{key}.evidence", 'is missing; what is sourced names its "key#locator"')
    for reference in references:
        source, _, locator = reference.partition("#")
        check_known(file, f"{key}.evidence", source, library.sources)
        check_known(file, f"{key}.evidence {source}#", locator, library.sources[source].supports)
