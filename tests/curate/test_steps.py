"""The functions of the steps that decide: rows in, rows out."""

import json

import pytest

from curate.decontaminate import add_benchmark, leaks_in
from curate.dedup import duplicates_in
from curate.export import pass_rates, split_of, why_dropped
from gr_toolkit.errors import UsageError
from gr_toolkit.settings import CurateSettings
from gr_toolkit.similarity import NearDuplicates, NgramIndex, sign


def test_the_first_pair_stays_and_number_variants_are_not_merged():
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


def test_a_leak_names_benchmark_and_item(tmp_path):
    path = tmp_path / "exam.jsonl"
    path.write_text(
        json.dumps({"id": 5, "problem": "How many pencils are in 5 full boxes of 12 pencils each?"})
    )
    index = NgramIndex()
    add_benchmark(index, path)
    leaked = {"id": "p", "question": "Q3. How many pencils are in 5 full boxes of 12 pencils each?"}
    clean = {"id": "q", "question": "How many pens are in 4 full boxes of 10 pens each?"}
    (row,) = leaks_in([leaked, clean], index, 0.6)
    assert (row["id"], row["benchmark"], row["item"], row["reason"]) == ("p", "exam", "5", "overlaps exam")


@pytest.mark.parametrize("content", ["not json", '{"no": "question"}', "[1]"])
def test_a_file_that_is_no_benchmark_is_a_usage_error(tmp_path, content):
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"bad\.jsonl"):
        add_benchmark(NgramIndex(), path)


def test_pass_rate_counts_decided_attempts_only():
    attempts = [
        {"pair_id": pair, "verdict": verdict}
        for pair, verdict in [("a", True), ("a", False), ("a", None), ("b", None), ("c", True)]
    ]
    assert pass_rates(attempts) == {"a": 0.5, "c": 1.0}


@pytest.mark.parametrize(
    ("rate", "settings", "reason"),
    [
        (0.0, {}, "never solved"),
        (1.0, {}, "always solved"),
        (0.125, {}, None),
        (None, {}, "no attempt decided"),
        (0.1, {"min_pass_rate": 0.2}, "pass rate too low"),
        (0.9, {"max_pass_rate": 0.8}, "pass rate too high"),
        (0.0, {"any_pass_rate": True}, None),
        (None, {"any_pass_rate": True}, None),
    ],
)
def test_the_papers_rule_drops_never_and_always_solved(rate, settings, reason):
    assert why_dropped(rate, CurateSettings(**settings)) == reason


def test_the_split_depends_on_the_id_alone():
    ids = [f"{number * 2654435761 % 2**32:08x}{'0' * 24}" for number in range(1000)]
    share = sum(split_of(pair_id, 0.3) == "test" for pair_id in ids) / len(ids)
    assert 0.25 < share < 0.35
    assert {split_of(pair_id, 0.0) for pair_id in ids} == {"train"}
    assert {split_of(pair_id, 1.0) for pair_id in ids} == {"test"}
