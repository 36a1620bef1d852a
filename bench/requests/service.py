"""Simulated services: how long a server takes over a request, depending on the others in flight.

Time is given by the caller, in seconds, and never goes back. The work of a request is 1 on average. `base` is
the seconds that a request of work 1 takes alone.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush, heapreplace
from math import log
from random import Random
from typing import Protocol

TOKENS = 200  # mean length of a reply
SPREAD = 0.8  # standard deviation of the logarithm of a random length


class Service(Protocol):
    """A service that works on requests, which are numbered."""

    def arrive(self, now: float, request: int, work: float) -> None:
        """Take on a request."""

    def finish(self, now: float) -> list[int]:
        """Return the requests that finished since the last call."""

    def next_finish(self) -> float | None:
        """When the next request finishes if none arrives before; None if there is none in flight."""

    @property
    def in_flight(self) -> int:
        """The number of requests that have arrived and are not finished at the last given time."""


class Timed:
    """A service that fixes the end of a request when it arrives."""

    def __init__(self, end: Callable[[float, int, float], float]) -> None:
        """`end` returns the end of a request from the time, the number in flight with it, and its work."""
        self._end = end
        self._ends: list[tuple[float, int]] = []  # a heap
        self._finished: list[int] = []

    @property
    def in_flight(self) -> int:
        return len(self._ends)

    def arrive(self, now: float, request: int, work: float) -> None:
        self._advance(now)
        heappush(self._ends, (self._end(now, len(self._ends) + 1, work), request))

    def finish(self, now: float) -> list[int]:
        self._advance(now)
        finished, self._finished = self._finished, []
        return finished

    def next_finish(self) -> float | None:
        return self._ends[0][0] if self._ends else None

    def _advance(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            self._finished.append(heappop(self._ends)[1])


class Sharing:
    """Processor sharing: all requests in flight progress at one speed, which depends on their number.

    `_done` is the work that a request in flight since the beginning would have got. A request finishes when
    `_done` has grown by its work since it arrived.
    """

    def __init__(self, speed: Callable[[int], float]) -> None:
        """`speed` returns the work per second that each of so many requests gets."""
        self._speed = speed
        self._now = 0.0
        self._done = 0.0
        self._ends: list[tuple[float, int]] = []  # a heap of the values of `_done` at which requests finish
        self._finished: list[int] = []

    @property
    def in_flight(self) -> int:
        return len(self._ends)

    def arrive(self, now: float, request: int, work: float) -> None:
        self._advance(now)
        heappush(self._ends, (self._done + work, request))

    def finish(self, now: float) -> list[int]:
        self._advance(now)
        finished, self._finished = self._finished, []
        return finished

    def next_finish(self) -> float | None:
        if not self._ends:
            return None
        return self._now + (self._ends[0][0] - self._done) / self._speed(len(self._ends))

    def _advance(self, now: float) -> None:
        while (end := self.next_finish()) is not None and end <= now:
            self._done, request = heappop(self._ends)
            self._now = end
            self._finished.append(request)
        if self._ends:
            self._done += (now - self._now) * self._speed(len(self._ends))
        self._now = now


def constant(base: float) -> Service:
    """A server that no load slows down."""
    return Timed(lambda now, _, work: now + base * work)


def collapsing_at_arrival(base: float, best: int) -> Service:
    """A server that is slower with more than `best` requests in flight: base * (k / best)**2 seconds.

    The number k counts the requests in flight when a request arrives.
    """
    return Timed(lambda now, k, work: now + base * work * max(1.0, k / best) ** 2)


def collapsing(base: float, best: int) -> Service:
    """A server whose total rate rises to best / base and falls beyond `best` requests in flight.

    With k of them it is k / base, and beyond `best` it is best**2 / (k * base).
    """
    return Sharing(lambda k: min(1.0, best / k) ** 2 / base)


def batching(base: float, half: int) -> Service:
    """A server whose latency and total rate both rise with the batch: base * (1 + k / half) seconds.

    With `half` requests in flight, the rate is half of what it approaches.
    """
    return Sharing(lambda k: 1 / (base * (1 + k / half)))


def queueing(base: float, workers: int) -> Service:
    """A server that works on so many requests at a time; the others wait in order."""
    free_at = [0.0] * workers  # a heap

    def end(now: float, _: int, work: float) -> float:
        end = max(now, free_at[0]) + base * work
        heapreplace(free_at, end)
        return end

    return Timed(end)


SERVICES: dict[str, Callable[[float, int], Service]] = {
    "constant": lambda base, _: constant(base),
    "collapsing-at-arrival": collapsing_at_arrival,
    "collapsing": collapsing,
    "batching": batching,
    "queueing": queueing,
}


def reply_tokens(random: Random, are_random: bool) -> int:
    """Return the length of the next reply, in tokens: TOKENS, or log-normal with that mean."""
    if not are_random:
        return TOKENS
    return max(1, round(random.lognormvariate(log(TOKENS) - SPREAD**2 / 2, SPREAD)))


def rate(service: Service, concurrency: int, seconds: float, works: Callable[[], float] = lambda: 1) -> float:
    """The work per second that the service does for a client with so many requests always in flight."""
    sizes: dict[int, float] = {}
    done = now = 0.0
    due = list(range(concurrency))
    while now <= seconds:
        for request in due:
            sizes[request] = works()
            service.arrive(now, request, sizes[request])
        now = service.next_finish() or now
        due = service.finish(now)
        done += sum(sizes[request] for request in due)
    return done / now
