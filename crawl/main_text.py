"""The text of a page without its furniture: trafilatura's choice, unless that loses what matters here.

Measured on real pages, trafilatura drops accepted answers and short lists of options in a third of the
pages with questions; where it does, all the text outside nav, header, footer and aside is taken instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy

from lxml import etree
from trafilatura import extract

from crawl.fulltext import full_text
from crawl.mathematics import Formulas
from crawl.tree import first

LEAST_SHARE = 0.5  # of the words of the full text that the main text must have
LEAST_CUES = 0.9  # of the lines that look like options and answers
# Trafilatura's time grows with the square of these; beyond them all the text is taken.
MOST_CHARACTERS = 300_000
MOST_ELEMENTS = 15_000
DEEPEST = 200  # elements within each other
CUE = re.compile(
    r"^\W*(?:\(?[A-Ha-h1-9][.)]\s|(?:answer|solution|option|correct|hint|respuesta|soluci[oó]n|antwort|l[öo]sung)\b)",
    re.IGNORECASE,
)
WORD = re.compile(r"\w+")


def main_text(tree: etree._Element, formulas: Formulas, answers: Sequence[str]) -> str:
    """Light Markdown, formulas still as tokens. `answers` are texts, without tokens, that must survive."""
    everything = full_text(tree)
    if _is_vast(tree, everything):
        return everything
    chosen = extract(deepcopy(tree), output_format="markdown", include_formatting=True)
    if not chosen or loses(formulas.restore(chosen), formulas.restore(everything), answers):
        return everything
    return chosen


def _is_vast(tree: etree._Element, text: str) -> bool:
    return (
        len(text) > MOST_CHARACTERS
        or first(tree, f"/descendant::*[{MOST_ELEMENTS}]") is not None
        or first(tree, "/*" * DEEPEST) is not None
    )


def loses(chosen: str, everything: str, answers: Sequence[str]) -> bool:
    """Whether the chosen text lacks half of the words, an answer, or lines that look like one."""
    if len(WORD.findall(chosen)) < LEAST_SHARE * len(WORD.findall(everything)):
        return True
    kept = _words(chosen)
    if not all(_contains(kept, answer) for answer in answers):
        return True
    cues = [line for line in everything.splitlines() if CUE.search(line)]
    return sum(_contains(kept, cue) for cue in cues) < LEAST_CUES * len(cues)


def _contains(kept: str, text: str) -> bool:
    return _words(text) in kept


def _words(text: str) -> str:
    """The words in lower case between single spaces; a text without any is in every other."""
    return " ".join(["", *WORD.findall(text.casefold()), ""])
