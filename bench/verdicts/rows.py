"""The labelled rows and the adversarial probes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench.verdicts.graders import Pair

# The files of the core set. Rows that their collectors marked as doubtful are skipped.
CORE = [
    "hardverify-math",
    "answer-matching-mmlupro-human",
    "general-reasoner-table1",
    "hendrycks-math-tests",
    "nemo-skills-tests",
    "open-instruct-tests",
    "prime-verifiers-tests",
    "simple-evals-equality",
    "simpleqa-grader-examples",
    "trl-tests",
]
LETTERS = ["mmlupro-outputs"]  # whole outputs of models with a letter as the answer
DOUBTFUL = ("suspect", "config_dependent")


class BadRow(Exception):
    """A line that is not a labelled row."""


class Row(NamedTuple):
    """An answer and whether it is correct."""

    id: str
    pair: Pair
    label: bool
    answer_type: str


class Probe(NamedTuple):
    """An attack, or a spelling that graders misread; `expected` is None if either verdict is acceptable."""

    category: str
    name: str
    pair: Pair
    expected: bool | None


def read_rows(paths: Iterable[Path], bare: bool = True) -> list[Row]:
    """Read the rows of JSONL files, without the doubtful ones. `bare`: the answers are not whole texts.

    Raises BadRow, OSError.
    """
    rows: list[Row] = []
    for path in paths:
        for number, fields in _lines(path):
            if any(fields.get(mark) for mark in DOUBTFUL):
                continue
            try:
                rows.append(_row(fields, f"{path.stem}:{number}", bare))
            except (KeyError, TypeError) as error:
                raise BadRow(f"{path}, line {number}: not a labelled pair ({error})") from error
    return rows


def read_probes(path: Path) -> list[Probe]:
    """Read the probes of a JSONL file. Raises BadRow, OSError."""
    probes = []
    for number, fields in _lines(path):
        try:
            pair = Pair(str(fields["question"]), str(fields["gold"]), str(fields["answer"]), bare=False)
            expected = fields["expected"]
            probes.append(Probe(str(fields["category"]), str(fields["name"]), pair, _label(expected, True)))
        except (KeyError, TypeError) as error:
            raise BadRow(f"{path}, line {number}: not a probe ({error})") from error
    return probes


def _row(fields: dict[str, object], default_id: str, bare: bool) -> Row:
    label = _label(fields["label"], may_be_null=False)
    assert label is not None
    answer = fields["student_answer"]
    pair = Pair(
        str(fields.get("question") or ""),
        str(fields["ground_truth"]),
        "" if answer is None else str(answer),
        bare,
    )
    row_id, answer_type = fields.get("id") or default_id, fields.get("answer_type") or "unknown"
    return Row(str(row_id), pair, label, str(answer_type))


def _label(value: object, may_be_null: bool) -> bool | None:
    if isinstance(value, bool) or (value is None and may_be_null):
        return value
    raise TypeError(f"the label is {value!r}")


def _lines(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                fields = json.loads(line)
            except ValueError as error:
                raise BadRow(f"{path}, line {number}: not JSON ({error})") from error
            if not isinstance(fields, dict):
                raise BadRow(f"{path}, line {number}: not a JSON object")
            yield number, fields
