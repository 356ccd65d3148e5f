"""A close-up of two feet: drawn legs that rise, and ankles that drift inward."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from kneeline.capture.feet import CAMERA_STILL, FootMarks, look_at_feet, watch_feet, write_still
from kneeline.model.errors import InputError
from kneeline.model.quantity import Estimate, NotAssessable, Verdict

FPS, WIDTH, HEIGHT = 15, 400, 300
HEEL_Y, ANKLE_Y, LEFT_X, RIGHT_X = 240, 190, 140, 260
LEFT = FootMarks((LEFT_X, HEEL_Y), (LEFT_X, ANKLE_Y))
RIGHT = FootMarks((RIGHT_X, HEEL_Y), (RIGHT_X, ANKLE_Y))
MARK = HEEL_Y - ANKLE_Y
RAISES_S = (1.0, 4.0)
LASTS_S = 2.0
DURATION_S = 7.0


def texture(seed: int, height: int, width: int, low: int, high: int) -> np.ndarray:
    rough = np.random.default_rng(seed).integers(low, high, (height // 6 + 2, width // 6 + 2, 3), dtype=np.uint8)
    return cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)


ROOM = texture(0, HEIGHT, WIDTH, 60, 120)
LEGS = [texture(seed, HEIGHT, 60, 130, 230) for seed in (1, 2)]


def share(t_s: float, start_s: float) -> float:
    """How far a raise is, 0 to 1, rising and falling evenly without corners."""
    x = (t_s - start_s) / LASTS_S
    return float(np.sin(np.pi * x) ** 2) if 0 < x < 1 else 0.0


def picture(rise_px: float, inward_px: float = 0.0, shift_px: int = 0, lean_px: float = 0.0) -> np.ndarray:
    """Both legs so much higher, their ankles so much nearer to each other, both so much further to the right."""
    out = ROOM.copy()
    for x, skin, inward in ((LEFT_X, LEGS[0], lean_px + inward_px), (RIGHT_X, LEGS[1], lean_px - inward_px)):
        bottom = round(HEEL_Y - rise_px)
        rows = np.arange(bottom)
        # The heel stays over its place; from the ankle up the leg has moved by the whole drift.
        lean = inward * np.clip((bottom - rows) / MARK, 0, 1)
        columns = np.arange(60)[None, :] + np.zeros((bottom, 1))
        maps = (
            (columns - (lean % 1)[:, None]).astype(np.float32),
            (rows[:, None] + rise_px + 0 * columns).astype(np.float32),
        )
        leg = cv2.remap(skin, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for y in range(bottom):
            left = x - 30 + int(np.floor(lean[y]))
            out[y, left : left + 60] = leg[y]
    return np.roll(out, shift_px, axis=1)


def film(path: Path, at: Callable[[float], np.ndarray], duration_s: float = DURATION_S) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS, options={"crf": "15", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for i in range(int(duration_s * FPS)):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(at(i / FPS), format="rgb24")))
        file.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def second_rolls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two raises; in the second, both ankles go inward by 0.16 of the marked height and back at rest only."""

    def at(t_s: float) -> np.ndarray:
        inside = np.clip((t_s - 3.6) / 0.3, 0, 1) * np.clip((6.4 - t_s) / 0.3, 0, 1)
        return picture(MARK * sum(share(t_s, start) for start in RAISES_S), 0.16 * MARK * inside)

    return film(tmp_path_factory.mktemp("feet") / "second.mp4", at)


def test_the_raise_whose_ankles_drift_inward_rolls_in_and_the_other_does_not(second_rolls: Path) -> None:
    first, second = watch_feet(second_rolls, LEFT, RIGHT)
    assert first.start_s == pytest.approx(RAISES_S[0], abs=0.3)
    assert first.verdict is Verdict.ABSENT
    assert second.verdict is Verdict.PRESENT
    for side in (second.left, second.right):
        assert isinstance(side, Estimate)
        assert 5 < side.value < 11


def test_the_drift_is_read_in_heights_of_the_mark(second_rolls: Path) -> None:
    first, second = look_at_feet(second_rolls, LEFT, RIGHT)
    assert np.abs(first.drift).max() < 0.03
    assert second.drift == pytest.approx([0.16, 0.16], abs=0.04)


def test_left_and_right_may_change_places_for_a_view_from_the_front(second_rolls: Path) -> None:
    _, second = look_at_feet(second_rolls, RIGHT, LEFT)
    assert second.drift == pytest.approx([0.16, 0.16], abs=0.04)


def test_a_camera_that_was_pushed_is_not_read_as_a_roll(tmp_path: Path) -> None:
    shift = round(3 * CAMERA_STILL * MARK)
    pushed = film(tmp_path / "pushed.mp4", lambda t_s: picture(MARK * share(t_s, 1.0), 0.0, shift * (t_s > 2.0)), 4.0)
    rolls = watch_feet(pushed, LEFT, RIGHT)
    assert all(isinstance(side, NotAssessable) for roll in rolls for side in (roll.left, roll.right))


def test_a_body_that_leans_is_not_read_as_a_roll(tmp_path: Path) -> None:
    lean_px = 0.16 * MARK

    def at(t_s: float) -> np.ndarray:
        return picture(MARK * share(t_s, 1.0), lean_px=lean_px * np.clip((t_s - 0.7) / 0.3, 0, 1))

    (seen,) = look_at_feet(film(tmp_path / "lean.mp4", at, 4.0), LEFT, RIGHT)
    assert seen.drift == pytest.approx([0.16, -0.16], abs=0.04)
    (roll,) = watch_feet(tmp_path / "lean.mp4", LEFT, RIGHT)
    assert roll.verdict is Verdict.ABSENT


def test_feet_that_stand_still_do_no_raise(tmp_path: Path) -> None:
    assert watch_feet(film(tmp_path / "still.mp4", lambda t_s: picture(0.0), 2.0), LEFT, RIGHT) == ()


def test_a_wall_is_no_foot(tmp_path: Path) -> None:
    wall = film(tmp_path / "wall.mp4", lambda t_s: np.full((HEIGHT, WIDTH, 3), 120, np.uint8), 1.0)
    with pytest.raises(InputError, match="could not be followed"):
        watch_feet(wall, LEFT, RIGHT)


@pytest.mark.parametrize(
    ("left", "right", "what"),
    [
        (FootMarks((-5, 240), (140, 190)), RIGHT, "outside the picture"),
        (FootMarks((140, 240), (140, 9e9)), RIGHT, "outside the picture"),
        (FootMarks((float("nan"), 240), (140, 190)), RIGHT, "outside the picture"),
        (FootMarks((140, 190), (140, 240)), RIGHT, "too little above"),
        (FootMarks((140, 240), (140, 230)), RIGHT, "too little above"),
        (LEFT, LEFT, "same place"),
    ],
)
def test_marks_that_cannot_be_feet_are_refused(
    second_rolls: Path, left: FootMarks, right: FootMarks, what: str
) -> None:
    with pytest.raises(InputError, match=what):
        watch_feet(second_rolls, left, right)


def test_a_recording_that_would_fill_the_memory_is_refused(second_rolls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kneeline.capture.feet.MOST_PICTURES", 10)
    with pytest.raises(InputError, match="too long"):
        watch_feet(second_rolls, LEFT, RIGHT)


def test_a_file_cut_to_its_beginning_is_refused(second_rolls: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(second_rolls.read_bytes()[:5000])
    with pytest.raises(InputError):
        watch_feet(cut, LEFT, RIGHT)


def test_the_still_has_the_pixels_of_the_video(second_rolls: Path, tmp_path: Path) -> None:
    write_still(second_rolls, tmp_path / "first.png")
    assert cv2.imread(str(tmp_path / "first.png")).shape == (HEIGHT, WIDTH, 3)
    with pytest.raises(InputError, match="png"):
        write_still(second_rolls, tmp_path / "first.jpg")
