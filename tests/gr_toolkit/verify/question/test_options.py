"""Options of a question, whatever their labels are, and labels in an answer."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import verify
from gr_toolkit.verify.question.options import read_options, with_capital

CAPITAL = "Which?\nA. iron\nB. tin\nC. zinc"
SMALL = "Which? (a) iron (b) tin (c) zinc"
DIGIT = "Which?\n1) iron\n2) tin\n3) zinc"
ROMAN = "Which?\n(i) iron\n(ii) tin\n(iii) zinc"
CIRCLED = "Which?\n① iron ② tin ③ zinc"


@pytest.mark.parametrize(
    ("question", "style"),
    [(CAPITAL, "capital"), (SMALL, "small"), (DIGIT, "digit"), (ROMAN, "roman"), (CIRCLED, "digit")],
)
def test_styles_of_labels(question, style):
    options = read_options(question)
    assert (options.style, options.texts) == (style, {"A": "iron", "B": "tin", "C": "zinc"})


@pytest.mark.parametrize("question", ["", "Which?", "A. one only", "(b) two (c) three", "x(a) y"])
def test_no_options(question):
    assert read_options(question).texts == {}


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (SMALL, "(b)", "(B)"),
        (SMALL, "b", "(B)"),
        (SMALL, "b) tin", "(B) tin"),
        (SMALL, "(b) and (c)", "(B) and (C)"),
        (SMALL, "a warm day", "a warm day"),
        (SMALL, "(e)", "(e)"),  # there is no fifth option
        (DIGIT, "2", "(B)"),
        (DIGIT, "2.", "(B)"),
        (DIGIT, "2 apples", "2 apples"),
        (DIGIT, "2.5", "2.5"),
        (DIGIT, "2 and 3", "(B) and (C)"),
        (SMALL, "option b", "(B)"),
        (SMALL, "a, c", "(A), (C)"),
        (ROMAN, "(ii) tin", "(B) tin"),
        (ROMAN, "II", "(B)"),
        (ROMAN, "2", "(B)"),
        (ROMAN, "12", "12"),
        (CAPITAL, "(b)", "(b)"),
    ],
)
def test_labels_of_an_answer_become_capital_letters(question, text, expected):
    assert with_capital(text, read_options(question)) == expected


NUMERALS = "Which hold?\nA. I only\nB. II only\nC. I and II"
VERDICTS = [
    (SMALL, "(b)", "(b) tin", True),
    (SMALL, "(b)", "tin", True),
    (SMALL, "(b)", "(c) zinc", False),
    (SMALL, "(b)", "(b) and (c)", False),
    (DIGIT, "2", "(2) tin", True),
    (DIGIT, "2", "3", False),
    (ROMAN, "(ii)", "(ii)", True),
    (ROMAN, "(ii)", "(iii)", False),
    (NUMERALS, "A", "I", True),
    (NUMERALS, "A", "I only", True),
    (NUMERALS, "B", "II", True),
    (NUMERALS, "C", "I and II", True),
    (NUMERALS, "A", "II", False),
    (NUMERALS, "A", "only I", True),
    (NUMERALS, "C", "both II and I", True),
    (NUMERALS, "C", "I & II", True),
    (NUMERALS, "C", "I", False),
    ("Which hold?\nA. 1 only\nB. 1 and 4 only", "B", "1, 4", True),
    ("Where?\nA. 1 and 4\nB. 2 and 3", "A", "1, 4", True),
    (CIRCLED, "②", "tin", True),
    ("What is it?\n1) 3\n2) 5\n3) 2", "2", "5", False),  # 2 is a label and a value
    ("What is it?\n1) 3\n2) 5\n3) 2", "(2)", "5", True),
    ("Which are metals?\nA. iron\nB. salt\nC. zinc", "A, C", "Options C and A", True),
    ("Which are metals?\nA. iron\nB. salt\nC. zinc", "A, C", "zinc and iron", True),
    ("Which are metals?\nA. iron\nB. salt\nC. zinc", "A, C", "A. iron, C. salt", None),
    ("Which are metals?\nA. iron\nB. salt\nC. zinc", "A, C", "A or C", False),
    ("Which are metals?\nA. iron\nB. salt\nC. zinc", "A, C", "A", False),
    ("Match them with their uses.\nA. iron\nB. salt\nC. zinc", "A, C", "C, A", None),
    ("Which are metals?\nA. iron\nB. salt\nC. zinc", "A, C", "C and A", True),
    ("Which are metals?\nA. iron\nB. salt\nC. zinc", "A, C", "AC", True),
    ("Which are metals?\nA. iron\nB. salt\nC. zinc", "A, C", "A, B", False),
    ("Rank by mass.\nA. iron\nB. salt\nC. zinc", "A, C", "C, A", False),
    ("", "②③", "2, 3", True),
    (CAPITAL, "B", "Never choose B", None),
]


@pytest.mark.parametrize(("question", "reference", "answer", "correct"), VERDICTS)
def test_verdicts(question, reference, answer, correct):
    assert verify(question, reference, answer).correct is correct
