"""Numbers, at the precision of the reference, and their units."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.comparisons.quantities import compare_quantities, within_tolerance
from gr_toolkit.verify.reading.normalise import normalise

NUMBERS = [
    ("42", "42.0", True),
    ("042", "42", True),
    ("42", "43", False),
    ("42", "-42", False),
    ("42", "42.3", None),  # rounds to 42, but 42 may be a count
    ("42 kg", "42.3 kg", True),
    ("5", "5.001", None),  # a small count may be exact
    ("42", "45.5", False),
    ("3.14", "3.14159", True),
    ("3.14", "3.15", None),  # near: perhaps an intermediate rounding
    ("3.14", "3.25", False),
    ("3.14159", "3.14", True),
    ("3.14159", "3.1", None),
    ("0.5", "1/2", True),
    ("0.5", "0.45", False),
    ("1/3", "0.333", None),
    ("1/3", "0.333333", True),
    ("1/3", "2/6", True),
    ("1/3", "2/3", False),
    (r"\frac{8}{3}", r"\tfrac83", True),
    ("41.494", r"17 + 10\sqrt{6}", True),  # truncated, not rounded
    ("21.93", r"21 \dfrac{13}{14}", True),
    ("1,234,567", "1234567", True),
    ("1 234", "1234", True),
    ("6.02 × 10²³", r"6.022 \times 10^{23}", True),
    ("4.27 × 10^-5", "8.54 x 10^-6", False),
    ("2 × 10^(-10)", r"2 \times 10^{-10}", True),
    ("3e8", "300000000", True),
    ("0.001", "10⁻³", True),
    ("0.0000001", "0.0000002", False),
    ("8.85e-12", "0", False),
    ("1000000", "1000001", False),
    ("999", "998", False),
    (str(2**100), str(2**100), True),
    ("42", "6*7", None),  # repeats the question
    ("3", r"\sqrt{9}", None),
    ("0.0053", r"\left(\frac{10}{19}\right)^7 \times \frac{9}{19}", True),
    ("$120k", "$120,000", True),
    ("120k", "120,000", None),
    ("13.2 million", "13,200,000", True),
    ("15th", "15", True),
    ("2014/2016", "1", None),  # two years, not a fraction
    ("0", "\\frac{0}{0}", None),
    (r"\frac{\sqrt{3}}{3} \approx 0.577", r"\frac{\sqrt{3}}{3}", True),
    ("3.42", r"\approx 3.42", True),
    ("42", r"\approx 42", None),
]


UNITS = [
    ("12 m/s", "12.0 m/s", True),
    ("12 m/s", "13 m/s", False),
    ("12 m/s", "12", True),
    ("12 m/s", "43.2 km/h", True),
    ("12 m/s", "12 km/h", False),
    ("4.9 J", "4.9 N·m", True),
    ("4.9 J", "4.9 kJ", False),
    ("4.9 MJ", "4.9 mJ", False),
    ("5 m", "5 kg", False),
    ("1 km", "1000 m", True),
    ("20 °C", "68 °F", True),
    ("30°", "30", True),
    (r"30^\circ", "30 rad", False),
    (r"\frac{2\pi}{3}", "120°", True),
    ("9.8 m/s²", "9.81 m/s^2", True),
    (r"0.06 watt/meter^2", r"\(\frac{3}{16\pi} \, \text{W/m}^2\)", True),
    ("1.5 m", "150", None),  # perhaps in centimetres
    ("1.5 m", "17", False),
    ("180.67", r"\dfrac{542}{3}\text{ seconds}", True),
    ("$5", "$5.00", True),
    ("$5", "5 dollars", True),
    ("$5", "€5", False),
    ("$5", "5 cents", False),
    ("$3,000", "3000", True),
    ("127 points", "127", True),
    ("7 goats", "7 stuffed goats", True),
    ("7 goats", "7 helicopters", None),
    ("7 goats", "8 helicopters", None),
    ("42", "42 or 43", None),
    ("$7.60 per $100", "7.60", None),
]

PERCENT = [
    ("50%", "0.5", True),
    ("50%", "50 percent", True),
    ("50%", "5", False),
    ("62.5%", r"\dfrac{5}{8}", True),
    ("0.070095", "7.01%", None),
    ("10%", "1000", False),
    ("10%", "10", None),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), NUMBERS + UNITS + PERCENT)
def test_quantities(reference, answer, expected):
    assert compare_quantities(normalise(reference), normalise(answer), "") is expected


def test_question_decides_whether_10_is_10_percent():
    assert compare_quantities("10%", "10", "What percentage of them?") is True


def test_missing_unit_is_undecided_if_the_question_asks_for_it():
    assert compare_quantities("37 m", "37", "Give the length with its unit.") is None
    assert compare_quantities("37 m", "37", "How long is it in metres?") is True


EUROPEAN = [
    ("0,75", "0.75", True),
    ("0.75", "0,75", True),
    ("-2,5", "-2.5", True),
    ("€ 7,20", "€7.20", True),
    ("12,5 %", "12.5%", True),
    ("2,5 kg", "2500 g", True),
    ("7.654,3", "7654.3", True),
    ("7 654,3", "7654.3", True),
    ("7.654.321", "7654321", True),
    ("0,75", "0.8", None),
    ("7,654", "7654", True),
    ("7,654", "7.654", None),  # a thousand times as much, or the same
    ("7.654", "7654", None),
    ("7.654", "7655", False),
    ("0.654", "654", False),  # no thousands begin with 0
    ("76,54", "7654", None),
    # two values, not one
    ("(3,4)", "3.4", None),
    ("3.4", "(3,4)", None),
    ("[3,4]", "3.4", None),
    ("{3,4}", "3.4", None),
    ("3,4,5", "3.4", None),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), EUROPEAN)
def test_decimal_comma(reference, answer, expected):
    assert compare_quantities(normalise(reference), normalise(answer), "") is expected


@pytest.mark.parametrize("question", ["Find the two roots.", "Find the mean and the variance."])
def test_comma_is_in_doubt_where_the_question_asks_for_several_values(question):
    assert compare_quantities("3,4", "3.4", question) is None
    assert compare_quantities("3.4", "3,4", question) is None
    assert compare_quantities("3,4", "3.4", "How high is it?") is True


@pytest.mark.parametrize("question", ["Write it in binary.", "Give it in base 2.", "Convert to hexadecimal."])
def test_value_in_another_base_is_undecided_where_the_question_asks_for_the_base(question):
    assert compare_quantities("0b110", "6", question) is None
    assert compare_quantities("0b110", "0b110", question) is True
    assert compare_quantities("0b110", "0x6", question) is True
    assert compare_quantities("0b110", "6", "How large is it?") is True
    assert compare_quantities("6", "0b110", question) is True
    assert compare_quantities("0b110", "7", question) is False


TOLERANCES = [
    ("200", "209", True),
    ("200", "211", False),
    ("-200", "-191", True),
    ("-200", "200", False),
    ("200 m", "0.204 km", True),
    ("200 m", "0.304 km", False),
    ("200 m", "204", True),
    ("200 m", "204 kg", None),
    ("50%", "51%", True),
    ("50%", "0.5", None),
    ("7 goats", "7 goats", True),
    ("7 goats", "9 goats", False),
    ("7 goats", "14 horns", None),
    ("0", "0", True),
    ("0", "0.001", False),
    ("200", "many", None),
    ("many", "200", None),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), TOLERANCES)
def test_tolerance_of_a_twentieth(reference, answer, expected):
    assert within_tolerance(reference, answer, 0.05) is expected
