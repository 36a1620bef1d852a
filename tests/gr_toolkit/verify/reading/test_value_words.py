"""Words that denote a value, words that may, and words that only talk about the task."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.reading.value_words import is_talk, may_denote_value, value_of

VALUES = [
    ("a nickel", "", "5 cents"),
    ("broken", "", None),
    ("They break even.", "", "0"),
    ("no change", "", "0"),
    ("it remains constant", "", "0"),
    ("orthogonal", "", "90°"),
    ("parallel", "What is the angle between the lines?", "0°"),
    ("parallel", "How are the resistors connected?", None),
    ("guaranteed", "What is the probability?", "1"),
    ("guaranteed", "What is it worth?", None),
    ("never", "What is the chance?", "0"),
    ("fifty-fifty", "What are the odds?", "1/2"),
    ("a quarter", "What is the price in coins?", "25 cents"),
    ("a quarter", "What part of it is left?", "1/4"),
    ("neutral", "What is the net charge?", "0"),
    ("neutral", "What is the pH?", None),
    ("at rest", "What is its speed?", "0"),
    ("infinitely many", "", r"\infty"),
    ("it doubles", "By what factor does it change?", "2"),
]


@pytest.mark.parametrize(("text", "question", "value"), VALUES)
def test_value_in_plain_words(text, question, value):
    assert value_of(text, question) == value


TALK = [
    "Solution", "Solution:", "Thought process:", "Let's think step by step", "The answer", "# Answer", "null",
    "N/A", "Let us solve the problem", "To solve this problem, we need to find the answer.", "Respuesta",
    "解答", "First, we analyze the question", "Step by step reasoning",
]  # fmt: skip


@pytest.mark.parametrize("text", TALK)
def test_talk(text):
    assert is_talk(text)
    assert not may_denote_value(text)


@pytest.mark.parametrize(
    "text",
    ["A", "I", "True", "Paris", "We need oxygen", "To find food", "x = 3", "the model", "none", "unchanged"],
)
def test_answers_are_no_talk(text):
    assert not is_talk(text)


@pytest.mark.parametrize(
    ("text", "may"),
    [("break even", True), ("a dime", True), ("the lot of them ran", False), ("one of the lot ran", True)],
)
def test_few_words_may_denote_a_value(text, may):
    assert may_denote_value(text) is may
