"""robots.txt (RFC 9309) with Crawl-delay. A host's rules are fetched once per run, before any other request.

If fetching the rules fails, the host's pages are not fetched until a retry succeeds. Scrapy's own middleware
would then fetch every page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Headers, Response
from scrapy.http.request import NO_CALLBACK

from crawl.urls import host_of, origin_of
from gr_toolkit.http import retry_after

TEMPORARY_STATUSES = {408, 429, *range(500, 600)}  # these statuses are retried
MAX_BYTES = 512 * 1024  # bytes read per robots.txt; RFC 9309 requires at least 500 KiB
MAX_ORIGINS = 2000  # origins whose rules are cached; must exceed MAX_HOST_QUEUES
IS_ROBOTS = "is_robots_txt"  # key in a request's meta

SlowDown = Callable[[str, float], None]


class RobotsForbidden(IgnoreRequest):
    """The host's robots.txt forbids the request."""


class RobotsUnreachable(IgnoreRequest):
    """The host's robots.txt could not be fetched; `__cause__` is the error."""


class TemporaryStatus(IgnoreRequest):
    """The status is temporary, so retry later. `wait` is the value of Retry-After in seconds, if any."""

    def __init__(self, message: str, wait: float | None) -> None:
        super().__init__(message)
        self.wait = wait


def requested_wait(headers: Headers) -> float | None:
    """The wait that the header Retry-After requests, in seconds; None if it is missing or invalid."""
    return retry_after(header(headers, "Retry-After") or "")


def header(headers: Headers, name: str) -> str | None:
    """A header's value as text; None if it is missing."""
    value = headers.get(name)
    return value.decode("latin-1").strip() if value is not None else None


class Robots:
    """A downloader middleware that drops requests forbidden by robots.txt."""

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self.crawler = crawler
        self.agent: str = crawler.settings["ROBOTSTXT_USER_AGENT"]
        self.rules: dict[str, asyncio.Task[Protego]] = {}  # by origin; concurrent requests share a task

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware, as Scrapy requires."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise RobotsForbidden or RobotsUnreachable if the request must not be sent."""
        if request.meta.get(IS_ROBOTS):
            return
        origin = origin_of(request.url)
        reading = self.rules.pop(origin, None) or asyncio.create_task(self._read(origin))
        self.rules[origin] = reading  # at the end, as the most recently used
        if len(self.rules) > MAX_ORIGINS:
            del self.rules[next(iter(self.rules))]
        try:
            rules = await asyncio.shield(reading)
        except Exception as error:
            self.rules.pop(origin, None)  # a retried request fetches the rules again
            raise RobotsUnreachable("robots.txt unreachable") from error
        if not rules.can_fetch(request.url, self.agent):
            raise RobotsForbidden("forbidden by robots.txt")

    async def _read(self, origin: str) -> Protego:
        # Scrapy's size limit would fail a larger file. It is disabled here; the spider stops at MAX_BYTES.
        meta = {IS_ROBOTS: True, "download_maxsize": 0}
        request = Request(f"{origin}/robots.txt", meta=meta, callback=NO_CALLBACK, dont_filter=True)
        assert self.crawler.engine is not None
        response: Response = await self.crawler.engine.download_async(request)
        if response.status in TEMPORARY_STATUSES:
            raise TemporaryStatus(f"status {response.status}", requested_wait(response.headers))
        found = response.status // 100 == 2
        rules = Protego.parse(response.body[:MAX_BYTES].decode("utf-8", "replace") if found else "")
        if delay := rules.crawl_delay(self.agent):
            slow_down: SlowDown = self.crawler.spider.slow_down  # type: ignore[union-attr]
            slow_down(host_of(origin), delay)
        return rules
