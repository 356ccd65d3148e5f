"""How hard the kneecap is pressed, in walking: by activity and knee bend, by week, and what to leave out for now.

Two models of the joint disagree, above all far bent, and nobody knows which is right for the person at hand. So every
load is a `Load`, the range between the two, relative to walking, and never a pressure. A week adds up how much times
how long: its unit is a minute of walking. Stairs, running and walking have published forces; which of the models a
publication used is not known here, so their range is what the other model would have said of the same movement.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from kneeline.content.load_schema import Activity, JointModel, LeaveOut, LoadSheet
from kneeline.model.diary import ClimbEntry, Diary, RunEntry, SetEntry

GRAVITY_M_S2 = 9.81
Part = Literal["exercise", "running", "stairs"]
PARTS: tuple[Part, ...] = ("exercise", "running", "stairs")
"""What a week's load is made of."""


@dataclass(frozen=True, slots=True)
class Load:
    """A load as the two models give it, in the order of the sheet; of the same unit.

    >>> Load(1.0, 2.0) + Load(3.0, 1.0)
    Load(first=4.0, second=3.0)
    """

    first: float
    second: float

    @property
    def low(self) -> float:
        """The smaller of the two."""
        return min(self.first, self.second)

    @property
    def high(self) -> float:
        """The larger of the two."""
        return max(self.first, self.second)

    @property
    def middle(self) -> float:
        """Half way between the two."""
        return (self.first + self.second) / 2

    def __add__(self, other: Load) -> Load:
        return Load(self.first + other.first, self.second + other.second)

    def times(self, factor: float) -> Load:
        """So many times as much."""
        return Load(self.first * factor, self.second * factor)


NOTHING = Load(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """The load of one activity over knee bend, times walking; one point only where just its peak is published.

    spread: of that peak between people (one standard deviation to either side); None where it was worked out.
    """

    id: str
    name: str
    says: str
    knee_deg: tuple[float, ...]
    load: tuple[Load, ...]
    spread: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class WeekLoad:
    """Seven days of load in minutes of walking.

    ends: the last of them. not_counted: what was done and has no known load, each once. told: whether anything was.
    whole: whether the record had begun by its first day.
    """

    ends: date
    exercise: Load
    running: Load
    stairs: Load
    not_counted: tuple[str, ...]
    told: bool
    whole: bool

    @property
    def total(self) -> Load:
        """All three together."""
        return self.exercise + self.running + self.stairs


@dataclass(frozen=True, slots=True)
class Jump:
    """Whether the last week is far above one's own weeks before.

    verdict: "jump" only where both models say so. ratio: to the mean of the weeks before, None with too few of them.
    """

    verdict: Literal["jump", "no_jump", "too_little"]
    ratio: Load | None
    mostly: Part | None
    say: str


def relative_load(activity_id: str, knee_deg: float, sheet: LoadSheet) -> Load:
    """Load of an activity that is worked out, at a knee bend inside its range, times walking.

    Raises: ValueError outside the range, and for an activity of which only the peak is known.

    >>> from kneeline.content.load import load
    >>> gentle, deep = (relative_load("squat", bend, load().sheets.load).middle for bend in (30, 90))
    >>> deep > 5 * gentle
    True
    """
    activity = sheet.activity[activity_id]
    if activity.shape == "measured":
        raise ValueError(f"of {activity_id} only the peak is known")
    if not activity.from_deg <= knee_deg <= activity.to_deg:
        raise ValueError(
            f"{activity_id} goes from {activity.from_deg:g} to {activity.to_deg:g} degrees, not {knee_deg}"
        )
    moment = _moment_per_kg(activity, knee_deg, sheet)
    walking = _force_bw(sheet.activity["walking"])
    first, second = (model.force_per_moment(knee_deg) * moment / GRAVITY_M_S2 for model in sheet.model.values())
    return Load(first / walking, second / walking)


def peak_load(activity_id: str, sheet: LoadSheet) -> Load:
    """Greatest load of a published activity, times walking, with what the other model would make of it.

    >>> from kneeline.content.load import load
    >>> peak_load("walking", load().sheets.load)
    Load(first=1.0, second=1.0)
    """
    activity, walking = sheet.activity[activity_id], sheet.activity["walking"]
    ratio = _force_bw(activity) / _force_bw(walking)
    first, second = sheet.model.values()
    other = _between(first, second, activity) / _between(first, second, walking)
    low, high = sorted((other, 1 / other))
    return Load(ratio * low, ratio * high)


def curves(sheet: LoadSheet, *, all_of_them: bool = False, step_deg: float = 1.0) -> tuple[Curve, ...]:
    """What is drawn of every activity, in the order of the sheet; those apart only on request."""
    found = []
    for key, activity in sheet.activity.items():
        if not (activity.drawn or all_of_them):
            continue
        if activity.shape == "measured":
            walking = _force_bw(sheet.activity["walking"])
            sd = activity.spread.value if activity.spread else 0.0
            ends = ((_force_bw(activity) - sd) / walking, (_force_bw(activity) + sd) / walking)
            at = activity.peak_at.value if activity.peak_at else 0.0
            found.append(Curve(key, activity.name, activity.says, (at,), (peak_load(key, sheet),), ends))
            continue
        count = round((activity.to_deg - activity.from_deg) / step_deg)
        bends = tuple(activity.from_deg + i * step_deg for i in range(count + 1))
        found.append(
            Curve(key, activity.name, activity.says, bends, tuple(relative_load(key, bend, sheet) for bend in bends))
        )
    return tuple(found)


def crossing_deg(one: str, other: str, sheet: LoadSheet) -> float | None:
    """Knee bend at which two activities load alike; None where they do not cross. Both models give the same.

    >>> from kneeline.content.load import load
    >>> round(crossing_deg("leg_press", "knee_extension", load().sheets.load))
    52
    """
    a, b = sheet.activity[one], sheet.activity[other]
    start, stop = max(a.from_deg, b.from_deg), min(a.to_deg, b.to_deg)
    bends = [start + 0.1 * i for i in range(round((stop - start) / 0.1) + 1)]
    gaps = [_moment_per_kg(a, bend, sheet) - _moment_per_kg(b, bend, sheet) for bend in bends]
    return next((bends[i] for i, (now, then) in enumerate(pairwise(gaps), 1) if now * then < 0), None)


def run_load(run: RunEntry, sheet: LoadSheet) -> Load | None:
    """Load of a run in minutes of walking; None where neither time nor distance is known."""
    minutes = run.duration_s / 60 if run.duration_s else None
    if minutes is None and run.distance_m:
        minutes = run.distance_m / 1000 * sheet.week.pace.value
    if minutes is None:
        return None
    steps = minutes * (run.cadence_per_min or sheet.week.cadence.value) / 2
    return _in_walking(peak_load("running", sheet), steps * _loaded_s(sheet.activity["running"]), sheet)


def stairs_load(climb: ClimbEntry, sheet: LoadSheet) -> Load:
    """Load of floors climbed and come down again, in minutes of walking."""
    steps = climb.floors * sheet.week.steps_a_floor.value / 2
    parts = (
        _in_walking(peak_load(key, sheet), steps * _loaded_s(sheet.activity[key]), sheet)
        for key in ("stairs_up", "stairs_down")
    )
    return sum(parts, start=NOTHING)


def set_load(done: SetEntry, sheet: LoadSheet) -> Load | None:
    """Load of a set in minutes of walking; None for an exercise whose load is not known.

    A set of both legs loads each of them; of a one-sided exercise it is that leg's.
    """
    known = sheet.exercise.get(done.exercise)
    if known is None:
        return None
    return _in_walking(relative_load(known.activity, known.bend.value, sheet), done.tension_s, sheet)


def weeks(diary: Diary, today: date, sheet: LoadSheet, count: int = 12) -> tuple[WeekLoad, ...]:
    """Load of the last weeks, oldest first; each has seven days, the last of which ends today.

    Sets of either leg count half, so that the week is that of one knee.
    """
    ends = [today - timedelta(days=7 * i) for i in reversed(range(count))]
    slots: list[_Slot] = [_Slot() for _ in ends]
    days = (kind[0].at.date() for kind in (diary.runs, diary.climbs, diary.sets) if kind)
    began = min(days, default=today)

    def slot(day: date) -> _Slot | None:
        back = (today - day).days // 7
        return slots[count - 1 - back] if 0 <= back < count else None

    for run in diary.runs:
        if (found := slot(run.at.date())) is not None:
            found.running = found.add(found.running, run_load(run, sheet), "a run without time or distance")
    for climb in diary.climbs:
        if (found := slot(climb.at.date())) is not None:
            found.stairs = found.add(found.stairs, stairs_load(climb, sheet), "")
    for done in diary.sets:
        if (found := slot(done.at.date())) is not None:
            load = set_load(done, sheet)
            share = 1.0 if done.side == "both" else 0.5
            found.exercise = found.add(found.exercise, load.times(share) if load else None, done.exercise)
    return tuple(
        WeekLoad(
            end,
            one.exercise,
            one.running,
            one.stairs,
            tuple(dict.fromkeys(one.not_counted)),
            one.told,
            began <= end - timedelta(days=6),
        )
        for end, one in zip(ends, slots, strict=True)
    )


def jump(found: Iterable[WeekLoad], sheet: LoadSheet) -> Jump:
    """Whether the newest week is far above the mean of the whole weeks before it that anything is told of."""
    *earlier, last = found
    before = [week for week in earlier[-round(sheet.week.before.value) :] if week.told and week.whole]
    if len(before) < sheet.week.least.value:
        return Jump("too_little", None, None, "There are too few weeks on record to tell whether this one is a jump.")
    mean = sum((week.total for week in before), start=NOTHING).times(1 / len(before))
    if min(mean.low, last.total.low) <= 0:
        return Jump("too_little", None, None, "There is too little load on record to compare this week with.")
    ratio = Load(last.total.first / mean.first, last.total.second / mean.second)
    rise = {part: _part(last, part) - sum(_part(week, part) for week in before) / len(before) for part in PARTS}
    mostly = max(rise, key=lambda name: rise[name])
    if ratio.low <= sheet.week.jump.value:
        say = f"This week is {ratio.middle:.1f} times your usual load. That is no jump."
        return Jump("no_jump", ratio, None, say)
    say = (
        f"This week is {ratio.middle:.1f} times your usual load, most of it from {mostly}. "
        "That is a jump. Keep next week nearer to what you are used to."
    )
    return Jump("jump", ratio, mostly, say)


def leave_out(stairs_pain: float | None, sheet: LoadSheet) -> tuple[LeaveOut, ...]:
    """What to leave out for now at this much pain on the stairs (0 to 10); nothing where that is not known."""
    if stairs_pain is None or math.isnan(stairs_pain):
        return ()
    return tuple(one for one in sheet.leave_out.values() if stairs_pain >= one.pain.value)


def _part(week: WeekLoad, part: Part) -> float:
    return {"exercise": week.exercise, "running": week.running, "stairs": week.stairs}[part].middle


class _Slot:
    """One week while it is added up."""

    def __init__(self) -> None:
        self.exercise, self.running, self.stairs = NOTHING, NOTHING, NOTHING
        self.not_counted: list[str] = []
        self.told = False

    def add(self, so_far: Load, more: Load | None, name: str) -> Load:
        self.told = True
        if more is None:
            self.not_counted.append(name)
            return so_far
        return so_far + more


def _moment_per_kg(activity: Activity, knee_deg: float, sheet: LoadSheet) -> float:
    """Moment that straightens the knee, in Nm per kg of body mass."""
    if activity.share is not None:
        return activity.share.value * GRAVITY_M_S2 * _squat_arm_m(knee_deg, sheet)
    most = activity.moment.value if activity.moment is not None else 0.0
    if activity.shape == "press":
        # Thigh and shank of one length: the knee lies their length times sin(bend / 2) off the line from hip to foot.
        return most * math.sin(math.radians(knee_deg / 2)) / math.sin(math.radians(activity.to_deg / 2))
    if activity.shape == "hanging":
        return most * math.cos(math.radians(knee_deg))  # the thigh is level, so the shin hangs at 90 degrees
    return most


def _squat_arm_m(knee_deg: float, sheet: LoadSheet) -> float:
    low, high = next((a, b) for a, b in pairwise(sheet.squat) if knee_deg <= b.knee_deg)
    share = (knee_deg - low.knee_deg) / (high.knee_deg - low.knee_deg)
    return low.arm.value + share * (high.arm.value - low.arm.value)


def _in_walking(load: Load, loaded_s: float, sheet: LoadSheet) -> Load:
    """Minutes of walking that press as much, for as long, as this load does in so many seconds."""
    minute_s = sheet.week.walking_steps.value * _loaded_s(sheet.activity["walking"])
    return load.times(loaded_s / minute_s)


def _between(first: JointModel, second: JointModel, activity: Activity) -> float:
    at = activity.peak_at.value if activity.peak_at is not None else 0.0
    return second.force_per_moment(at) / first.force_per_moment(at)


def _force_bw(activity: Activity) -> float:
    return activity.force.value if activity.force is not None else 0.0


def _loaded_s(activity: Activity) -> float:
    return activity.loaded.value if activity.loaded is not None else 0.0
