"""The visible text of a page as blocks in light Markdown: paragraphs, headings, list items, table rows, code.

This module decides the text and the order of the blocks. Extractors decide which blocks are content
(main_text.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from lxml import etree

from crawl.text.tree import inner_text

BOILERPLATE = frozenset({"nav", "header", "footer", "aside"})
UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "head", "svg", "canvas", "iframe", "object", "embed"}
    | {"button", "select", "option", "textarea", "input"}
)
NO_GAP, LINE, PARAGRAPH = 0, 1, 2  # gap between two pieces of text
GAPS = {
    **dict.fromkeys(("br", "dd", "dt", "li", "tr"), LINE),
    **dict.fromkeys(("address", "article", "aside", "blockquote", "body", "center", "details"), PARAGRAPH),
    **dict.fromkeys(("dialog", "div", "dl", "fieldset", "figcaption", "figure", "footer", "form"), PARAGRAPH),
    **dict.fromkeys(("header", "hr", "main", "nav", "ol", "p", "pre", "section", "summary"), PARAGRAPH),
    **dict.fromkeys(("table", "ul", "h1", "h2", "h3", "h4", "h5", "h6"), PARAGRAPH),
}
HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
CELLS = frozenset({"td", "th"})
BAR = " | "
HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden")
SPACE = re.compile(r"\s+")
LETTERS = re.compile(r"\b(lower|upper)-(?:alpha|latin)")
NOTHING: frozenset[etree._Element] = frozenset()
PERMALINKS = frozenset("¶§#🔗⚓")  # texts of links with which headings and paragraphs link to themselves


class Block(NamedTuple):
    """A part of the page's text. Only code contains empty lines."""

    text: str
    new_paragraph: bool  # an empty line comes before it
    boilerplate: bool  # in navigation, header, footer or aside, or hidden
    element: etree._Element  # the block begins in this element's text, or in its tail
    in_tail: bool  # whether the block begins in the tail


class Piece(NamedTuple):
    """The text between two tags, the gap before it, and the bullet or heading mark that belongs before it."""

    text: str
    gap: int
    prefix: str
    boilerplate: bool
    element: etree._Element
    in_tail: bool


def blocks_of(tree: etree._Element, skip: Set[etree._Element] = NOTHING) -> list[Block]:
    """The page's blocks in order, without the elements in `skip`. Not recursive: deep nesting is safe."""
    found: list[Block] = []
    line: list[str] = []
    start: Piece | None = None
    gap, first_gap = PARAGRAPH, PARAGRAPH
    for piece in _pieces(tree, skip):
        if piece.gap and start is not None:
            found.append(_block(line, start, first_gap))
            start, gap = None, NO_GAP
        gap = max(gap, piece.gap)
        if start is not None:
            line.append(piece.text)
        elif piece.text and piece.text is not BAR and not piece.text.isspace():
            line, start, first_gap = [piece.prefix, piece.text.lstrip()], piece, gap
    return found if start is None else [*found, _block(line, start, first_gap)]


def join(blocks: Iterable[Block]) -> str:
    """The text of the blocks, with an empty line between paragraphs."""
    return "".join(("\n\n" if block.new_paragraph else "\n") + block.text for block in blocks).strip()


def full_text(tree: etree._Element) -> str:
    """All visible text except navigation, header, footer and aside."""
    return join(block for block in blocks_of(tree) if not block.boilerplate)


def whole_text(tree: etree._Element, skip: Set[etree._Element] = NOTHING) -> str:
    """All text, including navigation and hidden text, except scripts, controls and the elements in `skip`."""
    return join(blocks_of(tree, skip))


def _pieces(tree: etree._Element, skip: Set[etree._Element]) -> Iterator[Piece]:
    numbers: Counter[etree._Element] = Counter()
    outermost: etree._Element | None = None  # the outermost boilerplate element around this piece
    prefix = ""
    walker = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walker:
        tag = element.tag if isinstance(element.tag, str) else ""
        gap, text = GAPS.get(tag, NO_GAP), element.tail if event == "end" else element.text
        if event == "end":
            if tag == "li" or tag in HEADINGS:
                prefix = ""
            if element is outermost:
                outermost = None
            if element is tree:
                return
        else:
            if outermost is None and element is not tree and _is_boilerplate(element, tag):
                outermost = element
            if tag in UNSEEN or _is_permalink(element, tag) or (element in skip and element is not tree):
                walker.skip_subtree()
                text = ""
            elif tag == "pre":
                walker.skip_subtree()
                text = _code(element)
            elif tag in CELLS:
                yield Piece(BAR, NO_GAP, "", False, element, False)
            elif (tag == "li" or tag in HEADINGS) and element is not tree:
                prefix = HEADINGS.get(tag) or _bullet(element, numbers)
        if gap or text:
            text = (text or "") if tag == "pre" and event == "start" else SPACE.sub(" ", text or "")
            yield Piece(text, gap, prefix, outermost is not None, element, event == "end")
            prefix = "" if text.strip() else prefix


def _block(line: list[str], start: Piece, gap: int) -> Block:
    while line[-1] is BAR or line[-1].isspace():
        line.pop()
    text = "".join(line)
    text = text.strip() if start.text.startswith("```") else re.sub(" {2,}", " ", text).strip()
    return Block(text, gap == PARAGRAPH, start.boilerplate, start.element, start.in_tail)


def _is_boilerplate(element: etree._Element, tag: str) -> bool:
    return (
        tag in BOILERPLATE
        or "hidden" in element.attrib
        or element.get("aria-hidden") == "true"
        or HIDDEN.search(element.get("style", "")) is not None
    )


def _is_permalink(element: etree._Element, tag: str) -> bool:
    return tag == "a" and (element.text or "").strip() in PERMALINKS


def _code(element: etree._Element) -> str:
    code = inner_text(element).strip("\n")
    return f"```\n{code}\n```" if code.strip() else ""


def _bullet(item: etree._Element, numbers: Counter[etree._Element]) -> str:
    """A list item's prefix: a number or letter, such as `3. ` or `C. `, in an ordered list; else `- `."""
    ordered = item.getparent()
    if ordered is None or ordered.tag != "ol":
        return "- "
    numbers[ordered] += 1
    start = ordered.get("start", "1")
    number = numbers[ordered] + (int(start) - 1 if start.isdecimal() and len(start) < 6 else 0)
    letters = _letters(ordered)
    return f"{letters[number - 1]}. " if 0 < number <= len(letters) else f"{number}. "


def _letters(ordered: etree._Element) -> str:
    """The letters that number an ordered list by its attributes; empty if digits number it."""
    if ordered.get("type") in ("a", "A"):
        return ascii_lowercase if ordered.get("type") == "a" else ascii_uppercase
    declared = " ".join(ordered.get(name, "") for name in ("style", "class", "data-number-style"))
    match = LETTERS.search(declared)
    return "" if match is None else ascii_lowercase if match[1] == "lower" else ascii_uppercase
