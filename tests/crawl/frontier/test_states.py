"""The state, depth and order of a URL after every event of a crawl and at a run's start (frontier.py)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from crawl.frontier.frontier import Frontier
from crawl.response import read_page
from crawl.result import Entry, FetchFailure
from gr_toolkit.errors import CannotWrite

URL = "http://e.org/a"
AT = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def frontier(tmp_path):
    frontier = Frontier(tmp_path / "frontier.sqlite", max_depth=2)
    yield frontier
    frontier.close()


def row_of(url=URL, depth=0, body=b"<p>a", status=200, **changes):
    page = read_page(url, depth, status, {"content-type": "text/html"}, body, fetched_at=AT, **changes)
    return page.row


def store(frontier, *rows, shard="000001", entries=None, expanded=True):
    for row in rows:
        frontier.arrive(row, expanded=expanded)
    frontier.store(rows, shard, entries or {})


def deeper(frontier, max_depth):
    return closing(Frontier(frontier.path, max_depth))


def taken(frontier):
    return [entry.url for entry in iter(lambda: frontier.take("e.org"), None)]


@pytest.mark.parametrize(("found", "depth"), [([2, 1], 1), ([1, 2], 1), ([1, 1], 1), ([2, 0], 0)])
def test_a_url_keeps_its_smallest_depth(frontier, found, depth):
    for each in found:
        frontier.add([URL], each)
    assert frontier.take("e.org").depth == depth


def test_the_depth_of_an_entry_may_shrink_while_it_is_fetched(frontier):
    frontier.add([URL], 2)
    entry = frontier.take("e.org")
    frontier.add([URL], 1)
    assert (entry.depth, frontier.depth(entry)) == (2, 1)
    unknown = Entry(99, URL, URL, "e.org", 7, "page")
    assert frontier.depth(unknown) == 7


def test_a_page_that_arrives_at_a_greater_depth_keeps_the_smaller_one(frontier):
    frontier.add([URL], 1)
    store(frontier, row_of(depth=2), expanded=False)
    assert frontier.unexpanded() == {"000001": {URL: 1}}


@pytest.mark.parametrize(("depth", "queued"), [(2, []), (3, []), (1, [URL])])
def test_a_refused_url_is_queued_again_only_at_a_smaller_depth(frontier, depth, queued):
    frontier.add([URL], 2)
    frontier.settle(frontier.take("e.org"), "refused", "robots.txt")
    frontier.add([URL], depth)
    assert taken(frontier) == queued


@pytest.mark.parametrize("state", ["failed", "stored"])
def test_a_failed_or_stored_url_is_not_queued_again_when_found_nearer(frontier, state):
    frontier.add([URL], 2)
    frontier.settle(frontier.take("e.org"), state)
    frontier.add([URL], 0)
    assert taken(frontier) == []


@pytest.mark.parametrize(("max_depth", "shown"), [(3, [URL]), (2, [URL]), (1, [])])
def test_max_depth_decides_at_each_start_which_urls_are_queued(frontier, max_depth, shown):
    frontier.add([URL], 2)
    with deeper(frontier, 1) as shallow:
        shallow.requeue([])
        assert taken(shallow) == []
        assert shallow.outcome(URL) == ("too deep", None)
    with deeper(frontier, max_depth) as again:
        again.requeue([])
        assert taken(again) == shown


def test_a_stored_page_beyond_max_depth_stays_stored_when_it_is_due(frontier):
    store(frontier, row_of(depth=2))
    with deeper(frontier, 1) as shallow:
        shallow.requeue([], due=AT.timestamp() + 1)
        assert shallow.outcome(URL) == ("stored", None)
    frontier.requeue([], due=AT.timestamp() + 1)
    assert taken(frontier) == [URL]


@pytest.mark.parametrize(("source", "queued"), [("web", [URL]), ("a.warc.gz", [])])
def test_only_pages_from_the_web_are_fetched_again(frontier, source, queued):
    store(frontier, row_of(source=source))
    frontier.ask_again({URL: AT.timestamp() + 5}, AT.timestamp() + 9)
    assert taken(frontier) == queued
    frontier.requeue([], due=AT.timestamp() + 1)
    assert taken(frontier) == queued


def test_a_refused_url_is_stored_if_an_archive_has_its_page(frontier):
    frontier.add([URL], 0)
    frontier.settle(frontier.take("e.org"), "refused", "robots.txt")
    store(frontier, row_of(source="a.warc.gz"))
    assert frontier.outcome(URL) == ("stored", None)
    frontier.requeue([], ["robots.txt"])
    assert taken(frontier) == []


def test_a_url_that_is_the_same_page_as_another_is_not_fetched_again(frontier):
    frontier.add(["http://e.org/b"], 0)
    entry = frontier.take("e.org")
    store(frontier, row_of(), entries={URL: entry.id})
    assert frontier.outcome("http://e.org/b") == ("stored", f"is {URL}")
    assert frontier.outcome(URL) == ("stored", None)
    frontier.requeue([], due=AT.timestamp() + 1)
    assert taken(frontier) == [URL]


def test_a_page_of_an_archive_that_was_never_stored_is_forgotten(frontier):
    frontier.arrive(row_of(source="a.warc.gz"), expanded=True)
    frontier.requeue([])
    assert frontier.is_empty()
    assert not frontier.has_content(row_of()["content_sha256"])


def test_the_content_of_a_page_in_flight_is_known_but_the_page_is_not_stored(frontier):
    frontier.arrive(row_of(), expanded=True)
    assert frontier.has_content(row_of()["content_sha256"])
    assert not frontier.is_stored(URL)
    frontier.requeue([])
    assert not frontier.has_content(row_of()["content_sha256"])
    assert taken(frontier) == [URL]


def test_the_content_of_a_rejected_page_is_not_known(frontier):
    rejected = row_of(status=404)
    store(frontier, rejected)
    assert not frontier.has_content(rejected["content_sha256"])
    assert frontier.is_stored(URL)


def test_a_lost_shard_also_loses_its_archives_and_its_expanded_links(frontier):
    store(frontier, row_of())
    frontier.set_ingested("a")
    frontier.requeue([])
    assert frontier.is_ingested("a")
    frontier.requeue(["000001"])
    assert not frontier.is_ingested("a")
    assert not frontier.is_stored(URL)
    assert frontier.shards() == set()
    store(frontier, row_of(), shard="000002", expanded=False)
    assert frontier.unexpanded() == {"000002": {URL: 0}}


def test_pages_at_max_depth_have_no_links_to_queue(frontier):
    urls = [f"http://e.org/{name}" for name in "cab"]
    store(frontier, *(row_of(url, depth) for depth, url in enumerate(urls)), expanded=False)
    assert frontier.unexpanded() == {"000001": {urls[0]: 0, urls[1]: 1}}
    assert list(frontier.unexpanded()["000001"]) == urls[:2]


@pytest.mark.parametrize("end", ["stored", "stored elsewhere", "settled"])
def test_a_kept_result_is_forgotten_when_its_url_is_finished(frontier, end):
    frontier.add([URL], 0)
    entry = frontier.take("e.org")
    frontier.keep_result(entry, FetchFailure("timeout"))
    if end == "settled":
        frontier.settle(entry, "failed", "timeout")
    else:
        other = "http://e.org/other" if end == "stored elsewhere" else URL
        store(frontier, row_of(other), entries={other: entry.id} if other != URL else {})
    assert frontier.database.execute("SELECT count(*) FROM kept_results").fetchone() == (0,)


@pytest.mark.parametrize(
    "values",
    [
        "'not JSON', NULL",
        "x'80049545', NULL",  # how a pickle starts
        "CAST(x'ff' AS TEXT), NULL",
        "5, NULL",
        """'{"kind":"other"}', NULL""",
        """'{"kind":"unchanged"}', x''""",
        """'{"kind":"listing"}', NULL""",
        """'{"kind":"failure","reason":5,"refused":false,"wait":null}', NULL""",
        """'{"kind":"page","row":{},"size":0,"links":[]}', x''""",
        """'{"kind":"page","row":{},"size":0,"links":[]}', CAST(x'ff' AS TEXT)""",
        """'{"kind":"page","row":{},"size":0,"links":[]}', 5""",
    ],
)
def test_a_url_is_fetched_again_if_its_kept_result_is_malformed(frontier, values):
    frontier.add([URL], 0)
    entry = frontier.take("e.org")
    frontier.database.execute(f"INSERT INTO kept_results VALUES ({entry.id}, {values})")
    with deeper(frontier, 2) as again:
        again.requeue([])
        assert again.take("e.org") == entry
        assert again.kept_result(entry) is None
        again.keep_result(entry, FetchFailure("timeout"))
        assert again.kept_result(entry) == FetchFailure("timeout")


@pytest.mark.parametrize(("add", "kind"), [("page", "sitemap"), ("sitemap", "sitemap")])
def test_a_url_named_as_a_sitemap_is_read_as_one(frontier, add, kind):
    frontier.add([URL], 0, add)
    entry = frontier.take("e.org")
    frontier.settle(entry, "refused", "not HTML (text/xml)")
    frontier.take_for_sitemaps([URL])
    again = frontier.take("e.org")
    assert (again.kind if again else None) == (kind if add == "page" else None)


def test_hosts_follow_in_alphabetical_order_and_only_if_a_url_is_queued(frontier):
    frontier.add(["http://b.org/", "http://a.org/", "http://c.org/"], 0)
    frontier.take("b.org")
    assert (frontier.host_after(""), frontier.host_after("a.org")) == ("a.org", "c.org")


def test_the_outcome_of_an_unknown_url_is_unknown(frontier):
    assert frontier.outcome(URL) == ("unknown", None)
    frontier.add([f"{URL}?utm_source=x"], 0)
    assert frontier.outcome(URL) == ("queued", None)


def interrupt(frontier):
    """Fail in a transaction inside another one."""
    with frontier.transaction():
        frontier.add([URL], 0)
        with frontier.transaction():
            frontier.add(["http://e.org/b"], 0)
        raise KeyboardInterrupt


def test_a_nested_transaction_is_undone_with_the_outer_one(frontier):
    with pytest.raises(KeyboardInterrupt):
        interrupt(frontier)
    assert frontier.is_empty()
    with frontier.transaction():
        frontier.add([URL], 0)
    assert taken(frontier) == [URL]


def test_a_locked_file_is_an_error(frontier):
    frontier.database.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(frontier.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CannotWrite, match="locked"):
            frontier.add([URL], 0)
