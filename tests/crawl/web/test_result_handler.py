"""The handler writes every row once, counts rows, and ends the crawl when something fails."""

from __future__ import annotations

from contextlib import closing

import pytest

from crawl.fetch import fetch_all
from crawl.frontier.frontier import Frontier
from crawl.page_writer import PageWriter
from crawl.response import read_page
from crawl.result import FetchFailure
from crawl.web.result_handler import ResultHandler
from gr_toolkit.errors import CannotWrite


@pytest.fixture
def handler(store, settings):
    with closing(Frontier(store.state / "frontier.sqlite", max_depth=2)) as frontier:
        frontier.add([f"http://e.org/{number}" for number in range(4)], 0)
        yield ResultHandler(frontier, PageWriter(store.table("pages"), frontier, settings, 1), settings)


def page_of(entry):
    return read_page(entry.url, entry.depth, 200, {"content-type": "text/html"}, entry.url.encode())


def fail_once(monkeypatch, name):
    """Make a method of the frontier fail once, like a temporarily full disk."""
    method = getattr(Frontier, name)

    def fail(*_):
        monkeypatch.setattr(Frontier, name, method)
        raise CannotWrite("no room")

    monkeypatch.setattr(Frontier, name, fail)


def test_rows_in_a_written_shard_are_not_written_again(handler, store, monkeypatch):
    entry = handler.next()
    handler.finish(entry, page_of(entry))
    fail_once(monkeypatch, "store")
    with pytest.raises(CannotWrite):
        handler.flush()
    handler.flush()
    assert store.table("pages").shards() == ["000001"]


def test_a_shard_written_before_the_frontier_failed_is_adopted_by_the_next_run(
    site, page, crawl, outcomes, monkeypatch
):
    site.replies = {"/": page("root", "/a"), "/a": page("a")}
    fail_once(monkeypatch, "store")
    with pytest.raises(CannotWrite):
        crawl(site.url + "/", shard_pages=100, shard_seconds=0.001)
    crawl(site.url + "/")
    assert outcomes() == {"/": None, "/a": None}


@pytest.mark.timeout(60)
def test_a_read_only_frontier_ends_a_crawl_with_nothing_in_flight(handler):
    handler.frontier.database.execute("PRAGMA query_only = ON")
    with pytest.raises(CannotWrite, match="readonly"):
        fetch_all(handler)


def test_progress_counts_rows(handler):
    advanced = []
    handler.advance = advanced.append
    first = handler.next()
    handler.finish(first, FetchFailure("timeout", refused=True))
    second, third = handler.next(), handler.next()
    handler.finish(second, page_of(second))
    handler.finish(third, page_of(third))
    handler.flush()
    assert sum(advanced) == handler.writer.summary.rows == 2
    assert handler.writer.summary.rows_in == 3
