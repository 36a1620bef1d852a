"""Limits the requests in flight, and lowers the limit when the server is overloaded.

Additive increase, multiplicative decrease, like TCP (Chiu and Jain, 1989).
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
        """Wait for a free slot and for the end of any pause; yields the monotonic time of acquisition."""
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
                self._freed.notify(2)  # this slot, and one more in case the limit has grown

    def speed_up(self) -> None:
        """Record a success: raises the limit by one per `limit` successes."""
        self.limit = min(self.maximum, self.limit + 1 / self.limit)

    def slow_down(self, sent_at: float, pause: float = 0.0) -> None:
        """Record an overload: halve the limit, and send nothing for `pause` seconds.

        Requests sent before the last halving are ignored, so a burst of refusals halves the limit once.
        """
        now = time.monotonic()
        self._resume_at = max(self._resume_at, now + pause)
        if sent_at >= self._slowed_at:
            self.limit = max(1.0, self.limit / 2)
            self._slowed_at = now
