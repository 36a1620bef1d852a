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
from store import Store
from store.table import Row
from store.tables import NEEDS

Produced = Iterator[tuple[str, Sequence[Row]]]


def run_here(
    store: Store, name: str, output: str, function: Callable[[str, Advance], Sequence[Row]]
) -> Summary:
    """Do the pending shards of `output` one after another in this process.

    `function(shard, advance)` returns the shard's rows and calls `advance` as it gets through its input
    rows. Raises Locked, CorruptShard, CannotWrite and what the function raises; finished shards stay.
    """

    def produce(pending: list[str], advance: Advance) -> Produced:
        for shard in pending:
            yield shard, function(shard, advance)

    return _write_pending(store, name, output, produce)


def run_spread(
    store: Store,
    name: str,
    output: str,
    function: Callable[[str], Sequence[Row]],
    *,
    engine: str,
    workers: int,
) -> Summary:
    """Do the pending shards of `output` side by side; `function` must be picklable.

    Raises as run_here does, and MissingExtra where Ray is asked for and not installed.
    """
    spread = _on_ray if engine == "ray" else _on_cores
    source = store.table(NEEDS[output][0])

    def produce(pending: list[str], advance: Advance) -> Produced:
        for shard, rows in spread(function, pending, workers):
            yield shard, rows
            advance(source.rows_in([shard]))

    return _write_pending(store, name, output, produce)


def _write_pending(
    store: Store, name: str, output: str, produce: Callable[[list[str], Advance], Produced]
) -> Summary:
    started = time.monotonic()
    table = store.table(output)
    summary = Summary(step=name, table=output)
    with table.writing():
        for line in table.check():
            say(line)
        pending = table.pending(*NEEDS[output])
        summary.rows_in = store.table(NEEDS[output][0]).rows_in(pending)
        with progress(name, summary.rows_in) as advance:
            for shard, rows in produce(pending, advance):
                table.write(shard, rows)
                _count(summary, rows)
    summary.seconds = time.monotonic() - started
    return summary


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
    task = ray.remote(lambda shard: function(shard))  # Ray takes no partial
    names = {task.remote(shard): shard for shard in shards}
    while names:
        (done, *_), _ = ray.wait(list(names))
        try:
            rows = ray.get(done)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        yield names.pop(done), rows
