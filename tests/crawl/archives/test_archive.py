"""Which responses of an archive become rows, which are only counted, and why (archive.py)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawl.archives.archive import OUT_OF_SCOPE, Sorter, batches
from crawl.response import decompress
from gr_toolkit.settings import CrawlSettings

HTML = {"content-type": "text/html"}
AT = datetime(2026, 3, 4, tzinfo=UTC)


def take(status=200, headers=HTML, body=b"<p>a", url="http://e.org/a", reason=None, **settings):
    """The reasons of the rows and the counts after one response."""
    sorter = Sorter("a.warc", CrawlSettings(**settings))
    sorter.take(url, status, headers, body, fetched_at=AT, reason=reason)
    return [row["reason"] for row in sorter.contents.rows], dict(sorter.contents.non_pages)


@pytest.mark.parametrize(
    ("status", "headers", "counted"),
    [
        (200, HTML, None),
        (200, {}, None),
        (203, {"content-type": " TEXT/HTML; charset=utf-8"}, None),
        (200, {"content-type": "application/xhtml+xml"}, None),
        (199, HTML, "status 199"),
        (300, HTML, "status 300"),
        (404, {"content-type": "image/png"}, "status 404"),
        (200, {"content-type": "Image/PNG"}, "not HTML (image/png)"),
    ],
)
def test_a_response_that_claims_to_be_a_page_is_a_row_and_others_are_counted(status, headers, counted):
    assert take(status, headers) == (([], {counted: 1}) if counted else ([None], {}))


@pytest.mark.parametrize(
    "settings", [{"allow": ["/b"]}, {"deny": ["e.org"]}, {"part": "2/2"}, {"allow": ["/a"], "deny": ["/a"]}]
)
def test_pages_out_of_scope_are_counted(settings):
    assert take(**settings) == ([], {OUT_OF_SCOPE: 1})
    assert take(404, **settings) == ([], {"status 404": 1})


@pytest.mark.parametrize(
    ("size", "given", "reason"),
    [
        (9, None, None),
        (10, None, None),
        (11, None, "too large"),
        (11, "truncated", "too large"),
        (9, "truncated", "truncated"),
    ],
)
def test_a_page_larger_than_max_bytes_is_rejected(size, given, reason):
    assert take(body=b"<p>".ljust(size, b"a"), reason=given, max_bytes=10) == ([reason], {})


def test_a_row_has_the_source_time_and_depth_of_its_archive():
    sorter = Sorter("a.warc", CrawlSettings())
    sorter.take("http://e.org/a", 203, HTML, b"<p>a", fetched_at=AT)
    (row,) = sorter.contents.rows
    assert (row["source"], row["fetched_at"], row["depth"], row["status"]) == ("a.warc", AT, 0, 203)
    assert decompress(row["html"]) == b"<p>a"


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_batches_have_the_given_size_except_the_last(count, sizes):
    found = list(batches(range(count), 3))
    assert [len(batch) for batch in found] == sizes
    assert [item for batch in found for item in batch] == list(range(count))
