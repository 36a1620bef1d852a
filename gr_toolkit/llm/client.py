"""The client used by every stage: one model on one server, for one role."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from functools import partial as bind
from typing import TYPE_CHECKING, TypeVar, overload
from weakref import WeakValueDictionary

from gr_toolkit.console import Advance
from gr_toolkit.errors import RequestFailed, TooLong, UnusableReply
from gr_toolkit.llm.cache import Cache, request_key
from gr_toolkit.llm.loops import LOOP, gather
from gr_toolkit.llm.messages import Message, Reply
from gr_toolkit.llm.requests.body import conversation, parameters
from gr_toolkit.llm.requests.endpoint import Endpoint
from gr_toolkit.llm.requests.logprobs import ALTERNATIVES
from gr_toolkit.llm.requests.structured import response_format
from gr_toolkit.llm.requests.usable import (
    Unusable,
    complete_items,
    read_json,
    read_text,
    second_request,
    shorter_request,
)
from gr_toolkit.llm.unfinished import Unfinished
from gr_toolkit.llm.usage import Usage
from gr_toolkit.unicode import replace_surrogates

if TYPE_CHECKING:
    from pydantic import BaseModel

    from gr_toolkit.settings import LLMSettings

T = TypeVar("T", bound="BaseModel")
P = TypeVar("P", bound="BaseModel | None")
R = TypeVar("R")
Item = TypeVar("Item")
Last = Callable[[Reply[None]], Reply[P] | None]


class LLM:
    """A client for one model. Await its coroutines inside `run` or `map`; those of several LLMs may be mixed.

    A request raises RequestFailed if repeating it would not help, Unanswered if the server did not answer it,
    and ServerUnusable or BudgetExceeded if no other request can succeed either.
    """

    def __init__(
        self,
        open_endpoint: Callable[[Usage], Endpoint],
        settings: LLMSettings,
        cache: Cache | None,
        unfinished: Unfinished,
    ) -> None:
        """`open_endpoint` is called on first use, so that a model that is never asked need not be installed.

        `unfinished` keeps the replies that are not cached until their unit of work is written.
        """
        self.usage = Usage()
        self._open_endpoint = open_endpoint
        self._settings = settings
        self._cache = cache
        self._unfinished = unfinished
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @cached_property
    def _endpoint(self) -> Endpoint:
        return self._open_endpoint(self.usage)

    @property
    def name(self) -> str:
        """The model's name, as the server knows it and as rows store it."""
        return self._endpoint.target.model

    @property
    def server(self) -> str:
        """The server's base URL, or the library that runs the model in this process."""
        return self._endpoint.target.server

    @property
    def concurrency(self) -> int:
        """The number of requests that may be in flight."""
        return self._settings.concurrency

    @property
    def identity(self) -> str:
        """A text that changes with the model, its weights, and the settings that decide its replies.

        The system prompt is not among these settings, since `complete` does not send it.
        """
        chosen = json.dumps(parameters(self._settings), sort_keys=True)
        return f"{self._endpoint.target.identity} {self.name} {chosen}"

    @overload
    async def ask(
        self,
        messages: Sequence[Message],
        *,
        schema: None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
        partial: bool = False,
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
        partial: bool = False,
    ) -> Reply[T] | Reply[None]:
        """Return the reply to a conversation. If a schema is given, `parsed` is an instance of the schema.

        Arguments replace the settings of their names; `seed` is added to its setting. Two samples of one
        conversation need two seeds: an identical request returns the cached reply. A reply
        that is cut off or empty is a failure unless `partial` is set. Of a list that is cut off, the complete
        items are returned; `finish_reason` is then "length".
        """
        chosen = parameters(self._settings, temperature=temperature, max_tokens=max_tokens, seed=seed)
        turns = conversation(self._settings.system, messages)
        body = chosen | {"model": self.name, "messages": turns}
        if schema is None:
            return await self._usable(body, bind(read_text, partial=partial))
        body["response_format"] = response_format(schema, limits=self._endpoint.target.in_process)
        return await self._usable(body, bind(read_json, schema), bind(complete_items, schema))

    async def complete(
        self,
        prompt: str,
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
        stop: Sequence[str] | None = None,
        logprobs: bool = False,
        problem: Callable[[str], str | None] = lambda _: None,
    ) -> Reply[None]:
        """Return the model's continuation of a plain text, without a chat template or system prompt.

        A server that supports only chat receives the prompt as a user message. If `logprobs` is true and the
        server reports log-probabilities, the reply's `ending` holds those of its last tokens. `problem`
        returns why a reply's text is unusable, or None.
        """

        def read(reply: Reply[None]) -> Reply[None]:
            if why := problem(read_text(reply).text):
                raise Unusable(why)
            return reply

        chosen = parameters(
            self._settings, temperature=temperature, max_tokens=max_tokens, seed=seed, stop=stop
        )
        body = chosen | {"model": self.name, "prompt": replace_surrogates(prompt)}
        if logprobs:
            body["logprobs"] = ALTERNATIVES
        return await self._usable(body, read)

    def forget(self, unit: str) -> None:
        """Delete the replies that `kept_until_written` keeps for this unit of work."""
        self._unfinished.forget(unit)

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

        return self.run(gather(map(each, items)))

    async def _usable(
        self, body: Mapping[str, object], read: Callable[[Reply[None]], Reply[P]], last: Last[P] | None = None
    ) -> Reply[P]:
        """Return a usable reply, from the cache or the server. Only usable replies are cached.

        `read` converts a reply or raises Unusable. `last` may still get a result out of an unusable one.
        Identical concurrent requests are sent once if their replies are kept.
        """
        if self._cache is None and not self._unfinished.is_keeping:
            return (await self._ask_server(body, None, read, last))[0]
        key = self._key(body)
        async with self._locks.setdefault(key, asyncio.Lock()):
            cached = self._cache.get(key) if self._cache else None
            if cached is not None:
                with suppress(Unusable):  # earlier versions cached such replies too
                    result = read(cached)
                    self.usage.cached += 1
                    return result
            if self._cache is not None:
                self._cache.prepare()
            result, reply = await self._ask_server(body, key, read, last)
            if self._cache is not None and reply is not None:
                self._cache.put(key, reply)
            return result

    async def _ask_server(
        self,
        body: Mapping[str, object],
        key: str | None,
        read: Callable[[Reply[None]], Reply[P]],
        last: Last[P] | None,
    ) -> tuple[Reply[P], Reply[None] | None]:
        """Return the result of the request, or of a second one, and the reply to cache, if it is usable.

        `key` is the request's key, or None if no reply is kept.
        """
        try:
            reply = await self._reply(body, key)
        except TooLong:
            shorter = shorter_request(body)
            if shorter is None:
                raise
            reply = await self._reply(shorter, key and self._key(shorter))
        replies = [reply]
        try:
            return read(reply), reply
        except Unusable as problem:
            if key is not None:
                self._unfinished.put(key, reply)
            why, again = problem, second_request(body, reply, problem)
        if again is not None:
            with suppress(RequestFailed):
                key_again = key and self._key(again)
                replies.append(await self._reply(again, key_again))
                try:
                    return read(replies[-1]), replies[-1]
                except Unusable as problem:
                    if key_again is not None:
                        self._unfinished.put(key_again, replies[-1])
                    why = problem
        for reply in reversed(replies):
            if last and (result := last(reply)) is not None:
                return result, None
        raise UnusableReply(str(why)) from why

    async def _reply(self, body: Mapping[str, object], key: str | None) -> Reply[None]:
        """Return the reply to the request as it is: the one kept for this unit of work, or the server's."""
        if key is None:
            return await self._endpoint.post(body)
        kept = self._unfinished.get(key)
        if kept is not None:
            self.usage.cached += 1
            return kept
        if self._cache is None and self._unfinished.is_keeping:
            self._unfinished.prepare()
        reply = await self._endpoint.post(body)
        if self._cache is None:
            self._unfinished.put(key, reply)
        return reply

    def _key(self, body: Mapping[str, object]) -> str:
        return request_key(self._endpoint.target.identity, body)
