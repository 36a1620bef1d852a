"""Values of expressions at sample points, and agreement at all of them."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from gr_toolkit.verify.reading.evaluate import (
    INTEGER_RANGES,
    RANGES,
    constant_value,
    exact_value,
    operators,
    points,
    same_everywhere,
    value_at,
)
from gr_toolkit.verify.reading.expression import read

VALUES = [
    (r"\sqrt[3]{8}", 2),
    (r"\sqrt[3]{-27}", -3),
    (r"\sqrt[4]{16}", 2),
    (r"\sqrt[5]{-32}", -2),
    ("(-8)^{2}", 64),
    ("0^2", 0),
    ("0!", 1),
    ("4!", 24),
    (r"\binom{6}{0}", 1),
    (r"\binom{6}{6}", 1),
    (r"\binom{6}{2}", 15),
    ("180°", math.pi),
    ("12.5%", 0.125),
    ("|-3|", 3),
    (r"\lfloor -2.5 \rfloor", -3),
    (r"\lceil -2.5 \rceil", -2),
    (r"\min(3, 1, 2)", 1),
    (r"\max(3, 1, 2)", 3),
    (r"\exp(1)", math.e),
    (r"\log_3 81", 4),
    (r"\tan(0.5)", math.tan(0.5)),
    (r"\cot(0.5)", 1 / math.tan(0.5)),
    (r"\sec(0.5)", 1 / math.cos(0.5)),
    (r"\csc(0.5)", 1 / math.sin(0.5)),
    (r"\arcsin(0.5)", math.asin(0.5)),
    (r"\arccos(0.5)", math.acos(0.5)),
    (r"\arctan(0.5)", math.atan(0.5)),
    (r"\sinh(0.5)", math.sinh(0.5)),
    (r"\cosh(0.5)", math.cosh(0.5)),
    (r"\tanh(0.5)", math.tanh(0.5)),
    ("i^2", -1),
    ("e^{i \\pi}", -1),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_value(text, value):
    assert constant_value(read(text)) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "i", "2 + 3i", r"\sqrt{-4}", r"\sqrt[4]{-16}", r"\ln(-1)", "(-1)!", "2.5!", r"\binom{2}{3}",
        r"\binom{2.5}{1}", r"\binom{5}{-1}", "0^{-1}", r"\infty", r"1 - \infty", "(2i)!", r"\max(i, 1)",
        r"\lfloor i \rfloor", "x", "200!",
    ],
)  # fmt: skip
def test_expression_without_a_real_value(text):
    assert constant_value(read(text)) is None


def test_value_at_a_point():
    assert value_at(read("x^2 + y"), {"x": 3.0, "y": 1.0}) == 10
    assert value_at(read("1/x"), {"x": 0.0}) is None
    assert value_at(read(r"\sqrt{x}"), {"x": -1.0}) is None


def test_sample_points_have_separate_values_in_every_range():
    for integers, ranges in ((False, RANGES), (True, INTEGER_RANGES)):
        sampled = points(frozenset({"a", "b"}), integers=integers)
        assert sampled == points(frozenset({"b", "a"}), integers=integers)
        for point, (low, high) in zip(sampled, ranges, strict=True):
            assert all(low <= value <= high for value in point.values())
        assert any(point["a"] != point["b"] for point in sampled)
    assert all(value == int(value) for point in sampled for value in point.values())


def test_operators_include_constants():
    assert operators(read(r"\sin(2x) + \pi")) == {
        "add", "sin", "multiply", "number", "name", "constant", "pi",
    }  # fmt: skip


EXACT = [
    ("2", 2),
    ("-2.5", Fraction(-5, 2)),
    (r"-\frac{1}{3}", Fraction(-1, 3)),
    ("-1/3", Fraction(-1, 3)),
    ("0/3", 0),
    ("1/0", None),
    ("1+1", None),
    ("2*3", None),
    (r"\frac{\pi}{3}", None),
    ("1/(1+1)", None),
    ("x", None),
]


@pytest.mark.parametrize(("text", "exact"), EXACT)
def test_exact_value_of_a_literal_or_a_fraction(text, exact):
    assert exact_value(read(text)) == exact


SAME = [
    # kinks and jumps beyond the usual ranges
    ("|x-100|", "100-x", None),
    ("|x+100|", "x+100", None),
    (r"\max(x, 50)", "50", None),
    (r"\min(x, 50)", "x", None),
    (r"\sqrt{(x-20)^2}", "20-x", None),
    (r"\lfloor x/1000 \rfloor", "0x", None),
    (r"|x-100|", "|100-x|", True),
    # integers
    ("(-1)^n", "(-1)^{n+2}", True),
    ("(-1)^n", "(-1)^{n+1}", False),
    ("(-2)^n", "(-1)^n*2^n", True),
    ("2n!", "2n*(n-1)!", True),
    ("2n!", "2(n-1)!", None),  # 1! is 0!
    (r"\binom{n}{1}", "n", True),
    (r"\cos(2 \pi k)", "1 + 0k", True),
    (r"\cos(2 \pi x)", "1 + 0x", False),
    # sizes
    ("x", "x + x/10^{12}", True),
    ("x", "x + x/10^{8}", None),
    ("x", "x + x/10^{5}", False),
    ("0x", "0x", True),
    ("1", "1.0", True),
    ("1", "2", False),
    ("i", "-i", False),
    ("2ix", "x*2i", True),
    # defined at different points
    (r"\ln x^2", r"2\ln x", True),  # without absolute values, at positive numbers
    (r"\ln |x|", r"\ln x", None),
    (r"\sqrt{x}", r"\sqrt{-x}", None),
    (r"\arcsin x", r"\arcsin x + 1", False),
    (r"\arcsin(x+1)", r"\arcsin(x+1)", None),  # defined at too few points
    ("1/(x-x)", "1/(x-x)", None),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), SAME)
def test_same_everywhere(reference, answer, expected):
    assert same_everywhere(read(reference), read(answer)) is expected
    assert same_everywhere(read(answer), read(reference)) is expected
