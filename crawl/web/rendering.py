"""Renders the pages of configured hosts in a browser, between Scrapy's download and the spider.

scrapy-playwright does not fit: it needs a Twisted reactor, and its browser fetches pages directly. Here
Scrapy fetches the page and its subresources (scripts, styles, data), so robots.txt and the ban on private
addresses apply to all requests.
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

from crawl.credentials import authorization
from crawl.response import media_type, rejection_reason
from crawl.result import Entry
from crawl.urls import host_of
from crawl.web.browser.chromium import Browser
from crawl.web.browser.tab import LOAD_SHARE, Document, Subresource
from crawl.web.robots import header

METHODS = {"GET", "HEAD", "POST"}
BUSY_STATUSES = {429, 503}  # a subresource with such a status leaves the page incomplete: retry it
CACHED_TYPES = {"script", "stylesheet"}  # types of subresources that several pages use
MAX_CACHED_BYTES = 32_000_000  # total size of the cached bodies
DROPPED_HEADERS = ("user-agent", "accept-encoding", "cookie", "host", "connection", "content-length")


class Rendering(BaseRedirectMiddleware):
    """A downloader middleware that renders pages in the browser. If a script navigates to another URL,
    the new URL is handled as a redirect, under the same rules.
    """

    fetcher: SubresourceFetcher
    browser: Browser

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware with the spider's browser. Raises NotConfigured if no host needs it."""
        made = super().from_crawler(crawler)
        made.browser = crawler.spider.browser  # type: ignore[union-attr]
        if not made.browser.hosts:
            raise NotConfigured
        made.fetcher = SubresourceFetcher(crawler, made.browser)
        return made

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Return the response with its page rendered, or a request if a script navigates to another page.

        Responses that need no rendering, or will be rejected, are returned unchanged. Raises
        DownloadTimeoutError, and DownloadCancelledError if the rendered page is too large.
        """
        entry: Entry | None = request.meta.get("entry")
        content_type = header(response.headers, "Content-Type") or ""
        if entry is None or entry.kind != "page" or not self.browser.renders(host_of(response.url)):
            return response
        if rejection_reason(response.status, content_type, response.body):
            return response
        busy: list[Response] = []
        try:
            rendered = await self.browser.render(
                document(response), lambda resource: self.fetcher.fetch(resource, busy)
            )
        except TimeoutError as error:
            raise DownloadTimeoutError("the page's scripts do not finish") from error
        for other in busy:
            if host_of(other.url) == host_of(response.url):
                return other.replace(url=response.url, request=request)
        if rendered.redirect_url:
            redirect = self._redirect_request_using_get(request, response, rendered.redirect_url)
            return self._redirect(redirect, request, "script")
        if rendered.html is None:
            raise DownloadCancelledError("too large")
        headers = response.headers.copy()
        headers["Content-Type"] = f"{media_type(content_type) or 'text/html'}; charset=utf-8"
        return response.replace(body=rendered.html, headers=headers)


class SubresourceFetcher:
    """Fetches subresources, at most `concurrency_per_host` at a time from one host. Caches scripts and
    styles for later pages.
    """

    def __init__(self, crawler: Crawler, browser: Browser) -> None:
        self.crawler = crawler
        limit = browser.settings.concurrency_per_host
        self.semaphores: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(limit))
        self.timeout = LOAD_SHARE * browser.settings.timeout  # seconds; the page waits no longer than that
        self.cache: OrderedDict[tuple[str, str], Document] = OrderedDict()
        self.cached_bytes = 0

    async def fetch(self, resource: Subresource, busy: list[Response]) -> Document | None:
        """Fetch a subresource; None if its method or scheme is unsupported. Adds a 429 or 503 to `busy`."""
        if resource.method not in METHODS or not resource.url.startswith(("http://", "https://")):
            return None
        key = (resource.url, resource.headers.get("origin", ""))
        # What one host's credentials open must not be served to another host's page.
        is_public = authorization(resource.url) is None
        cacheable = resource.kind in CACHED_TYPES and resource.method == "GET" and is_public
        if cacheable and key in self.cache:
            self.cache.move_to_end(key)
            return self.cache[key]
        async with self.semaphores[host_of(resource.url)]:
            response = await self._download(self._request(resource))
        if response.status in BUSY_STATUSES:
            busy.append(response)
        found = document(response)
        if cacheable and found.status == 200:
            self._add_to_cache(key, found)
        return found

    async def _download(self, request: Request) -> Response:
        """Download like Scrapy's engine, but not in its queue: a finished page can cancel the download."""
        assert self.crawler.engine is not None
        downloader = self.crawler.engine.downloader
        send = downloader.handlers.download_request_async
        while True:
            result = await downloader.middleware.download_async(send, request)
            if isinstance(result, Response):
                return result
            request = result

    def _request(self, resource: Subresource) -> Request:
        headers = {
            name: value
            for name, value in resource.headers.items()
            if name not in DROPPED_HEADERS and not name.startswith("sec-")
        }
        return Request(
            resource.url,
            method=resource.method,
            headers=headers,
            body=resource.body or b"",
            meta={"download_timeout": self.timeout},
            callback=NO_CALLBACK,
            dont_filter=True,
        )

    def _add_to_cache(self, key: tuple[str, str], found: Document) -> None:
        if key not in self.cache:
            self.cache[key] = found
            self.cached_bytes += len(found.body)
        while self.cached_bytes > MAX_CACHED_BYTES:
            self.cached_bytes -= len(self.cache.popitem(last=False)[1].body)


def document(response: Response) -> Document:
    """Convert a Scrapy response to a Document."""
    headers = {str(name): value for name, value in response.headers.to_unicode_dict().items()}
    return Document(response.url, response.status, headers, response.body)
