"""Whose turn it is: results are taken in the order of the queue, and no host is asked more than it bears."""

import pytest

from crawl.frontier.frontier import Frontier
from crawl.result import Miss
from crawl.web.scheduler import Turns
from gr_toolkit.settings import CrawlSettings

DONE = Miss("done", refused=True)  # some result that stands


@pytest.fixture
def frontier(tmp_path):
    frontier = Frontier(tmp_path / "frontier.sqlite", max_depth=2)
    frontier.add([f"http://{host}.org/{number}" for host in "ab" for number in range(3)], 0)
    yield frontier
    frontier.close()


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is told to go on."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr("crawl.web.scheduler.time", clock)
    return clock


def turns_of(frontier, **settings):
    """Turns in which every host has answered once."""
    turns = Turns(frontier, CrawlSettings(**{"delay": 0, "retries": 0, **settings}))
    for lane in turns.lanes.values():
        lane.met = True
    return turns


def urls_of(entries):
    return [entry.url for entry in entries]


def end(turns, entry, result=DONE):
    """The request of an entry ends; what is taken with it."""
    return list(turns.finish(entry, result)) if turns.answered(entry, result, 0.0) else []


def all_given(turns):
    return list(iter(turns.next, None))


def test_hosts_take_turns_and_none_has_more_than_its_share_in_flight(frontier):
    turns = turns_of(frontier, concurrency_per_host=2)
    given = all_given(turns)
    assert urls_of(given) == ["http://a.org/0", "http://b.org/0", "http://a.org/1", "http://b.org/1"]
    assert turns.anything_left()


def test_a_host_that_has_not_answered_yet_gets_one_request(frontier):
    turns = Turns(frontier, CrawlSettings(delay=0))
    first, _ = all_given(turns)
    end(turns, first)
    assert urls_of(all_given(turns)) == ["http://a.org/1", "http://a.org/2"]


def test_a_result_waits_for_those_before_it(frontier):
    turns = turns_of(frontier, concurrency_per_host=3)
    first, second, third = (entry for entry in all_given(turns) if entry.host == "a.org")
    assert end(turns, third) == []
    assert end(turns, first) == [(first, DONE)]
    assert end(turns, second) == [(second, DONE), (third, DONE)]


def test_a_limit_counts_rows_and_a_url_that_gave_none_makes_room_for_another(frontier):
    turns = turns_of(frontier, max_pages=2)
    first, second = all_given(turns)
    end(turns, first)
    (third,) = all_given(turns)
    for entry in (second, third):
        end(turns, entry)
        turns.count_row(entry.host)
    assert turns.next() is None
    assert not turns.anything_left()


def test_a_limit_of_a_host_leaves_the_others_theirs(frontier):
    turns = turns_of(frontier, max_pages_per_host=1)
    first, second = all_given(turns)
    end(turns, first)
    turns.count_row(first.host)
    end(turns, second)
    (third,) = all_given(turns)
    assert (first.host, second.host, third.url) == ("a.org", "b.org", "http://b.org/1")


def test_one_host_is_asked_every_so_often(frontier, clock):
    turns = turns_of(frontier, delay=10)
    assert urls_of(all_given(turns)) == ["http://a.org/0", "http://b.org/0"]
    assert clock.now + 5 <= turns.wakes_at() <= clock.now + 15  # it varies by half
    clock.now += 15
    assert urls_of(all_given(turns)) == ["http://a.org/1", "http://b.org/1"] or len(turns.asleep) == 2


def test_a_crawl_delay_is_kept_and_one_that_is_too_long_closes_the_host(frontier, clock):
    turns = turns_of(frontier, delay=1, max_wait=60)
    turns.slow_down("a.org", 50)
    turns.slow_down("b.org", 61)
    assert urls_of(all_given(turns)) == ["http://a.org/0"]
    assert turns.wakes_at() >= clock.now + 25
    assert turns.closed == {"b.org": "Crawl-delay of 61 seconds"}


def test_a_host_that_asks_to_wait_gets_no_request_until_then(frontier, clock):
    turns = turns_of(frontier, retries=1)
    first = turns.next()
    assert not turns.answered(first, Miss("status 429", wait=30), 0.0)
    given = all_given(turns)
    assert {entry.host for entry in given} == {"b.org"}
    clock.now += 30
    assert turns.next() == first
    assert end(turns, first, Miss("status 429", wait=30)) == [(first, Miss("status 429", wait=30))]


def test_a_host_that_asks_to_wait_for_too_long_is_left_alone_by_later_runs_too(frontier):
    turns = turns_of(frontier, retries=1, max_wait=60)
    first = turns.next()
    end(turns, first, Miss("status 503", wait=3600))
    assert {entry.host for entry in all_given(turns)} == {"b.org"}
    frontier.requeue([])
    assert set(Turns(frontier, CrawlSettings()).lanes) == {"b.org"}


def test_what_failed_is_tried_again_so_many_times(frontier):
    turns = turns_of(frontier, retries=2, concurrency_per_host=1)
    first = turns.next()
    assert end(turns, first, Miss("timeout")) == []
    assert turns.next().host == "b.org"
    assert turns.next() == first
    assert end(turns, first, Miss("timeout")) == []
    assert turns.next() == first
    assert end(turns, first, Miss("timeout")) == [(first, Miss("timeout"))]
    assert turns.next().url == "http://a.org/1"


def test_results_that_wait_do_not_keep_the_first_from_being_tried_again(frontier, monkeypatch):
    monkeypatch.setattr("crawl.web.scheduler.WINDOW", 2)
    turns = turns_of(frontier, retries=1, concurrency_per_host=3)
    first, second = (entry for entry in all_given(turns) if entry.host == "a.org")
    assert end(turns, second) == []
    assert end(turns, first, Miss("timeout")) == []
    assert turns.next() == first
    assert end(turns, first) == [(first, DONE), (second, DONE)]
    assert turns.next().url == "http://a.org/2"


def test_a_host_that_fails_again_and_again_is_left_alone(frontier):
    turns = turns_of(frontier, max_failures=2, concurrency_per_host=1)
    for _ in range(2):
        end(turns, next(entry for entry in all_given(turns) if entry.host == "a.org"), Miss("timeout"))
    assert turns.closed == {"a.org": "timeout"}
    assert {entry.host for entry in all_given(turns)} <= {"b.org"}
    assert frontier.take("a.org").url == "http://a.org/2"  # for the next run


def test_what_waits_to_be_tried_again_fails_with_its_host(frontier):
    turns = turns_of(frontier, max_failures=3, retries=5, concurrency_per_host=2)
    first, second = (entry for entry in all_given(turns) if entry.host == "a.org")
    for entry in (first, second):
        assert end(turns, entry, Miss("timeout")) == []
    assert turns.next() == first
    assert end(turns, first, Miss("timeout")) == [(first, Miss("timeout")), (second, Miss("timeout"))]


def test_a_host_that_is_left_alone_does_not_hold_up_the_end(frontier, clock):
    turns = turns_of(frontier, delay=50)
    for entry in all_given(turns):
        turns.close(entry.host, "enough")
        end(turns, entry)
    assert all_given(turns) == []
    assert not turns.anything_left()
    assert turns.wakes_at() is None


def test_more_hosts_than_lanes_all_get_their_turn(frontier, monkeypatch):
    monkeypatch.setattr("crawl.web.scheduler.MOST_LANES", 4)
    frontier.add([f"http://{letter}.net/{number}" for letter in "cdefghij" for number in range(2)], 0)
    turns = Turns(frontier, CrawlSettings(delay=0))
    given = []
    while turns.anything_left():
        entry = turns.next()
        assert len(turns.lanes) <= 4
        if entry is None:
            break
        given.append(entry.url)
        if entry.host == "j.net":  # found late, of a host whose name was passed already
            turns.open(frontier.add(["http://aa.net/late"], 0))
        end(turns, entry)
    assert len(given) == len(set(given)) == 6 + 16 + 1
    assert not turns.anything_left()


def test_a_redirect_waits_for_its_turn_and_goes_before_what_is_new(frontier):
    turns = turns_of(frontier, concurrency_per_host=1)
    first, _ = all_given(turns)
    turns.send_on(first)
    assert turns.next() == first
