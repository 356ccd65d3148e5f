"""Pose logs beside the database: whole and on the disk before any row speaks of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Set
from pathlib import Path

from kneeline.model.errors import StoreError


def pose_path(folder: Path, id: str) -> Path:
    """Where the pose log of an id lies.

    >>> pose_path(Path("poses"), "1b4e28ba-2fa1-4d2b-883f-0016d3cca427").name
    '1b4e28ba-2fa1-4d2b-883f-0016d3cca427.parquet'
    """
    return folder / f"{id}.parquet"


def write_pose_log(folder: Path, id: str, parts: Iterable[bytes]) -> None:
    """Write a pose log that no row speaks of yet, over what a torn process may have left.

    Raises: StoreError when the disk refuses it; nothing is left half written.
    """
    path = pose_path(folder, id)
    scratch = path.with_suffix(".part")
    try:
        with open(os.open(scratch, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}. Try: free some space.") from error
    finally:
        scratch.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Take a folder away with everything in it, if it is there.

    Raises: StoreError when the system refuses it.
    """
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}. Try: remove {folder} by hand.") from error


def remove_all_but(folder: Path, ids: Set[str]) -> None:
    """Take every file out of a folder but those of the ids, so that none is left that no row speaks of.

    Raises: StoreError when the system refuses it.
    """
    try:
        for file in folder.glob("*"):
            if file.stem not in ids:
                file.unlink()
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}. Try: remove {folder} by hand.") from error
