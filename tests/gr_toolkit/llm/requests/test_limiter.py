import asyncio
import threading
import time

from gr_toolkit.llm.requests.limiter import Limiter
from loopback import asking, fails, says, serving, user


def test_halves_once_for_a_burst_and_recovers_step_by_step():
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


def test_never_below_one():
    limiter = Limiter(2)
    for _ in range(5):
        limiter.slow_down(time.monotonic())
    assert limiter.limit == 1


def test_never_more_in_flight_than_the_limit():
    limiter = Limiter(3)
    in_flight, most = 0, 0

    async def request():
        nonlocal in_flight, most
        async with limiter.slot():
            in_flight += 1
            most = max(most, in_flight)
            await asyncio.sleep(0.001)
            in_flight -= 1

    async def many():
        await asyncio.gather(*(request() for _ in range(50)))

    asyncio.run(many())
    assert most == 3


def test_the_client_sends_fewer_at_once_after_429(tmp_path):
    lock = threading.Lock()
    in_flight, late = 0, []

    def behave(body):
        nonlocal in_flight
        with lock:
            in_flight += 1
            crowded = in_flight > 2
            late.append(in_flight)
        time.sleep(0.05)
        with lock:
            in_flight -= 1
        return fails(429) if crowded else says("fine")

    with serving(behave) as server, asking(server, tmp_path, concurrency=16, retries=20) as llm:
        replies = llm.map(lambda n: llm.ask(user(str(n))), range(60), lambda _: None)
    assert len(replies) == 60
    assert max(late[-10:]) < max(late)
