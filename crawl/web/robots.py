"""robots.txt as RFC 9309 has it, with Crawl-delay: a host's rules are read once a run, before anything else
of it, and where they cannot be had because of an error nothing is fetched for now (Scrapy fetches all then).
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

TEMPORARY = {408, 429, *range(500, 600)}  # statuses that are tried again
MAX_BYTES = 512 * 1024  # of a robots.txt that are read; RFC 9309 asks for 500 KiB at least
MAX_ORIGINS = 2000  # whose rules are remembered, more than there are host queues
IS_ROBOTS = "is_robots_txt"  # in the meta of a request

SlowDown = Callable[[str, float], None]


class RobotsForbid(IgnoreRequest):
    """The host's rules forbid it."""


class RobotsUnreachable(IgnoreRequest):
    """The host's robots.txt could not be had; its cause says why."""


class TemporaryStatus(IgnoreRequest):
    """The server asks to come back later, after `wait` seconds if it says so."""

    def __init__(self, message: str, wait: float | None) -> None:
        super().__init__(message)
        self.wait = wait


def wait_of(headers: Headers) -> float | None:
    """The seconds that a server asks to wait, by its Retry-After; None if it does not."""
    return retry_after(header(headers, "Retry-After") or "")


def header(headers: Headers, name: str) -> str | None:
    """A header's value as text; None where it is missing."""
    value = headers.get(name)
    return value.decode("latin-1").strip() if value is not None else None


class Robots:
    """A downloader middleware that lets pass what the host's rules allow."""

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self.crawler = crawler
        self.agent: str = crawler.settings["ROBOTSTXT_USER_AGENT"]
        self.rules: dict[str, asyncio.Task[Protego]] = {}  # by origin; several requests wait for one

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes its middlewares."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise RobotsForbid or RobotsUnreachable for what may not be fetched."""
        if request.meta.get(IS_ROBOTS):
            return
        origin = origin_of(request.url)
        reading = self.rules.pop(origin, None) or asyncio.create_task(self._read(origin))
        self.rules[origin] = reading  # the last one used stands last
        if len(self.rules) > MAX_ORIGINS:
            del self.rules[next(iter(self.rules))]
        try:
            rules = await asyncio.shield(reading)
        except Exception as error:
            self.rules.pop(origin, None)  # a request that is tried again tries this again too
            raise RobotsUnreachable("robots.txt unreachable") from error
        if not rules.can_fetch(request.url, self.agent):
            raise RobotsForbid("forbidden by robots.txt")

    async def _read(self, origin: str) -> Protego:
        # Without a limit, or Scrapy would give up a longer one whole; the spider stops it at MAX_BYTES.
        meta = {IS_ROBOTS: True, "download_maxsize": 0}
        request = Request(f"{origin}/robots.txt", meta=meta, callback=NO_CALLBACK, dont_filter=True)
        assert self.crawler.engine is not None
        response: Response = await self.crawler.engine.download_async(request)
        if response.status in TEMPORARY:
            raise TemporaryStatus(f"status {response.status}", wait_of(response.headers))
        found = response.status // 100 == 2
        rules = Protego.parse(response.body[:MAX_BYTES].decode("utf-8", "replace") if found else "")
        if delay := rules.crawl_delay(self.agent):
            slow_down: SlowDown = self.crawler.spider.slow_down  # type: ignore[union-attr]
            slow_down(host_of(origin), delay)
        return rules
