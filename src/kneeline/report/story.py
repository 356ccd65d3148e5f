"""A set in a person's words; the terminal table and the HTML page tell the same story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kneeline.content.schema import Exercise, FaultRule, Number
from kneeline.model.movement import Repetition, RepetitionVerdict, SetResult
from kneeline.model.quantity import Estimate, NotAssessable, Verdict

if TYPE_CHECKING:
    from kneeline.content.load import Library

PhaseName = Literal["lift", "hold", "lower"]

SIGN = {RepetitionVerdict.GOOD: "✓", RepetitionVerdict.TRY_AGAIN: "▲", RepetitionVerdict.NOT_SEEN: "?"}
WORD = {
    RepetitionVerdict.GOOD: "good",
    RepetitionVerdict.TRY_AGAIN: "try again",
    RepetitionVerdict.NOT_SEEN: "not judged",
}
_URGENCY = {"safety": 0, "alignment": 1, "tempo": 2, "range": 3}


@dataclass(frozen=True, slots=True)
class Change:
    """The one thing to do differently next time, and what it rests on."""

    say: str
    why: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """What could not be judged for one reason; where that holds for some repetitions only, `what` names them."""

    what: tuple[str, ...]
    reason: str
    self_check: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """A set, told: how many and how good, the dose, one thing to change, what was not seen, and what to know.

    why_none: why nothing was counted; "" when something was.
    """

    headline: str
    detail: str
    why_none: str
    dose: str
    change: Change
    unseen: tuple[Unseen, ...]
    warnings: tuple[str, ...]


def tell(result: SetResult, exercise: Exercise, library: Library, warnings: Iterable[str] = ()) -> Story:
    """The story of a set; `warnings` of the recording come before those of the engine."""
    said = tuple(dict.fromkeys((*warnings, *result.warnings)))
    why_none = "" if result.reps else _why_none(result, exercise, said, library)
    return Story(
        headline=_headline(result, exercise),
        detail=_detail(result),
        why_none=why_none,
        dose=_dose(result, exercise),
        change=_change(result, exercise),
        unseen=_unseen(result, exercise, library),
        warnings=tuple(w for w in said if w not in why_none),
    )


def phase_order(exercise: Exercise) -> tuple[PhaseName, PhaseName, PhaseName]:
    """The phases in the order in which this movement goes through them; a squat goes down first."""
    return ("lift", "hold", "lower") if exercise.repetition.outward == "lift" else ("lower", "hold", "lift")


def phase_time(rep: Repetition, phase: PhaseName) -> Estimate:
    """How long one phase of a repetition took, in seconds."""
    return {"lift": rep.lift_s, "hold": rep.hold_s, "lower": rep.lower_s}[phase]


def prescribed(exercise: Exercise, phase: PhaseName) -> Number | None:
    """Seconds that the dose asks for in this phase; None for a movement without a dose."""
    if exercise.dose is None:
        return None
    return {"lift": exercise.dose.lift, "hold": exercise.dose.hold, "lower": exercise.dose.lower}[phase]


def rules_of(exercise: Exercise) -> Mapping[str, FaultRule]:
    """The exercise's faults by id."""
    return {rule.id: rule for rule in exercise.fault}


def fault_name(exercise: Exercise, fault_id: str) -> str:
    """A fault in plain words, as they stand inside a sentence."""
    rule = rules_of(exercise).get(fault_id)
    return rule.name[:1].lower() + rule.name[1:] if rule else fault_id.replace("_", " ")


def faults_present(rep: Repetition, exercise: Exercise) -> list[str]:
    """The faults seen in a repetition, in plain words."""
    return [fault_name(exercise, fault.id) for fault in rep.faults if fault.verdict is Verdict.PRESENT]


def signal_words(signal_id: str) -> str:
    """A signal as it is called in a sentence.

    >>> signal_words("knee_flexion"), signal_words("fppa")
    ('knee flexion', 'knee inward (FPPA)')
    """
    return "knee inward (FPPA)" if signal_id == "fppa" else signal_id.replace("_", " ")


def measure_name(measure_id: str, library: Library) -> str:
    """A measure in plain words; those that every exercise has are named here."""
    built_in = {
        "lift_s": "time to lift",
        "hold_s": "time held",
        "lower_s": "time to lower",
        "excursion": "size of the movement",
        "excursion_of_usual_frac": "size against the usual repetition of the set",
    }
    known = library.measures.get(measure_id)
    return known.name if known else built_in.get(measure_id, measure_id.replace("_", " "))


def plain(value: float, digits: int = 3) -> str:
    """A number as a person writes it.

    >>> plain(15.0), plain(0.3), plain(0.123456)
    ('15', '0.3', '0.123')
    """
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def sentence(words: str) -> str:
    """Words with a capital at their start.

    >>> sentence("leg of the TKE")
    'Leg of the TKE'
    """
    return words[:1].upper() + words[1:]


def percent(share: float) -> str:
    """A share as whole percent; only all of it reads as 100 %.

    >>> percent(0.784), percent(0.999)
    ('78 %', '99 %')
    """
    return f"{min(int(100 * share + 0.5), 99 if share < 1 else 100)} %"


def listed(words: Iterable[str]) -> str:
    """Words as they are said in a row.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def count_of(n: int, word: str = "repetition") -> str:
    """So many of something.

    >>> count_of(1), count_of(3)
    ('1 repetition', '3 repetitions')
    """
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _headline(result: SetResult, exercise: Exercise) -> str:
    count, good = result.summary.count, result.summary.good
    if not count and exercise.kind == "hold":
        return "A hold: there are no repetitions to count."
    if not count:
        return "No repetition was counted."
    judged = sum(rep.verdict is not RepetitionVerdict.NOT_SEEN for rep in result.reps)
    if not judged:
        return f"{count_of(count)}, none of which could be judged."
    if count == good:
        return f"{count_of(count)}, {'and it was good' if count == 1 else 'all good'}."
    if not good:
        return f"{count_of(count)}, {'not good yet' if count == 1 else 'none of them good yet'}."
    return f"{good} of {count_of(count)} {'was' if good == 1 else 'were'} good."


def _detail(result: SetResult) -> str:
    verdicts = [rep.verdict for rep in result.reps]
    again, unseen = verdicts.count(RepetitionVerdict.TRY_AGAIN), verdicts.count(RepetitionVerdict.NOT_SEEN)
    parts = [f"{again} to try again"] if again else []
    if unseen and unseen < len(verdicts):
        parts.append(f"{unseen} could not be judged")
    return f"{sentence(listed(parts))}." if parts else ""


def _why_none(result: SetResult, exercise: Exercise, warnings: tuple[str, ...], library: Library) -> str:
    if not result.view.usable and result.view.reasons:
        return " ".join(_readable(reason, library) for reason in result.view.reasons)
    if result.warnings or warnings:
        return " ".join(result.warnings or warnings)
    if exercise.kind == "hold":
        return "The hold was not seen."
    return "Nothing in the recording moved like this exercise, from rest to the far end and back to rest."


def _readable(reason: str, library: Library) -> str:
    """A reason as a sentence, with signals by their words; figures of a single repetition are left to the JSON."""
    if reason.startswith("too close to call"):
        return "Too close to call: the error of the measure reaches across the limit."
    for name in library.signals:
        reason = reason.replace(name, signal_words(name))
    return f"{sentence(reason.rstrip('.'))}."


def _dose(result: SetResult, exercise: Exercise) -> str:
    dose, summary = exercise.dose, result.summary
    if dose is None or summary.dose_received is None or summary.prescribed_time_under_tension_s is None:
        return "This movement has no prescribed dose."
    order = phase_order(exercise)
    tempo = ", ".join(f"{plain(number.value)} s {phase}" for phase in order if (number := prescribed(exercise, phase)))
    house = ", house default" if any(n.basis == "house" for n in (dose.reps, dose.lift, dose.hold, dose.lower)) else ""
    return (
        f"{percent(summary.dose_received)} of one prescribed set was received: "
        f"{summary.time_under_tension_s:.0f} s of work, and {summary.prescribed_time_under_tension_s:.0f} s are asked "
        f"for ({plain(dose.reps.value)} repetitions of {tempo}{house}). Each phase counts up to what it asks for."
    )


def _change(result: SetResult, exercise: Exercise) -> Change:
    if not result.view.usable and result.view.facing != "unclear":
        return Change(exercise.camera.turn, "From this view the exercise cannot be judged.")
    if exercise.kind == "hold":
        return Change("Nothing: keep doing it like this.", "A hold is timed here; its form is not judged.")
    if not result.reps:
        return Change(exercise.camera.place, "No repetition was counted.")
    seen: dict[str, int] = {}
    for rep in result.reps:
        for fault in rep.faults:
            if fault.verdict is Verdict.PRESENT:
                seen[fault.id] = seen.get(fault.id, 0) + 1
    rules = rules_of(exercise)
    ranked = sorted((id for id in seen if id in rules), key=lambda id: _rank(rules[id], seen[id]))
    if ranked:
        first = rules[ranked[0]]
        n = len(result.reps)
        return Change(first.cue.say, f"{first.name}: in {seen[first.id]} of {count_of(n)}.")
    judged = sum(rep.verdict is not RepetitionVerdict.NOT_SEEN for rep in result.reps)
    if not judged:
        return Change(exercise.camera.place, "Too little could be seen to say more.")
    if exercise.dose is not None and len(result.reps) < exercise.dose.reps.value:
        asked = plain(exercise.dose.reps.value)
        return Change(
            f"Go on to {asked} repetitions.", f"{len(result.reps)} of {asked} were done, without a fault seen."
        )
    return Change("Nothing: keep doing it like this.", "No fault was seen in what could be judged.")


def _rank(rule: FaultRule, times: int) -> tuple[bool, int, int]:
    """Safety first; then what happens most often; then form before tempo before range."""
    return rule.cue.priority != "safety", -times, _URGENCY[rule.cue.priority]


def _unseen(result: SetResult, exercise: Exercise, library: Library) -> tuple[Unseen, ...]:
    """Everything that could not be judged, grouped by reason; a measure is left to the fault that it serves."""
    found: dict[str, dict[str, list[int]]] = {}  # reason -> what -> repetitions
    rules = rules_of(exercise)
    checks = {fault_name(exercise, id): rule.self_check for id, rule in rules.items() if rule.self_check}
    for rep in result.reps:
        spoken_for = set()
        for fault in rep.faults:
            if fault.verdict is Verdict.NOT_ASSESSABLE:
                spoken_for.add(rules[fault.id].measure if fault.id in rules else "")
                what = found.setdefault(_readable(fault.reason, library), {})
                what.setdefault(fault_name(exercise, fault.id), []).append(rep.n)
        for measure, value in rep.measures.items():
            if isinstance(value, NotAssessable) and measure not in spoken_for:
                what = found.setdefault(_readable(value.reason, library), {})
                what.setdefault(measure_name(measure, library), []).append(rep.n)
    return tuple(
        Unseen(
            tuple(name + _which(reps, len(result.reps)) for name, reps in what.items()),
            reason,
            tuple(checks[name] for name in what if name in checks),
        )
        for reason, what in found.items()
    )


def _which(reps: list[int], of: int) -> str:
    if len(reps) == of:
        return ""
    return f" ({'repetition' if len(reps) == 1 else 'repetitions'} {listed(map(str, reps))})"
