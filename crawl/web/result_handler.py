"""Handles results in order: queues each page's links and passes the page's row to the writer.

Every result is recorded immediately. A page and its links are recorded in one transaction. So a killed crawl
continues as if it had not been interrupted.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from crawl.frontier.frontier import Frontier
from crawl.frontier.hosts import Tally
from crawl.frontier.status import Live
from crawl.page_writer import PageWriter
from crawl.response import links_of
from crawl.result import Entry, FetchFailure, Kind, Listing, Page, Result, Unchanged
from crawl.urls import Scope
from crawl.web.scheduler import Scheduler
from gr_toolkit.console import Advance
from gr_toolkit.settings import CrawlSettings

TALLY_SECONDS = 5.0  # seconds between two writes of the tallies to the frontier


class ResultHandler:
    """One run of the crawl: takes URLs from the frontier, and passes pages to the page writer.

    Scrapy logs exceptions and continues. So the methods that Scrapy calls do not raise: they store the
    exception in `error`, which ends the crawl.
    """

    def __init__(self, frontier: Frontier, writer: PageWriter, settings: CrawlSettings) -> None:
        self.frontier = frontier
        self.writer = writer
        self.settings = settings
        self.scope = Scope(settings)
        self.scheduler = Scheduler(frontier, settings)
        self.started_at = time.time()
        self.not_fetched: Counter[str] = Counter()  # URLs by reason
        self.unchanged = 0
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)  # by host; not written yet
        self.tallied_at = time.monotonic()
        self.live = Live()
        self.advance: Advance = lambda _: None
        self.error: Exception | None = None

    def next(self) -> Entry | None:
        """Return the next URL to fetch; None if none is available now."""
        with self._keep_error():
            while not self.error and (entry := self.scheduler.next()):
                result = self.frontier.kept_result(entry)
                if result is None:
                    return entry
                self.scheduler.skip(entry)  # its result was kept before the crawl was killed
                self._handle(entry, result)
        return None

    def has_pending(self) -> bool:
        """Whether URLs remain to be fetched."""
        with self._keep_error():
            return self.error is None and self.scheduler.has_pending()
        return False

    def finish(self, entry: Entry, result: Result, latency: float = 0.0) -> None:
        """Handle the result of an entry; `latency` is in seconds."""
        with self._keep_error():
            if not self.error:
                self._tally(entry.host, result, latency)
                if self.scheduler.end_request(entry, result, latency):
                    self._handle(entry, result)

    def resend(self, entry: Entry) -> None:
        """Schedule an entry again whose URL redirects to another URL."""
        with self._keep_error():
            self.scheduler.resend(entry)

    def flush_if_due(self) -> None:
        """Write the waiting pages if a shard is due, and the tallies of all hosts every TALLY_SECONDS."""
        with self._keep_error():
            self.writer.flush_if_due()
            if time.monotonic() - self.tallied_at >= TALLY_SECONDS:
                self._save_tallies()

    def flush(self) -> None:
        """Write all waiting pages and tallies. Raises CannotWrite, StoreError."""
        self.writer.flush()
        self._save_tallies()

    @contextmanager
    def _keep_error(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.error = error

    def _tally(self, host: str, result: Result, latency: float) -> None:
        tally, status = Tally(requests=1, seconds=latency), ""
        match result:
            case Page(row):
                tally.pages, tally.bytes, status = 1, result.size, str(row["status"])
            case FetchFailure(reason):
                tally.failures, tally.failure, status = 1, reason, reason
            case Unchanged():
                status = "304"
        self.tallies[host].add(tally)
        self.live.add(host, tally, status)

    def _save_tallies(self) -> None:
        self.frontier.book.add(self.tallies)
        self.tallies.clear()
        self.tallied_at = time.monotonic()

    def _handle(self, entry: Entry, result: Result) -> None:
        with self.frontier.transaction():
            self.frontier.keep_result(entry, result)
            for ready, ready_result in self.scheduler.finish(entry, result):
                self._record(ready, ready_result)
        self.writer.flush_if_due()

    def _record(self, entry: Entry, result: Result) -> None:
        self.writer.summary.rows_in += 1
        match result:
            case FetchFailure(reason, refused):
                self._count_not_fetched(entry, reason)
                self.frontier.settle(entry, "refused" if refused else "failed", reason)
            case Unchanged():
                self._record_unchanged(entry)
            case Listing():
                self._record_listing(entry, result)
            case Page():
                self._record_page(entry, result)

    def _record_listing(self, entry: Entry, listing: Listing) -> None:
        pages = list(filter(self.scope.admits, listing.pages))
        self._queue(filter(self.scope.has_host, listing.sitemaps), entry.depth, "sitemap")
        self._queue(pages, entry.depth)
        # Read each listed sitemap once per run. Fetch a stored page again only if its change time is listed.
        changed = {url: listing.changed[url] for url in pages if url in listing.changed}
        self.frontier.ask_again(dict.fromkeys(listing.sitemaps, self.started_at) | changed, self.started_at)
        self.frontier.settle(entry, "stored")

    def _record_page(self, entry: Entry, page: Page) -> None:
        canonical, depth = page.row["canonical_url"], self.frontier.depth(entry)
        is_revisit = entry.known and canonical == entry.canonical
        if is_revisit and not page.row["kept"]:
            self._count_not_fetched(entry, f"{page.row['reason']}, kept the stored page")
            return self.frontier.settle(entry, "stored", page.row["reason"])
        if is_revisit and self.frontier.has_content(page.row["content_sha256"]):
            return self._record_unchanged(entry)
        if not is_revisit and self.writer.has(canonical):
            return self.frontier.settle(entry, "stored", f"is {canonical}")
        expanded = depth < self.settings.max_depth
        self.writer.add({**page.row, "depth": depth}, expanded=expanded, entry=entry.id)
        if expanded:
            self._queue(self.scope.follow(links_of(page), page.row["host"]), depth + 1)
        self.scheduler.count_row(entry.host)
        self.advance(1)

    def _count_not_fetched(self, entry: Entry, reason: str) -> None:
        self.not_fetched[reason] += 1
        self.writer.summary.first.setdefault(reason, entry.url)

    def _record_unchanged(self, entry: Entry) -> None:
        self.unchanged += 1
        self.frontier.settle(entry, "stored")

    def _queue(self, urls: Iterable[str], depth: int, kind: Kind = "page") -> None:
        self.scheduler.open(self.frontier.add(urls, depth, kind))
