from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kneeline.capture.pose_model import DATA_ENV, open_pose_model
from kneeline.model.errors import InputError


def test_full_comes_with_kneeline() -> None:
    model = open_pose_model("full")
    assert model.name == "blazepose-full"
    assert len(model.version) > 12


def test_heavy_names_the_command_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATA_ENV, raising=False)
    with pytest.raises(InputError, match=r"build_pose_task\.py --model heavy"):
        open_pose_model("heavy")


def test_heavy_is_found_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pose_landmarker_heavy.task").write_bytes(b"not a bundle")
    monkeypatch.setenv(DATA_ENV, str(tmp_path))
    with pytest.raises(InputError, match="cannot be read as a pose model bundle"):
        open_pose_model("heavy")


def test_other_names_are_refused() -> None:
    with pytest.raises(InputError, match="no pose model"):
        open_pose_model("lite")  # type: ignore[arg-type]


def test_loading_says_nothing_on_stderr() -> None:
    code = "from kneeline.capture.pose_model import open_pose_model; open_pose_model()"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stderr == ""
