"""The event loop that all model clients of this process share, and how an interrupt ends it."""

from __future__ import annotations

import asyncio
import atexit
import gc
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from gr_toolkit.console import say
from gr_toolkit.interrupts import on_interrupt

R = TypeVar("R")

WAKE_SECONDS = 0.5
FINISHING_STEPS = 50  # turns of the loop in which the tasks handle the last replies after an interrupt


class EventLoop:
    """One event loop shared by all clients of this process, so that a coroutine may await several clients.

    Any thread may run a coroutine on the loop; a lock admits one thread at a time. At the first interrupt no
    further request is sent, and those in flight have `grace` seconds to finish.
    """

    def __init__(self) -> None:
        self.grace = 0.0
        self._turn = threading.RLock()
        self._runner = asyncio.Runner()
        self._in_flight = 0
        self._stop_asked = False
        self._is_stopping = False
        self._main: asyncio.Task[object] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        atexit.register(self._runner.close)

    def run(self, coroutine: Coroutine[object, object, R]) -> R:
        """Run the coroutine and return its result. Raises KeyboardInterrupt after an interrupt."""
        return outside_loop(lambda: self._run(coroutine))

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Count a request as in flight while the block runs. After an interrupt the block does not begin."""
        if self._is_stopping:
            await asyncio.Event().wait()  # until the task is cancelled
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    def _run(self, coroutine: Coroutine[object, object, R]) -> R:
        with self._turn, on_interrupt(self._stop):
            # The garbage collector need not look at the same thousands of classes again and again: its pauses
            # delay all requests. Only objects that exist already are frozen, and only while the loop runs.
            gc.freeze()
            try:
                return self._runner.run(self._as_main(coroutine))
            finally:
                gc.unfreeze()
                self._main, self._stop_asked, self._is_stopping = None, False, False

    async def _as_main(self, coroutine: Coroutine[object, object, R]) -> R:
        self._main = asyncio.current_task()
        self._wake_up()
        if self._stop_asked:  # before there was a task to cancel
            self._begin_stop()
        try:
            return await coroutine
        finally:
            if self._alarm:
                self._alarm.cancel()
            if self._stopping:
                self._stopping.cancel()

    def _wake_up(self) -> None:
        """Wake the loop now and then, because a signal that another thread receives does not wake it."""
        self._alarm = asyncio.get_running_loop().call_later(WAKE_SECONDS, self._wake_up)

    def _stop(self) -> None:
        """Begin to stop. Called by a signal handler, so the work is left to the loop."""
        self._stop_asked = True
        self._runner.get_loop().call_soon_threadsafe(self._begin_stop)

    def _begin_stop(self) -> None:
        if self._main is not None and not self._is_stopping:
            self._is_stopping = True
            self._stopping = asyncio.ensure_future(self._finish_requests(self._main))

    async def _finish_requests(self, main: asyncio.Task[object]) -> None:
        """Wait for the requests in flight, at most `grace` seconds, then cancel the main task."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.grace
        if self._in_flight and self.grace:
            say(
                f"stopping: waiting up to {self.grace:g} s for {self._in_flight} model requests in flight; "
                "a second Ctrl-C stops at once"
            )
        while self._in_flight and loop.time() < deadline:
            await asyncio.sleep(0.02)
        for _ in range(FINISHING_STEPS):
            await asyncio.sleep(0)
        main.cancel()


LOOP = EventLoop()


class Alarm:
    """Calls a function once on the running event loop, at the earliest of the times for which it is set."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Call the function after so many seconds, unless it is called before."""
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._ring)

    def cancel(self) -> None:
        """Do not call the function until the alarm is set again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        self._call()


def outside_loop(call: Callable[[], R]) -> R:
    """Call a function that starts an event loop, and return its result.

    If a loop already runs in this thread, as in a notebook, `call` runs in a separate thread.
    """
    if not _loop_is_running():
        return call()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def gather(coroutines: Iterable[Coroutine[object, object, R]]) -> list[R]:
    """Run the coroutines concurrently; return their results in order.

    If one raises, the others are cancelled, and its exception is raised.
    """
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
