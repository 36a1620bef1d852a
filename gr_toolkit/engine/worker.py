"""The process pool, and the initializer of its workers."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from types import TracebackType
from typing import ParamSpec, TypeVar

from gr_toolkit import interrupts
from gr_toolkit.errors import WorkerDied

# After a kill -9 the resource tracker removes the semaphores. Its warning tells the user nothing.
NO_LEAKS = "ignore:resource_tracker:UserWarning"
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class WorkerProcess(SpawnProcess):
    """A worker. It ignores SIGTERM, with which the pool ends the other workers when one has died."""

    def terminate(self) -> None:
        """Kill the process."""
        self.kill()


class WorkerContext(SpawnContext):
    """Spawns workers; forking is unsafe once a library has started threads."""

    Process = WorkerProcess


class WorkerPool(ProcessPoolExecutor):
    """Spawned processes. An interrupt ends them at once, and their shards stay pending."""

    def submit(
        self, function: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Submit a call, and start a worker for it if none is idle.

        A worker begins with the signals blocked, so that none ends it before it ignores them. An interrupt
        is raised afterwards, because it would leave a worker that the pool does not know.
        """
        with interrupts.on_interrupt(), interrupts.blocked():
            return super().submit(function, *args, **kwargs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error)

    def end(self, error: BaseException | None) -> None:
        """Cancel the calls that have not started, and wait for the others; after an interrupt, kill them.

        `error` is the exception that ends the work, if any. Afterwards every future is done.
        """
        with interrupts.on_interrupt(self.kill_workers):
            if isinstance(error, KeyboardInterrupt) or interrupts.received():
                self.kill_workers()
            self.shutdown(cancel_futures=True)

    def kill_workers(self) -> None:
        """Kill all workers. The futures of their calls raise BrokenProcessPool."""
        for process in list((self._processes or {}).values()):
            process.kill()


def worker_pool(workers: int) -> WorkerPool:
    """Return a pool of spawned processes.

    The workers import nothing from the working directory, because a file such as types.py there would
    shadow the standard library's module.
    """
    os.environ["PYTHONSAFEPATH"] = "1"  # not reset, because the pool starts its processes later
    os.environ["PYTHONWARNINGS"] = os.environ.get("PYTHONWARNINGS") or NO_LEAKS
    with interrupts.on_interrupt():  # raised between two semaphores, it would leave one of them behind
        return WorkerPool(workers, mp_context=WorkerContext(), initializer=initialize_worker)


@contextmanager
def worker_errors() -> Iterator[None]:
    """Raise WorkerDied instead of BrokenProcessPool, whose traceback tells the user nothing."""
    try:
        yield
    except BrokenProcessPool:
        raise WorkerDied from None


def initialize_worker() -> None:
    """Ignore Ctrl-C and SIGTERM, which the parent also receives, and exit when the parent exits.

    Otherwise the workers would outlive a killed parent: they wait for tasks on a pipe that never closes,
    because each worker holds it open.
    """
    for number in interrupts.SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, interrupts.SIGNALS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
