"""Atomic file writes, and a check whether a folder is writable."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gr_toolkit.errors import Locked

TEMPORARY = ".tmp-"  # prefix of the names of unfinished files


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically, creating its folder if needed. Raises OSError and Locked like `whole_file`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write. It appears at `path` when the block ends, and not at all if the block fails.

    The file has a temporary name in the same folder, then is fsynced and renamed. A temporary file left by a
    killed process is overwritten. Raises OSError, and Locked if another process writes the same file.
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
    """Whether files can be created in the folder or, if it does not exist, in its nearest existing parent."""
    while not os.path.exists(folder) and folder != folder.parent:  # Path.exists would raise PermissionError
        folder = folder.parent
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)


def _lock(file: BinaryIO, temporary: Path, path: Path) -> None:
    """Lock the file. Raises Locked if another process is writing it, or renamed it while we opened it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Locked(f"{path} is being written by another process; try again later") from None
    if not is_at(file, temporary):
        raise Locked(f"{path} has just been written by another process; try again")


def is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the path still refers to this open file, not to a newer one of the same name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Fsync the folder, so that the rename survives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
