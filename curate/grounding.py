"""Finds an answer on the page. A model may invent answers, so only answers that the page states are kept."""

from __future__ import annotations

import re

MARGIN = 200  # characters of context on each side of an answer without usable evidence
WORD = re.compile(r"[^\W_]+|[^\w\s$*\\{}]")
# Spacing and markup between two words. No WORD contains these characters, so that matching cannot backtrack.
# Two numbers need at least one character between them: "1 2" does not match "12".
BETWEEN = r"(?!(?<=\d)\d)[\s$*\\{}_]*"


def locate(needle: str, text: str) -> tuple[int, int] | None:
    """Find `needle` in `text` by its words and symbols, ignoring spacing, case and markup.

    Returns the first match as (start, end). A match begins and ends on word boundaries: "2" does not match in
    "12", "2.5" or "1,2".
    """
    pattern = BETWEEN.join(re.escape(token) for token in WORD.findall(needle))
    if not pattern:
        return None
    found = re.search(rf"(?<![\w.])(?<!\d,)(?:{pattern})(?!\w|[.,]\d)", text, re.IGNORECASE)
    return found.span() if found else None


def find_evidence(answer: str, claimed: str, text: str) -> str | None:
    """The verbatim span of `text` that contains the answer, or None if the text does not state it.

    The span is the model's evidence `claimed` if that is part of the text and contains the answer. Otherwise
    the span is the answer with the text around it.
    """
    claimed_span = locate(claimed, text)
    if claimed_span and locate(answer, text[slice(*claimed_span)]):
        return text[slice(*claimed_span)]
    span = locate(answer, text)
    return None if span is None else _surroundings(text, *span)


def _surroundings(text: str, start: int, end: int) -> str:
    """The lines that contain the span, with at most MARGIN characters on each side of the span."""
    begin = max(text.rfind("\n", 0, start) + 1, start - MARGIN)
    newline = text.find("\n", end)
    finish = min(newline if newline >= 0 else len(text), end + MARGIN)
    return text[begin:finish].strip()
