"""The delay between two requests to one host. It grows if the host is slow (like Scrapy's AutoThrottle,
https://docs.scrapy.org/en/latest/topics/autothrottle.html) or sets a Crawl-delay.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

MAX_DELAY = 60.0  # seconds between two requests, even to a very slow host
JITTER = 0.5  # largest random change of a delay, relative; keeps requests from forming a pattern


@dataclass
class Throttle:
    """The seconds between two requests to one host. A `min_delay` of 0 disables waiting."""

    min_delay: float
    concurrency: int
    delay: float = 0.0

    def adjust(self, latency: float, ok: bool) -> None:
        """Adjust the delay to a request's latency in seconds, so that about `concurrency` requests overlap.

        Failures often return quickly, so a failure never shortens the delay.
        """
        if self.min_delay == 0:
            return
        target = latency / self.concurrency
        delay = min(MAX_DELAY, max(self.min_delay, target, (self.delay + target) / 2))
        if ok or delay > self.delay:
            self.delay = delay

    def next_delay(self) -> float:
        """The seconds until the next request, with random variation."""
        seconds = max(self.min_delay, self.delay)
        return seconds * random.uniform(1 - JITTER, 1 + JITTER)

    def slow_down(self, seconds: float) -> None:
        """Apply a Crawl-delay: raise the minimum delay to `seconds`."""
        self.min_delay = max(self.min_delay, seconds)
