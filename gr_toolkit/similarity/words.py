"""The forms in which texts are compared."""

from __future__ import annotations

import re
import unicodedata

# "Problem 3:", "Exercise 2.4 -", "12)" in front of a question say nothing about it.
ENUMERATOR = re.compile(
    r"^\W*(?:(?:problem|exercise|question|example|task|q)\s*#?\s*\d+(?:\.\d+)*\s*[.:)\-]?|\d+\s*[.)])\s+",
    re.IGNORECASE,
)
NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
LETTER = r"[^\W\d_]"
# A hyphen or a dash stands beside a word. A minus stands beside a number or a symbol of one letter, or has
# a space before it and a number right after it.
BESIDE_NO_WORD = rf"(?<!{LETTER}{{2}})(?<!{LETTER}{{2}}\s)[-–](?!\s?{LETTER}{{2}})"
MINUS = rf"−|{BESIDE_NO_WORD}|(?<!\S)[-–](?=\d)"
FACTORIAL = rf"(?<=[\w)])(?<!{LETTER}{{2}})!+"  # an exclamation stands after a word
OPERATOR = rf"<=|>=|!=|[+*/^<>=≤≥≠×÷⁄·⋅±∓%√∑∏∫∪∩]|{MINUS}|{FACTORIAL}"
PRONOUN = r"(?:this|that|the|which|each|every|any|no) one\b(?!-)|one of\b"  # in which "one" is no number
TOKEN = re.compile(rf"{PRONOUN}|{NUMBER}|{OPERATOR}|\\[a-z]+|{LETTER}+")
OTHER_SPELLINGS = {  # a backslash begins a name of TeX
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
    """Lower case, Unicode compatibility forms, single spaces, no enumerator in front."""
    text = unicodedata.normalize("NFKC", ENUMERATOR.sub("", text))
    return " ".join(text.casefold().split())


def words(text: str) -> list[str]:
    """The words, numbers and operators of a text; punctuation is dropped."""
    return re.findall(r"[^\W\d_]+|\d+(?:[.,]\d+)*|[+*/^<>=-]", plain(text))


def guard(text: str) -> str:
    """The numbers and operators of a plain text, in order and canonical.

    Two questions that differ here have different answers, however alike they read: the exercise with
    another number is more similar to the original than a true rewording of it under any shingle.
    """
    found = (_canonical(match.group()) for match in TOKEN.finditer(text))
    return " ".join(token for token in found if token)


def _canonical(token: str) -> str | None:
    """The one form of a number or an operator; None for any other word."""
    if token[0].isdecimal():
        number = token.replace(",", "")
        return number.rstrip("0").rstrip(".") if "." in number else number
    return CANONICAL.get(token) or (None if token[-1].isalpha() else token)
