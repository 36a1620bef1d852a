"""The forms in which texts are compared."""

from __future__ import annotations

import re
import unicodedata

# "Problem 3:", "Exercise 2.4 -", "12)" in front of a question say nothing about it.
ENUMERATOR = re.compile(
    r"^\W*(?:(?:problem|exercise|question|example|task|q)\s*#?\s*\d+(?:\.\d+)*\s*[.:)\-]?|\d+\s*[.)])\s+",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
# A minus stands beside a number or a symbol of one letter; a hyphen or a dash stands beside a word.
WORD_BEFORE, WORD_AFTER = r"(?<![^\W\d_]{2})(?<![^\W\d_]{2}\s)", r"(?!\s?[^\W\d_]{2})"
OPERATOR = re.compile(rf"[+*/^<>=≤≥≠]|{WORD_BEFORE}-{WORD_AFTER}")
# "One" is left out: it is a pronoun more often than a number.
NUMBER_WORDS = {
    "zero": "0",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
}


def plain(text: str) -> str:
    """Lower case, Unicode compatibility forms, single spaces, no enumerator in front."""
    text = unicodedata.normalize("NFKC", ENUMERATOR.sub("", text))
    return " ".join(text.casefold().split())


def words(text: str) -> list[str]:
    """The words, numbers and operators of a text; punctuation is dropped."""
    return re.findall(r"[^\W\d_]+|\d+(?:[.,]\d+)*|[+*/^<>=-]", plain(text))


def guard(text: str) -> str:
    """The numbers and operators of a text, in order and canonical.

    Two questions that differ here have different answers, however alike they read: the exercise with
    another number is more similar to the original than a true rewording of it under any shingle.
    """
    tokens = []
    text = plain(text)
    for match in re.finditer(rf"{NUMBER.pattern}|{OPERATOR.pattern}|[^\W\d_]+", text):
        token = match.group()
        if NUMBER.fullmatch(token):
            tokens.append(_canonical(token))
        elif token in NUMBER_WORDS:
            tokens.append(NUMBER_WORDS[token])
        elif not token.isalpha():
            tokens.append(token)
    return " ".join(token for token in tokens if token != "1")


def _canonical(number: str) -> str:
    number = number.replace(",", "")
    return number.rstrip("0").rstrip(".") if "." in number else number
