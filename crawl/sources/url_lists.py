"""Lists of URLs: text files with one URL per line, and tables with a column of URLs. A table is a CSV,
TSV, JSON Lines or Parquet file, or a data set on the Hugging Face Hub. Every list is read row by row.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from crawl.urls import absolute_url
from gr_toolkit.errors import GrError, MissingExtra, UsageError
from gr_toolkit.runs.redaction import redact

DATASET = re.compile(r"hf:([^/:\s]+/[^/:\s]+)(?:/([^:\s]+))?(?::(\S+))?")
SPLIT = "train"
SAMPLE = 100  # rows inspected to choose the URL column
BATCH = 10_000  # Parquet rows read at a time
MAX_NAMED = 20  # columns listed in an error
MAX_CELL = 1 << 30  # characters in a CSV cell; csv's default limit is shorter than many pages
DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = {".jsonl", ".ndjson"}

Numbered = tuple[int, str]  # the number of an entry, and its text
Rows = Iterator[tuple[int, Mapping[str, object]]]
Read = Callable[[str | None], Rows]  # reads a table's rows, with only the named column or, for None, with all


@dataclass(frozen=True)
class UrlList:
    """A list of URLs. `unit` is the word for an entry, in the plural; `read` yields numbered entries."""

    name: str
    unit: str
    read: Callable[[], Iterator[Numbered]]
    has_columns: bool = True


def url_list(name: str, column: str | None) -> UrlList | None:
    """Return the list of URLs in the file or Hub data set `name`, or None if `name` is neither.

    Reading the list raises MissingExtra, GrError, and UsageError if its URL column cannot be determined.
    """
    if match := DATASET.fullmatch(name):
        dataset, config, split = match.groups()
        return _table(name, "rows", partial(_dataset_rows, dataset, config, split or SPLIT), column)
    path = Path(name)
    if not name or not path.is_file():
        return None
    suffix = path.suffix.lower()
    if suffix in DELIMITERS:
        return _table(name, "lines", partial(_csv_rows, path, DELIMITERS[suffix]), column)
    if suffix in JSON_LINES:
        return _table(name, "lines", partial(_json_rows, path), column)
    if suffix == ".parquet":
        return _table(name, "rows", partial(_parquet_rows, path), column)
    return UrlList(name, "lines", partial(_text_lines, path), has_columns=False)


def _table(name: str, unit: str, read: Read, column: str | None) -> UrlList:
    return UrlList(name, unit, partial(_cells, name, read, column))


def _cells(name: str, read: Read, asked: str | None) -> Iterator[Numbered]:
    """Yield each row's number and URL cell; a cell that is not text becomes empty."""
    with _translate_errors(name):
        column = choose_column(name, [row for _, row in islice(read(None), SAMPLE)], asked)
        for number, row in read(column):
            cell = row.get(column)
            yield number, cell if isinstance(cell, str) else ""


def choose_column(name: str, rows: Sequence[Mapping[str, object]], asked: str | None) -> str:
    """Return the URL column: `asked` if set, else the column named url, else the only column of URLs.

    `rows` are the table's first rows. Raises UsageError if no column or more than one qualifies.
    """
    columns = list(dict.fromkeys(column for row in rows for column in row if isinstance(column, str)))
    have = f"its columns are {', '.join(columns[:MAX_NAMED])}" if columns else "it has no rows"
    if any(absolute_url(column) for column in columns):
        raise UsageError(f"{name} has a URL in its first line, where the column names should be")
    if asked:
        if asked not in columns:
            raise UsageError(f"{name} has no column {asked}; {have}")
        return asked
    called = [column for column in columns if column.lower() == "url"]
    found = called or [column for column in columns if _has_urls([row.get(column) for row in rows])]
    if len(found) != 1:
        raise UsageError(f"cannot choose the URL column of {name}. Name it with --url-column; {have}")
    return found[0]


def _has_urls(cells: Sequence[object]) -> bool:
    """Whether at least one cell is filled, and all filled cells are URLs."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(isinstance(cell, str) and absolute_url(cell) for cell in filled)


def _text_lines(path: Path) -> Iterator[Numbered]:
    """Yield the numbered lines, except empty lines and comments. A comment starts with #."""
    with _translate_errors(str(path)), path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            if text and not text.startswith("#"):
                yield number, text


def _csv_rows(path: Path, delimiter: str, column: str | None) -> Rows:
    csv.field_size_limit(MAX_CELL)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.DictReader(lines, delimiter=delimiter)
        for row in reader:
            yield reader.line_num, row


def _json_rows(path: Path, column: str | None) -> Rows:
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _json_object(line)


def _json_object(line: str) -> Mapping[str, object]:
    """The JSON object in a line; empty if the line is not a JSON object."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def _parquet_rows(path: Path, column: str | None) -> Rows:
    import pyarrow.parquet as pq

    number = 0
    with pq.ParquetFile(path, pre_buffer=False) as file:
        columns = [column] if column else None
        for batch in file.iter_batches(BATCH if column else SAMPLE, columns=columns, use_threads=False):
            for row in batch.to_pylist():
                number += 1
                yield number, row


def _dataset_rows(dataset: str, config: str | None, split: str, column: str | None) -> Rows:
    """Stream a data set's rows from the Hub or a local folder (https://huggingface.co/docs/datasets)."""
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise MissingExtra(f"hf:{dataset}", "pip install 'gr-toolkit[hf]'") from error
    rows = load_dataset(dataset, config, split=split, streaming=True)
    yield from enumerate(rows.select_columns([column]) if column else rows, start=1)


@contextmanager
def _translate_errors(name: str) -> Iterator[None]:
    """Turn any error of reading a list into a one-line GrError. The types of the errors differ by format."""
    try:
        yield
    except GrError:
        raise
    except Exception as error:
        why = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), type(error).__name__)
        raise GrError(f"cannot read {name}: {redact(why)}") from error
