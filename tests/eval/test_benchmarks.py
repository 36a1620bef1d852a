"""Where questions come from, and what a file that holds none is told."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval.benchmarks import load_benchmark
from gr_toolkit.errors import UsageError
from gr_toolkit.store.questions import Question
from rows import fill


def test_the_bundled_benchmark(store):
    tiny = load_benchmark("tiny", store)
    assert tiny.name == "tiny"
    assert len(tiny.questions) >= 20
    assert all(question.question and question.answer for question in tiny.questions)


def test_the_test_split_of_the_dataset(store):
    assert load_benchmark("dataset", store).questions == ()
    dropped = fill("dataset", "4", split="test", kept=False, reason="too easy")
    store.table("dataset").write("b", [fill("dataset", "3", split="test"), dropped])
    held = fill("dataset", "1", split="test", question="1+1?", answer="2")
    store.table("dataset").write("a", [held, fill("dataset", "2", split="train")])
    assert load_benchmark("dataset", store).questions == (
        Question("1", "1+1?", "2"),
        Question("3", "text", "text"),
    )


@pytest.mark.parametrize(
    ("row", "question"),
    [
        ({"question": "1+1?", "answer": "2"}, Question("1", "1+1?", "2")),
        ({"id": 7, "problem": "1+1?", "answer": 2.0}, Question("7", "1+1?", "2.0")),
        ({"id": "x", "Question": "1+1?", "Answer": 2}, Question("x", "1+1?", "2")),
        ({"question": "roots?", "final_answer": ["1", "2"]}, Question("1", "roots?", "1, 2")),
    ],
)
def test_the_columns_of_a_file(store, tmp_path, row, question):
    (tmp_path / "mine.jsonl").write_text(f"\n{json.dumps(row)}\n\n")
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "mine.parquet")
    for file in ("mine.jsonl", "mine.parquet"):
        loaded = load_benchmark(str(tmp_path / file), store)
        assert (loaded.name, loaded.questions) == ("mine", (question,))


def test_a_lone_surrogate_in_a_question_does_no_harm(store, tmp_path):
    (tmp_path / "odd.jsonl").write_text('{"question": "a\\ud800b", "answer": "1"}')
    (question,) = load_benchmark(str(tmp_path / "odd.jsonl"), store).questions
    assert question.question == "a?b"


def test_the_hash_is_of_the_questions_and_not_of_the_file(store, tmp_path):
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
        ("mmlu.csv", "Known are tiny, dataset, and any path to a .jsonl or .parquet file"),
    ],
)
def test_an_unknown_name(store, name, message):
    with pytest.raises(UsageError, match=message):
        load_benchmark(name, store)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("gone.jsonl", None, "cannot read the benchmark .*gone.jsonl"),
        ("empty.jsonl", b"\n", "has no rows"),
        ("broken.jsonl", b'{"question": "1", "answer": "2"}\n{"question', "line 2 is not JSON"),
        ("binary.jsonl", b"\xff\xfe\x00", "line 1 is not JSON"),
        ("list.jsonl", b"[1, 2]", "line 1 is not a JSON object"),
        ("columns.jsonl", b'{"q": 1, "answer": 2}', "row 1 has no column question or .*; it has q, answer"),
        ("blank.jsonl", b'{"question": "?", "answer": null}', "row 1 has an empty answer"),
        ("twice.jsonl", b'{"id": 1, "question": "?", "answer": 1}\n' * 2, "two rows with one id"),
        ("junk.parquet", b"not parquet", "junk.parquet is not a Parquet file"),
    ],
)
def test_a_file_that_is_no_benchmark(store, tmp_path, file, content, message):
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        load_benchmark(str(tmp_path / file), store)
