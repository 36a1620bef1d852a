"""Compares numbers at the precision of the reference."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from gr_toolkit.verify.reading.evaluate import constant_value, exact_value, operators
from gr_toolkit.verify.reading.expression import Tree, read
from gr_toolkit.verify.reading.tokens import Unreadable

LITERAL = re.compile(
    r"(?P<sign>[+-])?\s*"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|[1-9]\d{0,2}(?: \d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d*)?|\.\d+)"
    r"(?:\s*(?:\*|[xX](?=\s*10\s*\^))\s*10\s*\^\s*[({]?\s*(?P<power>[+-]?\s*\d{1,3})\s*[)}]?|[eE](?P<exponent>[+-]?\d{1,3})(?!\w))?"
)
POWER_OF_TEN = re.compile(r"(?P<sign>[+-])?\s*10\s*\^\s*[({]?\s*(?P<power>[+-]?\s*\d{1,3})\s*[)}]?")
SIZE = re.compile(r"\d+\s*\*\s*\d+")  # "3*2" may be a size, 3 by 2, or a factorisation
LOST_POWER = re.compile(r"\*\s*10\s*-\s*\d")  # 1.6 * 10-19: the caret is missing
TWO_YEARS = re.compile(r"(?:1\d|20)\d\d\s*/\s*(?:1\d|20)\d\d")  # 1999/2000 is not a fraction
SCALE = re.compile(r"(?:\s*(thousand|million|billion|trillion|hundred)|(k))(?![\w/*^])")
SCALES = {"k": 3, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "hundred": 2}

EQUAL = 1e-9  # relative difference; applies if at least one value was calculated
# Relative difference. Two roundings of one value differ by less than half a unit of the last digit. They
# must also differ by less than this limit: a coarser rounding ("17" for 16.6) looks the same as a mistake.
ROUNDING = 0.01
MAX_TRUNCATION = 0.001  # relative difference of a value that is cut off, not rounded
# Relative. A smaller difference between rounded values is undecided: tables or intermediate rounding may
# cause it.
NEAR = 0.03
NEAR_WHOLE = 0.02  # the same, for two whole numbers
COUNTED_BELOW = 1000  # smaller whole numbers are exact counts, so any difference is wrong
ROUNDED_FROM = 20  # a whole number of at least this size may be a rounded value
MAX_DIGITS = 300  # digits plus the power of ten; a float's range is about 10^308
MIN_DIGITS = 3  # significant digits of an answer that is less precise than the reference
MIN_DIGITS_OF_EXACT = 5  # the same, if the reference is exact: 0.33333 is a third, 0.333 may be a slip


class Number(NamedTuple):
    """A value and its precision."""

    value: float
    exact: Fraction | None  # None if the number is not a literal or a fraction
    last: float  # one unit in the last written decimal place; 0 if the number is not rounded
    digits: int  # significant digits as written; 0 if it is not a literal
    plain: bool  # a single number, not an unevaluated sum, product or root

    @property
    def whole(self) -> bool:
        """Whether the number is written as a whole number."""
        return self.exact is not None and self.exact.denominator == 1 and not self.last

    def times(self, factor: float) -> Number:
        """Return the number converted to another unit: its value and its precision times `factor`."""
        exact = None if self.exact is None else self.exact * Fraction(factor).limit_denominator(10**9)
        if exact is not None and abs(float(exact) - self.value * factor) > EQUAL * abs(self.value * factor):
            exact = None
        return Number(self.value * factor, exact, self.last * abs(factor), self.digits, self.plain)


def compare_numbers(gold: Number, given: Number) -> bool | None:
    """Return whether two numbers are the same at the precision of the reference; None if undecided."""
    if gold.exact is not None and given.exact is not None:
        if gold.exact == given.exact:
            return True
        difference = float(abs(gold.exact - given.exact))
    else:
        difference = abs(gold.value - given.value)
        if difference <= EQUAL * max(abs(gold.value), abs(given.value)):
            # "6*7" for 42 only repeats the question
            return True if given.plain or not gold.plain else None
    share = difference / abs(gold.value) if gold.value else float("inf")
    if share <= ROUNDING and _rounds_to(gold, given, difference):
        return True
    if gold.whole and given.whole:
        counted = max(abs(gold.value), abs(given.value)) < COUNTED_BELOW
        return False if counted or share > NEAR_WHOLE else None
    if gold.last or given.last or (gold.whole and not given.plain):
        return False if share > NEAR else None
    return False if share > EQUAL * 1000 else None


def _rounds_to(gold: Number, given: Number, difference: float) -> bool:
    """Whether one number is the other, rounded or truncated to fewer digits."""
    if gold.last and difference <= gold.last / 2 * (1 + EQUAL):
        return True
    if gold.whole:
        return not given.whole and abs(gold.value) >= ROUNDED_FROM and difference <= 0.5
    finer = not given.whole and (not given.last or given.digits > gold.digits)
    if gold.last and gold.digits >= MIN_DIGITS and finer and abs(gold.value) < abs(given.value):
        return difference < gold.last and difference <= MAX_TRUNCATION * abs(gold.value)  # truncated
    min_digits = MIN_DIGITS if gold.last else MIN_DIGITS_OF_EXACT
    return bool(given.last) and given.digits >= min_digits and difference <= given.last / 2 * (1 + EQUAL)


@lru_cache(maxsize=4096)
def read_number(text: str) -> Number | None:
    """Read a whole normalised text as a number: a literal or an expression without variables; else None."""
    if TWO_YEARS.fullmatch(text) or SIZE.fullmatch(text) or LOST_POWER.search(text):
        return None
    literal = read_literal(text)
    if literal is not None:
        number, end = literal
        if end == len(text):
            return number
    try:
        tree = read(text)
    except Unreadable:
        return None
    value = constant_value(tree)
    if value is None or "log" in operators(tree):  # the base of log is unknown
        return None
    exact = exact_value(tree)
    if exact is not None and abs(float(exact) - value) > EQUAL * abs(value):
        exact = None
    return Number(value, exact, 0.0, 0, exact is not None or _mixed(tree))


def _mixed(tree: Tree) -> bool:
    """Whether a tree is a mixed number such as 2 1/2, or its negative."""
    if tree[0] == "negate" and isinstance(tree[1], tuple):
        return _mixed(tree[1])
    whole, part = (*tree[1:], None, None)[:2]
    return (
        tree[0] == "add"
        and isinstance(whole, tuple)
        and isinstance(part, tuple)
        and whole[0] == "number"
        and part[0] == "divide"
        and 0 < (exact_value(part) or 0) < 1
    )


def read_literal(text: str) -> tuple[Number, int] | None:
    """Return the number in digits at the start of a text, and its end position; None if there is none."""
    match = POWER_OF_TEN.match(text)
    if match is None:
        match = LITERAL.match(text)
    if match is None:
        return None
    parts = match.groupdict()
    digits = re.sub("[, ]", "", parts.get("digits") or "1").rstrip(".")
    power = int((parts["power"] or parts.get("exponent") or "0").replace(" ", ""))
    end = match.end()
    scale = SCALE.match(text, end)
    if scale:
        power += SCALES[scale[1] or scale[2]]
        end = scale.end()
    if abs(power) + len(digits) > MAX_DIGITS:
        return None
    factor = Fraction(10) ** power
    exact = Fraction(digits) * factor
    if parts["sign"] == "-":
        exact = -exact
    decimals = len(digits.partition(".")[2])
    rounded = decimals or (parts.get("digits") and power)
    last = float(factor / 10**decimals) if rounded else 0.0
    significant = len(digits.replace(".", "").lstrip("0"))
    return Number(float(exact), exact, last, significant, True), end
