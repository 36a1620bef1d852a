"""The frontier: every URL that a crawl knows, in the order of discovery, and the state of each.

The frontier is one SQLite file. The tables remain the source of truth: `fetch.open_frontier` synchronizes the
frontier with the shards of `pages`, and rebuilds a lost frontier from the shards. The frontier keeps a result
until its page is stored in a shard, so that a killed crawl repeats only the requests that were in flight.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Any

from crawl.frontier.file import open_to_write, translate_errors
from crawl.frontier.hosts import HostBook
from crawl.frontier.stored_result import from_stored, to_stored
from crawl.result import Entry, Kind, Result
from crawl.urls import canonical_url, host_of
from gr_toolkit.store.tables import PageRow

ADD = """
INSERT INTO urls (url, canonical, host, depth, kind, state) VALUES (?, ?, ?, ?, ?, 'queued')
ON CONFLICT (canonical) DO UPDATE SET depth = excluded.depth WHERE excluded.depth < depth
"""
# A URL that is queued again moves to the end of the queue. Otherwise the order would depend on which other
# URLs were already taken.
FOUND_NEARER = """
UPDATE urls SET id = (SELECT max(id) + 1 FROM urls), kind = ?, state = 'queued', reason = NULL
WHERE canonical = ? AND depth > ? AND state IN ('too deep', 'refused')
"""
ARRIVE = """
INSERT INTO urls (url, canonical, host, depth, kind, state, expanded, etag, last_modified, checked_at, web)
VALUES (?, ?, ?, ?, 'page', 'in flight', ?, ?, ?, ?, ?) ON CONFLICT (canonical) DO UPDATE
SET state = 'in flight', expanded = excluded.expanded, depth = min(depth, excluded.depth),
    etag = excluded.etag, last_modified = excluded.last_modified, checked_at = excluded.checked_at,
    web = excluded.web
"""
TAKE = """
UPDATE urls SET state = 'in flight'
WHERE id = (SELECT id FROM urls WHERE state = 'queued' AND host = ? ORDER BY id LIMIT 1)
RETURNING id, url, canonical, host, depth, kind, shard IS NOT NULL, etag, last_modified
"""
# A damaged file may hold values of any type. SQLite refuses to return text that is not UTF-8, but casts it.
KEPT_RESULT = "SELECT CAST(result AS BLOB), CAST(html AS BLOB) FROM kept_results WHERE id = ?"
FORGET_RESULT = "DELETE FROM kept_results WHERE id = (SELECT id FROM urls WHERE shard = ? AND canonical = ?)"
LISTED_AGAIN = """
UPDATE urls SET state = 'queued', reason = NULL
WHERE canonical = ? AND state = 'stored' AND web AND checked_at < ?
"""
JUDGE_DEPTH = """
UPDATE urls
SET state = CASE WHEN depth <= ? THEN 'queued' WHEN shard IS NULL THEN 'too deep' ELSE 'stored' END
WHERE state IN ('queued', 'too deep')
"""


class Frontier:
    """The frontier at `path`. Only the crawl's process may use it. Every method may raise StoreError."""

    def __init__(self, path: Path, max_depth: int) -> None:
        self.path = path
        self.max_depth = max_depth
        self.database = open_to_write(path)
        self.book = HostBook(path, self.database)
        self.has_kept = self._one("SELECT 1 FROM kept_results LIMIT 1") is not None

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all writes of the body, or none if it raises. A nested transaction joins the outer one."""
        if self.database.in_transaction:
            yield
            return
        with translate_errors(self.path):
            self.database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.database.execute("COMMIT")
            except BaseException:
                if self.database.in_transaction:
                    self.database.execute("ROLLBACK")
                raise

    # The queue.

    def add(self, urls: Iterable[str], depth: int, kind: Kind = "page") -> set[str]:
        """Queue the URLs that are not known yet, in this order. Return the hosts of all the URLs.

        A known URL keeps the smaller of both depths. If its depth decreases and it was too deep or refused,
        it is queued again. URLs deeper than max_depth are ignored, because a later run can find them again in
        the stored page that links to them.
        """
        if depth > self.max_depth:
            return set()
        rows = [(url, canonical_url(url), host_of(url), depth, kind) for url in urls]
        with translate_errors(self.path):
            self.database.executemany(FOUND_NEARER, [(kind, row[1], depth) for row in rows])
            self.database.executemany(ADD, rows)
        return {row[2] for row in rows}

    def ask_again(self, changed: Mapping[str, float], before: float) -> None:
        """Queue a stored URL again if it changed after its last request.

        `changed` maps each URL to the Unix time of its last change. URLs requested at or after the Unix time
        `before` are skipped.
        """
        rows = [(canonical_url(url), min(at, before)) for url, at in changed.items()]
        with translate_errors(self.path):
            self.database.executemany(LISTED_AGAIN, rows)

    def take_for_sitemaps(self, urls: Iterable[str]) -> None:
        """Turn the URLs that were added as pages into sitemaps, and queue them. No URL may be in flight."""
        update = (
            "UPDATE urls SET kind = 'sitemap', state = 'queued', reason = NULL "
            "WHERE canonical = ? AND kind = 'page'"
        )
        with translate_errors(self.path):
            self.database.executemany(update, [(canonical_url(url),) for url in urls])

    def take(self, host: str) -> Entry | None:
        """Return the host's first queued URL and mark it as in flight; None if no URL is queued."""
        row = self._one(TAKE, host)
        return Entry(*row) if row else None

    # Results.

    def keep_result(self, entry: Entry, result: Result) -> None:
        """Keep the result until its page is stored in a shard or the URL is settled."""
        self._run("INSERT OR REPLACE INTO kept_results VALUES (?, ?, ?)", entry.id, *to_stored(result))

    def kept_result(self, entry: Entry) -> Result | None:
        """The result that arrived for the entry before the crawl was killed.

        None if there is none or if it is unreadable; the URL is then fetched again.
        """
        row = self._one(KEPT_RESULT, entry.id) if self.has_kept else None
        return from_stored(*row) if row else None

    def settle(self, entry: Entry, state: str, reason: str | None = None) -> None:
        """Record the final state of a URL whose result adds no row to `pages`."""
        update = "UPDATE urls SET state = ?, reason = ?, checked_at = ? WHERE id = ?"
        self._run(update, state, reason, time.time(), entry.id)
        self._run("DELETE FROM kept_results WHERE id = ?", entry.id)

    def arrive(self, row: PageRow, *, expanded: bool) -> None:
        """Record that the page of this row was received. The page is in flight until its shard is written.

        `expanded` means that the page's links are queued, or that the page has no links to follow.
        """
        url = row["url"]
        self._run(
            ARRIVE,
            *(url, row["canonical_url"], host_of(url), row["depth"], expanded),
            *(row["etag"], row["last_modified"], row["fetched_at"].timestamp(), row["source"] == "web"),
        )
        if row["kept"]:
            self._run("INSERT OR IGNORE INTO contents VALUES (?, NULL)", row["content_sha256"])

    def store(self, rows: Iterable[PageRow], shard: str, entries: Mapping[str, int]) -> None:
        """Record that the rows are stored in the shard.

        `entries` maps a row's canonical URL to the id of the requested URL.
        """
        pages = [(shard, row["canonical_url"]) for row in rows]
        variants = [(f"is {canonical}", id, canonical) for canonical, id in entries.items()]
        contents = [(shard, row["content_sha256"]) for row in rows if row["kept"]]
        run = self.database.executemany
        with self.transaction():
            run("UPDATE urls SET state = 'stored', reason = NULL, shard = ? WHERE canonical = ?", pages)
            run("UPDATE urls SET state = 'stored', reason = ? WHERE id = ? AND canonical != ?", variants)
            run("UPDATE contents SET shard = ? WHERE content = ? AND shard IS NULL", contents)
            run("DELETE FROM kept_results WHERE id = ?", [(id,) for id in entries.values()])
            run(FORGET_RESULT, pages)
            self._run("INSERT OR IGNORE INTO shards VALUES (?)", shard)

    def expand(self, canonical: str) -> None:
        """Record that the links of this page are queued."""
        self._run("UPDATE urls SET expanded = 1 WHERE canonical = ?", canonical)

    # Queries.

    def shards(self) -> set[str]:
        """The names of the shards whose pages are recorded."""
        with translate_errors(self.path):
            return {shard for (shard,) in self.database.execute("SELECT shard FROM shards")}

    def unexpanded(self) -> dict[str, dict[str, int]]:
        """The pages whose links are not queued yet: by shard, a dict from canonical URL to depth."""
        found: dict[str, dict[str, int]] = {}
        query = (
            "SELECT shard, canonical, depth FROM urls "
            "WHERE expanded = 0 AND shard IS NOT NULL AND depth < ? ORDER BY shard, id"
        )
        with translate_errors(self.path):
            for shard, canonical, depth in self.database.execute(query, (self.max_depth,)):
                found.setdefault(shard, {})[canonical] = depth
        return found

    def host_after(self, name: str) -> str | None:
        """The first host after this name, in alphabetical order, that has queued URLs."""
        row = self._one("SELECT min(host) FROM urls WHERE state = 'queued' AND host > ?", name)
        return str(row[0]) if row and row[0] is not None else None

    def depth(self, entry: Entry) -> int:
        """The entry's current depth, which may be smaller than when it was taken."""
        row = self._one("SELECT depth FROM urls WHERE id = ?", entry.id)
        return int(row[0]) if row else entry.depth

    def is_empty(self) -> bool:
        """Whether no URL is known yet."""
        return self._one("SELECT 1 FROM urls LIMIT 1") is None

    def is_stored(self, canonical: str) -> bool:
        """Whether the page with this canonical URL is stored in a shard."""
        found = self._one("SELECT 1 FROM urls WHERE canonical = ? AND shard IS NOT NULL", canonical)
        return found is not None

    def has_content(self, content: str) -> bool:
        """Whether a page was kept whose content has this SHA-256."""
        return self._one("SELECT 1 FROM contents WHERE content = ?", content) is not None

    def outcome(self, url: str) -> tuple[str, str | None]:
        """State and reason of a URL; ("unknown", None) if it was never added."""
        row = self._one("SELECT state, reason FROM urls WHERE canonical = ?", canonical_url(url))
        return (row[0], row[1]) if row else ("unknown", None)

    def is_ingested(self, key: str) -> bool:
        """Whether all pages of the archive with this key are ingested."""
        return self._one("SELECT 1 FROM ingested WHERE key = ?", key) is not None

    def set_ingested(self, key: str) -> None:
        """Record that all pages of the archive with this key are ingested."""
        self._run("INSERT OR IGNORE INTO ingested VALUES (?)", key)

    # The start of a run.

    def requeue(self, lost_shards: Iterable[str], admitted: Iterable[str] = (), due: float = -inf) -> None:
        """Queue again the URLs that were in flight or failed, the pages of lost shards, the pages last
        requested before the Unix time `due`, and the URLs refused for a reason in `admitted`.

        This run's max_depth decides again which URLs are queued and which are too deep.
        """
        again = "UPDATE urls SET state = 'queued', reason = NULL WHERE "
        with self.transaction():
            self._forget_shards(list(lost_shards))
            self.database.execute(again + "state IN ('in flight', 'failed')")
            for reason in admitted:
                self.database.execute(again + "state = 'refused' AND reason = ?", (reason,))
            stored = "state = 'stored' AND shard IS NOT NULL AND web AND checked_at < ?"
            self.database.execute(again + stored, (due,))
            self.database.execute(JUDGE_DEPTH, (self.max_depth,))
            self.database.execute("DELETE FROM urls WHERE shard IS NULL AND NOT web")
            self.database.execute("DELETE FROM contents WHERE shard IS NULL")

    def _forget_shards(self, lost: list[str]) -> None:
        """Delete the records of the lost shards, so that their pages are fetched or ingested again."""
        shards = [(shard,) for shard in lost]
        update = "UPDATE urls SET state = 'queued', reason = NULL, shard = NULL, expanded = 0 WHERE shard = ?"
        self.database.executemany(update, shards)
        self.database.executemany("DELETE FROM contents WHERE shard = ?", shards)
        self.database.executemany("DELETE FROM shards WHERE shard = ?", shards)
        if lost:
            self.database.execute("DELETE FROM ingested")

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        with translate_errors(self.path):
            return self.database.execute(statement, values)

    def _one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        with translate_errors(self.path):  # SQLite may delay a statement's error until the row is fetched
            row: tuple[Any, ...] | None = self.database.execute(statement, values).fetchone()
            return row
