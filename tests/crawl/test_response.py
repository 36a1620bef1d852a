"""Responses become a kept page with its links, or a rejected row with a reason."""

import gzip

import pytest

from crawl.response import compress, decompress, find_links, read_page
from crawl.result import Listing
from crawl.web.sitemap import read_listing

HTML = (
    b"<html><body><a href='/b?utm_source=x#top'>b</a><a href='c.html'>c</a><a href='/b'>b</a></body></html>"
)
URL = "http://e.org/x/a.html?utm_medium=y"


def row_of(status=200, content_type="text/html", body=HTML):
    return read_page(URL, 1, status, {"content-type": content_type}, body).row


@pytest.mark.parametrize(
    ("status", "content_type", "body", "reason"),
    [
        (200, "text/html", HTML, None),
        (200, "Text/HTML; charset=utf-8", HTML, None),
        (200, "application/xhtml+xml", HTML, None),
        (200, "", HTML, None),
        (200, "text/html; charset=utf-16", "<p>é</p>".encode("utf-16-le"), None),
        (404, "text/html", HTML, "status 404"),
        (302, "text/html", b"", "status 302"),
        (200, "application/pdf", b"", "not HTML (application/pdf)"),
        (200, "text/plain; charset=utf-8", b"words", "not HTML (text/plain)"),
        (200, "", b"plain words", "not HTML (no content type)"),
        (200, "text/html", b" \n", "empty"),
        (200, "text/html", b"%PDF-1.7 ...", "binary"),
        (200, "text/html", bytes(range(256)) * 20, "binary"),
        (200, "text/html", b"\x89PNG\r\n\x1a\n", "binary"),
    ],
)
def test_a_page_is_kept_or_has_a_reason(status, content_type, body, reason):
    row = row_of(status, content_type, body)
    assert (row["kept"], row["reason"]) == (reason is None, reason)
    assert decompress(row["html"]) == body if row["kept"] else row["html"] == b""


def test_the_row_has_the_urls_and_an_id_of_url_and_content():
    row = row_of()
    assert row["url"] == URL
    assert row["canonical_url"] == "http://e.org/x/a.html"
    assert row["host"] == "e.org"
    assert row["id"] == row_of()["id"] != row_of(body=HTML + b" ")["id"]


def test_links_are_absolute_unique_and_in_document_order():
    page = read_page(URL, 1, 200, {"content-type": "text/html"}, HTML)
    assert page.links == ["http://e.org/b?utm_source=x", "http://e.org/x/c.html", "http://e.org/b"]
    assert read_page(URL, 1, 404, {"content-type": "text/html"}, HTML).links == []


def test_links_respect_base_and_include_a_meta_refresh():
    html = '<base href="/docs/"><meta http-equiv="refresh" content="0; url=new.html"><a href="a.html">a</a>'
    assert find_links(html, "http://e.org/") == ["http://e.org/docs/a.html", "http://e.org/docs/new.html"]


INVALID_REFRESH = '<meta http-equiv="refresh" content="0; url=http://[x">'


@pytest.mark.parametrize(
    "html", [INVALID_REFRESH, "", "\x00", "<", "<!-- ", "<a href=http://[>", "plain", "<div>" * 50_000]
)
def test_malformed_pages_have_no_links(html):
    assert find_links(html, "http://e.org/") == []


def test_compression_is_lossless():
    assert decompress(compress(bytes(range(256)) * 1000)) == bytes(range(256)) * 1000


def test_listings_of_sitemaps_sitemap_indexes_and_robots_txt():
    namespace = b"http://www.sitemaps.org/schemas/sitemap/0.9"
    urls = b'<urlset xmlns="%s"><url><loc> /a </loc></url><url><loc>b</loc>' % namespace
    assert read_listing("http://e.org/s.xml", urls) == Listing(["http://e.org/a", "http://e.org/b"], [])
    assert read_listing("http://e.org/s.xml.gz", gzip.compress(urls)).pages[0] == "http://e.org/a"
    index = b"<sitemapindex><sitemap><loc>http://e.org/2.xml</loc></sitemap></sitemapindex>"
    assert read_listing("http://e.org/s.xml", index) == Listing([], ["http://e.org/2.xml"])
    robots = b"User-agent: *\nSITEMAP: /s.xml\nSitemap: http://e.org/t.xml\xff\n"
    assert read_listing("http://e.org/robots.txt", robots).sitemaps[0] == "http://e.org/s.xml"
    for junk in (b"", b"junk", b"<html></html>", b"\x1f\x8bjunk"):
        assert read_listing("http://e.org/s.xml", junk) is None
