"""Finds the final answer in a completion: a box, an answer tag, or what follows "the answer is"."""

from __future__ import annotations

import re
from typing import NamedTuple


class Extraction(NamedTuple):
    """The answer that a completion states, and what showed where it stands."""

    answer: str
    found_by: str  # box | tag | phrase


BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
OPEN_BOX = re.compile(r"\\(?:boxed|fbox)\s*([^\s{}$\\,;]{1,40})")  # \boxed 42
BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
END_OF_TEXT = re.compile(r"<\|(?:im_end|im_start|endoftext|eot_id|end_of_text)\|>|</s>")

# What may stand between boxes of one statement: \boxed{1} or \boxed{2}; $x = \boxed{1}$, $y = \boxed{2}$.
GAP = r"(?:[\s,;$.]|\\[()\[\],;:! ]|\\q?quad)*"
WORD_BETWEEN = r"(?:\\text\s*\{\s*)?\b(?:and|or)\b(?:\s*\})?"
LABEL = r"(?:[A-Za-z]\w{0,3}(?:_\{?\w{1,3}\}?)?\s*=)?"
BETWEEN_BOXES = re.compile(f"{GAP}(?:{WORD_BETWEEN})?{GAP}{LABEL}{GAP}")
MAX_BETWEEN = 60

PHRASE = re.compile(
    r"(?:\b(?:answers?|solution|réponse)\b[*_\"'”]*(?:\s+(?:to|of|for)\s[^.:\n]{1,60}?)?"
    r"\s*(?:\b(?:is|are|est|would be|must be|should be)\b\s*:?|:|：)"
    r"|\banswer\s*=|答案\s*(?:是|为|：|:)+|(?m:^)####)"
    r"[*_\"'“]*[^\S\n]*(?:\n\s*)?",
    re.IGNORECASE,
)
CONCLUSION = re.compile(
    r"\b(?:therefore|thus|hence|so)\b,?\s[^.\n=]{0,120}?(?:\b(?:is|are|equals|was|will be)\b|=)\s*",
    re.IGNORECASE,
)
CONCLUDING = 5_000  # characters at the end in which a conclusion is looked for
MAX_STATED = 300  # characters after a phrase
MAX_HEDGED = 40
# A full stop that ends a sentence: not in 3.14, 6 a.m. or J. Smith.
SENTENCE_END = re.compile(
    r"(?<!\b[A-Za-z])(?<!\b(?:St|Dr|Mr|Ms|Jr|vs|No))(?<!\b(?:Mrs|etc))[.。](?=\s|$|[^\x00-\x7f])|\n"
)
LED_IN = re.compile(r"\b(?:the|my|final|correct|right)\b", re.IGNORECASE)  # before "answer is"


def solver_prompt(question: str, instruction: str) -> str:
    """What a model is asked whose answer `extract_answer` will look for (arXiv 2505.14652)."""
    return f"{question} {instruction}"


def extract_answer(completion: str) -> Extraction | None:
    """The final answer stated in a response (never pass the prompt with it), or None if it states none.

    Only the text after the last `</think>` counts, and an unclosed think block holds no answer. The last box
    whose braces close goes before phrases, and an answer tag after it goes before it. Several boxes of one
    statement are one answer: who boxes 41 or 42 hedges, and who boxes 1 and 2 names two roots. Linear in
    the length of the text.
    """
    text = _response(completion)
    if text is None:
        return None
    before, closed, after = text.rpartition("</answer>")
    boxed = _boxes(after if closed else text)
    if boxed:
        return Extraction(boxed, "box")
    _, opened, tagged = before.rpartition("<answer>")
    if opened:
        tagged = _boxes(tagged) or tagged.strip()
        return Extraction(tagged, "tag") if tagged else None
    stated = _phrases(text, PHRASE) or _phrases(text[-CONCLUDING:], CONCLUSION)
    return Extraction(stated, "phrase") if stated else None


def answer_of(text: str) -> str | None:
    """The answer in a text that may also be a bare answer: what is stated, else the whole response.

    None for an unclosed think block, and for a text of spaces.
    """
    extraction = extract_answer(text)
    if extraction is not None:
        return extraction.answer
    return (_response(text) or "").strip() or None


def _response(completion: str) -> str | None:
    """What is neither thought nor a token of the chat format."""
    _, closed, rest = completion.rpartition("</think>")
    if not closed and "<think>" in completion:
        return None
    text = rest if closed else completion
    end = END_OF_TEXT.search(text)
    return text[: end.start()] if end and text[: end.start()].strip() else text


def _boxes(text: str) -> str | None:
    """The contents of the last closed boxes that follow one another; empty ones say nothing."""
    found: list[str] = []
    alternatives = False
    limit = len(text)
    first = limit  # where the boxes that were found begin
    for opening in reversed(list(BOX.finditer(text))):
        end = _closing_brace(text, opening.end(), limit)
        limit = opening.start()
        if end is None or (first < len(text) and end >= first):
            continue
        content = text[opening.end() : end].strip()
        if found:
            between = text[end + 1 : first]
            if len(between) > MAX_BETWEEN or not BETWEEN_BOXES.fullmatch(between):
                break
            alternatives |= bool(re.search(r"\bor\b", between))
        elif not content:
            continue
        first = opening.start()
        if content and "".join(content.split()) not in ("".join(other.split()) for other in found):
            found.insert(0, content)
    if found:
        return (" or " if alternatives else ", ").join(found)
    unbraced = None
    for unbraced in OPEN_BOX.finditer(text):  # noqa: B007 (the last one is wanted)
        pass
    return unbraced[1].rstrip(".") if unbraced else None


def _closing_brace(text: str, start: int, limit: int) -> int | None:
    """Where the brace opened just before `start` closes, before `limit`; escaped braces do not count."""
    depth = 1
    for match in BRACE.finditer(text, start, limit):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if not depth:
            return match.start()
    return None


def _phrases(text: str, phrase: re.Pattern[str]) -> str | None:
    """What follows the last phrase.

    Where the same phrase directly follows itself in one line, that is one statement, and a hedge: "The
    answer is 41. The answer is 42."
    """
    found: list[str] = []
    wording, begins = "", 0  # of the earliest phrase that belongs to the statement
    for match in reversed(list(phrase.finditer(text))):
        stated, end = _sentence(text, match.end())
        if not stated or phrase.search(stated):  # "Final answer: The answer is 42"
            continue
        if found:
            between = LED_IN.sub("", text[end - 1 : begins][:MAX_HEDGED])
            if between.strip(" .*_") or match.group() != wording or len(stated) > MAX_HEDGED:
                break
        if stated not in found:
            found.insert(0, stated)
        wording, begins = match.group(), match.start()
    return " or ".join(found) or None


def _sentence(text: str, start: int) -> tuple[str, int]:
    """The rest of the sentence from `start` on, without its marks, and where it ends."""
    window = text[start : start + MAX_STATED]
    end = SENTENCE_END.search(window)
    stated = window[: end.start()] if end else window
    return stated.strip().strip("*_:\"“”' ").removesuffix(".").strip(), start + (
        end.end() if end else len(window)
    )
