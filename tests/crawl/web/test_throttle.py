"""How often a host is asked, and how long it is waited for."""

from __future__ import annotations

from crawl.web.throttle import LONGEST, Pace


def waits(pace):
    return [pace.wait() for _ in range(200)]


def test_the_delay_varies_by_half():
    found = waits(Pace(least=10, at_once=4))
    assert 5 <= min(found) < 7
    assert 13 < max(found) <= 15


def test_a_slow_host_is_asked_less_and_a_quick_one_no_more_than_the_delay_allows():
    pace = Pace(least=1, at_once=2)
    pace.answered(8.0, ok=True)
    assert pace.seconds == 4
    for _ in range(50):
        pace.answered(0.01, ok=True)
    assert pace.seconds == 1
    pace.answered(1000.0, ok=True)
    assert pace.seconds == LONGEST


def test_a_failure_that_comes_quickly_makes_nothing_faster():
    pace = Pace(least=1, at_once=1)
    pace.answered(8.0, ok=True)
    pace.answered(0.0, ok=False)
    assert pace.seconds == 8
    pace.answered(20.0, ok=False)
    assert pace.seconds == 20


def test_without_a_delay_there_is_no_waiting():
    pace = Pace(least=0, at_once=4)
    pace.answered(8.0, ok=True)
    assert waits(pace) == [0] * 200


def test_a_crawl_delay_counts_if_it_is_longer():
    pace = Pace(least=10, at_once=4)
    pace.slow_down(2)
    assert pace.least == 10
    pace.slow_down(20)
    assert min(waits(pace)) >= 10
