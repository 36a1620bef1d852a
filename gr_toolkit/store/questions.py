"""Questions with reference answers, from the table `dataset` or from a file."""

from __future__ import annotations

import io
import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from gr_toolkit.errors import UsageError
from gr_toolkit.store.folder import Folder
from gr_toolkit.store.table import Store
from gr_toolkit.unicode import replace_surrogates

FILES = (".jsonl", ".parquet")
# Column names used by public benchmarks. The first of them that a row has is read.
ID_COLUMNS = ("id", "question_id", "uuid", "unique_id")
QUESTION_COLUMNS = ("question", "problem", "Question", "input")
ANSWER_COLUMNS = ("answer", "Answer", "final_answer")


class Question(NamedTuple):
    """A question with its reference answer."""

    id: str
    question: str
    answer: str


def questions_of_split(store: Store, split: str) -> list[Question]:
    """The questions in the kept rows of one split of `dataset`, in shard order."""
    table = store.table("dataset")
    rows = (row for shard in table.shards() for row in table.rows(shard))
    return [
        Question(row["id"], row["question"], row["answer"])
        for row in rows
        if row["kept"] and row["split"] == split
    ]


def read_questions(path: str, *, need_answers: bool = True) -> list[Question]:
    """The rows of a .jsonl or .parquet file, local or at an fsspec URL.

    A row without an id gets its row number as id, counted from 1. If `need_answers` is false, all answers are
    empty. Raises UsageError if the file or a row is invalid; the message names both.
    """
    folder, name = posixpath.split(path)
    try:
        content = Folder(folder or ".").read(name)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    rows = _parquet_rows(path, content) if path.endswith(".parquet") else _json_lines(path, content)
    questions = [_question(path, number, row, need_answers) for number, row in enumerate(rows, 1)]
    if not questions:
        raise UsageError(f"{path} has no rows")
    return questions


def _json_lines(path: str, content: bytes) -> Iterator[Mapping[str, object]]:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UsageError(f"{path}, line {number} is not JSON: {error}") from error
            if not isinstance(row, dict):
                raise UsageError(f"{path}, line {number} is not a JSON object")
            yield row


def _parquet_rows(path: str, content: bytes) -> list[Mapping[str, object]]:
    try:
        return list(pq.ParquetFile(io.BytesIO(content)).read(use_threads=False).to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{path} is not a Parquet file: {error}") from error


def _question(path: str, number: int, row: Mapping[str, object], need_answer: bool) -> Question:
    where = f"{path}, row {number}"
    id_column = _first(ID_COLUMNS, row)
    own_id = row[id_column] if id_column else None
    answer = _text(where, row, ANSWER_COLUMNS) if need_answer else ""
    return Question(str(number if own_id is None else own_id), _text(where, row, QUESTION_COLUMNS), answer)


def _text(where: str, row: Mapping[str, object], columns: tuple[str, ...]) -> str:
    """The text in the first of `columns` that the row has. A list of answers is joined with commas."""
    column = _first(columns, row)
    if column is None:
        raise UsageError(f"{where} has no column {' or '.join(columns)}; it has {', '.join(row)}")
    value = row[column]
    if isinstance(value, bytes):
        raise UsageError(f"{where} has a binary {column}; store it as text")
    text = ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)
    if not text.strip():
        raise UsageError(f"{where} has an empty {column}")
    return replace_surrogates(text)


def _first(columns: tuple[str, ...], row: Mapping[str, object]) -> str | None:
    return next((name for name in columns if name in row), None)
