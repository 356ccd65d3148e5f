"""Movement tests on the command line: values with their error, and reasons where there is no value."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from makers import Run, drawn, strict, write_log
from PIL import Image

from kneeline.content.load import load, load_exercise
from kneeline.content.schema import Given
from kneeline.model.pose import PoseSeries
from kneeline.motion.figure import perform

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/test.schema.json").read_text(encoding="utf-8"))
TAPS = ("--tap", "10,200,160,200,110,150", "--tap", "11,201,160,199,112,149", "--tap", "10,200,158,200,108,151")


@pytest.fixture(scope="session")
def squat_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keypoints of five squats on the right leg, seen from the front."""
    series = drawn("squat_single_leg", reps=5, lift_s=1.5, hold_s=0.3, lower_s=1.5)
    return write_log(tmp_path_factory.mktemp("squat") / "squat.parquet", series)


def answer(run: Run, tmp_path: Path, *words: object) -> dict[str, Any]:
    """The JSON of a trial that is answered; it keeps the published schema."""
    ran = run("test", *words, "--json", tmp_path / "a.json")
    assert ran.code == 0, ran.err
    content: dict[str, Any] = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(strict(SCHEMA)).validate(content)
    return content


def reasons(content: dict[str, Any]) -> set[str]:
    """Why there are no values; fails where there is one."""
    return {value["result"]["not_assessable"] for value in content["values"].values()}


def test_a_trial_gives_each_value_with_its_error_and_what_a_finding_can_use(
    run: Run, tmp_path: Path, squat_log: Path
) -> None:
    content = answer(run, tmp_path, squat_log, "--test", "single_leg_squat", "--side", "right")
    assert content["count"] == 5
    assert set(content["indicators"]) == {"fppa_at_depth", "trunk_lean_squat"}
    told = content["values"]["fppa_at_45_deg"]
    assert told["result"]["sd"] > 0
    assert told["detectable"] >= 1.96 * 2**0.5 * told["result"]["sd"] - 1e-5
    assert len(told["each"]) == 5


def test_it_prints_the_norm_that_fits_the_person_and_never_one_that_does_not(run: Run, squat_log: Path) -> None:
    words = ("test", squat_log, "--test", "single_leg_squat", "--side", "right")
    assert "Usual for women: 8.4 ± 5.1" in run(*words, "--sex", "female").out
    assert "Usual for men: 7°" in run(*words, "--sex", "male").out
    unknown = run(*words).out
    assert "Usual" not in unknown
    assert "Say age and sex to compare." in unknown


def test_the_wrong_view_is_a_reason_and_no_number(run: Run, tmp_path: Path) -> None:
    log = write_log(tmp_path / "side.parquet", drawn("squat_single_leg", reps=5, view="right"))
    assert reasons(answer(run, tmp_path, log, "-t", "single_leg_squat")) == {
        "the camera sees your right. Turn until the camera looks straight at you."
    }


def test_too_few_repetitions_say_how_many_more(run: Run, tmp_path: Path) -> None:
    log = write_log(tmp_path / "two.parquet", drawn("squat_single_leg", reps=2))
    content = answer(run, tmp_path, log, "-t", "single_leg_squat")
    assert reasons(content) == {"2 of at least 3 repetitions were counted"}
    assert content["values"]["fppa_at_45_deg"]["more"] == 1
    assert "Do 1 more." in run("test", log, "-t", "single_leg_squat").out


def test_nobody_and_two_people_are_reasons(run: Run, tmp_path: Path) -> None:
    series = drawn("squat_single_leg", reps=4)
    nobody = replace(series, xy=np.full_like(series.xy, np.nan))
    crowd = replace(series, people=np.where(np.arange(len(series)) % 15 == 0, 2, -1))
    for name, kept, why in (("nobody", nobody, "nobody could be seen"), ("crowd", crowd, "more than one person")):
        log = write_log(tmp_path / f"{name}.parquet", kept)
        (reason,) = reasons(answer(run, tmp_path, log, "-t", "single_leg_squat"))
        assert reason.startswith(why)


def test_a_count_that_is_cut_off_is_no_count(run: Run, tmp_path: Path) -> None:
    whole = drawn("heel_raise_single", reps=6, lift_s=0.8, hold_s=0.2, lower_s=0.8, view="right")
    cut = whole[whole.t_s < whole.t_s[-1] - 1.9]
    assert cut.t_s[-1] < whole.t_s[-1]
    told = answer(run, tmp_path, write_log(tmp_path / "all.parquet", whole), "-t", "heel_raise_count")
    assert told["values"]["count"]["result"]["value"] == 6
    short = answer(run, tmp_path, write_log(tmp_path / "cut.parquet", cut), "-t", "heel_raise_count")
    assert "ends before you stopped" in short["values"]["count"]["result"]["not_assessable"]


def test_a_stand_that_is_cut_off_has_no_time(run: Run, tmp_path: Path) -> None:
    series = drawn("single_leg_stand", reps=1, lift_s=1.0, hold_s=12.0, lower_s=1.0)
    log = write_log(tmp_path / "stand.parquet", series[series.t_s < 10.0])
    content = answer(run, tmp_path, log, "-t", "stand_30s", "--side", "right")
    assert "recording ends while you still stand" in content["values"]["time_s"]["result"]["not_assessable"]
    assert "stand_time_30s" not in content["indicators"]


def test_a_stand_finds_out_its_leg_and_a_drop_has_the_same_sign_on_either(run: Run, tmp_path: Path) -> None:
    told = {}
    for side in ("left", "right"):
        given = Given(
            reps=1, lift_s=1.0, hold_s=31.0, lower_s=1.0, view="front", noise_px=1.0, change={"pelvic_drop": 8.0}
        )
        series = perform(load_exercise("single_leg_stand"), given, side=side).series
        content = answer(run, tmp_path, write_log(tmp_path / f"{side}.parquet", series), "-t", "stand_30s")
        assert content["side"] == side
        told[side] = content["values"]["drop_sustained_deg"]["result"]["value"]
    assert told["left"] == pytest.approx(told["right"], abs=1.0)
    assert told["left"] > 3


def test_what_only_the_person_knows_is_asked_for_and_checked(run: Run, tmp_path: Path) -> None:
    log = write_log(tmp_path / "step.parquet", drawn("step_down", reps=4, lift_s=1.5, hold_s=0.3, lower_s=1.5))
    words = (log, "-t", "lateral_step_down")
    silent = answer(run, tmp_path, *words)
    assert "Did you wobble" in silent["values"]["score"]["result"]["not_assessable"]
    told = answer(run, tmp_path, *words, "--said", "arms_help=no", "--said", "wobbles=yes")
    assert told["values"]["score"]["result"]["value"] >= 1
    assert {item["id"]: item["probability"] for item in told["items"]}["wobbles"] == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-t", "single_leg_squad"), "single_leg_squat"),
        (("-t", "single_leg_squat", "--said", "pain=3"), "does not ask for 'pain'"),
        (("-t", "lateral_step_down", "--said", "wobbles"), "WHAT=ANSWER"),
        (("-t", "lateral_step_down", "--said", "wobbles=perhaps"), "yes or no"),
        (("-t", "lateral_step_down", "--said", "wobbles=no", "--said", "wobbles=yes"), "twice"),
        (("-t", "squat_pain_depth", "--said", "pain=1,x"), "one number per repetition"),
        (("-t", "squat_pain_depth", "--said", "pain=1,nan"), "one number per repetition"),
        (("-t", "squat_pain_depth", "--said", "pain=1,11"), "0 to 10"),
        (("-t", "stand_30s", "--value", "20"), "one of the two"),
    ],
)
def test_wrong_words_are_refused_in_one_sentence(run: Run, squat_log: Path, words: tuple[str, ...], says: str) -> None:
    ran = run("test", squat_log, *words)
    assert ran.code == 2
    assert ran.out == ""
    assert says in ran.sentence


def test_without_a_recording_it_says_how_else(run: Run, tmp_path: Path) -> None:
    ran = run("test", "-t", "stand_30s")
    assert ran.code == 2
    assert "--value" in ran.sentence
    assert run("test", tmp_path / "gone.parquet", "-t", "stand_30s").code == 2
    assert run("test", tmp_path, "-t", "stand_30s").code == 2
    (tmp_path / "empty.parquet").touch()
    assert run("test", tmp_path / "empty.parquet", "-t", "stand_30s").code == 2


def test_an_empty_wall_in_a_video_is_nobody(run: Run, tmp_path: Path, grey_clip: Path) -> None:
    (reason,) = reasons(answer(run, tmp_path, grey_clip, "-t", "single_leg_squat"))
    assert reason == "nobody could be seen"


def test_one_can_count_and_time_oneself_with_a_larger_error(run: Run, tmp_path: Path) -> None:
    content = answer(run, tmp_path, "-t", "stand_30s", "--value", "27", "--side", "left")
    assert content["how"] == "self"
    assert content["indicators"]["stand_time_30s"]["value"] == 27
    camera = next(value for value in load().tests["stand_30s"].value if value.id == "time_s")
    assert camera.error is not None
    assert content["indicators"]["stand_time_30s"]["sd"] > camera.error.value
    for number in ("-1", "31", "nan", "inf"):
        assert "cannot be" in run("test", "-t", "stand_30s", "--side", "left", "--value", number).sentence
    assert "--side" in run("test", "-t", "stand_30s", "--value", "27").sentence
    without = run("test", "-t", "single_leg_squat", "--side", "left", "--value", "3")
    assert "cannot be done without a camera" in without.sentence


def test_an_arch_is_read_from_three_times_three_taps(run: Run, tmp_path: Path) -> None:
    photo = tmp_path / "foot.png"
    Image.new("RGB", (200, 300)).save(photo)
    content = answer(run, tmp_path, photo, "-t", "arch_photo", "--side", "left", *TAPS)
    told = content["indicators"]["arch_height_ratio"]
    assert told["value"] == pytest.approx(0.335, abs=0.01)
    assert 0.015 <= told["sd"] < 0.02, "what every photo adds, and a little of the taps"
    once = answer(run, tmp_path, photo, "-t", "arch_photo", "--side", "left", *TAPS[:2])
    assert "tap at least 3 times" in once["values"]["arch_ratio_frac"]["result"]["not_assessable"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*TAPS,), "--side"),
        (("--side", "left"), "nothing is tapped"),
        (("--side", "left", "--tap", "1,2,3"), "six numbers"),
        (("--side", "left", "--tap", "1,2,3,4,5,nan"), "six numbers"),
        (("--side", "left", "--tap", "10,200,999,200,110,150"), "outside the photo"),
    ],
)
def test_taps_that_cannot_be_are_refused(run: Run, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    photo = tmp_path / "foot.png"
    Image.new("RGB", (200, 300)).save(photo)
    ran = run("test", photo, "-t", "arch_photo", *words)
    assert ran.code == 2
    assert says in ran.sentence


def test_a_photo_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "foot.jpg").write_bytes(b"no photo")
    words = ("-t", "arch_photo", "--side", "left", *TAPS)
    assert "cannot be read as a photo" in run("test", tmp_path / "foot.jpg", *words).sentence
    assert "no file" in run("test", tmp_path / "gone.jpg", *words).sentence


def test_tests_prints_what_the_library_knows(run: Run) -> None:
    listed = run("tests").out
    for test in load().tests.values():
        assert test.id in listed
        page = run("tests", test.id)
        assert page.code == 0
        assert "house default" in " ".join(page.out.split())
        assert "What it may weigh" in " ".join(page.out.split())
    assert "heel_raise_count" in run("tests", "heel_raise_cuont").sentence


def test_broken_numbers_never_become_a_value(run: Run, tmp_path: Path) -> None:
    """Pixels that are huge, missing half of the time, or all on one spot: a reason, or a value that says its error."""
    series = drawn("squat_single_leg", reps=4)
    gaps = np.random.default_rng(1).random(series.xy.shape[:2]) < 0.6
    for name, xy in {
        "huge": series.xy * 1e9,
        "gaps": np.where(gaps[..., None], np.nan, series.xy),
        "spot": np.full_like(series.xy, 100.0),
    }.items():
        kept = PoseSeries(series.t_s, xy, series.sd_px, series.confidence, series.people)
        ran = run("test", write_log(tmp_path / f"{name}.parquet", kept), "-t", "single_leg_squat", "--json", "-")
        assert ran.code in (0, 2), ran.err
        assert "NaN" not in ran.out
