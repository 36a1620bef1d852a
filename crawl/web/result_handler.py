"""Handles what came back: takes each result in its turn, queues its links, and hands pages to the writer.

A result is recorded at once, and a page's links together with its arrival, so that a killed crawl continues
as if it had not been interrupted.
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

NOTE_EVERY_SECONDS = 5.0


class ResultHandler:
    """One run's crawl, from the frontier into the page writer.

    Scrapy logs what is raised in it and goes on. So what it calls here raises nothing: `error` says what
    failed, and the crawl is to end.
    """

    def __init__(self, frontier: Frontier, writer: PageWriter, settings: CrawlSettings) -> None:
        self.frontier = frontier
        self.writer = writer
        self.settings = settings
        self.scope = Scope(settings)
        self.scheduler = Scheduler(frontier, settings)
        self.began = time.time()
        self.missed: Counter[str] = Counter()
        self.unchanged = 0
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)
        self.noted = time.monotonic()
        self.live = Live()
        self.advance: Advance = lambda _: None
        self.error: Exception | None = None

    def next(self) -> Entry | None:
        """The next URL to fetch; None while there is none."""
        with self._failure_kept():
            while not self.error and (entry := self.scheduler.next()):
                result = self.frontier.kept_result(entry)
                if result is None:
                    return entry
                self.scheduler.pass_over(entry)  # it came before the crawl was killed
                self._handle(entry, result)
        return None

    def anything_left(self) -> bool:
        """Whether there is more to fetch."""
        with self._failure_kept():
            return self.error is None and self.scheduler.anything_left()
        return False

    def finish(self, entry: Entry, result: Result, latency: float = 0.0) -> None:
        """Take in what came of an entry; `latency` is in seconds."""
        with self._failure_kept():
            if not self.error:
                self._tally(entry.host, result, latency)
                if self.scheduler.answered(entry, result, latency):
                    self._handle(entry, result)

    def send_on(self, entry: Entry) -> None:
        """The entry was redirected, and is to be given out once more."""
        with self._failure_kept():
            self.scheduler.send_on(entry)

    def flush_if_due(self) -> None:
        """Write a shard if it is time for one, and now and then what the hosts came to."""
        with self._failure_kept():
            self.writer.flush_if_due()
            if time.monotonic() - self.noted >= NOTE_EVERY_SECONDS:
                self._note_hosts()

    def flush(self) -> None:
        """Write what came in. Raises CannotWrite, StoreError."""
        self.writer.flush()
        self._note_hosts()

    @contextmanager
    def _failure_kept(self) -> Iterator[None]:
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

    def _note_hosts(self) -> None:
        self.frontier.book.add(self.tallies)
        self.tallies.clear()
        self.noted = time.monotonic()

    def _handle(self, entry: Entry, result: Result) -> None:
        with self.frontier.transaction():
            self.frontier.keep_result(entry, result)
            for ready, its_result in self.scheduler.finish(entry, result):
                self._take(ready, its_result)
        self.writer.flush_if_due()

    def _take(self, entry: Entry, result: Result) -> None:
        self.writer.summary.rows_in += 1
        match result:
            case FetchFailure(reason, refused):
                self.missed[reason] += 1
                self.frontier.settle(entry, "refused" if refused else "failed", reason)
            case Unchanged():
                self._leave_as_it_is(entry)
            case Listing():
                self._take_listing(entry, result)
            case Page():
                self._take_page(entry, result)

    def _take_listing(self, entry: Entry, listing: Listing) -> None:
        pages = list(filter(self.scope.admits, listing.pages))
        self._queue(filter(self.scope.has_host, listing.sitemaps), entry.depth, "sitemap")
        self._queue(pages, entry.depth)
        # A sitemap is read once a run; a page of which it is not said when it changed is left alone.
        changed = {url: listing.changed[url] for url in pages if url in listing.changed}
        self.frontier.ask_again(dict.fromkeys(listing.sitemaps, self.began) | changed, self.began)
        self.frontier.settle(entry, "stored")

    def _take_page(self, entry: Entry, page: Page) -> None:
        canonical, depth = str(page.row["canonical_url"]), self.frontier.depth(entry)
        is_revisit = entry.known and canonical == entry.canonical
        if is_revisit and not page.row["kept"]:
            self.missed[f"{page.row['reason']}, kept as it was"] += 1
            return self.frontier.settle(entry, "stored", str(page.row["reason"]))
        if is_revisit and self.frontier.has_content(str(page.row["content_sha256"])):
            return self._leave_as_it_is(entry)
        if not is_revisit and self.writer.has(canonical):
            return self.frontier.settle(entry, "stored", f"is {canonical}")
        expanded = depth < self.settings.max_depth
        self.writer.put({**page.row, "depth": depth}, expanded=expanded, entry=entry.id)
        if expanded:
            self._queue(self.scope.follow(links_of(page), str(page.row["host"])), depth + 1)
        self.scheduler.count_row(entry.host)
        self.advance(1)

    def _leave_as_it_is(self, entry: Entry) -> None:
        self.unchanged += 1
        self.frontier.settle(entry, "stored")

    def _queue(self, urls: Iterable[str], depth: int, kind: Kind = "page") -> None:
        self.scheduler.open(self.frontier.add(urls, depth, kind))
