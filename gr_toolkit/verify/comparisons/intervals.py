"""Compares intervals, their unions, and the equivalent inequalities in one variable."""

from __future__ import annotations

import re
from typing import NamedTuple

from gr_toolkit.verify.comparisons import Compare, all_same
from gr_toolkit.verify.quantities.numbers import read_number
from gr_toolkit.verify.reading.structure import COMMA, comma_split, enclosed, split

UNION = re.compile(r"\\cup\b|\s+or\s+|\s*,\s*or\s+|\s+and\s+(?=[(\[])")
RELATION = re.compile(r"\\(?:le|ge|ne)\b|<=|>=|!=|[<>]")
RELATIONS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne"}
FLIPPED = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}
SET_BUILDER = re.compile(r"^([A-Za-z]|\\[a-z]+)\s*(?:\\in\s*\\?\w+(?:\{\w\})?\s*)?[|:]\s*(.*)$", re.DOTALL)
MEMBER = re.compile(r"^(?:[A-Za-z]|\\[a-z]+)\s*\\in\s*(?=[(\[\\])")
VARIABLE = re.compile(r"(?:[A-Za-z]|\\(?!infty|pi\b)[a-z]+)(?:_(?:\w|\{\w+\}))?(?:\([a-z]\))?")
INFINITE = re.compile(r"([+-]?)\s*\\infty")
REALS = re.compile(r"\\mathbb\s*\{?\s*R\s*\}?|\\R\b|all real numbers")
LETTER = re.compile(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])")
LOWEST, HIGHEST = r"-\infty", r"\infty"
WITHOUT = re.compile(r"^(.*\S)\s*(?:-|\\setminus|\\backslash|\\)\s*\\\{([^{}\\]+)\\\}$", re.DOTALL)


class Interval(NamedTuple):
    """An interval whose ends are normalised text; an infinite end is never closed."""

    low: str
    low_closed: bool
    high: str
    high_closed: bool


def compare_intervals(reference: str, answer: str, compare: Compare) -> bool | None:
    """Return whether two texts are the same interval or union; None if undecided or unreadable.

    `compare` judges the ends. Intervals with different ends are different. If only the brackets differ, the
    result is None, because the reference often has a slip there.
    """
    gold, given = read_intervals(reference), read_intervals(answer)
    if given is None and gold is None:
        return _compare_infinities(reference, answer)
    if gold is None or given is None:
        return False if gold is None and read_number(reference) is not None else None  # 42 and x > 41
    if len(gold) != len(given):
        return False if _numeric(gold) and _numeric(given) and not _touching(gold + given) else None
    pairs = list(zip(_sorted(gold), _sorted(given), strict=True))
    ends = all_same(
        _same_end(first, second, compare)
        for one, other in pairs
        for first, second in ((one.low, other.low), (one.high, other.high))
    )
    brackets = all(
        (one.low_closed, one.high_closed) == (other.low_closed, other.high_closed) for one, other in pairs
    )
    return ends if ends is not True or (brackets and _one_variable(reference, answer)) else None


def _compare_infinities(reference: str, answer: str) -> bool | None:
    """Compare two infinities by sign, or an infinity with a number, which is different."""
    infinite = [INFINITE.fullmatch(text) for text in (reference, answer)]
    if all(infinite):
        return all_same([(infinite[0] and infinite[0][1] == "-") == (infinite[1] and infinite[1][1] == "-")])
    other = answer if infinite[0] else reference
    return False if any(infinite) and read_number(other) is not None else None


def _one_variable(reference: str, answer: str) -> bool:
    """Whether the two texts share a variable, or at least one has no variable."""
    names = [set(LETTER.findall(REALS.sub("", text))) for text in (reference, answer)]
    return not all(names) or bool(names[0] & names[1])


def read_intervals(text: str) -> list[Interval] | None:
    """Return the intervals of a union, in written order; None if the text is not an interval or a union."""
    text = MEMBER.sub("", text.strip())
    without = WITHOUT.match(text)
    if without:
        intervals = read_intervals(without[1])
        return None if intervals is None else _without_points(intervals, comma_split(without[2]))
    if REALS.fullmatch(text):
        return [Interval(LOWEST, False, HIGHEST, False)]
    set_of = enclosed(text)
    if set_of and set_of.opening == r"\{":
        builder = SET_BUILDER.match(set_of.inside)
        if builder is None or set_of.closing != r"\}":
            return None
        text = builder[2]
    parts = [_read_part(part) for part in split(text, UNION)]
    if any(part is None for part in parts):
        return None
    intervals = [interval for part in parts if part is not None for interval in part]
    return intervals if len(intervals) <= 16 else None


def _without_points(intervals: list[Interval], points: list[str]) -> list[Interval] | None:
    """Remove single points from the intervals; None if a point is not inside exactly one interval."""
    for point in points:
        position = _position(point)
        if position is None or not _numeric(intervals):
            return None
        around = [
            interval
            for interval in intervals
            if (_position(interval.low) or 0) < position < (_position(interval.high) or 0)
        ]
        if len(around) != 1:
            return None
        at = intervals.index(around[0])
        left, right = (
            around[0]._replace(high=point, high_closed=False),
            around[0]._replace(low=point, low_closed=False),
        )
        intervals[at : at + 1] = [left, right]
    return intervals


def _read_part(text: str) -> list[Interval] | None:
    brackets = enclosed(text)
    if brackets and brackets.opening in ("(", "["):
        ends = split(brackets.inside, COMMA)
        if len(ends) != 2 or not all(ends) or brackets.closing not in (")", "]"):
            return None
        low, high = (_end(end) for end in ends)
        return [Interval(low, brackets.opening == "[", high, brackets.closing == "]")]
    if brackets and brackets.opening == r"\{" and read_number(brackets.inside):
        return [Interval(brackets.inside, True, brackets.inside, True)]  # a single point in a union
    return _read_inequality(text)


def _read_inequality(text: str) -> list[Interval] | None:
    """Read an inequality such as x < 3, 1 <= x < 3, 3 > x or x != 2; None for any other text."""
    relations = [RELATIONS.get(found, found) for found in RELATION.findall(text)]
    sides = split(text, RELATION)
    if len(sides) != len(relations) + 1 or not all(sides):
        return None
    if len(sides) == 3 and VARIABLE.fullmatch(sides[1]) and r"\ne" not in relations:
        low, high, (first, second) = sides[0], sides[2], relations
        if {first, second} <= {">", r"\ge"}:
            low, high, first, second = high, low, FLIPPED[second], FLIPPED[first]
        if not {first, second} <= {"<", r"\le"} or _has_variable(sides[1], low, high):
            return None
        return [Interval(_end(low), first == r"\le", _end(high), second == r"\le")]
    if len(sides) != 2:
        return None
    variable, relation, bound = sides[0], relations[0], sides[1]
    if not VARIABLE.fullmatch(variable):
        if not VARIABLE.fullmatch(bound) or relation == r"\ne":
            return None
        variable, relation, bound = bound, FLIPPED[relation], variable
    if _has_variable(variable, bound):
        return None
    bound = _end(bound)
    if relation == r"\ne":
        return [Interval(LOWEST, False, bound, False), Interval(bound, False, HIGHEST, False)]
    closed = relation in (r"\le", r"\ge")
    if relation in ("<", r"\le"):
        return [Interval(LOWEST, False, bound, closed)]
    return [Interval(bound, closed, HIGHEST, False)]


def _has_variable(variable: str, *sides: str) -> bool:
    return any(re.search(rf"(?<![A-Za-z\\]){re.escape(variable)}(?![A-Za-z])", side) for side in sides)


def _end(text: str) -> str:
    text = text.strip().removesuffix(".")
    infinite = INFINITE.fullmatch(text)
    return text if infinite is None else LOWEST if infinite[1] == "-" else HIGHEST


def _same_end(gold: str, given: str, compare: Compare) -> bool | None:
    if LOWEST in (gold, given) or HIGHEST in (gold, given):
        return gold == given
    return compare(gold, given)


def _position(end: str) -> float | None:
    if end in (LOWEST, HIGHEST):
        return float("inf") if end == HIGHEST else float("-inf")
    number = read_number(end)
    return None if number is None else number.value


def _numeric(intervals: list[Interval]) -> bool:
    return all(_position(end) is not None for interval in intervals for end in (interval.low, interval.high))


def _sorted(intervals: list[Interval]) -> list[Interval]:
    return (
        sorted(intervals, key=lambda interval: _position(interval.low) or 0.0)
        if _numeric(intervals)
        else intervals
    )


def _touching(intervals: list[Interval]) -> bool:
    """Whether two intervals share an end, so that they may be one interval written as two."""
    return any(one.high == other.low for one in intervals for other in intervals)
