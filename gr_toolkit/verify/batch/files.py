"""Read files of pairs and write files of verdicts. The file name's suffix selects JSONL or Parquet.

Rows are streamed, so a file may be larger than memory. A file of verdicts appears whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from gr_toolkit.errors import CannotWrite, GrError, UsageError
from gr_toolkit.files import whole_file
from gr_toolkit.unicode import replace_surrogates
from gr_toolkit.verify.batch.rows import (
    OPTIONAL,
    REQUIRED,
    Line,
    Pair,
    lacking,
    name_in,
    parse_row,
    read_pair,
)

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

JSONL, PARQUET = ".jsonl", ".parquet"
CHUNK_ROWS = 1_000  # per chunk
CHUNK_CHARACTERS = 16_000_000  # per chunk
MAX_LINE = 16_000_000  # bytes per line of JSONL

Write = Callable[[Sequence[Line]], object]


def read_chunks(path: Path) -> Iterator[list[Pair]]:
    """Yield the pairs of a file in chunks, in order. An unreadable row becomes a Pair with its `problem`.

    Raises UsageError if the file cannot be read or lacks a column, and GrError if it is damaged.
    """
    pairs = _parquet_pairs(path) if _kind(path) == PARQUET else _jsonl_pairs(path)
    try:
        yield from _chunks(pairs)
    except OSError as error:
        if error.errno is None:  # pyarrow raises it for invalid content
            raise _damaged(path, error) from error
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


@contextmanager
def writing(path: Path | TextIO) -> Iterator[Write]:
    """Yield a function that writes the next lines. To a stream, such as stdout, it writes JSONL.

    A file appears when the block ends, and not at all if the block fails. Raises CannotWrite, UsageError for
    an unknown suffix, and Locked if another process writes the same file.
    """
    if not isinstance(path, Path):
        yield lambda lines: print(_jsonl(lines), end="", file=path, flush=True)
        return
    kind = _kind(path)
    try:
        with whole_file(path) as file:
            if kind == JSONL:
                yield lambda lines: file.write(_jsonl(lines).encode())
            else:
                with _parquet_writer(file) as write:
                    yield write
    except OSError as error:
        reason = error.strerror or error
        raise CannotWrite(f"cannot write {path}: {reason}. Free space or choose another --out") from error


def _kind(path: Path) -> str:
    if path.suffix not in (JSONL, PARQUET):
        raise UsageError(f"unknown format: {path}. The file name must end in {JSONL} or {PARQUET}")
    return path.suffix


def _chunks(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Yield the pairs in lists of at most CHUNK_ROWS pairs and about CHUNK_CHARACTERS characters."""
    chunk: list[Pair] = []
    characters = 0
    for pair in pairs:
        chunk.append(pair)
        characters += (
            len(pair.item.question) + len(pair.item.reference) + len(pair.item.text) if pair.item else 0
        )
        if len(chunk) >= CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _jsonl_pairs(path: Path) -> Iterator[Pair]:
    """Yield a pair for each line, whatever its length and content."""
    with path.open("rb") as file:
        for number in count(1):
            text = file.readline(MAX_LINE)
            if not text:
                return
            if len(text) < MAX_LINE or text.endswith(b"\n"):
                yield parse_row(text, number)
            else:
                _skip_line(file)
                yield Pair(number, None, f"a line of {MAX_LINE:,} bytes or more")


def _skip_line(file: BinaryIO) -> None:
    while (text := file.readline(MAX_LINE)) and not text.endswith(b"\n"):
        pass


def _parquet_pairs(path: Path) -> Iterator[Pair]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Without pyarrow's threads, for the reason given in store/table.py.
        with path.open("rb") as source, pq.ParquetFile(source, pre_buffer=False) as file:
            columns = _columns(path, file)
            numbers = count(1)
            for batch in file.iter_batches(CHUNK_ROWS, columns=columns, use_threads=False):
                for row in batch.to_pylist():
                    yield read_pair(row, next(numbers))
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise _damaged(path, error) from error


def _columns(path: Path, file: ParquetFile) -> list[str]:
    """Return the names of the columns to read. Raises UsageError if a required column is missing."""
    present: list[str] = file.schema_arrow.names
    wanted = []
    for names in REQUIRED:
        name = name_in(names, present)
        if name is None:
            raise UsageError(f"{path} has {lacking(names)}; its columns are: {', '.join(present)}")
        wanted.append(name)
    return [*wanted, *(name for name in OPTIONAL if name in present)]


def _damaged(path: Path, error: Exception) -> GrError:
    return GrError(f"{path} is damaged or not a Parquet file: {str(error).splitlines()[0]}")


def _jsonl(lines: Iterable[Line]) -> str:
    return "".join(json.dumps(line._asdict()) + "\n" for line in lines)


@contextmanager
def _parquet_writer(file: BinaryIO) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("id", pa.string()),  # all rows need the same type, so a row number is text too
            ("correct", pa.bool_()),
            ("decided_by", pa.string()),
            ("confidence", pa.float64()),
            ("reason", pa.string()),
            ("seconds", pa.float64()),
        ]
    )
    with pq.ParquetWriter(file, schema, compression="zstd") as parquet:

        def write(lines: Sequence[Line]) -> None:
            rows = [
                line._replace(id=replace_surrogates(str(line.id)), reason=replace_surrogates(line.reason))
                for line in lines
            ]
            parquet.write_table(pa.Table.from_pylist([row._asdict() for row in rows], schema))

        yield write
