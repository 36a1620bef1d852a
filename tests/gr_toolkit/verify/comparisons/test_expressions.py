"""Expressions with variables: the same at every sample point, different at every one, or undecided."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.comparisons.expressions import compare_expressions, replaced, tree_of
from gr_toolkit.verify.reading.normalise import normalise

INTEGRAL = r"Find $\int f(x) \, dx$."

COMPARED = [
    # numbers are left to the quantities
    ("2", "2", None),
    (r"\sqrt{2}", "1.414", None),
    ("2x", "words and more", None),
    ("words and more", "2x", None),
    # complex numbers
    ("3 + 4i", "4i + 3", True),
    ("3 + 4i", "3 - 4i", False),
    ("3 + 4i", "5", False),
    ("i", "-1/i", True),
    # logarithms: to both bases, or undecided
    (r"\log x^2", r"2\log x", True),
    (r"\log(2x)", r"\log x + \log 2", True),
    (r"\log(2x)", r"\log x + 2", False),
    (r"\log x", r"\ln x", None),
    (r"\log x", r"\log_{10} x", None),
    (r"\log x", r"\log_2 x", False),
    (r"\log x", r"3\log x", False),
    # families of solutions
    (r"n\pi", r"k\pi", True),
    (r"n\pi", r"2k\pi", False),
    (r"n\pi", r"x\pi", None),
    ("2n", "2k", None),  # no period
    (r"n\pi + m", r"k\pi + 1", None),
    (r"n\pi + 1", "1", False),
    ("n + 1", "1", None),
    # other names
    ("x + 1", "y + 1", None),
    ("x + y", "x", None),
    ("5", "x", False),
    ("5", "2x + 1", False),
    ("5", "2x", None),  # perhaps two times
    ("5", "x - x + 5", None),
    ("x", "5", None),
    # decimals may be rounded differently
    ("2.5x", "2.51x", None),
    ("2.5x", "2.6x", False),
    ("2x", "2.01x", None),
    ("200x", "201x", False),
    # constants of integration, if the question is unknown
    ("x^2 + C", "x^2 + 1 + C", None),
    ("x^2 + C", "x^3 + C", False),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), COMPARED)
def test_comparison(reference, answer, expected):
    assert compare_expressions(normalise(reference), normalise(answer), "") is expected


INTEGRALS = [
    ("x^2 + C", "x^2 + 1 + C", True),
    ("x^2 + c", "c + x^2 - 7", True),
    ("x^5 + C", "x^5 - C", True),  # one family
    ("x^5 + C", "4 - C + x^5", True),
    ("Cx^5", "Cx^5 + 1", False),  # a factor
    ("Cx^5 + C", "Cx^5 + C + 1", False),
    ("x^2 + C", "x^2 + x + C", False),
    ("x^2 + C", "2x^2 + C", False),
    ("x^2 + 1", "x^2 + 2", False),  # without a constant
    ("x^2 + a", "x^2 + 1 + a", False),
    ("x^2 + C", "x^2", None),
    ("C_1 x + C_2", "C_1 x + C_2 + 1", None),  # the constants may be exchanged
    (r"\sin^2 x + C", r"-\cos^2 x + C", True),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), INTEGRALS)
def test_antiderivatives_may_differ_by_a_constant(reference, answer, expected):
    assert compare_expressions(reference, answer, INTEGRAL) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (r"Find $\int 2x$", True),
        ("Find ∫ 2x", True),
        ("Integrate 2x.", True),
        ("Find the integral of 2x.", True),
        ("Find an antiderivative.", True),
        ("Solve the differential equation.", True),
        ("Find the general solution.", True),
        ("Find the derivative.", False),
        ("Find the interval.", False),
    ],
)
def test_question_asks_for_an_antiderivative(question, expected):
    assert compare_expressions("x^2 + C", "x^2 + 1 + C", question) is expected


NOT_COMMUTING = [
    ("Q^T R^T", "R^T Q^T", "", False),
    ("Q^T R^T", "Q^TR^T", "", True),
    ("QR", "RQ", "Multiply the matrices.", None),
    ("QR", "QR", "Multiply the matrices.", True),
    ("QR + 1", "1 + RQ", "", True),  # numbers
    (r"\vec{u} \cross \vec{w}", r"\vec{w} \cross \vec{u}", "", False),
    (r"\vec{u} \cross \vec{w}", r"\vec{u} * \vec{w}", "", False),
    (r"\vec{u} * \vec{w}", r"\vec{w} * \vec{u}", "", None),
]


@pytest.mark.parametrize(("reference", "answer", "question", "expected"), NOT_COMMUTING)
def test_products_that_do_not_commute_keep_their_order(reference, answer, question, expected):
    assert compare_expressions(reference, answer, question) is expected


def test_approximation_after_an_expression_is_ignored():
    assert tree_of(r"\frac{x}{3} \approx 0.33x") == tree_of(r"\frac{x}{3}")
    assert tree_of("words and more") is None


def test_every_occurrence_of_a_variable_is_replaced():
    assert replaced(tree_of("x + y(x - 1)"), "x", ("name", "z")) == tree_of("z + y(z - 1)")
