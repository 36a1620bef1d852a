"""The pages of some hosts as a browser makes them: it stands between what Scrapy fetched and the spider.

scrapy-playwright cannot do that here: it needs a Twisted reactor, and it lets the browser fetch. Here Scrapy
fetches, the page as well as what its scripts ask for: robots.txt is obeyed and no private address is reached,
as everywhere.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware
from scrapy.exceptions import DownloadCancelledError, DownloadTimeoutError, NotConfigured
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawl.response import media_type, turned_down
from crawl.result import Entry
from crawl.urls import host_of
from crawl.web.browser.chromium import Browser
from crawl.web.browser.tab import LOADING, Document, Part
from crawl.web.robots import header

METHODS = {"GET", "HEAD", "POST"}
BUSY = {429, 503}  # of a part: its page would be incomplete, and the host asks for patience
LASTING = {"script", "stylesheet"}  # kinds of parts that pages share
MAX_KEPT_BYTES = 32_000_000  # bytes of these
NOT_SENT = ("user-agent", "accept-encoding", "cookie", "host", "connection", "content-length")


class Rendering(BaseRedirectMiddleware):
    """A downloader middleware that has pages made by the browser. One that its scripts leave for another is
    a redirect, under the same rules.
    """

    parts: Parts
    browser: Browser

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes its middlewares; the browser is the spider's."""
        made = super().from_crawler(crawler)
        made.browser = crawler.spider.browser  # type: ignore[union-attr]
        if not made.browser.hosts:
            raise NotConfigured
        made.parts = Parts(crawler, made.browser)
        return made

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """The page as the browser shows it. What is no page to keep needs no showing."""
        entry: Entry | None = request.meta.get("entry")
        content_type = header(response.headers, "Content-Type") or ""
        if entry is None or entry.kind != "page" or not self.browser.makes(host_of(response.url)):
            return response
        if turned_down(response.status, content_type, response.body):
            return response
        busy: list[Response] = []
        try:
            shown = await self.browser.show(document(response), lambda part: self.parts.fetch(part, busy))
        except TimeoutError as error:
            raise DownloadTimeoutError("its scripts do not end") from error
        for other in busy:
            if host_of(other.url) == host_of(response.url):
                return other.replace(url=response.url, request=request)
        if shown.sent_to:
            onwards = self._redirect_request_using_get(request, response, shown.sent_to)
            return self._redirect(onwards, request, "script")
        if shown.html is None:
            raise DownloadCancelledError("too large")
        headers = response.headers.copy()
        headers["Content-Type"] = f"{media_type(content_type) or 'text/html'}; charset=utf-8"
        return response.replace(body=shown.html, headers=headers)


class Parts:
    """Fetches what pages ask for, so many at a time of one host as of its pages. Scripts and styles are kept
    for the next page that asks for them.
    """

    def __init__(self, crawler: Crawler, browser: Browser) -> None:
        self.crawler = crawler
        at_once = browser.settings.concurrency_per_host
        self.gates: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(at_once))
        self.timeout = LOADING * browser.settings.timeout  # later it would come too late
        self.kept: OrderedDict[tuple[str, str], Document] = OrderedDict()
        self.size = 0

    async def fetch(self, part: Part, busy: list[Response]) -> Document | None:
        """The part; None for what is not asked for. Responses that ask for patience are added to `busy`."""
        if part.method not in METHODS or not part.url.startswith(("http://", "https://")):
            return None
        key = (part.url, part.headers.get("origin", ""))
        lasting = part.kind in LASTING and part.method == "GET"
        if lasting and key in self.kept:
            self.kept.move_to_end(key)
            return self.kept[key]
        async with self.gates[host_of(part.url)]:
            response = await self._download(self._request(part))
        if response.status in BUSY:
            busy.append(response)
        found = document(response)
        if lasting and found.status == 200:
            self._keep(key, found)
        return found

    async def _download(self, request: Request) -> Response:
        """What Scrapy's engine does, without its queue: it can be cancelled, where the page waits no more."""
        assert self.crawler.engine is not None
        downloader = self.crawler.engine.downloader
        send = downloader.handlers.download_request_async
        while True:
            result = await downloader.middleware.download_async(send, request)
            if isinstance(result, Response):
                return result
            request = result

    def _request(self, part: Part) -> Request:
        headers = {
            name: value
            for name, value in part.headers.items()
            if name not in NOT_SENT and not name.startswith("sec-")
        }
        return Request(
            part.url,
            method=part.method,
            headers=headers,
            body=part.body or b"",
            meta={"download_timeout": self.timeout},
            callback=NO_CALLBACK,
            dont_filter=True,
        )

    def _keep(self, key: tuple[str, str], found: Document) -> None:
        if key not in self.kept:
            self.kept[key] = found
            self.size += len(found.body)
        while self.size > MAX_KEPT_BYTES:
            self.size -= len(self.kept.popitem(last=False)[1].body)


def document(response: Response) -> Document:
    """A response in the browser's terms."""
    headers = {str(name): value for name, value in response.headers.to_unicode_dict().items()}
    return Document(response.url, response.status, headers, response.body)
