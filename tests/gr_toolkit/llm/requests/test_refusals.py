import pytest

from gr_toolkit.llm.requests import refusals as module
from gr_toolkit.llm.requests.refusals import LONGEST_PAUSE, Refusals


def after_a_refusal(maximum=256, in_flight=256) -> Refusals:
    refusals = Refusals(maximum)
    refusals.refuse(sent_at=9.0, now=10.0, in_flight=in_flight, wait=0.0)
    return refusals


def test_nothing_is_limited_before_a_refusal():
    refusals = Refusals(256)
    assert refusals.limit(0.0) == 256
    assert refusals.resume_at < 0


def test_refusal_lowers_the_limit_which_returns_within_seconds():
    refusals = after_a_refusal()
    assert round(refusals.limit(10.0)) == 205
    assert refusals.limit(12.5) > 0.9 * 256
    assert refusals.limit(16.0) == 256


def test_small_limit_is_kept_for_longer_near_the_one_that_was_refused():
    refusals = after_a_refusal(in_flight=32)
    assert 25 <= refusals.limit(10.0) < 26
    assert 31 <= refusals.limit(13.0) <= 33
    assert refusals.limit(60.0) == 256


def test_burst_of_refusals_lowers_the_limit_once():
    refusals = after_a_refusal()
    for sent_at in (9.2, 9.9, 10.1, 10.2):
        refusals.refuse(sent_at, now=10.3, in_flight=200, wait=0.0)
    assert round(refusals.limit(10.0)) == 205


def test_reply_to_an_earlier_request_does_not_show_that_the_lower_limit_is_admitted():
    refusals = after_a_refusal()
    refusals.admit(sent_at=9.5)
    refusals.refuse(10.1, now=10.2, in_flight=205, wait=0.0)
    assert round(refusals.limit(10.0)) == 205
    refusals.admit(sent_at=10.5)
    refusals.refuse(10.6, now=20.0, in_flight=100, wait=0.0)
    assert round(refusals.limit(20.0)) == 80


def test_while_all_are_refused_the_pause_doubles_up_to_a_limit_and_a_reply_ends_it():
    refusals, now, pauses = after_a_refusal(), 10.1, []
    for _ in range(14):
        refusals.refuse(now, now, in_flight=100, wait=0.0)
        refusals.refuse(now, now, in_flight=100, wait=0.0)  # one of the same moment adds nothing
        pauses.append(round(refusals.resume_at - now, 3))
        now = refusals.resume_at
    first = module.FIRST_PAUSE  # short in these tests
    assert pauses[:4] == [first, 2 * first, 4 * first, 8 * first]
    assert pauses[-1] == LONGEST_PAUSE
    refusals.admit(now)
    refusals.refuse(now, now, in_flight=100, wait=0.0)  # lowers the limit
    now += 0.1
    refusals.refuse(now, now, in_flight=100, wait=0.0)
    assert refusals.resume_at - now == pytest.approx(first)


def test_short_pause_that_the_server_asks_for_doubles_too_while_all_are_refused():
    refusals, now, pauses = after_a_refusal(), 10.1, []
    for _ in range(5):
        refusals.refuse(now, now, in_flight=100, wait=0.02)
        pauses.append(round(refusals.resume_at - now, 3))
        now = refusals.resume_at
    assert pauses == [0.02, 0.02, 0.04, 0.08, 0.16]


def test_without_a_pause_only_the_limit_falls():
    refusals = Refusals(16)
    for now in (1.0, 2.0, 3.0):
        refusals.refuse(now, now, in_flight=16, wait=None)
    assert refusals.limit(1.0) < 16
    assert refusals.resume_at < 0


def test_pause_is_as_long_as_the_server_asks():
    refusals = Refusals(16)
    refusals.refuse(1.0, now=2.0, in_flight=16, wait=30.0)
    assert refusals.resume_at == 32.0
    refusals.refuse(1.5, now=3.0, in_flight=16, wait=1.0)
    assert refusals.resume_at == 32.0
    refusals.refuse(1.5, now=4.0, in_flight=16, wait=60.0)
    assert refusals.resume_at == 64.0


def test_limit_is_at_least_one():
    refusals, now = Refusals(2), 0.0
    for _ in range(5):
        refusals.refuse(now, now, in_flight=1, wait=0.0)
        refusals.admit(now)
        assert refusals.limit(now) == 1.0
        now += 0.01
