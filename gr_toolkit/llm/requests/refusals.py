"""Limits the requests in flight after the server refuses some, and how long none is sent.

After a refusal the limit falls, and then follows the curve of CUBIC (RFC 9438): it returns to the earlier
limit within seconds, stays near it for a while, and then rises faster. It depends on time, not on latency.

No clock and no I/O: the caller passes every time, in seconds on one clock.
"""

from __future__ import annotations

from math import cbrt, inf

LEFT = 0.8  # share of the limit that is left after a refusal; that of BIC, the forerunner of CUBIC
STEEPNESS = 0.4  # of the curve, in requests per second cubed; RFC 9438, 4.1
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0  # seconds without a request while all are refused


class Refusals:
    """The limit that follows from the refusals so far."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.resume_at = -inf  # no request is sent before this time
        self._earlier = 0.0  # the limit before the last cut
        self._cut_at = -inf
        self._admitted_since = True  # whether a request sent since then was answered
        self._pause = FIRST_PAUSE

    def limit(self, now: float) -> float:
        """The number of requests that may be in flight."""
        if self._cut_at == -inf:
            return self.maximum
        to_return = cbrt(self._earlier * (1 - LEFT) / STEEPNESS)
        curve = STEEPNESS * (now - self._cut_at - to_return) ** 3 + self._earlier
        return max(1.0, min(self.maximum, curve))

    def admit(self, sent_at: float) -> None:
        """Record that a request sent at this time was answered."""
        self._admitted_since = self._admitted_since or sent_at >= self._cut_at
        self._pause = FIRST_PAUSE

    def refuse(self, sent_at: float, now: float, in_flight: int, wait: float | None) -> None:
        """Record a refusal of a request sent at `sent_at`.

        `wait` is the pause in seconds that the server asks for; with None there is never one. A burst of
        refusals lowers the limit once: those of requests sent before do not count, and where all are refused
        the number in flight is not the cause. Then there is a pause instead, which doubles.
        """
        is_pausing = now < self.resume_at
        if wait is not None:
            self.resume_at = max(self.resume_at, now + wait)
        if sent_at < self._cut_at:
            return
        if self._admitted_since:
            self._earlier = min(self.limit(now), float(in_flight))
            self._cut_at, self._admitted_since = now, False
        elif wait is not None and not is_pausing:
            self.resume_at = max(self.resume_at, now + self._pause)
            self._pause = min(LONGEST_PAUSE, 2 * self._pause)
