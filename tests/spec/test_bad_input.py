"""Bad input is answered with a clear sentence and the right exit code, and never leaves half an output."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from makers import Picture, Ran, Run, drawn, read_video, write_log, write_video

CALF = "calf_raise_ball_squeeze"


def outputs(folder: Path) -> list[object]:
    """Every output that analyze can write, into one folder."""
    folder.mkdir(exist_ok=True)
    names = ("json", "overlay", "report", "series", "log")
    files = ("a.json", "a.mp4", "a.html", "a.csv", "a.parquet")
    return [word for name, file in zip(names, files, strict=True) for word in (f"--{name}", folder / file)]


def refused(run: Run, video: Path, tmp_path: Path) -> Ran:
    """Analyze with every output asked for; it has to be refused in one sentence, with nothing written."""
    ran = run("analyze", video, "-e", CALF, *outputs(tmp_path / "out"))
    assert ran.code == 2, ran.err
    assert ran.out == ""
    assert list((tmp_path / "out").iterdir()) == []
    assert ran.sentence.endswith(".")
    return ran


def answered(run: Run, video: Path, exercise: str = CALF) -> tuple[dict[str, object], str]:
    """Analyze what can be used; the JSON and what was printed."""
    ran = run("analyze", video, "-e", exercise, "--json", video.with_suffix(".json"))
    assert ran.code == 0, ran.err
    return json.loads(video.with_suffix(".json").read_text()), " ".join(ran.out.split())


# Files that are no recording


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    assert "no file" in refused(run, tmp_path / "gone.mp4", tmp_path).sentence


def test_a_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "is a folder" in refused(run, tmp_path / "folder", tmp_path).sentence


def test_not_a_video(run: Run, tmp_path: Path) -> None:
    for name, content in (
        ("text.mp4", b"this is a letter\n" * 50),
        ("noise.mov", np.random.default_rng(1).bytes(9000)),
    ):
        (tmp_path / name).write_bytes(content)
        assert "cannot be read as a video" in refused(run, tmp_path / name, tmp_path).sentence


def test_zero_bytes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert "0 bytes" in refused(run, tmp_path / "empty.mp4", tmp_path).sentence


def test_audio_only(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=44_100)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 4410), dtype=np.float32), format="fltp", layout="mono")
        sound.sample_rate = 44_100
        file.mux(stream.encode(sound))
        file.mux(stream.encode(None))
    assert "sound but no pictures" in refused(run, path, tmp_path).sentence


def test_a_truncated_file_without_its_index(run: Run, grey_clip: Path, tmp_path: Path) -> None:
    data = grey_clip.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    assert "cut off" in refused(run, tmp_path / "cut.mp4", tmp_path).sentence


def test_a_truncated_file_whose_beginning_can_be_read_is_used(run: Run, calf_clip: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mkv"
    write_video(whole, read_video(calf_clip, every=3), fps=10)
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    content, said = answered(run, tmp_path / "cut.mkv")
    assert content["recording"]["frames"] > 10  # type: ignore[index]
    assert "what is there was used" in said


# Videos in which little can be seen


def test_one_frame(run: Run, calf_clip: Path, tmp_path: Path) -> None:
    first = next(read_video(calf_clip))
    content, said = answered(run, write_video(tmp_path / "one.mp4", [first]))
    assert content["set"]["count"] == 0  # type: ignore[index]
    assert "No repetition was counted." in said
    assert "one picture" in said
    every = run("analyze", tmp_path / "one.mp4", "-e", CALF, *outputs(tmp_path / "out"))
    assert every.code == 0, every.err
    assert len(list((tmp_path / "out").iterdir())) == 5


def test_8k(run: Run, tmp_path: Path) -> None:
    wall = np.full((4320, 7680, 3), 128, dtype=np.uint8)
    content, _ = answered(run, write_video(tmp_path / "8k.mp4", [wall, wall]))
    assert (content["recording"]["width_px"], content["recording"]["height_px"]) == (7680, 4320)  # type: ignore[index]


def test_one_picture_per_second(run: Run, calf_clip: Path, tmp_path: Path) -> None:
    content, said = answered(run, write_video(tmp_path / "slow.mp4", read_video(calf_clip, every=30), fps=1))
    assert "1.0 pictures per second" in said
    assert content["reps"] == []
    assert "too few frames" in said


def test_two_pictures_per_second_time_what_is_slow_and_make_nothing_fast(
    run: Run, calf_clip: Path, tmp_path: Path
) -> None:
    content, said = answered(run, write_video(tmp_path / "slow.mp4", read_video(calf_clip, every=15), fps=2))
    assert "2.0 pictures per second" in said
    assert content["reps"]
    for rep in content["reps"]:  # type: ignore[attr-defined]
        assert rep["lift_s"]["sd"] > 0.2
        assert all(fault["verdict"] != "present" for fault in rep["faults"] if fault["id"].startswith("too_fast"))


def test_no_person(run: Run, grey_clip: Path, tmp_path: Path) -> None:
    clip = tmp_path / "wall.mp4"
    clip.write_bytes(grey_clip.read_bytes())
    content, said = answered(run, clip)
    assert content["set"]["count"] == 0  # type: ignore[index]
    assert content["view"]["facing"] == "unclear"  # type: ignore[index]
    assert "No repetition was counted." in said
    assert "good" not in said.replace("“Good”", "")


def test_two_people(run: Run, calf_clip: Path, tmp_path: Path) -> None:
    def beside() -> Iterator[Picture]:
        for picture in read_video(calf_clip, every=3):
            middle = picture[:, 160:480]
            yield np.hstack([middle, middle[:, ::-1]])

    content, said = answered(run, write_video(tmp_path / "two.mp4", beside(), fps=10))
    assert "person" in " ".join(content["warnings"])  # type: ignore[arg-type]
    assert "person was in view" in said or "people" in said


def test_a_person_who_leaves_and_comes_back(run: Run, calf_clip: Path, tmp_path: Path) -> None:
    def gone_in_the_middle() -> Iterator[Picture]:
        for i, picture in enumerate(read_video(calf_clip, every=3)):
            yield np.full_like(picture, 128) if 40 <= i < 75 else picture

    content, said = answered(run, write_video(tmp_path / "gone.mp4", gone_in_the_middle(), fps=10))
    assert content["set"]["count"] in (3, 4)  # type: ignore[index]
    assert "To know" in said
    for rep in content["reps"]:  # type: ignore[attr-defined]
        assert not rep["start_s"] < 5.5 < rep["end_s"]


# Pose logs


def test_a_side_view_does_not_judge_what_needs_a_front_view(run: Run, tmp_path: Path) -> None:
    log = write_log(tmp_path / "side.parquet", drawn("squat_single_leg", view="left"))
    ran = run("replay", log, "-e", "squat_single_leg", "--json", "-")
    assert ran.code == 0
    content = json.loads(ran.out)
    assert content["reps"]
    for rep in content["reps"]:
        assert "not_assessable" in rep["measures"]["fppa_peak_deg"]
        caves = next(fault for fault in rep["faults"] if fault["id"] == "knee_caves_in")
        assert caves["verdict"] == "not_assessable"
        assert "front" in caves["reason"]


def test_nan_keypoints_are_read_as_absent(run: Run, tmp_path: Path) -> None:
    series = drawn(CALF)
    xy: npt.NDArray[np.float64] = series.xy.copy()
    xy[40:60] = np.nan
    log = write_log(tmp_path / "nan.parquet", replace(series, xy=xy))
    nothing = write_log(tmp_path / "nothing.parquet", replace(series, xy=np.full_like(xy, np.nan)))
    for path, count in ((log, (2, 3)), (nothing, (0,))):
        ran = run("replay", path, "-e", CALF, "--json", "-")
        assert ran.code == 0, ran.err
        assert json.loads(ran.out, parse_constant=pytest.fail)["set"]["count"] in count


def test_time_that_goes_backwards_is_left_out_and_said(run: Run, tmp_path: Path) -> None:
    series = drawn(CALF)
    t_s: npt.NDArray[np.float64] = series.t_s.copy()
    t_s[100] = t_s[90]
    t_s[200:205] -= 3.0
    ran = run("replay", write_log(tmp_path / "back.parquet", replace(series, t_s=t_s)), "-e", CALF, "--json", "-")
    assert ran.code == 0
    content = json.loads(ran.out)
    assert content["set"]["count"] == 3
    assert any("backwards" in warning for warning in content["warnings"])


def test_a_log_that_is_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"not parquet at all")
    (tmp_path / "b.parquet").touch()
    for path in (tmp_path / "a.parquet", tmp_path / "b.parquet", tmp_path / "gone.parquet", tmp_path):
        ran = run("replay", path, "-e", CALF, "--json", tmp_path / "out.json")
        assert ran.code == 2
        assert ran.sentence.endswith(".")
        assert not (tmp_path / "out.json").exists()


# What is asked for, and where it should go


def test_an_unknown_exercise(run: Run, grey_clip: Path, tmp_path: Path) -> None:
    ran = run("analyze", grey_clip, "-e", "calf_rise", *outputs(tmp_path / "out"))
    assert ran.code == 2
    assert "calf_raise_ball_squeeze" in ran.sentence
    assert list((tmp_path / "out").iterdir()) == []


def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    run: Run, calf_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kneeline.capture.formats.open_log", lambda *_, **__: pytest.fail("the work was begun"))
    before = calf_log.read_bytes()
    for out in (tmp_path / "nowhere" / "a.json", tmp_path, calf_log):
        ran = run("replay", calf_log, "-e", CALF, "--json", out)
        assert ran.code == 2
        assert ran.sentence
    ran = run("replay", calf_log, "-e", CALF, "--json", tmp_path / "a", "--series", tmp_path / "a")
    assert ran.code == 2
    assert [p.name for p in tmp_path.iterdir()] == [calf_log.name]
    assert calf_log.read_bytes() == before


def test_an_overlay_that_is_no_video(run: Run, grey_clip: Path, tmp_path: Path) -> None:
    ran = run("analyze", grey_clip, "-e", CALF, "--overlay", tmp_path / "a.txt")
    assert ran.code == 2
    assert ".mp4" in ran.sentence


@pytest.mark.parametrize("option", ["--json", "--series", "--log", "--report", "--overlay"])
def test_a_full_disk(grey_clip: Path, tmp_path: Path, option: str) -> None:
    """A limit on file size, which the system enforces like a full disk, set in a process of its own."""
    endings = {"--json": "json", "--report": "html", "--overlay": "mp4"}
    ending = endings.get(option, "parquet")
    (tmp_path / f"a.{ending}").write_text("the old one")
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)); from kneeline.cli import main; sys.exit(main())"
    )
    words = ["analyze", grey_clip, "-e", CALF, option, tmp_path / f"a.{ending}"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, env={**os.environ}, check=False
    )
    assert done.returncode == 2, done.stderr
    assert re.search(rf"a\.{ending} (cannot|could not) be written", done.stderr.splitlines()[-1])
    assert [p.name for p in tmp_path.iterdir()] == [f"a.{ending}"]
    assert (tmp_path / f"a.{ending}").read_text() == "the old one"
