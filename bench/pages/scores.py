"""Measure how much of a page's questions, answers and main text an extracted text keeps.

The measures compare tokens (words and numbers in lower case), so that plain text, Markdown and TeX count
alike. List marks are ignored, because some extractors write them and others do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

MIN_SHARE = 0.75  # share of a question's or passage's bigrams that one window must contain
ROOM = 20  # tokens; a window has twice the tokens of the text searched for, plus these
SHORT = 4  # tokens; a shorter passage must occur exactly, and near the question
N = 4  # words per n-gram in the comparison of main texts
LIST_MARK = re.compile(r"(?<!\S)\(?(?:[a-zA-Z]|\d{1,2})[.)](?=\s)")
TOKEN = re.compile(r"[^\W\d_]+|\d+")
WORD = re.compile(r"\w+")


class Kept(NamedTuple):
    """Whether a text keeps the question, and whether it keeps the answer."""

    question: bool
    answer: bool


class MainText(NamedTuple):
    """Precision and recall of a text's 4-grams of words against the gold main text."""

    precision: float
    recall: float


def tokens(text: str) -> list[str]:
    """Return the words and numbers in lower case; an exponent such as that of 10^28 is a separate token."""
    return TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def kept(text: Sequence[str], page: Sequence[str], question: str, evidence: Sequence[str]) -> Kept:
    """Return whether the tokens of a text contain a question and one of the passages with its answer.

    A long passage counts anywhere in the text. A short one must follow the question about as closely as it
    does in the tokens of the whole page.
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
    """Return the start of the window with the most wanted bigrams; None if they are fewer than MIN_SHARE.

    In the text, one other token may separate the two of a bigram, such as the letter of an option.
    """
    needed = Counter(pairwise(wanted))
    if not needed:
        return text.index(wanted[0]) if wanted and wanted[0] in text else None
    size = 2 * len(wanted) + ROOM
    best, start = 0, None
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
            best, start = matched, inside[0][0]
    return start if best >= MIN_SHARE * needed.total() else None


def _pairs(text: Sequence[str]) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield each token's position, and the token paired with each of the next two."""
    for place, token in enumerate(text):
        for following in text[place + 1 : place + 3]:
            yield place, (token, following)


def _next(text: Sequence[str], wanted: Sequence[str], start: int) -> int | None:
    """Return the distance in tokens from `start` to the next exact occurrence; None if there is none."""
    length = len(wanted)
    for place in range(start, len(text) - length + 1):
        if text[place] == wanted[0] and list(text[place : place + length]) == list(wanted):
            return place - start
    return None


def main_text(text: str, gold: str) -> MainText:
    """Return precision and recall over 4-grams of words, or over shorter grams if the gold is shorter."""
    words, true_words = WORD.findall(text.casefold()), WORD.findall(gold.casefold())
    n = max(1, min(N, len(true_words)))
    grams, true_grams = _grams(words, n), _grams(true_words, n)
    both = (grams & true_grams).total()
    return MainText(both / max(1, grams.total()), both / max(1, true_grams.total()))


def f1(precision: float, recall: float) -> float:
    """The harmonic mean of precision and recall; 0 if both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _grams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(n)), strict=False))
