"""The run of this process, if `gr` runs a command line in it, and its two logs.

    start(sys.argv)              # the command line begins; it may turn out to be no run, such as `gr status`
    log_in(state)                # it is a run, with its logs in the folder `state`
    begin()                      # its first step begins: the start is recorded
    log("curate extract: 3/9")
    report(steps, is_idle=False, idle_notes=[])
    end(exit_code)               # the end is recorded

Without `start`, as in a program that calls the toolkit as a library, the other functions do nothing.
"""

from __future__ import annotations

import os
import shlex
import socket
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from gr_toolkit.errors import CannotWrite, UsageError
from gr_toolkit.runs import lines, records
from gr_toolkit.runs.identity import mark_alive, run_id, unmark
from gr_toolkit.runs.lines import Line
from gr_toolkit.runs.records import Step
from gr_toolkit.runs.redaction import redact

KEPT_LINES = 1_000  # of a command that is no run, or not yet


@dataclass
class Run:
    """What is known about the run of this process."""

    command: str
    started: Line
    began: float = field(default_factory=time.monotonic)
    state: Path | None = None
    must_log: bool = True
    is_logged: bool = False
    is_silent: bool = True  # it has written no line yet
    waiting: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    steps: list[Step] = field(default_factory=list)
    is_idle: bool = False  # no step had anything to do
    idle_notes: list[str] = field(default_factory=list)


RUN: Run | None = None


def start(arguments: Sequence[str]) -> None:
    """Begin a command line: the name of the program and its arguments."""
    global RUN
    run_id()  # names the time of the start
    command = redact(shlex.join(["gr", *arguments[1:]]))
    RUN = Run(command, Line(_now(), f"{command}: started"))


def log_in(state: Path, *, must_log: bool = True) -> None:
    """The command is a run, with its logs in the folder `state`.

    Without `must_log` it is logged only if that folder exists, and goes on if the logs cannot be written.
    """
    if RUN:
        RUN.state, RUN.must_log = state, must_log


def begin() -> None:
    """Record that the run starts, unless it is recorded already. Raises CannotWrite if it must be logged."""
    if not RUN or not RUN.state or RUN.is_logged:
        return
    try:
        if RUN.must_log or os.path.isdir(RUN.state):
            _record_start(RUN, RUN.state)
    except CannotWrite:
        if RUN.must_log:
            raise
        RUN.state = None  # it goes on without a log


def _record_start(run: Run, state: Path) -> None:
    at = run.started.at.astimezone(UTC).isoformat(timespec="seconds")
    start: records.Start = {
        "event": "start",
        "run": run_id(),
        "at": at,
        "command": run.command,
        "version": version("gr-toolkit"),
        "pid": os.getpid(),
        "host": socket.gethostname(),
    }
    try:
        mark_alive(state)
        lines.check(state)
    except OSError as error:
        raise records.cannot_write(Path(error.filename or state), error.strerror) from error
    records.append(state, start)
    run.is_logged = True
    _write_waiting(run)


def log(message: str) -> None:
    """Write a message to the log of the run, as soon as the run has begun."""
    if RUN:
        RUN.waiting.append(Line(_now(), redact(message)))
        if RUN.is_logged:
            _write_waiting(RUN)


def report(steps: list[Step], *, is_idle: bool, idle_notes: list[str]) -> None:
    """Set the steps of the run, whether none of them had anything to do, and the notes of such steps."""
    if RUN:
        RUN.steps, RUN.is_idle, RUN.idle_notes = steps, is_idle, idle_notes


def log_path() -> Path | None:
    """The file that holds the messages of the run, or None if it has not begun."""
    return RUN.state / lines.FILE if RUN and RUN.state and RUN.is_logged else None


def end(exit_code: int) -> None:
    """Record that the run ended. Raises CannotWrite if it must be logged.

    A run that failed before its first step is recorded too, if it has a state folder, but no usage error.
    """
    global RUN
    run = RUN
    if run and run.state and not run.is_logged and exit_code not in (0, UsageError.exit_code):
        with suppress(CannotWrite):
            if os.path.isdir(run.state):
                begin()
    RUN = None
    if not run or not run.state or not run.is_logged:
        return
    took = time.monotonic() - run.began
    notes = redact("".join(f"; {note}" for note in run.idle_notes))
    if run.is_idle and exit_code == 0:
        run.is_silent = run.is_silent and bool(run.waiting)  # an idle run needs no line about its start
        run.waiting.append(Line(_now(), f"{run.command}: nothing to do{notes}"))
    else:
        ended = f"{run.command}: ended with exit code {exit_code} after {took:.1f} s{notes}"
        run.waiting.append(Line(_now(), ended))
    _write_waiting(run)
    record: records.End = {
        "event": "end",
        "run": run_id(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "exit_code": exit_code,
        "seconds": round(took, 3),
        "steps": run.steps,
    }
    try:
        records.append(run.state, record)
    except CannotWrite:
        if run.must_log:
            raise
    finally:
        unmark()


def _now() -> datetime:
    return datetime.now().astimezone()


def _write_waiting(run: Run) -> None:
    """Write the messages that wait, after a line about the start of the run before the first of them.

    Another thread, or a signal handler, may add messages meanwhile.
    """
    messages: list[Line] = []
    with suppress(IndexError):
        while run.state:
            messages.append(run.waiting.popleft())
    if messages and run.is_silent:
        run.is_silent = False
        messages.insert(0, run.started)
    if messages and run.state:
        lines.write(run.state, run_id(), messages)
