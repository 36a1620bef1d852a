"""Equations: labels and their values, graphs, and two sides."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.comparisons.equations import compare_equations, is_label, read_equation
from gr_toolkit.verify.reading.normalise import normalise
from gr_toolkit.verify.rules import first_decision


def compare(reference: str, answer: str) -> bool | None:
    """The decision of all rules, for a value."""
    return first_decision(reference, answer, "")[1]


def decide(reference: str, answer: str) -> bool | None:
    return compare_equations(normalise(reference), normalise(answer), compare)


SIDES = [
    ("x = 1", ("x", "1")),
    ("f(x) = 2x", ("f(x)", "2x")),
    (r"x \approx 1.5", ("x", r"\approx 1.5")),
    ("x_{a=1} = 2", ("x_{a=1}", "2")),  # an equals sign in brackets separates no sides
    ("x + 1 \\approx 2", None),  # not a label
    ("x = ", None),
    ("= 1", None),
    ("x = y = 1", None),
    ("x == 1", None),
    ("x := 1", None),
    ("x != 1", None),
    ("x <= 1", None),
    ("x > y = 1", None),
    (r"x \in y = 1", None),
    (r"x \ne y = 1", None),
    ("x", None),
]


@pytest.mark.parametrize(("text", "sides"), SIDES)
def test_sides_of_an_equation(text, sides):
    assert read_equation(text) == sides


LABELS = [
    "x", "x'", "x_1", r"x_{\max}", r"\theta", "f(x)", "f^{-1}(x)", "f^{(10)}(x)", "only x", "Cost",
    "total cost", r"\angle ABC", r"\angle A", r"\overline{AB}", "|AB|", "AB", "AB:BC", "A/B", "V_1:V_2",
    r"\frac{AB}{CD}",
]  # fmt: skip


@pytest.mark.parametrize("text", LABELS)
def test_label(text):
    assert is_label(text)


@pytest.mark.parametrize(
    "text", ["2x", "x + 1", "xy2", "not x", "never x", "wrong", "no", "|x|", r"\frac{1}{2}", "5", "x^2", ""]
)
def test_expression_or_denial_is_not_a_label(text):
    assert not is_label(text)


COMPARED = [
    # a label and its value
    ("k = 3", "3.0", True),
    ("k = 3", "4", False),
    ("42", "x = 42", True),
    ("42", "x = 43", False),
    ("42", "x = x + 42", None),
    ("42", "never = 42", None),
    ("42", "42 = 42", None),
    ("42", "40 + 2 = 42", None),
    ("42", "41 = 42", False),
    ("42", "x + 1 = 42", None),
    ("x", "x = x", None),  # says nothing
    ("x + 1", "x = x + 1", None),
    ("x + 1", "xy = x + 1", True),  # xy is another name
    ("x + 1", "y = 1 + x", True),
    (r"\angle ABC = 30°", "30°", True),
    (r"\frac{AB}{BC} = 2", "2", True),
    ("|AB| = 3", "3", True),
    ("not x = 3", "3", None),
    ("x + 1 = 3", "3", None),
    ("x + 1 = 3", "2", None),
    # labels on both sides
    ("x = 3", "x = 4", False),
    ("x = 3", "y = 3", None),
    ("only x = 3", "x = 3", True),
    ("f(x) = x^2", "f(t) = t^2", True),
    ("f(x) = x^2", "f(t) = t^3", False),
    ("f(x) = x^2", "f(t) = x^2", None),  # x is another variable here
    ("f(x) = xt", "f(t) = t^2", None),
    ("f(x) = x^2", "g(t) = t^2", None),
    ("f(x) = x^2", "f(2) = 4", None),
    ("f(x) = words", "f(t) = words", None),
    # graphs
    ("y = 2x + 1", "2x + 1", True),
    ("xy = 6", "6/x", True),
    ("xy = 6", "-6/x", False),
    ("xy = z", "6/x", None),
    ("y + 1 = 2x", "2x - 1", True),
    # the same zeros
    ("x + y = 3", "y = 3 - x", True),
    ("x + y = 3", "3x + 3y = 9", True),
    ("x^2 + y^2 = 1", "1 - x^2 = y^2", True),
    ("x^2 + y^2 = 1", "x^2 + y^2 = 2", False),
    ("x + y = 3", "x - y = 3", False),
    ("x + y = 3", "x + z = 3", None),
    ("x + y = 3", "0 = 0", None),
    ("x + y = 3", "words = 3", None),
    ("x + y = x + y", "x + y = 3", None),  # an identity has no separate zeros
    ("2 = 2", "3 = 3", None),
    (r"y = \sqrt{x-3} + 5", r"2y = \sqrt{x-3} + 10", None),  # defined at too few points
    # relations with the same signs
    ("f(0.5) > f(x)", "f(1/2) > f(x)", True),
    ("f(0.5) <= f(x)", "f(1/2) <= f(x)", True),
    (r"f(0.5) \ge f(x)", r"f(1/2) \ge f(x)", True),
    (r"f(0.5) \ne f(x)", r"f(1/2) \ne f(x)", True),
    (r"0.5 \in A", r"1/2 \in A", True),
    ("f(1) > f(2)", "f(2) > f(1)", None),
    ("f(1) > f(2)", "f(1) < f(2)", None),
    ("f(1) > f(2) > f(3)", "f(1) > f(2)", None),
    ("f(1) > 0 and f(2) > 0", "f(1) > 0 and f(2) > 0", None),
    ("42", "42", None),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), COMPARED)
def test_comparison(reference, answer, expected):
    assert decide(reference, answer) is expected
