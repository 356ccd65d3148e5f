"""Runs and load as pages: what the next run may be and why, the log, and what presses the kneecap."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import Response

from kneeline.capture.runs import LARGEST_BYTES, read_run
from kneeline.clinic.load import curves
from kneeline.clinic.progress import progress
from kneeline.clinic.running import RunJudged, judge
from kneeline.content.load import Library
from kneeline.model.diary import Diary
from kneeline.model.errors import InputError
from kneeline.report.charts import load_chart, strand_chart
from kneeline.report.progress import load_rows, strand_rows
from kneeline.store.diary import read_diary
from kneeline.store.kinds import Pain, Run
from kneeline.web import clock
from kneeline.web.book import Book
from kneeline.web.plan_book import standing
from kneeline.web.render import book_of, page, see

router = APIRouter()

LOOKS_BACK: Final = timedelta(days=120)
"""How far runs are read back for the next one; the rules forget sooner. House default."""
SHOWN: Final = 8
FARTHEST_KM, LONGEST_MIN = 500.0, 2880.0
HOUR: Final = timedelta(hours=1)
Scale = Annotated[float, Form(ge=0, le=10)]
MaybeScale = Annotated[float | None, Form(ge=0, le=10)]


@router.get("/runs")
def runs(request: Request, saved: bool = False) -> Response:
    """What the next run may be, the log, the load of each week, and what to leave out for now."""
    book = book_of(request)
    library, day = book.library, clock.today()
    diary = read_diary(book.store, book.person_id, since=clock.now() - LOOKS_BACK)
    found = progress(diary, day, library)
    load = next((one for one in found.strands if one.id == "load"), None)
    return page(
        request,
        "runs.html",
        next=found.next_run,
        day=day,
        runs=_judged(diary, library),
        load=load,
        load_chart=strand_chart(load) if load else "",
        load_rows=strand_rows(load) if load else None,
        jump=found.jump,
        leave_out=found.leave_out,
        curves=_drawn(library),
        new=uuid4(),
        now=clock.now().astimezone(),
        saved=saved,
        title="Runs and load",
    )


@router.post("/runs")
def log(
    request: Request,
    id: Annotated[UUID, Form()],
    began: Annotated[str, Form(max_length=40)] = "",
    km: Annotated[str, Form(max_length=20)] = "",
    minutes: Annotated[str, Form(max_length=20)] = "",
    pain: MaybeScale = None,
    before: MaybeScale = None,
    after: MaybeScale = None,
) -> Response:
    """Keep a run and the pain around it; the same form sent twice is one run."""
    book = book_of(request)
    far, long = _amount(km, FARTHEST_KM, "how far"), _amount(minutes, LONGEST_MIN, "how long")
    if far is None and long is None:
        raise InputError("Nothing is said of the run", expected="how far or how long it was")
    at = _when(began, timedelta(minutes=long or 0.0))
    kept = Run(
        distance_m=None if far is None else 1000 * far,
        duration_s=None if long is None else 60 * long,
        pain=pain,
    )
    with book.planning:
        if id not in {one.id for one in book.store.history(book.person_id, Run)}:
            book.store.record(book.person_id, kept, id=id, at=at)
            _around(book, id, at, long or 0.0, before, after)
    standing(book)
    return see("/runs?saved=true")


@router.post("/runs/import")
def import_(request: Request, file: Annotated[UploadFile, File()], pain: MaybeScale = None) -> Response:
    """Keep the run of a watch's file: its start, distance, time and steps, never where it went."""
    book = book_of(request)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(file.filename or "run").name[-80:] or "run")
        path.write_bytes(file.file.read(LARGEST_BYTES + 1))
        found = read_run(path)
    one = found.run
    if one.at > clock.now():
        raise InputError("This run is in the future", try_next="look at the clock of the watch")
    kept = Run(
        distance_m=one.distance_m,
        duration_s=one.duration_s,
        cadence_per_min=one.cadence_per_min,
        pain=pain,
        source=found.source,
    )
    # The same file twice is the same run: its id comes from what a watch never writes twice.
    id = uuid5(NAMESPACE_URL, f"{book.person_id} run {one.at.isoformat()} {one.distance_m} {one.duration_s}")
    with book.planning:
        if id not in {known.id for known in book.store.history(book.person_id, Run)}:
            book.store.record(book.person_id, kept, id=id, at=one.at)
    standing(book)
    return see("/runs?saved=true")


@router.post("/runs/after")
def after(request: Request, value: Scale) -> Response:
    """Keep how the knee is an hour after the last run."""
    book = book_of(request)
    with book.planning:
        last = next(iter(book.store.history(book.person_id, Run)[-1:]), None)
        if last is not None:
            _around(book, last.id, last.at, (last.payload.duration_s or 0.0) / 60, None, value)
    return see("/runs?saved=true")


def _around(book: Book, id: UUID, at: datetime, minutes: float, before: float | None, after: float | None) -> None:
    """Keep the pain before a run and an hour after it, as far as it was said, once each."""
    end = min(at + timedelta(minutes=minutes) + HOUR, clock.now())
    known = {one.id for one in book.store.history(book.person_id, Pain, since=at - HOUR)}
    for of, value, when in (("before", before, at), ("hour_after", after, max(end, at))):
        name = uuid5(id, of)
        if value is not None and name not in known:
            book.store.record(book.person_id, Pain(value=value, of=of), id=name, at=when)


def _judged(diary: Diary, library: Library) -> list[RunJudged]:
    """The last runs, newest first, each against the rules."""
    last = diary.runs[-SHOWN:]
    since = last[0].at - timedelta(days=2) if last else None
    pains = [one for one in diary.pains if since is not None and one.at >= since]
    return [judge(run, pains, library.sheets.running) for run in reversed(last)]


def _drawn(library: Library) -> tuple[str, tuple[str, ...], Sequence[tuple[str, ...]]]:
    """The load of activities over knee bend: a picture, and a table's header and rows. The same for everybody."""
    if library.digest not in _DRAWN:
        made = curves(library.sheets.load)
        _DRAWN[library.digest] = (load_chart(made), *load_rows(made))
    return _DRAWN[library.digest]


_DRAWN: Final[dict[str, tuple[str, tuple[str, ...], Sequence[tuple[str, ...]]]]] = {}


def _amount(text: str, most: float, what: str) -> float | None:
    """A number as somebody types it, None for nothing; NaN is none."""
    if not text.strip():
        return None
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError as error:
        raise InputError(f"{text.strip()[:20]!r} is no number for {what} the run was") from error
    if not 0 < value <= most:
        raise InputError(f"{value:g} cannot be {what} the run was", expected=f"more than 0, at most {most:g}")
    return value


def _when(text: str, lasted: timedelta) -> datetime:
    """When a run began; where nothing is said, so that it ends now."""
    now = clock.now()
    if not text.strip():
        return now - lasted
    try:
        said = datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"{text[:40]!r} is no time", expected="such as 2026-11-20T18:30") from error
    if said.year < 1990 or said > now:
        raise InputError("This run is not in the past", expected="when it began")
    return said
