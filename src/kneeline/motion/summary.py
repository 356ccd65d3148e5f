"""From repetitions to a set: what was received of what was prescribed, and the sentences that say what was not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kneeline.content.schema import Dose, Exercise
from kneeline.model.movement import Cue, Repetition, RepetitionVerdict, SetResult, SetSummary, View


def summarise(
    exercise: Exercise,
    side: str,
    view: View,
    reps: Sequence[Repetition],
    cues: Sequence[Cue],
    warnings: Sequence[str],
    held_s: float,
) -> SetResult:
    """One set, whole. held_s: time under tension of a hold, which has no repetitions.

    A set that could not be seen has received no known dose, which is not the same as none.
    """
    summary = dose_of(exercise.dose, reps, held_s)
    if not reps and not view.usable:
        summary = replace(summary, dose_received=None)
    return SetResult(exercise.id, side, view, tuple(reps), summary, tuple(cues), tuple(warnings))


def dose_of(dose: Dose | None, reps: Sequence[Repetition], held_s: float = 0.0) -> SetSummary:
    """How much of one prescribed set was received.

    Each phase of a repetition is credited up to what was prescribed for it, so a rushed lowering is not made good by a
    long hold, and more repetitions than prescribed are not credited. held_s: time of a hold, which has no repetitions.
    """
    good = sum(rep.verdict is RepetitionVerdict.GOOD for rep in reps)
    under_tension = held_s + sum(rep.lift_s.value + rep.hold_s.value + rep.lower_s.value for rep in reps)
    if dose is None:
        return SetSummary(len(reps), good, under_tension, None, None)
    lift, hold, lower = dose.lift.value, dose.hold.value, dose.lower.value
    wanted = round(dose.reps.value)
    received = sum(
        min(rep.lift_s.value, lift) + min(rep.hold_s.value, hold) + min(rep.lower_s.value, lower)
        for rep in reps[:wanted]
    )
    prescribed = wanted * (lift + hold + lower)
    return SetSummary(len(reps), good, under_tension, prescribed, min(received / prescribed, 1.0))
