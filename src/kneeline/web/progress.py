"""Is it working? Everything on record over time, as one page: pictures first, each with its sentence and its table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from kneeline.clinic.course import session_of
from kneeline.clinic.ladder import rung_of
from kneeline.clinic.progress import Asked, Line, Progress, Strand, Verdict, progress
from kneeline.content.load import Library
from kneeline.model.errors import InputError
from kneeline.model.plan import PlanVersion
from kneeline.report.charts import strand_chart
from kneeline.report.progress import strand_rows
from kneeline.report.story import basis
from kneeline.store.diary import read_diary
from kneeline.store.planned import plan_versions
from kneeline.web import clock
from kneeline.web.book import Book
from kneeline.web.case import read_case
from kneeline.web.render import book_of, page

router = APIRouter(prefix="/progress")

GROUPS: Final = {
    "pain": "Pain",
    "daily": "What is hard",
    "training": "Training",
    "load": "Running and load",
    "tests": "Movement tests",
}
_GROUP: Final = {
    "dose": "training", "tempo": "training", "faults": "training", "ladder": "training", "load": "load",
    "running": "load",
}  # fmt: skip
WORDS: Final[dict[Verdict, str]] = {
    "better": "better",
    "worse": "worse",
    "changed": "changed",
    "no_change": "no sure change",
    "too_little": "too early to tell",
}
SIGNS: Final[dict[Verdict, str]] = {"better": "✓", "worse": "!", "changed": "↔", "no_change": "=", "too_little": "…"}
_WIDE_PX, _NARROW_PX = 900, 360


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a test: its picture, what became of it, and from which change on that counts ("" with one test)."""

    name: str
    picture: Markup
    say: str
    counts: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One strand as the page shows it.

    id: its place on the page. tellings: verdict, sign and words, one for the whole or one for each side. picture: of
    the whole; sides: of a test one for each side, on one scale.
    """

    id: str
    strand: Strand
    tellings: tuple[tuple[Verdict, str, str], ...]
    picture: Markup | None
    sides: tuple[Side, ...]
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]


@router.get("")
def whole_story(request: Request) -> Response:
    """Everything there is to tell, pain on stairs first."""
    book, today = book_of(request), clock.today()
    diary = read_diary(book.store, book.person_id)
    found = progress(diary, today, book.library, asked_s=_asked(book))
    told = bool(found.strands or found.headline.lines[0].points)
    case = read_case(book.store, book.library, book.person_id)
    return page(
        request,
        "progress.html" if told else "progress_nothing.html",
        headline=_headline(found),
        wide=_wide(found.headline),
        groups=_groups(found),
        found=found,
        runs=bool(diary.runs),
        standing=case.standing,
        sheet=book.library.sheets.progress,
        today=today,
        basis=basis,
        title="Progress",
    )


def asked_each_day(versions: Sequence[PlanVersion], library: Library) -> Asked:
    """What the plan of each day asks for, oldest version first."""
    known = [(version.change.at.date(), _each_day_s(version, library)) for version in versions]

    def asked(day: date) -> Mapping[str, float]:
        return next((seconds for since, seconds in reversed(known) if since <= day), {})

    return asked


def _each_day_s(version: PlanVersion, library: Library) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in session_of(version.plan, library):
        watched = rung_of(one, library).exercise or one.exercise
        legs = 2 if one.side == "both" and library.exercises[watched].sides == "one" else 1
        dose = one.dose
        week_s = legs * dose.repetitions * dose.per_week * (dose.lift_s + dose.hold_s + dose.lower_s)
        found[watched] = found.get(watched, 0.0) + week_s / 7
    return found


def _asked(book: Book) -> Asked | None:
    """What the plan asks for; None where there is none, or none that this version can read."""
    try:
        versions = plan_versions(book.store, book.person_id, book.library)
        return asked_each_day(versions, book.library) if versions else None
    except InputError:
        return None


def _headline(found: Progress) -> Shown:
    return _shown(found.headline)


def _wide(strand: Strand) -> Markup:
    """The headline's picture for a wide screen; its ids are its own, as both stand in the page."""
    return _drawn(replace(strand, id=f"{strand.id}_wide"), _WIDE_PX, 300)


def _groups(found: Progress) -> list[tuple[str, str, list[Shown]]]:
    """Id, title and strands of each group that has any, in the order in which they are told."""
    groups: dict[str, list[Shown]] = {group: [] for group in GROUPS}
    for strand in found.strands:
        groups[_group(strand)].append(_shown(strand))
    return [(group, GROUPS[group], shown) for group, shown in groups.items() if shown]


def _group(strand: Strand) -> str:
    if strand.id.startswith("pain_"):
        return "pain"
    if strand.id.startswith("hard_"):
        return "daily"
    return _GROUP.get(strand.id, "tests")


def _shown(strand: Strand) -> Shown:
    lines = [line for line in strand.lines if line.points]
    tests = _group(strand) == "tests"
    header, rows = strand_rows(strand)
    return Shown(
        id=strand.id.replace(".", "-"),
        strand=strand,
        tellings=tuple(_tellings(strand, lines)),
        picture=None if tests else _drawn(strand, _NARROW_PX),
        sides=tuple(_beside(strand, lines)) if tests else (),
        header=header,
        rows=rows,
    )


def _tellings(strand: Strand, lines: Sequence[Line]) -> Iterable[tuple[Verdict, str, str]]:
    """The newest number where nothing is compared, else the verdict, once where all lines have the same."""
    if strand.style == "bars":
        yield "too_little", "", f"{lines[0].points[-1].value:.0f} {strand.unit}"
        return
    if strand.id == "tempo":
        yield "too_little", "", ", ".join(f"{line.name.lower()} {line.points[-1].value:.0f} %" for line in lines)
        return
    verdicts = dict.fromkeys(line.change.verdict for line in lines)
    if not verdicts:
        yield "too_little", SIGNS["too_little"], "nothing yet"
    elif len(verdicts) == 1 or _group(strand) != "tests":
        for verdict in verdicts:
            yield verdict, SIGNS[verdict], WORDS[verdict]
    else:
        for line in lines:
            verdict = line.change.verdict
            yield verdict, SIGNS[verdict], f"{line.name.lower()} {WORDS[verdict]}"


def _beside(strand: Strand, lines: Sequence[Line]) -> Iterable[Side]:
    """Each side on one scale, so that the sides can be compared."""
    values = [v for line in lines for p in line.points for v in (p.value, p.low, p.high) if v is not None]
    low, high = min(values), max(values)
    air = max(0.08 * (high - low), 1e-3 * abs(high)) or 1.0
    span = (max(0.0, low - air) if low >= 0 else low - air, high + air)
    for line in lines:
        alone = replace(strand, id=f"{strand.id}.{line.name}", title=f"{strand.title}, {line.name.lower()}",
                        lines=(line,), say=line.change.say, span=span)  # fmt: skip
        step = line.change.detectable
        counts = f"A change counts from {step:.1f} {strand.unit} on." if step is not None else ""
        yield Side(line.name, _drawn(alone, _NARROW_PX, 200), line.change.say, counts)


def _drawn(strand: Strand, width_px: int, height_px: int = 230) -> Markup:
    return Markup(strand_chart(strand, width_px, height_px))  # the drawing escapes every word in it
