from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kneeline.capture.calibration import calibration_for
from kneeline.capture.poselog import read_pose_log, write_pose_log
from kneeline.model.errors import InputError
from kneeline.model.pose import INDEX, KEYPOINTS, PoseSeries, Recording

ABOUT = Recording("clip.mp4", 640, 480, "blazepose-full", warnings=("1 picture left out: damaged.",))


def series(n: int = 20, seed: int = 0) -> PoseSeries:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 480, (n, 33, 2))
    confidence = rng.uniform(0, 1, (n, 33))
    xy[3, 5], confidence[3, 5] = np.nan, np.nan
    people = np.full(n, -1)
    people[::5] = 1
    return PoseSeries(
        np.arange(n) / 30, xy, calibration_for("blazepose-full").sd_px(xy, confidence), confidence, people
    )


def remark(path: Path, **metadata: str | bytes) -> Path:
    """The log with metadata replaced."""
    table = pq.read_table(path)
    changes = {key.encode(): value for key, value in metadata.items()}
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **changes}), path)
    return path


def rewrite(path: Path, **changes: object) -> Path:
    """The log with columns replaced, or dropped where None is given."""
    table = pq.read_table(path)
    for name, values in changes.items():
        if values is None:
            table = table.drop_columns([name])
        else:
            table = table.set_column(table.column_names.index(name), name, pa.array(values))
    pq.write_table(table, path)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    write_pose_log(tmp_path / "a.parquet", series(), ABOUT, "v1")
    return tmp_path / "a.parquet"


def test_what_is_written_is_read_back_exactly(log: Path) -> None:
    read, about = read_pose_log(log)
    wanted = series()
    for field in ("t_s", "xy", "confidence", "people", "sd_px"):
        np.testing.assert_array_equal(getattr(read, field), getattr(wanted, field), err_msg=field)
    assert (about.source, about.width_px, about.height_px, about.pose_model) == ("clip.mp4", 640, 480, "blazepose-full")
    assert about.warnings == ABOUT.warnings
    assert (about.frames, about.fps_median) == (20, pytest.approx(30))
    assert about.duration_s == pytest.approx(19 / 30)


def test_columns_and_metadata_are_the_contract(log: Path) -> None:
    file = pq.ParquetFile(log)
    names = file.schema_arrow.names
    assert names[0] == "t_s"
    assert [f"{k}_{s}" for k in KEYPOINTS for s in ("x", "y", "confidence")] == names[1:-1]
    assert {b"width_px", b"height_px", b"model", b"model_version", b"source"} <= set(file.schema_arrow.metadata)
    assert file.read()[f"{KEYPOINTS[5]}_x"][3].as_py() is None


def test_a_failed_write_leaves_nothing_and_keeps_what_was_there(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = log.read_bytes()

    def full_disk(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full_disk)
    with pytest.raises(InputError, match="disk is full"):
        write_pose_log(log, series(5), ABOUT)
    assert log.read_bytes() == before
    assert list(log.parent.iterdir()) == [log]


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        write_pose_log(tmp_path / "no" / "a.parquet", series(), ABOUT)


def test_a_link_a_pipe_and_a_device_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "link.parquet").symlink_to(tmp_path / "real.parquet")
    write_pose_log(tmp_path / "link.parquet", series(), ABOUT)
    assert (tmp_path / "link.parquet").is_symlink()
    whole = (tmp_path / "real.parquet").read_bytes()
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE) as reader:
        write_pose_log(tmp_path / "pipe", series(), ABOUT)
        assert reader.communicate(timeout=20)[0] == whole
    assert (tmp_path / "pipe").is_fifo()
    write_pose_log("/dev/null", series(), ABOUT)
    assert Path("/dev/null").is_char_device()


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pq, "write_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_pose_log(tmp_path / "a.parquet", series(), ABOUT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("column", ["t_s", "people"])
def test_missing_columns(log: Path, column: str) -> None:
    rewrite(log, **{column: None})
    if column == "people":
        assert (read_pose_log(log)[0].people == -1).all()
    else:
        with pytest.raises(InputError, match="lacks the column t_s"):
            read_pose_log(log)


def test_a_keypoint_without_columns_is_absent(log: Path) -> None:
    read, _ = read_pose_log(rewrite(log, left_knee_x=None))
    assert np.isnan(read.xy[:, INDEX["left_knee"]]).all()
    assert np.isnan(read.sd_px[:, INDEX["left_knee"]]).all()


def test_a_table_that_is_something_else(tmp_path: Path) -> None:
    pq.write_table(pa.table({"t_s": [0.0], "price": [1.0]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="lacks every keypoint"):
        read_pose_log(tmp_path / "x.parquet")


def test_files_that_are_no_parquet(tmp_path: Path, log: Path) -> None:
    (tmp_path / "text.parquet").write_text("hello")
    (tmp_path / "empty.parquet").touch()
    (tmp_path / "cut.parquet").write_bytes(log.read_bytes()[:-100])
    for name in ("text", "empty", "cut"):
        with pytest.raises(InputError, match="not a Parquet file"):
            read_pose_log(tmp_path / f"{name}.parquet")
    with pytest.raises(InputError, match="no file"):
        read_pose_log(tmp_path / "missing.parquet")
    with pytest.raises(InputError, match="folder"):
        read_pose_log(tmp_path)


def test_damage_inside_is_said(log: Path) -> None:
    data = bytearray(log.read_bytes())
    data[100:4000] = b"\xff" * 3900
    log.write_bytes(data)
    with pytest.raises(InputError):
        read_pose_log(log)


def test_no_rows(tmp_path: Path) -> None:
    write_pose_log(tmp_path / "a.parquet", series()[:0], ABOUT)
    with pytest.raises(InputError, match="no rows"):
        read_pose_log(tmp_path / "a.parquet")


def test_columns_of_words(log: Path) -> None:
    with pytest.raises(InputError, match="no numbers"):
        read_pose_log(rewrite(log, left_hip_y=["a"] * 20))


def test_times_that_do_not_rise_are_left_out(log: Path) -> None:
    t_s = np.arange(20) / 30
    t_s[5], t_s[6], t_s[7] = t_s[4], t_s[2], np.nan
    read, about = read_pose_log(rewrite(log, t_s=t_s))
    assert len(read) == 17
    assert (np.diff(read.t_s) > 0).all()
    assert any(w.startswith("3 of 20 rows") for w in about.warnings)


@pytest.mark.parametrize("width", ["²", "٣", "1" * 5000, "-640", "6e2", "", b"\xff"])
def test_a_size_that_is_no_number_is_not_known(log: Path, width: str | bytes) -> None:
    _, about = read_pose_log(remark(log, width_px=width))
    assert (about.width_px, about.height_px) == (0, 480)


@pytest.mark.parametrize(
    "warnings",
    ["[" * 100_000 + "]" * 100_000, "[" + "1" * 10_000 + "]", "[null, {}, 3, [[]]]", '{"a": "b"}', b"\xff", ""],
)
def test_warnings_that_are_no_sentences_are_passed_over(log: Path, warnings: str | bytes) -> None:
    assert read_pose_log(remark(log, warnings=warnings))[1].warnings == ()


def test_many_and_long_warnings_are_cut(log: Path) -> None:
    _, about = read_pose_log(remark(log, warnings=json.dumps([f"{i} " + "x" * 10_000 for i in range(1000)])))
    assert len(about.warnings) == 50
    assert max(map(len, about.warnings)) == 500


def test_metadata_has_nothing_that_a_terminal_would_obey(log: Path) -> None:
    remark(log, model=b"\xff\xfe" * 9000, source="a\x1b]0;owned\x07\x9bb\n.mp4")
    remark(log, warnings=json.dumps(["\ud800 \x1b[2J gone"]))
    _, about = read_pose_log(log)
    assert about.source == "a?]0;owned??b?.mp4"
    assert about.warnings == ("\ufffd ?[2J gone",)
    assert about.pose_model == "\ufffd" * 255


def test_metadata_whose_keys_are_no_text_is_passed_over(log: Path) -> None:
    pq.write_table(pq.read_table(log).replace_schema_metadata({b"\xff": b"\xff", b"model": b"m"}), log)
    _, about = read_pose_log(log)
    assert (about.source, about.pose_model, about.width_px) == (log.name, "m", 0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [1e300, -1e300, np.inf, np.nan, -7.0])
def test_a_count_of_people_that_cannot_be_was_not_counted(log: Path, count: float) -> None:
    assert (read_pose_log(rewrite(log, people=np.full(20, count)))[0].people == -1).all()


def test_a_log_of_far_too_many_rows_is_refused_before_it_is_read(tmp_path: Path) -> None:
    bomb = pa.table({"t_s": pa.nulls(400_001, pa.float64()), "nose_x": pa.nulls(400_001, pa.float64())})
    pq.write_table(bomb.append_column("nose_y", bomb["nose_x"]), tmp_path / "bomb.parquet")
    with pytest.raises(InputError, match=r"400001 rows.*at most 400000 pictures, about 3.7 hours at 30 a second"):
        read_pose_log(tmp_path / "bomb.parquet")


def test_a_name_that_is_no_utf8_is_read_and_shown(log: Path) -> None:
    named = log.rename(log.with_name(os.fsdecode(b"bad\xff.parquet")))
    with named.open("rb") as file:
        bare = pq.ParquetFile(file).read().replace_schema_metadata({})
    with named.open("wb") as out:
        pq.write_table(bare, out)
    assert read_pose_log(named)[1].source == "bad\ufffd.parquet"


def test_one_far_time_ahead_does_not_swallow_the_rest(log: Path) -> None:
    t_s = np.arange(20) / 30
    t_s[3] = 1e9
    read, about = read_pose_log(rewrite(log, t_s=t_s))
    assert len(read) == 19
    assert read.t_s[-1] == pytest.approx(19 / 30)
    assert any(w.startswith("1 of 20 rows") for w in about.warnings)


@pytest.mark.parametrize("start_s", [7.5, -3.0, 1.7e9])
def test_seconds_count_from_the_first_picture_whatever_the_clock_said(log: Path, start_s: float) -> None:
    read, about = read_pose_log(rewrite(log, t_s=start_s + np.arange(20) / 30))
    np.testing.assert_allclose(read.t_s, np.arange(20) / 30, atol=1e-6)
    assert read.t_s[0] == 0.0
    assert about.duration_s == pytest.approx(19 / 30)
    assert about.warnings == ABOUT.warnings


def test_times_closer_than_a_microsecond_are_the_same_time(log: Path) -> None:
    read, about = read_pose_log(rewrite(log, t_s=np.arange(20) * 1e-300))
    assert len(read) == 1
    assert any(w.startswith("19 of 20 rows") for w in about.warnings)


def test_no_usable_time_at_all(log: Path) -> None:
    with pytest.raises(InputError, match="no usable times"):
        read_pose_log(rewrite(log, t_s=np.full(20, np.nan)))


def test_impossible_coordinates_are_absent(log: Path) -> None:
    x = np.full(20, 100.0)
    x[0], x[1], x[2] = np.inf, 1e12, np.nan
    read, about = read_pose_log(rewrite(log, nose_x=x))
    assert np.isnan(read.xy[:3, 0]).all()
    assert np.isnan(read.sd_px[:3, 0]).all()
    assert np.isnan(read.confidence[:3, 0]).all()
    assert np.isfinite(read.xy[3:, 0]).all()
    assert any(w.startswith("2 keypoints") for w in about.warnings)


def test_confidence_outside_0_to_1_is_clipped(log: Path) -> None:
    read, _ = read_pose_log(rewrite(log, nose_confidence=np.linspace(-3, 3, 20)))
    assert read.confidence[:, 0].min() == 0.0
    assert read.confidence[:, 0].max() == 1.0


def test_a_confidence_that_was_not_said_is_neither_0_nor_1(log: Path) -> None:
    said: list[float | None] = [0.9] * 20
    said[4] = None
    rewrite(log, left_knee_confidence=None, right_knee_confidence=said)
    read, _ = read_pose_log(log)
    left, right = INDEX["left_knee"], INDEX["right_knee"]
    assert np.isnan(read.confidence[:, left]).all()
    assert np.flatnonzero(np.isnan(read.confidence[:, right])).tolist() == [4]
    widest = calibration_for("blazepose-full").sd_px(read.xy, np.zeros((20, 33)), (640, 480))
    np.testing.assert_array_equal(read.sd_px[:, left], widest[:, left])
    assert read.sd_px[4, right] == widest[4, right]
    inside = (read.xy[5] >= 0).all(axis=-1) & (read.xy[5] <= (640, 480)).all(axis=-1)
    assert not inside[right] or read.sd_px[5, right] < widest[5, right]


def test_a_log_of_a_moment_when_nobody_was_there_says_so(tmp_path: Path) -> None:
    nobody = series(90)
    nobody.xy[30:80] = np.nan
    write_pose_log(tmp_path / "a.parquet", nobody, ABOUT)
    _, about = read_pose_log(tmp_path / "a.parquet")
    assert "The person was not seen from 1.0 s to 2.6 s." in about.warnings


def test_a_second_person_is_said_once_for_each_stay(tmp_path: Path) -> None:
    two = series(200)
    two.people[:] = -1
    two.people[::15] = 1
    two.people[90:151:15] = 2
    two.people[30] = 2  # seen once, gone at the next look: a slip of the detector
    write_pose_log(tmp_path / "a.parquet", two, ABOUT)
    said = [w for w in read_pose_log(tmp_path / "a.parquet")[1].warnings if "second person" in w]
    assert said == [
        "A second person was in view from 3.0 s to 5.0 s; "
        "one person was followed; after more than 2 s out of sight that may be somebody else."
    ]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_reading_needs_little_memory_and_no_pixels(tmp_path: Path) -> None:
    write_pose_log(tmp_path / "a.parquet", series(18_000), ABOUT)  # ten minutes at 30 per second
    code = (
        "import sys; from kneeline.capture.poselog import read_pose_log; read_pose_log(sys.argv[1]);"
        "print([m for m in ('cv2', 'av', 'ai_edge_litert', 'pandas') if m in sys.modules]);"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
    )
    args = [sys.executable, "-c", code, str(tmp_path / "a.parquet")]
    modules, peak_kb = subprocess.run(args, check=True, capture_output=True, text=True).stdout.splitlines()
    assert modules == "[]"
    assert int(peak_kb) < 150 * 1024


def test_logs_of_real_videos_can_be_read(shared: Path) -> None:
    logs = sorted((shared / "recordings" / "poselogs").glob("*.parquet"))
    assert logs
    for path in logs:
        read, about = read_pose_log(path)
        assert about.width_px > 0
        assert about.pose_model.startswith("blazepose-full")
        there = np.isfinite(read.xy[..., 0])
        assert (read.sd_px[there] > 0).all()
