"""Numbers: reading literals and expressions, and comparing at the precision of the reference."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gr_toolkit.verify.comparisons.numbers import compare_numbers
from gr_toolkit.verify.quantities.numbers import read_literal, read_number

LITERALS = [
    ("42", 42, 0, 2),
    ("-42", -42, 0, 2),
    ("+42", 42, 0, 2),
    ("- 42", -42, 0, 2),
    ("042", 42, 0, 2),
    ("1,234", 1234, 0, 4),
    ("1 234 567", 1234567, 0, 7),
    ("1,234.5", "1234.5", "0.1", 5),
    ("3.140", "3.14", "0.001", 4),
    ("0.05", "0.05", "0.01", 1),
    (".5", "0.5", "0.1", 1),
    ("5.", 5, 0, 1),
    ("1.5e3", 1500, 100, 2),
    ("1.5E-3", "0.0015", "0.0001", 2),
    ("2 * 10^3", 2000, 1000, 1),
    ("2 x 10^3", 2000, 1000, 1),
    ("2*10^{-3}", "0.002", "0.001", 1),
    ("2*10^(-3)", "0.002", "0.001", 1),
    ("-10^3", -1000, 0, 1),
    ("10^{-2}", "0.01", 0, 1),
    ("2 hundred", 200, 100, 1),
    ("2 thousand", 2000, 1000, 1),
    ("2.5 million", 2500000, 100000, 2),
    ("2 billion", 2 * 10**9, 10**9, 1),
    ("2 trillion", 2 * 10**12, 10**12, 1),
]


@pytest.mark.parametrize(("text", "exact", "last", "digits"), LITERALS)
def test_value_and_precision_of_a_literal(text, exact, last, digits):
    number, end = read_literal(text)
    assert (number.exact, number.digits, end) == (Fraction(exact), digits, len(text))
    assert number.last == pytest.approx(float(Fraction(last)))
    assert number.value == float(number.exact)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2km", 1), ("2k/m", 1), ("2e3x", 1), ("2 x 5", 1), ("12,34", 2), ("12 34", 2), ("1,2345", 5),
        ("0 123", 1),
    ],
)  # fmt: skip
def test_literal_ends_before_other_text(text, end):
    assert read_literal(text)[1] == end


@pytest.mark.parametrize("text", ["", "x", "-", ".", "1e400", "9" * 301])
def test_text_without_a_literal_of_a_float(text):
    assert read_literal(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "1999/2000",  # two years
        "2016 / 2017",
        "3*2",  # a size
        "1.6 * 10-19",  # a lost caret
        r"\log 100",  # to an unknown base
        r"1 + \log 2",
        "x",
        "1/0",
        "words",
        "",
    ],
)
def test_text_that_is_not_a_number(text):
    assert read_number(text) is None


PLAIN = [
    ("42", True),
    ("-1/2", True),
    (r"\frac{1}{2}", True),
    ("2 1/2", True),
    (r"-2\frac{1}{2}", True),
    (r"2\frac{3}{2}", False),  # not a proper mixed number
    ("2 + 1/2", True),
    ("2 - 1/2", False),
    ("1/2 + 2", False),
    ("2 + 3", False),
    (r"\sqrt{4}", False),
    ("2^3", False),
]


@pytest.mark.parametrize(("text", "plain"), PLAIN)
def test_plain_number_leaves_no_calculation(text, plain):
    assert read_number(text).plain is plain


COMPARED = [
    # equal
    ("1/2", "0.5", True),
    ("-1/2", "0.5", False),
    ("6", "2+4", None),  # a calculation that is not carried out
    ("2+4", "6", True),
    ("2+4", "3+3", True),
    (r"\sqrt{4}", "2", True),
    ("2.5", "2 1/2", True),
    # whole numbers
    ("999", "998", False),
    ("999", "1000", False),
    ("1000", "1020", False),
    ("1000", "1021", False),
    ("100000", "100001", False),
    ("0", "1", False),
    ("20", "20.2", None),  # it rounds to 20, and nothing says that 20 is rounded
    ("20", "20.4", None),  # it does too, although it differs by 2 %
    ("20", "19.6", None),
    ("20", "20.6", False),
    ("20", "41/2", False),  # an exact value
    ("9", "9.4", False),  # it differs by more than 3 %
    ("50", "50.6", False),
    ("100", "100.5", None),
    ("100", "100.6", False),
    ("19", "19.1", None),  # a small count may be exact
    ("100.4", "100", None),
    # decimals
    ("3.14", "3.135", True),
    ("3.14", "3.145", True),
    ("3.14", "3.146", None),
    ("3.14", "3.24", False),
    ("3.14", "-3.14", False),
    ("0.5", "0.54", False),  # within half a digit, but by 8 %
    ("0.00", "0.004", False),
    ("12.54", "12.5499", True),  # truncated
    ("12.54", "12.5520", None),
    ("12.54", "12.5301", None),  # a truncated number is not larger
    ("-12.54", "-12.5499", True),
    ("1.25", "1.2590", None),  # more than a thousandth
    ("3.14159", "3.14", True),
    ("3.14159", "3.1", None),
    ("3.14159", "3.15", None),
    ("3.14159", "3.24", False),
    ("1.0", "1.03", None),
    ("1.0", "1.04", False),
    # exact values
    ("1/3", "0.33333", None),
    ("1/3", "0.333333", True),
    ("1/3", "0.33332", None),
    ("1/3", "0.35", False),
    ("1/3", "0.3333", None),
    ("1/3", "0.33334", None),
    ("2/3", "0.666667", True),
    ("1/3", "0.34", None),
    ("1/3", "0.4", False),
    ("1/3", "1/4", False),
    ("1/3", "1000001/3000000", None),
    (r"\sqrt{2}", "1.4142", None),
    (r"\sqrt{2}", "1.41421", True),
    ("204", "409/2", False),
    ("30", r"\sqrt{905}", False),
    (r"0.\overline{3}", "1/3", True),
    ("0.1(6)", "1/6", True),
    ("0.1212...", "4/33", True),
    ("0xFF", "255", True),
    ("0b101", "5", True),
    (r"\sqrt{2}", r"\sqrt{3}", False),
    ("1.414", r"\sqrt{2}", True),
    ("1.4", r"\sqrt{2}", None),
    ("42", r"30\sqrt{2}", False),
    ("42", r"31\sqrt{2}", False),
    # powers of ten
    ("1.6e-19", "1.6*10^{-19}", True),
    ("1.6e-19", "1.6e-18", False),
    ("1.602e-19", "1.6e-19", None),
    ("10^{-3}", "0.0014", False),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), COMPARED)
def test_comparison(reference, answer, expected):
    assert compare_numbers(read_number(reference), read_number(answer)) is expected


@pytest.mark.parametrize(
    ("reference", "answer", "expected"),
    [
        ("340", "340.3", True),
        ("340", "343.9", None),
        ("340", "344", None),
        ("340", "380", False),
        ("4", "4.04", True),
        ("4", "4.4", False),
        ("340", "340", True),
    ],
)
def test_whole_number_that_may_be_rounded(reference, answer, expected):
    numbers = read_number(reference), read_number(answer)
    assert compare_numbers(*numbers, rounded=True) is expected
    assert compare_numbers(*numbers, rounded=True, exact=True) is (reference == answer)


def test_number_in_another_unit_keeps_its_precision():
    number = read_number("1.25").times(1000.0)
    assert (number.exact, number.value, number.last) == (1250, 1250.0, pytest.approx(10.0))
    assert read_number("-2").times(-0.5).last == 0
    assert read_number("2.0").times(-10.0).last == pytest.approx(1.0)
    assert read_number(r"\sqrt{2}").times(2.0).exact is None
    assert read_number("1").times(3.141592653589793 * 1e-12).exact is None  # not a fraction of this size
