"""Numbers in words, in several languages."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import verify
from gr_toolkit.verify.reading.number_words import with_digits

WORDS = {
    "nineteen": "19",
    "forty-two goats": "42 goats",
    "two hundred and six": "206",
    "a thousand": "1000",
    "three million people": "3000000 people",
    "minus eight": "-8",
    "negative eight": "-8",
    "one point two five": "1.25",
    "half": "1/2",
    "a third": "1/3",
    "five eighths": "5/8",
    "three and a half": "3 1/2",
    "two and two thirds": "2 2/3",
    "half an hour": "1/2 hour",
    "a dozen eggs": "12 eggs",
    "half a dozen": "6",
    "three score": "60",
    "twice": "2",
    "none": "0",
    "ten percent": "10%",
    "siete": "7",
    "vierzehn": "14",
    "quatre-vingt-dix": "90",
    "dezesseis": "16",
    "XIX": "19",
    "MMXXIV": "2024",
}


@pytest.mark.parametrize("text", WORDS)
def test_number_in_words(text):
    assert with_digits(text) == WORDS[text]


@pytest.mark.parametrize(
    "text",
    [
        "", "goats", "the house", "first", "second", "no", "non", "I", "V", "o", "12 goats", "elf", "once",
        "null", "a quarter", "x" * 200, "!!",
    ],
)  # fmt: skip
def test_other_text_has_no_number_word(text):
    assert with_digits(text) is None


def test_language_of_the_question_decides_words_that_are_also_english():
    assert with_digits("once", "How many are there?") == "1"
    assert with_digits("once", "¿Cuántos jugadores hay en el campo?") == "11"
    assert with_digits("elf", "Wie viele Spieler sind es?") == "11"


@pytest.mark.parametrize(
    ("reference", "answer", "correct"),
    [
        ("19", "nineteen", True),
        ("19", "ninety", False),
        ("12 eggs", "a dozen eggs", True),
        ("100 years", "a century", True),
        ("14 days", "a fortnight", True),
        ("nineteen", "19", True),
        ("1/2", "half", True),
        ("2024", "MMXXIV", True),
        ("19", "some goats", None),
        ("0.25", "a quarter", True),
        ("25 cents", "a quarter", None),
        ("11", "once", None),
        ("2", "second", None),
    ],
)
def test_verdicts(reference, answer, correct):
    assert verify("", reference, answer).correct is correct
