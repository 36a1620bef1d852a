"""Finds the closed boxes in a text by matching its braces, in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# A backslash before \boxed does not escape it: "\\boxed{42}" is a box with a doubled backslash.
BRACE = re.compile(
    r"(?P<box>\\(?:boxed|fbox)\s*\{)|(?P<escaped>\\(?!\\(?:boxed|fbox)\s*\{).)|(?P<open>\{)|(?P<close>\})",
    re.DOTALL,
)


class Box(NamedTuple):
    """A box that spans `begins` to `ends` in a text, with its command and its braces."""

    begins: int
    ends: int
    content: str  # without the commands of inner boxes, and without surrounding spaces


def boxes(text: str) -> list[Box]:
    """Return the outermost closed boxes that are not empty, in order."""
    if "\\boxed" not in text and "\\fbox" not in text:
        return []
    outermost: list[tuple[int, int, int]] = []
    for box in _closed(text):
        while outermost and outermost[-1][0] > box[0]:
            outermost.pop()
        outermost.append(box)
    found = (
        Box(begins, end + 1, _without_boxes(text[start:end]).strip()) for begins, start, end in outermost
    )
    return [box for box in found if box.content]


def _closed(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield the start of each closed box, and the start and end of its content; inner boxes first."""
    open_braces: list[tuple[int, int] | None] = []  # None for a brace that opens no box
    for brace in BRACE.finditer(text):
        if brace.lastgroup == "close":
            box = open_braces.pop() if open_braces else None
            if box:
                yield *box, brace.start()
        elif brace.lastgroup != "escaped":
            open_braces.append(brace.span() if brace.lastgroup == "box" else None)


def _without_boxes(content: str) -> str:
    """Replace each box in the content of a box by its own content."""
    cuts = [cut for begins, start, end in _closed(content) for cut in ((begins, start), (end, end + 1))]
    pieces, position = [], 0
    for start, end in sorted(cuts):
        pieces.append(content[position:start])
        position = end
    return "".join([*pieces, content[position:]])
