"""Event loops, for callers that may be inside one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

R = TypeVar("R")


def outside_loop(call: Callable[[], R]) -> R:
    """The result of `call`, which runs an event loop.

    It is called in a thread of its own if a loop runs in this one, as it does in a notebook.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return call()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()
