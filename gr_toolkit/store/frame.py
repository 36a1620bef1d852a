"""Polars frames of shards. Polars is imported on first use, because every step imports the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from gr_toolkit.store.folder import Folder

if TYPE_CHECKING:
    import polars as pl


def concat(frames: Sequence[pl.LazyFrame], schema: pa.Schema) -> pl.LazyFrame:
    """The rows of all frames, in order. Without frames, an empty frame with the schema."""
    import polars as pl

    return pl.concat(frames) if frames else _empty(schema).lazy()


def scan_files(folder: Folder, names: Sequence[str], schema: pa.Schema) -> pl.LazyFrame:
    """A lazy frame of Parquet files whose columns have the schema's types.

    A missing column is null, and an unknown one is left out.
    """
    import polars as pl

    files = [f"{folder.path}/{name}" for name in names]
    if folder.is_local:
        types = dict(_empty(schema).schema)
        return pl.scan_parquet(
            files, glob=False, schema=types, missing_columns="insert", extra_columns="ignore"
        )
    from pyarrow.dataset import dataset

    return pl.scan_pyarrow_dataset(dataset(files, schema, format="parquet", filesystem=folder.filesystem))


def defer(read: Callable[[], pa.Table], schema: pa.Schema) -> pl.LazyFrame:
    """A lazy frame of the table that `read` returns when the frame is collected."""
    import polars as pl

    return pl.defer(lambda: pl.DataFrame(read()), schema=_empty(schema).schema)


def _empty(schema: pa.Schema) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema.empty_table())
