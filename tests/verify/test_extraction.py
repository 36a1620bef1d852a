from __future__ import annotations

import pytest

from verify import extract_answer

BOXES = {
    r"so \boxed{42}": "42",
    r"\boxed{ 42 }.": "42",
    r"\boxed{1} and then \boxed{2}": "2",
    r"\boxed{\frac{1}{\sqrt{2}}}": r"\frac{1}{\sqrt{2}}",
    r"\boxed{\{1, 2\}}": r"\{1, 2\}",
    r"\boxed{\boxed{5}}": "5",
    r"\fbox{7}": "7",
    r"\boxed {8}": "8",
    r"\boxed{9} and \boxed{cut off": "9",
    r"\boxed{cut off": None,
    r"\boxed{}": None,
    "\\boxed{several\nlines}": "several\nlines",
}


@pytest.mark.parametrize("completion", BOXES)
def test_the_last_closed_box_is_the_answer(completion):
    assert extract_answer(completion) == BOXES[completion]


PHRASES = {
    "The answer is 42.": "42",
    "The answer is: 42": "42",
    "Final Answer: 3.14.": "3.14",
    "**Answer:** 12 m/s": "12 m/s",
    "the correct answer is (B). It is the largest.": "(B)",
    "The answer is $x^2$.": "$x^2$",
    "The answer is $5": "$5",
    "The answer is 1.\nNo wait. The answer is 2.": "2",
    "Answer: \nIt is 5": None,
    "It must be 42.": None,
    "": None,
}


@pytest.mark.parametrize("completion", PHRASES)
def test_without_a_box_it_follows_the_last_phrase(completion):
    assert extract_answer(completion) == PHRASES[completion]


def test_a_box_goes_before_a_phrase():
    assert extract_answer(r"\boxed{1}. The answer is 2.") == "1"
    assert extract_answer(r"\boxed{}. The answer is 2.") == "2"


THINKING = {
    r"<think>\boxed{1}</think> \boxed{2}": "2",
    r"<think>\boxed{1}</think> I cannot tell.": None,
    r"<think>so it is \boxed{1}": None,
    r"no opening \boxed{1}</think> The answer is 3": "3",
    r"<think>a</think> \boxed{1} <think>b</think> \boxed{2}": "2",
}


@pytest.mark.parametrize("completion", THINKING)
def test_what_is_thought_is_no_answer(completion):
    assert extract_answer(completion) == THINKING[completion]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", [r"\boxed{", r"\boxed{x", "answer is ", "{", "}", "\\", "</think>", "<think>"]
)
def test_a_megabyte_of_anything_takes_no_time(piece):
    answer = extract_answer(piece * (1_000_000 // len(piece)))
    assert answer is None or len(answer) <= 200
