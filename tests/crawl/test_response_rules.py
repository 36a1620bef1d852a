"""Which bodies are pages, which elements are links, and the row of a response (response.py)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawl.response import (
    HTML_TYPES,
    SNIFF_BYTES,
    decompress,
    find_links,
    is_binary,
    links_of,
    links_of_row,
    media_type,
    read_page,
    rejection_reason,
)

URL = "http://e.org/a"
HTML = b"<p><a href=/b>b</a>"


def read(body=HTML, url=URL, status=200, reason=None, content_type="text/html", **options):
    return read_page(url, 1, status, {"content-type": content_type}, body, reason, **options)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(199, "status 199"), (200, None), (299, None), (300, "status 300"), (0, "status 0")],
)
def test_only_a_success_is_a_page(status, reason):
    assert rejection_reason(status, "text/html", HTML) == reason


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("", b" \n<!DOCTYPE html>", None),
        ("", b"<HTML>", None),
        ("", b"<!-- note --><html>", None),
        ("", b"<h1>Title", None),
        ("", b"<?xml version='1.0'?><rss>", "not HTML (no content type)"),
        ("", b"<b>text", "not HTML (no content type)"),
        ("", b"text <html>", "not HTML (no content type)"),
        ("", b"", "empty"),
        (" ; charset=utf-8", b"\t\n", "empty"),
        ("text/html", b"\x00", "binary"),
        ("text/html", b"plain text", None),
        ("image/png", b"", "not HTML (image/png)"),
        (" TEXT/PLAIN ; x=y", HTML, "not HTML (text/plain)"),
        ("application/xhtml+xml;charset=utf-8", HTML, None),
        ("application/xml", HTML, "not HTML (application/xml)"),
    ],
)
def test_a_body_without_a_type_must_look_like_html(content_type, body, reason):
    assert rejection_reason(200, content_type, body) == reason


@pytest.mark.parametrize(
    ("body", "content_type", "binary"),
    [
        (b"GIF89a", "text/html", True),
        (b"\xff\xd8\xff\xe0", "text/html", True),
        (b"PK\x03\x04", "text/html; charset=utf-16", True),
        (b"\x1f\x8b\x08", "text/html", True),
        (b"\x7fELF", "text/html", True),
        (b"RIFF....WEBP", "text/html", True),
        (b" GIF89a", "text/html", False),
        (b"a" * 98 + b"\x01" * 2, "text/html", False),
        (b"a" * 97 + b"\x01" * 3, "text/html", True),
        (b"a\t\n\r\x0c\x1b" * 9, "text/html", False),
        (b"\x7f\x80\xff" * 9, "text/html", False),
        (b"a" * SNIFF_BYTES + b"\x01" * 999, "text/html", False),
        (b"a\x00" * 9, "text/html", True),
        (b"a\x00" * 9, "text/html; charset=UTF-16LE", False),
        (b"a\x00" * 9, 'text/html; charset="utf16"', False),
        (b"a\x00" * 9, "text/html; charset=ucs-2", False),
        (b"a\x00\x00\x00" * 9, "text/html; charset=utf-32", False),
        (b"\xff\xfea\x00b\x00", "text/html", False),
        (b"\xfe\xff\x00a\x00b", "text/html", False),
        (b"\x00\x00\xfe\xff\x00\x00\x00a", "text/html", False),
        (b"", "text/html", False),
    ],
    ids=range(21),
)
def test_binary_bodies(body, content_type, binary):
    assert is_binary(body, content_type) is binary


@pytest.mark.parametrize(
    ("html", "links"),
    [
        ("<area href=/b>", ["/b"]),
        ("<frameset><frame src=/b></frameset>", ["/b"]),
        ("<link rel=next href=/b><link rel=prev href=/c>", ["/b"]),
        ("<a href=' /b '>b</a><a>none</a><a href=''>self</a>", ["/b", "/a"]),
        ("<img src=/b><script src=/c></script><iframe src=/d></iframe><form action=/e>", []),
        ("<a href=/b>1</a><map><area href=/c></map><a href=/b>2</a>", ["/b", "/c"]),
        ("<a href=mailto:x>1</a><a href=javascript:x>2</a><a href=tel:1>3</a>", []),
        ("<base href=/x/><base href=/y/><a href=b>b</a>", ["/x/b"]),
        ("<base href=ftp://e.org/x/><a href=b>b</a>", ["/b"]),
        ("<base target=_top><a href=b>b</a>", ["/b"]),
        ("<meta http-equiv=refresh content='5'>", []),
        ("<a href=/z>z</a><meta http-equiv=refresh content='0;url=/b'>", ["/z", "/b"]),
    ],
    ids=range(12),
)
def test_links(html, links):
    assert find_links(html, URL) == [f"http://e.org{path}" for path in links]


def test_links_are_read_with_the_declared_encoding():
    body = "<a href='/é'>b</a>".encode("utf-16-le")
    assert read(body, content_type="text/html; charset=utf-16").links == ["http://e.org/%C3%A9"]


@pytest.mark.parametrize(
    ("options", "links"),
    [
        ({}, ["http://e.org/b"]),
        ({"with_links": False}, None),
        ({"with_links": False, "reason": "too large"}, []),
        ({"status": 404}, []),
    ],
)
def test_links_of_a_rejected_page_are_known_to_be_none(options, links):
    page = read(**options)
    assert page.links == links
    assert links_of(page) == (["http://e.org/b"] if page.row["kept"] else [])
    assert links_of_row(page.row) == links_of(page)


def test_a_declared_canonical_url_counts_only_for_a_kept_page():
    body = b"<link rel=canonical href='/c?utm_source=x'>" + HTML
    assert read(body).row["canonical_url"] == "http://e.org/c"
    assert read(body, status=404).row["canonical_url"] == URL
    assert read(body, reason="truncated").row["canonical_url"] == URL


def test_a_given_reason_rejects_a_page_and_its_body_is_not_stored():
    page = read(reason="truncated")
    row = page.row
    assert (row["kept"], row["reason"], row["html"], page.size) == (False, "truncated", b"", len(HTML))
    assert row["content_sha256"] == read().row["content_sha256"]
    assert decompress(read().row["html"]) == HTML


def test_the_url_of_a_row_has_no_fragment_and_an_odd_one_is_unchanged():
    assert read(url="HTTP://E.org#x").row["url"] == "http://e.org/"
    assert read(url="file:///folder/a.html").row["url"] == "file:///folder/a.html"


def test_a_row_has_the_given_time_and_source_or_now_and_the_web():
    at = datetime(2020, 1, 1, tzinfo=UTC)
    given, default = read(fetched_at=at, source="a.warc").row, read().row
    assert (given["fetched_at"], given["source"]) == (at, "a.warc")
    assert default["fetched_at"] > at
    assert default["source"] == "web"


@pytest.mark.parametrize(
    ("content_type", "media"), [("", ""), (" Text/HTML ;a=b;c", "text/html"), (";charset=x", ""), ("a", "a")]
)
def test_media_types(content_type, media):
    assert media_type(content_type) == media
    assert media_type("application/XHTML+xml") in HTML_TYPES
