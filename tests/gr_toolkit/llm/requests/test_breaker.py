"""The circuit breaker, in simulated time."""

from __future__ import annotations

import math

import pytest

from gr_toolkit.llm.requests import breaker
from gr_toolkit.llm.requests.breaker import ENOUGH, FIRST_WAIT, MAX_WAIT, RECENT, Breaker

HOUR = 3600.0


@pytest.fixture(autouse=True)
def _real_waits(monkeypatch: pytest.MonkeyPatch):
    """The other tests shorten the waits, which cost nothing in simulated time."""
    monkeypatch.setattr(breaker, "FIRST_WAIT", FIRST_WAIT)


def opened(patience: float, at: float = 0.0, pause: float = 0.0) -> Breaker:
    outage = Breaker(patience)
    outage.open(at, pause)
    assert outage.is_open
    return outage


def probe(outage: Breaker, up_at: float, pause: float = 0.0) -> list[float]:
    """Probe a server that is up again at `up_at`, as soon as it may be; return the times of the probes."""
    times = []
    while outage.is_open and outage.probe_at < outage.deadline:
        now = outage.probe_at
        times.append(now)
        if now < up_at:
            outage.fail(1, now, now, pause)
        else:
            outage.succeed(1, now)
    return times


def test_closed_breaker_has_no_probe_and_no_deadline():
    closed = Breaker(600)
    assert not closed.is_open
    assert (closed.probe_at, closed.deadline) == (math.inf, math.inf)


def test_hour_of_outage_takes_few_probes_and_ends_within_a_minute_of_the_recovery():
    outage = opened(patience=2 * HOUR)
    times = probe(outage, up_at=HOUR)
    assert times[:8] == [1, 3, 7, 15, 31, 63, 123, 183]
    assert len(times) < 70
    assert not outage.is_open
    assert HOUR <= times[-1] <= HOUR + MAX_WAIT


@pytest.mark.parametrize("recovery", [0.5, 2, 10, 100, 1000, 5000])
def test_breaker_closes_within_the_time_that_the_outage_took_or_a_minute(recovery):
    outage = opened(patience=2 * HOUR)
    last = probe(outage, up_at=recovery)[-1]
    assert not outage.is_open
    assert last - recovery <= min(recovery + FIRST_WAIT, MAX_WAIT)


def test_breaker_gives_up_after_its_patience():
    outage = opened(patience=600, at=50)
    times = probe(outage, up_at=HOUR)
    assert outage.is_open
    assert outage.deadline == 650
    assert 550 < times[-1] < 650


def test_without_patience_no_probe_is_due_before_the_deadline():
    outage = opened(patience=0, at=50)
    assert outage.deadline == 50
    assert probe(outage, up_at=HOUR) == []


def test_request_that_always_fails_is_not_most_of_them():
    closed = Breaker(600)
    for time in range(1000):
        closed.fail(7, time, time)
    assert not closed.most_fail


def test_requests_that_always_fail_are_not_most_of_them_while_others_succeed():
    closed = Breaker(600)
    for time in range(1000):
        closed.succeed(100 + time, time)
        closed.fail(time % (ENOUGH + 1), time, time)
    assert not closed.most_fail


def test_four_failures_are_too_few_to_tell_and_five_are_enough():
    closed = Breaker(600)
    for request in range(ENOUGH - 1):
        closed.fail(request, request, request)
    assert not closed.most_fail
    closed.fail(ENOUGH, 9, 9.5)
    assert closed.most_fail
    assert not closed.is_open  # the caller looks for a proof first


@pytest.mark.parametrize(("failures", "most_fail"), [(RECENT // 2, False), (RECENT // 2 + 1, True)])
def test_more_than_half_of_the_recent_requests_must_fail(failures, most_fail):
    closed = Breaker(600)
    for request in range(5 * RECENT):
        closed.succeed(request, request)
    for request in range(failures):
        closed.fail(1000 + request, 1000, 1000)
    assert closed.most_fail is most_fail


def test_request_that_fails_again_is_recent_again():
    closed = Breaker(600)
    for request in range(RECENT):
        closed.succeed(request, 0)
    half = range(100, 100 + RECENT // 2)
    for request in half:
        closed.fail(request, 1, 1)
    for request in range(200, 200 + RECENT // 2):
        closed.succeed(request, 2)
    for request in half:
        closed.fail(request, 3, 3)
    assert not closed.most_fail
    closed.fail(300, 4, 4)  # takes the place of a success
    assert closed.most_fail


def test_request_that_succeeds_in_the_end_counts_as_a_success():
    closed = Breaker(600)
    for request in range(100):
        closed.fail(request, request, request)
        closed.succeed(request, request)
    assert not closed.most_fail


@pytest.mark.parametrize(("pause", "probe_at"), [(0.2, 1.0), (30.0, 30.0)])
def test_first_probe_waits_as_long_as_the_server_asks(pause, probe_at):
    assert opened(patience=600, pause=pause).probe_at == probe_at


def test_every_probe_waits_as_long_as_the_server_asks():
    assert probe(opened(patience=600, pause=20), up_at=100, pause=20) == [20, 40, 60, 80, 100]


def test_requests_sent_before_the_opening_change_nothing():
    outage = opened(patience=600, at=50)
    outage.succeed(1, 49.9)
    outage.fail(2, 49.9, 50.5)
    assert outage.is_open
    assert outage.probe_at == 51
    outage.succeed(3, 51)
    assert not outage.is_open


def test_breaker_that_has_closed_knows_nothing_of_the_outage():
    outage = opened(patience=600)
    probe(outage, up_at=300)
    assert (outage.probe_at, outage.deadline) == (math.inf, math.inf)
    for request in range(ENOUGH - 1):
        outage.fail(request, 400, 400)
    assert not outage.most_fail
    outage.open(400)
    assert (outage.probe_at, outage.deadline) == (401, 1000)
    assert probe(outage, up_at=410)[:3] == [401, 403, 407]


def test_all_recent_requests_fail_only_if_none_of_them_succeeded():
    closed = Breaker(600)
    for request in range(RECENT - 1):
        closed.fail(request, request, request)
    assert not closed.all_fail
    closed.fail(RECENT, 50, 50)
    assert closed.all_fail
    closed.succeed(3, 51)
    assert not closed.all_fail
