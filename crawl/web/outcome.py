"""What Scrapy brought back for an entry, response or failure, as a result."""

from __future__ import annotations

from asyncio import CancelledError

from aiohttp import ClientConnectorDNSError
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response

from crawl.response import read_page
from crawl.result import Entry, FetchFailure, Result, Unchanged
from crawl.web.browser.chromium import BrowserFailed
from crawl.web.private import PrivateAddress
from crawl.web.robots import TEMPORARY, RobotsForbid, RobotsUnreachable, TemporaryStatus, header, wait_of
from crawl.web.sitemap import ROBOTS, read_listing

CONTENT_TYPE = "content_type"  # where a request's meta holds it
KEPT_HEADERS = ("Content-Type", "ETag", "Last-Modified")
PRIVATE = "private address"
REASONS: dict[type[BaseException], str] = {
    CancelledError: "stopped",
    CannotResolveHostError: "host not found",
    DownloadConnectionRefusedError: "connection refused",
    DownloadTimeoutError: "timeout",
    DownloadFailedError: "connection broken",
    ResponseDataLossError: "connection broken",
    UnsupportedURLSchemeError: "not an http URL",
    BrowserFailed: "the browser failed",
    OSError: "broken content encoding",
}


def read_response(entry: Entry, response: Response, *, with_links: bool) -> Result:
    """A page, a listing, that the page is unchanged, or a miss where the server asks to come back later or a
    sitemap is none.
    """
    if response.status in TEMPORARY:
        return FetchFailure(f"status {response.status}", wait=wait_of(response.headers))
    if response.status == 304 and entry.known:
        return Unchanged()
    if entry.kind == "sitemap":
        return _read_sitemap(entry, response)
    headers = {name.lower(): value for name in KEPT_HEADERS if (value := header(response.headers, name))}
    body = response.body
    return read_page(response.url, entry.depth, response.status, headers, body, with_links=with_links)


def read_failure(request: Request, error: BaseException) -> Result:
    """A miss and its reason, or the row of a page that was too large to read."""
    message = str(error)
    match error:
        case RobotsUnreachable():
            cause = error.__cause__ or error
            reason = failure_reason(cause)
            if reason == PRIVATE:
                return FetchFailure(PRIVATE, refused=True)
            return FetchFailure(f"robots.txt: {reason}", wait=getattr(cause, "wait", None))
        case RobotsForbid():
            return FetchFailure("robots.txt", refused=True)
        case DownloadCancelledError():
            return _too_large(request)
        case IgnoreRequest() if "DOWNLOAD_MAXSIZE" in message:
            return _too_large(request)
        case IgnoreRequest():
            return FetchFailure("too many redirects", refused=True)
    reason = failure_reason(error)
    return FetchFailure(reason, refused=reason == PRIVATE)


def failure_reason(error: BaseException) -> str:
    """A few words for a person."""
    if isinstance(error, TemporaryStatus):
        return str(error)
    if isinstance(error, PrivateAddress) or _resolved_to_private(error):
        return PRIVATE
    known = (reason for kind, reason in REASONS.items() if isinstance(error, kind))
    return next(known, type(error).__name__)


def _resolved_to_private(error: BaseException) -> bool:
    """Whether it was the resolver that refused, which aiohttp and Scrapy wrap."""
    cause = error.__cause__
    return isinstance(cause, ClientConnectorDNSError) and isinstance(cause.os_error, PrivateAddress)


def _read_sitemap(entry: Entry, response: Response) -> Result:
    """A site without robots.txt has no sitemaps to name; a sitemap asked for by name must be there."""
    if response.status != 200 and not entry.url.endswith(ROBOTS):
        return FetchFailure(f"status {response.status}", refused=True)
    body = response.body if response.status == 200 else b""
    return read_listing(entry.url, body) or FetchFailure("not a sitemap", refused=True)


def _too_large(request: Request) -> Result:
    """Scrapy drops such a download together with its status; 200 is taken for granted."""
    entry: Entry = request.meta["entry"]
    if entry.kind == "sitemap":
        return FetchFailure("too large", refused=True)
    headers = {"content-type": request.meta.get(CONTENT_TYPE, "")}
    return read_page(request.url, entry.depth, 200, headers, b"", reason="too large")
