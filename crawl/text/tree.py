"""HTML trees: parsing that never fails, and lxml's XPath with one result type per function."""

from __future__ import annotations

import re
from typing import cast

from lxml import etree

MAX_TAG = 50_000  # characters in a tag; a longer tag loses its attributes
# Characters that XML forbids, and references to them, such as &#0;.
NO_XML = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    r"|&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45]))(?![0-9a-f]);?",
    re.IGNORECASE,
)
PREFIXED_MATH = re.compile(r"<(\w{1,20}):math\b")
TAG_NAME = re.compile(r"<[a-zA-Z][\w:-]{0,50}")


def parse(text: str) -> etree._Element | None:
    """The page's tree; None if the page has no element. Content nested too deeply to parse is dropped."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        page = _short_tags(_without_prefixes(NO_XML.sub(" ", text))).encode("utf-8", "replace")
        tree: etree._Element | None = etree.fromstring(page, parser)
    except etree.XMLSyntaxError:
        return None
    return tree


def _without_prefixes(text: str) -> str:
    """Remove the prefix of MathML tags: to HTML parsers, `m:math` is an unknown tag."""
    prefixes = set(PREFIXED_MATH.findall(text)) if ":math" in text else set()
    for prefix in prefixes:
        text = re.sub(rf"(</?){prefix}:(?=m|semantics|annotation)", r"\1", text)
    return text


def _short_tags(text: str) -> str:
    """Drop the attributes of very long tags: parsing takes time quadratic in the number of attributes."""
    if len(text) <= MAX_TAG:
        return text
    pieces = text.split(">")
    return ">".join(_cut(piece) if len(piece) > MAX_TAG else piece for piece in pieces)


def _cut(piece: str) -> str:
    """If the text ends in a very long, unclosed tag, cut it after the tag's name."""
    tag = TAG_NAME.search(piece)
    return piece[: tag.end()] if tag and len(piece) - tag.start() > MAX_TAG else piece


def elements(node: etree._Element, path: str) -> list[etree._Element]:
    """The elements that the XPath finds."""
    return cast(list[etree._Element], node.xpath(path))


def strings(node: etree._Element, path: str) -> list[str]:
    """The attributes or texts that the XPath finds."""
    return [str(found) for found in cast(list[str], node.xpath(path))]


def first(node: etree._Element, path: str) -> etree._Element | None:
    """The first element that the XPath finds."""
    return next(iter(elements(node, path)), None)


def has_class(*names: str) -> str:
    """An XPath condition: the element has one of these classes."""
    found = " or ".join(
        f"contains(@class, '{name}') and contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"
        for name in names
    )
    return f"@class and ({found})"


def inner_text(element: etree._Element) -> str:
    """All text in the element, unchanged."""
    return "".join(cast("list[str]", list(element.itertext())))
