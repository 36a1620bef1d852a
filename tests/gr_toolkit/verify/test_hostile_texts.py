"""Texts that once took too long or raised an exception: each gets a verdict, soon."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import verify

HOSTILE = [
    ("5 m", r"(\boxed{apple}, \boxed{pear}"),
    ("(1, 2)", "(" + r"\pm 1, " * 40 + "1)"),
    ("4", r"\boxed{4}" + "\n" * 20_000 + "x"),
    ("4", r"\boxed{4} " + "the " * 20_000 + ". The answer is 5."),
    ("$5", "$1e299 T"),
    ("1e-290 m", "1e290"),
    ("1e290 m", "1e-290"),
    ("5 fm^12*fs^12*A", "5 m^12 s^12 kA"),
    ("4", "^" + " " * 20_000),
    ("4", "**a " * 5_000),
]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("reference", "answer"), HOSTILE, ids=[str(n) for n in range(len(HOSTILE))])
def test_verdict_comes_soon(reference, answer):
    assert verify("", reference, answer).correct is not None or verify("", reference, answer).reason
    assert verify("", answer, reference).reason


def test_dot_product_is_no_cross_product_in_any_stage():
    question = "What is the torque?"
    assert verify(question, r"r \times F", r"F \cdot r").correct is not True
    assert verify(question, r"\int_0^1 r \times F", r"\int_0^1 F \cdot r").correct is not True
    assert verify("How large is the area?", r"a \times b", r"b \cdot a").correct is True
