from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kneeline.files import check_writable, whole_file
from kneeline.model.errors import InputError


def write_half(path: Path, error: BaseException) -> None:
    with whole_file(path) as scratch:
        scratch.write_text("half")
        raise error


def test_a_whole_file_appears_under_its_name_and_nothing_else(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.json") as scratch:
        scratch.write_text("done")
        assert not (tmp_path / "a.json").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "done"


@pytest.mark.parametrize("error", [RuntimeError("ours"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_what_was_there_before(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "a.json").write_text("old")
    with pytest.raises(type(error)):
        write_half(tmp_path / "a.json", error)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "old"


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "full"),
        (OSError(errno.EROFS, "Read-only file system"), "read-only"),
        (OSError("Error writing bytes to file. Detail: [errno 28] No space left on device"), "full"),
    ],
)
def test_a_disk_that_refuses_is_a_sentence(tmp_path: Path, error: OSError, word: str) -> None:
    with pytest.raises(InputError, match=word):
        write_half(tmp_path / "a.json", error)
    assert list(tmp_path.iterdir()) == []


def test_another_system_error_is_not_blamed_on_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="strange"), whole_file(tmp_path / "a.json"):
        raise OSError(errno.EBADF, "strange")


def test_a_link_is_written_through_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    with whole_file(tmp_path / "link.json") as scratch:
        scratch.write_text("new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"


def test_a_link_that_leads_to_itself_is_a_sentence(tmp_path: Path) -> None:
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match="leads back to itself"):
        check_writable(loop)
    with pytest.raises(InputError, match="leads back to itself"):
        check_writable(loop / "a.json")
    with pytest.raises(InputError, match="leads back to itself"), whole_file(loop) as scratch:
        scratch.write_text("new")
    check_writable(tmp_path / "fine.json", inputs=[loop], others=[loop])
    assert list(tmp_path.iterdir()) == [loop]
    assert loop.is_symlink()


def test_a_device_is_written_to_and_not_replaced() -> None:
    before = os.stat("/dev/null").st_rdev
    check_writable(Path("/dev/null"))
    with whole_file(Path("/dev/null")) as scratch:
        scratch.write_text("gone")
    assert os.stat("/dev/null").st_rdev == before


def test_a_new_file_has_the_rights_that_the_user_asked_for(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with whole_file(tmp_path / "a.json") as scratch:
            scratch.write_text("x")
    finally:
        os.umask(old)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o640


def test_outputs_that_could_not_be_written_are_refused_at_once(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"x")
    (tmp_path / "same.mp4").symlink_to(video)
    with pytest.raises(InputError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(InputError, match="no folder"):
        check_writable(tmp_path / "nowhere" / "a.json")
    with pytest.raises(InputError, match="input itself"):
        check_writable(tmp_path / "same.mp4", inputs=[video])
    with pytest.raises(InputError, match="two outputs"):
        check_writable(tmp_path / "a.json", others=[tmp_path / "b" / ".." / "a.json"])
    with pytest.raises(InputError, match="too long"):
        check_writable(tmp_path / ("n" * 300 + ".json"))
    check_writable(tmp_path / "fine.json", inputs=[video])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mp4", "same.mp4"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="may not be written"):
            check_writable(tmp_path / "a.json")
    finally:
        tmp_path.chmod(0o700)
