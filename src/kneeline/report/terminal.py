"""A set as a calm table for a terminal, a pipe or a log."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kneeline.content.schema import Exercise
from kneeline.model.movement import RepetitionVerdict, SetResult
from kneeline.report.story import (
    SIGN,
    WORD,
    Unseen,
    faults_present,
    listed,
    phase_order,
    phase_time,
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
_LEGEND = "± is one standard deviation. “Good” speaks only for what could be judged."


def print_set(
    console: Console, result: SetResult, exercise: Exercise, library: Library, warnings: tuple[str, ...] = ()
) -> None:
    """Print the whole answer: repetitions, what to change, the dose, what could not be judged, and warnings."""
    story = tell(result, exercise, library, warnings)
    speak = Voice(console)
    speak(Text(f"{exercise.name} · {_side(result.side)} · {view_words(result.view)}", style="dim"))
    speak(Text(story.headline + (f" {story.detail}" if story.detail else ""), style="bold"))
    if story.why_none:
        speak(Text(story.why_none))
    if result.reps:
        speak()
        speak(_table(result, exercise, speak))
        speak(Text(_LEGEND, style="dim"))
    speak.section("One thing to change", story.change.say, story.change.why)
    if exercise.dose is not None and result.summary.dose_received is not None:
        speak.section("Dose", story.dose)
    if story.unseen:
        speak.section("Could not be judged", *map(_unseen_words, story.unseen))
    if story.warnings:
        speak.section("To know", *story.warnings)


def _table(result: SetResult, exercise: Exercise, speak: Voice) -> Table:
    order = phase_order(exercise)
    legs = len({rep.side for rep in result.reps}) > 1
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("#", justify="right")
    if legs:
        table.add_column("leg")
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
    asked = [prescribed(exercise, phase) for phase in order]
    if all(number is not None for number in asked):
        words = [plain(number.value) if number else "" for number in asked]
        house = "house default" if any(number and number.basis == "house" for number in asked) else ""
        table.add_row("", *([""] if legs else []), *words, "asked for", house, style="dim")
    return table


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
        """A title and indented paragraphs under it, without the trailing blanks that padding would leave in a log."""
        self()
        self(Text(title, style="bold"))
        for line in lines:
            indented = textwrap.wrap(line, self._console.width, initial_indent="  ", subsequent_indent="  ")
            self(Text("\n".join(indented)))

    def shown(self, text: Text) -> Text:
        """The text in letters that this console has."""
        if not self._ascii:
            return text
        words = text.plain.translate(_PLAIN_SIGNS)
        return Text(words.encode("ascii", "replace").decode(), style=text.style)
