"""Compares numbers with a unit, a currency, a percent sign or a counted thing, in the reference's unit."""

from __future__ import annotations

import math
import re

from gr_toolkit.verify.comparisons.numbers import compare_numbers
from gr_toolkit.verify.quantities.numbers import IN_BASE, Number
from gr_toolkit.verify.quantities.quantity import Quantity, is_money, read_quantity
from gr_toolkit.verify.quantities.units import (
    COUNTED_UNITS,
    VAGUE_UNITS,
    Unit,
    conversions,
    convert,
    read_unit,
)
from gr_toolkit.verify.question.order import order_of
from gr_toolkit.verify.question.precision import MAX_CHARS, Asked, asked_precision

UNITS = re.compile(r"(?:square |cubic )?units?", re.IGNORECASE)  # "10 units" is the number 10
IN_UNIT = re.compile(r"\bin ([A-Za-z°%]+(?: per [a-z]+|/[A-Za-z]+)?)")
ASKS_FOR_UNIT = re.compile(
    r"\b(?:(?:with|include|state|give|specify|using) (?:the |its |your )?(?:\w+ )?units?)\b", re.I
)
ASKS_FOR_BASE = re.compile(r"\b(?:hexa?(?:decimal)?|binary|octal|base)\b", re.IGNORECASE)
TEMPERATURES = frozenset({"degree_Celsius", "degree_Fahrenheit", "kelvin", "degree_Rankine"})
# The first number of a text in the European style: 0,125 or 1.234,5. In brackets, a comma separates values.
EUROPEAN = re.compile(r"([^\d()\[\]{}]*)([1-9]\d{0,2}(?:[. ]\d{3})+|\d+)(?:,(\d+))?(?!\d|[.,]\d)")
# A number that differs from the reference by one of these factors may be in a unit that is not written.
CONVERSIONS = (3.6, 12, 24, 60, 2.54, 4.184, 1.609, 2.205, 0.3048, 57.296, 1.602)
NEAR_CONVERSION = 0.005  # relative difference from a conversion factor


def compare_quantities(reference: str, answer: str, question: str) -> bool | None:
    """Return whether two normalised texts are the same quantity; None if unparsable or undecided."""
    decision = _compare_texts(reference, answer, question)
    if decision:
        in_base = IN_BASE.fullmatch(reference) and not IN_BASE.fullmatch(answer)
        return None if in_base and ASKS_FOR_BASE.search(question[-MAX_CHARS:]) else True
    golds, givens = ((text, _from_european(text)) for text in (reference, answer))
    same = any(
        _compare_texts(gold, given, question)
        for gold in golds
        for given in givens
        if (gold, given) != (reference, answer)
    )
    if not same:
        return decision
    # "3,4" may be two values if the question asks for several; "1,234" may be more than a thousand.
    return True if decision is None and order_of(question, 2) == "unknown" else None


def _compare_texts(reference: str, answer: str, question: str) -> bool | None:
    gold, given = read_quantity(reference), read_quantity(answer)
    return None if gold is None or given is None else _compare(gold, given, question)


def _from_european(text: str) -> str:
    """Rewrite the first number of a text with a decimal point and without separators of thousands."""
    number = EUROPEAN.match(text)
    if number is None:
        return text
    decimals = f".{number[3]}" if number[3] else ""
    return number[1] + re.sub("[. ]", "", number[2]) + decimals + text[number.end() :]


def within_tolerance(reference: str, answer: str, tolerance: float) -> bool | None:
    """Whether two normalised texts are numbers that differ by at most `tolerance`, relative to the reference.

    Units are converted. The result is None if a text is no number, if only one has a percent sign, or if
    they count different things.
    """
    gold, given = read_quantity(reference), read_quantity(answer)
    if gold is None or given is None or gold.percent != given.percent:
        return None
    if gold.thing and given.thing and not _same_things(gold.thing, given.thing, ""):
        return None
    value: float | None = given.number.value
    if gold.unit and given.unit:
        value = convert(given.number.value, given.unit, gold.unit)
    return None if value is None else abs(value - gold.number.value) <= tolerance * abs(gold.number.value)


def _compare(gold: Quantity, given: Quantity, question: str) -> bool | None:
    decision = _compare_measures(gold, given, question)
    if decision and given.approximate and not (gold.approximate or gold.number.last):
        return None
    if decision is False and not _understood(gold, given, question):
        return None
    return decision if decision is not True or _same_things(gold.thing, given.thing, question) else None


def _understood(gold: Quantity, given: Quantity, question: str) -> bool:
    """Whether the things that both count are the same or bare numbers of what the question names."""
    things = [thing for thing in (gold.thing, given.thing) if thing and not UNITS.fullmatch(thing)]
    if len(things) == 2 or (things and (gold.unit or given.unit)):
        return gold.thing == given.thing and gold.unit == given.unit
    return all(_same_things("", thing, question) for thing in things)


def _compare_measures(gold: Quantity, given: Quantity, question: str) -> bool | None:
    """Compare numbers and units only, and ignore the things counted."""
    asked = asked_precision(question)
    if gold.percent or given.percent:
        return _compare_percent(gold, given, asked)
    if gold.unit is not None and given.unit is not None:
        return _compare_units(gold, given, asked)
    unit = gold.unit or given.unit
    decision = _at_precision(gold, gold.number, given.number, unit, asked)
    if unit is None:
        return decision
    # Only one side has a known unit.
    if unit == read_unit("°") and _same_angle(gold, given):
        return True
    if decision is False:
        open_unit = not is_money(unit) and not _asks_for(unit, question)
        return None if open_unit and _may_be_converted(gold.number, given.number) else False
    doubtful = (
        _is_doubtful(gold, question)
        or _is_doubtful(given, question)
        or (gold.thing and not gold.unit)
        or (given.thing and not given.unit)
    )
    if doubtful or ASKS_FOR_UNIT.search(question) or _asks_for_another(unit, question):
        return None
    return decision


def _is_doubtful(quantity: Quantity, question: str) -> bool:
    """Whether one letter after the digits may be a variable, because the question does not name that unit."""
    return quantity.attached and not any(
        read_unit(word) == quantity.unit for word in re.findall(r"[^\W\d_]+", question[-1_000:])
    )


def _asks_for(unit: Unit, question: str) -> bool:
    """Whether the question asks for this unit, so that a number without a unit has it."""
    return unit in map(read_unit, IN_UNIT.findall(question))


def _asks_for_another(unit: Unit, question: str) -> bool:
    """Whether the question asks for a different unit of the same kind."""
    asked = filter(None, (read_unit(found) for found in IN_UNIT.findall(question)))
    factors = [convert(1.0, unit, other) for other in asked if other != unit]
    return any(factor is not None and abs(factor - 1) > 1e-9 for factor in factors)


def _at_precision(
    gold: Quantity, reference: Number, answer: Number, unit: Unit | None, asked: Asked
) -> bool | None:
    """Compare numbers. A whole reference may be rounded if it is approximate, a percentage or measured."""
    counted = unit is not None and any(name in COUNTED_UNITS for name, _ in unit.parts)
    measured = gold.percent or (unit is not None and not counted)
    rounded = asked.rounded or gold.approximate or measured
    return compare_numbers(reference, answer, rounded=rounded, exact=asked.exact and not measured)


def _compare_units(gold: Quantity, given: Quantity, asked: Asked) -> bool | None:
    assert gold.unit is not None
    assert given.unit is not None
    if gold.unit == given.unit:
        return _at_precision(gold, gold.number, given.number, gold.unit, asked)
    names = {name for name, _ in (*gold.unit.parts, *given.unit.parts)}
    number, decisions = given.number, []
    step = number.last or (1.0 if number.whole else 0.0)  # to convert the precision too
    ways = [
        list(conversions(value, given.unit, gold.unit, difference=asked.difference))
        for value in (number.value, number.value + step)
    ]
    for value, next_value in zip(*ways, strict=True):
        converted = number._replace(value=value, exact=None, last=abs(next_value - value))
        decision = _at_precision(gold, gold.number, converted, gold.unit, asked)
        close = names <= TEMPERATURES and abs(value - gold.number.value) <= 1
        decisions.append(None if decision is False and close else decision)
    if not decisions:
        return None if names & VAGUE_UNITS else False
    return decisions[0] if len(set(decisions)) == 1 or decisions[0] else None


def _same_angle(gold: Quantity, given: Quantity) -> bool:
    """Whether an angle in degrees on one side equals a number without a unit, in radians, on the other."""
    degree = math.pi / 180
    in_radians = [side.number.times(degree) if side.unit else side.number for side in (gold, given)]
    return bool(compare_numbers(in_radians[0], in_radians[1]._replace(plain=True)))


def _compare_percent(gold: Quantity, given: Quantity, asked: Asked) -> bool | None:
    """Compare percentages. A number without a percent sign is a percentage if the question asks for one.

    For a reference of 10 %, 0.1 is equal in any case. For a reference without a percent sign, the question
    has to ask for a proportion, such as a probability.
    """
    if (gold.unit or gold.thing or given.unit or given.thing) and gold.percent != given.percent:
        return None
    if gold.percent and given.percent:
        return _at_precision(gold, gold.number, given.number, None, asked)
    hundredth = compare_numbers(
        gold.number.times(0.01) if gold.percent else gold.number,
        given.number.times(0.01) if given.percent else given.number,
    )
    as_written = compare_numbers(gold.number, given.number, rounded=True)
    if asked.percent and not (gold.percent and hundredth):
        return as_written
    if hundredth:
        return True if gold.percent or asked.proportion else None
    return False if hundredth is False and (as_written is False or asked.proportion) else None


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
    if not math.isfinite(gold.value) or not math.isfinite(given.value):
        return False
    decades = math.log10(abs(given.value)) - math.log10(abs(gold.value))
    for factor in (1.0, *CONVERSIONS):
        for shifted in (decades - math.log10(factor), decades + math.log10(factor)):
            if abs(shifted - round(shifted)) < math.log10(1 + NEAR_CONVERSION):
                return True
    return False
