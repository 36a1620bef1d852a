"""The frontier's file: its SQLite tables, and how it is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gr_toolkit import sqlite
from gr_toolkit.console import say
from gr_toolkit.errors import CannotWrite, StoreError

VERSION = 2  # of the schema

# urls: `state` is queued | in flight | stored | failed (retried on the next run)
#       | refused (not retried unless found at a smaller depth) | too deep (beyond this run's max_depth).
#       `shard` is the shard of `pages` with the URL's page, `expanded` whether the page's links are queued,
#       `checked_at` the Unix time of the last response; `web` is 0 if the page came from an archive.
# shards: the shards of `pages` whose rows are recorded in `urls`.
# contents: SHA-256 of the kept pages, to find duplicates; `shard` is NULL until the page is stored.
# kept_results: the result of a URL, by the URL's id, until the page is stored in a shard. `result` is JSON in
#       UTF-8, and `html` the compressed HTML of a page.
# ingested: keys of the archives whose pages are all ingested; a changed archive has another key.
# hosts: totals of the requests of all runs; `not_before` is the Unix time until which the host is paused.
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
CREATE TABLE IF NOT EXISTS kept_results (id INTEGER PRIMARY KEY, result BLOB NOT NULL, html BLOB);
DROP TABLE IF EXISTS results; -- of an older format; its URLs are fetched again
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
    """Open the file at `path`, creating it if needed; move an unusable file aside first.

    A file is unusable if it is unreadable or of another version. WAL with synchronous=NORMAL keeps every
    commit even if the process is killed. Raises CannotWrite and StoreError.
    """
    with translate_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if why := _unusable(path):
            for log in ("-wal", "-shm"):
                path.with_name(path.name + log).unlink(missing_ok=True)
            aside = path.rename(path.with_suffix(".corrupt"))
            say(f"{path} {why}; moved it to {aside}; rebuilding it from the stored pages")
        database = sqlite3.connect(path, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            # All or nothing: a full disk must not leave some of the tables.
            database.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT")
        except BaseException:
            database.close()
            raise
    return database


@contextmanager
def open_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file at `path` read-only, even while a crawl writes to it. Raises StoreError."""
    with translate_errors(path), sqlite.open_to_read(path) as database:
        yield database


def has_tables(path: Path) -> bool:
    """Whether the file exists and has its tables: a full disk may have left it empty. Raises StoreError."""
    if not path.exists():
        return False
    with open_to_read(path) as database:
        return sqlite.has_tables(database)


def _unusable(path: Path) -> str | None:
    """The reason why a file is unusable as a frontier; None if it is usable or does not exist."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            is_filled = sqlite.has_tables(database)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return "cannot be read"
    return "was written by another version" if is_filled and version != VERSION else None


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Convert an SQLite or OS error in the body to CannotWrite or StoreError, with a one-line message."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise CannotWrite(
            f"cannot write {path}: {error}. No stored data is lost; free disk space or choose another "
            "folder with --data, then run the same command again"
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path} is damaged: {error}. Remove it and run the same command again; "
            "it is rebuilt from the stored pages"
        ) from error
