"""Sample points for sympy expressions: their number, their ranges, and points beyond kinks."""

from __future__ import annotations

import pytest
from sympy import Abs, Expr, Function, I, Max, Piecewise, Rational, Symbol, floor, pi, sqrt, zoo

from gr_toolkit.verify.symbolic.points import RANGES, values

x, y = Symbol("x"), Symbol("y")
f = Function("f")


def count(left: Expr, right: Expr, real: bool = True) -> int:
    return len(list(values(left, right, real)))


def positions(tree: Expr) -> list[float]:
    """The values of x at which the tree is compared."""
    return [float(position) for _, position in values(tree, x, True)]


def test_numbers_are_evaluated_once_to_30_digits():
    ((half, quarter),) = values(Rational(1, 2), Rational(1, 4), True)
    assert (float(half), float(quarter)) == (0.5, 0.25)
    ((left, _),) = values(pi, pi, True)
    assert str(left) == "3.14159265358979323846264338328"


def test_both_sides_are_evaluated_at_the_same_points():
    pairs = list(values(x + y, y + x, True))
    assert len(pairs) == len(RANGES)
    assert all(left == right for left, right in pairs)
    assert all(left != right for left, right in values(x, y, True))  # separate values for each name


def test_one_point_lies_in_each_range():
    for position, (low, high) in zip(positions(x + 1), RANGES, strict=True):
        assert low <= position <= high
    assert len(set(positions(x + 1))) == len(RANGES)


def test_unknown_functions_have_one_value_for_each_argument():
    assert all(left == right for left, right in values(f(x), f(x), True))
    assert all(left != right for left, right in values(f(x), f(2 * x), True))
    assert count(f(x), f(x)) == len(RANGES)


@pytest.mark.parametrize(
    ("tree", "real", "everywhere"), [(I * x, True, False), (I * x, False, True), (zoo * x, False, False)]
)
def test_points_without_a_finite_or_real_value_are_left_out(tree, real, everywhere):
    points = len(RANGES) if everywhere else 0
    assert count(tree, tree, real) == count(tree, x, real) == count(x, tree, real) == points


def test_values_must_be_real_on_both_sides():
    assert 0 < count(sqrt(x), sqrt(x)) < count(sqrt(x), sqrt(x), real=False) == len(RANGES)
    assert count(x, sqrt(x)) == count(sqrt(x), x) == count(sqrt(x), sqrt(x))


KINKS = [
    Abs(x - 100),
    floor(x / 100),
    Max(x, 100),
    Piecewise((x, x > 100), (100, True)),
    sqrt((x - 100) ** 2),
    sqrt(x**2 - 200 * x + 10_000),
]


@pytest.mark.parametrize("tree", KINKS, ids=str)
def test_points_lie_on_both_sides_of_a_kink(tree):
    for sampled in (positions(tree), [float(position) for position, _ in values(x, tree, True)]):
        assert min(sampled) < -10_000
        assert max(sampled) > 10_000
        assert len(sampled) == len(RANGES) + 12


@pytest.mark.parametrize("tree", [x**2 - 100, (x - 100) ** 3, x / 10**12, sqrt(x + 100)], ids=str)
def test_smooth_expressions_are_compared_at_small_points(tree):
    assert len(positions(tree)) == len(RANGES)
    assert all(abs(position) <= 9 for position in positions(tree))


def test_huge_numbers_do_not_widen_the_ranges():
    assert 10 < max(map(abs, positions(Abs(x - 10**30)))) < 1_000
