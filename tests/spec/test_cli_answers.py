"""The answers of the command line are a contract: scripts depend on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from makers import Run, drawn, read_video, strict, write_log, write_video

SCHEMA = strict(json.loads((Path(__file__).parents[2] / "docs" / "schema" / "set.schema.json").read_text()))
CALF = "calf_raise_ball_squeeze"


def keeps_the_contract(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    return content


def test_replay_counts_and_times_a_drawn_set(run: Run, calf_log: Path, tmp_path: Path) -> None:
    ran = run("replay", calf_log, "--exercise", CALF, "--json", tmp_path / "set.json")
    assert (ran.code, ran.err) == (0, "")
    content = keeps_the_contract(tmp_path / "set.json")
    assert content["set"]["count"] == 3
    assert [rep["lift_s"]["value"] for rep in content["reps"]] == pytest.approx([2.0] * 3, abs=0.3)
    assert content["exercise"] == CALF
    assert content["recording"]["source"] == "calf"
    assert "3 repetitions" in ran.out


@pytest.mark.parametrize(
    ("exercise", "view"),
    [
        ("terminal_knee_extension", "left"),
        ("banded_single_leg_stand", "front"),
        ("squat_double", "front"),
        ("squat_double", "right"),
        ("lunge", "left"),
        ("single_leg_stand", "front"),
    ],
)
def test_every_kind_of_exercise_keeps_the_contract(run: Run, tmp_path: Path, exercise: str, view: str) -> None:
    log = write_log(tmp_path / "log.parquet", drawn(exercise, reps=2, view=view))
    out = tmp_path / "set.json"
    assert run("replay", log, "-e", exercise, "--json", out, "--series", tmp_path / "s.parquet").code == 0
    content = keeps_the_contract(out)
    assert content["set"]["count"] == len(content["reps"])
    assert content["reps"] or exercise == "single_leg_stand", content["warnings"]
    assert content["set"]["good"] == sum(rep["verdict"] == "good" for rep in content["reps"])


def test_json_to_standard_output_is_json_and_nothing_else(run: Run, calf_log: Path, tmp_path: Path) -> None:
    piped = run("replay", calf_log, "-e", CALF, "--json", "-")
    run("replay", calf_log, "-e", CALF, "--json", tmp_path / "set.json")
    assert piped.out == (tmp_path / "set.json").read_text(encoding="utf-8")


def test_options_may_stand_in_any_order(run: Run, calf_log: Path) -> None:
    first = run("replay", calf_log, "--exercise", CALF, "--side", "both", "--json", "-")
    second = run("replay", "--json", "-", "--side", "both", "--exercise", CALF, "--debug", calf_log)
    assert first.code == second.code == 0
    assert first.out == second.out


def test_the_series_has_one_row_per_frame_with_the_times_of_the_log(run: Run, calf_log: Path, tmp_path: Path) -> None:
    run("replay", calf_log, "-e", CALF, "--series", tmp_path / "s.parquet")
    series, log = pq.read_table(tmp_path / "s.parquet"), pq.read_table(calf_log)
    assert series["t_s"].to_pylist() == log["t_s"].to_pylist()
    assert set(series["rep"].to_pylist()) == {0, 1, 2, 3}
    assert series["knee_flexion_left_deg"].null_count == series.num_rows  # a front view shows no knee bend


def test_a_set_with_faults_is_an_answer(run: Run, tmp_path: Path) -> None:
    log = write_log(tmp_path / "fast.parquet", drawn(CALF, lift_s=0.4, hold_s=0.05, lower_s=0.4))
    ran = run("replay", log, "-e", CALF)
    assert ran.code == 0
    assert "try again" in ran.out
    assert "One thing to change" in ran.out


def test_no_repetition_is_an_answer_that_says_why(run: Run, tmp_path: Path) -> None:
    still = drawn(CALF)[:25]
    ran = run("replay", write_log(tmp_path / "still.parquet", still), "-e", CALF, "--json", tmp_path / "set.json")
    assert ran.code == 0
    assert "No repetition was counted." in ran.out
    assert keeps_the_contract(tmp_path / "set.json")["reps"] == []


def test_piped_output_has_no_colour_and_no_progress(run: Run, calf_log: Path) -> None:
    ran = run("replay", calf_log, "-e", CALF)
    assert "\x1b" not in ran.out + ran.err
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_video_gives_every_output_and_its_log_replays_to_the_same_answer(
    run: Run, calf_clip: Path, tmp_path: Path
) -> None:
    clip = write_video(tmp_path / "clip.mp4", read_video(calf_clip, every=2), fps=15)
    outputs = {name: tmp_path / f"set.{name}" for name in ("json", "mp4", "html", "parquet")}
    ran = run(
        *("analyze", clip, "-e", CALF, "--json", outputs["json"], "--overlay", outputs["mp4"]),
        *("--report", outputs["html"], "--series", outputs["parquet"], "--log", tmp_path / "log.parquet"),
    )
    assert ran.code == 0, ran.err
    content = keeps_the_contract(outputs["json"])
    assert content["set"]["count"] == 5
    assert content["recording"]["width_px"] == 640
    with av.open(str(clip)) as before, av.open(str(outputs["mp4"])) as after:
        times = [[float(f.time or 0) for f in file.decode(video=0)] for file in (before, after)]
    np.testing.assert_allclose(times[1], np.array(times[0]) - times[0][0], atol=1e-3)
    assert "5 repetitions" in outputs["html"].read_text(encoding="utf-8")
    assert pq.read_metadata(outputs["parquet"]).num_rows == len(times[0])

    again = run("replay", tmp_path / "log.parquet", "-e", CALF, "--json", tmp_path / "again.json")
    assert again.code == 0
    assert keeps_the_contract(tmp_path / "again.json") == content
    assert again.out == ran.out
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["clip.mp4", "log.parquet", "again.json", *(p.name for p in outputs.values())]
    )


def test_pose_only_writes_the_log(run: Run, grey_clip: Path, tmp_path: Path) -> None:
    ran = run("pose", grey_clip, "--log", tmp_path / "log.parquet")
    assert (ran.code, ran.out) == (0, "")
    assert pq.read_metadata(tmp_path / "log.parquet").num_rows == 20
