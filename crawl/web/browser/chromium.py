"""A browser that shows pages to their scripts and tells what they have become.

It has no network of its own: whatever a page asks for is handed to the caller, who fetches it by the rules
of the crawl or does not. So there is nothing that a script could reach past them, and no name that could be
resolved to one address when it is looked at and to another when it is connected to.
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

from crawl.web.browser.tab import Document, Fetch, Shown, Tab
from gr_toolkit.errors import GrError, MissingExtra
from gr_toolkit.settings import CrawlSettings

if TYPE_CHECKING:
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import BrowserContext, Playwright

MAX_TABS = 4  # pages in the browser at once
CLOSING = 10.0  # seconds
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")  # of browsers on the PATH
NO_NETWORK = [
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # its name in older versions
    "--disable-quic",
]
NOWHERE = "http://nowhere.invalid:9"  # a proxy that is not there
LITTLE_MEMORY = "--js-flags=--max-old-space-size=512"  # MB for the scripts of a page
INSTALL = "pip install 'gr-toolkit[browser]' && playwright install chromium"
ADVICE = "Install one with: playwright install chromium (or put chromium or google-chrome on the PATH)"
NO_SANDBOX = "Allow unprivileged user namespaces here, or install chromium from your system's packages"


class BrowserFailed(Exception):
    """The browser, or the tab of this page, broke down."""


class Browser:
    """One Chromium for a crawl, that is started only if hosts need it, and again after it broke down."""

    def __init__(self, settings: CrawlSettings) -> None:
        self.settings = settings
        self.hosts = {host.lower() for host in settings.javascript}
        self.tabs = asyncio.Semaphore(MAX_TABS)
        self.starting = asyncio.Lock()
        self.playwright: Playwright | None = None
        self.chromium: Chromium | None = None
        self.over = False

    async def __aenter__(self) -> Self:
        """Raises MissingExtra and GrError, before anything is fetched."""
        if self.hosts:
            await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over = True
        async with self.starting:
            await self._stop()

    def makes(self, host: str) -> bool:
        """Whether the pages of this host are for the browser to make."""
        return host in self.hosts

    async def show(self, document: Document, fetch: Fetch) -> Shown:
        """Show a page until it is quiet. Raises TimeoutError where its scripts leave no time for that, and
        BrowserFailed.
        """
        from playwright.async_api import Error

        async with self.tabs:
            try:
                async with self._profile() as context, asyncio.timeout(self.settings.timeout):
                    return await Tab(document, fetch, self.settings).show(await context.new_page())
            except (Error, GrError) as error:
                raise BrowserFailed(first_line(error)) from error

    async def _ready(self) -> Chromium:
        """The browser; a new one where it broke down."""
        async with self.starting:
            if self.over:
                raise BrowserFailed("the crawl is over")
            if self.chromium and self.chromium.is_connected():
                return self.chromium
            await self._stop()
            return await self._start()

    @asynccontextmanager
    async def _profile(self) -> AsyncIterator[BrowserContext]:
        """A new one for every page: no cookie and no cache is left of the one before. A browser that cannot
        open one, or not close it, is ended.
        """
        from playwright.async_api import Error

        chromium = await self._ready()
        try:
            async with asyncio.timeout(self.settings.timeout):
                context = await chromium.new_context(
                    user_agent=self.settings.introduction, accept_downloads=False, service_workers="block"
                )
        except (Error, TimeoutError):
            await self._end(chromium)
            raise
        try:
            yield context
        finally:
            try:
                async with asyncio.timeout(CLOSING):
                    await context.close()
            except (Error, TimeoutError):
                await self._end(chromium)

    async def _end(self, chromium: Chromium) -> None:
        async with self.starting:
            if self.chromium is chromium:  # and not a new one already
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
            raise GrError(why_not_started(error)) from error
        return self.chromium

    async def _stop(self) -> None:
        """End the browser and its driver, whatever state they are in."""
        chromium, playwright = self.chromium, self.playwright
        self.chromium = self.playwright = None
        for end in (chromium and chromium.close, playwright and playwright.stop):
            if end:
                with suppress(Exception):
                    async with asyncio.timeout(CLOSING):
                        await end()


async def launch(playwright: Playwright) -> Chromium:
    """Playwright's own Chromium, or else one of this machine. Raises playwright's Error."""
    own = Path(playwright.chromium.executable_path).exists()
    return await playwright.chromium.launch(
        executable_path=None if own else next(filter(None, map(shutil.which, NAMES)), None),
        args=[*NO_NETWORK, LITTLE_MEMORY],
        proxy={"server": NOWHERE},
        chromium_sandbox=not is_root(),
        handle_sigint=False,  # it is the crawl that Ctrl-C ends, and the browser with it
        handle_sigterm=False,
        handle_sighup=False,
    )


def is_root() -> bool:
    """Chromium's sandbox does not work for root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def why_not_started(error: Exception) -> str:
    """One line that says what to do."""
    message = str(error)
    if "Executable doesn't exist" in message:
        return f"crawl.javascript needs a browser, and there is none. {ADVICE}"
    if "No usable sandbox" in message:
        return f"the browser that crawl.javascript needs has no sandbox to run in. {NO_SANDBOX}"
    return f"the browser that crawl.javascript needs does not start: {first_line(error)}. {ADVICE}"


def first_line(error: Exception) -> str:
    """What playwright says, without its log."""
    return str(error).strip().partition("\n")[0]
