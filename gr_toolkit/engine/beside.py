"""Runs a step concurrently with the step that writes its input: each input shard as soon as it is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

from gr_toolkit.console import Summary
from gr_toolkit.engine.run import count
from gr_toolkit.engine.worker import WorkerPool, worker_errors, worker_pool
from gr_toolkit.errors import WorkerDied
from gr_toolkit.steps import step_of
from gr_toolkit.store import Store
from gr_toolkit.store.tables import Row


class Beside:
    """The shards that worker processes are processing. `run_beside` raises the first error at its end."""

    def __init__(
        self,
        store: Store,
        summary: Summary,
        function: Callable[[str], Sequence[Row]],
        pool: WorkerPool,
    ) -> None:
        self.table = store.table(summary.table)
        self.input = store.table(step_of(summary.table).needs[0])
        self.summary = summary
        self.function = function
        self.pool = pool
        self.waiting: dict[Future[Sequence[Row]], str] = {}
        self.error: Exception | None = None

    def start(self, shard: str) -> None:
        """Start processing an input shard. Does nothing after an error."""
        if self.error is None:
            try:
                with worker_errors():
                    self.waiting[self.pool.submit(self.function, shard)] = shard
            except WorkerDied as error:
                self.error = error

    def collect(self, *, wait: bool = False) -> None:
        """Write the finished shards; if `wait` is true, wait for all started shards and write them."""
        for future in [future for future in self.waiting if wait or future.done()]:
            shard = self.waiting.pop(future)
            try:
                with worker_errors():
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
    """Fill the table named in `summary`, in `workers` processes, while the block runs.

    The block calls `start` with every new input shard, and `collect` from time to time. After the block, the
    remaining shards are written. Raises Locked, and any error of `function` or of writing a shard.
    """
    started = time.monotonic()
    with store.table(summary.table).writing():
        try:
            with worker_pool(workers) as pool:  # after an error the pending shards are not started
                beside = Beside(store, summary, function, pool)
                yield beside
                beside.collect(wait=True)
        finally:
            summary.seconds += time.monotonic() - started
    if beside.error:
        raise beside.error
