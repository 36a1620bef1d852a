"""Whether a server answers: makes requests wait while it is down, and tests it with control requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from math import inf

from gr_toolkit.console import say
from gr_toolkit.errors import ServerUnusable
from gr_toolkit.llm.messages import Reply
from gr_toolkit.llm.requests.breaker import Breaker
from gr_toolkit.llm.requests.faults import MAX_PAUSE, Fault
from gr_toolkit.llm.requests.wire import SUSPECTS, control

SURELY_UP = 60.0  # seconds after a reply in which a failed control request alone does not prove an outage
POLL_SECONDS = 0.5  # between two looks at the breaker, while it is open

Exchange = Callable[[Mapping[str, object]], Awaitable[Reply[None]]]


class Availability:
    """Records the outcomes of all requests to one server. Its coroutines must run on one event loop."""

    def __init__(self, server: str, patience: float, exchange: Exchange) -> None:
        """`server` is for messages; `exchange` sends a control request once, and raises Fault."""
        self.server = server
        self._exchange = exchange
        self._breaker = Breaker(patience)
        self._probing = False
        self._answered_at = -inf  # when a request last got a reply
        self._controlling = asyncio.Lock()
        self._controlled_at = -inf  # when the last control request was sent that got a reply
        self._last_fault = Fault("no request was sent")

    @property
    def is_down(self) -> bool:
        """Whether requests wait for the server."""
        return self._breaker.is_open

    @property
    def most_fail(self) -> bool:
        """Whether most of the recent requests failed."""
        return self._breaker.most_fail

    async def wait(self) -> bool:
        """Wait until the server is up, or a probe is due; return whether the request is a probe.

        Raises ServerUnusable when the patience ends. After that, a probe is sent only when one is due.
        """
        breaker = self._breaker
        while breaker.is_open:
            now = time.monotonic()
            if now >= breaker.probe_at and not self._probing:
                self._probing = True
                return True
            if now >= breaker.deadline:
                raise self._unusable()
            until = breaker.deadline if self._probing else min(breaker.probe_at, breaker.deadline)
            await asyncio.sleep(min(max(until - now, 0.0), POLL_SECONDS))
        return False

    def end_probe(self) -> None:
        """Allow the next probe. Called after a probe, whatever its outcome."""
        self._probing = False

    def record_reply(self, request: int, sent_at: float) -> None:
        """Record that a request sent at this time got a reply."""
        self._answered_at = time.monotonic()
        self._record_answer(request, sent_at)

    def record_fault(self, request: int, fault: Fault) -> None:
        """Record that a request failed. A refusal of this one request shows that the server works.

        So does 429: the limiter slows down. It is an outage only if not even a control request is admitted.
        """
        if not fault.transient:
            return self._record_answer(request, fault.sent_at)
        self._last_fault = fault
        if fault.unreachable and not self.is_down:
            self._open(fault)
        elif self.is_down or fault.status != 429:
            self._breaker.fail(request, fault.sent_at, time.monotonic(), _pause(fault))

    async def answers_others(self, body: Mapping[str, object], since: float) -> bool:
        """Whether the server has answered another request than a failed one since the time `since`.

        If no reply shows it, a control request does: the parameters of `body` with a trivial prompt. If most
        requests fail, only a control request counts. A server that answers nothing else is down.
        """
        asked_at = time.monotonic()
        async with self._controlling:
            if self.is_down:
                return False
            most_fail = self.most_fail
            if self._controlled_at >= asked_at or (self._answered_at >= since and not most_fail):
                return True
            sent_at = time.monotonic()
            try:
                await self._exchange(control(body))
            except Fault as fault:
                if fault.transient:
                    self._record_control_fault(fault)
                    return False
            if self._breaker.all_fail and self._answered_at == -inf:
                self._open(self._last_fault)
                return False
            self._controlled_at = sent_at
            return True

    async def accepts_any(self, body: Mapping[str, object]) -> bool:
        """Whether the server has answered a request. Until it has, a control request decides.

        A server that refuses even that refuses a parameter that all requests have.
        """
        async with self._controlling:
            if self._answered_at > -inf:
                return True
            plain = {name: value for name, value in body.items() if name not in SUSPECTS}
            try:
                await self._exchange(control(plain))
            except Fault as fault:
                return fault.transient
            self._answered_at = time.monotonic()
            return True

    def _record_control_fault(self, fault: Fault) -> None:
        """A server that hangs up may only dislike the control request, so that alone proves nothing."""
        self._last_fault = fault
        has_answered = self._answered_at > time.monotonic() - SURELY_UP
        if self.most_fail or not (fault.lost or has_answered):
            self._open(fault)

    def _record_answer(self, request: int, sent_at: float) -> None:
        was_down = self.is_down
        self._breaker.succeed(request, sent_at)
        if was_down and not self.is_down:
            say(f"{self.server} answers again")

    def _open(self, fault: Fault) -> None:
        self._breaker.open(time.monotonic(), _pause(fault))
        if patience := self._breaker.patience:
            say(f"{self.server} is down: {fault.reason}; waiting up to {patience:g} s for it")

    def _unusable(self) -> ServerUnusable:
        """The error of a server that was down for as long as requests wait for it."""
        server, fault = self.server, self._last_fault
        if fault.unreachable:
            return ServerUnusable(
                f"cannot reach {server}: {fault.reason}; start the server, or set llm.base_url"
            )
        if fault.status == 429:
            return ServerUnusable(f"{server} accepts no more requests: {fault.reason}; try again later")
        return ServerUnusable(f"{server} is down: {fault.reason}; run the same command again when it is up")


def _pause(fault: Fault) -> float:
    """The seconds that the server asks to wait, within reason."""
    return min(fault.wait or 0.0, MAX_PAUSE)
