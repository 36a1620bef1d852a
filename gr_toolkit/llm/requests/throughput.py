"""Finds the number of requests in flight at which a server produces the most output tokens a second.

A server that works on requests in batches produces more with more of them in flight, although each takes
longer. Another server thrashes. Latency does not tell the two apart, so rates are compared: another limit is
tried, and kept if the rate is better; if not, the next trial goes the other way, with a smaller step.

No clock and no I/O: the caller passes every time, in seconds on one clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, log, sqrt
from typing import NamedTuple

START = 4  # requests in flight at first, but at most a quarter of the maximum
START_SECONDS = 0.25  # after this time the limit doubles every DOUBLING_SECONDS, as long as few replies come
DOUBLING_SECONDS = 0.02
FEW = 2  # replies
LARGE_STEP, SMALL_STEP = 2.0, 1.07  # factors between two limits that are compared
REPLIES = 16  # at least, for a rate
NOISE = 0.03  # standard error of a rate's logarithm, above which more replies are awaited
HOLD, LONGEST_HOLD = 8, 64  # rates that are measured at the best limit before another is tried
UNSATURATED = 0.4  # elasticity of the rate above which a server has room for more requests
FALL = -0.1  # elasticity of the rate below which the lower of two limits is better
SHIFT = 0.2  # change of a rate's logarithm that shows that the server or the work has changed
FULL = 0.95  # share of the limit that must be in flight when a request is sent that counts for its rate


class Sent(NamedTuple):
    """What is known of a request when it is sent."""

    at: float  # seconds
    in_flight: int  # requests, including this one
    trial: int  # the number of the trial that it counts for; -1 for none


@dataclass
class Rate:
    """The rate at one limit: by Little's law, the requests in flight divided by the seconds per token."""

    limit: int
    replies: int = 0
    in_flight: float = 0.0  # when the request was sent; sums over the replies, here and below
    seconds: float = 0.0
    tokens: float = 0.0
    seconds_squared: float = 0.0
    tokens_squared: float = 0.0
    product: float = 0.0  # of seconds and tokens

    def add(self, sent: Sent, now: float, tokens: int) -> None:
        """Add a reply."""
        seconds, tokens = max(now - sent.at, 1e-6), max(tokens, 1)
        self.replies += 1
        self.in_flight += sent.in_flight
        self.seconds += seconds
        self.tokens += tokens
        self.seconds_squared += seconds * seconds
        self.tokens_squared += tokens * tokens
        self.product += seconds * tokens

    @property
    def logarithm(self) -> float:
        """The natural logarithm of the tokens per second."""
        return log(self.in_flight / self.replies * self.tokens / self.seconds)

    @property
    def noise(self) -> float:
        """The standard error of the logarithm: that of a ratio estimator (Cochran 1977, 6.4)."""
        cost = self.seconds / self.tokens
        residual = self.seconds_squared - 2 * cost * self.product + cost * cost * self.tokens_squared
        return sqrt(max(0.0, residual)) / self.seconds

    @property
    def is_rough(self) -> bool:
        """Whether there are enough replies for a first impression."""
        return self.replies >= max(START, self.limit // 4)

    @property
    def is_exact(self) -> bool:
        """Whether there are enough replies to compare the rate with another."""
        enough = max(REPLIES, self.limit // 2)
        return self.replies >= enough and (self.noise <= NOISE or self.replies >= 4 * enough)

    def gain_over(self, other: Rate) -> float:
        """The difference of the logarithms of the rates."""
        return self.logarithm - other.logarithm

    def is_better_than(self, other: Rate) -> bool:
        """Whether this limit is the better one. Of two with about the same rate it is the higher: it allows a
        server to form larger batches.
        """
        return self.gain_over(other) > FALL * log(self.limit / other.limit)


class Throughput:
    """Chooses `limit`, the requests that may be in flight, 1 <= limit <= maximum."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.limit = self._start = max(1, min(START, maximum // 4))
        self._began: float | None = None  # when the first request was sent
        self._is_rising = True  # until a trial fails or the limit is the maximum
        self._trial = 0
        self._settled_at = 0.0  # when the requests of the last limit have been answered
        self._rate = Rate(self.limit)
        self._best: Rate | None = None  # the one that others are compared with
        self._step, self._upwards = LARGE_STEP, True  # of the next trial
        self._failed = 0  # trials in a row
        self._hold = HOLD  # rates to measure at the best limit after the next failures
        self._holding = 0  # rates still to measure there

    @property
    def grows_with_time(self) -> bool:
        """Whether the limit may grow although no reply comes."""
        return self._trial == 0 and self._rate.replies < FEW and self.limit < self.maximum

    def grow(self, now: float) -> None:
        """Raise the limit while few replies come: a server with a long latency must not wait for its load."""
        if self.grows_with_time and self._began is not None:
            doublings = max(0.0, now - self._began - START_SECONDS) / DOUBLING_SECONDS
            self.limit = min(self.maximum, int(self._start * 2.0 ** min(doublings, 30.0)))

    def sent(self, now: float, in_flight: int) -> Sent:
        """Record that a request is sent; `in_flight` includes it."""
        if self._began is None:
            self._began = now
        counts = self._trial == 0 or (in_flight >= FULL * self.limit and now >= self._settled_at)
        return Sent(now, in_flight, self._trial if counts else -1)

    def received(self, sent: Sent, now: float, tokens: int) -> None:
        """Record a reply of so many output tokens. This may change the limit."""
        if sent.trial != self._trial:
            return
        rate = self._rate
        rate.add(sent, now, tokens)
        if rate.limit != self.limit:  # the limit has grown with time, so these replies belong to no limit
            if rate.replies >= START / 2:
                self._try(self.limit)
        elif rate.is_rough if self._is_rising else rate.is_exact:
            self._judge(rate)
            before = self.limit
            self._try(self._next_limit())
            if self.limit != before and not self._is_rising:
                # A change lets requests begin and end together for a while.
                self._settled_at = now + rate.seconds / rate.replies

    def _try(self, limit: int) -> None:
        """Measure the rate at this limit, by the requests that are sent from now on."""
        self.limit = limit
        self._trial += 1
        self._rate = Rate(limit)

    def _judge(self, rate: Rate) -> None:
        """Compare a rate with the best one."""
        best = self._best
        if best is None:
            self._best = rate
        elif rate.limit == best.limit:
            if abs(rate.gain_over(best)) > SHIFT + 2 * hypot(rate.noise, best.noise):
                self._step, self._failed, self._holding = sqrt(LARGE_STEP), 0, 0
            self._best = rate
            self._holding = max(0, self._holding - 1)
        elif rate.is_better_than(best):
            self._best, self._failed, self._hold = rate, 0, HOLD
            self._step = min(LARGE_STEP, self._step**2)
        else:
            self._turn_round(best, rate)

    def _turn_round(self, best: Rate, rate: Rate) -> None:
        """Go the other way next. If that was worse too, or there is no other way, hold the best limit first.

        If a lower limit costs nearly its whole share of the rate, the server has room, and the hold is long.
        """
        elasticity = rate.gain_over(best) / log(rate.limit / best.limit)
        self._is_rising = False
        self._failed += 1
        self._upwards = not self._upwards
        if best.limit == self.maximum or (self._failed > 1 and self._step <= SMALL_STEP):
            has_room = rate.limit < best.limit and elasticity > UNSATURATED
            self._holding = LONGEST_HOLD // 2 if has_room else self._hold
            self._hold = min(LONGEST_HOLD, 2 * self._hold)
            self._failed = 0
        self._step = max(SMALL_STEP, sqrt(self._step))

    def _next_limit(self) -> int:
        """The limit to measure next: the best one while it is held, else one above or below it."""
        assert self._best is not None
        here = self._best.limit
        if self._holding:
            return here
        if here == self.maximum and self._upwards:
            self._is_rising, self._upwards = False, False
            self._step = max(SMALL_STEP, 1 + 3 * self._best.noise)  # a large step costs much of the rate
        elif here == 1:
            self._upwards = True
        if self._upwards:
            return min(self.maximum, max(here + 1, round(here * self._step)))
        return max(1, min(here - 1, round(here / self._step)))
