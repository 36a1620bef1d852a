"""Tables as folders of Parquet shards. A shard is the unit of work: what is still to do is the shards
of the input that the output has not, and nothing else records progress.
"""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gr_toolkit.errors import CorruptShard, RowsDoNotFit, UsageError
from gr_toolkit.store.folder import Folder
from gr_toolkit.store.lock import hold
from gr_toolkit.store.tables import MADE_BY, TABLES

if TYPE_CHECKING:
    import polars as pl

Row = Mapping[str, object]
ENDING = ".parquet"


class Store:
    """All tables under one data folder, local or any fsspec URL; `state` is its local side folder."""

    def __init__(self, data: str, state: Path) -> None:
        if not data:
            raise UsageError("the data folder has no name; give one with --data")
        self.data = data.rstrip("/")
        self.state = state

    def table(self, name: str) -> Table:
        """The table of that name; see gr_toolkit/store/tables.py."""
        return Table(self, name)


def open_table(data: str | os.PathLike[str], name: str) -> pl.LazyFrame:
    """The rows of a table in a data folder, local or any fsspec URL, as a polars LazyFrame.

        gr_toolkit.open_table("gr-data", "dataset").filter(pl.col("split") == "train").collect()

    A table that no step has written yet is empty. Raises UsageError for a folder or a table that does not
    exist; see docs/tables.md for the tables.
    """
    url = os.fspath(data)
    folder = os.path.expanduser(url)
    if name not in TABLES:
        near = difflib.get_close_matches(name, TABLES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the tables are {', '.join(TABLES)}"
        raise UsageError(f"there is no table {name}; {hint}")
    if not folder or not Folder(folder).exists():
        raise UsageError(f"there is no data folder {url}")
    return Store(folder, Path(folder) / ".state").table(name).scan()


class Table:
    """One table: a folder of shards that all have its schema."""

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.name = name
        self.schema = TABLES[name]
        self.folder = Folder(f"{store.data}/{name}")

    def shards(self) -> list[str]:
        """The names of the finished shards, in order."""
        return [name.removesuffix(ENDING) for name in self.folder.names(ENDING)]

    def pending(self, *inputs: str) -> list[str]:
        """The shards that every input table has and this one has not, in order."""
        ready = set.intersection(*(set(self.store.table(name).shards()) for name in inputs))
        return sorted(ready - set(self.shards()))

    def read(self, shard: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a shard.

        A shard that cannot be read is moved to `corrupt/` under the data folder, so that the step that
        makes it will make it again, and CorruptShard says so.
        """
        # Without pyarrow's threads: a few in a hundred short commands that had used them to read a Python
        # file aborted at their end (pyarrow 26).
        with self._open(shard) as file:
            parquet = pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False)
            return parquet.read(columns, use_threads=False)

    def scan(self) -> pl.LazyFrame:
        """The rows of all shards, shard by shard, read when they are collected.

        A column that an older shard lacks is null. A shard that cannot be read raises polars' or pyarrow's
        error then, and stays where it is.
        """
        import polars as pl

        empty = pl.DataFrame(self.schema.empty_table())
        files = [f"{self.folder.path}/{shard}{ENDING}" for shard in self.shards()]
        if not files:
            return empty.lazy()
        if self.folder.is_local:
            return pl.scan_parquet(files, glob=False, schema=dict(empty.schema), missing_columns="insert")
        from pyarrow.dataset import dataset

        remote = dataset(files, self.schema, format="parquet", filesystem=self.folder.filesystem)
        return pl.scan_pyarrow_dataset(remote)

    def rows(self, shard: str, columns: Sequence[str] | None = None) -> list[dict[str, object]]:
        """The rows of a shard as dictionaries."""
        return list(self.read(shard, columns).to_pylist())

    def write(self, shard: str, rows: Sequence[Row]) -> None:
        """Write a shard whole. Raises RowsDoNotFit, CannotWrite."""
        self.folder.write(shard + ENDING, self._encode(rows, f"table {self.name}, shard {shard}"))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the table's lock, and first clear away what an earlier writer left broken."""
        with hold(self.store.state / "locks" / f"{self.name}.lock", f"table {self.name}"):
            self.folder.sweep()
            yield

    def check(self) -> list[str]:
        """Move aside the shards whose footer cannot be read; a line about each.

        Only for a local folder: on an object store a shard is one PUT and cannot be cut short.
        """
        moved = []
        for shard in self.shards() if self.folder.is_local else ():
            try:
                self.rows_in([shard])
            except CorruptShard as error:
                moved.append(str(error))
        return moved

    def set_aside(self, shard: str) -> str:
        """Move a shard to `corrupt/` under the data folder; its new URL. Raises CannotWrite."""
        aside = f"{self.store.data}/corrupt/{self.name}-{shard}{ENDING}"
        self.folder.move(shard + ENDING, aside)
        return aside

    def rows_in(self, shards: Sequence[str]) -> int:
        """How many rows the shards hold, by their footers. Raises CorruptShard."""
        total = 0
        for shard in shards:
            with self._open(shard) as file:
                total += pq.read_metadata(file).num_rows
        return total

    @contextmanager
    def _open(self, shard: str) -> Iterator[BinaryIO]:
        with self.folder.open(shard + ENDING) as file:
            try:
                yield file
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
                if isinstance(error, OSError) and not _is_arrows(error):
                    raise
                raise CorruptShard(
                    f"shard {shard} of table {self.name} cannot be read; moved it to "
                    f"{self.set_aside(shard)}. Make it again with: {MADE_BY[self.name]}"
                ) from error

    def _encode(self, rows: Sequence[Row], where: str) -> bytes:
        """The rows as Parquet of exactly this schema. Raises RowsDoNotFit, which names `where`."""
        for row in rows:
            self._check_row(row, where)
        buffer = io.BytesIO()
        try:
            table = pa.Table.from_pylist(list(rows), schema=self.schema)
            with pq.ParquetWriter(buffer, self.schema, compression="zstd", write_page_checksum=True) as file:
                if table.num_rows:  # a row group of no rows is more than datasets.load_dataset can read
                    file.write_table(table)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise RowsDoNotFit(f"{where}: {error}") from error
        if len(pc.unique(table["id"])) != table.num_rows:
            raise RowsDoNotFit(f"{where}: two rows have one id")
        return buffer.getvalue()

    def _check_row(self, row: Row, where: str) -> None:
        """A row has every column, and a reason if and only if it is not kept."""
        if odd := row.keys() ^ set(self.schema.names):
            raise RowsDoNotFit(f"{where}: columns missing or unknown: {', '.join(sorted(odd))}")
        if row["reason"] == "" or bool(row["kept"]) != (row["reason"] is None):
            raise RowsDoNotFit(f"{where}: row {row['id']} must have a reason or be kept, and not both")


def _is_arrows(error: OSError) -> bool:
    """Whether pyarrow raised it of what a file holds; disk and network have an errno or a class of theirs."""
    return type(error) is OSError and error.errno is None
