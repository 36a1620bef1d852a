"""Sets shards aside, so that their steps make them again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence, Set
from contextlib import ExitStack

from gr_toolkit.console import describe, say
from gr_toolkit.errors import OutdatedShard
from gr_toolkit.steps import derived_from, step_of
from gr_toolkit.store.table import REPLACED, Store, Table
from gr_toolkit.store.tables import Row

OUTDATED = "outdated"  # stands for the shards of another version that cannot be read


def set_aside(
    store: Store,
    tables: Sequence[str],
    shards: Collection[str],
    folder: str,
    locked: Set[str] = frozenset(),
) -> Counter[str]:
    """Move the shards of these names of every table to `folder`; return the number moved from each table.

    `tables` are in the order they are made; `locked` are those whose locks the caller holds. Takes the other
    locks before anything is moved: a step under way would write a shard made from a moved one. Raises Locked,
    CannotWrite.
    """
    opened = [store.table(name) for name in tables]
    moved: dict[str, int] = {}
    with ExitStack() as locks:
        for table in opened:
            if table.name not in locked:
                locks.enter_context(table.writing())
        # The last table first: after a kill the first one still has the shard, and a second call finds it.
        for table in reversed(opened):
            of_table = sorted(set(shards).intersection(table.shards()))
            for shard in of_table:
                table.set_aside(shard, folder)
            moved[table.name] = len(of_table)
    return Counter({name: moved[name] for name in tables if moved[name]})


def set_aside_again(store: Store, name: str, reason: str, *, dry_run: bool = False) -> list[str]:
    """Set aside the shards of table `name` with rows of this reason, and all shards made from them.

    A shard whose input is missing stays, because its step could not make it again. Prints one line. Returns
    the names of the shards, which the step then makes again; with `dry_run` nothing is moved. Raises
    CorruptShard, Locked, CannotWrite.
    """
    table = store.table(name)
    found = shards_with(table, reason)
    again = sorted(set(found).intersection(table.pending(*step_of(name).needs, besides=found)))
    if not again:
        say(_nothing(table, reason, found))
        return []
    tables = (name, *derived_from(name))
    if dry_run:
        counted = {each: len(set(again).intersection(store.table(each).shards())) for each in tables}
        moved, verb = Counter({each: count for each, count in counted.items() if count}), "would move"
    else:
        moved, verb = set_aside(store, tables, again, REPLACED), "moved"
    stay = f"; {len(found) - len(again)} shards stay, because their input is missing"
    say(
        f"{verb} these shards to {store.data}/{REPLACED}, to make them again: {describe(moved, len(moved))}"
        + (stay if len(found) > len(again) else "")
    )
    return again


def _nothing(table: Table[Row], reason: str, found: Sequence[str]) -> str:
    if found:
        return f"{len(found)} shards of table {table.name} stay, because their input is missing"
    what = "no shard that is outdated" if reason == OUTDATED else f"no row with the reason {reason!r}"
    return f"table {table.name} has {what}; no shard is moved"


def shards_with(table: Table[Row], reason: str) -> list[str]:
    """The shards with a row whose reason is `reason`, or begins with it and a colon, in order.

    The reason `outdated` stands for the shards of another version that cannot be read. Raises CorruptShard,
    OutdatedShard.
    """
    if reason == OUTDATED:
        return [shard for shard in table.shards() if _is_outdated(table, shard)]
    return [
        shard
        for shard in table.shards()
        if any(
            found == reason or str(found).startswith(f"{reason}:") for found in table.column(shard, "reason")
        )
    ]


def _is_outdated(table: Table[Row], shard: str) -> bool:
    try:
        table.read(shard)
    except OutdatedShard:
        return True
    return False
