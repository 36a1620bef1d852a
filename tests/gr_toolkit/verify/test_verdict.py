"""A verdict as one word, the same for files, rewards and scores."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import Item, Verdict
from gr_toolkit.verify.batch.rows import Pair, line
from gr_toolkit.verify.batch.tally import outcome
from gr_toolkit.verify.extraction.extraction import Extraction


@pytest.mark.parametrize(
    ("correct", "decided_by", "word"),
    [
        (True, "numbers", "correct"),
        (True, "text", "correct"),
        (False, "numbers", "wrong"),
        (False, "no answer", "no answer"),
        (None, "rules", "undecided"),
        (None, "model", "undecided"),
        (None, "error", "failed"),
    ],
)
def test_outcome(correct, decided_by, word):
    verdict = Verdict(correct, decided_by, None, "why")
    assert verdict.outcome == word
    pair = Pair(1, Item("?", "1", "1"))
    assert outcome(pair, line(pair, verdict, 0.5)) == word


def test_a_row_without_a_pair_is_unreadable():
    pair = Pair(1, None, "not JSON")
    assert outcome(pair, line(pair, Verdict(None, "error", None, "not JSON"), 0.0)) == "unreadable"


@pytest.mark.parametrize(
    ("answer", "text"),
    [("2", "2"), ("so \\boxed{2}", "so \\boxed{2}"), (Extraction("2", "box"), "2"), (None, ""), ("", "")],
)
def test_the_text_of_an_item_is_its_answer_or_completion(answer, text):
    assert Item("?", "1", answer).text == text
