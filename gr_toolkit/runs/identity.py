"""The id of this run, and whether another run is still alive."""

from __future__ import annotations

import atexit
import fcntl
import os
import secrets
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

FOLDER = "running"  # in the state folder: one locked file per live run


class Mark(NamedTuple):
    """A locked file, and the process that locked it."""

    path: Path
    file: BinaryIO
    owner: int


MARKS: dict[Path, Mark] = {}  # by folder


@cache
def run_id() -> str:
    """The id of this process's run: its local start time and a random part, so that ids sort by time."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def mark_alive(state: Path) -> None:
    """Lock a file that shows other processes that this run is alive, until `unmark`. Raises OSError.

    The kernel releases the lock when the process exits, however it ends. Marks of dead runs are deleted.
    """
    folder = state.absolute() / FOLDER
    if folder in MARKS:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for mark in folder.iterdir():
        if not mark.name.startswith(".") and not is_alive(state, mark.name):
            mark.unlink(missing_ok=True)
    path = folder / run_id()
    unlocked = folder / f".{run_id()}"
    file = unlocked.open("ab")
    fcntl.flock(file, fcntl.LOCK_EX)
    unlocked.rename(path)  # so that no other run sees the mark before it is locked
    MARKS[folder] = Mark(path, file, os.getpid())


def is_alive(state: Path, run: str) -> bool:
    """Whether a process of this run still exists."""
    try:
        with (state / FOLDER / run).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def unmark() -> None:
    """Delete the marks of this process, whose run has ended."""
    for mark in MARKS.values():
        if os.getpid() == mark.owner:  # a forked child runs the same exit functions
            mark.path.unlink(missing_ok=True)
            mark.file.close()
    MARKS.clear()


atexit.register(unmark)
