"""A set as a calm table for a terminal, a pipe or a log."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kneeline.content.schema import Exercise, PhaseName
from kneeline.model.movement import RepetitionVerdict, SetResult
from kneeline.model.quantity import Estimate, Measured
from kneeline.model.text import printable
from kneeline.motion.pacing import phase_time
from kneeline.report.story import (
    SIGN,
    WORD,
    Unseen,
    faults_present,
    listed,
    measure_name,
    off_by,
    phase_order,
    plain,
    prescribed,
    sentence,
    tell,
    view_words,
)

if TYPE_CHECKING:
    from kneeline.content.load import Library

_STYLE = {
    RepetitionVerdict.GOOD: "green",
    RepetitionVerdict.TRY_AGAIN: "yellow",
    RepetitionVerdict.NOT_SEEN: "dim",
}
_PLAIN_SIGNS = str.maketrans(
    {"✓": "+", "▲": "!", "±": "~", "·": "-", "°": " deg", "–": "-", "’": "'", "−": "-", "“": '"', "”": '"'}
)
_GAP = 2
_LEAST_WORDS, _LEAST_WIDTH = len("what was seen"), 20
_LEGEND = "± is one standard deviation. “Good” speaks only for what could be judged."


def print_set(
    console: Console,
    result: SetResult,
    exercise: Exercise,
    library: Library,
    warnings: tuple[str, ...] = (),
    pose_model: str = "",
) -> None:
    """Print the whole answer: repetitions, what to change, the dose, what could not be judged, and warnings.

    pose_model: what found the keypoints; says how far its measures were off where that is known.
    """
    story = tell(result, exercise, library, warnings)
    speak = Voice(console)
    speak(Text(f"{exercise.name} · {_side(result.side)} · {view_words(result.view)}", style="dim"))
    speak(Text(story.headline + (f" {story.detail}" if story.detail else ""), style="bold"))
    if story.why_none:
        speak(Text(story.why_none))
    if result.reps:
        speak()
        table = _table(result, exercise, speak)
        if _fits(table, console.width):
            speak(table)
        else:
            for words, style in _lines(result, exercise):
                speak.paragraph(words, then="  ", style=style)
        speak(Text(_LEGEND, style="dim"))
    speak.section("One thing to change", story.change.say, story.change.why)
    if exercise.dose is not None and result.summary.dose_received is not None:
        speak.section("Dose", story.dose)
    if story.unseen:
        speak.section("Could not be judged", *map(_unseen_words, story.unseen))
    if story.warnings:
        speak.section("To know", *story.warnings)
    known = _known(result, exercise, library, pose_model)
    if known:
        speak.section("How well this is known", known)


def _known(result: SetResult, exercise: Exercise, library: Library, pose_model: str) -> str:
    """How far the measures that were given here were off on rendered people; "" where that is not known."""
    given = dict.fromkeys(name for rep in result.reps for name, value in rep.measures.items() if _seen(value))
    found = [(name, library.accuracy.of(pose_model, exercise.id, name)) for name in given]
    words = [f"{measure_name(name, library)} {off_by(known)}" for name, known in found if known is not None]
    if not words:
        return ""
    pooled = [measure_name(name, library) for name, known in found if known is not None and known.pooled]
    some = "" if not pooled else f" Over all exercises, as this one alone had too few: {listed(pooled)}."
    return (
        f"On rendered people, whose truth is known, this was off on average by: {listed(words)}.{some} "
        "The manual's page “What kneeline can see” has the rest."
    )


def _seen(value: Measured) -> bool:
    return isinstance(value, Estimate)


def _table(result: SetResult, exercise: Exercise, speak: Voice) -> Table:
    order = phase_order(exercise)
    legs = len({rep.side for rep in result.reps}) > 1
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    if legs:
        table.add_column("leg", no_wrap=True)
    for phase in order:
        table.add_column(f"{phase} s", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("what was seen")
    for rep in result.reps:
        times = [f"{t.value:.1f} ± {t.sd:.1f}" for t in (phase_time(rep, phase) for phase in order)]
        verdict = Text(f"{SIGN[rep.verdict]} {WORD[rep.verdict]}", style=_STYLE[rep.verdict])
        cells = [Text(str(rep.n)), *([Text(rep.side)] if legs else []), *map(Text, times), verdict]
        cells.append(Text(", ".join(faults_present(rep, exercise))))
        table.add_row(*map(speak.shown, cells))
    asked, house = _asked(exercise, order)
    if asked:
        table.add_row("", *([""] if legs else []), *asked, "asked for", house, style="dim")
    return table


def _asked(exercise: Exercise, order: tuple[PhaseName, ...]) -> tuple[list[str], str]:
    """Seconds asked for in each phase, none where one has none, and whose word that is."""
    asked = [number for phase in order if (number := prescribed(exercise, phase))]
    if len(asked) < len(order):
        return [], ""
    return [plain(number.value) for number in asked], "house default" if any(n.basis == "house" for n in asked) else ""


def _fits(table: Table, width: int) -> bool:
    """Whether every column but the last, which wraps, has its full width."""
    *fixed, _ = table.columns
    widths = [max(len(str(cell)) for cell in (column.header, *column.cells)) + _GAP for column in fixed]
    return sum(widths) + _LEAST_WORDS <= width


def _lines(result: SetResult, exercise: Exercise) -> Iterator[tuple[str, str]]:
    """The table in words and their style, one line for each repetition, for a terminal too narrow for columns.

    Spaces within a time do not break.
    """
    order = phase_order(exercise)
    legs = len({rep.side for rep in result.reps}) > 1
    for rep in result.reps:
        times = [
            f"{phase} {t.value:.1f} ± {t.sd:.1f} s".replace(" ", "\xa0")
            for phase, t in ((phase, phase_time(rep, phase)) for phase in order)
        ]
        said = "; ".join((", ".join(times), *faults_present(rep, exercise)))
        leg = f" {rep.side}" if legs else ""
        yield f"{rep.n}{leg} {SIGN[rep.verdict]} {WORD[rep.verdict]}: {said}", _STYLE[rep.verdict]
    asked, house = _asked(exercise, order)
    if asked:
        times = [f"{phase}\xa0{seconds}\xa0s" for phase, seconds in zip(order, asked, strict=True)]
        yield f"asked for: {', '.join(times)}{f' ({house})' if house else ''}", "dim"


def _unseen_words(item: Unseen) -> str:
    checks = f" Check it yourself: {' '.join(item.self_check)}" if item.self_check else ""
    return f"{sentence(listed(item.what))}. {item.reason}{checks}"


def _side(side: str) -> str:
    return "both legs" if side == "both" else f"{side} leg"


class Voice:
    """Prints to one console, in ASCII where the console can show nothing else."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._ascii = not console.encoding.lower().startswith("utf")

    def __call__(self, what: Text | Table | str = "") -> None:
        """Print one thing, or an empty line."""
        self._console.print(self.shown(what) if isinstance(what, Text) else what, highlight=False)

    def section(self, title: str, *lines: str) -> None:
        """A title and indented paragraphs under it."""
        self()
        self(Text(title, style="bold"))
        for line in lines:
            self.paragraph(line, first="  ", then="  ")

    def paragraph(self, words: str, *, first: str = "", then: str = "", style: str = "") -> None:
        """Words wrapped under their indents, without the trailing blanks that padding would leave in a log."""
        width = max(self._console.width, _LEAST_WIDTH)
        wrapped = "\n".join(textwrap.wrap(words, width, initial_indent=first, subsequent_indent=then))
        self(Text(wrapped.replace("\xa0", " "), style=style))

    def shown(self, text: Text) -> Text:
        """The text in letters that this console has, and without what it would obey."""
        words = printable(text.plain, lines=True)
        if self._ascii:
            words = words.translate(_PLAIN_SIGNS).encode("ascii", "replace").decode()
        return Text(words, style=text.style)
