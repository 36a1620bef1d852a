"""The servers at which the limit of the requests in flight is measured, and the shares that it must reach."""

from __future__ import annotations

from typing import Literal, NamedTuple

from bench.requests.clients import AT_ONCE
from bench.requests.server import Behaviour

# What a rate is compared with: a number of requests per second, the rate of the same client at the same
# server without faults, or the rate of the client that always has AT_ONCE requests in flight.
Yardstick = float | Literal["without faults", "fixed"]

HALF = 64  # requests in flight at which the batching server has half of the rate that it approaches
WORKERS = 64
ADMITTED = 32
LATENCY = 1.0  # seconds; with it AT_ONCE in flight are a rate that no client finds hard
BURST_FROM, BURST_UNTIL, BURST_RUN = 8.0, 10.0, 25.0  # seconds


class Scenario(NamedTuple):
    """A server, and the share of the yardstick that a client must reach there."""

    title: str
    behaviour: Behaviour
    yardstick: Yardstick
    goal: float


def collapsing(service: str, title: str, base: float, best: int, random_lengths: bool = False) -> Scenario:
    """A server whose rate falls beyond `best` requests in flight."""
    behaviour = Behaviour(service, base, best, random_lengths)
    lengths = ", random lengths" if random_lengths else ""
    return Scenario(f"slower beyond {best} in flight, {title}{lengths}", behaviour, best / base, 0.9)


AT_ARRIVAL = ("collapsing-at-arrival", "latency fixed at arrival", 0.1)
SHARED = ("collapsing", "shared equally", 0.1)
QUEUE = Behaviour("queueing", WORKERS / AT_ONCE, WORKERS)
BATCH = Behaviour("batching", 0.2, HALF)
RANDOM_BATCH = Behaviour("batching", 0.2, HALF, random_lengths=True)

RANDOM = Behaviour(base=LATENCY, random_lengths=True)

SCENARIOS = [
    Scenario("constant, 1 s", Behaviour(base=LATENCY), AT_ONCE / LATENCY, 0.95),
    Scenario("constant, 1 s, random lengths", RANDOM, AT_ONCE / LATENCY, 0.95),
    Scenario("1 % of 500, 0.2 s", Behaviour(base=0.2, faults=0.01), "without faults", 0.9),
    Scenario("1 % of 500, 1 s", Behaviour(base=LATENCY, faults=0.01), AT_ONCE / LATENCY, 0.9),
    *(collapsing(*AT_ARRIVAL, best) for best in (16, 32, 64)),
    *(collapsing(*SHARED, best) for best in (16, 32, 64)),
    collapsing(*AT_ARRIVAL, 32, random_lengths=True),
    collapsing(*SHARED, 32, random_lengths=True),
    Scenario("batching", BATCH, "fixed", 0.95),
    Scenario("batching, random lengths", RANDOM_BATCH, "fixed", 0.95),
    Scenario(f"a queue before {WORKERS} workers", QUEUE, "fixed", 0.95),
    Scenario(
        f"{ADMITTED} admitted, 429 for others",
        Behaviour(base=0.1, admitted=ADMITTED),
        ADMITTED / 0.1,
        0.9,
    ),
]

BURSTS = {
    f"429 for {BURST_UNTIL - BURST_FROM:g} s": Behaviour(
        base=LATENCY, burst_from=BURST_FROM, burst_until=BURST_UNTIL
    ),
    f"429 for {BURST_UNTIL - BURST_FROM:g} s, Retry-After: 1": Behaviour(
        base=LATENCY, burst_from=BURST_FROM, burst_until=BURST_UNTIL, retry_after=1
    ),
}
