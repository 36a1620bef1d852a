"""How many rows each table holds, and whether the numbers of the funnel add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from gr_toolkit.console import say
from gr_toolkit.store import Store, Table
from gr_toolkit.store.tables import FUNNEL, sources


@dataclass
class Counts:
    """How many rows a table holds, and what became of them: kept + sum(reasons) = rows."""

    rows: int = 0
    shards: int = 0
    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass
class TableStatus:
    """One table: its counts, and how many shards its step has still to do."""

    counts: Counts
    pending: int


def read_funnel(store: Store) -> dict[str, TableStatus]:
    """The state of every table of the funnel. A shard that cannot be read is moved aside and named."""
    tables = {name: store.table(name) for name in FUNNEL}
    for table in tables.values():
        for line in table.check():
            say(line)
    return {
        name: TableStatus(count(table), len(table.pending(*sources(name))) if sources(name) else 0)
        for name, table in tables.items()
    }


def count(table: Table) -> Counts:
    """Rows, shards, kept rows and the reasons of the others, over all shards. Raises CorruptShard."""
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
    """How many rows reached the step of each table, once nothing is pending."""
    kept = {name: status.counts.kept for name, status in funnel.items()}
    unique = kept["pairs"] - funnel["duplicates"].counts.rows
    return {
        "pages": funnel["pages"].counts.rows,
        "texts": kept["pages"],
        "pairs": kept["texts"],
        "duplicates": kept["pairs"],
        "contaminated": unique,
        "judged": unique - funnel["contaminated"].counts.rows,
        "attempts": kept["judged"],
        "dataset": kept["judged"],
    }


def flow(funnel: dict[str, TableStatus]) -> list[str]:
    """The funnel in sentences whose numbers add up once nothing is pending."""
    rows = {name: status.counts.rows for name, status in funnel.items()}
    kept = {name: status.counts.kept for name, status in funnel.items()}
    return [
        f"{rows['pages']} pages: {kept['pages']} kept",
        f"{rows['texts']} texts of them: {kept['texts']} kept",
        f"{kept['pairs']} pairs: {rows['duplicates']} duplicates + {rows['contaminated']} leaks "
        f"+ {rows['judged']} judged",
        f"{kept['judged']} judged verifiable: {rows['dataset']} in the dataset, {kept['dataset']} kept, "
        f"after {rows['attempts']} attempts",
    ]
