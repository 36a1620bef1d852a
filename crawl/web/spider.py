"""Runs Scrapy, which fetches the scheduler's entries. The spider passes the results to the handler.

Scrapy runs on asyncio without a Twisted reactor, so that a process can crawl more than once. Its throttling
and retries are disabled: scheduler.py decides which request is sent, and when.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Self

from scrapy import Request, Spider, signals
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.downloadermiddlewares.httpauth import HttpAuthMiddleware
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import StopDownload
from scrapy.http import Headers, Response
from scrapy.settings import default_settings
from twisted.python.failure import Failure

from crawl.response import HTML_TYPES, media_type
from crawl.result import Entry, FetchFailure, Result
from crawl.urls import absolute_url, has_user, host_of
from crawl.web.browser.chromium import Browser
from crawl.web.download import ALLOW_PRIVATE, PublicDownloadHandler
from crawl.web.outcome import CONTENT_TYPE, read_failure, read_response
from crawl.web.rendering import Rendering
from crawl.web.result_handler import ResultHandler
from crawl.web.robots import IS_ROBOTS, Robots, header
from crawl.web.robots import MAX_BYTES as MAX_ROBOTS_BYTES
from crawl.web.sitemap import MAX_BYTES as MAX_SITEMAP_BYTES
from gr_toolkit.errors import GrError
from gr_toolkit.settings import CrawlSettings

MAX_CANCELS = 10
TICK_SECONDS = 0.2  # seconds between two checks for a due shard or the end of the crawl
CONDITIONAL_HEADERS = ("If-None-Match", "If-Modified-Since")
DISABLED_MIDDLEWARES = (HttpAuthMiddleware, OffsiteMiddleware, RobotsTxtMiddleware)
SILENT = logging.CRITICAL + 1


async def run_spider(handler: ResultHandler, tick: Callable[[], None] = lambda: None) -> None:
    """Fetch until no URL is pending; call `tick` every TICK_SECONDS.

    Raises the error that stopped the crawl. If the handler did not fail, waiting pages are written first.
    """
    try:
        async with Browser(handler.settings) as browser:
            await run_with_browser(browser, handler, tick)
    finally:
        await end_other_tasks()


async def end_other_tasks() -> None:
    """Cancel Scrapy's tasks after an interrupt, until none is left: cancelled, they start further tasks.

    Python would warn about a coroutine that never started because the loop closed.
    """
    for _ in range(MAX_CANCELS):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if not others:
            break
        for task in others:
            task.cancel()
        await asyncio.wait(others, timeout=TICK_SECONDS)


async def run_with_browser(browser: Browser, handler: ResultHandler, tick: Callable[[], None]) -> None:
    """Run the spider with the browser that renders the pages of configured hosts."""
    runner = AsyncCrawlerRunner(scrapy_settings(handler.settings))
    crawl = runner.crawl(FrontierSpider, handler=handler, browser=browser)
    try:
        while not crawl.done() and handler.error is None:
            await asyncio.wait({crawl}, timeout=TICK_SECONDS)
            handler.flush_if_due()
            tick()
        if handler.error:
            raise handler.error
        crawl.result()
    finally:
        if handler.error is None:
            handler.flush()
        if not crawl.done():  # makes the handler ignore requests in flight and start none
            handler.error = handler.error or GrError("the crawl was stopped")


def scrapy_settings(settings: CrawlSettings) -> dict[str, object]:
    """Convert our settings to Scrapy's."""
    handlers = dict.fromkeys(("http", "https"), PublicDownloadHandler)
    return {
        "TWISTED_REACTOR_ENABLED": False,
        "SCHEDULER": FrontierScheduler,
        "DOWNLOAD_HANDLERS": {**dict.fromkeys(("data", "file", "ftp", "s3")), **handlers},
        ALLOW_PRIVATE: settings.allow_private,
        "USER_AGENT": settings.introduction,
        "DOWNLOADER_MIDDLEWARES": {**dict.fromkeys(DISABLED_MIDDLEWARES), Robots: 100, Rendering: 110},
        "SPIDER_MIDDLEWARES": dict.fromkeys(default_settings.SPIDER_MIDDLEWARES_BASE),
        "DOWNLOADER_STATS": False,
        "ROBOTSTXT_OBEY": settings.obey_robots,
        "ROBOTSTXT_USER_AGENT": settings.user_agent.partition("/")[0],
        "CONCURRENT_REQUESTS": settings.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": settings.concurrency,
        "CONCURRENT_ITEMS": 1,  # Scrapy starts this many tasks per response; we produce no items
        "DOWNLOAD_DELAY": 0,
        "DOWNLOAD_TIMEOUT": settings.timeout,
        "DOWNLOAD_MAXSIZE": settings.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "RETRY_ENABLED": False,
        "REDIRECT_MAX_TIMES": 10,
        "METAREFRESH_ENABLED": False,
        "HTTPERROR_ALLOW_ALL": True,
        "COOKIES_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "LOG_ENABLED": False,
    }


class FrontierScheduler(BaseScheduler):
    """The scheduler that Scrapy asks for requests: converts our scheduler's entries, and queues redirects."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.redirects: dict[int, Request] = {}  # by entry id, until the scheduler returns the entry again
        self.alarm: asyncio.TimerHandle | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the scheduler, as Scrapy requires."""
        return cls(crawler)

    def open(self, spider: Spider) -> None:
        """Take the result handler from the spider."""
        assert isinstance(spider, FrontierSpider)
        self.spider = spider
        self.handler = spider.handler

    def close(self, reason: str) -> None:
        """Cancel the alarm, so that nothing wakes a finished crawl."""
        if self.alarm:
            self.alarm.cancel()

    def has_pending_requests(self) -> bool:
        """Whether more requests may follow even if no request is in flight."""
        return self.handler.has_pending()

    def enqueue_request(self, request: Request) -> bool:
        """Queue the request for a redirect's target; return False if the redirect is not allowed.

        Only a source may redirect to another host.
        """
        entry: Entry = request.meta["entry"]
        if not self._allows_redirect(request.url, entry):
            self.handler.finish(entry, FetchFailure("redirects to another host", refused=True))
            return False
        if has_user(request.url):
            request = request.replace(url=absolute_url(request.url) or request.url)
        for condition in CONDITIONAL_HEADERS:  # the conditions apply to the redirecting URL
            request.headers.pop(condition, None)
        self.redirects[entry.id] = request
        self.handler.resend(entry)
        return True

    def _allows_redirect(self, url: str, entry: Entry) -> bool:
        return host_of(url) == entry.host or (entry.depth == 0 and self.handler.scope.has_host(url))

    def next_request(self) -> Request | None:
        """Return the next request to send; None if none is available now."""
        if entry := self.handler.next():
            return self.redirects.pop(entry.id, None) or self.spider.request(entry)
        self._wake_at(self.handler.scheduler.wakes_at())
        return None

    def _wake_at(self, time: float | None) -> None:
        """Make Scrapy ask for a request at `time`, when a host is due, instead of at its next heartbeat."""
        if time is None or (self.alarm and not self.alarm.cancelled() and self.alarm.when() <= time):
            return
        if self.alarm:
            self.alarm.cancel()
        self.alarm = asyncio.get_running_loop().call_at(time, self._wake)

    def _wake(self) -> None:
        self.alarm = None
        engine = self.crawler.engine
        if engine is not None and engine._slot is not None:
            engine._slot.nextcall.schedule()


class FrontierSpider(Spider):
    """Converts entries to requests, and responses and failures to results."""

    name = "gr"

    def __init__(self, handler: ResultHandler, browser: Browser) -> None:
        super().__init__()
        self.handler = handler
        self.browser = browser

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: object, **kwargs: object) -> Self:
        """Create the spider and connect it to the signals for received headers and bytes."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.on_headers, signals.headers_received)
        crawler.signals.connect(spider.on_bytes, signals.bytes_received)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Yield nothing: all requests come from the scheduler."""
        return
        yield

    def slow_down(self, host: str, seconds: float) -> None:
        """Apply a host's Crawl-delay in seconds."""
        self.handler.scheduler.slow_down(host, seconds)

    def request(self, entry: Entry) -> Request:
        """Create the request for an entry. The request is conditional if the page is already stored."""
        meta: dict[str, object] = {"entry": entry}
        if entry.kind == "sitemap":
            meta["download_maxsize"] = MAX_SITEMAP_BYTES
        known = zip(CONDITIONAL_HEADERS, (entry.etag, entry.last_modified), strict=True)
        # The HTML of a rendered page may be unchanged although its scripts load new content.
        is_conditional = entry.known and not self.browser.renders(entry.host)
        headers = {name: value for name, value in known if value and is_conditional}
        return Request(
            entry.url,
            self.handle_response,
            headers=headers,
            meta=meta,
            dont_filter=True,
            errback=self.handle_failure,
        )

    def on_headers(self, headers: Headers, request: Request) -> None:
        """Store the content type, and stop the download of a page that is not declared as HTML."""
        if request.meta.get(IS_ROBOTS):
            request.meta["download_maxsize"] = self.handler.settings.max_bytes  # limits the decompressed size
            return
        if "entry" not in request.meta:  # a subresource of a rendered page
            return
        entry: Entry = request.meta["entry"]
        request.meta[CONTENT_TYPE] = content_type = header(headers, "Content-Type") or ""
        if entry.kind == "page" and content_type and media_type(content_type) not in HTML_TYPES:
            raise StopDownload(fail=False)

    def on_bytes(self, data: bytes, request: Request) -> None:
        """Stop the download of a robots.txt after MAX_ROBOTS_BYTES."""
        if request.meta.get(IS_ROBOTS):
            request.meta["read"] = request.meta.get("read", 0) + len(data)
            if request.meta["read"] > MAX_ROBOTS_BYTES:
                raise StopDownload(fail=False)

    async def handle_response(self, response: Response) -> None:
        """Parse a response in a thread, so that a large page does not block others, and handle the result."""
        entry: Entry = response.meta["entry"]
        with_links = entry.depth < self.handler.settings.max_depth
        with suppress(RuntimeError):  # no thread can start after the crawl stops; the entry stays in flight
            read = partial(read_response, entry, response, with_links=with_links)
            result = await asyncio.to_thread(_read_safely, read)
            self.handler.finish(entry, result, response.meta.get("download_latency", 0.0))

    def handle_failure(self, failure: Failure) -> None:
        """Handle a request that failed without a response."""
        request: Request = failure.request  # type: ignore[attr-defined]
        result = _read_safely(partial(read_failure, request, failure.value or Exception()))
        self.handler.finish(request.meta["entry"], result)


def _read_safely(read: Callable[[], Result]) -> Result:
    """Call `read`; return a FetchFailure if it raises, so that the crawl continues and counts the failure."""
    try:
        return read()
    except Exception as error:
        return FetchFailure(f"cannot be read: {type(error).__name__}", refused=True)


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Log only Scrapy's errors, and nothing from asyncio, which logs warnings when a crawl is interrupted."""
    levels = {"scrapy": logging.ERROR, "asyncio": SILENT}
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
