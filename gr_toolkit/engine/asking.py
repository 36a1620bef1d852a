"""Runs a step that asks a model about each item of its input: all items of all shards are one pool.

Requests of the next shards are sent while the last ones of a shard are under way. A shard is written as soon
as all its items are settled. If an item is pending at the end, so is its shard, for the next run.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from gr_toolkit.console import Advance, Summary, counted, describe, progress
from gr_toolkit.engine.rounds import Asked, Rounds, in_rounds
from gr_toolkit.engine.run import count, pending_shards
from gr_toolkit.store import Store, Table
from gr_toolkit.store.failures import FailureCounts
from gr_toolkit.store.tables import Row

Item = TypeVar("Item")
Rows = Sequence[Row]
Run = Callable[[Coroutine[object, object, None]], None]


class Asking(NamedTuple, Generic[Item]):
    """A step that asks a model: how it reads a shard, asks about an item and names it from run to run."""

    items: Callable[[str], Sequence[Item]]  # of an input shard
    ask: Callable[[str, Item], Awaitable[Asked[Rows]]]  # the shard's name and an item of it
    name: Callable[[Item], str]
    before: Callable[[str], None] = lambda _: None  # called with each shard before it is written
    after: Callable[[str], None] = lambda _: None  # called with each shard after it is written


def run_asking(
    store: Store,
    summary: Summary,
    step: Asking[Item],
    rounds: Rounds,
    run: Run,
    shards: Sequence[str] | None = None,
) -> None:
    """Fill the pending shards of the table named in `summary`, or the named `shards`.

    `run` runs a coroutine on the model's event loop. Items that stay pending are counted in
    `summary.pending`. Raises Locked, CorruptShard, CannotWrite, and the errors of `step`. Finished shards are
    kept and counted in `summary` even after an error.
    """
    with (
        pending_shards(store, summary, shards) as (table, sizes),
        progress(summary.step, sum(sizes.values())) as show,
    ):
        pool = Pool(table, sizes, summary, step, show)
        counts = FailureCounts(store.state, table.name)
        try:
            run(pool.work(counts, rounds))
        finally:
            pool.report()


@dataclass(eq=False)
class OpenShard:
    """A shard whose items are being settled: the rows of each item, None while it is not settled."""

    name: str
    rows: list[Rows | None]
    missing: int


class Pool(Generic[Item]):
    """The shards of one run."""

    def __init__(
        self,
        table: Table[Row],
        sizes: dict[str, int],
        summary: Summary,
        step: Asking[Item],
        show: Advance,
    ) -> None:
        """`sizes` maps each pending shard to its number of input rows."""
        self.table = table
        self.sizes = sizes
        self.summary = summary
        self.step = step
        self.show = show
        self.unread = dict.fromkeys(sizes)  # in order
        self.open: dict[str, OpenShard] = {}
        self.failures: Counter[str] = Counter()  # items that stay pending, by kind of failure

    async def work(self, counts: FailureCounts, rounds: Rounds) -> None:
        """Ask about all items, and write the shards as they are settled."""
        async with aclosing(self._items()) as items:
            failing = await in_rounds(
                items,
                self._ask,
                self._settle,
                name=lambda item: self.step.name(item[2]),
                counts=counts,
                rounds=rounds,
            )
        for (_, _, item), unanswered in failing:
            self.failures[unanswered.kind] += 1
            self.summary.first.setdefault(unanswered.kind, self.step.name(item))

    def report(self) -> None:
        """Count the items that stay pending, and say so in the summary."""
        pending = sum(shard.missing or len(shard.rows) for shard in self.open.values())
        pending += sum(self.sizes[shard] for shard in self.unread)
        if pending:
            self.summary.pending += pending
            why = f": {describe(self.failures)}" if self.failures else ""
            shards = counted(len(self.open) + len(self.unread), "shard")
            self.summary.notes.append(f"pending: {counted(pending, 'row')} in {shards}{why}")

    async def _items(self) -> AsyncGenerator[tuple[OpenShard, int, Item], None]:
        """Yield the items of all shards; a shard is read when its first item is due."""
        for name in list(self.unread):
            items = await asyncio.to_thread(self.step.items, name)
            shard = OpenShard(name, [None] * len(items), len(items))
            self.open[name] = shard
            del self.unread[name]
            for place, item in enumerate(items):
                yield shard, place, item
            if not items:
                await self._write(shard)

    async def _ask(self, item: tuple[OpenShard, int, Item]) -> Asked[Rows]:
        shard, _, asked = item
        return await self.step.ask(shard.name, asked)

    async def _settle(self, item: tuple[OpenShard, int, Item], rows: Rows) -> None:
        shard, place, _ = item
        shard.rows[place] = rows
        shard.missing -= 1
        self.show(1)
        if not shard.missing:
            await self._write(shard)

    async def _write(self, shard: OpenShard) -> None:
        """Write a shard in a thread, to its end even if this task is cancelled meanwhile."""
        self.step.before(shard.name)
        rows = [row for found in shard.rows if found is not None for row in found]
        writing = asyncio.ensure_future(asyncio.to_thread(self.table.write, shard.name, rows))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            raise
        finally:
            if writing.done() and not writing.exception():
                self._count(shard, rows)

    def _count(self, shard: OpenShard, rows: Rows) -> None:
        del self.open[shard.name]
        count(self.summary, rows)
        self.summary.rows_in += self.sizes[shard.name]
        others = self.sizes[shard.name] - len(shard.rows)  # input rows that are no items of the step
        if others > 0:
            self.show(others)
        self.step.after(shard.name)
