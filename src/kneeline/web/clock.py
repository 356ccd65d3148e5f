"""The one place that the pages take the time from, so that a test can move it."""

from __future__ import annotations

from datetime import UTC, date, datetime


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day it is where this machine stands."""
    return now().astimezone().date()
