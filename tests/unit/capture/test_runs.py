"""Runs from watches' files: what is read, what never is, and files that nobody's watch wrote."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_files import LATITUDE, PLACE, START, fit, gpx, tcx

from kneeline.capture import runs
from kneeline.capture.runs import RunRead, read_run
from kneeline.model.diary import RunEntry
from kneeline.model.errors import InputError


def read(folder: Path, data: bytes, name: str = "run.bin") -> RunRead:
    path = folder / name
    path.write_bytes(data)
    return read_run(path)


def test_fit(tmp_path: Path) -> None:
    assert read(tmp_path, fit()) == RunRead(RunEntry(START, 5000, 1800, 166), "FIT file")


def test_gpx(tmp_path: Path) -> None:
    found = read(tmp_path, gpx())
    assert (found.source, found.run.at, found.run.duration_s, found.run.cadence_per_min) == (
        "GPX file", START, 600, 164,
    )  # fmt: skip
    assert found.run.distance_m == pytest.approx(1500, rel=0.005)


def test_tcx_adds_up_its_laps_and_not_its_points(tmp_path: Path) -> None:
    assert read(tmp_path, tcx()) == RunRead(RunEntry(START, 1700, 600, 168), "TCX file")


def test_both_feet_are_not_doubled_and_standing_still_is_no_cadence(tmp_path: Path) -> None:
    assert read(tmp_path, gpx(cadence=168)).run.cadence_per_min == 168
    assert read(tmp_path, gpx(cadence=0)).run.cadence_per_min is None
    assert read(tmp_path, gpx(cadence=None)).run.cadence_per_min is None
    assert read(tmp_path, gpx(cadence=250)).run.cadence_per_min == 250
    assert read(tmp_path, gpx(cadence=900)).run.cadence_per_min is None


@pytest.mark.parametrize("data", [fit(), gpx(), tcx()], ids=["fit", "gpx", "tcx"])
def test_nothing_of_the_places_is_kept(tmp_path: Path, data: bytes) -> None:
    """No field for a place, and no name of one: neither from inside the file nor its own."""
    found = read(tmp_path, data, f"{PLACE}.fit")
    assert {field.name for field in fields(RunEntry)} == {"at", "distance_m", "duration_s", "cadence_per_min", "pain"}
    assert PLACE not in repr(found)
    assert str(LATITUDE)[:5] not in repr(found)


BOMB = b'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><gpx>&b;</gpx>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a SYSTEM "file:///etc/hostname">]><gpx>&a;</gpx>'


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"not a run", "broken"),
        (b"\xff\xfe\x00\x01" * 50, "broken"),
        (b"<html><body/></html>", "something else"),
        (BOMB, "declares"),
        (OUTSIDE, "declares"),
        (gpx()[:-40], "broken"),
        (b"<gpx/>", "planned"),
        (gpx(start=None), "no time"),
        (gpx(step_m=math.nan), "number"),
        (gpx(step_m=5000), "faster"),
        (gpx().replace(b"2026-", b"0026-"), "year 26|broken"),
        (gpx().replace(b"T07:35", b"T05:35"), "backwards"),
        (b"<gpx>" * 20_000 + b"</gpx>" * 20_000, "planned|broken"),
        (tcx(sport="Biking"), "Biking"),
        (tcx(laps=()), "began"),
        (tcx(laps=((0, 0),)), "neither"),
        (tcx(laps=((-5, 100), (600, 100))), "negative"),
        (tcx(laps=((math.nan, 100),)), "no number"),
        (tcx(laps=((math.inf, 100),)), "no number"),
        (tcx(laps=((1e6, 100),)), "two days"),
        (tcx().replace(b"StartTime", b"Began"), "began"),
        (tcx().replace(b">84<", b">many<"), "broken"),
        (fit(sport=2), "cycling"),
        (fit(message=20), "no session"),
        (fit()[:-1], "broken"),
        (fit()[:40], "broken"),
        (fit()[:-1] + b"\x00", "broken"),
        (fit(metres=4e7, seconds=10), "faster"),
    ],
)
def test_what_is_no_run_is_refused_in_one_sentence(tmp_path: Path, data: bytes, word: str) -> None:
    with pytest.raises(InputError, match=word) as refused:
        read(tmp_path, data)
    assert "\n" not in str(refused.value)


def test_what_is_not_there_or_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no file"):
        read_run(tmp_path / "none.fit")
    with pytest.raises(InputError, match="no file"):
        read_run(tmp_path)
    monkeypatch.setattr(runs, "LARGEST_BYTES", 100)
    with pytest.raises(InputError, match="larger than any run"):
        read(tmp_path, gpx())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from([fit(), gpx(2), tcx()]), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4)
)
def test_a_damaged_file_gives_a_run_or_a_sentence(tmp_path: Path, data: bytes, hits: list[tuple[int, int]]) -> None:
    broken = bytearray(data)
    for place, value in hits:
        broken[place % len(broken)] = value
    try:
        run = read(tmp_path, bytes(broken)).run
    except InputError:
        return
    numbers = [value for value in (run.distance_m, run.duration_s, run.cadence_per_min) if value is not None]
    assert all(math.isfinite(value) and value >= 0 for value in numbers)
