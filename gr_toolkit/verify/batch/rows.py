"""Rows of pairs: their field names, and the line written for each row."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import NamedTuple, TypeVar

from gr_toolkit.verify.question.options import MAX_OPTIONS
from gr_toolkit.verify.reward import text_of
from gr_toolkit.verify.verdict import Item, Verdict

T = TypeVar("T")
TYPE_NAMES = {str: "a text", list: "a list", int: "a number", bool: "true or false"}

# Each field may have one of several names. If a row has more than one, the first name listed here counts.
REFERENCE = ("ground_truth", "reference", "gold", "expected_answer")
ANSWER = ("student_answer", "answer", "completion")
REQUIRED = (REFERENCE, ANSWER)
MAX_TOLERANCE = 1e300  # larger integers may not fit in a float
OPTIONAL = ("id", "question", "label", "answer_type", "options", "tolerance", "thinking")


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
    """A row or a request body that holds no pair; the message describes the problem."""


def read_pair(row: object, number: int) -> Pair:
    """Return the pair in a row of any type; `number` counts rows from 1."""
    if not isinstance(row, Mapping):
        return Pair(number, None, f"not an object with fields, but {type(row).__name__}")
    own = row.get("id")
    id = own if isinstance(own, str | int) and not isinstance(own, bool) else number
    try:
        item = _item(row)
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


def _item(row: Mapping[str, object]) -> Item:
    """The item in a row. A row without a question is judged without one. Raises Unreadable."""
    options = _optional(row, "options", list) or []
    if len(options) > MAX_OPTIONS:
        raise Unreadable(f"more than {MAX_OPTIONS} options")
    if not all(isinstance(option, str) for option in options):
        raise Unreadable("options has an option that is not a text")
    tolerance = _optional(row, "tolerance", int, float)
    if tolerance is not None and not 0 <= tolerance < MAX_TOLERANCE:
        raise Unreadable("tolerance is not a number of at least 0")
    return Item(
        _optional(row, "question", str) or "",
        _text(row, REFERENCE),
        _text(row, ANSWER),
        _optional(row, "answer_type", str),
        tuple(options),
        None if tolerance is None else float(tolerance),
        bool(_optional(row, "thinking", bool)),
    )


def _text(row: Mapping[str, object], names: tuple[str, ...]) -> str:
    """Return a field of the row as text. Numbers and booleans become their JSON text. Raises Unreadable.

    An answer may be a chat; its last message of the assistant counts.
    """
    name = name_in(names, row)
    if name is None:
        raise Unreadable(lacking(names))
    value = row[name]
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list) and names is ANSWER:
        try:
            return text_of(value)
        except ValueError as error:
            raise Unreadable(f"{name} is {error}") from error
    raise Unreadable(f"{name} is {'null' if value is None else 'not a text'}")


def _optional(row: Mapping[str, object], name: str, *types: type[T]) -> T | None:
    """Return a field, or None if it is missing or null. Raises Unreadable if it has another type."""
    value = row.get(name)
    if value is None:
        return None
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise Unreadable(f"{name} is not {TYPE_NAMES[types[0]]}")
    return value
