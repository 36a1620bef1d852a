"""Converts the response or failure that Scrapy reports for an entry to a Result."""

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
from crawl.web.robots import (
    TEMPORARY_STATUSES,
    RobotsForbidden,
    RobotsUnreachable,
    TemporaryStatus,
    header,
    requested_wait,
)
from crawl.web.sitemap import ROBOTS, read_listing

CONTENT_TYPE = "content_type"  # key in a request's meta
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
    """Return a Page, a Listing, Unchanged or a FetchFailure.

    It is a FetchFailure if the status is temporary, or if a requested sitemap is missing or not a sitemap.
    """
    if response.status in TEMPORARY_STATUSES:
        return FetchFailure(f"status {response.status}", wait=requested_wait(response.headers))
    if response.status == 304 and entry.known:
        return Unchanged()
    if entry.kind == "sitemap":
        return _read_sitemap(entry, response)
    headers = {name.lower(): value for name in KEPT_HEADERS if (value := header(response.headers, name))}
    body = response.body
    return read_page(response.url, entry.depth, response.status, headers, body, with_links=with_links)


def read_failure(request: Request, error: BaseException) -> Result:
    """Return a FetchFailure with the error's reason, or a rejected Page if the page is too large."""
    message = str(error)
    match error:
        case RobotsUnreachable():
            cause = error.__cause__ or error
            reason = failure_reason(cause)
            if reason == PRIVATE:
                return FetchFailure(PRIVATE, refused=True)
            return FetchFailure(f"robots.txt: {reason}", wait=getattr(cause, "wait", None))
        case RobotsForbidden():
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
    """Describe the error for the user in a few words, such as `timeout`."""
    if isinstance(error, TemporaryStatus):
        return str(error)
    if isinstance(error, PrivateAddress) or _resolved_to_private(error):
        return PRIVATE
    known = (reason for kind, reason in REASONS.items() if isinstance(error, kind))
    return next(known, type(error).__name__)


def _resolved_to_private(error: BaseException) -> bool:
    """Whether the resolver refused a private address; aiohttp and Scrapy wrap its error."""
    cause = error.__cause__
    return isinstance(cause, ClientConnectorDNSError) and isinstance(cause.os_error, PrivateAddress)


def _read_sitemap(entry: Entry, response: Response) -> Result:
    """Return the Listing. For a missing robots.txt it is empty; a missing sitemap is a FetchFailure."""
    if response.status != 200 and not entry.url.endswith(ROBOTS):
        return FetchFailure(f"status {response.status}", refused=True)
    body = response.body if response.status == 200 else b""
    return read_listing(entry.url, body) or FetchFailure("not a sitemap", refused=True)


def _too_large(request: Request) -> Result:
    """Return a rejected Page, or a FetchFailure for a sitemap. Scrapy reports no status, so assume 200."""
    entry: Entry = request.meta["entry"]
    if entry.kind == "sitemap":
        return FetchFailure("too large", refused=True)
    headers = {"content-type": request.meta.get(CONTENT_TYPE, "")}
    return read_page(request.url, entry.depth, 200, headers, b"", reason="too large")
