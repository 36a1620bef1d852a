"""The pairs of a shard that reach each step of the funnel."""

from __future__ import annotations

import pytest

from curate.flow import Pair, pairs_reaching, required
from gr_toolkit.errors import RowsDoNotFit
from gr_toolkit.store import Store
from rows import fill


@pytest.fixture
def pairs(store: Store) -> Store:
    """Four kept pairs and one rejected. A duplicate and a benchmark leak are among the kept ones."""
    rows = [fill("pairs", name, question=f"{name}?", answer=f"{name}!") for name in "dabc"]
    store.table("pairs").write("1", [*rows, fill("pairs", "e", kept=False, reason="answer too long")])
    store.table("duplicates").write("1", [fill("duplicates", "b", kept=False, reason="exact duplicate")])
    store.table("contaminated").write("1", [fill("contaminated", "a", kept=False, reason="overlaps tiny")])
    return store


@pytest.mark.parametrize(
    ("table", "reaching"),
    [("signatures", "dabc"), ("duplicates", "dabc"), ("contaminated", "dac"), ("judged", "dc")],
)
def test_kept_pairs_reach_a_step_in_order_unless_an_earlier_step_removed_them(pairs, table, reaching):
    assert [pair.id for pair in pairs_reaching(pairs, table, "1")] == list(reaching)


def test_pair_has_the_id_question_and_answer_of_its_row(pairs):
    assert pairs_reaching(pairs, "judged", "1")[1] == Pair("c", "c?", "c!")


def test_rows_of_other_shards_do_not_count(pairs):
    pairs.table("pairs").write("2", [fill("pairs", "b")])
    pairs.table("duplicates").write("2", [])
    assert [pair.id for pair in pairs_reaching(pairs, "contaminated", "2")] == ["b"]


@pytest.mark.parametrize("column", ["question", "answer"])
def test_kept_pair_with_a_null_column_is_an_error(store, column):
    store.table("pairs").write("1", [fill("pairs", "a", **{column: None})])
    with pytest.raises(RowsDoNotFit, match=rf"a kept row has no pairs\.{column}"):
        pairs_reaching(store, "signatures", "1")


def test_rejected_pair_may_have_null_columns(store):
    row = fill("pairs", "a", question=None, answer=None, kept=False, reason="no question found")
    store.table("pairs").write("1", [row])
    assert pairs_reaching(store, "signatures", "1") == []


def test_required_value_may_be_empty_but_not_null():
    assert required("", "pairs.answer") == ""
    with pytest.raises(RowsDoNotFit):
        required(None, "pairs.answer")
