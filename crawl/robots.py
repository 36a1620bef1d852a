"""robots.txt as RFC 9309 has it: where it cannot be had because of an error, nothing is fetched for now.

Scrapy 2.19 fetches everything then. It also admits every request but the first of those that wait for a
robots.txt at the same time: they await one Deferred, which gives its result to the first and None to the
others. So here they wait one after another.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached

TEMPORARY = {408, 429, *range(500, 600)}  # statuses that are tried again


class RobotsUnreachable(IgnoreRequest):
    """The host's robots.txt could not be had; its cause says why."""


class TemporaryStatus(IgnoreRequest):
    """The server asks to come back later."""


class StrictRobots(RobotsTxtMiddleware):
    """Scrapy's middleware, but a robots.txt that cannot be had admits nobody."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.errors: dict[str, Exception] = {}
        self.locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def robot_parser(self, request: Request) -> RobotParser:
        """The host's rules. Raises RobotsUnreachable."""
        netloc = urlparse_cached(request).netloc
        async with self.locks[netloc]:
            parser = await super().robot_parser(request)
        if parser is None:
            raise RobotsUnreachable("robots.txt unreachable") from self.errors[netloc]
        return parser

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status in TEMPORARY:
            raise TemporaryStatus(f"status {response.status}")
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        self.errors[netloc] = exc
        super()._robots_error(exc, netloc)
