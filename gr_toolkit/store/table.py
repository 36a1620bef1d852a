"""Tables as folders of Parquet shards. A shard is the unit of work.

A shard is pending if every input table has it and the output table does not. Nothing else records progress.
"""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Generic, Literal, TypeVar, overload

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gr_toolkit.errors import CorruptShard, RowsDoNotFit, UsageError
from gr_toolkit.steps import step_of
from gr_toolkit.store.folder import Folder
from gr_toolkit.store.lock import hold
from gr_toolkit.store.tables import (
    SCHEMAS,
    AttemptRow,
    ContaminatedRow,
    DatasetRow,
    DuplicateRow,
    JudgedRow,
    PageRow,
    PairRow,
    Row,
    SignatureRow,
    TextRow,
)

if TYPE_CHECKING:
    import polars as pl

ENDING = ".parquet"
R = TypeVar("R", bound=Row, covariant=True)


class Store:
    """All tables under one data folder, local or any fsspec URL; `state` is the local folder for locks."""

    def __init__(self, data: str, state: Path) -> None:
        if not data:
            raise UsageError("the data folder has no name; give one with --data")
        self.data = data.rstrip("/")
        self.state = state

    @overload
    def table(self, name: Literal["pages"]) -> Table[PageRow]: ...
    @overload
    def table(self, name: Literal["texts"]) -> Table[TextRow]: ...
    @overload
    def table(self, name: Literal["pairs"]) -> Table[PairRow]: ...
    @overload
    def table(self, name: Literal["signatures"]) -> Table[SignatureRow]: ...
    @overload
    def table(self, name: Literal["duplicates"]) -> Table[DuplicateRow]: ...
    @overload
    def table(self, name: Literal["contaminated"]) -> Table[ContaminatedRow]: ...
    @overload
    def table(self, name: Literal["judged"]) -> Table[JudgedRow]: ...
    @overload
    def table(self, name: Literal["attempts"]) -> Table[AttemptRow]: ...
    @overload
    def table(self, name: Literal["dataset"]) -> Table[DatasetRow]: ...
    @overload
    def table(self, name: str) -> Table[Row]: ...

    def table(self, name: str) -> Table[Row]:
        """The table of that name; see gr_toolkit/store/tables.py for its columns."""
        return Table(self, name)


def open_table(data: str | os.PathLike[str], name: str) -> pl.LazyFrame:
    """The rows of a table in a data folder, local or any fsspec URL, as a polars LazyFrame.

        gr_toolkit.open_table("gr-data", "dataset").filter(pl.col("split") == "train").collect()

    docs/tables.md describes the tables. A table without shards gives an empty frame. Raises UsageError if the
    folder or the table does not exist.
    """
    url = os.fspath(data)
    folder = os.path.expanduser(url)
    if name not in SCHEMAS:
        near = difflib.get_close_matches(name, SCHEMAS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the tables are {', '.join(SCHEMAS)}"
        raise UsageError(f"there is no table {name}; {hint}")
    if not folder or not Folder(folder).exists():
        raise UsageError(f"there is no data folder {url}")
    return Store(folder, Path(folder) / ".state").table(name).scan()


class Table(Generic[R]):
    """One table: a folder of shards that share one schema.

    `R` is the type of the rows that are read. Rows that are written are checked against the schema.
    """

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.name = name
        self.schema = SCHEMAS[name]
        self.folder = Folder(f"{store.data}/{name}")

    def shards(self) -> list[str]:
        """The names of the finished shards, in order."""
        return [name.removesuffix(ENDING) for name in self.folder.names(ENDING)]

    def pending(self, *inputs: str) -> list[str]:
        """The shards that every input table has and this one lacks, in order."""
        ready = set.intersection(*(set(self.store.table(name).shards()) for name in inputs))
        return sorted(ready - set(self.shards()))

    def read(self, shard: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a shard.

        Raises CorruptShard if the shard is unreadable. The shard is then moved to `corrupt/` under the data
        folder, so that the next run of its step makes it again.
        """
        # pyarrow's threads are off. With threads that read from a Python file object, a few percent of short
        # commands aborted at exit (pyarrow 26).
        with self._open(shard) as file:
            parquet = pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False)
            return parquet.read(columns, use_threads=False)

    def scan(self) -> pl.LazyFrame:
        """A lazy frame of the rows of all shards, in order.

        A column that an older shard lacks is null. If a shard cannot be read, collecting the frame raises
        polars' or pyarrow's error, and the shard is not moved.
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

    def rows(self, shard: str) -> list[R]:
        """The rows of a shard. Raises CorruptShard, StoreError."""
        return list(self.read(shard).to_pylist())

    def column(self, shard: str, name: str) -> list[object]:
        """One column of a shard. Raises CorruptShard, StoreError."""
        return list(self.read(shard, [name])[name].to_pylist())

    def write(self, shard: str, rows: Sequence[Row]) -> None:
        """Write a shard atomically. Raises RowsDoNotFit, CannotWrite."""
        self.folder.write(shard + ENDING, self._encode(rows, f"table {self.name}, shard {shard}"))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the table's lock while the block runs. First remove the temporary files of a killed writer.

        Raises Locked.
        """
        with hold(self.store.state / "locks" / f"{self.name}.lock", f"table {self.name}"):
            self.folder.sweep()
            yield

    def check(self) -> list[str]:
        """Move the shards with an unreadable footer to `corrupt/`; return one message per moved shard.

        Only local shards are checked. On an object store, one PUT writes a whole shard, never a part of it.
        """
        moved = []
        for shard in self.shards() if self.folder.is_local else ():
            try:
                self.rows_in([shard])
            except CorruptShard as error:
                moved.append(str(error))
        return moved

    def set_aside(self, shard: str) -> str:
        """Move a shard to `corrupt/` under the data folder and return its new URL. Raises CannotWrite."""
        aside = f"{self.store.data}/corrupt/{self.name}-{shard}{ENDING}"
        self.folder.move(shard + ENDING, aside)
        return aside

    def rows_in(self, shards: Sequence[str]) -> int:
        """The number of rows in the shards, from their footers. Raises CorruptShard."""
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
                if isinstance(error, OSError) and not _is_arrow_error(error):
                    raise
                raise CorruptShard(
                    f"shard {shard} of table {self.name} cannot be read; moved it to "
                    f"{self.set_aside(shard)}. Make it again with: {step_of(self.name).command}"
                ) from error

    def _encode(self, rows: Sequence[Row], where: str) -> bytes:
        """Encode the rows as Parquet with the table's schema.

        Raises RowsDoNotFit, whose message begins with `where`.
        """
        for row in rows:
            self._check_row(row, where)
        buffer = io.BytesIO()
        try:
            table = pa.Table.from_pylist(list(rows), schema=self.schema)
            with pq.ParquetWriter(buffer, self.schema, compression="zstd", write_page_checksum=True) as file:
                if table.num_rows:  # datasets.load_dataset cannot read an empty row group
                    file.write_table(table)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise RowsDoNotFit(f"{where}: {error}") from error
        if len(pc.unique(table["id"])) != table.num_rows:
            raise RowsDoNotFit(f"{where}: two rows have the same id")
        return buffer.getvalue()

    def _check_row(self, row: Row, where: str) -> None:
        """Raise RowsDoNotFit if a column is missing or unknown, or if `kept` contradicts `reason`."""
        if odd := row.keys() ^ set(self.schema.names):
            raise RowsDoNotFit(f"{where}: columns missing or unknown: {', '.join(sorted(odd))}")
        if row["reason"] == "" or bool(row["kept"]) != (row["reason"] is None):
            raise RowsDoNotFit(f"{where}: row {row.get('id')} must be either kept or have a reason")


def _is_arrow_error(error: OSError) -> bool:
    """Whether the error is pyarrow's, about a file's content. Disk and network errors have an errno."""
    return type(error) is OSError and error.errno is None
