"""An exercise on one page of paper, as a tagged PDF with the drawn figure."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from kneeline import __version__
from kneeline.content.load import Library
from kneeline.content.schema import Exercise, Number
from kneeline.model.errors import InputError
from kneeline.report import drawing
from kneeline.report.physio.pdf import set_pdf
from kneeline.report.story import amount, basis, keys_of, phase_order, plain, sentence

_SHEET: Final = Path(__file__).with_name("sheet.typ")
_WAY: Final = {"lift": "Up", "hold": "Hold", "lower": "Down"}
_SIZES: Final = ({"size": 10.5}, {"size": 9.5}, {"size": 8.8})
_FOOT: Final = (
    "Numbers in words, in steps and stop rules, are house defaults; `kneeline evidence KEY` says what a source is. "
    "A training aid, not a diagnosis and not a medical "
    "device. Pain that is strong, new, or comes with swelling, locking or giving way belongs to a clinic first."
)


def sheet_pdf(exercise: Exercise, library: Library, on: date) -> bytes:
    """An exercise as one page; `on` is the day that stands in the file.

    Raises: InputError for a movement that is only recognised and not prescribed.
    """
    dose = exercise.dose
    if dose is None:
        raise InputError(f"{exercise.name} is not prescribed, so it has no sheet", try_next="kneeline exercises")
    first, _, last = phase_order(exercise)
    stops = [("Start", 0.0), (_WAY[first], 0.5), (_WAY["hold"], 1.0), (_WAY[last], 0.5)]
    words = {_WAY[phase]: f"{_WAY[phase]}: {amount(getattr(dose, phase))}" for phase in _WAY}
    each = " a side" if exercise.sides == "one" else ""
    rows: list[tuple[str, Number, str]] = [
        ("Sets", dose.sets, plain(dose.sets.value)),
        ("Repetitions", dose.reps, plain(dose.reps.value) + each),
        *((way, getattr(dose, phase), amount(getattr(dose, phase))) for phase, way in _WAY.items()),
        ("Rest between sets", dose.rest, amount(dose.rest)),
        ("Sessions a week", dose.per_week, plain(dose.per_week.value)),
    ]
    given = {
        "name": exercise.name,
        "summary": exercise.summary,
        "link": f"{sentence(exercise.link)} · kneeline" if exercise.link else "kneeline",
        "figures": [
            {"svg": drawing.still(exercise, at), "words": words.get(way, way), "says": f"{exercise.name}: {way}"}
            for way, at in stops
        ],
        "setup": list(exercise.setup),
        "equipment": f"{'; '.join(exercise.equipment) or 'nothing'}.",
        "steps": list(exercise.steps),
        "dose": [(name, shown, basis(number)) for name, number, shown in rows],
        "stop": list(exercise.stop_rules),
        "not_for": list(exercise.contraindications),
        "claims": [
            f"{sentence(one.stance)}: {one.says} "
            f"({', '.join(('house default' if one.grade == 'house' else one.grade, *keys_of(one.evidence)))})"
            for one in exercise.evidence
        ],
        "foot": _FOOT,
        "made": f"kneeline {__version__}, content {library.digest[:12]}",
        "day": [on.year, on.month, on.day],
        **_SIZES[0],
    }
    return set_pdf(_SHEET, given, on, _SIZES[1:], pages=1)
