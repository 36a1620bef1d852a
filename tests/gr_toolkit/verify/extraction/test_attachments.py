"""A box is widened to the whole value that the text around it states, and to nothing else."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import extract_answer
from gr_toolkit.verify.extraction.attachments import widened

WIDENED = {
    # signs
    r"y = - \boxed{7}": "- 7",
    r"so it is -\boxed{7}.": "-7",
    r"$y = \pm\boxed{7}$": r"\pm7",
    r"$y = -\frac{\boxed{7}}{\boxed{9}}$": r"-\frac{7}{9}",
    # operations of one formula
    r"$z = 2+\boxed{7}i$": "2+7i",
    r"$z = \boxed{2}+\boxed{7}i$": "2+7i",
    r"$F = \boxed{x^3} + C$": "x^3 + C",
    r"$x = 3 - \boxed{7}$": "3 - 7",
    r"$\boxed{7}/9$": "7/9",
    r"\boxed{7}:\boxed{9}": "7:9",
    r"$4\sqrt{\boxed{7}}$": r"4\sqrt{7}",
    r"$\sqrt[3]{\boxed{7}}$": r"\sqrt[3]{7}",
    r"$3\boxed{x+1}$": "3(x+1)",
    r"$\left(\boxed{7}\right)^2$": r"\left(7\right)^2",
    r"$\log \boxed{7}$": r"\log 7",
    r"$\boxed{7}!$": "7!",
    # powers, bases and powers of ten
    r"\boxed{1101}_2": "1101_2",
    r"$\boxed{7.5} x 10^{-4}$": "7.5 x 10^{-4}",
    r"$\boxed{7.5}$ $\times 10^4$": r"7.5 \times 10^4",
    r"\boxed{7.5}e-4": "7.5e-4",
    # scales and units
    r"$\boxed{7}$ million people": "7 million",
    r"$\boxed{7}$ thousand dollars": "7 thousand dollars",
    r"\boxed{7}\text{ billion}": r"7 \text{ billion}",
    r"$\boxed{7}$\% of it": r"7\%",
    r"\boxed{8} a.m.": "8 a.m.",
    r"\boxed{70} °F": "70 °F",
    r"$\boxed{70}\,\mu\text{m}$": r"70\,\mu \text{m}",
    r"$\boxed{7}$ m/s is the speed": "7 m/s",
    # several boxes
    r"$[\boxed{7}, \boxed{9})$": "[7, 9)",
    r"\{\boxed{7}, \boxed{9}\}": r"\{7, 9\}",
    r"$\boxed{7} < x \le \boxed{9}$": r"7 < x \le 9",
    r"\boxed{7} feet \boxed{9} inches": "7 feet, 9 inches",
    r"from \boxed{7} to \boxed{9}": "7 to 9",
    r"(a) \boxed{7} (b) \boxed{9}": "7, 9",
    # hedges
    r"\boxed{7} or 9": "7 or 9",
    r"7 or maybe \boxed{9}": "7 or 9",
    r"\boxed{A} or (C).": "A or (C)",
}


@pytest.mark.parametrize("text", WIDENED)
def test_the_value_around_a_box_belongs_to_it(text):
    assert extract_answer(text).answer == WIDENED[text]


ALONE = [
    # what fills a gap, and what a relation states
    r"$2 + \boxed{7} = 9$",
    r"$\boxed{7} \times 2 = 14$",
    r"$x = \boxed{7} = 14 / 2$",
    r"$x < \boxed{7}$",
    r"$5 + 2 = \boxed{7}$",
    # prose, dashes, bullets and numbering
    r"- \boxed{7}",
    r"The result – \boxed{7}",
    r"Part 2 - \boxed{7}",
    r"(2) \boxed{7}",
    r"2. \boxed{7}",
    r"Exercise 12 \boxed{7}",
    r"a \boxed{7} percentile",
    r"\boxed{7} - a prime number",
    r"\boxed{7} + a bonus",
    r"\boxed{7} a day",
    r"\boxed{7} I think",
    r"\boxed{7} in all",
    r"\boxed{7} (rounded)",
    r"\boxed{7}[1]",
    r"\boxed{7} or so",
    r"\boxed{7} and so there are 7",
    r"so \boxed{7} is the number of balls",
    r"\boxed{7}-fold",
    r"\boxed{7}, 8 at most",
    r"Wow, \boxed{7}!",
    r"\boxed{7} balls",
    r"\boxed{7}\text{ balls}",
    # markup
    r"**\boxed{7}**",
    r"*\boxed{7}*",
    r"\textbf{\boxed{7}}",
    r"\color{red}{\boxed{7}}",
    r"{\boxed{7}}",
    r"(\boxed{7})",
    r"\left(\boxed{7}\right)",
    r"\text{Sum: }\boxed{7}",
    r"`\boxed{7}`",
    r"~\boxed{7}",
    # unbalanced
    r"\frac{\boxed{7}",
    r"(\boxed{7}",
    r"\boxed{7})",
    r"\sqrt{\boxed{7}",
]


@pytest.mark.parametrize("text", ALONE)
def test_what_is_no_part_of_the_value_is_left_out(text):
    assert extract_answer(text).answer == "7"


def test_an_equation_or_a_word_has_no_factor():
    assert extract_answer(r"$2\boxed{x = 7}$").answer == "x = 7"
    assert extract_answer(r"\boxed{Paris}/London").answer == "Paris"


def test_rest_of_the_text_is_unchanged():
    text = r"First \boxed{1} \boxed{}, \boxed{cut"
    assert widened(text, lambda unit: False) == text
    assert widened(r"a \boxed{7} cm b", lambda unit: unit == "cm") == r"a \boxed{7} cm b"
    assert widened(r"a \boxed{7} cm. b", lambda unit: unit == "cm") == r"a \boxed{7 cm}. b"
    assert widened(r"a \boxed{7} cm. b", lambda unit: False) == r"a \boxed{7} cm. b"


PIECES = [
    r"(\boxed{1}, ",
    r"\boxed{1}+",
    r"\boxed{1} < x < ",
    r"\left(\boxed{2}",
    r"3 or \boxed{4} ",
    r"\boxed{1}^",
    r"\boxed{1}\text{ cm}",
    r"\boxed{1} square ",
    r"\boxed{1}{",
    "(",
    "{",
    "-",
    "= ",
]


@pytest.mark.timeout(120)  # linear time is some seconds, quadratic time is minutes
@pytest.mark.parametrize("piece", PIECES)
def test_long_formula_is_not_read_in_quadratic_time(piece):
    text = r"\boxed{1} " + piece * (200_000 // len(piece)) + r" \boxed{1}"
    assert extract_answer(text).answer.strip()
