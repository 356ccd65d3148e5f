"""A person's records out of the store, as a report looks at them; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from kneeline.clinic.course import follow
from kneeline.content.load import Library
from kneeline.model.diary import Diary
from kneeline.model.errors import InputError
from kneeline.model.plan import PlanVersion
from kneeline.report.physio.build import Records, write
from kneeline.report.physio.whole import Chance, Earlier, Report, Said, Unseen
from kneeline.store import Kept, Store
from kneeline.store.diary import read_diary
from kneeline.store.kinds import Answer, Finding, Note, PhysioQuestion, Profile, TestResult
from kneeline.store.planned import happened, plan_versions
from kneeline.web.case import Case, read_case


def report_of(store: Store, library: Library, person_id: UUID, now: datetime) -> Report:
    """The report of one person up to a moment, with the changes that the rules make of the plan by then."""
    return write(records_of(store, library, person_id, now), library)


def records_of(store: Store, library: Library, person_id: UUID, now: datetime) -> Records:
    """Everything of a person that a report tells, up to a moment."""
    case, diary = read_case(store, library, person_id), read_diary(store, person_id)
    versions, unread = _versions(store, library, person_id, now)
    profile = store.latest(person_id, Profile)
    who = profile.payload if profile else Profile()
    tests, findings = store.history(person_id, TestResult), store.history(person_id, Finding)
    sets = store.sets(person_id)
    models = {one.payload.pose_model for one in tests} | {one.start.pose_model for one in sets}
    wrote = [
        *((one.payload.kneeline, one.payload.library) for one in tests),
        *((one.payload.kneeline, one.payload.library) for one in findings),
        *((one.start.kneeline, one.start.library) for one in sets),
    ]
    return Records(
        on=_day(now),
        name=who.name,
        born=who.born,
        sex=who.sex if who.sex in ("female", "male") else "",
        first_on=_first(store, person_id, _days(diary)),
        said=case.current,
        said_on=_said_on(store, person_id),
        found=None if case.standing == "new" else case.assess(),
        results=case.results,
        seen=_seen(case, library),
        diary=diary,
        versions=versions,
        earlier=tuple(map(_earlier, findings)),
        questions=_own(store.history(person_id, PhysioQuestion)),
        notes=_own(store.history(person_id, Note)),
        unread=unread,
        pose_models=tuple(sorted(filter(None, models))),
        measured_by=tuple(sorted({version for version, _ in wrote})),
        libraries=tuple(sorted({digest for _, digest in wrote})),
    )


def _versions(
    store: Store, library: Library, person_id: UUID, now: datetime
) -> tuple[tuple[PlanVersion, ...], tuple[Unseen, ...]]:
    """The plan's versions with those that are due; a plan that this version cannot read is said to be so."""
    try:
        versions = plan_versions(store, person_id, library)
        if not versions:
            return (), ()
        events = happened(store, person_id, versions, library)
        return (*versions, *follow(versions, events, _day(now), library)), ()
    except InputError:
        return (), (Unseen("The plan on record", "This version of kneeline cannot read it."),)


def _first(store: Store, person_id: UUID, diary_days: Iterable[date]) -> date | None:
    told = [_day(one.at) for one in store.history(person_id, Answer)[:1]]
    tested = [_day(one.at) for one in store.history(person_id, TestResult)[:1]]
    return min([*told, *tested, *diary_days], default=None)


def _days(diary: Diary) -> Iterable[date]:
    yield from (one.at.date() for one in diary.sets)
    yield from (one.at.date() for one in diary.pains)


def _said_on(store: Store, person_id: UUID) -> dict[str, date]:
    return {one.payload.question: _day(one.at) for one in store.history(person_id, Answer)}


def _seen(case: Case, library: Library) -> tuple[str, ...]:
    """Ids of the rules that a clinician looked at since."""
    ours, theirs = library.clinic, case.clinic
    return (
        *(key for key in ours.red_flags if key not in theirs.red_flags),
        *(key for key in ours.lookalikes if key not in theirs.lookalikes),
    )


def _earlier(one: Kept[Finding]) -> Earlier:
    """A kept finding; ranges are there where the version that wrote it kept them."""
    found, ranges = one.payload, one.payload.detail.get("ranges")

    def chance(link: str, value: float) -> Chance:
        span = ranges.get(link) if isinstance(ranges, dict) else None
        low, high = span if isinstance(span, list) and len(span) == 2 else (None, None)
        return Chance(link, value, low, high)

    chances = tuple(chance(link, value) for link, value in found.probabilities.items())
    return Earlier(_day(one.at), found.side, found.focus or "", chances)


def _own(records: Iterable[Kept[Note] | Kept[PhysioQuestion]]) -> tuple[Said, ...]:
    return tuple(Said(_day(one.at), one.payload.text) for one in records if one.payload.text.strip())


def _day(at: datetime) -> date:
    return at.astimezone().date()
