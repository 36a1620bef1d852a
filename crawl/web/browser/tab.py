"""One page in the browser: what it asks for is answered, what its scripts make of it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gr_toolkit.settings import CrawlSettings

if TYPE_CHECKING:
    from playwright.async_api import Page, Request, Route

PARTS = {"script", "stylesheet", "xhr", "fetch"}  # what is fetched for a page: no images, media, frames
MAX_PARTS = 300  # that one page may ask for
LOADING, SETTLING = 0.5, 0.25  # shares of `timeout` in which a page must load, and then come to rest
MAX_SETTLING = 5.0  # seconds; some pages never do
NOT_SHOWN = ("set-cookie", "content-length", "content-disposition")  # no cookies are kept, nothing is saved
READ = """most => {
    const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : "";
    const html = type + (document.documentElement?.outerHTML ?? "");
    return html.length > most ? null : html;
}"""


@dataclass(frozen=True)
class Part:
    """What a page asks for."""

    kind: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Document:
    """What a server sent for a page, or for a part of one."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Shown:
    """What a page has become: its HTML, None where it grew too large; and where a script sends the reader."""

    html: bytes | None
    sent_to: str | None


Fetch = Callable[[Part], Awaitable[Document | None]]  # None, or any exception, where it is not to be had


class Tab:
    """One page in the browser."""

    def __init__(self, document: Document, fetch: Fetch, settings: CrawlSettings) -> None:
        self.document = document
        self.fetch = fetch
        self.settings = settings
        self.opened = False
        self.left = asyncio.Event()  # set once the page wants to be another one
        self.sent_to: str | None = None
        self.asked = 0
        self.fetching: set[asyncio.Future[Document | None]] = set()

    async def show(self, page: Page) -> Shown:
        """Let the page's scripts run, and read it."""
        try:
            await page.route("**/*", self._answer)
            await page.goto(self.document.url, wait_until="commit", timeout=0)
            await first_of(self._settle(page), self.left.wait())
            html = await page.evaluate(READ, self.settings.max_bytes)
        finally:
            self.asked = MAX_PARTS  # it gets no more
            for each in self.fetching:
                each.cancel()
        body = html.encode("utf-8", "replace") if isinstance(html, str) else b""
        fits = html is not None and len(body) <= self.settings.max_bytes
        return Shown(body if fits else None, self.sent_to)

    async def _settle(self, page: Page) -> None:
        """Wait for the page to have loaded and to ask for nothing more; not for ever."""
        from playwright.async_api import TimeoutError

        most = self.settings.timeout
        with suppress(TimeoutError):
            await page.wait_for_load_state("load", timeout=1000 * LOADING * most)
        with suppress(TimeoutError):
            rest = min(SETTLING * most, MAX_SETTLING)
            await page.wait_for_load_state("networkidle", timeout=1000 * rest)

    async def _answer(self, route: Route) -> None:
        """Give the page what it asks for, or nothing."""
        from playwright.async_api import Error

        answer = await self._document_or_part(route.request)
        if answer is not None:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            for name in NOT_SHOWN:
                headers.pop(name, None)
            with suppress(Error):
                await route.fulfill(status=answer.status, headers=headers, body=answer.body)
                return
        with suppress(Error):  # the page may be gone
            await route.abort("aborted")  # of all errors the one that puts no error page in this one's place

    async def _document_or_part(self, request: Request) -> Document | None:
        if request.resource_type == "document":
            return self._document(request)
        if request.resource_type not in PARTS or self.asked >= MAX_PARTS:
            return None
        self.asked += 1
        body = request.post_data_buffer
        part = Part(request.resource_type, request.method, request.url, request.headers, body)
        fetching = asyncio.ensure_future(self.fetch(part))
        self.fetching.add(fetching)
        with suppress(Exception, asyncio.CancelledError):
            return await fetching
        return None

    def _document(self, request: Request) -> Document | None:
        """The page itself, once. What it goes on to is not shown but told, and a frame in it is neither."""
        if request.frame.parent_frame is not None:
            return None
        if not self.opened:
            self.opened = True
            return self.document
        self.left.set()
        elsewhere = request.url.partition("#")[0] != self.document.url.partition("#")[0]
        if elsewhere and request.method == "GET":
            self.sent_to = self.sent_to or request.url
        return None


async def first_of(*waits: Coroutine[object, object, object]) -> None:
    """Wait for one of these, and leave the others; raises what that one raised."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for task in done:
        task.result()
