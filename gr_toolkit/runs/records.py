"""The log of all runs of a data folder, `runs.jsonl`: a record when a run starts, and one when it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypedDict, cast

from gr_toolkit.errors import CannotWrite, StoreError

FILE = "runs.jsonl"  # in the state folder
Step = dict[str, object]  # the fields of a `Summary`


class Start(TypedDict):
    """A run has started. A run without an End is alive, was killed, or could not record its end."""

    event: Literal["start"]
    run: str
    at: str  # UTC, ISO 8601
    command: str  # the command line, without secrets
    version: str
    pid: int
    host: str


class End(TypedDict):
    """A run has ended."""

    event: Literal["end"]
    run: str
    at: str  # UTC, ISO 8601
    exit_code: int
    seconds: float
    steps: list[Step]


def append(state: Path, record: Start | End) -> None:
    """Append a record to the log, as a line of its own even after a line cut off by a kill.

    Raises CannotWrite.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        with (state / FILE).open("a+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            start = b"" if file.read(1) in (b"", b"\n") else b"\n"
            line = start + json.dumps(record).encode() + b"\n"
            if file.write(line) != len(line):
                raise cannot_write(state / FILE, "No space left on device")
    except OSError as error:
        raise cannot_write(state / FILE, error.strerror) from error


def cannot_write(path: Path, why: str | None) -> CannotWrite:
    """The error for a log that cannot be written."""
    return CannotWrite(f"cannot write {path}: {why}; make room, or choose another folder with --data")


def read(state: Path) -> Iterator[Start | End]:
    """Yield the records in the order in which they were written. Lines that are no records are skipped.

    Raises StoreError if the log cannot be read.
    """
    path = state / FILE
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}; repair it, or move it away") from error
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and record.get("event") in ("start", "end"):
            yield cast(Start | End, record)
