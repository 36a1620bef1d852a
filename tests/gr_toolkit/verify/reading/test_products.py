"""Products whose factors do not commute: how they are recognised, and how they are compared."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.reading.products import compare_products, factors, keeps_order

KEEPS = [
    ("Q^T R", ""),
    (r"Q^{\dagger} R", ""),
    ("Q^{-1} R^{-1}", ""),
    (r"\vec{u} * \vec{w}", ""),
    (r"m \hat{p} \hat{q} + 1", ""),
    (r"u \cross w", ""),
    (r"\nabla * u", ""),
    ("[Q, R]", ""),
    (r"\langle u | w \rangle", ""),
    ("QR", "Multiply the matrices."),
    ("Q * R", "What is the torque?"),
    ("uw", "Find the cross product of u and w."),
    ("g^{-1} h^{-1}", "In a group, what is the inverse of hg?"),
]
COMMUTES = [
    ("QR", ""),
    ("uw", "Multiply the matrices."),
    ("Q + R", "Add the matrices."),
    (r"3\hat{p} + 4\hat{q}", ""),
    (r"m \vec{u}", ""),
    ("Q^{-1} r", ""),
    ("V^2", "Which matrix is it?"),
    ("10^T", ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "question"), KEEPS)
def test_product_that_may_not_commute(text, question):
    assert keeps_order(text, question)


@pytest.mark.parametrize(("text", "question"), COMMUTES)
def test_other_text_commutes(text, question):
    assert not keeps_order(text, question)


FACTORS = [
    ("QR", [("", "Q"), ("", "R")]),
    ("Q^TR^{-1}", [("", "Q^T"), ("", "R^-1")]),
    (r"\vec{u} \cross \vec w", [("", r"\vecu"), (r"\cross", r"\vecw")]),
    (r"Q_1 * \nabla", [("", "Q_1"), ("*", r"\nabla")]),
    ("2QR", None),
    ("Q + R", None),
    ("Q", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "parts"), FACTORS)
def test_factors_of_a_product(text, parts):
    assert factors(text) == parts


COMPARED = [
    ("QRS", "QRS", "", True),
    ("QRS", "Q * R * S", "", True),
    ("QR", "RQ", "", None),
    ("Q^T R^T", "R^T Q^T", "", False),
    ("Q^T R^T", "R^T Q^T", "All matrices commute.", None),
    ("Q^T R^T", "R^T S^T", "", None),
    ("Q^T Q^T", "Q^T Q^T Q", "", None),
    ("Q^{-1} R^{-1}", "R^{-1} Q^{-1}", "", None),
    (r"u \cross w", r"w \cross u", "", False),
    (r"u \cross w", "u * w", "", False),
    (r"u \cross w", "uw", "", None),
    (r"u \cross w", "w * u", "", None),
    (r"u \cross w", "2w", "", None),
    (r"u \cross v \cross w", r"u \cross w \cross v", "", None),
]


@pytest.mark.parametrize(("reference", "answer", "question", "expected"), COMPARED)
def test_comparison(reference, answer, question, expected):
    assert compare_products(reference, answer, question) is expected
