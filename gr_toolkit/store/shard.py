"""One shard as Parquet: encodes rows, and fits the shards of other versions to the current schema."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gr_toolkit.errors import RowsDoNotFit
from gr_toolkit.store.tables import SCHEMAS, VERSIONS, Row, Versions

# The keys of a shard's Parquet metadata.
TABLE, SCHEMA_VERSION, ALGORITHM_VERSION = b"gr.table", b"gr.schema_version", b"gr.algorithm_version"
UNVERSIONED = Versions(schema=1, algorithm=1)  # of shards written before versions existed


def encode(table: str, rows: Sequence[Row], where: str) -> bytes:
    """Encode the rows as a Parquet file with the table's schema, name and versions.

    Raises RowsDoNotFit, whose message begins with `where`.
    """
    schema = SCHEMAS[table].with_metadata(_metadata(table))
    for row in rows:
        _check_row(row, schema, where)
    buffer = io.BytesIO()
    try:
        encoded = pa.Table.from_pylist(list(rows), schema=schema)
        with pq.ParquetWriter(buffer, schema, compression="zstd", write_page_checksum=True) as file:
            if encoded.num_rows:  # datasets.load_dataset cannot read an empty row group
                file.write_table(encoded)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise RowsDoNotFit(f"{where}: {error}") from error
    if len(pc.unique(encoded["id"])) != encoded.num_rows:
        raise RowsDoNotFit(f"{where}: two rows have the same id")
    return buffer.getvalue()


def _metadata(table: str) -> dict[bytes, bytes]:
    versions = VERSIONS[table]
    numbers = {SCHEMA_VERSION: versions.schema, ALGORITHM_VERSION: versions.algorithm}
    return {TABLE: table.encode()} | {key: str(number).encode() for key, number in numbers.items()}


def _check_row(row: Row, schema: pa.Schema, where: str) -> None:
    """Raise RowsDoNotFit if a column is missing or unknown, or if `kept` contradicts `reason`."""
    if odd := row.keys() ^ set(schema.names):
        raise RowsDoNotFit(f"{where}: columns missing or unknown: {', '.join(sorted(odd))}")
    if row["reason"] == "" or bool(row["kept"]) != (row["reason"] is None):
        raise RowsDoNotFit(f"{where}: row {row.get('id')} must be either kept or have a reason")


def why_foreign(found: pa.Schema, table: str) -> str | None:
    """Why a file with this schema is no shard of the table, such as "is a shard of table pages"; or None."""
    metadata, names = found.metadata or {}, set(found.names)
    if len(names) < len(found.names):
        return "has two columns of one name"
    if not names >= {"id", "kept", "reason"}:  # the columns that every version of every table has
        return "is not a shard of gr"
    if TABLE not in metadata:
        return None
    name = metadata[TABLE].decode(errors="replace")
    if name != table:
        return f"is a shard of table {name}"
    numbers = (metadata.get(key, b"") for key in (SCHEMA_VERSION, ALGORITHM_VERSION))
    return None if all(number.isdigit() for number in numbers) else "has no valid versions"


def versions_of(found: pa.Schema) -> Versions:
    """The versions of a shard that is not foreign."""
    metadata = found.metadata or {}
    if TABLE not in metadata:
        return UNVERSIONED
    return Versions(int(metadata[SCHEMA_VERSION]), int(metadata[ALGORITHM_VERSION]))


def has_fields_of(found: pa.Schema, schema: pa.Schema) -> bool:
    """Whether all columns that both schemas have are equal."""
    return all(found.field(field.name).equals(field) for field in schema if field.name in found.names)


def conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with exactly the columns of `schema`.

    A missing column is null, an unknown one is left out, and another type is cast if every value survives.
    Raises RowsDoNotFit, whose message names the first column for which this is impossible.
    """
    if rows.schema.equals(schema):
        return rows.replace_schema_metadata(None)
    return pa.table([_conform_column(rows, field) for field in schema], schema=schema)


def _conform_column(rows: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    if field.name not in rows.column_names:
        if not field.nullable:
            raise RowsDoNotFit(f"it has no column {field.name}")
        return pa.nulls(rows.num_rows, field.type)
    column = rows[field.name]
    if column.null_count and not field.nullable:
        raise RowsDoNotFit(f"its column {field.name} has nulls")
    if column.type.equals(field.type):
        return column
    if _changes_values(column.type, field.type):
        raise RowsDoNotFit(f"its column {field.name} is {column.type}, not {field.type}")
    try:
        return column.cast(field.type)
    except pa.ArrowException as error:
        reason = " ".join(str(error).split())  # one line
        raise RowsDoNotFit(f"its column {field.name} cannot be read as {field.type} ({reason})") from error


def _changes_values(old: pa.DataType, new: pa.DataType) -> bool:
    """Whether pyarrow's safe cast would not keep the values: it parses text, and makes any number a bool."""
    if pa.types.is_dictionary(old):
        old = old.value_type
    if pa.types.is_null(old):
        return False
    if pa.types.is_boolean(new):
        return True
    return _is_text(old) and not (_is_text(new) or pa.types.is_binary(new))


def _is_text(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)
    )
