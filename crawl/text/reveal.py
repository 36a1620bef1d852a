"""Reveal text that a page hides until a click: `Show answer` details, collapsed solutions and spoilers."""

from __future__ import annotations

import re

from lxml import etree

from crawl.text.tree import elements

WORTH_SHOWING = re.compile(r"answer|solution|spoiler|hint|explanation|proof|respuesta|soluci|l[öo]sung", re.I)
NO_DISPLAY = "@style and contains(translate(@style, ' ', ''), 'display:none')"
HIDDEN = f"//*[@hidden or @aria-hidden = 'true' or {NO_DISPLAY}]"


def reveal(tree: etree._Element) -> None:
    """Open every details element, and show hidden elements whose name suggests an answer or a solution."""
    for element in elements(tree, "//details"):
        element.tag = "div"
    for element in elements(tree, "//summary"):
        element.tag = "p"
    for element in elements(tree, HIDDEN):
        names = " ".join(element.get(name, "") for name in ("class", "id", "data-type"))
        if WORTH_SHOWING.search(names):
            for name in {"hidden", "aria-hidden", "style"} & set(element.keys()):
                del element.attrib[name]
