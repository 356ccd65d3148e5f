"""Who of many needs a physio's look, and why: the first reason decides the order, and no reason is silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from kneeline.clinic.progress import Progress, Strand
from kneeline.content.clinic_schema import Referral
from kneeline.model.plan import Happened, PlanVersion, Retested, SessionDone

NeedKind = Literal["red_flag", "pain_worse", "asked", "missed", "not_improving"]
ORDER: Final[tuple[NeedKind, ...]] = ("red_flag", "pain_worse", "asked", "missed", "not_improving")
"""Which reason comes first."""
SIX_WEEKS: Final = timedelta(weeks=6)
"""From then on a plan should have helped. House default, as the re-test of the rules."""


@dataclass(frozen=True, slots=True)
class Need:
    """One reason to look at somebody, in a sentence for a physio."""

    kind: NeedKind
    say: str


def needs(
    flags: Sequence[Referral],
    told: Progress,
    versions: Sequence[PlanVersion],
    happened: Iterable[Happened],
    day: date,
) -> tuple[Need, ...]:
    """Every reason to look at a person, the most pressing first; empty where there is none.

    versions: of the plan, the oldest first; empty where there is none. day: up to which the records tell.
    """
    found = [Need("red_flag", f"Red flag: {flag.say}") for flag in flags[:1]]
    pains = [told.headline, *(strand for strand in told.strands if strand.id == "pain_worst")]
    found += [Need("pain_worse", f"{strand.title}: {strand.say}") for strand in pains if _is(strand, "worse")][:1]
    events = list(happened)
    if versions:
        found += _asked(versions)
        found += _missed(versions, events, day)
        found += _not_improving(versions, events, told.headline, day)
    return tuple(found)


def _is(strand: Strand, verdict: str) -> bool:
    return any(line.change.verdict == verdict for line in strand.lines)


def _asked(versions: Sequence[PlanVersion]) -> list[Need]:
    """The rule that asked for a physio, as long as none has looked."""
    if not versions[-1].plan.refer:
        return []
    why = [v.change.why for v in versions if v.change.asks == "physio"]
    return [Need("asked", f"The plan asks for your look. {why[-1] if why else ''}".rstrip())]


def _missed(versions: Sequence[PlanVersion], events: Sequence[Happened], day: date) -> list[Need]:
    """A whole week's worth of sessions, one after the other, that did not take place. House default."""
    plan = versions[-1].plan
    done = [event.at.date() for event in events if isinstance(event, SessionDone) and event.at.date() <= day]
    last = max([plan.begun - timedelta(days=1), *done])
    days = [last + timedelta(days=n) for n in range(1, (day - last).days)]
    missed = sum(one.weekday() in plan.weekdays for one in days)
    if not missed or missed < len(plan.weekdays):
        return []
    since = f"since {last:%-d %B %Y}" if done else f"since the plan began on {plan.begun:%-d %B %Y}"
    return [Need("missed", f"No session {since}: {missed} meant days went by.")]


def _not_improving(versions: Sequence[PlanVersion], events: Sequence[Happened], pain: Strand, day: date) -> list[Need]:
    """Six weeks in, the person does not say that it is better, or, where nobody asked, pain has not changed."""
    begun = versions[0].plan.begun
    if day - begun < SIX_WEEKS:
        return []
    said = [event.change for event in events if isinstance(event, Retested) and event.at.date() >= begun]
    if said and said[-1] > 0:
        return []
    if not said and not _is(pain, "no_change"):
        return []
    weeks = (day - begun).days // 7
    why = "the knee is not said to be better." if said else f"pain on stairs has not changed. {pain.say}"
    return [Need("not_improving", f"{weeks} weeks in, {why}")]
