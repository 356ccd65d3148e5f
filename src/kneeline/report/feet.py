"""What a close-up of the feet told, printed in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kneeline.model.quantity import Estimate, Measured, Verdict
from kneeline.motion.feet import LIMIT_DEG, FootRoll
from kneeline.report.terminal import Voice

_SAID = {
    Verdict.PRESENT: "rolls in on the way down",
    Verdict.ABSENT: "does not roll in further",
    Verdict.NOT_ASSESSABLE: "cannot be told",
}
_LIMITS = (
    f"More than {LIMIT_DEG:g}° of roll against standing counts (house default). It was tried on rendered feet only, "
    "never on patients: a hint to look at, not a finding.",
    "Only a change shows. A foot that stands rolled in and stays so looks the same as one that stands straight. "
    "Check it yourself: press the ball of your big toe, the ball of your little toe and your heel into the floor.",
)


def print_feet(console: Console, rolls: Sequence[FootRoll]) -> None:
    """The roll of both feet in every raise, and how far that can be trusted."""
    speak = Voice(console)
    if not rolls:
        speak(Text("No heel raise was seen."))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in ("#", "at s", "left rolls in", "right rolls in", "what was seen"):
        table.add_column(column, justify="right" if column in ("#", "at s") else "left", no_wrap=True)
    for roll in rolls:
        cells = (str(roll.n), f"{roll.start_s:.1f}", _degrees(roll.left), _degrees(roll.right), _SAID[roll.verdict])
        table.add_row(*(speak.shown(Text(cell)) for cell in cells))
    speak(table)
    unread = (side for roll in rolls for side in (roll.left, roll.right))
    for reason in dict.fromkeys(side.reason for side in unread if not isinstance(side, Estimate)):
        speak(Text(f"Not read where {reason}."))
    for line in _LIMITS:
        speak(Text(line))


def _degrees(roll: Measured) -> str:
    return f"{roll.value:+.0f}° ± {roll.sd:.0f}" if isinstance(roll, Estimate) else "-"
