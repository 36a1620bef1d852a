"""The frontier's file: its SQLite tables, and how it is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gr_toolkit.console import say
from gr_toolkit.errors import CannotWrite, StoreError

VERSION = 2

# urls: state is queued | in flight | stored | failed (tried again by the next run)
#       | refused (not tried again where it was found) | too deep (beyond the max_depth of this run).
#       `shard` is where its page stands in `pages`, `expanded` whether the links of that are queued,
#       `checked_at` the Unix time of the last answer; `web` is 0 where the page came from an archive.
# shards: those that are recorded here. contents: SHA-256 of the pages that were kept, to know their copies;
#         without a shard as long as the page has none.
# results: what came back for a URL in flight, until its page stands in a shard.
# ingested: archives whose pages are all taken in, by a key that changes with the archive.
# hosts: what the requests of all runs came to; `not_before` is when the host wants to be asked again.
SCHEMA = """
CREATE TABLE IF NOT EXISTS urls (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    canonical TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    depth INTEGER NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    shard TEXT,
    expanded INTEGER NOT NULL DEFAULT 0,
    etag TEXT,
    last_modified TEXT,
    checked_at REAL,
    web INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS queue ON urls (host, id) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS states ON urls (state, host);
CREATE INDEX IF NOT EXISTS pages ON urls (shard) WHERE shard IS NOT NULL;
CREATE TABLE IF NOT EXISTS shards (shard TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contents (content TEXT PRIMARY KEY, shard TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS unsettled ON contents (shard) WHERE shard IS NULL;
CREATE TABLE IF NOT EXISTS results (id INTEGER PRIMARY KEY, result BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS ingested (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hosts (
    host TEXT PRIMARY KEY,
    requests INTEGER NOT NULL DEFAULT 0,
    pages INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    failure TEXT,
    not_before REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""


def open_to_write(path: Path) -> sqlite3.Connection:
    """The file at `path`, made if need be; one that is no frontier of this version is moved aside first.

    WAL with synchronous=NORMAL: a killed process loses nothing that was committed. Raises CannotWrite.
    """
    with failures_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if why := _unusable(path):
            for log in ("-wal", "-shm"):
                path.with_name(path.name + log).unlink(missing_ok=True)
            aside = path.rename(path.with_suffix(".corrupt"))
            say(f"{path} {why}; moved it to {aside} and made it again from table pages")
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(SCHEMA)
        database.execute(f"PRAGMA user_version = {VERSION}")
    return database


@contextmanager
def open_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """The file at `path`, also while a crawl writes it; nothing is written. Raises StoreError."""
    # Where no log lies beside the file nobody has it open, and SQLite would make one even to read.
    mode = "ro" if path.with_name(f"{path.name}-wal").exists() else "ro&immutable=1"
    with (
        failures_named(path),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)) as database,
    ):
        yield database


def _unusable(path: Path) -> str | None:
    """Why a file cannot be the frontier; None where it can, or where there is none."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            has_tables = database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return "cannot be read"
    return "was written by another version" if has_tables and version != VERSION else None


@contextmanager
def failures_named(path: Path) -> Iterator[None]:
    """Say a failure of SQLite in one line."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise CannotWrite(
            f"cannot write {path}: {error}. Nothing stored is lost; make room or choose another "
            "folder with --data, then run the same command again"
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path} is damaged: {error}. Remove it and run the same command again; "
            "it is made again from table pages"
        ) from error
