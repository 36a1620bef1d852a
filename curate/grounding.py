"""Is this answer on the page, and where? A model may invent; only what the page says is kept."""

from __future__ import annotations

import re

MARGIN = 200  # characters of context on each side where the model gave no usable evidence
WORD = re.compile(r"[^\W_]+|[^\w\s$*\\{}]")
# Spacing and markup. No WORD holds a character of it, so that a long run has only one reading. Two numbers
# need something between them, or they would be another number.
BETWEEN = r"(?!(?<=\d)\d)[\s$*\\{}_]*"


def locate(needle: str, text: str) -> tuple[int, int] | None:
    """Where `needle` stands in `text`, comparing words and symbols and not spacing, case or markup.

    Returns the first span as (start, end), on word boundaries: "2" is not found in "12", "2.5" or "1,2".
    """
    pattern = BETWEEN.join(re.escape(token) for token in WORD.findall(needle))
    if not pattern:
        return None
    found = re.search(rf"(?<![\w.])(?<!\d,)(?:{pattern})(?!\w|[.,]\d)", text, re.IGNORECASE)
    return found.span() if found else None


def find_evidence(answer: str, claimed: str, text: str) -> str | None:
    """The verbatim span of `text` that carries the answer, or None if the text does not state it.

    The span the model claims is taken if it is in the text and holds the answer; else the answer's own
    surroundings in the text.
    """
    claimed_span = locate(claimed, text)
    if claimed_span and locate(answer, text[slice(*claimed_span)]):
        return text[slice(*claimed_span)]
    span = locate(answer, text)
    return None if span is None else _surroundings(text, *span)


def _surroundings(text: str, start: int, end: int) -> str:
    """The lines of the span, cut to MARGIN characters on each side."""
    begin = max(text.rfind("\n", 0, start) + 1, start - MARGIN)
    newline = text.find("\n", end)
    finish = min(newline if newline >= 0 else len(text), end + MARGIN)
    return text[begin:finish].strip()
