"""Files that appear whole or not at all, and whether a folder can be written."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gr_toolkit.errors import Locked

TEMPORARY = ".tmp-"  # how the name of an unfinished file begins


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole, and its folder if need be. Raises OSError, and Locked as `whole_file` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it appears at `path` when the block ends, and not at all if the block fails.

    It has a temporary name beside `path` until then, is fsynced and renamed. What a killed process left under
    the temporary name is overwritten. Raises OSError, and Locked if another process writes the same file.
    """
    temporary = path.with_name(TEMPORARY + path.name)
    with temporary.open("ab") as file:  # not "wb", which would empty the file of another process
        _lock(file, temporary, path)
        file.truncate(0)
        file.seek(0)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


def is_writable(folder: Path) -> bool:
    """Whether files can be made in the folder, or in the one where it would be made."""
    while not os.path.exists(folder) and folder != folder.parent:  # Path.exists raises PermissionError
        folder = folder.parent
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)


def _lock(file: BinaryIO, temporary: Path, path: Path) -> None:
    """Raise Locked if another process writes the file, or has renamed it while this one opened it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Locked(f"{path} is being written by another process; try again later") from None
    if not _is_at(file, temporary):
        raise Locked(f"{path} has just been written by another process; try again")


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the path leads to this open file, and not to a later one of the same name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
