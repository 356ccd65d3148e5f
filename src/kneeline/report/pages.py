"""What kneeline knows, printed in a terminal: exercises, and the evidence behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kneeline.content.schema import Claim, Dose, Exercise, FaultRule, Source
from kneeline.model.errors import InputError
from kneeline.report.story import amount, basis, keys_of, listed, measure_name, phase_order, plain, prescribed
from kneeline.report.terminal import Voice

if TYPE_CHECKING:
    from kneeline.content.load import Library


def print_exercises(console: Console, library: Library) -> None:
    """Every exercise and movement in one line each: what to type, what it is, and from where it is seen."""
    speak = Voice(console)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in ("id", "name", "trains", "camera sees"):
        table.add_column(column, no_wrap=column == "id")
    for exercise in sorted(library.exercises.values(), key=lambda e: (e.kind != "exercise", e.id)):
        trains = f"{exercise.link}: {exercise.muscle}" if exercise.link else ""
        cells = (exercise.id, exercise.name, trains, " or ".join(exercise.camera.views))
        table.add_row(*(speak.shown(Text(cell)) for cell in cells))
    speak(table)


def print_exercise(console: Console, exercise: Exercise, library: Library) -> None:
    """One exercise, whole: how to do it, how much, what is watched and on what evidence."""
    speak = Voice(console)
    speak(Text(exercise.name, style="bold"))
    speak(Text(exercise.summary))
    sections: dict[str, Iterable[str]] = {
        "Trains": [f"{exercise.link}: {exercise.muscle}"] if exercise.link else [],
        "Why": exercise.why,
        "You need": exercise.equipment,
        "Set up": exercise.setup,
        "Steps": [f"{i}. {step}" for i, step in enumerate(exercise.steps, start=1)],
        "What to feel": exercise.feel,
        "Common mistakes": exercise.mistakes,
        "How much": _dose(exercise, exercise.dose) if exercise.dose else [],
        "Camera": [f"{exercise.camera.place} About {amount(exercise.camera.distance)} away."],
        "What is watched": [_watched(rule, library) for rule in exercise.fault],
        "Easier and harder": [
            f"{f'{r.level:+d}' if r.level else '0'}  {r.name}: {r.how} {r.earned_by}".strip()
            for r in sorted(exercise.ladder, key=lambda r: r.level)
        ],
        "Leave out for now": [f"{a.what.rstrip('.')}. {a.why}" for a in exercise.avoid],
        "For your safety": exercise.stop_rules,
        "Not for you when": exercise.contraindications,
        "Evidence": [_claim(claim) for claim in exercise.evidence],
    }
    for title, lines in sections.items():
        if lines:
            speak.section(title, *lines)


def print_sources(console: Console, library: Library) -> None:
    """Every source in one line each."""
    speak = Voice(console)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in ("id", "source", "read as"):
        table.add_column(column, no_wrap=column == "id")
    for source in library.sources.values():
        table.add_row(*(speak.shown(Text(cell)) for cell in (source.key, source.cite, source.read)))
    speak(table)


def print_evidence(console: Console, id: str, library: Library) -> None:
    """One source with what it says and where it is used, or everything that an exercise rests on.

    Raises: InputError when the id is neither a source nor an exercise.
    """
    speak = Voice(console)
    if (source := library.sources.get(id)) is not None:
        _print_source(speak, source, library)
    elif (exercise := library.exercises.get(id)) is not None:
        _print_basis(speak, exercise, library)
    else:
        raise InputError(
            f'there is no evidence with the id "{id}"',
            expected="a source, or an exercise",
            try_next='"kneeline evidence" or "kneeline exercises" for the ids',
        )


def _print_source(speak: Voice, source: Source, library: Library) -> None:
    speak(Text(source.cite, style="bold"))
    speak(Text(f"{source.where} · read as {source.read}", style="dim"))
    speak.section("What it says", *(f"{locator}: {says}" for locator, says in source.supports.items()))
    used = [
        f"{exercise.id}: {what}"
        for exercise in library.exercises.values()
        for what, references in _uses(exercise)
        if any(reference.partition("#")[0] == source.key for reference in references)
    ]
    if used:
        speak.section("Used for", *dict.fromkeys(used))


def _print_basis(speak: Voice, exercise: Exercise, library: Library) -> None:
    speak(Text(exercise.name, style="bold"))
    if exercise.evidence:
        speak.section("What is known", *(_claim(claim) for claim in exercise.evidence))
    numbers = [_watched(rule, library) for rule in exercise.fault if rule.above or rule.below]
    if exercise.dose:
        numbers += _dose(exercise, exercise.dose)
    speak.section("Where the numbers come from", *numbers)
    keys = keys_of(ref for _, references in _uses(exercise) for ref in references)
    if keys:
        speak.section(
            "Sources", *(f"[{key}] {library.sources[key].cite}. {library.sources[key].where}" for key in keys)
        )


def _uses(exercise: Exercise) -> Iterator[tuple[str, tuple[str, ...]]]:
    for rule in exercise.fault:
        for number in (rule.above, rule.below):
            if number is not None:
                yield f"limit of “{rule.name}”", number.evidence
    if exercise.dose is not None:
        for part in exercise.dose.__struct_fields__:
            yield f"dose, {part.replace('_', ' ')}", getattr(exercise.dose, part).evidence
    for claim in exercise.evidence:
        yield claim.says, claim.evidence
    for avoid in exercise.avoid:
        yield avoid.what, avoid.evidence


def _dose(exercise: Exercise, dose: Dose) -> list[str]:
    tempo = [
        f"{number.value:g} s {phase}" for phase in phase_order(exercise) if (number := prescribed(exercise, phase))
    ]
    return [
        f"{plain(dose.sets.value)} sets of {plain(dose.reps.value)} repetitions ({basis(dose.sets, dose.reps)})",
        f"Tempo: {listed(tempo)} ({basis(dose.lift, dose.hold, dose.lower)})",
        f"Rest {plain(dose.rest.value)} s between sets ({basis(dose.rest)})",
        f"{plain(dose.per_week.value)} times a week ({basis(dose.per_week)})",
    ]


def _watched(rule: FaultRule, library: Library) -> str:
    if rule.not_by_camera:
        return f"{rule.name}: not by camera. {rule.not_by_camera} {rule.self_check}"
    limits = [("above", rule.above), ("below", rule.below)]
    held = listed(f"{side} {amount(number)} ({basis(number)})" for side, number in limits if number is not None)
    in_body_words = f" In body words: “{rule.cue.internal}”" if rule.cue.internal else ""
    return f"{rule.name}: {measure_name(rule.measure, library)} {held}. Say: “{rule.cue.say}”.{in_body_words}"


def _claim(claim: Claim) -> str:
    stance = {"for": "For", "against": "Against", "mixed": "Mixed"}[claim.stance]
    where = f" [{', '.join(keys_of(claim.evidence))}]" if claim.evidence else ""
    return f"{stance} ({claim.grade}): {claim.says}{where}"
