"""The outermost structure of an answer: brackets, separators, thousands and plus-minus signs."""

from __future__ import annotations

import re

import pytest

from gr_toolkit.verify.reading.structure import choices, comma_split, enclosed, split

PLUS = re.compile(r"\s*\+\s*")

ENCLOSED = [
    ("(1, 2)", ("(", "1, 2", ")")),
    ("[1, 2)", ("[", "1, 2", ")")),
    ("(1, 2]", ("(", "1, 2", "]")),
    ("{ 1 }", ("{", "1", "}")),
    (r"\{1, 2\}", (r"\{", "1, 2", r"\}")),
    (r"\langle 1, 2 \rangle", (r"\langle", "1, 2", r"\rangle")),
    ("((1), (2))", ("(", "(1), (2)", ")")),
    ("()", ("(", "", ")")),
    ("(1)(2)", None),
    ("(1), (2)", None),
    ("(1", None),
    ("1)", None),
    ("x(1)", None),
    ("(1) ", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "parts"), ENCLOSED)
def test_brackets_around_the_whole_text(text, parts):
    assert enclosed(text) == parts


SPLIT = [
    ("1", ["1"]),
    (" 1 ", ["1"]),
    ("1+2", ["1", "2"]),
    ("1 + 2 + 3", ["1", "2", "3"]),
    ("(1+2)+3", ["(1+2)", "3"]),
    ("[1+2]+{3+4}", ["[1+2]", "{3+4}"]),
    (r"\{1+2\}+3", [r"\{1+2\}", "3"]),
    (r"\langle 1+2 \rangle+3", [r"\langle 1+2 \rangle", "3"]),
    (r"\begin{matrix}1+2\end{matrix}+3", [r"\begin{matrix}1+2\end{matrix}", "3"]),
    ("1)+2", ["1)", "2"]),  # a bracket that nothing opened
    ("(1+2", ["(1+2"]),
    ("+1", ["", "1"]),
    ("1+", ["1", ""]),
]


@pytest.mark.parametrize(("text", "parts"), SPLIT)
def test_split_at_separators_outside_brackets(text, parts):
    assert split(text, PLUS) == parts


COMMAS = [
    ("1, 2", ["1", "2"]),
    ("1; 2", ["1", "2"]),
    ("1,2", ["1", "2"]),
    ("5, 1,234", ["5", "1234"]),  # if a comma has a space after it, other commas group thousands
    ("1,234,567 goats; 5 toys", ["1234567 goats", "5 toys"]),
    ("312,123,231", ["312", "123", "231"]),  # without spaces, they separate
    ("1,23, 4", ["1", "23", "4"]),
    ("1,2345, 6", ["1", "2345", "6"]),
    ("1.5,234, 6", ["1.5", "234", "6"]),
    ("(1,2), 3", ["(1,2)", "3"]),
]


@pytest.mark.parametrize(("text", "parts"), COMMAS)
def test_split_at_commas(text, parts):
    assert comma_split(text) == parts


CHOICES = [
    ("1", ["1"]),
    (r"\pm 1", ["+ 1", "- 1"]),
    (r"\mp 1", ["- 1", "+ 1"]),
    (r"\pm 1 \mp 2 \pm 3", ["+ 1 - 2 + 3", "- 1 + 2 - 3"]),
]


@pytest.mark.parametrize(("text", "signed"), CHOICES)
def test_plus_minus_signs_are_chosen_together(text, signed):
    assert list(choices(text)) == signed
