"""Evaluates expression trees numerically, and tests whether two trees agree at sample points.

All values are floats, so no power, factorial or product can grow into a huge integer.
"""

from __future__ import annotations

import cmath
import math
import random
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache

from gr_toolkit.verify.reading.expression import Tree

Value = complex | float
Point = Mapping[str, float]

SAME = 1e-9  # relative difference; equal values differ by less, because of rounding errors
DIFFERENT = 1e-6  # relative difference; a smaller one may be a rounding error, if terms cancel
REAL = 1e-9  # relative to the value; a smaller imaginary part is a rounding error
# These functions have a kink or a jump, possibly outside the usual sample ranges.
KINKED = frozenset({"abs", "sqrt", "root", "floor", "ceiling", "min", "max"})
MIN_POINTS = 3  # sample points at which both expressions must be defined
INTEGERS = frozenset("nkmijNKM")  # variables that are integers by convention
# Several ranges, to detect identities that hold only between 0 and 1 or only for positive numbers.
RANGES = [(0.1, 0.9), (0.1, 0.9), (0.1, 0.9), (1.1, 2.9), (1.1, 2.9), (3.1, 6.9), (-2.9, -0.3), (-0.9, -0.1)]

INTEGER_RANGES = [
    (1, 4),
    (1, 6),
    (1, 6),
    (2, 8),
    (2, 8),
    (2, 9),
    (3, 9),
    (3, 9),
    (1, 12),
    (1, 12),
    (5, 12),
    (5, 12),
]


class Undefined(ArithmeticError):
    """The expression has no finite value at this point."""


def constant_value(tree: Tree) -> float | None:
    """Return the real value of a tree without variables; None if it has variables or no real value."""
    return None if variables(tree) else value_at(tree, {})


def value_at(tree: Tree, point: Point) -> float | None:
    """Return the real value at a point; None if it is undefined, not real or too large."""
    value = complex_value_at(tree, point)
    if value is None or abs(value.imag) > REAL * abs(value):
        return None
    return value.real


def complex_value_at(tree: Tree, point: Point) -> complex | None:
    """Return the value at a point; None if it is undefined or too large."""
    try:
        value = complex(evaluate(tree, point))
    except (ArithmeticError, ValueError, RecursionError):
        return None
    return value if cmath.isfinite(value) else None


def variables(tree: Tree) -> frozenset[str]:
    """The variable names in a tree."""
    return frozenset(_names(tree))


def _names(tree: Tree) -> Iterator[str]:
    if tree[0] == "name":
        yield str(tree[1])
    for part in tree[1:]:
        if isinstance(part, tuple):
            yield from _names(part)


@lru_cache(maxsize=2048)
def operators(tree: Tree) -> frozenset[str]:
    """The node kinds in a tree, and the names of its constants."""
    inside = (operators(part) for part in tree[1:] if isinstance(part, tuple))
    return frozenset({str(tree[0])}).union(*inside) | ({str(tree[1])} if tree[0] == "constant" else set())


def points(names: frozenset[str], *, integers: bool = False) -> list[Point]:
    """Return sample points, the same on every call, with separate values for each name."""
    chosen: list[Point] = []
    for number, (low, high) in enumerate(INTEGER_RANGES if integers else RANGES):
        point = {}
        for name in sorted(names):
            rng = random.Random(f"{number} {name}")
            point[name] = float(rng.randint(int(low), int(high))) if integers else rng.uniform(low, high)
        chosen.append(point)
    return chosen


def same_everywhere(reference: Tree, answer: Tree) -> bool | None:
    """Compare two trees: True if they agree at every sample point, False if at none, None if undecided."""
    names = variables(reference) | variables(answer)
    only_integers = bool(names) and names <= INTEGERS
    if {"factorial", "binomial"} & (operators(reference) | operators(answer)) or _has_power_of_negative(
        reference, answer
    ):
        return _compare_at(points(names, integers=True), reference, answer)
    samples = points(names)
    if KINKED & (operators(reference) | operators(answer)):
        largest = max(_constants(reference, answer), default=0.0)
        for low, high in (
            (largest + 1, 2 * largest + 9),
            (-2 * largest - 9, -largest - 1),
            (largest * 0.4, largest * 0.9),
        ):
            rng = random.Random(low)
            samples.append({name: rng.uniform(low, high) for name in sorted(names)})
    decision = _compare_at(samples, reference, answer)
    if decision is not True and only_integers:
        return _compare_at(points(names, integers=True), reference, answer) or decision
    return decision


def _constants(*trees: Tree) -> Iterator[float]:
    """Yield the absolute values of the numbers in trees, capped at 1e6."""
    for tree in trees:
        if tree[0] == "number" and isinstance(tree[1], Fraction):
            yield min(float(abs(tree[1])), 1e6)
        yield from _constants(*(part for part in tree[1:] if isinstance(part, tuple)))


def _has_power_of_negative(*trees: Tree) -> bool:
    """Whether a negative number has a variable exponent: the power is then real only at integers."""
    return any(
        (tree[0] == "power" and isinstance(tree[2], tuple) and variables(tree[2]) and _negative(tree[1]))
        or _has_power_of_negative(*(part for part in tree[1:] if isinstance(part, tuple)))
        for tree in trees
    )


def _negative(tree: object) -> bool:
    value = constant_value(tree) if isinstance(tree, tuple) else None
    return value is not None and value < 0


def _compare_at(samples: list[Point], reference: Tree, answer: Tree) -> bool | None:
    imaginary = "i" in operators(reference) | operators(answer)
    find: Callable[[Tree, Point], complex | float | None] = complex_value_at if imaginary else value_at
    strict = "abs" in operators(reference) | operators(answer)
    outcomes = []
    for point in samples if variables(reference) | variables(answer) else [{}]:
        gold, given = find(reference, point), find(answer, point)
        if gold is None or given is None:
            if (gold is None) != (given is None) and (strict or min(point.values(), default=0) >= 0):
                return None  # only one of the two is defined here
            continue
        outcomes.append(_same(gold, given))
    min_points = MIN_POINTS if variables(reference) | variables(answer) else 1
    if len(outcomes) < min_points or None in outcomes or len(set(outcomes)) != 1:
        return None
    return outcomes[0]


def _same(gold: Value, given: Value) -> bool | None:
    size = max(abs(gold), abs(given))
    difference = abs(gold - given)
    if difference <= SAME * size:
        return True
    return False if difference > DIFFERENT * size else None


def evaluate(tree: Tree, point: Point) -> Value:
    """Return the value of a tree. Raises ArithmeticError or ValueError if it is undefined."""
    kind = tree[0]
    if kind == "number":
        return float(tree[1])  # type: ignore[arg-type]
    if kind == "name":
        return point[str(tree[1])]
    if kind == "constant":
        return _constant(str(tree[1]))
    if kind == "call":
        return _unknown_function(str(tree[1]), [evaluate(part, point) for part in tree[2:]])  # type: ignore[arg-type]
    operands = [evaluate(part, point) for part in tree[1:]]  # type: ignore[arg-type]
    return OPERATIONS[str(kind)](*operands)


def _constant(name: str) -> Value:
    if name == "infinity":
        raise Undefined("infinity")
    return {"pi": math.pi, "e": math.e, "i": 1j}[name]


def _unknown_function(name: str, arguments: list[Value]) -> float:
    """A pseudo-random value that depends only on the name and the arguments."""
    rounded = [f"{complex(argument):.6g}" for argument in arguments]
    return random.Random(f"{name} {rounded}").uniform(1, 3)


def _power(base: Value, exponent: Value) -> Value:
    if base == 0 and complex(exponent).real <= 0:
        raise Undefined("0 to the power of 0 or less")
    return complex(base) ** exponent


def _root(degree: Value, radicand: Value) -> Value:
    real = complex(radicand)
    if not real.imag and real.real < 0 and complex(degree).real % 2 == 1:
        return -math.pow(-real.real, 1 / complex(degree).real)
    return _power(radicand, 1 / degree)


def _factorial(value: Value) -> float:
    whole = _real(value)
    if whole < 0 or whole != round(whole):
        raise Undefined("factorial of a number that is not natural")
    return math.gamma(whole + 1)


def _binomial(above: Value, below: Value) -> float:
    n, k = _real(above), _real(below)
    if n != round(n) or k != round(k) or not 0 <= k <= n:
        raise Undefined("binomial coefficient of numbers that are not natural")
    return math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1))


def _real(value: Value) -> float:
    if complex(value).imag:
        raise Undefined("not real")
    return complex(value).real


def _logarithm(base: Value, value: Value) -> Value:
    return cmath.log(value) / cmath.log(base)


OPERATIONS: dict[str, Callable[..., Value]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negate": lambda a: -a,
    "power": _power,
    "sqrt": lambda a: cmath.sqrt(a),
    "root": _root,
    "factorial": _factorial,
    "binomial": _binomial,
    "degrees": lambda a: a * math.pi / 180,
    "percent": lambda a: a / 100,
    "abs": abs,
    "floor": lambda a: float(math.floor(_real(a))),
    "ceiling": lambda a: float(math.ceil(_real(a))),
    "min": lambda *a: min(map(_real, a)),
    "max": lambda *a: max(map(_real, a)),
    "exp": cmath.exp,
    "ln": lambda a: cmath.log(a),
    "log": lambda a: cmath.log(a),
    "logarithm": _logarithm,
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "cot": lambda a: 1 / cmath.tan(a),
    "sec": lambda a: 1 / cmath.cos(a),
    "csc": lambda a: 1 / cmath.sin(a),
    "arcsin": cmath.asin,
    "arccos": cmath.acos,
    "arctan": cmath.atan,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "coth": lambda value: 1 / cmath.tanh(value),
    "sech": lambda value: 1 / cmath.cosh(value),
    "csch": lambda value: 1 / cmath.sinh(value),
    "arcsinh": cmath.asinh,
    "arccosh": cmath.acosh,
    "arctanh": cmath.atanh,
}


def exact_value(tree: Tree) -> Fraction | None:
    """Return the exact value of a tree that has only numbers, negations and fractions; otherwise None."""
    if tree[0] == "number" and isinstance(tree[1], Fraction):
        return tree[1]
    if tree[0] not in ("negate", "divide"):
        return None
    parts = [exact_value(part) for part in tree[1:] if isinstance(part, tuple)]
    if None in parts:
        return None
    first = parts[0] or Fraction(0)
    if tree[0] == "negate":
        return -first
    return first / parts[1] if parts[1] else None
