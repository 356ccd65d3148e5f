"""A plan as a calendar file (iCalendar, RFC 5545): its training days for six weeks, and the days of the re-tests."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from icalendar import Alarm, Calendar, Event

from kneeline import __version__
from kneeline.clinic.ladder import described
from kneeline.content.load import Library
from kneeline.model.plan import PlanVersion

WEEKS = 6
"""How long a plan is put into a calendar for. House default."""
LASTS = timedelta(minutes=25)
"""How long a session is put down for. House default."""
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def calendar_text(
    version: PlanVersion, library: Library, at: time = time(18), remind_min: int | None = None, title: str = "Exercises"
) -> str:
    """The calendar of one plan; times are those of wherever one is.

    at: when a session begins. remind_min: minutes before it at which the calendar speaks up, None for not at all.
    title: what others who see the calendar read; what is done stands in the notes only.
    """
    plan, stamp = version.plan, version.change.at
    calendar = Calendar()
    calendar.add("prodid", f"-//kneeline//{__version__}//EN")
    calendar.add("version", "2.0")
    first = _first(max(plan.begun, stamp.date()), plan.weekdays)
    last = plan.begun + timedelta(weeks=WEEKS) if first < plan.begun + timedelta(weeks=WEEKS) else first
    training = Event()
    training.add("uid", f"training-{plan.begun}@kneeline")
    training.add("dtstamp", stamp)
    training.add("summary", title)
    training.add("description", "\n".join(described(p, library) for p in plan.prescriptions))
    training.add("dtstart", datetime.combine(first, at))
    training.add("duration", LASTS)
    days = [_DAYS[day] for day in plan.weekdays]
    training.add("rrule", {"freq": "weekly", "byday": days, "until": datetime.combine(last, time(23, 59))})
    if remind_min is not None:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        alarm.add("trigger", timedelta(minutes=-remind_min))
        training.add_component(alarm)
    calendar.add_component(training)
    for rule in library.planning.rules.values():
        for test in rule.when:
            if rule.asks == "retest" and test.reaches is not None:
                calendar.add_component(_retest(plan.begun, int(test.reaches.value), rule.name, stamp))
    return bytes(calendar.to_ical()).decode("utf-8")


def _first(since: date, weekdays: tuple[int, ...]) -> date:
    return next(day for n in range(7) if (day := since + timedelta(days=n)).weekday() in weekdays)


def _retest(begun: date, days: int, name: str, stamp: datetime) -> Event:
    event = Event()
    event.add("uid", f"retest-{begun}-{days}@kneeline")
    event.add("dtstamp", stamp)
    event.add("summary", name)
    event.add("dtstart", begun + timedelta(days=days))
    return event
