"""Extraction and reward as in the paper's own code, including its mistakes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gr_toolkit.verify.extraction.paper import PHRASES, STOP_WORDS, extract_solution, paper_reward

# Observed on the published code (the measurements are in the project's notes).
EXTRACTIONS = {
    "no newline at the end": ("The answer is: 42", None),
    "a newline at the end": ("The answer is: 42\n", "42"),
    "three levels": (r"\boxed{\frac{\sqrt{\frac{1}{2}}}{3}}", None),
    "two levels": (r"\boxed{\frac{\sqrt{2}}{3}}", r"\frac{\sqrt{2}}{3}"),
    "three levels after another box": (r"\boxed{1} \boxed{\frac{\sqrt{\frac{1}{2}}}{3}}", "1"),
    "braces of a set": (r"\boxed{\{1,2\}}", r"\{1,2\}"),
    "a lone escaped brace": (r"\boxed{f(x)=\left\{ x \right.}", None),
    "a space before the brace": (r"\boxed {42}", None),
    "fbox": (r"\fbox{42}", None),
    "no brace": (r"\boxed 42", None),
    "an empty box and a phrase": ("\\boxed{}\nFinal Answer: 42\n", "42"),
    "an empty box after another": ("\\boxed{41}\nFinal Answer: 42\n\\boxed{}", "42"),
    "a box of a space": ("\\boxed{ } Answer: 42\n", " "),
    "two boxes": (r"\boxed{42} \boxed{41}", "41"),
    "a box in the prompt": (
        "<|im_start|>user\nPut it in \\boxed{answer}.<|im_end|>\n<|im_start|>assistant\nI do not know.",
        "answer",
    ),
    "a phrase in the prompt": (
        "<|im_start|>user\nAnswer: 42\nIs it so?<|im_end|>\n<|im_start|>assistant\nNo.",
        "42",
    ),
    "an example in the prompt": ("User: Solution: 42\nAnd this? Assistant: I do not know.", "42"),
    "unclosed": (r"\boxed{42", None),
    "gsm8k": ("#### 42", None),
    "bold": ("**Answer:** 42\n", "** 42"),
    "a full stop": ("The answer is 42.", None),
    "end of message": ("Answer: 42<|im_end|>\n", "42"),
    "a box at the end of message": (r"\boxed{42}<|im_end|>", "42"),
    "two lines": ("Answer:\n42\n", "42"),
    "an empty line": ("Answer:\n", ""),
    "an empty line and a line without an end": ("Answer:\n42", ""),
    "a heading in the answer": ("Answer: 43\n\n### Student Answer: 43\n", "43"),
    "a verdict in the box": (r"\boxed{43. Final Decision: Yes}", "43. Final Decision: Yes"),
    "the phrase that begins last": ("Answer: 2\nFinal Answer: 1\nsolution: 3\n", "3"),
    "a phrase within the rest of a phrase": ("Answer: 1 Final Answer: 2\n", "2"),
    "a phrase within its own rest": ("Answer: 1 Answer: 2\n", "1 Answer: 2"),
    "a tag": ("Answer: a <b\n", "a <b"),
    "a tag that takes the newline": ("Answer: a <\n", None),
    "two tags": ("Answer: a << b\n", None),
}


@pytest.mark.parametrize(("text", "solution"), EXTRACTIONS.values(), ids=EXTRACTIONS.keys())
def test_extract_solution(text, solution):
    assert extract_solution(text) == solution


def published(text: str) -> str | None:
    """The same extraction with the published regular expressions, in quadratic time."""
    boxes = re.findall(r"\\boxed\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", text)
    if boxes and boxes[-1]:
        return boxes[-1]
    stated = [
        (match.start(), match[1].strip())
        for phrase in PHRASES
        for match in re.finditer(phrase + r"\s*((?:[^<]|<[^<])*?)\n", text, re.IGNORECASE)
    ]
    answer = max(stated, key=lambda found: found[0], default=(0, None))[1]
    for word in STOP_WORDS:
        if answer and answer.endswith(word):
            answer = answer[: -len(word)].strip()
    return answer


PIECES = [*PHRASES, *STOP_WORDS, "answer is:", "ſolution:", r"\boxed{", *"{}<\n \\x4\u2028"]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_extraction_matches_the_published_expressions(text):
    assert extract_solution(text) == published(text)


@pytest.mark.parametrize(
    "piece", ["Answer: ", "Answer:\n", "Final Answer: <", r"\boxed{", r"\boxed{{}", "<", "<<", "}", " "]
)
@pytest.mark.timeout(120)  # linear time is below a second, quadratic time about half an hour
def test_long_text_is_not_read_in_quadratic_time(piece):
    many = piece * (400_000 // len(piece))
    solution = extract_solution(many)
    assert solution is None or solution in many


REWARDS = [
    (None, None, 0, 3, -0.5),
    (False, "", 0, 3, -0.5),
    (False, "41", 1, 1, 0.0),
    (True, "42", 1, 1, 1.0),
    (True, "42", 3, 1, 0.9),
    (True, "42", 1, 3, 0.9),
    (True, "42", 50, 1, 0.5),
    (None, "42", 1, 1, None),
]


@pytest.mark.parametrize(("correct", "answer", "tokens", "reference_tokens", "reward"), REWARDS)
def test_paper_reward(correct, answer, tokens, reference_tokens, reward):
    assert paper_reward(correct, answer, tokens, reference_tokens) == (
        pytest.approx(reward) if reward else reward
    )
