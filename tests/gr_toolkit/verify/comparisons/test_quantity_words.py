"""The words and signs around a number: units, counted things, money, percentages and approximations."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.comparisons.quantities import compare_quantities
from gr_toolkit.verify.quantities.quantity import read_quantity
from gr_toolkit.verify.reading.normalise import normalise

CHANGES_THE_NUMBER = """
dozen tenth tenths halves half third quarters fourth fifths lakh crore squared cubed BC BCE AD is are
was at less more least most fewer over under above below almost nearly or not and to than if but maybe per
when where until unless
"""


@pytest.mark.parametrize("word", CHANGES_THE_NUMBER.split())
def test_word_that_changes_a_number_is_not_a_counted_thing(word):
    assert read_quantity("42 goats").thing == "goats"
    assert compare_quantities("42 goats", f"42 {word}", word) is None
    assert compare_quantities(f"42 {word}", "42", "") is None


@pytest.mark.parametrize(
    "text", ["1920s", "1920 s", "2 sin x", "2 log n", "5 goats x^2", "5 e", "5 x", "5 (x)"]
)
def test_decade_or_algebra_is_not_a_quantity_with_a_thing(text):
    quantity = read_quantity(text)
    assert quantity is None or not quantity.thing


APPROXIMATE = [
    "about 42",
    "around 42",
    "roughly 42",
    "approximately 42",
    "approx. 42",
    "ca. 42",
    "~42",
    r"\approx 42",
]


@pytest.mark.parametrize("answer", APPROXIMATE)
def test_approximate_answer_is_undecided_unless_the_reference_is_rounded(answer):
    assert compare_quantities("42", answer, "") is None
    assert compare_quantities("42.0", answer, "") is True
    assert compare_quantities("about 42", answer, "") is True
    assert compare_quantities("50", answer, "") is False


COMPARED = [
    # counted things
    ("7 goats", "7 goat", "", True),
    ("7 goats", "7 toys", "", None),
    ("7 goats", "8 toys", "", None),
    ("7 goats", "8 goats", "", False),
    ("3 pairs", "6", "How many shoes?", None),
    ("14", "15 boxes", "How many boxes?", False),
    ("14", "15 boxes", "", None),
    ("7 goats", "7 white goats", "", True),
    ("7 white goats", "7 goats", "", True),
    ("7", "7 goats", "", None),
    ("7", "7 goats", "How many goats?", True),
    ("7 goats", "7", "", True),
    ("7 per goat", "7", "", None),
    # percentages
    ("10%", "10 percent", "", True),
    ("10%", "10 per cent", "", True),
    ("10%", "0.1", "", True),
    ("10%", "1/10", "", True),
    ("0.1", "10%", "", None),
    ("0.1", "10%", "What is the probability?", True),
    ("0.1", "10%", "What percentage is it?", False),
    ("10%", "10", "", None),
    ("10%", "10", "What percentage is it?", True),
    ("10%", "10", "How many per cent?", True),
    ("10", "10%", "What percentage is it?", True),
    ("10%", "11", "What percentage is it?", False),
    ("10%", "10 goats", "", None),
    ("10%", "10 m", "", None),
    ("10%", "0.1 goats", "", None),
    # money
    ("$5", "5 dollars", "", True),
    ("$5M", "$5,000,000", "", True),
    ("$5K", "$5k", "", True),
    ("$2.5bn", "$2,500 million", "", True),
    ("$5T", "$5B", "", False),
    ("$(500)", "-$500", "", True),
    ("$5", "500 cents", "", True),
    ("$5", "€5", "", False),
    ("$5", "500", "", False),  # money is not converted tacitly
    ("5 m", "500", "", None),
    # units
    ("30°", "30", "", True),
    ("180°", r"\pi", "", True),
    (r"\pi", "180°", "", True),
    ("180°", "3.14", "", None),
    ("5 m", "5", "", True),
    ("5", "5 m", "", True),
    ("5", "5 km", "How far in m?", None),
    ("5", "5 m", "How far in m?", True),
    ("5", "5 kg", "How far in m?", True),  # not of the same kind, so the question names no unit for it
    ("5 m", "5", "Include the unit.", None),
    ("5m", "5", "", None),  # perhaps five times m
    ("5 km", "5000 m", "", True),
    ("5 km", "5000 kg", "", False),
    ("5 ppm", "5 mg/L", "", None),
    ("12", "12 inch", "", True),
    ("2 ft", "24", "", None),  # perhaps in inches
    ("10 m/s", "36", "", None),  # perhaps in km/h
    ("10 m/s", "37.5", "", False),
    # temperatures
    ("20 °C", "68 °F", "", True),
    ("20 °C", "293 K", "", True),
    ("20 °C", "294 K", "", None),  # within a degree of 293.15 K
    ("20 °C", "300 K", "", False),
    ("20 °C", "68 °F", "What is the difference?", False),
    ("20 °C", "36 °F", "By how much does it rise?", True),
    ("20 °C", "20 K", "What is the temperature elevation?", True),
    ("20 K", "20 °C", r"Find $\Delta T$.", True),
    ("150 s", "2 min 30 s", "", True),
    ("5.25 ft", "5 ft 3 in", "", True),
    ("150 s", "30 s 2 min", "", None),
    ("0,125", "0.125", "", True),
    ("3,14", "3.14", "", True),
    ("1234.5", "1.234,5", "", True),
    ("1,234", "1.234", "", None),
    ("2", "2 pi r", "", None),
    ("3", "3 sixths", "", None),
    ("100", "100 minus x", "", None),
    ("264", "264g", "How many g of salt?", True),
    ("4.02 g Ag", "4.02g of Ag", "", True),
    ("20 °C", "36 °F", "How warm is it?", False),
]


@pytest.mark.parametrize(("reference", "answer", "question", "expected"), COMPARED)
def test_comparison(reference, answer, question, expected):
    assert compare_quantities(normalise(reference), normalise(answer), question) is expected
