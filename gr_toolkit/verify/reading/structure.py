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
    """Text inside one pair of brackets; a half-open interval closes with the other kind."""

    opening: str
    inside: str
    closing: str


def enclosed(text: str) -> Enclosed | None:
    """Return the pair of brackets around the whole text, or None."""
    for opening in (r"\{", r"\langle", "(", "[", "{"):
        if text.startswith(opening):
            end = _closing(text, len(opening))
            if end is None or end[1] != len(text):
                return None
            return Enclosed(opening, text[len(opening) : end[0]].strip(), text[end[0] : end[1]].strip())
    return None


def _closing(text: str, start: int) -> tuple[int, int] | None:
    """The span of the bracket that closes the one before `start`, or None."""
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
    """Split a text at the separators outside brackets; one part if there are none."""
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
    """Split a text at commas. "1,234, 5,678" is two numbers, and "312,123,231" in brackets is three."""
    if re.search(r",\s|[A-Za-z]{2}", text):
        text = THOUSANDS.sub(lambda number: number.group().replace(",", ""), text)
    return split(text, COMMA)


COMMA = re.compile(r"\s*[,;]\s*")


def choices(text: str) -> Iterator[str]:
    """Yield the text with all plus-minus signs as plus, then all as minus; unchanged if it has none."""
    if r"\pm" not in text and r"\mp" not in text:
        yield text
        return
    for plus, minus in (("+", "-"), ("-", "+")):
        yield text.replace(r"\pm", plus).replace(r"\mp", minus)
