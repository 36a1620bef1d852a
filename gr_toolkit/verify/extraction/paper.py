"""Answer extraction and reward of General-Reasoner (arXiv 2505.14652)."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Constants of the published training code (verl's reward worker): do not change a character.
PHRASES = ["Final Answer:", "Final Answer is:", "The answer is:", "Answer:", "Solution:", "The solution is:"]
STOP_WORDS = ["</s>", "<|im_end|>", "<|endoftext|>"]
MAX_BOX_DEPTH = 2  # levels of braces inside a box's own braces
# The published code finds boxes with \\boxed\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\} and the text after a
# phrase with \s*((?:[^<]|<[^<])*?)\n. The second expression takes quadratic time. This module finds the same
# matches in linear time.
BRACE = re.compile(r"\\boxed\{|[{}]")
PHRASE = [re.compile(rf"{phrase}(\s*)", re.IGNORECASE) for phrase in PHRASES]
# The newline that ends the text after a phrase, or a "<" that the published expression cannot match. It
# matches a "<" together with the next character, so a newline directly after a "<" does not end the text.
END_OF_LINE = re.compile(r"(?<!<)\n|<<|<\Z")


def extract_solution(text: str) -> str | None:
    """Return the answer that the paper's reward code finds in `text`, or None.

    The answer is the content of the last box that has at most MAX_BOX_DEPTH levels of braces inside. Without
    a box, it is the text between the last phrase of `PHRASES` and the end of its line. The published code
    searches the last 1,024 tokens of prompt and response together, so there a box in the question counts too.
    """
    return _last_box(text) or _last_stated(text)


def _last_box(text: str) -> str | None:
    """The content of the last box; of nested boxes, the outermost with at most MAX_BOX_DEPTH brace levels."""
    content = None
    open_braces: list[tuple[int, bool]] = []  # (start of the content, whether it is a box)
    heights = [0]  # levels of braces found so far: in the whole text, then in each open brace
    for brace in BRACE.finditer(text):
        if brace.group() != "}":
            open_braces.append((brace.end(), brace.group() != "{"))
            heights.append(0)
        elif open_braces:
            start, is_box = open_braces.pop()
            height = heights.pop()
            heights[-1] = max(heights[-1], height + 1)
            if is_box and height <= MAX_BOX_DEPTH:
                content = (start, brace.start())
    return text[slice(*content)] if content else None


def _last_stated(text: str) -> str | None:
    """The text after the phrase that begins last, without end-of-message tokens; None without a phrase."""
    last, begins = None, -1
    for phrase in PHRASE:
        for start, stated in _stated(text, phrase):
            if start > begins:
                last, begins = stated.strip(), start
    for word in STOP_WORDS:
        last = last.removesuffix(word).strip() if last else last
    return last


def _stated(text: str, phrase: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Yield each position of the phrase and the text that follows it on the same line."""
    position, stop = 0, END_OF_LINE.search(text)
    while found := phrase.search(text, position):
        position = found.end()
        if stop and stop.start() < position:
            stop = END_OF_LINE.search(text, position)
        if stop and stop.group() == "\n":
            yield found.start(), text[position : stop.start()]
            position = stop.end()
        elif "\n" in found[1]:
            # The published expression finds no later end of line, and matches the last newline of the spaces.
            yield found.start(), ""


# The reward of General-Reasoner (arXiv 2505.14652):
#
#   no answer can be extracted    -0.5
#   the answer is wrong            0
#   the answer is correct          1 - 0.05 * min(10, |tokens(answer) - tokens(reference)|)
#
# The paper does not cover undecided verdicts. Here their reward is None, which is neither good nor bad.
NO_ANSWER = -0.5
WRONG = 0.0
CORRECT = 1.0
PENALTY_PER_TOKEN = 0.05
MAX_TOKENS_PENALISED = 10


def paper_reward(
    correct: bool | None, answer: str | None, answer_tokens: int, reference_tokens: int
) -> float | None:
    """Return the reward of one completion by the table above; None if the verdict is undecided."""
    if not answer:
        return NO_ANSWER
    if correct is None:
        return None
    if not correct:
        return WRONG
    return CORRECT - PENALTY_PER_TOKEN * min(MAX_TOKENS_PENALISED, abs(answer_tokens - reference_tokens))
