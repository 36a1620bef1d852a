from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gr_toolkit.verify import answer_of, extract_answer

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
    r"The result is \\boxed{-3}": "-3",
    r"\boxed{f(x)=\left\{ x \right.}": r"f(x)=\left\{ x \right.",
    # nested boxes, and boxes without braces
    r"\boxed{x = \boxed{5}}": "x = 5",
    r"\boxed{42 \text{ or } \boxed{41}}": r"42 \text{ or } 41",
    r"\boxed{1} and so \boxed 2.": "2",
    r"\boxed\frac{1}{2}": r"\frac{1}{2}",
    r"\boxed B.": "B",
    r"\boxed -3": "-3",
    "\\boxed{several\nlines}": "several\nlines",
    "\\boxed{" + "{" * 3_000 + "x" + "}" * 3_000 + "}": "{" * 3_000 + "x" + "}" * 3_000,
    # one statement in several boxes
    r"\boxed{41} \boxed{42}": "41, 42",
    r"\boxed{41}, \boxed{42}": "41, 42",
    r"\boxed{41} or \boxed{42}": "41 or 42",
    r"$x = \boxed{1}$ and $y = \boxed{2}$": "1, 2",
    r"\boxed{42}, \boxed{42}": "42",
    r"\boxed{41}. \boxed{42}.": "41, 42",
    r"**\boxed{41}** or **\boxed{42}**": "41 or 42",
    r"\boxed{41} \text{ or } \boxed{42}": "41 or 42",
    r"\boxed{41} or maybe \boxed{42}": "41 or 42",
    "\\[\\boxed{41}\\]\n\n\\[\\boxed{42}\\]": "41, 42",
    r"the area is \boxed{41} and the volume is \boxed{42}": "42",
    r"m = \boxed{3} and n = \boxed{4}, so m + n = \boxed{7}": "7",
}


@pytest.mark.parametrize("completion", BOXES)
def test_last_closed_boxes_are_the_answer(completion):
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
    "## Final Answer\n\n42": "42",
    "**Final Answer**\n42": "42",
    "**The answer is 42.**": "42",
    "Answer: **42**": "42",
    "Answer: `42`": "42",
    'The answer is "Paris".': "Paris",
    '{"reasoning": "", "answer": "42"}': "42",
    "The answer is:\n$$\nx = 2\n$$\nas was to be shown": "x = 2",
    "The answer is $$41$$ or $$42$$": "$$41$$ or $$42$$",
    "The correct option is (C).": "(C)",
    "The answer is 42!": "42",
    "The answer is 5! = 120.": "5! = 120",
    "The answer is 6:00 a.m.": "6:00 a.m.",
    "The answer is 6:00 a.m. That is early.": "6:00 a.m.",
    "The answer is approx. 5 m. It is long.": "approx. 5 m",
    "The answer is 11, which is prime.": "11",
    "The answer is 11 because it is prime.": "11",
    "The answer is 1.5.": "1.5",
    "The answer is 42.</answer>": "42",
    "The answer is 4. The final answer is \\boxed{cut off": "4",
    "#### Step 1\nWe add.\nThe answer is 2.\n#### Note": "2",
    "Therefore, x is 41. Therefore, x is 42.": "41 or 42",
    "Thus there are 12 of them. I hope it is correct.": "12 of them",
    "The answer is A. The answer is B.": "A or B",
    "The answer is 450 g. The answer is (C).": "(C)",
    "The answer is (C) a cat. The answer is (C).": "(C)",
    "<|im_start|>assistant\nAnswer: 7<|im_end|>": "7",
    "Answer: 7<end_of_turn>": "7",
    "The answer is 42.<|im_end|>\n<|im_start|>user\nThe answer is 7.": "42",
}


@pytest.mark.parametrize("completion", PHRASES)
def test_answer_without_a_box_follows_the_last_phrase(completion):
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
    "<answer>42",
    "Put it in the \\boxed command.",
    r"The final answer is $\boxed{}$.",
    "The answer is ...",
    "The answer is $$",
    "#### Step 1\nWe add.",
    "Therefore, the discriminant is 4. We go on with the roots.",
    "The sun sank, so the leg is big and it was cold.",
    "{}",
]


@pytest.mark.parametrize("completion", NOTHING)
def test_some_completions_state_no_answer(completion):
    assert extract_answer(completion) is None


def test_box_beats_phrase_and_last_box_or_tag_wins():
    assert extract_answer(r"\boxed{1}. The answer is 2.").answer == "1"
    assert extract_answer(r"\boxed{}. The answer is 2.").answer == "2"
    assert extract_answer("<answer>42</answer>") == ("42", "tag")
    assert extract_answer(r"\boxed{1} <answer>2</answer>").answer == "2"
    assert extract_answer(r"<answer>so \boxed{3}</answer>").answer == "3"
    assert extract_answer(r"<answer>2</answer> \boxed{1}").answer == "1"
    assert extract_answer("<Answer>so the answer is 2.</Answer>") == ("2", "tag")
    assert extract_answer("<answer>It is Paris, I think.</answer>").answer == "It is Paris, I think."
    assert extract_answer("<answer>41</answer> or <answer>42</answer>").answer == "41 or 42"
    assert extract_answer("<answer>42</answer><answer></answer>").answer == "42"
    assert extract_answer(r"\boxed{42} <answer></answer>").answer == "42"
    assert extract_answer(r"\boxed{42}</answer>").answer == "42"


THINKING = {
    r"<think>\boxed{1}</think> \boxed{2}": "2",
    r"<think>\boxed{1}</think> I cannot tell.": None,
    r"<think>so it is \boxed{1}": None,
    r"no opening \boxed{1}</think> The answer is 3": "3",
    r"<think>a</think> \boxed{1} <think>b": None,
    r"<think>a</think> \boxed{1}<|im_end|> <think>b</think> \boxed{2}": "1",
    r"<think>a</think> \boxed{1} <think>b</think> \boxed{2}": "2",
}


@pytest.mark.parametrize("completion", THINKING)
def test_thinking_is_not_an_answer(completion):
    extraction = extract_answer(completion)
    assert (extraction.answer if extraction else None) == THINKING[completion]


def test_answer_of_accepts_a_bare_answer():
    assert answer_of(" 42\n") == "42"
    assert answer_of("<think>hm</think>42") == "42"
    assert answer_of("so it is \\boxed{42}.") == "42"
    assert answer_of("<think>42") is None
    assert answer_of(" \n") is None


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([*BOXES, *PHRASES, *THINKING, *NOTHING, "\\", "{", "}", "\n", "x", "$"])).map(
        "".join
    )
)
def test_extraction_is_deterministic_and_not_blank(completion):
    extraction = extract_answer(completion)
    assert extraction == extract_answer(completion)
    assert extraction is None or extraction.answer.strip()


PATHOLOGICAL = [
    r"\boxed{", r"\boxed{x", r"\boxed{{}", r"\boxed{1} ", r"\boxed{1}" + " " * 55 + "x", r"\boxed ",
    "answer is ", "answer to ", "The answer is 4. ", "Answer: ", "Answer:\n", "The answer is $$", "the ",
    "so, ", "therefore, x is ", "#### ", "{", "}", "\\", "</think>", "<think>", "<answer>", "</answer>",
    "<answer>1</answer>", "<|im_end|>", " ", "\n",
]  # fmt: skip


@pytest.mark.timeout(120)  # linear time is below a second, quadratic time about half an hour
@pytest.mark.parametrize("piece", PATHOLOGICAL)
def test_long_text_is_not_read_in_quadratic_time(piece):
    extraction = extract_answer(piece * (400_000 // len(piece)))
    assert extraction is None or extraction.answer.strip()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("statement", [r"\boxed{%d} ", "The answer is %d. ", "<answer>%d</answer> "])
def test_many_statements_are_not_read_in_quadratic_time(statement):
    many = "".join(statement % number for number in range(40_000))
    assert len(extract_answer(many).answer) > 150_000


def test_master_keys_state_no_answer(shared):
    rows = map(
        json.loads, (shared / "verdicts" / "adversarial.jsonl").read_text(encoding="utf-8").splitlines()
    )
    keys = [row["answer"] for row in rows if row["category"] == "master-key"]
    assert len(keys) > 30
    assert not any(extract_answer(key) for key in keys)
