"""How a command line of `gr` ends: its error in one line on stderr, its exit code, and the end of its log."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress

from gr_toolkit import interrupts
from gr_toolkit.console.bars import say
from gr_toolkit.errors import CannotWrite, GrError, WorkerDied
from gr_toolkit.runs import current

DEBUG = "GR_DEBUG"  # the environment variable that shows tracebacks
INTERRUPTED = 130  # typer's exit code after a KeyboardInterrupt
FULL = ("No space left", "disk is full", "Disk quota exceeded")  # in messages of libraries
STOPPED = "stopped. To finish, run the same command again."
NO_MEMORY = (
    "memory ran out. What is written is kept: run the same command again, with fewer workers (GR_WORKERS=1) "
    "if it happens again"
)


def run_to_end(command: Callable[[], None], arguments: Sequence[str]) -> int:
    """Run a command line, print and log how it ends, and return its exit code.

    `command` runs the `arguments`, of which the first is the name of the program, and may raise anything.
    """
    current.start(arguments)
    exit_code = _exit_code(command)
    with suppress(KeyboardInterrupt), interrupts.on_interrupt():
        try:
            current.end(exit_code)
        except CannotWrite as error:
            say(f"gr: {error}")
            return exit_code or CannotWrite.exit_code
    return exit_code


def _exit_code(command: Callable[[], None]) -> int:
    try:
        try:
            command()
        except SystemExit as ended:
            if ended.code == INTERRUPTED:
                raise KeyboardInterrupt from None
            if ended.code:
                return ended.code if isinstance(ended.code, int) else _fail(ended, str(ended.code))
        sys.stdout.flush()
        return 0
    except KeyboardInterrupt:
        say(f"gr: {STOPPED}")
        return 128 + (interrupts.received() or signal.SIGINT)
    except Exception as error:
        return _fail(error, explain(error))


def _fail(error: BaseException, message: str) -> int:
    """Print the error, and its traceback if the user wants it; return its exit code."""
    if os.environ.get(DEBUG):
        say("".join(traceback.format_exception(error)).rstrip())
    if message:
        say(f"gr: {message}")
    return error.exit_code if isinstance(error, GrError) else 1


def explain(error: Exception) -> str:
    """What happened, to what, and what to do next, in one line; empty if the user need not know it."""
    from concurrent.futures.process import BrokenProcessPool

    match error:
        case GrError():
            return str(error)
        case MemoryError():
            return NO_MEMORY
        case BrokenProcessPool():
            return str(WorkerDied())
    what = f"{type(error).__name__}: {error}".rstrip(": ").partition("\n")[0]
    if any(text in str(error) for text in FULL):
        return f"the disk is full: {what}. Free some space, then run the same command again"
    current.log("".join(traceback.format_exception(error)))
    path = current.log_path()
    where = f", which is also in {path}" if path else ""
    return f"internal error: {what}. Please report it with its traceback: `gr --debug` shows it{where}"
