"""Questions from the table `dataset` and from files: columns, formats and errors."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gr_toolkit.errors import StoreError, UsageError
from gr_toolkit.store.questions import Question, questions_of_split, read_questions
from rows import fill


def write(path, *rows):
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("row", "question"),
    [
        ({"question": "1+1?", "answer": "2"}, Question("1", "1+1?", "2")),
        ({"problem": "1+1?", "answer": "2"}, Question("1", "1+1?", "2")),
        ({"Question": "1+1?", "Answer": "2"}, Question("1", "1+1?", "2")),
        ({"input": "1+1?", "final_answer": "2"}, Question("1", "1+1?", "2")),
        ({"id": 7, "question": "1+1?", "answer": 2.0}, Question("7", "1+1?", "2.0")),
        ({"question_id": "a", "question": "1+1?", "answer": 2}, Question("a", "1+1?", "2")),
        ({"uuid": "b", "question": "1+1?", "answer": True}, Question("b", "1+1?", "True")),
        ({"unique_id": "c", "question": "1+1?", "answer": 0}, Question("c", "1+1?", "0")),
        ({"id": None, "question": "1+1?", "answer": "2"}, Question("1", "1+1?", "2")),
        ({"question": "roots?", "answer": ["1", "2"]}, Question("1", "roots?", "1, 2")),
    ],
)
@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_column_names_of_public_benchmarks_are_read(tmp_path, row, question, ending):
    path = tmp_path / f"exam.{ending}"
    if ending == "jsonl":
        write(path, row)
    else:
        pq.write_table(pa.Table.from_pylist([row]), path)
    assert read_questions(str(path)) == [question]


def test_first_known_column_is_read(tmp_path):
    row = {
        "input": "no",
        "question": "yes",
        "final_answer": "no",
        "answer": "yes",
        "unique_id": "no",
        "id": "yes",
    }
    assert read_questions(write(tmp_path / "a.jsonl", row)) == [Question("yes", "yes", "yes")]


def test_rows_without_an_id_are_numbered_and_blank_lines_are_skipped(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('\n{"question": "a", "answer": 1}\n\n{"question": "b", "answer": 2}\n')
    assert [question.id for question in read_questions(str(path))] == ["1", "2"]


def test_answer_may_be_missing_if_it_is_not_needed(tmp_path):
    rows = [{"question": "a"}, {"question": "b", "answer": None}, {"question": "c", "answer": "2"}]
    path = write(tmp_path / "a.jsonl", *rows)
    assert [question.answer for question in read_questions(path, need_answers=False)] == ["", "", ""]
    with pytest.raises(UsageError, match="row 1 has no column answer or"):
        read_questions(path)


def test_binary_column_is_an_error(tmp_path):
    pq.write_table(pa.Table.from_pylist([{"question": b"1+1?", "answer": "2"}]), tmp_path / "a.parquet")
    with pytest.raises(UsageError, match=r"a\.parquet, row 1 has a binary question; store it as text"):
        read_questions(str(tmp_path / "a.parquet"))


def test_lone_surrogate_is_replaced(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"question": "a\\ud800b", "answer": "\\udfff"}')
    assert read_questions(str(path)) == [Question("1", "a?b", "?")]


def test_file_at_an_fsspec_url_is_read():
    import fsspec

    fsspec.filesystem("memory").pipe_file("/exams/a.jsonl", b'{"question": "1+1?", "answer": "2"}')
    assert read_questions("memory://exams/a.jsonl") == [Question("1", "1+1?", "2")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.jsonl", None, "cannot read .*gone.jsonl: No such file"),
        ("empty.jsonl", b"\n", "empty.jsonl has no rows"),
        ("broken.jsonl", b'{"question": "1", "answer": "2"}\n{"question', "line 2 is not JSON"),
        ("binary.jsonl", b"\xff\xfe\x00", "line 1 is not JSON"),
        ("list.jsonl", b"[1, 2]", "line 1 is not a JSON object"),
        ("columns.jsonl", b'{"q": 1, "answer": 2}', "row 1 has no column question or .*; it has q, answer"),
        ("blank.jsonl", b'{"question": " ", "answer": 1}', "row 1 has an empty question"),
        ("null.jsonl", b'{"question": "?", "answer": null}', "row 1 has an empty answer"),
        ("junk.parquet", b"not parquet", "junk.parquet is not a Parquet file"),
        ("footer.parquet", b"PAR1 no footer \x04\0\0\0PAR1", "footer.parquet is not a Parquet file"),
    ],
)
def test_error_names_the_file_and_the_row(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_questions(str(tmp_path / name))


def test_folder_instead_of_a_file_is_an_error(tmp_path):
    (tmp_path / "a.jsonl").mkdir()
    with pytest.raises((UsageError, StoreError), match=r"a\.jsonl"):
        read_questions(str(tmp_path / "a.jsonl"))


def test_split_has_only_kept_rows_in_shard_order(store):
    dropped = fill("dataset", "4", split="test", kept=False, reason="too easy")
    store.table("dataset").write("b", [fill("dataset", "3", split="test"), dropped])
    first = fill("dataset", "1", split="test", question="1+1?", answer="2")
    store.table("dataset").write("a", [first, fill("dataset", "2", split="train")])
    assert questions_of_split(store, "test") == [Question("1", "1+1?", "2"), Question("3", "text", "text")]
    assert [question.id for question in questions_of_split(store, "train")] == ["2"]
    assert questions_of_split(store, "dropped") == []


def test_file_in_the_working_folder_is_read_and_lines_of_spaces_are_skipped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jsonl").write_text('{"question": "a", "answer": 1}\n  \t\n')
    assert read_questions("a.jsonl") == [Question("1", "a", "1")]
