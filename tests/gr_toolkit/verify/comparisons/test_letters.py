"""Option letters in the forms that real models write."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gr_toolkit.verify.comparisons.letters import compare_letters
from gr_toolkit.verify.question.options import read_options
from gr_toolkit.verify.reading.normalise import normalise

OPTIONS = "Which?\nA. Paris\nB. 12 J\nC. Vitamin C\nD. Both A and B\nE. (A) and (B) only"

CHOOSES_B = [
    "B",
    "(B)",
    "[B]",
    "B.",
    "B)",
    "**B**",
    r"\textbf{B}",
    "$B$",
    "Option B",
    "B. Paris",
    "B) 12",
    "B: 12",
    "B - Paris",
    "(B) because it is",
    "B because it is",
    "(B) False",
    "B is correct",
    "the correct option is (B)",
    "The best choice is option B",
    "final answer: B",
    "... B",
    "Let's think step by step. It's not A because it doesn't make sense, therefore I think it's B",
    "The answer: B, it doesn't make sense for it to be A or C",
    "réponse est B non A",
    "B。不是 A",
    "B不是 A",
]
CHOOSES_NONE = [
    "not B",
    "B is wrong",
    "The answer is not B",
    "B isn't right",
    "It can't be B",
    "B?",
    "B or maybe C",
    "B, no wait, C",
    "B = 5",
    "B*2",
    "B'",
    "B_1",
    "(A)(B)",
    "The answer is B because A is wrong",
    "Which of A and B?",
    "\u0412",  # Cyrillic
]
CHOOSES_SEVERAL = ["A or B", "A, B, C, D", "(A) and (B)", "(A, B)", "B/C", "A, B, and C"]


@pytest.mark.parametrize("answer", CHOOSES_B)
def test_the_letter_decides(answer):
    assert compare_letters("B", answer, "") is True
    assert compare_letters("(B)", normalise(answer), "") is True
    assert compare_letters("D", answer, "") is False


@pytest.mark.parametrize("answer", CHOOSES_NONE)
def test_no_letter_is_chosen(answer):
    assert compare_letters("B", answer, "") is None


@pytest.mark.parametrize("answer", CHOOSES_SEVERAL)
def test_several_letters_are_wrong(answer):
    assert compare_letters("B", answer, "") is False


@pytest.mark.parametrize("answer", ["A triangle", "A = 5", "I think so", "A man", "I am"])
def test_article_or_pronoun_is_not_a_letter(answer):
    assert compare_letters(answer[0], answer, "") is None


@pytest.mark.parametrize(
    ("reference", "answer", "expected"),
    [
        ("B", "12 J", True),
        ("B", "b", True),
        ("B", "Vitamin C", False),
        ("C", "Vitamin C", True),
        ("C", "C. Vitamin C", True),
        ("C", "C. Paris", None),  # one option's letter and another option's text
        ("C", "C. Vitamin C or A", None),
        ("Paris", "A", True),
        ("Paris", "(B)", False),
        ("D", "Both A and B", True),
        ("D. Both A and B", "D", True),
        ("E", "(A) and (B) only", True),
        ("A", "(A) and (B) only", False),
        ("B", "13 J", None),
    ],
)
def test_options_are_read_from_the_question(reference, answer, expected):
    assert compare_letters(reference, answer, OPTIONS) is expected


@pytest.mark.parametrize(
    ("reference", "answer", "expected"),
    [
        ("(A) Cecile", "C", False),
        ("(A) Cecile", "Cecile", True),
        ("(A) Cecile", "(A) Peter", None),
        ("C Cecile", "C", True),
        ("A Roman emperor", "A", None),
        ("A. Einstein", "A", None),
        ("A. Einstein", "A. Smith", None),
        ("A) 3.5, B) 5.0", "A) 3.5, B) 6.0", None),
        ("E", "e", None),
        ("F", "F = ma", None),
    ],
)
def test_reference_with_option_text(reference, answer, expected):
    assert compare_letters(reference, answer, "") is expected


def test_options_may_be_on_separate_lines_or_inline():
    assert read_options("What?\n(A) one\n(B) two").texts == {"A": "one", "B": "two"}
    assert read_options(r"What? $\textbf{(A) } 1 \qquad \textbf{(B) } 2$").texts.keys() == {"A", "B"}
    assert read_options("Find A. Then find x.").texts == {}


@given(
    st.sampled_from("ABCDEFGHIJ"),
    st.sampled_from("ABCDEFGHIJ"),
    st.sampled_from(["{}", "({})", "{}.", "**{}**"]),
)
def test_different_letter_is_never_correct(gold, other, form):
    assert compare_letters(gold, form.format(other), "") is (gold == other)


@given(st.text(max_size=60), st.text(max_size=600), st.text(max_size=200))
def test_any_text_is_judged(reference, answer, question):
    assert compare_letters(reference, answer, question) in (True, False, None)


def test_real_outputs_agree_with_upstream(shared):
    """If a model writes "the answer is" once and names one letter, the verdict matches upstream's."""
    decided = total = 0
    for file in sorted((shared / "model_outputs").glob("mmlu_pro__*.jsonl")):
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines()[:300]):
            phrases = re.findall(r"answer is:?\s*([^\n]*)", row["model_output"])
            if len(phrases) != 1 or len(set(re.findall(r"\(([A-J])\)", phrases[0]))) != 1:
                continue
            listed = (f"{chr(ord('A') + at)}. {text}" for at, text in enumerate(row["options"]))
            verdict = compare_letters(
                row["gold"], normalise(phrases[0]), "\n".join([row["question"], *listed])
            )
            total += 1
            decided += verdict is not None
            assert verdict in (None, row["upstream_correct"]), phrases
    assert total > 900
    assert decided > 0.99 * total


def test_joined_letters_are_several_and_paraphrased_text_keeps_its_letter():
    assert compare_letters("B", "AB", OPTIONS) is False
    assert compare_letters("B", "(B) twelve joules", OPTIONS) is True
    assert compare_letters("B", "(A) twelve joules", OPTIONS) is False
