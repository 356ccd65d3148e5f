"""A run from a watch's file: when, how far, how long, how many steps; where it went is kept nowhere."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from kneeline.model.diary import RunEntry
from kneeline.model.errors import InputError

LARGEST_BYTES = 50_000_000
"""Size of a file that is still read; a day on foot with a point a second has some 30 MB. House default."""
LONGEST_S, FASTEST_M_S = 48 * 3600.0, 12.0
"""A longer or faster run is a slip of the file. House defaults."""
ONE_FOOT_PER_MIN = 120.0
"""Watches count one foot; a mean above this is both feet already, since one never steps so often. House default."""

_KNOWN = "a run as .fit, .gpx or .tcx"
_BROKEN = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, struct.error, RecursionError)


@dataclass(frozen=True, slots=True)
class RunRead:
    """A run and the sort of file it was in."""

    run: RunEntry
    source: str


def read_run(path: Path) -> RunRead:
    """The run in a FIT, GPX or TCX file, told by its content.

    Distance in m, duration in s without pauses, cadence in steps of both feet per minute; None for what is not there.

    Raises: InputError for a file that is none of these, is broken or too large, holds no run, has no time, or has
    values that no run has.
    """
    try:
        if not path.is_file():
            raise InputError(f"There is no file {path.name}", expected=_KNOWN)
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path.name} is larger than any run", expected=f"at most {LARGEST_BYTES // 10**6} MB")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}", expected=_KNOWN) from error
    if not data.strip():
        raise InputError(f"{path.name} is empty", expected=_KNOWN)
    try:
        if data[8:12] == b".FIT":
            return RunRead(_checked(_fit(data)), "FIT file")
        root = _xml(data)
        kind = _bare(root)
        if kind == "gpx":
            return RunRead(_checked(_gpx(data)), "GPX file")
        if kind == "TrainingCenterDatabase":
            return RunRead(_checked(_tcx(root)), "TCX file")
    except _NoRunError as error:
        raise InputError(f"{path.name} holds no run we can use: {error}", expected=_KNOWN) from error
    except _BROKEN as error:
        raise InputError(
            f"{path.name} is broken or cut short", expected=_KNOWN, try_next="export it from the watch again"
        ) from error
    raise InputError(f"{path.name} is something else", expected=_KNOWN)


class _NoRunError(Exception):
    """Why a file that could be read holds no run."""


def _checked(run: RunEntry) -> RunEntry:
    """The run, if it can have been one."""
    numbers = (run.distance_m, run.duration_s, run.cadence_per_min)
    if any(value is not None and not (math.isfinite(value) and value >= 0) for value in numbers):
        raise _NoRunError("a number in it is negative or no number")
    if not run.distance_m and not run.duration_s:
        raise _NoRunError("it has neither time nor distance")
    if not 1990 <= run.at.year <= 2100:
        raise _NoRunError(f"it began in the year {run.at.year}")
    if (run.duration_s or 0.0) > LONGEST_S:
        raise _NoRunError("it lasted more than two days")
    if run.distance_m and run.distance_m > FASTEST_M_S * (run.duration_s or LONGEST_S):
        raise _NoRunError("it is faster than anybody runs")
    cadence = run.cadence_per_min
    return RunEntry(
        run.at, run.distance_m, run.duration_s, cadence if cadence is None or 0 < cadence < 300 else None, run.pain
    )


def _both_feet(per_min: Iterable[float]) -> float | None:
    """Mean of the steps of both feet; None where none were counted. Standing still is no cadence."""
    counted = [value for value in per_min if value > 0]
    if not counted:
        return None
    mean = sum(counted) / len(counted)
    return 2 * mean if mean <= ONE_FOOT_PER_MIN else mean


def _fit(data: bytes) -> RunEntry:
    """The first session of running, or the first of an unnamed sport."""
    import fitdecode

    try:
        with fitdecode.FitReader(
            data, check_crc=fitdecode.CrcCheck.RAISE, error_handling=fitdecode.ErrorHandling.RAISE
        ) as reader:
            messages = (frame for frame in reader if isinstance(frame, fitdecode.FitDataMessage))
            sessions = [_session(frame) for frame in messages if frame.name == "session"]
    except fitdecode.FitError as error:
        raise ValueError(str(error)) from error
    if not sessions:
        raise _NoRunError("no session was ended in it")
    runs = [one for one in sessions if one["sport"] in ("running", "None", "generic")]
    if not runs:
        raise _NoRunError(f"the sport in it is {sessions[0]['sport']!r}")
    first = runs[0]
    if not isinstance(first["start_time"], datetime):
        raise _NoRunError("it does not say when it began")
    cadence = first["avg_running_cadence"] or first["avg_cadence"]
    return RunEntry(
        first["start_time"].astimezone(UTC),
        _number(first["total_distance"]),
        _number(first["total_timer_time"]),
        _both_feet([float(cadence)] if cadence else []),
    )


def _session(frame: Any) -> dict[str, Any]:
    names = ("start_time", "total_distance", "total_timer_time", "avg_running_cadence", "avg_cadence")
    return {"sport": str(frame.get_value("sport", fallback=None))} | {
        name: frame.get_value(name, fallback=None) for name in names
    }


def _xml(data: bytes) -> Element:
    """The root of an XML file that declares nothing of its own, so that nothing in it can grow."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise _NoRunError("it declares things of its own, as no watch does") from error
    except ParseError as error:
        raise ValueError(str(error)) from error
    return root


def _gpx(data: bytes) -> RunEntry:
    """All tracks of a file as one run; `_xml` has looked through it before."""
    import gpxpy
    from gpxpy.gpx import GPXException

    try:
        gpx = gpxpy.parse(data)
    except GPXException as error:
        raise ValueError(str(error)) from error
    segments = [segment for track in gpx.tracks for segment in track.segments if segment.points]
    if not segments:
        raise _NoRunError("it is a route that was planned, or has no points")
    times = [point.time for segment in segments for point in segment.points if point.time is not None]
    if not times:
        raise _NoRunError("its points have no time")
    seconds = 0.0
    for segment in segments:
        told = [_utc(point.time) for point in segment.points if point.time is not None]
        if any(later < earlier for earlier, later in pairwise(told)):
            raise _NoRunError("its time runs backwards")
        seconds += (told[-1] - told[0]).total_seconds() if told else 0.0
    steps = (
        float(item.text or 0)
        for segment in segments
        for point in segment.points
        for extension in point.extensions
        for item in extension.iter()
        if _bare(item) == "cad"
    )
    return RunEntry(
        _utc(times[0]), sum(float(segment.length_2d() or 0.0) for segment in segments), seconds, _both_feet(steps)
    )


def _tcx(root: Element) -> RunEntry:
    """The laps of the first activity, added up."""
    activity = next((item for item in root.iter() if _bare(item) == "Activity"), None)
    if activity is None:
        raise _NoRunError("no activity is in it")
    sport = activity.get("Sport", "Running")
    if sport not in ("Running", "Other"):
        raise _NoRunError(f"the sport in it is {sport!r}")
    laps = [item for item in activity if _bare(item) == "Lap"]
    if not laps or not laps[0].get("StartTime"):
        raise _NoRunError("it does not say when it began")
    steps = (float(item.text or 0) for item in activity.iter() if _bare(item) in ("RunCadence", "Cadence"))
    return RunEntry(
        _utc(datetime.fromisoformat(laps[0].get("StartTime", ""))),
        sum(_inside(laps, "DistanceMeters")),
        sum(_inside(laps, "TotalTimeSeconds")),
        _both_feet(steps),
    )


def _inside(laps: Iterable[Element], name: str) -> Iterator[float]:
    """A value of each lap itself, not of its points; a negative one is a slip that a sum would hide."""
    for lap in laps:
        for item in lap:
            if _bare(item) == name:
                value = float(item.text or 0)
                if not value >= 0:
                    raise _NoRunError("a number in it is negative or no number")
                yield value


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _utc(at: datetime) -> datetime:
    """A time as UTC, which these files write; one without a zone is taken for it."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _bare(item: Element) -> str:
    """The name of an element without its namespace."""
    return str(item.tag).rpartition("}")[2]
