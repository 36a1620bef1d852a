"""Sends requests to one model over HTTP: retries, waits while the server is down, and counts usage."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from itertools import count
from math import inf
from typing import TYPE_CHECKING

from gr_toolkit.console import say
from gr_toolkit.errors import ModelError, RequestFailed, ServerUnusable, TooLong, Unanswered
from gr_toolkit.llm.loops import LOOP
from gr_toolkit.llm.messages import Reply
from gr_toolkit.llm.requests.breaker import Breaker
from gr_toolkit.llm.requests.faults import MAX_PAUSE, Fault, diagnose, unknown_model
from gr_toolkit.llm.requests.limiter import Limiter
from gr_toolkit.llm.requests.wire import adapt, control, path_of, read_reply, refused_parameter, reports_usage
from gr_toolkit.llm.usage import Budget, Prices, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from gr_toolkit.llm.requests.target import Target

FIRST_WAIT = 1.0  # seconds before the first retry; doubles with every further retry
MAX_BACKOFF = 60.0  # seconds before a retry, unless the server requests a longer wait
LIST_SECONDS = 10.0  # timeout of GET /models
CONTROL = -1  # the number of every control request
CONTROL_AFTER = 2  # failed attempts of a request after which a control request tests the server
SURELY_UP = 60.0  # seconds after a reply in which a failed control request alone does not prove an outage
OVERLOAD_RETRIES = 4  # times as many retries after 429, which says nothing against the request itself
REFUSED_SECONDS = 10.0  # in which other requests fail like one that showed that no request can succeed
POLL_SECONDS = 0.5  # between two looks at the breaker, while it is open
NO_ANSWER = (TimeoutError, ValueError, RecursionError)  # RecursionError: JSON nested too deeply


class Endpoint:
    """Sends requests to one target. All its coroutines must run on one event loop."""

    def __init__(
        self, target: Target, retries: int, patience: float, prices: Prices, budget: Budget, usage: Usage
    ) -> None:
        """`patience` is how long, in seconds, requests wait for a server that is down."""
        self.target = target
        self.retries = retries
        self.prices = prices
        self.budget = budget
        self.usage = usage
        self.refused: set[str] = set()  # parameters that the server does not accept
        self._limiter = Limiter(target.concurrency)
        self._opening = asyncio.Lock()
        self._client: AsyncOpenAI | None = None
        self._numbers = count()  # of the requests
        self._breaker = Breaker(patience)
        self._probing = False
        self._answered_at = -inf  # when a request last got a reply
        self._controlling = asyncio.Lock()
        self._controlled_at = -inf  # when the last control request was sent that got a reply
        self._last_fault = Fault("no request was sent")
        self._refusal: ServerUnusable | None = None  # for every request alike, such as of the API key
        self._refused_at = 0.0

    async def post(self, body: Mapping[str, object]) -> Reply[None]:
        """Send a request and return the reply.

        Raises RequestFailed, Unanswered, ServerUnusable and BudgetExceeded.
        """
        client = await self._open()
        request, tries, sent_before = next(self._numbers), 0, time.monotonic()
        while True:
            try:
                return await self._attempt(client, body, request)
            except Fault as fault:
                if not fault.transient or fault.wait_too_long:
                    error = await self._final_error(client, fault)
                    if isinstance(error, ServerUnusable):
                        self._refusal, self._refused_at = error, time.monotonic()
                    raise error from fault
                tries += not fault.is_probe
                is_last = tries > self.retries * (OVERLOAD_RETRIES if fault.status == 429 else 1)
                counts = False
                if tries >= CONTROL_AFTER or is_last:
                    counts = await self._answers_others(client, body, sent_before)
                sent_before = fault.sent_at
                if self._breaker.is_open:
                    continue  # to wait for the server; the fault says nothing about this request
                if is_last:
                    raise Unanswered(fault.reason, counts=counts) from fault
                await asyncio.sleep(fault.wait if fault.wait is not None else backoff(tries))

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _open(self) -> AsyncOpenAI:
        async with self._opening:
            if self._client is None:
                from openai import AsyncOpenAI, DefaultAioHttpClient

                base_url = await asyncio.to_thread(self.target.start)
                self._client = AsyncOpenAI(
                    base_url=base_url,
                    api_key=self.target.key or "none",
                    max_retries=0,
                    timeout=self.target.timeout,
                    http_client=DefaultAioHttpClient(trust_env=not self.target.in_process),
                )
            return self._client

    async def _attempt(self, client: AsyncOpenAI, body: Mapping[str, object], request: int) -> Reply[None]:
        """Send the request; if the server refuses a parameter, resend immediately without it."""
        refused = set(self.refused)
        while True:
            try:
                reply = await self._send(client, adapt(body, refused), request)
            except Fault as fault:
                name = refused_parameter(fault, body, refused)
                if name is None:
                    raise
                refused.add(name)
            else:
                self.refused |= refused
                return reply

    async def _send(self, client: AsyncOpenAI, body: dict[str, object], request: int) -> Reply[None]:
        """Send the request once the limiter and the breaker admit it, and record the outcome in both."""
        async with self._limiter.slot():
            if self._refusal and time.monotonic() < self._refused_at + REFUSED_SECONDS:
                raise self._refusal
            is_probe = await self._pass_breaker()
            sent_at = time.monotonic()
            try:
                reply = await self._exchange(client, body)
            except Fault as fault:
                fault.sent_at, fault.is_probe = sent_at, is_probe
                self._record_fault(fault, request, client)
                raise
            finally:
                self._probing = self._probing and not is_probe
            self._record_answer(request, sent_at, client)
            self._limiter.speed_up()
            self._answered_at = time.monotonic()
            return reply

    def _record_answer(self, request: int, sent_at: float, client: AsyncOpenAI) -> None:
        was_open = self._breaker.is_open
        self._breaker.succeed(request, sent_at)
        if was_open and not self._breaker.is_open:
            say(f"{client.base_url} answers again")

    def _record_fault(self, fault: Fault, request: int, client: AsyncOpenAI) -> None:
        pause = min(fault.wait or 0.0, MAX_PAUSE)
        if fault.overload:
            self._limiter.slow_down(fault.sent_at, pause)
        if not fault.transient:  # a refusal shows that the server works
            return self._record_answer(request, fault.sent_at, client)
        self._last_fault = fault
        breaker, was_open = self._breaker, self._breaker.is_open
        if fault.status == 429 and not was_open and request != CONTROL:
            return  # the limiter slows down; it is an outage only if not even a control request is admitted
        has_answered = self._answered_at > time.monotonic() - SURELY_UP
        is_certain = fault.unreachable or (request == CONTROL and not has_answered)
        breaker.fail(request, fault.sent_at, time.monotonic(), pause=pause, certain=is_certain)
        if breaker.is_open and not was_open and breaker.patience:
            say(f"{client.base_url} is down: {fault.reason}; waiting up to {breaker.patience:g} s for it")

    async def _pass_breaker(self) -> bool:
        """Wait until the breaker is closed or a probe is due; return whether the request is a probe.

        Raises ServerUnusable when the breaker gives up. After that, a probe is sent only when one is due.
        """
        breaker = self._breaker
        while breaker.is_open:
            now = time.monotonic()
            if now >= breaker.probe_at and not self._probing:
                self._probing = True
                return True
            if now >= breaker.deadline:
                raise self._down()
            until = breaker.deadline if self._probing else min(breaker.probe_at, breaker.deadline)
            await asyncio.sleep(min(max(until - now, 0.0), POLL_SECONDS))
        return False

    def _down(self) -> ServerUnusable:
        """The error of a server that was down for as long as requests wait for it."""
        url, fault = self._client and self._client.base_url, self._last_fault
        if fault.unreachable:
            return ServerUnusable(
                f"cannot reach {url}: {fault.reason}; start the server, or set llm.base_url"
            )
        if fault.status == 429:
            return ServerUnusable(f"{url} accepts no more requests: {fault.reason}; try again later")
        return ServerUnusable(f"{url} is down: {fault.reason}; run the same command again when it is up")

    async def _answers_others(self, client: AsyncOpenAI, body: Mapping[str, object], since: float) -> bool:
        """Whether the server has answered another request since the time `since`.

        If no other request shows it, a control request does: the same parameters with a trivial prompt.
        """
        asked_at = time.monotonic()
        async with self._controlling:
            if self._breaker.is_open:
                return False
            if self._answered_at >= since or self._controlled_at >= asked_at:
                return True
            sent_at = time.monotonic()
            try:
                await self._exchange(client, adapt(control(body), self.refused))
            except Fault as fault:
                if fault.transient:
                    fault.sent_at = sent_at
                    if not fault.lost:  # a server that hangs up may only dislike the control request
                        self._record_fault(fault, CONTROL, client)
                    return False
            self._controlled_at = sent_at
            return True

    async def _exchange(self, client: AsyncOpenAI, body: dict[str, object]) -> Reply[None]:
        """Send the request once. Raises Fault and BudgetExceeded."""
        from openai import OpenAIError

        async with self.budget.reserve(self.prices.worst_case(body)) as charge, LOOP.sending():
            self.usage.requests += 1
            try:
                async with asyncio.timeout(self.target.timeout):
                    answer = await client.post(path_of(body), cast_to=object, body=body)
                reply = read_reply(answer, body, may_be_empty=self.target.in_process)
            except (OpenAIError, *NO_ANSWER) as error:
                fault = diagnose(error, self.target.timeout, self.target.key)
                if fault.status is not None or fault.unreachable:
                    charge.usd = 0.0  # in other cases the server may have processed and billed the request
                raise fault from error
            usd = self.prices.cost(reply.input_tokens, reply.output_tokens)
            if reports_usage(answer):
                charge.usd = usd  # without reported usage, the worst case stays charged
            self.usage.input_tokens += reply.input_tokens
            self.usage.output_tokens += reply.output_tokens
            self.usage.cost_usd += usd
            return reply

    async def _final_error(self, client: AsyncOpenAI, fault: Fault) -> ModelError:
        """Return RequestFailed if only this request failed, or ServerUnusable if others would fail too."""
        url = client.base_url
        if fault.refuses_key:
            return ServerUnusable(self._key_message(str(url), fault))
        if fault.no_model:
            known = await self._known_models(client)
            return ServerUnusable(unknown_model(str(url), self.target.model, known, fault.reason))
        if fault.no_quota or fault.wait_too_long:
            return ServerUnusable(f"{url} accepts no more requests: {fault.reason}; try again later")
        if fault.too_long:
            return TooLong(f"HTTP {fault.status}: longer than the model's context")
        return RequestFailed(fault.reason)

    def _key_message(self, url: str, fault: Fault) -> str:
        if self.target.key:
            return f"{url} refuses the API key in {self.target.key_env}: {fault.reason}"
        return (
            f"{url} requires an API key: set the environment variable {self.target.key_env} ({fault.reason})"
        )

    async def _known_models(self, client: AsyncOpenAI) -> list[str]:
        """The models that the server lists; empty if it lists none."""
        from openai import OpenAIError

        try:
            async with asyncio.timeout(LIST_SECONDS):
                answer = await client.get("/models", cast_to=object)
        except (OpenAIError, *NO_ANSWER):  # the list only improves the message of an earlier error
            return []
        listed = answer.get("data") if isinstance(answer, dict) else None
        return [str(model["id"]) for model in listed or [] if isinstance(model, dict) and "id" in model]


def backoff(tries: int) -> float:
    """Return the seconds to wait after `tries` attempts: exponential, capped, with jitter."""
    return min(MAX_BACKOFF, FIRST_WAIT * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.0)
