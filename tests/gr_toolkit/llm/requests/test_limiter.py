import asyncio
import threading
import time

from gr_toolkit.llm.requests.limiter import Limiter
from loopback import asking, fails, says, serving, user


def test_burst_halves_the_limit_once_and_successes_raise_it():
    limiter = Limiter(16)
    sent = time.monotonic()
    for _ in range(10):
        limiter.slow_down(sent)
    assert limiter.limit == 8
    limiter.slow_down(time.monotonic())
    assert limiter.limit == 4
    for _ in range(5):
        limiter.speed_up()
    assert 5 <= limiter.limit < 6
    for _ in range(500):
        limiter.speed_up()
    assert limiter.limit == 16


def test_limit_is_at_least_one():
    limiter = Limiter(2)
    for _ in range(5):
        limiter.slow_down(time.monotonic())
    assert limiter.limit == 1


def test_requests_in_flight_never_exceed_the_limit():
    limiter = Limiter(3)
    in_flight, peak = 0, 0

    async def request():
        nonlocal in_flight, peak
        async with limiter.slot():
            in_flight += 1
            peak = max(peak, in_flight)
            await asyncio.sleep(0.001)
            in_flight -= 1

    async def many():
        await asyncio.gather(*(request() for _ in range(50)))

    asyncio.run(many())
    assert peak == 3


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
        time.sleep(0.05)
        with lock:
            in_flight -= 1
        return says("fine")

    with serving(behave) as server, asking(server, tmp_path, concurrency=16, patience=60.0) as llm:
        replies = llm.map(lambda n: llm.ask(user(str(n))), range(40), lambda _: None)
    assert len(replies) == 40
    assert peak < 16  # 8 after the refusals; with every success slightly more
