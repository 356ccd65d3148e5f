"""What kneeline can see: the page says what the kept results say, and real people's markers hold it to the truth."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from kneeline.capture.formats import read_trc
from kneeline.content.load import load
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries

ROOT = Path(__file__).resolve().parents[2]
MOT = "name\nversion=1\n{}\nendheader\ntime\tknee_angle_r\tpelvis_tx\n0.0\t{}\t0.5\n0.1\t{}\t0.5\n"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The folder of benchmarks, importable as the scripts import each other."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return pytest.importorskip("page", reason="the benchmarks need the environment that ./check makes")


def test_the_page_says_what_the_kept_results_say(bench: ModuleType) -> None:
    made = bench.made(bench.results(), load())
    assert bench.PAGE.read_text(encoding="utf-8") == made, "run benchmarks/page.py"


def test_reports_show_the_accuracy_that_the_kept_results_hold(bench: ModuleType) -> None:
    rows = bench.results().seen
    assert bench.ACCURACY.read_text(encoding="utf-8") == bench.accuracy_toml(rows), "run benchmarks/page.py"
    known = load().accuracy.of("blazepose-full float16", "banded_single_leg_stand", "fppa_peak_deg")
    mine = [
        r
        for r in rows
        if (r.model, r.exercise, r.measure, r.valid) == ("full", "banded_single_leg_stand", "fppa_peak_deg", "yes")
    ]
    errors = [abs(r.value - r.truth) for r in mine if r.value is not None]
    assert known is not None
    assert known.mae == pytest.approx(np.mean(errors), rel=1e-3)
    assert known.repetitions == len(errors)
    few = load().accuracy.of("blazepose-full", "squat_single_leg", "peak_knee_flexion_deg")
    assert few is not None
    assert few.pooled, "what one exercise had too few of is told over all of them"
    assert few.repetitions >= bench.FEWEST


def test_nobody_on_the_page_was_fitted_on(bench: ModuleType) -> None:
    from clips import FIT_BODIES

    assert {r.body for r in bench.results().seen}.isdisjoint(FIT_BODIES)


def test_every_plot_is_there_small_and_follows_light_and_dark(bench: ModuleType) -> None:
    names = re.findall(r"\]\(seen/([\w.]+)\)", bench.PAGE.read_text(encoding="utf-8"))
    assert {file.name for file in bench.PLOTS.iterdir()} == set(names)
    for name in names:
        svg = (bench.PLOTS / name).read_text(encoding="utf-8")
        assert "prefers-color-scheme:dark" in svg
        assert "<script" not in svg
        assert len(svg) < 60_000, name


def test_drawing_needs_nothing_but_the_results(bench: ModuleType, tmp_path: Path) -> None:
    bench.draw(bench.results(), load(), tmp_path)
    assert {f.name for f in tmp_path.iterdir()} == {f.name for f in bench.PLOTS.iterdir()}


def test_the_figures_are_those_of_the_errors_that_are_known(bench: ModuleType) -> None:
    from seen import Seen, figures

    one = Seen("full", "a", "f_slim", "step_down", "front", 0.0, "fppa_peak_deg", "deg", "yes", 10.0, 12.0, 1.0, "")
    off = figures([one, replace(one, value=9.0, recording="b"), replace(one, value=None), replace(one, truth=None)])
    assert off is not None
    assert (off.n, off.people, off.recordings) == (2, 1, 2)
    assert (off.mae, off.bias, off.covered) == (1.5, 0.5, 0.5)
    assert off.limits == pytest.approx((0.5 - 1.96 * 1.5, 0.5 + 1.96 * 1.5))
    assert figures([replace(one, value=None)]) is None


@pytest.mark.parametrize("text", ["", "model,recording\nfull,a\n", "trial,signal,low\n"])
def test_results_of_another_shape_are_refused(bench: ModuleType, tmp_path: Path, text: str) -> None:
    from seen import Turned
    from tables import read_rows

    (tmp_path / "seen.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="measure again"):
        read_rows(tmp_path / "seen.csv", Turned)


def test_rows_come_back_as_they_were_written(bench: ModuleType, tmp_path: Path) -> None:
    from seen import Turned
    from tables import read_rows, write_rows

    rows = [
        Turned("full", "fppa", "deg", 0.0, 10.0, 7, 0.25, 2.5, 0.5),
        Turned("full", "a", "s", 0, 1, 0, 1.0, 3.0, 1.0),
    ]
    write_rows(tmp_path / "rows.csv", rows)
    assert read_rows(tmp_path / "rows.csv", Turned) == rows


def test_joint_angles_in_radians_and_in_degrees_are_told_apart_by_the_header(bench: ModuleType, tmp_path: Path) -> None:
    from marker_data import read_mot

    file = tmp_path / "a.mot"
    for said, value in (("inDegrees=yes", 90.0), ("inDegrees=no", math.pi / 2)):
        file.write_text(MOT.format(said, value, value), encoding="utf-8")
        columns = read_mot(file)
        assert columns["knee_angle_r"] == pytest.approx([90.0, 90.0])
        assert columns["pelvis_tx"] == pytest.approx([0.5, 0.5]), "a place is no angle"
    for text in (MOT.format("", 1, 1), "inDegrees=yes\n", MOT.format("inDegrees=yes", 1, "1\t2"), ""):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"a\.mot"):
            read_mot(file)


def test_pelvic_list_is_obliquity_only_for_those_who_face_along_the_first_axis(bench: ModuleType) -> None:
    from marker_data import obliquity_deg

    turned = obliquity_deg(np.array([8.0]), np.array([3.0]), np.array([-90.0]))
    assert turned == pytest.approx([8.0], abs=0.05), "their hip drop is what the file calls tilt"


def test_a_file_for_sports2d_holds_the_same_keypoints(bench: ModuleType, tmp_path: Path) -> None:
    from beside_sports2d import NAMES, write_trc

    xy = np.random.default_rng(3).uniform(100, 900, (4, len(KEYPOINTS), 2))
    sure = np.ones(xy.shape[:2])
    write_trc(tmp_path / "x_px.trc", PoseSeries(np.arange(4) / 29.4, xy, sure, sure, np.ones(4, dtype=np.int64)))
    series, _ = read_trc(tmp_path / "x_px.trc")
    assert series.t_s == pytest.approx(np.arange(4) / 29.4, abs=1e-6)
    for parts in NAMES.values():
        if len(parts) == 1:
            assert series.xy[:, INDEX[parts[0]]] == pytest.approx(xy[:, INDEX[parts[0]]], abs=1e-3)


def test_without_sports2d_the_comparison_says_how_to_make_it(tmp_path: Path) -> None:
    script = ROOT / "benchmarks" / "beside_sports2d.py"
    done = subprocess.run(
        [sys.executable, script, "--cache", tmp_path], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "run this again with --make" in done.stdout


def test_squats_of_a_real_person_are_as_near_to_the_expert_as_two_experts_are(bench: ModuleType, shared: Path) -> None:
    """With perfect points, square to the body: the knee within 3.6 degrees of the expert, the pelvis within 1.1."""
    from marker_data import flat, trials
    from mocap import traced

    if not (shared / "mocap").is_dir():
        pytest.skip(f"no marker data in {shared}")
    squat = next(iter(trials(shared / "mocap")))
    for turn, column, goal in (
        (90.0, "knee_flexion_right_deg", 3.6),
        (-90.0, "knee_flexion_left_deg", 3.6),
        (0.0, "pelvic_drop_deg", 1.1),
    ):
        _, trace = traced(flat(squat, turn), load(), turn)
        assert round(float(np.nanmean(np.abs(trace.values[column] - squat.expert[column]))), 1) <= goal, column


def test_a_camera_turned_away_is_refused_and_not_guessed(bench: ModuleType, shared: Path) -> None:
    from marker_data import Camera, filmed, trials
    from mocap import traced

    if not (shared / "mocap").is_dir():
        pytest.skip(f"no marker data in {shared}")
    squat = next(iter(trials(shared / "mocap")))
    for turn, column in ((30.0, "knee_flexion_right_deg"), (60.0, "pelvic_drop_deg")):
        _, trace = traced(filmed(squat, turn, Camera()), load(), None)
        assert np.isnan(trace.values[column]).all(), column
