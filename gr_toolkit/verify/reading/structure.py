"""The outermost structure of a normalised answer: brackets, list items and plus-minus signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

BRACKETS = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", r"\langle": r"\rangle"}
CLOSING = frozenset(BRACKETS.values())
BRACKET = r"\\[{}]|\\[lr]angle\b|\\begin\b|\\end\b|[()\[\]{}]"
ANY_BRACKET = re.compile(BRACKET)
THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")
MAX_ITEMS = 64


class Enclosed(NamedTuple):
    """Text inside a pair of brackets, which may be of two kinds, as in a half-open interval: [0, 1)."""

    opening: str
    inside: str
    closing: str


def enclosed(text: str) -> Enclosed | None:
    """Return the brackets around the whole text and the text inside; None if no pair encloses all of it."""
    for opening in (r"\{", r"\langle", "(", "[", "{"):
        if text.startswith(opening):
            end = _closing(text, len(opening))
            if end is None or end[1] != len(text):
                return None
            return Enclosed(opening, text[len(opening) : end[0]].strip(), text[end[0] : end[1]].strip())
    return None


def _closing(text: str, start: int) -> tuple[int, int] | None:
    """The span of the bracket that closes the bracket just before `start`, or None."""
    depth = 1
    for match in ANY_BRACKET.finditer(text, start):
        if match.group() in BRACKETS:
            depth += 1
        elif match.group() in CLOSING:
            depth -= 1
            if not depth:
                return match.span()
    return None


def split(text: str, separator: re.Pattern[str]) -> list[str]:
    """Split a text at each separator outside brackets; return the whole text if there is none."""
    if not separator.search(text):
        return [text.strip()]
    parts, depth, start = [], 0, 0
    for match in _separators_and_brackets(separator).finditer(text):
        piece = match.group()
        if piece in BRACKETS or piece == r"\begin":
            depth += 1
        elif piece in CLOSING or piece == r"\end":
            depth = max(0, depth - 1)
        elif not depth and match["separator"]:
            parts.append(text[start : match.start()].strip())
            start = match.end()
    return [*parts, text[start:].strip()]


@cache
def _separators_and_brackets(separator: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(f"{BRACKET}|(?P<separator>{separator.pattern})", separator.flags)


def comma_split(text: str) -> list[str]:
    """Split a text at commas and semicolons: "5, 1,234" is two numbers, and "312,123,231" is three.

    Commas group thousands only if a space follows another comma, or if the text has a word.
    """
    if re.search(r",\s|[A-Za-z]{2}", text):
        text = THOUSANDS.sub(lambda number: number.group().replace(",", ""), text)
    return split(text, COMMA)


COMMA = re.compile(r"\s*[,;]\s*")


def choices(text: str) -> Iterator[str]:
    """Yield the text with the upper sign of each plus-minus, then the lower; unchanged if it has none."""
    if r"\pm" not in text and r"\mp" not in text:
        yield text
        return
    for plus, minus in (("+", "-"), ("-", "+")):
        yield text.replace(r"\pm", plus).replace(r"\mp", minus)
