"""A plan in a calendar, read back by a library for calendars."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from icalendar import Calendar

from kneeline.clinic.plan import start_plan
from kneeline.clinic.simulate import Start, made_up_answers, made_up_leg
from kneeline.content.load import load
from kneeline.report.calendar import calendar_text

LIBRARY = load()


def calendar(**more: object) -> Calendar:
    start = Start(focus="hip", equipment=("loop",))
    version = start_plan(made_up_leg(start), made_up_answers(start), LIBRARY, datetime(2026, 1, 7, 6))
    return Calendar.from_ical(calendar_text(version, LIBRARY, **more))  # type: ignore[arg-type]


def test_the_training_days_stand_in_it_for_six_weeks() -> None:
    training, *_ = calendar(at=time(7, 30)).walk("VEVENT")
    assert training.decoded("dtstart") == datetime(2026, 1, 7, 7, 30)
    assert sorted(training["rrule"]["BYDAY"]) == ["FR", "SU", "WE"]
    assert training["rrule"]["UNTIL"][0].date() == date(2026, 1, 7) + timedelta(weeks=6)


def test_the_re_tests_stand_in_it() -> None:
    _, four, six = calendar().walk("VEVENT")
    assert [one.decoded("dtstart") - date(2026, 1, 7) for one in (four, six)] == [timedelta(28), timedelta(42)]


def test_others_who_see_the_calendar_read_nothing_of_a_knee() -> None:
    training, *_ = calendar().walk("VEVENT")
    assert str(training["summary"]) == "Exercises"
    assert "Banded stand" in str(training["description"])


def test_it_reminds_only_when_that_is_asked_for() -> None:
    assert calendar().walk("VALARM") == []
    (alarm,) = calendar(remind_min=15).walk("VALARM")
    assert alarm.decoded("trigger") == timedelta(minutes=-15)


def test_lines_end_as_the_standard_says() -> None:
    start = Start()
    version = start_plan(made_up_leg(start), made_up_answers(start), LIBRARY, datetime(2026, 1, 7, 6))
    lines = calendar_text(version, LIBRARY).split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert all(len(line.encode()) <= 75 for line in lines)
