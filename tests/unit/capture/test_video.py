from __future__ import annotations

import struct
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from small_videos import MakeVideo, corner_names, turn

from kneeline.capture.video import LONG_SIDE_PX, open_video
from kneeline.model.errors import InputError


def times(path: Path) -> list[float]:
    with open_video(path) as video:
        return [round(t_s, 3) for t_s, _ in video]


def test_pictures_and_times_come_as_written(make_video: MakeVideo) -> None:
    with open_video(make_video(times_s=[0.0, 0.1, 0.2])) as video:
        seen = list(video)
    assert [round(t, 3) for t, _ in seen] == [0.0, 0.1, 0.2]
    assert seen[0][1].shape == (64, 96, 3)
    assert seen[0][1].dtype == np.uint8
    assert corner_names(seen[0][1]) == ["red", "green", "blue", "grey"]
    assert (video.width_px, video.height_px, video.scale, video.warnings) == (96, 64, 1.0, ())


def test_variable_frame_rate_keeps_the_files_own_times(make_video: MakeVideo) -> None:
    wanted = [0.0, 0.033, 0.05, 0.117, 0.4, 0.41]
    assert times(make_video(times_s=wanted)) == wanted


def test_time_starts_at_the_first_picture_shown(make_video: MakeVideo) -> None:
    assert times(make_video("late.mkv", times_s=[5.0, 5.1, 5.2])) == [0.0, 0.1, 0.2]


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mp4", "libx264", "yuv444p"),
        ("a.mp4", "libx265", "yuv420p10le"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.gif", "gif", "rgb8"),
        ("a.mkv", "ffv1", "gray"),
        ("a.avi", "mjpeg", "yuvj420p"),
    ],
)
def test_codecs_and_pixel_formats(make_video: MakeVideo, name: str, codec: str, pix_fmt: str) -> None:
    try:
        path = make_video(name, codec=codec, pix_fmt=pix_fmt)
    except (av.FFmpegError, ValueError) as error:
        pytest.skip(f"this FFmpeg cannot write {codec}: {error}")
    with open_video(path) as video:
        pictures = [rgb for _, rgb in video]
    assert len(pictures) == 15
    if pix_fmt != "gray":
        assert corner_names(pictures[-1]) == ["red", "green", "blue", "grey"]


@pytest.mark.parametrize(
    ("matrix", "corners"),
    [
        ((1, 0, 0, 1), ["red", "green", "blue", "grey"]),
        ((0, 1, -1, 0), ["blue", "red", "grey", "green"]),  # a quarter turn clockwise, as phones write it
        ((0, -1, 1, 0), ["green", "grey", "red", "blue"]),
        ((-1, 0, 0, -1), ["grey", "blue", "green", "red"]),
        ((-1, 0, 0, 1), ["green", "red", "grey", "blue"]),  # mirrored left to right
    ],
)
def test_pictures_are_turned_upright(
    make_video: MakeVideo, matrix: tuple[int, int, int, int], corners: list[str]
) -> None:
    with open_video(turn(make_video(), matrix)) as video:
        _, rgb = next(iter(video))
    assert corner_names(rgb) == corners
    assert rgb.shape[:2] == (video.height_px, video.width_px)
    assert (video.width_px > video.height_px) == (matrix[0] != 0)


def test_huge_pictures_are_scaled_but_their_size_is_told(make_video: MakeVideo) -> None:
    with open_video(make_video(size=(2560, 1280), times_s=[0.0])) as video:
        _, rgb = next(iter(video))
    assert (video.width_px, video.height_px) == (2560, 1280)
    assert rgb.shape[:2] == (LONG_SIDE_PX // 2, LONG_SIDE_PX)
    assert video.scale == pytest.approx(2560 / LONG_SIDE_PX)


def test_pixels_that_are_not_square_are_made_so(make_video: MakeVideo) -> None:
    path = make_video("wide.mkv", options={"aspect": "3:1"})
    with av.open(str(path)) as file:
        ratio = file.streams.video[0].sample_aspect_ratio
    if not ratio or ratio == 1:
        pytest.skip("this FFmpeg does not write the aspect ratio")
    with open_video(path) as video:
        _, rgb = next(iter(video))
    assert video.width_px == round(96 * float(ratio))
    assert rgb.shape[1] == video.width_px


def test_slow_motion_at_240_per_second(make_video: MakeVideo) -> None:
    stamps = [round(i / 240, 3) for i in range(48)]
    assert times(make_video(times_s=stamps)) == stamps


def test_one_picture_works_and_says_what_it_cannot_do(make_video: MakeVideo) -> None:
    with open_video(make_video(times_s=[0.0])) as video:
        assert len(list(video)) == 1
    assert "one picture" in video.warnings[0]


def test_one_picture_per_second_works_and_says_how_good_times_are(make_video: MakeVideo) -> None:
    with open_video(make_video(times_s=[0, 1, 2, 3])) as video:
        assert len(list(video)) == 4
    assert "times are good to 1.0 s" in video.warnings[0]


def test_times_that_repeat_or_run_backwards_are_left_out_and_counted(make_video: MakeVideo) -> None:
    path = make_video("raw.mkv", codec="mjpeg", pix_fmt="yuvj420p", times_s=[0.0, 0.1, 0.2, 0.3, 0.4])
    data = path.read_bytes()
    for was_ms, is_ms in ((200, 100), (300, 50)):  # a Matroska block: track, time, flags
        assert data.count(struct.pack(">Bhb", 0x81, was_ms, -128)) == 1
        data = data.replace(struct.pack(">Bhb", 0x81, was_ms, -128), struct.pack(">Bhb", 0x81, is_ms, -128))
    path.write_bytes(data)
    with open_video(path) as video:
        assert [round(t, 3) for t, _ in video] == [0.0, 0.1, 0.4]
    assert video.warnings[0].startswith("2 pictures left out")


def test_a_file_cut_off_is_used_as_far_as_it_goes(make_video: MakeVideo) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    path = make_video("cut.mp4", times_s=[i / 10 for i in range(60)], picture=noise, options={"g": "10"})
    data = path.read_bytes()
    moov = data.index(b"moov") - 4
    mdat = data.index(b"mdat") - 4
    if moov > mdat:  # the index comes last: bring it to the front, as a recorder that was killed late would not
        remux(path)
        data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    with open_video(path) as video:
        count = len(list(video))
    assert 10 < count < 60
    assert any("ends after" in w for w in video.warnings)


def remux(path: Path) -> None:
    other = path.with_name("front.mp4")
    with av.open(str(path)) as source, av.open(str(other), "w", options={"movflags": "faststart"}) as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    other.replace(path)


def test_damage_in_the_middle_is_survived(make_video: MakeVideo) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    path = make_video("hurt.mkv", times_s=[i / 10 for i in range(60)], picture=noise, options={"g": "10"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(data)
    assert len(times(path)) > 25


def song(path: Path) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(bytes(16000))
    return path


def test_what_is_no_video_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "notes.mp4").write_text("just text\n" * 50)
    (tmp_path / "notes.txt").write_text("just text\n" * 50)
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    cases = {
        "missing.mp4": "there is no file",
        ".": "is a folder",
        "empty.mp4": "is empty",
        "notes.mp4": "cannot be read as a video",
        "notes.txt": "cannot be read as a video",
        "list.m3u8": "cannot be read as a video",
        "noise.mp4": "cannot be read as a video",
    }
    song(tmp_path / "song.wav")
    for name, words in (cases | {"song.wav": "sound but no pictures"}).items():
        with pytest.raises(InputError, match=words) as caught:
            open_video(tmp_path / name)
        assert "\n" not in str(caught.value), name


def test_a_video_whose_end_with_the_index_is_missing_is_no_video(make_video: MakeVideo) -> None:
    path = make_video()
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="cut off"):
        open_video(path)


def test_names_with_signs_that_ffmpeg_reads_as_more(make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_video("a:b 100% %03d é.mp4")
    monkeypatch.chdir(path.parent)
    assert len(times(Path(path.name))) == 15


def test_memory_does_not_grow_with_the_length(make_video: MakeVideo) -> None:
    """Decoding runs at most a few pictures ahead of a slow reader."""
    decoded = []
    with open_video(make_video(times_s=[i / 30 for i in range(60)])) as video:
        frames = video.frames(lambda rgb, t_s: decoded.append(t_s), every_s=0.0)
        next(frames)
        time.sleep(0.3)
        assert len(decoded) <= 6
        assert sum(1 for _ in frames) == 59


def test_an_error_on_the_decoding_thread_reaches_the_reader(make_video: MakeVideo) -> None:
    def broken(rgb: object, t_s: float) -> None:
        raise RuntimeError("look failed")

    with open_video(make_video()) as video, pytest.raises(RuntimeError, match="look failed"):
        list(video.frames(broken))


def test_leaving_early_ends_the_thread(make_video: MakeVideo) -> None:
    before = threading.active_count()
    with open_video(make_video(times_s=[i / 30 for i in range(60)])) as video:
        for _ in video:
            break
    assert threading.active_count() == before
    with pytest.raises(ValueError, match="once"):
        next(iter(video))


def test_looks_happen_about_twice_a_second(make_video: MakeVideo) -> None:
    with open_video(make_video(times_s=[i / 30 for i in range(91)])) as video:
        seen = [t for t, _, said in video.frames(lambda rgb, t_s: "here") if said]
    assert seen == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0], abs=0.02)


def test_importing_kneeline_loads_nothing_heavy() -> None:
    heavy = ("av", "cv2", "pyarrow", "ai_edge_litert")
    code = f"import sys, kneeline, kneeline.capture; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
