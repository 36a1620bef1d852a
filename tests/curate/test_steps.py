"""The pure functions of the steps: rows in, rows out."""

import json

import pytest

from curate.decontaminate import add_benchmark, leaks_in
from curate.dedup import duplicates_in
from curate.export import pass_rates, split_of, why_dropped
from curate.flow import Pair
from gr_toolkit.errors import UsageError
from gr_toolkit.settings import CurateSettings
from gr_toolkit.similarity import NearDuplicates, NgramIndex, sign


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


def test_leak_names_the_benchmark_and_the_item(tmp_path):
    path = tmp_path / "exam.jsonl"
    path.write_text(
        json.dumps({"id": 5, "problem": "How many pencils are in 5 full boxes of 12 pencils each?"})
    )
    index = NgramIndex()
    add_benchmark(index, str(path))
    leaked = Pair("p", "Q3. How many pencils are in 5 full boxes of 12 pencils each?", "60")
    clean = Pair("q", "How many pens are in 4 full boxes of 10 pens each?", "40")
    (row,) = leaks_in([leaked, clean], index, 0.6)
    assert (row["id"], row["benchmark"], row["item"], row["reason"]) == ("p", "exam", "5", "overlaps exam")


@pytest.mark.parametrize("content", ["not json", '{"no": "question"}', "[1]"])
def test_invalid_benchmark_file_is_a_usage_error(tmp_path, content):
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"curate\.benchmarks: .*bad\.jsonl"):
        add_benchmark(NgramIndex(), str(path))


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
def test_paper_s_rule_drops_never_and_always_solved_questions(rate, settings, reason):
    assert why_dropped(rate, CurateSettings(**settings)) == reason


def test_split_depends_only_on_the_id():
    ids = [f"{number * 2654435761 % 2**32:08x}{'0' * 24}" for number in range(1000)]
    share = sum(split_of(pair_id, 0.3) == "test" for pair_id in ids) / len(ids)
    assert 0.25 < share < 0.35
    assert {split_of(pair_id, 0.0) for pair_id in ids} == {"train"}
    assert {split_of(pair_id, 1.0) for pair_id in ids} == {"test"}
