"""Answers to yes-or-no and true-or-false questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gr_toolkit.verify.comparisons.booleans import closed_boolean, compare_booleans
from gr_toolkit.verify.reading.normalise import normalise

SAME = [
    ("Yes", "yes"),
    ("Yes", "**Yes**."),
    ("Yes", r"\text{Yes}"),
    ("Yes", "True"),
    ("Yes", "Yes, it is so."),
    ("Yes", "Yes because it is even"),
    ("True", "T"),
    ("True", "It is true."),
    ("False", "F"),
    ("No", "No. The series diverges."),
    ("No", "incorrect"),
    ("Yes", "Yes!"),
    ("Sí", "Sí, es primo"),
    ("Nein", "nein"),
    ("错误", "错"),
    ("Yes", "Oui."),
]
UNDECIDED = [
    ("Yes", "yes or no"),
    ("Yes", "Yes and no"),
    ("True", "true and false"),
    ("Yes", "Yes, if x > 0"),
    ("Yes", "Yes, but only sometimes"),
    ("Yes", "Yes. Actually no."),
    ("Yes", "Yes?"),
    ("Yes", "not yes"),
    ("True", "not true"),
    ("No", "no solution"),
    ("True", "true north"),
    ("T", "F"),
    ("No, because x is odd", "No"),
    ("No, because x is odd", "No, because x is even"),
    ("True", "Troll"),
]


@pytest.mark.parametrize(("reference", "answer"), SAME)
def test_same_value_is_true(reference, answer):
    assert compare_booleans(reference, answer, "") is True
    assert compare_booleans(normalise(reference), normalise(answer), "") is True


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("Yes", "No"),
        ("True", "F"),
        ("No", "Yes, it is."),
        ("No, because x is odd", "Yes"),
        ("correct", "incorrect"),
    ],
)
def test_opposite_value_is_false(reference, answer):
    assert compare_booleans(reference, answer, "") is False


@pytest.mark.parametrize(("reference", "answer"), UNDECIDED)
def test_uncertain_answer_is_undecided(reference, answer):
    assert compare_booleans(reference, answer, "") is None


def test_question_decides_the_meaning_of_an_initial():
    assert compare_booleans("T", "F", "True or false: it converges") is False
    assert compare_booleans("False", "F", "Which?\nA. one\nB. two") is None


CLOSED = [
    ("Yes", "It is true that they meet", True),
    ("Yes", "not false", True),
    ("Yes", "It is not correct", False),
    ("No", "It is not correct", True),
    ("Yes", "I do not say yes", False),
    ("Yes", "True if x > 0", False),
    ("Yes", "is it true?", False),
    ("Yes", "yes and no", False),
    ("No", "It does not meet", False),
    ("Yes", "", False),
    ("7", "yes", None),
]


@pytest.mark.parametrize(("reference", "answer", "correct"), CLOSED)
def test_closed_boolean_is_always_decided(reference, answer, correct):
    assert closed_boolean(reference, answer) is correct


@given(st.sampled_from(["yes", "no", "true", "false"]), st.text(max_size=600))
def test_any_answer_is_judged_and_a_question_is_never_correct(reference, answer):
    assert compare_booleans(reference, answer, "") in (True, False, None)
    assert compare_booleans(reference, f"{answer}?", "") is not True
