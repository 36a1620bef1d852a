"""How often one host is asked: so many seconds after the last time, and later where it is slow (as Scrapy's
AutoThrottle has it, https://docs.scrapy.org/en/latest/topics/autothrottle.html) or asks for that.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

MAX_DELAY = 60.0  # seconds between two requests, however slow the host
JITTER = 0.5  # share by which a delay varies, so that requests make no pattern


@dataclass
class Throttle:
    """The seconds between two requests to one host; with `least` 0 there is no waiting at all."""

    least: float
    at_once: int
    seconds: float = 0.0

    def answered(self, latency: float, ok: bool) -> None:
        """A host that needs `latency` seconds for an answer has `at_once` requests under way, on average.

        A failure answers quickly, and makes nothing faster.
        """
        if self.least == 0:
            return
        target = latency / self.at_once
        seconds = min(MAX_DELAY, max(self.least, target, (self.seconds + target) / 2))
        if ok or seconds > self.seconds:
            self.seconds = seconds

    def wait(self) -> float:
        """The seconds from one request to the next."""
        seconds = max(self.least, self.seconds)
        return seconds * random.uniform(1 - JITTER, 1 + JITTER)

    def slow_down(self, least: float) -> None:
        """The host asks for so many seconds between two requests (Crawl-delay)."""
        self.least = max(self.least, least)
