"""The summary of a command: the counts, costs and times of its steps, as text, JSON and lines of a log."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gr_toolkit.runs.records import Step
from gr_toolkit.runs.redaction import redact

if TYPE_CHECKING:
    from rich.console import Console


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass
class Summary:
    """Counts and costs of one step in one run."""

    step: str
    table: str = ""
    started_at: str = field(default_factory=_now, compare=False)  # UTC, ISO 8601
    rows_in: int = 0
    rows: int = 0
    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)  # the id or URL of the first row of each reason
    pending: int = 0  # input rows that the step left for the next run
    shards: int = 0
    seconds: float = 0.0
    requests: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    notes: list[str] = field(default_factory=list)

    def reject(self, reason: str, row: str) -> None:
        """Count a row that the step turned down, by its reason; `row` is its id or URL."""
        self.reasons[reason] += 1
        self.first.setdefault(reason, row)

    @property
    def is_idle(self) -> bool:
        """Whether the step had nothing to do."""
        counts = (self.rows_in, self.rows, self.pending, self.shards, self.requests)
        return not (any(counts) or self.reasons or self.first)


def as_record(summary: Summary) -> Step:
    """The summary as an object of JSON, without secrets."""
    first = {reason: redact(row) for reason, row in summary.first.items()}
    notes = [redact(note) for note in summary.notes]
    return {**vars(summary), "first": first, "notes": notes}


def show_summaries(summaries: Sequence[Summary], *, as_json: bool) -> None:
    """Print the summaries of a command to stdout."""
    if as_json:
        print(json.dumps({"steps": [as_record(summary) for summary in summaries]}))
    else:
        print_summaries(summaries)


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
            console.print(f"{summary.step}: {redact(note)}")


def log_line(summary: Summary) -> str:
    """The summary as one line of a log."""
    parts = [f"{summary.rows_in} in, {counted(summary.rows, 'row')}, {summary.kept} kept"]
    if summary.reasons:
        parts.append(f"rejected: {describe(summary.reasons)}")
    parts += [f"first {reason}: {row}" for reason, row in list(summary.first.items())[:4]]
    if summary.requests:
        tokens = summary.input_tokens + summary.output_tokens
        parts.append(f"{counted(summary.requests, 'request')}, {tokens:,} tokens, ${summary.cost_usd:.4f}")
    return "; ".join([f"{summary.step}: {parts[0]}, {summary.seconds:.1f} s", *parts[1:], *summary.notes])


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
