"""Sample points at which the worker (compare.py) compares two sympy expressions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sympy import Basic, Expr

Interval = tuple[int, int]

# One point is drawn from each of these intervals.
RANGES: list[Interval] = [(0, 1), (0, 1), (0, 1), (0, 4), (1, 9), (-1, 1), (-1, 1), (-4, 4), (-9, 9)]
MAX_NUMBER = 10**9  # larger numbers do not widen the intervals
DIGITS = 30  # decimal digits of precision


def values(left: Expr, right: Expr, real: bool) -> Iterator[tuple[Expr, Expr]]:
    """Yield the values of both expressions at each sample point where both values are finite.

    If `real` is set, skip points where a value is not real.
    """
    from sympy import Rational, Symbol
    from sympy.core.function import AppliedUndef

    unknown = {call: Symbol(str(call)) for side in (left, right) for call in side.atoms(AppliedUndef)}
    left, right = left.xreplace(unknown), right.xreplace(unknown)
    names = sorted(left.free_symbols | right.free_symbols, key=str)
    draw = random.Random(0)
    for low, high in _ranges(left, right) if names else RANGES[:1]:
        point = {name: Rational(draw.randint(low * 997, high * 997), 1009) for name in names}
        found = [side.evalf(DIGITS, subs=point) for side in (left, right)]
        if all(value.is_number and value.is_finite and (value.is_real or not real) for value in found):
            yield found[0], found[1]


def _ranges(left: Expr, right: Expr) -> list[Interval]:
    """Return the intervals to sample: RANGES, and wider ones if an expression has a kink or a jump.

    RANGES may miss a kink: |x - 100| equals 100 - x at every x below 100. A kink is where some part is zero,
    and a root of a polynomial is at most 1 + the largest ratio of its coefficients. The square of `far` is
    larger than this estimate, so the wider intervals reach the kink and go beyond it.
    """
    if not (_has_kink(left) or _has_kink(right)):
        return RANGES
    far = 1 + max(_largest_number(left), _largest_number(right))
    beyond = [interval for end in (far, far * far) for interval in ((end, 2 * end), (-2 * end, -end))]
    return [*RANGES, (0, far), (-far, 0), *[(-far, far)] * 3, *beyond, *[(-far * far, far * far)] * 3]


def _has_kink(tree: Expr) -> bool:
    """Whether the tree has absolute values, rounding, extrema, cases, or an even root of an even power."""
    from sympy import Abs, Max, Min, Piecewise, Pow, ceiling, floor, sign

    return tree.has(Abs, floor, ceiling, sign, Max, Min, Piecewise) or any(
        root.exp.is_Rational and root.exp.q % 2 == 0 and any(map(_is_even, root.base.atoms(Pow)))
        for root in tree.atoms(Pow)
    )


def _is_even(power: Basic) -> bool:
    exponent = power.args[1]
    return bool(exponent.is_Integer) and int(exponent) % 2 == 0


def _largest_number(tree: Expr) -> int:
    """The largest number, or reciprocal of one, up to MAX_NUMBER, rounded up; 9, as in RANGES, if none."""
    from sympy import Number

    numbers = [abs(number) for number in tree.atoms(Number) if number.is_finite]
    sizes = [ceil(size) for number in numbers if number for size in (number, 1 / number)]
    return max((size for size in sizes if size <= MAX_NUMBER), default=9)
