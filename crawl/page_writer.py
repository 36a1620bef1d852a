"""Writes the pages of a crawl into table `pages`, shard by shard.

Each URL is taken once and each content once. A page counts as stored only once its shard is written; until
then the frontier has it in flight.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from crawl.frontier.frontier import Frontier
from gr_toolkit.console import Summary
from gr_toolkit.settings import CrawlSettings
from gr_toolkit.store import Table
from gr_toolkit.store.table import Row


class PageWriter:
    """Writes one run's pages into `table`, whose lock the caller holds; `first_shard` is a free number.

    `on_shard` is called with the name of every shard that is written.
    """

    def __init__(
        self,
        table: Table,
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
        self.waiting: dict[str, Row] = {}  # by canonical URL, until the next shard
        self.entries: dict[str, int] = {}  # by canonical URL, the frontier's entry that was asked for
        self.waiting_since = 0.0
        self.summary = Summary(step="crawl", table=table.name)

    def has(self, canonical: str) -> bool:
        """Whether the page is stored, or will be with the next shard."""
        return canonical in self.waiting or self.frontier.is_stored(canonical)

    def take(self, row: Row) -> bool:
        """Add the row of a page whose links are not wanted; False where its URL is stored already."""
        if self.has(str(row["canonical_url"])):
            return False
        self.put(row, expanded=True)
        return True

    def put(self, row: Row, *, expanded: bool, entry: int | None = None) -> None:
        """Add a page's row, also where it is stored with other content.

        A copy of known content is turned down as `duplicate content`. `expanded` says that its links are
        queued or not wanted, and `entry` which URL of the frontier was asked for. Writes no shard: that is
        for `flush_if_due`, outside of any transaction.
        """
        if row["kept"] and self.frontier.has_content(str(row["content_sha256"])):
            row = {**row, "html": b"", "kept": False, "reason": "duplicate content"}
        canonical = str(row["canonical_url"])
        if not self.waiting:
            self.waiting_since = time.monotonic()
        self.waiting[canonical] = row
        if entry is not None:
            self.entries[canonical] = entry
        self.frontier.arrive(row, expanded=expanded or not row["kept"])

    def flush_if_due(self) -> None:
        """Write the waiting pages if they fill a shard or the first has waited for `shard_seconds`."""
        full = len(self.waiting) >= self.settings.shard_pages
        if full or (self.waiting and time.monotonic() - self.waiting_since >= self.settings.shard_seconds):
            self.flush()

    def flush(self) -> None:
        """Write the waiting pages as the next shard. Raises CannotWrite, StoreError."""
        if not self.waiting:
            return
        shard, rows, entries = f"{self.next_shard:06d}", self.waiting, self.entries
        self.table.write(shard, list(rows.values()))
        self.waiting, self.entries = {}, {}  # if the frontier now fails, the next run adopts the shard
        self.next_shard += 1
        self._count(rows.values())
        self.frontier.store(rows.values(), shard, entries)
        self.on_shard(shard)

    def _count(self, rows: Iterable[Row]) -> None:
        self.summary.shards += 1
        for row in rows:
            self.summary.rows += 1
            self.summary.kept += bool(row["kept"])
            if row["reason"]:
                self.summary.reasons[str(row["reason"])] += 1
