"""Selects the pairs of a shard that reach a step of the funnel."""

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
    """The kept pairs of the shard, without those removed by a step before the one that fills `table`."""
    removed = {
        pair_id for earlier in removed_before(table) for pair_id in store.table(earlier).column(shard, "id")
    }
    return [
        Pair(row["id"], required(row["question"]), required(row["answer"]))
        for row in store.table("pairs").rows(shard)
        if row["kept"] and row["id"] not in removed
    ]


def required(value: str | None) -> str:
    """The value of a column that is never null in a kept row. Raises RowsDoNotFit if it is null."""
    if value is None:
        raise RowsDoNotFit("a kept row has a null question, answer, type, category, difficulty or evidence")
    return value
