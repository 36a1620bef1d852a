"""SQLite files that many threads and processes write at once, and that a kill at any moment leaves intact."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gr_toolkit.errors import CannotWrite

BUSY_SECONDS = 60.0  # how long a transaction waits for the one of another process


def open_database(path: Path, *schema: str) -> sqlite3.Connection:
    """Open the file at `path`, creating it, its folder and what the statements of `schema` define if needed.

    Raises OSError and sqlite3.Error.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        _write_ahead(database)
        database.execute("PRAGMA synchronous = NORMAL")
        for statement in schema:
            database.execute(statement)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _write_ahead(database: sqlite3.Connection) -> None:
    """Use a WAL file: readers work while another process writes, and a kill leaves the file consistent.

    While another connection does the same to a new file, SQLite raises at once, without its own waiting.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


@contextmanager
def open_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file at `path` read-only, even while a process writes to it. Raises OSError and sqlite3.Error.

    Creates no file, unless a process writes or was killed while it wrote.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{_mode_to_read(path)}", uri=True)) as database:
        yield database


def _mode_to_read(path: Path) -> str:
    """The parameters to open the file with. If `immutable`, SQLite creates no file, as it does even to read.

    Without a WAL file no process has the database open, and with an empty one nothing is committed yet.
    """
    try:
        is_used = path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        is_used = False
    return "mode=ro" if is_used else "mode=ro&immutable=1"


def has_tables(database: sqlite3.Connection) -> bool:
    """Whether the file has its tables. A kill or a full disk may have left it empty. Raises sqlite3.Error."""
    return database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


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
