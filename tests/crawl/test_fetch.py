"""Web -> pages, from a real site on loopback."""

from __future__ import annotations

import gzip
import random
import socket
import time

import pytest

from crawl.fetch import FRONTIER, fetch, plan
from crawl.response import decompress
from errors import GrError, Locked, UsageError
from store import Store

MEGABYTE = b"<p>" + b"x" * (1 << 20)


@pytest.fixture
def crawl(store, settings):
    """Crawl and return the summary."""

    def run(*sources, **changes):
        return fetch(store, settings.model_copy(update=changes), sources)

    return run


@pytest.fixture
def outcomes(store, rows, site):
    """Path to reason, for every row."""

    def read():
        found = rows(store, "pages")
        paths = [row["url"].removeprefix(site.url) for row in found]
        assert len(paths) == len(set(paths)), "a page stands twice"
        return dict(zip(paths, (row["reason"] for row in found), strict=True))

    return read


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


def test_the_body_is_stored_as_it_came_with_what_the_headers_say(site, reply, crawl, store, rows):
    body = "<p>Años</p>".encode("latin-1")
    headers = {"ETag": '"1"', "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT", "Content-Encoding": "gzip"}
    site.replies["/es"] = reply(gzip.compress(body), type="text/html; charset=iso-8859-1", headers=headers)
    crawl(site.url + "/es")
    (row,) = rows(store, "pages")
    assert decompress(row["html"]) == body
    assert row["content_type"] == "text/html; charset=iso-8859-1"
    assert (row["etag"], row["last_modified"], row["status"]) == ('"1"', headers["Last-Modified"], 200)


def test_a_second_run_sends_no_request_and_says_so(site, page, crawl, outcomes):
    site.replies = {"/": page("root", "/a", "/missing"), "/a": page("a", "/"), "/robots.txt": page("none")}
    crawl(site.url + "/")
    before, hits = outcomes(), site.hits.total()
    summary = crawl(site.url + "/")
    assert (summary.rows_in, summary.rows, site.hits.total()) == (0, 0, hits)
    assert "nothing is queued" in summary.notes[0]
    assert outcomes() == before


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
    hits = site.hits.total()
    assert crawl(site.url).rows_in == 0
    assert site.hits.total() == hits
    crawl(site.url, obey_robots=False)
    assert "/private/a" in outcomes()


def test_a_sitemap_is_a_source(site, page, reply, crawl, outcomes):
    listing = f"<urlset><url><loc>{site.url}/a</loc></url><url><loc>{site.url}/b</loc></url></urlset>"
    site.replies = {"/map.xml": reply(listing.encode(), type="text/xml"), "/a": page("a"), "/b": page("b")}
    crawl(site.url + "/map.xml", max_depth=0)
    assert outcomes() == {"/a": None, "/b": None}


def test_depth_patterns_and_page_limit(site, page, crawl, outcomes, store, rows):
    site.replies = {f"/{depth}": page(f"at {depth}", f"/{depth + 1}", f"/no/{depth}") for depth in range(5)}
    crawl(site.url + "/0", max_depth=2, deny=["/no/"])
    assert list(outcomes()) == ["/0", "/1", "/2"]
    assert [row["depth"] for row in rows(store, "pages")] == [0, 1, 2]
    assert crawl(max_depth=9, deny=["/no/"], max_pages=1).rows == 1
    assert crawl(max_depth=9, allow=["/4"], deny=["/no/"]).rows == 1
    assert list(outcomes()) == ["/0", "/1", "/2", "/3", "/4"]


def test_a_link_that_redirects_to_another_host_is_not_followed_but_a_source_may(
    site, page, reply, crawl, outcomes
):
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


def test_a_temporary_failure_is_tried_again_by_the_next_run(site, page, reply, crawl, outcomes):
    site.replies = {"/": page("root", "/busy"), "/busy": reply(b"later", status=503)}
    assert crawl(site.url + "/").notes == ["1 URLs not fetched: status 503 1"]
    assert outcomes() == {"/": None}
    site.replies["/busy"] = page("now")
    assert crawl().rows == 1
    assert outcomes() == {"/": None, "/busy": None}


def test_robots_txt_holds_for_requests_that_wait_for_it_together(
    site, page, reply, crawl, outcomes, tmp_path
):
    robots = reply(Late(b"User-agent: *\nDisallow: /private/"), type="text/plain")
    site.replies = {"/robots.txt": robots} | {f"/private/{number}": page("secret") for number in range(4)}
    (tmp_path / "urls.txt").write_text("\n".join(site.url + path for path in site.replies))
    assert crawl(str(tmp_path / "urls.txt")).notes == ["4 URLs not fetched: robots.txt 4"]
    assert list(outcomes()) == ["/robots.txt"]
    assert site.hits.keys() == {"/robots.txt"}


def test_while_robots_txt_cannot_be_had_nothing_is_fetched(site, page, reply, crawl, outcomes):
    site.replies = {"/robots.txt": reply(b"", status=503), "/": page("root")}
    with pytest.raises(GrError, match=r"robots\.txt: status 503"):
        crawl(site.url + "/")
    assert site.hits["/"] == 0
    del site.replies["/robots.txt"]
    crawl(site.url + "/")
    assert outcomes() == {"/": None}


def test_an_empty_site_is_fine(site, page, crawl, outcomes):
    site.replies["/"] = page("")
    assert crawl(site.url + "/").rows == 1
    assert outcomes() == {"/": None}


def test_a_site_that_is_down_is_named(crawl):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(GrError, match=f"nothing was fetched: {url}: robots.txt: connection refused"):
        crawl(url)


def test_a_site_that_admits_no_crawler_is_named(site, page, reply, crawl):
    site.replies = {"/robots.txt": reply(b"User-agent: *\nDisallow: /", type="text/plain"), "/": page("root")}
    with pytest.raises(GrError, match=r"/: robots\.txt\. Check"):
        crawl(site.url + "/")


def test_nothing_to_start_from_is_a_usage_error(crawl):
    with pytest.raises(UsageError, match="give a SOURCE"):
        crawl()


def test_junk_lines_are_noted_and_the_others_fetched(site, page, crawl, outcomes, tmp_path):
    site.replies["/a"] = page("a")
    path = tmp_path / "urls.txt"
    path.write_text(f"{site.url}/a\nnot a url\n")
    assert crawl(str(path)).notes == [f"{path}: 1 lines are not URLs and were left out: 2"]
    assert outcomes() == {"/a": None}


def test_a_lost_frontier_is_made_again_from_the_table(site, page, crawl, outcomes, store):
    site.replies = {f"/{number}": page(f"page {number}", f"/{number + 1}") for number in range(6)}
    crawl(site.url + "/0", max_pages=3)
    for left in store.state.glob(f"{FRONTIER}*"):
        left.unlink()
    hits = site.hits.copy()
    crawl()
    assert list(outcomes()) == [f"/{number}" for number in range(6)] + ["/6"]
    assert site.hits["/0"] == hits["/0"]


def test_a_corrupt_shard_is_moved_aside_and_its_pages_fetched_again(
    site, page, crawl, outcomes, store, capsys
):
    site.replies = {f"/{number}": page(f"page {number}", f"/{number + 1}") for number in range(12)}
    crawl(site.url + "/0", max_depth=20)
    before, shards = outcomes(), store.table("pages").shards()
    path = f"{store.data}/pages/{shards[1]}.parquet"
    with open(path, "r+b") as file:
        file.truncate(100)
    crawl(max_depth=20)
    assert "cannot be read; moved it" in capsys.readouterr().err
    assert outcomes() == before
    assert store.table("pages").shards() == [shards[0], shards[2], "000004"]


def test_a_second_crawl_at_the_same_time_is_refused(site, crawl, store):
    with store.table("pages").writing(), pytest.raises(Locked):
        crawl(site.url + "/")


class Late:
    """A body that comes after a random while, a new one each time."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self):
        time.sleep(random.random() / 50)
        return iter([self.body])


def test_the_rows_do_not_depend_on_who_answers_first(site, page, reply, settings, tmp_path, rows):
    site.replies = {"/": page("root", *(f"/{number}" for number in range(40)))}
    for number in range(60):
        content = number % 20
        site.replies[f"/{number}"] = reply(Late(f"<p>{content} <a href=/{content + 40}>next</a>".encode()))
    found = []
    for run in range(3):
        store = Store(str(tmp_path / str(run)), tmp_path / str(run) / ".state")
        fetch(store, settings.model_copy(update={"concurrency_per_host": 16}), [site.url + "/"])
        found.append([{**row, "fetched_at": None} for row in rows(store, "pages")])
    assert found[0] == found[1] == found[2]
    assert sum(row["reason"] == "duplicate content" for row in found[0]) == 40


def test_a_plan_sends_no_request_and_writes_nothing(site, settings, store, tmp_path):
    summary = plan(store, settings, [site.url + "/"])
    assert "would start from 1 pages" in summary.notes[0]
    assert site.hits.total() == 0
    assert not (tmp_path / "data").exists()
