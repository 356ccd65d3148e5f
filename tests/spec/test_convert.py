"""Keypoints go from one format to another with `kneeline convert`, signals out with `--series`."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from makers import Run, drawn, write_log

from kneeline.capture.formats import open_log


@pytest.fixture
def squat_log(tmp_path: Path) -> Path:
    """Two squats on both legs, seen from the right."""
    return write_log(tmp_path / "squat.parquet", drawn("squat_double", 2, 1.0, 0.3, 1.2, view="right"))


def replayed(run: Run, log: Path) -> dict[str, Any]:
    ran = run("replay", log, "-e", "squat_double", "--json", "-")
    assert ran.code == 0, ran.err
    content: dict[str, Any] = json.loads(ran.out)
    return content


@pytest.mark.parametrize("ending", ["trc", "csv", "nc", "parquet"])
def test_a_converted_log_gives_the_same_set(run: Run, squat_log: Path, tmp_path: Path, ending: str) -> None:
    if ending == "nc":
        pytest.importorskip("h5netcdf", reason="the extra `formats` is not installed")
    out = tmp_path / f"b.{ending}"
    ran = run("convert", squat_log, out)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    before, after = replayed(run, squat_log), replayed(run, out)
    assert after["set"]["count"] == before["set"]["count"] == 2
    for old, new in zip(before["reps"], after["reps"], strict=True):
        assert new["lift_s"]["value"] == pytest.approx(old["lift_s"]["value"], abs=0.01)
        bend = "peak_knee_flexion_deg"
        assert new["measures"][bend]["value"] == pytest.approx(old["measures"][bend]["value"], abs=0.1)


def test_what_was_lost_on_the_way_is_said(run: Run, tmp_path: Path, shared: Path) -> None:
    out = tmp_path / "walk.trc"
    ran = run("convert", shared / "mocap" / "opencap_subject4" / "walking1.trc", out)
    assert ran.code == 0
    assert "Seen along one direction (sagittal plane), 1 px is 1 mm." in ran.err
    assert len(open_log(out)[0]) > 50


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("{log}", "out.xlsx"), "cannot be written as out.xlsx"),
        (("{log}", "-"), "OUT - would write a file called -"),
        (("{log}", "{log}"), "is the input itself"),
        (("{log}", "nowhere/out.trc"), "no folder"),
        (("no.trc", "out.trc"), "there is no file"),
        (("{log}",), "OUT"),
    ],
)
def test_what_cannot_be_converted_is_refused_in_a_sentence(
    run: Run, calf_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    there = sorted(tmp_path.iterdir())
    ran = run("convert", *(word.format(log=calf_log) for word in words))
    assert ran.code == 2
    assert says in ran.sentence
    assert sorted(tmp_path.iterdir()) == there


def test_the_series_goes_to_opensim_and_to_a_tidy_table(run: Run, squat_log: Path, tmp_path: Path) -> None:
    for ending in ("mot", "csv"):
        out = tmp_path / f"s.{ending}"
        assert run("replay", squat_log, "-e", "squat_double", "--series", out, "--json", "-").code == 0
    head, _, body = (tmp_path / "s.mot").read_text().partition("endheader\n")
    assert "inDegrees=yes" in head
    names, *rows = body.splitlines()
    assert names.split("\t") == ["time", "knee_angle_r", "ankle_angle_r"]
    assert len(rows) == len(open_log(squat_log)[0])
    assert max(float(row.split("\t")[1]) for row in rows) > 60
    metrics = {row["metric"] for row in csv.DictReader((tmp_path / "s.csv").open())}
    assert {"knee_flexion", "ankle_dorsiflexion", "shin_tilt", "hip_drop"} <= metrics
    assert "fppa" not in metrics, "not to be judged from the side"


def test_a_series_of_an_unknown_kind_is_refused_before_the_work(run: Run, squat_log: Path, tmp_path: Path) -> None:
    ran = run("replay", squat_log, "-e", "squat_double", "--series", tmp_path / "s.xlsx")
    assert ran.code == 2
    assert "signals cannot be written as s.xlsx" in ran.sentence
