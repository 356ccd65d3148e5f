"""Up and down the ladders: what a prescription becomes when it gets easier or harder, always within the bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import msgspec

from kneeline.content.load import Library
from kneeline.content.schema import Dose as DoseContent
from kneeline.content.schema import Exercise, Number, Rung
from kneeline.model.errors import InputError
from kneeline.model.plan import Band, Dose, Prescription, TrainedSide

AWAY: Final = ("chair",)
"""What is at hand wherever one is. House default."""


def usual_dose(exercise: Exercise, per_week: int, library: Library) -> Dose:
    """The dose that an exercise's own file asks for, on so many days a week, within the bounds.

    >>> from kneeline.content.load import load, load_exercise
    >>> usual_dose(load_exercise("banded_single_leg_stand"), 3, load()).reps
    12
    """
    d = exercise.dose
    if d is None:
        raise ValueError(f"{exercise.id} is not prescribed")
    return Dose(
        sets=within("sets", d.sets.value, library),
        reps=within("reps", d.reps.value, library),
        lift_s=d.lift.value,
        hold_s=d.hold.value,
        lower_s=d.lower.value,
        rest_s=d.rest.value,
        per_week=within("per_week", per_week, library),
    )


def within(name: str, value: float, library: Library) -> int:
    """The whole number nearest to `value` that the bounds allow."""
    bound = library.planning.bounds[name]
    return round(min(max(value, bound.least.value), bound.most.value))


def usable(exercise: Exercise, equipment: Iterable[str]) -> list[Rung]:
    """The rungs of an exercise that can be done with what is at hand, easiest first."""
    there = {*equipment, *AWAY}
    return [rung for rung in sorted(exercise.ladder, key=lambda r: r.level) if there.issuperset(rung.needs)]


def rung_of(prescription: Prescription, library: Library) -> Rung:
    """The rung that a prescription stands on.

    Raises `InputError` when the library does not know it (any more).
    """
    exercise = library.exercises.get(prescription.exercise)
    for rung in exercise.ladder if exercise else ():
        if rung.level == prescription.rung:
            return rung
    raise InputError(
        f"The plan asks for {prescription.exercise}, rung {prescription.rung}, which is not known here",
        try_next="make a new plan",
    )


def coached(prescription: Prescription, library: Library) -> Exercise | None:
    """The exercise that the coach watches, with the dose that is prescribed; None where no camera can.

    >>> from kneeline.content.load import load
    >>> dose = Dose(2, 8, 2.0, 1.0, 4.0, 60.0, 3)
    >>> asked = Prescription("banded_single_leg_stand", "hip", "left", "left", -1, "", dose, "")
    >>> exercise = coached(asked, load())
    >>> exercise.id, exercise.dose.reps.value
    ('standing_leg_lift', 8)
    """
    rung, d = rung_of(prescription, library), prescription.dose
    if rung.not_by_camera:
        return None
    exercise = library.exercises[rung.exercise or prescription.exercise]

    def number(value: float, unit: str) -> Number:
        return Number(value=value, unit=unit, basis="house")

    dose = DoseContent(
        sets=number(d.sets, "sets"),
        reps=number(d.reps, "reps"),
        lift=number(d.lift_s, "s"),
        hold=number(d.hold_s, "s"),
        lower=number(d.lower_s, "s"),
        rest=number(d.rest_s, "s"),
        per_week=number(d.per_week, "per week"),
    )
    return msgspec.structs.replace(exercise, dose=dose)


def named(prescription: Prescription, library: Library) -> str:
    """What a prescription is called: its exercise, and how it is done on its rung."""
    exercise, rung = library.exercises[prescription.exercise], rung_of(prescription, library)
    if not rung.level or rung.exercise or rung.not_by_camera:
        return rung.name
    return f"{exercise.name}, {rung.name[0].lower()}{rung.name[1:]}"


def legs(prescription: Prescription, library: Library) -> str:
    """Which leg trains, in words; "" where both do at once."""
    if prescription.side != "both":
        return f"{prescription.side} leg"
    return "each leg" if library.exercises[prescription.exercise].sides == "one" else ""


def described(prescription: Prescription, library: Library) -> str:
    """A prescription in one line."""
    p, d, leg = prescription, prescription.dose, legs(prescription, library)
    band = f", {p.band} band" if p.band else ""
    return f"{named(p, library)}{', ' if leg else ''}{leg}: {d.sets} x {d.reps}{band}, {d.lower_s:g} s down"


def less(p: Prescription, share: float, library: Library) -> Prescription | None:
    """Fewer repetitions, by that share; where they are at their least, a set less; then a step back."""
    reps = within("reps", math.floor(p.dose.reps * (1 - share)), library)
    if reps < p.dose.reps:
        return replace(p, dose=replace(p.dose, reps=reps))
    if p.dose.sets > within("sets", 0, library):
        return replace(p, dose=replace(p.dose, sets=p.dose.sets - 1))
    return None


def step_back(p: Prescription, equipment: Iterable[str], library: Library) -> Prescription | None:
    """The band before, else the rung before; at the bottom of the ladder, fewer repetitions."""
    if (lighter := _beside(p, library, -1)) is not None:
        return replace(p, band=lighter)
    below = [r for r in usable(library.exercises[p.exercise], equipment) if r.level < p.rung]
    if below:
        # What was slowed for the sake of control goes at its usual pace where control is easier.
        pace_s = min(p.dose.lower_s, usual_dose(library.exercises[p.exercise], p.dose.per_week, library).lower_s)
        band: Band = below[-1].bands[-1] if below[-1].bands else ""
        return replace(p, rung=below[-1].level, band=band, dose=replace(p.dose, lower_s=pace_s))
    return less(p, 0.3, library)


def lighter_slower(p: Prescription, equipment: Iterable[str], library: Library) -> Prescription | None:
    """A lighter band where there is one, and a second more on the way down; when it is slow already, a step back."""
    slow = float(max(p.dose.lower_s, within("lower", p.dose.lower_s + 1, library)))
    band = _beside(p, library, -1)
    if band is None and slow == p.dose.lower_s:
        return step_back(p, equipment, library)
    return replace(p, band=p.band if band is None else band, dose=replace(p.dose, lower_s=slow))


def step_up(p: Prescription, equipment: Iterable[str], library: Library) -> Prescription | None:
    """What was taken away comes back first (repetitions, sets, tempo); then the next band, rung, or one more set."""
    exercise = library.exercises[p.exercise]
    usual = usual_dose(exercise, p.dose.per_week, library)
    if p.dose.reps < usual.reps or p.dose.sets < usual.sets or p.dose.lower_s > usual.lower_s:
        if p.dose.reps < usual.reps:
            return replace(p, dose=replace(p.dose, reps=usual.reps))
        if p.dose.sets < usual.sets:
            return replace(p, dose=replace(p.dose, sets=p.dose.sets + 1))
        return replace(p, dose=replace(p.dose, lower_s=usual.lower_s))
    if (band := _beside(p, library, +1)) is not None:
        return replace(p, band=band)
    above = [r for r in usable(exercise, equipment) if r.level > p.rung]
    if above:
        return replace(p, rung=above[0].level, band=above[0].bands[0] if above[0].bands else "")
    sets = within("sets", p.dose.sets + 1, library)
    return replace(p, dose=replace(p.dose, sets=sets)) if sets > p.dose.sets else None


def _beside(p: Prescription, library: Library, way: int) -> Band | None:
    bands = rung_of(p, library).bands
    place = bands.index(p.band) + way if p.band and p.band in bands else -1
    return bands[place] if 0 <= place < len(bands) else None


def easy(p: Prescription, equipment: Iterable[str], library: Library) -> Prescription:
    """The same part of the leg in a bad phase: the easiest rung, two sets at most."""
    rungs = usable(library.exercises[p.exercise], equipment)
    rung = next((r for r in rungs if r.level <= p.rung), rung_of(p, library))
    band: Band = p.band if rung.level == p.rung else (rung.bands[0] if rung.bands else "")
    return replace(p, rung=rung.level, band=band, dose=replace(p.dose, sets=min(2, p.dose.sets)))


def without_gear(p: Prescription, library: Library) -> Prescription | None:
    """The same part of the leg with nothing but the body: an easier rung, or another exercise of the link."""
    ladder = library.planning.ladders[p.link].exercises
    for id in (p.exercise, *(other for other in ladder if other != p.exercise)):
        exercise = library.exercises[id]
        most = p.rung if id == p.exercise else 0
        rungs = [r for r in usable(exercise, ()) if r.level <= most and not r.not_by_camera]
        if rungs:
            sets, reps = p.dose.sets, min(p.dose.reps, usual_dose(exercise, p.dose.per_week, library).reps)
            side: TrainedSide = "both" if exercise.sides == "both" else p.side
            return replace(
                p, exercise=id, side=side, rung=rungs[-1].level, band="", dose=replace(p.dose, sets=sets, reps=reps)
            )
    return None
