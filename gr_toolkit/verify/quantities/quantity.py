"""Reads a number with a unit, a currency, a percent sign or a counted thing."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from gr_toolkit.verify.quantities.numbers import Number, read_literal, read_number
from gr_toolkit.verify.quantities.units import CURRENCIES, Unit, convert, read_unit
from gr_toolkit.verify.reading.expression import read
from gr_toolkit.verify.reading.tokens import FUNCTIONS, SPELT, Unreadable

MAX_CHARS = 160
APPROXIMATELY = re.compile(r"^(?:\\approx|\\sim|~|approximately|approx\.?|about|around|roughly|ca\.)\s*")
APPROXIMATION = re.compile(r"(?<=[\d)}%°])\s*\\approx.*$")  # "\frac{1}{3} \approx 0.33"
CURRENCY = re.compile(r"^([+-]?)\s*((?:[A-Z]{1,3}(?=\$))?[$€£¥₹₽₺₩₫₪₱]|[A-Z]{3}(?= ?\d))\s*")
# The possible boundaries between number and unit, as in "\frac{3}{16\pi} W/m^2".
UNIT_START = re.compile(r"(?<=[\d)}°iπ])\s*(?=[A-Za-zμΩ°%])|(?<=\S)\s+(?=[A-Za-zμΩ°%$€£])")
THING = re.compile(r"(?:[^\W\d_][^\W\d_'.-]*[ '-]?){1,6}", re.UNICODE)
QUALIFIER = re.compile(r"\b(?:or|not|and|to|than|if|but|maybe|per|when|where|until|unless)\b", re.IGNORECASE)
# Words that change the number or qualify it.
SCALES = re.compile(
    r"\b(?:dozen|halves|half|quarters?|thirds?|(?!months?\b|depths?\b|lengths?\b|widths?\b|births?\b"
    r"|deaths?\b|teeth\b)\w+ths?"
    r"|lakh|crore|squared|cubed|BC|BCE|AD|pi|root|minus|plus|factorial|divided|mod|choose|\w"
    r"|is|are|was|at|less|more|least|most|fewer|over|under|above|below|almost|nearly)\b",
    re.IGNORECASE,
)
ASIDE = re.compile(r"([^()]*[^\s()/])\s*\(([^()=\d\\]{2,40})\)")  # words in parentheses after a number
DECADE = re.compile(r"\d{4}\s?s")
ATTACHED = re.compile(r"\d[A-Za-z]$")
MONEY_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "mn": 1e6, "B": 1e9, "bn": 1e9, "T": 1e12}
PERCENT = re.compile(r"%|per ?cent(?:age)?\b", re.IGNORECASE)
# One of several pieces that add up: 2 h 30 min, 5 ft 3 in, 2°30'.
PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z°]+|'|″|\")\.?\s*(?:,|\band\b)?\s*")
ARC = {"'": "arcmin", "″": "arcsec", '"': "arcsec"}
MAX_PIECES = 4


class Quantity(NamedTuple):
    """A number with a unit or a counted thing such as "apples", or with neither."""

    number: Number
    unit: Unit | None
    thing: str
    percent: bool = False
    approximate: bool = False
    attached: bool = False  # one letter directly after the digits: 2m may be two metres, or twice m


@lru_cache(maxsize=4096)
def read_quantity(text: str) -> Quantity | None:
    """Read a whole normalised text as a quantity; None if it is not one."""
    if not text or len(text) > MAX_CHARS:
        return None
    text, approximate = APPROXIMATELY.subn("", APPROXIMATION.sub("", text), count=1)
    currency = CURRENCY.match(text)
    if currency and (money := read_unit(currency[2])) and is_money(money):
        return _read_money(currency, text[currency.end() :], bool(approximate))
    if (aside := ASIDE.fullmatch(text)) and not QUALIFIER.search(aside[2]):
        return read_quantity(f"{aside[1]} {aside[2]}") or read_quantity(aside[1])  # "5 (m/s)", "5 (upwards)"
    if (total := _total(text, bool(approximate))) is not None:
        return total
    number = _number_and_rest(text)
    if number is None or DECADE.fullmatch(text):
        return None
    value, rest = number
    if not rest:
        return Quantity(value, None, "", False, bool(approximate))
    if PERCENT.fullmatch(rest):
        return Quantity(value, None, "", True, bool(approximate))
    unit = read_unit(rest)
    if unit is not None:
        return Quantity(value, unit, "", False, bool(approximate), bool(ATTACHED.search(text)))
    named, _, thing = rest.partition(" ")  # 4.02 g of Ag
    if thing and (unit := read_unit(named)) and THING.fullmatch(thing) and not QUALIFIER.search(thing):
        return Quantity(value, unit, thing.removeprefix("of "), False, bool(approximate))
    counts = (
        THING.fullmatch(rest) and len(rest) > 1 and not QUALIFIER.search(rest) and not SCALES.search(rest)
    )
    if not counts or _is_algebra(text, rest):
        return None
    return Quantity(value, None, rest, False, bool(approximate))


def _total(text: str, approximate: bool) -> Quantity | None:
    """Read pieces of descending units that add up, as in "2 h 30 min"; None for any other text."""
    pieces = PIECE.findall(text)
    if not 1 < len(pieces) <= MAX_PIECES or PIECE.sub("", text):
        return None
    units = [read_unit(ARC.get(name, name)) for _, name in pieces]
    first = units[0]
    if first is None:
        return None
    total, before = Fraction(0), None
    for (digits, _), unit in zip(pieces, units, strict=True):
        size = None if unit is None else convert(Fraction(1), unit, first)
        if size is None or (before is not None and size >= before):
            return None
        total, before = total + Fraction(digits) * size, size
    return Quantity(Number(float(total), total, 0.0, 0, True), first, "", False, approximate)


def _read_money(currency: re.Match[str], text: str, approximate: bool) -> Quantity | None:
    """Read an amount after its currency sign: $5M, $(500), $10 per hour."""
    owed = re.fullmatch(r"\((.*)\)", text)
    number = _number_and_rest(currency[1] + ("-" + owed[1] if owed else text))
    if number is None:
        return None
    value, rest = number
    scale, _, after = rest.partition(" ")
    if scale in MONEY_SCALES:
        value, rest = value.times(MONEY_SCALES[scale]), after
    if rest and not THING.fullmatch(rest):
        return None
    return Quantity(value, read_unit(currency[2]), rest, False, approximate)


def _is_algebra(text: str, rest: str) -> bool:
    """Whether the text is an expression such as "2 sin x", not a number of things such as "4 g Ag"."""
    words = rest.split()
    if len(words) > 1 and any(len(word) > 1 and word not in FUNCTIONS | SPELT for word in words):
        return False
    try:
        read(text)
    except Unreadable:
        return False
    return True


def _number_and_rest(text: str) -> tuple[Number, str] | None:
    """The number at the start of a text, and the text after it; None if there is no number."""
    literal = read_literal(text)
    if literal is not None:
        number, end = literal
        rest = text[end:].strip()
        whole = read_number(text) if rest[:1].isalpha() else None  # "3pi" is a number
        if whole is not None:
            return whole, ""
        if not rest or rest[0].isalpha() or rest[0] in "%°$€£":
            return number, rest
    if text.endswith(("%", "°")):
        part = read_number(text[:-1].strip())
        return None if part is None else (part, text[-1])
    whole = read_number(text)
    if whole is not None:
        return whole, ""
    for start in list(UNIT_START.finditer(text))[:6]:
        number_text, rest = text[: start.start()].strip(), text[start.end() :].strip()
        part = read_number(number_text) if number_text and ":" not in number_text else None
        if part is not None:
            return part, rest
    return None


def is_money(unit: Unit) -> bool:
    """Whether a unit is a currency."""
    return any(name in CURRENCIES for name, _ in unit.parts)
