"""Rows of pairs: their field names, and the line written for each row."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import NamedTuple

from gr_toolkit.verify.verdict import Item, Verdict

# Each field may have one of several names. If a row has more than one, the first name listed here counts.
NAMES = {
    "question": ("question",),
    "reference": ("ground_truth", "reference", "gold"),
    "answer": ("student_answer", "answer", "completion"),
}


class Pair(NamedTuple):
    """An input row: the item to judge, or the problem that makes the row unreadable.

    `id` is the row's `id` field, or the row number if there is no such field. `label` is True if the answer
    is known to be correct, False if it is known to be wrong, else None.
    """

    id: str | int
    item: Item | None
    problem: str = ""
    label: bool | None = None


class Line(NamedTuple):
    """The verdict on a row; docs/verify.md describes the fields."""

    id: str | int
    correct: bool | None
    decided_by: str
    confidence: float | None
    reason: str
    seconds: float


class Unreadable(ValueError):
    """A row that is not a pair; the message describes the problem."""


def read_pair(row: object, number: int) -> Pair:
    """Return the pair in a row of any type; `number` counts rows from 1."""
    if not isinstance(row, Mapping):
        return Pair(number, None, f"not an object with fields, but {type(row).__name__}")
    own = row.get("id")
    id = own if isinstance(own, str | int) and not isinstance(own, bool) else number
    try:
        item = Item(*(_text(row, names) for names in NAMES.values()))
    except Unreadable as error:
        return Pair(id, None, str(error))
    label = row.get("label")
    return Pair(id, item, label=label if isinstance(label, bool) else None)


def parse_row(text: bytes, number: int) -> Pair:
    """Return the pair in a line of a JSONL file. The line may contain any bytes, even invalid JSON."""
    try:
        return read_pair(json.loads(text), number)
    except (ValueError, RecursionError) as error:
        return Pair(number, None, f"not JSON: {error}" if text.strip() else "an empty line")


def name_in(names: tuple[str, ...], columns: Container[str]) -> str | None:
    """Return the first of the names that the row or list of columns contains, or None."""
    return next((name for name in names if name in columns), None)


def lacking(names: tuple[str, ...]) -> str:
    """Describe a missing field, e.g. `no ground_truth (or reference, or gold)`."""
    first, *others = names
    return f"no {first} (or {', or '.join(others)})" if others else f"no {first}"


def line(pair: Pair, verdict: Verdict, seconds: float) -> Line:
    """Return the line for a pair and its verdict."""
    return Line(pair.id, *verdict, round(seconds, 4))


def _text(row: Mapping[str, object], names: tuple[str, ...]) -> str:
    """Return a field of the row as text. Numbers and booleans become their JSON text. Raises Unreadable."""
    name = name_in(names, row)
    if name is None:
        raise Unreadable(lacking(names))
    value = row[name]
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise Unreadable(f"{name} is {'null' if value is None else 'not a text'}")
