"""The length of the n-grams: eight words, or a shorter item as a whole."""

from __future__ import annotations

import pytest

from gr_toolkit.similarity import NgramIndex

WORDS = ["one", "bus", "covers", "180", "km", "in", "three", "hours", "at", "constant", "speed"]


def overlap(item: int, text: list[str]) -> float:
    """The share of the n-grams of an item of so many words that the text repeats."""
    index = NgramIndex()
    index.add("benchmark", "1", " ".join(WORDS[:item]))
    found = index.find(" ".join(text))
    return found.overlap if found else 0.0


@pytest.mark.parametrize(
    ("item", "repeated", "share"),
    [
        (11, 11, 1.0),
        (11, 10, 3 / 4),  # an item of 11 words has 4 n-grams
        (11, 9, 2 / 4),
        (11, 8, 1 / 4),
        (11, 7, 0.0),
        (9, 8, 1 / 2),
        (8, 8, 1.0),
        (8, 7, 0.0),
        (7, 7, 1.0),  # a shorter item is one n-gram
        (7, 6, 0.0),
        (1, 1, 1.0),
    ],
)
def test_the_overlap_counts_runs_of_eight_words(item, repeated, share):
    assert overlap(item, WORDS[:repeated]) == pytest.approx(share)
    assert overlap(item, ["well", *WORDS[:repeated], "then"]) == pytest.approx(share)


def test_a_text_shorter_than_an_ngram_repeats_no_long_item():
    assert overlap(11, WORDS[:3]) == 0.0


def test_short_and_long_items_are_found_in_one_text():
    index = NgramIndex()
    index.add("benchmark", "long", " ".join(WORDS))
    index.add("benchmark", "short", "define entropy")
    assert index.find(" ".join([*WORDS[:9], "define", "entropy"])).item == "short"
    assert index.find(" ".join(["define", *WORDS, "entropy"])).item == "long"
