from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from hand_made import Made

from kneeline.model.errors import InputError
from kneeline.report.overlay import Drawn, Sprite, _Pen, _reading_words, write_overlay

Picture = npt.NDArray[np.uint8]


def drawn(made: Made) -> Drawn:
    return Drawn(made.series, made.trace, made.result, made.exercise, made.library, made.recording.width_px)


def grey(made: Made, rows: range, width: int = 640, height: int = 480) -> Iterator[tuple[float, Picture]]:
    for row in rows:
        yield float(made.trace.t_s[row]), np.full((height, width, 3), 128, dtype=np.uint8)


def decoded(path: Path) -> list[tuple[float, Picture]]:
    with av.open(str(path)) as file:
        assert file.streams.video[0].codec_context.name == "h264"
        assert file.streams.video[0].codec_context.pix_fmt == "yuv420p"
        return [(float(f.time or 0), f.to_ndarray(format="rgb24")) for f in file.decode(video=0)]


def test_every_frame_keeps_its_own_time(made: Made, tmp_path: Path) -> None:
    uneven = [0, 1, 2, 7, 8, 20, 21, 22, 50]
    frames = [(float(made.trace.t_s[i]), np.full((480, 640, 3), 128, dtype=np.uint8)) for i in uneven]
    write_overlay(tmp_path / "o.mp4", frames, drawn(made))
    times = [t_s for t_s, _ in decoded(tmp_path / "o.mp4")]
    np.testing.assert_allclose(times, [t_s for t_s, _ in frames], atol=1e-4)


def test_odd_sizes_become_even(made: Made, tmp_path: Path) -> None:
    write_overlay(tmp_path / "o.mp4", grey(made, range(3), 321, 241), drawn(made))
    assert decoded(tmp_path / "o.mp4")[0][1].shape == (240, 320, 3)


def test_the_skeleton_lies_on_the_keypoints_at_any_size(made: Made, tmp_path: Path) -> None:
    for width, height in ((640, 480), (1280, 960)):
        write_overlay(tmp_path / "o.mp4", grey(made, range(40, 42), width, height), drawn(made))
        picture = decoded(tmp_path / "o.mp4")[0][1].astype(int)
        scale = width / 640
        # between the left knee and ankle, away from every label
        x, y = (made.series.xy[40, 25] + made.series.xy[40, 27]) / 2 * scale
        assert np.abs(picture[round(y), round(x)] - 128).max() > 60
        assert np.abs(picture[round(y), round(x + 60 * scale)] - 128).max() < 12


def test_the_count_and_the_verdict_change_when_a_repetition_ends(made: Made, tmp_path: Path) -> None:
    end = made.result.reps[0].end_s
    before, after = (int(np.searchsorted(made.trace.t_s, end + d)) for d in (-0.1, 0.1))
    write_overlay(tmp_path / "o.mp4", grey(made, range(before, after)), drawn(made))
    frames = decoded(tmp_path / "o.mp4")
    corner = [picture[:130, :220].astype(int) for _, picture in frames]
    assert np.abs(corner[-1] - corner[0]).max() > 100
    green = corner[-1][..., 1] - corner[-1][..., 0]
    assert green.max() > 60
    assert (corner[0][..., 1] - corner[0][..., 0]).max() < 40


def test_a_value_just_below_zero_is_not_minus_zero() -> None:
    assert _reading_words("body_rise_frac", -0.003, 0.02) == "0 ± 2 %"


def test_the_value_stays_clear_of_the_count_and_the_tempo(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hips of a person who stands high in the left of the picture lie beside the panel."""
    places: list[tuple[int, int, int, int]] = []

    def spy(rgb: Picture, sprite: Sprite, x: int, y: int) -> None:
        high, wide = sprite[0].shape[:2]
        places.append((x, y, x + wide, y + high))

    monkeypatch.setattr("kneeline.report.overlay._blend", spy)
    row = int(np.searchsorted(made.trace.t_s, made.result.reps[0].top_start_s + 0.5))
    moved = replace(made.series, xy=made.series.xy - (60, 60))
    pen = _Pen(replace(drawn(made), series=moved), 640, 480)
    pen.draw(np.full((480, 640, 3), 128, dtype=np.uint8), float(made.trace.t_s[row]))
    value, *panel = places
    bar = (20, 190, 200, 200)
    for left, top, right, bottom in (*panel, bar):
        assert value[0] >= right or value[2] <= left or value[1] >= bottom or value[3] <= top


def test_frames_that_were_not_measured_are_kept_without_a_skeleton(made: Made, tmp_path: Path) -> None:
    late = [(1000.0, np.full((480, 640, 3), 128, dtype=np.uint8))]
    write_overlay(tmp_path / "o.mp4", late, drawn(made))
    picture = decoded(tmp_path / "o.mp4")[0][1].astype(int)
    assert np.abs(picture[200:, 250:] - 128).max() < 12


def test_an_interrupted_overlay_leaves_nothing(made: Made, tmp_path: Path) -> None:
    def frames() -> Iterator[tuple[float, Picture]]:
        yield from grey(made, range(5))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_overlay(tmp_path / "o.mp4", frames(), drawn(made))
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_no_video_can_have_is_refused(made: Made, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"o\.txt"):
        write_overlay(tmp_path / "o.txt", grey(made, range(1)), drawn(made))
    assert list(tmp_path.iterdir()) == []


def test_keypoints_far_outside_and_tiny_pictures_are_drawn_without_harm(made: Made, tmp_path: Path) -> None:
    xy = made.series.xy.copy()
    xy[0, 25] = (1e12, -1e12)
    wild = replace(drawn(made), series=replace(made.series, xy=xy))
    write_overlay(tmp_path / "o.mp4", grey(made, range(2), 32, 24), wild)
    assert len(decoded(tmp_path / "o.mp4")) == 2
