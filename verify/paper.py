"""What General-Reasoner (arXiv 2505.14652) does with a completion: finds its answer, and rewards it."""

from __future__ import annotations

import re

# Interface constants of the published training code: every character counts.
BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
PHRASES = ["Final Answer:", "Final Answer is:", "The answer is:", "Answer:", "Solution:", "The solution is:"]
STOP_WORDS = ["</s>", "<|im_end|>", "<|endoftext|>"]
# As published, ((?:[^<]|<[^<])*?)\n, which takes quadratic time; this has one way to match and no other.
TO_THE_LINE_END = r"((?:[^<\n]|<[^<])*+)\n"
MAX_CHARS = 20_000  # the published code sees the last 1,024 tokens


def extract_solution(text: str) -> str | None:
    """The answer as the paper's reward finds it in prompt and response together; None if there is none.

    The last box of up to three levels of braces, else what follows the first of the phrases that occurs, in
    its last place, up to the end of the line. A text longer than 20,000 characters is read from its end.
    """
    text = text[-MAX_CHARS:]
    if "<|im_start|>user" in text:
        _, found, after = text.partition("<|im_start|>assistant")
        text = found + after if found else text
    elif "Assistant:" in text:
        text = text.rpartition("Assistant:")[2].strip()
    for word in STOP_WORDS:
        if word in text:
            text = text.partition(word)[0].strip()
    boxes = BOXED.findall(text)
    if boxes and boxes[-1]:
        return str(boxes[-1])
    text = text[: text.rfind("\n") + 1]
    for phrase in PHRASES:
        stated = re.findall(re.escape(phrase) + TO_THE_LINE_END, text)
        if stated:
            return str(stated[-1])
    return None


# The reward of General-Reasoner (arXiv 2505.14652):
#
#   no answer can be extracted    -0.5
#   the answer is wrong            0
#   the answer is right            1 - 0.05 * min(10, |tokens(answer) - tokens(reference)|)
#
# The paper has no row for a verdict that could not be had. Here it is None: no reward at all.
NO_ANSWER = -0.5
WRONG = 0.0
RIGHT = 1.0
PENALTY_PER_TOKEN = 0.05
MOST_TOKENS_PENALISED = 10


def paper_reward(
    correct: bool | None, answer: str | None, answer_tokens: int, reference_tokens: int
) -> float | None:
    """The reward of one completion by the table above; None where nobody could decide."""
    if not answer:
        return NO_ANSWER
    if correct is None:
        return None
    if not correct:
        return WRONG
    return RIGHT - PENALTY_PER_TOKEN * min(MOST_TOKENS_PENALISED, abs(answer_tokens - reference_tokens))
