"""Pairs as rows: the names of their fields, and the line that each row gets back."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import NamedTuple

from gr_toolkit.verify.verdict import Item, Verdict

# Of several names the first that a row has counts.
NAMES = {
    "question": ("question",),
    "reference": ("ground_truth", "reference", "gold"),
    "answer": ("student_answer", "answer", "completion"),
}


class Pair(NamedTuple):
    """A row that was read: what to judge, or the problem that leaves nothing to judge.

    `id` is the row's own, or its number; `label` is what is known to be right, if the row says so.
    """

    id: str | int
    item: Item | None
    problem: str = ""
    label: bool | None = None


class Line(NamedTuple):
    """What a row gets back; docs/verify.md describes the fields."""

    id: str | int
    correct: bool | None
    decided_by: str
    confidence: float | None
    reason: str
    seconds: float


class Unreadable(ValueError):
    """The message says what is wrong with a row."""


def read_pair(row: object, number: int) -> Pair:
    """The pair in a row, which may be anything at all; `number` counts rows from 1."""
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
    """The pair in one line of JSON, which may be any bytes."""
    try:
        return read_pair(json.loads(text), number)
    except (ValueError, RecursionError) as error:
        return Pair(number, None, f"not JSON: {error}" if text.strip() else "an empty line")


def name_in(names: tuple[str, ...], columns: Container[str]) -> str | None:
    """The first of the names that the row or list of columns has."""
    return next((name for name in names if name in columns), None)


def lacking(names: tuple[str, ...]) -> str:
    """`no ground_truth (or reference, or gold)`."""
    first, *others = names
    return f"no {first} (or {', or '.join(others)})" if others else f"no {first}"


def line(pair: Pair, verdict: Verdict, seconds: float) -> Line:
    """What the pair gets back."""
    return Line(pair.id, *verdict, round(seconds, 4))


def _text(row: Mapping[str, object], names: tuple[str, ...]) -> str:
    """The field as text; a number or a boolean as JSON writes it. Raises Unreadable."""
    name = name_in(names, row)
    if name is None:
        raise Unreadable(lacking(names))
    value = row[name]
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise Unreadable(f"{name} is {'null' if value is None else 'not a text'}")
