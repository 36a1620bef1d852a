"""How often a host is asked, and how long it is waited for."""

from __future__ import annotations

from scrapy.http import Headers

from crawl.web.robots import wait_of
from crawl.web.throttle import MAX_DELAY, Throttle


def waits(throttle):
    return [throttle.wait() for _ in range(200)]


def test_the_delay_varies_by_half():
    found = waits(Throttle(least=10, at_once=4))
    assert 5 <= min(found) < 7
    assert 13 < max(found) <= 15


def test_a_slow_host_is_asked_less_and_a_quick_one_no_more_than_the_delay_allows():
    throttle = Throttle(least=1, at_once=2)
    throttle.answered(8.0, ok=True)
    assert throttle.seconds == 4
    for _ in range(50):
        throttle.answered(0.01, ok=True)
    assert throttle.seconds == 1
    throttle.answered(1000.0, ok=True)
    assert throttle.seconds == MAX_DELAY


def test_a_failure_that_comes_quickly_makes_nothing_faster():
    throttle = Throttle(least=1, at_once=1)
    throttle.answered(8.0, ok=True)
    throttle.answered(0.0, ok=False)
    assert throttle.seconds == 8
    throttle.answered(20.0, ok=False)
    assert throttle.seconds == 20


def test_without_a_delay_there_is_no_waiting():
    throttle = Throttle(least=0, at_once=4)
    throttle.answered(8.0, ok=True)
    assert waits(throttle) == [0] * 200


def test_a_crawl_delay_counts_if_it_is_longer():
    throttle = Throttle(least=10, at_once=4)
    throttle.slow_down(2)
    assert throttle.least == 10
    throttle.slow_down(20)
    assert min(waits(throttle)) >= 10


def test_a_retry_after_is_read_from_the_headers():
    assert wait_of(Headers()) is None
    assert wait_of(Headers({"Retry-After": "soon"})) is None
    assert wait_of(Headers({"Retry-After": " 120 "})) == 120
