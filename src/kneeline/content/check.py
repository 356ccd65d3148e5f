"""What the schema alone cannot say: every reference in the library resolves, and every number fits its place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from kneeline.content.schema import Avoid, Claim, Exercise, FaultRule, Number, Signal, Validity
from kneeline.model.errors import ContentError

if TYPE_CHECKING:
    from kneeline.content.load import Library

BUILT_IN: dict[str, str] = {
    "lift_s": "s",
    "hold_s": "s",
    "lower_s": "s",
    "excursion_of_usual_frac": "frac",
}
"""Measures that every repetition has, with their units."""

LEG_ANGLES = ("knee_flexion", "hip_flexion", "hip_abduction", "ankle_dorsiflexion", "foot_pitch", "fppa")
BODY_ANGLES = ("pelvic_drop", "trunk_lean", "trunk_pitch")
ANGLES: tuple[str, ...] = BODY_ANGLES + tuple(f"{leg}_{a}" for leg in ("working", "free", "both") for a in LEG_ANGLES)
"""Names of the joint angles that a reference motion may set, in degrees; `kneeline.motion.figure.pose` defines them."""


def check(library: Library) -> None:
    """Raise `ContentError` at the first thing in the library that does not hold together."""
    for signal in library.signals.values():
        check_numbers("signals.toml", signal, library, signal.name)
        _is_unit("signals.toml", f"{signal.name}.unit", signal.unit, ("deg", "frac"))
        _turn(signal)
        _method_error(signal)
    for validity in library.validity.values():
        check_numbers("validity.toml", validity, library, validity.signal)
        _validity(validity, library)
    _accuracy(library)
    for measure in library.measures.values():
        check_known("measures.toml", f"{measure.id}.signal", measure.signal, library.signals)
        unit = library.signals[measure.signal].unit
        if not measure.id.endswith("_" + unit):
            raise ContentError("measures.toml", measure.id, f"must end in _{unit}, the unit of {measure.signal}")
        if measure.statistic == "difference" and measure.leg != "each":
            raise ContentError("measures.toml", f"{measure.id}.leg", 'must be "each" for the statistic "difference"')
    for exercise in library.exercises.values():
        _exercise(exercise, library)


def _exercise(exercise: Exercise, library: Library) -> None:
    file = f"exercises/{exercise.id}.toml"
    check_numbers(file, exercise, library)
    if not exercise.camera.views:
        raise ContentError(file, "camera.views", "is empty; allowed: front, back, side")
    for measure in exercise.measures:
        check_known(file, "measures", measure, library.measures)
    _repetition(file, exercise, library)
    _observations(file, exercise, library)
    _dose(file, exercise)
    check_unique(file, "fault", [rule.id for rule in exercise.fault])
    for rule in exercise.fault:
        _fault(file, rule, exercise, library)
    check_unique(file, "ladder.level", [rung.level for rung in exercise.ladder])
    _reference(file, exercise)
    check_unique(file, "example.name", [example.name for example in exercise.example])
    for example in exercise.example:
        key = f"example {example.name!r}"
        for name in (*example.given.start, *example.given.change):
            check_known(file, f"{key}.given", name, ANGLES)
        if example.given.start and example.given.only:
            raise ContentError(
                file, f"{key}.given.start", "excludes only: the rest between repetitions has one posture"
            )
        if any(not 1 <= rep <= example.given.reps for rep in example.given.only):
            raise ContentError(file, f"{key}.given.only", f"must name repetitions 1 to {example.given.reps}")
        if (example.expect.held_s is not None) != (exercise.kind == "hold"):
            raise ContentError(file, f"{key}.expect.held_s", 'belongs to every file of kind "hold" and to no other')
        named = (*example.expect.present, *example.expect.absent, *example.expect.not_assessable)
        check_unique(file, f"{key}.expect", named)
        for fault in named:
            check_known(file, f"{key}.expect", fault, [rule.id for rule in exercise.fault])


def _repetition(file: str, exercise: Exercise, library: Library) -> None:
    rule = exercise.repetition
    check_known(file, "repetition.signal", rule.signal, library.signals)
    for name in ("smallest", "largest"):
        _is_unit(file, f"repetition.{name}.unit", getattr(rule, name).unit, (library.signals[rule.signal].unit,))
    for name in ("shortest", "longest"):
        _is_unit(file, f"repetition.{name}.unit", getattr(rule, name).unit, ("s",))
    for companion in rule.companions:
        check_known(file, "repetition.companions.signal", companion.signal, library.signals)
        for limit in filter(None, (companion.at_most, companion.at_least)):
            units = (library.signals[companion.signal].unit, "of excursion")
            _is_unit(file, "repetition.companions", limit.unit, units)
    if not 0 < rule.smallest.value < rule.largest.value or not 0 < rule.shortest.value < rule.longest.value:
        raise ContentError(file, "repetition", "needs 0 < smallest < largest and 0 < shortest < longest")


def _observations(file: str, exercise: Exercise, library: Library) -> None:
    for observation in exercise.observation:
        key = f"observation of {observation.signal!r}"
        check_known(file, key, observation.signal, library.signals)
        for name in observation.weights:
            check_known(file, f"{key}.weights", name, library.signals)
        if observation.within.keys() != observation.weights.keys() or min(observation.within.values(), default=0) <= 0:
            raise ContentError(
                file, f"{key}.within", "says for each of its weights how far that signal may move, above 0"
            )
        unit = library.signals[observation.signal].unit
        _is_unit(file, f"{key}.error", observation.error.unit, (unit,))
        _is_unit(file, f"{key}.turn_error", observation.turn_error.unit, (f"{unit} per deg",))


def _dose(file: str, exercise: Exercise) -> None:
    if (exercise.dose is None) == (exercise.kind == "exercise"):
        raise ContentError(file, "dose", 'belongs to every file of kind "exercise" and to no other')
    if exercise.dose is not None:
        for name in ("lift", "hold", "lower", "rest"):
            _is_unit(file, f"dose.{name}.unit", getattr(exercise.dose, name).unit, ("s",))


def _turn(signal: Signal) -> None:
    turned = (signal.yaw_limit is not None, signal.yaw_error is not None)
    if turned != ((False, False) if signal.plane == "any" else (True, True)):
        wanted = "leaves out" if signal.plane == "any" else "needs"
        raise ContentError("signals.toml", signal.name, f"plane {signal.plane!r} {wanted} yaw_limit and yaw_error")


def _method_error(signal: Signal) -> None:
    if signal.method_error is not None and signal.method_error.basis != "house":
        raise ContentError(
            "signals.toml", f"{signal.name}.method_error", "is our own estimate; what is published is in validity.toml"
        )


def _validity(known: Validity, library: Library) -> None:
    file = "validity.toml"
    check_known(file, "table", known.signal, library.signals)
    unit = library.signals[known.signal].unit
    for name in ("against_3d", "bias_3d", "sem", "mdc"):
        number: Number | None = getattr(known, name)
        if number is not None:
            _is_unit(file, f"{known.signal}.{name}.unit", number.unit, (unit,))
            if number.basis != "sourced":
                raise ContentError(file, f"{known.signal}.{name}", "is published or left out; it must be sourced")
    for reference in known.evidence:
        _resolve(file, f"{known.signal}.evidence", reference, library)


def _accuracy(library: Library) -> None:
    for model in library.accuracy.model.values():
        for exercise, found in model.items():
            check_known("accuracy.toml", "exercise", exercise, library.exercises)
            for measure, known in found.items():
                check_known("accuracy.toml", exercise, measure, (*BUILT_IN, *library.measures))
                counted = min(known.repetitions, known.recordings, known.people) > 0
                if not (counted and 0 <= known.mae < math.inf and abs(known.bias) <= known.mae and known.covered <= 1):
                    raise ContentError(
                        "accuracy.toml", f"{exercise}.{measure}", "is no mean of anything; measure again"
                    )


def _fault(file: str, rule: FaultRule, exercise: Exercise, library: Library) -> None:
    key = f"fault {rule.id!r}"
    check_known(file, key, rule.id, library.faults)
    if not 1 <= rule.persist_reps <= rule.persist_of:
        raise ContentError(file, f"{key}.persist_reps", f"must be 1 to persist_of, which is {rule.persist_of}")
    limits = [limit for limit in (rule.above, rule.below) if limit is not None]
    if rule.not_by_camera:
        if rule.measure or limits:
            raise ContentError(file, f"{key}.not_by_camera", "excludes measure, above and below")
        if not rule.self_check:
            raise ContentError(file, f"{key}.self_check", "is missing; say what the person can feel or see")
        return
    if not rule.measure or len(limits) != 1:
        raise ContentError(file, key, "needs a measure with above or below, not both; or not_by_camera with self_check")
    check_known(file, f"{key}.measure", rule.measure, (*BUILT_IN, *library.measures))
    if rule.measure in BUILT_IN:
        unit = BUILT_IN[rule.measure]
    else:
        unit = library.signals[library.measures[rule.measure].signal].unit
        if rule.measure not in exercise.measures:
            raise ContentError(file, f"{key}.measure", f"{rule.measure!r} is not listed in measures of this exercise")
    _is_unit(file, f"{key}.unit", limits[0].unit, (unit,))


def _reference(file: str, exercise: Exercise) -> None:
    frames = exercise.reference.keyframes
    places = [frame.at for frame in frames]
    if len(frames) < 2 or places[0] != 0 or places[-1] != 1 or any(a >= b for a, b in pairwise(places)):
        raise ContentError(file, "reference.keyframes", f"go at {places}; they must rise from 0 to 1")
    for frame in frames:
        for name in frame.angles:
            check_known(file, "reference.keyframes.angles", name, ANGLES)
        if frame.angles.keys() != frames[0].angles.keys():
            raise ContentError(file, f"reference.keyframes at {frame.at}", "must set the same angles as the first one")


def check_numbers(file: str, root: msgspec.Struct, library: Library, prefix: str = "") -> None:
    """Check the evidence behind every number, claim and advice below `root`."""
    for key, item in _walk(root, prefix):
        if isinstance(item, Number) and item.basis == "sourced" and not item.evidence:
            raise ContentError(file, f"{key}.evidence", 'is missing; a sourced number names its "key#locator"')
        if isinstance(item, Claim) and not item.evidence and item.grade not in ("unsupported", "house"):
            raise ContentError(file, f"{key}.evidence", "is missing; only the grades unsupported and house go without")
        if isinstance(item, Number | Claim | Avoid):
            for reference in item.evidence:
                _resolve(file, f"{key}.evidence", reference, library)


def _walk(item: object, key: str) -> Iterator[tuple[str, object]]:
    """Every struct below `item` with the place where it stands."""
    if isinstance(item, msgspec.Struct):
        yield key, item
        for name in item.__struct_fields__:
            yield from _walk(getattr(item, name), f"{key}.{name}".lstrip("."))
    elif isinstance(item, tuple):
        for i, part in enumerate(item):
            yield from _walk(part, f"{key}[{i}]")


def _resolve(file: str, key: str, reference: str, library: Library) -> None:
    source, _, locator = reference.partition("#")
    check_known(file, key, source, library.sources)
    check_known(file, f"{key} {source}#", locator, library.sources[source].supports)


def check_known(file: str, key: str, value: str, allowed: Mapping[str, object] | tuple[str, ...] | list[str]) -> None:
    """Raise `ContentError` where a value is none of those allowed."""
    if value not in allowed:
        raise ContentError(file, key, f"{value!r} is not known; allowed: {', '.join(allowed)}")


def _is_unit(file: str, key: str, unit: str, allowed: tuple[str, ...]) -> None:
    if unit not in allowed:
        raise ContentError(file, key, f"is {unit!r}; allowed: {', '.join(allowed)}")


def check_unique(file: str, key: str, values: list[str] | list[int] | tuple[str, ...]) -> None:
    """Raise `ContentError` where a value is there twice."""
    twice = sorted({value for value in values if list(values).count(value) > 1}, key=str)
    if twice:
        raise ContentError(file, key, f"{twice[0]!r} is there twice")
