"""`curate decontaminate`: pairs that overlap the bundled and the configured benchmarks."""

from __future__ import annotations

import json

import fsspec
import pytest

from curate.decontaminate import add_benchmark, decontaminate, leaks_in, read_benchmarks
from curate.flow import Pair
from gr_toolkit.bundled import BENCHMARKS
from gr_toolkit.console import Summary
from gr_toolkit.errors import UsageError
from gr_toolkit.settings import Settings
from gr_toolkit.similarity import NgramIndex
from rows import fill, rows_of

ITEM = "one two three four five six seven eight nine"  # two n-grams of eight words
HALF = "one two three four five six seven eight ten"  # has the first of them
CLEAN = "a question with no words of the item in this order at all"


def add(index: NgramIndex, path: str) -> None:
    """Index the questions of a file."""
    for name, questions in read_benchmarks([path]).items():
        add_benchmark(index, name, questions)


def index_of(tmp_path, *items: dict[str, object]) -> NgramIndex:
    """The index of a benchmark `exam` with these items."""
    path = tmp_path / "exam.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    index = NgramIndex()
    add(index, str(path))
    return index


@pytest.mark.parametrize(
    ("question", "threshold", "overlap"),
    [
        (ITEM, 1.0, 1.0),
        (f"Hence: {ITEM.upper()}, and so on.", 1.0, 1.0),
        (HALF, 0.5, 0.5),
        (HALF, 0.51, None),
        (CLEAN, 0.01, None),
    ],
)
def test_pair_leaks_if_its_overlap_reaches_the_threshold(tmp_path, question, threshold, overlap):
    index = index_of(tmp_path, {"id": "i7", "question": ITEM})
    rows = leaks_in([Pair("p", question, "1")], index, threshold)
    leak = {
        "id": "p",
        "benchmark": "exam",
        "item": "i7",
        "overlap": overlap,
        "kept": False,
        "reason": "overlaps exam",
    }
    assert rows == ([] if overlap is None else [leak])


def test_leaks_are_in_the_order_of_the_pairs(tmp_path):
    index = index_of(tmp_path, {"question": ITEM}, {"question": CLEAN})
    pairs = [Pair("c", CLEAN, ""), Pair("b", "short", ""), Pair("a", ITEM, "")]
    assert [(row["id"], row["item"]) for row in leaks_in(pairs, index, 0.6)] == [("c", "2"), ("a", "1")]


def test_benchmark_at_a_url_is_named_after_its_file():
    fsspec.filesystem("memory").pipe_file("/exams/final.v2.jsonl", json.dumps({"problem": ITEM}).encode())
    index = NgramIndex()
    add(index, "memory://exams/final.v2.jsonl")
    assert index.find(ITEM).source == "final.v2"


def test_configured_benchmarks_are_compared_in_addition_to_the_bundled_ones(store, tmp_path):
    (tmp_path / "mine.jsonl").write_text(json.dumps({"question": ITEM}))
    bundled = json.loads(BENCHMARKS["tiny"].read_text().splitlines()[0])["question"]
    questions = {"a": ITEM, "b": CLEAN, "c": bundled, "d": ITEM}
    store.table("pairs").write("1", [fill("pairs", name, question=text) for name, text in questions.items()])
    store.table("duplicates").write("1", [fill("duplicates", "d", kept=False, reason="exact duplicate")])
    summary = Summary("curate decontaminate", table="contaminated")
    settings = Settings(data=store.data, curate={"benchmarks": [str(tmp_path / "mine.jsonl")]})
    decontaminate(store, settings, summary)
    assert [(row["id"], row["benchmark"]) for row in rows_of(store, "contaminated")] == [
        ("a", "mine"),
        ("c", "tiny"),
    ]
    assert (summary.rows_in, summary.rows, summary.kept) == (4, 2, 0)


def test_overlap_setting_is_the_threshold(store, tmp_path):
    (tmp_path / "mine.jsonl").write_text(json.dumps({"question": ITEM}))
    for shard, overlap in (("loose", 0.5), ("strict", 0.6)):
        store.table("pairs").write(shard, [fill("pairs", question=HALF)])
        store.table("duplicates").write(shard, [])
        curate = {"benchmarks": [str(tmp_path / "mine.jsonl")], "overlap": overlap}
        summary = Summary("curate decontaminate", table="contaminated")
        decontaminate(store, Settings(data=store.data, curate=curate), summary)
        assert summary.rows == (shard == "loose")


def test_missing_benchmark_stops_the_step_before_any_shard(store):
    store.table("pairs").write("1", [])
    store.table("duplicates").write("1", [])
    settings = Settings(data=store.data, curate={"benchmarks": ["gone.jsonl"]})
    with pytest.raises(UsageError, match=r"^curate\.benchmarks: cannot read gone\.jsonl: No such file"):
        decontaminate(store, settings, Summary("curate decontaminate", table="contaminated"))
    assert store.table("contaminated").shards() == []


def test_leak_names_the_benchmark_and_the_item(tmp_path):
    path = tmp_path / "exam.jsonl"
    path.write_text(
        json.dumps({"id": 5, "problem": "How many pencils are in 5 full boxes of 12 pencils each?"})
    )
    index = NgramIndex()
    add(index, str(path))
    leaked = Pair("p", "Q3. How many pencils are in 5 full boxes of 12 pencils each?", "60")
    clean = Pair("q", "How many pens are in 4 full boxes of 10 pens each?", "40")
    (row,) = leaks_in([leaked, clean], index, 0.6)
    assert (row["id"], row["benchmark"], row["item"], row["reason"]) == ("p", "exam", "5", "overlaps exam")


@pytest.mark.parametrize("content", ["not json", '{"no": "question"}', "[1]"])
def test_invalid_benchmark_file_is_a_usage_error(tmp_path, content):
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"curate\.benchmarks: .*bad\.jsonl"):
        read_benchmarks([str(path)])
