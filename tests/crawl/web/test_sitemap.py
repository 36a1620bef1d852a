"""Sitemaps, their indexes and robots.txt: which URLs and change times are read."""

from __future__ import annotations

import gzip
import time
from datetime import UTC, datetime

import pytest

from crawl.result import Listing
from crawl.web.sitemap import read_listing, time_of

URL = "http://e.org/maps/s.xml"
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
IMAGE = "http://www.google.com/schemas/sitemap-image/1.1"


def pages(body, url=URL):
    return read_listing(url, body.encode() if isinstance(body, str) else body).pages


def urlset(*entries):
    return f'<urlset xmlns="{NAMESPACE}">' + "".join(f"<url>{entry}</url>" for entry in entries) + "</urlset>"


def loc(url, lastmod=""):
    return f"<loc>{url}</loc>" + (f"<lastmod>{lastmod}</lastmod>" if lastmod else "")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            urlset(loc("http://e.org/a"), loc("/b"), loc("c")),
            ["http://e.org/a", "http://e.org/b", "http://e.org/maps/c"],
        ),
        (urlset(loc("/a"), loc("/a"), loc("/a#x")), ["http://e.org/a"]),
        (urlset(loc("ftp://e.org/a"), loc(""), loc("mailto:x"), loc("/b")), ["http://e.org/b"]),
        (
            urlset(f'{loc("/a")}<i:image xmlns:i="{IMAGE}"><i:loc>/a.png</i:loc></i:image>'),
            ["http://e.org/a"],
        ),
        (urlset(loc("/a?x=1&amp;y=2"), loc("<![CDATA[/b]]>")), ["http://e.org/a?x=1&y=2", "http://e.org/b"]),
        (f'<s:urlset xmlns:s="{NAMESPACE}"><s:url><s:loc>/a</s:loc></s:url></s:urlset>', ["http://e.org/a"]),
        (
            "<urlset><url><loc>/a</loc></url><url><loc>/b & c</loc><url>",
            ["http://e.org/a", "http://e.org/b%20%20c"],
        ),
        (f'<!DOCTYPE x [<!ENTITY e "/x">]>{urlset(loc("&e;"), loc("/a"))}', ["http://e.org/a"]),
        ("\ufeff" + urlset(loc("/a")), ["http://e.org/a"]),
        ("<urlset></urlset>", []),
    ],
    ids=range(10),
)
def test_pages_of_a_sitemap(body, found):
    assert pages(body) == found


def test_an_index_lists_sitemaps_and_no_pages():
    index = (
        f'<sitemapindex xmlns="{NAMESPACE}"><sitemap>{loc("/2.xml", "2026-01-01")}</sitemap></sitemapindex>'
    )
    assert read_listing(URL, index.encode()) == Listing([], ["http://e.org/2.xml"])


@pytest.mark.parametrize(
    "body", ["<rss><channel><loc>/a</loc></channel></rss>", "<url><loc>/a</loc></url>", " "]
)
def test_other_xml_is_not_a_sitemap(body):
    assert read_listing(URL, body.encode()) is None


@pytest.mark.parametrize("cut", [0, 1, 9])
def test_a_gzipped_sitemap_is_read_by_its_first_bytes_and_not_its_name(cut):
    packed = gzip.compress(urlset(loc("/a")).encode())
    assert pages(packed[: len(packed) - cut]) == ["http://e.org/a"]


def test_a_gzipped_sitemap_is_read_up_to_its_size_limit(monkeypatch):
    monkeypatch.setattr("crawl.web.sitemap.MAX_BYTES", 1000)
    body = urlset(loc("/a"), f"<x>{' ' * 1000}</x>", loc("/b"))
    assert pages(gzip.compress(body.encode())) == ["http://e.org/a"]


def test_a_very_long_text_does_not_end_a_sitemap():
    assert pages(urlset(f"<x>{'y' * 11_000_000}</x>", loc("/a"))) == ["http://e.org/a"]


@pytest.mark.parametrize(
    ("line", "sitemap"),
    [
        ("Sitemap: http://e.org/a.xml", "http://e.org/a.xml"),
        ("  SITEMAP :  /a.xml  ", "http://e.org/a.xml"),
        ("sitemap:https://other.org:8443/a.xml?b=c", "https://other.org:8443/a.xml?b=c"),
        ("Sitemaps: /a.xml", None),
        ("# Sitemap: /a.xml", None),
        ("Sitemap /a.xml", None),
        ("Disallow: /a.xml", None),
    ],
)
def test_sitemap_lines_of_robots_txt(line, sitemap):
    found = read_listing("http://e.org/robots.txt", f"User-agent: *\r\n{line}\r\n".encode())
    assert found == Listing([], [sitemap] if sitemap else [])


def test_change_times_belong_to_the_page_of_their_entry():
    body = urlset(
        loc("/a", "2026-01-01T00:00:00Z"),
        loc("/b"),
        loc("/c", "soon"),
        "<lastmod>2026-01-02T00:00:00Z</lastmod>" + loc("/d"),
        loc("/e", "1970-01-01T00:00:00Z"),
    )
    day = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert read_listing(URL, body.encode()).changed == {
        "http://e.org/a": day,
        "http://e.org/d": day + 86_400,
        "http://e.org/e": 0,
    }


@pytest.mark.parametrize(
    ("lastmod", "at"),
    [
        ("2024-02-29", "2024-02-29T23:59:59+00:00"),
        ("2023-02", "2023-02-28T23:59:59+00:00"),
        ("2024-02", "2024-02-29T23:59:59+00:00"),
        ("2026", "2026-12-31T23:59:59+00:00"),
        ("2026-1-2", "2026-01-02T23:59:59+00:00"),
        ("2026-01-01T10:00:00.5Z", "2026-01-01T10:00:00.500000+00:00"),
        ("2026-01-01T10:00-02:00", "2026-01-01T12:00:00+00:00"),
        ("2023-02-29", None),
        ("2026-01-01T25:00:00Z", None),
        ("10000", None),
        ("9999999999", None),
        ("-", None),
    ],
)
def test_a_date_is_the_end_of_its_day_month_or_year(lastmod, at):
    found = time_of(lastmod)
    assert (found if found is None else datetime.fromtimestamp(found, UTC).isoformat()) == at


def test_a_time_without_a_zone_is_utc_wherever_the_crawl_runs(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = time_of("2026-01-01T10:00:00")
    time.tzset()
    assert found == datetime(2026, 1, 1, 10, tzinfo=UTC).timestamp()
