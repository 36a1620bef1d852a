"""One writer per table: an advisory file lock that the kernel releases when its holder exits."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from gr_toolkit.errors import CannotWrite, Locked
from gr_toolkit.runs.redaction import redact
from gr_toolkit.store.folder import FULL


@contextmanager
def hold(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file at `path` while the block runs. `what` names the locked object in messages.

    Raises CannotWrite, and Locked, whose message contains the holder's command and process id.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b", buffering=0)
    except OSError as error:
        raise _cannot_write(path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(0)
            file.write(_this_process())
        except BlockingIOError:
            file.seek(0)
            raise Locked(f"{what} is being written by {_describe(file.read())}; try again later") from None
        except OSError as error:
            raise _cannot_write(path, error) from error
        yield


def _cannot_write(path: Path, error: OSError) -> CannotWrite:
    choose = "Free some space, or choose" if error.errno in FULL else "Choose"
    return CannotWrite(
        f"cannot write in {path.parent}: {error.strerror}. {choose} another folder with --data"
    )


def _this_process() -> bytes:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": redact(" ".join([Path(sys.argv[0]).name, *sys.argv[1:]])),
    }
    return json.dumps(holder).encode()


def _describe(written: bytes) -> str:
    try:
        holder = json.loads(written)
        return f"`{holder['command']}` (process {holder['pid']} on {holder['host']} since {holder['since']})"
    except (ValueError, KeyError, TypeError):
        return "another process"
