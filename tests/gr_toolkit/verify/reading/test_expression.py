"""Parsing and evaluating expressions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gr_toolkit.verify.reading.evaluate import constant_value, same_everywhere, variables
from gr_toolkit.verify.reading.expression import read
from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.reading.tokens import Unreadable

VALUES = [
    ("2+3*4", 14),
    ("-2^2", -4),
    ("2^3^2", 512),
    ("2^{-1}", 0.5),
    ("8/2/2", 2),
    (r"\frac{1}{2}", 0.5),
    (r"\frac12", 0.5),
    (r"\frac34", 0.75),
    (r"2\frac{1}{2}", 2.5),
    ("2 1/2", 2.5),
    (r"-1\frac{1}{4}", -1.25),
    (r"\sqrt{2}", math.sqrt(2)),
    ("√2", math.sqrt(2)),
    (r"\sqrt[3]{-8}", -2),
    (r"5\sqrt[3]{4}", 5 * 4 ** (1 / 3)),
    (r"\pi", math.pi),
    ("2π", 2 * math.pi),
    (r"e^{2}", math.e**2),
    (r"\log_2 8", 3),
    (r"\log_{10} 1000", 3),
    (r"\ln e", 1),
    (r"\sin 30°", 0.5),
    (r"\sin^2 (1) + \cos^2 (1)", 1),
    (r"\sin^{-1} 1", math.pi / 2),
    (r"\binom{5}{2}", 10),
    ("5!", 120),
    ("50%", 0.5),
    (r"\lfloor 2.7 \rfloor", 2),
    ("|3-5|", 2),
    ("1,234,567", 1234567),
    ("5:8", 0.625),
    (r"\max(1, 2)", 2),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_value(text, value):
    assert constant_value(read(normalise(text))) == pytest.approx(value)


UNREADABLE = [
    "1/2x",  # x/2 or 1/(2x)
    "odd",
    "Paris",
    "H2O",
    "1 2",
    "--1",
    "",
    "(1",
    "2^",
    r"\frac{1}",
    "x2",
    "(" * 500 + "1" + ")" * 500,
    "9" + "^9" * 200,
    "1+" * 400 + "1",
    "__import__('os')",
    "x.__class__",
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_unreadable(text):
    with pytest.raises(Unreadable):
        read(text)


UNDEFINED = ["1/0", "0/0", "9^{9^{9^9}}", "100000000!", r"\sqrt{-1}", r"\ln(0)", r"\infty - \infty", "0^0"]


@pytest.mark.parametrize("text", UNDEFINED)
def test_undefined_expression_has_no_value(text):
    assert constant_value(read(normalise(text))) is None


SAME = [
    (r"\frac{1-p^{2}}{3}", r"\frac{-p^2+1}{3}", True),
    ("(x+1)^2", "x^2+2x+1", True),
    ("(x+1)^2", "x^2+2x+2", False),
    (r"2\arcsin\sqrt{a}", r"\arccos(1-2a)", True),  # defined between 0 and 1 only
    (r"\sqrt{x^2}", "x", None),  # the same for positive numbers only
    (r"\ln|x|", r"\ln x", None),
    (r"\cos(n \pi)", "(-1)^n", True),  # the same for integers
    ("2^{k-n}", "2^{k-n+1}", False),
    (r"\frac{d!}{2k(d-k)!}", r"\frac{\binom{d}{k}(k-1)!}{2}", True),
    (r"\frac{1}{2^{99}}", r"\frac{1}{2^{98}}", False),
    (r"\frac{1}{2004!}", r"\frac{1}{2006!}", None),
    ("f(x)+1", "1+f(x)", True),
    ("f(x)", "f(2x)", False),
    ("i^2", "-1", True),
    (r"\frac34 i", r"\frac{3i}{4}", True),
]


@pytest.mark.parametrize(("first", "second", "expected"), SAME)
def test_same_everywhere(first, second, expected):
    assert same_everywhere(read(normalise(first)), read(normalise(second))) is expected


def test_letters_are_factors_and_subscripted_names_are_not_split():
    assert variables(read("ab+x_1+x_{max}")) == {"a", "b", "x_1", "x_max"}


@given(st.text(alphabet="0123456789+-*/^!()[]{}|,.:%°xyπe \\fracsqrtlogsin_", max_size=60))
def test_any_text_parses_or_is_unreadable(text):
    try:
        tree = read(text)
    except Unreadable:
        return
    constant_value(tree)
    assert same_everywhere(tree, tree) is not False
