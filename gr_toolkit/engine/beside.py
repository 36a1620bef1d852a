"""Runs a step beside another one that makes its input: each shard as soon as it is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager

from gr_toolkit.console import Summary
from gr_toolkit.engine.run import count
from gr_toolkit.engine.worker import worker_pool
from gr_toolkit.store import Store
from gr_toolkit.store.table import Row
from gr_toolkit.store.tables import NEEDS


class Beside:
    """The shards that are under way in other processes. What goes wrong there is raised at the end."""

    def __init__(
        self,
        store: Store,
        summary: Summary,
        function: Callable[[str], Sequence[Row]],
        pool: ProcessPoolExecutor,
    ) -> None:
        self.table = store.table(summary.table)
        self.input = store.table(NEEDS[summary.table][0])
        self.summary = summary
        self.function = function
        self.pool = pool
        self.waiting: dict[Future[Sequence[Row]], str] = {}
        self.error: Exception | None = None

    def start(self, shard: str) -> None:
        """The input has this shard now."""
        if self.error is None:
            self.waiting[self.pool.submit(self.function, shard)] = shard

    def collect(self, *, wait: bool = False) -> None:
        """Write the shards that are done, or all of them."""
        for future in [future for future in self.waiting if wait or future.done()]:
            shard = self.waiting.pop(future)
            try:
                rows = future.result()
                self.table.write(shard, rows)
                count(self.summary, rows)
                self.summary.rows_in += self.input.rows_in([shard])
            except Exception as error:
                self.error = self.error or error


@contextmanager
def run_beside(
    store: Store, summary: Summary, function: Callable[[str], Sequence[Row]], workers: int
) -> Iterator[Beside]:
    """Make the table that `summary` names while the body runs, in `workers` processes.

    The body calls `start` with every new shard of the input, and `collect` now and then. Afterwards the
    rest is waited for. Raises Locked, and what `function` or the writing raised.
    """
    started = time.monotonic()
    with store.table(summary.table).writing():
        pool = worker_pool(workers)
        try:
            with pool:
                beside = Beside(store, summary, function, pool)
                try:
                    yield beside
                    beside.collect(wait=True)
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        finally:
            summary.seconds += time.monotonic() - started
    if beside.error:
        raise beside.error
