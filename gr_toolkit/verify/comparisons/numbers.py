"""Compares numbers at the precision of the reference."""

from __future__ import annotations

from gr_toolkit.verify.quantities.numbers import EQUAL, Number

# Relative difference. Two roundings of one value differ by less than half a unit of the last digit. They
# must also differ by less than this limit: a coarser rounding ("17" for 16.6) looks the same as a mistake.
ROUNDING = 0.01
MAX_TRUNCATION = 0.001  # relative difference of a value that is cut off, not rounded
# Relative. A smaller difference between rounded values is undecided: tables or intermediate rounding may
# cause it.
NEAR = 0.03
NEAR_WHOLE = 0.02  # the same, for two whole numbers of a measured quantity
MIN_DIGITS = 3  # significant digits of an answer that is less precise than the reference
MIN_DIGITS_OF_EXACT = 6  # the same, if the reference is exact: 0.333333 is a third, 0.333 may be a slip


def compare_numbers(
    gold: Number, given: Number, *, rounded: bool = False, exact: bool = False
) -> bool | None:
    """Return whether two numbers are the same at the precision of the reference; None if undecided.

    `rounded` says whether a whole reference may be a rounded value, as a measurement is; `exact`, whether the
    question asks for an exact one.
    """
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
    if gold.whole:
        return _compare_whole(given, difference, share, rounded, exact)
    if share <= ROUNDING and _rounds_to(gold, given, difference):
        return True
    if gold.last or given.last:
        return False if share > NEAR else None
    return False if share > EQUAL * 1000 else None


def _compare_whole(given: Number, difference: float, share: float, rounded: bool, exact: bool) -> bool | None:
    """Compare a whole reference with a number that differs from it."""
    if given.whole:
        return None if rounded and not exact and share <= NEAR_WHOLE else False
    if exact or share > NEAR:
        return False
    rounds = difference <= 0.5
    if rounds and rounded and share <= ROUNDING:
        return True
    return None if rounded or (rounds and given.last) else False


def _rounds_to(gold: Number, given: Number, difference: float) -> bool:
    """Whether one number is the other, rounded or truncated to fewer digits."""
    if gold.last and difference <= gold.last / 2 * (1 + EQUAL):
        return True
    finer = not given.whole and (not given.last or given.digits > gold.digits)
    if gold.last and gold.digits >= MIN_DIGITS and finer and abs(gold.value) < abs(given.value):
        return difference < gold.last and difference <= MAX_TRUNCATION * abs(gold.value)  # truncated
    min_digits = MIN_DIGITS if gold.last else MIN_DIGITS_OF_EXACT
    return bool(given.last) and given.digits >= min_digits and difference <= given.last / 2 * (1 + EQUAL)
