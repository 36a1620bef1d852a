"""Runs a step of `gr curate` that asks a model about each item of its input."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from gr_toolkit.console import Summary
from gr_toolkit.engine import Asked, Asking, Rounds, run_asking
from gr_toolkit.llm import LLM, connect, kept_until_written
from gr_toolkit.llm.usage import metered
from gr_toolkit.settings import Role, Settings
from gr_toolkit.store import Store
from gr_toolkit.store.tables import Row

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def model_for(role: Role, store: Store, settings: Settings, summary: Summary) -> Iterator[LLM]:
    """Open the model of a role. On exit, also after an error, add the model's usage to the summary."""
    with connect(settings.llm, role, store.state) as llm, metered(summary, [llm.usage]):
        yield llm


def ask_about(
    store: Store,
    settings: Settings,
    summary: Summary,
    llm: LLM,
    items: Callable[[str], Sequence[Item]],
    ask: Callable[[Item], Awaitable[Asked[Sequence[Row]]]],
    name: Callable[[Item], str],
    shards: Sequence[str] | None = None,
    before: Callable[[str], None] = lambda _: None,
) -> None:
    """Fill the pending shards of the summary's table with the rows that `ask` returns for each item.

    `items` reads the items of an input shard, and `name` identifies an item from run to run. `shards` names
    the shards to write instead of the pending ones; `before` is called with each shard before it is written.
    """
    unit = partial(unit_of, summary.table)

    async def ask_in(shard: str, item: Item) -> Asked[Sequence[Row]]:
        with kept_until_written(unit(shard)):
            return await ask(item)

    step = Asking(items, ask_in, name, before, after=lambda shard: llm.forget(unit(shard)))
    rounds = Rounds(2 * llm.concurrency, settings.llm.give_up_after, settings.llm.grace)
    run_asking(store, summary, step, rounds, llm.run, shards)


def unit_of(table: str, shard: str) -> str:
    """The name of the unit of work whose replies are kept until the shard is written."""
    return f"{table}/{shard}"


async def all_of(coroutines: Iterable[Coroutine[object, object, Result]]) -> list[Result]:
    """Run the coroutines concurrently and return their results in order.

    If one raises, the others still finish, because their requests are paid for. Then its exception is raised.
    """
    outcomes = await asyncio.gather(*coroutines, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
