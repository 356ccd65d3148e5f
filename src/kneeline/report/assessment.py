"""An assessment, printed in a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from kneeline import __version__
from kneeline.clinic.assess import Assessment, Leg
from kneeline.content.clinic_schema import ClinicContent, Rule
from kneeline.model.finding import LINKS, Probability
from kneeline.report.answer import SCHEMA_VERSION
from kneeline.report.story import keys_of
from kneeline.report.terminal import Voice

if TYPE_CHECKING:
    from kneeline.content.load import Library

LIMITS = (
    "A training aid for you and your clinician, not a diagnosis. It was never tried on patients. "
    "All that speaks for one part or another is a house default."
)


def print_assessment(console: Console, found: Assessment, clinic: ClinicContent, source: str = "") -> None:
    """Where to go, what is still to be answered, or which part to train first, why, and what would change that."""
    speak = Voice(console)
    if source:
        speak(Text(source, style="dim"))
    if found.outcome == "ask":
        asked = [f"{clinic.questions[key].text} ({key})" for key in found.ask]
        speak.section("Still to be answered", *asked)
    if found.route is not None:
        stop = found.outcome == "stop"
        speak.section(
            "Stop here first" if stop else "This does not look like what kneeline is for", *_said(found.because)
        )
        route = found.route
        page = [f"kneeline has a page on it: {route.page}."] if route.page else []
        speak.section(f"{route.name}: {route.how_soon}", route.where, *filter(None, [route.until_then]), *page)
    for leg in found.legs:
        _leg(speak, leg, clinic)
    notes = [*_said(found.contradictions), *_said(found.shifts)]
    notes += [f"{s.says} ({_grade(s.grade)}{_keys(s.evidence)})" for s in found.statements]
    if notes:
        speak.section("To know", *notes)
    speak()
    speak(Text(LIMITS, style="dim"))


def _leg(speak: Voice, leg: Leg, clinic: ClinicContent) -> None:
    finding = leg.finding
    start = " and ".join(leg.start)
    head = f"{leg.side.capitalize()} leg" + (", which hurts" if leg.hurts else "")
    if finding.focus:
        speak.section(f"{head}: the part to train first is the {finding.focus}")
    else:
        speak.section(f"{head}: no part stands out clearly, so start with {start} together")
    if leg.mostly_load:
        speak(Text("No part need be behind it: how much you do, and how fast that grew, may be most of it."))
    for link in LINKS:
        speak(Text(f"  {link:<5} asks for training: {_percent(finding.links[link])}"))
    speak(Text(f"  none of them: {_percent(finding.none)}"))
    if leg.reasons:
        speak.section("Why", *(_reason(leg, i, clinic) for i in range(len(leg.reasons))))
    if finding.at_odds:
        speak(Text("Two tests of the same thing contradict one another, so all of this is less sure."))
    if leg.turns:
        speak.section("What would change it", *(_turn(leg, i, clinic) for i in range(len(leg.turns))))
    if leg.unseen:
        names = (f"{clinic.indicators[key].name}: {why}" for key, why in leg.unseen.items())
        speak.section("What could not be judged", *names)
    if leg.next_test:
        speak.section("The test that would tell most now", clinic.indicators[leg.next_test].name)


def _reason(leg: Leg, i: int, clinic: ClinicContent) -> str:
    told = leg.reasons[i]
    count = f"odds of the {told.link} times {told.odds:.2g}" if told.counted else "not counted: a better test was"
    return f"{told.says} ({clinic.indicators[told.id].name}; {count})"


def _turn(leg: Leg, i: int, clinic: ClinicContent) -> str:
    turn = leg.turns[i]
    entry = clinic.indicators[turn.test]
    digits = 2 if entry.unit == "frac" else 0
    then = f"the {turn.focus} would be named" if turn.focus else "no part would be named"
    unit = {"deg": "°", "frac": ""}.get(entry.unit, f" {entry.unit}")
    return f"With {entry.name} at {turn.value:.{digits}f}{unit}, {then}."


def _said(rules: tuple[Rule, ...]) -> list[str]:
    return [
        f"{rule.say} ({'house default' if rule.basis == 'house' else 'source'}{_keys(rule.evidence)})" for rule in rules
    ]


def _grade(grade: str) -> str:
    return "house default" if grade == "house" else f"evidence: {grade}"


def _keys(evidence: tuple[str, ...]) -> str:
    return f", {', '.join(keys_of(evidence))}" if evidence else ""


def _percent(p: Probability) -> str:
    return f"{p.value:.0%} ({p.low:.0%} to {p.high:.0%})"


def assessment_answer(found: Assessment, library: Library, source: str) -> dict[str, Any]:
    """The whole assessment as plain values."""
    route = found.route
    return {
        "schema_version": SCHEMA_VERSION,
        "kneeline": __version__,
        "library": library.digest,
        "source": source,
        "outcome": found.outcome,
        "route": {name: getattr(route, name) for name in route.__struct_fields__} if route else None,
        "because": [_rule(rule) for rule in found.because],
        "ask": list(found.ask),
        "contradictions": [_rule(rule) for rule in found.contradictions],
        "shifts": [_rule(rule) for rule in found.shifts],
        "legs": [_leg_answer(leg, library.clinic) for leg in found.legs],
        "statements": [
            {"id": s.id, "says": s.says, "grade": s.grade, "evidence": list(s.evidence)} for s in found.statements
        ],
    }


def _leg_answer(leg: Leg, clinic: ClinicContent) -> dict[str, Any]:
    finding = leg.finding
    return {
        "side": leg.side,
        "hurts": leg.hurts,
        "focus": finding.focus,
        "start": list(leg.start),
        "mostly_load": leg.mostly_load,
        "links": {link: _probability(p) for link, p in finding.links.items()},
        "alone": {link: _probability(p) for link, p in finding.alone.items()},
        "several": _probability(finding.several),
        "none": _probability(finding.none),
        "reasons": [
            {"id": r.id, "link": r.link, "says": r.says, "odds": r.odds, "counted": r.counted} for r in leg.reasons
        ],
        "at_odds": list(finding.at_odds),
        "turns": [
            {"id": t.test, "value": t.value, "unit": clinic.indicators[t.test].unit, "focus": t.focus}
            for t in leg.turns
        ],
        "not_assessable": dict(leg.unseen),
        "next_test": leg.next_test,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {"id": rule.id, "say": rule.say, "basis": rule.basis, "evidence": list(rule.evidence)}


def _probability(p: Probability) -> dict[str, float]:
    return {"value": p.value, "low": p.low, "high": p.high}
