"""The harvest of a crawl: it takes each response when its turn has come, follows its links through the
frontier, and writes the pages shard by shard.

A page counts as stored only once its shard is written; until then the frontier has it in flight, so
that a killed crawl fetches it again. Its links are written down together with its arrival.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from console import Advance, Summary
from crawl.frontier import Entry, Frontier, Kind
from crawl.response import Listing, Miss, Page, Result
from crawl.turns import Turns
from crawl.urls import Patterns
from settings import CrawlSettings
from store import Table
from store.table import Row


class Harvest:
    """One run's intake into table `pages`, whose lock the caller holds; `first_shard` is a free number.

    Scrapy logs what is raised in it and goes on. So what it calls here raises nothing: `error` says what
    failed, and the crawl is to end.
    """

    def __init__(self, table: Table, frontier: Frontier, settings: CrawlSettings, first_shard: int) -> None:
        self.table = table
        self.frontier = frontier
        self.settings = settings
        self.next_shard = first_shard
        self.patterns = Patterns(settings.allow, settings.deny)
        self.turns = Turns(frontier, settings.concurrency_per_host, settings.max_pages or None)
        self.waiting: dict[str, Row] = {}  # by canonical URL, until the next shard
        self.waiting_since = 0.0
        self.summary = Summary(step="crawl", table=table.name)
        self.missed: Counter[str] = Counter()
        self.advance: Advance = lambda _: None
        self.error: Exception | None = None

    def next(self) -> Entry | None:
        """The next URL to fetch; None while there is none."""
        with self._failure_kept():
            return None if self.error else self.turns.next()
        return None

    def anything_left(self) -> bool:
        """Whether there is more to fetch."""
        with self._failure_kept():
            return self.error is None and self.turns.anything_left()
        return False

    def finish(self, entry: Entry, result: Result) -> None:
        """Take in what came of an entry."""
        with self._failure_kept():
            for ready, its_result in () if self.error else self.turns.finish(entry, result):
                self._take(ready, its_result)

    def flush_if_due(self) -> None:
        """Write the waiting pages if the first of them has waited for `shard_seconds`."""
        if self.waiting and time.monotonic() - self.waiting_since >= self.settings.shard_seconds:
            with self._failure_kept():
                self.flush()

    def flush(self) -> None:
        """Write the waiting pages as the next shard. Raises CannotWrite, StoreError."""
        if not self.waiting:
            return
        shard, rows = f"{self.next_shard:06d}", self.waiting
        self.table.write(shard, list(rows.values()))
        self.waiting = {}  # if the frontier now fails, the next run adopts the shard
        self.next_shard += 1
        self._count(rows.values())
        self.frontier.store(rows, shard)

    def _count(self, rows: Iterable[Row]) -> None:
        self.summary.shards += 1
        for row in rows:
            self.summary.rows += 1
            self.summary.kept += bool(row["kept"])
            if row["reason"]:
                self.summary.reasons[str(row["reason"])] += 1

    @contextmanager
    def _failure_kept(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.error = error

    def _take(self, entry: Entry, result: Result) -> None:
        self.summary.rows_in += 1
        match result:
            case Miss(reason, refused):
                self.missed[reason] += 1
                self.frontier.settle(entry, "refused" if refused else "failed", reason)
            case Listing(pages, sitemaps):
                with self.frontier.transaction():
                    self._queue(sitemaps, entry.depth, "sitemap")
                    self._queue(filter(self.patterns.admit, pages), entry.depth)
                    self.frontier.settle(entry, "stored")
            case Page():
                self._take_page(entry, result)

    def _take_page(self, entry: Entry, page: Page) -> None:
        canonical, depth = str(page.row["canonical_url"]), self.frontier.depth(entry)
        with self.frontier.transaction():
            if canonical != entry.canonical:
                self.frontier.settle(entry, "stored", f"redirects to {page.row['url']}")
            if canonical not in self.waiting and not self.frontier.is_stored(canonical):
                self._add(self._without_copy({**page.row, "depth": depth}))
                self._queue(self.patterns.follow(page.links, str(page.row["host"])), depth + 1)
        if len(self.waiting) >= self.settings.shard_pages:
            self.flush()

    def _without_copy(self, row: Row) -> Row:
        """The row, turned down where a page with the same content was kept before."""
        if row["kept"] and self.frontier.has_content(str(row["content_sha256"])):
            return {**row, "html": b"", "kept": False, "reason": "duplicate content"}
        return row

    def _add(self, row: Row) -> None:
        if not self.waiting:
            self.waiting_since = time.monotonic()
        self.waiting[str(row["canonical_url"])] = row
        record_arrival(self.frontier, row)
        self.turns.count_row()
        self.advance(1)

    def _queue(self, urls: Iterable[str], depth: int, kind: Kind = "page") -> None:
        self.turns.open(self.frontier.add(urls, depth, kind))


def record_arrival(frontier: Frontier, row: Mapping[str, object]) -> None:
    """Note in the frontier that the page of this row has come, and its content if it was kept."""
    content = str(row["content_sha256"]) if row["kept"] else None
    frontier.arrive(str(row["url"]), str(row["canonical_url"]), int(str(row["depth"])), content)
