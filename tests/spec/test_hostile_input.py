"""Files that were damaged, or made to do harm, do none: they are read as far as they go, or refused in a sentence."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from makers import Run

CALF = "calf_raise_ball_squeeze"
ENDINGS = {"json": ".json", "overlay": ".mp4", "report": ".html", "series": ".parquet", "log": ".parquet"}
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal would do rather than show; newline and tab apart."""


def remark(log: Path, metadata: dict[bytes, str | bytes]) -> Path:
    """The log with metadata replaced."""
    table = pq.read_table(log)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **metadata}), log)
    return log


def test_a_name_is_shown_and_not_obeyed(run: Run, calf_log: Path) -> None:
    evil = "a\x1b]0;owned\x07\x9b2J"
    for words in (
        (calf_log.with_name(f"{evil}.parquet"), "-e", CALF),
        (calf_log, "-e", CALF, "--json", calf_log.parent / evil / "set.json"),
        (calf_log, "-e", evil),
        (calf_log, "-e", CALF, f"--{evil}"),
    ):
        ran = run("replay", *words)
        assert ran.code == 2
        assert not OBEYED.search(ran.err)
        assert ran.sentence


def test_a_name_with_a_line_break_cannot_forge_a_line_of_ours(run: Run, tmp_path: Path) -> None:
    assert "?Stopped." in run("replay", tmp_path / "a\nStopped.", "-e", CALF).sentence


def test_a_fault_of_ours_and_its_trace_are_shown_and_not_obeyed(
    run: Run, calf_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("\x1b[2J")

    monkeypatch.setattr("kneeline.report.answer.answer", broken)
    ran = run("replay", calf_log, "-e", CALF, "--json", "-", "--debug")
    assert ran.code == 1
    assert "Traceback" in ran.err
    assert not OBEYED.search(ran.err)


def test_what_a_log_says_of_itself_is_shown_and_not_obeyed(run: Run, calf_log: Path) -> None:
    evil = "\x1b]0;owned\x07\x9b2J \ud800"
    remark(calf_log, {b"source": b"\xff\x1b[2J", b"model": b"\xfe\x9b", b"warnings": json.dumps([evil])})
    table = run("replay", calf_log, "-e", CALF)
    answer = run("replay", calf_log, "-e", CALF, "--json", "-")
    assert (table.code, answer.code, table.err, answer.err) == (0, 0, "", "")
    assert not OBEYED.search(table.out)
    assert not OBEYED.search(" ".join(str(value) for value in json.loads(answer.out)["recording"].values()))
    assert "?]0;owned??2J \ufffd" in json.loads(answer.out)["warnings"]
    answer.out.encode()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "metadata",
    [
        {b"width_px": "²"},
        {b"width_px": "1" * 5000, b"height_px": "-1"},
        {b"model": b"\xff" * 1_000_000},
        {b"warnings": "[" * 100_000 + "]" * 100_000},
        {b"warnings": json.dumps(["x" * 1_000_000] * 10)},
        {b"warnings": json.dumps([str(i) for i in range(100_000)])},
        {b"warnings": '{"not": "a list"}'},
        {b"\xff": b"\xff"},
    ],
    ids=["a figure that is no digit", "5000 digits", "a model", "depth", "length", "number", "kind", "key"],
)
def test_damaged_metadata_changes_no_measurement(run: Run, calf_log: Path, metadata: dict[bytes, str | bytes]) -> None:
    clean = json.loads(run("replay", calf_log, "-e", CALF, "--json", "-").out)
    ran = run("replay", remark(calf_log, metadata), "-e", CALF, "--json", "-")
    assert (ran.code, ran.err) == (0, "")
    content = json.loads(ran.out)
    assert content["set"]["count"] == clean["set"]["count"] == 3
    assert content["recording"]["duration_s"] == clean["recording"]["duration_s"]
    assert len(ran.out) < 200_000


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("people", [1e300, -1e300, np.inf])
def test_a_count_of_people_that_cannot_be_is_passed_over(run: Run, calf_log: Path, people: float) -> None:
    table = pq.read_table(calf_log)
    place = table.column_names.index("people")
    pq.write_table(table.set_column(place, "people", pa.array(np.full(len(table), people))), calf_log)
    ran = run("replay", calf_log, "-e", CALF, "--json", "-")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["set"]["count"] == 3


@pytest.mark.parametrize("start_s", [-5.0, 1.7e9])
def test_seconds_count_from_the_first_picture_whatever_clock_a_log_was_made_by(
    run: Run, calf_log: Path, start_s: float
) -> None:
    clean = json.loads(run("replay", calf_log, "-e", CALF, "--json", "-").out)
    table = pq.read_table(calf_log)
    pq.write_table(table.set_column(0, "t_s", pa.array(np.asarray(table["t_s"]) + start_s)), calf_log)
    series = calf_log.with_name("series.parquet")
    ran = run("replay", calf_log, "-e", CALF, "--json", "-", "--series", series)
    content = json.loads(ran.out)
    for before, now in zip(clean["reps"], content["reps"], strict=True):
        assert now["start_s"] == pytest.approx(before["start_s"], abs=1e-3)
        assert now["end_s"] == pytest.approx(before["end_s"], abs=1e-3)
    assert pq.read_table(series)["t_s"][0].as_py() == 0.0


def test_a_small_file_of_a_great_many_rows_is_refused_before_it_is_read(run: Run, tmp_path: Path) -> None:
    empty = pa.nulls(3_000_000, pa.float64())
    pq.write_table(pa.table({"t_s": empty, "left_knee_x": empty, "left_knee_y": empty}), tmp_path / "bomb.parquet")
    ran = run("replay", tmp_path / "bomb.parquet", "-e", CALF)
    assert ran.code == 2
    assert "at most 400000 pictures, about 3.7 hours" in ran.sentence


def test_too_little_memory_is_said_in_a_sentence(run: Run, calf_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kneeline.capture.formats.read_pose_log", lambda *_: np.empty((2**40, 2**10)))
    ran = run("replay", calf_log, "-e", CALF)
    assert ran.code == 2
    assert "not enough memory" in ran.sentence


def test_a_name_that_is_no_utf8_is_used_for_every_input_and_output(run: Run, grey_clip: Path, tmp_path: Path) -> None:
    clip = tmp_path / os.fsdecode(b"bad\xff.mp4")
    shutil.copy(grey_clip, clip)
    out = {option: clip.with_suffix(f".{option}{end}") for option, end in ENDINGS.items()}
    ran = run("analyze", clip, "-e", CALF, *(word for option in out for word in (f"--{option}", out[option])))
    assert ran.code == 0, ran.err
    assert all(path.stat().st_size for path in out.values())
    assert json.loads(out["json"].read_text(encoding="utf-8"))["recording"]["source"] == "bad\ufffd.mp4"
    assert "bad\ufffd.mp4" in out["report"].read_text(encoding="utf-8")
    again = run("replay", out["log"], "-e", CALF, "--series", clip.with_suffix(".csv"), "--json", "-")
    assert json.loads(again.out)["recording"]["source"] == "bad\ufffd.mp4"
    gone = run("replay", clip.with_suffix(".gone"), "-e", CALF)
    assert gone.code == 2
    assert "bad\ufffd.gone" in gone.sentence


def test_a_link_that_leads_to_itself_is_refused(run: Run, calf_log: Path) -> None:
    loop = calf_log.with_name("loop.json")
    loop.symlink_to(loop)
    ran = run("replay", calf_log, "-e", CALF, "--json", loop)
    assert ran.code == 2
    assert "leads back to itself" in ran.sentence
    assert run("replay", loop, "-e", CALF, "--json", calf_log.with_name("a.json")).code == 2


@pytest.mark.parametrize("option", ["--series", "--report", "--overlay", "--log"])
def test_only_json_goes_to_standard_output(
    run: Run, grey_clip: Path, tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("analyze", grey_clip, "-e", CALF, option, "-")
    assert ran.code == 2
    assert ran.out == ""
    assert option in ran.sentence
    assert "only --json" in ran.sentence
    assert run("pose", grey_clip, "--log", "-").code == 2
    assert list(tmp_path.iterdir()) == []
