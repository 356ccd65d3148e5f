"""Small run files as watches write them, of a run that never happened."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
PLACE = "Nowhere Hill"
LATITUDE = 51.476852
_FIT_EPOCH = datetime(1989, 12, 31, tzinfo=UTC)


def gpx(minutes: int = 10, cadence: int | None = 82, start: datetime | None = START, step_m: float = 150.0) -> bytes:
    """A GPX with one point a minute towards the north."""
    points = []
    for i in range(minutes + 1):
        when = f"<time>{(start + timedelta(minutes=i)):%Y-%m-%dT%H:%M:%SZ}</time>" if start else ""
        steps = f"<extensions><t:TrackPointExtension><t:cad>{cadence}</t:cad></t:TrackPointExtension></extensions>"
        points.append(
            f'<trkpt lat="{LATITUDE + i * step_m / 111_195:.7f}" lon="-0.0005"><ele>40</ele>{when}'
            f"{steps if cadence is not None else ''}</trkpt>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="watch" '
        'xmlns="http://www.topografix.com/GPX/1/1" xmlns:t="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
        f"<trk><name>{PLACE}</name><trkseg>{''.join(points)}</trkseg></trk></gpx>"
    ).encode()


def tcx(laps: tuple[tuple[float, float], ...] = ((300, 900), (300, 800)), sport: str = "Running") -> bytes:
    """A TCX with laps of (seconds, metres), each with one point."""
    start = f"{START:%Y-%m-%dT%H:%M:%S.000Z}"
    inner = "".join(
        f'<Lap StartTime="{start}"><TotalTimeSeconds>{s}</TotalTimeSeconds><DistanceMeters>{m}</DistanceMeters>'
        f"<Track><Trackpoint><Time>{start}</Time><Position><LatitudeDegrees>{LATITUDE}</LatitudeDegrees></Position>"
        "<DistanceMeters>99999</DistanceMeters><Extensions><x:TPX><x:RunCadence>84</x:RunCadence></x:TPX></Extensions>"
        "</Trackpoint></Track></Lap>"
        for s, m in laps
    )
    return (
        '<?xml version="1.0"?><TrainingCenterDatabase '
        'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2" xmlns:x="urn:x">'
        f'<Activities><Activity Sport="{sport}"><Id>{start}</Id><Notes>{PLACE}</Notes>{inner}</Activity></Activities>'
        "</TrainingCenterDatabase>"
    ).encode()


def fit(seconds: float = 1800, metres: float = 5000, cadence: int = 83, sport: int = 1, message: int = 18) -> bytes:
    """A FIT with one session (message 18); sport 1 is running, 2 is cycling."""
    # Fields: start_time 2, start_position_lat 3, sport 5, total_timer_time 8, total_distance 9, cadence 18.
    fields = ((2, 4, 0x86), (3, 4, 0x85), (5, 1, 0x00), (8, 4, 0x86), (9, 4, 0x86), (18, 1, 0x02))
    definition = bytes([0x40, 0, 0]) + struct.pack("<HB", message, len(fields)) + b"".join(map(bytes, fields))
    began = int((START - _FIT_EPOCH).total_seconds())
    place = int(LATITUDE * 2**31 / 180)
    values = struct.pack("<BIiBIIB", 0, began, place, sport, round(seconds * 1000), round(metres * 100), cadence)
    body = definition + values
    header = struct.pack("<BBHI4s", 14, 0x20, 2132, len(body), b".FIT")
    head = header + struct.pack("<H", _crc(header))
    return head + body + struct.pack("<H", _crc(head + body))


def _crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc
