"""Answers of another kind than the reference, and types whose answers are always decided."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.kinds import MAX_PLAIN_WORDS, other_kind
from gr_toolkit.verify.rules import decide_by_rules
from gr_toolkit.verify.verdict import Item

DECIDED = [
    ("Integer", "12", "There are 12 of them in all", True),
    ("Integer", "12", "twelve", True),
    ("Integer", "12", "a dozen", True),
    ("integer", "1200", "1,200 people", True),
    ("Integer", "12", "thirteen", False),
    ("Integer", "12", "between 11 and 12", False),
    ("Integer", "12", "12.5", False),
    ("Integer", "12", "it depends on the wind", False),
    ("Integer", "12", "a purple lamp", False),
    ("Multiple Choice", "B", "I would go with B here", True),
    ("Multiple Choice", "B", "I would go with C here", False),
    ("Multiple Choice", "B", "the warm one", False),
    ("multiple choice", "B", "B and C", False),
    ("Boolean", "Yes", "It is true.", True),
    ("Boolean", "No", "False!", True),
    ("Boolean", "No", "Yes, it is", False),
    ("Boolean", "Yes", "that depends", False),
]


@pytest.mark.parametrize(("answer_type", "reference", "answer", "correct"), DECIDED)
def test_closed_type(answer_type, reference, answer, correct):
    assert decide_by_rules(Item("", reference, answer, answer_type)).correct is correct


@pytest.mark.parametrize(
    ("answer_type", "reference", "answer", "correct"),
    [
        ("Float", "2.5", "the wind from the sea", False),
        ("Fraction", "1/2", "the wind from the sea", False),
        ("Percentage", "20%", "the wind from the sea", False),
        ("Fraction", "1/2", "half", True),
        ("String", "2 lamps", "the wind from the sea", False),  # the reference is a number
        ("String", "warm wind", "the wind from the sea", None),
        ("Integer", "warm wind", "the wind from the sea", None),  # the reference has another type
        ("Boolean", "warm wind", "the wind from the sea", None),
        ("Multiple Choice", "warm wind", "the wind from the sea", None),
        ("Other", "warm wind", "the wind from the sea", None),
    ],
)
def test_other_types(answer_type, reference, answer, correct):
    assert decide_by_rules(Item("", reference, answer, answer_type)).correct is correct


def test_tolerance_is_relative_to_the_reference():
    near, far = (Item("", "200", answer, tolerance=0.05) for answer in ("209", "211"))
    assert decide_by_rules(near)[:2] == (True, "tolerance")
    assert decide_by_rules(far)[:2] == (False, "tolerance")
    assert decide_by_rules(near._replace(tolerance=None)).correct is False
    assert decide_by_rules(Item("", "2 km", "2050 m", tolerance=0.05)).correct is True
    assert decide_by_rules(Item("", "Lima", "lima", tolerance=0.05)).decided_by == "text"


def test_options_of_the_item_are_read_like_options_in_the_question():
    from gr_toolkit.verify.cascade import by_rules

    item = Item("Which is the capital?", "B", "Lima", options=("Quito", "Lima"))
    assert by_rules(item)[0].correct is True
    assert by_rules(item._replace(answer="Quito"))[0].correct is False
    assert by_rules(item._replace(options=()))[0].correct is not True


OTHER_KIND = [
    ("1945", "within the usual constraints", True),
    ("-1.5 m", "some distance from here", True),
    ("1945", "it is unity", False),
    ("1945", "none", False),
    ("1945", "Twenty-one", False),
    ("1945", "the ninth", False),
    ("1945", "infinitely many", False),
    ("1945", "XIX", False),
    ("1945", "ab", False),
    ("1945", "in 1944", False),
    ("1945", r"\text{within} x^2", False),
    ("year", "within the constraints", False),
    ("x + 1", "within the warm constraints", True),
    ("x + 1", "one plus the variable", False),
    ("(1, 2]", "within the warm constraints", True),
    ("(1, 2]", "between one and two", False),
    ("B", "within the warm constraints", True),
    ("Yes", "within the warm constraints", True),
    ("Yes", "it does not hold", False),
    ("1945", "some distance", False),  # few words may denote a value
    ("1945", "wide " * (MAX_PLAIN_WORDS // 5), True),
    ("1945", "wide " * MAX_PLAIN_WORDS, False),
]


@pytest.mark.parametrize(("reference", "answer", "expected"), OTHER_KIND)
def test_plain_words_are_no_number(reference, answer, expected):
    assert other_kind(reference, answer) is expected


NUMBER_WORDS = """
zero no none nil one two three four five six seven eight nine ten eleven twelve twenty thirty forty
fifty hundred thousand million billion dozen half halves first second third quarter fifth sixths
single double triple twice once pair pi infinite infinity fourteen unity both nothing free all rest
right straight empty never same XVI Seven
"""


@pytest.mark.parametrize("word", NUMBER_WORDS.split())
def test_word_that_may_denote_a_number_is_not_another_kind(word):
    assert other_kind("1945", "the lot of them ran")
    assert not other_kind("1945", f"the {word} of them ran")


def test_code_is_no_number():
    for code in ('print("pwned")', "().__class__.__base__", "exec(open)"):
        assert other_kind("1945", code)
    assert not other_kind("1945", "f(x)")
    assert not other_kind("the Beatles", 'print("pwned")')


def test_paraphrase_of_an_option_is_no_other_kind():
    question = "Which?\nA. a warm front\nB. a mountain range"
    assert not other_kind("B", "the range of mountains nearby", question)
    assert other_kind("B", "the sea and the sky", question)
