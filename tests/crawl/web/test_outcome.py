"""Responses and failures become results: what is retried, refused, or a row (outcome.py)."""

from __future__ import annotations

import asyncio
import gzip

import pytest
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
from scrapy.http import HtmlResponse

from crawl.result import Entry, FetchFailure, Listing, Unchanged
from crawl.web.browser.chromium import BrowserFailed
from crawl.web.outcome import CONTENT_TYPE, read_failure, read_response
from crawl.web.private import PrivateAddress
from crawl.web.robots import RobotsForbidden, RobotsUnreachable, TemporaryStatus

URL = "http://e.org/a"


def entry_of(url=URL, kind="page", known=False):
    return Entry(1, url, url, "e.org", 2, kind, known)


def respond(status, body=b"<p>a", entry=None, with_links=True, url=URL, **headers):
    named = {
        name.replace("_", "-"): value for name, value in {"content_type": "text/html", **headers}.items()
    }
    response = HtmlResponse(url, status=status, headers=named, body=body)
    return read_response(entry or entry_of(), response, with_links=with_links)


def fail(error, kind="page", cause=None, **meta):
    error.__cause__ = cause
    return read_failure(Request(URL, meta={"entry": entry_of(kind=kind), **meta}), error)


@pytest.mark.parametrize("status", [408, 429, 500, 503, 520, 599])
@pytest.mark.parametrize("kind", ["page", "sitemap"])
def test_a_temporary_status_is_retried_after_the_requested_wait(status, kind):
    assert respond(status, entry=entry_of(kind=kind)) == FetchFailure(f"status {status}")
    assert respond(status, Retry_After="7") == FetchFailure(f"status {status}", wait=7)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 410, 428, 451, 600])
def test_any_other_error_status_is_a_rejected_row(status):
    assert respond(status).row["reason"] == f"status {status}"


@pytest.mark.parametrize(("known", "unchanged"), [(True, True), (False, False)])
def test_304_means_unchanged_only_for_a_stored_page(known, unchanged):
    assert (respond(304, b"", entry_of(known=known)) == Unchanged()) is unchanged


def test_the_row_has_the_final_url_the_depth_and_three_headers():
    headers = {"content_type": " text/html; charset=utf-8 ", "ETag": '"1"', "Last_Modified": "x", "Age": "5"}
    row = respond(200, url="http://e.org/b", **headers).row
    assert (row["url"], row["depth"], row["source"], row["kept"]) == ("http://e.org/b", 2, "web", True)
    assert (row["etag"], row["last_modified"]) == ('"1"', "x")
    assert row["content_type"] == "text/html; charset=utf-8"
    assert respond(200).row["etag"] is None


@pytest.mark.parametrize(("with_links", "links"), [(True, ["http://e.org/b"]), (False, None)])
def test_links_are_extracted_only_if_they_are_followed(with_links, links):
    assert respond(200, b"<a href=/b>b</a>", with_links=with_links).links == links


@pytest.mark.parametrize(
    ("url", "status", "body", "result"),
    [
        (
            "http://e.org/s.xml",
            200,
            b"<urlset><url><loc>/b</loc></url></urlset>",
            Listing(["http://e.org/b"], []),
        ),
        ("http://e.org/s.xml", 200, gzip.compress(b"<urlset/>", mtime=0), Listing([], [])),
        ("http://e.org/s.xml", 200, b"<p>", FetchFailure("not a sitemap", refused=True)),
        ("http://e.org/s.xml", 404, b"<urlset/>", FetchFailure("status 404", refused=True)),
        ("http://e.org/robots.txt", 200, b"Sitemap: /s.xml", Listing([], ["http://e.org/s.xml"])),
        ("http://e.org/robots.txt", 404, b"Sitemap: /s.xml", Listing([], [])),
        ("http://e.org/robots.txt", 204, b"", Listing([], [])),
    ],
)
def test_a_sitemap_is_a_listing_or_refused(url, status, body, result):
    assert respond(status, body, entry_of(url, "sitemap")) == result


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (asyncio.CancelledError(), "stopped"),
        (CannotResolveHostError(), "host not found"),
        (DownloadConnectionRefusedError(), "connection refused"),
        (DownloadTimeoutError(), "timeout"),
        (DownloadFailedError(), "connection broken"),
        (ResponseDataLossError(), "connection broken"),
        (UnsupportedURLSchemeError(), "not an http URL"),
        (BrowserFailed(), "the browser failed"),
        (OSError(), "broken content encoding"),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ],
)
def test_a_failed_request_is_retried_and_has_a_reason(error, reason):
    assert fail(error) == FetchFailure(reason)
    assert fail(RobotsUnreachable(), cause=error) == FetchFailure(f"robots.txt: {reason}")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PrivateAddress("10.0.0.1"), "private address"),
        (RobotsForbidden("no"), "robots.txt"),
        (IgnoreRequest("max redirections reached"), "too many redirects"),
    ],
)
def test_a_forbidden_request_is_refused(error, reason):
    assert fail(error) == FetchFailure(reason, refused=True)


def test_a_robots_txt_at_a_private_address_refuses_its_pages():
    result = fail(RobotsUnreachable(), cause=PrivateAddress("10.0.0.1"))
    assert result == FetchFailure("private address", refused=True)


@pytest.mark.parametrize("wait", [None, 30.0])
def test_a_busy_robots_txt_passes_on_its_wait(wait):
    result = fail(RobotsUnreachable(), cause=TemporaryStatus("status 503", wait))
    assert result == FetchFailure("robots.txt: status 503", wait=wait)


@pytest.mark.parametrize(
    "error", [DownloadCancelledError("too large"), IgnoreRequest("larger than DOWNLOAD_MAXSIZE (10)")]
)
def test_a_page_that_is_too_large_is_a_row_and_a_sitemap_is_refused(error):
    row = fail(error, **{CONTENT_TYPE: "text/html"}).row
    assert (row["reason"], row["status"], row["content_type"]) == ("too large", 200, "text/html")
    assert (row["url"], row["depth"], row["html"]) == (URL, 2, b"")
    assert fail(error).row["content_type"] == ""
    assert fail(error, kind="sitemap") == FetchFailure("too large", refused=True)
