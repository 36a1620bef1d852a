"""Totals of the requests to each host, and the pauses that hosts ask for."""

from __future__ import annotations

import time
from dataclasses import astuple

import pytest

from crawl.frontier.frontier import Frontier
from crawl.frontier.hosts import MAX_PAUSE, Tally


@pytest.fixture
def book(tmp_path):
    frontier = Frontier(tmp_path / "frontier.sqlite", max_depth=2)
    yield frontier.book
    frontier.close()


def rows_of(book):
    """Host, requests, failures and last failure of every host."""
    return book.database.execute("SELECT host, requests, failures, failure FROM hosts").fetchall()


def pause_of(book, host):
    """The seconds until the host's pause is over."""
    (until,) = book.database.execute("SELECT not_before FROM hosts WHERE host = ?", (host,)).fetchone()
    return until - time.time()


def test_every_field_of_a_tally_is_summed():
    total = Tally(1, 2, 3, 4.0, 5)
    total.add(Tally(10, 20, 30, 40.0, 50))
    assert astuple(total) == (11, 22, 33, 44.0, 55, None)


@pytest.mark.parametrize(
    ("failures", "last"),
    [([None, None], None), (["a", None], "a"), ([None, "b"], "b"), (["a", "b"], "b")],
)
def test_the_last_failure_is_remembered_in_memory_and_in_the_file(book, failures, last):
    total = Tally()
    for failure in failures:
        total.add(Tally(1, failure=failure))
        book.add({"e.org": Tally(1, failure=failure)})
    assert total.failure == last
    assert rows_of(book) == [("e.org", 2, 0, last)]


def test_the_totals_of_several_hosts_are_separate(book):
    book.add({"a.org": Tally(1), "b.org": Tally(2, failures=1, failure="timeout")})
    book.add({"b.org": Tally(3)})
    book.add({})
    assert rows_of(book) == [("a.org", 1, 0, None), ("b.org", 5, 1, "timeout")]


def test_a_pause_keeps_the_totals_and_a_request_keeps_the_pause(book):
    book.add({"e.org": Tally(3, failures=1, failure="timeout")})
    book.pause("e.org", 3600, "status 429")
    book.add({"e.org": Tally(1)})
    assert rows_of(book) == [("e.org", 4, 1, "status 429")]
    assert book.paused() == {"e.org": "status 429, asked to wait"}


def test_a_later_pause_replaces_the_earlier_one(book):
    book.pause("e.org", 3600, "status 429")
    book.pause("e.org", 60, "status 503")
    assert book.paused() == {"e.org": "status 503, asked to wait"}
    assert 0 < pause_of(book, "e.org") <= 60
    book.pause("e.org", -1, "status 503")
    assert book.paused() == {}


@pytest.mark.parametrize(
    ("asked", "paused"), [(3600, 3600), (MAX_PAUSE, MAX_PAUSE), (MAX_PAUSE * 2, MAX_PAUSE)]
)
def test_a_pause_is_limited(book, asked, paused):
    book.pause("e.org", asked, "status 429")
    assert paused - 60 < pause_of(book, "e.org") <= paused
