"""Atomic file writes and the check for writable folders."""

from __future__ import annotations

import os

import pytest

from files import contents
from gr_toolkit.errors import Locked
from gr_toolkit.files import TEMPORARY, is_writable, whole_file, write_whole


def test_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"before")
    with whole_file(path) as file:
        file.write(b"after")
        file.flush()
        assert path.read_bytes() == b"before"
    assert contents(tmp_path) == {path: b"after"}


def test_failed_block_keeps_the_old_file(tmp_path):
    write_whole(tmp_path / "a", b"before")

    def fail() -> None:
        with whole_file(tmp_path / "a") as file:
            file.write(b"half of it")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert contents(tmp_path) == {tmp_path / "a": b"before"}


def test_temporary_file_of_a_killed_process_is_overwritten(tmp_path):
    (tmp_path / f"{TEMPORARY}a").write_bytes(b"a long line that was cut off")
    write_whole(tmp_path / "a", b"whole")
    assert contents(tmp_path) == {tmp_path / "a": b"whole"}


def test_file_being_written_is_locked(tmp_path):
    with whole_file(tmp_path / "a"), pytest.raises(Locked, match="is being written by another process"):
        write_whole(tmp_path / "a", b"")


def test_missing_folder_is_as_writable_as_its_parent(tmp_path):
    assert is_writable(tmp_path)
    assert is_writable(tmp_path / "new" / "newer")
    (tmp_path / "file").touch()
    assert not is_writable(tmp_path / "file")
    assert not is_writable(tmp_path / "file" / "below")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission_is_not_writable(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o000)
    assert not is_writable(tmp_path / "locked")
    assert not is_writable(tmp_path / "locked" / "new")
    tmp_path.chmod(0o500)
    assert not is_writable(tmp_path / "new")
