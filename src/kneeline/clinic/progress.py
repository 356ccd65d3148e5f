"""Is it working? Series over time from dated records; "better" and "worse" are said only beyond error.

Every series is a `Strand` of `Line`s, so that one plot, one table and one sentence fit them all. Pain and scales are
compared between the first and the last seven days; shares of repetitions and tests by their own error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Literal, Protocol, TypeVar

from kneeline.clinic.load import Jump, WeekLoad, jump, leave_out, weeks
from kneeline.clinic.running import NextRun, next_run
from kneeline.content.load import Library
from kneeline.content.load_schema import LeaveOut, ProgressSheet
from kneeline.content.trial_schema import MovementTest, Value
from kneeline.model.diary import Diary, PainEntry, RetestEntry, SetEntry
from kneeline.model.quantity import Estimate

Verdict = Literal["better", "worse", "changed", "no_change", "too_little"]
Asked = Callable[[date], Mapping[str, float]]
"""Of a day: exercise -> seconds under tension that a plan asks for, a seventh of its week; empty before the plan."""
MOST_FAULTS = 3
"""Faults that are followed, those seen most; more lines would be a tangle. House default."""
_Z = 1.96
_SHOWN = {"frac": (100.0, "%"), "deg": (1.0, "degrees"), "reps": (1.0, "repetitions"), "s": (1.0, "seconds")}
"""Factor and word with which a unit of tests is shown."""


class _Dated(Protocol):
    @property
    def at(self) -> datetime: ...


T = TypeVar("T", bound=_Dated)


@dataclass(frozen=True, slots=True)
class Point:
    """A value on a day, with the range of its error or of what is assumed; low and high None where there is none."""

    on: date
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Whether the end differs from the beginning by more than error.

    first, last: what was compared. detectable: the smallest difference that is more than error.
    """

    verdict: Verdict
    say: str
    first: float | None = None
    last: float | None = None
    detectable: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot, oldest point first; asked: what was prescribed, where something was."""

    name: str
    points: tuple[Point, ...]
    change: Change
    asked: float | None = None


@dataclass(frozen=True, slots=True)
class Strand:
    """One thing over time: what it is, how it is drawn, its lines and its sentence.

    span: ends of its scale, where it has any. low_is_good: None where neither end is.
    """

    id: str
    title: str
    unit: str
    style: Literal["line", "bars", "steps"]
    lines: tuple[Line, ...]
    say: str
    span: tuple[float, float] | None = None
    low_is_good: bool | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """All of it: pain on stairs as the headline, then what there is to tell of, in the order to tell it in."""

    headline: Strand
    strands: tuple[Strand, ...]
    jump: Jump
    leave_out: tuple[LeaveOut, ...]
    next_run: NextRun


def progress(diary: Diary, today: date, library: Library, *, asked_s: Asked | None = None) -> Progress:
    """Everything that a diary tells of progress up to a day; a strand is there only where something was recorded.

    asked_s: what a plan asks for; without it, sets that were never begun are not missed.

    >>> from kneeline.content.load import load
    >>> progress(Diary(), date(2026, 11, 22), load()).headline.lines[0].change.verdict
    'too_little'
    """
    sheet = library.sheets.progress
    known = _until(diary, today)
    headline = _pain("stairs", "Pain on stairs", known.pains, sheet)
    latest = headline.lines[0].points[-1].value if headline.lines[0].points else None
    load_weeks = weeks(known, today, library.sheets.load)
    told = (
        _pain("worst", "Worst pain", known.pains, sheet),
        _pain("usual", "Usual pain", known.pains, sheet),
        *_scales(known, library, sheet),
        _dose(known.sets, today, asked_s),
        _tempo(known.sets, today),
        _faults(known.sets, today, library, sheet),
        _ladder(known, library),
        _load(load_weeks, library),
        _distance(known, today),
        *_retests(known.retests, library),
    )
    return Progress(
        headline=headline,
        strands=tuple(strand for strand in told if any(line.points for line in strand.lines)),
        jump=jump(load_weeks, library.sheets.load),
        leave_out=leave_out(latest, library.sheets.load),
        next_run=next_run(known.runs, known.pains, today, library.sheets.running),
    )


def compare(points: Sequence[Point], detectable: float, days: int, *, low_is_good: bool | None, unit: str) -> Change:
    """The mean of the last `days` against that of the first; too little where the two are not apart.

    >>> points = [Point(date(2026, 1, 1), 6.0), Point(date(2026, 2, 1), 3.0)]
    >>> compare(points, 2.0, 7, low_is_good=True, unit="of 10").say
    'First week 6, last week 3 of 10. That is more than error: better.'
    """
    if not points:
        return Change("too_little", "Nothing is on record yet.")
    span = timedelta(days=days)
    first = [point.value for point in points if point.on < points[0].on + span]
    last = [point.value for point in points if point.on > points[-1].on - span]
    if points[-1].on - points[0].on < span:
        return Change("too_little", f"Now {_number(fmean(last))} {unit}. It is too early to tell a change.")
    going = f"First week {_number(fmean(first))}, last week {_number(fmean(last))} {unit}."
    return _changed(fmean(first), fmean(last), detectable, low_is_good, going)


def _changed(first: float, last: float, detectable: float, low_is_good: bool | None, going: str) -> Change:
    if abs(last - first) < detectable - 1e-9:
        return Change("no_change", f"{going} No change we can be sure of.", first, last, detectable)
    verdict: Verdict = "changed"
    if low_is_good is not None:
        verdict = "better" if (last < first) == low_is_good else "worse"
    return Change(verdict, f"{going} That is more than error: {verdict}.", first, last, detectable)


def _pain(of: str, title: str, pains: Iterable[PainEntry], sheet: ProgressSheet) -> Strand:
    """The worst of each day, whichever knee it was."""
    days: dict[date, float] = {}
    for pain in pains:
        if pain.of == of:
            days[pain.at.date()] = max(pain.value, days.get(pain.at.date(), 0.0))
    return _scale(f"pain_{of}", title, days, sheet.pain.value, sheet)


def _scales(diary: Diary, library: Library, sheet: ProgressSheet) -> Iterable[Strand]:
    """How hard things are, as far as it was asked more than once or at all."""
    found: dict[str, dict[date, float]] = {}
    for entry in diary.scales:
        found.setdefault(entry.question, {})[entry.at.date()] = entry.value
    for key, question in library.clinic.questions.items():
        if (days := found.get(key)) and key.startswith("hard_"):
            yield _scale(key, question.text.split(":")[0].rstrip("?"), days, sheet.scale.value, sheet)


def _scale(id: str, title: str, days: Mapping[date, float], detectable: float, sheet: ProgressSheet) -> Strand:
    points = tuple(Point(day, value) for day, value in sorted(days.items()))
    change = compare(points, detectable, round(sheet.days.value), low_is_good=True, unit="of 10")
    return Strand(id, title, "of 10", "line", (Line(title, points, change),), change.say, (0.0, 10.0), True)


def _dose(sets: Sequence[SetEntry], today: date, asked_s: Asked | None) -> Strand:
    """Against the plan in weeks that had one, else against what was asked for in the sets that were done.

    An exercise counts up to what was asked of it: more of one does not make up for another.
    """
    points, say = [], "No dose is on record yet."
    for ends, done in _by_week(sets, today):
        seen = [one for one in done if one.dose_received is not None and one.prescribed_tension_s]
        in_sets = _added((one.exercise, one.prescribed_tension_s or 0.0) for one in seen)
        received = _added(
            (one.exercise, (one.dose_received or 0.0) * (one.prescribed_tension_s or 0.0)) for one in seen
        )
        days = [ends - timedelta(days=back) for back in range(7)]
        planned = _added(part for day in days for part in asked_s(day).items()) if asked_s else {}
        asked = planned or in_sets
        if sum(asked.values()) > 0:
            share = sum(min(received.get(exercise, 0.0), most) for exercise, most in asked.items()) / sum(
                asked.values()
            )
            points.append(Point(ends, 100 * share))
            of = "of what the plan asked for" if planned else "of what was asked in the sets you did"
            say = f"Last week you received {100 * share:.0f} % {of}."
            say += " Sets that no camera saw are not counted." if len(seen) < len(done) else ""
            say += " Exercises that the plan did not ask for are not counted." if set(in_sets) - set(asked) else ""
    line = Line("Dose received", tuple(points), Change("too_little", say), 100.0)
    return Strand("dose", "Dose received", "%", "bars", (line,), say, (0.0, 100.0), False)


def _added(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, seconds in parts:
        found[name] = found.get(name, 0.0) + seconds
    return found


def _tempo(sets: Sequence[SetEntry], today: date) -> Strand:
    """Each phase as a share of the time asked for, so that exercises of different tempo can be put together."""
    phases = {"lift": "Up", "hold": "Hold", "lower": "Down"}
    points: dict[str, list[Point]] = {phase: [] for phase in phases}
    for ends, done in _by_week(sets, today):
        for phase in phases:
            shares = [
                (one.tempo_s[phase] / one.asked_s[phase], one.count)
                for one in done
                if one.asked_s.get(phase, 0) > 0 and phase in one.tempo_s and one.count
            ]
            if shares:
                weight = sum(count for _, count in shares)
                points[phase].append(Point(ends, 100 * sum(share * count for share, count in shares) / weight))
    lines = tuple(Line(name, tuple(points[phase]), Change("too_little", ""), 100.0) for phase, name in phases.items())
    told = [f"{line.name.lower()} {line.points[-1].value:.0f} %" for line in lines if line.points]
    say = f"Last week, of the time asked for: {', '.join(told)}. 100 % is as asked." if told else "No tempo yet."
    return Strand("tempo", "Tempo", "% of the time asked", "line", lines, say)


def _faults(sets: Sequence[SetEntry], today: date, library: Library, sheet: ProgressSheet) -> Strand:
    """Those seen most, as a share of the repetitions in which they could be judged."""
    by_week = [(ends, _counted(done)) for ends, done in _by_week(sets, today)]
    overall = _counted(sets)
    most = sorted((f for f, (present, _) in overall.items() if present), key=lambda f: -overall[f][0] / overall[f][1])
    lines = []
    for fault in most[:MOST_FAULTS]:
        counts = [(ends, *found[fault]) for ends, found in by_week if found.get(fault, (0, 0))[1]]
        points = tuple(Point(ends, 100 * k / n, *_share_range(k, n)) for ends, k, n in counts)
        lines.append(Line(_fault_name(fault, library), points, _share_change(counts, sheet)))
    sure = [f"{line.name}: {line.change.say}" for line in lines if line.change.verdict in ("better", "worse")]
    say = " ".join(sure) or (
        "No fault changed by more than error." if lines else "No fault was seen in the sets on record."
    )
    return Strand("faults", "What went wrong, by week", "% of repetitions", "line", tuple(lines), say, (0, 100), True)


def _share_change(counts: Sequence[tuple[date, int, int]], sheet: ProgressSheet) -> Change:
    """First against last week that has enough repetitions, by the error of the difference of two shares."""
    enough = [(k, n) for _, k, n in counts if n >= sheet.repetitions.value]
    if len(enough) < 2:
        return Change("too_little", "There are too few repetitions to tell a change.")
    (k1, n1), (k2, n2) = enough[0], enough[-1]
    # One success and one failure added to each (Agresti and Caffo): the plain formula is too sure near 0 and 1.
    p1, p2 = (k1 + 1) / (n1 + 2), (k2 + 1) / (n2 + 2)
    error = sheet.sure.value * math.sqrt(p1 * (1 - p1) / (n1 + 2) + p2 * (1 - p2) / (n2 + 2))
    first, last = 100 * k1 / n1, 100 * k2 / n2
    if abs(p2 - p1) <= error:
        return Change(
            "no_change", f"{first:.0f} % to {last:.0f} %. No change we can be sure of.", first, last, 100 * error
        )
    verdict: Verdict = "better" if p2 < p1 else "worse"
    say = f"{first:.0f} % to {last:.0f} %, which is more than error: {verdict}."
    return Change(verdict, say, first, last, 100 * error)


def _share_range(k: int, n: int) -> tuple[float, float]:
    """95 % range of a share in percent (Wilson)."""
    share, z2 = k / n, _Z * _Z
    middle, half = share + z2 / (2 * n), _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return 100 * max(0.0, (middle - half) / (1 + z2 / n)), 100 * min(1.0, (middle + half) / (1 + z2 / n))


def _ladder(diary: Diary, library: Library) -> Strand:
    found: dict[str, list[Point]] = {}
    for entry in diary.rungs:
        found.setdefault(entry.exercise, []).append(Point(entry.at.date(), float(entry.level)))
    lines = []
    for exercise, points in found.items():
        known = library.exercises.get(exercise)
        first, last = points[0].value, points[-1].value
        verdict: Verdict = "no_change" if first == last else "changed"
        name = known.name if known else exercise.replace("_", " ")
        say = f"{name}: from rung {first:+.0f} to {last:+.0f}." if first != last else f"{name}: on rung {last:+.0f}."
        lines.append(Line(name, tuple(points), Change(verdict, say, first, last)))
    say = " ".join(line.change.say for line in lines) or "No rung is on record yet."
    return Strand("ladder", "Rung of the ladder", "rung", "steps", tuple(lines), say, None, False)


def _load(found: Sequence[WeekLoad], library: Library) -> Strand:
    first = next((i for i, week in enumerate(found) if week.told), len(found))
    points = tuple(Point(w.ends, w.total.middle, w.total.low, w.total.high) for w in found[first:])
    say = jump(found, library.sheets.load).say
    left_out = list(dict.fromkeys(name for week in found for name in week.not_counted))
    if left_out:
        names = [library.exercises[key].name if key in library.exercises else key for key in left_out]
        say += f" Not counted, since no load is known: {', '.join(names)}."
    line = Line("Kneecap load", points, Change("too_little", say))
    return Strand("load", "Kneecap load of a week", "minutes of walking", "bars", (line,), say)


def _distance(diary: Diary, today: date) -> Strand:
    points = tuple(
        Point(ends, sum(run.distance_m or 0.0 for run in done) / 1000) for ends, done in _by_week(diary.runs, today)
    )
    say = f"Last week: {points[-1].value:.1f} km." if points else "No run is on record yet."
    line = Line("Running", points if any(p.value for p in points) else (), Change("too_little", say))
    return Strand("running", "Running", "km a week", "bars", (line,), say)


def _retests(retests: Sequence[RetestEntry], library: Library) -> Iterable[Strand]:
    """Each value of each test, both sides in one strand."""
    found: dict[tuple[str, str], dict[str, list[tuple[Point, Estimate, float]]]] = {}
    for entry in retests:
        for value, measured in entry.values.items():
            if isinstance(measured, Estimate):
                factor, unit = _SHOWN.get(measured.unit, (1.0, measured.unit))
                shown = Estimate(measured.value * factor, measured.sd * factor, unit)
                half = _Z * shown.sd
                point = Point(entry.at.date(), shown.value, shown.value - half, shown.value + half)
                sides = found.setdefault((entry.test, value), {})
                told = max(entry.detectable.get(value, 0.0), _published(entry.test, value, library))
                sides.setdefault(entry.side, []).append((point, shown, told * factor))
    order = {(test.id, rule.id): n for n, (test, rule) in enumerate(_rules(library))}
    for (test, value), sides in sorted(found.items(), key=lambda one: (order.get(one[0], len(order)), one[0])):
        unit = next(iter(sides.values()))[0][1].unit
        name, low_is_good = _value(test, value, library)
        lines = []
        for side in sorted(sides):
            points = tuple(point for point, _, _ in sides[side])
            (_, first, published), (_, last, again) = sides[side][0], sides[side][-1]
            # Either the published change or the two errors at hand, whichever asks for more.
            going = f"From {_number(first.value)} to {_number(last.value)} {unit}."
            detectable = max(published, again, _Z * math.hypot(first.sd, last.sd))
            change = (
                _changed(first.value, last.value, detectable, low_is_good, going)
                if len(points) > 1
                else Change("too_little", f"{_number(first.value)} {unit}. Test again to see a change.")
            )
            lines.append(Line(side.capitalize(), points, change))
        say = " ".join(f"{line.name}: {line.change.say}" for line in lines)
        yield Strand(f"{test}.{value}", name, unit, "line", tuple(lines), say, None, low_is_good)


def _rules(library: Library) -> Iterable[tuple[MovementTest, Value]]:
    return ((test, rule) for test in library.tests.values() for rule in test.value)


def _published(test: str, value: str, library: Library) -> float:
    """The smallest change of one person that somebody published, 0 where nobody did."""
    known = library.tests.get(test)
    rule = next((rule for rule in known.value if rule.id == value), None) if known else None
    return rule.detectable.value if rule is not None and rule.detectable is not None else 0.0


def _value(test: str, value: str, library: Library) -> tuple[str, bool | None]:
    """Name of a test's value, and whether low is good, as far as what it informs says so."""
    known = library.tests.get(test)
    rule = next((rule for rule in known.value if rule.id == value), None) if known else None
    if known is None or rule is None:
        return f"{test.replace('_', ' ')}: {value.replace('_', ' ')}", None
    indicator = library.clinic.indicators.get(rule.indicator)
    usual = indicator.likelihood[-1] if indicator else None
    low_is_good = usual.absent.mean.value < usual.present.mean.value if usual else None
    return f"{known.name}: {rule.name}", low_is_good


def _by_week(dated: Sequence[T], today: date) -> list[tuple[date, list[T]]]:
    """Weeks with something in them, oldest first, each by its last day; the last one ends today."""
    found: dict[int, list[T]] = {}
    for one in dated:
        found.setdefault((today - one.at.date()).days // 7, []).append(one)
    return [(today - timedelta(days=7 * back), found[back]) for back in sorted(found, reverse=True)]


def _counted(sets: Iterable[SetEntry]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for one in sets:
        for fault, (present, judged) in one.faults.items():
            k, n = found.get(fault, (0, 0))
            found[fault] = (k + present, n + judged)
    return found


def _fault_name(fault: str, library: Library) -> str:
    rules = (rule.name for exercise in library.exercises.values() for rule in exercise.fault if rule.id == fault)
    return next(rules, fault.replace("_", " "))


def _until(diary: Diary, today: date) -> Diary:
    """The diary without what came after the day."""

    def kept(entries: Sequence[T]) -> tuple[T, ...]:
        return tuple(entry for entry in entries if entry.at.date() <= today)

    return Diary(
        kept(diary.pains), kept(diary.runs), kept(diary.climbs), kept(diary.sets), kept(diary.retests),
        kept(diary.scales), kept(diary.rungs),
    )  # fmt: skip


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
