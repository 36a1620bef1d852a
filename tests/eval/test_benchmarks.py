"""Benchmarks: bundled, from the dataset or from a file, and the errors of unusable ones."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval.benchmarks import load_benchmark
from gr_toolkit.errors import UsageError
from gr_toolkit.store.questions import Question
from rows import fill


def test_bundled_benchmark_has_questions_with_answers(store):
    tiny = load_benchmark("tiny", store)
    assert tiny.name == "tiny"
    assert len(tiny.questions) >= 20
    assert all(question.question and question.answer for question in tiny.questions)


def test_dataset_benchmark_has_the_kept_rows_of_the_test_split(store):
    assert load_benchmark("dataset", store).questions == ()
    dropped = fill("dataset", "4", split="test", kept=False, reason="too easy")
    store.table("dataset").write("b", [fill("dataset", "3", split="test"), dropped])
    held = fill("dataset", "1", split="test", question="1+1?", answer="2")
    store.table("dataset").write("a", [held, fill("dataset", "2", split="train")])
    assert load_benchmark("dataset", store).questions == (
        Question("1", "1+1?", "2"),
        Question("3", "text", "text"),
    )


def test_file_benchmark_is_named_after_the_file(store, tmp_path):
    row = {"question": "1+1?", "answer": "2"}
    (tmp_path / "mine.jsonl").write_text(json.dumps(row))
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "mine.parquet")
    for file in ("mine.jsonl", "mine.parquet"):
        loaded = load_benchmark(str(tmp_path / file), store)
        assert (loaded.name, loaded.questions) == ("mine", (Question("1", "1+1?", "2"),))


def test_hash_depends_on_the_questions_not_on_the_file(store, tmp_path):
    for name, line in {
        "one": '{"id": "1", "question": "1+1?", "answer": "2"}',
        "same": '{"answer":"2","question":"1+1?","level":3}',
        "other": '{"question": "1+1?", "answer": "3"}',
    }.items():
        (tmp_path / f"{name}.jsonl").write_text(line)
    one, same, other = (
        load_benchmark(str(tmp_path / f"{name}.jsonl"), store).sha256 for name in ("one", "same", "other")
    )
    assert one == same != other


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tinny", "did you mean tiny"),
        ("mmlu.csv", "use tiny, dataset, or a path to a .jsonl or .parquet file"),
    ],
)
def test_unknown_name_is_a_usage_error(store, name, message):
    with pytest.raises(UsageError, match=message):
        load_benchmark(name, store)


def test_file_without_answers_is_a_usage_error(store, tmp_path):
    (tmp_path / "open.jsonl").write_text('{"question": "1+1?"}')
    with pytest.raises(UsageError, match=r"open\.jsonl, row 1 has no column answer"):
        load_benchmark(str(tmp_path / "open.jsonl"), store)


def test_two_rows_with_the_same_id_are_an_error(store, tmp_path):
    (tmp_path / "twice.jsonl").write_text('{"id": 1, "question": "?", "answer": 1}\n' * 2)
    with pytest.raises(UsageError, match=r"twice\.jsonl has two rows with the same id"):
        load_benchmark(str(tmp_path / "twice.jsonl"), store)
