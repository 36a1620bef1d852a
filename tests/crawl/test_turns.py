"""Results are taken in the order of the queue, whichever comes first."""

import pytest

from crawl.frontier import Frontier
from crawl.response import Miss
from crawl.turns import Turns


@pytest.fixture
def frontier(tmp_path):
    frontier = Frontier(tmp_path / "frontier.sqlite", max_depth=2)
    frontier.add([f"http://{host}.org/{number}" for host in "ab" for number in range(3)], 0)
    yield frontier
    frontier.close()


def urls_of(entries):
    return [entry.url for entry in entries]


def test_hosts_take_turns_and_none_has_more_than_its_share_in_flight(frontier):
    turns = Turns(frontier, per_host=2, limit=None)
    given = [turns.next() for _ in range(5)]
    assert urls_of(given[:4]) == ["http://a.org/0", "http://b.org/0", "http://a.org/1", "http://b.org/1"]
    assert given[4] is None
    assert turns.anything_left()


def test_a_result_waits_for_those_before_it(frontier):
    turns = Turns(frontier, per_host=3, limit=None)
    first, second, third = (entry for entry in [turns.next() for _ in range(6)] if entry.host == "a.org")
    assert list(turns.finish(third, Miss("c"))) == []
    assert list(turns.finish(first, Miss("a"))) == [(first, Miss("a"))]
    assert list(turns.finish(second, Miss("b"))) == [(second, Miss("b")), (third, Miss("c"))]


def test_a_limit_counts_rows_and_a_url_that_gave_none_makes_room_for_another(frontier):
    turns = Turns(frontier, per_host=3, limit=2)
    first, second = turns.next(), turns.next()
    assert turns.next() is None
    list(turns.finish(first, Miss("timeout")))
    third = turns.next()
    assert third is not None
    for entry in (second, third):
        list(turns.finish(entry, Miss("as if a row")))
        turns.count_row()
    assert turns.next() is None
    assert not turns.anything_left()
