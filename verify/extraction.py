"""Finds the final answer in a completion: the last box, else what follows the last "answer is"."""

from __future__ import annotations

import re

BOX = re.compile(r"\\f?box(?:ed)?\s*\{")
# Anchored phrases; what follows on the same line is the answer.
PHRASE = re.compile(
    r"(?:final answer|the answer|correct answer|the solution|answer)(?: is|:| is:)[ \t]*([^\n]{1,200})",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"\.(?=\s|$)")


def solver_prompt(question: str, instruction: str) -> str:
    """What a model is asked whose answer `extract_answer` will look for (arXiv 2505.14652)."""
    return f"{question} {instruction}"


def extract_answer(completion: str) -> str | None:
    """The final answer stated in `completion`, or None if it states none.

    Only the text after a closed `</think>` counts, and an unclosed think block holds no answer. Linear in
    the length of the text.
    """
    text = _after_thinking(completion)
    if text is None:
        return None
    return _last_box(text) or _last_phrase(text)


def _after_thinking(completion: str) -> str | None:
    _, closed, rest = completion.rpartition("</think>")
    if closed:
        return rest
    return None if "<think>" in completion else completion


def _last_box(text: str) -> str | None:
    """The content of the last box whose braces close."""
    limit = len(text)
    for opening in reversed(list(BOX.finditer(text))):
        end = _closing_brace(text, opening.end(), limit)
        if end is not None:
            return text[opening.end() : end].strip() or None
        limit = opening.start()
    return None


def _closing_brace(text: str, start: int, limit: int) -> int | None:
    """Where the brace opened just before `start` closes, before `limit`; escaped braces do not count."""
    depth = 1
    position = start
    while position < limit:
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    return None


def _last_phrase(text: str) -> str | None:
    found = None
    for found in PHRASE.finditer(text):  # noqa: B007 (the last one is wanted)
        pass
    if found is None:
        return None
    answer = SENTENCE_END.split(found.group(1).strip(), maxsplit=1)[0]
    return answer.strip(" *:") or None
