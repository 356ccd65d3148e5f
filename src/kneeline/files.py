"""Output files that are either whole or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from kneeline.model.errors import InputError

_WHY = {
    errno.ENOSPC: ("the disk is full", "free some space, or write to another disk"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, or write to another disk"),
    errno.EFBIG: ("the file would be larger than this disk allows", "write to another disk"),
    errno.EROFS: ("the disk is read-only", "write to another folder"),
    errno.EACCES: ("the folder may not be written to", "write to a folder of your own"),
    errno.EPERM: ("the folder may not be written to", "write to a folder of your own"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter name"),
    errno.ELOOP: ("it is a link that leads back to itself", "choose another name"),
    errno.EIO: ("the disk reported an error", "write to another disk"),
}


def check_writable(path: Path, *, inputs: Iterable[Path] = (), others: Iterable[Path] = ()) -> None:
    """Refuse an output that could not be written later, before any long work is done.

    inputs: files that must not be overwritten. others: outputs already promised to somebody else.

    Raises: InputError when the path is a folder, has no folder to lie in, may not be written, or is taken.
    """
    _can_be_reached(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder", expected="the name of a file to write", try_next=f"{path / 'set.out'}")
    _has_folder(path)
    for given in inputs:
        if _same(path, given):
            raise InputError(f"{path} is the input itself", expected="another file to write", try_next="a new name")
    for other in others:
        if _same(path, other):
            raise InputError(f"two outputs would both be written to {path}", try_next="give each its own name")
    if _is_special(path):
        return
    with _explained(path):
        scratch = _scratch(path)
        with open(scratch, "xb"):
            pass
        scratch.unlink()


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A scratch file beside `path` to write to, renamed to `path` once everything is written, else removed.

    Raises: InputError when there is no folder to write to, or the disk is full or refuses the file.
    """
    _can_be_reached(path)
    _has_folder(path)
    scratch = _scratch(path)
    try:
        with _explained(path):
            yield scratch
            _settle(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def _can_be_reached(path: Path) -> None:
    with _explained(path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        path.stat()


def _has_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} to write {path.name} into", try_next="create it first")


def _settle(scratch: Path, path: Path) -> None:
    with open(scratch, "rb+") as file:
        os.fsync(file.fileno())
    if _is_special(path):
        # Renaming over /dev/null or a pipe would replace the device itself.
        with open(scratch, "rb") as written, open(path, "wb") as out:
            shutil.copyfileobj(written, out)
        return
    os.replace(scratch, os.path.realpath(path))


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal into a sentence; every other error passes."""
    try:
        yield
    except OSError as error:
        code = error.errno
        if code not in _WHY and (found := re.search(r"errno (\d+)", str(error), re.IGNORECASE)):
            code = int(found.group(1))  # Arrow keeps the number in its text
        if code not in _WHY:
            raise
        why, then = _WHY[code]
        raise InputError(f"{path} cannot be written: {why}", try_next=then) from error


def _scratch(path: Path) -> Path:
    """A name that nobody uses, in the folder of `path` so that the rename stays on one disk, with its ending."""
    folder = Path(tempfile.gettempdir()) if _is_special(path) else path.resolve().parent
    return folder / f".{path.stem[:80]}.{secrets.token_hex(4)}.part{path.suffix}"


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _same(a: Path, b: Path) -> bool:
    if a.exists() and b.exists():
        return a.samefile(b)
    return os.path.realpath(a) == os.path.realpath(b)  # resolve() has no answer to a link that leads to itself
