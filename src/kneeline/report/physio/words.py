"""What all printers of a report say alike: its title, who it is about, rows in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kneeline.clinic.progress import Strand
from kneeline.report.physio.training import day
from kneeline.report.physio.whole import Chance, PlanNow, Report, Result, Trend, Week, Why
from kneeline.report.story import percent

TITLE: Final = "Knee report for a physio"
MOST_CHARTS: Final = 3
CHANCES: Final = {
    "foot": "foot",
    "knee": "knee",
    "hip": "hip",
    "several": "more than one",
    "none": "none of them",
}


def who_line(report: Report) -> str:
    """Who it is about, in as few words as the person gave; "" where they gave none."""
    who = report.who
    sex = {"female": "woman", "male": "man"}.get(who.sex, "")
    said = [
        who.name,
        f"{who.age_years} years" if who.age_years is not None else "",
        sex,
        f"painful knee: {who.knee}" if who.knee else "",
        f"for: {who.since}" if who.since else "",
        f"wants: {who.goal[:1].lower()}{who.goal[1:]}" if who.goal else "",
        f"on record since {day(who.first_on)}" if who.first_on else "",
    ]
    return " · ".join(filter(None, said))


def chance(c: Chance) -> str:
    """A probability with its range.

    >>> chance(Chance("hip", 0.6, 0.5, 0.7))
    '60 % (50 to 70 %)'
    """
    span = "" if c.low is None or c.high is None else f" ({100 * c.low:.0f} to {100 * c.high:.0f} %)"
    return f"{100 * c.value:.0f} %{span}"


def named(focus: str) -> str:
    """What a finding named."""
    return f"{focus} first" if focus else "no part stood out"


def week_table(weeks: Sequence[Week]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of the weeks; what was counted by hand has a column where anything was."""
    by_hand = any(week.by_hand for week in weeks)
    head = ("Week to", "days", "sets", "good repetitions", *(["by hand"] if by_hand else []), "dose received")
    return head, [_week(week, by_hand) for week in weeks]


def _week(week: Week, by_hand: bool) -> tuple[str, ...]:
    dose = "none was prescribed"
    if week.asked_s is not None:
        asked = f"{week.asked_s / 60:.0f} min asked for"
        dose = f"not known, of {asked}"
        if week.received_s is not None:
            dose = f"{percent(week.received_s / week.asked_s)} of {asked}"
    good = f"{week.good} of {week.judged}" if week.judged else "none judged" if week.sets else ""
    hand = [str(week.by_hand) if week.by_hand else ""] if by_hand else []
    return day(week.ends), str(week.days), str(week.sets), good, *hand, dose


def detectable(trend: Trend) -> str:
    """The smallest change that is more than error, "" where nothing can be compared yet."""
    if trend.detectable is None:
        return ""
    value = f"{trend.detectable:.1f}".removesuffix(".0")
    return f"{value} %" if trend.unit.startswith("%") else f"{value} {trend.unit}"


def charts(report: Report) -> Iterable[Strand]:
    """The strands that are drawn: stairs, dose, form, else what is hard; fewer where less was recorded twice."""
    told = {strand.id: strand for strand in report.series if any(len(line.points) > 1 for line in strand.lines)}
    hard = [id for id in told if id.startswith("hard_")]
    wanted = ["pain_stairs", "dose", "faults", *hard, "pain_worst"]
    return [told[id] for id in wanted if id in told][:MOST_CHARTS]


@dataclass(frozen=True, slots=True)
class Tested:
    """One value of a test with its sides beside one another: side -> (newest with its day, what became of it)."""

    what: str
    sides: dict[str, tuple[str, str]]
    detectable: str
    basis: str
    reference: str


def tested(results: Iterable[Result]) -> list[Tested]:
    """Results with the two legs side by side; the change that counts is that of the less certain leg."""
    rows: dict[tuple[str, str], list[Result]] = {}
    for one in results:
        rows.setdefault((one.test, one.name), []).append(one)
    found = []
    for (test, name), sides in rows.items():
        widest = max(sides, key=lambda one: one.detectable)
        told = {one.side: (f"{one.shown}, {day(one.on)}", _before(one)) for one in sides}
        what = f"{test}: {name[:1].lower()}{name[1:]}"
        found.append(Tested(what, told, widest.detectable_shown, widest.detectable_basis, widest.reference))
    return found


def _before(one: Result) -> str:
    return f"before: {one.first_shown}; {one.change}" if one.first_shown else ""


Rows = list[tuple[str, ...]]


def tested_table(results: Sequence[Result]) -> tuple[tuple[str, ...], Rows]:
    """Header and rows of the tests; a side has a column where anything was tested on it."""
    sides = [side for side in ("left", "right", "both") if any(one.side == side for one in results)]
    rows = []
    for one in tested(results):
        cells = (". ".join(filter(None, one.sides.get(side, ("", "")))) for side in sides)
        rows.append((one.what, *cells, f"{one.detectable} ({one.basis})", one.reference))
    return ("Test", *sides, "a change is more than", "reference"), rows


def why_rows(why: Iterable[Why]) -> Rows:
    """Reasons of a finding: what, its value, what is usual with its basis, what it does."""
    return [(one.name, one.value, f"{one.usual} ({one.usual_basis})", one.weighs) for one in why]


def trend_rows(trends: Iterable[Trend]) -> Rows:
    """What became of each thing over time, and what it takes to be a change."""
    return [(t.name, t.say, f"{detectable(t)} ({t.basis})" if detectable(t) else "") for t in trends]


def prescribed_rows(plan: PlanNow) -> Rows:
    """The exercises of a plan."""
    return [(f"{p.exercise} ({p.link})", f"{p.dose} ({p.basis})", p.why) for p in plan.prescribed]


def history_rows(plan: PlanNow) -> Rows:
    """The changes of a plan, newest first, each with when its rule holds."""
    return [
        (day(v.on), f"{v.by}: {v.rule}" if v.rule else v.by, " ".join((v.why, " · ".join(v.what))).rstrip())
        for v in plan.history
    ]


def made_line(report: Report) -> str:
    """By what it was made."""
    made = report.made
    parts = [f"kneeline {made.kneeline}, content {made.library[:12]}"]
    parts += [f"pose model {', '.join(made.pose_models)}"] if made.pose_models else []
    parts += [f"records written by kneeline {', '.join(made.measured_by)}"] if made.measured_by else []
    changed = "; the content changed since some of them were written" if made.library_changed else ""
    return f"{'; '.join(parts)}{changed}."
