"""A circuit breaker: while a server is down, only a probe is sent from time to time.

It has no clock and does no I/O: the caller passes every time, in seconds on one clock.
"""

from __future__ import annotations

from math import inf

RECENT = 20  # requests whose last outcome is remembered
ENOUGH = 5  # failing requests, below which their share says nothing
FIRST_WAIT = 1.0  # seconds until the first probe; doubles with each probe that fails
MAX_WAIT = 60.0


class Breaker:
    """Closed, requests are sent. Open, only a probe is sent from time to time, until one succeeds.

    The caller opens it, once it is sure, or has looked at `most_fail`. A request that fails several times
    counts once there, so that a single request that the server cannot handle means little.
    """

    def __init__(self, patience: float) -> None:
        """`patience` is how long, in seconds, an open breaker keeps probing."""
        self.patience = patience
        self.opened_at: float | None = None
        self.probe_at = inf  # time of the next probe
        self._wait = FIRST_WAIT
        self._failed: dict[int, bool] = {}  # by request, the least recent first

    @property
    def is_open(self) -> bool:
        """Whether the server counts as down."""
        return self.opened_at is not None

    @property
    def deadline(self) -> float:
        """The time at which an open breaker gives up."""
        return inf if self.opened_at is None else self.opened_at + self.patience

    def succeed(self, request: int, sent_at: float) -> None:
        """Record that a request sent at this time got a reply. A reply to a probe closes the breaker."""
        if self.opened_at is None:
            self._remember(request, failed=False)
        elif sent_at >= self.opened_at:
            self.opened_at, self.probe_at, self._wait = None, inf, FIRST_WAIT
            self._failed.clear()

    @property
    def most_fail(self) -> bool:
        """Whether more than half of the recent requests failed, and enough to tell."""
        failures = sum(self._failed.values())
        return failures >= ENOUGH and failures > len(self._failed) / 2

    @property
    def all_fail(self) -> bool:
        """Whether all of the RECENT last requests failed."""
        return len(self._failed) == RECENT and all(self._failed.values())

    def open(self, now: float, pause: float = 0.0) -> None:
        """Count the server as down. `pause` is the time in seconds that the server asks to wait."""
        self.opened_at, self._wait = now, FIRST_WAIT
        self.probe_at = now + max(FIRST_WAIT, pause)

    def fail(self, request: int, sent_at: float, now: float, pause: float = 0.0) -> None:
        """Record that a request sent at this time failed. After a failed probe, the next one waits longer."""
        if self.opened_at is None:
            self._remember(request, failed=True)
        elif sent_at >= self.opened_at:
            self._wait = min(MAX_WAIT, 2 * self._wait)
            self.probe_at = now + max(self._wait, pause)

    def _remember(self, request: int, *, failed: bool) -> None:
        self._failed.pop(request, None)
        self._failed[request] = failed
        if len(self._failed) > RECENT:
            del self._failed[next(iter(self._failed))]
