"""The log for people, `gr.log`: what the runs of a data folder said, a time and a run id on each line."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from gr_toolkit.files import is_at

FILE = "gr.log"  # in the state folder
MAX_BYTES = 10_000_000  # then it is renamed, in place of the one renamed before


class Line(NamedTuple):
    """A message that may have several lines, and its local time."""

    at: datetime
    message: str


def check(state: Path) -> None:
    """Raise OSError if the log cannot be written. Creates it if it does not exist."""
    with (state / FILE).open("ab", buffering=0):
        pass


def write(state: Path, run: str, lines: Sequence[Line]) -> None:
    """Append the lines to the log. Does nothing if it cannot be written: the records tell what matters."""
    path = state / FILE
    text = "".join(
        f"{line.at.isoformat(timespec='seconds')} {run} {part}\n"
        for line in lines
        for part in line.message.splitlines()
        if part.strip()
    )
    with suppress(OSError):
        _rename_if_long(path)
        with path.open("ab", buffering=0) as file:
            file.write(text.encode("utf-8", "backslashreplace"))


def _rename_if_long(path: Path) -> None:
    """Rename a long log, unless another process does so at this moment. Raises OSError.

    Does not wait for the lock, because a signal handler may write while this very process holds it.
    """
    with path.open("ab") as file, suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file.fileno()).st_size > MAX_BYTES and is_at(file, path):
            path.rename(path.with_name(f"{FILE}.1"))
