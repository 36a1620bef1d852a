"""Numbers, with or without a unit, compared at the precision of the reference."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

UNIT = r"(?:[^\W\d_]|°)+(?:\^?-?\d|\^\{-?\d\})?"  # m, kg, s^-1, m^2, °C, and any word
NUMBER = re.compile(
    r"(?P<currency>[$€£])?\s*(?P<sign>[+-])?\s*"
    r"(?P<digits>[1-9]\d{0,2}(?:[, ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:\s*\*\s*10\^(?:(?P<power>[+-]?\d{1,3})|\{(?P<braced>[+-]?\d{1,3})\})|[eE](?P<exponent>[+-]?\d{1,3}))?"
    r"(?:\s*/\s*(?P<under>\d+(?:\.\d+)?)(?!\w))?"
    rf"\s*(?P<unit>%|{UNIT}(?:\s?[/*]\s?{UNIT}|\s{UNIT})*)?"
)
MAX_LENGTH = 80
# A wrong number this close may be another rounding of the same one: a rule cannot say no.
NEAR = Fraction(1, 50)


class Quantity(NamedTuple):
    """A value, the size of one unit in its last decimal (0 if it has none), and the unit as written."""

    value: Fraction
    last_digit: Fraction
    unit: str


def compare_numbers(reference: str, answer: str) -> bool | None:
    """Whether two normalised answers are the same number; None if that cannot be told.

    The answer is right if it is the reference, or rounds to it at the reference's last decimal. It is
    wrong only if it is a number of the same unit and clearly another.
    """
    gold, given = parse_quantity(reference), parse_quantity(answer)
    if gold is None or given is None or gold.unit != given.unit:
        return None
    difference = abs(gold.value - given.value)
    if difference == 0 or difference < gold.last_digit / 2:
        return True
    rounding = max(gold.last_digit, given.last_digit)
    another = rounding == 0 or (difference >= rounding and difference > NEAR * abs(gold.value))
    return False if another else None


def parse_quantity(text: str) -> Quantity | None:
    """The quantity that is the whole of a normalised text, or None."""
    match = NUMBER.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        return None
    digits = re.sub("[, ]", "", match["digits"])
    decimals = len(digits.partition(".")[2])
    scale = Fraction(10) ** int(match["power"] or match["braced"] or match["exponent"] or 0)
    value = Fraction(f"{match['sign'] or ''}{digits}") * scale
    last_digit = scale / 10**decimals if decimals else Fraction(0)
    if match["under"]:
        under = Fraction(match["under"])
        if not under:
            return None
        value, last_digit = value / under, Fraction(0)
    return Quantity(value, last_digit, (match["currency"] or "") + (match["unit"] or ""))
