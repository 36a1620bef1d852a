"""Everyday answers that must never be judged correct, or never wrong; undecided is allowed."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import verify

NEVER_CORRECT = [
    # the same number of something else
    ("5 km north", "5 km south", ""),
    ("30 degrees north of east", "30 degrees east of north", ""),
    ("2 real solutions", "2 complex solutions", ""),
    ("20 percent increase", "20 percent decrease", ""),
    ("20 years old", "20 months old", ""),
    ("10:30 pm EST", "10:30 am EST", ""),
    ("42", "42 is wrong", ""),
    ("42", "42 at most", ""),
    ("3", "3 dozen", ""),
    ("500", "500 BC", ""),
    ("1920", "1920s", ""),
    ("2 sin x", "2 cos x", ""),
    ("2 pi r", "2 pi h", ""),
    ("6xy", "6", ""),
    ("3", "3pi", ""),
    ("3 hundredths", "3", ""),
    ("5 millionths", "5", ""),
    ("AND gate", "gate", ""),
    ("$5M", "$5", ""),
    ("$100", "$100K", ""),
    ("$2,000 favorable", "$2,000 unfavorable", ""),
    ("$10 per hour", "$10 per day", ""),
    ("$(500)", "$500", ""),
    ("0 °C", "0 K", ""),
    # the question repeated, or the form that was not asked for
    ("5000 m", "5 km", "Convert 5 km to meters."),
    ("20 °C", "68 °F", "What is 68 °F in degrees Celsius?"),
    (r"\frac{\pi}{2}", "90°", "Write 90° in radians."),
    ("3/4", "0.75", "Write 0.75 as a fraction."),
    ("3/4", "6/8", r"Simplify $\frac{6}{8}$."),
    ("(x-2)(x-3)", "6-5x+x^2", "Factor $x^2-5x+6$."),
    ("x+1", "(x^2-1)/(x-1)", r"Simplify $\frac{x^2-1}{x-1}$."),
    # several letters, and letters with another meaning
    ("B", "B and C are correct", ""),
    ("B", "The answer is B, but A is also correct.", ""),
    ("B", "B as well as C", ""),
    ("I", "I and II", ""),
    ("F", "F, Cl, Br", ""),
    ("N", "No", ""),
    # order and names
    ("8, 5", "5, 8", "Find the length and the width."),
    ("50, 10", "10, 50", "What are the mean and standard deviation, respectively?"),
    ("1, 2, 3", "3, 2, 1", "Put the numbers in ascending order."),
    ("Max: 5, Min: 1", "max: 1, min: 5", ""),
    ("mean = 5, median = 7", "median = 5, mode = 7", ""),
    ("I_1 = 2, I_2 = 3", "I_{1} = 3, I_{2} = 2", ""),
    ("x < -2 or x > 3", "x < -2 and x > 3", ""),
    # mathematics
    (r"\sin(x^2)", "sin(x)^2", ""),
    ("|x-100|", "100-x", ""),
    ("a + b + c", "a + b + c + 1", ""),
    ("1:2:3", "1:3:2", ""),
    ("3 × 2", "6", "What size is AB?"),
    ("12", "12%", "How much is 5% tax on a $240 item?"),
    ("5", "5 m", "How far is it in km?"),
    ("42", "not = 42", ""),
    ("x > 3", "y > 3", ""),
    ("AABB", "aabb", ""),
]


@pytest.mark.parametrize(("reference", "answer", "question"), NEVER_CORRECT)
def test_never_correct(reference, answer, question):
    assert verify(question, reference, answer).correct is not True


NEVER_WRONG = [
    ("36", "3 dozen"),
    (r"3\pi", "3pi"),
    (r"6\pi", "6 pi"),
    ("$5 million", "$5M"),
    ("$100,000", "$100K"),
    ("-$500", "$(500)"),
    ("273.15 K", "0 °C"),
    ("10 °C", "283 K"),
    ("6 ft", "183 cm"),
    ("10 miles", "16 km"),
    ("1 year", "365 days"),
    ("5 ppm", "5 mg/L"),
    (r"\emptyset", r"\{\}"),
    ("the empty set", "{}"),
    ("greater than", ">"),
    ("Yes", "✓"),
    ("90 minutes", "1 hour and 30 minutes"),
    ("2.5 hours", "2 hours, 30 minutes"),
    ("1.5", "1 and 1/2"),
    ("2.5 kg", "2,5 kg"),
    ("100000", "1,00,000"),
    ("1234.56", "1 234,56"),
    ("3i + 4j", r"\langle 3, 4 \rangle"),
    ("2", "second order"),
    ("1", "first"),
    ("7", "VII"),
    ("0 m/s", "at rest"),
    ("90°", "right angle"),
    ("1/9", "a ninth"),
    (r"\sin^2(x)", r"\sin(x)^2"),
    (r"\sqrt{2gh}", "√2gh"),
    ("e^{2x}", "e^2x"),
    ("e^{-kt}", "e^-kt"),
    (r"\log_{10}(x)", "log10(x)"),
    (r"\log_2 5", "log2(5)"),
    (r"\tan\frac{x}{2}", "tan x/2"),
    ("2^3*3^2", "2**3*3**2"),
    ("42", "42!"),
    ("1.6 × 10^-19 C", "1.6 × 10-19 C"),
    ("Max: 5, Min: 1", "min: 1, max: 5"),
    ("a = 2, b = 3", "x = 3, y = 2"),
    ("C_1 e^x + C_2 e^{-x}", "C_1 e^{-x} + C_2 e^{x}"),
]


@pytest.mark.parametrize(("reference", "answer"), NEVER_WRONG)
def test_never_wrong(reference, answer):
    assert verify("", reference, answer).correct is not False


def test_similar_answers_that_are_correct():
    assert verify("", "Max: 5, Min: 1", "the min is 1 and the max is 5").correct is True
    assert verify("", "$5 million", "$5M").correct is True
    assert verify("", r"3\pi", "3pi").correct is True
    assert verify("", r"\log_{10}(x)", "log10(x)").correct is True
    assert verify("", "273.15 K", "0 °C").correct is True
    assert verify("What is 5 km in meters?", "5000 m", "5000 m").correct is True
    assert verify(r"Simplify $\frac{6}{8}$.", "3/4", r"\frac{3}{4}").correct is True
    assert verify("Find all roots.", "8, 5", "5, 8").correct is True
    assert verify(r"Find $\int 2x \, dx$.", "x^2 + C", "x^2 + 1 + C").correct is True
