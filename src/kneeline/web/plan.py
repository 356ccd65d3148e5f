"""The plan as pages: what is prescribed and why, what a person or their physio changes of it, and every version."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kneeline.clinic.plan import (
    WEEKDAYS,
    bad_phase,
    calm_again,
    choices,
    easier,
    edit_rule,
    on_days,
    prescribe,
    start_plan,
    swap,
    travel,
)
from kneeline.content.load import Library
from kneeline.content.plan_schema import PlanRule
from kneeline.model.errors import InputError
from kneeline.model.plan import BANDS, Band, PlanVersion, Prescription, RuleEdit, TrainedSide
from kneeline.report.calendar import calendar_text
from kneeline.report.plan import rule_line
from kneeline.store.planned import keep_version
from kneeline.web import clock
from kneeline.web.ask import HaltError
from kneeline.web.case import read_case
from kneeline.web.plan_book import Standing, change, shown, standing, told
from kneeline.web.render import book_of, page, see

router = APIRouter()

SWAP_WHYS: Final = {
    "hurts": "The other one hurts.",
    "gear": "The things for it are not at hand.",
    "place": "There is no place for it.",
    "rather": "You would rather do this one.",
}
LAST_CHANGES: Final = 3
REMINDERS: Final = {"": "No reminder", "0": "When it begins", "30": "30 minutes before", "120": "2 hours before"}
MODES: Final = {"travel": "travel", "home": "travel", "bad": "flare_up", "calm": "flare_up"}
Seen = Annotated[int, Form(ge=1)]
Id = Annotated[str, Form(max_length=80)]
Reason = Annotated[str, Form(max_length=1_000)]


@router.get("/plan")
def plan(request: Request, moved: bool = False, answered: bool = False) -> Response:
    """What is prescribed, each with its reason, and what changed last."""
    book = book_of(request)
    case = read_case(book.store, book.library, book.person_id)
    try:
        now = standing(book)
    except InputError as problem:
        return page(request, "plan_broken.html", problem=str(problem), case=case, title="My plan")
    if now is None:
        return page(request, "plan_none.html", case=case, title="My plan")
    library = book.library
    return page(
        request,
        "plan.html",
        now=now,
        parts=[shown(p, now.plan, library) for p in now.plan.prescriptions],
        changes=[told(version, library) for version in reversed(now.versions[-LAST_CHANGES:])],
        more=len(now.versions) > LAST_CHANGES,
        weekdays=WEEKDAYS,
        most_days=round(library.planning.bounds["per_week"].most.value),
        reminders=REMINDERS,
        moved=moved,
        answered=answered,
        title="My plan",
    )


@router.post("/plan/start")
def start(request: Request, seen: Annotated[int, Form(ge=0)] = 0) -> Response:
    """Make a plan from the finding as it stands; where one was made meanwhile, that one stays.

    seen: how many versions the plan had that this one is to follow, 0 for the first.
    """
    book = book_of(request)
    case = read_case(book.store, book.library, book.person_id)
    if case.flags:
        raise HaltError
    if case.standing != "found":
        return see("/check")
    with book.planning:
        try:
            before = standing(book)
        except InputError:
            before = None
        if before is not None and before.seen != seen:
            return see("/plan?moved=true" if seen else "/plan")
        legs = [leg for leg in case.assess().legs if leg.hurts]
        version = start_plan(legs[0], case.current, book.library, clock.now().astimezone())
        keep_version(book.store, book.person_id, version, book.library)
    return see("/plan")


@router.get("/plan/swap")
def choose(request: Request, exercise: str) -> Response:
    """What could take the place of an exercise: first what trains the same part of the leg."""
    book = book_of(request)
    now = _standing(request)
    old = _prescribed(now, exercise)
    known = [book.library.exercises[id] for id in choices(now.plan, book.library)]
    known.sort(key=lambda one: one.link != old.link)
    return page(
        request,
        "plan_swap.html",
        now=now,
        old=shown(old, now.plan, book.library),
        choices=known,
        whys=SWAP_WHYS,
        title="Another exercise",
    )


@router.post("/plan/swap")
def swapped(request: Request, seen: Seen, old: Id, new: Id, why: Id = "rather") -> Response:
    """Put another exercise in the place of one."""
    library, reason = book_of(request).library, SWAP_WHYS.get(why, "")
    return _changed(request, seen, lambda version, at: swap(version, old, new, reason, library, at))


@router.post("/plan/easier")
def made_easier(request: Request, seen: Seen, exercise: Id) -> Response:
    """Make one exercise a step easier at once."""
    library = book_of(request).library
    return _changed(request, seen, lambda version, at: easier(version, exercise, library, at))


@router.post("/plan/days")
def other_days(request: Request, seen: Seen, day: Annotated[list[int], Form()] = []) -> Response:  # noqa: B006
    """Train on other days of the week."""
    library = book_of(request).library
    return _changed(request, seen, lambda version, at: on_days(version, day, library, at))


@router.post("/plan/mode")
def mode(request: Request, seen: Seen, to: Annotated[Literal["travel", "home", "bad", "calm"], Form()]) -> Response:
    """On the way or back home, in a bad phase or calm again: one tap each, back to the day."""
    library = book_of(request).library

    def made(version: PlanVersion, at: datetime) -> PlanVersion:
        if to in ("travel", "home"):
            return travel(version, to == "travel", library, at)
        return bad_phase(version, library, at) if to == "bad" else calm_again(version, library, at)

    before = _standing(request).plan.mode
    if (before == MODES[to]) == (to in ("travel", "bad")):  # it is like that already
        return see("/?later=true")
    return _changed(request, seen, made, "/?later=true")


@router.get("/plan/changes")
def changes(request: Request) -> Response:
    """Every version of the plan, newest first."""
    book, now = book_of(request), _standing(request)
    versions = [told(version, book.library) for version in reversed(now.versions)]
    return page(request, "plan_changes.html", changes=versions, title="What changed")


@router.get("/plan/rules")
def rules(request: Request) -> Response:
    """Every rule that the plan answers to, in words, with what a physio changed of it."""
    book, now = book_of(request), _standing(request)
    edits = {edit.rule: edit for edit in now.plan.edits}
    known = [(rule, rule_line(rule), edits.get(rule.id)) for rule in book.library.planning.rules.values()]
    return page(request, "plan_rules.html", rules=known, title="The rules")


@router.get("/plan/physio")
def physio(request: Request) -> Response:
    """What a physio may change: the dose of each exercise, and the rules."""
    book, now = book_of(request), _standing(request)
    library = book.library
    return page(
        request,
        "plan_physio.html",
        now=now,
        parts=[shown(p, now.plan, library) for p in now.plan.prescriptions],
        rungs={
            p.exercise: sorted(library.exercises[p.exercise].ladder, key=lambda r: r.level)
            for p in now.plan.prescriptions
        },
        bands=BANDS[1:],
        sides=("left", "right", "both"),
        bounds=library.planning.bounds,
        title="For a physio",
    )


@router.post("/plan/physio")
def looked(request: Request, seen: Seen, why: Reason = "") -> Response:
    """A physio has looked, and leaves the plan as it is."""
    library = book_of(request).library
    reason = why.strip() or library.planning.notices["seen"]
    return _changed(request, seen, lambda v, at: prescribe(v, v.plan.prescriptions, reason, library, at))


@router.post("/plan/physio/dose")
def dosed(
    request: Request,
    seen: Seen,
    exercise: Id,
    sets: Annotated[int, Form()],
    reps: Annotated[int, Form()],
    lower: Annotated[float, Form(ge=0, le=60)],
    rung: Annotated[int, Form(ge=-9, le=9)],
    side: Annotated[TrainedSide, Form()],
    band: Annotated[Band, Form()] = "",
    why: Reason = "",
) -> Response:
    """One exercise as a physio has it, within the bounds."""
    library = book_of(request).library

    def made(version: PlanVersion, at: datetime) -> PlanVersion:
        asked = version.plan.prescriptions
        now = tuple(
            _as(p, sets, reps, lower, rung, side, band, library) if p.exercise == exercise else p for p in asked
        )
        if exercise not in {p.exercise for p in asked}:
            raise InputError(f"{exercise} is not in the plan", expected=" or ".join(p.exercise for p in asked))
        return prescribe(version, now, why, library, at)

    return _changed(request, seen, made)


@router.get("/plan/physio/rule/{rule_id}")
def one_rule(request: Request, rule_id: str) -> Response:
    """One rule, to be changed for this person."""
    book, now = book_of(request), _standing(request)
    rule = book.library.planning.rules.get(rule_id)
    if rule is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    edit = next((one for one in now.plan.edits if one.rule == rule_id), None)
    return page(
        request, "plan_rule.html", now=now, rule=rule, line=rule_line(rule), limits=_limits(rule, edit), edit=edit,
        title=rule.name,
    )  # fmt: skip


@router.post("/plan/physio/rule/{rule_id}")
def edited(
    request: Request,
    rule_id: str,
    seen: Seen,
    signal: Annotated[list[Id], Form()] = [],  # noqa: B006  # FastAPI copies it
    limit: Annotated[list[Id], Form()] = [],  # noqa: B006
    off: Annotated[bool, Form()] = False,
    why: Reason = "",
) -> Response:
    """One rule as a physio wants it: the signals that it looks at, each with its limit, in the same order."""
    library = book_of(request).library
    rule = library.planning.rules.get(rule_id)
    if rule is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    usual = dict(_limits(rule, None))
    limits = {name: _number(text) for name, text in zip(signal, limit, strict=False)}
    edit = RuleEdit(rule_id, off, {name: value for name, value in limits.items() if value != usual.get(name)})
    return _changed(request, seen, lambda version, at: edit_rule(version, edit, why, library, at), "/plan/rules")


@router.get("/plan/calendar.ics")
def calendar(request: Request, at: str = "18:00", remind: Annotated[str, "minutes"] = "") -> Response:
    """The days of the plan for a calendar, with a reminder where one was asked for."""
    try:
        begins = time.fromisoformat(at)
        minutes = int(remind) if remind else None
    except ValueError as error:
        raise InputError(f"{at!r} is no time of day", expected="hours and minutes, such as 18:00") from error
    if begins.tzinfo is not None or (minutes is not None and not 0 <= minutes <= 1440):
        raise InputError("This is no time of day, or no reminder", expected="18:00, and at most a day before it")
    text = calendar_text(_standing(request).versions[-1], book_of(request).library, begins, minutes)
    headers = {"content-disposition": 'attachment; filename="kneeline.ics"', "cache-control": "no-store"}
    return Response(text.encode(), media_type="text/calendar; charset=utf-8", headers=headers)


def _standing(request: Request) -> Standing:
    now = standing(book_of(request))
    if now is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return now


def _changed(request: Request, seen: int, made: Any, to: str = "/plan") -> Response:
    """Change the plan that was on the screen; another one is shown instead."""
    return see(to if change(book_of(request), seen, made) else "/plan?moved=true")


def _prescribed(now: Standing, exercise: str) -> Prescription:
    found = next((p for p in now.plan.prescriptions if p.exercise == exercise), None)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


def _as(
    p: Prescription, sets: int, reps: int, lower_s: float, rung: int, side: TrainedSide, band: Band, library: Library
) -> Prescription:
    """A prescription with what a physio set; a rung with bands has the first of them where none was named."""
    bands = next((one.bands for one in library.exercises[p.exercise].ladder if one.level == rung), ())
    worn: Band = band if band in bands else bands[0] if bands else ""
    legs: TrainedSide = side if library.exercises[p.exercise].sides == "one" else "both"
    dose = replace(p.dose, sets=sets, reps=reps, lower_s=lower_s)
    return replace(p, dose=dose, rung=rung, side=legs, first=p.first if legs == "both" else legs, band=worn)


def _limits(rule: PlanRule, edit: RuleEdit | None) -> list[tuple[str, float]]:
    """The signals of a rule whose limit can be changed, those that stand in it once, each with its limit."""
    names = [test.signal for test in rule.when]
    found = []
    for test in rule.when:
        number = next(n for f in test.__struct_fields__ if f != "signal" and (n := getattr(test, f)) is not None)
        if names.count(test.signal) == 1:
            own = edit.limits.get(test.signal) if edit else None
            found.append((str(test.signal), float(number.value if own is None else own)))
    return found


def _number(text: str) -> float:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError as error:
        raise InputError(f"{text[:40]!r} is no number", expected="a limit, such as 4") from error
