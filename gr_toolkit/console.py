"""Console output: progress while a command runs, and a summary at its end, as text or JSON.

On a terminal, progress is a bar; otherwise it is a log line every 15 seconds. Both go to stderr, so that
stdout contains only the summary.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gr_toolkit.errors import CannotWrite, RowsPending

if TYPE_CHECKING:
    from rich.console import Console

LOG_EVERY_SECONDS = 15.0

Advance = Callable[[int], None]


@dataclass
class Summary:
    """Counts and costs of one step in one run."""

    step: str
    table: str = ""
    rows_in: int = 0
    rows: int = 0
    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    pending: int = 0  # input rows that the step left for the next run
    shards: int = 0
    seconds: float = 0.0
    requests: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    notes: list[str] = field(default_factory=list)


def say(message: str) -> None:
    """Print one line to stderr."""
    print(message, file=sys.stderr, flush=True)


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


@contextmanager
def reporting(state: Path, *, as_json: bool, must_log: bool = True) -> Iterator[list[Summary]]:
    """Yield a list for the summaries of a command, and pass it to `finish`, even if the command fails.

    After a failure the last summary is marked as unfinished. Raises RowsPending if a step left rows pending,
    and CannotWrite if the run log cannot be written; but if another error already stopped the command, that
    error is raised instead.
    """
    summaries: list[Summary] = []
    try:
        yield summaries
    except BaseException:
        if summaries:
            summaries[-1].notes.append("did not finish")
            with suppress(CannotWrite):
                finish(summaries, state, as_json=as_json, must_log=must_log)
        raise
    finish(summaries, state, as_json=as_json, must_log=must_log)
    if pending := sum(summary.pending for summary in summaries):
        raise RowsPending(f"{counted(pending, 'row')} pending: run the same command again to carry on")


def finish(
    summaries: Sequence[Summary],
    state: Path,
    *,
    as_json: bool,
    dry_run: bool = False,
    must_log: bool = True,
) -> None:
    """Print the summaries of a command, and append them to the run log, `runs.jsonl` in the folder `state`.

    A dry run is printed but not logged. If `must_log` is false, the log is skipped if its folder does not
    exist or is not writable. Raises CannotWrite.
    """
    rows = [vars(summary) for summary in summaries]
    if as_json:
        print(json.dumps({"steps": rows}))
    else:
        print_summaries(summaries)
    if dry_run or not (must_log or os.access(state, os.W_OK | os.X_OK)):
        return
    at = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        state.mkdir(parents=True, exist_ok=True)
        with (state / "runs.jsonl").open("a", encoding="utf-8") as log:
            log.writelines(json.dumps({"at": at, **row}) + "\n" for row in rows)
    except OSError as error:
        raise CannotWrite(f"cannot write {state}/runs.jsonl: {error.strerror}; make room there") from error


def print_summaries(summaries: Sequence[Summary]) -> None:
    """Print a table with a line per step, and below it the notes."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("step", "in", "rows", "kept", "rejected", "seconds", "tokens", "cost"):
        table.add_column(heading, justify="left" if heading in ("step", "rejected") else "right")
    for summary in summaries:
        table.add_row(
            summary.step,
            str(summary.rows_in),
            str(summary.rows),
            str(summary.kept),
            describe(summary.reasons),
            f"{summary.seconds:.1f}",
            f"{summary.input_tokens + summary.output_tokens:,}" if summary.requests else "",
            f"${summary.cost_usd:.4f}" if summary.cost_usd else "",
        )
    console = output_console()
    console.print(table)
    for summary in summaries:
        for note in summary.notes:
            console.print(f"{summary.step}: {note}")


def output_console() -> Console:
    """Return the console for stdout. For a file or pipe it is wide, so that table rows do not wrap."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 1_000, markup=False, highlight=False)


def counted(number: int, noun: str) -> str:
    """The number and the noun, such as `1 row` and `2 rows`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def describe(reasons: Counter[str], most: int = 4) -> str:
    """Format the most frequent reasons with their counts, such as `no question found 12, not grounded 3`."""
    shown = [f"{reason} {count}" for reason, count in reasons.most_common(most)]
    other = sum(reasons.values()) - sum(count for _, count in reasons.most_common(most))
    return ", ".join([*shown, f"other {other}"] if other else shown)
