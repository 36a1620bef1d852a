"""All the text of a page as light Markdown: headings, list items, table rows and code keep their shape."""

from __future__ import annotations

import re
from collections import Counter

from lxml import etree

from crawl.tree import inner_text

BOILERPLATE = frozenset({"nav", "header", "footer", "aside"})
UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "head", "svg", "canvas", "iframe", "object", "embed"}
    | {"button", "select", "option", "textarea", "input"}
)
PARAGRAPHS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "details",
        "dialog",
        "div",
        "dl",
        "fieldset",
    }
    | {"figcaption", "figure", "footer", "form", "header", "hr", "main", "nav", "ol", "p", "pre", "section"}
    | {"summary", "table", "ul", "h1", "h2", "h3", "h4", "h5", "h6"}
)
LINES = frozenset({"br", "dd", "dt", "li", "tr"})
PREFIXES = {"td": " | ", "th": " | ", **{f"h{level}": "#" * level + " " for level in range(1, 7)}}
PARAGRAPH, LINE = "\f", "\n"  # as long as the text is being put together
CODE = re.compile(r"(```\n.*?\n```)", re.DOTALL)


def full_text(tree: etree._Element, skip: frozenset[str] = BOILERPLATE) -> str:
    """The visible text without the elements named in `skip`. Iterative, so that deep nesting is no danger."""
    pieces: list[str] = []
    numbers: Counter[etree._Element] = Counter()
    walker = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walker:
        tag = element.tag if isinstance(element.tag, str) else ""
        pieces.append(_gap(tag))
        if event == "end":
            pieces.append(_collapse(element.tail) if element is not tree else "")
        elif tag in UNSEEN or tag in skip:
            walker.skip_subtree()
        elif tag == "pre":
            pieces.append(f"```\n{inner_text(element).strip(LINE)}\n```")
            walker.skip_subtree()
        else:
            pieces.append(_prefix(element, numbers) if element is not tree else "")
            pieces.append(_collapse(element.text))
    return tidy("".join(pieces))


def tidy(text: str) -> str:
    """No more than one empty line in a row, no space at the ends of lines, no bullet or cell without text."""
    parts = CODE.split(text)
    parts[::2] = [_tidy_prose(part) for part in parts[::2]]
    return "".join(parts).strip()


def _tidy_prose(text: str) -> str:
    text = re.sub(r"[ \n\f]*[\n\f][ \n\f]*(\| *)?", lambda gap: "\n\n" if PARAGRAPH in gap[0] else "\n", text)
    text = re.sub(r"(?m)^(- |\w+\. |#+ )\n+(?=[^\s#-])", r"\1", text)
    text = re.sub(r"(?m)^(-|#+) *$", "", text)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" {2,}", " ", text))


def _gap(tag: str) -> str:
    return PARAGRAPH if tag in PARAGRAPHS else LINE if tag in LINES else ""


def _prefix(element: etree._Element, numbers: Counter[etree._Element]) -> str:
    return _bullet(element, numbers) if element.tag == "li" else PREFIXES.get(str(element.tag), "")


def _bullet(item: etree._Element, numbers: Counter[etree._Element]) -> str:
    """`3. ` or `C. ` in an ordered list, by its own numbering; `- ` in another."""
    ordered = item.getparent()
    if ordered is None or ordered.tag != "ol":
        return "- "
    numbers[ordered] += 1
    start = ordered.get("start", "1")
    number = numbers[ordered] + (int(start) - 1 if start.isdecimal() and len(start) < 6 else 0)
    if ordered.get("type") in ("a", "A") and number <= 26:
        return f"{chr(ord(ordered.get('type', 'a')) + number - 1)}. "
    return f"{number}. "


def _collapse(text: str | None) -> str:
    return re.sub(r"\s+", " ", text) if text else ""
