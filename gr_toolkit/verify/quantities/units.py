"""Units of measurement and currencies: reads the unit after a number, and converts between units.

Only the units in the vocabulary below are read. pint provides their sizes, and never sees an answer's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

MAX_LENGTH = 60
MAX_EXPONENT = 12

VOCABULARY, CURRENCY_VOCABULARY, DEFINITIONS, MEANINGS, VAGUE, COUNTED = re.split(
    r"^==.*$",
    re.sub(r"^#.*$", "", Path(__file__).with_name("units.txt").read_text("utf-8"), flags=re.MULTILINE),
    flags=re.MULTILINE,
)
CURRENCIES = frozenset(re.findall(r"(?<!\S)\w+", CURRENCY_VOCABULARY))
OTHER_MEANINGS = {
    name: meanings.split(",") for name, meanings in (entry.split("=") for entry in MEANINGS.split())
}
VAGUE_UNITS = frozenset(VAGUE.split())  # no other unit surely differs from them
COUNTED_UNITS = CURRENCIES.union(COUNTED.split())  # a number of them may be a count, which is exact
PREFIXES = {
    "": (0, ""),
    "f": (-15, "femto"),
    "p": (-12, "pico"),
    "n": (-9, "nano"),
    "μ": (-6, "micro"),
    "m": (-3, "milli"),
    "c": (-2, "centi"),
    "d": (-1, "deci"),
    "h": (2, "hecto"),
    "k": (3, "kilo"),
    "M": (6, "mega"),
    "G": (9, "giga"),
    "T": (12, "tera"),
}
ANY_CASE = ("kg", "km", "cm", "kWh", "kPa", "kHz", "GHz", "kJ", "kΩ")  # unambiguous in any case
TWO_MEANINGS = re.compile(r"Cal(?:ories?)?")  # 1000 calories, or a single calorie with a capital letter

Number = TypeVar("Number", float, Fraction)


class Unit(NamedTuple):
    """A product of units with exponents, sorted by name, times a power of ten for the SI prefixes."""

    parts: tuple[tuple[str, int], ...]
    ten: int


class Size(NamedTuple):
    """The conversion of a unit to SI (value * factor + offset), and the exponent of each dimension."""

    factor: Fraction
    offset: Fraction
    dimensions: frozenset[tuple[str, int]]


def convert(value: Number, from_unit: Unit, to_unit: Unit) -> Number | None:
    """Convert a value by the first meanings of the units with one dimension; None if there are none."""
    return next(conversions(value, from_unit, to_unit), None)


def conversions(
    value: Number, from_unit: Unit, to_unit: Unit, *, difference: bool = False
) -> Iterator[Number]:
    """Yield a value in another unit for each pair of meanings with one dimension; a Fraction exactly.

    If `difference`, a temperature is a difference: 20 °C is 20 K. Otherwise it is a reading: 293.15 K. A
    result that a float cannot hold is left out.
    """
    if from_unit.parts == to_unit.parts:
        with suppress(ArithmeticError):
            yield value * Fraction(10) ** (from_unit.ten - to_unit.ten)
    for source in _meanings(from_unit):
        for target in _meanings(to_unit):
            old, new = _size(source), _size(target)
            shift = 0 if difference else old.offset - new.offset
            if old.dimensions == new.dimensions:
                with suppress(ArithmeticError):
                    yield (value * old.factor + shift) / new.factor


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit | None:
    """Read a whole text as a unit; None if it is not one. Counted nouns (apples, points) are not units.

    Everything after a slash is in the denominator: J/mol*K and J/(mol K) are the same unit.
    """
    if len(text) > MAX_LENGTH:
        return None
    text = _plain(text)
    if not WELL_FORMED.fullmatch(text) or NESTED.search(text):
        return None
    exponents: dict[str, int] = {}
    ten = 0
    over, *under = DIVIDED.split(text)
    products = [(-1, divisor) for divisor in under]
    for sign, product in products if products and over in ("", "1") else [(1, over), *products]:
        factors = _factors(product, sign)
        if factors is None:
            return None
        for name, power, exponent in factors:
            exponents[name] = exponents.get(name, 0) + exponent
            ten += power * exponent
    parts = tuple(sorted((name, exponent) for name, exponent in exponents.items() if exponent))
    # In GeV/c^2, c is the speed of light; alone, it is more often a variable.
    alone = bool(exponents) and {name for name, _ in parts} <= {"speed_of_light"} and "/" not in text
    return None if alone else Unit(parts, ten)


# Spellings that normalisation may leave, in the order in which they are rewritten.
REWRITES = [
    (re.compile(r"\\(?:text|mathrm|rm|mathit|operatorname|mbox|textnormal)\b\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"<sup>([^<>]*)</sup>"), r"^{\1}"),
    (re.compile(r"\\(?:cdot|times)\b|[·⋅•×]"), "*"),
    (re.compile(r"\^?\s*\{?\\(?:circ|degree)\b\s*\}?|[º˚]"), "°"),
    (re.compile(r"\\mu\s*|µ"), "μ"),
    (re.compile(r"\\Omega\s*|\u2126"), "Ω"),
    (re.compile(r"\\([%$])"), r"\1"),
    (re.compile(r"\\[,;:! ]|[~\s]+"), " "),
    (re.compile(r"(?<=[A-Za-z])\.(?=[ /*)^-]|$)"), ""),  # in., sq. ft.
    (re.compile(r"(?<=[A-Za-z])\.(?=[A-Za-z])"), "*"),  # N.m
    (re.compile(r"\*\*|\^ ?[({] ?([+-]?\d{1,2}) ?[)}]"), r"^\1"),
    (re.compile(r"(?:°|\bdeg(?:rees?)?\b) ?([CFR])(?:elsius|ahrenheit|ankine)?\b"), r"°\1"),
    (re.compile(r"\b(?:degrees?|deg) (?=celsius|centigrade|fahrenheit|rankine)", re.IGNORECASE), ""),
    (re.compile(r"\bdeg([CF])\b"), r"°\1"),
    (re.compile(r"\blb_?([fm])\b"), r"lb\1"),
    (re.compile(r"\bgpm\b"), "gal/min"),
    (re.compile(r"\bcfs\b"), "ft^3/s"),
    (re.compile(r"\bcfm\b"), "ft^3/min"),
    (re.compile(r"\b(?:g|gm|gram)-?mol(e?s?)\b(?! ?[\^-])"), r"mol\1"),  # a gram-mole is a mole
    (re.compile(r"\blb-mol(?:e?s?)\b(?! ?[\^-])"), "lbmol"),
    (re.compile(r"\b(?:square|sq) ([A-Za-zμ]+)", re.IGNORECASE), r"\1^2"),
    (re.compile(r"\b(?:cubic|cu) ([A-Za-zμ]+)", re.IGNORECASE), r"\1^3"),
    (re.compile(r"([A-Za-zμ]+) squared\b", re.IGNORECASE), r"\1^2"),
    (re.compile(r"([A-Za-zμ]+) cubed\b", re.IGNORECASE), r"\1^3"),
]
SUPERSCRIPT = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
COMPATIBILITY = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻−", "0123456789+--") | {ord("℃"): "°C", ord("℉"): "°F"}
WELL_FORMED = re.compile(r"[A-Za-zμΩÅåö°%$€£¥¢₹₽₺₩₫₪₱฿_*/^()+\- \d]+")
NESTED = re.compile(r"\([^()]*/|\) ?\^")  # (m/s)^2 and kg/(m/s) are not supported
DIVIDED = re.compile(r" ?/ ?| per ", re.IGNORECASE)
# An exponent without a caret is common in m2, s-1 and mol-1, but N2 is nitrogen.
FACTOR = re.compile(
    r"[ *(\-]*(?P<name>[A-Za-zμΩÅåö°%$€£¥¢₹₽₺₩₫₪₱฿_]+)"
    r"(?: ?\^ ?(?P<caret>[+-]?\d{1,2})|(?P<bare>-\d|(?<=m|s|t|n)[23])(?!\d))?[ )]*"
)


def _plain(text: str) -> str:
    text = SUPERSCRIPT.sub(lambda run: f"^{run.group()}", text).translate(COMPATIBILITY)
    for pattern, plain in REWRITES:
        text = pattern.sub(plain, text)
    return _phrases().sub(lambda phrase: _joined(phrase.group()), text.strip())


def _factors(product: str, sign: int) -> list[tuple[str, int, int]] | None:
    """The factors of a product as (name, power of ten, exponent), or None if any factor is not a unit."""
    factors = []
    position = 0
    while position < len(product):
        match = FACTOR.match(product, position)
        entry = None if match is None else _look_up(match["name"])
        if match is None or entry is None:
            return None
        exponent = int(match["caret"] or match["bare"] or 1)
        # After a slash, a negative exponent would cancel the division, which is never intended.
        if not 0 < abs(exponent) <= MAX_EXPONENT or (sign < 0 and exponent < 0):
            return None
        factors.append((*entry, sign * exponent))
        position = match.end()
    return factors or None


def _look_up(word: str) -> tuple[str, int] | None:
    if TWO_MEANINGS.fullmatch(word):
        return None
    symbols, words = _spellings()
    return symbols.get(word) or words.get(word.casefold())


@cache
def _spellings() -> tuple[dict[str, tuple[str, int]], dict[str, tuple[str, int]]]:
    """Map every symbol, and every word in lower case, to its unit and power of ten."""
    symbols: dict[str, tuple[str, int]] = {}
    words: dict[str, tuple[str, int]] = {}
    for entry in (VOCABULARY + CURRENCY_VOCABULARY).split():
        spellings, _, rest = entry.partition(":")
        signs, _, prefixes = rest.partition(":")
        name, *_ = spellings.split("=")
        for prefix in ["", *prefixes]:
            ten, prefix_word = PREFIXES[prefix]
            symbols |= {prefix + sign: (name, ten) for sign in signs.split(",") if sign}
            words |= {prefix_word + _joined(word): (name, ten) for word in spellings.split("=")}
    words |= {f"{word}s": unit for word, unit in words.items() if len(word) > 1}
    symbols |= {f"u{sign[1:]}": unit for sign, unit in symbols.items() if sign[0] == "μ" and sign != "μs"}
    words |= {sign.casefold(): symbols[sign] for sign in ANY_CASE}
    return symbols, words


def _joined(phrase: str) -> str:
    return re.sub("[ _-]", "", phrase).casefold()


@cache
def _phrases() -> re.Pattern[str]:
    """A pattern for units of several words (light year, mm Hg), joined by spaces, hyphens or nothing."""
    phrases = sorted(re.findall(r"\w+_\w+", VOCABULARY + CURRENCY_VOCABULARY), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(phrases).replace('_', '[ _-]?')})s?\b", re.IGNORECASE)


def _meanings(unit: Unit) -> Iterator[Unit]:
    yield unit
    for position, (name, exponent) in enumerate(unit.parts):
        for meaning in OTHER_MEANINGS.get(name, ()):
            other = read_unit(meaning) or Unit((), 0)  # 1 is no unit
            parts = tuple((also, power * exponent) for also, power in other.parts)
            ten = unit.ten + other.ten * exponent
            yield Unit(unit.parts[:position] + parts + unit.parts[position + 1 :], ten)


@lru_cache(maxsize=4096)
def _size(unit: Unit) -> Size:
    sizes = _sizes()
    if len(unit.parts) == 1 and unit.parts[0][1] == 1 and unit.ten == 0:
        return sizes[unit.parts[0][0]]
    factor = Fraction(10) ** unit.ten
    dimensions: dict[str, int] = {}
    for name, exponent in unit.parts:
        factor *= sizes[name].factor ** exponent
        for dimension, power in sizes[name].dimensions:
            dimensions[dimension] = dimensions.get(dimension, 0) + power * exponent
    return Size(factor, Fraction(0), frozenset(item for item in dimensions.items() if item[1]))


@cache
def _sizes() -> dict[str, Size]:
    """The size of every unit in the vocabulary.

    The first call computes all sizes with a private registry; later calls, from any thread, only read a
    dictionary. If several threads make the first call at the same time, each computes its own copy.
    """
    import pint

    registry: pint.UnitRegistry[Fraction] = pint.UnitRegistry(non_int_type=Fraction)
    defined = DEFINITIONS.strip().splitlines()
    own = CURRENCIES - {definition.split()[0] for definition in defined}
    for definition in [*(f"{name} = [{name}]" for name in own), *defined]:
        registry.define(definition)
    sizes = {}
    for name in {name for spellings in _spellings() for name, _ in spellings.values()}:
        zero, one = (registry.Quantity(Fraction(count), name).to_base_units() for count in (0, 1))
        dimensions = frozenset((name, int(str(power))) for name, power in one.dimensionality.items())
        sizes[name] = Size(one.magnitude - zero.magnitude, zero.magnitude, dimensions)
    return sizes
