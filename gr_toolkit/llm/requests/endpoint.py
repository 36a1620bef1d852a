"""Sends requests to one model over HTTP: retries, waits while the server is down, and counts usage."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Mapping
from itertools import count
from math import inf
from typing import TYPE_CHECKING, NamedTuple, cast

from gr_toolkit.console import say
from gr_toolkit.errors import ModelError, RequestFailed, ServerUnusable, TooLong, Unanswered
from gr_toolkit.llm.loops import LOOP
from gr_toolkit.llm.messages import Reply
from gr_toolkit.llm.requests.availability import Availability
from gr_toolkit.llm.requests.faults import Fault, diagnose, unknown_model
from gr_toolkit.llm.requests.limiter import Limiter
from gr_toolkit.llm.requests.throughput import Sent
from gr_toolkit.llm.requests.wire import (
    adapt,
    path_of,
    read_reply,
    refused_parameter,
    reported_tokens,
    tokens_of,
)
from gr_toolkit.llm.spending.budget import Budget
from gr_toolkit.llm.usage import Prices, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from gr_toolkit.llm.requests.target import Target

FIRST_WAIT = 1.0  # seconds before the first retry; doubles with every further retry
MAX_BACKOFF = 60.0  # seconds before a retry, unless the server requests a longer wait
LIST_SECONDS = 10.0  # timeout of GET /models
CONTROL_AFTER = 2  # failed attempts of a request after which a control request tests the server
OVERLOAD_RETRIES = 4  # times as many retries after 429, which says nothing against the request itself
LONG_PAUSE = 15.0  # seconds; a longer pause that the server asks for is announced
REFUSED_SECONDS = 10.0  # in which other requests fail like one that showed that no request can succeed
ACCOUNT_HEADERS = ("OpenAI-Organization", "OpenAI-Project")
NO_KEY = "none"  # some servers require a key, but accept any
NO_ANSWER = (TimeoutError, ValueError, RecursionError)  # RecursionError: JSON nested too deeply
# Statuses of 500 or more that say that the model did not process the request. After another one, such as a
# gateway's time-out, it may have.
UNPROCESSED = (500, 503)


class Exchange(NamedTuple):
    """A reply, and what was known of its request when it was sent."""

    reply: Reply[None]
    sent: Sent


class Connection(NamedTuple):
    """An open client, and what is known about its server."""

    client: AsyncOpenAI
    server: Availability


class Endpoint:
    """Sends requests to one target. All its coroutines must run on one event loop."""

    def __init__(
        self, target: Target, retries: int, patience: float, prices: Prices, budget: Budget, usage: Usage
    ) -> None:
        """`patience` is how long, in seconds, requests wait for a server that is down."""
        self.target = target
        self.retries = retries
        self.patience = patience
        self.prices = prices
        self.budget = budget
        self.usage = usage
        self.refused: set[str] = set()  # parameters that the server does not accept
        self._limiter = Limiter(target.concurrency)
        self._opening = asyncio.Lock()
        self._connection: Connection | None = None
        self._numbers = count()  # of the requests
        self._refusal: ServerUnusable | None = None  # for every request alike, such as of the API key
        self._refused_at = 0.0

    async def post(self, body: Mapping[str, object]) -> Reply[None]:
        """Send a request and return the reply.

        Raises RequestFailed, Unanswered, ServerUnusable and BudgetExceeded.
        """
        connection = await self._open()
        request, tries, sent_before = next(self._numbers), 0, inf
        while True:
            try:
                return await self._attempt(connection, body, request, again=tries > 0)
            except Fault as fault:
                if not fault.transient or fault.wait_too_long:
                    raise await self._final_error(connection, body, fault) from fault
                tries += 1
                is_last = tries > self.retries * (OVERLOAD_RETRIES if fault.status == 429 else 1)
                since, sent_before = min(sent_before, fault.sent_at), fault.sent_at
                counts = False
                if tries >= CONTROL_AFTER or is_last or connection.server.most_fail:
                    counts = await connection.server.answers_others(body, since)
                if connection.server.is_down:
                    continue  # to wait for the server; the fault says nothing about this request
                if is_last:
                    raise Unanswered(fault.reason, counts=counts) from fault
                if fault.status != 429:  # after 429 all requests wait alike, in the limiter
                    await asyncio.sleep(_wait_before_retry(fault, tries))

    async def close(self) -> None:
        """Close the connections."""
        if self._connection is not None:
            await self._connection.client.close()

    async def _open(self) -> Connection:
        async with self._opening:
            if self._connection is None:
                from openai import AsyncOpenAI, DefaultAioHttpClient

                base_url = await asyncio.to_thread(self.target.start)
                client = AsyncOpenAI(
                    base_url=base_url,
                    api_key=self.target.key or NO_KEY,
                    max_retries=0,
                    timeout=self.target.timeout,
                    http_client=DefaultAioHttpClient(trust_env=not self.target.in_process),
                    default_headers=None if self.target.is_openai else _headers(self.target.key),
                )

                async def send_control(body: Mapping[str, object]) -> Reply[None]:
                    return (await self._exchange(client, adapt(body, self.refused))).reply

                server = Availability(str(client.base_url), self.patience, send_control)
                self._connection = Connection(client, server)
            return self._connection

    async def _attempt(
        self, connection: Connection, body: Mapping[str, object], request: int, *, again: bool
    ) -> Reply[None]:
        """Send the request; if the server refuses a parameter, resend immediately without it."""
        refused: set[str] = set()
        while True:
            try:
                reply = await self._send(connection, body, refused, request, again=again)
            except Fault as fault:
                name = refused_parameter(fault, body, refused)
                if name is None:
                    raise
                refused.add(name)
                again = True
            else:
                self.refused |= refused
                return reply

    async def _send(
        self,
        connection: Connection,
        body: Mapping[str, object],
        refused: set[str],
        request: int,
        *,
        again: bool,
    ) -> Reply[None]:
        """Send the request once the limiter admits it and the server is up, and record the outcome.

        Adds to `refused` what the server has meanwhile refused in other requests.
        """
        client, server = connection
        async with self._limiter.slot(again=again):
            if self._refusal and time.monotonic() < self._refused_at + REFUSED_SECONDS:
                raise self._refusal
            is_probe = await server.wait()
            try:
                refused |= self.refused
                reply, sent = await self._exchange(client, adapt(body, refused))
            except Fault as fault:
                if fault.overload and not fault.wait_too_long:
                    self._slow_down(fault)
                server.record_fault(request, fault)
                raise
            finally:
                if is_probe:
                    server.end_probe()
            server.record_reply(request, sent.at)
            self._limiter.answered(sent, reply.output_tokens)
            return reply

    def _slow_down(self, fault: Fault) -> None:
        """Send fewer requests. After 429 all requests wait, for as long as the server asks.

        The breaker handles the pause after 503: the limiter's would delay its decision.
        """
        wait = (fault.wait or 0.0) if fault.status == 429 else None
        pauses = self._limiter.refused(fault.sent_at, wait)
        if pauses and wait is not None and wait > LONG_PAUSE:
            say(f"{self.target.server} asks to wait {wait:.0f} s: {fault.reason}")

    async def _exchange(self, client: AsyncOpenAI, body: dict[str, object]) -> Exchange:
        """Send the request once. Raises Fault and BudgetExceeded."""
        from openai import OpenAIError

        async with self.budget.reserve(lambda: self.prices.worst_case(body)) as charge, LOOP.sending():
            charge.is_sent = True
            self.usage.requests += 1
            sent = self._limiter.sent()
            try:
                async with asyncio.timeout(self.target.timeout):
                    answer = await client.post(path_of(body), cast_to=object, body=body)
                if tokens := reported_tokens(answer):  # also of an unusable reply
                    charge.tokens, charge.usd = tokens, self.prices.cost(tokens.input, tokens.output)
                reply = read_reply(answer, body, tokens, may_be_empty=self.target.in_process)
            except (OpenAIError, *NO_ANSWER) as error:
                fault = diagnose(error, self.target.timeout)
                fault.sent_at = sent.at
                if fault.timed_out:  # a server with too many requests may answer none of them in time
                    self._limiter.answered(sent, tokens=0)
                if _is_free(fault):
                    charge.usd = 0.0  # in other cases the server may have processed and billed the request
                raise fault from error
            charge.tokens = tokens_of(reply)  # if they are estimated, the worst case stays charged
            return Exchange(reply, sent)

    async def _final_error(
        self, connection: Connection, body: Mapping[str, object], fault: Fault
    ) -> ModelError:
        """Return RequestFailed if only this request failed, or ServerUnusable if others would fail too."""
        client, server = connection
        url = str(client.base_url)
        if fault.refuses_key:
            message = self._key_message(url, fault)
        elif fault.no_model:
            message = unknown_model(url, self.target.model, await self._known_models(client), fault.reason)
        elif fault.no_quota or fault.wait_too_long:
            message = f"{url} accepts no more requests: {fault.reason}; try again later"
        elif fault.too_long:
            return TooLong(f"HTTP {fault.status}: longer than the model's context")
        elif not await server.accepts_any(body):
            message = f"{url} refuses every request: {fault.reason}"
        else:
            return RequestFailed(fault.reason)
        self._refusal, self._refused_at = ServerUnusable(message), time.monotonic()
        return self._refusal

    def _key_message(self, url: str, fault: Fault) -> str:
        if self.target.key:
            return f"{url} refuses the API key in {self.target.key_env}: {fault.reason}"
        return f"{url} requires an API key: {self.target.advice_on_key} ({fault.reason})"

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


def _headers(key: str) -> dict[str, str]:
    """The headers for a server other than OpenAI's: without those that are for OpenAI alone.

    The openai package sends what it finds in the environment: an organization, a project, and any headers in
    OPENAI_CUSTOM_HEADERS, which may hold a key.
    """
    from openai import Omit

    custom = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
    names = [*ACCOUNT_HEADERS, *(line.partition(":")[0].strip() for line in custom if ":" in line)]
    left_out = cast(dict[str, str], {name: Omit() for name in names if name.lower() != "authorization"})
    return left_out | {"Authorization": f"Bearer {key or NO_KEY}"}


def _is_free(fault: Fault) -> bool:
    """Whether the model surely did not process the request."""
    if fault.status is None:
        return fault.unreachable
    return (400 <= fault.status < 500 and fault.status != 408) or fault.status in UNPROCESSED


def _wait_before_retry(fault: Fault, tries: int) -> float:
    """The seconds until the next attempt: what the server asks for, else an exponential backoff."""
    return backoff(tries) if fault.wait is None else min(fault.wait, MAX_BACKOFF)


def backoff(tries: int) -> float:
    """Return the seconds to wait after `tries` attempts: exponential, capped, with jitter."""
    return min(MAX_BACKOFF, FIRST_WAIT * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.0)
