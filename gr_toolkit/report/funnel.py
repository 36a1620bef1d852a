"""Counts the rows of each table and of the whole funnel."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from gr_toolkit.console import say
from gr_toolkit.steps import FUNNEL, STEPS, Step, removed_before, step_of
from gr_toolkit.store import Store, Table
from gr_toolkit.store.tables import Row


@dataclass
class Counts:
    """Counts of a table's rows: kept + sum(reasons) = rows."""

    rows: int = 0
    shards: int = 0
    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass
class TableStatus:
    """A table's counts, and the number of shards pending for its step."""

    counts: Counts
    pending: int


def read_funnel(store: Store) -> dict[str, TableStatus]:
    """The status of every table. Reports problems of shards; moves the unreadable ones to `corrupt/`."""
    tables = {name: store.table(name) for name in FUNNEL}
    for table in tables.values():
        for line in table.check():
            say(line)
    return {name: TableStatus(count(table), _pending(table)) for name, table in tables.items()}


def _pending(table: Table[Row]) -> int:
    needs = step_of(table.name).needs
    return len(table.pending(*needs)) if needs else 0


def count(table: Table[Row]) -> Counts:
    """Count the rows, shards, kept rows and reasons of a table. Raises CorruptShard, OutdatedShard."""
    shards = table.shards()
    if not shards:
        return Counts()
    rows = pl.DataFrame(pa.concat_tables(table.read(shard, ["kept", "reason"]) for shard in shards))
    reasons = rows.drop_nulls("reason").group_by("reason", maintain_order=True).len()
    return Counts(len(rows), len(shards), int(rows["kept"].sum()), Counter(dict(reasons.iter_rows())))


def as_json(funnel: dict[str, TableStatus]) -> dict[str, object]:
    """The object that `gr status --json` prints."""
    return {
        "tables": {
            name: {
                "rows": status.counts.rows,
                "shards": status.counts.shards,
                "pending": status.pending,
                "kept": status.counts.kept,
                "reasons": dict(status.counts.reasons),
            }
            for name, status in funnel.items()
        }
    }


def rows_in(funnel: dict[str, TableStatus]) -> dict[str, int]:
    """The number of input rows of each table's step. It is exact only if no shard is pending."""
    return {step.table: _rows_reaching(step, funnel) for step in STEPS}


def _rows_reaching(step: Step, funnel: dict[str, TableStatus]) -> int:
    if not step.needs:
        return funnel[step.table].counts.rows
    removed = sum(funnel[table].counts.rows for table in removed_before(step.table))
    return funnel[step.needs[0]].counts.kept - removed


def flow(funnel: dict[str, TableStatus]) -> list[str]:
    """The funnel as lines of text. The numbers add up only if no shard is pending."""
    rows = {name: status.counts.rows for name, status in funnel.items()}
    kept = {name: status.counts.kept for name, status in funnel.items()}
    return [
        f"{rows['pages']} pages: {kept['pages']} kept",
        f"{rows['texts']} texts from these pages: {kept['texts']} kept",
        f"{kept['pairs']} pairs: {rows['duplicates']} duplicates + {rows['contaminated']} benchmark leaks "
        f"+ {rows['judged']} judged",
        f"{kept['judged']} judged verifiable: {rows['dataset']} in the dataset, {kept['dataset']} kept, "
        f"after {rows['attempts']} attempts",
    ]
