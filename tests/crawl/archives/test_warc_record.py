"""One WARC record: its type, URL, time, and the encodings of its body (warc_record.py)."""

from __future__ import annotations

import gzip
import sys
import zlib
from datetime import UTC, datetime
from importlib import import_module
from io import BytesIO

import brotli
import pytest
from fastwarc.warc import ArchiveIterator

from crawl.archives.archive import Sorter
from crawl.archives.warc_record import take_record, unpack
from crawl.response import decompress
from gr_toolkit.settings import CrawlSettings
from rows import rows_of
from warcs import DATE, HTML, Warc, html, ingest_sources

PAGE = html("a page")
ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>a</p>"


def record(block=HTTP, kind="response", type="application/http; msgtype=response", **named):
    """One uncompressed record with these WARC headers."""
    fields = {
        "WARC_Target_URI": "http://e.org/a",
        "WARC_Date": DATE,
        "Content_Length": str(len(block)),
        **named,
    }
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    head = "\r\n".join(["WARC/1.0", f"WARC-Type: {kind}", f"Content-Type: {type}", *lines, "", ""])
    return head.encode() + block + b"\r\n\r\n"


def take(content, max_bytes=1000):
    """Whether each record is complete, and the contents."""
    sorter = Sorter("a.warc", CrawlSettings(max_bytes=max_bytes))
    found = ArchiveIterator(BytesIO(content), parse_http=False)
    return [take_record(each, sorter) for each in found], sorter.contents


@pytest.mark.parametrize(
    ("content", "counted"),
    [
        (record(kind="request", type="application/http; msgtype=request"), {}),
        (record(b"a: b", kind="warcinfo", type="application/warc-fields"), {}),
        (record(b"a: b", kind="metadata", type="application/warc-fields"), {}),
        (record(b"x", kind="conversion", type="text/plain"), {}),
        (record(b"", kind="revisit"), {"revisit": 1}),
        (record(b"data", type="text/html"), {"not an HTTP response": 1}),
        (record(b"words", kind="resource", type="text/plain"), {"not HTML (text/plain)": 1}),
        (record(WARC_Target_URI="ftp://e.org/a"), {"no http(s) URL": 1}),
        (record(WARC_Target_URI=None), {"no http(s) URL": 1}),
    ],
    ids=range(9),
)
def test_records_that_are_not_pages(content, counted):
    complete, contents = take(content)
    assert (complete, contents.rows, dict(contents.non_pages)) == ([True], [], counted)


@pytest.mark.parametrize("url", ["http://e.org/a", "<http://e.org/a>", "HTTP://E.org/a#top"])
def test_the_url_may_have_angle_brackets(url):
    _, contents = take(record(WARC_Target_URI=url))
    assert [row["url"] for row in contents.rows] == ["http://e.org/a"]


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("2026-03-04T05:06:07Z", AT),
        ("2026-03-04T07:06:07+02:00", AT),
        ("2026-03-04T05:06:07", AT),
        ("2026-03-04T05:06:07.000001Z", AT.replace(microsecond=1)),
    ],
)
def test_a_date_without_a_zone_is_utc(date, at):
    _, contents = take(record(WARC_Date=date))
    assert contents.rows[0]["fetched_at"] == at


@pytest.mark.parametrize("date", ["yesterday", "", None])
def test_a_record_without_a_date_was_fetched_now(date):
    began = datetime.now(UTC)
    _, contents = take(record(WARC_Date=date))
    assert began <= contents.rows[0]["fetched_at"] <= datetime.now(UTC)


@pytest.mark.parametrize("missing", [1, 9])
def test_a_record_that_ends_early_is_incomplete_and_its_page_truncated(missing):
    content = record()[: -4 - missing]
    complete, contents = take(content)
    assert complete == [False]
    assert [row["reason"] for row in contents.rows] == ["truncated"]


def test_a_record_without_a_length_is_incomplete():
    sorter = Sorter("a.warc", CrawlSettings())
    first = next(iter(ArchiveIterator(BytesIO(record(Content_Length=None)), parse_http=False)))
    assert (take_record(first, sorter), sorter.contents.rows) == (False, [])


@pytest.mark.parametrize(("size", "reason"), [(1000, None), (1001, "too large"), (5000, "too large")])
def test_a_body_that_is_too_large_does_not_make_its_record_incomplete(size, reason):
    body = b"<p>".ljust(size, b"a")
    complete, contents = take(
        record(HTTP.partition(b"<p>")[0] + body) + record(WARC_Target_URI="http://e.org/b")
    )
    assert complete == [True, True]
    assert [row["reason"] for row in contents.rows] == [reason, None]


@pytest.mark.parametrize(
    ("headers", "pack"),
    [
        ({"content-encoding": "GZIP"}, gzip.compress),
        ({"content-encoding": " x-gzip "}, gzip.compress),
        ({"content-encoding": "zstd"}, lambda body: import_module(ZSTD).compress(body)),
        ({"content-encoding": "deflate, gzip"}, lambda body: gzip.compress(zlib.compress(body))),
        ({"content-encoding": "identity, br"}, brotli.compress),
        ({"content-encoding": "gzip, "}, gzip.compress),
        (
            {"content-encoding": "gzip", "transfer-encoding": "chunked"},
            lambda body: b"%x\r\n%s\r\n0\r\n\r\n" % (len(gzip.compress(body)), gzip.compress(body)),
        ),
        ({"transfer-encoding": "identity"}, lambda body: body),
        ({}, lambda body: body),
    ],
    ids=range(9),
)
def test_encodings_are_removed_in_reverse_order(headers, pack):
    assert unpack(pack(PAGE), headers, 1000) == PAGE


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "x-gzip, gzip"])
def test_a_body_that_is_not_in_the_declared_encoding_is_unchanged(encoding):
    assert unpack(PAGE, {"content-encoding": encoding}, 1000) == PAGE


@pytest.mark.parametrize("gz", [True, False])
def test_a_row_keeps_the_headers_of_its_response(store, settings, tmp_path, gz):
    made = Warc(gz).add("http://e.org/a", PAGE, {**HTML, "etag": '"1"', "LAST-MODIFIED": "x"}, status=203)
    path = tmp_path / ("a.warc.gz" if gz else "a.warc")
    path.write_bytes(made.content)
    ingest_sources(store, settings, str(path))
    (row,) = rows_of(store, "pages")
    assert (row["etag"], row["last_modified"], row["status"], row["fetched_at"]) == ('"1"', "x", 203, AT)
    assert decompress(row["html"]) == PAGE
