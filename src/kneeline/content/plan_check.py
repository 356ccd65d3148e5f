"""What plans rest on must keep beyond its schema: rules can hold, bounds are bounds, ladders lead somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kneeline.content.check import check_known, check_numbers
from kneeline.content.plan_schema import BOUNDED, NOTICES, OF_EXERCISE, SIGNALS, PlanRule
from kneeline.content.schema import Exercise
from kneeline.model.errors import ContentError
from kneeline.model.finding import LINKS

if TYPE_CHECKING:
    from kneeline.content.load import Library

_NEEDS_AMOUNT = ("ease", "fewer_reps", "physio")


def check_plans(library: Library) -> None:
    """Raise `ContentError` at the first thing that plans rest on and that does not hold together."""
    content = library.planning
    for file, key, entry in content.entries():
        check_numbers(file, entry, library, key)
    for rule in content.rules.values():
        _rule(rule, library)
    for bound in content.bounds.values():
        check_known("bounds.toml", "table", bound.id, list(BOUNDED))
        if {bound.least.unit, bound.most.unit} != {BOUNDED[bound.id]} or not 0 < bound.least.value <= bound.most.value:
            raise ContentError("bounds.toml", bound.id, f"needs 0 < least <= most, in {BOUNDED[bound.id]!r}")
    for start in content.ladders.values():
        check_known("ladders.toml", "table", start.link, LINKS)
        for id in start.exercises:
            check_known("ladders.toml", f"{start.link}.exercises", id, library.exercises)
            if library.exercises[id].link != start.link:
                raise ContentError("ladders.toml", f"{start.link}.exercises", f"{id} trains another part")
    for name in content.notices:
        check_known("notices.toml", "sentence", name, NOTICES)
    for exercise in library.exercises.values():
        _ladder(exercise, library)
    for what, there, wanted in (
        ("bounds", content.bounds, tuple(BOUNDED)),
        ("ladders", content.ladders, LINKS),
        ("notices", content.notices, NOTICES),
    ):
        if missing := [name for name in wanted if name not in there]:
            raise ContentError(f"{what}.toml", missing[0], "is missing")


def _rule(rule: PlanRule, library: Library) -> None:
    file, key = "rules.toml", rule.id
    for reference in rule.evidence:
        source, _, locator = reference.partition("#")
        check_known(file, f"{key}.evidence", source, library.sources)
        check_known(file, f"{key}.evidence", locator, library.sources[source].supports)
    if rule.basis == "sourced" and not rule.evidence:
        raise ContentError(file, f"{key}.evidence", 'is missing; what is sourced names its "key#locator"')
    if not rule.when or rule.times < 1 or not rule.modes:
        raise ContentError(file, key, "needs a condition in when, times of 1 or more, and a mode")
    for test in rule.when:
        said = [name for name in test.__struct_fields__ if name != "signal" and getattr(test, name) is not None]
        if len(said) != 1:
            raise ContentError(
                file, f"{key}.when", "says exactly one of above, below, at_least, at_most, equals, reaches"
            )
        number = getattr(test, said[0])
        if number.unit != SIGNALS[test.signal][0]:
            raise ContentError(file, f"{key}.when", f"{test.signal} is told in {SIGNALS[test.signal][0]!r}")
        if said[0] == "reaches" and (rule.on != "day" or number.unit != "days"):
            raise ContentError(file, f"{key}.when", 'reaches belongs to counts of days, in rules on "day"')
        if test.signal in OF_EXERCISE and rule.on not in ("session", "morning"):
            raise ContentError(file, f"{key}.when", f"{test.signal} is known after a session only")
    if rule.on == "day" and not any(test.reaches for test in rule.when):
        raise ContentError(file, f"{key}.when", "a rule on a day says which day it is, by reaches")
    if (rule.amount is not None) != (rule.do in _NEEDS_AMOUNT) or (rule.hold is not None) != (rule.do == "hold"):
        raise ContentError(file, key, f"amount belongs to {', '.join(_NEEDS_AMOUNT)}, hold to hold")
    if rule.amount is not None and not 0 < rule.amount.value < 1:
        raise ContentError(file, f"{key}.amount", "is a share between 0 and 1")
    if (rule.do == "ask") != bool(rule.asks) and rule.do != "physio":
        raise ContentError(file, f"{key}.asks", "belongs to ask")


def _ladder(exercise: Exercise, library: Library) -> None:
    file = f"exercises/{exercise.id}.toml"
    for rung in exercise.ladder:
        if rung.exercise:
            check_known(file, f"ladder {rung.level}.exercise", rung.exercise, library.exercises)
        if rung.exercise and rung.not_by_camera:
            raise ContentError(file, f"ladder {rung.level}", "is coached as another exercise or not by camera")
        if rung.level == 0 and (rung.exercise or rung.not_by_camera):
            raise ContentError(file, "ladder 0", "is the exercise itself")
