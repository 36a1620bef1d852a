"""Sends requests to one model over HTTP: retries, backs off, and counts usage."""

from __future__ import annotations

import asyncio
import difflib
import random
import time
from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING

from gr_toolkit.errors import ModelError, RequestFailed, ServerUnusable
from gr_toolkit.llm.messages import Reply
from gr_toolkit.llm.requests.faults import GATEWAY_ERRORS, MAX_PAUSE, Fault, diagnose
from gr_toolkit.llm.requests.limiter import Limiter
from gr_toolkit.llm.requests.wire import adapt, path_of, read_reply, refused_parameter, reports_usage
from gr_toolkit.llm.usage import Budget, Prices, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from gr_toolkit.llm.requests.target import Target

FIRST_WAIT = 1.0  # seconds before the first retry; doubles with every further retry
MAX_BACKOFF = 60.0  # seconds before a retry, unless the server requests a longer wait
PROBE_SECONDS = 10.0  # timeout of GET /models
NO_ANSWER = (TimeoutError, ValueError, RecursionError)  # RecursionError: JSON nested too deeply


class Endpoint:
    """Sends requests to one target. All its coroutines must run on one event loop."""

    def __init__(self, target: Target, retries: int, prices: Prices, budget: Budget, usage: Usage) -> None:
        self.target = target
        self.retries = retries
        self.prices = prices
        self.budget = budget
        self.usage = usage
        self.refused: set[str] = set()  # parameters that the server does not accept
        self._limiter = Limiter(target.concurrency)
        self._opening = asyncio.Lock()
        self._client: AsyncOpenAI | None = None
        self._succeeded_at: float | None = None

    async def post(self, body: Mapping[str, object]) -> Reply[None]:
        """Send a request and return the reply. Raises RequestFailed, ServerUnusable, BudgetExceeded."""
        client = await self._open()
        failing_since: float | None = None
        for tries in count(1):
            try:
                return await self._attempt(client, body)
            except Fault as fault:
                failing_since = failing_since or time.monotonic()
                if tries > self.retries or self._is_final(fault):
                    raise await self._final_error(client, fault, failing_since) from fault
                await asyncio.sleep(fault.wait if fault.wait is not None else backoff(tries))
        raise AssertionError("count never ends")

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _open(self) -> AsyncOpenAI:
        async with self._opening:
            if self._client is None:
                from openai import AsyncOpenAI, DefaultAsyncHttpxClient

                base_url = await asyncio.to_thread(self.target.start)
                self._client = AsyncOpenAI(
                    base_url=base_url,
                    api_key=self.target.key or "none",
                    max_retries=0,
                    timeout=self.target.timeout,
                    http_client=DefaultAsyncHttpxClient(trust_env=False) if self.target.in_process else None,
                )
            return self._client

    async def _attempt(self, client: AsyncOpenAI, body: Mapping[str, object]) -> Reply[None]:
        """Send the request; if the server refuses a parameter, resend immediately without it."""
        refused = set(self.refused)
        while True:
            try:
                reply = await self._send(client, adapt(body, refused))
            except Fault as fault:
                name = refused_parameter(fault, body, refused)
                if name is None:
                    raise
                refused.add(name)
            else:
                self.refused |= refused
                return reply

    async def _send(self, client: AsyncOpenAI, body: dict[str, object]) -> Reply[None]:
        from openai import OpenAIError

        async with (
            self._limiter.slot() as sent_at,
            self.budget.reserve(self.prices.worst_case(body)) as charge,
        ):
            self.usage.requests += 1
            try:
                async with asyncio.timeout(self.target.timeout):
                    answer = await client.post(path_of(body), cast_to=object, body=body)
                reply = read_reply(answer, body)
            except (OpenAIError, *NO_ANSWER) as error:
                fault = diagnose(error, self.target.timeout, self.target.key)
                if fault.status is not None or fault.unreachable:
                    charge.usd = 0.0  # in other cases the server may have processed and billed the request
                if fault.overload:
                    self._limiter.slow_down(sent_at, min(fault.wait or 0.0, MAX_PAUSE))
                raise fault from error
            usd = self.prices.cost(reply.input_tokens, reply.output_tokens)
            if reports_usage(answer):
                charge.usd = usd  # without reported usage, the worst case stays charged
            self._count(reply, usd)
            return reply

    def _count(self, reply: Reply[None], usd: float) -> None:
        self._succeeded_at = time.monotonic()
        self._limiter.speed_up()
        self.usage.input_tokens += reply.input_tokens
        self.usage.output_tokens += reply.output_tokens
        self.usage.cost_usd += usd

    def _is_final(self, fault: Fault) -> bool:
        """Whether further attempts in this run would fail too."""
        never_reached = fault.unreachable and self._succeeded_at is None
        return never_reached or not fault.transient or fault.wait_too_long

    async def _final_error(self, client: AsyncOpenAI, fault: Fault, failing_since: float) -> ModelError:
        """Return RequestFailed if only this request failed, or ServerUnusable if others would fail too."""
        url, model = client.base_url, self.target.model
        if fault.refuses_key:
            return ServerUnusable(self._key_message(str(url), fault))
        if fault.no_model:
            known = await self._known_models(client)
            return ServerUnusable(unknown_model(str(url), model, known, fault.reason))
        if fault.unreachable and self._succeeded_at is None:
            return ServerUnusable(
                f"cannot reach {url}: {fault.reason}; start the server, or set llm.base_url"
            )
        silent = self._succeeded_at is None or self._succeeded_at < failing_since
        if fault.no_quota or fault.wait_too_long or (fault.status == 429 and silent):
            return ServerUnusable(f"{url} accepts no more requests: {fault.reason}; try again later")
        if (fault.lost or fault.status in GATEWAY_ERRORS) and not await self._alive(client):
            return ServerUnusable(f"{url} is down: {fault.reason}; run the same command again when it is up")
        too_long = f"HTTP {fault.status}: longer than the model's context"
        return RequestFailed(too_long if fault.too_long else fault.reason)

    def _key_message(self, url: str, fault: Fault) -> str:
        if self.target.key:
            return f"{url} refuses the API key in {self.target.key_env}: {fault.reason}"
        return (
            f"{url} requires an API key: set the environment variable {self.target.key_env} ({fault.reason})"
        )

    async def _alive(self, client: AsyncOpenAI) -> bool:
        """Whether the server responds. If it does, the failure is limited to the current request."""
        try:
            await self._list_models(client)
        except Fault as fault:
            return fault.status is not None and fault.status not in GATEWAY_ERRORS
        return True

    async def _known_models(self, client: AsyncOpenAI) -> list[str]:
        try:
            return await self._list_models(client)
        except Fault:  # the list only improves the message of an earlier error
            return []

    async def _list_models(self, client: AsyncOpenAI) -> list[str]:
        from openai import OpenAIError

        try:
            async with asyncio.timeout(PROBE_SECONDS):
                answer = await client.get("/models", cast_to=object)
        except (OpenAIError, *NO_ANSWER) as error:
            raise diagnose(error, PROBE_SECONDS, self.target.key) from error
        listed = answer.get("data") if isinstance(answer, dict) else None
        return [str(model["id"]) for model in listed or [] if isinstance(model, dict) and "id" in model]


def backoff(tries: int) -> float:
    """Return the seconds to wait after `tries` attempts: exponential, capped, with jitter."""
    return min(MAX_BACKOFF, FIRST_WAIT * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.0)


def unknown_model(url: str, model: str, known: list[str], reason: str) -> str:
    """Return the error message for a model that the server does not list, or lists but refuses to use."""
    if model in known:
        return f"{url} does not serve the model {model!r} for this kind of request: {reason}"
    if not known:
        return (
            f"{url} does not know the model {model!r}, "
            "or is not an OpenAI-compatible base URL (most end in /v1)"
        )
    nearest = difflib.get_close_matches(model, known, n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    shown = ", ".join(known[:5]) + (", ..." if len(known) > 5 else "")
    return f"{url} does not know the model {model!r}; {hint}It serves: {shown}"
