"""Benchmarks: the bundled one, the test split of the dataset, or a file of questions and answers."""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import dataclass
from pathlib import PurePath

from gr_toolkit.bundled import BENCHMARKS
from gr_toolkit.errors import UsageError
from gr_toolkit.store import Store
from gr_toolkit.store.questions import FILES, Question, questions_of_split, read_questions

NAMES = (*BENCHMARKS, "dataset")


@dataclass(frozen=True)
class Benchmark:
    """A named set of questions with unique ids."""

    name: str
    questions: tuple[Question, ...]

    @property
    def sha256(self) -> str:
        """A hash of the questions in order, equal on every machine."""
        return hashlib.sha256(json.dumps(self.questions).encode()).hexdigest()


def load_benchmark(name: str, store: Store) -> Benchmark:
    """The bundled benchmark `name`, the test split for the name dataset, or the questions of a file.

    Raises UsageError for an unknown name and for a file without questions and answers.
    """
    if name in BENCHMARKS:
        return _read_file(str(BENCHMARKS[name]))
    if name == "dataset":
        return Benchmark(name, tuple(questions_of_split(store, "test")))
    if name.endswith(FILES):
        return _read_file(name)
    near = difflib.get_close_matches(name, NAMES, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    known = f"{', '.join(NAMES)}, or a path to a {' or '.join(FILES)} file"
    raise UsageError(f"unknown benchmark {name}; {hint}use {known}")


def _read_file(path: str) -> Benchmark:
    questions = tuple(read_questions(path))
    if len({question.id for question in questions}) < len(questions):
        raise UsageError(f"{path} has two rows with the same id")
    return Benchmark(PurePath(path).stem, questions)
