"""Finds boxes and answer tags in a response."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gr_toolkit.verify.extraction.boxes import boxes


class Statement(NamedTuple):
    """A statement of an answer that spans `begins` to `ends` in the text."""

    begins: int
    ends: int
    content: str
    found_by: str  # box | tag | phrase


# Matches \boxed 42, \boxed\frac{1}{2} and \boxed B, but not "with the \boxed command".
UNBRACED = re.compile(
    r"\\(?:boxed|fbox)(?![A-Za-z])\s*("
    r"(?=[^\s{}$\\]{0,40}\d)[^\s{}$\\,;]{1,40}"
    r"|\\(?!boxed|fbox)[A-Za-z]{1,20}(?:\{[^{}]{0,40}\}){0,2}"
    r"|\(?[A-Za-z]\)?(?=[$.,;]|\s*\Z))"
)
TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)


def statements(text: str) -> list[Statement]:
    """Return the non-empty boxes and answer tags, in order.

    A box inside a tag replaces the tag. Any other nested box or tag is skipped.
    """
    found_all: list[Statement] = []
    for found in sorted([*_boxes(text), *_unbraced(text), *_tags(text)]):
        if found_all and found.begins < found_all[-1].ends:
            if found.found_by == "tag" or found_all[-1].found_by == "box":
                continue
            found_all.pop()
        found_all.append(found)
    return found_all


def _boxes(text: str) -> Iterator[Statement]:
    for box in boxes(text):
        yield Statement(*box, "box")


def _unbraced(text: str) -> Iterator[Statement]:
    for box in UNBRACED.finditer(text):
        yield Statement(box.start(), box.end(), box[1].rstrip("."), "box")


def _tags(text: str) -> Iterator[Statement]:
    """Yield the answer tags with their content."""
    opened = None
    for tag in TAG.finditer(text):
        if not tag[1]:
            opened = tag
        elif opened:
            content = text[opened.end() : tag.start()].strip()
            if content:
                yield Statement(opened.start(), tag.end(), content, "tag")
            opened = None
