"""Writes the pages of a crawl into table `pages`, shard by shard.

Of several pages with the same URL or the same content, one is kept. A page counts as stored once its shard
is written; until then the page is in flight in the frontier.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from crawl.frontier.frontier import Frontier
from gr_toolkit.console import Summary
from gr_toolkit.settings import CrawlSettings
from gr_toolkit.store import Table
from gr_toolkit.store.tables import PageRow


class PageWriter:
    """Writes one run's pages into `table`; the caller holds the table's lock.

    `first_shard` is an unused shard number. `on_shard` is called with the name of every shard written.
    """

    def __init__(
        self,
        table: Table[PageRow],
        frontier: Frontier,
        settings: CrawlSettings,
        first_shard: int,
        on_shard: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.table = table
        self.frontier = frontier
        self.settings = settings
        self.next_shard = first_shard
        self.on_shard = on_shard
        self.waiting: dict[str, PageRow] = {}  # by canonical URL; written with the next shard
        self.entries: dict[str, int] = {}  # by canonical URL: id of the frontier entry that was requested
        self.waiting_since = 0.0
        self.summary = Summary(step="crawl", table=table.name)

    def has(self, canonical: str) -> bool:
        """Whether the page with this canonical URL is stored or waits for the next shard."""
        return canonical in self.waiting or self.frontier.is_stored(canonical)

    def add_if_new(self, row: PageRow) -> bool:
        """Add a row, but not its links, unless its URL is already stored. Return whether it was added."""
        if self.has(row["canonical_url"]):
            return False
        self.add(row, expanded=True)
        return True

    def add(self, row: PageRow, *, expanded: bool, entry: int | None = None) -> None:
        """Add a page's row, even if an older version of the page is stored.

        If another kept page has the same content, the row is rejected as `duplicate content`. `expanded`
        means that the page's links are queued or need not be queued. `entry` is the id of the frontier entry
        that was requested. Writes no shard, because a transaction may be open: call `flush_if_due` after the
        transaction.
        """
        if row["kept"] and self.frontier.has_content(row["content_sha256"]):
            row = {**row, "html": b"", "kept": False, "reason": "duplicate content"}
        canonical = row["canonical_url"]
        if not self.waiting:
            self.waiting_since = time.monotonic()
        self.waiting[canonical] = row
        if entry is not None:
            self.entries[canonical] = entry
        self.frontier.arrive(row, expanded=expanded or not row["kept"])

    def flush_if_due(self) -> None:
        """Write the waiting pages if they fill a shard or the first one has waited `shard_seconds`."""
        full = len(self.waiting) >= self.settings.shard_pages
        if full or (self.waiting and time.monotonic() - self.waiting_since >= self.settings.shard_seconds):
            self.flush()

    def flush(self) -> None:
        """Write the waiting pages as the next shard. Raises CannotWrite, StoreError."""
        if not self.waiting:
            return
        shard, rows, entries = f"{self.next_shard:06d}", self.waiting, self.entries
        self.table.write(shard, list(rows.values()))
        self.waiting, self.entries = {}, {}  # if frontier.store fails, the next run adopts the shard
        self.next_shard += 1
        self._count(rows.values())
        self.frontier.store(rows.values(), shard, entries)
        self.on_shard(shard)

    def _count(self, rows: Iterable[PageRow]) -> None:
        self.summary.shards += 1
        for row in rows:
            self.summary.rows += 1
            self.summary.kept += row["kept"]
            if row["reason"]:
                self.summary.reject(row["reason"], row["url"])
