"""Writing down what happened, and asking whether it is working."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from makers import Run
from run_files import LATITUDE, PLACE, fit, gpx, tcx


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "records"
    monkeypatch.setenv("KNEELINE_DATA", str(folder))
    return folder


def days_ago(days: int) -> str:
    return (datetime.now() - timedelta(days=days)).isoformat(timespec="minutes")


def test_what_is_written_down_comes_back_as_progress(run: Run, data: Path) -> None:
    assert run("log", "pain", 6, "--of", "stairs", "--at", days_ago(30)).code == 0
    assert run("log", "pain", 3, "--of", "stairs", "--side", "left").code == 0
    assert run("log", "run", "--km", 5, "--minutes", 30, "--pain", 1).code == 0
    assert run("log", "stairs", 6).code == 0
    assert run("log", "note", "held well").code == 0
    told = run("progress")
    assert told.code == 0
    assert "better" in told.out
    assert "Next run" in told.out
    answer = json.loads(run("progress", "--json", "-").out)
    assert answer["headline"]["lines"][0]["change"] == {
        "verdict": "better", "say": "First week 6, last week 3 of 10. That is more than error: better.",
        "first": 6.0, "last": 3.0, "detectable": 2.0,
    }  # fmt: skip
    assert {strand["id"] for strand in answer["strands"]} == {"load", "running"}
    assert answer["next_run"]["run_min"] == 30


@pytest.mark.parametrize(("name", "content"), [("a.fit", fit()), ("a.gpx", gpx()), ("a.tcx", tcx())])
def test_a_watchs_run_is_kept_once_and_nothing_of_its_places(run: Run, data: Path, name: str, content: bytes) -> None:
    file = data.parent / f"{PLACE} {name}"
    file.write_bytes(content)
    said = run("log", "run", file, "--pain", 2)
    assert (said.code, PLACE in said.out) == (0, False)
    assert "before" in run("log", "run", file, "--pain", 2).out
    kept = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert b"distance_m" in kept
    for trace in (PLACE, PLACE.replace(" ", ""), str(LATITUDE)[:6], "-0.0005"):
        assert trace.encode() not in kept


@pytest.mark.parametrize(
    "words",
    [
        ("pain", 11),
        ("pain", "nan"),
        ("pain", "-0.5"),
        ("pain", 3, "--at", "tomorrow"),
        ("pain", 3, "--at", "2999-01-01"),
        ("pain", 3, "--at", "0001-01-01"),
        ("pain", 3, "--of", "elbow"),
        ("run",),
        ("run", "--km", "inf"),
        ("run", "--km", 5, "--minutes", -1),
        ("run", "no_such.fit"),
        ("run", "no_such.fit", "--km", 5),
        ("stairs", "many"),
        ("note", "  "),
        ("note", "x" * 10_001),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_one_sentence_and_nothing_is_kept(
    run: Run, data: Path, words: tuple[object, ...]
) -> None:
    ran = run("log", *words)
    assert ran.code == 2
    assert len(ran.err.strip().splitlines()) == 1
    assert "Traceback" not in ran.err
    assert not data.exists()


def test_progress_of_nobody_makes_no_records(run: Run, data: Path) -> None:
    ran = run("progress")
    assert (ran.code, data.exists()) == (2, False)
    assert "kneeline log" in ran.err


def test_the_load_of_activities_is_told_in_times_walking(run: Run) -> None:
    ran = run("load")
    assert ran.code == 0
    assert "MPa" not in ran.out
    assert "degrees of bend" in ran.out
