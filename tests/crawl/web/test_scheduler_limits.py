"""The scheduler's limits: retries, pauses, pages, failures in a row, and the order after each."""

from __future__ import annotations

import pytest

from crawl.frontier.frontier import Frontier
from crawl.result import FetchFailure, Unchanged
from crawl.web.scheduler import Scheduler
from crawl.web.throttle import Throttle
from gr_toolkit.settings import CrawlSettings

DONE = FetchFailure("done", refused=True)
TIMEOUT = FetchFailure("timeout")


@pytest.fixture
def schedule(tmp_path):
    """A scheduler of some URLs of e.org, which has answered once."""
    frontiers = []

    def make(*urls, answered=True, **settings):
        frontier = Frontier(tmp_path / "frontier.sqlite", max_depth=2)
        frontiers.append(frontier)
        frontier.add([f"http://e.org/{url}" for url in urls], 0)
        scheduler = Scheduler(frontier, CrawlSettings(**{"delay": 0, "retries": 0, **settings}))
        for host_queue in scheduler.host_queues.values():
            host_queue.has_answered = answered
        return scheduler

    yield make
    for frontier in frontiers:
        frontier.close()


def end(scheduler, entry, result=DONE, latency=0.0):
    final = scheduler.end_request(entry, result, latency)
    return list(scheduler.finish(entry, result)) if final else None


def names(entries):
    return [entry.url.rpartition("/")[2] for entry in entries]


def available(scheduler):
    return list(iter(scheduler.next, None))


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_request_is_sent_once_and_then_once_per_retry(schedule, retries):
    scheduler = schedule("a", retries=retries)
    sent = 0
    while entry := scheduler.next():
        end(scheduler, entry, TIMEOUT)
        sent += 1
    assert sent == retries + 1
    assert not scheduler.has_pending()


def test_a_refused_request_is_not_retried_and_is_no_failure_of_the_host(schedule):
    scheduler = schedule("a", "b", retries=5, max_failures=1)
    assert [end(scheduler, entry) is not None for entry in available(scheduler)] == [True, True]
    assert scheduler.closed == {}


def test_only_failures_in_a_row_close_a_host(schedule):
    scheduler = schedule("a", "b", "c", "d", max_failures=2, concurrency_per_host=1)
    for result in (TIMEOUT, Unchanged(), TIMEOUT, TIMEOUT):
        end(scheduler, scheduler.next(), result)
    assert scheduler.closed == {"e.org": "timeout"}


def test_a_closed_host_keeps_its_first_reason(schedule):
    scheduler = schedule("a")
    scheduler.close("e.org", "first")
    scheduler.close("e.org", "second")
    assert scheduler.closed == {"e.org": "first"}
    assert available(scheduler) == []


def test_a_host_closed_before_its_urls_are_found_is_not_opened(schedule):
    scheduler = schedule()
    scheduler.close("e.org", "robots.txt")
    scheduler.frontier.add(["http://e.org/a"], 0)
    scheduler.open(["e.org"])
    assert scheduler.host_queues == {}
    assert not scheduler.has_pending()


def test_a_closed_host_gets_no_retry_and_its_results_keep_their_order(schedule):
    scheduler = schedule(*"abc", retries=5, concurrency_per_host=2)
    first, second = available(scheduler)
    end(scheduler, first, TIMEOUT)
    scheduler.close("e.org", "enough")
    assert available(scheduler) == []
    assert end(scheduler, second) == [(first, FetchFailure("enough")), (second, DONE)]


def test_a_host_skipped_for_lack_of_room_is_crawled_later(schedule, monkeypatch):
    monkeypatch.setattr("crawl.web.scheduler.MAX_HOST_QUEUES", 1)
    scheduler = schedule("a")
    scheduler.open(scheduler.frontier.add(["http://before.org/late"], 0))
    assert list(scheduler.host_queues) == ["e.org"]
    end(scheduler, scheduler.next())
    assert names([*available(scheduler), *available(scheduler)]) == ["late"]
    assert not scheduler.skipped_hosts


def test_retries_follow_in_the_order_of_their_failures_and_precede_new_urls(schedule):
    scheduler = schedule(*"abcd", retries=1, concurrency_per_host=3)
    first, second, third = available(scheduler)
    for entry in (second, third, first):
        end(scheduler, entry, TIMEOUT)
    assert names(available(scheduler)) == ["b", "c", "a"]


def test_a_redirect_is_sent_before_a_retry(schedule):
    scheduler = schedule(*"abc", retries=1, concurrency_per_host=2)
    first, second = available(scheduler)
    end(scheduler, first, TIMEOUT)
    scheduler.resend(second)
    assert names(available(scheduler)) == ["b", "a"]


def test_a_host_without_an_answer_gets_one_request_even_after_a_failure(schedule):
    scheduler = schedule(*"abc", answered=False, retries=1)
    (first,) = available(scheduler)
    end(scheduler, first, TIMEOUT)
    assert names(available(scheduler)) == ["a"]


@pytest.mark.parametrize(("wait", "closed"), [(60, False), (60.5, True)])
def test_a_wait_up_to_max_wait_is_respected_and_a_longer_one_closes_the_host(schedule, clock, wait, closed):
    scheduler = schedule(*"ab", max_wait=60, retries=1, concurrency_per_host=1)
    end(scheduler, scheduler.next(), FetchFailure("status 429", wait=wait))
    assert available(scheduler) == []
    assert scheduler.wakes_at() == (None if closed else clock.now + wait)
    assert bool(scheduler.closed) is closed
    assert scheduler.frontier.book.paused() == ({"e.org": "status 429, asked to wait"} if closed else {})


def test_a_shorter_wait_does_not_replace_a_longer_one(schedule, clock):
    scheduler = schedule(*"abc", retries=1, concurrency_per_host=2)
    first, second = available(scheduler)
    end(scheduler, first, FetchFailure("status 429", wait=30))
    end(scheduler, second, FetchFailure("status 429", wait=5))
    assert available(scheduler) == []
    assert scheduler.wakes_at() == clock.now + 30
    clock.now += 30
    assert names(available(scheduler)) == ["a", "b"]


@pytest.mark.parametrize(("seconds", "closed"), [(60, {}), (61, {"e.org": "Crawl-delay of 61 seconds"})])
def test_a_crawl_delay_up_to_max_wait_is_respected(schedule, seconds, closed):
    scheduler = schedule("a", max_wait=60)
    scheduler.slow_down("e.org", seconds)
    scheduler.slow_down("unknown.org", seconds - 60)
    assert scheduler.closed == closed


def test_a_slow_host_is_asked_less_often_and_a_failure_does_not_speed_it_up(schedule):
    scheduler = schedule(*"abc", delay=1, concurrency_per_host=2, retries=0)
    throttle = scheduler.host_queues["e.org"].throttle
    entry = scheduler.next()
    end(scheduler, entry, latency=20.0)
    assert throttle.delay == 10
    scheduler.host_queues["e.org"].not_before = 0
    end(scheduler, scheduler.next(), TIMEOUT, latency=0.1)
    assert throttle.delay == 10


@pytest.mark.parametrize(("latency", "delay"), [(2.0, 5.0), (0.0, 4.0), (30.0, 30.0)])
def test_a_delay_grows_at_once_and_shrinks_by_half(latency, delay):
    throttle = Throttle(min_delay=1, concurrency=1, delay=8.0)
    throttle.adjust(latency, ok=True)
    assert throttle.delay == delay


def test_an_entry_that_needs_no_request_costs_no_delay(schedule, clock):
    scheduler = schedule(*"abc", delay=10, concurrency_per_host=1)
    scheduler.skip(scheduler.next())
    assert names(available(scheduler)) == ["b"]


@pytest.mark.parametrize(("limit", "sent"), [({"max_pages": 2}, 2), ({"max_pages_per_host": 2}, 2), ({}, 3)])
def test_urls_in_flight_count_towards_the_limits_of_pages(schedule, limit, sent):
    scheduler = schedule(*"abc", concurrency_per_host=9, **limit)
    assert len(available(scheduler)) == sent


def test_a_url_that_adds_no_row_makes_room_for_another(schedule):
    scheduler = schedule(*"abc", max_pages_per_host=1)
    (first,) = available(scheduler)
    end(scheduler, first)
    (second,) = available(scheduler)
    scheduler.count_row("e.org")
    end(scheduler, second)
    assert available(scheduler) == []


def test_hosts_wake_in_the_order_of_their_times(schedule, clock):
    scheduler = schedule("a", retries=1)
    scheduler.frontier.add(["http://d.org/1", "http://f.org/1"], 0)
    scheduler.open(["d.org", "f.org"])
    waits = {"e.org": 3, "d.org": 2, "f.org": 1}
    for entry in available(scheduler):
        end(scheduler, entry, FetchFailure("status 503", wait=waits[entry.host]))
    assert available(scheduler) == []
    clock.now += 2
    assert [entry.host for entry in available(scheduler)] == ["f.org", "d.org"]
    assert scheduler.wakes_at() == clock.now + 1
