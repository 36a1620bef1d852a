"""`curate dedup`: exact and near duplicates, across shards and runs."""

from __future__ import annotations

import pytest

from curate.dedup import dedup, duplicates_in, signature_row
from gr_toolkit.console import Summary
from gr_toolkit.settings import Settings
from gr_toolkit.similarity import NearDuplicates, Signature, sign
from gr_toolkit.store.tables import VERSIONS, Versions
from rows import fill, rows_of
from shards import older, put, stamp

TREE = "A tree grows 3 feet in 2 years. How high is it after 8 years of growth in the same garden?"
NEAR = "A tree grows 3 feet in 2 years. How high is it after 8 years of growth in a garden?"
OTHER = "Which gas do plants take in for photosynthesis?"


def deduplicated(store, *questions: str, shard="1", **curate) -> Summary:
    """Run the step on a shard with these questions, whose ids are their positions."""
    rows = [fill("pairs", f"{shard}/{n}", question=question) for n, question in enumerate(questions)]
    store.table("pairs").write(shard, rows)
    summary = Summary("curate dedup", table="duplicates")
    dedup(store, Settings(data=store.data, curate=curate), summary)
    return summary


@pytest.mark.parametrize(
    ("question", "why", "exact"),
    [
        (TREE, "exact", True),
        (TREE.upper(), "exact", True),
        (f"5) {TREE}", "exact", True),
        (NEAR, "near", False),
    ],
)
def test_row_says_how_the_pair_repeats_which_earlier_pair(store, question, why, exact):
    deduplicated(store, OTHER, TREE, question)
    (row,) = rows_of(store, "duplicates")
    assert (row["id"], row["kept_id"], row["why"]) == ("1/2", "1/1", why)
    assert (row["kept"], row["reason"]) == (False, f"{why} duplicate")
    assert (row["similarity"] == 1.0) is exact
    assert row["similarity"] >= 0.7


def test_similarity_setting_is_the_threshold_of_near_duplicates(store):
    summary = deduplicated(store, TREE, NEAR, TREE, similarity=1.0)
    assert [row["id"] for row in rows_of(store, "duplicates")] == ["1/2"]
    assert (summary.rows_in, summary.rows, summary.kept) == (3, 1, 0)
    assert summary.reasons == {"exact duplicate": 1}


def test_later_runs_compare_with_the_first_pair_and_not_with_its_duplicates(store):
    deduplicated(store, TREE, NEAR)
    deduplicated(store, NEAR, OTHER, shard="2")
    deduplicated(store, OTHER, shard="0")
    kept = {row["id"]: row["kept_id"] for row in rows_of(store, "duplicates")}
    assert kept == {"1/1": "1/0", "2/0": "1/0", "0/0": "2/1"}


def test_every_pair_is_signed_once_and_the_signature_is_stored(store):
    deduplicated(store, TREE, TREE)
    first = rows_of(store, "signatures")
    (signature,) = sign([TREE])
    assert [row["id"] for row in first] == ["1/0", "1/1"]
    assert first[0] == signature_row("1/0", signature)
    deduplicated(store, OTHER, shard="2")
    assert store.table("signatures").shards() == ["1", "2"]
    assert store.table("signatures").rows("1") == first


SIGNED_OTHERWISE = {
    "another algorithm": (older("signatures", [fill("signatures", "1/0")]), 2),
    "another schema": (older("signatures", [fill("signatures", "1/0")], digest=None), 1),
}


@pytest.mark.parametrize("case", SIGNED_OTHERWISE)
def test_signatures_of_another_version_are_made_again_and_not_compared(store, capsys, case):
    content, algorithm = SIGNED_OTHERWISE[case]
    deduplicated(store, TREE)
    deduplicated(store, OTHER, shard="3")
    signed = store.table("signatures").rows("1")
    path = put(store, "signatures", "1", content, stamp("signatures", algorithm=algorithm))
    written = path.read_bytes()
    deduplicated(store, NEAR, shard="2")
    assert "the pairs of 1 shards are signed again" in capsys.readouterr().err
    assert store.table("signatures").rows("1") == signed
    assert [(row["id"], row["kept_id"]) for row in rows_of(store, "duplicates")] == [("2/0", "1/0")]
    aside = path.parent.parent / "replaced" / "signatures-1.parquet"
    assert aside.read_bytes() == written
    deduplicated(store, TREE, shard="4")
    assert "signed again" not in capsys.readouterr().err


def test_all_signatures_are_made_again_after_a_change_of_the_algorithm(store, monkeypatch, capsys):
    deduplicated(store, TREE)
    deduplicated(store, OTHER, shard="2")
    monkeypatch.setitem(VERSIONS, "signatures", Versions(1, 7))
    deduplicated(store, TREE, shard="3")
    assert "the pairs of 2 shards are signed again" in capsys.readouterr().err
    signatures = store.table("signatures")
    assert [signatures.versions(shard).algorithm for shard in signatures.shards()] == [7, 7, 7]


def test_foreign_signatures_are_set_aside_and_made_again(store, capsys):
    deduplicated(store, TREE)
    put(store, "signatures", "1", older("signatures", []), stamp("pairs"))
    deduplicated(store, TREE, shard="2")
    assert "shard 1 of table signatures is a shard of table pairs; moved it to" in capsys.readouterr().err
    assert [row["kept_id"] for row in rows_of(store, "duplicates")] == ["1/0"]
    assert store.table("signatures").shards() == ["1", "2"]


def test_rejected_pairs_are_neither_signed_nor_compared(store):
    rows = [
        fill("pairs", "a", question=TREE, kept=False, reason="answer too long"),
        fill("pairs", "b", question=TREE),
    ]
    store.table("pairs").write("0", rows)
    deduplicated(store, TREE)
    assert [row["id"] for row in rows_of(store, "signatures")] == ["b", "1/0"]
    assert [(row["id"], row["kept_id"]) for row in rows_of(store, "duplicates")] == [("1/0", "b")]


def test_signature_row_is_kept():
    row = signature_row("a", Signature("1 2", "digest", (1, 2)))
    assert row == {
        "id": "a",
        "guard": "1 2",
        "digest": "digest",
        "minhash": [1, 2],
        "kept": True,
        "reason": None,
    }


def test_pairs_without_a_duplicate_are_added_to_the_index():
    seen = NearDuplicates(0.7)
    signatures = list(sign([TREE, OTHER]))
    assert duplicates_in(list(zip("ab", signatures, strict=True)), seen) == []
    assert [seen.find(signature).id for signature in signatures] == ["a", "b"]


def test_dedup_keeps_the_first_pair_and_does_not_merge_number_variants():
    questions = {
        "a": "A train covers 120 km in 2 hours at constant speed. What is its speed?",
        "b": "A train covers 150 km in 3 hours at constant speed. What is its speed?",
        "c": "Problem 7: A train covers 120 km in 2 hours at constant speed. What is its speed?",
    }
    seen = NearDuplicates(0.7)
    rows = duplicates_in(list(zip(questions, sign(questions.values()), strict=True)), seen)
    assert [(row["id"], row["kept_id"]) for row in rows] == [("c", "a")]
    again = duplicates_in([("d", sign([questions["b"]])[0])], seen)
    assert [(row["kept_id"], row["why"], row["similarity"]) for row in again] == [("b", "exact", 1.0)]
