"""Scrapy fetches what the harvest gives out: its scheduler is the frontier, its spider hands over what came.

Scrapy runs without a Twisted reactor, on asyncio alone, so that a process can crawl more than once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Self

from scrapy import Request, Spider, signals
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import StopDownload
from scrapy.http import Headers, Response
from twisted.python.failure import Failure

from crawl.frontier import Entry
from crawl.harvest import Harvest
from crawl.outcome import CONTENT_TYPE, header, read_failure, read_response
from crawl.response import HTML_TYPES, Miss, Result, media_type
from crawl.robots import TEMPORARY, StrictRobots
from crawl.sitemap import MOST_BYTES
from crawl.urls import host_of
from settings import CrawlSettings

TICK = 0.2  # seconds between two looks at whether a shard is due or the crawl must end
NEVER = logging.CRITICAL + 1


async def run_spider(harvest: Harvest) -> None:
    """Fetch until the harvest has nothing left. Raises what stopped it; all that came in is flushed."""
    runner = AsyncCrawlerRunner(scrapy_settings(harvest.settings))
    with quiet_logs():
        crawl = runner.crawl(HarvestSpider, harvest=harvest)
        try:
            while not crawl.done() and harvest.error is None:
                await asyncio.wait({crawl}, timeout=TICK)
                harvest.flush_if_due()
            if harvest.error:
                raise harvest.error
            crawl.result()
        finally:
            if harvest.error is None:
                harvest.flush()


def scrapy_settings(settings: CrawlSettings) -> dict[str, object]:
    """Our settings in Scrapy's names."""
    return {
        "TWISTED_REACTOR_ENABLED": False,
        "SCHEDULER": FrontierScheduler,
        "USER_AGENT": settings.user_agent,
        "DOWNLOADER_MIDDLEWARES": {RobotsTxtMiddleware: None, StrictRobots: 100},
        "ROBOTSTXT_OBEY": settings.obey_robots,
        "ROBOTSTXT_USER_AGENT": settings.user_agent.partition("/")[0],
        "CONCURRENT_REQUESTS": settings.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": settings.concurrency_per_host,
        "DOWNLOAD_DELAY": settings.delay,
        "DOWNLOAD_TIMEOUT": settings.timeout,
        "DOWNLOAD_MAXSIZE": settings.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "RETRY_TIMES": settings.retries,
        "RETRY_HTTP_CODES": sorted(TEMPORARY),
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "REDIRECT_MAX_TIMES": 10,
        "METAREFRESH_ENABLED": False,
        "HTTPERROR_ALLOW_ALL": True,
        "COOKIES_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "LOG_ENABLED": False,
    }


class FrontierScheduler(BaseScheduler):
    """Gives Scrapy the harvest's entries one by one, and back what it redirects or tries again."""

    def open(self, spider: Spider) -> None:
        """Take up the spider's harvest."""
        assert isinstance(spider, HarvestSpider)
        self.spider = spider
        self.again: deque[Request] = deque()

    def has_pending_requests(self) -> bool:
        """Whether the crawl goes on once nothing is in flight."""
        return bool(self.again) or self.spider.harvest.anything_left()

    def enqueue_request(self, request: Request) -> bool:
        """Take a redirect or another try. Only a source may redirect to another host."""
        entry: Entry = request.meta["entry"]
        if entry.depth > 0 and host_of(request.url) != entry.host:
            self.spider.harvest.finish(entry, Miss("redirects to another host", refused=True))
            return False
        self.again.append(request)
        return True

    def next_request(self) -> Request | None:
        """The next request to send, None while there is none."""
        if self.again:
            return self.again.popleft()
        entry = self.spider.harvest.next()
        return self.spider.request(entry) if entry else None


class HarvestSpider(Spider):
    """Turns entries into requests and what comes of them into results."""

    name = "gr"

    def __init__(self, harvest: Harvest) -> None:
        super().__init__()
        self.harvest = harvest

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: object, **kwargs: object) -> Self:
        """Look at the headers of every response before its body is read."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.look_at_headers, signals.headers_received)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Nothing: all requests come from the scheduler."""
        return
        yield

    def request(self, entry: Entry) -> Request:
        """The request for an entry."""
        meta: dict[str, object] = {"entry": entry}
        if entry.kind == "sitemap":
            meta["download_maxsize"] = MOST_BYTES
        return Request(entry.url, callback=self.arrived, errback=self.failed, meta=meta, dont_filter=True)

    def look_at_headers(self, headers: Headers, request: Request) -> None:
        """Remember the content type, and leave the body of what does not call itself HTML unread."""
        entry: Entry | None = request.meta.get("entry")
        request.meta[CONTENT_TYPE] = content_type = header(headers, "Content-Type") or ""
        if entry and entry.kind == "page" and content_type and media_type(content_type) not in HTML_TYPES:
            raise StopDownload(fail=False)

    def arrived(self, response: Response) -> None:
        """Hand over a response."""
        entry: Entry = response.meta["entry"]
        self._finish(entry, lambda: read_response(entry, response))

    def failed(self, failure: Failure) -> None:
        """Hand over why no response came."""
        request: Request = failure.request  # type: ignore[attr-defined]
        self._finish(request.meta["entry"], lambda: read_failure(request, failure.value or Exception()))

    def _finish(self, entry: Entry, read: Callable[[], Result]) -> None:
        """One response that cannot be read must not stop the crawl, nor be lost without a word."""
        try:
            result = read()
        except Exception as error:
            result = Miss(f"cannot be read: {type(error).__name__}", refused=True)
        self.harvest.finish(entry, result)


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Let only errors of libraries through, and of an unreachable robots.txt or a crawl cut short nothing."""
    levels = {"scrapy": logging.ERROR, RobotsTxtMiddleware.__module__: NEVER, "asyncio": NEVER}
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
