"""A browser that runs the scripts of pages and returns the resulting HTML.

The browser has no network access. It passes every request of a page to the caller, which applies the crawl's
rules, and then sends the request or refuses it. So no script can bypass the rules. A host name also cannot
resolve to one address for the check and to another address for the connection.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from crawl.web.browser.tab import Document, Fetch, Rendered, Tab
from gr_toolkit.errors import GrError, MissingExtra
from gr_toolkit.settings import CrawlSettings

if TYPE_CHECKING:
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import BrowserContext, Playwright

MAX_TABS = 4  # pages open at the same time
CLOSE_TIMEOUT = 10.0  # seconds to close a context, the browser or its driver
EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")  # on the PATH
NO_NETWORK = [
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # the same option in older versions
    "--disable-quic",
]
DEAD_PROXY = "http://nowhere.invalid:9"  # a host that does not exist
MEMORY_LIMIT = "--js-flags=--max-old-space-size=512"  # MB of memory for a page's scripts
INSTALL = "pip install 'gr-toolkit[browser]' && playwright install chromium"
ADVICE = "Install a browser with: playwright install chromium (or put chromium or google-chrome on the PATH)"
NO_SANDBOX = "Allow unprivileged user namespaces here, or install chromium from your system's packages"


class BrowserFailed(Exception):
    """The browser or the page's tab crashed."""


class Browser:
    """The Chromium of a crawl. It is started only if hosts need it, and restarted after a crash."""

    def __init__(self, settings: CrawlSettings) -> None:
        self.settings = settings
        self.hosts = {host.lower() for host in settings.javascript}
        self.tabs = asyncio.Semaphore(MAX_TABS)
        self.starting = asyncio.Lock()
        self.playwright: Playwright | None = None
        self.chromium: Chromium | None = None
        self.closed = False

    async def __aenter__(self) -> Self:
        """Start the browser before the first request. Raises MissingExtra, and GrError if it cannot start."""
        if self.hosts:
            await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True
        async with self.starting:
            await self._stop()

    def renders(self, host: str) -> bool:
        """Whether to render this host's pages in the browser."""
        return host in self.hosts

    async def render(self, document: Document, fetch: Fetch) -> Rendered:
        """Render a page until its network is idle. Raises BrowserFailed, and TimeoutError if the page
        takes longer than `timeout`.
        """
        from playwright.async_api import Error

        async with self.tabs:
            try:
                async with self._new_context() as context, asyncio.timeout(self.settings.timeout):
                    return await Tab(document, fetch, self.settings).render(await context.new_page())
            except (Error, GrError) as error:
                raise BrowserFailed(first_line(error)) from error

    async def _ready(self) -> Chromium:
        """Return the browser; start a new one if it crashed."""
        async with self.starting:
            if self.closed:
                raise BrowserFailed("the crawl has ended")
            if self.chromium and self.chromium.is_connected():
                return self.chromium
            await self._stop()
            return await self._start()

    @asynccontextmanager
    async def _new_context(self) -> AsyncIterator[BrowserContext]:
        """Open a new context for one page, so that pages share no cookies and no cache. Stop the browser if
        the context cannot be opened or closed.
        """
        from playwright.async_api import Error

        chromium = await self._ready()
        try:
            async with asyncio.timeout(self.settings.timeout):
                context = await chromium.new_context(
                    user_agent=self.settings.introduction, accept_downloads=False, service_workers="block"
                )
        except (Error, TimeoutError):
            await self._discard(chromium)
            raise
        try:
            yield context
        finally:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await context.close()
            except (Error, TimeoutError):
                await self._discard(chromium)

    async def _discard(self, chromium: Chromium) -> None:
        async with self.starting:
            if self.chromium is chromium:  # another task may have replaced it already
                await self._stop()

    async def _start(self) -> Chromium:
        try:
            from playwright.async_api import Error, async_playwright
        except ImportError as error:
            raise MissingExtra("crawl.javascript", INSTALL) from error
        self.playwright = await async_playwright().start()
        try:
            self.chromium = await launch(self.playwright)
        except Error as error:
            await self._stop()
            raise GrError(launch_error(error)) from error
        return self.chromium

    async def _stop(self) -> None:
        """Close the browser and its driver, and ignore errors."""
        chromium, playwright = self.chromium, self.playwright
        self.chromium = self.playwright = None
        for end in (chromium and chromium.close, playwright and playwright.stop):
            if end:
                with suppress(Exception):
                    async with asyncio.timeout(CLOSE_TIMEOUT):
                        await end()


async def launch(playwright: Playwright) -> Chromium:
    """Launch Playwright's Chromium; if it is missing, a browser on the PATH. Raises Playwright's Error."""
    own = Path(playwright.chromium.executable_path).exists()
    return await playwright.chromium.launch(
        executable_path=None if own else next(filter(None, map(shutil.which, EXECUTABLES)), None),
        args=[*NO_NETWORK, MEMORY_LIMIT],
        proxy={"server": DEAD_PROXY},
        chromium_sandbox=not is_root(),
        handle_sigint=False,  # Ctrl-C ends the crawl, which closes the browser
        handle_sigterm=False,
        handle_sighup=False,
    )


def is_root() -> bool:
    """Whether the user is root, for whom Chromium's sandbox does not work."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def launch_error(error: Exception) -> str:
    """Return a one-line error message for a failed launch, with advice."""
    message = str(error)
    if "Executable doesn't exist" in message:
        return f"crawl.javascript needs a browser, but none is installed. {ADVICE}"
    if "No usable sandbox" in message:
        return f"the browser for crawl.javascript cannot start: no usable sandbox. {NO_SANDBOX}"
    return f"the browser for crawl.javascript cannot start: {first_line(error)}. {ADVICE}"


def first_line(error: Exception) -> str:
    """The first line of a Playwright error, without its log."""
    return str(error).strip().partition("\n")[0]
