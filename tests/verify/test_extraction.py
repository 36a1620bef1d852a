from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify import answer_of, extract_answer

BOXES = {
    r"so \boxed{42}": "42",
    r"\boxed{ 42 }.": "42",
    r"\boxed{1} and then \boxed{2}": "2",
    r"\boxed{\frac{1}{\sqrt{2}}}": r"\frac{1}{\sqrt{2}}",
    r"\boxed{\{1, 2\}}": r"\{1, 2\}",
    r"\boxed{\boxed{5}}": "5",
    r"\fbox{7}": "7",
    r"\boxed {8}": "8",
    r"\boxed 42": "42",
    r"$\boxed7$": "7",
    r"\boxed{9} and \boxed{cut off": "9",
    r"\boxed{1} \boxed{}": "1",
    "\\boxed{several\nlines}": "several\nlines",
    "\\boxed{" + "{" * 3_000 + "x" + "}" * 3_000 + "}": "{" * 3_000 + "x" + "}" * 3_000,
    # one statement in several boxes
    r"\boxed{41} \boxed{42}": "41, 42",
    r"\boxed{41}, \boxed{42}": "41, 42",
    r"\boxed{41} or \boxed{42}": "41 or 42",
    r"$x = \boxed{1}$ and $y = \boxed{2}$": "1, 2",
    r"\boxed{42}, \boxed{42}": "42",
}


@pytest.mark.parametrize("completion", BOXES)
def test_the_last_closed_boxes_are_the_answer(completion):
    extraction = extract_answer(completion)
    assert (extraction.answer, extraction.found_by) == (BOXES[completion], "box")


PHRASES = {
    "The answer is 42.": "42",
    "The answer is: 42": "42",
    "The answer is 42.\n": "42",
    "Final Answer: 3.14.": "3.14",
    "**Answer:** 12 m/s": "12 m/s",
    "**Final Answer**: 12": "12",
    "Final Answer:\n42": "42",
    "Final answer: The answer is 42.": "42",
    "the correct answer is (B). It is the largest.": "(B)",
    "The answer is B. Paris": "B. Paris",
    "The answer is $x^2$.": "$x^2$",
    "The answer is $5": "$5",
    "The answer is 6 a.m. on Monday.": "6 a.m. on Monday",
    "The answer is Dr. Jekyll. He was it.": "Dr. Jekyll",
    "The answer to the question is 12.": "12",
    "so 16-3-4=9\n#### 9": "9",
    "Therefore the answer is -3": "-3",
    "Therefore, the area is 12.": "12",
    "答案：42。": "42",
    "The answer is 1.\nNo wait. The answer is 2.": "2",
    "The answer is 42. No wait, the answer is 41.": "41",
    "The answer is 41. The answer is 42.": "41 or 42",
    "The answer is 42. The answer is 42.": "42",
    "The answer is (A).\n\nThe answer is (B).": "(B)",
    "The answer is 42.<|im_end|>\n<|im_start|>user\nThe answer is 7.": "42",
}


@pytest.mark.parametrize("completion", PHRASES)
def test_without_a_box_it_follows_the_last_phrase(completion):
    extraction = extract_answer(completion)
    assert (extraction.answer, extraction.found_by) == (PHRASES[completion], "phrase")


NOTHING = [
    r"\boxed{cut off",
    r"\boxed{}",
    "It must be 42.",
    "",
    " \n",
    "answer is " * 50,
    "<answer></answer>",
    "{}",
]


@pytest.mark.parametrize("completion", NOTHING)
def test_some_completions_state_no_answer(completion):
    assert extract_answer(completion) is None


def test_a_box_goes_before_a_phrase_and_a_tag_before_what_is_before_it():
    assert extract_answer(r"\boxed{1}. The answer is 2.").answer == "1"
    assert extract_answer(r"\boxed{}. The answer is 2.").answer == "2"
    assert extract_answer("<answer>42</answer>") == ("42", "tag")
    assert extract_answer(r"\boxed{1} <answer>2</answer>").answer == "2"
    assert extract_answer(r"<answer>so \boxed{3}</answer>").answer == "3"
    assert extract_answer(r"<answer>2</answer> \boxed{1}").answer == "1"


THINKING = {
    r"<think>\boxed{1}</think> \boxed{2}": "2",
    r"<think>\boxed{1}</think> I cannot tell.": None,
    r"<think>so it is \boxed{1}": None,
    r"no opening \boxed{1}</think> The answer is 3": "3",
    r"<think>a</think> \boxed{1} <think>b</think> \boxed{2}": "2",
}


@pytest.mark.parametrize("completion", THINKING)
def test_what_is_thought_is_no_answer(completion):
    extraction = extract_answer(completion)
    assert (extraction.answer if extraction else None) == THINKING[completion]


def test_a_text_may_be_a_bare_answer():
    assert answer_of(" 42\n") == "42"
    assert answer_of("<think>hm</think>42") == "42"
    assert answer_of("so it is \\boxed{42}.") == "42"
    assert answer_of("<think>42") is None
    assert answer_of(" \n") is None


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([*BOXES, *PHRASES, *THINKING, *NOTHING, "\\", "{", "}", "\n", "x", "$"])).map(
        "".join
    )
)
def test_every_text_has_one_extraction(completion):
    extraction = extract_answer(completion)
    assert extraction == extract_answer(completion)
    assert extraction is None or extraction.answer.strip()


NASTY = [
    r"\boxed{", r"\boxed{x", r"\boxed{1} ", r"\boxed ", "answer is ", "answer to ", "The answer is 4. ",
    "Answer: ", "so ", "therefore, x is ", "{", "}", "\\", "</think>", "<think>", "<answer>", "</answer>",
    "<|im_end|>", " ", "\n",
]  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", NASTY)
def test_a_long_text_of_anything_takes_no_time(piece):
    extraction = extract_answer(piece * (300_000 // len(piece)))
    assert extraction is None or len(extraction.answer) <= 1_000


def test_no_key_word_of_a_master_key_states_the_answer(shared):
    rows = map(
        json.loads, (shared / "verdicts" / "adversarial.jsonl").read_text(encoding="utf-8").splitlines()
    )
    keys = [row["answer"] for row in rows if row["category"] == "master-key"]
    assert len(keys) > 30
    assert not any(extract_answer(key) for key in keys)
