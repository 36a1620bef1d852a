"""Admits requests: at most as many in flight as the server serves best, and none while it asks to wait."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gr_toolkit.llm.requests.refusals import Refusals
from gr_toolkit.llm.requests.throughput import Sent, Throughput

LOOK_SECONDS = 0.02  # between two looks at a limit that grows with time


class Limiter:
    """Allows at most `limit` requests in flight, 1 <= limit <= maximum, in the order of their arrival."""

    def __init__(self, maximum: int) -> None:
        self._throughput = Throughput(maximum)
        self._refusals = Refusals(maximum)
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._look: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """The number of requests that may be in flight now."""
        return min(self._throughput.limit, int(self._refusals.limit(time.monotonic())))

    @asynccontextmanager
    async def slot(self, *, again: bool = False) -> AsyncIterator[None]:
        """Wait for a free slot and the end of any pause, and hold the slot while the block runs.

        A request that is sent `again` goes first: it has waited longest.
        """
        if self._waiting or not self._has_room():
            await self._turn(again)
        else:
            self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            self._admit()

    def sent(self) -> Sent:
        """Record that a request is sent; pass the result on with its outcome."""
        return self._throughput.sent(time.monotonic(), self._in_flight)

    def answered(self, sent: Sent, tokens: int) -> None:
        """Record a reply with this number of output tokens."""
        self._refusals.admit(sent.at)
        self._throughput.received(sent, time.monotonic(), tokens)

    def refused(self, sent_at: float, wait: float | None) -> bool:
        """Record that the server refused a request for load; return whether a pause begins.

        `wait` is the pause in seconds that the server asks for, if it does.
        """
        now = time.monotonic()
        was_pausing = now < self._refusals.resume_at
        self._refusals.refuse(sent_at, now, self._in_flight, wait)
        return not was_pausing and now < self._refusals.resume_at

    def _has_room(self) -> bool:
        return self._in_flight < self.limit and time.monotonic() >= self._refusals.resume_at

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
        """Give free slots to the requests that wait. Come back later if time alone frees more."""
        now = time.monotonic()
        self._throughput.grow(now)
        while self._waiting and self._has_room():
            turn = self._waiting.popleft()
            if not turn.done():
                self._in_flight += 1
                turn.set_result(None)
        if self._waiting and self._look is None:
            later = max(LOOK_SECONDS, self._refusals.resume_at - now)
            self._look = asyncio.get_running_loop().call_later(later, self._look_again)

    def _look_again(self) -> None:
        self._look = None
        self._admit()
