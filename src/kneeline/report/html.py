"""A set as one HTML file that needs nothing else: no network, no script, light and dark, phone and paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import jinja2
import numpy as np
from markupsafe import Markup

from kneeline import __version__
from kneeline.content.schema import Exercise, FaultRule, Number, PhaseName
from kneeline.files import whole_file
from kneeline.model.movement import RepetitionVerdict, SetResult, SignalTrace
from kneeline.model.pose import Recording
from kneeline.model.quantity import Estimate, Measured, Verdict
from kneeline.model.text import printable
from kneeline.motion.pacing import phase_time
from kneeline.report.plots import Panel, panel_plot, signal_plot
from kneeline.report.story import (
    SIGN,
    WORD,
    amount,
    faults_present,
    how_known,
    listed,
    measure_name,
    percent,
    phase_order,
    plain,
    prescribed,
    published,
    rules_of,
    sentence,
    signal_name,
    signal_of,
    tell,
    view_words,
    with_error,
)

if TYPE_CHECKING:
    from kneeline.content.load import Library

_PHASE_MEANING: dict[PhaseName, str] = {"lift": "way up", "hold": "pause at the far end", "lower": "way down"}
_WIDE_PX, _NARROW_PX = 860, 350


@dataclass(frozen=True, slots=True)
class _Shown:
    """One small plot with its title and the line that says what it is held to."""

    title: str
    held_to: str
    svg: Markup
    alt: str


@dataclass(frozen=True, slots=True)
class _Sourced:
    """One number that judged: what it is for, the number, and where it comes from."""

    what: str
    number: str
    house: bool
    references: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Reference:
    n: int
    cite: str
    where: str
    read: str
    says: tuple[str, ...]


def write_html(
    path: Path, result: SetResult, trace: SignalTrace, recording: Recording, exercise: Exercise, library: Library
) -> None:
    """Write the page whole or not at all.

    Raises: InputError when the disk refuses it.
    """
    page = html(result, trace, recording, exercise, library)
    with whole_file(path) as scratch:
        scratch.write_text(page, encoding="utf-8")


def html(result: SetResult, trace: SignalTrace, recording: Recording, exercise: Exercise, library: Library) -> str:
    """The page as text; the same input gives the same text."""
    order = phase_order(exercise)
    numbers, references = _numbers(exercise, library)
    signal_id, _, unit = signal_of(trace.signal)
    dose = result.summary.dose_received
    page = (
        _environment()
        .get_template("set.html.j2")
        .render(
            exercise=exercise,
            result=result,
            recording=recording,
            story=tell(result, exercise, library, recording.warnings),
            side="both legs" if result.side == "both" else f"{result.side} leg",
            view=sentence(view_words(result.view)),
            dose_width=None if dose is None else f"{100 * dose:.1f}",
            dose_words=None if dose is None else percent(dose),
            prescribed_reps=None if exercise.dose is None else plain(exercise.dose.reps.value),
            signal_title=sentence(signal_name(signal_id, library)),
            signal_meaning=library.signals[signal_id].meaning if signal_id in library.signals else "",
            signal_alt=_signal_alt(result, trace),
            signal=_both_widths(trace, result, order, unit),
            phases=[(phase, _PHASE_MEANING[phase]) for phase in order],
            tempo=_tempo(result, exercise, order, library, recording.pose_model),
            measures=_measures(result, exercise, library, recording.pose_model),
            rows=_rows(result, exercise, order),
            order=order,
            measure_names=[sentence(measure_name(name, library)) for name in _measure_ids(result)],
            measure_rows=[
                [rep.n, *(_words(rep.measures.get(name)) for name in _measure_ids(result))] for rep in result.reps
            ],
            numbers=numbers,
            references=references,
            listed=listed,
            sentence=sentence,
            version=__version__,
            digest=library.digest[:12],
        )
    )
    return printable(page, lines=True)


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("kneeline.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _both_widths(
    trace: SignalTrace, result: SetResult, order: tuple[PhaseName, PhaseName, PhaseName], unit: str
) -> tuple[Markup, Markup] | None:
    """The signal drawn for a desk and for a phone, since letters in a picture do not reflow; None without a reading."""
    if np.isfinite(trace.values[trace.signal]).sum() < 2:
        return None
    wide, narrow = (
        # Our own SVG, drawn from numbers and our own words: nothing of the user's stands in it.
        Markup(signal_plot(trace, result, order, unit, width, f"signal{width}"))
        for width in (_WIDE_PX, _NARROW_PX)
    )
    return wide, narrow


def _signal_alt(result: SetResult, trace: SignalTrace) -> str:
    length = trace.t_s[-1] - trace.t_s[0] if len(trace.t_s) else 0.0
    times = "; ".join(f"repetition {r.n} from {r.start_s:.1f} s to {r.end_s:.1f} s" for r in result.reps)
    return (
        f"Line over {length:.0f} seconds. {times or 'No repetition'}. The same times are in the table of repetitions."
    )


def _tempo(
    result: SetResult,
    exercise: Exercise,
    order: tuple[PhaseName, PhaseName, PhaseName],
    library: Library,
    pose_model: str,
) -> list[_Shown]:
    rules = {rule.measure: rule for rule in exercise.fault}
    shown = []
    for phase in order:
        times = tuple(phase_time(rep, phase) for rep in result.reps)
        asked, rule = prescribed(exercise, phase), rules.get(f"{phase}_s")
        if times:
            panel = _panel(result, f"{phase}_s", sentence(phase), times, "s", rule, asked)
            shown.append(_with_note(panel, how_known(f"{phase}_s", exercise, library, pose_model)))
    return shown


def _measure_ids(result: SetResult) -> list[str]:
    """Measures of the set in the order of the first repetition that has them, without the tempo shown elsewhere."""
    found = dict.fromkeys(name for rep in result.reps for name in rep.measures)
    return [name for name in found if name not in ("lift_s", "hold_s", "lower_s")]


def _measures(result: SetResult, exercise: Exercise, library: Library, pose_model: str) -> list[_Shown]:
    """Panels of the measures that were seen at least once; the others stand under what was not seen."""
    rules = {rule.measure: rule for rule in exercise.fault}
    shown = []
    for name in _measure_ids(result):
        found = tuple(rep.measures.get(name) for rep in result.reps)
        values = tuple(value if isinstance(value, Estimate) else None for value in found)
        first = next((value for value in values if value is not None), None)
        if first is not None:
            title = sentence(measure_name(name, library))
            panel = _panel(result, name, title, values, first.unit, rules.get(name), None)
            shown.append(_with_note(panel, how_known(name, exercise, library, pose_model)))
    return shown


def _with_note(panel: _Shown, note: str) -> _Shown:
    return replace(panel, held_to=f"{panel.held_to} {note}".strip())


def _panel(
    result: SetResult,
    name: str,
    title: str,
    values: tuple[Estimate | None, ...],
    unit: str,
    rule: FaultRule | None,
    asked: Number | None,
) -> _Shown:
    limit: tuple[float, Literal["above", "below"]] | None = None
    held_to = []
    if asked is not None:
        held_to.append(f"Dashed: {amount(asked)} asked for{_house(asked)}.")
    if rule is not None and rule.above is not None:
        limit = (rule.above.value, "above")
        held_to.append(f"Line: at most {amount(rule.above)}{_house(rule.above)}.")
    elif rule is not None and rule.below is not None:
        limit = (rule.below.value, "below")
        held_to.append(f"Line: at least {amount(rule.below)}{_house(rule.below)}.")
    flagged = tuple(
        any(rule is not None and f.id == rule.id and f.verdict is Verdict.PRESENT for f in rep.faults)
        for rep in result.reps
    )
    n = tuple(rep.n for rep in result.reps)
    panel = Panel(n, values, flagged, unit, limit, None if asked is None else asked.value)
    points = "; ".join(f"{i}: {_words(value)}" for i, value in zip(n, values, strict=True))
    return _Shown(
        title, " ".join(held_to), Markup(panel_plot(panel, name.replace("_", "-"))), f"{title} by repetition. {points}."
    )


def _rows(
    result: SetResult, exercise: Exercise, order: tuple[PhaseName, PhaseName, PhaseName]
) -> list[dict[str, object]]:
    return [
        {
            "n": rep.n,
            "side": rep.side,
            "at": f"{rep.start_s:.1f} s",
            "times": [_words(phase_time(rep, phase)) for phase in order],
            "verdict": rep.verdict.value,
            "sign": SIGN[rep.verdict],
            "word": WORD[rep.verdict],
            "faults": sentence(listed(faults_present(rep, exercise))) or _nothing(rep.verdict),
        }
        for rep in result.reps
    ]


def _nothing(verdict: RepetitionVerdict) -> str:
    return "" if verdict is RepetitionVerdict.NOT_SEEN else "No fault seen"


def _words(value: Measured | None) -> str:
    """A measure as a person reads it; a missing one reads as a question mark.

    >>> _words(Estimate(0.31, 0.02, "frac")), _words(None)
    ('31 ± 2 %', '?')
    """
    return with_error(value.value, value.sd, value.unit) if isinstance(value, Estimate) else "?"


def _house(number: Number) -> str:
    return " (house default)" if number.basis == "house" else ""


def _numbers(exercise: Exercise, library: Library) -> tuple[list[_Sourced], list[_Reference]]:
    """Every number that judged this set, with the references that back it; a reference is numbered by its first use."""
    keys: dict[str, dict[str, None]] = {}
    rows = []
    for what, number in _judging(exercise, library):
        for reference in number.evidence:
            key, _, locator = reference.partition("#")
            keys.setdefault(key, {})[locator] = None
        used = tuple(list(keys).index(reference.partition("#")[0]) + 1 for reference in number.evidence)
        rows.append(_Sourced(what, amount(number), number.basis == "house", tuple(dict.fromkeys(used))))
    return rows, [_reference(i, key, locators, library) for i, (key, locators) in enumerate(keys.items(), start=1)]


def _reference(n: int, key: str, locators: Iterable[str], library: Library) -> _Reference:
    source = library.sources[key]
    says = tuple(source.supports[locator] for locator in locators if locator in source.supports)
    return _Reference(n, source.cite, source.where, source.read, says)


def _judging(exercise: Exercise, library: Library) -> Iterable[tuple[str, Number]]:
    dose = exercise.dose
    if dose is not None:
        yield "Prescribed sets", dose.sets
        yield "Prescribed repetitions", dose.reps
        for phase in phase_order(exercise):
            yield f"Prescribed time to {phase}", getattr(dose, phase)
        yield "Prescribed sessions", dose.per_week
    for rule in rules_of(exercise).values():
        if rule.above is not None:
            yield f"{rule.name}: {measure_name(rule.measure, library)} above", rule.above
        if rule.below is not None:
            yield f"{rule.name}: {measure_name(rule.measure, library)} below", rule.below
    for signal in dict.fromkeys(library.measures[name].signal for name in exercise.measures):
        title, estimate = library.signals[signal].title, library.signals[signal].method_error
        found = list(published(signal, library))
        if estimate is not None and not found:
            found = [("error as a measure of the body, by our own estimate", estimate)]
        yield from ((f"{title}: {what}; not part of any ±", number) for what, number in found)
