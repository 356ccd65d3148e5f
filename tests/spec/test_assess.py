"""`kneeline assess`: from a file of answers, or a folder of them, to a route or a finding."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from makers import Run, drawn, write_log
from reading import FORBIDDEN, school_grade

from kneeline.content.load import load

USUAL = (Path(__file__).parent / "vignettes" / "usual.toml").read_text(encoding="utf-8")
HIP = """
[left]
fppa_at_depth = 22
pelvic_drop_stance = { value = 9, sd = 2, unit = "deg" }
stand_time_30s = 10
single_leg_sit_to_stand = 18
heel_raise_count = 28
knee_to_wall = { not_assessable = "the camera stood in front" }
"""


def person(folder: Path, name: str = "me.toml", answers: str = USUAL, rest: str = "") -> Path:
    path = folder / name
    path.write_text("[answers]\n" + answers + rest, encoding="utf-8")
    return path


def test_a_finding_says_the_part_why_and_what_would_change_it(run: Run, tmp_path: Path) -> None:
    ran = run("assess", person(tmp_path, rest=HIP))
    assert ran.code == 0, ran.err
    text = " ".join(ran.out.split())
    assert "the part to train first is the hip" in text
    assert "Your knee moved inward more than most" in text
    assert "no part would be named" in text
    assert "knee to wall: the camera stood in front" in text
    assert "evidence: low" in text
    assert "not a diagnosis" in text
    assert not FORBIDDEN.search(text)


def test_the_whole_page_can_be_read_at_twelve(run: Run, tmp_path: Path) -> None:
    for change in (("", ""), ('today = "none"', 'today = ["hot"]'), ('"behind_kneecap"', '"outer_side"')):
        out = run("assess", person(tmp_path, answers=USUAL.replace(*change), rest=HIP)).out
        words = re.sub(r"\([^)]*\)", "", out)  # what stands in brackets are numbers and sources
        assert school_grade([line for line in re.split(r"\n\s*\n", words) if line.strip()]) <= 7.0


def test_a_red_flag_says_where_to_go_and_how_soon_and_gives_no_finding(run: Run, tmp_path: Path) -> None:
    ran = run("assess", person(tmp_path, answers=USUAL.replace('today = "none"', 'today = ["shape"]'), rest=HIP))
    assert ran.code == 0
    assert "Stop here first" in ran.out
    assert "Emergency: Now." in ran.out
    assert "asks for training" not in ran.out


def test_what_is_missing_is_asked_for(run: Run, tmp_path: Path) -> None:
    ran = run("assess", person(tmp_path, answers="age = 34\n"))
    assert ran.code == 0
    assert "Still to be answered" in ran.out
    assert "(today)" in ran.out


def test_the_answer_for_scripts(run: Run, tmp_path: Path) -> None:
    ran = run("assess", person(tmp_path, rest=HIP), "--json", "-")
    answer = json.loads(ran.out)
    assert answer["schema_version"] == 1
    assert answer["outcome"] == "found"
    (leg,) = answer["legs"]
    assert leg["focus"] == "hip"
    assert leg["not_assessable"] == {"knee_to_wall": "the camera stood in front"}
    whole = sum(p["value"] for p in leg["alone"].values()) + leg["several"]["value"] + leg["none"]["value"]
    assert whole == pytest.approx(1.0)
    file = tmp_path / "out.json"
    assert run("assess", tmp_path / "me.toml", "--json", file).code == 0
    assert json.loads(file.read_text(encoding="utf-8")) == answer


def test_a_folder_is_one_person_a_file(run: Run, tmp_path: Path) -> None:
    person(tmp_path, "a.toml")
    person(tmp_path, "b.toml", USUAL.replace("age = 34", "age = 16"))
    ran = run("assess", tmp_path, "--json", "-")
    people = json.loads(ran.out)["people"]
    assert [(p["source"], p["outcome"]) for p in people] == [("a.toml", "found"), ("b.toml", "stop")]


def test_what_a_movement_test_wrote_is_read_by_name_or_from_the_folder_beside(run: Run, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    assert run("test", "-t", "heel_raise_count", "--value", "9", "--side", "left", "--json", told).code == 0
    answers = person(tmp_path, "a.toml")
    alone = json.loads(run("assess", answers, told, "--json", "-").out)
    assert [r["id"] for r in alone["legs"][0]["reasons"]] == ["heel_raise_count", "squat_pain_answer"]
    (tmp_path / "a").mkdir()
    told.rename(tmp_path / "a" / "told.json")
    assert json.loads(run("assess", tmp_path, "--json", "-").out)["people"] == [alone]


def test_a_recording_named_by_its_test_and_leg_is_measured(run: Run, tmp_path: Path) -> None:
    test = load().tests["single_leg_squat"]
    log = write_log(tmp_path / "single_leg_squat-left.parquet", drawn(test.exercise))
    ran = run("assess", person(tmp_path), log, "--json", "-")
    assert ran.code == 0, ran.err
    (leg,) = json.loads(ran.out)["legs"]
    seen = {reason["id"] for reason in leg["reasons"]} | set(leg["not_assessable"])
    assert {"fppa_at_depth", "trunk_lean_squat"} <= seen


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no file of answers"),
        (b"\xff\xfe", "no TOML"),
        (b"age = ", "no TOML"),
        (b"[answers]\nage = nan\n", "age is nan"),
        (b"[answers]\nhight = 3\n", "no question 'hight'"),
        (b"[answers]\nage = 1e400\n", "age is inf"),
        (b"[answers]\n[left]\nfppa = 3\n", "no test result 'fppa'"),
        (b"[answers]\n[left]\nfppa_at_depth = nan\n", "fppa_at_depth is no result"),
        (b"[answers]\n[left]\nfppa_at_depth = { value = 3, sd = -1 }\n", "fppa_at_depth is no result"),
        (b"[answers]\n[left]\nfppa_at_depth = { value = 3, unit = 'rad' }\n", "is given in 'rad'"),
        (b"[answers]\n[left]\nheel_raise_count = 1000\n", "is 1000 reps"),
        (b"[answers]\n[middle]\n", "'middle' is something else"),
        (b"left = 3\n[answers]\n", "[left] is no table"),
        (b"answers = 3\n", "no file of answers"),
        (b"x = " + b"[" * 50_000, "no TOML"),
        (b"#" * 1_000_001, "larger than any file"),
    ],
    ids=lambda part: repr(part)[:30],
)
def test_a_bad_file_is_refused_in_one_sentence(run: Run, tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "me.toml"
    path.write_bytes(content)
    ran = run("assess", path)
    assert ran.code == 2, ran.out
    assert says in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err) < 1500


@pytest.mark.parametrize(
    ("name", "content"),
    [("left.mp4", b""), ("single_leg_squat-middle.mp4", b""), ("x.json", b"{"), ("y.json", b"[1]"), ("z.json", b"{}")],
)
def test_a_clip_that_says_nothing_is_refused(run: Run, tmp_path: Path, name: str, content: bytes) -> None:
    clip = tmp_path / name
    clip.write_bytes(content)
    ran = run("assess", person(tmp_path), clip)
    assert ran.code == 2
    assert name in ran.sentence


def test_nothing_there_and_nothing_in_it(run: Run, tmp_path: Path) -> None:
    assert run("assess", tmp_path / "none.toml").code == 2
    assert run("assess", tmp_path).code == 2
    assert "belong to one file" in run("assess", tmp_path, tmp_path / "a.mp4").err


def test_one_result_given_twice_is_refused(run: Run, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    run("test", "-t", "heel_raise_count", "--value", "9", "--side", "left", "--json", told)
    ran = run("assess", person(tmp_path, rest="[left]\nheel_raise_count = 12\n"), told)
    assert ran.code == 2
    assert re.search(r"heel_raise_count of the left leg.* there already", ran.sentence)
