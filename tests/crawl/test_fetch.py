"""Web -> pages, from a real web server on loopback."""

from __future__ import annotations

import gzip
import socket

import pytest

from crawl.fetch import fetch
from crawl.response import decompress, read_page
from gr_toolkit.errors import GrError, Locked, UsageError
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from rows import rows_of

MEGABYTE = b"<p>" + b"x" * (1 << 20)


def test_every_kind_of_response_is_a_row_with_its_reason(site, page, reply, crawl, outcomes, settings):
    links = [
        "/a",
        "/old",
        "/gone",
        "/copy",
        "/pdf",
        "/binary",
        "/large",
        "/stream",
        "/bomb",
        "/latin",
        "/blank",
    ]
    site.replies = {
        "/": page("root", *links, "/a#part", "/a?utm_source=x", "mailto:me@e.org", "http://other.invalid/"),
        "/a": page("a"),
        "/old": reply(status=301, headers={"Location": "/a"}),
        "/copy": page("a"),
        "/pdf": reply(b"%PDF-", type="application/pdf"),
        "/binary": reply(bytes(range(256)) * 10),
        "/large": reply(MEGABYTE * 12),
        "/stream": reply(MEGABYTE for _ in range(50)),
        "/bomb": reply(gzip.compress(MEGABYTE * 20), headers={"Content-Encoding": "gzip"}),
        "/latin": reply(b"<p>caf\xe9 \xff\xfe</p>", type="text/html; charset=utf-8"),
        "/blank": reply(b""),
    }
    summary = crawl(site.url + "/")
    assert outcomes() == {
        "/": None,
        "/a": None,
        "/copy": "duplicate content",
        "/gone": "status 404",
        "/pdf": "not HTML (application/pdf)",
        "/binary": "binary",
        "/large": "too large",
        "/stream": "too large",
        "/bomb": "too large",
        "/latin": None,
        "/blank": "empty",
    }
    assert summary.rows == 11
    assert summary.kept == 3
    assert summary.kept + summary.reasons.total() == summary.rows
    assert site.hits["/a"] <= 2  # by its own link, and by the redirect


def test_the_body_is_stored_unchanged_with_its_headers(site, reply, crawl, store):
    body = "<p>Años</p>".encode("latin-1")
    headers = {"ETag": '"1"', "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT", "Content-Encoding": "gzip"}
    site.replies["/es"] = reply(gzip.compress(body), type="text/html; charset=iso-8859-1", headers=headers)
    crawl(site.url + "/es")
    (row,) = rows_of(store, "pages")
    assert decompress(row["html"]) == body
    assert row["content_type"] == "text/html; charset=iso-8859-1"
    assert (row["etag"], row["last_modified"], row["status"]) == ('"1"', headers["Last-Modified"], 200)


def test_robots_txt_is_obeyed_and_its_sitemaps_are_read(site, page, reply, crawl, outcomes):
    robots = b"User-agent: *\nDisallow: /private/\nSitemap: /index.xml\n"
    entry = "<sitemap><loc>{0}/index.xml</loc></sitemap><sitemap><loc>{0}/map.xml</loc></sitemap>"
    site.replies = {
        "/robots.txt": reply(robots, type="text/plain"),
        "/index.xml": reply(
            f"<sitemapindex>{entry.format(site.url)}</sitemapindex>".encode(), type="text/xml"
        ),
        "/map.xml": reply(
            f"<urlset><url><loc>{site.url}/lonely</loc></url></urlset>".encode(), type="text/xml"
        ),
        "/": page("root", "/private/a"),
        "/private/a": page("secret"),
        "/lonely": page("lonely"),
    }
    summary = crawl(site.url)
    assert outcomes() == {"/": None, "/lonely": None}
    assert site.hits["/private/a"] == 0
    assert summary.notes == ["1 URLs not fetched: robots.txt 1"]
    hits = site.hits.copy()
    assert crawl(site.url).rows == 0
    again = {path for path in site.hits if site.hits[path] > hits[path]}
    assert again == {"/robots.txt", "/index.xml", "/map.xml"}  # they may list new URLs
    crawl(site.url, obey_robots=False)
    assert "/private/a" in outcomes()


def test_at_depth_0_the_sitemaps_of_a_site_are_not_read(site, page, reply, crawl, outcomes):
    listing = f"<urlset><url><loc>{site.url}/lonely</loc></url></urlset>"
    site.replies = {
        "/robots.txt": reply(b"Sitemap: /map.xml\n", type="text/plain"),
        "/map.xml": reply(listing.encode(), type="text/xml"),
        "/": page("root", "/a"),
        "/lonely": page("lonely"),
    }
    crawl(site.url, max_depth=0)
    assert outcomes() == {"/": None}
    assert site.hits["/map.xml"] == 0


def test_a_sitemap_is_a_source(site, page, reply, crawl, outcomes):
    listing = f"<urlset><url><loc>{site.url}/a</loc></url><url><loc>{site.url}/b</loc></url></urlset>"
    site.replies = {"/map.xml": reply(listing.encode(), type="text/xml"), "/a": page("a"), "/b": page("b")}
    crawl(site.url + "/map.xml", max_depth=0)
    assert outcomes() == {"/a": None, "/b": None}


def test_malformed_pages_are_fetched_and_their_links_followed(site, page, reply, crawl, outcomes):
    site.replies = {
        "/": page("root", "/undefined", "/refresh"),
        "/undefined": reply(b"<p>odd <a href=/a>next</a>", type="text/html; charset=undefined"),
        "/refresh": reply(b'<meta http-equiv=refresh content="0; url=http://[x"><a href=/b>next</a>'),
        "/a": page("a"),
        "/b": page("b"),
    }
    crawl(site.url + "/")
    assert outcomes() == dict.fromkeys(site.replies)


def test_a_page_that_cannot_be_read_is_refused_and_the_others_are_fetched(
    site, page, crawl, outcomes, monkeypatch
):
    """We know no page that fails to parse, so parsing of one page is made to fail."""

    def read_or_fail(url, *rest, **options):
        return 1 / 0 if url.endswith("/odd") else read_page(url, *rest, **options)

    monkeypatch.setattr("crawl.web.outcome.read_page", read_or_fail)
    site.replies = {"/": page("root", "/odd", "/a"), "/odd": page("odd"), "/a": page("a")}
    assert crawl(site.url + "/").notes == ["1 URLs not fetched: cannot be read: ZeroDivisionError 1"]
    assert outcomes() == {"/": None, "/a": None}
    assert crawl().rows_in == 0


def test_depth_patterns_and_page_limit(site, page, crawl, outcomes, store):
    site.replies = {f"/{depth}": page(f"at {depth}", f"/{depth + 1}", f"/no/{depth}") for depth in range(5)}
    crawl(site.url + "/0", max_depth=2, deny=["/no/"])
    assert list(outcomes()) == ["/0", "/1", "/2"]
    assert [row["depth"] for row in rows_of(store, "pages")] == [0, 1, 2]
    assert crawl(max_depth=9, deny=["/no/"], max_pages=1).rows == 1
    assert crawl(max_depth=9, allow=["/4"], deny=["/no/"]).rows == 1
    assert list(outcomes()) == ["/0", "/1", "/2", "/3", "/4"]


def test_a_redirect_to_another_host_is_followed_only_for_a_source(site, page, reply, crawl, outcomes):
    elsewhere = site.url.replace("127.0.0.1", "localhost")
    site.replies = {
        "/": page("root", "/out"),
        "/out": reply(status=302, headers={"Location": elsewhere + "/page"}),
        "/page": page("page", "/next"),
        "/next": page("next"),
        "/loop": reply(status=302, headers={"Location": "/loop"}),
    }
    assert crawl(site.url + "/").notes == ["1 URLs not fetched: redirects to another host 1"]
    assert outcomes() == {"/": None}
    site.replies["/moved"] = reply(status=302, headers={"Location": elsewhere + "/page"})
    crawl(site.url + "/moved", site.url + "/loop")
    assert {elsewhere + "/page", elsewhere + "/next"} <= set(outcomes())


def test_a_link_that_redirected_to_another_host_is_followed_when_named_as_a_source(
    site, page, reply, crawl, outcomes
):
    elsewhere = site.url.replace("127.0.0.1", "localhost") + "/page"
    site.replies = {
        "/": page("root", "/out"),
        "/out": reply(status=302, headers={"Location": elsewhere}),
        "/page": page("page"),
    }
    crawl(site.url + "/")
    crawl(site.url + "/out")
    assert outcomes() == {"/": None, elsewhere: None}


def test_robots_txt_applies_to_concurrent_requests_that_wait_for_it(
    site, page, reply, late, crawl, outcomes, tmp_path
):
    robots = reply(late(b"User-agent: *\nDisallow: /private/"), type="text/plain")
    site.replies = {"/robots.txt": robots} | {f"/private/{number}": page("secret") for number in range(4)}
    (tmp_path / "urls.txt").write_text("\n".join(site.url + path for path in site.replies))
    assert crawl(str(tmp_path / "urls.txt")).notes == ["4 URLs not fetched: robots.txt 4"]
    assert list(outcomes()) == ["/robots.txt"]
    assert site.hits.keys() == {"/robots.txt"}


@pytest.mark.parametrize("status", [503, 521])
def test_nothing_is_fetched_while_robots_txt_is_unavailable(site, page, reply, crawl, outcomes, status):
    site.replies = {"/robots.txt": reply(b"", status=status), "/": page("root")}
    with pytest.raises(GrError, match=rf"robots\.txt: status {status}"):
        crawl(site.url + "/")
    assert site.hits["/"] == 0
    del site.replies["/robots.txt"]
    crawl(site.url + "/")
    assert outcomes() == {"/": None}


def test_a_site_with_one_empty_page_is_fetched(site, page, crawl, outcomes):
    site.replies["/"] = page("")
    assert crawl(site.url + "/").rows == 1
    assert outcomes() == {"/": None}


def test_the_error_names_a_site_that_is_down(crawl):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(GrError, match=f"nothing was fetched: {url}: robots.txt: connection refused"):
        crawl(url)


def test_the_error_names_a_site_that_forbids_crawlers(site, page, reply, crawl):
    site.replies = {"/robots.txt": reply(b"User-agent: *\nDisallow: /", type="text/plain"), "/": page("root")}
    with pytest.raises(GrError, match=r"/: robots\.txt\. Check"):
        crawl(site.url + "/")


def test_a_first_crawl_without_sources_is_a_usage_error(crawl):
    with pytest.raises(UsageError, match="give a SOURCE"):
        crawl()


def test_invalid_lines_are_noted_and_the_others_fetched(site, page, crawl, outcomes, tmp_path):
    site.replies["/a"] = page("a")
    path = tmp_path / "urls.txt"
    path.write_text(f"{site.url}/a\nnot a url\n")
    assert crawl(str(path)).notes == [f"{path}: skipped 1 lines without a URL: number 2"]
    assert outcomes() == {"/a": None}


def test_a_concurrent_crawl_raises_locked(site, crawl, store):
    with store.table("pages").writing(), pytest.raises(Locked):
        crawl(site.url + "/")


def test_the_rows_do_not_depend_on_the_order_of_responses(site, page, reply, late, settings, tmp_path):
    site.replies = {"/": page("root", *(f"/{number}" for number in range(40)))}
    for number in range(60):
        content = number % 20
        site.replies[f"/{number}"] = reply(late(f"<p>{content} <a href=/{content + 40}>next</a>".encode()))
    found = []
    many = settings.model_copy(update={"concurrency_per_host": 16})
    for run in range(3):
        store = Store(str(tmp_path / str(run)), tmp_path / str(run) / ".state")
        fetch(store, Settings(data=store.data, crawl=many), [site.url + "/"], [])
        found.append([{**row, "fetched_at": None} for row in rows_of(store, "pages")])
    assert found[0] == found[1] == found[2]
    assert sum(row["reason"] == "duplicate content" for row in found[0]) == 40
