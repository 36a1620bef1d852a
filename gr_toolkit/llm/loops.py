"""Starts an event loop even if the caller already runs inside one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

R = TypeVar("R")


def outside_loop(call: Callable[[], R]) -> R:
    """Call a function that starts an event loop, and return its result.

    If a loop already runs in this thread, as in a notebook, `call` runs in a separate thread.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return call()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()
