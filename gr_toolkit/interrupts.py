"""Interrupts: what happens at Ctrl-C (SIGINT) and at SIGTERM, which systemd, Docker and Slurm send.

    with handled():                       # `cli.main` runs every command in such a block
        with on_interrupt(client.close):  # the first signal calls this instead of raising KeyboardInterrupt
            work()

The first signal raises KeyboardInterrupt, so that `finally` blocks run. The second one ends the process at
once, wherever it is. Only the main thread handles signals; in another thread these functions do nothing.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from subprocess import Popen, TimeoutExpired
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from gr_toolkit.errors import StoreError

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

Result = TypeVar("Result")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_SECONDS = 0.05  # until a signal that had no effect is repeated
WAKE_SECONDS = 1.0  # at most, until a waiting main thread handles a signal that another thread received
STOPPED_EARLY = b"gr: stopped before it began.\n"
SHOW_CURSOR = b"\x1b[?25h\n"  # a progress bar hides the cursor


@dataclass(eq=False)
class Block:
    """A running `on_interrupt` block. `stopped` means that the first signal came while it ran."""

    stop: Callable[[], None]
    stopped: bool = False


@dataclass
class State:
    """The state of the process. The signal handler runs between any two instructions of the main thread."""

    handling: bool = False
    first: int | None = None  # the number of the first signal
    lost: bool = False  # the first signal had no effect, and is repeated
    blocks: list[Block] = field(default_factory=list)  # the innermost one last
    child: Popen[bytes] | None = None  # the `gr` process that this process waits for


STATE = State()


@contextmanager
def handled() -> Iterator[None]:
    """Handle SIGINT and SIGTERM while the block runs. Does nothing in a thread other than the main one.

    A signal that was ignored before, as SIGINT is in a shell's background job, stays ignored. After a signal
    the handlers stay until the process exits, so that a second one still ends it at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    global STATE
    STATE = State()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    report, sys.unraisablehook = sys.unraisablehook, _on_unraisable
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, _on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        STATE.handling = True
        if STATE.first is not None:
            _signal_again()
        yield
    finally:
        STATE.handling = False
        if STATE.first is None:
            sys.unraisablehook = report
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def ending_quietly() -> Iterator[None]:
    """Let a signal end the process at once while the block runs, with the exit code that `handled` leads to.

    Around imports, whose traceback would tell the user nothing. Does nothing in a thread other than the main
    one. A signal that was ignored before stays ignored.
    """

    def end(number: int, _: FrameType | None) -> None:
        os.write(2, STOPPED_EARLY)
        os._exit(128 + number)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    if threading.current_thread() is not threading.main_thread():
        before = {}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, end)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def on_interrupt(stop: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Call `stop` at the first signal instead of raising KeyboardInterrupt, while the block runs to its end.

    Raises KeyboardInterrupt after the block if the signal came while it ran, also in place of an error, which
    `stop` may have caused. Only StoreError and SystemExit are still raised, because the user must know them.
    Blocks nest: the innermost one's `stop` is called. Does nothing outside `handled` and in a thread other
    than the main one.
    """
    if not STATE.handling or threading.current_thread() is not threading.main_thread():
        yield
        return
    block = Block(stop)
    STATE.blocks.append(block)
    try:
        yield
    except BaseException as error:
        if not block.stopped or isinstance(error, StoreError | SystemExit | KeyboardInterrupt):
            raise
        raise KeyboardInterrupt from error
    finally:
        STATE.blocks.remove(block)
    if block.stopped:
        raise KeyboardInterrupt


def received() -> int | None:
    """Return the number of the first signal since `handled` began, or None."""
    return STATE.first


def run(coroutine: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine like asyncio.run, but the first signal cancels it, and KeyboardInterrupt follows."""
    import asyncio

    main: asyncio.Task[object] | None = None
    is_stopped = False

    def stop() -> None:
        nonlocal is_stopped
        is_stopped = True
        with suppress(RuntimeError):  # the loop is closed already
            if main:
                main.get_loop().call_soon_threadsafe(main.cancel)

    async def cancellable() -> Result:
        nonlocal main
        main = asyncio.current_task()
        if is_stopped and main:  # the signal came before there was a task to cancel
            main.cancel()
        return await coroutine

    with on_interrupt(stop), asyncio.Runner() as runner:
        return runner.run(cancellable())


@contextmanager
def blocked() -> Iterator[None]:
    """Block the signals in this thread, so that a process that the block starts begins with them blocked.

    Such a process calls `handled`, or ignores the signals. This process receives them after the block.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def call(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a `gr` command as a child process, pass the signals on to it, and return its exit code.

    The child has a process group of its own, so that a terminal's Ctrl-C reaches it only through this
    process. After a signal, waits for the child, which writes its summary, and raises KeyboardInterrupt.
    """
    with blocked():
        STATE.child = child = Popen(command, env=environment, process_group=0)
    with on_interrupt(lambda: child.send_signal(STATE.first or signal.SIGTERM)):
        while True:
            with suppress(TimeoutExpired):
                # With a time-out, because a signal that another thread receives does not end the wait.
                return child.wait(WAKE_SECONDS)


def _on_signal(number: int, _: FrameType | None) -> None:
    if STATE.lost:
        STATE.lost = False
    elif STATE.first is not None:
        _end_now(128 + STATE.first)
    else:
        STATE.first = number
    if STATE.blocks:
        STATE.blocks[-1].stopped = True
        STATE.blocks[-1].stop()
    elif STATE.handling:
        raise KeyboardInterrupt


def _on_unraisable(ignored: UnraisableHookArgs) -> None:
    """Raise a KeyboardInterrupt again that Python ignores, because it came in a destructor or a callback."""
    if ignored.exc_type is KeyboardInterrupt and STATE.first is not None:
        _signal_again()
    else:
        sys.__unraisablehook__(ignored)


def _signal_again() -> None:
    """Repeat the first signal, which had no effect; not at once, because it would have none again."""
    STATE.lost = True
    again = threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), STATE.first))
    again.daemon = True
    again.start()


def _end_now(code: int) -> None:
    """End the process and its children without a word."""
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # nothing that breaks from now on is reported
    if STATE.child:
        STATE.child.send_signal(signal.SIGTERM)  # its second signal
    if "multiprocessing.synchronize" in sys.modules:
        _end_workers()
    with suppress(Exception):
        sys.stdout.flush()
    os._exit(code)


def _end_workers() -> None:
    """Kill the child processes and remove the semaphores, which would be reported as leaked.

    Other finalizers of multiprocessing are skipped, because they may wait.
    """
    from multiprocessing import active_children, synchronize, util

    for process in active_children():
        process.kill()
    for finalizer in list(util._finalizer_registry.values()):  # type: ignore[attr-defined]
        if finalizer._callback is synchronize.SemLock._cleanup:  # type: ignore[attr-defined]
            with suppress(Exception):
                finalizer()


def _in_forked_child() -> None:
    """Restore the default handlers: the parent may end its child with SIGTERM, and expects no traceback."""
    if STATE.handling:
        STATE.handling = False
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)


def _at_exit() -> None:
    """Let an interrupted process exit with its code: Python restores the default handlers before its end."""
    if STATE.first is not None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


os.register_at_fork(after_in_child=_in_forked_child)
atexit.register(_at_exit)
