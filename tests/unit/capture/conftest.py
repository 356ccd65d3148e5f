"""Small videos written on the spot."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_videos import MakeVideo, write_video


@pytest.fixture
def make_video(tmp_path: Path) -> MakeVideo:
    def make(name: str = "clip.mp4", *args: object, **kwargs: object) -> Path:
        return write_video(tmp_path / name, *args, **kwargs)  # type: ignore[arg-type]

    return make
