"""The plan: made from a finding and answers, moved up and down its ladders within bounds, edited by people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec

from kneeline.clinic.answers import Answers
from kneeline.clinic.assess import Leg
from kneeline.clinic.ladder import described, rung_of, step_back, usable, usual_dose, within
from kneeline.content.load import Library
from kneeline.content.plan_schema import PlanRule, Test
from kneeline.content.schema import Exercise, Number
from kneeline.model.errors import InputError
from kneeline.model.finding import LINKS, Link
from kneeline.model.plan import BANDS, Band, By, Change, Plan, PlanVersion, Prescription, RuleEdit, TrainedSide

SPREAD: Final[Mapping[int, tuple[int, ...]]] = {1: (0,), 2: (0, 3), 3: (0, 2, 4), 4: (0, 1, 3, 5)}
"""Days of a week that are trained, counted from the first one, by how many there are. House default."""
SORE: Final = 5.0
"""Above this much pain at its worst, a plan starts one rung lower. House default, as the pain limit of a session."""
VERY_SORE: Final = 7.0
"""From this much pain at its worst, a plan starts two rungs lower. House default."""
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_SIDES: Final[Mapping[str, tuple[TrainedSide, TrainedSide]]] = {
    "left": ("left", "left"),
    "right": ("right", "right"),
    "both_left": ("both", "left"),
    "both_right": ("both", "right"),
    "both": ("both", "right"),
}


def start_plan(leg: Leg, answers: Answers, library: Library, at: datetime) -> PlanVersion:
    """The first version of a plan: one exercise for the link that stands out, or one each for hip and knee.

    leg: the painful leg's finding. answers: equipment, days, pain and side are looked at; what was not answered is
    taken as nothing at home, three days, no great pain.
    """
    equipment = tuple(item for item in _chosen(answers, "equipment") if item != "none")
    wish = answers.get("days")
    per_week = within("per_week", min(3.0, wish) if isinstance(wish, float) else 3.0, library)
    side, first = _SIDES.get((_chosen(answers, "side") or (leg.side,))[0], (leg.side, leg.side))
    lower = _rungs_lower(answers)
    focus = leg.finding.focus
    ladders = library.planning.ladders
    whys = {link: ladders[link].focus if focus else ladders[link].combined for link in leg.start}
    prescriptions = tuple(
        put(link, whys[link], (side, first), lower, per_week, equipment, library) for link in leg.start
    )
    plan = Plan(
        begun=at.date(),
        prescriptions=prescriptions,
        weekdays=tuple(sorted((at.weekday() + day) % 7 for day in SPREAD[per_week])),
        links=leg.start,
        focus=focus,
        probabilities={link: leg.finding.links[link].value for link in LINKS},
        equipment=equipment,
    )
    notices = library.planning.notices
    why = notices["load_first"] if leg.mostly_load else notices["first"]
    return PlanVersion(plan, Change(at, "start", why, what=tuple(described(p, library) for p in plan.prescriptions)))


def _chosen(answers: Answers, question: str) -> tuple[str, ...]:
    answer = answers.get(question, ())
    return answer if isinstance(answer, tuple) else ()


def _rungs_lower(answers: Answers) -> int:
    said = [v for q in ("pain_worst", "pain_squat", "pain_stairs") if isinstance(v := answers.get(q), float)]
    worst = max(said, default=0.0)
    return 2 if worst >= VERY_SORE else 1 if worst > SORE else 0


def put(
    link: Link,
    why: str,
    legs: tuple[TrainedSide, TrainedSide],
    lower: int,
    per_week: int,
    equipment: tuple[str, ...],
    library: Library,
) -> Prescription:
    """The first choice among the exercises of a link that can be done with what is at home, as it begins.

    legs: the side that trains and the one that begins. lower: so many rungs below the exercise itself.
    """
    known = [library.exercises[id] for id in library.planning.ladders[link].exercises]
    whole = (e for e in known if any(rung.level == 0 for rung in usable(e, equipment)))
    return begin(next(whole, known[0]), link, why, legs, lower, per_week, equipment, library)


def begin(
    exercise: Exercise,
    link: Link,
    why: str,
    legs: tuple[TrainedSide, TrainedSide],
    lower: int,
    per_week: int,
    equipment: tuple[str, ...],
    library: Library,
) -> Prescription:
    """An exercise as it begins: on the hardest rung from 0 down that can be done, so many rungs lower."""
    rungs = usable(exercise, equipment) or list(exercise.ladder)
    rung = max((r for r in rungs if r.level <= -lower), key=lambda r: r.level, default=rungs[0])
    band: Band = rung.bands[0] if rung.bands else ""
    side: TrainedSide = "both" if exercise.sides == "both" else legs[0]
    dose = usual_dose(exercise, per_week, library)
    return Prescription(exercise.id, link, side, legs[1], rung.level, band, dose, why)


# What people change


def swap(version: PlanVersion, old: str, new: str, why: str, library: Library, at: datetime) -> PlanVersion:
    """The plan with one exercise in another's place, at its own rung 0 or the hardest below it that can be done.

    Raises `InputError` when `old` is not in the plan, `new` is no exercise that is prescribed, or there already.
    """
    plan = version.plan
    gone = next((p for p in plan.prescriptions if p.exercise == old), None)
    if gone is None:
        raise InputError(f"{old} is not in the plan", expected=" or ".join(p.exercise for p in plan.prescriptions))
    offered = choices(plan, library)
    if new not in offered:
        raise InputError(f"{new} cannot take its place", expected=" or ".join(offered))
    exercise = library.exercises[new]
    link = exercise.link or gone.link
    reason = why.strip() or library.planning.notices["swapped"]
    legs, lower = (leg_of(plan, library), gone.first), max(0, -gone.rung)
    put_in = begin(exercise, link, reason, legs, lower, gone.dose.per_week, plan.equipment, library)
    now = replace(plan, prescriptions=tuple(put_in if p is gone else p for p in plan.prescriptions))
    return changed(version, now, "person", reason, library, at)


def leg_of(plan: Plan, library: Library) -> TrainedSide:
    """The leg or legs that a plan trains, as an exercise for one leg says it; the one that begins where none does."""
    one = (p.side for p in plan.prescriptions if library.exercises[p.exercise].sides == "one")
    return next(one, plan.prescriptions[0].first)


def choices(plan: Plan, library: Library) -> tuple[str, ...]:
    """The exercises that could take the place of one: prescribed ones that are not in the plan."""
    there = {p.exercise for p in plan.prescriptions}
    return tuple(e.id for e in library.exercises.values() if e.kind == "exercise" and e.id not in there)


def travel(version: PlanVersion, on: bool, library: Library, at: datetime) -> PlanVersion:
    """The plan for the way, with nothing to pack, or back home again."""
    notice = library.planning.notices["travel_on" if on else "travel_off"]
    return changed(version, replace(version.plan, mode="travel" if on else "usual"), "person", notice, library, at)


def bad_phase(version: PlanVersion, library: Library, at: datetime) -> PlanVersion:
    """The plan in a bad phase that the person speaks of; the rule `settled` ends it."""
    eased = [step_back(p, version.plan.equipment, library) or p for p in version.plan.prescriptions]
    now = replace(version.plan, mode="flare_up", prescriptions=tuple(eased))
    return changed(version, now, "person", library.planning.notices["flare_up_on"], library, at)


def calm_again(version: PlanVersion, library: Library, at: datetime) -> PlanVersion:
    """The plan after a bad phase that the person says is over; what was eased stays so until it is earned back."""
    notice = library.planning.notices["flare_up_off"]
    return changed(version, replace(version.plan, mode="usual"), "person", notice, library, at)


def easier(version: PlanVersion, exercise: str, library: Library, at: datetime) -> PlanVersion:
    """The plan with one exercise a step easier, as the person asks; getting harder is for the rules.

    Raises `InputError` when it is not in the plan, or nothing of it can get easier.
    """
    plan = version.plan
    asked = next((p for p in plan.prescriptions if p.exercise == exercise), None)
    if asked is None:
        raise InputError(f"{exercise} is not in the plan", expected=" or ".join(p.exercise for p in plan.prescriptions))
    eased = step_back(asked, plan.equipment, library)
    if eased is None:
        raise InputError("This exercise is as easy as it gets", try_next="another one in its place")
    now = replace(plan, prescriptions=tuple(eased if p is asked else p for p in plan.prescriptions))
    return changed(version, now, "person", library.planning.notices["easier"], library, at)


def on_days(version: PlanVersion, weekdays: Sequence[int], library: Library, at: datetime) -> PlanVersion:
    """The plan on other days of the week, Monday is 0; as many as a plan may have at most.

    Raises `InputError` for no day, too many, or what is no day.
    """
    days = tuple(sorted(set(weekdays)))
    bound = library.planning.bounds["per_week"]
    if not days or not set(days) <= set(range(7)) or len(days) != within("per_week", len(days), library):
        least, most = bound.least.value, bound.most.value
        raise InputError(f"The plan cannot have {len(days)} days", expected=f"{least:g} to {most:g} days of the week")
    asked = tuple(replace(p, dose=replace(p.dose, per_week=len(days))) for p in version.plan.prescriptions)
    now = replace(version.plan, weekdays=days, prescriptions=asked)
    return changed(version, now, "person", library.planning.notices["days"], library, at)


def prescribe(
    version: PlanVersion, prescriptions: tuple[Prescription, ...], why: str, library: Library, at: datetime
) -> PlanVersion:
    """The plan as a physio has it; that a physio should look is then done with.

    Raises `InputError` for what the content or its bounds do not allow.
    """
    plan = replace(version.plan, prescriptions=prescriptions, refer=False)
    check_plan(plan, library)
    return changed(version, plan, "physio", why.strip() or library.planning.notices["prescribed"], library, at)


def edit_rule(version: PlanVersion, edit: RuleEdit, why: str, library: Library, at: datetime) -> PlanVersion:
    """The plan with one rule as a physio wants it for this person; that a physio should look is then done with.

    Raises `InputError` for an unknown rule, a signal that it does not look at, or a limit that is no number.
    """
    rule_for(edit, library)
    edits = (*(e for e in version.plan.edits if e.rule != edit.rule), edit)
    reason = why.strip() or library.planning.notices["edited"]
    done = changed(version, replace(version.plan, edits=edits, refer=False), "physio", reason, library, at)
    said = "switched off" if edit.off else ", ".join(f"{name} {limit:g}" for name, limit in edit.limits.items())
    return replace(done, change=replace(done.change, what=(f"{library.planning.rules[edit.rule].name}: {said}",)))


def rule_for(edit: RuleEdit, library: Library) -> PlanRule | None:
    """A rule as it is for one person; None where it was switched off.

    Raises `InputError` for an unknown rule, a signal that it does not look at, or a limit that is no number.
    """
    rule = library.planning.rules.get(edit.rule)
    if rule is None:
        raise InputError(f"There is no rule {edit.rule!r}", expected="one of " + ", ".join(library.planning.rules))
    signals = [str(test.signal) for test in rule.when]
    for name, limit in edit.limits.items():
        if signals.count(name) != 1 or not -1e4 < limit < 1e4:
            raise InputError(
                f"{name} = {limit} is no limit of {rule.id}", expected=" or ".join(signals) + " where it stands once"
            )
    if edit.off:
        return None
    return msgspec.structs.replace(rule, when=tuple(_limited(test, edit.limits) for test in rule.when))


def _limited(test: Test, limits: Mapping[str, float]) -> Test:
    if test.signal not in limits:
        return test
    name = next(n for n in test.__struct_fields__ if n != "signal" and getattr(test, n) is not None)
    number = getattr(test, name)
    changed_to = Number(value=limits[test.signal], unit=number.unit, basis="house")
    return msgspec.structs.replace(test, **{name: changed_to})


def changed(
    version: PlanVersion, plan: Plan, by: By, why: str, library: Library, at: datetime, **more: Any
) -> PlanVersion:
    """The next version, with what is different in it."""
    return PlanVersion(plan, Change(at, by, why, what=differences(version.plan, plan, library), **more))


def differences(before: Plan, after: Plan, library: Library) -> tuple[str, ...]:
    """Each thing that is different, in a line of its own."""
    was = {p.exercise: p for p in before.prescriptions}
    lines = [
        (f"{described(was[p.exercise], library)} -> " if p.exercise in was else "") + described(p, library)
        for p in after.prescriptions
        if (q := was.get(p.exercise)) is None or _as_shown(q) != _as_shown(p)
    ]
    now = {p.exercise for p in after.prescriptions}
    lines += [f"{described(p, library)} is left out" for p in before.prescriptions if p.exercise not in now]
    if after.weekdays != before.weekdays:
        lines.append("on " + ", ".join(WEEKDAYS[day] for day in after.weekdays))
    if after.mode != before.mode:
        lines.append({"usual": "the usual plan", "flare_up": "a bad phase", "travel": "on the way"}[after.mode])
    if after.hold_until and after.hold_until != before.hold_until:
        lines.append(f"nothing gets harder before {after.hold_until}")
    return tuple(lines)


def _as_shown(p: Prescription) -> Prescription:
    """A prescription without what its line does not say: its reason, and the days, which have a line of their own."""
    return replace(p, why="", dose=replace(p.dose, per_week=1))


def check_plan(plan: Plan, library: Library) -> None:
    """Raise `InputError` where a plan is not within the content and its bounds."""
    if len(plan.prescriptions) != within("exercises", len(plan.prescriptions), library):
        raise InputError(f"The plan has {len(plan.prescriptions)} exercises", expected="one to three")
    if len({p.exercise for p in plan.prescriptions}) < len(plan.prescriptions):
        raise InputError("The plan names one exercise twice", expected="each one once")
    for p in plan.prescriptions:
        rung = rung_of(p, library)
        if (p.band and p.band not in rung.bands) or (rung.bands and p.band not in BANDS):
            raise InputError(f"{p.exercise}, rung {p.rung}, has no {p.band} band", expected=" or ".join(rung.bands))
        for name, value in (("sets", p.dose.sets), ("reps", p.dose.reps), ("per_week", p.dose.per_week)):
            if value != within(name, value, library):
                bound = library.planning.bounds[name]
                raise InputError(f"{name} is {value}", expected=f"{bound.least.value:g} to {bound.most.value:g}")
        lower = library.planning.bounds["lower"]
        if not lower.least.value <= p.dose.lower_s <= lower.most.value:
            raise InputError(f"lower_s is {p.dose.lower_s}", expected=f"{lower.least.value:g} to {lower.most.value:g}")
    for edit in plan.edits:
        rule_for(edit, library)
    if not plan.weekdays or not set(plan.weekdays) <= set(range(7)):
        raise InputError(f"The plan's days are {list(plan.weekdays)}", expected="numbers from 0, Monday, to 6")
    if not all(0 <= p <= 1 for p in plan.probabilities.values()):
        raise InputError("The plan has a probability that is none", expected="0 to 1")


# As a record


def plan_record(version: PlanVersion) -> dict[str, Any]:
    """A version as plain JSON values, for a record that has its moment, by whom, why and the rule beside it."""
    change = version.change
    return {
        "plan": msgspec.to_builtins(version.plan),
        "what": list(change.what),
        "because": list(change.because),
        "asks": change.asks,
    }


def read_plan(
    record: Mapping[str, Any], at: datetime, by: By, why: str, rule: str | None, library: Library
) -> PlanVersion:
    """A version from its record.

    Raises `InputError` for a record that is no plan, or one that this library does not know.
    """
    try:
        plan = msgspec.convert(record.get("plan"), Plan)
        rest = {name: record[name] for name in ("what", "because", "asks") if name in record}
        change = msgspec.convert({"at": at, "by": by, "why": why, "rule": rule, **rest}, Change)
    except msgspec.ValidationError as error:
        raise InputError(f"A kept plan cannot be read: {error}", try_next="make a new plan") from error
    check_plan(plan, library)
    return PlanVersion(plan, change)
