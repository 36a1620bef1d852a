"""Select the blocks that are a page's content: trafilatura's selection, unless it loses important blocks.

Trafilatura is more precise, resiliparse more complete. Measured on real pages (bench/crawl.py), trafilatura
alone drops answers and short lists of options in a third of the pages with questions. Trafilatura's
selection is used only if it keeps nearly all the formulas, options and answers that resiliparse keeps.
Otherwise the union of both selections is used. Then blocks between kept blocks are restored if they look like
content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree
from resiliparse.extract.html2text import extract_plain_text
from trafilatura import extract

from crawl.text.blocks import Block
from crawl.text.tree import first

# Trafilatura's selection is used alone only if it keeps these shares.
MIN_TEXT_SHARE = 0.5  # of the characters that resiliparse keeps
MIN_CUE_SHARE = 0.9  # of the blocks with formulas, options, answers or code that either extractor keeps
NEARLY_ALL = 0.9  # of the page's characters; if resiliparse keeps as many, trafilatura is skipped
MIN_SHARE = 0.1  # of the characters outside boilerplate; if fewer are kept, both extractors failed
MIN_PROSE = 120  # characters; a block of this length is prose
# Trafilatura is skipped above these sizes of a page, because its run time is quadratic in each of them.
MAX_CHARACTERS = 300_000
MAX_ELEMENTS = 15_000
MAX_NESTING = 200  # nested elements; resiliparse is skipped too, for the same reason
CUE = re.compile(
    r"\W*(?:\(?[A-Ha-h1-9][.)]\s|(?:answer|solution|option|correct|hint|respuesta|soluci[oó]n|antwort|l[öo]sung)\b)",
    re.IGNORECASE,
)
CODE = "```\n"
PART = re.compile(r"```\n.*?\n```|[^\n]+", re.DOTALL)  # the text of one block in light Markdown
WORD = re.compile(r"\w+")
MARK = re.compile(r"qz(\d+)zq")
Numbers = set[int]


def main_blocks(
    tree: etree._Element,
    blocks: Sequence[Block],
    formula: re.Pattern[str],
    declared: Sequence[str],
    title: str,
) -> list[Block]:
    """Return the blocks that are content, in order. Modifies the tree.

    `formula` matches a formula in a block. `declared` are questions and answers from the markup; their blocks
    are always kept. A first-level heading that `title` contains is kept too: it is often the question.
    """
    cues = {number for number, block in enumerate(blocks) if is_cue(block.text, formula)}
    kept = _extracted(tree, blocks, cues)
    kept |= lost_between(kept, blocks, cues)
    parts = {part for text in declared for part in PART.findall(text)}
    titled = f" {_words(title)} "
    kept |= {
        number
        for number, block in enumerate(blocks)
        if (block.text in parts and not block.boilerplate)
        or (block.text.startswith("# ") and f" {_words(block.text)} " in titled)
    }
    return [blocks[number] for number in sorted(kept)]


def is_cue(text: str, formula: re.Pattern[str]) -> bool:
    """Whether a block holds a formula or code, or begins like an option or an answer."""
    return text.startswith(CODE) or CUE.match(text) is not None or formula.search(text) is not None


def _extracted(tree: etree._Element, blocks: Sequence[Block], cues: Numbers) -> Numbers:
    content = {number for number, block in enumerate(blocks) if not block.boilerplate}
    if first(tree, "/*" * MAX_NESTING) is not None:
        return content
    sizes = [len(block.text) for block in blocks]
    vast = sum(sizes) > MAX_CHARACTERS or first(tree, f"/descendant::*[{MAX_ELEMENTS}]") is not None
    _mark(blocks)
    page = etree.tostring(tree, method="html", encoding="unicode")
    kept = _marked(str(extract_plain_text(page, main_content=True, preserve_formatting=True)), blocks)
    if not vast and _size(kept, sizes) < NEARLY_ALL * sum(sizes):
        kept = chosen(_marked(extract(page) or "", blocks), kept, sizes, cues)
    return content if _size(kept, sizes) < MIN_SHARE * _size(content, sizes) else kept


def chosen(precise: Numbers, complete: Numbers, sizes: Sequence[int], cues: Numbers) -> Numbers:
    """Return `precise`, or the union if `precise` loses over half of the text or a tenth of the cues."""
    both = precise | complete
    loses_text = _size(precise, sizes) < MIN_TEXT_SHARE * _size(complete, sizes)
    loses_cues = len(precise & cues) < MIN_CUE_SHARE * len(both & cues)
    return both if loses_text or loses_cues else precise


def lost_between(kept: Numbers, blocks: Sequence[Block], cues: Numbers) -> Numbers:
    """The blocks of cues and prose between the first and the last kept block, except boilerplate."""
    return {
        number
        for number in range(min(kept, default=0), max(kept, default=0))
        if not blocks[number].boilerplate and (number in cues or len(blocks[number].text) >= MIN_PROSE)
    }


def _mark(blocks: Sequence[Block]) -> None:
    """Begin every block in the tree with a word that contains its number; extractors keep such words."""
    for number, block in enumerate(blocks):
        place = "tail" if block.in_tail else "text"
        text = getattr(block.element, place) or ""
        setattr(block.element, place, f"qz{number}zq {text.lstrip()}")


def _marked(text: str, blocks: Sequence[Block]) -> Numbers:
    return {int(digits) for digits in MARK.findall(text) if int(digits) < len(blocks)}


def _size(numbers: Numbers, sizes: Sequence[int]) -> int:
    return sum(sizes[number] for number in numbers)


def _words(text: str) -> str:
    return " ".join(WORD.findall(text.casefold()))
