"""A plan and a lived course in words: what is prescribed and why, and a diary of what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kneeline.clinic.ladder import described, rung_of
from kneeline.clinic.plan import WEEKDAYS
from kneeline.clinic.simulate import Course, Lived
from kneeline.content.load import Library
from kneeline.content.plan_schema import SIGNALS, PlanRule, Test
from kneeline.model.plan import PainSaid, PlanVersion, Retested, RunDone, SessionDone, Today
from kneeline.report.story import basis, plain

ASKED = {
    "check": "Say how the knee is.",
    "teach": "Look at the movement once more first.",
    "retest": "Do the tests again.",
    "physio": "Let a physio look at the knee.",
    "next_morning": "Say how the knee was on the morning after.",
}
_SAID = {3: "much better", 2: "better", 1: "a little better", 0: "the same", -1: "a little worse", -2: "worse"}
_BY = {"start": "the start", "person": "you", "physio": "your physio"}


def plan_lines(version: PlanVersion, asked: Today, library: Library) -> Iterator[str]:
    """A plan as it stands, line by line: today, each exercise with how and why, the days, and what changed last."""
    yield f"Today: {asked.why}"
    for p in asked.session:
        yield f"  {described(p, library)}"
    yield from (f"  {ASKED[one]}" for one in asked.asks)
    plan = version.plan
    yield ""
    days = ", ".join(WEEKDAYS[day] for day in plan.weekdays)
    yield f"The plan, since {plan.begun}: {days}"
    for p in plan.prescriptions:
        rung = rung_of(p, library)
        yield f"  {described(p, library)}"
        yield f"    {rung.how}"
        if rung.not_by_camera:
            yield f"    Not by camera: {rung.not_by_camera} Count it by hand."
        yield f"    Why: {p.why}"
    change = version.change
    yield ""
    yield f"Last change, {change.at:%Y-%m-%d}, by {who(version, library)}: {change.why}"
    yield from (f"  {line}" for line in change.what)


def who(version: PlanVersion, library: Library) -> str:
    """Who or what made a version."""
    rule = version.change.rule
    return f"the rule “{library.planning.rules[rule].name}”" if rule else _BY[version.change.by]


def rule_line(rule: PlanRule) -> str:
    """When a rule holds, in words, each limit with its basis.

    >>> from kneeline.content.load import load
    >>> rule_line(load().planning.rules["pain_over"])
    'session pain above 5 points ([S76])'
    """
    held = " and ".join(_limit(test) for test in rule.when)
    return held + (f", {rule.times} times running" if rule.times > 1 else "")


def _limit(test: Test) -> str:
    name = next(n for n in test.__struct_fields__ if n != "signal" and getattr(test, n) is not None)
    number = getattr(test, name)
    unit = "" if number.unit in ("share", "times") else f" {number.unit}"
    return f"{test.signal.replace('_', ' ')} {name.replace('_', ' ')} {plain(number.value)}{unit} ({basis(number)})"


def signal_lines() -> Iterator[tuple[str, str, str]]:
    """Every signal that a rule can look at: name, unit and meaning."""
    return ((name.replace("_", " "), unit, meaning) for name, (unit, meaning) in SIGNALS.items())


def diary(course: Course, lived: Sequence[Lived], library: Library) -> Iterator[str]:
    """A course as a diary, in Markdown: week by week what was done and felt, and each change with its reason."""
    yield f"## {course.name}"
    yield ""
    yield course.story
    for week in range(0, len(lived), 7):
        days = lived[week : week + 7]
        yield ""
        yield f"**Week {week // 7 + 1}.** {_week(days)}"
        lines = [line for day in days for line in _changes(day, library)]
        if lines:
            yield ""
            yield from lines
    last = [v for one in lived for v in one.versions][-1]
    yield ""
    yield "At the end: " + "; ".join(described(p, library) for p in last.plan.prescriptions) + "."
    yield ""


def _week(days: Sequence[Lived]) -> str:
    trained = [one for one in days if one.session is not None]
    said = [_sessions(trained)] if trained else ["No session."]
    for one in days:
        said += [f"{one.today.day:%A}: {words}." for event in one.said if (words := _event(event))]
    km = sum(e.distance_m for one in days for e in one.said if isinstance(e, RunDone)) / 1000
    return " ".join([*said, *([f"Ran {plain(km)} km."] if km else [])])


def _sessions(days: Sequence[Lived]) -> str:
    sessions = [one.session for one in days if one.session is not None]
    names = ", ".join(f"{one.today.day:%a}" for one in days)
    return f"Trained {names}; pain {_range(max(_pains(s), default=0.0) for s in sessions)}, {_form(sessions)}."


def _pains(session: SessionDone) -> list[float]:
    return [v for v in (session.pain_during, session.pain_after) if v is not None]


def _range(values: Iterable[float]) -> str:
    known = sorted(set(values))
    return plain(known[0]) if len(known) == 1 else f"{plain(known[0])} to {plain(known[-1])}"


def _form(sessions: Sequence[SessionDone]) -> str:
    reps = [good for session in sessions for one in session.sets for good in one.good]
    seen = [good for good in reps if good is not None]
    return f"{10 * sum(seen) / len(seen):.0f} of 10 good" if seen else "not seen by a camera"


def _event(event: object) -> str:
    if isinstance(event, Retested):
        return f"the knee is {_SAID.get(event.change, 'much worse')}"
    if isinstance(event, PainSaid) and event.of != "next_morning":
        return f"pain {'on stairs' if event.of == 'stairs' else 'now'} {plain(event.value)}"
    return ""


def _changes(day: Lived, library: Library) -> Iterator[str]:
    for version in day.versions:
        change = version.change
        what = "".join(f" *{line}.*" for line in change.what)
        by = f"`{change.rule}`" if change.rule else f"by {_BY[change.by]}"
        yield f"- **Day {day.number}, {change.at:%A}.** {change.why}{what} ({by})"


def diary_page(courses: Sequence[Course], lived: Sequence[Sequence[Lived]], library: Library) -> str:
    """The diaries of many courses as one page of the manual, with the rules and what they look at."""
    lines = [
        "# Six weeks, lived in advance",
        "",
        "What the plan does is decided by rules that can be read. Here they are, and then made-up courses of six",
        "weeks, each lived day by day by the same code that people's plans go through. Nobody real is in them. They",
        "show what the rules do, not that the rules are right for patients. This page is written by",
        "",
        "    kneeline simulate tests/spec/courses/*.toml --markdown docs/six-weeks.md",
        "",
        "## The rules",
        "",
        "In this order; an exercise that one has changed is left alone by those after it, at the same event. Limits",
        "say where they come from. A physio can change any limit for a person, or switch a rule off.",
        "",
        *_table("rule | looked at | holds when | what is said", map(_rule_row, library.planning.rules.values())),
        "",
        "## What rules can look at",
        "",
        *_table("signal | unit | meaning", map(list, signal_lines())),
        "",
        "## Bounds",
        "",
        "Whoever changes a plan, each part of it stays within these; all of them are house defaults.",
        "",
        *_table(
            "part | least | most",
            (
                [
                    b.id.replace("_", " ") + (", s" if b.least.unit == "s" else ""),
                    plain(b.least.value),
                    plain(b.most.value),
                ]
                for b in library.planning.bounds.values()
            ),
        ),
        "",
    ]
    for course, days in zip(courses, lived, strict=True):
        lines += diary(course, days, library)
    return "\n".join(lines).rstrip() + "\n"


def _rule_row(rule: PlanRule) -> list[str]:
    looked = {
        "session": "after a session",
        "morning": "the morning after",
        "pain": "when pain is said",
        "retest": "at a re-test",
        "run": "after a run",
        "day": "in the morning",
    }
    return [f"**{rule.name}** (`{rule.id}`)", looked[rule.on], rule_line(rule), rule.say]


def _table(head: str, rows: Iterable[list[str]]) -> list[str]:
    names = [name.strip() for name in head.split("|")]
    return ["| " + " | ".join(row) + " |" for row in [names, ["---"] * len(names), *rows]]
