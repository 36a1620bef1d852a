"""Count the answered questions that a page declares, independently of crawl/text/qa_markup.py."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from lxml import etree, html

from crawl.text.tree import elements

# Each expression finds one element per question; the first that finds any counts for the page.
ITEMS = {
    "schema.org in microdata": "//*[contains(@itemtype, '/Question')]"
    "[.//*[contains(@itemprop, 'acceptedAnswer') or contains(@itemprop, 'suggestedAnswer')]]",
    "StackExchange": "//*[@id = 'question'][//*[contains(concat(' ', @class, ' '), ' answer ')]]",
    # One solution is one question; a solution that is only a picture has no text to read.
    "OpenStax": "//*[@data-type = 'solution' or @data-type = 'question-solution'][normalize-space()]",
    "PreTeXt": "//article[.//*[@class = 'solutions']/details[not(contains(@class, 'hint'))]]",
}
ACCEPTED = (
    "//*[contains(@itemprop, 'acceptedAnswer')]"
    " | //*[contains(concat(' ', @class, ' '), ' accepted-answer ')][contains(@class, 'answer')]"
)
JSON_LD = "schema.org in JSON-LD"
KINDS = (JSON_LD, *ITEMS)


class Declared(NamedTuple):
    """The kind of markup, the number of questions with an answer, and the number with an accepted answer."""

    kind: str
    questions: int
    accepted: int


def declared(page: str) -> Declared | None:
    """Count the questions of a page by its most reliable markup; None if it declares none."""
    parser = html.HTMLParser(encoding="utf-8")
    try:
        tree = html.fromstring(page.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:  # an empty page
        return None
    scripts = elements(tree, "//script[@type = 'application/ld+json']")
    from_json = [item for script in scripts for item in _json(script.text)]
    if from_json:
        return Declared(JSON_LD, len(from_json), sum(bool(item.get("acceptedAnswer")) for item in from_json))
    for kind, path in ITEMS.items():
        items = elements(tree, path)
        if items:
            by_markup = kind in ("OpenStax", "PreTeXt")
            return Declared(kind, len(items), len(items) if by_markup else _accepted(tree))
    return None


def _accepted(tree: etree._Element) -> int:
    return min(1, len(elements(tree, ACCEPTED)))


def _json(script: str | None) -> list[dict[str, Any]]:
    try:
        value = json.loads(re.sub(r"[\x00-\x1f]", " ", script or ""))
    except ValueError:
        return []
    return [item for item in _objects(value) if _is_answered_question(item)]


def _objects(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # any JSON
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) else []
    return own + [found for each in inside for found in _objects(each)]


def _is_answered_question(item: dict[str, Any]) -> bool:
    answers = item.get("acceptedAnswer") or item.get("suggestedAnswer")
    return "Question" in str(item.get("@type")) and bool(answers)
