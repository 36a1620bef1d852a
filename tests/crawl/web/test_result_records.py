"""What each kind of result does to the frontier, the table, the counts and the totals (result_handler.py)."""

from __future__ import annotations

import pytest

from crawl.frontier.frontier import Frontier
from crawl.page_writer import PageWriter
from crawl.response import read_page
from crawl.result import FetchFailure, Listing, Unchanged
from crawl.web.result_handler import TALLY_SECONDS, ResultHandler
from rows import rows_of

URL = "http://e.org/a"
HTML = {"content-type": "text/html"}


@pytest.fixture
def handle(store, settings):
    """A handler for some URLs."""
    frontiers = []

    def make(*urls, kind="page", depth=0, **changes):
        changed = settings.model_copy(update={"max_depth": 2, **changes})
        frontier = Frontier(store.state / "frontier.sqlite", changed.max_depth)
        frontiers.append(frontier)
        frontier.add(urls, depth, kind)
        writer = PageWriter(store.table("pages"), frontier, changed, len(frontiers))
        return ResultHandler(frontier, writer, changed)

    yield make
    for frontier in frontiers:
        frontier.close()


def page_of(url=URL, body=b"<p>a", status=200, depth=0):
    return read_page(url, depth, status, HTML, body)


def finish(handler, result, latency=0.5):
    """Give the next URL this result, and write its row."""
    entry = handler.next()
    handler.finish(entry, result, latency)
    handler.flush()
    assert handler.error is None
    return entry


def queued(handler):
    """The URLs to fetch next, with their kinds and depths."""
    entries = iter(lambda: handler.frontier.take("e.org"), None)
    return [(entry.url.removeprefix("http://e.org"), entry.kind, entry.depth) for entry in entries]


def again(handle, url=URL):
    """A handler of a later run, which fetches the stored page again."""
    handler = handle()
    handler.frontier.ask_again({url: 2e10}, 1e10)
    handler.scheduler.open(["e.org"])
    return handler


@pytest.mark.parametrize(
    ("result", "outcome", "not_fetched"),
    [
        (page_of(), ("stored", None), {}),
        (page_of(status=404), ("stored", None), {}),
        (FetchFailure("timeout"), ("failed", "timeout"), {"timeout": 1}),
        (FetchFailure("robots.txt", refused=True), ("refused", "robots.txt"), {"robots.txt": 1}),
    ],
)
def test_the_outcome_of_a_url(handle, result, outcome, not_fetched):
    handler = handle(URL)
    finish(handler, result)
    assert handler.frontier.outcome(URL) == outcome
    assert dict(handler.not_fetched) == not_fetched
    assert handler.writer.summary.rows_in == 1
    assert handler.writer.summary.rows == (0 if not_fetched else 1)


@pytest.mark.parametrize(("depth", "found"), [(0, [("/b", "page", 1)]), (1, [("/b", "page", 2)]), (2, [])])
def test_the_links_of_a_page_are_queued_one_level_deeper(handle, depth, found):
    handler = handle(URL, depth=depth)
    finish(handler, page_of(body=b"<a href=/b>b</a><a href=http://other.org/>x</a>", depth=depth))
    assert queued(handler) == found
    assert handler.frontier.unexpanded() == {}


def test_the_links_of_a_page_at_max_depth_are_left_for_a_deeper_run(handle):
    finish(handle(URL, depth=2), page_of(body=b"<a href=/b>b</a>", depth=2))
    assert handle().frontier.unexpanded() == {}
    assert handle(max_depth=3).frontier.unexpanded() == {"000001": {URL: 2}}


def test_the_links_of_a_rejected_page_are_not_queued(handle):
    handler = handle(URL)
    finish(handler, page_of(body=b"<a href=/b>b</a>", status=404))
    assert queued(handler) == []


def test_a_page_whose_depth_shrank_is_stored_at_the_smaller_depth(handle, store):
    handler = handle(URL, depth=2)
    entry = handler.next()
    handler.frontier.add([URL], 1)
    handler.finish(entry, page_of(body=b"<a href=/b>b</a>", depth=2))
    handler.flush()
    assert [row["depth"] for row in rows_of(store, "pages")] == [1]
    assert queued(handler) == [("/b", "page", 2)]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, [("/s.xml", "sitemap", 0), ("/b", "page", 0), ("/c", "page", 0)]),
        ({"deny": ["/b"]}, [("/s.xml", "sitemap", 0), ("/c", "page", 0)]),
        ({"deny": ["xml"]}, [("/s.xml", "sitemap", 0), ("/b", "page", 0), ("/c", "page", 0)]),
        ({"part": "2/3"}, []),
    ],
)
def test_the_urls_of_a_listing_are_queued_at_its_depth(handle, changes, found):
    handler = handle("http://e.org/index.xml", kind="sitemap", **changes)
    finish(handler, Listing(["http://e.org/b", "http://e.org/c"], ["http://e.org/s.xml"]))
    assert queued(handler) == found
    assert handler.frontier.outcome("http://e.org/index.xml") == ("stored", None)


def test_a_listing_queues_stored_pages_that_changed(handle):
    for url in (URL, "http://e.org/b"):
        finish(handle(url), page_of(url, url.encode()))
    handler = handle("http://e.org/index.xml", kind="sitemap")
    handler.frontier.database.execute("UPDATE urls SET checked_at = 5")
    finish(handler, Listing([URL, "http://e.org/b"], [], {URL: 6, "http://e.org/b": 4}))
    assert queued(handler) == [("/a", "page", 0)]


def test_a_listing_queues_a_sitemap_that_an_earlier_run_read(handle):
    finish(handle("http://e.org/s.xml", kind="sitemap"), Listing([], []))
    handler = handle("http://e.org/index.xml", kind="sitemap")
    handler.frontier.database.execute("UPDATE urls SET checked_at = 5")
    finish(handler, Listing([], ["http://e.org/s.xml"]))
    assert queued(handler) == [("/s.xml", "sitemap", 0)]


@pytest.mark.parametrize(
    ("result", "unchanged", "not_fetched"),
    [
        (Unchanged(), 1, {}),
        (page_of(), 1, {}),
        (page_of(status=404), 0, {"status 404, kept the stored page": 1}),
        (page_of(body=b""), 0, {"empty, kept the stored page": 1}),
        (page_of(body=b"<p>new"), 0, {}),
    ],
)
def test_a_stored_page_that_is_fetched_again(handle, store, result, unchanged, not_fetched):
    finish(handle(URL), page_of())
    handler = again(handle)
    entry = finish(handler, result)
    assert entry.known
    assert (handler.unchanged, dict(handler.not_fetched)) == (unchanged, not_fetched)
    assert len(rows_of(store, "pages")) == (1 if unchanged or not_fetched else 2)
    assert handler.frontier.is_stored(URL)


def test_a_url_whose_page_is_stored_under_another_url_adds_no_row(handle, store):
    handler = handle(URL, "http://e.org/b")
    finish(handler, page_of(body=b"<link rel=canonical href=/c>"))
    finish(handler, page_of("http://e.org/b", b"<link rel=canonical href=/c><p>sorted"))
    assert [row["url"] for row in rows_of(store, "pages")] == [URL]
    assert handler.frontier.outcome("http://e.org/b") == ("stored", "is http://e.org/c")


def test_a_stored_page_that_now_declares_another_stored_page_adds_no_row(handle, store):
    for url in (URL, "http://e.org/c"):
        finish(handle(url), page_of(url, url.encode()))
    handler = again(handle)
    finish(handler, page_of(body=b"<link rel=canonical href=/c><p>new"))
    assert len(rows_of(store, "pages")) == 2
    assert handler.frontier.outcome(URL) == ("stored", "is http://e.org/c")


def test_summary_names_the_first_url_of_each_failure(handle):
    handler = handle(*(f"http://e.org/{number}" for number in range(3)))
    for reason in ("timeout", "timeout", "robots.txt"):
        finish(handler, FetchFailure(reason, refused=True))
    assert handler.writer.summary.first == {"timeout": "http://e.org/0", "robots.txt": "http://e.org/2"}


def test_only_rows_count_towards_max_pages(handle):
    handler = handle(*(f"http://e.org/{number}" for number in range(4)), max_pages=2)
    finish(handler, FetchFailure("robots.txt", refused=True))
    for number in (1, 2):
        finish(handler, page_of(f"http://e.org/{number}", b"<p>%d" % number))
    assert handler.next() is None
    assert not handler.has_pending()


@pytest.mark.parametrize(
    ("result", "totals", "status"),
    [
        (page_of(status=404, body=b"1234"), (1, 1, 4, 0.5, 0, None), {"404": 1}),
        (Unchanged(), (1, 0, 0, 0.5, 0, None), {"304": 1}),
        (Listing([], []), (1, 0, 0, 0.5, 0, None), {}),
        (FetchFailure("timeout"), (1, 0, 0, 0.5, 1, "timeout"), {"timeout": 1}),
    ],
)
def test_the_totals_of_a_host_are_written_once(handle, result, totals, status):
    handler = handle(URL)
    finish(handler, result)
    handler.flush()
    columns = "requests, pages, bytes, seconds, failures, failure"
    assert handler.frontier.database.execute(f"SELECT {columns} FROM hosts").fetchall() == [totals]
    assert dict(handler.live.statuses) == status


@pytest.mark.parametrize(("age", "saved"), [(0, 0), (TALLY_SECONDS, 1)])
def test_the_totals_are_saved_while_the_crawl_runs(handle, age, saved):
    handler = handle(URL)
    handler.finish(handler.next(), page_of())
    handler.tallied_at -= age
    handler.flush_if_due()
    assert handler.frontier.database.execute("SELECT count(*) FROM hosts").fetchone() == (saved,)


def test_a_result_that_arrived_before_a_kill_is_used_without_a_request(handle, store):
    handler = handle(URL, "http://e.org/b")
    handler.frontier.keep_result(handler.frontier.take("e.org"), page_of())
    later = handle()
    later.frontier.requeue([])
    later.scheduler.open(["e.org"])
    assert later.next().url == "http://e.org/b"
    later.flush()
    assert [row["url"] for row in rows_of(store, "pages")] == [URL]


def test_nothing_is_handled_after_an_error(handle):
    handler = handle(URL, "http://e.org/b")
    entry = handler.next()
    handler.error = ValueError("a bug")
    handler.finish(entry, page_of())
    assert handler.next() is None
    assert not handler.has_pending()
    assert handler.writer.waiting == {}
