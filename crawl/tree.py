"""HTML trees: parsing that never fails, and lxml's XPath with results of one type."""

from __future__ import annotations

import re
from typing import cast

from lxml import etree, html

LONGEST_TAG = 50_000  # characters
TAG_NAME = re.compile(r"<[a-zA-Z][\w:-]{0,50}")


def parse(text: str) -> etree._Element | None:
    """The page's tree; None where there is no element at all. What is nested too deep to parse is lost."""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        tree: etree._Element | None = etree.fromstring(_short_tags(text).encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return None
    return tree


def _short_tags(text: str) -> str:
    """Without the attributes of vast tags: the parser's time grows with the square of their number."""
    if len(text) <= LONGEST_TAG:
        return text
    pieces = text.split(">")
    return ">".join(_cut(piece) if len(piece) > LONGEST_TAG else piece for piece in pieces)


def _cut(piece: str) -> str:
    """Some text and perhaps the beginning of a tag; of a vast tag only its name stays."""
    tag = TAG_NAME.search(piece)
    return piece[: tag.end()] if tag and len(piece) - tag.start() > LONGEST_TAG else piece


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
    return " or ".join(f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')" for name in names)


def inner_text(element: etree._Element) -> str:
    """All text in the element, as it stands."""
    return "".join(cast("list[str]", list(element.itertext())))
