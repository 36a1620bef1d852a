"""Selects the pairs of a shard that reach a step: the kept pairs that no earlier step removed."""

from __future__ import annotations

from typing import NamedTuple

from gr_toolkit.errors import RowsDoNotFit
from gr_toolkit.steps import removed_before
from gr_toolkit.store import Store


class Pair(NamedTuple):
    """A kept row of `pairs`, reduced to what later steps read."""

    id: str
    question: str
    answer: str


def pairs_reaching(store: Store, table: str, shard: str) -> list[Pair]:
    """The shard's kept pairs that no step before the step of `table` removed."""
    removed = {
        pair_id for earlier in removed_before(table) for pair_id in store.table(earlier).column(shard, "id")
    }
    return [
        Pair(row["id"], required(row["question"], "pairs.question"), required(row["answer"], "pairs.answer"))
        for row in store.table("pairs").rows(shard)
        if row["kept"] and row["id"] not in removed
    ]


def required(value: str | None, column: str) -> str:
    """The value of a column that is never null in a kept row. Raises RowsDoNotFit if it is null."""
    if value is None:
        raise RowsDoNotFit(f"a kept row has no {column}")
    return value
