"""Later runs fetch pages that may have changed, and store only changed ones."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from crawl.fetch import FRONTIER
from crawl.web.sitemap import time_of
from rows import rows_of

DATE = "Mon, 02 Nov 2026 10:00:00 GMT"


class Versions:
    """A page with an ETag and a date that answers 304 to a request with the same ETag."""

    def __init__(self, reply, body):
        self.reply, self.body, self.conditions = reply, body, []

    def __call__(self, headers):
        tag = f'"{hash(self.body)}"'
        self.conditions.append((headers["If-None-Match"], headers["If-Modified-Since"]))
        if headers["If-None-Match"] == tag:
            return self.reply(status=304)
        return self.reply(self.body, headers={"ETag": tag, "Last-Modified": DATE})


def bodies(store):
    return [row["content_sha256"] for row in rows_of(store, "pages") if row["kept"]]


@pytest.fixture
def versions(site, reply):
    site.replies["/a"] = Versions(reply, b"<p>one</p>")
    return site.replies["/a"]


def test_later_requests_are_conditional_and_an_unchanged_page_adds_no_row(site, crawl, store, versions):
    crawl(site.url + "/a")
    before = rows_of(store, "pages")
    summary = crawl(refetch_after="0s")
    assert [conditions == (None, None) for conditions in versions.conditions] == [True, False]
    assert versions.conditions[1] == (before[0]["etag"], DATE)
    assert summary.notes == ["1 pages unchanged since the last fetch"]
    assert rows_of(store, "pages") == before
    crawl(refetch_after="1h")
    assert len(versions.conditions) == 2  # it was fetched just now


def test_changed_content_adds_a_row_and_earlier_content_does_not(site, crawl, store, versions):
    crawl(site.url + "/a")
    for body in (b"<p>two</p>", b"<p>one</p>", b"<p>two</p>", b"<p>three</p>"):
        versions.body = body
        crawl(refetch_after="0s")
    assert len(bodies(store)) == len(set(bodies(store))) == 3
    assert {row["url"] for row in rows_of(store, "pages")} == {site.url + "/a"}


def test_without_etags_the_content_is_compared(site, page, crawl, store):
    site.replies["/"] = page("root")
    crawl(site.url + "/")
    assert crawl(refetch_after="0s").notes == ["1 pages unchanged since the last fetch"]
    assert len(bodies(store)) == 1


def test_new_links_on_a_changed_page_are_followed(site, page, crawl, outcomes, store):
    site.replies = {"/": page("root"), "/new": page("new")}
    crawl(site.url + "/")
    site.replies["/"] = page("root", "/new")
    crawl(refetch_after="0s")
    assert sorted(row["url"].removeprefix(site.url) for row in rows_of(store, "pages")) == ["/", "/", "/new"]


def test_the_stored_page_is_kept_after_a_404(site, page, crawl, store):
    site.replies = {"/": page("root", "/a"), "/a": page("a")}
    crawl(site.url + "/")
    before = rows_of(store, "pages")
    del site.replies["/a"]
    notes = crawl(refetch_after="0s").notes
    assert "1 URLs not fetched: status 404, kept the stored page 1" in notes
    assert rows_of(store, "pages") == before


def test_a_page_that_failed_in_a_later_run_is_retried_and_stays_stored(site, page, reply, crawl, store):
    site.replies = {"/": page("root", "/a"), "/a": page("a")}
    crawl(site.url + "/")
    before = rows_of(store, "pages")
    site.replies["/a"] = reply(b"", status=503)
    crawl(refetch_after="0s")
    site.replies["/a"] = page("a")
    assert "1 pages unchanged" in crawl().notes[0]
    assert rows_of(store, "pages") == before


def test_changed_and_new_pages_of_a_sitemap_are_fetched(site, page, reply, crawl, store):
    def sitemap(**changed):
        urls = "".join(
            f"<url><loc>{site.url}/{name}</loc><lastmod>{at}</lastmod></url>" for name, at in changed.items()
        )
        return reply(f"<urlset>{urls}</urlset>".encode(), type="text/xml")

    site.replies = {"/map.xml": sitemap(a="2020-01-01", b="2020-01-01"), "/a": page("a"), "/b": page("b")}
    crawl(site.url + "/map.xml", max_depth=0)
    hits = site.hits.copy()
    site.replies |= {"/map.xml": sitemap(a="2036-01-01", b="2020-01-01", c="2020-01-01"), "/c": page("c")}
    site.replies["/a"] = page("a is new")
    crawl(site.url + "/map.xml", max_depth=0)
    assert {path for path in site.hits if site.hits[path] > hits[path]} == {
        "/robots.txt",
        "/map.xml",
        "/a",
        "/c",
    }
    assert len(bodies(store)) == 4


@pytest.mark.parametrize(
    ("lastmod", "date"),
    [
        ("2026-11-02T10:00:00Z", DATE),
        ("2026-11-02T11:00:00+01:00", DATE),
        ("2026-11-02T10:00:00", DATE),
        ("2026-11-02", "Mon, 02 Nov 2026 23:59:59 GMT"),
        ("2026-02", "Sat, 28 Feb 2026 23:59:59 GMT"),
        (" 2026\n", "Thu, 31 Dec 2026 23:59:59 GMT"),
        ("yesterday", None),
        ("2026-13-40", None),
        ("", None),
    ],
)
def test_dates_of_sitemaps(lastmod, date):
    at = time_of(lastmod)
    assert (at if at is None else formatdate(at, usegmt=True)) == date


def test_urls_with_the_same_canonical_link_are_one_page(site, reply, crawl, outcomes):
    own = b"<link href='/a?id=1' rel=canonical><p>the page</p>"
    site.replies = {
        "/": reply(
            b"<a href='/a?id=1&sort=up'>x</a> <a href='/a?id=1&sort=down'>y</a> <a href='/a?id=1'>z</a>"
        ),
        "/a?id=1&sort=up": reply(own),
        "/a?id=1&sort=down": reply(own + b"<p>in another order</p>"),
        "/a?id=1": reply(own),
    }
    crawl(site.url + "/")
    assert outcomes() == {"/": None, "/a?id=1&sort=up": None}
    assert crawl().rows_in == 0


def test_a_rebuilt_frontier_sends_conditional_requests(site, crawl, store, versions):
    crawl(site.url + "/a")
    for left in store.state.glob(f"{FRONTIER}*"):
        left.unlink()
    versions.body = b"<p>two</p>"
    crawl(refetch_after="0s")
    for left in store.state.glob(f"{FRONTIER}*"):
        left.unlink()
    crawl(refetch_after="0s")
    assert versions.conditions[2] == (rows_of(store, "pages")[1]["etag"], DATE)
    assert len(bodies(store)) == 2
