"""The processes that do the work, and what each of them begins with."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """So many spawned processes: safe beside the threads that libraries start.

    None of them imports a module of the working directory, where a file such as types.py would be taken for
    the standard library's.
    """
    os.environ["PYTHONSAFEPATH"] = "1"  # a pool starts its processes later, so it must stay
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=begin_worker)


def begin_worker() -> None:
    """Leave Ctrl-C to the parent, which a terminal sends it to as well, and end when the parent does.

    A pool's workers wait for work on a pipe that each of them holds open, and so would outlive a parent that
    is killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
