"""Numbers, operators and enumerators in the normalised forms of a text."""

from __future__ import annotations

import hashlib

import pytest

from gr_toolkit.similarity import sign
from gr_toolkit.similarity.words import guard, plain, words

ENUMERATED = [
    "Problem 3: why?", "Exercise 2.4 - why?", "Question 1) why?", "Example 12. why?", "Task 7 why?",
    "Q3: why?", "q #3. why?", "12) why?", "3. why?", "- Problem 3: why?", "(3) why?", "PROBLEM 3: why?",
]  # fmt: skip


@pytest.mark.parametrize("text", ENUMERATED)
def test_enumerator_is_not_a_part_of_a_question(text):
    assert plain(text) == "why?"


@pytest.mark.parametrize("text", ["3 whys", "3.5 whys", "problem why?", "why? 3) it", "3)why"])
def test_other_numbers_at_the_start_are_kept(text):
    assert plain(text) == text


def test_plain_text_has_single_spaces_and_no_case():
    assert plain(" Why \n\t NOT?  Straße ﬁne ") == "why not? strasse fine"


SIGNS = {
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
    "+": [],
    "^": [],
    "=": [],
}


@pytest.mark.parametrize("sign", SIGNS)
def test_spellings_of_an_operator_have_one_guard(sign):
    for spelling in [sign, *SIGNS[sign]]:
        assert guard(f"5 {spelling} 3") == f"5 {sign} 3"


NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve"


@pytest.mark.parametrize(("number", "word"), list(enumerate(NUMBER_WORDS.split())))
def test_number_words_are_numbers(number, word):
    assert guard(f"{word} cats") == str(number)
    assert guard(f"{word}x cats") == ""


@pytest.mark.parametrize("pronoun", ["this", "that", "the", "which", "each", "every", "any", "no"])
def test_one_after_a_pronoun_is_not_a_number(pronoun):
    assert guard(f"{pronoun} one is red") == ""
    assert guard(f"{pronoun} one-eyed cat") == "1"
    assert guard("one of them") == ""
    assert guard("a one is red") == "1"


GUARDS = [
    ("1,234.50 and 1,234", "1234.5 1234"),
    ("10.0 and 100", "10 100"),
    ("1,2 and 1,23", "1 2 1 23"),
    ("x - 1", "- 1"),
    ("at -5", "- 5"),
    ("a well-known - or known - fact", ""),
    ("pages 3-5", "3 - 5"),
    ("x-y", "-"),
    ("(n)! and n!", "! !"),
    ("stop! why!", ""),
    (r"\alpha + \beta", "+"),
    ("cats, dogs; a_b", ""),
]


@pytest.mark.parametrize(("text", "expected"), GUARDS)
def test_guard(text, expected):
    assert guard(text) == expected


def test_words_include_numbers_and_operators():
    assert words("Let x_1 = 1,234.5, y < 2; so-called (a+b)^2!") == [
        "let", "x", "1", "=", "1,234.5", "y", "<", "2", "so", "-", "called", "a", "+", "b", "^", "2",
    ]  # fmt: skip
    assert words(" \n?!") == []


def test_signature_covers_the_whole_text():
    texts = ["abcdefgh", "abcdefgi", "xbcdefgh", "abcd", "abce", ""]
    signatures = sign(texts)
    assert len({tuple(signature.minhash) for signature in signatures}) == len(texts)
    for text, signature in zip(texts, signatures, strict=True):
        assert signature.digest == hashlib.sha256(text.encode()).hexdigest()[:32]
