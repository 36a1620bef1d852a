"""Which pairs of a shard are still in the running at a step of the funnel."""

from __future__ import annotations

from gr_toolkit.store import Store

Pair = dict[str, object]


def pairs_left(store: Store, shard: str, *turned_down_in: str) -> list[Pair]:
    """The kept pairs of the shard that stand in none of the given tables."""
    out = {row["id"] for table in turned_down_in for row in store.table(table).rows(shard, ["id"])}
    return [pair for pair in store.table("pairs").rows(shard) if pair["kept"] and pair["id"] not in out]
