"""The clients to compare. All have at most AT_ONCE requests in flight, to a server without an API key.

Each is opened in a separate process (client_process.py).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gr_toolkit.llm import Reply
    from gr_toolkit.store.tables import AttemptRow, JudgedRow

AT_ONCE = 256
WAITING = 2 * AT_ONCE  # prompts that wait for a reply or their turn, as in the steps of gr curate
MODEL = "bench"
MAX_TOKENS = 4096  # per reply: more than the longest reply of the server
RETRIES = 10  # of the openai client at servers that fail
SHARD = 60  # rows in a shard of the step

Ask = Callable[[str], Awaitable[int]]  # sends a prompt and returns the number of the reply's tokens
Job = Callable[[], object]


class Client(NamedTuple):
    """An open client."""

    ask: Ask
    run: Callable[[Coroutine[object, object, object]], object]  # runs a coroutine on the client's event loop
    job: Callable[[Sequence[str]], Job]  # prepares to ask all prompts, and returns what does it
    waiting: int  # the number of prompts that wait for a reply or their turn, when prompts never run out


def prompt(number: int) -> str:
    """Return a prompt of about 600 characters that no other number has."""
    question = f"What follows from the premises {number} and {number * 7919 % 10_007}? "
    return f"Question {number}. " + 13 * question


@contextmanager
def openai_client(url: str, retries: int = 0, typed: bool = True) -> Iterator[Client]:
    """The openai package's client with its own aiohttp transport, and a semaphore.

    Unless `typed`, it is given the request's body, and it returns decoded JSON instead of a ChatCompletion.
    """
    from openai import AsyncOpenAI, DefaultAioHttpClient

    with asyncio.Runner() as runner:
        semaphore = asyncio.Semaphore(AT_ONCE)
        client = AsyncOpenAI(
            base_url=url, api_key="none", max_retries=retries, http_client=DefaultAioHttpClient()
        )

        async def ask(text: str) -> int:
            async with semaphore:
                reply = await client.chat.completions.create(
                    model=MODEL,
                    messages=[{"role": "user", "content": text}],
                    temperature=0,
                    max_tokens=MAX_TOKENS,
                )
            assert reply.usage
            assert reply.choices[0].message.content
            return reply.usage.completion_tokens

        async def post(text: str) -> int:
            body = {
                "model": MODEL,
                "messages": [{"role": "user", "content": text}],
                "temperature": 0,
                "max_tokens": MAX_TOKENS,
            }
            async with semaphore:
                reply = await client.post("/chat/completions", cast_to=object, body=body)
            assert isinstance(reply, dict)
            return int(reply["usage"]["completion_tokens"])

        send = ask if typed else post
        yield Client(
            send, runner.run, lambda prompts: lambda: runner.run(_all(send, prompts, AT_ONCE)), AT_ONCE
        )
        runner.run(client.close())


@contextmanager
def ours(url: str, cache: bool = True, budget: float | None = None) -> Iterator[Client]:
    """`LLM.ask` with a fresh state folder; with a budget in dollars, each request has a price."""
    import openai  # noqa: F401  # `LLM` imports it at the first request

    from gr_toolkit.llm import connect
    from gr_toolkit.settings import LLMSettings

    price = None if budget is None else 1.0
    settings = LLMSettings(
        model=MODEL,
        base_url=url,
        concurrency=AT_ONCE,
        max_tokens=MAX_TOKENS,
        cache=cache,
        max_cost_usd=budget,
        input_usd_per_million=price,
        output_usd_per_million=price,
    )
    with tempfile.TemporaryDirectory() as folder, connect(settings, None, Path(folder)) as llm:

        async def ask(text: str) -> int:
            return (await llm.ask([{"role": "user", "content": text}])).output_tokens

        yield Client(ask, llm.run, lambda prompts: lambda: llm.run(_all(ask, prompts, WAITING)), WAITING)


@contextmanager
def step(url: str) -> Iterator[Client]:
    """A step of `gr curate` with shards of SHARD rows. A row's prompt is its question."""
    import openai  # noqa: F401

    from curate.models import ask_about, model_for
    from gr_toolkit.console import Summary
    from gr_toolkit.engine import Asked
    from gr_toolkit.settings import LLMSettings, Settings
    from gr_toolkit.store import Store

    llm_settings = LLMSettings(model=MODEL, base_url=url, concurrency=AT_ONCE, max_tokens=MAX_TOKENS)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=folder, llm=llm_settings)
        store, summary = Store(settings.data, settings.state), Summary("curate attempt", "attempts")
        with model_for("solver", store, settings, summary) as llm:

            async def ask(text: str) -> int:
                return (await llm.ask([{"role": "user", "content": text}])).output_tokens

            async def attempt(row: JudgedRow) -> Asked[list[AttemptRow]]:
                reply = await llm.ask([{"role": "user", "content": row["question"]}])
                return Asked([_attempt(row, reply)])

            def job(prompts: Sequence[str]) -> Job:
                rows = [_judged(number, text) for number, text in enumerate(prompts)]
                for start in range(0, len(rows), SHARD):
                    store.table("judged").write(f"{start:06d}", rows[start : start + SHARD])
                return lambda: ask_about(
                    store,
                    settings,
                    summary,
                    llm,
                    items=store.table("judged").rows,
                    ask=attempt,
                    name=lambda row: row["id"],
                )

            yield Client(ask, llm.run, job, WAITING)


def _judged(number: int, text: str) -> JudgedRow:
    return {
        "id": f"{number:064x}",
        "question": text,
        "answer": "7",
        "verifiable": True,
        "answer_type": "Integer",
        "category": "Mathematics",
        "difficulty": "University",
        "judge": MODEL,
        "kept": True,
        "reason": None,
    }


def _attempt(row: JudgedRow, reply: Reply[None]) -> AttemptRow:
    return {
        "id": row["id"],
        "pair_id": row["id"],
        "sample": 0,
        "solver": MODEL,
        "completion": reply.text,
        "reasoning": None,
        "finish_reason": reply.finish_reason,
        "output_tokens": reply.output_tokens,
        "answer": None,
        "verdict": None,
        "decided_by": None,
        "rationale": None,
        "kept": True,
        "reason": None,
    }


async def _all(ask: Ask, prompts: Sequence[str], waiting: int) -> None:
    """Ask all prompts; so many wait for a reply or their turn."""
    left = iter(prompts)

    async def work() -> None:
        for text in left:
            await ask(text)

    await asyncio.gather(*(work() for _ in range(waiting)))


CLIENTS: dict[str, Callable[[str], AbstractContextManager[Client]]] = {
    "openai": openai_client,
    "openai-post": partial(openai_client, typed=False),
    "fixed": partial(openai_client, retries=RETRIES),
    "ours": ours,
    "ours-without-cache": partial(ours, cache=False),
    "ours-with-budget": partial(ours, budget=1000.0),
    "step": step,
}
TITLES = {
    "openai": "openai client",
    "openai-post": "openai client, its post() without types",
    "fixed": f"openai client, always {AT_ONCE} in flight",
    "ours": "gr, cache on",
    "ours-without-cache": "gr, cache off",
    "ours-with-budget": "gr, cache on, with a budget",
    "step": "gr, a step of gr curate, cache on",
}
