"""Tables as folders of Parquet shards. A shard is the unit of work.

A shard is pending if every input table has it and the output table does not. Nothing else records progress.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, overload

import pyarrow as pa
import pyarrow.parquet as pq

from gr_toolkit.errors import CorruptShard, OutdatedShard, RowsDoNotFit, UsageError
from gr_toolkit.steps import step_of
from gr_toolkit.store.folder import Folder
from gr_toolkit.store.frame import concat, defer, scan_files
from gr_toolkit.store.lock import hold
from gr_toolkit.store.shard import conform, encode, has_fields_of, versions_of, why_foreign
from gr_toolkit.store.tables import (
    SCHEMAS,
    VERSIONS,
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
    Versions,
)

if TYPE_CHECKING:
    import polars as pl

ENDING = ".parquet"
# Folders under the data folder for shards that are set aside: unreadable ones, and ones to make again.
CORRUPT, REPLACED = "corrupt", "replaced"
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
    folder or the table does not exist, and CorruptShard or OutdatedShard if a shard cannot be read.
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

    def pending(self, *inputs: str, besides: Collection[str] = ()) -> list[str]:
        """The shards that every input table has and this one lacks, in order.

        The shards in `besides` count as lacking.
        """
        ready = set.intersection(*(set(self.store.table(name).shards()) for name in inputs))
        return sorted(ready - set(self.shards()).difference(besides))

    def read(self, shard: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a shard, with the current schema even if the shard has another version.

        Raises CorruptShard if the shard is unreadable or foreign. The shard is then moved to `corrupt/` under
        the data folder, so that the next run of its step makes it again. Raises OutdatedShard if a column of
        another version does not fit.
        """
        schema = self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])
        # pyarrow's threads are off. With threads that read from a Python file object, a few percent of short
        # commands aborted at exit (pyarrow 26).
        with self._open(shard) as parquet:
            found = set(parquet.schema_arrow.names)
            rows = parquet.read([name for name in schema.names if name in found], use_threads=False)
        return self._conform(shard, rows, schema)

    def scan(self) -> pl.LazyFrame:
        """A lazy frame of the rows of all shards, in order, with the current schema.

        Reads the footers of all shards now. Raises CorruptShard, OutdatedShard like `read`. If the data of a
        shard cannot be read later, collecting the frame raises polars' or pyarrow's error.
        """
        frames: list[pl.LazyFrame] = []
        for fit, group in groupby(self.shards(), self._has_current_types):
            shards = list(group)
            if fit:
                frames.append(scan_files(self.folder, [shard + ENDING for shard in shards], self.schema))
            else:  # polars does not cast
                frames += [defer(partial(self.read, shard), self.schema) for shard in shards]
        return concat(frames, self.schema)

    def rows(self, shard: str) -> list[R]:
        """The rows of a shard. Raises CorruptShard, StoreError."""
        return list(self.read(shard).to_pylist())

    def column(self, shard: str, name: str) -> list[object]:
        """One column of a shard. Raises CorruptShard, StoreError."""
        return list(self.read(shard, [name])[name].to_pylist())

    def write(self, shard: str, rows: Sequence[Row]) -> None:
        """Write a shard atomically. Raises RowsDoNotFit, CannotWrite."""
        self.folder.write(shard + ENDING, encode(self.name, rows, f"table {self.name}, shard {shard}"))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the table's lock while the block runs. First remove the temporary files of a killed writer.

        Raises Locked.
        """
        with hold(self.store.state / "locks" / f"{self.name}.lock", f"table {self.name}"):
            self.folder.sweep()
            yield

    def check(self) -> list[str]:
        """Read the footers of the shards; return a message for each problem, about what to do next.

        Moves unreadable and foreign shards to `corrupt/`. Shards of another version that cannot be read stay.
        Only local shards are checked. On an object store, one PUT writes a whole shard, never a part of it.
        """
        moved, outdated = [], []
        for shard in self.shards() if self.folder.is_local else ():
            try:
                self._footer(shard)
            except CorruptShard as error:
                moved.append(str(error))
            except OutdatedShard as error:
                outdated.append(str(error))
        if len(outdated) > 1:
            outdated = [
                f"table {self.name} has {len(outdated)} outdated shards; the first one: {outdated[0]}"
            ]
        return moved + outdated

    def set_aside(self, shard: str, folder: str = CORRUPT) -> str:
        """Move a shard to a folder under the data folder and return its new URL. Raises CannotWrite."""
        aside = f"{self.store.data}/{folder}/{self.name}-{shard}{ENDING}"
        self.folder.move(shard + ENDING, aside)
        return aside

    def rows_in(self, shards: Sequence[str]) -> int:
        """The number of rows in the shards, from their footers. Raises CorruptShard, OutdatedShard."""
        return sum(self._footer(shard)[1] for shard in shards)

    def versions(self, shard: str) -> Versions:
        """The versions with which the shard was written. Raises CorruptShard, OutdatedShard."""
        return versions_of(self._footer(shard)[0])

    def _has_current_types(self, shard: str) -> bool:
        return has_fields_of(self._footer(shard)[0], self.schema)

    def _footer(self, shard: str) -> tuple[pa.Schema, int]:
        """The shard's own schema and its number of rows. Raises CorruptShard, OutdatedShard."""
        with self._open(shard) as parquet:
            found, rows = parquet.schema_arrow, parquet.metadata.num_rows
        self._conform(shard, found.empty_table(), self.schema)
        return found, rows

    @contextmanager
    def _open(self, shard: str) -> Iterator[pq.ParquetFile]:
        """Open a shard. If it is foreign, or reading it in the block fails, move it to `corrupt/`."""
        with self.folder.open(shard + ENDING) as file:
            try:
                parquet = pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False)
                if foreign := why_foreign(parquet.schema_arrow, self.name):
                    raise self._corrupt(shard, foreign)
                yield parquet
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
                if isinstance(error, OSError) and not _is_arrow_error(error):
                    raise
                raise self._corrupt(shard, "cannot be read") from error

    def _corrupt(self, shard: str, problem: str) -> CorruptShard:
        """Move the shard to `corrupt/`, and return the error to raise."""
        return CorruptShard(
            f"shard {shard} of table {self.name} {problem}; moved it to {self.set_aside(shard)}. "
            f"Make it again with: {step_of(self.name).command}"
        )

    def _conform(self, shard: str, rows: pa.Table, schema: pa.Schema) -> pa.Table:
        """The rows with this schema. Raises OutdatedShard."""
        try:
            return conform(rows, schema)
        except RowsDoNotFit as error:
            found, ours = versions_of(rows.schema), VERSIONS[self.name]
            raise OutdatedShard(
                f"shard {shard} of table {self.name} is {found}, but this gr reads {ours}: {error}. "
                f"{self._remedy(shard, newer=found.schema > ours.schema)}"
            ) from error

    def _remedy(self, shard: str, *, newer: bool) -> str:
        step = step_of(self.name)
        if newer:
            return "Update gr to read it"
        if step.needs:
            return f"Make it again with: {step.command} --again outdated"
        file = f"{self.folder.url}/{shard}{ENDING}"
        return f"Delete {file} and run {step.command}, which fetches its pages again"


def _is_arrow_error(error: OSError) -> bool:
    """Whether the error is pyarrow's, about a file's content. Disk and network errors have an errno."""
    return type(error) is OSError and error.errno is None
