"""A physio's caseload, as pages: who needs a look first, one person at a time, and a change of their plan to send back.

Records that were handed over are looked at and never added to, but for versions of the plan by the physio. Times are as
of when they were handed over: what has happened since is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kneeline.clinic.ladder import described, rung_of
from kneeline.clinic.need import ORDER, Need, needs
from kneeline.clinic.plan import WEEKDAYS, begin, choices, leg_of, prescribe
from kneeline.clinic.progress import Progress, progress
from kneeline.content.load import Library
from kneeline.content.schema import Rung
from kneeline.model.errors import InputError, KneelineError
from kneeline.model.plan import Band, PlanVersion, Prescription
from kneeline.report.charts import strand_chart
from kneeline.report.plan import who
from kneeline.report.progress import strand_rows
from kneeline.store import Kept, KeptSet, Store
from kneeline.store.diary import read_diary
from kneeline.store.kinds import Effort, Finding, Note, Pain, PhysioQuestion, Profile
from kneeline.store.planned import happened, keep_version, plan_versions
from kneeline.store.share import share_plan, shared_at
from kneeline.web import clock
from kneeline.web.book import Book
from kneeline.web.case import findings, read_case
from kneeline.web.render import book_of, page, see
from kneeline.web.scores import fields
from kneeline.web.share import made

router = APIRouter()

SESSIONS: Final = 12
"""Sessions that a person's page shows, the newest first. House default."""
_UNREADABLE: Final = (KneelineError, ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What records that came from elsewhere can do to whoever reads them; one person's must not hide the others."""


@dataclass(frozen=True, slots=True)
class Patient:
    """One person as a physio sees them.

    name: as they gave it, else the beginning of their id. at: when their records were handed over. needs: why to look,
    the most pressing reason first.
    """

    id: UUID
    name: str
    at: datetime
    needs: tuple[Need, ...]
    versions: tuple[PlanVersion, ...]
    told: Progress


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A person whose records are here and cannot be read."""

    id: UUID
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """One place on an exercise's ladder that a physio can choose: a rung, with a band where it takes one."""

    value: str
    words: str
    chosen: bool


@router.get("/caseload")
def caseload(request: Request, removed: bool = False) -> Response:
    """Everybody who handed records over: who needs a look, in order of need, then the others without a word."""
    book = book_of(request)
    known: list[Patient] = []
    strange: list[Unreadable] = []
    for person in book.store.people():
        if person.id == book.person_id:
            continue
        try:
            known.append(read_patient(book.store, person.id, book.library, person.since))
        except _UNREADABLE as error:
            strange.append(Unreadable(person.id, _short(person.id), _why(error)))
    known.sort(key=lambda one: one.at, reverse=True)
    known.sort(key=lambda one: ORDER.index(one.needs[0].kind) if one.needs else len(ORDER))
    return page(
        request,
        "caseload.html",
        needy=[one for one in known if one.needs],
        well=[one for one in known if not one.needs],
        strange=strange,
        removed=removed,
        title="Caseload",
    )


def read_patient(store: Store, person_id: UUID, library: Library, since: datetime) -> Patient:
    """One person out of the store, as of when they last handed their records over."""
    at = shared_at(store, person_id) or since
    day = at.astimezone().date()
    versions = plan_versions(store, person_id, library)
    events = happened(store, person_id, versions, library) if versions else ()
    told = progress(read_diary(store, person_id), day, library)
    case = read_case(store, library, person_id)
    profile = store.latest(person_id, Profile)
    name = profile.payload.name.strip() if profile is not None else ""
    return Patient(
        person_id, name or _short(person_id), at, needs(case.flags, told, versions, events, day), versions, told
    )


@router.get("/caseload/{person_id}")
def one(request: Request, person_id: UUID, new: str = "") -> Response:
    """One person: their questions first, then finding, plan, progress and sets."""
    book, patient = _patient(request, person_id)
    try:
        shown = _shown(book, patient)
    except _UNREADABLE as error:
        raise InputError(f"These records cannot be read: {_why(error)}") from error
    return page(request, "caseload_one.html", patient=patient, new=new, **shown, title=patient.name)


@router.get("/caseload/{person_id}/plan")
def plan(request: Request, person_id: UUID) -> Response:
    """The plan, to be changed."""
    book, patient = _patient(request, person_id)
    return _plan(request, book, patient)


@router.post("/caseload/{person_id}/plan")
def change(request: Request, person_id: UUID, chosen: Annotated[dict[str, str], Depends(fields)]) -> Response:
    """Keep the plan as the physio has it; the form again, with what is wrong, where it cannot be."""
    book, patient = _patient(request, person_id)
    if not patient.versions:
        raise InputError("There is no plan to change")
    try:
        now = max(clock.now().astimezone(), patient.versions[-1].change.at)
        why = chosen.get("why", "").strip()
        if not why:
            raise InputError("The reason is missing", expected="a sentence that the person will read")
        asked = _asked(patient.versions[-1], chosen, why, book.library)
        if asked == patient.versions[-1].plan.prescriptions and not patient.versions[-1].plan.refer:
            raise InputError("Nothing is different", expected="a change, or leave it as it is")
        version = prescribe(patient.versions[-1], asked, why, book.library, now)
    except InputError as error:
        return _plan(request, book, patient, str(error), chosen)
    keep_version(book.store, person_id, version, book.library)
    return see(f"/caseload/{person_id}?new=plan")


@router.post("/data/reply")
def reply(request: Request, person_id: Annotated[UUID, Form()]) -> Response:
    """Seal the plan for the person that it is of."""
    book, patient = _patient(request, person_id)
    return made(request, lambda path: share_plan(book.store, person_id, path, clock.now()), to=patient.name)


@router.get("/caseload/{person_id}/sets/{set_id}")
def replay(request: Request, person_id: UUID, set_id: UUID) -> Response:
    """The movement of a set, drawn from the keypoints that were handed over."""
    book = book_of(request)
    logs = book.store.pose_logs(_stranger(book, person_id), set_id)
    if not logs:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    kept = book.store.set(set_id)
    known = book.exercise(kept)
    name = kept.start.exercise.replace("_", " ") if known is None else known.name
    return page(request, "caseload_replay.html", kept=kept, name=name, person_id=person_id, title="Replay")


@router.post("/data/remove")
def remove(request: Request, person_id: Annotated[UUID, Form()], sure: Annotated[str, Form()] = "") -> Response:
    """Take a person's records away from this machine; theirs stay theirs."""
    book = book_of(request)
    if sure.strip().lower() != "remove":
        raise InputError("Nothing was removed", expected="the word remove")
    book.store.erase_person(_stranger(book, person_id))
    return see("/caseload?removed=true")


def _stranger(book: Book, person_id: UUID) -> UUID:
    """A person of the caseload; 404 for nobody, and for oneself."""
    if person_id == book.person_id or person_id not in {person.id for person in book.store.people()}:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return person_id


def _patient(request: Request, person_id: UUID) -> tuple[Book, Patient]:
    book = book_of(request)
    person = next(person for person in book.store.people() if person.id == _stranger(book, person_id))
    try:
        return book, read_patient(book.store, person_id, book.library, person.since)
    except _UNREADABLE as error:
        raise InputError(
            f"These records cannot be read: {_why(error)}", try_next="remove them, and have them sent again"
        ) from error


def _why(error: Exception) -> str:
    return str(error).rstrip(".") if isinstance(error, KneelineError) else "something in them is not of ours"


def _short(person_id: UUID) -> str:
    return f"Person {str(person_id)[:4]}"


def _shown(book: Book, patient: Patient) -> dict[str, Any]:
    """What the page of one person holds besides the person."""
    store, library = book.store, book.library
    latest: Mapping[str, Kept[Finding]] = {kept.payload.side: kept for kept in findings(store, patient.id)}
    strands = (patient.told.headline, *patient.told.strands)
    plan = patient.versions[-1].plan if patient.versions else None
    return {
        "asked": store.history(patient.id, PhysioQuestion),
        "findings": [(side, latest[side], _parts(latest[side].payload)) for side in sorted(latest)],
        "prescriptions": [(described(p, library), rung_of(p, library), p) for p in plan.prescriptions] if plan else [],
        "days": ", ".join(WEEKDAYS[day] for day in plan.weekdays) if plan else "",
        "history": [(version, who(version, library)) for version in reversed(patient.versions)],
        "answered": any(version.change.by == "physio" for version in patient.versions),
        "strands": [
            (strand, Markup(strand_chart(strand)), *strand_rows(strand))
            for strand in strands
            if any(line.points for line in strand.lines)
        ],
        "sessions": _sessions(store, patient.id, library),
    }


def _parts(finding: Finding) -> list[tuple[str, float, tuple[float, float] | None]]:
    """Each part of the leg with its probability, and the range where one was kept, likeliest first."""
    ranges = finding.detail.get("ranges", {})
    rows = [
        (link, share, (float(ranges[link][0]), float(ranges[link][1])) if link in ranges else None)
        for link, share in finding.probabilities.items()
    ]
    return sorted(rows, key=lambda row: -row[1])


def _sessions(store: Store, person_id: UUID, library: Library) -> list[dict[str, Any]]:
    """The newest sessions: the sets of each, and what was said of it."""
    sets: dict[UUID, list[KeptSet]] = {}
    for kept in store.sets(person_id):
        sets.setdefault(kept.start.session_id, []).append(kept)
    moved = {log.set_id for log in store.pose_logs(person_id)}
    said: dict[UUID, list[str]] = {}
    for pain in store.history(person_id, Pain):
        if pain.session_id is not None:
            said.setdefault(pain.session_id, []).append(f"pain {pain.payload.of} {pain.payload.value:g} of 10")
    for effort in store.history(person_id, Effort):
        if effort.session_id is not None:
            said.setdefault(effort.session_id, []).append(f"effort {effort.payload.value:g} of 10")
    notes = {note.session_id: note.payload.text for note in store.history(person_id, Note)}
    return [
        {
            "at": done[0].at,
            "sets": [(kept, _exercise(kept, library), kept.start.id in moved) for kept in done],
            "said": ", ".join(said.get(session_id, [])),
            "note": notes.get(session_id, ""),
        }
        for session_id, done in list(sets.items())[: -SESSIONS - 1 : -1]
    ]


def _exercise(kept: KeptSet, library: Library) -> str:
    known = library.exercises.get(kept.start.exercise)
    leg = "" if kept.start.side == "both" else f", {kept.start.side} leg"
    return (kept.start.exercise.replace("_", " ") if known is None else known.name) + leg


def _plan(
    request: Request, book: Book, patient: Patient, problem: str = "", chosen: Mapping[str, str] | None = None
) -> Response:
    """The form of the plan; chosen: as it was filled in before."""
    library = book.library
    if not patient.versions:
        raise InputError("There is no plan to change", try_next="ask for a share after the first plan")
    plan, filled = patient.versions[-1].plan, chosen or {}
    rows = []
    for n, p in enumerate(plan.prescriptions):
        typed = {name: filled.get(f"{name}_{n}") for name in ("step", "sets", "reps", "per_week", "lower_s")}
        now = typed["step"] or f"{p.rung} {p.band}".strip()
        numbers = {name: typed[name] or f"{getattr(p.dose, name):g}" for name in typed if name != "step"}
        name = library.exercises[p.exercise].name
        rows.append((n, name, described(p, library), _steps(p, now, library), numbers, f"out_{n}" in filled))
    status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
    return page(
        request,
        "caseload_plan.html",
        status=status,
        patient=patient,
        rows=rows,
        more=[(key, library.exercises[key].name) for key in choices(plan, library)],
        bounds=library.planning.bounds,
        added=filled.get("add", ""),
        why=filled.get("why", ""),
        problem=problem,
        title="Change the plan",
    )


def _steps(p: Prescription, now: str, library: Library) -> list[Step]:
    rungs: Sequence[Rung] = sorted(library.exercises[p.exercise].ladder, key=lambda rung: rung.level)
    found = []
    for rung in rungs:
        for band in rung.bands or ("",):
            value = f"{rung.level} {band}".strip()
            found.append(Step(value, f"{rung.level:+d}  {rung.name}{f', {band} band' if band else ''}", value == now))
    return found


def _asked(version: PlanVersion, chosen: Mapping[str, str], why: str, library: Library) -> tuple[Prescription, ...]:
    """The exercises as the form says them.

    Raises: InputError for what is no number or no step of its ladder.
    """
    asked = []
    for n, p in enumerate(version.plan.prescriptions):
        if f"out_{n}" in chosen:
            continue
        level, _, band = chosen.get(f"step_{n}", "").partition(" ")
        if chosen.get(f"step_{n}") not in {step.value for step in _steps(p, "", library)}:
            raise InputError("This is no step of the exercise's ladder", expected="one of the list")
        dose = replace(
            p.dose,
            sets=int(_number(chosen, f"sets_{n}", whole=True)),
            reps=int(_number(chosen, f"reps_{n}", whole=True)),
            per_week=int(_number(chosen, f"per_week_{n}", whole=True)),
            lower_s=_number(chosen, f"lower_s_{n}"),
        )
        put: Band = band  # type: ignore[assignment]  # one of the list, as checked
        now = replace(p, rung=int(level), band=put, dose=dose)
        asked.append(now if now == p else replace(now, why=why))
    if chosen.get("add"):
        asked.append(_added(version, chosen["add"], why, library))
    return tuple(asked)


def _added(version: PlanVersion, id: str, why: str, library: Library) -> Prescription:
    plan = version.plan
    if id not in choices(plan, library):
        raise InputError("This exercise cannot be added", expected="one of the list")
    exercise = library.exercises[id]
    first = plan.prescriptions[0]
    legs = (leg_of(plan, library), first.first)
    return begin(exercise, exercise.link or first.link, why, legs, 0, first.dose.per_week, plan.equipment, library)


def _number(chosen: Mapping[str, str], name: str, *, whole: bool = False) -> float:
    text = chosen.get(name, "").strip().replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < 1_000 or (whole and value != int(value)):
        what = name.rsplit("_", 1)[0].replace("_", " ")
        raise InputError(f"{text[:20]!r} is no number of {what}", expected="a whole number" if whole else "a number")
    return value
