"""Whose turn it is: results are taken in the order of the queue, and no host is asked more than it bears."""

import pytest

from crawl.frontier.frontier import Frontier
from crawl.result import FetchFailure
from crawl.web.scheduler import Scheduler
from gr_toolkit.settings import CrawlSettings

DONE = FetchFailure("done", refused=True)  # some result that stands


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


def scheduler_of(frontier, **settings):
    """A scheduler in which every host has answered once."""
    scheduler = Scheduler(frontier, CrawlSettings(**{"delay": 0, "retries": 0, **settings}))
    for host_queue in scheduler.host_queues.values():
        host_queue.met = True
    return scheduler


def urls_of(entries):
    return [entry.url for entry in entries]


def end(scheduler, entry, result=DONE):
    """The request of an entry ends; what is taken with it."""
    return list(scheduler.finish(entry, result)) if scheduler.answered(entry, result, 0.0) else []


def all_given(scheduler):
    return list(iter(scheduler.next, None))


def test_hosts_take_turns_and_none_has_more_than_its_share_in_flight(frontier):
    scheduler = scheduler_of(frontier, concurrency_per_host=2)
    given = all_given(scheduler)
    assert urls_of(given) == ["http://a.org/0", "http://b.org/0", "http://a.org/1", "http://b.org/1"]
    assert scheduler.anything_left()


def test_a_host_that_has_not_answered_yet_gets_one_request(frontier):
    scheduler = Scheduler(frontier, CrawlSettings(delay=0))
    first, _ = all_given(scheduler)
    end(scheduler, first)
    assert urls_of(all_given(scheduler)) == ["http://a.org/1", "http://a.org/2"]


def test_a_result_waits_for_those_before_it(frontier):
    scheduler = scheduler_of(frontier, concurrency_per_host=3)
    first, second, third = (entry for entry in all_given(scheduler) if entry.host == "a.org")
    assert end(scheduler, third) == []
    assert end(scheduler, first) == [(first, DONE)]
    assert end(scheduler, second) == [(second, DONE), (third, DONE)]


def test_a_limit_counts_rows_and_a_url_that_gave_none_makes_room_for_another(frontier):
    scheduler = scheduler_of(frontier, max_pages=2)
    first, second = all_given(scheduler)
    end(scheduler, first)
    (third,) = all_given(scheduler)
    for entry in (second, third):
        end(scheduler, entry)
        scheduler.count_row(entry.host)
    assert scheduler.next() is None
    assert not scheduler.anything_left()


def test_a_limit_of_a_host_leaves_the_others_theirs(frontier):
    scheduler = scheduler_of(frontier, max_pages_per_host=1)
    first, second = all_given(scheduler)
    end(scheduler, first)
    scheduler.count_row(first.host)
    end(scheduler, second)
    (third,) = all_given(scheduler)
    assert (first.host, second.host, third.url) == ("a.org", "b.org", "http://b.org/1")


def test_one_host_is_asked_every_so_often(frontier, clock):
    scheduler = scheduler_of(frontier, delay=10)
    assert urls_of(all_given(scheduler)) == ["http://a.org/0", "http://b.org/0"]
    assert clock.now + 5 <= scheduler.wakes_at() <= clock.now + 15  # it varies by half
    clock.now += 15
    assert urls_of(all_given(scheduler)) == ["http://a.org/1", "http://b.org/1"] or len(scheduler.asleep) == 2


def test_a_crawl_delay_is_kept_and_one_that_is_too_long_closes_the_host(frontier, clock):
    scheduler = scheduler_of(frontier, delay=1, max_wait=60)
    scheduler.slow_down("a.org", 50)
    scheduler.slow_down("b.org", 61)
    assert urls_of(all_given(scheduler)) == ["http://a.org/0"]
    assert scheduler.wakes_at() >= clock.now + 25
    assert scheduler.closed == {"b.org": "Crawl-delay of 61 seconds"}


def test_a_host_that_asks_to_wait_gets_no_request_until_then(frontier, clock):
    scheduler = scheduler_of(frontier, retries=1)
    first = scheduler.next()
    assert not scheduler.answered(first, FetchFailure("status 429", wait=30), 0.0)
    given = all_given(scheduler)
    assert {entry.host for entry in given} == {"b.org"}
    clock.now += 30
    assert scheduler.next() == first
    assert end(scheduler, first, FetchFailure("status 429", wait=30)) == [
        (first, FetchFailure("status 429", wait=30))
    ]


def test_a_host_that_asks_to_wait_for_too_long_is_left_alone_by_later_runs_too(frontier):
    scheduler = scheduler_of(frontier, retries=1, max_wait=60)
    first = scheduler.next()
    end(scheduler, first, FetchFailure("status 503", wait=3600))
    assert {entry.host for entry in all_given(scheduler)} == {"b.org"}
    frontier.requeue([])
    assert set(Scheduler(frontier, CrawlSettings()).host_queues) == {"b.org"}


def test_what_failed_is_tried_again_so_many_times(frontier):
    scheduler = scheduler_of(frontier, retries=2, concurrency_per_host=1)
    first = scheduler.next()
    assert end(scheduler, first, FetchFailure("timeout")) == []
    assert scheduler.next().host == "b.org"
    assert scheduler.next() == first
    assert end(scheduler, first, FetchFailure("timeout")) == []
    assert scheduler.next() == first
    assert end(scheduler, first, FetchFailure("timeout")) == [(first, FetchFailure("timeout"))]
    assert scheduler.next().url == "http://a.org/1"


def test_results_that_wait_do_not_keep_the_first_from_being_tried_again(frontier, monkeypatch):
    monkeypatch.setattr("crawl.web.scheduler.WINDOW", 2)
    scheduler = scheduler_of(frontier, retries=1, concurrency_per_host=3)
    first, second = (entry for entry in all_given(scheduler) if entry.host == "a.org")
    assert end(scheduler, second) == []
    assert end(scheduler, first, FetchFailure("timeout")) == []
    assert scheduler.next() == first
    assert end(scheduler, first) == [(first, DONE), (second, DONE)]
    assert scheduler.next().url == "http://a.org/2"


def test_a_host_that_fails_again_and_again_is_left_alone(frontier):
    scheduler = scheduler_of(frontier, max_failures=2, concurrency_per_host=1)
    for _ in range(2):
        end(
            scheduler,
            next(entry for entry in all_given(scheduler) if entry.host == "a.org"),
            FetchFailure("timeout"),
        )
    assert scheduler.closed == {"a.org": "timeout"}
    assert {entry.host for entry in all_given(scheduler)} <= {"b.org"}
    assert frontier.take("a.org").url == "http://a.org/2"  # for the next run


def test_what_waits_to_be_tried_again_fails_with_its_host(frontier):
    scheduler = scheduler_of(frontier, max_failures=3, retries=5, concurrency_per_host=2)
    first, second = (entry for entry in all_given(scheduler) if entry.host == "a.org")
    for entry in (first, second):
        assert end(scheduler, entry, FetchFailure("timeout")) == []
    assert scheduler.next() == first
    assert end(scheduler, first, FetchFailure("timeout")) == [
        (first, FetchFailure("timeout")),
        (second, FetchFailure("timeout")),
    ]


def test_a_host_that_is_left_alone_does_not_hold_up_the_end(frontier, clock):
    scheduler = scheduler_of(frontier, delay=50)
    for entry in all_given(scheduler):
        scheduler.close(entry.host, "enough")
        end(scheduler, entry)
    assert all_given(scheduler) == []
    assert not scheduler.anything_left()
    assert scheduler.wakes_at() is None


def test_more_hosts_than_lanes_all_get_their_turn(frontier, monkeypatch):
    monkeypatch.setattr("crawl.web.scheduler.MAX_HOST_QUEUES", 4)
    frontier.add([f"http://{letter}.net/{number}" for letter in "cdefghij" for number in range(2)], 0)
    scheduler = Scheduler(frontier, CrawlSettings(delay=0))
    given = []
    while scheduler.anything_left():
        entry = scheduler.next()
        assert len(scheduler.host_queues) <= 4
        if entry is None:
            break
        given.append(entry.url)
        if entry.host == "j.net":  # found late, of a host whose name was passed already
            scheduler.open(frontier.add(["http://aa.net/late"], 0))
        end(scheduler, entry)
    assert len(given) == len(set(given)) == 6 + 16 + 1
    assert not scheduler.anything_left()


def test_a_redirect_waits_for_its_turn_and_goes_before_what_is_new(frontier):
    scheduler = scheduler_of(frontier, concurrency_per_host=1)
    first, _ = all_given(scheduler)
    scheduler.send_on(first)
    assert scheduler.next() == first
