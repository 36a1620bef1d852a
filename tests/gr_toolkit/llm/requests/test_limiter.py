import asyncio
import threading
import time

import pytest

from gr_toolkit.llm.requests.limiter import FIRST_INTERVAL, HASTE, SPREAD, Limiter, Pace
from loopback import Answer, asking, fails, says, serving, user


def test_requests_in_flight_never_exceed_the_limit():
    limiter = Limiter(3)
    in_flight, peak = 0, 0

    async def request():
        nonlocal in_flight, peak
        async with limiter.slot():
            in_flight += 1
            peak = max(peak, in_flight)
            await asyncio.sleep(0.01)
            limiter.answered(limiter.sent(), 10)
            in_flight -= 1

    async def many():
        await asyncio.gather(*(request() for _ in range(200)))

    asyncio.run(many())
    assert peak == 3


def test_requests_are_admitted_in_the_order_of_their_arrival():
    limiter, order = Limiter(1), []

    async def request(number):
        async with limiter.slot():
            order.append(number)
            await asyncio.sleep(0)

    async def many():
        await asyncio.gather(*map(request, range(20)))

    asyncio.run(many())
    assert order == list(range(20))


def test_request_that_is_sent_again_goes_first():
    limiter, order = Limiter(1), []

    async def request(number, again):
        async with limiter.slot(again=again):
            order.append(number)
            await asyncio.sleep(0)

    async def many():
        await asyncio.gather(*(request(number, number == 3) for number in range(4)))

    asyncio.run(many())
    assert order == [0, 3, 1, 2]


def test_load_grows_while_no_reply_comes():
    limiter = Limiter(64)
    admitted = []

    async def request(number):
        async with limiter.slot():
            limiter.sent()
            admitted.append(number)
            if len(admitted) == 64:
                everyone.set()
            await everyone.wait()

    async def many():
        async with asyncio.timeout(30):
            await asyncio.gather(*map(request, range(64)))

    everyone = asyncio.Event()
    asyncio.run(many())
    assert len(admitted) == 64


@pytest.mark.parametrize("is_admitted", [False, True])
def test_cancelled_request_leaves_its_slot_to_the_next(is_admitted):
    """Cancelled while it waits, or at the moment at which it gets the slot."""
    limiter = Limiter(1)

    async def hold():
        async with limiter.slot():
            await asyncio.Event().wait()

    async def pass_through():
        async with limiter.slot():
            pass

    async def main():
        first, second = asyncio.ensure_future(hold()), asyncio.ensure_future(hold())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if is_admitted:
            first.cancel()
            await asyncio.sleep(0)
            second.cancel()
        else:
            second.cancel()
            await asyncio.sleep(0)
            first.cancel()
        async with asyncio.timeout(5):
            await pass_through()
        await asyncio.gather(first, second, return_exceptions=True)

    asyncio.run(main())


def test_pace_admits_a_few_requests_at_once_and_then_spreads_them():
    pace, now, admitted = Pace(), 10.0, 0
    while pace.next_at <= now:
        pace.admit(now)
        admitted += 1
    assert 2 <= admitted <= 8
    for _ in range(1_000):
        now = pace.next_at
        pace.admit(now)
    assert now - 10.0 == pytest.approx(1_000 * HASTE * FIRST_INTERVAL, rel=0.01)


@pytest.mark.parametrize("together", [1, 256])
def test_pace_follows_the_work_for_a_reply_even_if_replies_come_together(together):
    pace, now, worked = Pace(), 1.0, 1.0
    pace.answered(now, worked)
    for _ in range(10_000 // together):
        now, worked = now + 0.020 * together, worked + 0.004 * together
        for _ in range(together):
            pace.answered(now, worked)
    assert SPREAD * 0.003 <= pace.between <= SPREAD * 0.005


@pytest.mark.parametrize("worked", [0.0, 1_000.0])
def test_pace_is_little_slower_after_a_pause_in_which_another_thread_took_over(worked):
    pace = Pace()
    pace.answered(1.0, worked=500.0)
    before = pace.between
    pace.answered(10_000.0, worked)
    assert 0 < pace.between <= 4 * before


def test_pace_is_faster_than_a_thread_that_only_works():
    pace, now = Pace(), 1.0
    for _ in range(10_000):
        now += 0.002
        pace.answered(now, worked=now)
    assert pace.between <= 0.9 * 0.002


def test_client_sends_fewer_concurrent_requests_after_429(tmp_path):
    lock, all_in_flight = threading.Lock(), threading.Barrier(16)
    arrived, in_flight, peak = 0, 0, 0

    def behave(body):
        nonlocal arrived, in_flight, peak
        with lock:
            arrived += 1
            is_refused = arrived <= 16
        if is_refused:
            all_in_flight.wait(60)
            return fails(429)
        with lock:
            in_flight += 1
            peak = max(peak, in_flight)
        time.sleep(0.02)
        with lock:
            in_flight -= 1
        return says("fine")

    with serving(behave) as server, asking(server, tmp_path, concurrency=16, patience=60.0) as llm:
        replies = llm.map(lambda n: llm.ask(user(str(n))), range(40), lambda _: None)
    assert len(replies) == 40
    assert peak < 16


@pytest.mark.parametrize(
    ("status", "lowers"),
    [(429, True), (503, True), (500, False), (502, False), (504, False), (408, False)],
)
def test_only_a_refusal_for_load_lowers_the_limit(tmp_path, status, lowers):
    with (
        serving(fails(status), says("fine")) as server,
        asking(server, tmp_path, concurrency=4, patience=60.0) as llm,
    ):
        llm.run(llm.ask(user("hello")))
        refusals = llm._endpoint._limiter._refusals
    assert (refusals.limit(refusals._cut_at) < 4) == lowers


@pytest.mark.parametrize("header", [{"retry_after": "0.2"}, {"retry_after_ms": "200"}])
def test_no_request_is_sent_in_the_pause_that_the_server_asks_for(tmp_path, header):
    times, refused_at = [], []

    def behave(body):
        times.append(time.monotonic())
        if len(times) > 1:
            return says("fine")
        refused_at.append(time.monotonic())
        return fails(429, **header)

    with serving(behave) as server, asking(server, tmp_path, concurrency=4) as llm:
        llm.map(lambda n: llm.ask(user(str(n))), range(4), lambda _: None)
        resume_at = llm._endpoint._limiter._refusals.resume_at
    assert len(times) == 5
    assert resume_at >= refused_at[0] + 0.2
    assert all(at >= resume_at for at in times[1:] if at > refused_at[0] + 0.1)  # others were in flight


def test_long_pause_is_announced(tmp_path, capsys):
    def behave(body):
        return fails(429, "slow down", retry_after="20")

    async def one():
        await asyncio.wait_for(llm.ask(user("hello")), 0.5)

    with serving(behave) as server, asking(server, tmp_path) as llm, pytest.raises(TimeoutError):
        llm.run(one())
    assert f"{server.url} asks to wait 20 s: HTTP 429: slow down" in capsys.readouterr().err


def test_hanging_replies_free_their_slots(tmp_path):
    answers = iter([Answer(hang=0.5), *[says("fine")] * 50])
    with (
        serving(lambda body: next(answers)) as server,
        asking(server, tmp_path, concurrency=1, timeout=0.1) as llm,
    ):
        assert llm.run(llm.ask(user("hello"))).text == "fine"
