"""What the next run may be, and why: the running rules read over a log, the same log always with the same answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal

from kneeline.content.load_schema import RunningSheet
from kneeline.model.diary import PainEntry, RunEntry

STARTED_WITHIN = timedelta(hours=6)
"""How long before a run its pain before may have been told, and after it the pain an hour after. House default."""


@dataclass(frozen=True, slots=True)
class RunJudged:
    """A run against the rules.

    verdict: "calm" with everything told and within limits, "too_much" with anything beyond, "not_told" otherwise.
    why: the rules that were broken; missing: what was not told ("pain in the run", "pain an hour after", ...).
    """

    run: RunEntry
    verdict: Literal["calm", "too_much", "not_told"]
    why: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NextRun:
    """What the next run may be: rounds of running and walking (walk 0: running through), not before a day.

    verdict: against the last run. why: sentences, most important first. cadence_per_min: steps of both feet that may be
    tried, None where nothing speaks for it.
    """

    verdict: Literal["start", "more", "same", "less"]
    run_min: float
    walk_min: float
    rounds: int
    not_before: date
    why: tuple[str, ...]
    cadence_per_min: tuple[int, int] | None = None

    @property
    def minutes(self) -> float:
        """Minutes of running in all."""
        return self.run_min * self.rounds

    @property
    def plan(self) -> str:
        """What to do, in words.

        >>> NextRun("start", 4, 1, 5, date(2026, 1, 1), ()).plan
        'Run 4 minutes, walk 1, five times.'
        """
        if not self.walk_min:
            return f"Run {self.run_min:g} minutes through."
        return f"Run {_minutes(self.run_min)}, walk {self.walk_min:g}, {_TIMES.get(self.rounds, self.rounds)} times."


_TIMES = dict(enumerate(("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")))


@dataclass(frozen=True, slots=True)
class _State:
    """Where somebody is in the rules: a step, minutes when running through, and calm runs there so far."""

    step: int
    minutes: float
    calm: int = 0


def judge(run: RunEntry, pains: Iterable[PainEntry], sheet: RunningSheet) -> RunJudged:
    """A run against the rules: pain in it, where the pain is an hour after, and the next morning.

    pains: of "before" and "hour_after" near the run, of "next_morning" by their day. Where nobody told the pain before,
    the hour after is held to the limit of the run itself.
    """
    near = [pain for pain in pains if abs(pain.at - run.at) <= timedelta(days=2)]
    before = _last(p for p in near if p.of == "before" and timedelta(0) <= run.at - p.at <= STARTED_WITHIN)
    hour = _first(p for p in near if p.of == "hour_after" and timedelta(0) <= p.at - run.at <= STARTED_WITHIN)
    mornings = {p.at.date(): p.value for p in near if p.of == "next_morning"}
    morning, usual = (mornings.get(run.at.date() + timedelta(days=days)) for days in (1, 0))
    usual = usual if usual is not None else before
    words, why = sheet.says, []
    if run.pain is not None and run.pain > sheet.pain.value:
        why.append(words["pain"].format(pain=run.pain, limit=sheet.pain.value))
    if hour is not None and hour > (before if before is not None else sheet.pain.value):
        why.append(words["settle"].format(minutes=sheet.settle.value))
    if morning is not None and usual is not None and morning > usual + sheet.morning.value:
        why.append(words["morning"].format())
    told = {
        "pain in the run": run.pain,
        "pain an hour after": hour,
        "pain the next morning": morning,
        "pain before the run or that morning": usual,
    }
    missing = tuple(name for name, value in told.items() if value is None)
    return RunJudged(run, "too_much" if why else "not_told" if missing else "calm", tuple(why), missing)


def next_run(
    runs: Sequence[RunEntry],
    pains: Sequence[PainEntry],
    today: date,
    sheet: RunningSheet,
    *,
    usual: float | None = None,
) -> NextRun:
    """What the next run may be after these, oldest first.

    Each calm run counts; enough of them in a row earn the next step, or some more minutes when running through. One
    that was too much goes a step back and asks for rest. A run that was not fully told changes nothing.
    usual: steps a minute of both feet in an ordinary run, when known.

    >>> from kneeline.content.load import load
    >>> next_run((), (), date(2026, 11, 22), load().sheets.running).plan
    'Run 1 minute, walk 1, ten times.'
    """
    done = [run for run in runs if run.at.date() <= today]
    if not done:
        return replace(_as_run("start", _State(0, 0.0), sheet), not_before=today, why=(sheet.says["first"],))
    near = _by_run(done, pains)
    state = _where(done[0], sheet)
    before = state
    judged = judge(done[0], near[0], sheet)
    state = _after(state, judged, sheet)
    for (earlier, run), told in zip(pairwise(done), near[1:], strict=True):
        before = state = _not_stale(state, (run.at.date() - earlier.at.date()).days, sheet)
        judged = judge(run, told, sheet)
        state = _after(state, judged, sheet)
    idle = (today - done[-1].at.date()).days
    rested = _not_stale(state, idle, sheet)
    why = _why(judged, rested, sheet)
    if rested != state:
        why = (sheet.says["stale"].format(days=idle), *why)
    rest = 1 + (round(sheet.rest.value) if judged.verdict == "too_much" else 0)
    not_before = max(today, done[-1].at.date() + timedelta(days=rest))
    if judged.verdict == "too_much" and not_before > today:
        why = (*why, sheet.says["rest"].format(day=f"{not_before:%A}"))
    steps = usual if usual is not None else done[-1].cadence_per_min
    cadence = _cadence(steps, sheet)
    if cadence:
        why = (*why, sheet.says["cadence"].format(low=cadence[0], high=cadence[1]))
    verdict = _against(rested, before)
    return replace(_as_run(verdict, rested, sheet), not_before=not_before, why=why, cadence_per_min=cadence)


def _where(first: RunEntry, sheet: RunningSheet) -> _State:
    """Somebody who ran longer than the steps take goes on from there; anybody else begins at the first step."""
    minutes = first.duration_s / 60 if first.duration_s else 0.0
    last = len(sheet.step) - 1
    return _State(last, minutes) if minutes > sheet.step[last].run.value else _State(0, 0.0)


def _after(state: _State, judged: RunJudged, sheet: RunningSheet) -> _State:
    through = state.step == len(sheet.step) - 1
    if judged.verdict == "too_much":
        if not through:
            return _State(max(0, state.step - 1), 0.0)
        least = sheet.step[-1].run.value
        shorter = max(state.minutes, least) * sheet.shorter.value
        return _State(state.step, shorter) if shorter >= least else _State(sheet.back_to, 0.0)
    if judged.verdict == "not_told":
        return state
    if state.calm + 1 < sheet.calm.value:
        return replace(state, calm=state.calm + 1)
    if through:
        return _State(state.step, max(state.minutes, sheet.step[-1].run.value) * (1 + sheet.longer.value))
    return _State(state.step + 1, 0.0)


def _not_stale(state: _State, idle_days: int, sheet: RunningSheet) -> _State:
    if idle_days <= sheet.stale.value:
        return state
    if state.minutes > sheet.step[-1].run.value:
        return _State(state.step, 0.0)
    return _State(max(0, state.step - 1), 0.0)


def _as_run(verdict: Literal["start", "more", "same", "less"], state: _State, sheet: RunningSheet) -> NextRun:
    step = sheet.step[state.step]
    run = max(step.run.value, float(int(state.minutes)))  # whole minutes, never more than was earned
    return NextRun(verdict, run, step.walk.value, round(step.rounds.value), date.min, ())


def _against(now: _State, before: _State) -> Literal["more", "same", "less"]:
    a, b = (now.step, now.minutes), (before.step, before.minutes)
    return "more" if a > b else "less" if a < b else "same"


def _why(judged: RunJudged, state: _State, sheet: RunningSheet) -> tuple[str, ...]:
    words = sheet.says
    if judged.verdict == "too_much":
        return (*judged.why, words["eased"].format(), words["slower"].format())
    if judged.verdict == "not_told":
        return (words["not_told"].format(missing=", ".join(judged.missing)),)
    needed = round(sheet.calm.value)
    told = words["wait"].format(calm=needed, have=state.calm) if state.calm else words["earned"].format(calm=needed)
    return (words["calm"].format(), told)


def _cadence(steps: float | None, sheet: RunningSheet) -> tuple[int, int] | None:
    if steps is None or not 0 < steps <= sheet.quicker_below.value:
        return None
    return round(steps * (1 + sheet.quicker_least.value)), round(steps * (1 + sheet.quicker_most.value))


def _by_run(runs: Sequence[RunEntry], pains: Sequence[PainEntry]) -> list[list[PainEntry]]:
    """For each run the pains of the days around it, in one pass over both."""
    days: dict[date, list[PainEntry]] = {}
    for pain in pains:
        days.setdefault(pain.at.date(), []).append(pain)
    around = (-1, 0, 1)
    return [[p for off in around for p in days.get(run.at.date() + timedelta(days=off), ())] for run in runs]


def _first(pains: Iterable[PainEntry]) -> float | None:
    return min(((p.at, p.value) for p in pains), default=(datetime.max, None))[1]


def _last(pains: Iterable[PainEntry]) -> float | None:
    return max(((p.at, p.value) for p in pains), default=(datetime.min, None))[1]


def _minutes(count: float) -> str:
    return f"{count:g} minute" + ("" if count == 1 else "s")
