"""SQLite files that many threads and processes write at once, and that a kill at any moment leaves intact."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gr_toolkit.errors import CannotWrite

BUSY_SECONDS = 60.0  # how long a transaction waits for the one of another process


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """Open the file at `path`, creating it and its folder if needed. Raises OSError and sqlite3.Error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        # WAL: readers work while another process writes, and a kill leaves the file consistent.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        with database:
            database.execute(schema)
    except sqlite3.Error:
        database.close()
        raise
    return database


@contextmanager
def explaining(name: str, path: Path, instead: str = "") -> Iterator[None]:
    """Convert an SQLite or OS error in the block to CannotWrite; its advice ends with `instead`."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise CannotWrite(
            f"cannot write the {name} {path}: {error}; "
            f"make room, or choose another folder with --data{instead}"
        ) from error
    except sqlite3.DatabaseError as error:
        raise CannotWrite(
            f"the {name} {path} is damaged: {error}; delete {path}* and run the same command again"
        ) from error
