"""Following one person among others, on pictures put together from rendered people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from kneeline.capture.blazepose import BlazePose, PersonDetector, Region
from kneeline.capture.calibration import apparent_size
from kneeline.capture.follow import pose_video, read_video
from kneeline.capture.pose_model import PoseModel, model_path, open_pose_model
from kneeline.capture.poselog import read_pose_log, write_pose_log
from kneeline.capture.video import open_video
from kneeline.model.pose import INDEX, PoseFrame, PoseSeries

Picture = np.ndarray
FPS = 10.0
EXAMPLE = Path(__file__).parents[3] / "examples" / "calf_raise.mp4"
HIPS = [INDEX["left_hip"], INDEX["right_hip"]]


def pictures(path: Path, every: int = 3) -> list[Picture]:
    with open_video(path) as video:
        return [rgb for i, (_, rgb) in enumerate(video) if i % every == 0]


@pytest.fixture(scope="session")
def first(shared: Path) -> list[Picture]:
    return pictures(shared / "recordings" / "rendered" / "calf_m_avg_front.mp4")


@pytest.fixture(scope="session")
def person() -> list[Picture]:
    """Somebody alone, from the example that ships."""
    return pictures(EXAMPLE, every=60)


@pytest.fixture(scope="session")
def second(shared: Path) -> list[Picture]:
    """A strip 200 px wide with another person in its middle."""
    return [p[:, 222:422] for p in pictures(shared / "recordings" / "rendered" / "step_m_strong_front.mp4")]


def scene(i: int, first: list[Picture], second: list[Picture], x: int | None) -> Picture:
    """The first person left in a wide picture, and the second's strip pasted with its edge at x."""
    canvas = np.full((480, 960, 3), 120, dtype=np.uint8)
    canvas[:, :640] = first[i % len(first)]
    if x is not None and -200 < x < 960:
        low, high = max(0, x), min(960, x + 200)
        canvas[:, low:high] = second[i % len(second)][:, low - x : high - x]
    return canvas


def hip_x(frames: list[PoseFrame]) -> np.ndarray:
    return np.array([frame.xy[HIPS, 0].mean() for frame in frames])


def write(path: Path, frames: list[Picture], fps: int = int(FPS)) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=fps, options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], "yuv420p"
        for rgb in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def test_a_second_person_is_said_and_not_followed(first: list[Picture], second: list[Picture], tmp_path: Path) -> None:
    there = range(30, 50)
    clip = write(tmp_path / "two.mp4", [scene(i, first, second, 700 if i in there else None) for i in range(80)])
    series, about = read_video(clip)
    said = [w for w in about.warnings if "second person" in w]
    assert len(said) == 1
    assert "from 3.0 s to 4." in said[0]
    assert np.abs(series.xy[:, HIPS, 0].mean(axis=1) - 316).max() < 30
    assert series.people.max() == 2


def test_somebody_who_walks_past_in_front_is_not_taken_for_the_person(
    first: list[Picture], second: list[Picture]
) -> None:
    path = [960 - 24 * i for i in range(50)]
    model, alone = open_pose_model(), open_pose_model()
    seen = hip_x([model.track(scene(i, first, second, x), i / 15) for i, x in enumerate(path)])
    wanted = hip_x([alone.track(scene(i, first, second, None), i / 15) for i in range(len(path))])
    off = np.abs(seen - wanted)
    assert np.nanmax(off) < 40  # px, of a region of 400: half hidden, the hips are guessed
    assert np.isnan(seen).sum() < 30
    assert np.isfinite(seen[-3:]).all()


def test_the_person_who_comes_back_is_found_again_and_the_larger_stranger_is_not(
    first: list[Picture], second: list[Picture]
) -> None:
    model = open_pose_model()
    empty = np.full((480, 960, 3), 120, dtype=np.uint8)
    frames = []
    for i in range(40):
        picture = scene(i, first, second, 700 if i > 3 else None)
        if 12 <= i < 24:  # the first steps out for 1.2 s
            picture[:, :640] = empty[:, :640]
        frames.append(model.track(picture, i / FPS))
    x = hip_x(frames)
    assert np.nanmax(x) < 400, "the stranger at 800 was followed"
    assert np.isnan(x[13:23]).all()
    assert np.isfinite(x[26:]).all()


def test_after_two_seconds_the_largest_person_is_taken(first: list[Picture], second: list[Picture]) -> None:
    model = open_pose_model()
    x = []
    for i in range(40):
        picture = scene(i, first, second, 700 if i > 3 else None)
        if i >= 8:
            picture[:, :640] = 120
        x.append(model.track(picture, i / FPS).xy[HIPS, 0].mean())
    assert np.nanmax(x[:25]) < 400
    assert x[-1] == pytest.approx(800, abs=60)


def test_nobody_there_is_said(tmp_path: Path) -> None:
    clip = write(tmp_path / "empty.mp4", [np.full((120, 160, 3), 120, dtype=np.uint8)] * 12)
    series, about = read_video(clip)
    assert np.isnan(series.xy).all()
    assert set(series.people) == {-1, 0}
    assert about.warnings == ("Nobody was found in the whole recording.",)


def test_a_stream_gives_the_same_as_one_by_one(first: list[Picture], second: list[Picture]) -> None:
    """Also where the person is lost, somebody walks past, and the times have gaps."""
    path = [None] * 6 + [960 - 40 * i for i in range(30)] + [None] * 4
    stamps = [i / 15 if i < 30 else 0.5 + i / 15 for i in range(len(path))]
    shots = [(t, scene(i, first, second, x)) for i, (t, x) in enumerate(zip(stamps, path, strict=True))]
    shots[3] = (shots[3][0], np.zeros_like(shots[3][1]))
    model = open_pose_model()
    assert isinstance(model, BlazePose)
    one_by_one = PoseSeries.of(model.track(rgb, t_s) for t_s, rgb in shots)
    streamed = PoseSeries.of(BlazePose(model_path("full")).track_all(shots))
    for field in ("t_s", "xy", "sd_px", "confidence"):
        np.testing.assert_array_equal(getattr(streamed, field), getattr(one_by_one, field), err_msg=field)


def test_keypoints_are_in_pixels_of_the_full_size_picture(person: list[Picture], tmp_path: Path) -> None:
    small = person[:4]
    big = [np.repeat(np.repeat(p, 4, axis=0), 4, axis=1) for p in small]
    a, _ = read_video(write(tmp_path / "small.mp4", small))
    b, about = read_video(write(tmp_path / "big.mp4", big))
    assert (about.width_px, about.height_px) == (2560, 1920)
    legs = [INDEX[f"{s}_{p}"] for s in ("left", "right") for p in ("hip", "knee", "ankle")]
    np.testing.assert_allclose(b.xy[:, legs] / 4, a.xy[:, legs], atol=6)
    np.testing.assert_allclose(b.sd_px[:, legs], 4 * a.sd_px[:, legs], rtol=0.5)


def test_feet_out_of_the_picture_are_as_unsure_as_in_the_log_of_the_same_video(
    person: list[Picture], tmp_path: Path
) -> None:
    """Also where the picture was scaled down for the model."""
    cut = [picture[:350] for picture in person]
    for times in (1, 5):
        clip = write(tmp_path / f"cut{times}.mp4", [p.repeat(times, axis=0).repeat(times, axis=1) for p in cut])
        series, about = read_video(clip)
        below = series.xy[..., 1] > about.height_px
        heels = [INDEX["left_heel"], INDEX["right_heel"]]
        assert below[:, heels].all(), "the clip has no feet out of the picture"
        assert (series.sd_px[:, heels] >= 0.099 * apparent_size(series.xy)[:, None]).all()
        write_pose_log(tmp_path / "log.parquet", series, about)
        kept, _ = read_pose_log(tmp_path / "log.parquet")
        np.testing.assert_allclose(kept.sd_px, series.sd_px, rtol=1e-9)


def test_a_model_without_streaming_works_too(person: list[Picture], tmp_path: Path) -> None:
    class Still:
        """A model that needs no pixels."""

        name, version = "still", "1"

        def track(self, rgb: Picture, t_s: float) -> PoseFrame:
            return PoseFrame(t_s, np.ones((33, 2)), np.ones(33), np.ones(33))

    model: PoseModel = Still()
    progress: list[tuple[float, float | None]] = []
    with open_video(write(tmp_path / "a.mp4", person[:12])) as video:
        frames = list(pose_video(video, model, lambda t, total: progress.append((t, total))))
    assert [f.people for f in frames] == [1, -1, -1, -1, -1, 1, -1, -1, -1, -1, 1, -1]
    assert [round(t, 1) for t, _ in progress] == [round(f.t_s, 1) for f in frames]
    assert progress[0][1] == pytest.approx(1.2, abs=0.11)


def test_detector_finds_each_person_where_they_are(first: list[Picture], second: list[Picture]) -> None:
    people = PersonDetector(model_path("full")).find(scene(0, first, second, 700))
    assert sorted(round(p.x_px / 100) for p in people) == [3, 8]
    assert all(0.5 <= p.confidence <= 1 for p in people)


def test_regions_compare_by_place_and_size() -> None:
    here = Region(100, 100, 50, 0)
    assert here.unlike(here) == 0
    assert here.unlike(Region(100, 100, 100, 0)) == pytest.approx(np.log(2))
    assert here.away(Region(100, 150, 50, 0)) == 1.0


def everything(model: PoseModel, path: Path) -> Iterator[PoseFrame]:
    with open_video(path) as video:
        yield from pose_video(video, model)


def test_a_reader_who_stops_early_leaves_nothing_running(person: list[Picture], tmp_path: Path) -> None:
    import threading

    before = threading.active_count()
    frames = everything(open_pose_model(), write(tmp_path / "a.mp4", person[:20]))
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
