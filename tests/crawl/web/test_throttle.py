"""The delay between requests to one host, and Retry-After."""

from __future__ import annotations

from scrapy.http import Headers

from crawl.web.robots import requested_wait
from crawl.web.throttle import MAX_DELAY, Throttle


def delays(throttle):
    return [throttle.next_delay() for _ in range(200)]


def test_the_delay_varies_by_half():
    found = delays(Throttle(min_delay=10, concurrency=4))
    assert 5 <= min(found) < 7
    assert 13 < max(found) <= 15


def test_the_delay_follows_the_latency_and_stays_above_the_minimum():
    throttle = Throttle(min_delay=1, concurrency=2)
    throttle.adjust(8.0, ok=True)
    assert throttle.delay == 4
    for _ in range(50):
        throttle.adjust(0.01, ok=True)
    assert throttle.delay == 1
    throttle.adjust(1000.0, ok=True)
    assert throttle.delay == MAX_DELAY


def test_a_fast_failure_does_not_shorten_the_delay():
    throttle = Throttle(min_delay=1, concurrency=1)
    throttle.adjust(8.0, ok=True)
    throttle.adjust(0.0, ok=False)
    assert throttle.delay == 8
    throttle.adjust(20.0, ok=False)
    assert throttle.delay == 20


def test_a_minimum_of_zero_disables_waiting():
    throttle = Throttle(min_delay=0, concurrency=4)
    throttle.adjust(8.0, ok=True)
    assert delays(throttle) == [0] * 200


def test_a_longer_crawl_delay_replaces_the_minimum():
    throttle = Throttle(min_delay=10, concurrency=4)
    throttle.slow_down(2)
    assert throttle.min_delay == 10
    throttle.slow_down(20)
    assert min(delays(throttle)) >= 10


def test_retry_after_is_read_from_the_headers():
    assert requested_wait(Headers()) is None
    assert requested_wait(Headers({"Retry-After": "soon"})) is None
    assert requested_wait(Headers({"Retry-After": " 120 "})) == 120
