"""Equations: labels and their values, graphs, and two sides."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.comparisons.equations import compare_equations, read_equation
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
    ("x = 3 * 5 = 15", ("x", "15")),
    ("x = 3 * 5 = 16", None),
    ("P(X > 2) = 0.5", ("P(X > 2)", "0.5")),  # a relation sign in brackets is no side
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


COMPARED = [
    # a label and its value
    ("k = 3", "3.0", True),
    ("k = 3", "4", False),
    ("42", "x = 42", True),
    ("42", "x = 43", False),
    ("42", "x = x + 42", None),
    ("42", "never = 42", None),
    ("42", "42 = 42", True),  # a guard refuses it
    ("42", "40 + 2 = 42", True),
    ("42", "42 = 40 + 2", None),  # the right side is not plain
    ("42", "x = 6 * 7 = 42", True),
    ("42", "x = 6 * 7 = 43", None),
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
    # functions, derivatives and operations with their values
    ("s(t) = 4t^3", "4t^3", True),
    ("4t^3", "s(t) = 4t^3", True),
    ("s(t) = 4t^3", "4t^2", False),
    ("R(q) = 30q - q^2", "q(30 - q)", True),
    ("w(z) = C e^{5z}", "C e^{5z}", True),
    (r"\frac{dy}{dx} = 3xy", "3xy", True),
    (r"\frac{dy}{dx} = 3xy", "4xy", False),
    ("P(X = 4) = 0.2", "1/5", True),
    ("P(X > 4) = 0.2", "1/5", True),
    ("E[X] = 7", "7", True),
    (r"\int 3x^2 dx = x^3 + C", "x^3 + C", True),
    (r"\lim_{x \to 0} \frac{\sin x}{x} = 1", "1", True),
    (r"\sum_k a_k + 2 = 9", "9", None),
    ("x(x + 2) = 8", "8", None),  # an equation
    ("8", "x(x + 2) = 8", None),
    # labels on both sides
    ("s(t) = 4t^3", "s = 4t^3", True),
    ("R(q) = 20 - 2q", "q = 10 - R/2", True),
    ("y(x) = 3x", "z(x) = 3x", None),
    ("f(2) = 5", "f(3) = 5", None),
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
    ("9 > 7 > 5", "7 > 9 > 5", False),  # both are constants
    ("f(1) > f(2)", "f(1) < f(2)", None),
    ("f(1) > f(2) > f(3)", "f(1) > f(2)", None),
    ("f(1) > 0 and f(2) > 0", "f(1) > 0 and f(2) > 0", None),
    ("42", "42", None),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), COMPARED)
def test_comparison(reference, answer, expected):
    assert decide(reference, answer) is expected
