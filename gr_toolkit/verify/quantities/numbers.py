"""Reads numbers: literals in many spellings, and expressions without variables."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

from gr_toolkit.verify.reading.evaluate import constant_value, exact_value, operators
from gr_toolkit.verify.reading.expression import Tree, read
from gr_toolkit.verify.reading.tokens import Unreadable

LITERAL = re.compile(
    r"(?P<sign>[+-])?\s*"
    r"(?P<digits>[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|[1-9]\d{0,2}(?: \d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d*)?"
    r"|\.\d+)"
    r"(?:\s*(?:\*|[xX](?=\s*10\s*\^))\s*10\s*\^\s*[({]?\s*(?P<power>[+-]?\s*\d{1,3})\s*[)}]?"
    r"|[eE](?P<exponent>[+-]?\d{1,3})(?!\w))?"
)
POWER_OF_TEN = re.compile(r"(?P<sign>[+-])?\s*10\s*\^\s*[({]?\s*(?P<power>[+-]?\s*\d{1,3})\s*[)}]?")
SIZE = re.compile(r"\d+\s*\*\s*\d+")  # "3*2" may be a size, 3 by 2, or a factorisation
LOST_POWER = re.compile(r"\*\s*10\s*-\s*\d")  # 1.6 * 10-19: the caret is missing
# 0.1\\overline{6}, 0.1(6) and 0.1666... are 1/6.
REPEATING = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d{0,15})\.(?P<once>\d{0,15}?)"
    r"(?:\\overline\s*\{(?P<line>\d{1,15})\}|\((?P<round>\d{1,15})\)|\\dot\s*\{?(?P<dot>\d)\}?"
    r"|(?P<dots>\d{1,6})(?P=dots){1,}(?:\.\.\.|\\dots|…))"
)
IN_BASE = re.compile(r"0x([0-9a-f]{1,16})|0b([01]{1,64})", re.IGNORECASE)
TWO_YEARS = re.compile(r"(?:1\d|20)\d\d\s*/\s*(?:1\d|20)\d\d")  # 1999/2000 is not a fraction
SCALE = re.compile(r"\s*(thousand|million|billion|trillion|hundred)(?![\w/*^])")
SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "hundred": 2}

MAX_DIGITS = 300  # digits plus the power of ten; a float's range is about 10^308
EQUAL = 1e-9  # relative difference; applies if at least one value was calculated


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
        value = self.value * factor
        exact = None
        if self.exact is not None and isfinite(value):
            exact = self.exact * Fraction(factor).limit_denominator(10**9)
            if abs(exact - Fraction(value)) > Fraction(EQUAL) * abs(Fraction(value)):
                exact = None
        return Number(value, exact, self.last * abs(factor), self.digits, self.plain)


@lru_cache(maxsize=4096)
def read_number(text: str) -> Number | None:
    """Read a whole normalised text as a number: a literal or an expression without variables; else None."""
    if TWO_YEARS.fullmatch(text) or SIZE.fullmatch(text) or LOST_POWER.search(text):
        return None
    if (exact := _repeating(text)) is not None:
        return Number(float(exact), exact, 0.0, 0, True)
    if in_base := IN_BASE.fullmatch(text):
        exact = Fraction(int(in_base[1] or in_base[2], 16 if in_base[1] else 2))
        return Number(float(exact), exact, 0.0, 0, True)
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


def _repeating(text: str) -> Fraction | None:
    """The value of a repeating decimal, or None for any other text."""
    match = REPEATING.fullmatch(text)
    if match is None:
        return None
    block = match["line"] or match["round"] or match["dot"] or match["dots"]
    once, whole = match["once"], int(match["whole"] or 0)
    fraction = Fraction(int(once or 0)) + Fraction(int(block), 10 ** len(block) - 1)
    value = whole + fraction / Fraction(10) ** len(once)
    return -value if match["sign"] == "-" else value


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
        power += SCALES[scale[1]]
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
