"""Leak detection: finds the known item whose n-grams a text repeats most."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

from gr_toolkit.similarity.words import words

LENGTH = 8  # words per n-gram; an item with fewer words is a single n-gram


class Leak(NamedTuple):
    """A known item and the share (0 to 1) of its n-grams that the text contains."""

    source: str
    item: str
    overlap: float


class NgramIndex:
    """An inverted index from word n-grams to the items that contain them."""

    def __init__(self) -> None:
        self._items: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self._sizes: dict[tuple[str, str], int] = {}
        self._lengths: set[int] = set()

    def add(self, source: str, item: str, text: str) -> None:
        """Add one item of a source."""
        tokens = words(text)
        length = min(LENGTH, len(tokens))
        grams = _ngrams(tokens, length)
        if grams:
            self._lengths.add(length)
            self._sizes[source, item] = len(grams)
            for gram in grams:
                self._items[gram].add((source, item))

    def find(self, text: str) -> Leak | None:
        """Return the item with the greatest share of n-grams in the text; None if no n-gram is shared."""
        tokens = words(text)
        shared: Counter[tuple[str, str]] = Counter()
        for length in self._lengths:
            for gram in _ngrams(tokens, length):
                shared.update(self._items.get(gram, ()))
        if not shared:
            return None
        (source, item), overlap = max(
            ((known, count / self._sizes[known]) for known, count in shared.items()),
            key=lambda found: (found[1], found[0]),
        )
        return Leak(source, item, overlap)


def _ngrams(tokens: list[str], length: int) -> set[str]:
    return (
        {" ".join(tokens[start : start + length]) for start in range(len(tokens) - length + 1)}
        if length
        else set()
    )
