"""One page in the browser: answers its requests, and reads the HTML that its scripts produce."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gr_toolkit.settings import CrawlSettings

if TYPE_CHECKING:
    from playwright.async_api import Page, Request, Route

SUBRESOURCE_TYPES = {"script", "stylesheet", "xhr", "fetch"}  # no images, media or frames
MAX_SUBRESOURCES = 300  # requests per page
LOAD_SHARE, IDLE_SHARE = 0.5, 0.25  # shares of `timeout`: for loading, then for idling
MAX_IDLE_WAIT = 5.0  # seconds; some pages never become idle
DROPPED_HEADERS = ("set-cookie", "content-length", "content-disposition")  # no cookies, no downloads
READ_HTML = """maxLength => {
    const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : "";
    const html = type + (document.documentElement?.outerHTML ?? "");
    return html.length > maxLength ? null : html;
}"""


@dataclass(frozen=True)
class Subresource:
    """A request that a page sends for a script, a style sheet or data."""

    kind: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Document:
    """A server's response for a page or a subresource."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Rendered:
    """A rendered page: its HTML (None if too large), and the URL to which a script navigates, if any."""

    html: bytes | None
    redirect_url: str | None


Fetch = Callable[[Subresource], Awaitable[Document | None]]  # returns None or raises: unavailable


class Tab:
    """One page in the browser."""

    def __init__(self, document: Document, fetch: Fetch, settings: CrawlSettings) -> None:
        self.document = document
        self.fetch = fetch
        self.settings = settings
        self.opened = False
        self.navigated = asyncio.Event()  # set when the page navigates away
        self.redirect_url: str | None = None
        self.requests = 0
        self.fetching: set[asyncio.Future[Document | None]] = set()

    async def render(self, page: Page) -> Rendered:
        """Run the page's scripts and return its HTML."""
        try:
            await page.route("**/*", self._answer)
            await page.goto(self.document.url, wait_until="commit", timeout=0)
            await wait_for_first(self._wait_until_idle(page), self.navigated.wait())
            html = await page.evaluate(READ_HTML, self.settings.max_bytes)
        finally:
            self.requests = MAX_SUBRESOURCES  # refuse further requests
            for each in self.fetching:
                each.cancel()
        body = html.encode("utf-8", "replace") if isinstance(html, str) else b""
        fits = html is not None and len(body) <= self.settings.max_bytes
        return Rendered(body if fits else None, self.redirect_url)

    async def _wait_until_idle(self, page: Page) -> None:
        """Wait, for a limited time, until the page has loaded and its network is idle."""
        from playwright.async_api import TimeoutError

        timeout = self.settings.timeout
        with suppress(TimeoutError):
            await page.wait_for_load_state("load", timeout=1000 * LOAD_SHARE * timeout)
        with suppress(TimeoutError):
            idle_wait = min(IDLE_SHARE * timeout, MAX_IDLE_WAIT)
            await page.wait_for_load_state("networkidle", timeout=1000 * idle_wait)

    async def _answer(self, route: Route) -> None:
        """Answer a request of the page, or abort it."""
        from playwright.async_api import Error

        answer = await self._document_or_subresource(route.request)
        if answer is not None:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            for name in DROPPED_HEADERS:
                headers.pop(name, None)
            with suppress(Error):
                await route.fulfill(status=answer.status, headers=headers, body=answer.body)
                return
        with suppress(Error):  # the page may be closed
            await route.abort("aborted")  # every other error replaces the page with an error page

    async def _document_or_subresource(self, request: Request) -> Document | None:
        if request.resource_type == "document":
            return self._document(request)
        if request.resource_type not in SUBRESOURCE_TYPES or self.requests >= MAX_SUBRESOURCES:
            return None
        self.requests += 1
        body = request.post_data_buffer
        resource = Subresource(request.resource_type, request.method, request.url, request.headers, body)
        fetching = asyncio.ensure_future(self.fetch(resource))
        self.fetching.add(fetching)
        with suppress(Exception, asyncio.CancelledError):
            return await fetching
        return None

    def _document(self, request: Request) -> Document | None:
        """Return the page itself once. Record a later navigation as a redirect. Return None for frames."""
        if request.frame.parent_frame is not None:
            return None
        if not self.opened:
            self.opened = True
            return self.document
        self.navigated.set()
        elsewhere = request.url.partition("#")[0] != self.document.url.partition("#")[0]
        if elsewhere and request.method == "GET":
            self.redirect_url = self.redirect_url or request.url
        return None


async def wait_for_first(*waits: Coroutine[object, object, object]) -> None:
    """Wait until one of the coroutines ends, and cancel the others. Raises the exception of the ended one."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for task in done:
        task.result()
