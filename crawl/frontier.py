"""The frontier: every URL a crawl knows, in the order in which it found them, and what became of each.

It is the crawl's own state, one SQLite file. The tables stay the truth: `fetch.open_frontier` brings
it into line with the shards of `pages`, and a lost frontier is rebuilt from them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from console import say
from crawl.urls import canonical_url, host_of
from errors import CannotWrite, StoreError

Kind = Literal["page", "sitemap"]

# state: queued | in flight | stored | failed (tried again by the next run)
#        | refused (not tried again where it was found) | too deep (beyond max_depth)
# content: SHA-256 of a page that was kept, to know its copies.
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
    content TEXT,
    shard TEXT
);
CREATE INDEX IF NOT EXISTS queue ON urls (state, host, id);
CREATE INDEX IF NOT EXISTS contents ON urls (content) WHERE content IS NOT NULL;
CREATE INDEX IF NOT EXISTS shards ON urls (shard) WHERE shard IS NOT NULL;
"""

# It goes to the end of the queue, so that the order does not depend on what was taken in the meantime.
FOUND_NEARER = """
UPDATE urls SET id = (SELECT max(id) + 1 FROM urls), kind = ?, state = 'queued', reason = NULL
WHERE canonical = ? AND depth > ? AND state IN ('too deep', 'refused')
"""
ADD = """
INSERT INTO urls (url, canonical, host, depth, kind, state) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (canonical) DO UPDATE SET depth = excluded.depth WHERE excluded.depth < depth
"""
WAITING = """
SELECT host, count(*) FROM urls
WHERE depth <= ? AND state IN ('queued', 'in flight', 'failed', 'too deep') GROUP BY host
"""


@dataclass(frozen=True)
class Entry:
    """A URL whose turn has come."""

    id: int
    url: str
    canonical: str
    host: str
    depth: int
    kind: Kind


class Frontier:
    """The SQLite file at `path`. Every method may raise StoreError; only the crawl's process uses it."""

    def __init__(self, path: Path, max_depth: int) -> None:
        self.path = path
        self.max_depth = max_depth
        with _failures_named(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self.database = _open(path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                aside = path.rename(path.with_suffix(".corrupt"))
                say(f"{path} cannot be read; moved it to {aside} and made it again from table pages")
                self.database = _open(path)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside becomes true at once, or none of it."""
        with _failures_named(self.path):
            self.database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.database.execute("COMMIT")
            except BaseException:
                if self.database.in_transaction:
                    self.database.execute("ROLLBACK")
                raise

    def add(self, urls: Iterable[str], depth: int, kind: Kind = "page") -> set[str]:
        """Queue the URLs not yet known, in this order; return the hosts of all of them.

        A known one keeps the lesser depth, and is queued again if it was too deep or refused at the greater.
        """
        state = "queued" if depth <= self.max_depth else "too deep"
        rows = [(url, canonical_url(url), host_of(url), depth, kind, state) for url in urls]
        with _failures_named(self.path):
            if state == "queued":
                self.database.executemany(FOUND_NEARER, [(kind, row[1], depth) for row in rows])
            self.database.executemany(ADD, rows)
        return {row[2] for row in rows}

    def take_for_sitemaps(self, urls: Iterable[str]) -> None:
        """Queue those of the URLs that were taken for pages, to be read as sitemaps. None is in flight."""
        update = (
            "UPDATE urls SET kind = 'sitemap', state = 'queued', reason = NULL "
            "WHERE canonical = ? AND kind = 'page'"
        )
        with _failures_named(self.path):
            self.database.executemany(update, [(canonical_url(url),) for url in urls])

    def take(self, host: str) -> Entry | None:
        """The host's first queued URL, from now on in flight."""
        first = "SELECT id FROM urls WHERE state = 'queued' AND host = ? ORDER BY id LIMIT 1"
        row = self._one(
            f"UPDATE urls SET state = 'in flight' WHERE id = ({first}) "
            "RETURNING id, url, canonical, host, depth, kind",
            host,
        )
        return Entry(*row) if row else None  # type: ignore[arg-type]

    def settle(self, entry: Entry, state: str, reason: str | None = None) -> None:
        """Write down how a URL ended that has no row of its own in `pages`."""
        self._run("UPDATE urls SET state = ?, reason = ? WHERE id = ?", state, reason, entry.id)

    def arrive(self, url: str, canonical: str, depth: int, content: str | None) -> None:
        """A page came from `url`. It is in flight until its shard is written."""
        self._run(
            "INSERT INTO urls (url, canonical, host, depth, kind, state, content) "
            "VALUES (?, ?, ?, ?, 'page', 'in flight', ?) ON CONFLICT (canonical) DO UPDATE "
            "SET state = 'in flight', content = excluded.content, depth = min(depth, excluded.depth)",
            *(url, canonical, host_of(url), depth, content),
        )

    def store(self, canonicals: Iterable[str], shard: str) -> None:
        """These pages stand in that shard."""
        update = "UPDATE urls SET state = 'stored', reason = NULL, shard = ? WHERE canonical = ?"
        with self.transaction():
            self.database.executemany(update, [(shard, canonical) for canonical in canonicals])

    def requeue(self, lost_shards: Iterable[str], *, forbidden: bool) -> None:
        """Queue again what was in flight or failed, the pages of lost shards, and what is `forbidden` by
        robots.txt where that is asked for.

        What is queued and what is too deep is decided anew by this run's max_depth.
        """
        again = "UPDATE urls SET state = 'queued', reason = NULL, content = NULL, shard = NULL WHERE "
        depths = "UPDATE urls SET state = iif(depth <= ?, 'queued', 'too deep') WHERE state IN "
        with self.transaction():
            self.database.execute(again + "state IN ('in flight', 'failed')")
            if forbidden:
                self.database.execute(again + "state = 'refused' AND reason = 'robots.txt'")
            self.database.executemany(again + "shard = ?", [(shard,) for shard in lost_shards])
            self.database.execute(depths + "('queued', 'too deep')", (self.max_depth,))

    def shards(self) -> set[str]:
        """The shards that pages are recorded in."""
        with _failures_named(self.path):
            rows = self.database.execute("SELECT DISTINCT shard FROM urls WHERE shard IS NOT NULL")
            return {shard for (shard,) in rows}

    def hosts(self) -> list[str]:
        """The hosts that have queued URLs, in the order in which they were found."""
        with _failures_named(self.path):
            rows = self.database.execute(
                "SELECT host FROM urls WHERE state = 'queued' GROUP BY host ORDER BY min(id)"
            )
            return [host for (host,) in rows]

    def depth(self, entry: Entry) -> int:
        """How far from a source the entry is by what is known now, which may be nearer than when taken."""
        row = self._one("SELECT depth FROM urls WHERE id = ?", entry.id)
        return int(str(row[0])) if row else entry.depth

    def is_empty(self) -> bool:
        """Whether no URL is known yet."""
        return self._one("SELECT 1 FROM urls LIMIT 1") is None

    def has_queued(self) -> bool:
        """Whether any URL waits."""
        return self._one("SELECT 1 FROM urls WHERE state = 'queued' LIMIT 1") is not None

    def is_stored(self, canonical: str) -> bool:
        """Whether the page stands in a shard."""
        found = self._one("SELECT 1 FROM urls WHERE canonical = ? AND shard IS NOT NULL", canonical)
        return found is not None

    def has_content(self, content: str) -> bool:
        """Whether a page with this content was kept."""
        return self._one("SELECT 1 FROM urls WHERE content = ?", content) is not None

    def outcome(self, url: str) -> tuple[str, str | None]:
        """State and reason of a URL that was added."""
        row = self._one("SELECT state, reason FROM urls WHERE canonical = ?", canonical_url(url))
        return row if row else ("unknown", None)  # type: ignore[return-value]

    def _run(self, statement: str, *values: str | int | None) -> sqlite3.Cursor:
        with _failures_named(self.path):
            return self.database.execute(statement, values)

    def _one(self, statement: str, *values: str | int | None) -> tuple[object, ...] | None:
        row: tuple[object, ...] | None = self._run(statement, *values).fetchone()
        return row


def waiting_by_host(path: Path, max_depth: int) -> dict[str, int]:
    """How many URLs of each host the frontier at `path` has for the next run.

    Writes nothing, and may be asked while a crawl runs. Raises StoreError.
    """
    if not path.exists():
        return {}
    # Where no log lies beside the file nobody has it open, and SQLite would make one even to read.
    mode = "ro" if path.with_name(f"{path.name}-wal").exists() else "ro&immutable=1"
    with (
        _failures_named(path),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)) as database,
    ):
        return dict(database.execute(WAITING, (max_depth,)).fetchall())


@contextmanager
def _failures_named(path: Path) -> Iterator[None]:
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


def _open(path: Path) -> sqlite3.Connection:
    """WAL with synchronous=NORMAL: a killed process loses nothing that was committed."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.executescript(SCHEMA)
    return database
