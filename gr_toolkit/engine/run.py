"""Runs one step: every pending shard of its inputs in, one shard of the same name out.

A step is a function from a shard's name to the rows of its output shard; it reads its inputs itself.
So the same function runs in this process, in a pool of processes, or as a Ray task.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import TypeVar

from gr_toolkit.console import Advance, Summary, progress, say
from gr_toolkit.engine.worker import worker_pool
from gr_toolkit.errors import MissingExtra
from gr_toolkit.store import Store, Table
from gr_toolkit.store.table import Row
from gr_toolkit.store.tables import NEEDS

Task = TypeVar("Task")
Result = TypeVar("Result")
Begin = Callable[[Task], Callable[[], Result]]
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
    side_by_side = _on_ray if engine == "ray" else _on_cores
    _write_pending(store, summary, lambda pending, _: side_by_side(function, pending, workers))


def spread(
    function: Callable[[Task], Result], tasks: Iterable[Task], *, engine: str, workers: int
) -> Iterator[tuple[Task, Result]]:
    """Each task with its result, in the order of the tasks; they run side by side and must be picklable.

    The tasks are drawn one by one, and no more are under way or finished and not yet taken than keep all
    workers busy, so that neither they nor their results pile up. Raises what the function raises, and
    MissingExtra where Ray is asked for and not installed.
    """
    if engine != "ray" and workers <= 1:
        yield from ((task, function(task)) for task in tasks)
        return
    with _in_cluster(function) if engine == "ray" else _in_pool(function, workers) as (begin, most):
        under_way: deque[tuple[Task, Callable[[], Result]]] = deque()
        for task in tasks:
            under_way.append((task, begin(task)))
            if len(under_way) >= most:
                first, result = under_way.popleft()
                yield first, result()
        for task, result in under_way:
            yield task, result()


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
        count(summary, rows)
        summary.rows_in += sizes[shard]
        if shown < summary.rows_in:
            show(summary.rows_in - shown)


def count(summary: Summary, rows: Sequence[Row]) -> None:
    """Count a shard that was written."""
    summary.shards += 1
    summary.rows += len(rows)
    summary.kept += sum(bool(row["kept"]) for row in rows)
    summary.reasons.update(str(row["reason"]) for row in rows if not row["kept"])


def _on_cores(function: Callable[[str], Sequence[Row]], shards: list[str], workers: int) -> Produced:
    """A pool of processes."""
    if len(shards) <= 1 or workers <= 1:
        yield from ((shard, function(shard)) for shard in shards)
        return
    with worker_pool(min(workers, len(shards))) as pool:
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


@contextmanager
def _in_pool(function: Callable[[Task], Result], workers: int) -> Iterator[tuple[Begin[Task, Result], int]]:
    """What begins a task in a pool of processes, and how many to begin."""
    pool = worker_pool(workers)
    try:
        yield lambda task: pool.submit(function, task).result, 2 * workers
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _in_cluster(function: Callable[[Task], Result]) -> Iterator[tuple[Begin[Task, Result], int]]:
    """What begins a task on Ray, and how many to begin."""
    ray = _started_ray()
    task = _ray_task(ray, function)
    cores = int(ray.cluster_resources().get("CPU", 1))
    yield lambda argument: partial(_ray_result, ray, task.remote(argument)), 2 * cores


def _on_ray(function: Callable[[str], Sequence[Row]], shards: list[str], workers: int) -> Produced:
    """One Ray task a shard."""
    if not shards:
        return
    ray = _started_ray()
    task = _ray_task(ray, function)
    names = {task.remote(shard): shard for shard in shards}
    while names:
        (done, *_), _ = ray.wait(list(names))
        rows: Sequence[Row] = _ray_result(ray, done)
        yield names.pop(done), rows


def _started_ray() -> ModuleType:
    """Ray, connected to RAY_ADDRESS if set, else started on this machine."""
    try:
        import ray
    except ImportError as error:
        raise MissingExtra("--engine ray", "pip install 'gr-toolkit[ray]'") from error
    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False)
    return ray


def _ray_task(ray: ModuleType, function: Callable[[Task], Result]):  # type: ignore[no-untyped-def] # noqa: ANN202
    def one_task(task: Task) -> Result:  # Ray takes no partial
        return function(task)

    return ray.remote(one_task)


def _ray_result(ray: ModuleType, reference: object):  # type: ignore[no-untyped-def] # noqa: ANN202
    """What a Ray task returned. Raises what it raised."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
