"""Limits the requests in flight, and lowers the limit when the server is overloaded.

The limit follows TCP's rule: additive increase, multiplicative decrease (Chiu and Jain, 1989).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Limiter:
    """Allows at most `limit` requests in flight, 1 <= limit <= maximum."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.limit = float(maximum)
        self._in_flight = 0
        self._slowed_at = 0.0
        self._resume_at = 0.0
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Wait for a free slot and the end of any pause, and hold the slot while the block runs.

        Yields the time at which the block starts (time.monotonic), for `slow_down`.
        """
        async with self._freed:
            await self._freed.wait_for(lambda: self._in_flight < int(self.limit))
            self._in_flight += 1
        try:
            while (pause := self._resume_at - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            yield time.monotonic()
        finally:
            self._in_flight -= 1
            async with self._freed:
                self._freed.notify(2)  # two waiters: one for this slot, one in case the limit has grown

    def speed_up(self) -> None:
        """Record a success. It takes `limit` successes to raise the limit by one."""
        self.limit = min(self.maximum, self.limit + 1 / self.limit)

    def slow_down(self, sent_at: float, pause: float = 0.0) -> None:
        """Record an overload: halve the limit, and send nothing for `pause` seconds.

        A refusal of a request sent before the last halving does not halve the limit again, so a burst of
        refusals halves it once.
        """
        now = time.monotonic()
        self._resume_at = max(self._resume_at, now + pause)
        if sent_at >= self._slowed_at:
            self.limit = max(1.0, self.limit / 2)
            self._slowed_at = now
