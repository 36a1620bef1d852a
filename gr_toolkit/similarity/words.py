"""Normalises texts for comparison."""

from __future__ import annotations

import re
import unicodedata

# The enumerator before a question ("Problem 3:", "Exercise 2.4 -", "12)"), which `plain` removes.
ENUMERATOR = re.compile(
    r"^\W*(?:(?:problem|exercise|question|example|task|q)\s*#?\s*\d+(?:\.\d+)*\s*[.:)\-]?|\d+\s*[.)])\s+",
    re.IGNORECASE,
)
NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
LETTER = r"[^\W\d_]"
# A hyphen or a dash is next to a word. A minus is next to a number or a one-letter symbol, or has a space
# before it and a number directly after it.
NOT_NEXT_TO_WORD = rf"(?<!{LETTER}{{2}})(?<!{LETTER}{{2}}\s)[-–](?!\s?{LETTER}{{2}})"
MINUS = rf"−|{NOT_NEXT_TO_WORD}|(?<!\S)[-–](?=\d)"
FACTORIAL = rf"(?<=[\w)])(?<!{LETTER}{{2}})!+"  # after a word, ! is an exclamation mark
OPERATOR = rf"<=|>=|!=|[+*/^<>=≤≥≠×÷⁄·⋅±∓%√∑∏∫∪∩]|{MINUS}|{FACTORIAL}"
PRONOUN = r"(?:this|that|the|which|each|every|any|no) one\b(?!-)|one of\b"  # "one" is not a number here
TOKEN = re.compile(rf"{PRONOUN}|{NUMBER}|{OPERATOR}|\\[a-z]+|{LETTER}+")
OTHER_SPELLINGS = {  # signs and their other spellings; a backslash starts a TeX command
    "*": ["×", r"\times"],
    "/": ["÷", "⁄", r"\div"],
    "-": ["−", "–"],
    "·": ["⋅", r"\cdot"],
    "±": [r"\pm"],
    "∓": [r"\mp"],
    "<": [r"\lt"],
    ">": [r"\gt"],
    "≤": ["<=", r"\le", r"\leq", r"\leqslant"],
    "≥": [">=", r"\ge", r"\geq", r"\geqslant"],
    "≠": ["!=", r"\ne", r"\neq"],
    "%": ["percent"],
    "√": [r"\sqrt"],
    "∑": [r"\sum"],
    "∏": [r"\prod"],
    "∫": [r"\int"],
    "∪": [r"\cup"],
    "∩": [r"\cap"],
}
NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve"
CANONICAL = {other: sign for sign, others in OTHER_SPELLINGS.items() for other in others} | {
    word: str(number) for number, word in enumerate(NUMBER_WORDS.split())
}


def plain(text: str) -> str:
    """Return the text in lower case and NFKC form, with single spaces and no leading enumerator."""
    text = unicodedata.normalize("NFKC", ENUMERATOR.sub("", text))
    return " ".join(text.casefold().split())


def words(text: str) -> list[str]:
    """Return the words, numbers and operators of a text; punctuation is dropped."""
    return re.findall(r"[^\W\d_]+|\d+(?:[.,]\d+)*|[+*/^<>=-]", plain(text))


def guard(text: str) -> str:
    """Return the numbers and operators of a plain text, in order and in canonical form.

    Two questions with different guards have different answers, even if they look alike. MinHash cannot detect
    this: with n-grams of any size, an exercise with another number is more similar to the original than a
    true rewording is.
    """
    found = (_canonical(match.group()) for match in TOKEN.finditer(text))
    return " ".join(token for token in found if token)


def _canonical(token: str) -> str | None:
    """The canonical form of a number or an operator; None for any other word."""
    if token[0].isdecimal():
        number = token.replace(",", "")
        return number.rstrip("0").rstrip(".") if "." in number else number
    return CANONICAL.get(token) or (None if token[-1].isalpha() else token)
