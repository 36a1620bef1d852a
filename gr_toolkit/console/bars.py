"""Messages and progress, on stderr: a bar on a terminal, otherwise a log line every 15 seconds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gr_toolkit.runs.current import log
from gr_toolkit.runs.redaction import redact

LOG_EVERY_SECONDS = 15.0
LIBRARY_BARS = ("TQDM_DISABLE", "HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS")

Advance = Callable[[int], None]


def say(message: str) -> None:
    """Print one line to stderr and to the log of this run, without secrets."""
    message = redact(message)
    print(message, file=sys.stderr, flush=True)
    log(message)


def hide_library_bars() -> None:
    """Turn off the bars of libraries unless stderr is a terminal or the user's variables say otherwise.

    Call it before such a library is imported.
    """
    if not sys.stderr.isatty():
        for name in LIBRARY_BARS:
            os.environ.setdefault(name, "1")


@contextmanager
def progress(label: str, total: int | None, detail: Callable[[], str] = str) -> Iterator[Advance]:
    """Show a step's progress and the text that `detail` returns.

    The caller reports progress by passing the number of units just done to the yielded function.
    """
    if total == 0:
        yield lambda _: None
        return
    show = _bar if sys.stderr.isatty() else _log_lines
    with show(label, total, detail) as advance:
        yield advance


@contextmanager
def _bar(label: str, total: int | None, detail: Callable[[], str]) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import TimeRemainingColumn as Remaining
    from rich.text import Text

    class Detail(ProgressColumn):
        max_refresh = 0.5

        def render(self, task: Task) -> Text:
            speed = f"{task.speed:.1f}/s  " if task.speed else ""
            return Text(speed + detail(), overflow="ellipsis", no_wrap=True)

    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), Remaining(), Detail())
    with Progress(*columns, *times, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)


@contextmanager
def _log_lines(label: str, total: int | None, detail: Callable[[], str]) -> Iterator[Advance]:
    of = "" if total is None else f"/{total}"
    began = last = time.monotonic()
    done = 0

    def advance(count: int) -> None:
        nonlocal done, last
        done += count
        now = time.monotonic()
        if now - last >= LOG_EVERY_SECONDS:
            last = now
            speed = done / max(now - began, 0.001)
            more = detail()
            say(f"{label}: {done}{of}" + (f", {speed:.1f}/s; {more}" if more else ""))

    yield advance
