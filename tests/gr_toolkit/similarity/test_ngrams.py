from __future__ import annotations

import pytest

from gr_toolkit.similarity import Leak, NgramIndex

ITEM = (
    "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins "
    "for her friends every day with four. How much does she make every day?"
)


@pytest.fixture
def index() -> NgramIndex:
    index = NgramIndex()
    index.add("gsm8k", "7", ITEM)
    index.add(
        "gsm8k", "8", "A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts?"
    )
    index.add("tiny", "1", "Define entropy in thermodynamics")
    return index


def test_verbatim_item_overlaps_completely(index):
    assert index.find(ITEM) == Leak("gsm8k", "7", 1.0)


def test_case_punctuation_and_surroundings_do_not_hide_a_leak(index):
    assert index.find(f"Homework help!! {ITEM.upper().replace('.', ' ;')} Thanks.") == Leak("gsm8k", "7", 1.0)


def test_half_an_item_overlaps_partly(index):
    leak = index.find(ITEM[: len(ITEM) // 2])
    assert (leak.source, leak.item) == ("gsm8k", "7")
    assert 0.2 < leak.overlap < 0.6


def test_different_wording_is_not_a_leak(index):
    assert (
        index.find("Janet owns ducks that lay some eggs, of which she eats a few. What is her income?")
        is None
    )


def test_changed_number_breaks_only_the_ngrams_that_contain_it(index):
    assert 0.5 < index.find(ITEM.replace("16", "17")).overlap < 1.0


def test_a_short_item_counts_as_one_ngram(index):
    assert index.find("please define entropy in thermodynamics for me") == Leak("tiny", "1", 1.0)
    assert index.find("please define entropy in statistics") is None


def test_empty_items_and_texts_never_match(index):
    index.add("tiny", "2", " \n")
    assert index.find("") is None
    assert index.find("?!") is None
