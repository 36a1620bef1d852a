"""How much of a page's questions, answers and main text is left in an extracted text.

The measures are token-based, so that they treat plain text, Markdown and TeX alike: words and numbers in
lower case. The marks of a list, which some extractors write and others leave out, count for nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

MIN_SHARE = 0.75  # of the bigrams of a question or passage, in one window
ROOM = 20  # tokens that a window may have beyond twice those of what is looked for
SHORT = 4  # tokens; a shorter passage is looked for exactly, and near the question
N = 4  # words of the n-grams by which main texts are compared
LIST_MARK = re.compile(r"(?<!\S)\(?(?:[a-zA-Z]|\d{1,2})[.)](?=\s)")
TOKEN = re.compile(r"[^\W\d_]+|\d+")
WORD = re.compile(r"\w+")


class Kept(NamedTuple):
    """Whether a text has the question, and whether it has the answer."""

    question: bool
    answer: bool


class MainText(NamedTuple):
    """Precision and recall of a text's 4-grams of words against the main text a person marked."""

    precision: float
    recall: float


def tokens(text: str) -> list[str]:
    """Words and numbers in lower case, so that an exponent that is set off is a token of its own."""
    return TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def kept(text: Sequence[str], page: Sequence[str], question: str, evidence: Sequence[str]) -> Kept:
    """Whether the tokens of a text have a question and one of the passages that carry its answer.

    A long passage counts wherever it stands. A short one has to come as soon after the question as it does
    among the tokens of the whole page.
    """
    asked = tokens(LIST_MARK.sub(" ", question))
    place = find(text, asked)
    on_page = find(page, asked)
    found = any(_has_answer(text, page, tokens(passage), place, on_page, len(asked)) for passage in evidence)
    return Kept(place is not None, found)


def _has_answer(
    text: Sequence[str],
    page: Sequence[str],
    passage: list[str],
    place: int | None,
    on_page: int | None,
    asked: int,
) -> bool:
    if len(passage) >= SHORT:
        return find(text, passage) is not None
    if place is None or on_page is None:
        return False
    distance = _next(page, passage, on_page)
    if distance is None:
        return False
    nearest = _next(text, passage, place)
    return nearest is not None and nearest <= distance + asked + ROOM


def find(text: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Where the window begins that has most of the bigrams that are wanted; None where that is too few.

    In the text one more token may stand between the two, such as the letter of an option.
    """
    needed = Counter(pairwise(wanted))
    if not needed:
        return text.index(wanted[0]) if wanted and wanted[0] in text else None
    size = 2 * len(wanted) + ROOM
    best, where = 0, None
    window: Counter[tuple[str, str]] = Counter()
    inside: deque[tuple[int, tuple[str, str]]] = deque()
    matched = 0
    for place, pair in _pairs(text):
        if pair not in needed:
            continue
        inside.append((place, pair))
        window[pair] += 1
        matched += window[pair] <= needed[pair]
        while inside[0][0] <= place - size:
            _, old = inside.popleft()
            matched -= window[old] <= needed[old]
            window[old] -= 1
        if matched > best:
            best, where = matched, inside[0][0]
    return where if best >= MIN_SHARE * needed.total() else None


def _pairs(text: Sequence[str]) -> Iterator[tuple[int, tuple[str, str]]]:
    """Each token with the next and with the one after that, and where it stands."""
    for place, token in enumerate(text):
        for following in text[place + 1 : place + 3]:
            yield place, (token, following)


def _next(text: Sequence[str], wanted: Sequence[str], start: int) -> int | None:
    """Tokens from `start` to the next place where exactly these tokens stand."""
    length = len(wanted)
    for place in range(start, len(text) - length + 1):
        if text[place] == wanted[0] and list(text[place : place + length]) == list(wanted):
            return place - start
    return None


def main_text(text: str, gold: str) -> MainText:
    """Precision and recall by 4-grams of words; shorter grams where the gold has fewer words."""
    words, true_words = WORD.findall(text.casefold()), WORD.findall(gold.casefold())
    n = max(1, min(N, len(true_words)))
    grams, true_grams = _grams(words, n), _grams(true_words, n)
    both = (grams & true_grams).total()
    return MainText(both / max(1, grams.total()), both / max(1, true_grams.total()))


def f1(precision: float, recall: float) -> float:
    """The harmonic mean."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _grams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(n)), strict=False))
