"""Runs one step: every pending shard of its inputs in, one shard of the same name out.

A step is a function from a shard's name to the rows of its output shard; it reads its inputs itself.
So the same function runs in this process, in a pool of processes, or as a Ray task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from console import Advance, Summary, progress, say
from errors import MissingExtra
from store import Store, Table
from store.table import Row
from store.tables import NEEDS

Produced = Iterator[tuple[str, Sequence[Row]]]
Produce = Callable[[list[str], Advance], Produced]


def run_here(store: Store, summary: Summary, function: Callable[[str, Advance], Sequence[Row]]) -> None:
    """Do the pending shards of the table that `summary` names, one after another in this process.

    `function(shard, advance)` returns the shard's rows. While it is at a shard for long it calls `advance`
    with the number of input rows it has got through; those it leaves out count when the shard is written.
    Raises Locked, CorruptShard, CannotWrite and what the function raises; finished shards stay, and what
    was done is in `summary` then too.
    """

    def produce(pending: list[str], advance: Advance) -> Produced:
        for shard in pending:
            yield shard, function(shard, advance)

    _write_pending(store, summary, produce)


def run_spread(
    store: Store,
    summary: Summary,
    function: Callable[[str], Sequence[Row]],
    *,
    engine: str,
    workers: int,
) -> None:
    """Do the pending shards of the table that `summary` names side by side; `function` must be picklable.

    Raises and counts as run_here does, and raises MissingExtra where Ray is asked for and not installed.
    """
    spread = _on_ray if engine == "ray" else _on_cores
    _write_pending(store, summary, lambda pending, _: spread(function, pending, workers))


def _write_pending(store: Store, summary: Summary, produce: Produce) -> None:
    started = time.monotonic()
    table, inputs = store.table(summary.table), NEEDS[summary.table]
    try:
        with table.writing():
            for line in table.check():
                say(line)
            sizes = {shard: store.table(inputs[0]).rows_in([shard]) for shard in table.pending(*inputs)}
            with progress(summary.step, sum(sizes.values())) as advance:
                _write(table, sizes, summary, produce, advance)
    finally:
        summary.seconds += time.monotonic() - started


def _write(table: Table, sizes: dict[str, int], summary: Summary, produce: Produce, advance: Advance) -> None:
    """Write the shards as they are produced; `sizes` has the input rows of each."""
    shown = 0

    def show(rows: int) -> None:
        nonlocal shown
        shown += rows
        advance(rows)

    for shard, rows in produce(list(sizes), show):
        table.write(shard, rows)
        _count(summary, rows)
        summary.rows_in += sizes[shard]
        if shown < summary.rows_in:
            show(summary.rows_in - shown)


def _count(summary: Summary, rows: Sequence[Row]) -> None:
    summary.shards += 1
    summary.rows += len(rows)
    summary.kept += sum(bool(row["kept"]) for row in rows)
    summary.reasons.update(str(row["reason"]) for row in rows if not row["kept"])


def _on_cores(function: Callable[[str], Sequence[Row]], shards: list[str], workers: int) -> Produced:
    """A pool of spawned processes: safe beside the threads that libraries start."""
    if len(shards) <= 1 or workers <= 1:
        yield from ((shard, function(shard)) for shard in shards)
        return
    with ProcessPoolExecutor(min(workers, len(shards)), mp_context=get_context("spawn")) as pool:
        names = {pool.submit(function, shard): shard for shard in shards}
        try:
            for future in as_completed(names):
                yield names.pop(future), future.result()
        except Exception:
            pool.shutdown(cancel_futures=True)
            for future, shard in names.items():  # those that were under way have finished
                if not future.cancelled() and future.exception() is None:
                    yield shard, future.result()
            raise
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _on_ray(function: Callable[[str], Sequence[Row]], shards: list[str], workers: int) -> Produced:
    """One Ray task a shard; connects to RAY_ADDRESS if set, else starts Ray on this machine."""
    if not shards:
        return
    try:
        import ray
    except ImportError as error:
        raise MissingExtra("--engine ray", "pip install 'gr-toolkit[ray]'") from error
    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False)

    def one_shard(shard: str) -> Sequence[Row]:  # Ray takes no partial
        return function(shard)

    task = ray.remote(one_shard)
    names = {task.remote(shard): shard for shard in shards}
    while names:
        (done, *_), _ = ray.wait(list(names))
        try:
            rows = ray.get(done)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        yield names.pop(done), rows
