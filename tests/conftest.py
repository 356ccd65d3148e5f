"""Where tests find recordings that are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with recordings: KNEELINE_SHARED, or `../shared` beside the repository."""
    folder = Path(os.environ.get("KNEELINE_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not (folder / "recordings").is_dir():
        pytest.skip(f"no recordings: set KNEELINE_SHARED to a folder with recordings/ (looked in {folder})")
    return folder
