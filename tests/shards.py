"""Write shards as another version of gr, or another program, would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gr_toolkit.store import Store
from gr_toolkit.store.shard import ALGORITHM_VERSION, SCHEMA_VERSION, TABLE
from gr_toolkit.store.tables import SCHEMAS


def older(table: str, rows: Sequence[object], **types: pa.DataType | None) -> pa.Table:
    """The rows as a table whose columns in `types` have another type, or are missing if the type is None."""
    fields = [
        field.with_type(types.get(field.name, field.type)).with_nullable(True)
        for field in SCHEMAS[table]
        if types.get(field.name, field.type) is not None
    ]
    return pa.Table.from_pylist(list(rows), schema=pa.schema(fields))


def put(
    store: Store, table: str, shard: str, content: pa.Table, metadata: Mapping[str, str] | None = None
) -> Path:
    """Write the content as a shard of the table, with this Parquet metadata, and return its path."""
    path = Path(store.data) / table / f"{shard}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(content.replace_schema_metadata(metadata), path)
    return path


def stamp(table: str, schema: object = 1, algorithm: object = 1) -> dict[str, str]:
    """The Parquet metadata of a shard with these versions."""
    versions = {SCHEMA_VERSION: str(schema), ALGORITHM_VERSION: str(algorithm)}
    return {TABLE.decode(): table} | {key.decode(): value for key, value in versions.items()}
