"""What the paper's own code finds and pays, also where it is wrong."""

from __future__ import annotations

import pytest

from verify.paper import extract_solution, paper_reward

# Observed on the published code (the measurements are in the project's notes).
EXTRACTIONS = {
    "no newline at the end": ("The answer is: 42", None),
    "a newline at the end": ("The answer is: 42\n", " 42"),
    "three levels": (r"\boxed{\frac{\sqrt{\frac{1}{2}}}{3}}", None),
    "two levels": (r"\boxed{\frac{\sqrt{2}}{3}}", r"\frac{\sqrt{2}}{3}"),
    "three levels after another box": (r"\boxed{1} \boxed{\frac{\sqrt{\frac{1}{2}}}{3}}", "1"),
    "braces of a set": (r"\boxed{\{1,2\}}", r"\{1,2\}"),
    "a lone escaped brace": (r"\boxed{f(x)=\left\{ x \right.}", None),
    "a space before the brace": (r"\boxed {42}", None),
    "fbox": (r"\fbox{42}", None),
    "no brace": (r"\boxed 42", None),
    "an empty box and a phrase": ("\\boxed{}\nFinal Answer: 42\n", " 42"),
    "two boxes": (r"\boxed{42} \boxed{41}", "41"),
    "a box in the prompt": ("Put it in \\boxed{answer}. I do not know.", "answer"),
    "unclosed": (r"\boxed{42", None),
    "gsm8k": ("#### 42", None),
    "bold": ("**Answer:** 42\n", "** 42"),
    "a full stop": ("The answer is 42.", None),
    "end of message": ("Answer: 42\n<|im_end|> Answer: 43\n", None),
    "end of message with a line after": ("Answer: 42\nDone.<|im_end|> Answer: 43\n", " 42"),
    "a box at the end of message": (r"\boxed{42}<|im_end|>\boxed{43}", "42"),
    "two lines": ("Answer: 42\nBecause.\n", " 42"),
    "an empty line": ("Answer:\n", ""),
    "a verdict in the box": (r"\boxed{43. Final Decision: Yes}", "43. Final Decision: Yes"),
    "phrases by rank, not by place": ("Final Answer: 1\nAnswer: 2\n", " 1"),
    "a question in the chat format": (
        "<|im_start|>user\n\\boxed{1}<|im_start|>assistant\nIt is \\boxed{2}<|im_end|>",
        "2",
    ),
    "a question in plain format": ("User: \\boxed{1} Assistant: The answer is: 2\nBye.", " 2"),
    "a tag": ("Answer: a <b\n", " a <b"),
    "a tag that takes the newline": ("Answer: a <\n", None),
    "two tags": ("Answer: a << b\n", None),
}


@pytest.mark.parametrize(("text", "solution"), EXTRACTIONS.values(), ids=EXTRACTIONS.keys())
def test_extract_solution(text, solution):
    assert extract_solution(text) == solution


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["Answer: ", "Final Answer: <", "\\boxed{", "\\boxed{{", "<", "<<", "Answer: x <<\n"]
)
def test_a_megabyte_takes_no_time(piece):
    extract_solution(piece * (1_000_000 // len(piece)))
    extract_solution(piece * (1_000_000 // len(piece)) + "\n")


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
