"""How many requests may be in flight: fewer when the server says that it is too many.

Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain, 1989).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Limiter:
    """At most `limit` requests in flight, 1 <= limit <= most."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self._in_flight = 0
        self._slowed_at = 0.0
        self._resume_at = 0.0
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """A place among the requests in flight; gives the moment at which it was taken."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._in_flight < int(self.limit))
            self._in_flight += 1
        try:
            while (rest := self._resume_at - time.monotonic()) > 0:
                await asyncio.sleep(rest)
            yield time.monotonic()
        finally:
            self._in_flight -= 1
            async with self._freed:
                self._freed.notify(2)  # the place itself, and one more by which the limit may have grown

    def speed_up(self) -> None:
        """A request succeeded: one more in flight for every `limit` of them."""
        self.limit = min(self.most, self.limit + 1 / self.limit)

    def slow_down(self, sent_at: float, rest: float = 0.0) -> None:
        """The server refused a request for load: halve the limit, and send nothing for `rest` seconds.

        Requests sent before the last halving carry no news, so a burst of refusals halves it once.
        """
        now = time.monotonic()
        self._resume_at = max(self._resume_at, now + rest)
        if sent_at >= self._slowed_at:
            self.limit = max(1.0, self.limit / 2)
            self._slowed_at = now
