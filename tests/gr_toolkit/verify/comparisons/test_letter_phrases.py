"""The wording around an option letter: assertions, denials, exclusions and further letters."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.comparisons.letters import (
    MAX_LENGTH,
    closed_letter,
    compare_letters,
    compare_with_options,
    shares_words,
)
from gr_toolkit.verify.comparisons.quantities import compare_quantities
from gr_toolkit.verify.question.options import read_options

OPTIONS = "Which?\nA. 10 m\nB. 2.5 km\nC. 30 m"

ASSERTED = [
    "Answer B", "Answers: B", "Option B", "Options: B", "Choice B", "Choices: B", "Choose B", "Select B.",
    "Pick B,", "It's B", "It is B", "The answer would be B", "The answer is: B", "B because A is smaller",
    "B since it is", "B as it is", "B, and so it is", "B but not A", "B due to heat", "B given that it is",
    "B therefore", "B which is it", "B is correct", "B is right", "B is the best option",
    "B is the answer", "B is right, not A", "B; it is so", "B: it is so", "B! It is so", "B — it is so",
    "B - it is so", "B. It is so", "B\nIt is so", "[B] it is",
]  # fmt: skip


@pytest.mark.parametrize("answer", ASSERTED)
def test_asserted_letter_is_chosen(answer):
    assert compare_letters("B", answer) is True
    assert compare_letters("D", answer) is False


COPULAS = "is are was be seems looks does do can could would should must"
EXCLUSIONS = ["not", "non", "neither", "nor", "cannot", "rather than", "instead of", "isn't", "can’t", "不是"]
VERDICTS = ["wrong", "incorrect", "false", "excluded", "eliminated", "ruled out"]


@pytest.mark.parametrize("copula", COPULAS.split())
def test_denied_letter_is_not_chosen(copula):
    assert compare_letters("B", f"B {copula} not it") is None
    assert compare_letters("B", f"Answer B: B really {copula} not it") is None
    assert compare_letters("B", f"B, for it {copula} not A") is True
    for verdict in VERDICTS:
        assert compare_letters("B", f"Option B {copula} {verdict}") is None
        assert compare_letters("B", f"B) {copula} clearly {verdict}") is None


@pytest.mark.parametrize("excluding", EXCLUSIONS)
def test_excluded_letter_is_not_chosen(excluding):
    assert compare_letters("A", f"The answer is B, {excluding} A") is False
    assert compare_letters("B", f"The answer is B, {excluding} A") is True
    assert compare_letters("B", f"The answer is {excluding} B") is None


DENIALS = [
    "B is a trap", "B is never right", "B cannot be right", "B has been eliminated", "Nobody would choose B",
    "An incorrect choice: B", "the least likely option is B", "Rule out B", "all but B", "B would be wrong",
    "Avoid option B", "Reject B",
]  # fmt: skip


@pytest.mark.parametrize("answer", DENIALS)
def test_denied_letter_is_never_correct(answer):
    for question in ("", OPTIONS):
        assert compare_letters("B", answer, question) is not True
        assert closed_letter("B", answer, question) is False


@pytest.mark.parametrize(
    "answer",
    [
        "It must be B",
        "Antwort: B",
        "Respuesta: B",
        "opción B",
        "La respuesta es B",
        "答案是B",
        "故选B",
        "选B",
    ],
)
def test_letter_is_asserted_in_other_words(answer):
    assert compare_letters("B", answer, OPTIONS) is True
    assert compare_letters("C", answer, OPTIONS) is False


@pytest.mark.parametrize(
    ("answer", "correct"),
    [
        ("B", True),
        ("surely B", True),
        ("2.5 km", True),
        ("A or B", False),
        ("A", False),
        ("", False),
        ("B?", False),
    ],
)
def test_closed_letter_is_always_decided(answer, correct):
    assert closed_letter("B", answer, OPTIONS) is correct


def test_reference_without_a_letter_is_no_closed_letter():
    assert closed_letter("a long text", "B", "") is None


def test_answer_may_choose_an_option_by_letter_or_by_words():
    assert shares_words("perhaps B", [])
    assert shares_words("some Vitamins", ["vitamins"])
    assert not shares_words("a cat", ["vitamins"])


ADDING = ["and", "or", "also", "both", "but", "either", "as", "however"]


@pytest.mark.parametrize("joined", [*ADDING, "be", "is", "wait,", "maybe", "no,", "to"])
def test_further_letter_makes_the_choice_uncertain(joined):
    assert compare_letters("B", f"The answer is B, {joined} C") is None
    assert compare_letters("C", f"The answer is B, {joined} C") is None


@pytest.mark.parametrize("joined", ADDING)
def test_added_a_or_i_is_a_letter_before_other_words(joined):
    assert compare_letters("B", f"The answer is B; {joined} A seems fine") is None
    assert compare_letters("B", f"The answer is B; {joined} I'd say it twice") is True


@pytest.mark.parametrize("reason", ["because", "since", "as", "so"])
def test_letter_in_a_reason_is_not_an_answer(reason):
    assert compare_letters("B", f"The answer is B, {reason} heat rises in C") is True
    assert compare_letters("C", f"The answer is B, {reason} heat rises in C") is False


@pytest.mark.parametrize("reference", ["A) 3.5 b) 5.0", "A: 3.5, B: 5.0", "(A) 3.5 (b) 5.0"])
def test_reference_with_several_labels_is_no_option(reference):
    assert compare_letters(reference, "A") is None
    assert compare_letters("A) 3.5 in all", "A") is True


@pytest.mark.parametrize(
    "answer",
    [
        "The answer is B (C)", "The answer is B, [C] too", "The answer is B, C) too", "The answer is B: C",
        "B?", "It is B. It is C", "The answer is B, option C", "I and II", "F, Cl, Br", "A, B", "A & Z",
        "A/B",
    ],
)  # fmt: skip
def test_several_letters_are_never_correct(answer):
    for letter in "ABCFI":
        assert compare_letters(letter, answer) is not True


LABELLED = [
    ("Option B: twelve", "B", True),
    ("choice (B) twelve", "B", True),
    ("(B). twelve", "B", True),
    ("B: twelve", "B", True),
    ("B twelve", "B", True),
    ("B. twelve or A. ten", "B", None),
    ("(B) 10 m", "B", None),  # the text of A
    ("(B) 10 m", "A", None),
    ("10 m", "A", True),
    ("'10 M.'", "A", True),
    ("10 m", "B", False),
    ("11 m", "A", None),
    ("b", "B", True),
    ("b)", "B", True),
    ("BC", "B", False),
    ("B, C", "B", False),
    ("D", "B", False),
    ("K", "B", None),
]


@pytest.mark.parametrize(("answer", "reference", "expected"), LABELLED)
def test_letter_with_the_text_of_an_option(answer, reference, expected):
    assert compare_letters(reference, answer, OPTIONS) is expected


@pytest.mark.parametrize(
    "reference", [r"\textbf{B}", r"\mathrm{B}", r"\mathsf{B}", r"\boxed{B}", "`B`", "$B$", "__B__"]
)
def test_markup_around_a_letter(reference):
    assert compare_letters(reference, "B") is True
    assert compare_letters(reference, "C") is False


@pytest.mark.parametrize(("length", "expected"), [(MAX_LENGTH, True), (MAX_LENGTH + 1, None)])
def test_length_of_an_answer_is_limited(length, expected):
    answer = "B because it is so"
    assert compare_letters("B", answer + "o" * (length - len(answer))) is expected


@pytest.mark.parametrize(
    "answer", ["A, " * 150, "A and " * 80, "a,  " * 120, "B is " * 90, "not B, " * 70, "I," + " " * 480]
)
def test_long_lists_are_read_in_linear_time(answer):
    assert compare_letters("B", answer, OPTIONS) is not True
    assert compare_letters("(b)", answer, "Which? (a) x (b) y (c) z") is not True


def test_options_are_lettered_in_order():
    assert read_options("Which?\nA) one\nB) two\nD) four\nC) three").texts == {
        "A": "one",
        "B": "two D) four",
        "C": "three",
    }
    assert read_options("Which?\nB) two\nC) three").texts == {}
    assert read_options("Which?\nA) one").texts == {}


VALUES = [
    ("A", "1000 cm", True),
    ("B", "1000 cm", False),
    ("B", "2500 m", True),
    ("A", "70 m", False),
    ("A", "words and more", None),
    ("D", "1000 cm", None),  # there is no such option
    ("10 m", "1000 cm", None),
]


def compare(option: str, answer: str) -> bool | None:
    return compare_quantities(option, answer, "")


@pytest.mark.parametrize(("reference", "answer", "expected"), VALUES)
def test_value_of_an_option(reference, answer, expected):
    assert compare_with_options(reference, answer, OPTIONS, compare) is expected


def test_value_of_two_options_is_undecided():
    assert compare_with_options("A", "1000 cm", f"{OPTIONS}\nD. 0.01 km", compare) is None
