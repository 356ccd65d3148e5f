"""The assessment whole: from answers and test results to a route, to what is still to be asked, or to a finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from kneeline.clinic.answers import Answers, all_hold, applies
from kneeline.clinic.finding import SAYS_SOMETHING, Indicator, Likelihood, Turn, find, next_test, turns
from kneeline.clinic.safety import look_alikes, path, screen
from kneeline.content.clinic_schema import ClinicContent, IndicatorEntry, Referral, Route, Rule, Shift, Statement
from kneeline.model.errors import InputError
from kneeline.model.finding import LINKS, Finding, Link
from kneeline.model.quantity import Estimate, Measured, NotAssessable

LegSide = Literal["left", "right"]
SIDES: Final[tuple[LegSide, LegSide]] = ("left", "right")
MOSTLY: Final = 0.5
"""Load is named as most of it from this probability on that no link asks for training. House default."""
COMBINED: Final[tuple[Link, Link]] = ("hip", "knee")
"""What to start with where no part stands out; it has the better evidence (S8, statement `combined`)."""

_HURTS: Final[Mapping[str, tuple[LegSide, ...]]] = {
    "left": ("left",),
    "right": ("right",),
    "both_left": ("left", "right"),
    "both_right": ("right", "left"),
    "both": ("left", "right"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One reason in words: which test or answer, what it says, and whether it was counted."""

    id: str
    says: str
    link: Link
    odds: float
    counted: bool


@dataclass(frozen=True, slots=True)
class Leg:
    """What one leg's answers and tests add up to.

    start: the links to train first: the focus, or hip and knee together. mostly_load: it is more probable than not that
    no link asks for training, and nothing contradicts that, so that load comes first. next_test: the indicator that
    would change the answer most per minute, None where none would change it enough. unseen: indicator -> why it could
    not be judged.
    """

    side: LegSide
    hurts: bool
    finding: Finding
    start: tuple[Link, ...]
    mostly_load: bool
    reasons: tuple[Told, ...]
    turns: tuple[Turn, ...]
    next_test: str | None
    unseen: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What answers and tests lead to.

    outcome: "stop" at a red flag, "ask" while answers are missing, "elsewhere" for another problem, "found" otherwise.
    route: where to go, for "stop" and "elsewhere". because: every rule behind it, most urgent first.
    ask: questions still to be answered. contradictions: answers that cannot both be right. shifts: what the answers
    changed before any test. legs: for "found", the painful leg first. statements: what is said with it.
    """

    outcome: Literal["stop", "ask", "elsewhere", "found"]
    route: Route | None = None
    because: tuple[Referral, ...] = ()
    ask: tuple[str, ...] = ()
    contradictions: tuple[Rule, ...] = ()
    shifts: tuple[Shift, ...] = ()
    legs: tuple[Leg, ...] = ()
    statements: tuple[Statement, ...] = ()


def assess(answers: Answers, results: Mapping[LegSide, Mapping[str, Measured]], clinic: ClinicContent) -> Assessment:
    """The assessment of one person.

    answers: as `read_answers` gives them. results: side -> indicator -> what was measured, or why it was not.
    Raises `InputError` for a result of an unknown indicator, in another unit, or outside of what can be.

    >>> from kneeline.content.load import load
    >>> assess({"age": 34.0, "today": ("no_weight",)}, {}, load().clinic).route.id
    'same_day'
    """
    for side in results:
        _check(results[side], clinic)
    safety = screen(answers, clinic)
    if safety.flags:
        return Assessment("stop", clinic.routes[safety.flags[0].route], safety.flags)
    if safety.open:
        return Assessment("ask", ask=safety.open)
    if alike := look_alikes(answers, clinic):
        return Assessment("elsewhere", clinic.routes[alike[0].route], alike)
    missing = tuple(q.id for q in path(answers, clinic) if q.needed and q.id not in answers)
    if missing:
        return Assessment("ask", ask=missing)
    return _found(answers, results, clinic)


def _found(answers: Answers, results: Mapping[LegSide, Mapping[str, Measured]], clinic: ClinicContent) -> Assessment:
    contradictions = tuple(rule for rule in clinic.contradictions.values() if applies(rule, answers))
    shifts = tuple(shift for shift in clinic.shifts.values() if applies(shift, answers))
    known, prior = indicators(clinic, answers), _prior(clinic, shifts)
    side = answers["side"]
    hurts = _HURTS[side[0]] if isinstance(side, tuple) else ()
    legs = []
    for leg in (*hurts, *(s for s in SIDES if s not in hurts)):
        measured = dict(results.get(leg, {}))
        if leg not in hurts and not measured:
            continue
        if leg in hurts:
            measured |= _answered(clinic, answers)
        legs.append(_leg(leg, leg in hurts, measured, known, prior, clinic, doubted=bool(contradictions)))
    if side == ("both",):
        legs.sort(key=lambda leg: -max(p.value for p in leg.finding.links.values()))
    return Assessment(
        "found",
        contradictions=contradictions,
        shifts=shifts,
        legs=tuple(legs),
        statements=_statements(legs[0], any(results.values()), clinic),
    )


def indicators(clinic: ClinicContent, answers: Answers) -> list[Indicator]:
    """What every test says of its link in people like this one."""
    return [_indicator(entry, answers) for entry in clinic.indicators.values()]


def _indicator(entry: IndicatorEntry, answers: Answers) -> Indicator:
    fits = next(known for known in entry.likelihood if all_hold(known.when, answers))
    likelihood = Likelihood(
        present=(fits.present.mean.value, fits.present.sd.value),
        absent=(fits.absent.mean.value, fits.absent.sd.value),
        trust=fits.trust.value,
    )
    return Indicator(entry.id, entry.link, entry.family, likelihood, entry.minutes.value, entry.error.value)


def _prior(clinic: ClinicContent, shifts: Iterable[Shift]) -> dict[Link, float]:
    """How probable each link is before any test, after what the answers change."""
    prior: dict[Link, float] = {}
    for link in LINKS:
        p = clinic.priors[link].probability.value
        odds = p / (1 - p)
        for shift in shifts:
            odds *= shift.odds.value if link in shift.links else 1.0
        prior[link] = odds / (1 + odds)
    return prior


def _answered(clinic: ClinicContent, answers: Answers) -> dict[str, Measured]:
    """Indicators that an answer gives, each with its usual error."""
    given: dict[str, Measured] = {}
    for entry in clinic.indicators.values():
        value = answers.get(entry.question)
        if isinstance(value, float):
            given[entry.id] = Estimate(value, entry.error.value, entry.unit)
    return given


def _leg(
    side: LegSide,
    hurts: bool,
    measured: Mapping[str, Measured],
    known: list[Indicator],
    prior: Mapping[Link, float],
    clinic: ClinicContent,
    *,
    doubted: bool,
) -> Leg:
    values = {key: value for key, value in measured.items() if isinstance(value, Estimate)}
    unseen = {key: value.reason for key, value in measured.items() if isinstance(value, NotAssessable)}
    finding = find(known, values, prior, doubted=doubted)
    left = [test for test in known if test.id not in unseen and not clinic.indicators[test.id].question]
    counted = [test for test in known if test.id in values]
    further = next_test([*counted, *(test for test in left if test not in counted)], values, prior)
    return Leg(
        side=side,
        hurts=hurts,
        finding=finding,
        start=(finding.focus,) if finding.focus else COMBINED,
        mostly_load=finding.none.value > MOSTLY and not doubted and not finding.at_odds,
        reasons=_told(finding, clinic),
        turns=turns(known, values, prior, doubted=doubted),
        next_test=further[0].id if further else None,
        unseen=unseen,
    )


def _told(finding: Finding, clinic: ClinicContent) -> tuple[Told, ...]:
    told = []
    for reason in finding.reasons:
        entry = clinic.indicators[reason.test]
        much = reason.odds > SAYS_SOMETHING
        says = entry.for_it if much else entry.against if reason.odds < 1 / SAYS_SOMETHING else entry.little
        told.append(Told(reason.test, says, reason.link, reason.odds, reason.counted))
    return tuple(told)


def _statements(first: Leg, measured: bool, clinic: ClinicContent) -> tuple[Statement, ...]:
    said = ["clear", "exercise_helps", "matching" if first.finding.focus else "combined"]
    said += ["load"] if first.mostly_load else []
    said += ["camera"] if measured else []
    return tuple(clinic.statements[key] for key in (*said, "slow") if key in clinic.statements)


def _check(results: Mapping[str, Measured], clinic: ClinicContent) -> None:
    for key, result in results.items():
        entry = clinic.indicators.get(key)
        if entry is None:
            raise InputError(f"There is no indicator {key!r}", expected="one of " + ", ".join(clinic.indicators))
        if isinstance(result, NotAssessable):
            continue
        if result.unit != entry.unit:
            raise InputError(f"{key} is given in {result.unit!r}", expected=entry.unit)
        if not entry.least <= result.value <= entry.most:
            raise InputError(f"{key} is {result.value:g} {entry.unit}", expected=f"{entry.least:g} to {entry.most:g}")
