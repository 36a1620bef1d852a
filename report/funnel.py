"""How many rows each table holds, and whether the numbers of the funnel add up."""

from __future__ import annotations

from dataclasses import dataclass

from console import say
from store import Store
from store.table import Counts
from store.tables import FUNNEL, sources


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
        name: TableStatus(table.counts(), len(table.pending(*sources(name))) if sources(name) else 0)
        for name, table in tables.items()
    }


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
