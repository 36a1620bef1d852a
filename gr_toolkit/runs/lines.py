"""The log for people, `gr.log`: what the runs of a data folder said, a time and a run id on each line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

FILE = "gr.log"  # in the state folder
MAX_BYTES = 10_000_000  # then it is renamed, in place of the one renamed before


class Line(NamedTuple):
    """A message that may have several lines, and its local time."""

    at: datetime
    message: str


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
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            path.rename(path.with_name(f"{FILE}.1"))
        with path.open("ab", buffering=0) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
