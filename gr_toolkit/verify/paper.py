"""What General-Reasoner (arXiv 2505.14652) does with a completion: finds its answer, and rewards it."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Interface constants of the published training code (verl's reward worker): every character counts.
PHRASES = ["Final Answer:", "Final Answer is:", "The answer is:", "Answer:", "Solution:", "The solution is:"]
STOP_WORDS = ["</s>", "<|im_end|>", "<|endoftext|>"]
DEEPEST = 2  # levels of braces inside a box
# It takes boxes by \\boxed\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\} and what follows a phrase by
# \s*((?:[^<]|<[^<])*?)\n. The second takes quadratic time, so both are read here by hand, in linear time.
BRACE = re.compile(r"\\boxed\{|[{}]")
PHRASE = [re.compile(rf"{phrase}(\s*)", re.IGNORECASE) for phrase in PHRASES]
# Where the second comes to its end, or to what it cannot pass. A "<" takes what follows with it.
END_OF_LINE = re.compile(r"(?<!<)\n|<<|<\Z")


def extract_solution(text: str) -> str | None:
    """The answer as the paper's reward finds it in `text`; None if there is none.

    The last box of at most three levels of braces, else what follows the phrase that begins last, up to the
    end of its line. The published code passes the last 1,024 tokens of prompt and response together, so that
    a box in a question counts.
    """
    return _last_box(text) or _last_stated(text)


def _last_box(text: str) -> str | None:
    """The content of the last box; of boxes within boxes the outermost that is shallow enough."""
    content = None
    open_braces: list[tuple[int, bool]] = []  # where its content begins, and whether a box opens there
    heights = [0]  # of what is open, the levels of braces seen inside; first of the text itself
    for brace in BRACE.finditer(text):
        if brace.group() != "}":
            open_braces.append((brace.end(), brace.group() != "{"))
            heights.append(0)
        elif open_braces:
            start, is_box = open_braces.pop()
            height = heights.pop()
            heights[-1] = max(heights[-1], height + 1)
            if is_box and height <= DEEPEST:
                content = (start, brace.start())
    return text[slice(*content)] if content else None


def _last_stated(text: str) -> str | None:
    """What follows the phrase that begins last, without the tokens that end a message."""
    last, begins = None, -1
    for phrase in PHRASE:
        for start, stated in _stated(text, phrase):
            if start > begins:
                last, begins = stated.strip(), start
    for word in STOP_WORDS:
        last = last.removesuffix(word).strip() if last else last
    return last


def _stated(text: str, phrase: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Where the phrase begins and the rest of its line, for each place where there is such a rest."""
    position, stop = 0, END_OF_LINE.search(text)
    while found := phrase.search(text, position):
        position = found.end()
        if stop and stop.start() < position:
            stop = END_OF_LINE.search(text, position)
        if stop and stop.group() == "\n":
            yield found.start(), text[position : stop.start()]
            position = stop.end()
        elif "\n" in found[1]:
            # Then the published expression gives spaces back, and ends at the last newline among them.
            yield found.start(), ""


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
MAX_TOKENS_PENALISED = 10


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
    return RIGHT - PENALTY_PER_TOKEN * min(MAX_TOKENS_PENALISED, abs(answer_tokens - reference_tokens))
