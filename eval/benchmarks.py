"""Benchmarks as questions with reference answers: the bundled one, the test split, or a file of yours."""

from __future__ import annotations

import difflib
import hashlib
import io
import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from gr_toolkit.bundled import BENCHMARKS
from gr_toolkit.errors import UsageError
from gr_toolkit.llm.messages import clean
from gr_toolkit.store import Store
from gr_toolkit.store.folder import Folder
from gr_toolkit.store.questions import Question, questions_of_split
from gr_toolkit.store.table import Row

NAMES = ("tiny", "dataset")
FILES = (".jsonl", ".parquet")
QUESTION_COLUMNS = ("question", "problem", "Question")
ANSWER_COLUMNS = ("answer", "Answer", "final_answer")


@dataclass(frozen=True)
class Benchmark:
    """Questions under one name; their ids are unique."""

    name: str
    questions: tuple[Question, ...]

    @property
    def sha256(self) -> str:
        """The same for the same questions in the same order, on every machine."""
        return hashlib.sha256(json.dumps(self.questions).encode()).hexdigest()


def load_benchmark(name: str, store: Store) -> Benchmark:
    """The benchmark called `name`, or the one in the file of that path.

    Raises UsageError for an unknown name and for a file that does not hold questions and answers.
    """
    if name == "tiny":
        return load_file(str(BENCHMARKS / "tiny.jsonl"))
    if name == "dataset":
        return Benchmark(name, tuple(questions_of_split(store, "test")))
    if name.endswith(FILES):
        return load_file(name)
    near = difflib.get_close_matches(name, NAMES, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    known = f"{', '.join(NAMES)}, and any path to a {' or '.join(FILES)} file"
    raise UsageError(f"unknown benchmark {name}; {hint}Known are {known}")


def load_file(path: str) -> Benchmark:
    """The rows of a .jsonl or .parquet file, local or at an fsspec URL, named after it. Raises UsageError."""
    folder, file = posixpath.split(path)
    try:
        content = Folder(folder or ".").read(file)
    except OSError as error:
        raise UsageError(f"cannot read the benchmark {path}: {error.strerror or error}") from error
    rows = _parquet_rows(path, content) if path.endswith(".parquet") else _json_lines(path, content)
    questions = tuple(_question(f"{path}, row {number}", number, row) for number, row in enumerate(rows, 1))
    if not questions:
        raise UsageError(f"the benchmark {path} has no rows")
    if len({question.id for question in questions}) < len(questions):
        raise UsageError(f"the benchmark {path} has two rows with one id")
    return Benchmark(file.rpartition(".")[0], questions)


def _json_lines(path: str, content: bytes) -> Iterator[Row]:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UsageError(f"{path}, line {number} is not JSON: {error}") from error
            if not isinstance(row, dict):
                raise UsageError(f"{path}, line {number} is not a JSON object")
            yield row


def _parquet_rows(path: str, content: bytes) -> list[Row]:
    try:
        return list(pq.ParquetFile(io.BytesIO(content)).read(use_threads=False).to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{path} is not a Parquet file: {error}") from error


def _question(where: str, number: int, row: Mapping[str, object]) -> Question:
    identifier = row.get("id")
    return Question(
        id=str(number if identifier is None else identifier),
        question=_text(where, row, QUESTION_COLUMNS),
        answer=_text(where, row, ANSWER_COLUMNS),
    )


def _text(where: str, row: Row, columns: tuple[str, ...]) -> str:
    """The value of the first of the columns that the row has; a list of answers is one answer with commas."""
    column = next((name for name in columns if name in row), None)
    if column is None:
        raise UsageError(f"{where} has no column {' or '.join(columns)}; it has {', '.join(row)}")
    value = row[column]
    text = ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)
    if not text.strip():
        raise UsageError(f"{where} has an empty {column}")
    return clean(text)
