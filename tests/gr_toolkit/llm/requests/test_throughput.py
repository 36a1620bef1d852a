"""The limit against simulated servers, in virtual time and under constant demand."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from gr_toolkit.llm.requests.throughput import LONGEST_HOLD, START, Throughput

LATENCY = 0.1  # seconds for 100 tokens, without other requests
MAXIMUM = 256


def fixed_latency(seconds: Callable[[int], float]):
    """A server where the number in flight at a request's arrival decides how long it takes."""
    return SimpleNamespace(seconds=seconds, speed=None)


def sharing(speed: Callable[[int], float]):
    """A server that works at this speed, in requests of 100 tokens a second, on all requests alike."""
    return SimpleNamespace(seconds=None, speed=speed)


def thrashing(best: int):
    """Throughput rises up to `best` requests in flight, and falls beyond."""
    return lambda k: (k if k <= best else best * best / k) / LATENCY


def serve(
    throughput,
    server,
    requests: int,
    tokens: Callable[[random.Random], int] = lambda _: 100,
    now: float = 0.0,
):
    """Serve so many requests from the time `now` on; return the times of the replies."""
    chance = random.Random(0)
    work, in_flight, sent, ends = 0.0, 0, 0, []
    times: list[float] = []
    while len(times) < requests:
        throughput.grow(now)
        while sent < requests and in_flight < throughput.limit:
            in_flight, sent, size = in_flight + 1, sent + 1, tokens(chance)
            begin = work if server.speed else now
            duration = size / 100 * (1 if server.speed else server.seconds(in_flight))
            heapq.heappush(ends, (begin + duration, sent, throughput.sent(now, in_flight), size))
        pace = server.speed(in_flight) / in_flight if server.speed else 1.0
        then = now + (ends[0][0] - (work if server.speed else now)) / pace
        if throughput.grows_with_time and now + 0.01 < then:
            now, work = now + 0.01, work + 0.01 * pace
            continue
        now, work = then, ends[0][0]
        _, _, request, size = heapq.heappop(ends)
        throughput.received(request, now, size)
        in_flight -= 1
        times.append(now)
    return times


class Fixed:
    """A limit that never changes, for comparison."""

    limit, grows_with_time = MAXIMUM, False

    def grow(self, now):
        pass

    def sent(self, now, in_flight):
        return None

    def received(self, sent, now, tokens):
        pass


def lengths(chance: random.Random) -> int:
    return max(1, int(chance.lognormvariate(4.3, 0.77)))  # a mean of 100, and some of a thousand


SERVERS = {
    "constant": sharing(lambda k: k / LATENCY),
    "batching": sharing(lambda k: k / (LATENCY * (1 + k / 64))),
    "queue of 64": sharing(lambda k: min(k, 64) / LATENCY),
}


@pytest.mark.parametrize("tokens", [lambda _: 100, lengths], ids=["equal replies", "replies of any length"])
@pytest.mark.parametrize("name", SERVERS)
def test_server_that_gains_by_more_requests_is_not_slowed(name, tokens):
    ours = serve(Throughput(MAXIMUM), SERVERS[name], 20_000, tokens)
    full = serve(Fixed(), SERVERS[name], 20_000, tokens)
    assert full[-1] / ours[-1] >= 0.88  # with the start, which is a tenth of this short run
    assert full[-1] / (ours[-1] - ours[4_000] + full[4_000]) >= 0.97


@pytest.mark.parametrize("best", [4, 8, 16, 32, 64, 128, 200])
@pytest.mark.parametrize("kind", ["fixed at arrival", "shared"])
def test_server_that_falls_beyond_a_number_in_flight_is_kept_near_it(kind, best):
    square = fixed_latency(lambda k: LATENCY * max(1.0, k / best) ** 2)
    server = square if kind == "fixed at arrival" else sharing(thrashing(best))
    requests = int(30 * best / LATENCY)
    times = serve(Throughput(MAXIMUM), server, requests)
    assert 30 / times[-1] >= 0.9
    assert 15 / (times[-1] - times[requests // 2]) >= 0.93


def test_server_that_falls_slowly_is_kept_near_its_best():
    server = sharing(lambda k: min(k, 32) / LATENCY * (1 - 0.5 * max(0, k - 32) / (MAXIMUM - 32)))
    times = serve(Throughput(MAXIMUM), server, 9_600)
    assert 30 / times[-1] >= 0.9


def test_server_that_falls_is_found_with_a_small_maximum_and_with_replies_of_any_length():
    times = serve(Throughput(16), sharing(thrashing(4)), 1_200)
    assert 30 / times[-1] >= 0.9
    times = serve(Throughput(MAXIMUM), sharing(thrashing(32)), 9_600, lengths)
    assert 30 / times[-1] >= 0.85


def test_long_latency_does_not_delay_the_load():
    times = serve(Throughput(MAXIMUM), fixed_latency(lambda _: 1.0), 5_000)
    assert 5_000 / times[-1] >= 0.95 * MAXIMUM


def test_slower_server_is_noticed_and_a_recovered_one_used_again():
    throughput = Throughput(MAXIMUM)
    best = 200
    server = sharing(lambda k: thrashing(best)(k))
    times = serve(throughput, server, 20_000)
    assert 150 <= throughput.limit <= 240
    best = 20
    times = serve(throughput, server, 3_000, now=times[-1])
    assert throughput.limit <= 30
    best = 200
    serve(throughput, server, 20_000, now=times[-1])
    assert throughput.limit >= 150


def test_limit_falls_while_replies_do_not_come_in_time():
    throughput, now = Throughput(MAXIMUM), 0.0
    for _ in range(20_000):
        now += 0.01
        throughput.grow(now)
        sent = throughput.sent(now, throughput.limit)
        throughput.received(sent, now + 1.0, tokens=100 if throughput.limit <= 16 else 0)
    assert throughput.limit <= 20


def test_limit_stays_between_one_and_the_maximum():
    for maximum in (1, 2, 3, 16):
        throughput = Throughput(maximum)
        seen = set()
        for turn in range(2_000):
            now = float(turn)
            throughput.grow(now)
            sent = throughput.sent(now, throughput.limit)
            throughput.received(sent, now + random.Random(turn).random(), turn % 7)
            seen.add(throughput.limit)
        assert min(seen) >= 1
        assert max(seen) == maximum


def test_rate_says_nothing_about_a_limit_that_is_not_reached():
    throughput = Throughput(MAXIMUM)
    for turn in range(50 * LONGEST_HOLD):
        now = turn * 0.01
        throughput.received(throughput.sent(now, 2), now + 0.1, 100)
    assert throughput.limit <= 2 * START
