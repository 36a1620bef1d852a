"""The client used by every stage: one model on one server, for one role."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar, overload
from weakref import WeakValueDictionary

from gr_toolkit.console import Advance
from gr_toolkit.errors import RequestFailed
from gr_toolkit.llm.cache import Cache, request_key
from gr_toolkit.llm.loops import outside_loop
from gr_toolkit.llm.messages import Message, Reply
from gr_toolkit.llm.requests.endpoint import Endpoint
from gr_toolkit.llm.requests.logprobs import ALTERNATIVES
from gr_toolkit.llm.requests.structured import explain, parse, repair, response_format
from gr_toolkit.llm.requests.wire import Body
from gr_toolkit.unicode import replace_surrogates

if TYPE_CHECKING:
    from pydantic import BaseModel

    from gr_toolkit.settings import LLMSettings

T = TypeVar("T", bound="BaseModel")
R = TypeVar("R")
Item = TypeVar("Item")


class EventLoop:
    """One event loop shared by all clients of this process, so that a coroutine may await several clients.

    Any thread may run a coroutine on the loop; a lock admits one thread at a time.
    """

    def __init__(self) -> None:
        self._turn = threading.RLock()
        self._runner = asyncio.Runner()
        atexit.register(self._runner.close)

    def run(self, coroutine: Coroutine[object, object, R]) -> R:
        """Run the coroutine and return its result. Ctrl-C cancels it."""
        return outside_loop(lambda: self._run(coroutine))

    def _run(self, coroutine: Coroutine[object, object, R]) -> R:
        with self._turn:
            return self._runner.run(coroutine)


LOOP = EventLoop()


class LLM:
    """A client for one model. Await its coroutines inside `run` or `map`; those of several LLMs may be mixed.

    A request raises RequestFailed if only this request failed, and ServerUnusable or BudgetExceeded if no
    other request can succeed either.
    """

    def __init__(self, endpoint: Endpoint, settings: LLMSettings, cache: Cache | None) -> None:
        self.name = endpoint.target.model
        self.server = endpoint.target.server
        self.identity = (
            f"{endpoint.target.identity} {self.name}"  # changes with the model and with its weights
        )
        self._in_process = endpoint.target.in_process
        self.usage = endpoint.usage
        self.budget = endpoint.budget
        self._endpoint = endpoint
        self._settings = settings
        self._cache = cache
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @overload
    async def ask(
        self,
        messages: Sequence[Message],
        *,
        schema: None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
    ) -> Reply[None]: ...

    @overload
    async def ask(
        self,
        messages: Sequence[Message],
        *,
        schema: type[T],
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
    ) -> Reply[T]: ...

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        schema: type[T] | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
    ) -> Reply[T] | Reply[None]:
        """Return the reply to a conversation. If a schema is given, `parsed` is an instance of the schema.

        Two samples of one conversation need two seeds: an identical request returns the cached reply.
        """
        conversation = [
            Message(role=turn["role"], content=replace_surrogates(turn["content"])) for turn in messages
        ]
        body = self._body(temperature, max_tokens, seed)
        if schema is None:
            return await self._reply({**body, "messages": conversation})
        return await self._structured(schema, body, conversation)

    async def complete(
        self,
        prompt: str,
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
        stop: Sequence[str] | None = None,
        logprobs: bool = False,
    ) -> Reply[None]:
        """Return the model's continuation of a plain text, without a chat template.

        A server that supports only chat receives the prompt as a user message. If `logprobs` is true and the
        server reports log-probabilities, the reply's `ending` holds those of its last tokens.
        """
        body = self._body(temperature, max_tokens, seed) | {"prompt": replace_surrogates(prompt)}
        if stop:
            body["stop"] = list(stop)
        if logprobs:
            body["logprobs"] = ALTERNATIVES
        return await self._reply(body)

    @property
    def honours_schemas(self) -> bool:
        """Whether the server accepts response_format. True until it has refused it."""
        return "response_format" not in self._endpoint.refused

    def run(self, coroutine: Coroutine[object, object, R]) -> R:
        """Run a coroutine that awaits this client and return its result, for synchronous code."""
        return LOOP.run(coroutine)

    def map(
        self, function: Callable[[Item], Awaitable[R]], items: Sequence[Item], advance: Advance
    ) -> list[R]:
        """Apply `function` to all items concurrently; return the results in the order of the items.

        Calls `advance(1)` after each item. If `function` raises, the other items are cancelled and the
        exception is raised. So `function` must catch RequestFailed if one failure should not stop the run.
        """

        async def each(item: Item) -> R:
            result = await function(item)
            advance(1)
            return result

        async def gather() -> list[R]:
            tasks = [asyncio.ensure_future(each(item)) for item in items]
            try:
                return await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

        return self.run(gather())

    def _body(self, temperature: float | None, max_tokens: int | None, seed: int | None) -> Body:
        body: Body = {
            "model": self.name,
            "temperature": self._settings.temperature if temperature is None else temperature,
            "max_tokens": max_tokens or self._settings.max_tokens,
        }
        return body if seed is None else body | {"seed": seed}

    async def _structured(self, schema: type[T], body: Body, messages: list[Message]) -> Reply[T]:
        from pydantic import ValidationError

        body = body | {"response_format": response_format(schema, limits=self._in_process)}
        reply = await self._reply(body | {"messages": messages})
        try:
            return reply.with_parsed(parse(schema, reply.text))
        except ValidationError as error:
            if reply.finish_reason != "length":  # a corrected reply would be cut off too
                reply = await self._reply(body | {"messages": repair(messages, reply.text, error)})
        try:
            return reply.with_parsed(parse(schema, reply.text))
        except ValidationError as error:
            self.usage.failed += 1
            cut_off = ", cut off at max_tokens" if reply.finish_reason == "length" else ""
            raise RequestFailed(f"not valid JSON for {schema.__name__}{cut_off}: {explain(error)}") from error

    async def _reply(self, body: Mapping[str, object]) -> Reply[None]:
        """Return the reply from the cache or the server. Identical concurrent requests are sent once."""
        if self._cache is None:
            return await self._post(body)
        key = request_key(self._endpoint.target.identity, body)
        async with self._locks.setdefault(key, asyncio.Lock()):
            cached = self._cache.get(key)
            if cached is not None:
                self.usage.cached += 1
                return cached
            self._cache.prepare()
            reply = await self._post(body)
            self._cache.put(key, reply)
            return reply

    async def _post(self, body: Mapping[str, object]) -> Reply[None]:
        try:
            return await self._endpoint.post(body)
        except RequestFailed:
            self.usage.failed += 1
            raise
