"""Compares numbers with a unit, a currency, a percent sign or a counted thing, in the reference's unit."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import NamedTuple

from gr_toolkit.verify.comparisons.numbers import Number, compare_numbers, read_literal, read_number
from gr_toolkit.verify.comparisons.units import Unit, convert, read_unit
from gr_toolkit.verify.reading.expression import read
from gr_toolkit.verify.reading.tokens import FUNCTIONS, SPELT, Unreadable

MAX_CHARS = 160
APPROXIMATELY = re.compile(r"^(?:\\approx|\\sim|~|approximately|approx\.?|about|around|roughly|ca\.)\s*")
APPROXIMATION = re.compile(r"(?<=[\d)}%°])\s*\\approx.*$")  # "\frac{1}{3} \approx 0.33"
CURRENCY = re.compile(r"^([+-]?)\s*([$€£¥])\s*")
# The possible boundaries between number and unit, as in "\frac{3}{16\pi} W/m^2".
UNIT_START = re.compile(r"(?<=[\d)}°iπ])\s*(?=[A-Za-zμΩ°%])|(?<=\S)\s+(?=[A-Za-zμΩ°%$€£])")
THING = re.compile(r"(?:[^\W\d_][^\W\d_'.-]*[ '-]?){1,6}", re.UNICODE)
QUALIFIER = re.compile(r"\b(?:or|not|and|to|than|if|but|maybe|per|when|where|until|unless)\b", re.IGNORECASE)
# Words that change the number or qualify it.
SCALES = re.compile(
    r"\b(?:dozen|tenths?|hundredths?|halves|half|thirds?|quarters?|fourths?|fifths?|lakh|crore|squared|cubed|BC|BCE|AD"
    r"|is|are|was|at|less|more|least|most|fewer|over|under|above|below|almost|nearly)\b",
    re.IGNORECASE,
)
DECADE = re.compile(r"\d{4}\s?s")
ATTACHED = re.compile(r"\d[A-Za-z]$")
MONEY_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "mn": 1e6, "B": 1e9, "bn": 1e9, "T": 1e12}
PARTS_PER = frozenset({"millionth", "billionth"})
IN_UNIT = re.compile(r"\bin ([A-Za-z°%]+(?: per [a-z]+|/[A-Za-z]+)?)")
PERCENT = re.compile(r"%|per ?cent(?:age)?\b|\bper cent\b", re.IGNORECASE)
ASKS_FOR_UNIT = re.compile(
    r"\b(?:(?:with|include|state|give|specify|using) (?:the |its |your )?(?:\w+ )?units?)\b", re.I
)
CURRENCIES = frozenset({"dollar", "us_cent", "euro", "sterling", "yen", "yuan", "rupee"})
# A temperature difference converts differently from a reading.
DIFFERENCE = re.compile(
    r"\b(?:difference|change|rise|drop|increase|decrease|by how m(?:any|uch))\b", re.IGNORECASE
)
TEMPERATURES = frozenset({"degree_Celsius", "degree_Fahrenheit", "kelvin", "degree_Rankine"})
# A number that differs from the reference by one of these factors may be in a unit that is not written.
CONVERSIONS = (3.6, 12, 24, 60, 2.54, 4.184, 1.609, 2.205, 0.3048, 57.296, 1.602)
NEAR_CONVERSION = 0.005  # relative difference from a conversion factor


class Quantity(NamedTuple):
    """A number with a unit or a counted thing such as "apples", or with neither."""

    number: Number
    unit: Unit | None
    thing: str
    percent: bool = False
    approximate: bool = False
    attached: bool = False  # one letter directly after the digits: 2m may be two metres, or twice m


def compare_quantities(reference: str, answer: str, question: str) -> bool | None:
    """Return whether two normalised texts are the same quantity; None if unparsable or undecided."""
    gold, given = read_quantity(reference), read_quantity(answer)
    if gold is None or given is None:
        return None
    decision = _compare(gold, given, question)
    if decision and given.approximate and not (gold.approximate or gold.number.last):
        return None
    return decision


def _compare(gold: Quantity, given: Quantity, question: str) -> bool | None:
    decision = _compare_measures(gold, given, question)
    return decision if decision is not True or _same_things(gold.thing, given.thing, question) else None


def _compare_measures(gold: Quantity, given: Quantity, question: str) -> bool | None:
    """Compare numbers and units only, and ignore the things counted."""
    if gold.percent or given.percent:
        return _compare_percent(gold, given, question)
    if gold.unit is not None and given.unit is not None:
        return _compare_units(gold, given, question)
    decision = compare_numbers(gold.number, given.number)
    unit = gold.unit or given.unit
    if unit is None:
        return decision
    # Only one side has a known unit.
    if unit == read_unit("°") and _same_angle(gold, given):
        return True
    if decision is False:
        return None if not is_money(unit) and _may_be_converted(gold.number, given.number) else False
    doubtful = (
        gold.attached or given.attached or (gold.thing and not gold.unit) or (given.thing and not given.unit)
    )
    if doubtful or ASKS_FOR_UNIT.search(question) or _asks_for_another(unit, question):
        return None
    return decision


def _asks_for_another(unit: Unit, question: str) -> bool:
    """Whether the question asks for a different unit of the same kind."""
    asked = filter(None, (read_unit(found) for found in IN_UNIT.findall(question)))
    factors = [convert(1.0, unit, other) for other in asked if other != unit]
    return any(factor is not None and abs(factor - 1) > 1e-9 for factor in factors)


def _compare_units(gold: Quantity, given: Quantity, question: str) -> bool | None:
    assert gold.unit is not None
    assert given.unit is not None
    if gold.unit == given.unit:
        return compare_numbers(gold.number, given.number)
    names = {name for name, _ in (*gold.unit.parts, *given.unit.parts)}
    temperature = names <= TEMPERATURES
    if temperature and DIFFERENCE.search(question):
        return None
    number = given.number
    value = convert(number.value, given.unit, gold.unit)
    if value is None:
        return None if names & PARTS_PER else False
    step = number.last or (1.0 if number.whole else 0.0)  # to convert the precision too
    last = abs((convert(number.value + step, given.unit, gold.unit) or value) - value)
    decision = compare_numbers(gold.number, number._replace(value=value, exact=None, last=last))
    close = temperature and abs(value - gold.number.value) <= 1
    return None if decision is False and close else decision


def _same_angle(gold: Quantity, given: Quantity) -> bool:
    """Whether an angle in degrees on one side equals a number without a unit, in radians, on the other."""
    degree = math.pi / 180
    in_radians = [side.number.times(degree) if side.unit else side.number for side in (gold, given)]
    return bool(compare_numbers(in_radians[0], in_radians[1]._replace(plain=True)))


def is_money(unit: Unit) -> bool:
    """Whether a unit is a currency."""
    return any(name in CURRENCIES for name, _ in unit.parts)


def _compare_percent(gold: Quantity, given: Quantity, question: str) -> bool | None:
    """Compare percentages. 10 % equals 0.1; whether 10 % also equals 10 depends on the question."""
    if (gold.unit or gold.thing or given.unit or given.thing) and gold.percent != given.percent:
        return None
    if gold.percent and given.percent:
        return compare_numbers(gold.number, given.number)
    hundredth = compare_numbers(
        gold.number.times(0.01) if gold.percent else gold.number,
        given.number.times(0.01) if given.percent else given.number,
    )
    as_written = compare_numbers(gold.number, given.number)
    if hundredth:
        return True
    if as_written:
        return True if gold.percent and PERCENT.search(question) else None
    return False if hundredth is False and as_written is False else None


def _same_things(gold: str, given: str, question: str) -> bool:
    """Whether the counted things are compatible. If only the answer has one, the question must name it."""
    golds, givens, asked = (
        [word.removesuffix("s") for word in re.findall(r"\w+", text.casefold())]
        for text in (gold, given, question)
    )
    if not givens:
        return "per" not in golds
    if not golds:
        return not set(givens).isdisjoint(asked)
    if set(golds) == set(givens):
        return golds == givens  # north of east is not east of north
    return set(golds) <= set(givens) or set(givens) <= set(golds)


def _may_be_converted(gold: Number, given: Number) -> bool:
    """Whether the ratio of two numbers is a power of ten or a common conversion factor."""
    if not gold.value or not given.value:
        return False
    ratio = abs(given.value / gold.value)
    for factor in (1.0, *CONVERSIONS):
        for candidate in (ratio / factor, ratio * factor):
            decades = math.log10(candidate)
            if abs(decades - round(decades)) < math.log10(1 + NEAR_CONVERSION):
                return True
    return False


@lru_cache(maxsize=4096)
def read_quantity(text: str) -> Quantity | None:
    """Read a whole normalised text as a quantity; None if it is not one."""
    if not text or len(text) > MAX_CHARS:
        return None
    text, approximate = APPROXIMATELY.subn("", APPROXIMATION.sub("", text), count=1)
    currency = CURRENCY.match(text)
    if currency:
        return _read_money(currency, text[currency.end() :], bool(approximate))
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
    counts = (
        THING.fullmatch(rest) and len(rest) > 1 and not QUALIFIER.search(rest) and not SCALES.search(rest)
    )
    if not counts or _is_algebra(text, rest):
        return None
    return Quantity(value, None, rest, False, bool(approximate))


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
