"""Build rows that fit a table's schema, and read a table's rows, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

from gr_toolkit.store import Store
from gr_toolkit.store.tables import SCHEMAS

EXAMPLES = {
    pa.string(): "text",
    pa.binary(): b"\x00bytes",
    pa.bool_(): True,
    pa.int32(): 7,
    pa.int64(): 7,
    pa.uint32(): 7,
    pa.float64(): 0.5,
    pa.timestamp("ms", tz="UTC"): datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
}


def fill(table: str, row_id: str = "1", **values: object) -> dict[str, object]:
    """A row of the table with a value in every column; it is kept, unless `values` set a reason."""
    row = {column.name: _example(column.type) for column in SCHEMAS[table]}
    return {**row, "id": row_id, "reason": None, **values}


def rows_of(store: Store, table: str, columns: Sequence[str] | None = None) -> list[dict[str, object]]:
    """All rows of a table, shard by shard; with `columns`, only those columns."""
    shards = store.table(table).shards()
    return [row for shard in shards for row in store.table(table).read(shard, columns).to_pylist()]


def _example(type_: pa.DataType) -> object:
    if pa.types.is_struct(type_):
        return {field.name: _example(field.type) for field in type_}
    if pa.types.is_fixed_size_list(type_):
        return [_example(type_.value_type)] * type_.list_size
    if pa.types.is_list(type_):
        return [_example(type_.value_type)]
    return EXAMPLES[type_]
