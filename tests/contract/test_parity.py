"""Our BlazePose pipeline gives what MediaPipe Tasks 0.10.31 gives in IMAGE mode, from the same bundle.

Run as a program, with mediapipe installed, this file records the reference numbers anew:
python tests/contract/test_parity.py CLIP.mp4
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kneeline.capture.blazepose import BlazePose
from kneeline.capture.pose_model import model_path
from kneeline.capture.video import open_video
from kneeline.model.pose import KEYPOINTS

REFERENCE = Path(__file__).parent / "blazepose_reference.json"
CLIP = "sls_f_avg_front.mp4"
EVERY = 11
P95_PX = 0.05


def pictures(path: Path, every: int = EVERY) -> Iterator[tuple[float, Any]]:
    with open_video(path) as video:
        yield from ((t_s, rgb) for i, (t_s, rgb) in enumerate(video) if i % every == 0)


def ours(path: Path, every: int = EVERY) -> np.ndarray:
    """(n, 33, 3): x, y in pixels and visibility, the detector looking at every picture."""
    model = BlazePose(model_path("full"))
    frames = [model.detect(rgb, t_s) for t_s, rgb in pictures(path, every)]
    return np.stack([np.column_stack([frame.xy, frame.confidence]) for frame in frames])


def mediapipes(path: Path, every: int = EVERY) -> np.ndarray:
    """The same from MediaPipe Tasks."""
    import mediapipe
    from mediapipe.tasks.python import vision
    from mediapipe.tasks.python.core.base_options import BaseOptions

    options = vision.PoseLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(model_path("full"))))
    landmarker = vision.PoseLandmarker.create_from_options(options)
    rows = []
    for _, rgb in pictures(path, every):
        height, width = rgb.shape[:2]
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
        people = landmarker.detect(image).pose_landmarks
        points = [(p.x * width, p.y * height, p.visibility) for p in people[0]] if people else None
        rows.append(np.full((len(KEYPOINTS), 3), np.nan) if points is None else np.array(points))
    landmarker.close()
    return np.stack(rows)


def assert_same(found: np.ndarray, wanted: np.ndarray) -> None:
    here, there = np.isfinite(found[:, 0, 0]), np.isfinite(wanted[:, 0, 0])
    assert (here == there).all(), f"people found in different pictures: {np.flatnonzero(here != there).tolist()}"
    apart = np.hypot(*np.moveaxis((found - wanted)[here, :, :2], -1, 0))
    p95 = float(np.percentile(apart, 95))
    assert p95 <= P95_PX, f"95th percentile {p95:.3f} px, median {np.median(apart):.3f} px"
    assert np.abs((found - wanted)[here, :, 2]).max() < 0.01


@pytest.fixture
def rendered(shared: Path) -> Path:
    return shared / "recordings" / "rendered"


def test_parity_with_recorded_numbers(rendered: Path) -> None:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    clip = rendered / reference["clip"]
    if hashlib.sha256(clip.read_bytes()).hexdigest() != reference["clip_sha256"]:
        pytest.skip(f"{clip.name} is not the clip the numbers were recorded from")
    assert_same(ours(clip, reference["every"]), np.array(reference["x_y_visibility"]))


@pytest.mark.parametrize("name", ["rendered/calf_f_heavy_arch.mp4", "real/sports2d-walk/video.mp4"])
def test_parity_with_mediapipe_itself(shared: Path, name: str) -> None:
    mediapipe = pytest.importorskip("mediapipe", reason="mediapipe 0.10.31 is not installed (uv sync --group parity)")
    if mediapipe.__version__ != "0.10.31":
        pytest.skip(f"parity is defined against mediapipe 0.10.31, not {mediapipe.__version__}")
    clip = shared / "recordings" / name
    assert_same(ours(clip), mediapipes(clip))


def test_the_reference_can_fail(rendered: Path) -> None:
    reference = np.array(json.loads(REFERENCE.read_text(encoding="utf-8"))["x_y_visibility"])
    with pytest.raises(AssertionError, match="95th percentile"):
        assert_same(reference + np.array([0.1, 0, 0]), reference)


def record(clip: Path) -> None:
    numbers = mediapipes(clip)
    reference = {
        "made_by": "mediapipe 0.10.31 Tasks, IMAGE mode",
        "clip": clip.name,
        "clip_sha256": hashlib.sha256(clip.read_bytes()).hexdigest(),
        "bundle_sha256": hashlib.sha256(model_path("full").read_bytes()).hexdigest(),
        "every": EVERY,
        "x_y_visibility": np.round(numbers, 4).tolist(),
    }
    REFERENCE.write_text(json.dumps(reference, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
