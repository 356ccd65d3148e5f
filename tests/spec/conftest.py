"""What the behaviours of the command line are tried with."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from makers import Ran, Run, drawn, write_log, write_video

from kneeline.cli import main


@pytest.fixture
def run() -> Run:
    """Runs `kneeline` with the given words, inside this process."""

    def command(*words: object) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([str(word) for word in words])
        return Ran(code, out.getvalue(), err.getvalue())

    return command


@pytest.fixture
def calf_log(tmp_path: Path) -> Path:
    """A pose log of three good calf raises, seen from the front."""
    return write_log(tmp_path / "calf.parquet", drawn("calf_raise_ball_squeeze"))


@pytest.fixture(scope="session")
def grey_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of an empty grey wall."""
    path = tmp_path_factory.mktemp("grey") / "wall.mp4"
    return write_video(path, (np.full((240, 320, 3), 120 + i % 3, dtype=np.uint8) for i in range(20)), fps=10)


@pytest.fixture(scope="session")
def calf_clip() -> Path:
    """The example that ships: a rendered person, seen from the front, does five calf raises; the third is rushed."""
    return Path(__file__).resolve().parents[2] / "examples" / "calf_raise.mp4"
