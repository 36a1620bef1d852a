"""The scheduler: results are processed in queue order, and limits per host are respected."""

import pytest

from crawl.frontier.frontier import Frontier
from crawl.result import FetchFailure
from crawl.web.scheduler import Scheduler
from gr_toolkit.settings import CrawlSettings

DONE = FetchFailure("done", refused=True)  # a final result


@pytest.fixture
def frontier(tmp_path):
    frontier = Frontier(tmp_path / "frontier.sqlite", max_depth=2)
    frontier.add([f"http://{host}.org/{number}" for host in "ab" for number in range(3)], 0)
    yield frontier
    frontier.close()


def scheduler_of(frontier, **settings):
    """Create a scheduler in which every host has answered once."""
    scheduler = Scheduler(frontier, CrawlSettings(**{"delay": 0, "retries": 0, **settings}))
    for host_queue in scheduler.host_queues.values():
        host_queue.has_answered = True
    return scheduler


def urls_of(entries):
    return [entry.url for entry in entries]


def end(scheduler, entry, result=DONE):
    """End the request of an entry and return the results that are ready."""
    return list(scheduler.finish(entry, result)) if scheduler.end_request(entry, result, 0.0) else []


def all_available(scheduler):
    return list(iter(scheduler.next, None))


def test_hosts_take_turns_within_the_limit_of_concurrent_requests(frontier):
    scheduler = scheduler_of(frontier, concurrency_per_host=2)
    sent = all_available(scheduler)
    assert urls_of(sent) == ["http://a.org/0", "http://b.org/0", "http://a.org/1", "http://b.org/1"]
    assert scheduler.has_pending()


def test_a_host_gets_one_request_until_its_first_response(frontier):
    scheduler = Scheduler(frontier, CrawlSettings(delay=0))
    first, _ = all_available(scheduler)
    end(scheduler, first)
    assert urls_of(all_available(scheduler)) == ["http://a.org/1", "http://a.org/2"]


def test_a_result_waits_for_earlier_entries(frontier):
    scheduler = scheduler_of(frontier, concurrency_per_host=3)
    first, second, third = (entry for entry in all_available(scheduler) if entry.host == "a.org")
    assert end(scheduler, third) == []
    assert end(scheduler, first) == [(first, DONE)]
    assert end(scheduler, second) == [(second, DONE), (third, DONE)]


def test_max_pages_counts_rows_and_not_failed_urls(frontier):
    scheduler = scheduler_of(frontier, max_pages=2)
    first, second = all_available(scheduler)
    end(scheduler, first)
    (third,) = all_available(scheduler)
    for entry in (second, third):
        end(scheduler, entry)
        scheduler.count_row(entry.host)
    assert scheduler.next() is None
    assert not scheduler.has_pending()


def test_max_pages_per_host_applies_to_each_host(frontier):
    scheduler = scheduler_of(frontier, max_pages_per_host=1)
    first, second = all_available(scheduler)
    end(scheduler, first)
    scheduler.count_row(first.host)
    end(scheduler, second)
    (third,) = all_available(scheduler)
    assert (first.host, second.host, third.url) == ("a.org", "b.org", "http://b.org/1")


def test_requests_to_one_host_are_delayed(frontier, clock):
    scheduler = scheduler_of(frontier, delay=10)
    assert urls_of(all_available(scheduler)) == ["http://a.org/0", "http://b.org/0"]
    assert clock.now + 5 <= scheduler.wakes_at() <= clock.now + 15  # it varies by half
    clock.now += 15
    assert (
        urls_of(all_available(scheduler)) == ["http://a.org/1", "http://b.org/1"]
        or len(scheduler.sleeping) == 2
    )


def test_a_crawl_delay_is_respected_and_closes_the_host_if_too_long(frontier, clock):
    scheduler = scheduler_of(frontier, delay=1, max_wait=60)
    scheduler.slow_down("a.org", 50)
    scheduler.slow_down("b.org", 61)
    assert urls_of(all_available(scheduler)) == ["http://a.org/0"]
    assert scheduler.wakes_at() >= clock.now + 25
    assert scheduler.closed == {"b.org": "Crawl-delay of 61 seconds"}


def test_a_host_gets_no_request_until_retry_after_has_passed(frontier, clock):
    scheduler = scheduler_of(frontier, retries=1)
    first = scheduler.next()
    assert not scheduler.end_request(first, FetchFailure("status 429", wait=30), 0.0)
    sent = all_available(scheduler)
    assert {entry.host for entry in sent} == {"b.org"}
    clock.now += 30
    assert scheduler.next() == first
    assert end(scheduler, first, FetchFailure("status 429", wait=30)) == [
        (first, FetchFailure("status 429", wait=30))
    ]


def test_later_runs_skip_a_host_whose_retry_after_is_too_long(frontier):
    scheduler = scheduler_of(frontier, retries=1, max_wait=60)
    first = scheduler.next()
    end(scheduler, first, FetchFailure("status 503", wait=3600))
    assert {entry.host for entry in all_available(scheduler)} == {"b.org"}
    frontier.requeue([])
    assert set(Scheduler(frontier, CrawlSettings()).host_queues) == {"b.org"}


def test_a_failed_request_is_retried_up_to_the_limit(frontier):
    scheduler = scheduler_of(frontier, retries=2, concurrency_per_host=1)
    first = scheduler.next()
    assert end(scheduler, first, FetchFailure("timeout")) == []
    assert scheduler.next().host == "b.org"
    assert scheduler.next() == first
    assert end(scheduler, first, FetchFailure("timeout")) == []
    assert scheduler.next() == first
    assert end(scheduler, first, FetchFailure("timeout")) == [(first, FetchFailure("timeout"))]
    assert scheduler.next().url == "http://a.org/1"


def test_a_full_window_does_not_block_a_retry_of_its_first_entry(frontier, monkeypatch):
    monkeypatch.setattr("crawl.web.scheduler.WINDOW", 2)
    scheduler = scheduler_of(frontier, retries=1, concurrency_per_host=3)
    first, second = (entry for entry in all_available(scheduler) if entry.host == "a.org")
    assert end(scheduler, second) == []
    assert end(scheduler, first, FetchFailure("timeout")) == []
    assert scheduler.next() == first
    assert end(scheduler, first) == [(first, DONE), (second, DONE)]
    assert scheduler.next().url == "http://a.org/2"


def test_a_host_is_closed_after_max_failures(frontier):
    scheduler = scheduler_of(frontier, max_failures=2, concurrency_per_host=1)
    for _ in range(2):
        end(
            scheduler,
            next(entry for entry in all_available(scheduler) if entry.host == "a.org"),
            FetchFailure("timeout"),
        )
    assert scheduler.closed == {"a.org": "timeout"}
    assert {entry.host for entry in all_available(scheduler)} <= {"b.org"}
    assert frontier.take("a.org").url == "http://a.org/2"  # for the next run


def test_closing_a_host_fails_its_pending_retries(frontier):
    scheduler = scheduler_of(frontier, max_failures=3, retries=5, concurrency_per_host=2)
    first, second = (entry for entry in all_available(scheduler) if entry.host == "a.org")
    for entry in (first, second):
        assert end(scheduler, entry, FetchFailure("timeout")) == []
    assert scheduler.next() == first
    assert end(scheduler, first, FetchFailure("timeout")) == [
        (first, FetchFailure("timeout")),
        (second, FetchFailure("timeout")),
    ]


def test_a_closed_host_does_not_delay_the_end(frontier, clock):
    scheduler = scheduler_of(frontier, delay=50)
    for entry in all_available(scheduler):
        scheduler.close(entry.host, "enough")
        end(scheduler, entry)
    assert all_available(scheduler) == []
    assert not scheduler.has_pending()
    assert scheduler.wakes_at() is None


def test_more_hosts_than_queues_are_all_crawled(frontier, monkeypatch):
    monkeypatch.setattr("crawl.web.scheduler.MAX_HOST_QUEUES", 4)
    frontier.add([f"http://{letter}.net/{number}" for letter in "cdefghij" for number in range(2)], 0)
    scheduler = Scheduler(frontier, CrawlSettings(delay=0))
    sent = []
    while scheduler.has_pending():
        entry = scheduler.next()
        assert len(scheduler.host_queues) <= 4
        if entry is None:
            break
        sent.append(entry.url)
        if entry.host == "j.net":  # found late; its host sorts before `last_host`
            scheduler.open(frontier.add(["http://aa.net/late"], 0))
        end(scheduler, entry)
    assert len(sent) == len(set(sent)) == 6 + 16 + 1
    assert not scheduler.has_pending()


def test_a_redirect_waits_for_its_host_and_precedes_new_entries(frontier):
    scheduler = scheduler_of(frontier, concurrency_per_host=1)
    first, _ = all_available(scheduler)
    scheduler.resend(first)
    assert scheduler.next() == first


def test_an_entry_to_resend_is_sent_although_no_more_rows_may_be_added(frontier, clock):
    """An entry that waits for its retry counts as outstanding, so it must not wait for itself."""
    scheduler = scheduler_of(frontier, max_pages=1, retries=1)
    first = scheduler.next()
    assert scheduler.next() is None  # its row may be the last one
    assert end(scheduler, first, FetchFailure("timeout")) == []
    assert scheduler.next() == first
    assert end(scheduler, first, FetchFailure("timeout")) == [(first, FetchFailure("timeout"))]
    assert scheduler.next() is not None  # another entry may add the row
