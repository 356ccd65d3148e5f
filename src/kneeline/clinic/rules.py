"""The rules of a plan at work: what the signals are at one event, which rules hold, and what each of them changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final

from kneeline.clinic.ladder import less, lighter_slower, step_back, step_up
from kneeline.clinic.plan import changed, leg_of, put, rule_for
from kneeline.content.load import Library
from kneeline.content.plan_schema import HARDER, OF_EXERCISE, PlanRule, Test
from kneeline.model.finding import LINKS, Link
from kneeline.model.plan import (
    DayBegun,
    Happened,
    PainSaid,
    Plan,
    PlanVersion,
    Prescription,
    Retested,
    RunDone,
    SessionDone,
    SetDone,
)

MORNING_AFTER: Final = timedelta(days=2)
"""How long after a session a morning still belongs to it. House default."""
WEEK: Final = timedelta(days=7)
WEEKS_BEFORE: Final = 4
"""How many weeks of running a week is held against, and half of them at least. House default."""
SEEN: Final = 0.5
"""The share of repetitions that has to be seen before form is spoken of. House default."""

_RANGE: Final = {"session": SessionDone, "retest": Retested, "run": RunDone, "day": DayBegun}


@dataclass(frozen=True, slots=True)
class History:
    """Everything up to one moment: versions of the plan and events, both in order of time."""

    versions: Sequence[PlanVersion]
    events: Sequence[Happened]
    library: Library

    @property
    def plan(self) -> Plan:
        """The plan as it stands."""
        return self.versions[-1].plan

    def plan_at(self, at: datetime) -> Plan:
        """The plan as it stood at a moment; before the first version, that one."""
        held = [v.plan for v in self.versions if v.change.at <= at]
        return held[-1] if held else self.versions[0].plan

    def session_of(self, event: Happened, p: Prescription | None = None) -> SessionDone | None:
        """The session that an event is, or that a morning belongs to; for an exercise, the last one that it was in."""
        if isinstance(event, SessionDone):
            return event
        if not isinstance(event, PainSaid) or event.of != "next_morning":
            return None
        for one in reversed(self.events):
            if event.at - one.at > MORNING_AFTER:
                return None
            if isinstance(one, SessionDone) and one.at.date() < event.at.date() and self.concerns(one, p):
                return one
        return None

    def concerns(self, session: SessionDone, p: Prescription | None) -> bool:
        """Whether a session says something of an exercise; one without sets says it of all."""
        return p is None or not session.sets or bool(self.sets_of(p, session))

    def sets_of(self, p: Prescription, session: SessionDone) -> tuple[SetDone, ...]:
        """The sets of a session that belong to one exercise of the plan: itself, one of its rungs, or its link's."""
        exercises = self.library.exercises

        def belongs(one: SetDone, p: Prescription) -> bool:
            ladder = exercises[p.exercise].ladder
            return one.exercise == p.exercise or any(rung.exercise == one.exercise for rung in ladder)

        def of_link(one: SetDone) -> bool:
            known = exercises.get(one.exercise)
            claimed = any(belongs(one, q) for q in self.plan.prescriptions)
            return not claimed and known is not None and known.link == p.link

        itself = tuple(one for one in session.sets if one.exercise == p.exercise)
        others = {q.exercise for q in self.plan.prescriptions} - {p.exercise}
        return itself or tuple(
            one for one in session.sets if one.exercise not in others and (belongs(one, p) or of_link(one))
        )


# Signals: each gives its value at one event, for one exercise where it is an exercise's, or None where it is not known

_Signal = Callable[[History, Happened, Prescription | None], float | None]


def session_pain(history: History, event: Happened, p: Prescription | None) -> float | None:
    """The worst pain said in or after the session."""
    session = history.session_of(event, p)
    said = [v for v in (session.pain_during, session.pain_after) if v is not None] if session else []
    return max(said, default=None)


def morning_pain(_: History, event: Happened, __: Prescription | None) -> float | None:
    """The pain said on the morning after."""
    return event.value if isinstance(event, PainSaid) and event.of == "next_morning" else None


def morning_rise(history: History, event: Happened, p: Prescription | None) -> float | None:
    """The pain of the morning after, minus the pain before that session."""
    value, session = morning_pain(history, event, None), history.session_of(event, p)
    if value is None or session is None or session.pain_before is None:
        return None
    return value - session.pain_before


def pain_now(_: History, event: Happened, __: Prescription | None) -> float | None:
    """A pain said at any moment, as it is now or at its worst."""
    return event.value if isinstance(event, PainSaid) and event.of in ("now", "worst") else None


def stairs_rise(history: History, event: Happened, _: Prescription | None) -> float | None:
    """Pain on stairs, mean of the last seven days, minus the first one said."""
    said = [e for e in history.events if isinstance(e, PainSaid) and e.of == "stairs"]
    lately = [e.value for e in said[1:] if event.at - e.at <= WEEK]
    return sum(lately) / len(lately) - said[0].value if lately else None


def _sets(history: History, event: Happened, p: Prescription | None) -> tuple[SetDone, ...]:
    session = history.session_of(event, p)
    return history.sets_of(p, session) if session and p else ()


def good_share(history: History, event: Happened, p: Prescription | None) -> float | None:
    """The share of the seen repetitions of the exercise that were good; None where most of them were not seen."""
    reps = [good for one in _sets(history, event, p) for good in one.good]
    seen = [good for good in reps if good is not None]
    return sum(seen) / len(seen) if seen and len(seen) >= SEEN * len(reps) else None


def unseen_share(history: History, event: Happened, p: Prescription | None) -> float | None:
    """The share of the repetitions that no camera judged."""
    reps = [good for one in _sets(history, event, p) for good in one.good]
    return sum(good is None for good in reps) / len(reps) if reps else None


def off_line_share(history: History, event: Happened, p: Prescription | None) -> float | None:
    """The share of the repetitions in which the hips dropped or the knee moved inward."""
    sets = [one for one in _sets(history, event, p) if one.off_line is not None and one.good]
    return sum(one.off_line or 0 for one in sets) / sum(len(one.good) for one in sets) if sets else None


def fade(history: History, event: Happened, p: Prescription | None) -> float | None:
    """How much the share of good ones fell from the first half of the sets to the second."""
    early, late = list[bool](), list[bool]()
    for one in _sets(history, event, p):
        half = len(one.good) // 2
        early += [good for good in one.good[:half] if good is not None]
        late += [good for good in one.good[half:] if good is not None]
    return sum(early) / len(early) - sum(late) / len(late) if min(len(early), len(late)) >= 2 else None


def spare_reps(history: History, event: Happened, p: Prescription | None) -> float | None:
    """The repetitions beyond what was asked, in the last set of each leg; the leg with fewer counts."""
    last = {one.side: one for one in _sets(history, event, p)}
    return min((float(len(one.good) - one.asked) for one in last.values()), default=None)


def sets_short(history: History, event: Happened, p: Prescription | None) -> float | None:
    """The sets that were asked for and not done."""
    session = history.session_of(event, p)
    if session is None or p is None:
        return None
    asked = next((q for q in history.plan_at(session.at).prescriptions if q.exercise == p.exercise), p)
    legs = 2 if asked.side == "both" and history.library.exercises[p.exercise].sides == "one" else 1
    return float(asked.dose.sets * legs - len(history.sets_of(p, session)))


def days_in(history: History, event: Happened, _: Prescription | None) -> float | None:
    """The days since the plan began."""
    return float((event.at.date() - history.plan.begun).days)


def _trained(history: History, since: date, until: date) -> set[date]:
    days = set[date]()
    for event in reversed(history.events):
        if event.at.date() < since:
            break
        if isinstance(event, SessionDone) and event.at.date() <= until:
            days.add(event.at.date())
    return days


def days_away(history: History, event: Happened, _: Prescription | None) -> float | None:
    """The days since the last session, or since the plan began where there was none."""
    day, begun = event.at.date(), history.plan.begun
    sessions = (e.at.date() for e in reversed(history.events) if isinstance(e, SessionDone))
    return float((day - max(next(sessions, begun), begun)).days)


def sessions_share(history: History, event: Happened, _: Prescription | None) -> float | None:
    """The days trained so far, of those that were meant for it, at most 1."""
    day, begun = event.at.date(), history.plan.begun
    meant = _per_week(history.plan) * (day - begun).days / 7
    return min(1.0, len(_trained(history, begun, day)) / meant) if meant >= 1 else None


def _per_week(plan: Plan) -> int:
    return max((p.dose.per_week for p in plan.prescriptions), default=0)


def sessions_over(history: History, event: Happened, _: Prescription | None) -> float | None:
    """The days trained in the last seven, beyond what was asked."""
    day = event.at.date()
    return float(len(_trained(history, day - timedelta(days=6), day)) - _per_week(history.plan))


def run_jump(history: History, event: Happened, _: Prescription | None) -> float | None:
    """The metres run in the last seven days, against the mean week of the four before; None before two weeks of it."""
    runs = [e for e in history.events if isinstance(e, RunDone)]
    week = event.at.date() - timedelta(days=6)
    known = (week - min((e.at.date() for e in runs), default=week)).days / 7
    weeks = min(float(WEEKS_BEFORE), known)
    before = [e.distance_m for e in runs if week - WEEKS_BEFORE * WEEK <= e.at.date() < week]
    if weeks < WEEKS_BEFORE / 2 or sum(before) <= 0:
        return None
    return sum(e.distance_m for e in runs if e.at.date() >= week) / (sum(before) / weeks)


def change(_: History, event: Happened, __: Prescription | None) -> float | None:
    """How the knee is against the beginning, from -3 to 3."""
    return float(event.change) if isinstance(event, Retested) else None


COMPUTED: Final[Mapping[str, _Signal]] = {
    one.__name__: one
    for one in (
        session_pain, morning_pain, morning_rise, pain_now, stairs_rise, good_share, unseen_share, off_line_share, fade,
        spare_reps, sets_short, days_in, days_away, sessions_share, sessions_over, run_jump, change,
    )
}  # fmt: skip
"""Every signal of `kneeline.content.plan_schema.SIGNALS` by its name."""


# Rules: which of them hold at an event, and what they change


def decide(history: History) -> tuple[PlanVersion, ...]:
    """The versions that the last event of a history leads to, in the order of the rules; often none."""
    event, done = history.events[-1], set[str]()
    made: list[PlanVersion] = []
    for rule in history.library.planning.rules.values():
        if not _is_on(rule, event):
            continue
        now = History((*history.versions, *made), history.events, history.library) if made else history
        personal = _for_person(rule, now.plan, history.library)
        if personal is None or now.plan.mode not in personal.modes:
            continue
        version, touched = _fire(personal, event, now, done)
        if version is not None:
            made.append(version)
            done |= touched
    return tuple(made)


def _for_person(rule: PlanRule, plan: Plan, library: Library) -> PlanRule | None:
    edit = next((edit for edit in plan.edits if edit.rule == rule.id), None)
    return rule if edit is None else rule_for(edit, library)


def _is_on(rule: PlanRule, event: Happened) -> bool:
    """Whether an event is of the kind that a rule looks at."""
    if isinstance(event, PainSaid):
        return rule.on == ("morning" if event.of == "next_morning" else "pain")
    return isinstance(event, _RANGE.get(rule.on, ()))


def _fire(
    rule: PlanRule, event: Happened, history: History, done: Iterable[str]
) -> tuple[PlanVersion | None, set[str]]:
    """The version that a rule makes at an event, and the exercises that it changed."""
    plan = history.plan
    move = _MOVES.get(rule.do)
    if move is None:
        because = _running(rule, event, None, history)
        after = _whole(rule, event, plan, history.library) if because else None
        if because is None or after is None:
            return None, set()
        touched = {p.exercise for p in plan.prescriptions} if after.prescriptions != plan.prescriptions else set()
        return _version(rule, event, after, because, history), touched
    if rule.do in HARDER and (plan.refer or (plan.hold_until is not None and event.at.date() < plan.hold_until)):
        return None, set()
    moved: dict[str, Prescription] = {}
    used: list[str] = []
    for p in plan.prescriptions:
        because = _running(rule, event, p, history) if p.exercise not in done else None
        after_p = move(p, rule, plan, history.library) if because else None
        if because and after_p is not None and after_p != p:
            moved[p.exercise] = after_p
            used += [id for id in because if id not in used]
    if not moved:
        return None, set()
    after = replace(plan, prescriptions=tuple(moved.get(p.exercise, p) for p in plan.prescriptions))
    return _version(rule, event, after, tuple(used), history), set(moved)


def _running(rule: PlanRule, event: Happened, p: Prescription | None, history: History) -> tuple[str, ...] | None:
    """The ids of the events on which a rule holds, as many running as it asks for; None where it does not."""
    if not all(_holds(test, event, p, history) for test in rule.when):  # mostly it ends here, before looking back
        return None
    kin = (e for e in reversed(history.events) if _is_on(rule, e) and (p is None or _concerns(e, p, history)))
    last = list(islice(kin, rule.times))
    if len(last) < rule.times or last[0] is not event:
        return None
    since = _since(rule, p, history)
    used = {id for v in history.versions if v.change.rule == rule.id for id in v.change.because}
    for one in last:
        moment = (history.session_of(one, p) or one) if rule.do in HARDER else one
        if one.id in used or moment.at <= since or not all(_holds(test, one, p, history) for test in rule.when):
            return None
    return tuple(one.id for one in reversed(last))


def _concerns(event: Happened, p: Prescription, history: History) -> bool:
    """Whether an event says something of one exercise."""
    session = history.session_of(event, p)
    return history.concerns(session, p) if session else not isinstance(event, PainSaid)


def _since(rule: PlanRule, p: Prescription | None, history: History) -> datetime:
    """From when on events count: a step up is earned anew after every change, calm from the bad phase on."""
    start = history.versions[0].change.at - WEEK
    if rule.do not in (*HARDER, "settle"):
        return start
    for older, newer in zip(reversed(history.versions[:-1]), reversed(history.versions[1:]), strict=True):
        if newer.plan.mode != older.plan.mode or (p is not None and _of(older.plan, p) != _of(newer.plan, p)):
            return newer.change.at
    return start


def _of(plan: Plan, p: Prescription) -> Prescription | None:
    return next((q for q in plan.prescriptions if q.exercise == p.exercise), None)


def _holds(test: Test, event: Happened, p: Prescription | None, history: History) -> bool:
    """Whether one condition holds; what is not known does not."""
    if test.signal in OF_EXERCISE and p is None:
        return False
    value = COMPUTED[test.signal](history, event, p)
    if value is None:
        return False
    if test.above is not None:
        return value > test.above.value
    if test.below is not None:
        return value < test.below.value
    if test.at_least is not None:
        return value >= test.at_least.value
    if test.at_most is not None:
        return value <= test.at_most.value
    exact = test.equals or test.reaches
    return exact is not None and round(value) == round(exact.value)


_Move = Callable[[Prescription, PlanRule, Plan, Library], Prescription | None]


def _eased(p: Prescription, rule: PlanRule, plan: Plan, library: Library) -> Prescription | None:
    share = rule.amount.value if rule.amount else 0.0
    return less(p, share, library) or step_back(p, plan.equipment, library)


_MOVES: Final[Mapping[str, _Move]] = {
    "ease": _eased,
    "fewer_reps": _eased,
    "step_back": lambda p, rule, plan, library: step_back(p, plan.equipment, library),
    "lighter_slower": lambda p, rule, plan, library: lighter_slower(p, plan.equipment, library),
    "step_up": lambda p, rule, plan, library: step_up(p, plan.equipment, library),
}
"""What is done to one exercise."""


def _whole(rule: PlanRule, event: Happened, plan: Plan, library: Library) -> Plan | None:
    """What is done to the whole plan; None where it would change nothing."""
    if rule.do in ("ask", "say"):
        return _moved(rule, event, plan)
    if rule.do == "hold" and rule.hold is not None:
        held = plan.hold_until is not None and plan.hold_until > event.at.date()
        return None if held else replace(plan, hold_until=event.at.date() + timedelta(days=rule.hold.value))
    if rule.do == "settle":
        return replace(plan, mode="usual")
    if rule.do == "flare_up":
        back = tuple(step_back(p, plan.equipment, library) or p for p in plan.prescriptions)
        return replace(plan, mode="flare_up", prescriptions=back)
    if rule.do == "physio":
        eased = tuple(_eased(p, rule, plan, library) or p for p in plan.prescriptions)
        return None if plan.refer else replace(plan, refer=True, prescriptions=eased)
    return _switched(rule, event, plan, library)


def _moved(rule: PlanRule, event: Happened, plan: Plan) -> Plan:
    """The plan with the probabilities that the response to it leaves: the odds of what was trained, times a factor."""
    given = event.probabilities if isinstance(event, Retested) else None
    probabilities = dict(given or plan.probabilities)
    for link in plan.links if rule.odds is not None else ():
        p = min(max(probabilities.get(link, 0.5), 1e-6), 1 - 1e-6)
        odds = p / (1 - p) * (rule.odds.value if rule.odds else 1.0)
        probabilities[link] = odds / (1 + odds)
    return replace(plan, probabilities=probabilities)


def _switched(rule: PlanRule, event: Happened, plan: Plan, library: Library) -> Plan | None:
    """The plan with the most probable link that was not trained; of several trained ones, the likelier one stays."""
    moved = _moved(rule, event, plan)
    others = [link for link in LINKS if link not in plan.links]
    if not others:
        return None

    def probable(link: Link) -> float:
        return moved.probabilities.get(link, 0.0)

    to = max(others, key=probable)
    kept = (max(plan.links, key=probable),) if len(plan.links) > 1 else ()
    legs = (leg_of(plan, library), plan.prescriptions[0].first)
    fresh = put(to, library.planning.ladders[to].turn, legs, 0, _per_week(plan), plan.equipment, library)
    stay = tuple(p for p in plan.prescriptions if p.link in kept)
    return replace(moved, prescriptions=(fresh, *stay), links=(to, *kept), focus=to)


def _version(rule: PlanRule, event: Happened, after: Plan, because: tuple[str, ...], history: History) -> PlanVersion:
    return changed(
        history.versions[-1], after, "rule", rule.say, history.library, event.at,
        rule=rule.id, because=because, asks=rule.asks,
    )  # fmt: skip
