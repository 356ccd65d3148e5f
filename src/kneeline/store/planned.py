"""Plans and what happened, out of the store and into it, as the rules of a plan look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from kneeline.clinic.course import follow, steps_of
from kneeline.clinic.plan import leg_of, plan_record, read_plan
from kneeline.content.load import Library
from kneeline.model.finding import LINKS, Link
from kneeline.model.movement import RepetitionVerdict
from kneeline.model.plan import Happened, PainSaid, PlanVersion, Retested, RunDone, SessionDone, SetDone
from kneeline.model.quantity import Verdict
from kneeline.store.kept import Judged, Kept, KeptSet
from kneeline.store.kinds import Answer, Finding, Pain, Run
from kneeline.store.kinds import PlanVersion as PlanRecord
from kneeline.store.store import Store

LOOKS_BACK = timedelta(days=21)
"""How far before the last version repetitions are looked at one by one; before that, sets as a whole. House default."""
_OFF_LINE = ("pelvis_drops", "knee_caves_in")
_GOOD: Mapping[RepetitionVerdict, bool] = {RepetitionVerdict.GOOD: True, RepetitionVerdict.TRY_AGAIN: False}


def plan_versions(store: Store, person_id: UUID, library: Library) -> tuple[PlanVersion, ...]:
    """Every version of a person's present plan, oldest first: from the newest start on.

    Raises: InputError when one cannot be read, or asks for what this library does not know.
    """
    records = store.history(person_id, PlanRecord)
    starts = [n for n, kept in enumerate(records) if kept.payload.by == "start"]
    return tuple(
        read_plan(kept.payload.plan, _local(kept.at), kept.payload.by, kept.payload.why, kept.payload.rule, library)
        for kept in (records[starts[-1] :] if starts else ())
    )


def keep_version(store: Store, person_id: UUID, version: PlanVersion, library: Library) -> None:
    """Keep one version; the same one again adds nothing."""
    change = version.change
    at = change.at.astimezone(UTC)
    id = uuid5(person_id, " ".join(("plan", at.isoformat(), change.by, change.rule or "", *change.because)))
    record = PlanRecord(
        plan=plan_record(version), by=change.by, why=change.why, library=library.digest, rule=change.rule
    )
    store.record(person_id, record, id=id, at=at)


def up_to_date(
    store: Store, person_id: UUID, library: Library, now: datetime
) -> tuple[tuple[PlanVersion, ...], tuple[Happened, ...]]:
    """The versions of a person's plan, with those that the rules add up to now (kept at once), and what happened.

    Both are empty where there is no plan.
    """
    versions = plan_versions(store, person_id, library)
    if not versions:
        return (), ()
    events = happened(store, person_id, versions, library)
    added = follow(versions, events, _local(now).date(), library)
    for version in added:
        keep_version(store, person_id, version, library)
    return (*versions, *added), events


def happened(store: Store, person_id: UUID, versions: Sequence[PlanVersion], library: Library) -> tuple[Happened, ...]:
    """What happened to a person, as far as a plan looks at it, in order of time."""
    pains = store.history(person_id, Pain)
    events: list[Happened] = [
        PainSaid(str(kept.id), _local(kept.at), kept.payload.of, kept.payload.value)
        for kept in pains
        if kept.session_id is None
    ]
    said = {(kept.session_id, kept.payload.of): kept.payload.value for kept in pains}
    closely = versions[-1].change.at - LOOKS_BACK
    sets: dict[UUID, list[KeptSet]] = {}
    for one in store.sets(person_id):
        if one.ended_at is not None:
            sets.setdefault(one.start.session_id, []).append(one)
    judged = store.judged(person_id, closely)
    for session_id, done in sets.items():
        at = max(one.ended_at for one in done if one.ended_at is not None)
        pain = {of: said.get((session_id, of)) for of in ("before", "during", "after")}
        seen = tuple(_set(one, judged.get(one.start.id, ()), closely) for one in done)
        events.append(SessionDone(str(session_id), _local(at), seen, pain["before"], pain["during"], pain["after"]))
    for run in store.history(person_id, Run):
        if run.payload.distance_m is not None:
            events.append(RunDone(str(run.id), _local(run.at), run.payload.distance_m))
    found = _found_since(store, person_id, versions[0], library)
    for answer in store.history(person_id, Answer):
        steps = steps_of(answer.payload.question, answer.payload.value, library)
        if steps is not None:
            newest = next((one.payload.probabilities for one in reversed(found) if one.at <= answer.at), None)
            events.append(Retested(str(answer.id), _local(answer.at), steps, _links(newest)))
    return tuple(sorted(events, key=lambda event: (event.at, event.id)))


def _found_since(store: Store, person_id: UUID, start: PlanVersion, library: Library) -> list[Kept[Finding]]:
    """Findings of the leg that a plan trains since it was begun; the one that it was made from tells nothing new."""
    leg = leg_of(start.plan, library)
    found = store.history(person_id, Finding)
    return [one for one in found if one.at > start.change.at and leg in ("both", one.payload.side)]


def _links(probabilities: Mapping[str, float] | None) -> Mapping[Link, float] | None:
    return None if probabilities is None else {link: probabilities[link] for link in LINKS if link in probabilities}


def _set(one: KeptSet, reps: Sequence[Judged], closely: datetime) -> SetDone:
    """One set, with what its repetitions came to where it is recent."""
    summary = one.summary
    count = summary.count if summary else 0
    asked = int(one.start.planned.get("reps", count))
    exercise = str(one.start.settings.get("prescribed", one.start.exercise))
    side = one.start.side if one.start.side in ("left", "right") else "both"
    if summary is None or summary.dose_received is None:  # nobody saw it
        return SetDone(exercise, side, asked, (None,) * count)  # type: ignore[arg-type]  # one of three, as checked
    if one.at < closely:
        marks = tuple(n < summary.good for n in range(count))
        return SetDone(exercise, side, asked, marks)  # type: ignore[arg-type]
    return SetDone(exercise, side, asked, tuple(_GOOD.get(r.verdict) for r in reps), _off_line(reps))  # type: ignore[arg-type]


def _off_line(reps: Sequence[Judged]) -> int | None:
    """How many repetitions left the line; None where that could be seen in none of them."""
    verdicts = [[rep.faults[id] for id in _OFF_LINE if id in rep.faults] for rep in reps]
    if not any(verdict is not Verdict.NOT_ASSESSABLE for one in verdicts for verdict in one):
        return None
    return sum(Verdict.PRESENT in one for one in verdicts)


def _local(at: datetime) -> datetime:
    """A moment as the clock of this machine shows it, so that a day is a day."""
    return at.astimezone()
