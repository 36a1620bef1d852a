"""The process pool, and the initializer of its workers."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of spawned processes; forking is unsafe once a library has started threads.

    The workers import nothing from the working directory, because a file such as types.py there would
    shadow the standard library's module.
    """
    os.environ["PYTHONSAFEPATH"] = "1"  # not reset, because the pool starts its processes later
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=initialize_worker)


def initialize_worker() -> None:
    """Ignore Ctrl-C, which the terminal also sends to the parent, and exit when the parent exits.

    Otherwise the workers would outlive a killed parent: they wait for tasks on a pipe that never closes,
    because each worker holds it open.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
