"""Runs one step: each pending input shard produces one output shard of the same name.

A step is a function from a shard's name to the rows of its output shard. The function reads its inputs
itself, so it can run in this process, in a process pool, or as a Ray task.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import closing, contextmanager
from functools import partial
from importlib.util import find_spec
from types import ModuleType
from typing import Protocol, TypeVar, cast

from gr_toolkit.console import Advance, Summary, progress, say
from gr_toolkit.engine.worker import worker_errors, worker_pool
from gr_toolkit.errors import MissingExtra, WorkerDied
from gr_toolkit.steps import inputs
from gr_toolkit.store import Store, Table
from gr_toolkit.store.tables import Row

Task = TypeVar("Task")
Result = TypeVar("Result")
Begin = Callable[[Task], Callable[[], Result]]
INSTALL_RAY = "pip install 'gr-toolkit[ray]'"
Produced = Generator[tuple[str, Sequence[Row]], None, None]
Produce = Callable[[list[str], Advance], Produced]


def require_engine(engine: str) -> None:
    """Raise MissingExtra if the engine is Ray and Ray is not installed: call it before anything is done."""
    if engine == "ray" and find_spec("ray") is None:
        raise MissingExtra("--engine ray", INSTALL_RAY)


def run_here(store: Store, summary: Summary, function: Callable[[str, Advance], Sequence[Row]]) -> None:
    """Process the pending shards of the table named in `summary`, one after another in this process.

    `function(shard, advance)` returns the shard's rows. During a long shard it calls `advance` with the
    number of input rows just processed. Rows not reported this way are counted when the shard is written.
    Raises Locked, CorruptShard, CannotWrite, and any error of `function`. Finished shards are kept and
    counted in `summary` even after an error.
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
    """Process the pending shards of the table named in `summary` in parallel; `function` must be picklable.

    Counts rows and raises errors like `run_here`. Raises MissingExtra if `engine` is "ray" and Ray is not
    installed.
    """
    require_engine(engine)
    run_shards = _on_ray if engine == "ray" else _on_cores
    _write_pending(store, summary, lambda pending, _: run_shards(function, pending, workers))


def spread(
    function: Callable[[Task], Result], tasks: Iterable[Task], *, engine: str, workers: int
) -> Iterator[tuple[Task, Result]]:
    """Yield each task with its result, in task order. Tasks run in parallel and must be picklable.

    Tasks are drawn lazily, at most two per worker ahead of the caller, so that tasks and results do not pile
    up in memory. Raises any error of `function`, and MissingExtra if `engine` is "ray" and Ray is not
    installed.
    """
    require_engine(engine)
    if engine != "ray" and workers <= 1:
        yield from ((task, function(task)) for task in tasks)
        return
    with _in_cluster(function) if engine == "ray" else _in_pool(function, workers) as (begin, limit):
        in_flight: deque[tuple[Task, Callable[[], Result]]] = deque()
        for task in tasks:
            in_flight.append((task, begin(task)))
            if len(in_flight) >= limit:
                first, result = in_flight.popleft()
                yield first, result()
        for task, result in in_flight:
            yield task, result()


def _write_pending(store: Store, summary: Summary, produce: Produce) -> None:
    with (
        pending_shards(store, summary) as (table, sizes),
        progress(summary.step, sum(sizes.values())) as advance,
    ):
        _write(table, sizes, summary, produce, advance)


@contextmanager
def pending_shards(
    store: Store, summary: Summary, shards: Sequence[str] | None = None
) -> Iterator[tuple[Table[Row], dict[str, int]]]:
    """Yield the table named in `summary`, and its pending shards with their numbers of input rows.

    `shards` names other shards instead of the pending ones.
    Holds the table's lock while the block runs, and adds the time that the block takes to the summary. Raises
    Locked, CorruptShard.
    """
    started = time.monotonic()
    table, needs = store.table(summary.table), inputs(summary.table)
    try:
        with table.writing():
            for line in table.check():
                say(line)
            due = table.pending(*needs) if shards is None else shards
            yield table, {shard: store.table(needs[0]).rows_in([shard]) for shard in due}
    finally:
        summary.seconds += time.monotonic() - started


def _write(
    table: Table[Row], sizes: dict[str, int], summary: Summary, produce: Produce, advance: Advance
) -> None:
    """Write the shards as they are produced; `sizes` maps each shard to its number of input rows."""
    shown = 0

    def show(rows: int) -> None:
        nonlocal shown
        shown += rows
        advance(rows)

    with closing(produce(list(sizes), show)) as produced:  # a failed write cancels the pending shards
        for shard, rows in produced:
            table.write(shard, rows)
            count(summary, rows)
            summary.rows_in += sizes[shard]
            if shown < summary.rows_in:
                show(summary.rows_in - shown)


def count(summary: Summary, rows: Sequence[Row]) -> None:
    """Add the rows of a written shard to the summary."""
    summary.shards += 1
    summary.rows += len(rows)
    summary.kept += sum(row["kept"] for row in rows)
    for row in rows:
        if row["reason"] is not None:
            summary.reject(row["reason"], _name(row, summary.table))


def _name(row: Row, table: str) -> str:
    """What identifies a row to the user: the URL of a text, else the id."""
    columns = cast(Mapping[str, object], row)
    return str(columns.get("url" if table == "texts" else "id", ""))


def _on_cores(function: Callable[[str], Sequence[Row]], shards: list[str], workers: int) -> Produced:
    """Run the shards in a process pool, or in this process if there is only one shard or worker."""
    if len(shards) <= 1 or workers <= 1:
        yield from ((shard, function(shard)) for shard in shards)
        return
    with worker_errors(), worker_pool(min(workers, len(shards))) as pool:
        futures = {pool.submit(function, shard): shard for shard in shards}
        try:
            for future in as_completed(futures):
                yield futures.pop(future), future.result()
        except (Exception, KeyboardInterrupt) as error:
            pool.end(error)
            for future, shard in futures.items():
                if not future.cancelled() and future.exception() is None:
                    yield shard, future.result()
            raise


@contextmanager
def _in_pool(function: Callable[[Task], Result], workers: int) -> Iterator[tuple[Begin[Task, Result], int]]:
    """Yield a function that submits a task to a process pool, and how many tasks to keep in flight."""
    with worker_errors(), worker_pool(workers) as pool:
        yield lambda task: pool.submit(function, task).result, 2 * workers


@contextmanager
def _in_cluster(function: Callable[[Task], Result]) -> Iterator[tuple[Begin[Task, Result], int]]:
    """Yield a function that submits a task to Ray, and how many tasks to keep in flight."""
    ray = _started_ray()
    task = _ray_task(ray, function)
    cores = int(ray.cluster_resources().get("CPU", 1))
    yield lambda argument: partial(_ray_result, ray, task.remote(argument)), 2 * cores


def _on_ray(function: Callable[[str], Sequence[Row]], shards: list[str], workers: int) -> Produced:
    """Run one Ray task per shard."""
    if not shards:
        return
    ray = _started_ray()
    task = _ray_task(ray, function)
    references = {task.remote(shard): shard for shard in shards}
    try:
        while references:
            (done, *_), _ = ray.wait(list(references))
            rows: Sequence[Row] = _ray_result(ray, done)
            yield references.pop(done), rows
    finally:
        for reference in references:  # left after an error
            ray.cancel(reference)


def _started_ray() -> ModuleType:
    """Return the ray module, connected to RAY_ADDRESS if it is set, else to a Ray started here."""
    import ray

    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False)
    return ray


class RemoteTask(Protocol):
    """A function that Ray runs on the cluster."""

    def remote(self, task: object) -> object:
        """Start the function on a task; return a reference to its result."""


def _ray_task(ray: ModuleType, function: Callable[[Task], Result]) -> RemoteTask:
    def one_task(task: Task) -> Result:  # Ray rejects functools.partial
        return function(task)

    remote_task: RemoteTask = ray.remote(one_task)
    return remote_task


def _ray_result(ray: ModuleType, reference: object):  # type: ignore[no-untyped-def] # noqa: ANN202
    """Return the result of a Ray task. Raises the task's own exception, and WorkerDied."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError):
        raise WorkerDied from None
