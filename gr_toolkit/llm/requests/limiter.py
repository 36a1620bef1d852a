"""Admits requests: at most as many in flight as the server serves best, and none while it asks to wait."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gr_toolkit.llm.loops import Alarm
from gr_toolkit.llm.requests.refusals import Refusals
from gr_toolkit.llm.requests.throughput import Sent, Throughput

LOOK_SECONDS = 0.02  # between two looks at a limit that grows with time
FIRST_COST = 0.0015  # seconds of this thread per request, until it is measured
FIRST_INTERVAL = 0.003  # seconds between two replies, until it is measured
MEMORY = 512  # replies over which both are averaged
MAX_COST = 1.0  # seconds; the clocks of two threads that run the loop in turn may differ by more
SPREAD = 1.2  # costs between two requests
HASTE = 0.5  # intervals between two replies that pass at most between two requests
BURST_SECONDS = 0.005  # of requests that may be admitted at once, after a time with fewer


class Pace:
    """Spreads requests over time.

    Requests that begin together go through each of their steps together, and so do their replies: then each
    takes as long as all of them. So this thread gets time to handle one request before the next is admitted.
    If it is always busy, replies come as fast as it handles them, and requests are admitted faster than that.
    """

    def __init__(self) -> None:
        self.next_at = 0.0  # when the next request may be admitted
        self._cost = FIRST_COST
        self._interval = FIRST_INTERVAL
        self._last: tuple[float, float] | None = None  # the last reply's `now` and `worked`

    def admit(self, now: float) -> None:
        """Record that a request is admitted."""
        self.next_at = max(self.next_at, now - BURST_SECONDS) + self.between

    @property
    def between(self) -> float:
        """The seconds between two requests."""
        return min(SPREAD * self._cost, HASTE * self._interval)

    def answered(self, now: float, worked: float) -> None:
        """Record a reply; `worked` is the time in seconds that this thread has worked so far."""
        if self._last is not None:
            used = min(MAX_COST, max(0.0, worked - self._last[1]))
            self._interval += (now - self._last[0] - self._interval) / MEMORY
            self._cost += (used - self._cost) / MEMORY
        self._last = now, worked


class Limiter:
    """Allows at most `limit` requests in flight, 1 <= limit <= maximum, in the order of their arrival."""

    def __init__(self, maximum: int) -> None:
        self._throughput = Throughput(maximum)
        self._refusals = Refusals(maximum)
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._look = Alarm(self._admit)
        self._pace = Pace()

    @property
    def limit(self) -> int:
        """The number of requests that may be in flight now."""
        return min(self._throughput.limit, int(self._refusals.limit(time.monotonic())))

    @asynccontextmanager
    async def slot(self, *, again: bool = False) -> AsyncIterator[None]:
        """Wait for a free slot and the end of any pause, and hold the slot while the block runs.

        A request that is sent `again` goes first: it has waited longest.
        """
        now = time.monotonic()
        if self._waiting or not self._has_room(now):
            await self._turn(again)
        else:
            self._in_flight += 1
            self._pace.admit(now)
        try:
            yield
        finally:
            self._in_flight -= 1
            self._admit()

    def sent(self) -> Sent:
        """Record that a request is sent; pass the result on with its outcome."""
        return self._throughput.sent(time.monotonic(), self._in_flight)

    def answered(self, sent: Sent, tokens: int) -> None:
        """Record a reply with this number of output tokens; none if it did not come in time."""
        now = time.monotonic()
        self._pace.answered(now, time.thread_time())
        self._refusals.admit(sent.at)
        self._throughput.received(sent, now, tokens)

    def refused(self, sent_at: float, wait: float | None) -> bool:
        """Record that the server refused a request for load; return whether a pause begins.

        `wait` is the pause in seconds that the server asks for; with None there is never one.
        """
        now = time.monotonic()
        was_pausing = now < self._refusals.resume_at
        self._refusals.refuse(sent_at, now, self._in_flight, wait)
        return not was_pausing and now < self._refusals.resume_at

    def _has_room(self, now: float) -> bool:
        return self._in_flight < self.limit and now >= max(self._refusals.resume_at, self._pace.next_at)

    async def _turn(self, again: bool) -> None:
        """Wait in line until the slot is taken for this request."""
        turn = asyncio.get_running_loop().create_future()
        if again:
            self._waiting.appendleft(turn)
        else:
            self._waiting.append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it got the slot at the same moment
                self._in_flight -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        """Give free slots to the requests that wait. Come back when time alone admits more."""
        now = time.monotonic()
        self._throughput.grow(now)
        while self._waiting and (self._waiting[0].done() or self._has_room(now)):
            turn = self._waiting.popleft()
            if not turn.done():  # cancelled
                self._in_flight += 1
                self._pace.admit(now)
                turn.set_result(None)
        if self._waiting:
            full = self._in_flight >= self.limit
            at = max(self._refusals.resume_at, now + LOOK_SECONDS if full else self._pace.next_at)
            self._look.set(at - now)
