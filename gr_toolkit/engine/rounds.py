"""Asks a model about many items concurrently, in rounds: an item that got no reply is asked again at the end.

A failure is not a result. An item is settled by a result, or by failing `give_up_after` times while the
server answered other requests. Everything else stays pending.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from typing import Generic, NamedTuple, TypeVar

from gr_toolkit.errors import GrError, Unanswered
from gr_toolkit.store.failures import FailureCounts

Item = TypeVar("Item")
Result = TypeVar("Result", covariant=True)


class Asked(NamedTuple, Generic[Result]):
    """The outcome of asking about an item once. With an `unanswered` request, `result` states the failure."""

    result: Result
    unanswered: Unanswered | None = None


class Rounds(NamedTuple):
    """How many items are asked about at once, and when to give one up."""

    at_once: int  # items
    give_up_after: int  # failures of an item
    grace: float  # seconds that items in progress have after an error that ends the run


async def in_rounds(
    items: AsyncIterator[Item],
    ask: Callable[[Item], Awaitable[Asked[Result]]],
    settle: Callable[[Item, Result], Awaitable[None]],
    *,
    name: Callable[[Item], str],
    counts: FailureCounts,
    rounds: Rounds,
) -> list[tuple[Item, Unanswered]]:
    """Ask about every item and settle it; return the items that stay pending, each with its last failure.

    `name` identifies an item from run to run. Raises ServerUnusable, BudgetExceeded and any other error of
    `ask` and `settle`, after the items in progress have ended.
    """

    async def work(item: Item) -> None:
        result, unanswered = await ask(item)
        if unanswered is None or _gives_up(unanswered, counts, name(item), rounds.give_up_after):
            counts.forget(name(item))
            await settle(item, result)
        else:
            failing.append((item, unanswered))

    failing: list[tuple[Item, Unanswered]] = []
    try:
        await _all(items, work, rounds)
        for _ in range(rounds.give_up_after - 1):
            if not failing:
                break
            again, failing = failing, []
            await _all(as_async(item for item, _ in again), work, rounds)
        return failing
    finally:
        counts.save()


def _gives_up(unanswered: Unanswered, counts: FailureCounts, name: str, after: int) -> bool:
    return unanswered.counts and counts.add(name) >= after


async def as_async(items: Iterable[Item]) -> AsyncIterator[Item]:
    """Yield the items, for `in_rounds`."""
    for item in items:
        yield item


async def _all(
    items: AsyncIterator[Item], work: Callable[[Item], Coroutine[object, object, None]], rounds: Rounds
) -> None:
    """Work on all items, at most `at_once` at a time. After an error, take no further item."""
    turn = asyncio.Lock()
    stopped = False

    async def worker() -> None:
        while not stopped:
            async with turn:
                item = await anext(items, None)
            if item is None:
                return
            await work(item)

    workers = [asyncio.ensure_future(worker()) for _ in range(rounds.at_once)]
    try:
        done, busy = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        stopped = True
        error = next((task.exception() for task in done if task.exception()), None)
        if busy and isinstance(error, GrError):
            await asyncio.wait(busy, timeout=rounds.grace)  # their requests are paid for
        if error is not None:
            raise error
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
