"""A set in a person's words; the terminal table and the HTML page tell the same story."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kneeline.content.schema import Accuracy, Exercise, FaultRule, Number, PhaseName
from kneeline.model.movement import Repetition, RepetitionVerdict, SetResult, View
from kneeline.model.quantity import Estimate, NotAssessable, Verdict
from kneeline.motion.coach import PRIORITIES
from kneeline.motion.live import HURT
from kneeline.motion.pacing import pace_rule, short_of

if TYPE_CHECKING:
    from kneeline.content.load import Library

SIGN = {RepetitionVerdict.GOOD: "✓", RepetitionVerdict.TRY_AGAIN: "▲", RepetitionVerdict.NOT_SEEN: "?"}
WORD = {
    RepetitionVerdict.GOOD: "good",
    RepetitionVerdict.TRY_AGAIN: "try again",
    RepetitionVerdict.NOT_SEEN: "not judged",
}
_TIMES = {"lift_s": "time to lift", "hold_s": "time held", "lower_s": "time to lower"}
_CLOSE = "Too close to call: the error of the measure reaches across the limit."


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
    why_none = "" if result.reps else _why_none(result, exercise, said)
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


def signal_of(column: str) -> tuple[str, str, str]:
    """Signal, side ("" for those without) and unit of a column of the series; `motion.signals.column_name` reversed.

    >>> signal_of("knee_flexion_left_deg"), signal_of("body_rise_frac")
    (('knee_flexion', 'left', 'deg'), ('body_rise', '', 'frac'))
    """
    stem, _, unit = column.rpartition("_")
    signal, _, side = stem.rpartition("_")
    return (signal, side, unit) if side in ("left", "right") else (stem, "", unit)


def signal_name(signal_id: str, library: Library) -> str:
    """A signal in plain words, as they stand inside a sentence."""
    known = library.signals.get(signal_id)
    return known.title[:1].lower() + known.title[1:] if known else signal_id.replace("_", " ")


def accuracy_words(known: Accuracy) -> str:
    """How far a measure was off on rendered people, as a sentence.

    >>> accuracy_words(Accuracy(unit="deg", mae=3.42, bias=-1.0, covered=0.95, repetitions=28, recordings=7, people=1))
    'On rendered people it was off by 3.4° on average (28 repetitions of 1 person).'
    """
    people = "1 person" if known.people == 1 else f"{known.people} people"
    times = "1 repetition" if known.repetitions == 1 else f"{known.repetitions} repetitions"
    pooled = ", all exercises together" if known.pooled else ""
    return f"On rendered people it was off by {off_by(known)} on average ({times} of {people}{pooled})."


def off_by(known: Accuracy) -> str:
    """The mean absolute error with its unit, in digits that a person can use.

    >>> off_by(Accuracy(unit="s", mae=0.043, bias=0, covered=0.95, repetitions=28, recordings=7, people=6))
    '0.04 s'
    """
    factor, sign = scale(known.unit)
    digits = 2 if known.unit == "s" else 1
    return f"{known.mae * factor:.{digits}f}{'' if sign == '°' else ' '}{sign}"


def published(signal_id: str, library: Library) -> Iterator[tuple[str, Number]]:
    """What is published on a signal as a measure of the body, each number with what it is; none of it is in any ±."""
    known = library.validity.get(signal_id)
    if known is not None:
        numbers = {
            "published error against 3-D, one sd": known.against_3d,
            "published mean error against 3-D": known.bias_3d,
            "published error when measured again (SEM)": known.sem,
            "published smallest real change (MDC)": known.mdc,
        }
        yield from ((what, number) for what, number in numbers.items() if number is not None)


def how_known(measure_id: str, exercise: Exercise, library: Library, pose_model: str) -> str:
    """What is known of a measure beyond its own ±: measured on rendered people, published, or our own estimate."""
    said = []
    found = library.accuracy.of(pose_model, exercise.id, measure_id)
    if found is not None:
        said.append(accuracy_words(found))
    rule = library.measures.get(measure_id)
    if rule is None:
        return " ".join(said)
    numbers = [
        f"{what.removeprefix('published ')} {amount(number)}" for what, number in published(rule.signal, library)
    ]
    estimate = library.signals[rule.signal].method_error
    if numbers:
        said.append(f"Published: {listed(numbers)}; none of it is in the ±.")
    elif found is None and estimate is not None:
        said.append(f"As a measure of the body, by our own estimate: {amount(estimate)} (house default), not in the ±.")
    return " ".join(said)


def measure_name(measure_id: str, library: Library) -> str:
    """A measure in plain words; those that every exercise has are named here."""
    built_in = {
        **_TIMES,
        "excursion_of_usual_frac": "size against the usual repetition of the set",
    }
    known = library.measures.get(measure_id)
    return known.name if known else built_in.get(measure_id, measure_id.replace("_", " "))


def plain(value: float) -> str:
    """A number as a person writes it.

    >>> plain(15.0), plain(0.3), plain(0.123456)
    ('15', '0.3', '0.123')
    """
    return f"{value:.3f}".rstrip("0").rstrip(".")


def scale(unit: str) -> tuple[float, str]:
    """Factor and sign with which a unit is shown: shares as percent.

    >>> scale("frac"), scale("deg")
    ((100.0, '%'), (1.0, '°'))
    """
    return {"frac": (100.0, "%"), "deg": (1.0, "°")}.get(unit, (1.0, unit))


def with_error(value: float, sd: float, unit: str) -> str:
    """A value with the standard deviation of its error, as a person reads it; nothing is ever minus zero.

    >>> with_error(0.31, 0.02, "frac"), with_error(1.94, 0.06, "s"), with_error(-0.3, 2.0, "deg")
    ('31 ± 2 %', '1.9 ± 0.1 s', '0 ± 2°')
    """
    factor, sign = scale(unit)
    digits = 1 if unit == "s" else 0
    rounded = round(value * factor, digits) + 0.0  # adding zero turns -0 into 0
    gap = "" if sign == "°" else " "
    return f"{rounded:.{digits}f} ± {sd * factor:.{digits}f}{gap}{sign}".replace("-", "−")


def amount(number: Number) -> str:
    """A number of the library with its unit.

    >>> amount(Number(value=0.12, unit="frac", basis="house")), amount(Number(value=2.5, unit="m", basis="house"))
    ('12 %', '2.5 m')
    >>> amount(Number(value=1, unit="points", basis="house"))
    '1 point'
    """
    factor, sign = scale(number.unit)
    value = plain(number.value * factor)
    word = {"points": "point", "reps": "repetition"}.get(sign, sign) if value == "1" else sign
    return f"{value}{'' if sign == '°' else ' '}{word}"


def basis(*numbers: Number, cite: Callable[[str], str] = "[{}]".format) -> str:
    """Where numbers come from: their sources, each as `cite` writes its key, or that they are our own.

    >>> basis(Number(value=3, unit="deg", basis="house", evidence=("S32#SEM", "S32#SDD")))
    'house default, leaning on [S32]'
    """
    named = ", ".join(cite(key) for key in keys_of(ref for number in numbers for ref in number.evidence))
    if all(number.basis == "sourced" for number in numbers):
        return named
    return f"house default, leaning on {named}" if named else "house default"


def keys_of(references: Iterable[str]) -> list[str]:
    """The sources that references name, each once.

    >>> keys_of(["S32#SEM", "S33#group means", "S32#SDD"])
    ['S32', 'S33']
    """
    return list(dict.fromkeys(reference.partition("#")[0] for reference in references))


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


def view_words(view: View) -> str:
    """The view in words, with how far the camera is off it.

    >>> view_words(View("back", Estimate(-171.0, 8.0, "deg"), True))
    'seen from behind, 9° ± 8° off square'
    """
    known = {"front": ("the front", 0), "back": ("behind", 180), "left": ("the left", -90), "right": ("the right", 90)}
    if view.facing not in known:
        turned = (
            f", turned {view.yaw_deg.value:.0f}° ± {view.yaw_deg.sd:.0f}°" if isinstance(view.yaw_deg, Estimate) else ""
        )
        return f"view unclear{turned}"
    words, square_deg = known[view.facing]
    if not isinstance(view.yaw_deg, Estimate):
        return f"seen from {words}"
    off_deg = abs((view.yaw_deg.value - square_deg + 180) % 360 - 180)
    return f"seen from {words}, {off_deg:.0f}° ± {view.yaw_deg.sd:.0f}° off square"


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


def _why_none(result: SetResult, exercise: Exercise, warnings: tuple[str, ...]) -> str:
    if not result.view.usable and result.view.reasons:
        return " ".join(map(_as_sentence, result.view.reasons))
    if result.warnings or warnings:
        return " ".join(result.warnings or warnings)
    if exercise.kind == "hold":
        return "The hold was not seen."
    return "Nothing in the recording moved like this exercise, from rest to the far end and back to rest."


def _as_sentence(reason: str) -> str:
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
    if HURT in result.warnings:
        return Change("Nothing now: to stop was right.", HURT)
    if not result.view.usable and result.view.facing != "unclear":
        return Change(exercise.camera.turn, "From this view the exercise cannot be judged.")
    if exercise.kind == "hold" and result.summary.time_under_tension_s > 0:
        held_s = result.summary.time_under_tension_s
        return Change("The hold was timed; its form was not judged.", f"Held for {held_s:.1f} s in all.")
    if not result.reps:
        none = "The hold was not seen." if exercise.kind == "hold" else "No repetition was counted."
        return Change(exercise.camera.place, none)
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
    if (slower := _slower(result, exercise)) is not None:
        return slower
    if exercise.dose is not None and len(result.reps) < exercise.dose.reps.value:
        asked = plain(exercise.dose.reps.value)
        return Change(
            f"Go on to {asked} repetitions.", f"{len(result.reps)} of {asked} were done, without a fault seen."
        )
    return Change("Nothing: keep doing it like this.", "No fault was seen in what could be judged.")


def _slower(result: SetResult, exercise: Exercise) -> Change | None:
    """More time in the phase that lacks most of it, where form is good and time is short."""
    asked = {phase: number for phase in phase_order(exercise) if (number := prescribed(exercise, phase)) is not None}
    short = short_of(result.reps, {phase: number.value for phase, number in asked.items()})
    rule = None if short is None else pace_rule(exercise, short[0])
    if short is None or rule is None:
        return None
    phase, took = short
    what = sentence(_TIMES[f"{phase}_s"])
    had = with_error(took.value, took.sd, took.unit)
    return Change(
        rule.cue.say,
        f"No fault was seen. {what}: {had} on average, and {amount(asked[phase])} asked for ({basis(asked[phase])}).",
    )


def _rank(rule: FaultRule, times: int) -> tuple[bool, int, int]:
    """Safety first; then what happens most often; then form before tempo before range."""
    return rule.cue.priority != "safety", -times, PRIORITIES.index(rule.cue.priority)


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
                # A probability beside the refusal says that it was measured; the figures are left to the JSON.
                reason = _as_sentence(fault.reason) if fault.probability is None else _CLOSE
                what = found.setdefault(reason, {})
                what.setdefault(fault_name(exercise, fault.id), []).append(rep.n)
        for measure, value in rep.measures.items():
            if isinstance(value, NotAssessable) and measure not in spoken_for:
                what = found.setdefault(_as_sentence(value.reason), {})
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
