"""The parts of a report that come from training: tests against their reference, weeks, the plan and its changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from kneeline.clinic.ladder import described
from kneeline.clinic.plan import WEEKDAYS
from kneeline.clinic.progress import Change, Line, Point, Strand
from kneeline.content.load import Library
from kneeline.content.trial_schema import Difference, Value
from kneeline.model.diary import Diary, RetestEntry, SetEntry
from kneeline.model.plan import Mode, Plan, PlanVersion, Prescription, RuleEdit
from kneeline.model.quantity import Estimate, NotAssessable
from kneeline.report.physio.whole import PlanNow, Prescribed, Result, Trend, Unseen, Version, Week
from kneeline.report.plan import rule_line
from kneeline.report.story import basis, plain, scale, sentence, with_error
from kneeline.report.trial import norm_for, norm_words

MOST_WEEKS: Final = 8
"""Weeks that a report tells one by one, the newest. House default."""
LATELY: Final = timedelta(days=28)
"""Sets of this long are looked at for what could not be judged. House default."""
SELDOM: Final = 0.5
"""A fault judged in a smaller share of repetitions than this is named as not assessable. House default."""
_Z: Final = 1.96

_MODES: Final[dict[Mode, str]] = {
    "usual": "as usual",
    "flare_up": "in a bad phase: shorter and easier until it settles",
    "travel": "on the way: without gear",
}
_BY: Final = {"start": "start", "person": "the person", "physio": "a physio", "rule": "a rule"}


def dose(weeks: Sequence[Week]) -> Strand | None:
    """The dose against the plan of each week; None where no week has both."""
    told = [(week.ends, week.asked_s, week.received_s) for week in weeks]
    points = tuple(Point(on, 100 * got / asked) for on, asked, got in told if asked and got is not None)
    if not points:
        return None
    say = f"In the last week told, {points[-1].value:.0f} % of what the plan asked for was received."
    line = Line("Dose received", points, Change("too_little", say), 100.0)
    return Strand("dose", "Dose received, by week", "% of the plan", "bars", (line,), say, (0.0, 100.0), False)


def asked_on(versions: Sequence[PlanVersion], library: Library) -> Callable[[date], float]:
    """Time under tension that the plan in force asks for on a day, in seconds: a seventh of its week."""
    days = [(version.change.at.date(), _week_s(version.plan, library)) for version in versions]

    def asked_s(day: date) -> float:
        return next((week / 7 for since, week in reversed(days) if since <= day), 0.0)

    return asked_s


def _week_s(plan: Plan, library: Library) -> float:
    total = 0.0
    for p in plan.prescriptions:
        legs = 2 if p.side == "both" and library.exercises[p.exercise].sides == "one" else 1
        total += legs * p.dose.repetitions * (p.dose.lift_s + p.dose.hold_s + p.dose.lower_s) * p.dose.per_week
    return total


def weeks(diary: Diary, versions: Sequence[PlanVersion], on: date, library: Library) -> tuple[Week, ...]:
    """The last weeks, oldest first, from the first one with a set or a plan on; a week without a set stays in."""
    asked = asked_on(versions, library)
    begun = [one.at.date() for one in diary.sets] + [version.change.at.date() for version in versions[:1]]
    if not begun:
        return ()
    many = min(MOST_WEEKS, (on - min(begun)).days // 7 + 1)
    return tuple(_week(diary.sets, on - timedelta(days=7 * back), asked) for back in reversed(range(many)))


def _week(sets: Sequence[SetEntry], ends: date, asked: Callable[[date], float]) -> Week:
    done = [one for one in sets if ends - timedelta(days=7) < one.at.date() <= ends]
    seen = [one for one in done if one.dose_received is not None and one.prescribed_tension_s]
    asked_s = sum(asked(ends - timedelta(days=back)) for back in range(7))
    received_s = sum((one.dose_received or 0.0) * (one.prescribed_tension_s or 0.0) for one in seen)
    return Week(
        ends,
        len({one.at.date() for one in done}),
        len(done),
        sum(one.count for one in seen),
        sum(one.good for one in seen),
        sum(one.count for one in done if one not in seen),
        round(asked_s, 1) if asked_s > 0 else None,
        # Where nobody saw a set that was done, what was received is not known, and is not 0.
        round(received_s, 1) if seen or not done else None,
    )


def results(diary: Diary, library: Library, age: int | None, sex: str) -> tuple[Result, ...]:
    """The newest number of every value of every test and side, in the order of the library, against its reference."""
    found: dict[tuple[str, str, str], list[tuple[RetestEntry, Estimate]]] = {}
    for entry in diary.retests:
        for name, measured in entry.values.items():
            if isinstance(measured, Estimate):
                found.setdefault((entry.test, name, entry.side), []).append((entry, measured))
    order = {id: n for n, id in enumerate(library.tests)}
    keys = sorted(found, key=lambda key: (order.get(key[0], len(order)), key))
    return tuple(_result(key, found[key], library, age, sex) for key in keys)


def _result(
    key: tuple[str, str, str],
    numbers: Sequence[tuple[RetestEntry, Estimate]],
    library: Library,
    age: int | None,
    sex: str,
) -> Result:
    test, name, side = key
    rule = _rule(test, name, library)
    (first_entry, first), (entry, last) = numbers[0], numbers[-1]
    known = library.tests.get(test)
    published = rule.detectable if isinstance(rule, Value) else None
    own = _Z * math.hypot(last.sd, first.sd if len(numbers) > 1 else last.sd)
    detectable = max(own, published.value if published else 0.0, entry.detectable.get(name, 0.0))
    from_source = published is not None and detectable == published.value
    before = numbers[0] if len(numbers) > 1 else None
    return Result(
        test=known.name if known else test.replace("_", " "),
        name=sentence(rule.name) if rule else name.replace("_", " "),
        side=side,
        on=entry.at.date(),
        value=last.value,
        sd=last.sd,
        unit=last.unit,
        shown=_shown(last),
        reference=_reference(rule, age, sex),
        detectable=detectable,
        detectable_shown=_plain(detectable, last.unit),
        detectable_basis=basis(published) if published is not None and from_source else "its own error",
        first=first.value if before else None,
        first_sd=first.sd if before else None,
        first_on=first_entry.at.date() if before else None,
        first_shown=_shown(first) if before else "",
        change=_change(last.value - first.value, detectable, rule, library) if before else "",
    )


def _rule(test: str, name: str, library: Library) -> Value | Difference | None:
    known = library.tests.get(test)
    rules: tuple[Value | Difference, ...] = () if known is None else (*known.value, *known.difference)
    return next((one for one in rules if one.id == name), None)


def _reference(rule: Value | Difference | None, age: int | None, sex: str) -> str:
    if rule is None:
        return "This version does not know the test."
    if not isinstance(rule, Value) or not rule.norm:
        return rule.no_norm
    norm = norm_for(rule, age, sex)
    return norm_words(norm) if norm is not None else "Age and sex are needed to compare."


def _change(change: float, detectable: float, rule: Value | Difference | None, library: Library) -> str:
    """What became of a value, said beyond error only; better or worse where what it informs says which end is good."""
    if abs(change) < detectable:
        return "within error"
    entry = library.clinic.indicators.get(rule.indicator) if rule else None
    if entry is None:
        return "changed"
    fits = entry.likelihood[-1]
    return "better" if (change < 0) == (fits.absent.mean.value < fits.present.mean.value) else "worse"


def _shown(value: Estimate) -> str:
    return with_error(value.value, value.sd, value.unit)


def _plain(value: float, unit: str) -> str:
    factor, sign = scale(unit)
    return f"{value * factor:.{1 if unit == 's' else 0}f}{'' if sign == '°' else ' '}{sign}"


def unseen(diary: Diary, on: date, library: Library) -> Iterable[Unseen]:
    """What tests and the sets of the last weeks could not tell."""
    newest: dict[tuple[str, str, str], str] = {}
    for entry in diary.retests:
        for name, measured in entry.values.items():
            key = (entry.test, name, entry.side)
            if isinstance(measured, NotAssessable):
                newest[key] = measured.reason
            else:
                newest.pop(key, None)
    for (test, name, side), why in newest.items():
        rule = _rule(test, name, library)
        if rule is None or not rule.indicator:  # what informs a finding is told with it
            known = library.tests.get(test)
            what = f"{known.name if known else test.replace('_', ' ')}: {rule.name if rule else name.replace('_', ' ')}"
            yield Unseen(f"{what}, {side}", sentence(why).rstrip(".") + ".")
    yield from _unseen_form([one for one in diary.sets if on - one.at.date() < LATELY], library)


def _unseen_form(sets: Sequence[SetEntry], library: Library) -> Iterable[Unseen]:
    seen = [one for one in sets if one.dose_received is not None]
    by_hand = len(sets) - len(seen)
    if by_hand:
        yield Unseen(
            f"Form in {by_hand} of {len(sets)} sets of the last four weeks",
            "They were counted by hand: nobody saw them, and none of them counts as good or as dose.",
        )
    judged: dict[str, tuple[int, int]] = {}
    for one in seen:
        for fault, (_, told) in one.faults.items():
            k, n = judged.get(fault, (0, 0))
            judged[fault] = (k + told, n + one.count)
    alike: dict[tuple[int, int], list[str]] = {}
    for fault, (k, n) in judged.items():
        if n and k / n < SELDOM:
            alike.setdefault((k, n), []).append(_fault_name(fault, library))
    for (k, n), names in alike.items():
        share = f"in {k} of {n} repetitions" if k else f"in none of {n} repetitions"
        yield Unseen("; ".join(names), f"Could be judged {share} of the last four weeks.")


def _fault_name(fault: str, library: Library) -> str:
    names = (rule.name for exercise in library.exercises.values() for rule in exercise.fault if rule.id == fault)
    return next(names, fault.replace("_", " "))


def plan_now(versions: Sequence[PlanVersion], library: Library) -> PlanNow:
    """The plan as it stands and how it came about."""
    plan = versions[-1].plan
    return PlanNow(
        begun=plan.begun,
        mode=_MODES[plan.mode] + ("; no harder until a physio has looked" if plan.refer else ""),
        days=", ".join(WEEKDAYS[day] for day in plan.weekdays),
        prescribed=tuple(_prescribed(p, library) for p in plan.prescriptions),
        edits=tuple(_edit(edit, library) for edit in plan.edits),
        history=tuple(_version(version, library) for version in reversed(versions)),
    )


def _prescribed(p: Prescription, library: Library) -> Prescribed:
    name, _, dose = described(p, library).rpartition(": ")
    begun = library.exercises[p.exercise].dose
    ground = basis(begun.sets, begun.reps, begun.lift, begun.hold, begun.lower) if begun else "house default"
    return Prescribed(name, p.link, f"{dose}, {p.dose.per_week} days a week", ground, p.why)


def standing(version: PlanVersion, library: Library) -> str:
    """How the plan stands, in one sentence."""
    change = version.change
    rule = library.planning.rules.get(change.rule or "")
    by = f"the rule “{rule.name}”" if rule else _BY[change.by]
    return f"Plan: {_MODES[version.plan.mode]}; last changed {day(change.at.date())} by {by}."


def _version(version: PlanVersion, library: Library) -> Version:
    change = version.change
    rule = library.planning.rules.get(change.rule or "")
    by = f"rule “{rule.name}”" if rule else _BY[change.by]
    return Version(change.at.date(), by, rule_line(rule) if rule else "", change.why, change.what)


def _edit(edit: RuleEdit, library: Library) -> str:
    rule = library.planning.rules.get(edit.rule)
    name = rule.name if rule else edit.rule.replace("_", " ")
    limits = ", ".join(f"{signal.replace('_', ' ')} {plain(limit)}" for signal, limit in edit.limits.items())
    return f"“{name}”: {'switched off' if edit.off else limits}, by a physio"


def trends(series: Sequence[Strand], library: Library) -> tuple[Trend, ...]:
    """Every line over time that a change can be told of, with what it takes to be one; tests have rows of their own."""
    sheet, found = library.sheets.progress, []
    grounds = {"pain_": basis(sheet.pain), "hard_": basis(sheet.scale), "faults": basis(sheet.repetitions, sheet.sure)}
    for strand in series:
        ground = next((words for start, words in grounds.items() if strand.id.startswith(start)), None)
        for line in strand.lines if ground else ():
            if ground and line.points:
                c = line.change
                found.append(Trend(line.name, strand.unit, c.verdict, c.say, c.first, c.last, c.detectable, ground))
    return tuple(found)


def day(on: date) -> str:
    """A day as a report writes it.

    >>> day(date(2026, 1, 5))
    '5 Jan 2026'
    """
    return f"{on.day} {on:%b %Y}"
