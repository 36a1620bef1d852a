"""Scrapy fetches what the scheduler gives out, and its spider hands over what came back.

Scrapy runs without a Twisted reactor, on asyncio alone, so that a process can crawl more than once. Its own
pacing and retries are off: whose turn it is, and when, is decided in scheduler.py.
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
from crawl.urls import host_of
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

TICK = 0.2  # seconds between two looks at whether a shard is due or the crawl must end
CONDITIONS = ("If-None-Match", "If-Modified-Since")
UNUSED = (HttpAuthMiddleware, OffsiteMiddleware, RobotsTxtMiddleware)
NEVER = logging.CRITICAL + 1


async def run_spider(handler: ResultHandler, tick: Callable[[], None] = lambda: None) -> None:
    """Fetch until nothing is left; `tick` is called now and then.

    Raises what stopped it; all that came in is flushed.
    """
    async with Browser(handler.settings) as browser:
        await run_with(browser, handler, tick)


async def run_with(browser: Browser, handler: ResultHandler, tick: Callable[[], None]) -> None:
    """The same, with the browser that makes the pages of some hosts."""
    runner = AsyncCrawlerRunner(scrapy_settings(handler.settings))
    crawl = runner.crawl(FrontierSpider, handler=handler, browser=browser)
    try:
        while not crawl.done() and handler.error is None:
            await asyncio.wait({crawl}, timeout=TICK)
            handler.flush_if_due()
            tick()
        if handler.error:
            raise handler.error
        crawl.result()
    finally:
        if handler.error is None:
            handler.flush()
        if not crawl.done():  # what is under way counts no more, and nothing follows it
            handler.error = handler.error or GrError("the crawl was stopped")


def scrapy_settings(settings: CrawlSettings) -> dict[str, object]:
    """Our settings in Scrapy's names."""
    handlers = dict.fromkeys(("http", "https"), PublicDownloadHandler)
    return {
        "TWISTED_REACTOR_ENABLED": False,
        "SCHEDULER": FrontierScheduler,
        "DOWNLOAD_HANDLERS": {**dict.fromkeys(("data", "file", "ftp", "s3")), **handlers},
        ALLOW_PRIVATE: settings.allow_private,
        "USER_AGENT": settings.introduction,
        "DOWNLOADER_MIDDLEWARES": {**dict.fromkeys(UNUSED), Robots: 100, Rendering: 110},
        "SPIDER_MIDDLEWARES": dict.fromkeys(default_settings.SPIDER_MIDDLEWARES_BASE),
        "DOWNLOADER_STATS": False,
        "ROBOTSTXT_OBEY": settings.obey_robots,
        "ROBOTSTXT_USER_AGENT": settings.user_agent.partition("/")[0],
        "CONCURRENT_REQUESTS": settings.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": settings.concurrency,
        "CONCURRENT_ITEMS": 1,  # Scrapy starts so many tasks for every response; none has items
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
    """Gives Scrapy the entries of our scheduler one by one, and takes redirects back."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.redirects: dict[int, Request] = {}  # by entry, until its turn has come again
        self.alarm: asyncio.TimerHandle | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes its scheduler."""
        return cls(crawler)

    def open(self, spider: Spider) -> None:
        """Use the spider's result handler."""
        assert isinstance(spider, FrontierSpider)
        self.spider = spider
        self.handler = spider.handler

    def close(self, reason: str) -> None:
        """Nothing wakes a crawl that is over."""
        if self.alarm:
            self.alarm.cancel()

    def has_pending_requests(self) -> bool:
        """Whether the crawl goes on once nothing is in flight."""
        return self.handler.anything_left()

    def enqueue_request(self, request: Request) -> bool:
        """Take a redirect. Only a source may redirect to another host."""
        entry: Entry = request.meta["entry"]
        if not self._may_lead_to(request.url, entry):
            self.handler.finish(entry, FetchFailure("redirects to another host", refused=True))
            return False
        for condition in CONDITIONS:  # they were about the page that it is redirected from
            request.headers.pop(condition, None)
        self.redirects[entry.id] = request
        self.handler.send_on(entry)
        return True

    def _may_lead_to(self, url: str, entry: Entry) -> bool:
        return host_of(url) == entry.host or (entry.depth == 0 and self.handler.scope.has_host(url))

    def next_request(self) -> Request | None:
        """The next request to send, None while there is none."""
        if entry := self.handler.next():
            return self.redirects.pop(entry.id, None) or self.spider.request(entry)
        self._wake_at(self.handler.scheduler.wakes_at())
        return None

    def _wake_at(self, time: float | None) -> None:
        """Have Scrapy ask again as soon as a host may be asked again, and not only at its own heartbeat."""
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
    """Turns entries into requests and what comes of them into results."""

    name = "gr"

    def __init__(self, handler: ResultHandler, browser: Browser) -> None:
        super().__init__()
        self.handler = handler
        self.browser = browser

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: object, **kwargs: object) -> Self:
        """Look at the headers of every response before its body is read."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.look_at_headers, signals.headers_received)
        crawler.signals.connect(spider.look_at_bytes, signals.bytes_received)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Nothing: all requests come from the scheduler."""
        return
        yield

    def slow_down(self, host: str, seconds: float) -> None:
        """The host's robots.txt asks for so many seconds between two requests."""
        self.handler.scheduler.slow_down(host, seconds)

    def request(self, entry: Entry) -> Request:
        """The request for an entry; of a page that is known, for what has changed."""
        meta: dict[str, object] = {"entry": entry}
        if entry.kind == "sitemap":
            meta["download_maxsize"] = MAX_SITEMAP_BYTES
        known = zip(CONDITIONS, (entry.etag, entry.last_modified), strict=True)
        may_ask = entry.known and not self.browser.makes(entry.host)  # what scripts put in may have changed
        headers = {name: value for name, value in known if value and may_ask}
        return Request(
            entry.url, self.arrived, headers=headers, meta=meta, dont_filter=True, errback=self.failed
        )

    def look_at_headers(self, headers: Headers, request: Request) -> None:
        """Remember the content type, and leave the body of what does not call itself HTML unread."""
        if request.meta.get(IS_ROBOTS):
            request.meta["download_maxsize"] = self.handler.settings.max_bytes  # once it is unpacked
            return
        if "entry" not in request.meta:  # a page's script asked for it
            return
        entry: Entry = request.meta["entry"]
        request.meta[CONTENT_TYPE] = content_type = header(headers, "Content-Type") or ""
        if entry.kind == "page" and content_type and media_type(content_type) not in HTML_TYPES:
            raise StopDownload(fail=False)

    def look_at_bytes(self, data: bytes, request: Request) -> None:
        """Read no more of a robots.txt than is wanted."""
        if request.meta.get(IS_ROBOTS):
            request.meta["read"] = request.meta.get("read", 0) + len(data)
            if request.meta["read"] > MAX_ROBOTS_BYTES:
                raise StopDownload(fail=False)

    async def arrived(self, response: Response) -> None:
        """Hand over a response. It is read in a thread, so that no large page holds up the others."""
        entry: Entry = response.meta["entry"]
        with_links = entry.depth < self.handler.settings.max_depth
        with suppress(RuntimeError):  # no thread begins once the crawl is stopped; it stays in flight
            read = partial(read_response, entry, response, with_links=with_links)
            result = await asyncio.to_thread(_safely, read)
            self.handler.finish(entry, result, response.meta.get("download_latency", 0.0))

    def failed(self, failure: Failure) -> None:
        """Hand over why no response came."""
        request: Request = failure.request  # type: ignore[attr-defined]
        result = _safely(partial(read_failure, request, failure.value or Exception()))
        self.handler.finish(request.meta["entry"], result)


def _safely(read: Callable[[], Result]) -> Result:
    """One response that cannot be read must not stop the crawl, nor be lost without a word."""
    try:
        return read()
    except Exception as error:
        return FetchFailure(f"cannot be read: {type(error).__name__}", refused=True)


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Let only errors of libraries through, and of a crawl cut short nothing."""
    levels = {"scrapy": logging.ERROR, "asyncio": NEVER}
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
