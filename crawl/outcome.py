"""What Scrapy brought back for an entry, response or failure, as the result that the harvest takes in."""

from __future__ import annotations

from asyncio import CancelledError

from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Headers, Response

from crawl.frontier import Entry
from crawl.response import Miss, Page, Result, read_page
from crawl.robots import TEMPORARY, RobotsUnreachable, TemporaryStatus
from crawl.sitemap import ROBOTS, read_listing

CONTENT_TYPE = "content_type"  # where a request's meta holds it
KEPT_HEADERS = ("Content-Type", "ETag", "Last-Modified")
REASONS: dict[type[BaseException], str] = {
    CancelledError: "stopped",
    CannotResolveHostError: "host not found",
    DownloadConnectionRefusedError: "connection refused",
    DownloadTimeoutError: "timeout",
    DownloadFailedError: "connection broken",
    ResponseDataLossError: "connection broken",
    OSError: "broken content encoding",
}


def read_response(entry: Entry, response: Response) -> Result:
    """A page, a listing, or a miss where the server asks to come back later or a sitemap is none."""
    if response.status in TEMPORARY:
        return Miss(f"status {response.status}")
    if entry.kind == "sitemap":
        return _read_sitemap(entry, response)
    headers = {name.lower(): value for name in KEPT_HEADERS if (value := header(response.headers, name))}
    return read_page(response.url, entry.depth, response.status, headers, response.body)


def read_failure(request: Request, error: BaseException) -> Result:
    """A miss and its reason, or the row of a page that was too large to read."""
    message = str(error)
    match error:
        case RobotsUnreachable():
            return Miss(f"robots.txt: {failure_reason(error.__cause__ or error)}")
        case IgnoreRequest() if "robots.txt" in message:
            return Miss("robots.txt", refused=True)
        case DownloadCancelledError():
            return _too_large(request)
        case IgnoreRequest() if "DOWNLOAD_MAXSIZE" in message:
            return _too_large(request)
        case IgnoreRequest():
            return Miss("too many redirects", refused=True)
    return Miss(failure_reason(error))


def failure_reason(error: BaseException) -> str:
    """A few words for a person."""
    if isinstance(error, TemporaryStatus):
        return str(error)
    known = (reason for kind, reason in REASONS.items() if isinstance(error, kind))
    return next(known, type(error).__name__)


def header(headers: Headers, name: str) -> str | None:
    """A header's value as text; None where it is missing."""
    value = headers.get(name)
    return value.decode("latin-1").strip() if value is not None else None


def _read_sitemap(entry: Entry, response: Response) -> Result:
    """A site without robots.txt has no sitemaps to name; a sitemap asked for by name must be there."""
    if response.status != 200 and not entry.url.endswith(ROBOTS):
        return Miss(f"status {response.status}", refused=True)
    body = response.body if response.status == 200 else b""
    return read_listing(entry.url, body) or Miss("not a sitemap", refused=True)


def _too_large(request: Request) -> Result:
    """Scrapy drops such a download together with its status; 200 is taken for granted."""
    entry: Entry = request.meta["entry"]
    if entry.kind == "sitemap":
        return Miss("too large", refused=True)
    headers = {"content-type": request.meta.get(CONTENT_TYPE, "")}
    page: Page = read_page(request.url, entry.depth, 200, headers, b"", reason="too large")
    return page
